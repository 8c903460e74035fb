"""What was found, for a person or for CI: one file a format; each makes a text of the report as plain JSON values."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Iterable, Mapping, Optional

from ..text import endpoint as endpoint_text
from ..vocabulary import CONDITION

FORMATS = {".json": "json", ".xml": "junit", ".html": "html", ".md": "markdown", ".prom": "metrics"}
"""The ending of a file's name → the module that writes it."""
ENDINGS = {
    "report": tuple(FORMATS),
    "policy": (".json", ".xml", ".html", ".md"),  # which measures nothing
    "list": (".json", ".html", ".md"),  # which has no verdicts
}
"""The endings that a document of some kind can have."""


def render(path: str, report: Mapping[str, Any], suggestion: Optional[Mapping[str, Any]] = None) -> str:
    """The report, or the list, in the format that the file's name ends with.

    `suggestion` are the rules that a policy lacks, for its page: `format`, `content` and `losses` as `export` has them.
    """
    name = FORMATS[Path(path).suffix.lower()]
    name = f"{_of(report)}{name}" if name == "html" else name
    module = importlib.import_module(f".{name}", __name__)
    text: str = module.render(report, suggestion) if name == "policy_html" else module.render(report)
    return text


def _of(report: Mapping[str, Any]) -> str:
    """What the module of a document's page begins with."""
    if "before" in report:
        return "compare_"
    if "span" in report:
        return "explain_log_"
    return "requirements_" if "rows" in report else "policy_" if "findings" in report else ""


def results(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The results of a test; the findings of a check of policies in the shape of these."""
    if "findings" not in report:
        return list(report["results"])
    unmeasured = {"cause": None, "testedBy": None, "elapsedMs": None, "steps": (), "vantage": ""}
    return [{**unmeasured, "warnings": finding["notes"], "verdict": finding["coverage"], **finding}
            for finding in report["findings"]]  # fmt: skip


FINE = ("reachable", "covered")
"""The words for what is as it should be."""
UNTOLD = ("unknown", "skipped")
"""The words for what nobody can tell."""


def by_severity(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The results, what is broken first: failing ones, then by verdict and level, else in the list's own order."""
    from ..vocabulary import Coverage, Level, Verdict

    words = Coverage if "findings" in report else Verdict

    def weight(result: Mapping[str, Any]) -> tuple[bool, int, int]:
        return not result["failing"], words(result["verdict"]).rank, Level(result["level"]).rank

    return sorted(results(report), key=weight)


def by_owner(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The results: what somebody can do something about first, by owner and cause; the rest by severity."""

    def place(result: Mapping[str, Any]) -> tuple[bool, str, str]:
        owner = result.get("owner") or ""
        return not owner, owner, str(result["cause"] or "") if owner else ""

    return sorted(by_severity(report), key=place)


def by_change(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows of a comparison, what asks for attention first: in the order of its own summary."""
    order = list(document["summary"]["changes"])
    return sorted(document["rows"], key=lambda row: (order.index(row["change"]), not row["diagnosis"]))


def is_conditional(row: Mapping[str, Any]) -> bool:
    """Whether a row is needed under a condition only that facts could not decide."""
    return any(note.startswith(CONDITION) for note in row["notes"])


def endpoint(result: Mapping[str, Any]) -> str:
    """The result's endpoint in short."""
    return endpoint_text(str(result["host"]), result["port"], result["protocol"])


def each_once(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """A row for each endpoint; of several vantages each has a row of its own."""
    return list({(row["host"], row["port"], row["protocol"]): row for row in rows}.values())


def count_of(rows: Iterable[Mapping[str, Any]]) -> int:
    """How many endpoints rows are of."""
    return len(each_once(rows))


def vantage_of(row: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    """From where a row was seen, where the report has several vantages."""
    several = len(report.get("vantages", ())) > 1 and row.get("vantage")
    return f" from {row['vantage']}" if several else ""


def said(result: Mapping[str, Any]) -> str:
    """What became of it, in one sentence: cause, reason, stand-in."""
    words = [result["verdict"], f"({result['cause']})" if result["cause"] else ""]
    text = " ".join(filter(None, words)) + (f": {result['because']}" if result["because"] else "")
    return text + (f" [tested by {result['testedBy']}]" if result["testedBy"] else "")
