"""compare of two reports with 2,000 endpoints, beside the same command on two with 49."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from tests.fakearm import FakeAzure
from tests.test_reports import report, row
from tests.world import Az

from .timing import interleaved, verdict

ROWS, RUNS = 2000, 3


def bench_comparing(folder: Path, extensions: Path) -> None:
    """What so many rows cost over the command's own start, with a page."""
    home = folder / "comparing"
    home.mkdir()
    with FakeAzure() as azure:
        az = Az(home, extensions, azure)
        few, many = (partial(_compared, az, _written(home, count)) for count in (49, ROWS))
        small, large = interleaved(few, many, runs=RUNS)
    print(f"compare, two reports of {ROWS} endpoints with a page; baseline: the same command on 49")
    print(f"  {small:.2f} s and {large:.2f} s, {large / small:.1f} times")
    verdict("over the command's own start", large - small, 1.5, "s")


def _written(home: Path, count: int) -> tuple[str, ...]:
    paths = [home / f"{count}-{word}.json" for word in ("before", "after")]
    for path, verdicts in zip(paths, (("reachable",), ("reachable", "blocked")), strict=True):
        rows = [row(f"host{n}.azurecr.io", verdicts[n % len(verdicts)]) for n in range(count)]
        path.write_text(json.dumps(report(*rows)), encoding="utf-8")
    page = str(home / f"{count}.html")
    return ("--before", str(paths[0]), "--after", str(paths[1]), "--report-file", page)


def _compared(az: Az, words: tuple[str, ...]) -> None:
    ran = az("ml", "network", "compare", *words)
    assert ran.code == 8 and ran.json["summary"]["changes"]["worse"] >= 24, ran.err
