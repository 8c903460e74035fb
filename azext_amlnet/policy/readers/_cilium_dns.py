"""Whether pods may ask DNS, and whether Cilium's proxy sees them do so: without that no name is reached.

https://docs.cilium.io/en/stable/security/policy/language/#dns-based (2026-11-26)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Iterable, Iterator, Optional, Sequence

from ..conditions import Destinations, Needs, Services
from ..model import Rule
from ._cilium_rules import ELSEWHERE, OUTSIDE, filled, names_of, ports_of
from ._kubernetes import listed, text


def _asked_of_dns(item: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[Optional[list[Any]]]:
    """For each rule by which all pods may ask DNS: the names that Cilium's proxy sees, None where it sees nothing."""
    for entry in listed(spec.get("egress")):
        for part in _dns_parts(item, entry):
            rules = part.get("rules")
            dns_rules = rules.get("dns") if isinstance(rules, Mapping) else None
            yield None if dns_rules is None else listed(dns_rules)


def bars_dns(item: Mapping[str, Any], spec: Mapping[str, Any]) -> bool:
    """Whether a policy denies what DNS is asked by, or may do so."""
    return any(part for entry in listed(spec.get("egressDeny")) for part in _dns_parts(item, entry, denial=True))


def _dns_parts(item: Mapping[str, Any], entry: Any, denial: bool = False) -> Iterator[Mapping[str, Any]]:
    """The parts of a rule that are for UDP on port 53, of the cluster's DNS or for that port in particular."""
    fields = filled(entry) if isinstance(entry, Mapping) else {}
    whole = [{"ports": [{"port": "0"}]}] if fields and not fields.get("icmps") else []
    for part in listed(fields.get("toPorts")) or whole:
        services = ports_of(listed(part.get("ports"))) if isinstance(part, Mapping) else Services((), "odd")
        pairs = [(low, high) for words, low, high in services.pairs if not words or "udp" in words]
        held = any(low <= 53 <= high for low, high in pairs) or (denial and bool(services.unread))
        if (53, 53) in pairs or (held and _reaches_dns(item, fields)):
            yield part if isinstance(part, Mapping) else {"ports": []}


def _reaches_dns(item: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    """Whether a rule is for the pods that answer DNS: the whole cluster, or those whose usual labels it names."""
    if {"all", "cluster"} & {text(entity).lower() for entity in listed(entry.get("toEntities"))}:
        return True
    for selector in listed(entry.get("toEndpoints"))[:100]:
        anywhere = (
            isinstance(selector, Mapping)
            and not any(selector.values())
            and item.get("kind") == "CiliumClusterwideNetworkPolicy"
        )
        if anywhere or re.search("kube-dns|kube-system|coredns|node-local-dns", str(selector)):
            return True
    return not any(key in entry for key in (*OUTSIDE, *ELSEWHERE))


def with_dns(
    asking: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], rules: Iterable[Rule], open_to_all: bool
) -> Iterator[Rule]:
    """Allow rules, in doubt where no rule lets DNS be asked for a name.

    Rules by name need Cilium's proxy to see the question (`rules.dns`); for others it is enough that it can be asked,
    which a policy of Kubernetes' own may allow, too (`open_to_all`).
    """
    asked = [matches for item, spec in asking for matches in _asked_of_dns(item, spec)]
    names, below, patterns, _ = names_of([match for matches in asked for match in matches or ()])
    any_name = any(pattern.text == "*" for pattern in patterns)
    seen = Destinations(frozenset(names), frozenset(below), tuple(patterns), any_name=any_name)
    in_any_way = replace(seen, any_name=any_name or open_to_all or None in asked)
    for rule in rules:
        by_name = any(where.by_name for where in rule.destinations)
        because = "no rule lets DNS be asked for it" + (" through Cilium's proxy, which names need" if by_name else "")
        yield replace(rule, conditions=(*rule.conditions, Needs(seen if by_name else in_any_way, because)))
