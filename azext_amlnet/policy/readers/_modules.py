"""Deployments within a template, as Bicep's modules are: their own templates, where they go to, and what they put out.

https://learn.microsoft.com/azure/azure-resource-manager/templates/linked-templates and …/templates/scope-functions
(2026-11-26)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Iterator, Optional

from ._expressions import Unknown, shape_of
from ._functions import place_of

if TYPE_CHECKING:
    from ._template import Template

_DEPLOYMENT = "microsoft.resources/deployments"


def value_of(key: str, entry: Any) -> Any:
    """The value that a parameter file or a deployment gives; one that it only refers to is not known."""
    return entry["value"] if isinstance(entry, Mapping) and "value" in entry else Unknown(key)


def template_in(outer: Template, item: Mapping[str, Any]) -> Optional[Mapping[str, Any]]:
    """The template that stands in a deployment, or in a variable; None for one that stands elsewhere."""
    inner = _properties(item).get("template")
    inner = outer.value(inner) if isinstance(inner, str) else inner
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
    if id(item) not in outer.scope.modules or outer.turns:
        outer.scope.modules[id(item)] = _made(outer, item, group)
    made: Template = outer.scope.modules[id(item)]
    return made


def _made(outer: Template, item: Mapping[str, Any], group: str) -> Template:
    values, defaults = {}, {}
    kept = dict(outer.scope.defaults)
    entries = _properties(item).get("parameters")
    for key, entry in entries.items() if isinstance(entries, Mapping) else ():
        outer.scope.defaults.clear()
        values[str(key).lower()] = value_of(str(key), outer.value(entry))
        defaults[str(key).lower()] = tuple(outer.scope.defaults)
    outer.scope.defaults.update(kept)
    return outer.inside(template_in(outer, item) or {}, values, defaults, group)


def identified(template: Template, reference: str) -> str:
    """The id of what a symbolic name or a plain name means in a template; any other reference as it is."""
    if "/" in reference:
        return reference
    if isinstance(template.resources, Mapping):
        items = [template.resources[reference]] if reference in template.resources else []
    else:
        items = [item for item in _items(template) if _name_of(template, item) == reference.lower()]
    item = items[0] if len(items) == 1 else None
    if not isinstance(item, Mapping) or not isinstance(item.get("type"), str):
        return reference
    names, kinds = _name_of(template, item).split("/"), item["type"].split("/")
    pairs = (part for pair in zip(kinds[1:], names, strict=False) for part in pair)
    return (template.group + "/".join(["/providers", kinds[0], *pairs])).lower() if all(names) else reference


def outputs(template: Template, identifier: str) -> Optional[dict[str, Any]]:
    """What a deployment of this template puts out, by its id; None for what is no such deployment, or not sure."""
    _, kind, name = identifier.lower().rpartition(f"/{_DEPLOYMENT}/")
    items = [item for item in _items(template) if kind and _is_deployment(item) and _name_of(template, item) == name]
    inner = template_in(template, items[0]) if len(items) == 1 and "copy" not in items[0] else None
    if inner is None:
        return None
    made = inner_of(template, items[0], group_of(template, items[0], template.group))
    if id(inner) not in made.scope.outputs:
        made.scope.outputs[id(inner)] = {}  # what leads back to itself
        declared = inner.get("outputs")
        pairs = declared.items() if isinstance(declared, Mapping) else ()
        made.scope.outputs[id(inner)] = {str(key): {"value": _output(made, output)} for key, output in pairs}
    return made.scope.outputs[id(inner)]


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
