"""The turns of a template's loops.

https://learn.microsoft.com/azure/azure-resource-manager/templates/copy-resources (2026-11-26)
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Iterator, Mapping


@dataclass(frozen=True)
class Turn:
    """One turn of a loop, of a resource or of a property."""

    name: str
    number: int
    of_resource: bool


@contextmanager
def turning(turns: list[Turn], loop: Mapping[str, Any], number: int, of_resource: bool = False) -> Iterator[None]:
    """In one turn of a loop, the last of `turns`, and out again."""
    turns.append(Turn(str(loop.get("name")).lower(), number, of_resource))
    try:
        yield
    finally:
        turns.pop()
