"""What changed since an earlier list: pure comparison of requirements by endpoint."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterable

from ..model import Change, Level, Requirement

_COMPARED = ("level", "needed_for", "computes", "websocket", "private")


def compare(now: Iterable[Requirement], before: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """Each row with its change; rows that are gone come last, as they were."""
    now, earlier = tuple(now), {row.endpoint: row for row in before}
    marked = [replace(row, change=_change(row, earlier.get(row.endpoint))) for row in now]
    present = {row.endpoint for row in now}
    gone = [replace(row, change=Change.REMOVED) for endpoint, row in earlier.items() if endpoint not in present]
    return (*marked, *gone)


def _change(now: Requirement, before: Requirement | None) -> Change:
    if before is None:
        return Change.ADDED
    same = all(getattr(now, name) == getattr(before, name) for name in _COMPARED)
    return Change.SAME if same else Change.CHANGED


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
