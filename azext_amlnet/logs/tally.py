"""Records → how often each kind was seen, file by file, in memory that does not grow with the log. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterable, Iterator

from .model import Cell, Event, Key, LogReader, LogSource, Lookup, Meaning, Passed, Raw, ReadingNotes

MOST_KINDS = 100_000
"""So many kinds of records are told apart while one file is read, and so many events of all files; beyond that clients
are not told apart any more, and then hosts that nobody asks about."""


@dataclass
class Tally:
    """What all files say together. `wanted` tells hosts that stay apart, however many others there are."""

    wanted: Callable[[str], bool]
    events: dict[Event, Cell] = field(default_factory=dict)
    lookups: dict[Lookup, Cell] = field(default_factory=dict)
    sources: list[LogSource] = field(default_factory=list)

    def read(self, name: str, format_name: str, reader: LogReader, lines: Iterable[str]) -> None:
        """Reads one file."""
        notes = ReadingNotes()
        cells: dict[Key, list[Any]] = {}
        count, passed, span = 0, dict[str, int](), Cell(0, "", "")
        records = reader.read(_numbered(lines, notes), notes)
        full = True
        while full:
            full = _fill(cells, records)
            for key, (many, earliest, latest) in cells.items():
                cell = Cell(many, reader.time(earliest), reader.time(latest))
                count, span = count + cell.count, span + cell
                self._add(reader.meaning(key), cell, passed)
            cells.clear()
            self._narrow(notes)
        first = tuple(f"line {number}: {why}" for why, number in list(notes.first.items())[:5])
        holes = tuple(f"{count} times {why}" if count > 1 else why for why, count in notes.holes.items())
        self.sources.append(LogSource(name, format_name, notes.lines, count, passed, notes.unread, first, holes,
                                      span.first or None, span.last or None))  # fmt: skip

    def _add(self, meaning: Meaning, cell: Cell, passed: dict[str, int]) -> None:
        if isinstance(meaning, Passed):
            passed[meaning.why] = passed.get(meaning.why, 0) + cell.count
        elif isinstance(meaning, Lookup):
            self.lookups[meaning] = self.lookups.get(meaning, Cell(0, "", "")) + cell
            passed["names looked up"] = passed.get("names looked up", 0) + cell.count
        else:
            self.events[meaning] = self.events.get(meaning, Cell(0, "", "")) + cell

    def _narrow(self, notes: ReadingNotes) -> None:
        """Fewer kinds, where there are too many: first without their clients, then without hosts nobody asks about."""
        steps: tuple[tuple[str, Callable[[Event], Event]], ...] = (
            ("more clients than are told apart", lambda event: replace(event, source="")),
            ("more hosts than are told apart", self._without_host),
        )
        for why, narrower in steps:
            if len(self.events) > MOST_KINDS:
                notes.hole(why)
                merged: dict[Event, Cell] = {}
                for event, cell in self.events.items():
                    one = narrower(event)
                    merged[one] = merged.get(one, Cell(0, "", "")) + cell
                self.events = merged
        if len(self.lookups) > MOST_KINDS:
            notes.hole("more names looked up than are kept")
            self.lookups = dict(list(self.lookups.items())[:MOST_KINDS])

    def _without_host(self, event: Event) -> Event:
        kept = event.host and self.wanted(event.host)
        return event if kept else replace(event, host="", ip="", candidates=(), rule="", reason="")


def _numbered(lines: Iterable[str], notes: ReadingNotes) -> Iterator[str]:
    """The lines, each with its number in `notes` while it is read."""
    for notes.lines, line in enumerate(lines, 1):
        yield line


def _fill(cells: dict[Key, list[Any]], records: Iterator[Raw]) -> bool:
    """Takes records until there are too many kinds of them; whether there may be more.

    This loop is what a log's size costs: a look-up, a sum, and two comparisons a record.
    """
    get = cells.get
    for key, when, count in records:
        cell = get(key)
        if cell is None:
            cells[key] = [count, when, when]
            if len(cells) >= MOST_KINDS:
                return True
            continue
        cell[0] += count
        if when > cell[2]:
            cell[2] = when
        elif when and when < cell[1]:
            cell[1] = when
    return False
