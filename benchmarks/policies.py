"""check-policy against 5,000 rules, beside the same command against a single one."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from tests import policies as build
from tests.example import EXAMPLE
from tests.fakearm import FakeAzure
from tests.world import Az

from .timing import interleaved, verdict

RULES = 5000


def bench_policies(folder: Path, extensions: Path) -> None:
    """What so many rules cost over the command's own start, by name and by address."""
    home = folder / "policies"
    home.mkdir()
    with FakeAzure() as azure:
        _compare(Az(home, extensions, azure), home)


def _compare(az: Az, folder: Path) -> None:
    print(f"check-policy, {RULES} rules; baseline: the same command with one rule")
    kinds = {
        "application rules, two names each": lambda n: build.app(
            f"r{n}", f"host{n}.example.com", f"*.d{n}.example.org"
        ),
        "network rules, a range each": lambda n: build.net(
            f"r{n}", f"20.{n % 200}.{n // 200}.0/24", ports=["443", "80"]
        ),
    }
    for number, (name, make) in enumerate(kinds.items()):
        paths = [folder / f"policy-{number}-{count}.json" for count in (1, RULES)]
        for path, count in zip(paths, (1, RULES), strict=True):
            rules = [make(n) for n in range(count)]
            parts = [build.collection(f"c{n}", 100 + n, "Allow", *rules[n : n + 100]) for n in range(0, count, 100)]
            path.write_text(json.dumps([build.policy(), build.group("g", 100, *parts)]), encoding="utf-8")

        def check(path: Path) -> None:
            words = ("--workspace-file", str(EXAMPLE), "--policy", str(path), "--source", build.SOURCE)
            ran = az("ml", "network", "check-policy", *words)
            assert ran.code in (8, 9) and len(ran.json["findings"]) > 40, ran.err

        one, many = interleaved(partial(check, paths[0]), partial(check, paths[1]), runs=5)
        print(f"  {name}: {one:.2f} s and {many:.2f} s, {many / one:.2f} x")
        verdict(f"{name}: over the command's own start", many - one, 1.0, "s")
