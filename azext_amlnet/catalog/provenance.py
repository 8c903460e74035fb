"""What rows were made with, so that a later list can tell why it differs. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, Iterable, Mapping

from ..model import Catalog, CatalogEntry, Provenance, Requirement, Scope, Source

_NOT_CONTENT = ("position", "place", "since", "inspection")


def stamped(rows: Iterable[Requirement], whole: Provenance) -> tuple[Requirement, ...]:
    """The rows of a list, each with what the list was made with and the digests of its own entries."""

    def of(row: Requirement) -> Provenance:
        return replace(whole, entries={name: whole.entries[name] for name in row.entries if name in whole.entries})

    return tuple(replace(row, origin=of(row)) for row in rows)


def provenance(catalog: Catalog, scope: Scope, tool: str) -> Provenance:
    """What a list is made with; its `entries` are those of the whole catalog."""
    digests = {entry.id: digest_of(entry) for entry in catalog.entries}
    return Provenance(tool, catalog.version, catalog.digest, asked_text(scope), digests)


def asked_text(scope: Scope) -> str:
    """The options of a scope in one canonical form, whatever the order in which they were typed."""
    words = [f"--level {scope.level.value}"]
    words += [f"--cluster-type {scope.cluster_type.value}"] if scope.cluster_type else []
    for option, values in (
        ("--compute", scope.computes),
        ("--scenario", [scenario.value for scenario in scope.scenarios]),
        ("--exclude", [topic.value for topic in scope.exclude]),
    ):
        words += [f"{option} {' '.join(sorted(set(values)))}"] if values else []
    words += [] if scope.cross_check else ["--no-cross-check"]
    return " ".join(words)


def digest_of(entry: CatalogEntry) -> str:
    """Twelve digits that change when the entry says something else; not when it moves or its page is read again."""
    text = json.dumps(_plain(entry), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _plain(value: Any) -> Any:
    """The content as plain values; empty fields are left out, so that a new one changes no digest."""
    if isinstance(value, Source):
        return value.url
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        names = (field.name for field in fields(value) if field.name not in _NOT_CONTENT)
        contents = ((name, getattr(value, name)) for name in names)
        return {name: _plain(content) for name, content in contents if content}
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value
