"""The report as one HTML page that needs nothing else: no script, no network, light and dark; everything is escaped."""

from __future__ import annotations

import json
from html import escape
from typing import Any, Iterable, Iterator, Mapping, Sequence

from . import by_severity, endpoint
from .glossary import CAUSES_EXPLAINED

_LAYERS = ("dns", "tcp", "proxy", "tls", "http", "smb", "ntp")
_ORDER = ("blocked", "unknown", "degraded", "skipped", "reachable")


def render(report: Mapping[str, Any]) -> str:
    """The page: what it comes to, what to hand to the network team, every endpoint with its timings and evidence."""
    parts = [_head(report), _summary(report), _warnings(report), _to_hand_over(report), _all(report)]
    return page(_title(report), [*parts, _causes(report), _about(report)])


def page(title: str, parts: Iterable[str]) -> str:
    """A whole page of sections, which are HTML already."""
    whole = _PAGE.format(title=escape(title), style=_STYLE, body="\n".join(filter(None, parts)))
    return whole.encode("utf-8", "replace").decode()  # without halves of surrogate pairs


def _title(report: Mapping[str, Any]) -> str:
    workspace = (report["workspace"] or {}).get("name")
    return "Outbound connectivity" + (f" of {workspace}" if workspace else "")


def _head(report: Mapping[str, Any]) -> str:
    failing = [result for result in report["results"] if result["failing"]]
    unmeasured = [result for result in failing if result["verdict"] in ("unknown", "skipped")]
    blocked = len(failing) - len(unmeasured)
    phrases = []
    if blocked:
        phrases.append(f"{blocked} endpoint{'s fail' if blocked > 1 else ' fails'}")
    if unmeasured:
        phrases.append(f"{len(unmeasured)} required endpoint{'s' * (len(unmeasured) > 1)} could not be measured")
    tone = "blocked" if blocked else "unknown" if phrases or report["summary"]["exitCode"] else "reachable"
    if not phrases:
        phrases = (
            ["Nothing required was measured"] if report["summary"]["exitCode"] else ["Nothing required is blocked"]
        )
    place = ", ".join(f"{v['name']} ({v['place']})" for v in report["vantages"])
    return (
        f'<header><p class="kicker">{escape(_title(report))}</p><h1 class="{tone}">{escape("; ".join(phrases))}</h1>'
        f"<p>Measured {escape(report['startedAt'])} from {escape(place)} in {report['durationMs'] / 1000:.1f} s.</p>"
        "</header>"
    )


def _summary(report: Mapping[str, Any]) -> str:
    counts = report["summary"]["verdicts"]
    return counted(counts, report["summary"]["levels"], _ORDER)


def counted(counts: Mapping[str, int], by_level: Mapping[str, Mapping[str, int]], order: Sequence[str]) -> str:
    """The counts as cards, and by level as a table, in an order of words."""
    cards = "".join(f'<li class="{word}"><b id="count-{word}">{counts[word]}</b> {word}</li>' for word in order)
    levels = "".join(
        f"<tr><th scope=row>{escape(level)}</th>" + "".join(f"<td>{by[word] or '·'}</td>" for word in order)
        for level, by in by_level.items()
    )
    heads = "".join(f"<th scope=col>{word}</th>" for word in order)
    table = f'<div class=scroll><table class="levels"><tr><td></td>{heads}</tr>{levels}</table></div>'
    return f'<ul class="cards">{cards}</ul>{table}'


def _warnings(report: Mapping[str, Any]) -> str:
    lines = [escape(line) for line in report["warnings"]]
    skipped = report["summary"]["skippedRequired"]
    if skipped:
        lines.append(f"Required, and nothing concrete to try: {escape(', '.join(skipped))}.")
    return listed("To know", lines)


def listed(title: str, lines: Iterable[str]) -> str:
    """A section of lines, which are HTML already; nothing without lines."""
    items = "".join(f"<li>{line}</li>" for line in lines)
    return f"<section><h2>{title}</h2><ul>{items}</ul></section>" if items else ""


def _to_hand_over(report: Mapping[str, Any]) -> str:
    """What is blocked, as text to copy and as a table that says why."""
    broken = [r for r in by_severity(report) if r["failing"] or r["verdict"] == "blocked"]
    if not broken:
        return ""
    plain = _aligned([r["host"], str(r["port"]), r["protocol"], r["level"], r["cause"] or ""] for r in broken)
    rows = "".join(
        f'<tr><td><span class="dot {r["verdict"]}"></span><code>{escape(endpoint(r))}</code><br>'
        f"<small>{escape(r['level'])}; {escape(r['reason'])}</small></td>"
        f"<td><b>{_linked(r)}</b><br>{escape(r['because'])}{_stand_in(r)}</td>"
        f"<td>{escape(r['hint'])}</td></tr>"
        for r in broken
    )
    return (
        "<section><h2>For the network team</h2><div class=scroll><table class=hand><tr><th>Endpoint</th>"
        f"<th>What was seen</th><th>What to do</th></tr>{rows}</table></div>"
        f"<h3>To copy</h3><pre>{escape(plain)}</pre></section>"
    )


def _linked(result: Mapping[str, Any]) -> str:
    """The cause as a link to what it means, further down the page; of a result without one the verdict."""
    cause = result["cause"]
    return f'<a href="#{escape(cause)}">{escape(cause)}</a>' if cause in _KNOWN else escape(cause or result["verdict"])


def _causes(report: Mapping[str, Any]) -> str:
    """What the causes on this page mean, and how to be sure."""
    seen = sorted({result["cause"] for result in report["results"] if result["cause"] in _KNOWN})
    terms = "".join(
        f"<dt id={cause}><code>{cause}</code></dt><dd>{escape(_KNOWN[cause].means)} {escape(_KNOWN[cause].check)}</dd>"
        for cause in seen
    )
    return f"<section><h2>What the causes mean</h2><dl>{terms}</dl></section>" if terms else ""


_KNOWN = {cause.value: explained for cause, explained in CAUSES_EXPLAINED.items()}


def _stand_in(result: Mapping[str, Any]) -> str:
    return f"<br><small>tested by {escape(result['testedBy'])}</small>" if result["testedBy"] else ""


def _aligned(lines: Iterable[list[str]]) -> str:
    lines = list(lines)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _all(report: Mapping[str, Any]) -> str:
    answered = [r["elapsedMs"] for r in report["results"] if r["verdict"] == "reachable"]  # time-outs would dwarf them
    longest = max(answered or [r["elapsedMs"] or 0 for r in report["results"]] or [0]) or 1
    layers = {step["layer"] for r in report["results"] for step in r["steps"]}
    legend = "".join(f'<span class="layer {layer}"></span>{layer} ' for layer in _LAYERS if layer in layers)
    rows = "".join(_row(result, longest) for result in by_severity(report))
    return (
        f"<section><h2>All endpoints</h2><p class=legend>{legend}"
        f"<span class=scale>a full bar is {longest:.0f} ms or more</span></p>{rows}</section>"
    )


def _row(result: Mapping[str, Any], longest: float) -> str:
    cause = f" · {escape(result['cause'])}" if result["cause"] else ""
    took = f"{result['elapsedMs']:.0f} ms" if result["elapsedMs"] is not None else ""
    facts = "".join(f"<tr><th scope=row>{escape(name)}</th><td>{text}</td></tr>" for name, text in _facts(result))
    return (
        f'<details><summary><span class="dot {result["verdict"]}"></span><code>{escape(endpoint(result))}</code>'
        f'<span class="what">{escape(result["verdict"])}{cause}</span>'
        f'<span class="fall">{_bars(result["steps"], longest)}</span><span class="took">{took}</span></summary>'
        f"<div class=scroll><table>{facts}</table></div></details>"
    )


def _bars(steps: Iterable[Mapping[str, Any]], longest: float) -> str:
    return "".join(
        f'<i class="layer {step["layer"]} {step["outcome"]}" style="width:{100 * step["elapsedMs"] / longest:.2f}%" '
        f'title="{step["layer"]} {step["elapsedMs"]} ms, {step["outcome"]}"></i>'
        for step in steps
    )


def _facts(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The lines below an endpoint, already escaped."""
    names = ("level", "topic", "reason", "because", "hint", "testedBy", "change")
    yield from ((name, escape(str(result[name]))) for name in names if result.get(name))
    yield from (("settled by", escape(settlement(result))),) if "settledBy" in result else ()
    yield from (("computes", escape(", ".join(result["computes"]))),) if result["computes"] else ()
    yield from (("warning", escape(line)) for line in result["warnings"])
    yield from (("note", escape(line)) for line in result["notes"])
    for step in result["steps"]:
        facts = "; ".join(
            f"{key}: {json.dumps(value)}" for key, value in sorted(step["facts"].items()) if value not in (None, [], {})
        )
        yield step["layer"], f"{escape(step['outcome'])}, {step['elapsedMs']} ms<br><small>{escape(facts)}</small>"


def settlement(result: Mapping[str, Any]) -> str:
    """What would settle an unknown verdict, in words; empty for what is known."""
    settled_by = result.get("settledBy")
    return f"{settled_by['fact']} ({settled_by['option']})" if settled_by else ""


def _about(report: Mapping[str, Any]) -> str:
    tool, catalog = report["tool"], report["catalog"]
    lines = [f"{tool['name']} {tool['version']}, catalog {catalog['version']} ({catalog['digest']})"]
    workspace = report["workspace"] or {}
    lines += [f"{name}: {value}" for name, value in workspace.items() if value]
    for vantage in report["vantages"]:
        resolvers = ", ".join(vantage["resolvers"]) or "the system's"
        lines.append(f"{vantage['name']}: node {vantage['node']}, resolvers {resolvers}, Python {vantage['python']}")
        proxy = vantage["proxy"] or {}
        used = [f"{name} {proxy[name]}" for name in ("http", "https") if proxy.get(name)]
        skip = f"; not for {', '.join(proxy['skip'])}" if used and proxy.get("skip") else ""
        lines.append(f"proxy: {', '.join(used) or 'none'}{skip}")
    return "<footer>" + "".join(f"<p>{escape(line)}</p>" for line in lines) + "</footer>"


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>
<body><main>
{body}
</main></body>
</html>
"""

_STYLE = """
:root { --ink:#1b1f24; --dim:#59636e; --paper:#fff; --card:#f5f7f9; --line:#d9dfe5; --blocked:#c62828;
  --unknown:#8e44ad; --degraded:#b26a00; --skipped:#6b7682; --reachable:#1b7f4b; --dns:#5b8def; --tcp:#38a3a5;
  --proxy:#8d6cab; --tls:#e09f3e; --http:#7aa95c; --smb:#7aa95c; --ntp:#7aa95c }
@media (prefers-color-scheme: dark) { :root { --ink:#e6e9ec; --dim:#9aa5b1; --paper:#14171b; --card:#1d2227;
  --line:#333b44; --blocked:#ff7b72; --unknown:#d2a8ff; --degraded:#f0b860; --skipped:#9aa5b1; --reachable:#56d394 } }
* { box-sizing:border-box }
body { margin:0; background:var(--paper); color:var(--ink); font:15px/1.5 system-ui,"Segoe UI",sans-serif }
main { max-width:1100px; margin:0 auto; padding:2rem 1.25rem 3rem }
code, pre { font-family:ui-monospace,Consolas,monospace; font-size:.92em; overflow-wrap:anywhere }
h1 { font-size:1.9rem; line-height:1.2; margin:.2rem 0 .4rem } h2 { font-size:1.2rem; margin:2rem 0 .6rem }
h3 { font-size:1rem; margin:1.2rem 0 .4rem } p { margin:.2rem 0 }
.kicker, small, footer, .legend, .took { color:var(--dim) } .kicker { font-weight:600 }
h1.blocked { color:var(--blocked) } h1.unknown { color:var(--unknown) } h1.reachable { color:var(--reachable) }
.cards { display:flex; flex-wrap:wrap; gap:.6rem; padding:0; margin:1.2rem 0; list-style:none }
.cards li { flex:1 1 8rem; background:var(--card); border-radius:.5rem; padding:.6rem .9rem; border-left:.3rem solid }
.cards b { display:block; font-size:1.6rem; line-height:1.2; color:var(--ink) }
li.blocked { border-color:var(--blocked) } li.unknown { border-color:var(--unknown) }
li.degraded { border-color:var(--degraded) } li.skipped { border-color:var(--skipped) }
li.reachable, li.covered { border-color:var(--reachable) }
li.denied, li.missing { border-color:var(--blocked) } li.partial { border-color:var(--degraded) }
table { border-collapse:collapse; width:100% } .levels { width:auto } .scroll { overflow-x:auto }
th, td { text-align:left; vertical-align:top; padding:.4rem .8rem .4rem 0; border-bottom:1px solid var(--line) }
th { font-weight:600; white-space:nowrap } .levels td, .levels th { padding-right:1.4rem }
a { color:inherit } dt { margin-top:.8rem } dd { margin:.2rem 0 0 1rem }
pre { background:var(--card); border-radius:.5rem; padding:.8rem; overflow:auto; white-space:pre }
.dot { display:inline-block; width:.7rem; height:.7rem; border-radius:50%; margin-right:.5rem; flex:none }
.dot.blocked { background:var(--blocked) } .dot.unknown { background:var(--unknown) }
.dot.degraded { background:var(--degraded) } .dot.skipped { background:var(--skipped) }
.dot.reachable, .dot.covered { background:var(--reachable) }
.dot.denied, .dot.missing { background:var(--blocked) } .dot.partial { background:var(--degraded) }
details { border-bottom:1px solid var(--line) } details[open] { background:var(--card) }
summary { display:flex; align-items:center; gap:.2rem; padding:.35rem .4rem; cursor:pointer; list-style:none }
summary::before { content:"\\25B8"; color:var(--dim); width:1rem; flex:none }
details[open] summary::before { content:"\\25BE" } summary::-webkit-details-marker { display:none }
details > div { padding:0 .8rem .6rem 1.6rem }
summary code { flex:1 1 40% } .what { flex:0 1 15rem; color:var(--dim) } .took { flex:0 0 4.5rem; text-align:right }
.fall { flex:1 1 25%; display:flex; height:.7rem; background:color-mix(in srgb, var(--line) 45%, transparent);
  border-radius:.2rem; overflow:hidden }
.layer { display:inline-block; min-width:1px; height:.7rem } .scale { margin-left:1.2rem }
.legend .layer { width:.9rem; margin:0 .3rem 0 .8rem }
.dns { background:var(--dns) } .tcp { background:var(--tcp) } .proxy { background:var(--proxy) }
.tls { background:var(--tls) }
.http, .smb, .ntp { background:var(--http) }
.failed { background-image:repeating-linear-gradient(45deg,transparent 0 3px,var(--blocked) 3px 6px) }
footer { margin-top:2.5rem; font-size:.85rem } @media (max-width:640px) {
  .fall { display:none } summary { flex-wrap:wrap } .what { flex:1 1 60% } .levels { font-size:.8rem }
  .levels td, .levels th { padding-right:.5rem } .hand td, .hand th { display:block; padding-right:0; border:0 }
  .hand tr { display:block; border-bottom:1px solid var(--line); padding:.4rem 0 }
  .hand tr:first-child { display:none } }
@media print { details > div { display:block } }
"""
