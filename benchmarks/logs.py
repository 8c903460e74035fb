"""explain-log on millions of lines, beside the plain reading of the same lines by Python, awk and jq."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from tests import devicelogs as device
from tests.devicelogs import Attempt
from tests.example import EXAMPLE
from tests.fakearm import FakeAzure
from tests.world import Az

from .timing import interleaved, verdict

LINES, MANY, BLOCK, RUNS = 400_000, 2_000_000, 20_000, 3
"""Lines that times are taken of, lines that memory is taken of, lines that are written again and again, and runs."""
LASTED = (0, 12, 350, 350, 4200)
"""How long a tunnel lasts, in ms."""
READING = "import json, sys\nwith open(sys.argv[1], encoding='utf-8') as lines:\n    for line in lines:\n        "
PLAIN = {"json.loads": f"{READING}json.loads(line)", "str.split": f"{READING}line.split()"}
AWK = '{ count[$4 " " $7]++ } END { for (key in count) print count[key], key }'
JQ = 'select(.properties.Action == "Deny") | .properties.Fqdn'


def bench_logs(folder: Path, extensions: Path) -> None:
    """What a line costs over the command's own start, and what memory many lines need."""
    home = folder / "logs"
    home.mkdir()
    with FakeAzure() as azure:
        az = Az(home, extensions, azure)
        print(f"explain-log, {LINES} lines; baselines: the plain reading of the same lines in Python, awk and jq")
        _compare(az, home / "azure.json", device.azure_lines, "json.loads", 0.4, ["jq", "-c", JQ])
        _compare(az, home / "squid.log", device.squid_native, "str.split", 0.5, ["awk", AWK])
        path = home / "many.json"
        _write(path, device.azure_lines, MANY)
        peak = _peak_mb(az, path)
        verdict(f"memory for {MANY} lines ({path.stat().st_size / 1e9:.1f} GB)", peak, 200, "MB")
        path.unlink()


def _write(path: Path, write: Callable[[Any], str], count: int) -> None:
    chance = Random(1)
    hosts = [*(f"host{n}.example{n % 17}.com" for n in range(120)), "acrml.azurecr.io", "mcr.microsoft.com"]
    clients = [f"10.1.{n % 3}.{n}" for n in range(40)]
    words = ("allowed", "allowed", "denied")
    attempts = [
        Attempt(n, chance.choice(hosts), chance.choice(words), chance.choice(clients), lasted_ms=chance.choice(LASTED))
        for n in range(BLOCK)
    ]
    block = write(attempts)
    with path.open("w", encoding="utf-8") as out:
        for _ in range(count // BLOCK):
            out.write(block)


def _explain(az: Az, path: Path) -> None:
    ran = az("ml", "network", "explain-log", "--workspace-file", str(EXAMPLE), "--log-file", str(path), timeout_s=600)
    assert ran.code == 8 and ran.json["summary"]["unread"] == 0, ran.err


def _compare(az: Az, path: Path, write: Callable[[Any], str], plain: str, promised: float, tool: list[str]) -> None:
    few = path.with_name(f"few-{path.name}")
    _write(few, write, BLOCK)
    _write(path, write, LINES)
    reading = [sys.executable, "-I", "-c", PLAIN[plain], str(path)]
    commands = [partial(_explain, az, few), partial(_explain, az, path),
                partial(subprocess.run, reading, check=True)]  # fmt: skip
    if shutil.which(tool[0]):
        commands.append(partial(subprocess.run, [*tool, str(path)], check=True, stdout=subprocess.DEVNULL))
    start, ours, theirs, *other = interleaved(*commands, runs=RUNS)
    spent = ours - start
    beside = f", {tool[0]} {other[0]:.2f} s" if other else ""
    print(f"  {path.name}: {spent:.2f} s over the command's own start, {plain} {theirs:.2f} s{beside}")
    verdict(f"{path.name}: beside {plain}", spent / theirs, 1 / promised)


def _peak_mb(az: Az, path: Path) -> float:
    """The memory of one process at most, as the kernel counts it."""
    words = az.command("ml", "network", "explain-log", "--workspace-file", str(EXAMPLE), "--log-file", str(path))
    measured = (
        "import os, subprocess, sys\n"
        "child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(os.wait4(child.pid, 0)[2].ru_maxrss)"
    )
    ran = subprocess.run([sys.executable, "-c", measured, *words], env=az.environment, capture_output=True, text=True,
                         check=True, cwd=az.folder)  # fmt: skip
    return int(ran.stdout) / 1024
