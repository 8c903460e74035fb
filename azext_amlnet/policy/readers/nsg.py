"""Network security groups: the outbound rules by priority, then the three that every group has.

https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview (2026-11-23)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Iterator, Mapping, Optional

from ...model import is_service_tag
from ..addresses import EVERYTHING, span_of, union
from ..conditions import Destinations, Services, Sources
from ..model import Policy, Rule, unread_of
from ._arm import Notes, Pool, Resource, Unknown, number, objects, ports, texts, word

KINDS = ("nsg", "security-rule")
_DIALECT = "nsg"
_DEFAULTS: tuple[Mapping[str, Any], ...] = tuple(
    {
        "name": name,
        "priority": priority,
        "access": access,
        "direction": "Outbound",
        "protocol": "*",
        "sourceAddressPrefix": source,
        "destinationAddressPrefix": destination,
        "destinationPortRange": "*",
    }
    for name, priority, access, source, destination in (
        ("AllowVnetOutBound", 65000, "Allow", "VirtualNetwork", "VirtualNetwork"),
        ("AllowInternetOutBound", 65001, "Allow", "*", "Internet"),
        ("DenyAllOutBound", 65500, "Deny", "*", "*"),
    )
)
# Nothing but these three tags makes a rule hold for Azure's own DNS, metadata and licensing (the page above).
_PLATFORM = ("azureplatformdns", "azureplatformimds", "azureplatformlkm")


def read(pool: Pool) -> Iterator[Policy]:
    """One policy for each group; single rules count to the group that they name."""
    loose: dict[str, list[Resource]] = {}
    for rule in pool.of("security-rule"):
        loose.setdefault(_owner(rule), []).append(rule)
    for group in pool.of("nsg"):
        mine = loose.pop(group.id or group.name.lower(), [])
        given = [*objects(group.body.get("securityRules"))]
        wrong = "" if isinstance(group.body.get("securityRules", []), list) else "its rules could not be read"
        policy = _policy(group.label, given, mine, objects(group.body.get("defaultSecurityRules")), wrong)
        yield replace(policy, id=group.id)
    for rules in loose.values():
        yield _policy(rules[0].name.rpartition("/")[0] or rules[0].document, [], rules, [], "")


def _owner(rule: Resource) -> str:
    by_id = rule.id.partition("/securityrules/")[0] if rule.id else ""
    return by_id or rule.name.rpartition("/")[0].lower()


def _policy(
    name: str, given: list[Mapping[str, Any]], loose: list[Resource], defaults: list[Mapping[str, Any]], wrong: str
) -> Policy:
    named: list[tuple[Mapping[str, Any], Optional[Unknown]]] = [(_flat(rule), None) for rule in given]
    named += [({**rule.body, "name": rule.name.rpartition("/")[2]}, rule.conditional) for rule in loose]
    named += [(_flat(rule), None) for rule in defaults or _DEFAULTS]
    outbound = [(rule, condition) for rule, condition in named if word(rule.get("direction")) in ("outbound", "")]
    outbound.sort(key=lambda pair: number(pair[0].get("priority"), 0))
    rules = [_rule(rule, condition) for rule, condition in outbound]
    if wrong:
        rules.insert(0, Rule(name, None, (), "has", "rules", unread=wrong))
    return Policy(name, _DIALECT, tuple(rules), private=True, unread=unread_of(name, rules))


def _flat(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = rule.get("properties")
    return {**inner, "name": rule.get("name")} if isinstance(inner, Mapping) else rule


def _rule(rule: Mapping[str, Any], conditional: Optional[Unknown]) -> Rule:
    allow: Optional[bool] = {"allow": True, "deny": False}.get(word(rule.get("access")))
    name = str(rule.get("name") or "(rule)")
    where = _destinations(rule, allow)
    services = _services(rule)
    said = texts(rule, Notes(), "destinationAddressPrefix", "destinationAddressPrefixes")
    on = texts(rule, Notes(), "destinationPortRange", "destinationPortRanges")
    verb = {True: "allows", False: "denies", None: "decides about"}[allow]
    what = ", ".join(said[:3]) or "its destinations"
    ports_text = f" on {rule.get('protocol', '*')}:{', '.join(on[:3])}"
    unread = f"whether it exists depends on {conditional.text}" if conditional else ""
    unread = unread or ("" if allow is not None else "it neither allows nor denies")
    return Rule(
        name, None if unread else allow, (_sources(rule), services, where), verb, what, ports_text, unread=unread
    )


def _sources(rule: Mapping[str, Any]) -> Sources:
    """Where from; VirtualNetwork holds for everything a group stands in front of."""
    notes, found = Notes(), []
    for text in texts(rule, notes, "sourceAddressPrefix", "sourceAddressPrefixes"):
        span = EVERYTHING if text.lower() == "virtualnetwork" else span_of(text)
        if span is None:
            notes.add(f"source '{text[:60]}' is a service tag")
        else:
            found.append(span)
    if objects(rule.get("sourceApplicationSecurityGroups")):
        notes.add("who is in its application security groups is not known")
    elif not found and not notes.reasons:
        notes.add("it names no source")
    return Sources(union(found), str(notes))


def _services(rule: Mapping[str, Any]) -> Services:
    notes = Notes()
    spans = ports(texts(rule, notes, "destinationPortRange", "destinationPortRanges"), notes)
    protocol = word(rule.get("protocol"))
    words: Optional[frozenset[str]] = frozenset() if protocol in ("*", "") else frozenset({protocol})
    if isinstance(rule.get("protocol"), Unknown):
        notes.add("its protocol is known to a deployment only")
        words = None
    return Services(tuple((words, low, high) for low, high in spans if words is not None), str(notes))


def _destinations(rule: Mapping[str, Any], allow: Optional[bool]) -> Destinations:
    notes, spans, tags = Notes(), [], []
    given = texts(rule, notes, "destinationAddressPrefix", "destinationAddressPrefixes")
    for text in given:
        span = span_of(text)
        if span is not None:
            spans.append(span)
        elif is_service_tag(text) and text.lower() not in _PLATFORM:
            tags.append(text)
        elif text.lower() not in _PLATFORM:
            notes.add(f"destination '{text[:60]}' is not known here")
    if objects(rule.get("destinationApplicationSecurityGroups")):
        notes.add("who is in its application security groups is not known")
    elif not (given or notes.reasons):
        notes.add("it names no destination")
    if allow is not True and "virtualnetwork" in map(str.lower, tags):
        notes.add(
            "VirtualNetwork may contain a default route, and with it everything "
            "(https://learn.microsoft.com/azure/virtual-network/service-tags-overview)"
        )
    whole = union(spans)
    return Destinations(spans=whole, tags=tuple(tags), anything=whole == (EVERYTHING,), unread=str(notes))
