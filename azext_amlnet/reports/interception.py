"""Where TLS is inspected: a sentence, and a section of a page, on whom documents let one expect to break."""

from __future__ import annotations

from html import escape
from typing import Any, Iterator, Mapping, Sequence

from ..text import line

_WORDS = {"breaks": "breaks", "needs-authority": "needs the authority", "unknown": "not known", "ok": "has it"}
_MOST = 6
_TONES = {"breaks": "blocked", "needs-authority": "degraded", "unknown": "unknown", "ok": "reachable"}


def sentence(one: Mapping[str, Any]) -> str:
    """One line on an interception: by whom, seen from where, and the components by what becomes of them."""
    groups: dict[str, dict[str, None]] = {effect: {} for effect in _WORDS}
    for consumer in one["consumers"]:
        of = f" ({', '.join(consumer['computes'])})" if consumer["computes"] else ""
        groups[consumer["effect"]][f"{consumer['component']}{of}"] = None
    parts = [f"{_WORDS[effect]}: {', '.join(names)}" for effect, names in groups.items() if names]
    whom = "; ".join(parts) or "nothing, since no document and no known cluster tells of them"
    return line(
        f"TLS with {_many(one)} is inspected by '{one['issuer']}' (seen from {one['vantage']}). Predicted: {whom}."
    )


def section(report: Mapping[str, Any]) -> str:
    """The part of a page, as HTML; nothing where no inspection was seen."""
    parts = "".join(map(_issuer, report["interception"]))
    if not parts:
        return ""
    note = "A prediction: by documents, the kind of each cluster, and what Azure Resource Manager says of its trust."
    if not all(str(vantage["place"]).startswith("a pod") for vantage in report["vantages"]):
        note += " What was seen outside a cluster holds for it where its traffic passes the same inspection."
    return f"<section><h2>Where TLS is inspected: who breaks</h2><p>{escape(note)}</p>{parts}</section>"


def _issuer(one: Mapping[str, Any]) -> str:
    fingerprint = f", SHA-256 {one['fingerprint']}" if one["fingerprint"] else ""
    about = escape(f"{one['issuer']}{fingerprint}, seen from {one['vantage']} with {_many(one)}")
    hosts = escape(", ".join(one["hosts"]))
    names = f"<details class=rules><summary>{_many(one)}</summary><div>{hosts}</div></details>"
    return f"<h3>{about}</h3>{names}<ul>{''.join(_items(one))}</ul>"


def _items(one: Mapping[str, Any]) -> Iterator[str]:
    for consumer in one["consumers"]:
        tone, word = _TONES[consumer["effect"]], _WORDS[consumer["effect"]]
        remedy = f"<br>{escape(consumer['remedy'])}" if consumer["remedy"] else ""
        yield (
            f'<li><span class="dot {tone}"></span><b>{escape(consumer["component"])}</b>: {word}<br>'
            f"<small>{escape(consumer['because'])} With {escape(_some(consumer['hosts']))}.{remedy} "
            f"{_document(consumer['source'])}</small></li>"
        )


def _many(one: Mapping[str, Any]) -> str:
    return f"{len(one['hosts'])} host{'s' * (len(one['hosts']) != 1)}"


def _some(hosts: Sequence[str]) -> str:
    """The first hosts, and how many more."""
    return ", ".join(hosts[:_MOST]) + (f" and {len(hosts) - _MOST} more" if len(hosts) > _MOST else "")


def _document(url: str) -> str:
    """A link, only where it is one of the web."""
    safe = escape(url)
    return f'<a href="{safe}" rel=noreferrer>document</a>' if url.startswith("https://") else safe
