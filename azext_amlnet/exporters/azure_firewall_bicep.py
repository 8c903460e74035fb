"""Azure Firewall policy as Bicep: its rule collection groups."""

from __future__ import annotations

from typing import Iterable, Iterator, Mapping, Optional, Sequence

from ..model import Requirement
from ..text import OF_COMPUTE, line
from ._azure import API_VERSION, about, deployed, priorities
from ._azure_rules import FirewallRule, losses, tag_losses
from ._groups import Group, RuleCollection, firewall_plan, limits
from ._matcher import Matcher
from ._sources import ALL, OBJECT, SETS, SourcePlan
from ._text import Context, comments, header, private_notes

SUMMARY = "Bicep with the rule collection groups of a firewall policy"
MATCHER = Matcher(sources=True)
__all__ = ["SUMMARY", "limits", "losses", "render", "tag_losses"]

_POLICY = """
resource policy 'Microsoft.Network/firewallPolicies@%(version)s' existing = {
  name: firewallPolicyName
}
"""
_GROUP = """
resource %(symbol)s 'Microsoft.Network/firewallPolicies/ruleCollectionGroups@%(version)s' = {
  parent: policy
  name: '%(name)s'
%(after)s  properties: {
    priority: %(priority)s
    ruleCollections: [
"""


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """Bicep whose priorities and source addresses are parameters."""
    made = firewall_plan(rows, context)
    notes = [*header(context, lost), *private_notes(rows)]
    notes.append(deployed("FILE.bicep", "firewallPolicyName", made.sources))
    parts = [comments("//", notes), "\n", _parameter("firewallPolicyName", "string")]
    parts += [_parameter(f"{name}Priority", f"int = {default}") for name, default in priorities(context).items()]
    parts += [*_source_parameters(made.sources), *_source_variables(made.sources)]
    parts.append(_POLICY % {"version": API_VERSION})
    for number, group in enumerate(made.groups):
        before = _symbol(number - 1) if number else None
        parts += _group(_symbol(number), group, made.sources, before)
    return "".join(parts)


def _symbol(number: int) -> str:
    return "group" if number == 0 else f"group{number + 1}"


def _source_parameters(sources: SourcePlan) -> Iterator[str]:
    if sources.is_object:
        yield _parameter(OBJECT, f"object = {_object(sources.filled, 0)}")
        return
    if not sources.of_several:
        yield _parameter(ALL, f"array = {_array(sources.everywhere, 0)}" if sources.everywhere else "array")
        yield _parameter("sourceIpGroups", "array = []")
    otherwise = "array" if sources.of_several else f"array = {ALL}"
    metadata = sources.metadata
    for name, addresses in sources.known.items():
        yield _parameter(name, f"array = {_array(addresses, 0)}" if addresses else otherwise, metadata.get(name))


def _source_variables(sources: SourcePlan) -> Iterator[str]:
    """The addresses of several computes together, by a name that says whose they are."""
    if not sources.sets:
        return
    if sources.is_object:
        yield f"\nvar computes = {_object(sources.sets, 0)}\n"
    yield f"\nvar {SETS} = {{\n"
    for label, names in sources.sets.items():
        each = f"union(flatten(map(computes[{_text(label)}], one => {OBJECT}[one])), [])"
        yield f"  {_text(label)}: {each if sources.is_object else _union(names)}\n"
    yield "}\n"


def _union(names: Iterable[str]) -> str:
    return f"union({', '.join(names)})"


def _array(texts: Optional[Iterable[str]], depth: int) -> str:
    if not texts:
        return ""
    return "[\n" + "".join(f"{_pad(depth + 1)}{_text(text)}\n" for text in texts) + f"{_pad(depth)}]"


def _object(lists: Mapping[str, Iterable[str]], depth: int) -> str:
    pairs = (f"{_pad(depth + 1)}{_text(key)}: {_array(texts, depth + 1)}\n" for key, texts in lists.items())
    return "{\n" + "".join(pairs) + f"{_pad(depth)}}}"


def _parameter(name: str, kind: str, metadata: Optional[Mapping[str, str]] = None) -> str:
    metadata = metadata or {}
    pairs = "".join(f"{_pad(1)}{key}: {_text(value)}\n" for key, value in metadata.items())
    known = f"@metadata({{\n{pairs}}})\n" if pairs else ""
    return f"@description({_text(about(name, metadata.get(OF_COMPUTE)))})\n{known}param {name} {kind}\n"


def _group(symbol: str, group: Group, sources: SourcePlan, before: Optional[str]) -> Iterator[str]:
    after = f"  dependsOn: [\n    {before}\n  ]\n" if before else ""  # Azure changes one group of a policy at a time
    priority = _priority("group", group.offset)
    yield _GROUP % {"version": API_VERSION, "symbol": symbol, "name": group.name, "after": after, "priority": priority}
    for collection in group.collections:
        yield from _collection(collection, sources)
    yield "    ]\n  }\n}\n"


def _priority(kind: str, offset: int) -> str:
    return f"{kind}Priority + {offset}" if offset else f"{kind}Priority"


def _collection(collection: RuleCollection, sources: SourcePlan) -> Iterator[str]:
    yield "      {\n        ruleCollectionType: 'FirewallPolicyFilterRuleCollection'\n"
    yield f"        name: '{collection.name}'\n        priority: {_priority(collection.kind, collection.offset)}\n"
    yield "        action: {\n          type: 'Allow'\n        }\n        rules: [\n"
    yield from (_rule(rule, sources) for rule in collection.rules)
    yield "        ]\n      }\n"


def _rule(rule: FirewallRule, sources: SourcePlan) -> str:
    if rule.is_application:
        spoken = f"{_pad(8)}protocolType: '{rule.protocol}'\n{_pad(8)}port: {rule.port}\n"
        lines = [
            f"protocols: [\n{_pad(7)}{{\n{spoken}{_pad(7)}}}\n{_pad(6)}]",
            _list("fqdnTags" if rule.is_tag else "targetFqdns", rule.destination),
        ]
    else:
        target = "destinationFqdns" if rule.by_name else "destinationAddresses"
        lines = [_list("ipProtocols", rule.protocol), _list("destinationPorts", str(rule.port))]
        lines.append(_list(target, rule.destination))
    kind = "ApplicationRule" if rule.is_application else "NetworkRule"
    head = [f"ruleType: '{kind}'", f"name: {_text(rule.name)}", f"description: {_text(rule.description)}"]
    head.append(f"sourceAddresses: {_sources(rule, sources)}")
    head += ["sourceIpGroups: sourceIpGroups"] if not sources.of_several else []
    return f"{_pad(5)}{{\n" + "".join(f"{_pad(6)}{part}\n" for part in (*head, *lines)) + f"{_pad(5)}}}\n"


def _sources(rule: FirewallRule, sources: SourcePlan) -> str:
    name, is_set = sources.reference(rule.computes)
    return f"{SETS if is_set else OBJECT}[{_text(name)}]" if is_set or sources.is_object else name


def _pad(depth: int) -> str:
    return "  " * depth


def _list(name: str, value: str) -> str:
    return f"{name}: [\n{_pad(7)}{_text(value)}\n{_pad(6)}]"


def _text(text: str) -> str:
    """A Bicep string: backslashes, quotes and interpolations are text."""
    plain = line(text).replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    return f"'{plain}'"
