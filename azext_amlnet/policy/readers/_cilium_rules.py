"""What one rule of Cilium is for: destinations by name and address, ports, and what more it asks for.

https://docs.cilium.io/en/stable/security/policy/language/ (2026-11-26)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Iterator, Optional, Sequence

from ...text import is_host, lower
from ..addresses import EVERYTHING, Span, span_of, union, without
from ..conditions import Condition, Destinations, Pattern, Services, anchor_of
from ._kubernetes import listed, strange, text

_WORLD = ("world", "world-ipv4", "all")
_INSIDE = ("cluster", "host", "remote-node", "kube-apiserver", "init", "health", "unmanaged", "ingress", "none",
           "world-ipv6")  # fmt: skip
OUTSIDE = ("toFQDNs", "toCIDR", "toCIDRSet", "toEntities")
_PERHAPS = ("toServices", "toGroups", "toRequires")
ELSEWHERE = ("toEndpoints", "toServices", "toNodes", "toGroups", "toRequires")
_TO_PORTS = frozenset({"listener", "originatingTLS", "ports", "rules", "serverNames", "terminatingTLS"})
_PORT, _RULES = frozenset({"endPort", "port", "protocol"}), frozenset({"dns", "http", "kafka", "l7", "l7proto"})
_BLOCK = frozenset({"cidr", "cidrGroupRef", "cidrGroupSelector", "except"})
_FQDN = frozenset({"matchName", "matchPattern"})


def destinations(entry: Mapping[str, Any]) -> Optional[Destinations]:
    """Where to; None for what is inside of the cluster alone."""
    outside = [key for key in OUTSIDE if key in entry]
    if any(not isinstance(entry.get(key, []), list) for key in (*OUTSIDE, "toPorts")):
        return Destinations(unread="a part of it is no list")
    if any(entry.get(key) for key in _PERHAPS) or "reserved:" in str(listed(entry.get("toEndpoints"))[:100]):
        return Destinations(unread="what its services and groups stand for is not known")
    if sum(bool(entry.get(key)) for key in (*OUTSIDE, *ELSEWHERE)) > 1:
        return Destinations(unread="Cilium takes no rule with two kinds of destinations")
    if not outside:
        return None if any(key in entry for key in ELSEWHERE) else Destinations(anything=True)
    names, below, patterns, doubts = names_of(entry.get("toFQDNs"))
    spans, wrong = _spans(entry)
    entities = [text(item).lower() for item in listed(entry.get("toEntities"))]
    odd = [item for item in entities if item not in (*_WORLD, *_INSIDE)]
    unread = wrong or doubts or (f"the entity {odd[0][:40]} is not known here" if odd else "")
    everything = spans == (EVERYTHING,) or any(item in _WORLD for item in entities)
    some = frozenset(names), frozenset(below), tuple(patterns)
    any_name = any(pattern.text == "*" for pattern in patterns)
    return Destinations(*some, spans, any_name=any_name, anything=everything, unread=unread)


def names_of(value: Any) -> tuple[set[str], set[str], list[Pattern], str]:
    """`*` stands for any number of characters but the dot, a leading `**.` for one label at least."""
    names: set[str] = set()
    below: set[str] = set()
    patterns: list[Pattern] = []
    doubt = ""
    for item in listed(value):
        selector = item if isinstance(item, Mapping) else {}
        if strange(selector, _FQDN):
            doubt = f"'{strange(selector, _FQDN)[:60]}' is not known here"
        name, pattern = lower(text(selector.get("matchName"))), lower(text(selector.get("matchPattern")))
        name, pattern = name.rstrip("."), pattern.rstrip(".")
        if name and pattern:
            doubt = "Cilium takes no name beside a pattern"
        elif name and is_host(name):
            names.add(name)
        elif pattern.startswith("**.") and is_host(pattern[3:]):
            below.add(pattern[3:])
        elif re.fullmatch(r"[a-z0-9_.*-]+", pattern) and pattern.count("*") <= 4:
            expression = r"[-a-z0-9_]*".join(map(re.escape, re.split(r"\*+", pattern)))
            only = pattern[2:] if pattern.startswith("*.") and is_host(pattern[2:]) else None
            patterns.append(
                Pattern(pattern, rf"\A{expression}\Z", only=only, anchor=anchor_of(pattern), doubtful="**" in pattern)
            )
        else:
            doubt = f"'{(name or pattern)[:60]}' is no name"
    return names, below, patterns, doubt


def _spans(entry: Mapping[str, Any]) -> tuple[tuple[Span, ...], str]:
    """The addresses, without those that a rule excepts."""
    spans: list[Span] = []
    for item in [*listed(entry.get("toCIDR")), *listed(entry.get("toCIDRSet"))]:
        block = item if isinstance(item, Mapping) else {"cidr": item}
        if strange(block, _BLOCK) or not isinstance(block.get("except"), (list, type(None))):
            return tuple(spans), "a part of its addresses is not Cilium's"
        span = span_of(text(block.get("cidr")))
        if span is None:
            return tuple(spans), "an address of it is not known here"
        excepted = [span_of(text(item)) for item in listed(block.get("except"))]
        if None in excepted:
            return tuple(spans), "an exception of it is no address"
        spans += without(span, union(filter(None, excepted)))
    return union(spans), ""


def services_of(entry: Mapping[str, Any]) -> Iterator[tuple[Services, str, tuple[Condition, ...]]]:
    """The ports, and beside them what more a rule asks for there: why that is in doubt, and whom it could be for."""
    port_rules = listed(entry.get("toPorts"))
    if not port_rules:
        if entry.get("icmps"):
            return  # ICMP alone
        yield Services(((frozenset(), 0, 65535),)), "", ()
    for item in port_rules:
        if not isinstance(item, Mapping):
            yield Services((), "its ports could not be read"), "", ()
            continue
        rules, odd = item.get("rules"), strange(item, _TO_PORTS)
        if not isinstance(rules, (Mapping, type(None))):
            odd = "rules"
        odd = odd or strange(rules or {}, _RULES)
        if not isinstance(item.get("ports"), list):
            odd = odd or "ports"
        if odd:
            yield (
                Services(((frozenset(), 0, 65535),)),
                f"'{odd[:60]}' is not Cilium's there, or lacks, or is of another kind",
                (),
            )
            continue
        further = [key for key in ("serverNames", "listener", "originatingTLS", "terminatingTLS") if item.get(key)]
        further += [key for key in rules or () if key != "dns"] if isinstance(rules, Mapping) else []
        asked = (_asked(item["serverNames"]),) if item.get("serverNames") else ()
        yield ports_of(listed(item.get("ports"))), f"it asks for more there ({further[0]})" if further else "", asked


def _asked(server_names: Any) -> Condition:
    """Whom TLS has to be begun with: no other name can match, so `*` is read as wide as it can be."""
    names = [lower(text(name)).rstrip(".") for name in listed(server_names)]
    if not names or not all(re.fullmatch(r"[a-z0-9_.*-]+", name) for name in names):
        return Destinations(unread="a name of its serverNames is not known here")
    wide = [name for name in names if "*" in name]
    return Destinations(names=frozenset(set(names) - set(wide)), patterns=tuple(map(_as_wide, wide)))


def _as_wide(name: str) -> Pattern:
    expression = ".*".join(map(re.escape, re.split(r"\*+", name)))
    below = re.fullmatch(r"\*+\.([^*]+)", name)
    return Pattern(name, rf"\A{expression}\Z", below=below[1] if below else None, doubtful=True)


def ports_of(items: Sequence[Any]) -> Services:
    pairs, unread = [], ""
    for item in items:
        entry = item if isinstance(item, Mapping) else {}
        if strange(entry, _PORT):
            unread = f"'{strange(entry, _PORT)[:60]}' is not known here"
            continue
        port, last = str(entry.get("port", ""))[:6], entry.get("endPort")
        if not re.fullmatch(r"[0-9]{1,5}", port):
            unread = f"the port '{port[:40]}' is no number"
            continue
        low = int(port)
        high = last if isinstance(last, int) and last > low else low
        low, high = (0, 65535) if low == 0 else (low, high)
        protocol = text(entry.get("protocol")).lower() or "any"
        if protocol not in ("any", "tcp", "udp", "sctp", "icmp") or not isinstance(last, (int, type(None))):
            unread = "its ports could not be read"
            continue
        pairs.append((frozenset[str]() if protocol == "any" else frozenset({protocol}), low, high))
    return Services(tuple(pairs) if items else ((frozenset[str](), 0, 65535),), unread)


def shown(entry: Mapping[str, Any]) -> tuple[str, str]:
    """The destinations and the ports, as the rule has them."""
    fields = [item for key in OUTSIDE for item in listed(entry.get(key))]
    values = [value for item in fields for value in (item.values() if isinstance(item, Mapping) else [item])]
    where = [text(value) for value in values if text(value)] or ["any destination"]
    ports = [
        f"{str(port.get('port'))[:20]}/{text(port.get('protocol')) or 'ANY'}"
        for item in listed(entry.get("toPorts"))
        if isinstance(item, Mapping)
        for port in listed(item.get("ports"))
        if isinstance(port, Mapping)
    ]
    more = f" and {len(where) - 3} more" if len(where) > 3 else ""
    return f"{', '.join(where[:3])}{more}", f" on {', '.join(ports[:3]) or 'any port'}"


def filled(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A rule without its empty keys, which the API server drops."""
    return {key: value for key, value in entry.items() if value is not None}
