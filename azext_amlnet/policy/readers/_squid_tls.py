"""What squid does with TLS: which ports it opens it on, and what ssl_bump lines make of a connection.

At each of three steps the first line that holds, and whose action can still be taken, decides: peek and stare lead to
the next step, splice and terminate end it, bump opens it, and then http_access is asked again for what is read within
(http://www.squid-cache.org/Doc/config/ssl_bump/, 2026-11-26). What happens where no line holds, and what a step can do
no longer, was measured with squid 5.7 (docs/design/033-squid-is-asked-twice.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Iterator, Optional, Sequence

from ..conditions import Condition
from ..model import Rule
from ._squid_acls import NEVER, Acls, Request
from ._squid_files import Line

_MOST_ENDS = 500


class End(Enum):
    """What becomes of a connection."""

    SPLICE = "splice"
    BUMP = "bump"
    TERMINATE = "terminate"
    UNTOLD = "untold"


_ACTIONS = {
    **dict.fromkeys(("splice", "none", "deny"), End.SPLICE),
    **dict.fromkeys(("bump", "client-first", "server-first", "allow"), End.BUMP),
    "terminate": End.TERMINATE,
}
_LOOKING = ("peek", "stare")
_OF_THE_FIRST_STEP = ("none", "deny", "client-first", "server-first", "allow")


@dataclass(frozen=True)
class Way:
    """One way through the steps: what has to hold on it, where it ends, and the line that ends it."""

    conditions: tuple[Condition, ...]
    end: End
    line: Optional[Line] = None

    @property
    def rule(self) -> Rule:
        """The end as a rule: what is spliced passes, what is terminated does not."""
        allow = {End.SPLICE: True, End.TERMINATE: False}.get(self.end)
        where = self.line.where if self.line else "(no ssl_bump line)"
        verb = {End.SPLICE: "splices", End.TERMINATE: "terminates"}.get(self.end, "decides about")
        unread = "what it does depends on the server's version of TLS" if self.end is End.UNTOLD else ""
        return Rule(where, allow, self.conditions, verb, "it", unread=unread)


def ways(lines: Sequence[Line], acls: Acls) -> tuple[Way, ...]:
    """All ways through the steps, in their order; the first one whose conditions hold is taken."""
    first = tuple(islice(_ways(lines, acls, 1, "", ()), _MOST_ENDS))
    return first if len(first) < _MOST_ENDS else (Way((), End.UNTOLD),)


def _ways(lines: Sequence[Line], acls: Acls, step: int, looking: str, before: tuple[Condition, ...]) -> Iterator[Way]:
    request = Request(step=step)
    for line in lines:
        action = line.words[1].lower()
        if not _is_possible(action, step, looking):
            continue
        asked = acls.all_of(line.words[2:], request)
        if NEVER in asked:
            continue
        conditions = (*before, *asked)
        if action in _LOOKING:
            yield from _ways(lines, acls, step + 1, action, conditions)
        else:
            end = _ACTIONS.get(action, End.UNTOLD)
            # Where the server speaks TLS 1.3, peeking does not show its certificate, and the third step is never asked.
            untold = step == 3 and looking == "peek" and end is End.TERMINATE
            yield Way(conditions, End.UNTOLD if untold else end, line)
        if not asked:
            return
    yield Way(before, End.BUMP if step == 3 and looking == "stare" else End.SPLICE)


def _is_possible(action: str, step: int, looking: str) -> bool:
    """Whether a step can take an action; squid passes over the lines of others.

    The actions of squid 3.3 are for the first step; at the third nothing is left to look at, and what was peeked at
    twice cannot be opened any more, nor what was stared at be left alone.
    """
    if step == 1:
        return True
    gone = {"peek": "bump", "stare": "splice"}[looking]
    return action not in _OF_THE_FIRST_STEP and not (step == 3 and action in (*_LOOKING, gone))


# ---------------------------------------------------------------------------------------------------------------------
# Ports

_OTHERS = ("intercept", "transparent", "tproxy", "accel", "vhost", "vport", "require-proxy-header")


@dataclass(frozen=True)
class Ports:
    """squid's ports: whether there is one that clients can name as their proxy, and whether that one opens TLS.

    `others` are the lines of ports that clients cannot name.
    """

    named: bool
    opens: bool
    others: tuple[Line, ...]


def ports_of(lines: Sequence[Line]) -> Ports:
    """The ports; without a line of one, as in a part of a configuration, there is one that may open TLS."""
    ports = [line for line in lines if line.words[0] in ("http_port", "https_port") and len(line.words) > 1]
    others = tuple(line for line in ports if _is_other(line.words))
    plain = [line for line in ports if line not in others]
    opens = not ports or any("ssl-bump" in line.words for line in plain)
    return Ports(bool(plain) or not ports, opens, others)


def _is_other(words: Sequence[str]) -> bool:
    options = [word.partition("=")[0].lower() for word in words[2:]]
    return any(option in (*_OTHERS, "defaultsite") for option in options)
