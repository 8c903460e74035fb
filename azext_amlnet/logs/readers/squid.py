"""squid's access.log: native, common and combined.

http://www.squid-cache.org/Doc/config/logformat/, and src/LogTags.cc of https://github.com/squid-cache/squid
(2026-11-27). A line's tag says what squid did, its status what the client was told: an origin's 403 is not squid's.
"""

from __future__ import annotations

import re
from sys import intern
from typing import Any, Iterable, Iterator, Optional

from ..model import Disposition, Event, Key, Meaning, Passed, Raw, ReadingNotes
from ._fields import epoch_of, of_epoch, of_form, place_of, spread, whole_of

SUMMARY = "squid: access.log in the formats squid (native), common and combined"
_NATIVE = re.compile(r"(?:\S.{0,200}?\s)??([0-9]{10}.{4})(.{0,25}?) +(\S+) ([A-Z_]+/[0-9]{3}) ([^ ]+) (\S+) (\S+) ")
_BEGINS = re.compile(r"(?:\S.{0,200}?\s)??[0-9]{10}\.[0-9]{3} +-?[0-9]+ ")
_COMMON = re.compile(
    r"(\S+) \S+ (?:\S+) \[([^\]]{10,40})\] \"(\S+) ([^\s\"]+)(?:\s[^\"]*)?\" ([0-9]{3}|-) (\S+) "
    r"(?:\"(?:[^\"\\]|\\.)*\" \"(?:[^\"\\]|\\.)*\" )?([A-Z_]+):[A-Z_]+"
)
_MOST_KNOWN = 50_000
_TAG = re.compile(r"(?:TCP|NONE|UDP|TAG)_[A-Z_]+[/:]")


def claims(head: str) -> bool:
    """Whether one of its first lines has the form of squid's."""
    return any(_TAG.search(line) and (_is_native(line) or _COMMON.match(line)) for line in head.splitlines()[:50])


def _is_native(line: str) -> bool:
    """Whether a line has squid's own form, with a time: of one that is damaged there the rest is read."""
    return bool(_BEGINS.match(line) and _NATIVE.match(line))


class SquidReader:
    """Reads lines of either form; of a URL no more is kept than scheme, host and port."""

    def read(self, lines: Iterable[str], notes: ReadingNotes) -> Iterator[Raw]:
        """The records: client, tag with status, method, and URL as far as its host; those that are alike as one."""
        sums, room = Sums(), _MOST_KNOWN
        for line in lines:
            try:  # as squid pads it; what is padded otherwise is read by the pattern
                when = line[:14]
                if line[21] != " " or not when[:10].isdigit():
                    raise ValueError
                client, result, size, rest = line[22:].split(" ", 3)
                if line[17] != " ":
                    when = begun_at(when, line[14:21], result)
                what = rest if rest[0] == "C" else _without_path(rest)  # of CONNECT there is no path
                who = f"{client} {result}" if size != "0" else f"{client} {result} 0"
                cell = sums[what][who]
            except (KeyError, ValueError, IndexError) as error:
                if type(error) is KeyError and _is_alike(line, client, result, size, rest):
                    sums.setdefault(what, {})[intern(who)] = [1, when, when]
                    room -= 1
                else:
                    yield from _otherwise(line, notes)
                if not room:
                    yield from _flushed(sums)
                    sums, room = Sums(), _MOST_KNOWN
                continue
            cell[0] += 1
            if when > cell[2]:
                cell[2] = when
            elif when < cell[1]:
                cell[1] = when
        yield from _flushed(sums)

    def time(self, when: str) -> str:
        """The moment of seconds since 1970, as squid writes it."""
        return of_epoch(float(when)) if re.fullmatch(r"[0-9]{10}\.[0-9]{3}", when) else ""

    def meaning(self, key: Key) -> Meaning:
        """What tag and status say, by method and URL."""
        return what_it_says(*key)


Sums = dict[str, dict[str, list[Any]]]
"""By what is asked for (method, URL, and what else stands behind them) and by who asked, with what came of it: how
often, and the first and the last time. Few texts, so that they stay near at hand."""


def _flushed(sums: Sums) -> Iterator[Raw]:
    for what, askers in sums.items():
        method, url, *_ = what.split(" ", 2)
        place = short_url(url) if "/" in url else url
        for who, (count, first, last) in askers.items():
            client, result, *empty = who.split(" ")
            yield from spread((result, method, place, bool(empty), False), client, first, last, count)


def _without_path(rest: str) -> str:
    """Method and URL of what is no tunnel, the URL no further than its host; raises ValueError where one is missing."""
    method, url, _ = rest.split(" ", 2)
    return f"{method} {short_url(url) if '/' in url else url}"


def _is_alike(line: str, *fields: str) -> bool:
    """Whether the pattern takes a line apart in the same way."""
    native = _NATIVE.match(line)
    client, result, size, rest = fields
    return native is not None and native.groups()[2:] == (client, result, size, *rest.split(" ", 2)[:2])


def short_url(url: str) -> str:
    """A URL without what stands behind its host, and without a user."""
    scheme, sign, rest = url.partition("://")
    authority = (rest if sign else url).partition("/")[0].partition("?")[0].partition("#")[0].rpartition("@")[2]
    return f"{scheme}://{authority}" if sign and len(scheme) < 16 else authority


def _otherwise(line: str, notes: ReadingNotes) -> Iterator[Raw]:
    """A line with something in front of it, or of the other formats; what is none is noted."""
    native = _NATIVE.match(line)
    common = None if native else _COMMON.match(line)
    if native:
        when, gap, client, result, size, method, url = native.groups()
        yield (result, method, short_url(url), size == "0", False), client, begun_at(when, gap, result), 1
    elif common:
        client, when, method, url, status, size, tag = common.groups()
        key = (f"{tag}/{status.replace('-', '000')}", method, short_url(url), size in ("0", "-"), True)
        yield key, client, epoch_of(of_form(when, "%d/%b/%Y:%H:%M:%S %z")), 1
    elif line.strip():
        notes.lost("no line of squid's")


def begun_at(when: str, gap: str, result: str) -> str:
    """When squid decided: a line is written at the end of a request, and what was let through may have lasted.

    Parts of a second are left as they are: see `Mending`.
    """
    lasted = gap.strip()[:-3]
    if not lasted.isdecimal() or "DENIED" in result or not when[:10].isdecimal():
        return when
    begun = int(when[:10]) - int(lasted)
    return f"{begun}{when[10:]}" if begun > 999_999_999 else when  # ten digits, so that they sort as texts


def what_it_says(result: str, method: str, url: str, empty: bool, ended: bool = False) -> Meaning:
    """What tag and status come to, of a method and a URL; `empty`: nothing came back; `ended`: see Event."""
    tag, _, status = result.partition("/")
    if method == "-" or url.startswith("error:"):
        return Passed("connections without a request")
    decision, reason = _decided(tag, whole_of(status) if status != "000" else 0, method, empty)
    if decision is None:
        return Passed(reason)
    host, ip, port = place_of(url, 443 if method == "CONNECT" else 0)
    if not (host or ip or "..." in url):
        return Passed("requests for what is no name")
    spoken = "http" if url.lower().startswith("http://") else "https"
    return Event(decision, host, ip, port, spoken, reason=reason, ended=ended)


_BROKEN_OFF = {"ABORTED", "TIMEDOUT", "TIMEOUT"}


def _decided(tag: str, status: int, method: str, empty: bool) -> tuple[Optional[Disposition], str]:
    """What a tag and a status come to; without a decision why there is none."""
    every = set(tag.split("_"))
    parts, broken = every - _BROKEN_OFF, bool(every & _BROKEN_OFF)
    if "DENIED" in parts:
        return (Disposition.CHALLENGE, "asked for credentials (407)") if status == 407 else (Disposition.DENIED, "")
    if parts <= {"NONE", "TAG"}:
        return _without_tag(status, method)
    if "REDIRECT" in parts:
        return Disposition.FAILED, "answered by squid itself, which leads elsewhere"
    if status == 470:
        return Disposition.FAILED, "let through, and refused by the Azure Firewall behind it (470)"
    if status in (502, 503, 504):
        return Disposition.FAILED, f"let through, and no connection behind it ({status})"
    if status == 407 or (method == "CONNECT" and status not in (0, 200)):
        return Disposition.FAILED, f"let through, and refused by a proxy behind it ({status})"
    if broken and empty:
        return Disposition.FAILED, "broken off before anything came back"
    return (Disposition.ALLOWED, "") if status or broken else (None, "requests without an answer")


def _without_tag(status: int, method: str) -> tuple[Optional[Disposition], str]:
    """What `NONE` comes to: an error of squid's own, or a step of TLS inspection that decides nothing."""
    if status == 403:
        return Disposition.DENIED, ""
    if status == 407:
        return Disposition.CHALLENGE, "asked for credentials (407)"
    if status in (502, 503, 504):
        return Disposition.FAILED, f"let through, and no connection behind it ({status})"
    if status == 0 and method == "CONNECT":
        return Disposition.DENIED, "TLS was cut after the server name"
    return None, "looks into TLS, which decide nothing" if method == "CONNECT" else "requests that are malformed"


READER = SquidReader
