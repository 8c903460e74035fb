"""How fast Azure may be asked: at once until it throttles, then as it says.

Azure Resource Manager refills a bucket of 250 reads with 25 a second, for each subscription, region and principal
(https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling, 2026-11-24);
Resource Graph answers 15 queries in 5 seconds
(https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests, 2026-02-06).
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Callable, Mapping, Optional

from .client import Timeouts

_REFILL = 20.0
"""Calls a second, after the first refusal: a little less than the bucket is refilled with."""
_LEAST, _MORE = 2.0, 0.05
"""The fewest calls a second, and how many more after each answer."""


@dataclass
class _Gate:
    """When the next call to one subscription may go: not before `opens`, and then `rate` a second (None: any number).

    `closed` counts how often it was closed, so that refusals of calls that were on their way count once.
    """

    opens: float = 0.0
    rate: Optional[float] = None
    closed: int = 0


class Pace:
    """Sends calls, and those that Azure throttles again when it says so; one gate a subscription, for all threads.

    A call that is refused more than `retries` times (None: any number), for longer than `patience_s`, or with a wait
    of more than `longest_s`, gets its refusal.
    """

    def __init__(self, retries: Optional[int], longest_s: float, patience_s: float) -> None:
        self.retries, self.longest_s, self.patience_s = retries, longest_s, patience_s
        self._gates: dict[str, _Gate] = {}
        self._lock = threading.Lock()

    @classmethod
    def of_one(cls, timeouts: Timeouts) -> Pace:
        """For the questions about one workspace, whose list somebody is waiting for."""
        return cls(timeouts.retries, timeouts.retry_after_s, 4 * timeouts.retry_after_s)

    @classmethod
    def of_many(cls, timeouts: Timeouts) -> Pace:
        """For thousands of calls, none of which may be lost to a bucket that runs dry."""
        return cls(None, max(300.0, timeouts.retry_after_s), 1800.0)

    def send(self, key: str, send: Callable[[], Any]) -> Any:
        """The response of a call to a subscription; what `send` raises is raised."""
        began, tries = time.monotonic(), 0
        while True:
            closed = self._admitted(key)
            response = send()
            wait_s = self._learned(key, closed, response)
            tries += 1
            late = wait_s is not None and time.monotonic() + wait_s - began > self.patience_s
            spent = self.retries is not None and tries > self.retries
            if wait_s is None or wait_s > self.longest_s or late or spent:
                return response

    def waits_s(self) -> float:
        """For how many seconds the gate that opens last is closed; 0 where none is."""
        with self._lock:
            return max((gate.opens for gate in self._gates.values()), default=0.0) - time.monotonic()

    def _admitted(self, key: str) -> int:
        """Waits until a call may go; the gate's count of closures then."""
        while True:
            with self._lock:
                gate = self._gates.setdefault(key, _Gate())
                now = time.monotonic()
                if gate.opens <= now:
                    gate.opens = now + (1 / gate.rate if gate.rate else 0.0)
                    return gate.closed
                wait_s = gate.opens - now
            time.sleep(min(wait_s, 1.0))

    def _learned(self, key: str, closed: int, response: Any) -> Optional[float]:
        """What a response says of the pace: the seconds until the call may go again, None for one that was answered."""
        headers = response.headers
        throttled = response.status_code == 429
        wait_s = _told_s(headers) if throttled else _quota_s(headers)
        with self._lock:
            gate = self._gates[key]
            if throttled and closed == gate.closed:
                gate.closed += 1
                gate.rate = max(_LEAST, gate.rate * 0.7) if gate.rate else _REFILL
            elif not throttled and gate.rate:
                gate.rate += _MORE
            if wait_s is not None and wait_s <= self.longest_s:
                gate.opens = max(gate.opens, time.monotonic() + wait_s)
        return wait_s if throttled else None


_USUAL_S = 2.0
"""The wait where a refusal does not say how long."""


def _told_s(headers: Mapping[str, str]) -> float:
    """How long a refusal says to wait: by `Retry-After`, else until Resource Graph's quota is whole again."""
    waits = (_retry_after_s(headers.get("Retry-After")), _span_s(headers.get("x-ms-user-quota-resets-after")))
    return next((wait for wait in waits if wait is not None), _USUAL_S)


def _quota_s(headers: Mapping[str, str]) -> Optional[float]:
    """How long to wait after an answer that was the last of a quota; None while something is left of it."""
    left = (headers.get("x-ms-user-quota-remaining") or "").strip()
    return _span_s(headers.get("x-ms-user-quota-resets-after")) if left == "0" else None


def _retry_after_s(text: Optional[str]) -> Optional[float]:
    """Seconds, also of a date; None for what cannot be read."""
    text = (text or "").strip()
    if re.fullmatch(r"\d{1,9}", text):
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _span_s(text: Optional[str]) -> Optional[float]:
    """The seconds of `hh:mm:ss`; None for anything else."""
    match = re.fullmatch(r"\s*(\d{1,4}):(\d{1,2}):(\d{1,2})(?:\.\d+)?\s*", text or "")
    return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3]) if match else None
