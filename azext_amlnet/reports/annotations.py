"""The report as log commands that a CI system shows beside the step: one line a finding.

https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands and
https://docs.github.com/actions/reference/workflow-commands-for-github-actions (2026-11-23)
"""

from __future__ import annotations

from typing import Any, Callable, Iterator, Mapping

from ..text import one_line
from . import FINE, by_severity, endpoint, said


def lines(report: Mapping[str, Any], system: str) -> Iterator[str]:
    """An error for each result that makes the command fail, a warning for each other one that is not fine."""
    line = SYSTEMS[system]
    for result in by_severity(report):
        if result["failing"] or result["verdict"] not in (*FINE, "skipped"):
            text = f"{endpoint(result)} ({result['level']}) is {said(result)}. {result['hint']}".strip()
            yield line("error" if result["failing"] else "warning", result, text)


def _azure_devops(severity: str, result: Mapping[str, Any], text: str) -> str:
    code = _escaped(result["cause"] or result["verdict"], {"%": "%AZP25", ";": "%3B", "]": "%5D"})
    return f"##vso[task.logissue type={severity};code={code}]" + _escaped(text, {"%": "%AZP25"})


def _github(severity: str, result: Mapping[str, Any], text: str) -> str:
    title = _escaped(f"{endpoint(result)} {result['verdict']}", {"%": "%25", ":": "%3A", ",": "%2C"})
    return f"::{severity} title={title}::" + _escaped(text, {"%": "%25"})


def _escaped(text: str, special: Mapping[str, str]) -> str:
    """The text on one line that the system cannot read as another command."""
    line = one_line(text, 2000)
    return "".join(special.get(c, c) for c in line)


SYSTEMS: Mapping[str, Callable[[str, Mapping[str, Any], str], str]] = {
    "azure-devops": _azure_devops,
    "github": _github,
}
