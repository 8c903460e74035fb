"""The resources in Azure's JSON: an answer of ARM, what `az … show` and `list` print, or a template.

A template's loops are made, its deployments entered and its conditions asked
(https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax, 2026-11-26).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Iterator, Optional

from ._arm import TYPES, Notes, Resource, objects, word
from ._expressions import DEEPEST, Unknown, shape_of
from ._keys import ENVELOPE
from ._template import Evaluation, Template

# What a resource without a type is known by: what the Azure CLI prints leaves the type out at times.
_BY_KEY = (
    ("ruleCollections", "rule-collection-group"),
    ("ruleCollectionGroups", "firewall-policy"),
    ("securityRules", "nsg"),
    ("routes", "route-table"),
    ("ipAddresses", "ip-group"),
    ("applicationRuleCollections", "firewall"),
)
_SINGLE = ("rule-collection-group", "security-rule", "route")
"""What may be in doubt by itself: its rules hold perhaps."""


def resources(
    document: Any, name: str, parameters: Mapping[str, Any], environment: Optional[Mapping[str, Any]] = None
) -> Iterator[Resource]:
    """The resources that a JSON document holds.

    `parameters` are those of deployment parameter files, `environment` is what `environment()` tells in the cloud.
    """
    if isinstance(document, Mapping) and isinstance(document.get("resources"), (list, Mapping)):
        template = Template(document, parameters, Evaluation(environment))
        yield from _of_items(_Place(template, name), document["resources"])
        return
    paged = isinstance(document, Mapping) and "value" in document
    if paged and document.get("nextLink"):
        yield Resource("elsewhere", "the next page", "", {}, name)
    items = document["value"] if paged else document
    for item in items if isinstance(items, list) else [items]:
        if isinstance(item, Mapping):
            yield from (replace(resource, listed=isinstance(items, list)) for resource in _plain(item, name))


def parameters_of(document: Any) -> dict[str, Any]:
    """The values of a deployment parameter file; empty for any other document."""
    if not isinstance(document, Mapping) or "resources" in document:
        return {}
    parameters = document.get("parameters")
    schema = str(document.get("$schema", "")).lower()
    if not isinstance(parameters, Mapping) or "deploymentparameters.json" not in schema:
        return {}
    return {str(key).lower(): _value_of(str(key), value) for key, value in parameters.items()}


def _value_of(key: str, entry: Any) -> Any:
    """The value that a parameter file gives; one that it only refers to is not known."""
    return entry["value"] if isinstance(entry, Mapping) and "value" in entry else Unknown(key)


def _plain(item: Mapping[str, Any], document: str, parent: str = "") -> Iterator[Resource]:
    body = _body(item)
    identifier = str(item.get("id") or "").rstrip("/").lower()
    if body is None:
        what = f"the properties of {str(item.get('name') or identifier or 'a resource')[:80]}"
        yield Resource("elsewhere", what, "", {}, document)
        return
    kind = TYPES.get(_type(item.get("type"), identifier)) or next(
        (kind for key, kind in _BY_KEY if isinstance(body.get(key), list)), None
    )
    if kind is None:
        return
    yield Resource(kind, str(item.get("name") or identifier.rpartition("/")[2]), identifier, body, document)
    for subnet in objects(body.get("subnets"), Notes(), "subnets") if kind == "virtual-network" else ():
        yield from _plain({"type": "Microsoft.Network/virtualNetworks/subnets", **subnet}, document)


def _body(item: Mapping[str, Any]) -> Optional[Mapping[str, Any]]:
    """The properties of a resource, or the resource itself as az prints it; None where they are no object."""
    if "properties" not in item:
        return item
    properties = item["properties"]
    return properties if isinstance(properties, Mapping) else None


def _type(type_name: Any, identifier: str) -> str:
    if isinstance(type_name, str) and type_name:
        return type_name.lower()
    parts = identifier.rpartition("/providers/")[2].split("/")
    return "/".join([parts[0], *parts[1::2]]) if len(parts) > 2 else ""


# ---------------------------------------------------------------------------------------------------------------------
# Templates


@dataclass(frozen=True)
class _Place:
    """Where resources of a template stand: in which document, within which resource, how deep."""

    template: Template
    document: str
    parent: str = ""
    kind: str = ""
    depth: int = 0

    def elsewhere(self, what: str, why: str = "is elsewhere") -> Resource:
        """A part that is not told, and why."""
        return Resource("elsewhere", what, "", {}, self.document, why=why)


def _of_items(place: _Place, items: Any) -> Iterator[Resource]:
    for item in items.values() if isinstance(items, Mapping) else items if isinstance(items, list) else ():
        if place.depth > DEEPEST:
            return
        if isinstance(item, Mapping):
            yield from _in_turns(place, item)
        elif not place.kind:
            yield place.elsewhere("a resource")


def _in_turns(place: _Place, item: Mapping[str, Any]) -> Iterator[Resource]:
    """A resource, or what its loop makes of it; where the count is not told, each is in doubt."""
    loop = item.get("copy")
    if loop is None:
        yield from _asked(place, item, None)
        return
    turns = place.template.each(loop, lambda: list(_asked(place, item, None))) if isinstance(loop, Mapping) else \
        Unknown("a loop")  # fmt: skip
    if isinstance(turns, Unknown):
        yield from _asked(place, item, turns)
    else:
        yield from (resource for turn in turns for resource in turn)


def _asked(place: _Place, item: Mapping[str, Any], count: Optional[Unknown]) -> Iterator[Resource]:
    """A resource by its condition: without doubt, in doubt, or off."""
    defaults = place.template.scope.defaults
    defaults.clear()
    condition = place.template.value(item["condition"]) if "condition" in item else True
    by_default = [*defaults]
    if item.get("existing") is True:
        return
    doubt = count or (condition if isinstance(condition, Unknown) else None)
    if doubt is None and not (condition is None or isinstance(condition, bool)):
        doubt = Unknown("its condition")
    made = list(_of_template(place, item, doubt))
    if condition is not False:
        yield from made
        return
    names = " and ".join(f"'{name[:60]}'" for name in by_default[:3])
    why = f"is off by the default of {names} (give the parameter file)" if names else "is off by its condition"
    gates = (resource for resource in made if resource.kind not in ("elsewhere", "off"))
    yield from (Resource("off", f"{gate.kind} {gate.name}", "", {}, place.document, why=why) for gate in gates)


def _of_template(place: _Place, item: Mapping[str, Any], doubt: Optional[Unknown]) -> Iterator[Resource]:
    """A resource of a template and those that are nested in it."""
    if not isinstance(item.get("type"), str) or item["type"].startswith("["):
        yield place.elsewhere("a resource whose type is not told")
        return
    kind_text = item["type"].lower()
    if place.kind and not kind_text.startswith("microsoft."):
        kind_text = f"{place.kind}/{kind_text}"
    kind = TYPES.get(kind_text)
    deployment = kind_text == "microsoft.resources/deployments"
    name = shape_of(place.template.value(item.get("name", "")))
    name = f"{place.parent}/{name}" if place.parent else name
    if deployment:
        yield from _of_deployment(place, item, doubt)
    if kind is not None:
        yield from _worked_out(place, item, kind, name, doubt)
    odd = _odd(item, bool(kind) or deployment)
    if odd:
        yield place.elsewhere(f"'{odd}' of {name or kind_text}", "is not understood")
    yield from _of_items(replace(place, parent=name, kind=kind_text, depth=place.depth + 1),
                         item.get("resources"))  # fmt: skip


def _odd(item: Mapping[str, Any], decides: bool) -> str:
    """The part of a resource that is not understood: resources of another kind, or a name where it decides."""
    if not isinstance(item.get("resources"), (list, Mapping, type(None))):
        return "resources"
    return next((str(key)[:60] for key in item if decides and key not in ENVELOPE and item[key]), "")


def _worked_out(
    place: _Place, item: Mapping[str, Any], kind: str, name: str, doubt: Optional[Unknown]
) -> Iterator[Resource]:
    """A resource with its properties; one that cannot be told, or may not exist, is elsewhere unless it is a rule."""
    body = place.template.value(item.get("properties", item))
    unknown = body if isinstance(body, Unknown) else doubt
    if not isinstance(body, Mapping) or (doubt and kind not in _SINGLE):
        why = f"depends on {unknown.on}" if unknown else "is elsewhere"
        yield place.elsewhere(f"{kind} {name}".strip(), why)
        return
    yield Resource(kind, name, "", body, place.document, doubt)
    for subnet in objects(body.get("subnets"), Notes(), "") if kind == "virtual-network" else ():
        inner = subnet.get("properties", subnet)
        if isinstance(inner, Mapping):
            yield Resource("subnet", f"{name}/{shape_of(subnet.get('name'))}", "", inner, place.document)


def _of_deployment(place: _Place, item: Mapping[str, Any], doubt: Optional[Unknown]) -> Iterator[Resource]:
    """A deployment within a template: what stands in it, if it stands here; one without a gate decides nothing."""
    body = _body(item) or {}
    inner, name = body.get("template"), shape_of(place.template.value(item.get("name", "")))
    label = f"the deployment {name}".strip()
    if not (isinstance(inner, Mapping) and isinstance(inner.get("resources"), (list, Mapping))):
        yield place.elsewhere(label)
        return
    if place.depth >= DEEPEST:
        yield place.elsewhere(label, "is nested too deeply")
        return
    template = _inner(place.template, body, inner)
    members = list(_of_items(_Place(template, place.document, depth=place.depth + 1), inner["resources"]))
    for member in members:
        if doubt is None or member.kind == "off":
            yield member
        elif member.kind in _SINGLE:
            yield replace(member, conditional=member.conditional or doubt)
    whole = [member for member in members if doubt and member.kind not in (*_SINGLE, "off", *_HARMLESS)]
    if whole and doubt:
        yield place.elsewhere(label, f"depends on {doubt.on}")


_HARMLESS = ("virtual-network", "subnet")
"""What decides nothing by itself."""


def _inner(outer: Template, body: Mapping[str, Any], inner: Mapping[str, Any]) -> Template:
    """The template of a deployment; without a scope of its own its expressions mean the outer one's."""
    options = body.get("expressionEvaluationOptions")
    if not (isinstance(options, Mapping) and word(options.get("scope")) == "inner"):
        return outer
    values, defaults = {}, {}
    entries = body.get("parameters")
    for key, entry in entries.items() if isinstance(entries, Mapping) else ():
        outer.scope.defaults.clear()
        values[str(key).lower()] = _value_of(str(key), outer.value(entry))
        defaults[str(key).lower()] = tuple(outer.scope.defaults)
    return Template(inner, values, outer.scope, defaults)
