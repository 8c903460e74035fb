"""A page for people: a table for each topic."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Iterator, Sequence

from ..model import Requirement, Topic
from ..text import few, line
from ._matcher import LIST
from ._text import Context, documented, header

SUMMARY = "a table for each topic, for wikis and tickets"
MATCHER = LIST


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """None: it is the list."""
    return iter(())


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """Markdown; every text is escaped, so that none becomes a link, a tag or another column."""
    title, *more = header(context, lost)
    parts = ["<!-- made by amlnet -->\n", f"# {_text(title)}\n", *(f"{_text(sentence)}\n" for sentence in more)]
    for topic in Topic:
        members = [row for row in rows if row.topic is topic]
        if members:
            parts.append(_table(topic, members, len(context.workspaces)))
    return "\n".join(parts)


def exemptions(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """The same with the documents behind each reason."""
    return render([replace(row, reason=documented(row)) for row in rows], context, lost)


def _table(topic: Topic, rows: Sequence[Requirement], workspaces: int) -> str:
    """The rows of a topic; of several workspaces with columns for who needs them, and from where."""
    several = workspaces > 1
    names = ["host", "port", "level", "for", "why", *(("workspaces", "from") if several else ())]
    lines = [names, *([*_row(row), *(_whose(row, workspaces) if several else ())] for row in rows)]
    head, *table = (f"| {' | '.join(cells)} |\n" for cells in lines)
    return f"## {topic.value}\n\n{head}|{'---|' * len(names)}\n{''.join(table)}"


def _whose(row: Requirement, workspaces: int) -> list[str]:
    needed_by = "all" if len(row.workspaces) == workspaces else few(row.workspaces, 12)
    unknown = f"not known of {few(row.unknown_sources, 12)}" if row.unknown_sources else ""
    return [_text(needed_by), _text(", ".join(filter(None, (few(row.source_addresses, 12), unknown))))]


def _row(row: Requirement) -> list[str]:
    marks = [mark for mark in ("private", "assumed") if getattr(row, mark)]
    reason = " ".join((row.reason + (f" ({', '.join(marks)})" if marks else ""), *row.conditions))
    port = str(row.port) if row.protocol.value in ("https", "http") else f"{row.port}/{row.protocol.value}"
    needed = ", ".join([*(scenario.value for scenario in row.needed_for), *row.computes])
    return [f"`{line(row.host)}`", port, row.level.value, _text(needed), _text(reason)]


def _text(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>|#!&~])", r"\\\1", line(text))
