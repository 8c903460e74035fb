"""Azure Firewall policy as Bicep: one rule collection group."""

from __future__ import annotations

from typing import Iterable, Sequence

from ..errors import line
from ..model import Requirement
from . import Context, comments, header, private_notes
from ._azure import (
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
    tag_losses,
)

SUMMARY = "Bicep with one rule collection group of a firewall policy"
__all__ = ["SUMMARY", "losses", "render", "tag_losses"]

_GROUP = f"""
resource policy 'Microsoft.Network/firewallPolicies@{API_VERSION}' existing = {{
  name: firewallPolicyName
}}

resource group 'Microsoft.Network/firewallPolicies/ruleCollectionGroups@{API_VERSION}' = {{
  parent: policy
  name: 'amlnet'
  properties: {{
    priority: groupPriority
    ruleCollections: [
"""


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """Bicep whose priorities and source addresses are parameters."""
    application, network = application_rules(rows, context.fqdn_tags), network_rules(rows)
    parts = [comments("//", [*header(context, lost), *private_notes(rows)]), "\n"]
    parts += ["param firewallPolicyName string\n", f"param groupPriority int = {GROUP_PRIORITY}\n"]
    parts += [f"param networkPriority int = {NETWORK_PRIORITY}\n"]
    parts += [f"param applicationPriority int = {APPLICATION_PRIORITY}\n"]
    parts += ["param sourceAddresses array\n", "param sourceIpGroups array = []\n"]
    parts += [f"param {name} array = sourceAddresses\n" for name in computes_of([*network, *application])]
    parts.append(_GROUP)
    parts += _collection("amlnet-network", "networkPriority", "NetworkRule", network)
    parts += _collection("amlnet-application", "applicationPriority", "ApplicationRule", application)
    return "".join([*parts, "    ]\n  }\n}\n"])


def _collection(name: str, priority: str, kind: str, rules: Sequence[Rule]) -> Iterable[str]:
    if rules:
        yield "      {\n        ruleCollectionType: 'FirewallPolicyFilterRuleCollection'\n"
        yield f"        name: '{name}'\n        priority: {priority}\n"
        yield "        action: {\n          type: 'Allow'\n        }\n        rules: [\n"
        yield from (_rule(kind, rule) for rule in rules)
        yield "        ]\n      }\n"


def _rule(kind: str, rule: Rule) -> str:
    if kind == "ApplicationRule":
        spoken = f"{_pad(8)}protocolType: '{rule.protocol}'\n{_pad(8)}port: {rule.port}\n"
        lines = [
            f"protocols: [\n{_pad(7)}{{\n{spoken}{_pad(7)}}}\n{_pad(6)}]",
            _list("fqdnTags" if rule.is_tag else "targetFqdns", rule.destination),
        ]
    else:
        target = "destinationFqdns" if rule.by_name else "destinationAddresses"
        lines = [_list("ipProtocols", rule.protocol), _list("destinationPorts", str(rule.port))]
        lines.append(_list(target, rule.destination))
    head = [f"ruleType: '{kind}'", f"name: {_text(rule.name)}", f"description: {_text(rule.description)}"]
    head += [f"sourceAddresses: {source_name(rule)}", "sourceIpGroups: sourceIpGroups"]
    return f"{_pad(5)}{{\n" + "".join(f"{_pad(6)}{part}\n" for part in (*head, *lines)) + f"{_pad(5)}}}\n"


def _pad(depth: int) -> str:
    return "  " * depth


def _list(name: str, value: str) -> str:
    return f"{name}: [\n{_pad(7)}{_text(value)}\n{_pad(6)}]"


def _text(text: str) -> str:
    """A Bicep string: backslashes, quotes and interpolations are text."""
    plain = line(text).replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    return f"'{plain}'"
