"""Objects of Kubernetes in a file: one, several, or those of a list, and what in them is not understood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Iterator

from ..documents import Document


def objects(document: Document) -> Iterator[Mapping[str, Any]]:
    """The objects of a file, and those of the lists in it."""
    if document.text and "kind" not in document.text:
        return
    for item in document.yaml or ():
        listing = isinstance(item, Mapping) and str(item.get("kind", "")).endswith("List")
        items = item.get("items") if listing else item
        yield from (one for one in (items if isinstance(items, list) else [items]) if isinstance(one, Mapping))


def named(item: Mapping[str, Any]) -> str:
    """The name of an object."""
    metadata = item.get("metadata")
    return str(metadata.get("name") or "(policy)") if isinstance(metadata, Mapping) else "(policy)"


def namespace_of(item: Mapping[str, Any]) -> str:
    """The namespace of an object; empty where it is not known."""
    metadata = item.get("metadata")
    return str((metadata.get("namespace") if isinstance(metadata, Mapping) else None) or "")


def strange(value: Mapping[str, Any], known: frozenset[str]) -> str:
    """The first key that is none of the known ones."""
    return next((str(key) for key in value if key not in known and value[key] is not None), "")


def text(value: Any) -> str:
    """A text; empty for anything else."""
    return value if isinstance(value, str) else ""


def listed(value: Any) -> list[Any]:
    """A list; empty for anything else."""
    return value if isinstance(value, list) else []
