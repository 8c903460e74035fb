"""Rules of a network security group as an ARM template: service tags in place of names, which it knows nothing of.

One service tag a rule, descriptions of 140 characters
(https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview, 2026-11-23). Every group allows the
Internet by default, so the template has a switch for a last rule that denies it; it is off.
"""

from __future__ import annotations

import re
from typing import Any, Iterable, Iterator, Sequence

from ..errors import line, one_line
from ..model import Kind, Requirement
from . import Context, public
from ._azure import API_VERSION, Rule, literal, source_name, source_parameters, template, transport

SUMMARY = "an ARM template with rules of a network security group, by service tag"
FIRST_PRIORITY, DENY_PRIORITY = 1000, 4096
"""The defaults of the template's parameters."""
_AKS = "https://learn.microsoft.com/azure/aks/outbound-rules-control-egress"


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """Names without a tag, how wide tags are, and what such groups cannot do for a cluster."""
    for row in public(rows):
        if not _destinations(row):
            yield f"{row.host}, port {row.port}/{row.protocol.value}: no document names a service tag that holds it."
    tags = dict.fromkeys(tag for row in public(rows) for tag in row.service_tags)
    if tags:
        yield f"names alone: {', '.join(tags)} hold everybody's resources there, not only this workspace's."
    yield "a denial of the rest: set the parameter denyInternet once nothing else needs it."
    yield f"a cluster that is locked down: network security groups are no means for that with AKS ({_AKS})."


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """JSON with one rule for each tag, protocol and port; sources and priorities are parameters."""
    rules = list(_rules(rows))
    parameters = {
        "networkSecurityGroupName": {"type": "string"},
        **source_parameters(rules),
        "firstPriority": {"type": "int", "defaultValue": FIRST_PRIORITY},
        "denyInternet": {"type": "bool", "defaultValue": False},
        "denyPriority": {"type": "int", "defaultValue": DENY_PRIORITY},
    }
    resources = [_resource(number, rule) for number, rule in enumerate(rules)]
    return template(rows, context, lost, parameters, [*resources, _deny()])


def _rules(rows: Iterable[Requirement]) -> Iterator[Rule]:
    groups: dict[tuple[str, str, int, tuple[str, ...]], list[Requirement]] = {}
    for row in rows:
        for destination in _destinations(row):
            groups.setdefault((destination, transport(row), row.port, row.computes), []).append(row)
    for number, ((destination, protocol, port, computes), members) in enumerate(groups.items(), 1):
        name = re.sub(r"[^A-Za-z0-9-]", "-", destination)[:60]
        strictest = min(members, key=lambda row: row.level.rank)
        hosts = ", ".join(dict.fromkeys(row.host for row in members))
        said = one_line(f"{strictest.level.value}: {line(hosts)}", 140)
        yield Rule(f"amlnet-{number:03}-{name}", said, destination, members[0].kind, protocol, port, computes)


def _destinations(row: Requirement) -> tuple[str, ...]:
    """The service tags that must be open for a row, or its address; private endpoints are in the virtual network."""
    if row.private:
        return ("VirtualNetwork",)
    return (row.host,) if row.kind in (Kind.SERVICE_TAG, Kind.IP) else row.service_tags


def _resource(number: int, rule: Rule) -> dict[str, Any]:
    priority = f"[add(parameters('firstPriority'), {number})]"
    sources = {"sourceAddressPrefixes": f"[parameters('{source_name(rule)}')]"}
    return _security_rule(rule.name, rule.description, priority, "Allow", rule.protocol, sources, rule.destination,
                          str(rule.port))  # fmt: skip


def _deny() -> dict[str, Any]:
    name, said = "amlnet-deny-internet", "What no rule allows is denied."
    rule = _security_rule(
        name, said, "[parameters('denyPriority')]", "Deny", "*", {"sourceAddressPrefix": "*"}, "Internet", "*"
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
