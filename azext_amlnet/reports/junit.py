"""The report as JUnit XML, which PublishTestResults of Azure DevOps reads: one suite a topic, one case an endpoint.

What makes the command fail is a failure (not measured: an error). What is not fine and does not is `skipped` with a
message, so that the test run and the exit code agree.
https://learn.microsoft.com/azure/devops/pipelines/tasks/reference/publish-test-results-v2 (2026-11-23)
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping
from xml.etree import ElementTree as Xml

from . import FINE, UNTOLD, endpoint, results, said


def render(report: Mapping[str, Any]) -> str:
    """An XML document of suites, with the counts that readers expect."""
    topics: dict[str, list[Mapping[str, Any]]] = {}
    for result in results(report):
        topics.setdefault(result["topic"], []).append(result)
    verb = "check-policy" if "findings" in report else "test"
    root = Xml.Element("testsuites", name=f"az ml network {verb}")
    for topic, members in topics.items():
        root.append(_suite(topic, members, report))
    _count(root, root.iter("testcase"))
    Xml.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _suite(topic: str, members: list[Mapping[str, Any]], report: Mapping[str, Any]) -> Xml.Element:
    started = (report.get("startedAt") or report["checkedAt"]).removesuffix("Z")
    suite = Xml.Element("testsuite", name=_clean(topic), timestamp=_clean(started))
    several = len({vantage["name"] for vantage in report.get("vantages", ())}) > 1
    for result in members:
        suite.append(_case(result, several))
    _count(suite, list(suite))
    return suite


def _case(result: Mapping[str, Any], several: bool) -> Xml.Element:
    where = f" from {result['vantage']}" if several else ""
    seconds = f"{(result['elapsedMs'] or 0) / 1000:.3f}"
    case = Xml.Element(
        "testcase", classname=_clean(f"amlnet.{result['topic']}"), name=_clean(endpoint(result) + where), time=seconds
    )
    if result["failing"]:
        kind = "error" if result["verdict"] in UNTOLD else "failure"
        broken = Xml.SubElement(case, kind, message=_clean(said(result)), type=_clean(kind_of(result)))
        broken.text = _clean(_details(result))
    elif result["verdict"] not in FINE:
        Xml.SubElement(case, "skipped", message=_clean(f"{result['level']}; {said(result)}"))
    if result["warnings"]:
        Xml.SubElement(case, "system-out").text = _clean("\n".join(result["warnings"]))
    return case


def kind_of(result: Mapping[str, Any]) -> str:
    """The cause, else the verdict."""
    return str(result["cause"] or result["verdict"])


def _details(result: Mapping[str, Any]) -> str:
    lines = [result["because"], result["hint"], f"Needed for: {result['reason']}", f"Level: {result['level']}"]
    lines += [f"{step['layer']}: {step['outcome']}, {step['elapsedMs']} ms" for step in result["steps"]]
    return "\n".join(filter(None, lines))


def _count(element: Xml.Element, cases: Iterable[Xml.Element]) -> None:
    cases = list(cases)
    element.set("tests", str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    element.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.3f}")


def _clean(text: str) -> str:
    """The text without what XML 1.0 cannot hold, surrogates and control characters."""
    return "".join(c if c == "\n" or (c.isprintable() and c < "\ufffe") or c > "\uffff" else " " for c in text)
