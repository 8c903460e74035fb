"""What a person at a terminal sees while a command waits: one line on standard error, gone when the wait is over."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Callable, Iterator

if TYPE_CHECKING:
    from typing import Any

    from humanfriendly.terminal.spinners import Spinner

_EVERY_S = 0.25
LONG_S = 2.0
"""A wait that nobody has to explain ends before this."""


@contextlib.contextmanager
def waiting(cmd: Any, text: Callable[[], str], after_s: float = 0.0) -> Iterator[None]:
    """Shows what `text` says, and says anew, from `after_s` seconds on until the end of the block.

    Nothing is shown where standard error is no terminal, with --only-show-errors, or where az's own progress is off.
    """
    if not _is_watched(cmd):
        yield
        return
    from humanfriendly.terminal.spinners import Spinner

    over, spinner = threading.Event(), Spinner(label="Waiting", stream=sys.stderr, interval=0)
    thread = threading.Thread(target=_redraw, args=(spinner, text, over, after_s or _EVERY_S), daemon=True)
    try:
        if not after_s:
            _draw(spinner, text)
        thread.start()
        yield
    finally:
        over.set()
        if thread.is_alive():
            thread.join()
        with contextlib.suppress(OSError, ValueError):
            spinner.clear()
            sys.stderr.flush()


@dataclass
class Latest:
    """The text for a wait that somebody else explains: what was said last."""

    text: str

    def say(self, text: str) -> None:
        """Says something new."""
        self.text = text

    def __call__(self) -> str:
        return self.text


def asking(what: str) -> Callable[[], str]:
    """The text for a wait of which nothing is known but for how long it has lasted."""
    began = time.monotonic()
    return lambda: f"{what} ({time.monotonic() - began:.0f} s)"


def _is_watched(cmd: Any) -> bool:
    off = cmd.cli_ctx.only_show_errors or cmd.cli_ctx.config.getboolean("core", "disable_progress_bar", False)
    return sys.stderr.isatty() and not off


def _redraw(spinner: Spinner, text: Callable[[], str], over: threading.Event, pause_s: float) -> None:
    while not over.wait(pause_s):
        _draw(spinner, text)
        pause_s = _EVERY_S


def _draw(spinner: Spinner, text: Callable[[], str]) -> None:
    """The line anew, on one line of the terminal; one that is gone by now takes nothing."""
    room, line = max(20, get_terminal_size().columns - 7), text()  # the spinner has signs of its own
    with contextlib.suppress(OSError, ValueError):
        spinner.step(label=line if len(line) <= room else line[: room - 1] + "…")
        sys.stderr.flush()
