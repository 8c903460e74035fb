"""The page of 2,000 rows in a real browser, beside the page of the bundled example."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

from azext_amlnet.reports import render
from tests.browser import CHROMIUM, browser
from tests.test_reports import report, row

from .timing import verdict

ROWS, RUNS = 2000, 5


def bench_pages(folder: Path) -> None:
    """How long a browser needs for each, and what the large one weighs."""
    home = folder / "pages"
    home.mkdir()
    kinds = [("reachable", None)] * 9 + [("blocked", "network")]
    rows = [row(f"host{n}.westeurope.data.azurecr.io", kinds[n % 10][0], owner=kinds[n % 10][1]) for n in range(ROWS)]
    paths = {count: home / f"{count}.html" for count in (49, ROWS)}
    for count, path in paths.items():
        path.write_text(render(path.name, report(*rows[:count])), encoding="utf-8")
    print(f"the page of a report with {ROWS} rows; baseline: the same with 49")
    verdict("weight", paths[ROWS].stat().st_size / 1e6, 3.0, "MB")
    summary = render("x.md", json.loads(json.dumps(report(*rows))))
    print(f"  its Markdown has {len(summary) / 1000:.1f} kB")
    if CHROMIUM is None:
        print("  no chromium: run `make tools` as root")
        return
    with browser(home) as one:
        times = {count: statistics.median(one.open(path) for _ in range(RUNS)) for count, path in paths.items()}
    print(f"  in Chromium: {times[49]:.2f} s and {times[ROWS]:.2f} s, {times[ROWS] / times[49]:.1f} times")
    verdict("it opens within", times[ROWS], 2.0, "s")
