"""Many calls at the same time: what an answer names is asked at once, so time grows with depth, not with number."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Optional


@dataclass(frozen=True)
class Call:
    """One fact to ask for; paths that differ in case only are one, as they are to ARM."""

    fact: str
    key: str
    listing: bool = False
    path: str = field(default="", compare=False)

    @classmethod
    def of(cls, fact: str, path: str, listing: bool = False) -> Call:
        """The call for a path, in the spelling it was found in."""
        return cls(fact, path.lower(), listing, path)


@dataclass(frozen=True)
class Timing:
    """When a call ran, in seconds since the crawl began, and how many answers it had to wait for first."""

    call: Call
    depth: int
    started_s: float
    ended_s: float


Follow = Callable[[Call, Any], Iterable[Call]]


class NoAnswer(Exception):
    """Nothing at all was heard in time."""


class Crawl:
    """A frontier of calls worked on by a bounded number of daemon threads, which never hold up an exit.

    `start` returns at once, so that the caller can do something else while the first answers are on their way.
    """

    def __init__(self, ask: Callable[[Call], Any], workers: int = 64) -> None:
        self.ask = ask
        self.workers = workers
        self.answers: dict[Call, Any] = {}
        self.timings: list[Timing] = []
        self._depths: dict[Call, int] = {}
        self._todo: queue.SimpleQueue[Optional[Call]] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Call, Any, float, float]] = queue.SimpleQueue()
        self._threads = 0
        self._started = time.monotonic()

    def start(self, first: Iterable[Call]) -> None:
        """Sends the first calls on their way."""
        self._submit(first, 1)

    def finish(self, follow: Follow, silence_s: float, heard: Callable[[], bool]) -> dict[Call, Any]:
        """All answers, when the last call that anything led to is answered; raises what `ask` or `follow` raises.

        Raises NoAnswer when `heard()` is still false `silence_s` seconds after the start.
        """
        try:
            while len(self.answers) < len(self._depths):
                call, answer, started, ended = self._next(silence_s, heard)
                if isinstance(answer, BaseException):
                    raise answer
                depth = self._depths[call]
                self.answers[call] = answer
                self.timings.append(Timing(call, depth, started - self._started, ended - self._started))
                self._submit(follow(call, answer), depth + 1)
        finally:
            for _ in range(self._threads):
                self._todo.put(None)
        return self.answers

    def _next(self, silence_s: float, heard: Callable[[], bool]) -> tuple[Call, Any, float, float]:
        while True:
            remaining_s = None if heard() else max(0.0, self._started + silence_s - time.monotonic())
            try:
                return self._done.get(timeout=remaining_s)
            except queue.Empty:
                if not heard():
                    raise NoAnswer from None

    def _submit(self, calls: Iterable[Call], depth: int) -> None:
        for call in calls:
            if call in self._depths:
                continue
            self._depths[call] = depth
            self._todo.put(call)
            if self._threads < self.workers:
                self._threads += 1
                threading.Thread(target=self._work, name="amlnet-arm", daemon=True).start()

    def _work(self) -> None:
        while (call := self._todo.get()) is not None:
            started = time.monotonic()
            try:
                answer = self.ask(call)
            except BaseException as error:  # handed to the caller of finish(), which raises it
                answer = error
            self._done.put((call, answer, started, time.monotonic()))
