"""The list of `requirements` as one page to attach to a ticket: by topic, with reasons and documents."""

from __future__ import annotations

from html import escape
from typing import Any, Iterator, Mapping, Sequence

from ..text import few
from . import endpoint
from .page import card_list, fact_table, filters, foot, level_of, linked, listed, named, page, top
from .scope import needing, several, subject
from .tasks import by_topic

_LEVELS = ("required", "recommended", "optional")


def render(document: Mapping[str, Any]) -> str:
    """The page of a list (`rows`) with what it is of."""
    rows = document["rows"]
    parts = [_head(document), _counts(rows), listed("To know", map(escape, document["warnings"]))]
    levels = [level for level in _LEVELS if any(row["level"] == level for row in rows)]
    parts += [_names(rows), filters("Show", {"Level": levels})]
    parts += [_topic(topic, members, several(document)) for topic, members in by_topic(rows)]
    return page(title_of(document), [*parts, foot(document)])


def title_of(document: Mapping[str, Any]) -> str:
    """What the list is called."""
    whose = subject(document)
    return "Outbound endpoints" + (f" of {whose}" if whose else "")


def _head(document: Mapping[str, Any]) -> str:
    rows = document["rows"]
    required = sum(row["level"] == "required" for row in rows)
    return top(title_of(document), "plain", headline(rows, required), f"Made {document['madeAt']}.")


def headline(rows: Sequence[Mapping[str, Any]], required: int) -> str:
    """How many there are, and how many of them must be."""
    return f"{len(rows)} endpoint{'s' * (len(rows) != 1)}, {required} of them required"


def _counts(rows: Sequence[Mapping[str, Any]]) -> str:
    open_names = [row for row in rows if row["unresolved"]]
    changed = [row for row in rows if row.get("change", "same") != "same"]
    counts = [(len(rows), "rows", "plain"), (len(open_names), "not concrete", "plain")]
    return card_list([*counts, *([(len(changed), "changed", "degraded")] if changed else [])])


def _names(rows: Sequence[Mapping[str, Any]]) -> str:
    """The endpoints alone, to copy; what has no concrete name yet is left out."""
    names = [endpoint(row) for row in rows if not row["unresolved"]]
    text = escape("\n".join(names))
    summary = f"<summary>{len(names)} names alone, to copy</summary>"
    return f"<details class=rules>{summary}<div><pre>{text}</pre></div></details>"


def _topic(topic: str, rows: Sequence[Mapping[str, Any]], of_several: bool) -> str:
    parts = "".join(
        f'<details class="row open {row["level"]}"><summary>{named(row, row["level"])}'
        f'<span class="what">{level_of(row)}{_change(row)}</span>'
        f"<small class=why>{escape(row['reason'])}</small></summary>"
        f"{fact_table(_facts(row, of_several))}</details>"
        for row in rows
    )
    return f"<section><h2>{escape(topic)}</h2>{parts}</section>"


def _change(row: Mapping[str, Any]) -> str:
    if row.get("change", "same") == "same":
        return ""
    why = f" ({row['why']})" if row.get("why", "unknown") != "unknown" else ""
    return escape(f" · {row['change']}{why}")


def _facts(row: Mapping[str, Any], of_several: bool) -> Iterator[tuple[str, str]]:
    """The lines below a row, already escaped."""
    yield "port", escape(f"{row['port']}/{row['protocol']}")
    yield from (("needed for", escape(", ".join(row["neededFor"]))),) if row["neededFor"] else ()
    yield from needing(row, of_several)
    yield from (("sources", escape(few(row["sourceAddresses"], 12))),) if row.get("sourceAddresses") else ()
    marks = [word for word in ("private", "websocket", "assumed", "unresolved") if row[word]]
    yield from (("marks", escape(", ".join(marks))),) if marks else ()
    yield from (("note", escape(note)) for note in row["notes"])
    yield from (("document", linked(source)) for source in row["sources"])
