"""The resources in Azure's JSON: an answer of ARM, what `az … show` and `list` print, or a template.

A template's loops are made, its deployments entered and its conditions asked
(https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax, 2026-11-26).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Iterator, Optional

from ._arm import TYPES, Notes, Resource, objects, shortened
from ._expressions import DEEPEST, Unknown, shape_of
from ._keys import ENVELOPE, folded
from ._modules import group_of, inner_of, template_in, value_of
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
_GATES = ("firewall-policy", "rule-collection-group", "firewall", "nsg", "route-table")
"""What is said to be off."""
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
    if isinstance(items, list) and items and all(map(_is_collection, items)):  # all those of one group
        yield Resource("rule-collection-group", "", "", {"priority": 100, "ruleCollections": items}, name, listed=True)
        return
    for item in items if isinstance(items, list) else [items]:
        if isinstance(item, Mapping):
            yield from (replace(resource, listed=isinstance(items, list)) for resource in _plain(item, name))


def _is_collection(item: Any) -> bool:
    return isinstance(item, Mapping) and {"ruleCollectionType", "rules"} <= item.keys()


def parameters_of(document: Any) -> dict[str, Any]:
    """The values of a deployment parameter file; empty for any other document."""
    if not isinstance(document, Mapping) or "resources" in document:
        return {}
    parameters = document.get("parameters")
    schema = str(document.get("$schema", "")).lower()
    if not isinstance(parameters, Mapping) or "deploymentparameters.json" not in schema:
        return {}
    return {str(key).lower(): value_of(str(key), value) for key, value in parameters.items()}


def declared_by(document: Any) -> set[str]:
    """The lower-case names of the parameters that a template declares; empty for any other document."""
    parameters = document.get("parameters") if isinstance(document, Mapping) and "resources" in document else None
    return {str(key).lower() for key in parameters} if isinstance(parameters, Mapping) else set()


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
    group: str = ""

    def elsewhere(self, what: str, why: str = "is elsewhere") -> Resource:
        """A part that is not known, and why."""
        return Resource("elsewhere", what, "", {}, self.document, why=why)

    def doubtful(self, kind: str, name: str, why: str) -> Resource:
        """A gate that may be there, or of which nothing is told but that."""
        what = f"{kind} {shortened(name)}".strip()
        return Resource("elsewhere", what, "", {"name": name}, self.document, why=why, gate=kind, scope=self.group)


def _of_items(place: _Place, items: Any) -> Iterator[Resource]:
    for item in items.values() if isinstance(items, Mapping) else items if isinstance(items, list) else ():
        if place.depth > DEEPEST:
            yield place.elsewhere("a resource", "is nested too deeply")
        elif isinstance(item, Mapping):
            yield from _in_turns(place, item)
        elif not place.kind:
            yield place.elsewhere("a resource")


def _in_turns(place: _Place, item: Mapping[str, Any]) -> Iterator[Resource]:
    """A resource, or what its loop makes of it; where the count is not known, each is in doubt."""
    loop = item.get("copy")
    if loop is None:
        yield from _asked(place, item, None)
        return
    defaults = place.template.scope.defaults
    defaults.clear()
    count = place.template.value(loop.get("count")) if isinstance(loop, Mapping) else Unknown("a loop")
    by_default = [*defaults]
    turns = place.template.each({**loop, "count": count}, lambda: list(_asked(place, item, None)), True) \
        if isinstance(loop, Mapping) else count  # fmt: skip
    if isinstance(turns, Unknown):
        yield from _asked(place, item, turns)
    elif turns:
        yield from (resource for turn in turns for resource in turn)
    else:
        yield from _off(place, list(_asked(place, item, None)), "has no turn", by_default)


def _asked(place: _Place, item: Mapping[str, Any], count: Optional[Unknown]) -> Iterator[Resource]:
    """A resource by its condition: without doubt, in doubt, or off."""
    defaults = place.template.scope.defaults
    defaults.clear()
    condition = place.template.value(item["condition"]) if "condition" in item else True
    by_default = [*defaults]
    doubt = count or (condition if isinstance(condition, Unknown) else None)
    if doubt is None and not (condition is None or isinstance(condition, bool)):
        doubt = Unknown("its condition")
    made = list(_of_template(place, item, doubt))
    yield from made if condition is not False else _off(place, made, "is off", by_default)
    yield from _children(
        place, item
    )  # a condition is no child's (…/templates/conditional-resource-deployment, 2026-11-26)


def _off(place: _Place, made: list[Resource], how: str, by_default: list[str]) -> Iterator[Resource]:
    """What would be there without a condition or a loop that takes it away."""
    names = " and ".join(f"'{name[:60]}'" for name in by_default[:3])
    why = f"{how} by the default of {names} (give the parameter file)" if names else f"{how} by its condition"
    for gate in made:
        if gate.kind == "off":
            yield gate
        elif gate.kind in _GATES:
            yield Resource(
                "off", f"{gate.kind} {gate.label}", "", {}, place.document, why=why, defaults=tuple(by_default)
            )


def _of_template(place: _Place, item: Mapping[str, Any], doubt: Optional[Unknown]) -> Iterator[Resource]:
    """A resource of a template and those that are nested in it."""
    if not isinstance(item.get("type"), str) or item["type"].startswith("["):
        yield place.elsewhere("a resource whose type is not known")
        return
    kind_text, name = _kind_of(place, item), _name_of(place, item)
    kind = TYPES.get(kind_text)
    deployment = kind_text == "microsoft.resources/deployments"
    made = item.get("existing") is not True
    if deployment and made:
        yield from _of_deployment(place, item, doubt)
    if kind is not None and made:
        yield from _worked_out(place, item, kind, name, doubt)
    odd = _odd(item, bool(kind) or deployment)
    odd = f"'{odd}'" if odd else f"a resource {kind_text}" if _is_unknown_part(kind_text) else ""
    if odd:
        yield place.elsewhere(f"{odd} of {name or kind_text}", "is not understood")


def _children(place: _Place, item: Mapping[str, Any]) -> Iterator[Resource]:
    """The resources that are nested in one, which are made by their own conditions."""
    nested = item.get("resources")
    if isinstance(nested, (list, Mapping)) and nested and isinstance(item.get("type"), str):
        inner = replace(place, parent=_name_of(place, item), kind=_kind_of(place, item), depth=place.depth + 1)
        yield from _of_items(inner, nested)


def _name_of(place: _Place, item: Mapping[str, Any]) -> str:
    name = shape_of(place.template.value(item.get("name", "")))
    return f"{place.parent}/{name}" if place.parent else name


def _kind_of(place: _Place, item: Mapping[str, Any]) -> str:
    kind = str(item["type"]).lower()
    return f"{place.kind}/{kind}" if place.kind and not kind.startswith("microsoft.") else kind


_PARTS = re.compile(
    r"microsoft\.network/(?:firewallpolicies|networksecuritygroups|routetables|azurefirewalls)/([a-z]+)"
)
_DECIDING_NOTHING = ("providers", "signatureoverrides", "rulecollectiongroupdrafts", "firewallpolicydrafts")


def _is_unknown_part(kind: str) -> bool:
    """Whether a resource is a part of a gate that is not known here, as rule groups of older API versions are."""
    match = _PARTS.match(kind)
    return bool(match) and kind not in TYPES and match[1] not in _DECIDING_NOTHING if match else False


def _odd(item: Mapping[str, Any], decides: bool) -> str:
    """The part of a resource that is not understood: resources of another kind, or a name where it decides."""
    if not isinstance(item.get("resources"), (list, Mapping, type(None))):
        return "resources"
    return next((str(key)[:60] for key in item if decides and key not in ENVELOPE and item[key]), "")


def _worked_out(
    place: _Place, item: Mapping[str, Any], kind: str, name: str, doubt: Optional[Unknown]
) -> Iterator[Resource]:
    """A resource with its properties; one that is not known, or may not exist, is elsewhere unless it is a rule."""
    defaults = place.template.scope.defaults
    defaults.clear()
    body = folded(place.template.value(item.get("properties", item)), place.document)
    by_default = tuple(defaults)
    unknown = body if isinstance(body, Unknown) else doubt
    if doubt and kind == "ip-group":
        return  # rules that name it are in doubt
    if kind == "virtual-network" and not isinstance(body, Mapping):
        body = {"subnets": [body]}
    if not isinstance(body, Mapping) or (doubt and kind not in (*_SINGLE, *_HARMLESS)):
        why = f"depends on {unknown.on}" if unknown else "is elsewhere"
        yield place.doubtful(kind, name, why)
        return
    whole = Resource(kind, name, "", body, place.document, doubt, scope=place.group, made=True, defaults=by_default)
    yield whole
    if kind == "virtual-network":
        yield from _subnets(whole)


def _subnets(network: Resource) -> Iterator[Resource]:
    """The subnets of a network; one of which nothing is told may have any gate."""
    listed = network.body.get("subnets")
    for subnet in listed if isinstance(listed, list) else [listed] if listed is not None else []:
        inner = subnet.get("properties", subnet) if isinstance(subnet, Mapping) else subnet
        name = f"{network.name}/{shape_of(subnet.get('name')) if isinstance(subnet, Mapping) else '(not known)'}"
        whole = inner if isinstance(inner, Mapping) else {"networkSecurityGroup": inner, "routeTable": inner}
        yield replace(network, kind="subnet", name=name, body=whole)


def _of_deployment(place: _Place, item: Mapping[str, Any], doubt: Optional[Unknown]) -> Iterator[Resource]:
    """A deployment within a template: what stands in it, if it stands here; one without a gate decides nothing."""
    label = f"the deployment {shortened(shape_of(place.template.value(item.get('name', ''))))}".strip()
    inner = template_in(place.template, item)
    if inner is None:
        yield place.elsewhere(label)
        return
    if place.depth >= DEEPEST:
        yield place.elsewhere(label, "is nested too deeply")
        return
    group = group_of(place.template, item, place.group)
    within = _Place(inner_of(place.template, item, group), place.document, depth=place.depth + 1, group=group)
    members = list(_of_items(within, inner["resources"]))
    for member in members:
        if doubt is None or member.kind in ("off", *_HARMLESS):
            yield member
        elif member.kind in _SINGLE:
            yield replace(member, conditional=member.conditional or doubt)
        elif member.kind in TYPES.values() and member.kind != "ip-group":  # rules that name one are in doubt
            yield within.doubtful(member.kind, member.name, f"depends on {doubt.on}")
        elif member.kind == "elsewhere":
            yield replace(member, why=f"depends on {doubt.on}")


_HARMLESS = ("virtual-network", "subnet")
"""What decides nothing by itself."""
