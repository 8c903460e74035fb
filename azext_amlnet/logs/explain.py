"""What a log says of each endpoint of a list, and of what is on none: groups, each with its evidence. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence

from ..model import Endpoint, Kind, Level, Requirement
from ..text import PRIVATE_RANGE_V6, PRIVATE_RANGES, few
from .model import BY_NAME, Cell, Disposition, Event, LogGroup, LogRow
from .shelf import ClientComputes, Names, Shelf
from .unknowns import SETTLED_BY, Untold

_THROUGH = (Disposition.ALLOWED, Disposition.FAILED)


@dataclass
class LoggedEndpoint:
    """All that a log says of one endpoint; `host` is an address where no name is known, and empty where neither is."""

    host: str
    port: int
    protocol: str
    events: list[tuple[Event, Cell]] = field(default_factory=list)
    candidates: tuple[str, ...] = ()
    named: bool = True

    def cells(self, *decisions: Disposition) -> list[tuple[Event, Cell]]:
        """What was decided so."""
        return [pair for pair in self.events if pair[0].disposition in decisions]

    def count(self, decision: Disposition) -> int:
        """How often it was decided so; attempts that stand in two logs of one device count once."""
        by_table: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for event, cell in self.cells(decision):
            by_table[event.source][event.table] += cell.count
        return sum(max(tables.values()) for tables in by_table.values())

    @property
    def clients(self) -> list[str]:
        """Who asked."""
        return sorted({event.source for event, _ in self.events} - {""})


def endpoints(events: Mapping[Event, Cell], names: Names) -> list[LoggedEndpoint]:
    """The endpoints of a log's events; one without a name has that which its client looked up, if it is one."""
    made: dict[tuple[str, int, str, tuple[str, ...]], LoggedEndpoint] = {}
    for event, cell in events.items():
        candidates = () if event.host else names.candidates(event)
        host = event.host or (candidates[0] if len(candidates) == 1 else event.ip)
        several = candidates if len(candidates) > 1 else ()
        spoken = "udp" if event.protocol == "udp" else "tcp"
        named = bool(event.host or len(candidates) == 1)
        key = (host, event.port, spoken, several)
        one = made.setdefault(key, LoggedEndpoint(host, event.port, event.protocol, [], several, named))
        one.protocol = min(filter(None, (one.protocol, event.protocol)), default="")  # whichever comes first
        one.events.append((event, cell))
    return list(made.values())


class Mending:
    """Since when what was refused is let through."""

    def __init__(self, clients: ClientComputes, every: Iterable[LoggedEndpoint]) -> None:
        self.clients = clients
        self.reached: dict[str, list[tuple[Event, Cell]]] = defaultdict(list)
        for one in every:
            self.reached[one.host] += one.cells(Disposition.ALLOWED) if one.named else []

    def since(self, one: LoggedEndpoint, refused: Sequence[tuple[Event, Cell]]) -> Optional[str]:
        """When it was let through after the last refusal, everywhere where it had been refused; else None.

        A name that could not be looked up is mended by whatever reached it, on any port. A pass within a second of a
        refusal mends nothing: some devices write a record at the end of a request.
        """
        by_name = all(event.protocol == BY_NAME for event, _ in refused)
        through, moments = self.reached[one.host] if by_name else one.cells(Disposition.ALLOWED), []
        for place in {self._place(event) for event, _ in refused}:
            if place == ("",) or any(cell.undated for event, cell in refused if self._place(event) == place):
                return None
            last = max((cell.last for event, cell in refused if self._place(event) == place), default="")
            allowed = [cell for event, cell in through if self._place(event) == place and not event.ended]
            after = a_second_after(last)
            later = [cell.first if cell.first >= after else cell.last for cell in allowed if cell.last >= after]
            if not last or not later:
                return None
            moments.append(min(later))
        return max(moments, default=None)

    def _place(self, event: Event) -> tuple[str, ...]:
        """Where an attempt comes from: computes, else the client itself."""
        return self.clients.computes(event.source) or (event.source,)


class Explainer:
    """Holds what a log says against a list."""

    def __init__(self, rows: Sequence[Requirement], clients: ClientComputes, show_clients: bool = False) -> None:
        self.all = rows
        self.shelf, self.clients, self.show_clients = Shelf(rows), clients, show_clients
        self.seen: set[Endpoint] = set()
        self.proven: set[Endpoint] = set()
        self.mending = Mending(clients, ())

    def rows(self, found_endpoints: Iterable[LoggedEndpoint]) -> list[LogRow]:
        """All rows, what is denied first; what of the list no record is of comes from the list."""
        every = list(found_endpoints)
        self.mending = Mending(self.clients, every)
        made = [self.named(one) for one in every if self._is_known(one)]
        made += [self.unnamed(one) for one in every if not self._is_known(one)]
        made += [unseen(row) for row in self.all if row.endpoint not in self.seen]
        return sorted(made, key=_place)

    def _is_known(self, one: LoggedEndpoint) -> bool:
        """Whether it has a name, or is an address that the list itself has."""
        return one.named or bool(one.host and self.shelf.rows_for(one.host, one.port, one.protocol))

    def named(self, one: LoggedEndpoint) -> LogRow:
        """The row of an endpoint whose name is known."""
        rows = self.shelf.rows_for(one.host, one.port, one.protocol)
        self.seen.update(row.endpoint for row in rows)
        refused, allowed = self._refusals(one), one.cells(Disposition.ALLOWED)
        if refused:
            group = LogGroup.DENIED if rows else LogGroup.UNKNOWN_DENIED
            since = self.mending.since(one, refused)
            return self._row(one, group, rows, refused, _refused(one, refused, since), fixed_since=since)
        if allowed and not one.port:
            return self._row(one, LogGroup.UNDECIDED, rows, allowed, Untold.NO_PORT.value, Untold.NO_PORT)
        if allowed:
            self.proven.update(row.endpoint for row in rows)
            because = f"let through {_times(one.count(Disposition.ALLOWED))}{_by(allowed)}{_also_failed(one)}"
            return self._row(one, LogGroup.PROVEN if rows else LogGroup.BEYOND, rows, allowed, because)
        failed = one.cells(Disposition.FAILED)
        untold = Untold.BEHIND if failed else Untold.ALERTED
        why = few(sorted({event.reason for event, _ in failed or one.events} - {""}), 2)
        group = LogGroup.UNDECIDED if rows or not failed else LogGroup.BEYOND
        return self._row(one, group, rows, failed or one.events, why or untold.value, untold)

    def unnamed(self, one: LoggedEndpoint) -> LogRow:
        """The row of an address of which nobody tells a name."""
        untold = Untold.SEVERAL_NAMES if one.candidates else Untold.NO_NAME if one.host else Untold.NO_DESTINATION
        rows = [row for name in one.candidates for row in self.shelf.rows_for(name, one.port, one.protocol)]
        could = f": {few(one.candidates, 5)}" if one.candidates else ""
        return self._row(one, LogGroup.UNDECIDED, rows, one.events, f"{untold.value}{could}", untold)

    def _refusals(self, one: LoggedEndpoint) -> list[tuple[Event, Cell]]:
        """What was denied; a challenge is, where its client never got through."""
        through = {event.source for event, _ in one.cells(*_THROUGH)}
        unanswered = [pair for pair in one.cells(Disposition.CHALLENGE) if pair[0].source not in through]
        return one.cells(Disposition.DENIED) + unanswered

    def _row(
        self,
        one: LoggedEndpoint,
        group: LogGroup,
        rows: Sequence[Requirement],
        told_by: Sequence[tuple[Event, Cell]],
        because: str,
        untold: Optional[Untold] = None,
        fixed_since: Optional[str] = None,
    ) -> LogRow:
        first, last = _span(cell for _, cell in one.events)
        strictest = min(rows, key=lambda row: row.level.rank, default=None)
        counts = {decision.value: one.count(decision) for decision in Disposition if one.cells(decision)}
        required = strictest is not None and strictest.level is Level.REQUIRED
        failing = group is LogGroup.DENIED and fixed_since is None and required
        return LogRow(
            group, one.host, one.port or None, one.protocol, counts=counts, first=first, last=last,
            clients=len(one.clients), addresses=tuple(one.clients) if self.show_clients else None,
            rules=tuple(sorted({event.rule for event, _ in told_by} - {""}))[:10], because=because,
            fixed_since=fixed_since, failing=failing, settled_by=SETTLED_BY[untold] if untold else None,
            **self._of_list(one, rows, strictest, told_by),
        )  # fmt: skip

    def _of_list(
        self,
        one: LoggedEndpoint,
        rows: Sequence[Requirement],
        strictest: Optional[Requirement],
        told_by: Sequence[tuple[Event, Cell]],
    ) -> dict[str, Any]:
        """What the list says of it; of computes those whose clients it was, where that is known."""
        asking = sorted({name for event, _ in told_by for name in self.clients.computes(event.source)})
        if strictest is None:
            return {"computes": tuple(asking)}
        return {
            "level": strictest.level,
            "requirement": strictest.host if strictest.host != one.host else None,
            "entries": _each(entry for row in rows for entry in row.entries),
            "reason": strictest.reason,
            "needed_for": _each(scenario for row in rows for scenario in row.needed_for),
            "workspaces": _each(name for row in rows for name in row.workspaces),
            "computes": tuple(asking) or _each(name for row in rows for name in row.computes),
            "sources": strictest.sources,
        }


def a_second_after(moment: str) -> str:
    """A second later, as times of reports are written; empty for none."""
    if not moment:
        return ""
    later = datetime.fromisoformat(moment[:-1]) + timedelta(seconds=1)
    return later.isoformat(timespec="microseconds") + "Z"


def _each(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(values))


def _span(cells: Iterable[Cell]) -> tuple[Optional[str], Optional[str]]:
    whole = sum(cells, Cell(0, "", ""))
    return whole.first or None, whole.last or None


def _place(row: LogRow) -> tuple[int, int, str, int, str]:
    """Where a row stands: by group, then level, then name."""
    level = row.level.rank if row.level else len(Level)
    return list(LogGroup).index(row.group), level, row.host, row.port or 0, row.protocol


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _by(pairs: Sequence[tuple[Event, Cell]]) -> str:
    rules = sorted({event.rule for event, _ in pairs} - {""})
    quoted = [f"'{rule}'" for rule in rules]
    return f" by {few(quoted, 2)}" if rules else ""


def _refused(one: LoggedEndpoint, refused: Sequence[tuple[Event, Cell]], since: Optional[str]) -> str:
    """What was refused, by what, and whether that is over."""
    denied = one.count(Disposition.DENIED)
    what = f"denied {_times(denied)}" if denied else "asked for credentials (407), and never got through"
    rules = _by(refused) or (", where no rule allows it" if denied else "")
    reasons = few(sorted({event.reason for event, _ in refused if event.disposition is Disposition.DENIED} - {""}), 2)
    reasons = f" ({reasons})" if reasons else ""
    count = one.count(Disposition.ALLOWED)
    over = f"; let through since {since[:19]}Z" if since else f"; let through {_times(count)} besides" if count else ""
    return f"{what}{rules}{reasons}{over}{_also_failed(one)}"


def _also_failed(one: LoggedEndpoint) -> str:
    failed = one.cells(Disposition.FAILED)
    reasons = few(sorted({event.reason for event, _ in failed} - {""}), 2)
    return f"; {_times(one.count(Disposition.FAILED))} {reasons}" if failed else ""


# ---------------------------------------------------------------------------------------------------------------------
# What no record is of, and what a record may be of


def unseen(row: Requirement) -> LogRow:
    """A row of the list of which a log says nothing, and why a log may not."""
    return LogRow(
        LogGroup.UNSEEN, row.host, row.port, row.protocol.value, row.level, None, row.entries, row.reason,
        row.needed_for, row.workspaces, row.computes, because=_why_unseen(row), settled_by=SETTLED_BY[Untold.UNSEEN],
        sources=row.sources,
    )  # fmt: skip


def _why_unseen(row: Requirement) -> str:
    if row.unresolved:
        return "a part of the name is not known yet"
    if row.private:
        return "a private endpoint serves it, and its traffic passes no firewall as a rule"
    if row.kind is Kind.SERVICE_TAG:
        return "it is a service tag, and no log tells which of its addresses are meant"
    if row.kind is Kind.WILDCARD:
        return "no record of a name below it: nothing asked for one in that time, or this log does not show it"
    return "no record of it: nothing asked for it in that time, or this log does not show it"


def may_be_required(row: LogRow, required: Iterable[Requirement]) -> bool:
    """Whether a denial without a name, or a failure behind the device, may be a required row's."""
    if row.group is not LogGroup.UNDECIDED:
        return False
    if row.level is not None:
        return row.level is Level.REQUIRED
    if Disposition.DENIED.value not in row.counts or row.protocol.startswith("icmp"):
        return False
    inside = _is_private(row.host)
    return any((not row.port or one.port == row.port) and one.private is inside for one in required)


_INSIDE = tuple(map(ip_network, (*PRIVATE_RANGES, PRIVATE_RANGE_V6)))


def _is_private(host: str) -> bool:
    try:
        return any(ip_address(host) in network for network in _INSIDE) if host else False
    except ValueError:
        return False


def concrete_required(rows: Iterable[Requirement]) -> Iterator[Requirement]:
    """The rows that are required, and not by a tag."""
    yield from (row for row in rows if row.level is Level.REQUIRED and row.kind is not Kind.SERVICE_TAG)
