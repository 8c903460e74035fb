"""The objects of JSON: one a line, in one list, in the list of an object, or one behind the other. Pure.

A list of a gigabyte is read piece by piece: never more of it is held than one object.
"""

from __future__ import annotations

import json
import re
from typing import Any, Iterable, Iterator

from ..model import ReadingNotes

_ENOUGH, _MOST = 1 << 16, 1 << 23
"""So many characters are gathered before objects are looked for, and so many may one object have."""
_BETWEEN = re.compile(r"[\s,\[\]}]*")
_WRAPPED = re.compile(r'\s*\{\s*"(?:records|value)"\s*:\s*\[')
_CONTAINER = re.compile(r"\s*(?:\[|\{\s*(?:\Z|\"(?:records|value|tables)\"))")


def objects(lines: Iterable[str], notes: ReadingNotes) -> Iterator[Any]:
    """The objects, in their order; what is none is noted."""
    pieces, loads = iter(lines), json.loads
    for line in pieces:
        try:
            value = loads(line)
        except (ValueError, RecursionError):
            if _CONTAINER.match(line):
                yield from _streamed(line, pieces, notes)
                return
            if line.strip():
                notes.lost("no valid JSON; the log may be cut there")
            continue
        if type(value) is dict and not ("records" in value or "tables" in value or "value" in value):
            yield value
        else:
            yield from _within(value)


def _within(value: Any) -> Iterator[Any]:
    """The objects of a value that holds several."""
    if isinstance(value, list):
        yield from value
    elif isinstance(value, dict) and isinstance(value.get("tables"), list):
        for table in value["tables"]:
            yield from rows_of(table)
    elif isinstance(value, dict):
        inner = next((value[key] for key in ("records", "value") if isinstance(value.get(key), list)), None)
        yield from inner if inner is not None else [value]
    else:
        yield value


def rows_of(table: Any) -> Iterator[Any]:
    """The rows of an answer of Log Analytics, with the names of their columns.

    https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format (2026-11-27)
    """
    columns = table.get("columns") if isinstance(table, dict) else None
    names = [str(one.get("name")) for one in columns if isinstance(one, dict)] if isinstance(columns, list) else []
    rows = table.get("rows") if names else None
    for row in rows if isinstance(rows, list) else ():
        yield dict(zip(names, row, strict=False)) if isinstance(row, list) else row


def _streamed(first: str, pieces: Iterator[str], notes: ReadingNotes) -> Iterator[Any]:
    """The objects of a list, or of several texts one behind the other, out of pieces of text."""
    decode = json.JSONDecoder().raw_decode
    match = _WRAPPED.match(first)
    text, at = first, match.end() if match else 0
    started = bool(match)
    while True:
        more = _gathered(pieces)
        text, at = text[at:] + more, 0
        if not started:
            match = _WRAPPED.match(text)
            at, started = (match.end() if match else 0), True
        while True:
            at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]
            if at >= len(text):
                break
            try:
                value, at = decode(text, at)
            except (ValueError, RecursionError):
                if more and len(text) - at < _MOST:
                    break
                notes.lost("no valid JSON; the log may be cut there")
                following = text.find("\n", at + 1)
                at = following if following >= 0 else len(text)
                continue
            yield from _within(value)
        if not more:
            return


def _gathered(pieces: Iterator[str]) -> str:
    """The next pieces together, so that objects are not looked for after each."""
    parts, size = [], 0
    for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size >= _ENOUGH:
            break
    return "".join(parts)
