"""Every reason for `unknown` has the fact and the option that settle it, and docs/unknowns.md lists them all.

AMLNET_UPDATE_DOCS=1 writes the page anew.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable
from typing import Any

import pytest

from azext_amlnet.logs import unknowns as of_log
from azext_amlnet.measurement import unknowns as of_test
from azext_amlnet.measurement.causes import CAUSES, judgement_of
from azext_amlnet.measurement.causes import unknown as unmeasured
from azext_amlnet.model import Cause, Settlement, Verdict
from azext_amlnet.policy import unknowns as of_policy

from .world import ROOT, Az

PAGE = ROOT / "docs" / "unknowns.md"
UNKNOWN_CAUSES = [cause for cause, (verdict, *_) in CAUSES.items() if verdict is Verdict.UNKNOWN]


def test_every_reason_has_a_settlement_and_no_settlement_is_without_a_reason() -> None:
    reasons = {*UNKNOWN_CAUSES, *of_test.Unmeasured} - {Cause.UNKNOWN_FAILURE}
    assert reasons == set(of_test.SETTLED_BY) and set(of_policy.Doubt) == set(of_policy.SETTLED_BY)
    assert set(of_log.Untold) == set(of_log.SETTLED_BY)
    for settlement in (*of_test.SETTLED_BY.values(), *of_policy.SETTLED_BY.values(), *of_log.SETTLED_BY.values()):
        assert settlement.fact and settlement.option


@pytest.mark.parametrize("cause", sorted(set(UNKNOWN_CAUSES) - {Cause.UNKNOWN_FAILURE}))
def test_an_unknown_judgement_says_what_settles_it(cause: Cause) -> None:
    assert judgement_of(cause, "it was so").settled_by == of_test.SETTLED_BY[cause]


def test_an_unforeseen_failure_says_what_settles_it_and_what_is_known_needs_nothing() -> None:
    judgement = unmeasured(of_test.Unmeasured.CPU_LIMIT, "it was so")
    assert judgement.cause is Cause.UNKNOWN_FAILURE and judgement.settled_by == Settlement(
        "a measurement with more time", "--timeout"
    )
    assert judgement_of(Cause.TCP_TIMEOUT, "it was so").settled_by is None


def test_nothing_becomes_unknown_by_another_way() -> None:
    """UNKNOWN_FAILURE and Coverage.UNKNOWN are made in one function each, which asks for the reason."""
    makers = {"unknown", "_unknown"}
    others = []
    for path in [
        *(ROOT / "azext_amlnet" / "measurement").glob("*.py"),
        *(ROOT / "azext_amlnet" / "policy").rglob("*.py"),
    ]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        allowed = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and node.name in makers
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            made = isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                "judgement_of",
                "Decision",
                "Judgement",
            )
            words = {getattr(argument, "attr", "") for argument in node.args} if made else set()  # type: ignore[attr-defined]
            if node not in allowed and words & {"UNKNOWN_FAILURE", "UNKNOWN"}:
                others.append(f"{path.name}:{node.lineno}")  # type: ignore[attr-defined]
    assert not others


def table(rows: Iterable[tuple[str, Settlement]]) -> str:
    """Rows of the page."""
    return "".join(f"| {reason} | {settled.fact} | `{settled.option}` |\n" for reason, settled in rows)


def rendered(text: str) -> str:
    """The page with the tables of the code."""
    measured = [
        (f"`{reason.value}`" if isinstance(reason, Cause) else f"`unknown_failure`: {reason.value}", settlement)
        for reason, settlement in of_test.SETTLED_BY.items()
    ]
    checked = [(doubt.value, settlement) for doubt, settlement in of_policy.SETTLED_BY.items()]
    head, *parts = re.split(r"(?<=\|---\|---\|---\|\n)(?:\|.*\n)*", text)
    logged = [(untold.value, settlement) for untold, settlement in of_log.SETTLED_BY.items()]
    return head + table(measured) + parts[0] + table(checked) + parts[1] + table(logged) + "".join(parts[2:])


def test_the_page_lists_the_reasons_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    if os.environ.get("AMLNET_UPDATE_DOCS"):
        PAGE.write_text(rendered(text), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == rendered(text)


@pytest.mark.parametrize("of", [of_test, of_policy, of_log], ids=["test", "check-policy", "explain-log"])
def test_every_option_that_settles_something_is_there(az: Az, of: Any) -> None:
    settlements = of.SETTLED_BY.values()
    options = {word.strip(",") for settlement in settlements for word in settlement.option.split()}
    shown = "".join(
        az.must("ml", "network", name, "-h").out for name in ("test", "check-policy", "export", "explain-log")
    )
    assert {option for option in options if option.startswith("--")} <= set(re.findall(r"--[a-z-]+", shown))
