"""What changed since an earlier list, and why: pure comparison of requirements by endpoint."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterable, Mapping, Optional

from ..model import Change, Level, Provenance, Requirement, Why

_COMPARED = ("level", "needed_for", "computes", "websocket", "private")
_BY_WORKSPACE = ("needed_for", "computes", "private", "resource")


def compare(
    now: Iterable[Requirement],
    before: Iterable[Requirement],
    current: Optional[Provenance] = None,
    since: Optional[Mapping[str, str]] = None,
) -> tuple[Requirement, ...]:
    """Each row with its change and why; rows that are gone come last, as they were.

    `current` is what the newer list was made with, its `entries` those of the whole catalog; `since` has the version of
    the catalog with which each entry came. Without them, or for a list that does not say, `why` is unknown.
    """
    now, before = tuple(now), tuple(before)
    earlier = {row.endpoint: row for row in before}
    reason = _Reason(before, current, since or {})
    marked = [_marked(row, earlier.get(row.endpoint), reason) for row in now]
    present = {row.endpoint for row in now}
    gone = (row for endpoint, row in earlier.items() if endpoint not in present)
    return (*marked, *(replace(row, change=Change.REMOVED, why=reason.of(None, row)) for row in gone))


def _marked(now: Requirement, before: Optional[Requirement], reason: _Reason) -> Requirement:
    change = _change(now, before)
    return replace(now, change=change, why=None if change is Change.SAME else reason.of(now, before))


def _change(now: Requirement, before: Optional[Requirement]) -> Change:
    if before is None:
        return Change.ADDED
    same = all(getattr(now, name) == getattr(before, name) for name in _COMPARED)
    return Change.SAME if same else Change.CHANGED


class _Reason:
    """Why rows differ: by what both lists were made with, and by what the rows themselves say."""

    def __init__(self, before: Iterable[Requirement], current: Optional[Provenance], since: Mapping[str, str]) -> None:
        origins = [row.origin for row in before if row.origin]
        self.current, self.since = current, since
        self.earlier = origins[0] if origins else None
        self.digests = {name: digest for origin in origins for name, digest in origin.entries.items()}

    def of(self, now: Optional[Requirement], before: Optional[Requirement]) -> Why:
        """The reason, in the order in which one leaves no doubt."""
        if self.current is None or self.earlier is None:
            return Why.UNKNOWN
        names = {*(now.entries if now else ()), *(before.entries if before else ())}
        added = before is None
        if any(self._changed(name, self.current, self.earlier.catalog if added else None) for name in names):
            return Why.CATALOG
        if self.current.asked != self.earlier.asked:
            return Why.OPTION
        if self.current.tool == self.earlier.tool:
            return Why.WORKSPACE
        if now and before and all(getattr(now, name) == getattr(before, name) for name in _BY_WORKSPACE):
            return Why.TOOL
        return Why.UNKNOWN

    def _changed(self, name: str, current: Provenance, new_since: Optional[str]) -> bool:
        """Whether an entry says something else than when the earlier list was made, came since, or went."""
        before = self.digests.get(name)
        if before is None:
            return new_since is not None and self.since.get(name, "") > new_since
        return current.entries.get(name) != before


def demanded(rows: Iterable[Requirement], before: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """The rows for which the firewall of yesterday no longer suffices.

    They were added, became required, or lost the private endpoint that made a rule needless.
    """
    earlier = {row.endpoint: row for row in before if row.level is Level.REQUIRED}

    def sufficed(row: Requirement) -> bool:
        was = earlier.get(row.endpoint)
        return was is not None and (not was.private or row.private)

    asked = (row for row in rows if row.level is Level.REQUIRED and row.change is not Change.REMOVED)
    return tuple(row for row in asked if not sufficed(row))
