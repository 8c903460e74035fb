"""Azure Firewall policy as an ARM template (JSON): one rule collection group."""

from __future__ import annotations

from typing import Any, Sequence

from ..model import Requirement
from . import Context
from ._azure import (
    API_VERSION,
    APPLICATION_PRIORITY,
    GROUP_PRIORITY,
    NETWORK_PRIORITY,
    Rule,
    application_rules,
    literal,
    losses,
    network_rules,
    source_name,
    source_parameters,
    tag_losses,
    template,
)

SUMMARY = "an ARM template with one rule collection group of a firewall policy"
__all__ = ["SUMMARY", "losses", "render", "tag_losses"]


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """JSON whose priorities and source addresses are parameters."""
    application, network = application_rules(rows, context.fqdn_tags), network_rules(rows)
    collections = [_collection("amlnet-network", "[parameters('networkPriority')]", map(_network, network))]
    collections += [
        _collection("amlnet-application", "[parameters('applicationPriority')]", map(_application, application))
    ]
    group = {
        "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
        "apiVersion": API_VERSION,
        "name": "[concat(parameters('firewallPolicyName'), '/amlnet')]",
        "properties": {
            "priority": "[parameters('groupPriority')]",
            "ruleCollections": [collection for collection in collections if collection["rules"]],
        },
    }
    return template(rows, context, lost, _parameters([*network, *application]), [group])


def _parameters(rules: Sequence[Rule]) -> dict[str, Any]:
    found: dict[str, Any] = {"firewallPolicyName": {"type": "string"}}
    priorities = {"group": GROUP_PRIORITY, "network": NETWORK_PRIORITY, "application": APPLICATION_PRIORITY}
    for name, default in priorities.items():
        found[f"{name}Priority"] = {"type": "int", "defaultValue": default}
    return {**found, **source_parameters(rules), "sourceIpGroups": {"type": "array", "defaultValue": []}}


def _collection(name: str, priority: str, rules: Any) -> dict[str, Any]:
    return {
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": name,
        "priority": priority,
        "action": {"type": "Allow"},
        "rules": list(rules),
    }


def _common(rule: Rule, kind: str) -> dict[str, Any]:
    return {
        "ruleType": kind,
        "name": rule.name,
        "description": literal(rule.description),
        "sourceAddresses": f"[parameters('{source_name(rule)}')]",
        "sourceIpGroups": "[parameters('sourceIpGroups')]",
    }


def _application(rule: Rule) -> dict[str, Any]:
    protocols = [{"protocolType": rule.protocol, "port": rule.port}]
    target = "fqdnTags" if rule.is_tag else "targetFqdns"
    return {**_common(rule, "ApplicationRule"), "protocols": protocols, target: [rule.destination]}


def _network(rule: Rule) -> dict[str, Any]:
    target = "destinationFqdns" if rule.by_name else "destinationAddresses"
    ports = {"ipProtocols": [rule.protocol], "destinationPorts": [str(rule.port)]}
    return {**_common(rule, "NetworkRule"), **ports, target: [rule.destination]}
