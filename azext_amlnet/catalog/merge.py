"""The lists of many workspaces → one: exactly their union, and with each row who needs it, for what, from where. Pure.

Rows are one by their endpoint. Nothing that a workspace says of a row is lost: where workspaces differ in level,
scenarios, privacy or reason, the row has the strictest of each and its `variants` say what holds for whom.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Callable, Container, Iterable, Iterator, Optional, Sequence

from ..model import (
    CONDITION,
    Catalog,
    Endpoint,
    Requirement,
    Requirements,
    Scope,
    Variant,
    Workspace,
    changed,
    names_of,
)
from ..text import ANY, few
from .expand import expand, gap_lines, order
from .inspection import worst
from .rows import kept_of_all, unique
from .sources import rows_from


def listed(catalog: Catalog, parts: Sequence[tuple[Workspace, Scope]]) -> Requirements:
    """The list of workspaces, each within its part that is asked about, with where the traffic comes from."""
    workspaces = [one for one, _ in parts]
    merged = merge(catalog, workspaces, (expand(catalog, one, scope) for one, scope in parts))
    return replace(merged, rows=tuple(rows_from(merged.rows, workspaces)))


def merge(catalog: Catalog, workspaces: Sequence[Workspace], lists: Iterable[Requirements]) -> Requirements:
    """One list for workspaces, of their own lists in the same order; of one workspace its own list.

    Each row tells its `workspaces`, its `computes` as `workspace/compute` (none where every attached one needs it;
    `workspace/*` for one of which no compute is known).
    """
    if len(workspaces) == 1:
        (alone,) = lists
        return alone
    names = names_of(workspaces)
    wishes: dict[Endpoint, _Wishes] = {}
    warnings, hints, gaps = _Texts(), _Texts(), []
    for name, workspace, one in zip(names, workspaces, lists, strict=True):
        attached = frozenset(compute.name for compute in workspace.computes or ()) or frozenset({ANY})
        for row in one.rows:
            wishes.setdefault(row.endpoint, _Wishes()).add(name, attached, row)
        gaps += [gap.in_workspace(name) for gap in one.gaps]
        warnings.add(name, one.warnings, set(gap_lines(one.gaps)))
        hints.add(name, one.hints)
    position = _positions(catalog)
    rows = sorted((wish.merged(position) for wish in wishes.values()), key=lambda row: order(row, position(row)))
    return Requirements(
        rows=tuple(rows),
        warnings=(*gap_lines(gaps), *warnings.for_whom(len(names))),
        hints=tuple(hints.for_whom(len(names))),
        gaps=tuple(gaps),
    )


def _positions(catalog: Catalog) -> Callable[[Requirement], int]:
    """Where the first entry of a row stands in the catalog."""
    known = {entry.id: entry.position for entry in catalog.entries}
    return lambda row: known.get(row.entries[0], len(known)) if row.entries else len(known)


class _Texts(dict[str, list[str]]):
    """What is said of workspaces, each text with those that it is said of."""

    def add(self, name: str, texts: Iterable[str], without: Container[str] = ()) -> None:
        """Takes the texts of a workspace."""
        for text in texts:
            if text not in without:
                self.setdefault(text, []).append(name)

    def for_whom(self, count: int) -> Iterator[str]:
        """Each text once, with the workspaces where it is not said of all of them."""
        for text, names in self.items():
            yield text if len(names) == count else f"{few(names, 3)}: {text}"


# ---------------------------------------------------------------------------------------------------------------------
# One endpoint


@dataclass
class _Wish:
    """One way to ask for an endpoint, and everybody who asks for it so."""

    row: Requirement
    names: list[str] = field(default_factory=list)

    def place(self, position: Callable[[Requirement], int]) -> tuple[int, int, str, str]:
        """Its place among those for one endpoint, the strictest first."""
        return self.row.level.rank, position(self.row), self.row.reason, min(self.names)


class _Wishes:
    """What workspaces ask of one endpoint, gathered workspace by workspace; alike wishes are kept once."""

    def __init__(self) -> None:
        self.by_row: dict[Requirement, _Wish] = {}
        self.computes: set[str] = set()
        self.resources: dict[Optional[str], Optional[str]] = {}
        self.by_all = True

    def add(self, name: str, attached: frozenset[str], row: Requirement) -> None:
        """Takes the row of a workspace with these computes."""
        self.resources.setdefault((row.resource or "").lower(), row.resource)
        needing = set(row.computes) or (attached if row.for_clusters else set())
        self.by_all = self.by_all and needing == attached
        self.computes.update(f"{name}/{compute}" for compute in needing)
        alike = changed(row, workspaces=(), computes=(), resource=None)
        self.by_row.setdefault(alike, _Wish(alike)).names.append(name)

    def merged(self, position: Callable[[Requirement], int]) -> Requirement:
        """One row for all of them, whatever the order in which they came."""
        wishes = sorted(self.by_row.values(), key=lambda wish: wish.place(position))
        every, names = [wish.row for wish in wishes], [name for wish in wishes for name in wish.names]
        first = every[0]
        strictest = [row for row in every if row.level is first.level]
        variants = _variants(wishes)
        return changed(
            first,
            **kept_of_all(every),
            computes=() if self.by_all else tuple(sorted(self.computes)),
            reason=" ".join(unique(part for row in every for part in _SENTENCES.split(row.reason) if part)),
            resource=next(iter(self.resources.values())) if len(self.resources) == 1 else None,
            workspaces=tuple(sorted(names)),
            private=all(row.private for row in every),
            assumed=all(row.assumed for row in strictest),
            service_tags=unique(tag for row in every for tag in row.service_tags),
            inspection=worst(row.inspection for row in every),
            notes=tuple(_notes(wishes, strictest)),
            variants=variants if len(variants) > 1 else None,
        )


_SENTENCES = re.compile(r"(?<=\.) (?=[A-Z])")
"""Between the reasons of a row's entries, of which another workspace may have some and others."""


def _variants(wishes: Sequence[_Wish]) -> tuple[Variant, ...]:
    """What holds for whom; one variant where all agree."""
    names: dict[Variant, list[str]] = {}
    for wish in wishes:
        row = wish.row
        words = (row.level, row.needed_for, row.private, row.assumed, row.reason, row.conditions)
        names.setdefault(Variant((), *words), []).extend(wish.names)
    return tuple(replace(variant, workspaces=tuple(sorted(some))) for variant, some in names.items())


def _notes(wishes: Sequence[_Wish], strictest: Sequence[Requirement]) -> Iterator[str]:
    """The notes of all; what is not said of every workspace names those that it is said of.

    A condition holds for the row only where everybody who asks for it at its level has one.
    """
    conditional, count = all(row.conditions for row in strictest), sum(len(wish.names) for wish in wishes)
    whose: dict[str, list[str]] = {}
    for wish in wishes:
        for note in wish.row.notes:
            whose.setdefault(note, []).extend(wish.names)
    for note, names in whose.items():
        if note.startswith(CONDITION):
            if conditional and any(note in row.conditions for row in strictest):
                yield note
        else:
            yield note if len(names) == count else f"{few(sorted(names), 3)}: {note}"
    private = [name for wish in wishes if wish.row.private for name in wish.names]
    if 0 < len(private) < count:
        others = [name for wish in wishes if not wish.row.private for name in wish.names]
        yield f"Private for {few(sorted(private), 3)}; reached publicly, and so allowed, for {few(sorted(others), 3)}."
