"""`make bench`: whole processes, interleaved with a baseline of the same run; ratios, not seconds, are the result."""

from __future__ import annotations

import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import builders as arm
from tests import fleets
from tests.fakearm import FakeAzure
from tests.world import ROOT, Az, install

from .cluster import bench_cluster
from .comparing import bench_comparing
from .logs import bench_logs
from .pages import bench_pages
from .policies import bench_policies
from .probing import bench_probing
from .timing import RUNS, interleaved, verdict

LIST = ("ml", "network", "requirements", "-w", "ml-ws", "-g", "ml-rg")
FLEET = ("ml", "network", "requirements", "--all-workspaces", "--subscriptions", *fleets.SUBSCRIPTIONS)


@dataclass
class Served:
    """A loopback Azure in a process of its own, seen from outside."""

    url: str
    proxy_url: str
    bundle: str
    process: Any

    def latency(self, milliseconds: int) -> None:
        """Sets how long ARM takes for each answer."""
        self.command(str(milliseconds))

    def command(self, words: str) -> Any:
        """What the process answers to a line: see `tests.fakearm`."""
        self.process.stdin.write(f"{words}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextlib.contextmanager
def served(resources: dict[str, Any], folder: Path) -> Iterator[Served]:
    """A loopback Azure with these resources, at 100 ms."""
    path = folder / f"resources-{len(resources)}.json"
    path.write_text(json.dumps(resources), encoding="utf-8")
    words = [sys.executable, "-m", "tests.fakearm", "--resources", str(path), "--latency-ms", "100"]
    process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        where = json.loads(process.stdout.readline())  # type: ignore[union-attr]
        yield Served(where["url"], where["proxy"], where["bundle"], process)
    finally:
        process.stdin.close()  # type: ignore[union-attr]
        process.wait(10)


@contextlib.contextmanager
def logged_in(resources: dict[str, Any], folder: Path, extensions: Path) -> Iterator[tuple[Az, Served]]:
    """An az that is logged in to such an Azure."""
    with served(resources, folder) as azure:
        home = Path(tempfile.mkdtemp(dir=folder))
        az = Az(home, extensions, azure)  # type: ignore[arg-type]
        az.log_in()
        yield az, azure


def ordinary() -> dict[str, Any]:
    """A workspace with registry, storage, five datastores and two attached clusters."""
    resources = arm.with_both_clusters()
    stores = [arm.datastore(f"store{i}", account=f"others{i}") for i in range(5)]
    return {**resources, f"{arm.workspace_id()}/datastores": stores}


def crowded(count: int) -> dict[str, Any]:
    """The same with so many AKS clusters attached, each a cluster of its own."""
    resources, computes = ordinary(), []
    for number in range(count):
        path = arm.identifier("Microsoft.ContainerService/managedClusters", f"aks{number}")
        resources |= arm.aks(path)
        computes.append(arm.compute(f"k{number}", path))
    return arm.with_computes(resources, *computes)


def bench_requirements(folder: Path, extensions: Path) -> None:
    """The verb against `az rest` of the one workspace; what latency and many computes add."""
    with logged_in(ordinary(), folder, extensions) as (az, azure):
        url = f"{azure.url}{arm.workspace_id()}?api-version=2025-12-01"
        rest = ("rest", "--method", "get", "--url", url, "--resource", "https://management.core.windows.net/")
        base, ours = interleaved(lambda: az.must(*rest), lambda: az.must(*LIST))
        print(f"requirements at 100 ms: {ours * 1000:.0f} ms; baseline az rest of the workspace: {base * 1000:.0f} ms")
        print(f"  three round trips alone would be {(base + 0.2) / base:.2f} x")
        verdict("requirements / az rest", ours / base, 1.6)
        depth = _trace(az, 2)
        azure.latency(500)
        slow, _ = interleaved(lambda: az.must(*LIST), lambda: None)
        added = (slow - ours) * 1000
        print(f"requirements at 500 ms: {slow * 1000:.0f} ms, {added:.0f} ms more")
        verdict(f"added by 400 ms of latency, in units of 400 ms (depth {depth})", added / 400, 3.5)
    with (
        logged_in(crowded(2), folder, extensions) as (two, _),
        logged_in(crowded(40), folder, extensions) as (forty, _),
    ):
        few, many = interleaved(lambda: two.must(*LIST), lambda: forty.must(*LIST))
        print(f"2 attached computes: {few * 1000:.0f} ms; 40: {many * 1000:.0f} ms")
        _trace(forty, 40)
        verdict("40 computes / 2 computes", many / few, 1.7)


def _trace(az: Az, computes: int) -> int:
    """Prints what `--debug` tells of the chain of calls; returns its depth."""
    counted = re.search(r"(\d+) calls, depth (\d+), concurrency (\d+)", az.must(*LIST, "--debug").err)
    assert counted
    print(f"  {computes} computes: {counted[1]} calls, depth {counted[2]}, measured concurrency {counted[3]}")
    return int(counted[2])


def bench_fleet(folder: Path, extensions: Path) -> None:
    """Lists of many workspaces at 100 ms: what twice as many cost, how many calls, and a bucket that runs dry."""
    print("fleet at 100 ms")
    times: dict[int, float] = {}
    for count in (1, 100, 500, 1000):
        with logged_in(fleets.served(count), folder, extensions) as (az, azure):
            times[count] = _fleet_run(az, azure, count)
            if count == 1000:
                _fleet_export(az, folder / "fleet.json")
    verdict("1,000 workspaces / 500 workspaces", times[1000] / times[500], 2.1)
    verdict("facts and list for 1,000", times[1000], 15, "s")
    with logged_in(fleets.served(300), folder, extensions) as (az, azure):
        azure.command("bucket")
        started = time.perf_counter()
        ran = az(*FLEET, timeout_s=300)
        gaps = ran.err.count("429")
        print(f"  300 against buckets of 250 calls and 25 a second: {time.perf_counter() - started:.1f} s")
        verdict("calls that throttling cost", gaps, 0, "")


def _fleet_run(az: Az, azure: Served, count: int) -> float:
    """Runs the list of a fleet twice, prints what it took, and returns the shorter time in seconds."""
    spent, most_kb, rows = [], 0, 0
    for _ in range(2):
        azure.command("count")
        started = time.perf_counter()
        with tempfile.TemporaryFile() as out:
            process = subprocess.Popen(az.command(*FLEET), env=az.environment, stdout=out, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            spent.append(time.perf_counter() - started)
            assert status == 0, status
            out.seek(0)
            rows, most_kb = len(json.load(out)), max(most_kb, usage.ru_maxrss)
    calls = azure.command("count")
    asked = f"{calls['queries']} queries and {calls['plain']} plain calls ({calls['plain'] / count:.2f} a workspace)"
    print(f"  {count:>5} workspaces: {min(spent):.2f} s, {most_kb / 1024:.0f} MB, {rows} rows, {asked}")
    if count == 1000:
        verdict("memory for 1,000", most_kb / 1024, 400, "MB")
    return min(spent)


def _fleet_export(az: Az, facts: Path) -> None:
    """What a file for a firewall costs beside the plain list that it is of, both from saved facts."""
    assert az(*FLEET, "--save-workspace-file", str(facts), timeout_s=300).code == 0
    words = ("ml", "network", "export", "--workspace-file", str(facts), "--allow-unresolved", "--output-file", "-")
    made, hosts = interleaved(
        lambda: az(*words, "--format", "azure-firewall-arm", timeout_s=300),
        lambda: az(*words, "--format", "hosts", timeout_s=300),
        runs=3,
    )
    print(f"  export azure-firewall-arm for 1,000 from saved facts, the whole command: {made:.2f} s")
    verdict("export azure-firewall-arm for 1,000, beside a plain list of its hosts", made - hosts, 3, "s")


CATALOG = """
import time, yaml, re, datetime, hashlib
started = time.perf_counter()
from azext_amlnet.catalog import load
load()
print((time.perf_counter() - started) * 1000)
"""
LOADER = """
import time
from azure.cli.core import get_default_cli
cli = get_default_cli()
parts = {"parser_cls": cli.parser_cls, "commands_loader_cls": cli.commands_loader_cls, "help_cls": cli.help_cls}
cli.invocation = cli.invocation_cls(cli_ctx=cli, **parts)
cli.invocation.data["command_string"] = "ml network requirements"
from azure.cli.core.commands import CliCommandType
import azure.cli.core.commands.parameters, azure.cli.core.local_context, argcomplete.completers
started = time.perf_counter()
import azext_amlnet
loader = azext_amlnet.COMMAND_LOADER_CLS(cli)
loader.load_command_table([])
loader.command_name = "ml network requirements"
loader.load_arguments("ml network requirements")
print((time.perf_counter() - started) * 1000)
"""


def in_fresh_interpreters(script: str) -> float:
    """The median of what a script prints, in milliseconds, over interpreters of its own."""
    words = [sys.executable, "-c", script]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    times = []
    for _ in range(RUNS + 1):  # the first writes the byte code, as an installation does
        done = subprocess.run(words, cwd=ROOT, env=plain, capture_output=True, text=True, check=True)
        times.append(float(done.stdout))
    return statistics.median(times[1:])


def bench_start(folder: Path, extensions: Path) -> None:
    """What we cost before anything is asked, and what we cost every other `az ml` command."""
    print("start-up")
    verdict("the catalog, in a fresh interpreter", in_fresh_interpreters(CATALOG), 80, "ms")
    verdict("import + load_command_table + load_arguments, warm", in_fresh_interpreters(LOADER), 10, "ms")
    stub, both = folder / "stub", folder / "both"
    for target in (stub, both):
        _stub_of_ml(target)
    subprocess.run(["cp", "-r", str(extensions / "amlnet"), str(both)], check=True)
    with FakeAzure() as azure:
        alone, beside = (Az(Path(tempfile.mkdtemp(dir=folder)), where, azure) for where in (stub, both))
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(20):
            for az, spent in zip((alone, beside), times, strict=True):
                started = time.perf_counter()
                az.must("ml", "-h")
                spent.append((time.perf_counter() - started) * 1000)
    without, with_us = (statistics.median(spent[1:]) for spent in times)
    print(
        f"  az ml -h beside another ml extension, 20 interleaved: {without:.0f} ms without us, {with_us:.0f} ms with us"
    )


def _stub_of_ml(target: Path) -> None:
    """An extension of one command in the group `ml`, laid out as az installs them."""
    package, info = target / "mlstub" / "azext_mlstub", target / "mlstub" / "mlstub-0.1.dist-info"
    for folder in (package, info):
        folder.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mlstub\nVersion: 0.1\n", encoding="utf-8")
    (package / "azext_metadata.json").write_text("{}", encoding="utf-8")
    (package / "__init__.py").write_text(
        "from azure.cli.core import AzCommandsLoader\n"
        "class Loader(AzCommandsLoader):\n"
        "    def __init__(self, cli_ctx=None):\n"
        "        from azure.cli.core.commands import CliCommandType\n"
        "        custom = CliCommandType(operations_tmpl='azext_mlstub#{}')\n"
        "        super().__init__(cli_ctx=cli_ctx, custom_command_type=custom)\n"
        "    def load_command_table(self, args):\n"
        "        with self.command_group('ml workspace') as group:\n"
        "            group.custom_command('show', 'show')\n"
        "        return self.command_table\n"
        "    def load_arguments(self, command):\n"
        "        pass\n"
        "def show():\n"
        "    return {}\n"
        "COMMAND_LOADER_CLS = Loader\n",
        encoding="utf-8",
    )


def main() -> None:
    """Installs the extension once and runs every bench."""
    with tempfile.TemporaryDirectory(prefix="amlnet-bench-") as name:
        folder = Path(name)
        with FakeAzure() as azure:
            first = folder / "first"
            first.mkdir()
            install(Az(first, folder / "extensions", azure))
        bench_requirements(folder, folder / "extensions")
        bench_fleet(folder, folder / "extensions")
        bench_start(folder, folder / "extensions")
        bench_probing(folder, folder / "extensions")
        bench_cluster(folder, folder / "extensions")
        bench_policies(folder, folder / "extensions")
        bench_logs(folder, folder / "extensions")
        bench_pages(folder)
        bench_comparing(folder, folder / "extensions")


if __name__ == "__main__":
    main()
