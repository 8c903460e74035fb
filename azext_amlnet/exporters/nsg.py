"""Rules of a network security group as an ARM template: service tags in place of names, which it knows nothing of.

One service tag a rule, descriptions of 140 characters
(https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview, 2026-11-23). Every group allows the
Internet by default, so the template has a switch for a last rule that denies it; it is off.
"""

from __future__ import annotations

import re
from typing import Any, Iterable, Iterator, Sequence

from ..model import Kind, Requirement
from ..text import digest, few, line, nested, one_line
from ._azure import (
    API_VERSION,
    deployed,
    literal,
    parameter,
    source_addresses,
    source_parameters,
    source_variables,
    template,
)
from ._azure_rules import FirewallRule, transport
from ._groups import slots
from ._matcher import Matcher
from ._sources import SourcePlan, plan
from ._text import Context, header, public, why

SUMMARY = "an ARM template with rules of a network security group, by service tag"
MATCHER = Matcher(sources=True, private=True, names=False)
FIRST_PRIORITY, DENY_PRIORITY = 1000, 4096
"""The defaults of the template's parameters."""
MOST_RULES, _ROOM = 800, 1_000
"""Of a template (https://learn.microsoft.com/azure/azure-resource-manager/templates/best-practices, 2026-11-27), of
which one is the last rule; a group may have 1,000. How many priorities rules of several workspaces are spread over."""
MOST_ADDRESSES = 4_000
"""Sources of all rules of a group; destinations are as many
(https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits, 2026-11-27)."""
_AKS = "https://learn.microsoft.com/azure/aks/outbound-rules-control-egress"


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """Names without a tag, how wide tags are, and what such groups cannot do for a cluster."""
    without = [f"{row.host}:{row.port}/{row.protocol.value}" for row in public(rows) if not _destinations(row)]
    if without:
        yield f"{len(without)} endpoints are left out, no document names a service tag for them: {few(without, 40)}."
    tags = dict.fromkeys(tag for row in public(rows) for tag in row.service_tags)
    if tags:
        yield f"{', '.join(tags)} hold everybody's resources, not only this workspace's: tags are wider than names."
    yield "nothing else is denied until the parameter denyInternet is true."
    yield f"network security groups cannot lock down an AKS cluster ({_AKS})."


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """JSON with one rule for each tag, protocol and port; sources and priorities are parameters."""
    rules = list(_rules(rows, context))
    sources = plan(context, (rule.computes for rule, _ in rules))
    parameters = {
        "networkSecurityGroupName": parameter("networkSecurityGroupName", "string"),
        **source_parameters(sources),
        "firstPriority": parameter("firstPriority", "int", FIRST_PRIORITY + 1000 * bool(context.lacking_in)),
        "denyInternet": parameter("denyInternet", "bool", False),
        "denyPriority": parameter("denyPriority", "int", DENY_PRIORITY),
    }
    numbers = _numbers([rule.name for rule, _ in rules], context)
    resources = [_resource(numbers[rule.name], rule, reasons, sources) for rule, reasons in rules]
    notes = [*header(context, lost), *_private_notes(rows)]
    notes.append(deployed("FILE.json", "networkSecurityGroupName", sources))
    return template(notes, parameters, source_variables(sources), [*resources, _deny()])


def limits(rows: Sequence[Requirement], context: Context) -> Iterator[str]:
    """The limits of a group, and the room between its first priority and the last rule, that the list is beyond."""
    rules = [rule for rule, _ in _rules(rows, context)]
    if len(rules) >= MOST_RULES:
        whole = f"a template may have {MOST_RULES} and a network security group 1000"
        yield f"{len(rules) + 1} rules are needed, {whole}: export in parts."
    sources = plan(context, (rule.computes for rule in rules))
    addresses = sum(sources.counts[rule.computes] for rule in rules)
    if addresses > MOST_ADDRESSES:
        count = f"{'at least ' if sources.unknown else ''}{addresses}"
        yield f"the rules have {count} sources, a network security group may have {MOST_ADDRESSES}: export in parts."
    users = dict.fromkeys(rule.computes for rule in rules)
    pairs = list(dict.fromkeys(pair for computes in users for pair in _overlapping(computes, sources)))
    if pairs:
        yield f"Azure refuses a rule whose sources overlap, so give some of these otherwise: {few(pairs, 5)}."


def _overlapping(computes: tuple[str, ...], sources: SourcePlan) -> Iterator[str]:
    """The addresses of one rule that lie in others of it; the same text twice is written once."""
    name, is_set = sources.reference(computes)
    parameters, owners = sources.sets[name] if is_set else (name,), sources.whose
    addresses = {one: sources.known.get(one) or sources.everywhere or () for one in parameters}
    whose = {text: owners.get(one, one) for one, some in addresses.items() for text in some}
    yield from (f"{inner} ({whose[inner]}) in {outer} ({whose[outer]})" for inner, outer in nested(whose))


def _numbers(names: Sequence[str], context: Context) -> dict[str, int]:
    """How far each rule stands behind the first priority: in order, of several workspaces by its name alone."""
    if len(context.workspaces) > 1 and len(names) < 0.8 * _ROOM:
        return slots(names, range(_ROOM))
    return {name: number for number, name in enumerate(names)}


def _private_notes(rows: Sequence[Requirement]) -> Iterator[str]:
    for row in rows:
        if row.private:
            yield f"{row.host} is served by a private endpoint: it must resolve privately; VirtualNetwork holds it."


def _rules(rows: Iterable[Requirement], context: Context) -> Iterator[tuple[FirewallRule, str]]:
    """Each rule with its reasons in full, which a description has no room for.

    Of several workspaces one rule for whoever needs a tag, and a name that does not tell who they are: a rule is a
    resource, which no deployment takes away when its name changes.
    """
    groups: dict[tuple[str, str, int, tuple[str, ...]], list[Requirement]] = {}
    of_one = len(context.workspaces) < 2
    for row in rows:
        for destination in _destinations(row):
            key = (destination, transport(row), row.port, row.computes if of_one else ())
            groups.setdefault(key, []).append(row)
    for number, ((destination, protocol, port, computes), members) in enumerate(groups.items(), 1):
        name = re.sub(r"[^A-Za-z0-9-]", "-", destination)[:50]
        number_or_digest = f"{number:03}" if of_one else digest(repr((destination, protocol, port)))
        strictest = min(members, key=lambda row: row.level.rank)
        hosts = ", ".join(dict.fromkeys(row.host for row in members))
        rule = FirewallRule(
            f"{context.name}-{number_or_digest}-{name}",
            one_line(f"{strictest.level.value}: {line(hosts)}", 140),
            destination,
            members[0].kind,
            protocol,
            port,
            computes or tuple(sorted({name for row in members for name in row.computes})),
        )
        yield rule, line(" ".join(f"{row.host}, {why(row)}" for row in members))


def _destinations(row: Requirement) -> tuple[str, ...]:
    """The service tags that must be open for a row, or its address; private endpoints are in the virtual network."""
    if row.private:
        return ("VirtualNetwork",)
    return (row.host,) if row.kind in (Kind.SERVICE_TAG, Kind.IP) else row.service_tags


def _resource(number: int, rule: FirewallRule, reasons: str, sources: SourcePlan) -> dict[str, Any]:
    priority = f"[add(parameters('firstPriority'), {number})]"
    prefixes = {"sourceAddressPrefixes": source_addresses(sources, rule.computes)}
    made = _security_rule(rule.name, rule.description, priority, "Allow", rule.protocol, prefixes, rule.destination,
                          str(rule.port))  # fmt: skip
    return {"comments": literal(reasons), **made}


def _deny() -> dict[str, Any]:
    name, description = "amlnet-deny-internet", "What no rule allows is denied."
    rule = _security_rule(
        name, description, "[parameters('denyPriority')]", "Deny", "*", {"sourceAddressPrefix": "*"}, "Internet", "*"
    )
    return {"condition": "[parameters('denyInternet')]", **rule}


def _security_rule(
    name: str,
    description: str,
    priority: str,
    access: str,
    protocol: str,
    sources: dict[str, Any],
    destination: str,
    port: str,
) -> dict[str, Any]:
    return {
        "type": "Microsoft.Network/networkSecurityGroups/securityRules",
        "apiVersion": API_VERSION,
        "name": f"[concat(parameters('networkSecurityGroupName'), '/{name}')]",
        "properties": {
            "description": literal(description),
            "direction": "Outbound",
            "priority": priority,
            "access": access,
            "protocol": protocol.title(),
            **sources,
            "sourcePortRange": "*",
            "destinationAddressPrefix": destination,
            "destinationPortRange": port,
        },
    }
