"""Interleaved medians and the line that compares one with what is promised."""

from __future__ import annotations

import statistics
import time
from typing import Any

RUNS = 7


def interleaved(*commands: Any, runs: int = RUNS) -> list[float]:
    """The median wall time of each command, in seconds, run in turns."""
    times: list[list[float]] = [[] for _ in commands]
    for number in range(runs + 1):
        for command, spent in zip(commands, times, strict=True):
            started = time.perf_counter()
            command()
            if number:  # the first round warms caches
                spent.append(time.perf_counter() - started)
    return [statistics.median(spent) for spent in times]


def verdict(name: str, value: float, limit: float, unit: str = "x") -> None:
    """One line: what was measured, against what is promised."""
    kept = "ok" if value <= limit else "MISSED"
    print(f"  {name:<66} {value:7.2f} {unit:<2}  (promised: at most {limit:g} {unit})  {kept}")
