"""A table for spreadsheets and change tickets: every row with its reason and sources."""

from __future__ import annotations

import csv
import io
from typing import Iterator, Sequence

from ..model import Requirement
from ..text import line
from ._matcher import LIST
from ._text import Context

SUMMARY = "every row with its reason and sources, for spreadsheets and tickets"
MATCHER = LIST
_OF_SEVERAL = ("workspaces", "sourceAddresses", "unknownSources")
_COLUMNS = ("host", "port", "protocol", "kind", "level", "neededFor", "computes", "topic", "private", "assumed")


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """None: it is the list."""
    return iter(())


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """RFC 4180 with LF; the header row comes first, so this is the one format without a comment block."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    several = len(context.workspaces) > 1
    writer.writerow([*_COLUMNS, "reason", "sources", "notes", *(_OF_SEVERAL if several else ())])
    writer.writerows([*_row(row), *(_whose(row) if several else ())] for row in rows)
    return out.getvalue()


def _whose(row: Requirement) -> list[str]:
    """Who needs it, where that traffic comes from, and for whom nobody knows that, for a list of several workspaces."""
    return [_cell(" ".join(some)) for some in (row.workspaces, row.source_addresses, row.unknown_sources or ())]


def _row(row: Requirement) -> list[str]:
    flags = ["yes" if row.private else "", "yes" if row.assumed else ""]
    scenarios = " ".join(scenario.value for scenario in row.needed_for)
    plain = [row.host, str(row.port), row.protocol.value, row.kind.value, row.level.value, scenarios]
    texts = [row.reason, " ".join(source.url for source in row.sources), " ".join(row.notes)]
    return [_cell(text) for text in (*plain, " ".join(row.computes), row.topic.value, *flags, *texts)]


def _cell(text: str) -> str:
    """The text on one line; what a spreadsheet would compute is marked as text."""
    plain = line(text)
    return f"'{plain}" if plain[:1] in ("=", "+", "-", "@") else plain


exemptions = render
