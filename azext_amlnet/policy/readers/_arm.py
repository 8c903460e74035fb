"""Azure resources in whatever JSON they come: an answer of ARM, what `az … show` and `list` print, or a template.

What of a template only a deployment would tell stays `Unknown`, and so visible.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Iterable, Iterator, Mapping, Optional

from ...errors import UsageError
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
    """One Azure resource: its kind, its name (`parent/child` for a child), its id in lower case, its properties."""

    kind: str
    name: str
    id: str
    body: Mapping[str, Any]
    document: str
    conditional: Optional[Unknown] = None

    @property
    def label(self) -> str:
        """How it is called in findings."""
        return self.name or self.document


@dataclass
class Pool:
    """All resources of all documents, and what Azure refused to show, by lower-case id."""

    resources: list[Resource] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

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

    def by_id(self, kind: str) -> dict[str, Resource]:
        """The resources of a kind by their lower-case id."""
        return {resource.id: resource for resource in self.of(kind) if resource.id}


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
            yield from _plain(item, name)


def parameters_of(document: Any) -> dict[str, Any]:
    """The values of a deployment parameter file; empty for any other document."""
    if not isinstance(document, Mapping) or "resources" in document:
        return {}
    given = document.get("parameters")
    schema = str(document.get("$schema", "")).lower()
    if not isinstance(given, Mapping) or "deploymentparameters.json" not in schema:
        return {}
    return {key.lower(): value["value"] for key, value in given.items()
            if isinstance(value, Mapping) and "value" in value}  # fmt: skip


def _plain(item: Mapping[str, Any], document: str, parent: str = "") -> Iterator[Resource]:
    body = _body(item)
    identifier = str(item.get("id") or "").rstrip("/").lower()
    kind = TYPES.get(_type(item.get("type"), identifier)) or next(
        (kind for key, kind in _BY_KEY if isinstance(body.get(key), list)), None
    )
    if kind is None:
        return
    yield Resource(kind, str(item.get("name") or identifier.rpartition("/")[2]), identifier, body, document)
    for subnet in body.get("subnets") or () if kind == "virtual-network" else ():
        if isinstance(subnet, Mapping):
            yield from _plain({"type": "Microsoft.Network/virtualNetworks/subnets", **subnet}, document)


def _body(item: Mapping[str, Any]) -> Mapping[str, Any]:
    given = item.get("properties")
    return given if isinstance(given, Mapping) else item


def _type(given: Any, identifier: str) -> str:
    if isinstance(given, str) and given:
        return given.lower()
    parts = identifier.rpartition("/providers/")[2].split("/")
    return "/".join([parts[0], *parts[1::2]]) if len(parts) > 2 else ""


def _of_whole_template(
    document: Mapping[str, Any], parameters: Mapping[str, Any], name: str, depth: int
) -> Iterator[Resource]:
    template = Template(document, parameters)
    items = document["resources"]
    for item in items.values() if isinstance(items, Mapping) else items:
        yield from _of_template(template, item, name, "", depth)


def _of_deployment(template: Template, item: Mapping[str, Any], document: str, depth: int) -> Iterator[Resource]:
    """A deployment within a template: what stands in it, if it stands here."""
    body = _body(item)
    inner, name = body.get("template"), template.value(item.get("name", ""))
    if isinstance(inner, Mapping) and isinstance(inner.get("resources"), (list, Mapping)) and depth < DEEPEST:
        given = template.value(body.get("parameters") or {})
        pairs = given.items() if isinstance(given, Mapping) else ()
        told = {key.lower(): value.get("value") for key, value in pairs if isinstance(value, Mapping)}
        yield from _of_whole_template(inner, {**template.given, **told}, document, depth + 1)
    else:
        yield Resource("elsewhere", f"the deployment {name if isinstance(name, str) else ''}".strip(), "", {}, document)


def _of_template(
    template: Template, item: Any, document: str, parent: str, depth: int, kind_of_parent: str = ""
) -> Iterator[Resource]:
    """A resource of a template and those that are nested in it."""
    if not isinstance(item, Mapping) or depth > DEEPEST:
        return
    kind_text = str(item.get("type", "")).lower()
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
        body = template.value(_body(item))
        conditional = condition if isinstance(condition, Unknown) else None
        if "copy" in item:
            conditional = Unknown("copy")
        yield Resource(kind, name, "", body, document, conditional)
    nested = item.get("resources")
    for child in nested if isinstance(nested, list) else ():
        yield from _of_template(template, child, document, name, depth + 1, kind_text)


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
    """The texts at the keys, each a list or a single text; what is neither is noted."""
    found: list[str] = []
    for key in keys:
        value = body.get(key)
        if value is None or value == "":
            continue
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                found.append(item.strip())
            elif isinstance(item, Unknown):
                notes.add(f"{key} is {item.text}, which only a deployment tells")
            else:
                notes.add(f"{key} holds something that is no text")
    return found


def ids(body: Mapping[str, Any], notes: Notes, *keys: str) -> list[str]:
    """The lower-case ids at the keys, each an id, an object with one, or a list of these."""
    found: list[str] = []
    for key in keys:
        value = body.get(key)
        for item in value if isinstance(value, list) else [value]:
            given = item.get("id") if isinstance(item, Mapping) else item
            if isinstance(given, str) and given:
                found.append(given.rstrip("/").lower())
            elif given is not None:
                notes.add(f"{key} holds something that is no id")
    return found


def number(value: Any, otherwise: int) -> int:
    """The value where it is a whole number, or a text of one."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() else otherwise


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list, nothing for what is none."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def word(value: Any) -> str:
    """A text in lower case, empty for anything else."""
    return value.strip().lower() if isinstance(value, str) else ""


def ports(values: Iterable[str], notes: Notes) -> list[tuple[int, int]]:
    """Ranges of ports: `443`, `8000-8999`, `*`."""
    found = []
    for value in values:
        match = re.fullmatch(r"(\d{1,5})(?:\s*-\s*(\d{1,5}))?", value)
        if value == "*":
            found.append((0, 65535))
        elif match:
            found.append((int(match[1]), int(match[2] or match[1])))
        else:
            notes.add(f"'{value[:60]}' is no port")
    return found
