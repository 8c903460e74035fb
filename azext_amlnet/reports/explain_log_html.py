"""A device's log held against the list, as one page: what was denied and is needed first, each with its evidence."""

from __future__ import annotations

from html import escape
from typing import Any, Iterator, Mapping, Sequence

from ..text import few
from .page import card_list, fact_table, filters, foot, linked, listed, named, page, settlement, top
from .scope import needing, several, subject

GROUPS = {
    "denied": ("Denied, and needed", "blocked"),
    "unknownDenied": ("Denied, and on no list", "degraded"),
    "undecided": ("Not decidable", "unknown"),
    "unseen": ("Needed, and in no record", "skipped"),
    "beyond": ("Let through, and on no list", "degraded"),
    "proven": ("Needed, and let through", "reachable"),
}
"""What each group is called, and the tone of its rows."""


def render(document: Mapping[str, Any]) -> str:
    """The page of an explained log as plain JSON values."""
    groups, rows = document["summary"]["groups"], document["rows"]
    counts = [(groups[word], word, tone) for word, (_, tone) in GROUPS.items() if groups[word]]
    parts = [_head(document), card_list(counts), listed("To know", map(escape, document["warnings"]))]
    parts.append(filters("Show", {"Level": [word for word in _LEVELS if any(row["level"] == word for row in rows)]}))
    of_several = several(document)
    parts += [_group(word, [row for row in rows if row["group"] == word], of_several) for word in GROUPS]
    lines = (f"log: {line}" for line in map(source_line, document["sources"]))
    return page(title_of(document), [*parts, foot(document, lines)])


_LEVELS = ("required", "recommended", "optional")


def title_of(document: Mapping[str, Any]) -> str:
    """What is explained, in words."""
    whose = subject(document)
    return "Log of a device" + (f", held against the list of {whose}" if whose else ", held against the list")


def headline(document: Mapping[str, Any]) -> str:
    """What a log comes to, in one sentence."""
    failing = [row for row in document["rows"] if row["failing"]]
    groups = document["summary"]["groups"]
    if failing:
        return f"{len(failing)} required endpoint{'s were' if len(failing) > 1 else ' was'} denied"
    if groups["denied"]:
        return (
            f"{groups['denied']} needed endpoint{'s were' if groups['denied'] > 1 else ' was'} denied, none that fails"
        )
    return "Nothing that is needed was denied" if groups["proven"] else "Nothing that is needed is in this log"


def span_line(document: Mapping[str, Any]) -> str:
    """The time that a log is of."""
    first, last = document["span"]["from"], document["span"]["to"]
    return f"{first[:19]}Z to {last[:19]}Z" if first and last else "The log tells no time in UTC"


def source_line(source: Mapping[str, Any]) -> str:
    """One file: what it is, and how much of it was read."""
    unread = f", {source['unread']} not read" if source["unread"] else ""
    return f"{source['name']} ({source['format']}): {source['records']} records in {source['lines']} lines{unread}"


def logged(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with an endpoint to show, where it has no name, or no port."""
    name = row["host"] or "(no name)"
    return {**row, "host": name, **({} if row["port"] else {"port": 443, "protocol": "https"})}


def _head(document: Mapping[str, Any]) -> str:
    code = document["summary"]["exitCode"]
    tone = {0: "plain", 9: "unknown"}.get(code, "blocked")
    return top(title_of(document), tone, headline(document), f"{span_line(document)}.")


def _group(word: str, rows: Sequence[Mapping[str, Any]], of_several: bool) -> str:
    title, tone = GROUPS[word]
    unfolded = " open" if word in ("denied", "unknownDenied") else ""
    items = "".join(
        f'<details class="row {row["level"] or ""}{unfolded}"><summary>{named(logged(row), tone)}'
        f'<span class="what">{escape(row["level"] or "")}</span>'
        f"<small class=why>{escape(why(row))}</small></summary>"
        f"{fact_table(_facts(row, of_several))}</details>"
        for row in rows
    )
    return f"<section><h2>{title} ({len(rows)})</h2>{items}</section>" if rows else ""


def why(row: Mapping[str, Any]) -> str:
    """What a log says of an endpoint; of what was denied, or is open, also why it is needed, or what it resembles."""
    more = (row["nearest"], row["reason"]) if row["group"] in ("denied", "unknownDenied", "undecided") else ()
    return " ".join((f"{row['because']}.", *filter(None, more)))


def _facts(row: Mapping[str, Any], of_several: bool) -> Iterator[tuple[str, str]]:
    """The lines below a row, already escaped."""
    counts = ", ".join(f"{word} {count}" for word, count in row["counts"].items())
    times = " to ".join(dict.fromkeys(f"{moment[:19]}Z" for moment in (row["first"], row["last"]) if moment))
    lines = {
        "needed": row["reason"],
        "row of the list": row["requirement"],
        "resembles": row["nearest"],
        "records": counts,
        "time": times,
        "let through since": row["fixedSince"],
        "clients": few(row["addresses"], 20) if row.get("addresses") else str(row["clients"] or ""),
        "rules": few(row["rules"], 5),
        "settled by": settlement(row),
    }
    yield from ((name, escape(text)) for name, text in lines.items() if text)
    yield from needing(row, of_several)
    yield from (("document", linked(source)) for source in row["sources"])
