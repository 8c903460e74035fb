"""squid's access.log: native, common and combined.

http://www.squid-cache.org/Doc/config/logformat/, and src/LogTags.cc of https://github.com/squid-cache/squid
(2026-11-27). A line's tag says what squid did, its status what the client was told: an origin's 403 is not squid's.
"""

from __future__ import annotations

import re
from typing import Iterable, Iterator, Optional

from ..model import Disposition, Event, Key, Meaning, Passed, Raw, ReadingNotes
from ._fields import of_epoch, of_form, place_of, whole_of

SUMMARY = "squid: access.log in the formats squid (native), common and combined"
_NATIVE = re.compile(
    r"(?:\S.{0,200}?\s)?([0-9]{10}\.[0-9]{3}) +-?[0-9]+ (\S+) ([A-Z_]+/[0-9]{3}) -?([0-9]+) (\S+) (\S+) "
)
_COMMON = re.compile(
    r"(\S+) \S+ (?:\S+) \[([^\]]{10,40})\] \"(\S+) (\S+)[^\"]*\" ([0-9]{3}|-) (\S+) (?:\"(?:[^\"\\]|\\.)*\" "
    r"\"(?:[^\"\\]|\\.)*\" )?([A-Z_]+):[A-Z_]+"
)
_URL = re.compile(r"((?:[a-z][a-z0-9+.-]{0,15}://)?(?:[^/?#\s@]*@)?)([^/?#\s]*)", re.IGNORECASE)
_MOST_KNOWN = 50_000
_TAG = re.compile(r"(?:TCP|NONE|UDP|TAG)_[A-Z_]+[/:]")


def claims(head: str) -> bool:
    """Whether one of its first lines has the form of squid's."""
    return any(_TAG.search(line) and (_NATIVE.match(line) or _COMMON.match(line)) for line in head.splitlines()[:50])


class SquidReader:
    """Reads lines of either form; of a URL no more is kept than scheme, host and port."""

    def read(self, lines: Iterable[str], notes: ReadingNotes) -> Iterator[Raw]:
        """The records: client, tag with status, method, and URL as far as its host."""
        known: set[Key] = set()
        for line in lines:
            try:
                when, _, client, result, size, method, url, _ = line.split(None, 7)
                key = (result, method, short_url(url) if "/" in url else url, size == "0")
                if key not in known:
                    _ = _NATIVE.match(line)[6]  # type: ignore[index]
                    known = known if len(known) < _MOST_KNOWN else set()
                    known.add(key)
                if when[10] == "." and len(when) == 14 and when[:10].isdigit():
                    yield key, client, when, 1
                    continue
            except (ValueError, IndexError, TypeError):
                pass
            raw = _otherwise(line)
            if raw is not None:
                yield raw
            elif line.strip():
                notes.lost("no line of squid's")

    def time(self, when: str) -> str:
        """The moment of seconds since 1970, as squid writes it."""
        return of_epoch(float(when)) if re.fullmatch(r"[0-9]{10}\.[0-9]{3}", when) else when if "T" in when else ""

    def meaning(self, key: Key) -> Meaning:
        """What tag and status say, by method and URL."""
        return what_it_says(*key)


def short_url(url: str) -> str:
    """A URL without what stands behind its host, and without a user."""
    scheme, sign, rest = url.partition("://")
    authority = (rest if sign else url).partition("/")[0].partition("?")[0].partition("#")[0].rpartition("@")[2]
    return f"{scheme}://{authority}" if sign and len(scheme) < 16 else authority


def _otherwise(line: str) -> Optional[Raw]:
    """A line with something in front of it, or of the other formats; None for what is none."""
    native = _NATIVE.match(line)
    if native:
        return (native[3], native[5], short_url(native[6]), native[4] == "0"), native[2], native[1], 1
    common = _COMMON.match(line)
    if common is None:
        return None
    client, when, method, url, status, size, tag = common.groups()
    moment = of_form(when, "%d/%b/%Y:%H:%M:%S %z")
    return (f"{tag}/{status.replace('-', '000')}", method, short_url(url), size in ("0", "-")), client, moment, 1


def what_it_says(result: str, method: str, url: str, empty: bool) -> Meaning:
    """What tag and status come to, of a method and a URL; `empty`: nothing came back."""
    tag, _, status = result.partition("/")
    if method == "-" or url.startswith("error:"):
        return Passed("connections without a request")
    decision, reason = _decided(tag, whole_of(status) if status != "000" else 0, method, empty)
    if decision is None:
        return Passed(reason)
    host, ip, port = place_of(url, 443 if method == "CONNECT" else 80)
    if not (host or ip or "..." in url):
        return Passed("requests for what is no name")
    spoken = "http" if url.lower().startswith("http://") else "https"
    return Event(decision, host, ip, port, spoken, reason=reason)


def _decided(tag: str, status: int, method: str, empty: bool) -> tuple[Optional[Disposition], str]:
    """What a tag and a status come to; without a decision why there is none."""
    parts = set(tag.split("_"))
    if "DENIED" in parts:
        return (Disposition.CHALLENGE, "asked for credentials (407)") if status == 407 else (Disposition.DENIED, "")
    if parts <= {"NONE", "TAG"}:
        return _without_tag(status, method)
    if {"ABORTED", "TIMEDOUT", "TIMEOUT"} & parts:
        return (Disposition.FAILED, "broken off before anything came back") if empty else (Disposition.ALLOWED, "")
    if status == 470:
        return Disposition.FAILED, "let through, and refused by the Azure Firewall behind it (470)"
    if status in (502, 503, 504):
        return Disposition.FAILED, f"let through, and no connection behind it ({status})"
    if method == "CONNECT" and status not in (0, 200):
        return Disposition.FAILED, f"let through, and refused by a proxy behind it ({status})"
    return (Disposition.ALLOWED, "") if status else (None, "requests without an answer")


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
