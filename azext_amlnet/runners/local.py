"""The prober on this machine, in this process; an interruption ends the wait and keeps what was measured."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from typing import Any, Callable, Iterator, Mapping, Optional

from ..measurement.report import Observation, Run
from ..measurement.transcript import Transcript
from ..prober import run as probe


class Terminated(BaseException):
    """SIGTERM arrived."""


def run(request: Mapping[str, Any], progress: Callable[[int, int], None] = lambda done, total: None) -> Run:
    """What came back to a request, measured here; `progress` is told how many of how many targets are done."""
    transcript, total, began_s = Transcript(), len(request["targets"]), time.time()

    def ended(interrupted: Optional[int] = None) -> Run:
        observation = Observation("local", "this machine", transcript)
        return Run((observation,), began_s, time.time() - began_s, interrupted)

    try:
        with terminable():
            for line in probe(request):
                transcript.take(line)
                progress(len(transcript.results), total)
    except KeyboardInterrupt:
        return ended(130)
    except Terminated:
        return ended(143)
    return ended()


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM as an exception, where a handler can be set at all."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
