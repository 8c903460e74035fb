"""The messages of Azure Firewall's older logs as text, a message a line or more, perhaps copied from a ticket."""

from __future__ import annotations

import re
from typing import Iterable, Iterator

from ..model import Key, Meaning, Passed, Raw, ReadingNotes
from ._azure_messages import BEGINS, client_of, meaning_of, raw_of
from ._fields import of_iso

SUMMARY = "Azure Firewall's messages (msg_s of AzureDiagnostics) as text"
_TIME = re.compile(r"\s*\"?([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+\s?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)[\s,;\"]+")
_MOST_LINES = 5


def claims(head: str) -> bool:
    """Whether a line begins as such a message."""
    return any(BEGINS.match(_TIME.sub("", line)) for line in head.splitlines()[:50])


class MessageReader:
    """Reads messages; a line that begins none goes on with the one before."""

    def read(self, lines: Iterable[str], notes: ReadingNotes) -> Iterator[Raw]:
        """The records."""
        for text in _joined(lines):
            stamp = _TIME.match(text)
            whole = text[stamp.end() :] if stamp else text
            message = raw_of(whole).strip('" ')
            if meaning_of(message) is None:
                notes.lost("a message of another form")
                continue
            yield (message,), client_of(whole), of_iso(stamp[1]) if stamp else "", 1

    def time(self, when: str) -> str:
        """A moment in ISO 8601."""
        return of_iso(when)

    def meaning(self, key: Key) -> Meaning:
        """What a message says."""
        return meaning_of(key[0]) or Passed("messages of another form")


def _joined(lines: Iterable[str]) -> Iterator[str]:
    parts: list[str] = []
    for line in lines:
        text = line.strip()
        cut = parts and meaning_of(raw_of(_TIME.sub("", " ".join(parts)))) is None
        if cut and text and not BEGINS.match(_TIME.sub("", text)) and len(parts) < _MOST_LINES:
            parts.append(text)
            continue
        if parts:
            yield " ".join(parts)
        parts = [text] if text else []
    if parts:
        yield " ".join(parts)


READER = MessageReader
