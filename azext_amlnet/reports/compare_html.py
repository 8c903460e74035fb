"""A comparison as one page: what differs, by its diagnosis or reason, then each endpoint with what each side saw."""

from __future__ import annotations

from html import escape
from typing import Any, Iterator, Mapping, Sequence

from . import UNTOLD, by_change
from .page import card_list, fact_table, filters, listed, named, page, top

_TONES = {"worse": "blocked", "added": "degraded", "changed": "degraded", "removed": "skipped", "better": "reachable",
          "same": "skipped"}  # fmt: skip
MEANS = {
    "both": "Fails from both: the service, its name, or what both paths pass.",
    "only-cluster": "Fails only from the cluster: the cluster's path.",
    "only-here": "Fails only from this machine: its own path.",
    "only-before": "Fails only from the first place: its path.",
    "only-after": "Fails only from the second place: its path.",
    "different-addresses": "Leads to another address from each place: split DNS.",
    "different-issuer": "Shows another certificate from one place: TLS is inspected there.",
    "catalog": "The catalog says something else.",
    "workspace": "The workspace has changed, or the list was edited.",
    "option": "Other options were given.",
    "tool": "Another version of the tool made it.",
    "unknown": "Why is not known.",
}
"""What a diagnosis of two places, or the reason of two lists, means."""

_FROM = {
    "both": "fail from both",
    "only-cluster": "only from the cluster",
    "only-here": "only from this machine",
    "only-before": "only from the first place",
    "only-after": "only from the second place",
    "different-addresses": "with other addresses",
    "different-issuer": "with another issuer",
    "unmeasured": "not measured from one place or both",
    "alone": "asked for from one place only",
}


def render(document: Mapping[str, Any]) -> str:
    """The page of a comparison as plain JSON values."""
    counts = [(count, word, _TONES[word]) for word, count in document["summary"]["changes"].items() if count]
    parts = [_head(document), card_list(counts), *_by_diagnosis(document["rows"]), _all(document), _foot(document)]
    return page(title_of(document), parts)


def title_of(document: Mapping[str, Any]) -> str:
    """What is compared, in words."""
    return f"Comparison of two results of {document['kind']}"


def headline(document: Mapping[str, Any]) -> str:
    """What a comparison comes to, in one sentence."""
    rows, apart = document["rows"], document["apart"]
    counts = dict(document["summary"]["diagnoses" if apart else "changes"])
    if apart:
        pairs = [(row["before"], row["after"]) for row in rows if row["before"] and row["after"]]
        counts["alone"] = len(rows) - len(pairs)
        counts["unmeasured"] = sum(bool(set(pair) & set(UNTOLD)) and pair != ("skipped", "skipped") for pair in pairs)
    phrases = [f"{count} {_FROM.get(word, word)}" for word, count in counts.items() if count and word != "same"]
    if not phrases:
        return f"{len(rows)} endpoints, and none differs"
    return f"{', '.join(phrases)}; {len(rows)} endpoints compared"


def sides(document: Mapping[str, Any]) -> str:
    """The two files, when they were made and from where."""
    return " → ".join(_side(document[word]) for word in ("before", "after"))


def _side(side: Mapping[str, Any]) -> str:
    more = ", ".join(filter(None, (side["at"], *side["vantages"])))
    return f"{side['file']}{f' ({more})' if more else ''}"


def _head(document: Mapping[str, Any]) -> str:
    code = document["summary"]["exitCode"]
    tone = {0: "plain", 9: "unknown"}.get(code, "blocked")
    return top(title_of(document), tone, headline(document), sides(document))


def _by_diagnosis(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for word in dict.fromkeys(row["diagnosis"] for row in rows if row["diagnosis"]):
        lines = (escape(row["sentence"]) for row in rows if row["diagnosis"] == word)
        yield listed(escape(MEANS.get(word, word)), lines)


def _all(document: Mapping[str, Any]) -> str:
    present = [word for word, count in document["summary"]["changes"].items() if count]
    boxes = filters("Show", {"Change": present})
    return f"<section><h2>All endpoints</h2>{boxes}{''.join(map(_row, by_change(document)))}</section>"


def _row(row: Mapping[str, Any]) -> str:
    words = f"{row['before'] or '(none)'} → {row['after'] or '(none)'}"
    unfolded = "" if row["change"] == "same" and not row["diagnosis"] else " open"
    return (
        f'<details class="row {row["change"]}{unfolded}"><summary>{named(row, _TONES[row["change"]])}'
        f'<span class="what">{escape(row["change"])} · {escape(row["level"])}<br>{escape(words)}</span>'
        f"<small class=why>{escape(row['sentence'])}</small></summary>"
        f"{fact_table(_facts(row))}</details>"
    )


def _facts(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What each side saw, already escaped."""
    for word in ("before", "after"):
        for name, value in (row["evidence"].get(word) or {}).items():
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            if text not in (None, "", False):
                yield f"{word}: {name}", escape(str(text))


def _foot(document: Mapping[str, Any]) -> str:
    tool = document["tool"]
    return f"<footer><p>{escape(tool['name'])} {escape(tool['version'])}</p></footer>"
