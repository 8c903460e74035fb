"""The result of `check-policy` as one HTML page that needs nothing else; everything is escaped."""

from __future__ import annotations

from html import escape
from typing import Any, Mapping

from . import by_severity, endpoint
from .html import counted, listed, page, settlement

_ORDER = ("denied", "missing", "partial", "unknown", "covered")


def render(report: Mapping[str, Any]) -> str:
    """The page: what it comes to, each requirement with the rule that decides, and what is allowed beyond need."""
    summary = report["summary"]
    parts = [
        _head(report),
        counted(summary["coverage"], summary["levels"], _ORDER),
        listed("To know", map(escape, report["warnings"])),
        listed("Overly permissive", (_beyond(item, "allows") for item in report["overPermissive"])),
        listed("Stale", (_beyond(item, "host") for item in report["stale"])),
        listed("Taken for granted", map(escape, report["assumptions"])),
        listed("Not read", (escape(f"{p['policy']}, {p['part']}: {p['because']}") for p in report["unread"])),
        _findings(report),
        _about(report),
    ]
    return page(_title(report), parts)


def _title(report: Mapping[str, Any]) -> str:
    workspace = (report["workspace"] or {}).get("name")
    return "Outbound policy" + (f" for {workspace}" if workspace else "")


def _head(report: Mapping[str, Any]) -> str:
    failing = [finding for finding in report["findings"] if finding["failing"]]
    untold = [finding for finding in failing if finding["coverage"] == "unknown"]
    broken = len(failing) - len(untold)
    phrases = []
    if broken:
        phrases.append(f"{broken} required endpoint{'s are' if broken > 1 else ' is'} not allowed")
    if untold:
        phrases.append(f"{len(untold)} required cannot be judged")
    tone = "blocked" if broken else "unknown" if report["summary"]["exitCode"] else "reachable"
    headline = "; ".join(phrases) or (
        "Nothing required was asked about" if tone == "unknown" else "All required is allowed"
    )
    names = ", ".join(f"{policy['name']} ({policy['dialect']}, {policy['rules']} rules)" for policy in report["policy"])
    return (
        f'<header><p class="kicker">{escape(_title(report))}</p><h1 class="{tone}">{escape(headline)}</h1>'
        f"<p>Checked {escape(report['checkedAt'])} against {escape(names)}.</p></header>"
    )


def _findings(report: Mapping[str, Any]) -> str:
    rows = "".join(
        f'<tr><td><span class="dot {finding["coverage"]}"></span><code>{escape(endpoint(finding))}</code><br>'
        f"<small>{escape(finding['level'])}; {escape(finding['reason'])}</small></td>"
        f"<td><b>{escape(finding['coverage'])}</b><br>{escape(finding['because'])}</td>"
        f"<td>{escape(' '.join((finding['hint'], *finding['notes'])))}{_settlement(finding)}</td></tr>"
        for finding in by_severity(report)
    )
    heads = "<tr><th>Endpoint</th><th>What the policy says</th><th>What to do</th></tr>"
    return f"<section><h2>All endpoints</h2><div class=scroll><table class=hand>{heads}{rows}</table></div></section>"


def _settlement(finding: Mapping[str, Any]) -> str:
    return f"<br><small>Settled by {escape(settlement(finding))}</small>" if "settledBy" in finding else ""


def _beyond(item: Mapping[str, Any], what: str) -> str:
    text = f"{item['policy']}, rule '{item['rule']}': {item[what]}: {item['because']}. {item.get('hint', '')}"
    return escape(text.strip())


def _about(report: Mapping[str, Any]) -> str:
    tool, catalog = report["tool"], report["catalog"]
    lines = [f"{tool['name']} {tool['version']}, catalog {catalog['version']} ({catalog['digest']})"]
    lines += [f"Sources: {', '.join(report['sources']) or 'not known'}"]
    lines += [f"{name}: {value}" for name, value in (report["workspace"] or {}).items() if value]
    return "<footer>" + "".join(f"<p>{escape(line)}</p>" for line in lines) + "</footer>"
