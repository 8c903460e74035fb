"""Azure Firewall policy as Terraform (azurerm): its rule collection groups."""

from __future__ import annotations

from typing import Iterable, Iterator, Optional, Sequence

from ..model import Requirement
from ..text import line
from ._azure import about, priorities
from ._azure_rules import FirewallRule, losses, tag_losses
from ._groups import Group, RuleCollection, firewall_plan
from ._groups import limits as limits_of
from ._matcher import Matcher
from ._sources import ALL, OBJECT, SETS, SourcePlan
from ._text import Context, comments, header, private_notes

SUMMARY = "Terraform (azurerm) with the rule collection groups of a firewall policy"
MATCHER = Matcher(sources=True)
__all__ = ["SUMMARY", "limits", "losses", "render", "tag_losses"]


def limits(rows: Sequence[Requirement], context: Context) -> Iterator[str]:
    """The limits of Azure that the list is beyond."""
    yield from limits_of(rows, context, of_template=False)


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """HCL whose priorities and source addresses are variables."""
    made = firewall_plan(rows, context, of_template=False)
    parts = [comments("#", [*header(context, lost), *private_notes(rows)]), "\n"]
    parts.append(_variable("firewall_policy_id", "string", "", "Id of the firewall policy that gets the rules."))
    for name, default in priorities(context).items():
        parts.append(_variable(f"{name}_priority", "number", str(default), about(f"{name}Priority")))
    parts += _source_variables(made.sources)
    for group in made.groups:
        parts += _group(group, made.sources)
    return "".join(parts)


def _source_variables(sources: SourcePlan) -> Iterator[str]:
    kind = "list(string)"
    if sources.is_object:
        pairs = (f"    {_text(name)} = {_array(texts)}\n" for name, texts in sources.filled.items())
        yield _variable(_snake(OBJECT), f"map({kind})", "{\n" + "".join(pairs) + "  }", about(OBJECT))
    else:
        if not sources.of_several:
            yield _variable(_snake(ALL), kind, _array(sources.everywhere), about(ALL))
            yield _variable("source_ip_groups", kind, "[]", about("sourceIpGroups"))
        otherwise = "" if sources.of_several else "null"
        whose = sources.whose
        for name, addresses in sources.known.items():
            yield _variable(_snake(name), kind, _array(addresses) or otherwise, about(name, whose.get(name)))
    yield from _locals(sources)


def _locals(sources: SourcePlan) -> Iterator[str]:
    """The addresses of several computes together, by a name that says whose they are."""
    if not sources.sets:
        return
    yield "locals {\n"
    yield f"  {SETS} = {{\n"
    for label, names in sources.sets.items():
        each = f"distinct(flatten([for one in {_array(names)} : var.{_snake(OBJECT)}[one]]))"
        yield f"    {_text(label)} = {each if sources.is_object else _together(names)}\n"
    yield "  }\n}\n\n"


def _together(names: Iterable[str]) -> str:
    return f"distinct(concat({', '.join(f'var.{_snake(name)}' for name in names)}))"


def _array(texts: Optional[Iterable[str]]) -> str:
    return f"[{', '.join(map(_text, texts))}]" if texts else ""


def _variable(name: str, kind: str, default: str, description: str) -> str:
    value = f"  default = {default}\n" if default else ""
    return f'variable "{name}" {{\n  type = {kind}\n  description = {_text(description)}\n{value}}}\n\n'


def _group(group: Group, sources: SourcePlan) -> Iterator[str]:
    label = group.name.replace("-", "_")
    yield f'resource "azurerm_firewall_policy_rule_collection_group" "{label}" {{\n  name = "{group.name}"\n'
    yield f"  firewall_policy_id = var.firewall_policy_id\n  priority = {_priority('group', group.offset)}\n"
    for collection in sorted(group.collections, key=lambda one: one.kind, reverse=True):
        yield from _collection(collection, sources)
    yield "}\n"


def _priority(kind: str, offset: int) -> str:
    return f"var.{kind}_priority + {offset}" if offset else f"var.{kind}_priority"


def _collection(collection: RuleCollection, sources: SourcePlan) -> Iterator[str]:
    kind, priority = collection.kind, _priority(collection.kind, collection.offset)
    yield f'\n  {kind}_rule_collection {{\n    name = "{collection.name}"\n    priority = {priority}\n'
    yield '    action = "Allow"\n'
    yield from (_rule(rule, sources) for rule in collection.rules)
    yield "  }\n"


def _rule(rule: FirewallRule, sources: SourcePlan) -> str:
    lines = [f"# {rule.description}", f"name = {_text(rule.name)}", f"source_addresses = {_sources(rule, sources)}"]
    lines += ["source_ip_groups = var.source_ip_groups"] if not sources.of_several else []
    if rule.is_application:
        target = "destination_fqdn_tags" if rule.is_tag else "destination_fqdns"
        lines += [f"{target} = [{_text(rule.destination)}]"]
        lines += ["protocols {", f'  type = "{rule.protocol}"', f"  port = {rule.port}", "}"]
    else:
        target = "destination_fqdns" if rule.by_name else "destination_addresses"
        lines += [f'protocols = ["{rule.protocol}"]', f"{target} = [{_text(rule.destination)}]"]
        lines += [f'destination_ports = ["{rule.port}"]']
    return "    rule {\n" + "".join(f"      {part}\n" for part in lines) + "    }\n"


def _sources(rule: FirewallRule, sources: SourcePlan) -> str:
    name, is_set = sources.reference(rule.computes)
    if is_set:
        return f"local.{SETS}[{_text(name)}]"
    if sources.is_object:
        return f"var.{_snake(OBJECT)}[{_text(name)}]"
    if sources.of_several:
        return f"var.{_snake(name)}"
    return f"coalesce(var.{_snake(name)}, var.{_snake(ALL)})" if rule.computes else f"var.{_snake(ALL)}"


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _text(text: str) -> str:
    """An HCL string: backslashes, quotes, interpolations and directives are text."""
    plain = line(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + plain.replace("${", "$${").replace("%{", "%%{") + '"'
