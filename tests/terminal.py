"""A terminal of a test's own: what a person sees at its end, and each line that was shown on the way."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shlex
import signal
import struct
import subprocess
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Sequence

import pyte

ROWS = 200


@dataclass(frozen=True)
class Seen:
    """What a command did on a terminal: its exit code, the lines that are left, and all that was written."""

    code: int
    lines: list[str]
    written: str

    @property
    def states(self) -> list[str]:
        """What one line of the screen said after the other, each state once."""
        shown = re.split(r"[\r\n]|\x1b\[K", self.written)
        return list(dict.fromkeys(re.sub(r"^ *[-\\|/] | \.\.$", "", state).strip() for state in shown if state.strip()))


def seen(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    columns: int = 120,
    timeout_s: float = 60,
    until: str = "",
) -> Seen:
    """Runs a command with standard output and error on a terminal so many columns wide.

    It is interrupted, as by Ctrl-C, when `until` has been written.
    """
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    process = subprocess.Popen(
        command,
        env={**environment, "TERM": "xterm"},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=child,
        stderr=child,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    os.close(child)
    written = _read(parent, process, time.monotonic() + timeout_s, until.encode())
    screen = pyte.Screen(columns, ROWS)
    pyte.Stream(screen).feed(written)
    lines = [line.rstrip() for line in screen.display]
    while lines and not lines[-1]:
        lines.pop()
    return Seen(process.wait(timeout_s), lines, written)


def table_on(command: Sequence[str], environment: Mapping[str, str], folder: Path, columns: int = 120) -> list[str]:
    """The lines of standard error, which goes elsewhere, and then those of standard output on a terminal."""
    errors = folder / "errors.txt"
    script = 'exec "$@" 2>' + shlex.quote(str(errors))
    shown = seen(["sh", "-c", script, "sh", *command], environment, folder, columns)
    return [*errors.read_text(encoding="utf-8").splitlines(), *shown.lines]


def _read(parent: int, process: subprocess.Popen[bytes], ends: float, until: bytes) -> str:
    """All that is written until nobody holds the terminal any more; ends the process when its time is over."""
    whole = b""
    try:
        while time.monotonic() < ends:
            if until and until in whole:
                process.send_signal(signal.SIGINT)
                until = b""
            ready, _, _ = select.select([parent], [], [], 0.5)
            if ready:
                try:
                    part = os.read(parent, 65536)
                except OSError:  # Linux says so when the last writer has gone
                    break
                if not part:
                    break
                whole += part
        else:
            process.kill()
    finally:
        os.close(parent)
    return whole.decode("utf-8", "replace")
