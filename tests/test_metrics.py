"""OpenMetrics of a report: what Prometheus' own program makes of it, and what is absent on purpose."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any, Optional

import pytest

from azext_amlnet.reports import metrics, render

from .prometheus import PROMTOOL, checked
from .world import ROOT, Az

MEASURED = ("ml", "network", "test", "--workspace-file", str(ROOT / "examples" / "workspace.json"), "--results-file",
            str(ROOT / "examples" / "results.txt"))  # fmt: skip
SAMPLE = re.compile(r'(\w+)(\{(?:\w+="(?:[^"\\]|\\.)*",?)*\})? (\S+)')


@pytest.fixture
def report(az: Az) -> dict[str, Any]:
    """The report of the bundled results."""
    document: dict[str, Any] = az(*MEASURED).json
    return document


def samples(text: str) -> dict[str, dict[Optional[str], float]]:
    """By family, its series and their values."""
    families: dict[str, dict[Optional[str], float]] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.fullmatch(line).groups()  # type: ignore[union-attr]
            series = families.setdefault(name, {})
            assert labels not in series, line
            series[labels] = float(value)
    return families


def metrics_checked(text: str) -> tuple[int, str]:
    """What promtool makes of a text."""
    return checked(str(PROMTOOL), "check", "metrics", text=text)


@pytest.mark.skipif(PROMTOOL is None, reason="needs promtool: run `make tools` as root")
def test_prometheus_own_program_finds_nothing_to_say(az: Az, tmp_path: Path) -> None:
    path = tmp_path / "amlnet.prom"
    ran = az(*MEASURED, "--report-file", str(path))
    assert ran.code == 8
    text = path.read_text(encoding="utf-8")
    assert metrics_checked(text) == (0, "")
    code, said_by = metrics_checked(text.replace("# HELP amlnet_gaps", "# HELLO amlnet_gaps"))
    assert code == 3 and "amlnet_gaps" in said_by


def test_what_nobody_measured_is_absent_and_counted(report: dict[str, Any]) -> None:
    report["results"][0]["verdict"] = "unknown"
    text = render("x.prom", report)
    families = samples(text)
    assert text.endswith("\n# EOF\n") and set(families) == set(metrics.FAMILIES)
    up = families["amlnet_endpoint_up"]
    assert not any(report["results"][0]["host"] in labels for labels in up)
    assert set(up.values()) == {0.0, 1.0}
    measured = [one for one in report["results"] if one["verdict"] not in ("unknown", "skipped")]
    assert len(up) == len(measured) and sum(up.values()) == sum(one["verdict"] != "blocked" for one in measured)
    causes = {re.search(r'cause="([^"]*)"', labels)[1] for labels in families["amlnet_endpoint_cause"]}  # type: ignore[index]
    assert causes == {one["cause"] for one in report["results"] if one["cause"]}
    counted = sum(families["amlnet_endpoints"].values())
    assert counted == sum(map(sum, (one.values() for one in report["summary"]["levels"].values())))
    started = datetime.fromisoformat(report["startedAt"].replace("Z", "+00:00")).timestamp()
    assert families["amlnet_run_timestamp_seconds"][None] == started and families["amlnet_exit_code"][None] == 8


def test_of_rows_that_no_label_tells_apart_the_one_that_is_down_counts(report: dict[str, Any]) -> None:
    down = next(one for one in report["results"] if one["verdict"] == "blocked")
    report["results"] = [down, {**down, "verdict": "reachable", "cause": None}]
    assert set(samples(render("x.prom", report))["amlnet_endpoint_up"].values()) == {0.0}


def test_labels_are_what_a_report_says_and_never_break_out(report: dict[str, Any]) -> None:
    first = report["results"][0]
    first["vantage"], first["verdict"] = 'a"} 1\n# "\\', "reachable"
    line = next(line for line in render("x.prom", report).splitlines() if line.startswith("amlnet_endpoint_up"))
    assert 'vantage="a\\"} 1\\n# \\"\\\\"' in line and SAMPLE.fullmatch(line)
    report["results"] = []
    assert "amlnet_endpoint_up" not in render("x.prom", report)


def test_other_verbs_write_no_metrics(az: Az, tmp_path: Path) -> None:
    policy = str(ROOT / "examples" / "firewall-policy.json")
    facts = str(ROOT / "examples" / "workspace.json")
    for words in (("check-policy", "--policy", policy), ("requirements",)):
        ran = az("ml", "network", *words, "--workspace-file", facts, "--report-file", str(tmp_path / "x.prom"))
        assert ran.code == 2 and "the name must end in .json" in ran.err and not (tmp_path / "x.prom").exists()


def test_a_redacted_report_has_redacted_metrics(az: Az, tmp_path: Path) -> None:
    path = tmp_path / "amlnet.prom"
    document = az(*MEASURED, "--redact", "--report-file", str(path)).json
    hosts = set(re.findall(r'host="([^"]*)"', path.read_text(encoding="utf-8")))
    assert hosts <= {one["host"] for one in document["results"]} and json.dumps(document)
