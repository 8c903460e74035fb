"""Azure Firewall policy as Bicep: one rule collection group."""

from __future__ import annotations

from typing import Iterable, Sequence

from ..model import Requirement
from ..text import line
from ._azure import (
    API_VERSION,
    FirewallRule,
    about,
    deployed,
    firewall_rules,
    losses,
    own_sources,
    priorities,
    tag_losses,
)
from ._text import Context, comments, header, private_notes

SUMMARY = "Bicep with one rule collection group of a firewall policy"
BY_SOURCE = True
__all__ = ["SUMMARY", "losses", "render", "tag_losses"]

_GROUP = """
resource policy 'Microsoft.Network/firewallPolicies@%(version)s' existing = {
  name: firewallPolicyName
}

resource group 'Microsoft.Network/firewallPolicies/ruleCollectionGroups@%(version)s' = {
  parent: policy
  name: '%(name)s'
  properties: {
    priority: groupPriority
    ruleCollections: [
"""


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """Bicep whose priorities and source addresses are parameters."""
    network, application = firewall_rules(rows, context.fqdn_tags)
    notes = [*header(context, lost), *private_notes(rows), deployed("FILE.bicep", "firewallPolicyName")]
    parts = [comments("//", notes), "\n", _parameter("firewallPolicyName", "string")]
    parts += [_parameter(f"{name}Priority", f"int = {default}") for name, default in priorities(context).items()]
    parts += [_parameter("sourceAddresses", "array"), _parameter("sourceIpGroups", "array = []")]
    parts += [_parameter(name, "array = sourceAddresses") for name in own_sources([*network, *application])]
    parts.append(_GROUP % {"version": API_VERSION, "name": context.name})
    parts += _collection(f"{context.name}-network", "networkPriority", "NetworkRule", network)
    parts += _collection(f"{context.name}-application", "applicationPriority", "ApplicationRule", application)
    return "".join([*parts, "    ]\n  }\n}\n"])


def _parameter(name: str, kind: str) -> str:
    return f"@description({_text(about(name))})\nparam {name} {kind}\n"


def _collection(name: str, priority: str, kind: str, rules: Sequence[FirewallRule]) -> Iterable[str]:
    if rules:
        yield "      {\n        ruleCollectionType: 'FirewallPolicyFilterRuleCollection'\n"
        yield f"        name: '{name}'\n        priority: {priority}\n"
        yield "        action: {\n          type: 'Allow'\n        }\n        rules: [\n"
        yield from (_rule(kind, rule) for rule in rules)
        yield "        ]\n      }\n"


def _rule(kind: str, rule: FirewallRule) -> str:
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
    head += [f"sourceAddresses: {rule.sources}", "sourceIpGroups: sourceIpGroups"]
    return f"{_pad(5)}{{\n" + "".join(f"{_pad(6)}{part}\n" for part in (*head, *lines)) + f"{_pad(5)}}}\n"


def _pad(depth: int) -> str:
    return "  " * depth


def _list(name: str, value: str) -> str:
    return f"{name}: [\n{_pad(7)}{_text(value)}\n{_pad(6)}]"


def _text(text: str) -> str:
    """A Bicep string: backslashes, quotes and interpolations are text."""
    plain = line(text).replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    return f"'{plain}'"
