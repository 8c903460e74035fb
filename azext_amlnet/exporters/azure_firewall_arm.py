"""Azure Firewall policy as an ARM template (JSON): one rule collection group."""

from __future__ import annotations

import json
from typing import Any, Sequence

from ..errors import line
from ..model import Requirement
from . import Context, header, private_notes
from ._azure_firewall import (
    API_VERSION,
    APPLICATION_PRIORITY,
    GROUP_PRIORITY,
    NETWORK_PRIORITY,
    Rule,
    application_rules,
    computes_of,
    losses,
    network_rules,
    source_name,
)

SUMMARY = "an ARM template with one rule collection group of a firewall policy"
__all__ = ["SUMMARY", "losses", "render"]


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """JSON, which has no comments: what the file is stands in its metadata."""
    application, network = application_rules(rows), network_rules(rows)
    collections = [_collection("amlnet-network", "[parameters('networkPriority')]", map(_network, network))]
    collections += [
        _collection("amlnet-application", "[parameters('applicationPriority')]", map(_application, application))
    ]
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "metadata": {"comments": [line(said) for said in (*header(context, lost), *private_notes(rows))]},
        "parameters": _parameters([*network, *application]),
        "resources": [
            {
                "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
                "apiVersion": API_VERSION,
                "name": "[concat(parameters('firewallPolicyName'), '/amlnet')]",
                "properties": {
                    "priority": "[parameters('groupPriority')]",
                    "ruleCollections": [collection for collection in collections if collection["rules"]],
                },
            }
        ],
    }
    return json.dumps(template, indent=2) + "\n"


def _parameters(rules: Sequence[Rule]) -> dict[str, Any]:
    found: dict[str, Any] = {"firewallPolicyName": {"type": "string"}}
    priorities = {"group": GROUP_PRIORITY, "network": NETWORK_PRIORITY, "application": APPLICATION_PRIORITY}
    for name, default in priorities.items():
        found[f"{name}Priority"] = {"type": "int", "defaultValue": default}
    found["sourceAddresses"] = {"type": "array"}
    found["sourceIpGroups"] = {"type": "array", "defaultValue": []}
    for name in computes_of(rules):
        found[name] = {"type": "array", "defaultValue": "[parameters('sourceAddresses')]"}
    return found


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
        "description": _text(rule.description),
        "sourceAddresses": f"[parameters('{source_name(rule)}')]",
        "sourceIpGroups": "[parameters('sourceIpGroups')]",
    }


def _application(rule: Rule) -> dict[str, Any]:
    protocols = [{"protocolType": rule.protocol, "port": rule.port}]
    return {**_common(rule, "ApplicationRule"), "protocols": protocols, "targetFqdns": [rule.destination]}


def _network(rule: Rule) -> dict[str, Any]:
    target = "destinationFqdns" if rule.by_name else "destinationAddresses"
    ports = {"ipProtocols": [rule.protocol], "destinationPorts": [str(rule.port)]}
    return {**_common(rule, "NetworkRule"), **ports, target: [rule.destination]}


def _text(text: str) -> str:
    """A literal: a text that begins with a bracket would be an expression."""
    return f"[{text}" if text.startswith("[") else text
