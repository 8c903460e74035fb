"""Policies to be read: Azure's JSON in short, and the documents that a round trip needs beside an exported file."""

from __future__ import annotations

import json
from typing import Any, Optional

from azext_amlnet.catalog import load
from azext_amlnet.model import Requirement
from azext_amlnet.policy import Document, Policy, read
from azext_amlnet.policy.addresses import span_of
from azext_amlnet.policy.check import findings as findings_of
from azext_amlnet.policy.model import Finding

from .fakearm import SUBSCRIPTION

TABLE = load().service_tag_table

NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/hub-rg/providers/Microsoft.Network"
HUB, BASE = f"{NETWORK}/firewallPolicies/hub", f"{NETWORK}/firewallPolicies/base"
FIREWALL = f"{NETWORK}/azureFirewalls/hub-firewall"
SOURCE = "10.1.0.0/16"
Json = dict[str, Any]


def app(name: str, *names: str, port: int = 443, kind: str = "Https", sources: Any = (SOURCE,), **fields: Any) -> Json:
    """An application rule."""
    targets = {"targetFqdns": list(names)} if names else {}
    protocols = [{"protocolType": kind, "port": port}]
    return {"ruleType": "ApplicationRule", "name": name, "sourceAddresses": list(sources), "protocols": protocols,
            **targets, **fields}  # fmt: skip


def net(name: str, *addresses: str, ports: Any = ("443",), protocols: Any = ("TCP",), **fields: Any) -> Json:
    """A network rule."""
    return {"ruleType": "NetworkRule", "name": name, "sourceAddresses": [SOURCE], "ipProtocols": list(protocols),
            "destinationAddresses": list(addresses), "destinationPorts": list(ports), **fields}  # fmt: skip


def collection(name: str, priority: int, verb: str, *rules: Json) -> Json:
    """A collection of filter rules."""
    return {"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": name, "priority": priority,
            "action": {"type": verb}, "rules": list(rules)}  # fmt: skip


def group(name: str, priority: int, *collections: Json, policy: str = HUB) -> Json:
    """A rule collection group, as ARM shows it."""
    return {"id": f"{policy}/ruleCollectionGroups/{name}", "name": name,
            "type": "Microsoft.Network/FirewallPolicies/RuleCollectionGroups",
            "properties": {"priority": priority, "ruleCollections": list(collections)}}  # fmt: skip


def policy(identifier: str = HUB, base: Optional[str] = None, **overrides: Any) -> Json:
    """A firewall policy, as ARM shows it; the DNS proxy is on."""
    properties = {"dnsSettings": {"enableProxy": True}, **({"basePolicy": {"id": base}} if base else {}), **overrides}
    return {"id": identifier, "name": identifier.rpartition("/")[2], "type": "Microsoft.Network/FirewallPolicies",
            "properties": properties}  # fmt: skip


def parameters(**values: Any) -> Document:
    """A file of deployment parameters."""
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"
    entries = {name: {"value": value} for name, value in values.items()}
    return Document("parameters.json", json.dumps({"$schema": schema, "parameters": entries}))


def security_group(name: str, *rules: Json) -> Json:
    """A network security group with its own rules, as ARM shows it."""
    own = [{"name": rule["name"], "properties": rule} for rule in rules]
    return {"id": f"{NETWORK}/networkSecurityGroups/{name}", "name": name, "properties": {"securityRules": own}}


BESIDE: dict[str, tuple[Document, ...]] = {
    "azure-firewall-arm": (
        Document("policy.json", json.dumps(policy())),
        parameters(firewallPolicyName="hub", sourceAddresses=[SOURCE]),
    ),
    "nsg": (
        Document("nsg.json", json.dumps(security_group("aks-nsg"))),
        parameters(networkSecurityGroupName="aks-nsg", sourceAddresses=[SOURCE], denyInternet=True),
    ),
}
"""What an exported file says nothing of: the policy that it is added to, and the values of its parameters."""


def read_back(dialect: str, text: str, *, alone: bool = False) -> tuple[Policy, ...]:
    """The policies that an exported file makes, with the documents that belong beside it or without them."""
    return read((Document(f"exported.{dialect}", text), *(() if alone else BESIDE.get(dialect, ()))))


def of(*resources: Json, **refused: str) -> tuple[Policy, ...]:
    """The policies of Azure resources."""
    return read((Document("Azure", answer=list(resources), refused=refused),))


def of_text(text: str, dialect: Optional[str] = None) -> tuple[Policy, ...]:
    """The policies of a text."""
    return read((Document("file", text),), dialect)


def findings(policies: Any, *rows: Requirement, source: Optional[str] = SOURCE) -> list[Finding]:
    """What policies make of rows, for traffic from one source."""
    span = span_of(source) if source else None
    return list(findings_of(rows, policies, lambda row: [span] if span else [], TABLE))


def coverage(policies: Any, *rows: Requirement, source: Optional[str] = SOURCE) -> list[str]:
    """The words alone."""
    return [finding.coverage.value for finding in findings(policies, *rows, source=source)]
