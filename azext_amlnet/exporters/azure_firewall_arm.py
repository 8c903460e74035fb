"""Azure Firewall policy as an ARM template (JSON): its rule collection groups."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from ..model import Requirement
from ._azure import (
    API_VERSION,
    deployed,
    literal,
    parameter,
    priorities,
    source_addresses,
    source_parameters,
    source_variables,
    template,
)
from ._azure_rules import FirewallRule, losses, tag_losses
from ._groups import FirewallPlan, Group, RuleCollection, firewall_plan, limits
from ._matcher import Matcher
from ._sources import SourcePlan
from ._text import Context, header, private_notes

SUMMARY = "an ARM template with the rule collection groups of a firewall policy"
MATCHER = Matcher(sources=True)
__all__ = ["SUMMARY", "limits", "losses", "render", "tag_losses"]
_TYPE = "Microsoft.Network/firewallPolicies/ruleCollectionGroups"


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """JSON whose priorities and source addresses are parameters."""
    made = firewall_plan(rows, context)
    befores = [None, *(group.name for group in made.groups)]
    resources = [_group(group, made.sources, before) for group, before in zip(made.groups, befores, strict=False)]
    notes = [*header(context, lost), *private_notes(rows)]
    notes.append(deployed("FILE.json", "firewallPolicyName", made.sources))
    return template(notes, _parameters(made, context), source_variables(made.sources), resources)


def _parameters(made: FirewallPlan, context: Context) -> dict[str, Any]:
    parameters = {"firewallPolicyName": parameter("firewallPolicyName", "string")}
    for name, default in priorities(context).items():
        parameters[f"{name}Priority"] = parameter(f"{name}Priority", "int", default)
    groups = {"sourceIpGroups": parameter("sourceIpGroups", "array", [])} if not made.sources.of_several else {}
    return {**parameters, **source_parameters(made.sources), **groups}


def _group(group: Group, sources: SourcePlan, before: Optional[str]) -> dict[str, Any]:
    after = [f"[resourceId('{_TYPE}', parameters('firewallPolicyName'), '{before}')]"] if before else []
    return {
        "type": _TYPE,
        "apiVersion": API_VERSION,
        "name": f"[concat(parameters('firewallPolicyName'), '/{group.name}')]",
        **({"dependsOn": after} if after else {}),  # Azure changes one group of a policy at a time
        "properties": {
            "priority": _priority("group", group.offset),
            "ruleCollections": [_collection(collection, sources) for collection in group.collections],
        },
    }


def _priority(kind: str, offset: int) -> str:
    base = f"parameters('{kind}Priority')"
    return f"[add({base}, {offset})]" if offset else f"[{base}]"


def _collection(collection: RuleCollection, sources: SourcePlan) -> dict[str, Any]:
    make = _network if collection.kind == "network" else _application
    return {
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": collection.name,
        "priority": _priority(collection.kind, collection.offset),
        "action": {"type": "Allow"},
        "rules": [make(rule, sources) for rule in collection.rules],
    }


def _common(rule: FirewallRule, kind: str, sources: SourcePlan) -> dict[str, Any]:
    return {
        "ruleType": kind,
        "name": rule.name,
        "description": literal(rule.description),
        "sourceAddresses": source_addresses(sources, rule.computes),
        **({"sourceIpGroups": "[parameters('sourceIpGroups')]"} if not sources.of_several else {}),
    }


def _application(rule: FirewallRule, sources: SourcePlan) -> dict[str, Any]:
    protocols = [{"protocolType": rule.protocol, "port": rule.port}]
    target = "fqdnTags" if rule.is_tag else "targetFqdns"
    return {**_common(rule, "ApplicationRule", sources), "protocols": protocols, target: [rule.destination]}


def _network(rule: FirewallRule, sources: SourcePlan) -> dict[str, Any]:
    target = "destinationFqdns" if rule.by_name else "destinationAddresses"
    ports = {"ipProtocols": [rule.protocol], "destinationPorts": [str(rule.port)]}
    return {**_common(rule, "NetworkRule", sources), **ports, target: [rule.destination]}
