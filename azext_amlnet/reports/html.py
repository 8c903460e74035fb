"""The report of `test` as one page: who has to do what, where it breaks, then every endpoint with its evidence."""

from __future__ import annotations

import json
from html import escape
from typing import Any, Iterable, Iterator, Mapping, Sequence

from ..vocabulary import INTERRUPTED
from . import FINE, UNTOLD, by_owner, count_of, vantage_of
from .glossary import CAUSES_EXPLAINED
from .interception import section
from .page import cards, fact_table, filters, foot, level_of, linked, listed, named, page, settlement, top
from .picture import picture
from .scope import needing, several, subject
from .tasks import Task, tasks
from .ticket import change_request

_LAYERS = ("wait", "dns", "tcp", "proxy", "tls", "http", "smb", "ntp")
_ORDER = ("blocked", "unknown", "degraded", "skipped", "reachable")
_OWNERS = ("network", "security", "dns", "proxy", "platform", "azure")


def render(report: Mapping[str, Any]) -> str:
    """The page of a report as plain JSON values."""
    summary = report["summary"]
    parts = [_head(report), cards(summary["verdicts"], summary["levels"], _ORDER)]
    parts += [to_do(report), section(report), picture(report), _warnings(report), _all(report), _causes(report)]
    return page(_title(report), [*parts, _foot(report)])


def _title(report: Mapping[str, Any]) -> str:
    whose = subject(report)
    return "Outbound connectivity" + (f" of {whose}" if whose else "")


def _head(report: Mapping[str, Any]) -> str:
    code, phrases = report["summary"]["exitCode"], list(_phrases(report))
    blocked = any(result["verdict"] == "blocked" for result in report["results"])
    failing = any(result["failing"] for result in report["results"])
    tone = "blocked" if blocked and failing else "unknown" if phrases or code else "reachable"
    place = ", ".join(f"{v['name']} ({v['place']})" for v in report["vantages"])
    about = f"Measured {report['startedAt']} from {place} in {report['durationMs'] / 1000:.1f} s."
    return top(_title(report), tone, "; ".join(phrases) or "Nothing required is blocked", about)


def _phrases(report: Mapping[str, Any]) -> Iterator[str]:
    """What the report comes to, whatever a baseline forgives."""
    results = report["results"]
    blocked = [result for result in results if result["verdict"] == "blocked"]
    required = [result for result in results if result["level"] == "required"]
    if blocked:
        of_these = count_of(result for result in blocked if result["level"] == "required")
        yield f"{_are(count_of(blocked), 'endpoint')} blocked, {of_these} of them required"
        if not any(result["failing"] for result in blocked) and any(result.get("change") for result in blocked):
            yield "none is worse than the baseline"
    degraded = count_of(result for result in required if result["failing"] and result["verdict"] == "degraded")
    if degraded:
        yield f"{_are(degraded, 'required endpoint')} degraded"
    unmeasured = count_of(result for result in required if result["failing"] and result["verdict"] in UNTOLD)
    if unmeasured:
        yield f"{unmeasured} required endpoint{'s' * (unmeasured > 1)} could not be measured"
    if report["summary"]["exitCode"] in INTERRUPTED:
        yield "interrupted before the end"
    elif not any(result["verdict"] not in UNTOLD for result in required or results):
        yield "Nothing required was measured"


def _are(count: int, what: str) -> str:
    return f"{count} {what}{'s are' if count > 1 else ' is'}"


def _warnings(report: Mapping[str, Any]) -> str:
    lines = [escape(line) for line in report["warnings"]]
    skipped = report["summary"]["skippedRequired"]
    if skipped:
        lines.append(f"Required, and nothing concrete to try: {escape(', '.join(skipped))}.")
    return listed("To know", lines)


# ---------------------------------------------------------------------------------------------------------------------
# Who has to do what


def to_do(report: Mapping[str, Any]) -> str:
    """Who has to do what, one block for each owner and cause; nothing where all is fine."""
    parts = "".join(_task(task, report) for task in tasks(report))
    return f"<section><h2>Who has to do what</h2>{parts}</section>" if parts else ""


def _task(task: Task, report: Mapping[str, Any]) -> str:
    """One owner and one cause: what to do, the endpoints, and a change request to copy."""
    cause = escape(task.cause)
    cause = f'<a href="#{cause}">{cause}</a>' if task.cause in _KNOWN else cause
    hints = "".join(f"<p>{escape(hint)}</p>" for hint in task.hints)
    seen = "".join(f"<small>Seen: {escape(text)}</small><br>" for text in task.seen[:3])
    rows = "".join(
        f"<li>{named(row, row['verdict'])}<small>{level_of(row)}; {escape(row['reason'])}"
        f"{_stand_in(row)}{escape(vantage_of(row, report))}</small></li>"
        for row in task.rows
    )
    return (
        f'<div class="task {task.worst}"><h3>{escape(task.owner)}: {cause}</h3>{hints}{seen}<ul>{rows}</ul>'
        f"<details><summary>Change request, to copy</summary><div><pre>{escape(change_request(task, report))}</pre>"
        "</div></details></div>"
    )


def _stand_in(result: Mapping[str, Any]) -> str:
    return f" (tested by {escape(result['testedBy'])})" if result["testedBy"] else ""


# ---------------------------------------------------------------------------------------------------------------------
# All endpoints


def _all(report: Mapping[str, Any]) -> str:
    results = report["results"]
    answered = [result["elapsedMs"] for result in results if result["verdict"] in FINE]  # time-outs would dwarf them
    longest = max(answered or [result["elapsedMs"] or 0 for result in results] or [0]) or 1
    layers = {layer for result in results for layer, _, _ in _spent(result)}
    legend = "".join(f'<span class="layer {layer}"></span>{layer} ' for layer in _LAYERS if layer in layers)
    legend += '<span class="layer failed"></span>failed<span class=scale>a bar marked › is longer than '
    rows = "".join(_row(result, longest, vantage_of(result, report), several(report)) for result in by_owner(report))
    words = {"Verdict": _present(results, "verdict", _ORDER), "Owner": _present(results, "owner", _OWNERS)}
    return (
        f"<section><h2>All endpoints</h2>{filters('Show', words)}"
        f"<p class=legend>{legend}{longest:.0f} ms</span></p>{rows}</section>"
    )


def _present(results: Sequence[Mapping[str, Any]], key: str, order: Sequence[str]) -> list[str]:
    words = {result.get(key) for result in results}
    return [word for word in order if word in words]


def _row(result: Mapping[str, Any], longest: float, vantage: str, of_several: bool) -> str:
    cause = f" · {escape(result['cause'])}" if result["cause"] else ""
    elapsed = result["elapsedMs"]
    took = f"{elapsed:.0f} ms" + (" ›" if elapsed > longest * 1.005 else "") if elapsed is not None else ""
    kind = "row" if result["verdict"] in (*FINE, "skipped") else "row open"
    return (
        f'<details class="{kind} {escape(result["verdict"])} {escape(result.get("owner") or "")}">'
        f"<summary>{named(result, result['verdict'])}"
        f'<span class="what">{escape(result["verdict"])}{cause}{escape(vantage)}</span>'
        f'<span class="fall">{_bars(result, longest)}</span><span class="took">{took}</span></summary>'
        f"{fact_table(_facts(result, of_several))}</details>"
    )


def _spent(result: Mapping[str, Any]) -> list[tuple[str, float, str]]:
    """The time of a result by what it was spent on, which together is the number beside it: layers, and waiting."""
    layers = [(step["layer"], float(step["elapsedMs"]), step["outcome"]) for step in result["steps"]]
    waited = (result["elapsedMs"] or 0.0) - sum(spent for _, spent, _ in layers)
    return [*([("wait", waited, "ok")] if waited > 0.5 else []), *layers]


def _bars(result: Mapping[str, Any], longest: float) -> str:
    """The time of each layer as a part of the longest bar; what goes beyond it is cut."""
    parts, left = "", 100.0
    for layer, spent, outcome in _spent(result):
        width = min(100 * spent / longest, left)
        left -= width
        names = escape(f"{layer} {outcome}")
        title = escape(f"{layer} {spent:.1f} ms, {outcome}")
        parts += f'<i class="layer {names}" style="width:{width:.2f}%" title="{title}"></i>'
    return parts


def _facts(result: Mapping[str, Any], of_several: bool) -> Iterator[tuple[str, str]]:
    """The lines below an endpoint, already escaped."""
    names = ("level", "topic", "reason", "because", "hint", "testedBy", "expects", "change")
    yield from ((name, escape(str(result[name]))) for name in names if result.get(name))
    yield from (("document", linked(source)) for source in result.get("sources") or ())
    yield from (("settled by", escape(settlement(result))),) if "settledBy" in result else ()
    yield from needing(result, of_several)
    yield from (("warning", escape(line)) for line in result["warnings"])
    yield from (("note", escape(line)) for line in result["notes"])
    for step in result["steps"]:
        known = ((key, value) for key, value in sorted(step["facts"].items()) if value not in (None, [], {}))
        facts = "; ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in known)
        yield str(step["layer"]), f"{escape(step['outcome'])}, {step['elapsedMs']} ms<br><small>{escape(facts)}</small>"


# ---------------------------------------------------------------------------------------------------------------------
# What it means, and what it is of

_KNOWN = {cause.value: explained for cause, explained in CAUSES_EXPLAINED.items()}


def _causes(report: Mapping[str, Any]) -> str:
    """What the causes on this page mean, and how to be sure."""
    seen = sorted({result["cause"] for result in report["results"] if result["cause"] in _KNOWN})
    terms = "".join(
        f"<dt id={cause}><code>{cause}</code></dt><dd>{escape(_KNOWN[cause].means)} {escape(_KNOWN[cause].check)}</dd>"
        for cause in seen
    )
    return f"<section><h2>What the causes mean</h2><dl>{terms}</dl></section>" if terms else ""


def _foot(report: Mapping[str, Any]) -> str:
    return foot(report, _vantages(report["vantages"]))


def _vantages(vantages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for vantage in vantages:
        resolvers = ", ".join(vantage["resolvers"]) or "the system's"
        yield f"{vantage['name']}: node {vantage['node']}, resolvers {resolvers}, Python {vantage['python']}"
        proxy = vantage["proxy"] or {}
        used = [f"{name} {proxy[name]}" for name in ("http", "https") if proxy.get(name)]
        skip = f"; not for {', '.join(proxy['skip'])}" if used and proxy.get("skip") else ""
        yield f"{vantage['name']}: proxy {', '.join(used) or 'none'}{skip}"
