"""The prober on this machine, in this process; an interruption ends the wait and keeps what was measured."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import Any, Callable, Iterator, Mapping, Optional

from ..measurement.transcript import Transcript
from ..prober import run


class Terminated(BaseException):
    """SIGTERM arrived."""


def measure(
    request: Mapping[str, Any], progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[Transcript, Optional[int]]:
    """What came back, and the exit code of the signal that ended it early, if one did (130 or 143)."""
    transcript, total = Transcript(), len(request["targets"])
    try:
        with terminable():
            for line in run(request):
                transcript.take(line)
                progress(len(transcript.results), total)
    except KeyboardInterrupt:
        return transcript, 130
    except Terminated:
        return transcript, 143
    return transcript, None


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM as an exception, where a handler can be set at all."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
