"""Logs of devices, as streams of lines."""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import itertools
import sys
import zlib
from dataclasses import dataclass, field
from typing import Any, Iterator

from ..errors import UsageError
from .writing import reason_of

_HEAD, _LONGEST_LINE = 1 << 16, 1 << 20


@dataclass
class LogText:
    """A log as a stream: its beginning, by which it is recognised, and its lines; `broken` says why it ended early."""

    head: str = ""
    lines: Iterator[str] = field(default_factory=lambda: iter(()))
    broken: str = ""


@contextlib.contextmanager
def opened_log(path: str) -> Iterator[LogText]:
    """A log of any size, plain or packed by gzip; `-` is standard input; raises UsageError for what is none."""
    text, start = LogText(), list[str]()
    with contextlib.ExitStack() as stack:
        try:
            raw: Any = sys.stdin.buffer if path == "-" else stack.enter_context(open(path, "rb", buffering=_HEAD))
            stream: Any = io.BufferedReader(gzip.GzipFile(fileobj=raw)) if raw.peek(2)[:2] == b"\x1f\x8b" else raw
            encoding = "utf-16" if stream.peek(2)[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
            wrapped = io.TextIOWrapper(stream, encoding, errors="replace")
            stack.callback(wrapped.detach if path == "-" else wrapped.close)
            every = _lines_of(wrapped, text)
        except (OSError, EOFError, ValueError, zlib.error) as error:
            raise UsageError(f"--log-file {path} cannot be read: {reason_of(error)}.", "Check the path.") from None
        while sum(map(len, start)) < _HEAD and (line := next(every, "")):
            start.append(line)
        text.head, text.lines = "".join(start)[:_HEAD], itertools.chain(iter(start), every)
        if not text.head.strip():
            raise UsageError(f"--log-file {path} is empty{text.broken and f': {text.broken}'}.", "Give a log.")
        yield text


def _lines_of(stream: io.TextIOWrapper, text: LogText) -> Iterator[str]:
    try:
        yield from iter(functools.partial(stream.readline, _LONGEST_LINE), "")
    except (OSError, EOFError, ValueError, zlib.error) as error:
        text.broken = f"it breaks off: {reason_of(error)}"
