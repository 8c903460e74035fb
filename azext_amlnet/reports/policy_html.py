"""The result of `check-policy` as one page: who has to do what, the rules that are missing, then every endpoint."""

from __future__ import annotations

from html import escape
from typing import Any, Iterator, Mapping, Optional

from . import by_severity
from .html import to_do
from .page import cards, fact_table, filters, foot, level_of, linked, listed, named, page, settlement, top
from .scope import needing, several, subject

_ORDER = ("denied", "missing", "partial", "unknown", "covered")
_LEVELS = ("required", "recommended", "optional")


def render(report: Mapping[str, Any], suggestion: Optional[Mapping[str, Any]] = None) -> str:
    """The page; `suggestion` are the rules that are missing, as `export` writes them (`format`, `content`)."""
    summary = report["summary"]
    parts = [
        _head(report),
        cards(summary["coverage"], summary["levels"], _ORDER),
        to_do(report),
        _missing(suggestion),
        listed("To know", map(escape, report["warnings"])),
        listed("Overly permissive", (_beyond(item, "allows") for item in report["overPermissive"])),
        listed("Stale", (_beyond(item, "host") for item in report["stale"])),
        listed("Taken for granted", map(escape, report["assumptions"])),
        listed("Not read", (escape(f"{p['policy']}, {p['part']}: {p['because']}") for p in report["unread"])),
        _findings(report),
        foot(report, [f"Sources: {', '.join(report['sources']) or 'not known'}"]),
    ]
    return page(_title(report), parts)


def _title(report: Mapping[str, Any]) -> str:
    whose = subject(report)
    return "Outbound policy" + (f" for {whose}" if whose else "")


def _head(report: Mapping[str, Any]) -> str:
    required = [finding for finding in report["findings"] if finding["level"] == "required"]
    undecided = [finding for finding in required if finding["coverage"] == "unknown"]
    broken = [finding for finding in required if finding["coverage"] not in ("unknown", "covered")]
    phrases = []
    if broken:
        phrases.append(f"{len(broken)} required endpoint{'s are' if len(broken) > 1 else ' is'} not allowed")
    if undecided:
        phrases.append(f"{len(undecided)} required cannot be determined")
    if phrases and not report["summary"]["exitCode"]:
        phrases.append("none is worse than the baseline")
    tone = "blocked" if broken else "unknown" if undecided or report["summary"]["exitCode"] else "reachable"
    nothing = "Nothing required was asked about" if tone == "unknown" else "All required is allowed"
    names = ", ".join(f"{policy['name']} ({policy['dialect']}, {policy['rules']} rules)" for policy in report["policy"])
    return top(_title(report), tone, "; ".join(phrases) or nothing, f"Checked {report['checkedAt']} against {names}.")


def _missing(suggestion: Optional[Mapping[str, Any]]) -> str:
    if not suggestion:
        return ""
    losses = "".join(f"<li>{escape(loss)}</li>" for loss in suggestion["losses"])
    return (
        f"<section><h2>The rules that are missing</h2><ul>{losses}</ul><details class=rules><summary>"
        f"As {escape(suggestion['format'])}, to copy</summary><div><pre>{escape(suggestion['content'])}</pre></div>"
        "</details></section>"
    )


def _findings(report: Mapping[str, Any]) -> str:
    findings = by_severity(report)
    present = {finding["coverage"] for finding in findings}
    levels = {finding["level"] for finding in findings}
    words = {"Coverage": [word for word in _ORDER if word in present], "Level": [w for w in _LEVELS if w in levels]}
    rows = "".join(_row(finding, several(report)) for finding in findings)
    return f"<section><h2>All endpoints</h2>{filters('Show', words)}{rows}</section>"


def _row(finding: Mapping[str, Any], of_several: bool) -> str:
    """One endpoint, folded; on paper open where it is not covered."""
    unfolded = "" if finding["coverage"] == "covered" else " open"
    return (
        f'<details class="row {finding["coverage"]} {finding["level"]}{unfolded}"{unfolded}>'
        f"<summary>{named(finding, finding['coverage'])}"
        f'<span class="what">{escape(finding["coverage"])} · {level_of(finding)}</span></summary>'
        f"{fact_table(_facts(finding, of_several))}</details>"
    )


def _facts(finding: Mapping[str, Any], of_several: bool) -> Iterator[tuple[str, str]]:
    """What decides about an endpoint, rule by rule, and why it is asked for; already escaped."""
    yield "decided by", escape(finding["because"])
    if len(finding["rules"]) > 1:
        yield "rules", "<br>".join(map(escape, finding["rules"]))
    yield from (("to do", escape(finding["hint"])),) if finding["hint"] else ()
    yield from (("settled by", escape(settlement(finding))),) if "settledBy" in finding else ()
    yield from (("note", escape(note)) for note in finding["notes"])
    yield "reason", escape(finding["reason"])
    yield from (("document", linked(source)) for source in finding.get("sources") or ())
    yield from needing(finding, of_several)


def _beyond(item: Mapping[str, Any], what: str) -> str:
    text = f"{item['policy']}, rule '{item['rule']}': {item[what]}: {item['because']}. {item.get('hint', '')}"
    return escape(text.strip())
