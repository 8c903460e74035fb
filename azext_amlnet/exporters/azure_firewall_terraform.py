"""Azure Firewall policy as Terraform (azurerm): one rule collection group."""

from __future__ import annotations

from typing import Iterable, Sequence

from ..model import Requirement
from ..text import line
from ._azure import (
    FirewallRule,
    about,
    firewall_rules,
    losses,
    own_sources,
    priorities,
    tag_losses,
)
from ._text import Context, comments, header, private_notes

SUMMARY = "Terraform (azurerm) with one rule collection group of a firewall policy"
BY_SOURCE = True
__all__ = ["SUMMARY", "losses", "render", "tag_losses"]


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """HCL whose priorities and source addresses are variables."""
    network, application = firewall_rules(rows, context.fqdn_tags)
    parts = [comments("#", [*header(context, lost), *private_notes(rows)]), "\n"]
    parts.append(_variable("firewall_policy_id", "string", "", "Id of the firewall policy that gets the rules."))
    for name, default in priorities(context).items():
        parts.append(_variable(f"{name}_priority", "number", str(default), about(f"{name}Priority")))
    parts.append(_variable("source_addresses", "list(string)", "", about("sourceAddresses")))
    parts.append(_variable("source_ip_groups", "list(string)", "[]", about("sourceIpGroups")))
    for name in own_sources([*network, *application]):
        parts.append(_variable(_snake(name), "list(string)", "null", about(name)))
    label = context.name.replace("-", "_")
    parts.append(f'resource "azurerm_firewall_policy_rule_collection_group" "{label}" {{\n  name = "{context.name}"\n')
    parts.append("  firewall_policy_id = var.firewall_policy_id\n  priority = var.group_priority\n")
    parts += _collection(context.name, "network", network)
    parts += _collection(context.name, "application", application)
    return "".join([*parts, "}\n"])


def _variable(name: str, kind: str, default: str, description: str) -> str:
    value = f"  default = {default}\n" if default else ""
    return f'variable "{name}" {{\n  type = {kind}\n  description = {_text(description)}\n{value}}}\n\n'


def _collection(name: str, kind: str, rules: Sequence[FirewallRule]) -> Iterable[str]:
    if rules:
        yield f'\n  {kind}_rule_collection {{\n    name = "{name}-{kind}"\n    priority = var.{kind}_priority\n'
        yield '    action = "Allow"\n'
        yield from (_rule(kind, rule) for rule in rules)
        yield "  }\n"


def _rule(kind: str, rule: FirewallRule) -> str:
    name = _snake(rule.sources)
    sources = f"coalesce(var.{name}, var.source_addresses)" if rule.computes else "var.source_addresses"
    lines = [f"# {rule.description}", f"name = {_text(rule.name)}", f"source_addresses = {sources}"]
    lines.append("source_ip_groups = var.source_ip_groups")
    if kind == "application":
        target = "destination_fqdn_tags" if rule.is_tag else "destination_fqdns"
        lines += [f"{target} = [{_text(rule.destination)}]"]
        lines += ["protocols {", f'  type = "{rule.protocol}"', f"  port = {rule.port}", "}"]
    else:
        target = "destination_fqdns" if rule.by_name else "destination_addresses"
        lines += [f'protocols = ["{rule.protocol}"]', f"{target} = [{_text(rule.destination)}]"]
        lines += [f'destination_ports = ["{rule.port}"]']
    return "    rule {\n" + "".join(f"      {part}\n" for part in lines) + "    }\n"


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _text(text: str) -> str:
    """An HCL string: backslashes, quotes, interpolations and directives are text."""
    plain = line(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + plain.replace("${", "$${").replace("%{", "%%{") + '"'
