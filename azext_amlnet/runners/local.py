"""The prober on this machine, in this process; an interruption ends the wait and keeps what was measured."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from typing import Any, Iterator, Mapping, Optional

from ..measurement.report import Observation, Run
from ..measurement.transcript import Transcript
from ..prober import run as probe


class Terminated(BaseException):
    """A signal that ends a command arrived; `code` is what the command then exits with."""

    def __init__(self, number: int = signal.SIGTERM) -> None:
        super().__init__(number)
        self.code = 128 + number


def run(request: Mapping[str, Any], transcript: Optional[Transcript] = None) -> Run:
    """What came back to a request, measured here; meanwhile it can be read in the `transcript`."""
    transcript, began_s = transcript or Transcript(), time.time()
    started = time.monotonic()  # a clock that is set meanwhile makes no run shorter

    def ended(interrupted: Optional[int] = None) -> Run:
        observation = Observation("local", "this machine", transcript)
        return Run((observation,), began_s, time.monotonic() - started, interrupted)

    try:
        with terminable():
            for line in probe(request):
                transcript.take(line)
    except KeyboardInterrupt:
        return ended(130)
    except Terminated as ending:
        return ended(ending.code)
    return ended()


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM, SIGHUP (a terminal that was closed) and SIGQUIT as an exception, where a handler can be set at all.

    A signal that the parent has set to be ignored, as nohup does with SIGHUP, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _: object) -> None:
        raise Terminated(number)

    before = {}
    for name in ("SIGTERM", "SIGHUP", "SIGQUIT"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
