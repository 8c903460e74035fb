"""Deployments within a template, as Bicep's modules are: their own templates, where they go to, and what they put out.

https://learn.microsoft.com/azure/azure-resource-manager/templates/linked-templates and …/templates/scope-functions
(2026-11-26)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable, Iterator, Optional, TypeVar

from ._expressions import Unknown, shape_of
from ._functions import one_place, place_of
from ._keys import folded
from ._turns import turning

if TYPE_CHECKING:
    from ._template import Template

T = TypeVar("T")
_DEPLOYMENT = "microsoft.resources/deployments"


def value_of(key: str, entry: Any) -> Any:
    """The value that a parameter file or a deployment gives; one that it only refers to is not known."""
    return entry["value"] if isinstance(entry, Mapping) and "value" in entry else Unknown(key)


def template_in(outer: Template, item: Mapping[str, Any]) -> Optional[Mapping[str, Any]]:
    """The template that stands in a deployment, or in a variable; None for one that stands elsewhere."""
    inner = _properties(item).get("template")
    inner = folded(outer.value(inner), "a template") if isinstance(inner, str) else inner
    whole = isinstance(inner, Mapping) and isinstance(inner.get("resources"), (list, Mapping))
    return inner if isinstance(inner, Mapping) and whole else None


def group_of(outer: Template, item: Mapping[str, Any], group: str) -> str:
    """Where a deployment goes to, as its ids begin: the resource group that it names, or the one around it."""
    names = [shape_of(outer.value(item[key])) if item.get(key) else "" for key in ("subscriptionId", "resourceGroup")]
    return place_of(*names) if any(names) else group


def inner_of(outer: Template, item: Mapping[str, Any], group: str) -> Template:
    """The template of a deployment; without a scope of its own its expressions mean the outer one's."""
    options = _properties(item).get("expressionEvaluationOptions")
    if not (isinstance(options, Mapping) and str(options.get("scope")).lower() == "inner"):
        return outer
    key = id(item), id(outer), tuple(outer.turns)
    if key not in outer.scope.modules:
        outer.scope.modules[key] = _made(outer, item, group)
    made: Template = outer.scope.modules[key]
    return made


def _made(outer: Template, item: Mapping[str, Any], group: str) -> Template:
    """The template with its parameters; those that stand elsewhere, or cannot be determined, are not known."""
    inner, values, defaults = template_in(outer, item) or {}, dict[str, Any](), dict[str, tuple[str, ...]]()
    kept = dict(outer.scope.defaults)
    entries = _properties(item).get("parameters")
    entries = outer.value(entries) if isinstance(entries, str) else entries
    if _properties(item).get("parametersLink") or not isinstance(entries, (Mapping, type(None))):
        declared = inner.get("parameters")
        values = {str(key).lower(): Unknown(str(key)) for key in (declared if isinstance(declared, Mapping) else ())}
    for key, entry in entries.items() if isinstance(entries, Mapping) else ():
        outer.scope.defaults.clear()
        values[str(key).lower()] = value_of(str(key), outer.value(entry))
        defaults[str(key).lower()] = tuple(outer.scope.defaults)
    outer.scope.defaults.update(kept)
    return outer.inside(inner, values, defaults, group)


def identified(template: Template, reference: str) -> str:
    """The id of what a symbolic name, one of a loop (`name[0]`) or a plain name means; any other reference as it is."""
    if "/" in reference:
        return reference
    if not isinstance(template.resources, Mapping):
        items = [item for item in _items(template) if _name_of(template, item) == reference.lower()]
        return _identified(template, items[0] if len(items) == 1 else None, reference)
    match = _OF_A_LOOP.fullmatch(reference)
    item = template.resources.get(match[1] if match else reference)
    loop = item.get("copy") if match and isinstance(item, Mapping) else None
    if not (match and isinstance(loop, Mapping)):
        return _identified(template, item, reference)
    with turning(template.turns, loop, int(match[2]), True):
        return _identified(template, item, reference)


_OF_A_LOOP = re.compile(r"([A-Za-z0-9_]+)\[([0-9]{1,3})\]")


def _identified(template: Template, item: Any, reference: str) -> str:
    """The id of a resource of a template; the reference where that cannot be determined."""
    if not isinstance(item, Mapping) or not isinstance(item.get("type"), str):
        return reference
    names, kinds = _name_of(template, item).split("/"), item["type"].split("/")
    pairs = (part for pair in zip(kinds[1:], names, strict=False) for part in pair)
    place = group_of(template, item, template.group) if _is_deployment(item) else template.group
    return (place + "/".join(["/providers", kinds[0], *pairs])).lower() if all(names) else reference


def outputs(template: Template, identifier: str) -> Optional[dict[str, Any]]:
    """What a deployment of this template puts out, by its id; None for what is no such deployment, or not sure."""
    _, kind, name = identifier.lower().rpartition(f"/{_DEPLOYMENT}/")
    place = identifier if identifier.startswith(("/subscriptions/", "/resourcegroups/")) else template.group

    def made(item: Mapping[str, Any]) -> Optional[dict[str, Any]]:
        group = group_of(template, item, template.group)
        is_it = _name_of(template, item) == name and one_place(group, place)
        inner = template_in(template, item) if is_it else None
        return None if inner is None else _outputs(inner, inner_of(template, item, group))

    every = [_in_turns(template, item, made) for item in _items(template) if kind and _is_deployment(item)]
    of_it = [each for several in every for each in several if each is not None]
    return of_it[0] if len(of_it) == 1 else None


def _in_turns(template: Template, item: Mapping[str, Any], make: Callable[[Mapping[str, Any]], T]) -> list[T]:
    """What is made of a resource, in each turn of its loop if it has one; nothing where their number is not known."""
    loop = item.get("copy")
    made = template.each(loop, lambda: make(item), True) if isinstance(loop, Mapping) else [make(item)]
    return [] if isinstance(made, Unknown) else made


def _outputs(inner: Mapping[str, Any], made: Template) -> dict[str, Any]:
    """What a template puts out, worked out once."""
    key = id(inner), id(made), tuple(made.turns)
    if key not in made.scope.outputs:
        made.scope.outputs[key] = {}  # what leads back to itself
        declared = inner.get("outputs")
        pairs = declared.items() if isinstance(declared, Mapping) else ()
        made.scope.outputs[key] = {str(name): {"value": _output(made, output)} for name, output in pairs}
    return made.scope.outputs[key]


def _name_of(template: Template, item: Mapping[str, Any]) -> str:
    return shape_of(template.value(item.get("name", ""))).lower()


def _output(template: Template, output: Any) -> Any:
    if not isinstance(output, Mapping) or "copy" in output:
        return Unknown("an output")
    return template.value(output.get("value"))


def _items(template: Template) -> Iterator[Mapping[str, Any]]:
    items: Any = template.resources
    for item in items.values() if isinstance(items, Mapping) else items if isinstance(items, list) else ():
        if isinstance(item, Mapping):
            yield item


def _is_deployment(item: Mapping[str, Any]) -> bool:
    return str(item.get("type")).lower() == _DEPLOYMENT


def _properties(item: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = item.get("properties", item)
    return properties if isinstance(properties, Mapping) else {}
