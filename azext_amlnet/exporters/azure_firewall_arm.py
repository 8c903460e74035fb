"""Azure Firewall policy as an ARM template (JSON): one rule collection group."""

from __future__ import annotations

from typing import Any, Sequence

from ..model import Requirement
from ._azure import (
    API_VERSION,
    FirewallRule,
    deployed,
    firewall_rules,
    literal,
    losses,
    parameter,
    priorities,
    source_parameters,
    tag_losses,
    template,
)
from ._text import Context, header, private_notes

SUMMARY = "an ARM template with one rule collection group of a firewall policy"
BY_SOURCE = True
__all__ = ["SUMMARY", "losses", "render", "tag_losses"]


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """JSON whose priorities and source addresses are parameters."""
    network, application = firewall_rules(rows, context.fqdn_tags)
    kinds = {"network": map(_network, network), "application": map(_application, application)}
    collections = [_collection(f"{context.name}-{kind}", f"[parameters('{kind}Priority')]", rules)
                   for kind, rules in kinds.items()]  # fmt: skip
    group = {
        "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
        "apiVersion": API_VERSION,
        "name": f"[concat(parameters('firewallPolicyName'), '/{context.name}')]",
        "properties": {
            "priority": "[parameters('groupPriority')]",
            "ruleCollections": [collection for collection in collections if collection["rules"]],
        },
    }
    notes = [*header(context, lost), *private_notes(rows), deployed("FILE.json", "firewallPolicyName")]
    return template(notes, _parameters([*network, *application], context), [group])


def _parameters(rules: Sequence[FirewallRule], context: Context) -> dict[str, Any]:
    parameters = {"firewallPolicyName": parameter("firewallPolicyName", "string")}
    for name, default in priorities(context).items():
        parameters[f"{name}Priority"] = parameter(f"{name}Priority", "int", default)
    return {**parameters, **source_parameters(rules), "sourceIpGroups": parameter("sourceIpGroups", "array", [])}


def _collection(name: str, priority: str, rules: Any) -> dict[str, Any]:
    return {
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": name,
        "priority": priority,
        "action": {"type": "Allow"},
        "rules": list(rules),
    }


def _common(rule: FirewallRule, kind: str) -> dict[str, Any]:
    return {
        "ruleType": kind,
        "name": rule.name,
        "description": literal(rule.description),
        "sourceAddresses": f"[parameters('{rule.sources}')]",
        "sourceIpGroups": "[parameters('sourceIpGroups')]",
    }


def _application(rule: FirewallRule) -> dict[str, Any]:
    protocols = [{"protocolType": rule.protocol, "port": rule.port}]
    target = "fqdnTags" if rule.is_tag else "targetFqdns"
    return {**_common(rule, "ApplicationRule"), "protocols": protocols, target: [rule.destination]}


def _network(rule: FirewallRule) -> dict[str, Any]:
    target = "destinationFqdns" if rule.by_name else "destinationAddresses"
    ports = {"ipProtocols": [rule.protocol], "destinationPorts": [str(rule.port)]}
    return {**_common(rule, "NetworkRule"), **ports, target: [rule.destination]}
