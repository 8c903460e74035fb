"""What a person sees: tables as wide as the terminal, and one line while a command waits, gone when it is over."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

from . import builders as arm
from .example import EXAMPLE
from .fakearm import FakeAzure, Fault
from .terminal import Seen, seen
from .test_e2e import LIST, WORKSPACE
from .test_e2e_policy import OFFLINE
from .test_e2e_test import TEST
from .world import ROOT, Az

FILE = ("--workspace-file", str(EXAMPLE))
RECORDED = (*TEST, *FILE, "--results-file", str(ROOT / "examples" / "results.txt"), "-o", "table")
LONG = "0a1b2c3d-1111-2222-3333-444455556666.workspace.westeurope.api.azureml.ms"


def on_terminal(az: Az, *words: str, columns: int = 120) -> Seen:
    return seen(az.command(*words), az.environment, az.folder, columns)


def table_of(lines: list[str]) -> list[list[str]]:
    """The cells of a table, its header first; warnings stand above it."""
    ruler = next(number for number, line in enumerate(lines) if re.fullmatch(r"-+(  -+)*", line))
    starts = [match.start() for match in re.finditer("-+", lines[ruler])]
    ends = [*starts[1:], None]
    rows = [lines[ruler - 1], *lines[ruler + 1 :]]
    return [[row[start:end].strip() for start, end in zip(starts, ends, strict=True)] for row in rows]


# -- tables


@pytest.mark.parametrize("columns", [80, 99, 100, 120, 139, 140, 200])
def test_a_list_is_as_wide_as_the_terminal(az: Az, columns: int) -> None:
    shown = on_terminal(az, *LIST, *FILE, "-o", "table", columns=columns)
    header, *rows = table_of(shown.lines)
    assert header == (["Host", "Port"] if columns < 100 else ["Host", "Port", "Level", "Reason"])
    hosts = az.must(*LIST, *FILE).hosts
    assert len(rows) == len(hosts), "a row is on two lines"
    for row, host in zip(rows, hosts, strict=True):
        start, cut, end = row[0].partition("…")
        assert row[0] == host or (cut and host.startswith(start) and host.endswith(end))
    warnings = [line for line in shown.lines if "cut in the middle" in line]
    assert len(warnings) == any("…" in row[0] for row in rows)
    if columns >= 120:
        reasons = [row[3] for row in rows]
        assert all(len(reason) > 40 for reason in reasons if "…" in reason) and sum("…" in row[0] for row in rows) < 3


def test_a_host_longer_than_the_line_is_cut_in_its_middle(az: Az) -> None:
    shown = on_terminal(az, *LIST, *FILE, "-o", "table", columns=60)
    header, *rows = table_of(shown.lines)
    assert header == ["Host", "Port"] and all(len(line) <= 60 for line in shown.lines)
    assert rows[0][0].startswith("0a1b2c3d-1111") and rows[0][0].endswith(".api.azureml.ms") and "…" in rows[0][0]
    assert '1 name cut in the middle (…) to fit the terminal; --query "[].host" -o' in "".join(shown.lines)
    quiet = on_terminal(az, *LIST, *FILE, "-o", "table", "--only-show-errors", columns=60)
    assert table_of(quiet.lines) == [header, *rows] and not any("cut in" in line for line in quiet.lines)


@pytest.mark.parametrize("columns", ["", "80"])
def test_nothing_is_cut_where_standard_output_is_no_terminal(az: Az, columns: str) -> None:
    environment = {"COLUMNS": columns} if columns else {}
    ran = az(*LIST, *FILE, "-o", "table", **environment)
    assert ran.err == "" and "…" not in ran.out and LONG in ran.out
    assert "Image layers of the registry's northeurope replica." in ran.out
    ran = az(*RECORDED, **environment)
    assert "the certificate is issued by 'Corporate Interception CA'" in ran.out and "…" not in ran.out
    assert ran.out.split("\n")[0].split() == ["Verdict", "Owner", "Endpoint", "Cause", "Reason"]


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        (80, ["Verdict", "Owner", "Endpoint", "Cause"]),
        (120, ["Verdict", "Owner", "Endpoint", "Reason"]),
        (200, ["Verdict", "Owner", "Endpoint", "Cause", "Reason"]),
    ],
)
def test_what_fails_is_sorted_by_who_can_do_something_about_it(az: Az, columns: int, names: list[str]) -> None:
    shown = on_terminal(az, *RECORDED, columns=columns)
    header, *rows = table_of(shown.lines)
    assert shown.code == 8 and header == names and all(len(line) <= columns for line in shown.lines)
    owned = [row for row in rows if row[1]]
    assert [row[1] for row in owned] == sorted(row[1] for row in owned) == [
        "dns", *["network"] * 3, *["security"] * 4]  # fmt: skip
    assert rows[: len(owned)] == owned and {row[0] for row in rows[len(owned) :]} == {"reachable", "skipped"}
    assert any("tls_untrusted_issuer" in cell for cell in owned[-1])
    if columns == 120:
        assert owned[-1][-1].startswith("tls_untrusted_issuer: the certificate is issued")


@pytest.mark.parametrize("columns", [80, 120, 160])
def test_findings_of_a_policy_fit_the_terminal(az: Az, columns: int) -> None:
    policy = ROOT / "examples" / "firewall-policy.json"
    shown = on_terminal(az, *OFFLINE, "--policy", str(policy), "--source", "10.1.0.0/16", "-o", "table",
                        columns=columns)  # fmt: skip
    header, *rows = table_of(shown.lines)
    assert header == (["Coverage", "Endpoint", "Reason"] if columns >= 100 else ["Coverage", "Level", "Endpoint"])
    first = ["denied", "graph.microsoft.com"] if columns >= 100 else ["denied", "required", "graph.microsoft.com"]
    assert rows[0][: len(first)] == first and all(len(line) <= columns for line in shown.lines)


# -- the wait


@pytest.fixture
def silent() -> Iterator[list[int]]:
    """Ports that take connections and never say a word."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
    yield [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()


def test_a_wait_tells_who_is_silent_and_leaves_nothing_above_the_table(az: Az, silent: list[int]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        refused = gone.getsockname()[1]
    endpoints = [f"localhost:{port}" for port in (refused, silent[0])]
    shown = on_terminal(az, *TEST, "--endpoint", *endpoints, "--timeout", "3", "-o", "table", columns=80)
    states = [state for state in shown.states if "s left" in state or "Trying" in state]
    assert states[0] == "Trying 2 endpoints, each for up to 3 s…"
    assert f"1 of 2 tried, 1 silent (localhost:{silent[0]}), 2 s left" in states
    assert not any("s left" in line or "Trying" in line or "Finished" in line for line in shown.lines)
    above = shown.lines[: shown.lines.index(next(line for line in shown.lines if line.startswith("Verdict")))]
    assert "".join(above).startswith("2 required endpoints fail: ") and "".join(above).endswith(" (tls_timeout)."), (
        above
    )


def test_many_silent_ones_are_counted_and_the_line_is_cut_to_the_terminal(az: Az, silent: list[int]) -> None:
    endpoints = [f"localhost:{port}" for port in silent]
    with socket.create_server(("127.0.0.1", 0)) as gone:
        refused = gone.getsockname()[1]
    words = (*TEST, "--endpoint", f"localhost:{refused}", *endpoints, "--timeout", "2", "-o", "none")
    shown = on_terminal(az, *words, columns=100)
    assert "1 of 5 tried, 4 silent, 1 s left" in shown.states
    narrow = on_terminal(az, *words, columns=30)
    assert "1 of 5 tried, 4 silent…" in narrow.states


@pytest.mark.parametrize("way", ["--only-show-errors", "AZURE_CORE_DISABLE_PROGRESS_BAR"])
def test_who_asks_for_silence_waits_in_silence(az: Az, silent: list[int], way: str) -> None:
    words = [way] if way.startswith("-") else []
    environment = {**az.environment, **({} if words else {way: "true"})}
    command = az.command(*TEST, "--endpoint", f"localhost:{silent[0]}", "--timeout", "1", "-o", "none", *words)
    shown = seen(command, environment, az.folder)
    assert shown.code == 8 and "Trying" not in shown.written


def test_a_long_wait_for_azure_is_told_and_a_short_one_is_not(az: Az, azure: FakeAzure) -> None:
    azure.serve(arm.ordinary())
    words = (*WORKSPACE, "--cluster-type", "aks", "-o", "none")
    assert "Asking" not in on_terminal(az, *words).written
    azure.faults.append(Fault("/datastores", delay_s=3.2, action="serve", times=1))
    shown = on_terminal(az, *words)
    assert any(re.fullmatch(r"Asking Azure Resource Manager about ml-ws \([23] s\)", state) for state in shown.states)
    assert shown.code == 0 and shown.lines == []


@pytest.mark.parametrize("until", ["Trying 2 endpoints", "1 of 2 tried"])
def test_ctrl_c_ends_the_line_too(az: Az, silent: list[int], until: str) -> None:
    """The results that are there by then are printed."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        refused = gone.getsockname()[1]
    words = (*TEST, "--endpoint", f"localhost:{refused}", f"localhost:{silent[0]}", "--timeout", "20", "-o", "table")
    shown = seen(az.command(*words), az.environment, az.folder, until=until)
    assert shown.code == 130 and not any("Trying" in line or "s left" in line for line in shown.lines)
    assert until != "1 of 2 tried" or any(line.startswith("unknown") for line in shown.lines), shown.lines
