"""Records → how often each kind was seen, file by file, in memory that does not grow with the log. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterable, Iterator

from ..model import changed
from .model import Cell, Event, Key, LogReader, LogSource, Lookup, Meaning, Passed, Raw, ReadingNotes
from .readers._fields import host_of, ip_of

Clients = dict[str, list[Any]]
"""By client how many attempts there were, and the first and the last time, as the reader tells it."""
UNDATED = "\n"
"""Behind a client whose attempts tell no time."""
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
    clients: dict[str, str] = field(default_factory=dict)

    def read(self, name: str, format_name: str, reader: LogReader, lines: Iterable[str]) -> None:
        """Reads one file."""
        notes, sums = ReadingNotes(), dict[Meaning, Clients]()
        records = reader.read(_numbered(lines, notes), notes)
        more = True
        while more:
            kinds: dict[Key, Clients] = {}
            more = _fill(kinds, records)
            for key, clients in kinds.items():
                _merge(sums.setdefault(reader.meaning(key), {}), clients)
            if more and sum(map(len, sums.values())) > MOST_KINDS:
                notes.hole("more clients than are told apart")
                sums = {meaning: _together(clients) for meaning, clients in sums.items()}
            if more and len(sums) > MOST_KINDS:
                notes.hole("more hosts than are told apart")
                sums = self._fewer(sums)
        count, passed, span = 0, dict[str, int](), Cell(0, "", "")
        for meaning, clients in sums.items():
            for client, (many, first, last) in clients.items():
                first, last = reader.time(first), reader.time(last)
                cell = Cell(many, first, last, 0 if last else many)
                count, span = count + many, span + cell
                self._add(meaning, client, cell, passed)
        self._narrow(notes)
        firsts = tuple(f"line {number}: {why}" for why, number in list(notes.first.items())[:5])
        holes = tuple(f"{number} times {why}" if number > 1 else why for why, number in notes.holes.items())
        self.sources.append(LogSource(name, format_name, notes.lines, count, passed, notes.unread, firsts, holes,
                                      span.first or None, span.last or None))  # fmt: skip

    def _add(self, meaning: Meaning, client: str, cell: Cell, passed: dict[str, int]) -> None:
        if isinstance(meaning, Passed):
            passed[meaning.why] = passed.get(meaning.why, 0) + cell.count
            return
        client = client.removesuffix(UNDATED)
        one = changed(meaning, source=self._client(client)) if client else meaning
        known: dict[Any, Cell] = self.events if isinstance(one, Event) else self.lookups
        known[one] = known[one] + cell if one in known else cell
        if isinstance(one, Lookup):
            passed["names looked up"] = passed.get("names looked up", 0) + cell.count

    def _client(self, text: str) -> str:
        """A client's address; what is none is nobody's."""
        if text not in self.clients:
            self.clients[text] = ip_of(text) or host_of(text)
        return self.clients[text]

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

    def _fewer(self, sums: dict[Meaning, Clients]) -> dict[Meaning, Clients]:
        """Sums without the hosts that nobody asks about."""
        fewer: dict[Meaning, Clients] = {}
        for meaning, clients in sums.items():
            one = self._without_host(meaning) if isinstance(meaning, Event) else meaning
            _merge(fewer.setdefault(one, {}), clients)
        return fewer

    def _without_host(self, event: Event) -> Event:
        kept = event.host and self.wanted(event.host)
        return event if kept else replace(event, host="", ip="", candidates=(), rule="", reason="")


def _numbered(lines: Iterable[str], notes: ReadingNotes) -> Iterator[str]:
    """The lines, each with its number in `notes` while it is read."""
    for notes.lines, line in enumerate(lines, 1):
        yield line


def _fill(kinds: dict[Key, Clients], records: Iterator[Raw]) -> bool:
    """Takes records until there are too many kinds of them; whether there may be more.

    This loop is what a log's size costs: two look-ups, a sum and two comparisons a record.
    """
    get, room = kinds.get, MOST_KINDS
    for key, client, when, count in records:
        clients = get(key)
        if clients is None:
            clients = kinds[key] = {}
        if not when:
            client += UNDATED
        cell = clients.get(client)
        if cell is None:
            clients[client] = [count, when, when]
            room -= 1
            if not room:
                return True
            continue
        cell[0] += count
        if when > cell[2]:
            cell[2] = when
        elif when and when < cell[1]:
            cell[1] = when
    return False


def _merge(into: Clients, clients: Clients) -> Clients:
    """Adds the sums of clients to those that are known."""
    for client, (count, first, last) in clients.items():
        cell = into.setdefault(client, [0, first, last])
        cell[0] += count
        cell[1], cell[2] = min(cell[1] or first, first or cell[1]), max(cell[2], last)
    return into


def _together(clients: Clients) -> Clients:
    """The sums of clients as that of one, of whom nobody knows who it is."""
    whole: Clients = {}
    for client, cell in clients.items():
        _merge(whole, {UNDATED if client.endswith(UNDATED) else "": cell})
    return whole
