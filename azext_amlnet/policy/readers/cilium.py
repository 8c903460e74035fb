"""CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy: what pods may send, before anything leaves the cluster.

Allows of all policies add up, a denial wins over each of them, and a policy with an egress part denies what none allows
(https://docs.cilium.io/en/stable/security/policy/intro/ and /language/, /deny/, 2026-11-23).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence

from ...errors import UsageError
from ...text import is_host, lower
from ..addresses import EVERYTHING, Span, span_of, union
from ..conditions import Condition, Destinations, Needs, Pattern, Perhaps, Services, anchor_of
from ..documents import Document
from ..model import Policy, Rule, unread_of

_KINDS = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
_WORLD = ("world", "world-ipv4", "all")
_INSIDE = ("cluster", "host", "remote-node", "kube-apiserver", "init", "health", "unmanaged", "ingress", "none",
           "world-ipv6")  # fmt: skip
_OUTSIDE = ("toFQDNs", "toCIDR", "toCIDRSet", "toEntities")
_PERHAPS = ("toServices", "toGroups", "toRequires")
_ELSEWHERE = ("toEndpoints", "toServices", "toNodes", "toGroups", "toRequires")


def claims(document: Document) -> bool:
    """Whether one of its objects is a policy of Cilium."""
    return any(_policies(document))


def read(documents: Sequence[Document]) -> Iterator[Policy]:
    """One policy of all objects: they hold together."""
    name = ", ".join(document.name for document in documents)
    for document in documents:
        if not any(_policies(document)) and not any(_others(document)):
            hint = "Give the objects that kubectl get -o yaml prints."
            raise UsageError(f"There is no policy of Cilium in {document.name}.", hint)
    items = [item for document in documents for item in _policies(document)]
    spaces = sorted({_namespace(item) for item in items} - {""})
    default = _default(items, len(spaces) > 1)
    beside = [_beside(document, kind) for document in documents for kind in _others(document)]
    rules = (*_odd_rules(items), *beside, *_traffic_rules(items, len(spaces) > 1), *_rest(items, default))
    notes = (f"{name} is for the pods of namespace {spaces[0]}.",) if len(spaces) == 1 else ()
    unread = unread_of(name, rules)
    yield Policy(name, "cilium", rules, default=bool(default), private=True, notes=notes, unread=unread)


def _odd_rules(items: Sequence[Mapping[str, Any]]) -> Iterator[Rule]:
    return (Rule(_name(item), None, (), "has", "specs", unread=_odd(item)) for item in items if _odd(item))


def _traffic_rules(items: Sequence[Mapping[str, Any]], several: bool) -> Iterator[Rule]:
    """Denials first, since each wins over every allow; `several` namespaces leave open whose pods are meant."""
    yield from (rule for item in items for rule in _rules(item, "egressDeny", False, several))
    allowed = [rule for item in items for rule in _rules(item, "egress", True, several)]
    barred = any(map(_bars_dns, items))
    asking = [item for item in items if not (barred or (several and _namespace(item)))]
    yield from _with_dns(asking, allowed)


def _rest(items: Sequence[Mapping[str, Any]], default: Optional[bool]) -> Iterator[Rule]:
    """What leaves open what happens to traffic that no rule is for."""
    if default and any(map(_bars_dns, items)):
        because = "a denial keeps DNS from being asked, or may do so"
        yield Rule("(the rest)", None, (), "is", "what none of them denies", unread=because)
    if default is None:
        because = "whether its policies select the pods of jobs is not known, and with it what happens to the rest"
        yield Rule("(the rest)", None, (), "is", "what none of them allows", unread=because)


def _objects(document: Document) -> Iterator[Mapping[str, Any]]:
    """The objects of a file, and those of the lists in it."""
    for item in document.yaml or ():
        listed = isinstance(item, Mapping) and str(item.get("kind", "")).endswith("List")
        items = item.get("items") if listed else item
        yield from (one for one in (items if isinstance(items, list) else [items]) if isinstance(one, Mapping))


def _policies(document: Document) -> Iterator[Mapping[str, Any]]:
    for one in _objects(document):
        if one.get("kind") in _KINDS and str(one.get("apiVersion", "")).startswith("cilium.io/"):
            yield one


def _others(document: Document) -> Iterator[str]:
    """The kinds of other policies beside those of Cilium, which count as well."""
    for one in _objects(document):
        kind = str(one.get("kind", ""))
        if kind.endswith("Policy") and kind not in _KINDS:
            yield kind


def _beside(document: Document, kind: str) -> Rule:
    return Rule(document.name, None, (), "has", f"a {kind}", unread=f"a {kind} is not read here, and it counts, too")


def _specs(item: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    specs = [item.get("spec"), *_list(item.get("specs"))]
    return (spec for spec in specs if isinstance(spec, Mapping))


_OBJECT = frozenset({"apiVersion", "kind", "metadata", "spec", "specs", "status"})
_SPEC = frozenset(
    {
        *("description", "egress", "egressDeny", "enableDefaultDeny", "endpointSelector", "ingress", "ingressDeny"),
        *("labels", "log", "nodeSelector"),
    }
)
_TO_PORTS = frozenset({"listener", "originatingTLS", "ports", "rules", "serverNames", "terminatingTLS"})
_PORT, _RULES = frozenset({"endPort", "port", "protocol"}), frozenset({"dns", "http", "kafka", "l7", "l7proto"})
_BLOCK = frozenset({"cidr", "cidrGroupRef", "cidrGroupSelector", "except"})
_FQDN, _SWITCH = frozenset({"matchName", "matchPattern"}), frozenset({"egress", "ingress"})
# What the API server knows and no more: it refuses an object with any other name
# (https://docs.cilium.io/en/stable/security/policy/language/ and the CRD's schema, 2026-11-26).


def _odd(item: Mapping[str, Any]) -> str:
    """What of a policy is not Cilium's: an unknown name, or a part of another shape; empty for a sound one."""
    specs, parts = item.get("specs"), [item.get("spec"), *_list(item.get("specs"))]
    if not isinstance(specs, (list, type(None))) or any(not isinstance(part, (Mapping, type(None))) for part in parts):
        return "a part of it has a shape that is not Cilium's"
    mappings = [part for part in parts if isinstance(part, Mapping)]
    if not mappings:
        return "it has neither spec nor specs"
    strange = [_strange(item, _OBJECT), *(_strange(part, _SPEC) for part in mappings)]
    for part in mappings:
        switch = part.get("enableDefaultDeny")
        if not isinstance(switch, (Mapping, type(None))):
            strange.append("enableDefaultDeny")
        elif switch is not None:
            strange.append(
                _strange(switch, _SWITCH) or next((k for k, v in switch.items() if not isinstance(v, bool)), "")
            )
    odd = next(filter(None, strange), "")
    return f"'{odd[:60]}' is not Cilium's, or of another kind there" if odd else ""


def _strange(value: Mapping[str, Any], known: frozenset[str]) -> str:
    """The first key that is none of the known ones."""
    return next((str(key) for key in value if key not in known and value[key] is not None), "")


def _name(item: Mapping[str, Any]) -> str:
    metadata = item.get("metadata")
    return str(metadata.get("name") or "(policy)") if isinstance(metadata, Mapping) else "(policy)"


def _namespace(item: Mapping[str, Any]) -> str:
    """The namespace whose pods a policy is for; empty for one of the whole cluster, or where it is not told."""
    metadata = item.get("metadata")
    namespace = metadata.get("namespace") if isinstance(metadata, Mapping) else None
    return str(namespace or "") if item.get("kind") == _KINDS[0] else ""


def _rules(item: Mapping[str, Any], section: str, allow: bool, several: bool) -> Iterator[Rule]:
    for spec in _specs(item):
        entries = spec.get(section)
        if entries is not None and not isinstance(entries, list):
            yield Rule(_name(item), None, (), "has", section, unread=f"its {section} is no list")
        for position, entry in enumerate(entries if isinstance(entries, list) else (), 1):
            name = f"{_name(item)}/{section}[{position}]"
            if not isinstance(entry, Mapping):
                yield Rule(name, None, (), "is", "a rule", unread="it is no object")
            elif _told(entry):  # one without anything is for nothing
                yield from _rule(name, _told(entry), allow, _selects(item, spec, several))


def _told(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A rule without its empty keys, which the API server drops."""
    return {key: value for key, value in entry.items() if value is not None}


def _selects(item: Mapping[str, Any], spec: Mapping[str, Any], several: bool) -> str:
    """Why it is not known whether a policy holds for the pods of Azure ML; empty where it holds for all."""
    if several and _namespace(item):
        return f"it is for namespace {_namespace(item)}, one of several here"
    if spec.get("nodeSelector") is not None:
        return "it is for nodes that it selects"
    selector = spec.get("endpointSelector")
    whole = isinstance(selector, Mapping) and not any(selector.values())
    return "" if whole else "it is for pods that it selects by labels"


def _rule(name: str, entry: Mapping[str, Any], allow: bool, selects: str) -> Iterator[Rule]:
    where = _destinations(entry)
    if where is None:
        return
    odd = sorted(set(map(str, entry)) - {*_OUTSIDE, *_ELSEWHERE, "toPorts", "icmps", "authentication"})
    for services, extra, asked in _services(entry):
        because = "; ".join(filter(None, (selects, extra, f"{odd[0][:40]} is not known here" if odd else "")))
        conditions: tuple[Condition, ...] = (services, where)
        if because:
            conditions = (services, *asked, Perhaps(where, because))
        yield Rule(name, allow, conditions, "allows" if allow else "denies", *_said(entry))


def _destinations(entry: Mapping[str, Any]) -> Optional[Destinations]:
    """Where to; None for what is inside of the cluster alone."""
    outside = [key for key in _OUTSIDE if key in entry]
    if any(not isinstance(entry.get(key, []), list) for key in (*_OUTSIDE, "toPorts")):
        return Destinations(unread="a part of it is no list")
    if any(entry.get(key) for key in _PERHAPS) or "reserved:" in str(_list(entry.get("toEndpoints"))[:100]):
        return Destinations(unread="what its services and groups stand for is not known")
    if sum(bool(entry.get(key)) for key in (*_OUTSIDE, *_ELSEWHERE)) > 1:
        return Destinations(unread="Cilium takes no rule with two kinds of destinations")
    if not outside:
        return None if any(key in entry for key in _ELSEWHERE) else Destinations(anything=True)
    names, below, patterns, doubts = _names(entry.get("toFQDNs"))
    spans, wrong = _spans(entry)
    entities = [_text(item).lower() for item in _list(entry.get("toEntities"))]
    odd = [item for item in entities if item not in (*_WORLD, *_INSIDE)]
    unread = wrong or doubts or (f"the entity {odd[0][:40]} is not known here" if odd else "")
    everything = spans == (EVERYTHING,) or any(item in _WORLD for item in entities)
    some = frozenset(names), frozenset(below), tuple(patterns)
    any_name = any(pattern.text == "*" for pattern in patterns)
    return Destinations(*some, spans, any_name=any_name, anything=everything, unread=unread)


def _names(value: Any) -> tuple[set[str], set[str], list[Pattern], str]:
    """`*` stands for any number of characters but the dot, a leading `**.` for one label at least."""
    names: set[str] = set()
    below: set[str] = set()
    patterns: list[Pattern] = []
    doubt = ""
    for item in _list(value):
        selector = item if isinstance(item, Mapping) else {}
        if _strange(selector, _FQDN):
            doubt = f"'{_strange(selector, _FQDN)[:60]}' is not known here"
        name, pattern = lower(_text(selector.get("matchName"))), lower(_text(selector.get("matchPattern")))
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
    for item in [*_list(entry.get("toCIDR")), *_list(entry.get("toCIDRSet"))]:
        block = item if isinstance(item, Mapping) else {"cidr": item}
        if _strange(block, _BLOCK) or not isinstance(block.get("except"), (list, type(None))):
            return tuple(spans), "a part of its addresses is not Cilium's"
        span = span_of(_text(block.get("cidr")))
        if span is None:
            return tuple(spans), "an address of it is not known here"
        excepted = [span_of(_text(text)) for text in _list(block.get("except"))]
        if None in excepted:
            return tuple(spans), "an exception of it is no address"
        spans += _without(span, union(filter(None, excepted)))
    return union(spans), ""


def _without(span: Span, excepted: Iterable[Span]) -> Iterator[Span]:
    low = span[0]
    for first, last in excepted:
        if first > low:
            yield low, min(first - 1, span[1])
        low = max(low, last + 1)
    if low <= span[1]:
        yield low, span[1]


def _services(entry: Mapping[str, Any]) -> Iterator[tuple[Services, str, tuple[Condition, ...]]]:
    """The ports, and beside them what more a rule asks for there: why that is in doubt, and whom it could be for."""
    port_rules = _list(entry.get("toPorts"))
    if not port_rules:
        if entry.get("icmps"):
            return  # ICMP alone
        yield Services(((frozenset(), 0, 65535),)), "", ()
    for item in port_rules:
        if not isinstance(item, Mapping):
            yield Services((), "its ports could not be read"), "", ()
            continue
        rules, odd = item.get("rules"), _strange(item, _TO_PORTS)
        if not isinstance(rules, (Mapping, type(None))):
            odd = "rules"
        odd = odd or _strange(rules or {}, _RULES)
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
        yield _ports(_list(item.get("ports"))), f"it asks for more there ({further[0]})" if further else "", asked


def _asked(server_names: Any) -> Condition:
    """Whom TLS has to be begun with: no other name can match, so `*` is read as wide as it can be."""
    names = [lower(_text(name)).rstrip(".") for name in _list(server_names)]
    if not names or not all(re.fullmatch(r"[a-z0-9_.*-]+", name) for name in names):
        return Destinations(unread="a name of its serverNames is not known here")
    wide = [name for name in names if "*" in name]
    return Destinations(names=frozenset(set(names) - set(wide)), patterns=tuple(map(_as_wide, wide)))


def _as_wide(name: str) -> Pattern:
    expression = ".*".join(map(re.escape, re.split(r"\*+", name)))
    below = re.fullmatch(r"\*+\.([^*]+)", name)
    return Pattern(name, rf"\A{expression}\Z", below=below[1] if below else None, doubtful=True)


def _ports(items: Sequence[Any]) -> Services:
    pairs, unread = [], ""
    for item in items:
        entry = item if isinstance(item, Mapping) else {}
        if _strange(entry, _PORT):
            unread = f"'{_strange(entry, _PORT)[:60]}' is not known here"
            continue
        port, last = str(entry.get("port", ""))[:6], entry.get("endPort")
        if not re.fullmatch(r"[0-9]{1,5}", port):
            unread = f"the port '{port[:40]}' is no number"
            continue
        low = int(port)
        high = last if isinstance(last, int) and last > low else low
        low, high = (0, 65535) if low == 0 else (low, high)
        protocol = _text(entry.get("protocol")).lower() or "any"
        if protocol not in ("any", "tcp", "udp", "sctp", "icmp") or not isinstance(last, (int, type(None))):
            unread = "its ports could not be read"
            continue
        pairs.append((frozenset[str]() if protocol == "any" else frozenset({protocol}), low, high))
    return Services(tuple(pairs) if items else ((frozenset[str](), 0, 65535),), unread)


def _asked_of_dns(item: Mapping[str, Any]) -> Iterator[Optional[list[Any]]]:
    """For each rule by which all pods may ask DNS: the names that Cilium's proxy sees, None where it sees nothing."""
    for spec in _specs(item):
        for entry in _list(spec.get("egress")) if not _selects(item, spec, False) else ():
            for part in _dns_parts(item, entry):
                rules = part.get("rules")
                dns_rules = rules.get("dns") if isinstance(rules, Mapping) else None
                yield None if dns_rules is None else _list(dns_rules)


def _bars_dns(item: Mapping[str, Any]) -> bool:
    """Whether a policy denies what DNS is asked by, or may do so."""
    denied = [entry for spec in _specs(item) for entry in _list(spec.get("egressDeny"))]
    return any(part for entry in denied for part in _dns_parts(item, entry, denial=True))


def _dns_parts(item: Mapping[str, Any], entry: Any, denial: bool = False) -> Iterator[Mapping[str, Any]]:
    """The parts of a rule that are for UDP on port 53, of the cluster's DNS or for that port in particular."""
    fields = _told(entry) if isinstance(entry, Mapping) else {}
    whole = [{"ports": [{"port": "0"}]}] if fields and not fields.get("icmps") else []
    for part in _list(fields.get("toPorts")) or whole:
        services = _ports(_list(part.get("ports"))) if isinstance(part, Mapping) else Services((), "odd")
        pairs = [(low, high) for words, low, high in services.pairs if not words or "udp" in words]
        held = any(low <= 53 <= high for low, high in pairs) or (denial and bool(services.unread))
        if (53, 53) in pairs or (held and _reaches_dns(item, fields)):
            yield part if isinstance(part, Mapping) else {"ports": []}


def _reaches_dns(item: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    """Whether a rule is for the pods that answer DNS: the whole cluster, or those whose usual labels it names."""
    if {"all", "cluster"} & {_text(entity).lower() for entity in _list(entry.get("toEntities"))}:
        return True
    for selector in _list(entry.get("toEndpoints"))[:100]:
        anywhere = isinstance(selector, Mapping) and not any(selector.values()) and item.get("kind") == _KINDS[1]
        if anywhere or re.search("kube-dns|kube-system|coredns|node-local-dns", str(selector)):
            return True
    return not any(key in entry for key in (*_OUTSIDE, *_ELSEWHERE))


def _with_dns(policies: Sequence[Mapping[str, Any]], rules: Iterable[Rule]) -> Iterator[Rule]:
    """Allow rules, in doubt where no rule lets DNS be asked for a name.

    Rules by name need Cilium's proxy to see the question (`rules.dns`); for others it is enough that it can be asked.
    """
    asked = [listed for item in policies for listed in _asked_of_dns(item)]
    names, below, patterns, _ = _names([match for listed in asked for match in listed or ()])
    any_name = any(pattern.text == "*" for pattern in patterns)
    seen = Destinations(frozenset(names), frozenset(below), tuple(patterns), any_name=any_name)
    asking = replace(seen, any_name=any_name or None in asked)
    for rule in rules:
        by_name = any(where.by_name for where in rule.destinations)
        because = "no rule lets DNS be asked for it" + (" through Cilium's proxy, which names need" if by_name else "")
        yield replace(rule, conditions=(*rule.conditions, Needs(seen if by_name else asking, because)))


def _default(policies: Sequence[Mapping[str, Any]], several: bool) -> Optional[bool]:
    """Whether what nothing allows may leave: not where a policy with an egress part selects the pods."""
    denies: list[Optional[bool]] = []
    pairs = [(policy, spec) for policy in policies for spec in _specs(policy)]
    for policy, spec in pairs:
        switch = spec.get("enableDefaultDeny")
        deny_egress = switch.get("egress") if isinstance(switch, Mapping) else None
        parts = bool(spec.get("egress") or spec.get("egressDeny"))
        if parts if deny_egress is None else deny_egress is not False:
            denies.append(None if _selects(policy, spec, several) else False)
    return False if False in denies else None if denies else True


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _said(entry: Mapping[str, Any]) -> tuple[str, str]:
    """The destinations and the ports, as the rule has them."""
    fields = [item for key in _OUTSIDE for item in _list(entry.get(key))]
    destinations = [
        _text(value) for item in fields for value in (item.values() if isinstance(item, Mapping) else [item])
    ]
    destinations = [text for text in destinations if text] or ["any destination"]
    ports = [
        f"{str(port.get('port'))[:20]}/{_text(port.get('protocol')) or 'ANY'}"
        for item in _list(entry.get("toPorts"))
        if isinstance(item, Mapping)
        for port in _list(item.get("ports"))
        if isinstance(port, Mapping)
    ]
    more = f" and {len(destinations) - 3} more" if len(destinations) > 3 else ""
    return f"{', '.join(destinations[:3])}{more}", f" on {', '.join(ports[:3]) or 'any port'}"
