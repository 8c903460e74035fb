"""What Kubernetes takes as a CronJob's schedule and time zone. Pure.

It reads them by https://pkg.go.dev/github.com/robfig/cron/v3#hdr-CRON_Expression_Format and takes no zone inside of a
schedule, and no zone that each machine has another of
(https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs, 2026-11-27).
"""

from __future__ import annotations

import re
from typing import Sequence

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: Sequence[tuple[str, int, int, Sequence[str]]] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 6, _DAYS),
)
_LENGTH = r"(?:[0-9]{1,6}(?:\.[0-9]{1,6})?(?:ms|h|m|s))+"
_WORD = re.compile(rf"@(?:yearly|annually|monthly|weekly|daily|midnight|hourly|every {_LENGTH})")
_PART = re.compile(r"(?:(?P<all>[*?])|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[0-9]{1,4}))?")
_ZONE = re.compile(r"(?!local\Z)[a-z][a-z0-9_+-]*(?:/[a-z0-9_+-]+)*", re.IGNORECASE)


def fault_of(schedule: str) -> str:
    """What keeps a text from being a schedule, in words that follow its name; empty where nothing does."""
    if _WORD.fullmatch(schedule):
        return ""
    fields = list(filter(None, schedule.split(" ")))
    if len(fields) != len(_FIELDS):
        return "no five fields of cron"
    for text, (name, least, most, words) in zip(fields, _FIELDS, strict=True):
        if not all(_is_part(part.lower(), least, most, words) for part in text.split(",")):
            return f"no schedule of cron: '{text[:40]}' is no {name} ({least} to {most})"
    return ""


def _is_part(text: str, least: int, most: int, words: Sequence[str]) -> bool:
    """Whether it is all, one value, or a range of them, perhaps only each so many."""
    part = _PART.fullmatch(text)
    if not part or (part["step"] is not None and int(part["step"]) == 0):
        return False
    if part["all"]:
        return True
    first = _value(part["first"], least, words)
    last = _value(part["last"], least, words) if part["last"] else first
    return least <= first <= last <= most


def _value(text: str, least: int, words: Sequence[str]) -> int:
    """The number of a value; -1 where it is none."""
    if text in words:
        return words.index(text) + least
    return int(text) if text.isascii() and text.isdigit() else -1


def is_zone(text: str) -> bool:
    """Whether it can be the name of a time zone; whether there is such a zone only the cluster knows."""
    return _ZONE.fullmatch(text) is not None
