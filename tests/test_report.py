"""What results come to: failing rows, exit codes, counts, and how it went since an earlier report."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import pytest

from azext_amlnet.catalog import load
from azext_amlnet.measurement import lookups
from azext_amlnet.measurement.report import compare, differences, exit_code, summary, with_failing
from azext_amlnet.measurement.results import result_of
from azext_amlnet.measurement.scene import Scene
from azext_amlnet.model import (
    FailOn,
    Kind,
    Level,
    ProbeSpec,
    Progress,
    Protocol,
    Requirement,
    Result,
    Verdict,
)

R, D, B, U, S = Verdict.REACHABLE, Verdict.DEGRADED, Verdict.BLOCKED, Verdict.UNKNOWN, Verdict.SKIPPED
PLAIN = result_of(Requirement(host="a.io"), {}, None, Scene(), "local")


def result(verdict: Verdict, level: Level = Level.REQUIRED, host: str = "a.io", vantage: str = "local") -> Result:
    return replace(PLAIN, verdict=verdict, level=level, host=host, vantage=vantage)


def code(fail_on: FailOn, *verdicts: Verdict, level: Level = Level.REQUIRED) -> int:
    """The exit code when these rows stand beside a required one that is fine."""
    results = [result(R), *(result(verdict, level) for verdict in verdicts)]
    return exit_code(with_failing(results, fail_on), fail_on)


# rows: --fail-on; columns: a row of this level and verdict beside a required row that is reachable
MATRIX = {
    FailOn.BLOCKED: {Level.REQUIRED: (0, 0, 8, 9, 0), Level.RECOMMENDED: (0,) * 5, Level.OPTIONAL: (0,) * 5},
    FailOn.DEGRADED: {Level.REQUIRED: (0, 8, 8, 9, 0), Level.RECOMMENDED: (0,) * 5, Level.OPTIONAL: (0,) * 5},
    FailOn.RECOMMENDED: {
        Level.REQUIRED: (0, 0, 8, 9, 0),
        Level.RECOMMENDED: (0, 0, 8, 0, 0),
        Level.OPTIONAL: (0,) * 5,
    },
    FailOn.NEVER: dict.fromkeys(Level, (0,) * 5),
}


@pytest.mark.parametrize(
    ("fail_on", "level", "verdict", "expected"),
    [
        (fail_on, level, verdict, expected)
        for fail_on, levels in MATRIX.items()
        for level, codes in levels.items()
        for verdict, expected in zip((R, D, B, U, S), codes, strict=True)
    ],
)
def test_the_exit_code_of_every_combination(fail_on: FailOn, level: Level, verdict: Verdict, expected: int) -> None:
    assert code(fail_on, verdict, level=level) == expected


def test_blocked_outweighs_unknown() -> None:
    assert code(FailOn.BLOCKED, U, B) == 8


def test_a_list_without_required_rows_is_fine_when_something_was_measured() -> None:
    assert exit_code(with_failing([result(R, Level.OPTIONAL)], FailOn.BLOCKED), FailOn.BLOCKED) == 0
    assert exit_code(with_failing([result(S, Level.OPTIONAL)], FailOn.BLOCKED), FailOn.BLOCKED) == 9
    assert exit_code((), FailOn.BLOCKED) == 9


@pytest.mark.parametrize("verdicts", [(S,), (S, S), (U,)])
def test_nothing_required_measured_is_never_fine(verdicts: tuple[Verdict, ...]) -> None:
    results = with_failing([result(v) for v in verdicts] + [result(R, Level.OPTIONAL)], FailOn.BLOCKED)
    assert exit_code(results, FailOn.BLOCKED) == 9


# since an earlier report: (before, now) → how it went, and the exit code under --fail-on degraded
SINCE = [
    (R, R, Progress.SAME, 0),
    (B, B, Progress.SAME, 0),
    (U, U, Progress.WORSE, 9),
    (D, B, Progress.WORSE, 8),
    (R, D, Progress.WORSE, 8),
    (R, U, Progress.WORSE, 9),
    (B, U, Progress.WORSE, 9),
    (R, S, Progress.WORSE, 9),
    (B, D, Progress.BETTER, 0),
    (D, R, Progress.BETTER, 0),
    (U, B, Progress.NEW, 8),
    (U, R, Progress.NEW, 0),
    (None, B, Progress.NEW, 8),
    (None, R, Progress.NEW, 0),
]


@pytest.mark.parametrize(("before", "now", "progress", "expected"), SINCE)
def test_only_what_is_worse_or_new_fails(
    before: Optional[Verdict], now: Verdict, progress: Progress, expected: int
) -> None:
    fine, row = result(R, host="fine.io"), result(now)
    earlier = {fine.key: R, **({row.key: before} if before else {})}
    compared = compare([fine, row], earlier)
    assert [r.change for r in compared] == [Progress.SAME, progress]
    assert exit_code(with_failing(compared, FailOn.DEGRADED), FailOn.DEGRADED) == expected


def test_the_summary_counts_and_names_required_rows_that_were_skipped() -> None:
    results = [result(R), result(S, host="*.b.io"), result(B, Level.OPTIONAL), result(S, Level.RECOMMENDED)]
    counts = summary(results)
    assert counts["verdicts"] == {"reachable": 1, "degraded": 0, "blocked": 1, "unknown": 0, "skipped": 2}
    assert counts["levels"]["required"]["skipped"] == 1 and counts["levels"]["optional"]["blocked"] == 1
    assert counts["skippedRequired"] == ["*.b.io"]


def test_vantages_that_disagree_are_named() -> None:
    results = [result(R, vantage="one"), result(B, vantage="two"), result(R, host="b.io", vantage="one")]
    (difference,) = differences([*results, result(R, host="b.io", vantage="two")])
    assert difference == {
        "host": "a.io",
        "port": 443,
        "protocol": "https",
        "verdicts": {"one": "reachable", "two": "blocked"},
    }


@pytest.mark.parametrize(
    ("row", "because"),
    [
        (Requirement(host="<registry>.azurecr.io", unresolved=True), "a part of the name is not known yet"),
        (Requirement(host="*.x.io", kind=Kind.WILDCARD), "a wildcard, and no concrete name stands in for it"),
        (Requirement(host="AzureML", kind=Kind.SERVICE_TAG), "a service tag, which is no name to connect to"),
        (Requirement(host="a.io", protocol=Protocol.UDP, port=5831), "UDP, where silence proves nothing"),
    ],
)
def test_what_cannot_be_tried_is_skipped_and_says_why(row: Requirement, because: str) -> None:
    outcome = result_of(row, {}, None, Scene(), "local")
    assert (outcome.verdict, outcome.cause, outcome.because) == (Verdict.SKIPPED, None, because)


def test_a_wildcard_says_which_name_stood_in_for_it() -> None:
    row = Requirement(host="*.x.io", kind=Kind.WILDCARD, probe=ProbeSpec("a.x.io", "/", "any-answer"))
    assert result_of(row, load().proofs, None, Scene(), "local").tested_by == "a.x.io"


@pytest.mark.parametrize(
    ("elapsed", "warned"),
    [
        ([5.0] * 10, False),
        ([5000.0] * 10, False),  # a slow resolver, or a silent one
        ([5.0] * 8 + [5000.0] * 2, False),
        ([5.0] * 5 + [2010.0, 5005.0, 9000.0], True),
    ],
)
def test_a_resolver_that_answers_a_part_at_once_is_told(elapsed: list[float], warned: bool) -> None:
    results = [{"steps": [{"layer": "dns", "elapsedMs": one, "facts": {}}]} for one in elapsed]
    dead = {"steps": [{"layer": "dns", "elapsedMs": 9900.0, "facts": {"getaddrinfoMs": 5.0}}]}
    assert not list(lookups.warnings([dead] * 4)), "a second nameserver that is dead"
    literal = {"steps": [{"layer": "dns", "elapsedMs": 0.1, "facts": {"literal": True}}]}
    warnings = list(lookups.warnings([*results, literal, {"steps": [{"layer": "proxy"}]}]))
    assert bool(warnings) is warned and all("3 of 8 names" in warning for warning in warnings)
