"""Network security groups: the outbound rules by priority, then the three that every group has.

https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview (2026-11-23)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Iterator, Optional

from ...text import is_service_tag
from ..addresses import EVERYTHING, span_of, union
from ..conditions import Destinations, Services, Sources
from ..model import Policy, Rule, unread_of, unread_rule
from ._arm import (
    Notes,
    Pool,
    Resource,
    SourceParameters,
    Unknown,
    family,
    in_order,
    needed,
    objects,
    ports,
    source_parameters,
    texts,
    word,
)
from ._keys import strange
from ._subnets import completed, untold, within

KINDS = ("nsg", "security-rule")
_DIALECT = "nsg"
_DEFAULTS: tuple[Mapping[str, Any], ...] = tuple(
    {
        "name": name,
        "priority": priority,
        "access": access,
        "direction": "Outbound",
        "protocol": "*",
        "sourcePortRange": "*",
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
    groups = pool.of("nsg")
    rules_of = family(groups, pool.of("security-rule"))
    for group in groups:
        lost, where, singles = Notes(), within(pool, group, "networkSecurityGroup"), rules_of.of(group)
        group, granted = completed(group, "securityRules", where)
        if singles and "securityRules" not in group.body:
            inline = []  # a template keeps them beside the group
        else:
            inline = needed(group.body, "securityRules", lost, "its rules")
        lost.reasons += strange("nsg", group.body)
        if rules_of.loose:
            lost.add("rules that do not tell whose they are")
        defaults = objects(group.body.get("defaultSecurityRules"), lost, "its default rules")
        policy = _policy(group.label, inline, singles, defaults, lost)
        yield replace(
            policy, id=group.id, within=where, assumptions=(*policy.assumptions, *(() if singles else granted))
        )
    yield from untold(pool, groups, "networkSecurityGroup", _DIALECT)
    for rules in (*rules_of.alone.values(), *([rules_of.loose] if rules_of.loose else [])):
        name = rules[0].name.rpartition("/")[0] or rules[0].document
        policy = _policy(name, [], rules, [], Notes())
        yield policy if all(rule.listed for rule in rules) else _alone(policy)


def _alone(policy: Policy) -> Policy:
    """Rules whose group was not given: they decide what they hold, and what only Azure's own rules allow is open."""
    why = "its security group was not given, and may have other rules"
    own = next(at for at, rule in enumerate(policy.rules) if rule.name == _DEFAULTS[0]["name"])
    rules = (*policy.rules[:own], unread_rule(why, name="(other rules)"), *policy.rules[own:])
    assumed = f"The security group of {policy.name} was not given: no other rule stands before those that were. Give "
    assumed += "it, too (az network nsg show)."
    return replace(
        policy, rules=rules, assumptions=(assumed, *policy.assumptions), unread=unread_of(policy.name, rules)
    )


def _policy(
    name: str, inline: list[Mapping[str, Any]], loose: list[Resource], defaults: list[Mapping[str, Any]], lost: Notes
) -> Policy:
    named: list[tuple[Mapping[str, Any], Optional[Unknown]]] = [(_flat(rule, lost), None) for rule in inline]
    named += [({**rule.body, "name": rule.name.rpartition("/")[2]}, rule.conditional) for rule in loose]
    named += [(_flat(rule, lost), None) for rule in defaults or _DEFAULTS]
    outbound = [pair for pair in named if word(pair[0].get("direction")) != "inbound"]
    ordered = in_order(
        ((pair, pair[0].get("priority"), _name_of(pair[0]), word(pair[0].get("access"))) for pair in outbound), lost
    )
    rules = [_rule(rule, condition) for rule, condition in ordered]
    rules = [*map(unread_rule, lost.reasons), *rules]
    assumed = tuple(dict.fromkeys(taken for rule, _ in ordered for taken in _parameters_of(rule).assumed))
    return Policy(name, _DIALECT, tuple(rules), private=True, assumptions=assumed, unread=unread_of(name, rules))


def _parameters_of(rule: Mapping[str, Any]) -> SourceParameters:
    """The parameters without a value that are the source of a rule."""
    keys = [key for key in ("sourceAddressPrefix", "sourceAddressPrefixes") if rule.get(key)]
    beside = rule.get("sourceApplicationSecurityGroups")
    return source_parameters(rule[keys[0]], beside) if len(keys) == 1 else SourceParameters()


def _name_of(rule: Mapping[str, Any]) -> str:
    name = rule.get("name")
    return name if isinstance(name, str) and name else "(without a name)"


def _flat(rule: Mapping[str, Any], lost: Notes) -> Mapping[str, Any]:
    inner = rule.get("properties")
    if inner is not None and not isinstance(inner, Mapping):
        lost.add(f"what {_name_of(rule)} does")
    return {**inner, "name": rule.get("name")} if isinstance(inner, Mapping) else rule


_KNOWN = frozenset(
    {
        *("name", "description", "protocol", "access", "priority", "direction", "sourcePortRange", "sourcePortRanges"),
        *("destinationPortRange", "destinationPortRanges", "sourceAddressPrefix", "sourceAddressPrefixes"),
        *("destinationAddressPrefix", "destinationAddressPrefixes", "sourceApplicationSecurityGroups"),
        *("destinationApplicationSecurityGroups", "provisioningState", "etag", "id", "type", "resourceGroup"),
    }
)
"""The properties of rules up to API version 2024-07-01, and those that az adds; another one may narrow a rule."""


def _unread(rule: Mapping[str, Any], allow: Optional[bool], conditional: Optional[Unknown]) -> str:
    """Why it is not known what a rule does, empty where it is."""
    notes = Notes()
    froms = texts(rule, notes, "sourcePortRange", "sourcePortRanges")
    odd = sorted(key for key in rule if key not in _KNOWN and rule[key])
    if conditional:
        notes.add(f"whether it exists depends on {conditional.on}")
    if allow is None:
        notes.add("it neither allows nor denies")
    if word(rule.get("direction")) != "outbound":
        notes.add("its direction is not known")
    if "*" not in froms and "0-65535" not in froms:
        notes.add("it is for some source ports only" if froms else "it names no source port")
    if odd:
        notes.add(f"'{odd[0][:60]}' is not known here")
    return str(notes)


def _rule(rule: Mapping[str, Any], conditional: Optional[Unknown]) -> Rule:
    allow: Optional[bool] = {"allow": True, "deny": False}.get(word(rule.get("access")))
    where = _destinations(rule)
    services = _services(rule)
    targets = texts(rule, Notes(), "destinationAddressPrefix", "destinationAddressPrefixes")
    on = texts(rule, Notes(), "destinationPortRange", "destinationPortRanges")
    verb = {True: "allows", False: "denies", None: "decides about"}[allow]
    what = ", ".join(targets[:3]) or "its destinations"
    ports_text = f" on {word(rule.get('protocol')).title() or '*'}:{', '.join(on[:3])}"
    unread = _unread(rule, allow, conditional)
    conditions = (_sources(rule), services, where)
    return Rule(_name_of(rule), None if unread else allow, conditions, verb, what, ports_text, unread=unread)


def _sources(rule: Mapping[str, Any]) -> Sources:
    """Where from; VirtualNetwork holds for everything a group stands in front of."""
    parameters, notes, spans = _parameters_of(rule), Notes(), []
    if parameters.of_all:
        return Sources((EVERYTHING,), presumed=parameters.of_all)
    literal = {"sourceAddressPrefixes": list(parameters.items)} if parameters.whose else rule
    for text in texts(literal, notes, "sourceAddressPrefix", "sourceAddressPrefixes"):
        span = EVERYTHING if text.lower() == "virtualnetwork" else span_of(text)
        if span is None:
            notes.add(f"source '{text[:60]}' is a service tag")
        else:
            spans.append(span)
    if rule.get("sourceApplicationSecurityGroups"):
        notes.add("who is in its application security groups is not known")
    elif not spans and not notes.reasons and not parameters.whose:
        notes.add("it names no source")
    return Sources(union(spans), str(notes), parameters.whose)


def _services(rule: Mapping[str, Any]) -> Services:
    notes = Notes()
    spans = ports(texts(rule, notes, "destinationPortRange", "destinationPortRanges"), notes)
    protocol = word(rule.get("protocol"))
    if protocol not in ("*", "tcp", "udp", "icmp", "esp", "ah"):
        notes.add("its protocol is not known here")
        spans = []
    elif not (spans or notes.reasons):
        notes.add("it names no port")
    words = frozenset[str]() if protocol == "*" else frozenset({protocol})
    return Services(tuple((words, low, high) for low, high in spans), str(notes))


def _destinations(rule: Mapping[str, Any]) -> Destinations:
    notes, spans, tags = Notes(), [], []
    prefixes = texts(rule, notes, "destinationAddressPrefix", "destinationAddressPrefixes")
    for text in prefixes:
        span = span_of(text)
        if span is not None:
            spans.append(span)
        elif is_service_tag(text) and text.lower() not in _PLATFORM:
            tags.append(text)
        elif text.lower() not in _PLATFORM:
            notes.add(f"destination '{text[:60]}' is not known here")
    if rule.get("destinationApplicationSecurityGroups"):
        notes.add("who is in its application security groups is not known")
    elif not (prefixes or notes.reasons):
        notes.add("it names no destination")
    whole = union(spans)
    return Destinations(spans=whole, tags=tuple(tags), anything=whole == (EVERYTHING,), unread=str(notes))
