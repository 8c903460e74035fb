"""The nouns of a device's log: any format, reduced to what somebody asked for and what the device made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Iterable, Iterator, Mapping, Optional, Protocol, Union

from ..model import Gap, Level, Scenario, SearchedScope, Settlement, Source, checked
from ..text import is_line

BY_NAME = "dns"
"""The protocol of a record that refuses to tell a name's addresses."""


class Disposition(str, Enum):
    """What a device did, as its record says."""

    ALLOWED = "allowed"
    DENIED = "denied"
    FAILED = "failed"
    ALERT = "alert"
    CHALLENGE = "challenge"


@dataclass(frozen=True)
class Event:
    """What a record says of one attempt, apart from its time: what it lacks stays empty, nothing is guessed.

    `host` is lower-case, without port and final dot; `candidates` are several names of which it is one. `source` is the
    client, `rule` what decided (empty: what decides where no rule does), `reason` what the device says besides. `table`
    is the log of several of one device that it stands in; one attempt may stand in more than one of them. `ended`: its
    time is that of its end, and nobody tells how long it lasted.
    """

    disposition: Disposition
    host: str = ""
    ip: str = ""
    port: int = 0
    protocol: str = ""
    source: str = ""
    rule: str = ""
    reason: str = ""
    table: str = ""
    ended: bool = False
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lookup:
    """The answer of a DNS server: the addresses that a client was told for a name."""

    host: str
    addresses: tuple[str, ...]
    source: str = ""


@dataclass(frozen=True)
class Passed:
    """A record that decides nothing, `why` in a word or two: it is counted, and passed over."""

    why: str


Meaning = Union[Event, Lookup, Passed]
Key = tuple[Any, ...]
Raw = tuple[Key, str, str, int]
"""What a reader takes from a record: what tells it from others, the client, the time as a text that sorts among those
of one reader, and how many attempts it is."""


class LogReader(Protocol):
    """One format. `claims` tells it from the beginning of a text; a reader reads one file.

    `read` yields what records say as briefly as it can, since there are millions: those of one host are alike but for
    client and time, and `meaning` is asked once for each kind, without them. What it cannot read it hands to `notes`.
    """

    def read(self, lines: Iterable[str], notes: ReadingNotes) -> Iterator[Raw]:
        """The records of a text's lines."""

    def time(self, when: str) -> str:
        """A time that `read` told, in UTC as reports write it; empty where none is told."""

    def meaning(self, key: Key) -> Meaning:
        """What such a record says."""


@dataclass
class ReadingNotes:
    """What could not be read of one file: how many lines, the first of each sort, and where the log has holes.

    `lines` is the number of the line that is read at present; text of the log itself is kept nowhere.
    """

    lines: int = 0
    unread: int = 0
    first: dict[str, int] = field(default_factory=dict)
    holes: dict[str, int] = field(default_factory=dict)

    def lost(self, why: str) -> None:
        """A line that could not be read."""
        self.unread += 1
        self.first.setdefault(why, self.lines)

    def hole(self, why: str, count: int = 1) -> None:
        """Something that the log itself says it does not have."""
        self.holes[why] = self.holes.get(why, 0) + count


@dataclass(frozen=True)
class Cell:
    """How often something was seen, when first and last, and how often nobody knows when."""

    count: int
    first: str
    last: str
    undated: int = 0

    def __add__(self, other: Cell) -> Cell:
        firsts = [one for one in (self.first, other.first) if one]
        undated = self.undated + other.undated
        return Cell(self.count + other.count, min(firsts, default=""), max(self.last, other.last), undated)


# ---------------------------------------------------------------------------------------------------------------------
# What comes of it


class LogGroup(str, Enum):
    """Where a row of an explained log belongs, in the order in which people need it."""

    DENIED = "denied"
    UNKNOWN_DENIED = "unknownDenied"
    UNDECIDED = "undecided"
    UNSEEN = "unseen"
    BEYOND = "beyond"
    PROVEN = "proven"


@dataclass(frozen=True)
class LogSource:
    """One file, or one answer: how many lines and records it had, what could not be read, and its holes."""

    name: str = checked(is_line, "one line of text")
    format: str = ""
    lines: int = 0
    records: int = 0
    passed: Mapping[str, int] = field(default_factory=dict)
    unread: int = 0
    first_unread: tuple[str, ...] = ()
    holes: tuple[str, ...] = ()
    first: Optional[str] = None
    last: Optional[str] = None


@dataclass(frozen=True)
class LogRow:
    """One endpoint, and what the log says of it; `counts` is by decision, `clients` how many asked.

    `requirement` is the host of the list's row where that is a wildcard; `fixed_since` the time of the first attempt
    that passed after the last that did not, from wherever it had been denied.
    """

    group: LogGroup
    host: str
    port: Optional[int]
    protocol: str
    level: Optional[Level] = None
    requirement: Optional[str] = None
    entries: tuple[str, ...] = ()
    reason: str = ""
    needed_for: tuple[Scenario, ...] = ()
    workspaces: tuple[str, ...] = ()
    computes: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    first: Optional[str] = None
    last: Optional[str] = None
    clients: int = 0
    addresses: Optional[tuple[str, ...]] = field(default=None, metadata={"omit": True})
    rules: tuple[str, ...] = ()
    fixed_since: Optional[str] = None
    failing: bool = False
    because: str = ""
    nearest: str = ""
    settled_by: Optional[Settlement] = field(default=None, metadata={"omit": True})
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class LogReport:
    """What `az ml network explain-log` returns; docs/explain-log.schema.json is its shape."""

    schema_version: int
    tool: Mapping[str, str]
    catalog: Mapping[str, str]
    workspace: Optional[Mapping[str, Optional[str]]]
    workspaces: tuple[Mapping[str, Optional[str]], ...]
    scope: Optional[SearchedScope] = field(metadata={"omit": True})
    gaps: tuple[Gap, ...]
    span: Mapping[str, Optional[str]]
    sources: tuple[LogSource, ...]
    summary: Mapping[str, Any]
    warnings: tuple[str, ...]
    rows: tuple[LogRow, ...]

    @property
    def exit_code(self) -> int:
        """8 a required endpoint was denied, and not allowed since; 9 nobody can tell, or nothing was read; else 0."""
        return int(self.summary["exitCode"])
