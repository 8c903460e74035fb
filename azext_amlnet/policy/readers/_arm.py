"""Azure resources in whatever JSON they come: an answer of ARM, what `az … show` and `list` print, or a template.

What of a template only a deployment would tell stays `Unknown`, and so visible.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Iterable, Iterator, Optional

from ...errors import UsageError
from ._keys import ENVELOPE
from ._template import DEEPEST, Template
from ._template import Unknown as Unknown

TYPES = {
    "microsoft.network/firewallpolicies": "firewall-policy",
    "microsoft.network/firewallpolicies/rulecollectiongroups": "rule-collection-group",
    "microsoft.network/azurefirewalls": "firewall",
    "microsoft.network/ipgroups": "ip-group",
    "microsoft.network/networksecuritygroups": "nsg",
    "microsoft.network/networksecuritygroups/securityrules": "security-rule",
    "microsoft.network/routetables": "route-table",
    "microsoft.network/routetables/routes": "route",
    "microsoft.network/virtualnetworks": "virtual-network",
    "microsoft.network/virtualnetworks/subnets": "subnet",
}
# What a resource without a type is known by: what the Azure CLI prints leaves the type out at times.
_BY_KEY = (
    ("ruleCollections", "rule-collection-group"),
    ("ruleCollectionGroups", "firewall-policy"),
    ("securityRules", "nsg"),
    ("routes", "route-table"),
    ("ipAddresses", "ip-group"),
    ("applicationRuleCollections", "firewall"),
)


@dataclass(frozen=True)
class Resource:
    """One Azure resource: its kind, its name (`parent/child` for a child), its id in lower case, its properties.

    `listed`: it comes from a whole list, as az and ARM print all children of one kind.
    """

    kind: str
    name: str
    id: str
    body: Mapping[str, Any]
    document: str
    conditional: Optional[Unknown] = None
    listed: bool = False

    @property
    def label(self) -> str:
        """How it is called in findings."""
        return self.name or self.document


@dataclass
class Pool:
    """All resources of all documents, and what Azure refused to show, by lower-case id."""

    resources: list[Resource] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    by_reference: dict[tuple[str, str], Optional[Resource]] = field(default_factory=dict)
    read: dict[str, Any] = field(default_factory=dict)

    def add(self, resource: Resource) -> None:
        """One resource more; raises UsageError for one that two documents describe differently."""
        for known in self.of(resource.kind) if resource.id or "/" in resource.name.strip("/") else ():
            if (known.id, known.name) != (resource.id, resource.name):
                continue
            if known.body == resource.body:
                return
            what = f"{known.document} and {resource.document} describe {resource.name} differently."
            raise UsageError(what, "The later one would replace the other: give one of them, or another name to one.")
        self.resources.append(resource)

    def of(self, *kinds: str) -> list[Resource]:
        """The resources of these kinds, in the order of the documents."""
        return [resource for resource in self.resources if resource.kind in kinds]

    def find(self, kind: str, reference: str) -> Optional[Resource]:
        """The one resource of a kind that an id names; None where there is none, or more than one could be."""
        if (kind, reference) not in self.by_reference:
            matching = [resource for resource in self.of(kind) if is_it(resource, reference)]
            self.by_reference[kind, reference] = matching[0] if len(matching) == 1 else None
        return self.by_reference[kind, reference]


def resources(document: Any, name: str, parameters: Mapping[str, Any]) -> Iterator[Resource]:
    """The resources that a JSON document holds; `parameters` are those of deployment parameter files."""
    if isinstance(document, Mapping) and isinstance(document.get("resources"), (list, Mapping)):
        yield from _of_whole_template(document, parameters, name, 0)
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
        yield Resource(
            "elsewhere",
            f"the properties of {str(item.get('name') or identifier or 'a resource')[:80]}",
            "",
            {},
            document,
        )
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


def _of_whole_template(
    document: Mapping[str, Any], parameters: Mapping[str, Any], name: str, depth: int
) -> Iterator[Resource]:
    yield from _of_items(Template(document, parameters), document["resources"], name, depth)


def _of_items(template: Template, items: Any, document: str, depth: int) -> Iterator[Resource]:
    for item in items.values() if isinstance(items, Mapping) else items:
        if isinstance(item, Mapping):
            yield from _of_template(template, item, document, "", depth)
        else:
            yield Resource("elsewhere", "a resource", "", {}, document)


def _of_deployment(template: Template, item: Mapping[str, Any], document: str, depth: int) -> Iterator[Resource]:
    """A deployment within a template: what stands in it, if it stands here; one without a gate decides nothing."""
    body = _body(item) or {}
    inner, name = body.get("template"), template.value(item.get("name", ""))
    options = body.get("expressionEvaluationOptions")
    within = isinstance(options, Mapping) and word(options.get("scope")) == "inner"
    condition = Unknown("copy") if "copy" in item else template.value(item.get("condition", True))
    label = f"the deployment {name if isinstance(name, str) else ''}".strip()
    if not (isinstance(inner, Mapping) and isinstance(inner.get("resources"), (list, Mapping)) and depth < DEEPEST):
        yield Resource("elsewhere", label, "", {}, document)
        return
    if within:
        parameters = template.value(body.get("parameters") or {})
        pairs = parameters.items() if isinstance(parameters, Mapping) else ()
        values = {str(key).lower(): _value_of(str(key), value) for key, value in pairs}
        members = list(_of_whole_template(inner, values, document, depth + 1))
    else:  # expressions mean the outer template's parameters and variables
        members = list(_of_items(template, inner["resources"], document, depth + 1))
    if condition is True or not members:
        yield from members
    else:
        on = f", which depends on {condition.text}," if isinstance(condition, Unknown) else ""
        yield Resource("elsewhere", f"{label}{on}".rstrip(","), "", {}, document)


def _of_template(
    template: Template, item: Any, document: str, parent: str, depth: int, kind_of_parent: str = ""
) -> Iterator[Resource]:
    """A resource of a template and those that are nested in it."""
    if not isinstance(item, Mapping) or depth > DEEPEST:
        return
    if not isinstance(item.get("type"), str) or item["type"].startswith("["):
        yield Resource("elsewhere", "a resource whose type is not told", "", {}, document)
        return
    kind_text = item["type"].lower()
    if kind_of_parent and "/" not in kind_text.partition(".")[0]:
        kind_text = kind_text if kind_text.startswith("microsoft.") else f"{kind_of_parent}/{kind_text}"
    kind = TYPES.get(kind_text)
    condition = template.value(item["condition"]) if "condition" in item else True
    name = template.value(item.get("name", ""))
    name = name if isinstance(name, str) else _last_literal(item.get("name"))
    name = f"{parent}/{name}" if parent else name
    if condition is False or item.get("existing") is True:
        return
    if kind_text == "microsoft.resources/deployments":
        yield from _of_deployment(template, item, document, depth)
    if kind is not None:
        yield _worked_out(template, item, kind, name, document, condition)
    nested = item.get("resources")
    odd = _odd(item, bool(kind) or kind_text == "microsoft.resources/deployments")
    if odd:
        yield Resource("elsewhere", f"'{odd}' of {name or kind_text}, which is not understood", "", {}, document)
    children = nested.values() if isinstance(nested, Mapping) else nested if isinstance(nested, list) else ()
    for child in children:
        yield from _of_template(template, child, document, name, depth + 1, kind_text)


def _odd(item: Mapping[str, Any], decides: bool) -> str:
    """The part of a resource that is not understood: resources of another kind, or a name where it decides."""
    if not isinstance(item.get("resources"), (list, Mapping, type(None))):
        return "resources"
    return next((str(key)[:60] for key in item if decides and key not in ENVELOPE and item[key]), "")


def _worked_out(
    template: Template, item: Mapping[str, Any], kind: str, name: str, document: str, condition: Any
) -> Resource:
    """A resource with its properties; one that cannot be told, or may not exist, is elsewhere unless it is a rule."""
    body = template.value(item.get("properties", item))
    conditional = Unknown("copy") if "copy" in item else condition if isinstance(condition, Unknown) else None
    if condition not in (True, None) and conditional is None:
        conditional = Unknown("condition")
    single = kind in ("rule-collection-group", "security-rule", "route")
    if not isinstance(body, Mapping) or (conditional and not single):
        return Resource("elsewhere", f"{kind} {name}".strip(), "", {}, document)
    return Resource(kind, name, "", body, document, conditional)


def _last_literal(name: Any) -> str:
    """The end of a name that a deployment would begin: `[concat(parameters('x'), '/rule')]` → `/rule`."""
    match = re.search(r"'(/[^']+)'\)\]\Z", name) if isinstance(name, str) else None
    return match[1] if match else ""


# ---------------------------------------------------------------------------------------------------------------------
# Values of resources, read without trust in their shape


class Notes:
    """What could not be understood while one thing is read: reasons, to be taken along in its conditions."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def add(self, reason: str) -> None:
        """One reason more."""
        self.reasons.append(reason)

    def __str__(self) -> str:
        return "; ".join(dict.fromkeys(self.reasons))


def texts(body: Mapping[str, Any], notes: Notes, *keys: str) -> list[str]:
    """The texts at the keys, each a list where its name is a plural, else a single text; what is neither is noted."""
    strings: list[str] = []
    for key in keys:
        value = body.get(key)
        if value is None or value == "":
            continue
        if isinstance(value, str) and key.endswith("s") and not key.endswith("Address"):
            notes.add(f"{key} is no list, but '{value[:60]}'")
            continue
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                strings.append(item.strip())
            elif isinstance(item, Unknown):
                notes.add(f"{key} is {item.text}, which only a deployment tells")
            else:
                notes.add(f"{key} holds something that is no text")
    return strings


def parameter_of(value: Any) -> str:
    """The parameter of a template that a value, or an item of a list, is and that has no value here; else empty."""
    texts_of = (item.text for item in (value if isinstance(value, list) else [value]) if isinstance(item, Unknown))
    matches = (re.fullmatch(r"\[?parameters\('([^']{1,80})'\)\]?", text, re.IGNORECASE) for text in texts_of)
    return next((match[1] for match in matches if match), "")


def of_parameter(name: str) -> str:
    """What is taken for granted of a source that is a parameter without a value."""
    return (
        f"The parameter '{name}' has no value here and stands for the addresses that the cluster's traffic comes from. "
        "Give the parameter file as --policy, too."
    )


def ids(body: Mapping[str, Any], notes: Notes, *keys: str) -> list[str]:
    """The lower-case ids at the keys, each an id, an object with one, or a list of these."""
    identifiers: list[str] = []
    for key in keys:
        value = body.get(key)
        for item in value if isinstance(value, list) else [value]:
            identifier = item.get("id") if isinstance(item, Mapping) else item
            if isinstance(identifier, str) and identifier:
                identifiers.append(identifier.rstrip("/").lower())
            elif identifier is not None or isinstance(item, Mapping):
                notes.add(f"{key} holds something that is no id")
    return identifiers


def number(value: Any) -> Optional[int]:
    """The value where it is a whole number of up to nine digits, or a text of one; None for anything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**9:
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value) else None


def needed(body: Mapping[str, Any], key: str, notes: Notes, what: str) -> list[Mapping[str, Any]]:
    """The objects of a list that an engine whose default is to allow must not lack: without it nothing is told."""
    if not isinstance(body.get(key), list):
        notes.add(f"{what}, which are not among what was given")
        return []
    return objects(body[key], notes, what)


def objects(value: Any, notes: Notes, what: str) -> list[Mapping[str, Any]]:
    """The objects of a list; what is no list, and what in it is no object, is noted."""
    if value is None:
        return []
    if not isinstance(value, list):
        notes.add(f"{what} could not be read")
        return []
    mappings = [item for item in value if isinstance(item, Mapping)]
    if len(mappings) < len(value):
        notes.add(f"a part of {what} could not be read")
    return mappings


def in_order(items: Iterable[tuple[Any, Any, str, Any]], notes: Notes) -> list[Any]:
    """Items by their priority: each with its priority, its name and what it does.

    A priority that cannot be read, and one that two items share which do different things, are noted: no document says
    which of them comes first.
    """
    entries = list(items)
    known: dict[int, list[tuple[str, Any]]] = {}
    for _, priority, name, does in entries:
        place = number(priority)
        if place is None:
            notes.add(f"the priority of {name} could not be read")
        else:
            known.setdefault(place, []).append((name, does))
    for sharing in known.values():
        if any(does != sharing[0][1] for _, does in sharing):
            names = " and ".join(name for name, _ in sharing[:3])
            notes.add(f"{names} have one priority and do different things")
    return [item for item, *_ in sorted(entries, key=lambda entry: number(entry[1]) or 0)]


def is_it(resource: Resource, reference: str) -> bool:
    """Whether a resource is the one that an id names; by its name where one of the two has no whole id."""
    if resource.id and reference.startswith("/subscriptions/"):
        return resource.id == reference
    name = resource.name.rpartition("/")[2].lower()
    return bool(name) and name == reference.rpartition("/")[2]


def word(value: Any) -> str:
    """A text in lower case, empty for anything else."""
    return value.strip().lower() if isinstance(value, str) else ""


def ports(values: Iterable[str], notes: Notes) -> list[tuple[int, int]]:
    """Ranges of ports: `443`, `8000-8999`, `*`."""
    ranges = []
    for value in values:
        match = re.fullmatch(r"([0-9]{1,5})(?:\s*-\s*([0-9]{1,5}))?", value)
        if value == "*":
            ranges.append((0, 65535))
        elif match and int(match[1]) <= int(match[2] or match[1]) <= 65535:
            ranges.append((int(match[1]), int(match[2] or match[1])))
        else:
            notes.add(f"'{value[:60]}' is no port")
    return ranges
