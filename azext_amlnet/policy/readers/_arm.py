"""Azure resources, and what is in them, read without trust in its shape.

What of a template only a deployment would tell stays `Unknown`, and so visible.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Iterable, Optional, Sequence

from ...errors import UsageError
from ...text import SOURCES_OF, compute_of
from ._expressions import LooseList, SourceOf, shape_of
from ._expressions import Unknown as Unknown
from ._functions import one_place

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


_LONG = re.compile(r"(\{[^{}]{40})[^{}]*\}")


def shortened(name: str) -> str:
    """A name with the beginning of each long expression in it."""
    return _LONG.sub(r"\1…}", name)


@dataclass(frozen=True)
class Resource:
    """One Azure resource: its kind, its name (`parent/child` for a child), its id in lower case, its properties.

    `listed`: it comes from a whole list, as az and ARM print all children of one kind. Two kinds stand for what is not
    there: `elsewhere` for what was not read, of the kind `gate`, and `off` for what a template does not make; `why`
    says the reason of both.
    `made`: a template makes it, in the resource group of `scope`, by the `defaults` of these parameters.
    """

    kind: str
    name: str
    id: str
    body: Mapping[str, Any]
    document: str
    conditional: Optional[Unknown] = None
    listed: bool = False
    why: str = "is elsewhere"
    gate: str = ""
    scope: str = ""
    made: bool = False
    defaults: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """How it is called in findings; of a long expression in its name the beginning."""
        return shortened(self.name) or self.document


@dataclass
class Pool:
    """All resources of all documents, and what Azure refused to show, by lower-case id."""

    resources: list[Resource] = field(default_factory=list)
    named: dict[tuple[str, ...], Resource] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    by_reference: dict[tuple[str, str], Optional[Resource]] = field(default_factory=dict)
    read: dict[str, Any] = field(default_factory=dict)

    def add(self, resource: Resource) -> None:
        """One resource more; raises UsageError for one that two documents describe differently."""
        named = resource.id or "/" in resource.name.strip("/")
        if named and resource.kind not in ("subnet", "virtual-network") and not resource.conditional:
            key = (resource.kind, resource.id, resource.name, resource.scope)
            known = self.named.setdefault(key, resource)
            if known is not resource and known.body == resource.body:
                return
            if known is not resource:
                both = " and ".join(dict.fromkeys((known.document, resource.document)))
                what = f"{both} describe{'' if ' and ' in both else 's'} {resource.name} in two ways."
                hint = "The later one would replace the other: give one of them, or another name to one."
                raise UsageError(what, hint)
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
        if isinstance(value, LooseList):
            notes.add(f"{key} depends on {value.because.on}")
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                strings.append(item.strip())
            elif isinstance(item, Unknown):
                notes.add(f"{key} depends on {item.on}")
            else:
                notes.add(f"{key} holds something that is no text")
    return strings


@dataclass(frozen=True)
class SourceParameters:
    """The parameters without a value that sources are: the name of one `of_all` traffic, or those of the computes in
    `whose`, each with what tells its workspace from others, if anything does.

    `assumed` is what is taken for granted of them, `items` are the texts that stand beside them.
    """

    of_all: str = ""
    assumed: tuple[str, ...] = ()
    whose: tuple[tuple[str, str], ...] = ()
    items: tuple[Any, ...] = ()


def source_parameters(value: Any, beside: Any = None) -> SourceParameters:
    """The parameters that sources are, whether they stand there by themselves or in a list.

    One that an export of several workspaces made for a compute tells so. One that is only called like those is
    anybody's, and as little known as any other value that only a deployment tells. One for all traffic is none where
    IP groups stand beside it.
    """
    parts = [item for part in (value if isinstance(value, list) else [value]) for item in _apart(part)]
    unknown = [part for part in parts if isinstance(part, Unknown)]
    if isinstance(value, LooseList):
        return SourceParameters()
    whose = dict.fromkeys(one for part in parts for one in _whose(part))
    if whose and all(part.whose for part in unknown):
        assumed = dict.fromkeys(_assumed(name, f"{compute}'s") for name, compute, _ in whose)
        items = tuple(part for part in parts if not _whose(part))
        return SourceParameters("", tuple(assumed), tuple(dict.fromkeys(one[1:] for one in whose)), items)
    if beside or not unknown or not all(part.plain for part in unknown):
        return SourceParameters()
    return SourceParameters(unknown[0].plain, (_assumed(unknown[0].plain, "the cluster's"),))


def _apart(part: Any) -> Sequence[Any]:
    """A value, behind the items that are in it beside what is not known."""
    return (*part.items, part) if isinstance(part, Unknown) else (part,)


def _whose(part: Any) -> Sequence[SourceOf]:
    """The parameters that a value is, each with its compute; one for all names a compute in place of its addresses."""
    compute, workspace = compute_of(part.strip()) if isinstance(part, str) else ("", "")
    if isinstance(part, Unknown):
        return part.whose
    return [(f"{SOURCES_OF}.{compute}", compute, workspace)] if compute else ()


def _assumed(name: str, whose: str) -> str:
    return (
        f"The parameter '{name}' has no value here and stands for the addresses that {whose} traffic comes from. Give "
        "the parameter file as --policy, too."
    )


def ids(body: Mapping[str, Any], notes: Notes, *keys: str) -> list[str]:
    """The lower-case ids at the keys, each an id, an object with one, or a list of these."""
    identifiers: list[str] = []
    for key in keys:
        value = body.get(key)
        for item in value if isinstance(value, list) else [value]:
            identifier = item.get("id") if isinstance(item, Mapping) else item
            identifier = shape_of(identifier) if isinstance(identifier, Unknown) else identifier
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
        why = (
            f"depend on {untold.on}" if isinstance(untold := body.get(key), Unknown) else "are not among what was given"
        )
        notes.add(f"{what}, which {why}")
        return []
    return objects(body[key], notes, what)


def taken_for_granted(gate: Resource, key: str) -> list[str]:
    """What is taken for granted of a list that defaults of a template's parameters make empty."""
    if not (gate.made and gate.body.get(key) == [] and gate.defaults):
        return []
    names = " and ".join(f"'{name[:60]}'" for name in gate.defaults[:3])
    return [f"{key} of {gate.label} are empty by the default of {names} in {gate.document} (give the parameter file)."]


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
        if place is None and len(entries) > 1:
            notes.add(f"the priority of {name} could not be read")
        elif place is not None:
            known.setdefault(place, []).append((name, does))
    for sharing in known.values():
        if any(does != sharing[0][1] for _, does in sharing):
            names = " and ".join(name for name, _ in sharing[:3])
            notes.add(f"{names} have one priority and do different things")
    return [item for item, *_ in sorted(entries, key=lambda entry: number(entry[1]) or 0)]


def is_it(resource: Resource, reference: str) -> bool:
    """Whether a resource is the one that an id names; by its name where one of the two has no whole id."""
    if resource.id and re.match(r"/subscriptions/[^{]*/providers/[^{]*\Z", reference):
        return resource.id == reference
    name = resource.name.rpartition("/")[2].lower()
    return (
        bool(name)
        and name == reference.rpartition("/")[2]
        and one_place(resource.scope or resource.id, reference) is not False
    )


def owner(child: Resource, parents: Sequence[Resource]) -> str:
    """The lower-case id or name of what a child is in; empty where it does not tell.

    A name with what is not known (`{hub}/g`) tells nothing beside parents of which none has that very name.
    """
    reference = child.id.rpartition("/")[0].rpartition("/")[0]
    name = child.name.rpartition("/")[0].lower()
    reference = reference or (f"{child.scope}/{name}" if child.scope and name else name)
    untold = "{" in reference and parents and not any(is_it(parent, reference) for parent in parents)
    return "" if untold else reference


@dataclass
class Family:
    """Which children are whose: of each parent, of parents that were not given by what they are called, of nobody."""

    of_parents: dict[int, list[Resource]] = field(default_factory=dict)
    alone: dict[str, list[Resource]] = field(default_factory=dict)
    loose: list[Resource] = field(default_factory=list)

    def of(self, parent: Resource) -> list[Resource]:
        """The children of a parent."""
        return self.of_parents.get(id(parent), [])


def family(parents: Sequence[Resource], children: Iterable[Resource]) -> Family:
    """The children by what they name as their parent; the only parent has those that name none.

    Where a template's resource groups leave open whether a name is this parent's, a child is in doubt.
    """
    whole, by_name = Family(), defaultdict[str, list[Resource]](list)
    for parent in parents:
        for name in dict.fromkeys((parent.id.rpartition("/")[2], parent.name.rpartition("/")[2].lower())):
            by_name[name].append(parent)
    for child in children:
        reference = owner(child, parents)
        near = by_name[reference.rpartition("/")[2]] if reference else parents
        named = [parent for parent in near if not reference or is_it(parent, reference)]
        sure = [parent for parent in named if _sure(parent, child, reference)]
        if reference and not named:
            whole.alone.setdefault(reference, []).append(child)
        elif not reference and len(parents) != 1:
            whole.loose.append(child)
        doubtful = replace(child, conditional=child.conditional or Unknown("the resource group that it goes to"))
        for parent in sure or named if reference or len(parents) == 1 else ():
            whole.of_parents.setdefault(id(parent), []).append(child if sure else doubtful)
    return whole


def _sure(parent: Resource, child: Resource, reference: str) -> bool:
    """Whether a parent is the one that is meant: of two that templates make, in one resource group."""
    return not (reference and parent.made and child.made) or one_place(parent.scope, reference) is True


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
