"""Records → the report on a log, its exit code, and what is to be said beside it. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Iterator, Mapping, Optional, Sequence

from ..about import about
from ..codec import plain
from ..model import EXIT_FINDINGS, EXIT_UNKNOWN, SCHEMA_VERSION, Inputs
from ..text import endpoint, few
from .explain import Explainer, concrete_required, endpoints, may_be_required
from .model import Disposition, LogGroup, LogReport, LogRow, LogSource
from .shelf import ClientComputes, Names
from .tally import Tally

MOST_NEAREST = 200
"""Of so many denied hosts that are on no list it is looked up what they resemble, those that were asked for most."""
Nearest = Callable[[Sequence[str]], Mapping[str, str]]


def report_on(
    inputs: Inputs,
    tally: Tally,
    *,
    sources_of: Mapping[str, Optional[Sequence[str]]],
    nearest: Nearest = lambda hosts: {},
    show_clients: bool = False,
) -> LogReport:
    """The report on what a log says of the rows; `sources_of` tells by compute where its traffic comes from."""
    explainer = Explainer(inputs.rows, ClientComputes(sources_of), show_clients)
    rows = explainer.rows(endpoints(tally.events, Names(tally.lookups)))
    rows = _with_nearest(_with_holes(rows, tally.sources), nearest)
    required = [row for row in concrete_required(inputs.rows) if row.endpoint not in explainer.proven]
    code = _exit_code(rows, any(may_be_required(row, required) for row in rows) or not tally.events)
    firsts, lasts = [one.first for one in tally.sources if one.first], [one.last for one in tally.sources if one.last]
    return LogReport(
        schema_version=SCHEMA_VERSION,
        **about(inputs),
        span={"from": min(firsts, default=None), "to": max(lasts, default=None)},
        sources=plain(tuple(tally.sources)),
        summary={**_summary(rows, tally.sources), "exitCode": code or EXIT_UNKNOWN * inputs.fleet.undecided},
        warnings=plain((*inputs.warnings, *_warnings(tally.sources))),
        rows=plain(tuple(rows)),
    )


def _exit_code(rows: Sequence[LogRow], open_question: bool) -> int:
    return EXIT_FINDINGS if any(row.failing for row in rows) else EXIT_UNKNOWN * open_question


def _with_nearest(rows: Sequence[LogRow], nearest: Nearest) -> list[LogRow]:
    strangers = [row for row in rows if row.group is LogGroup.UNKNOWN_DENIED]
    often = sorted(strangers, key=lambda row: -row.counts.get(Disposition.DENIED.value, 0))[:MOST_NEAREST]
    known = nearest(list(dict.fromkeys(row.host for row in often))) if often else {}
    return [
        replace(row, nearest=known.get(row.host, "")) if row.group is LogGroup.UNKNOWN_DENIED else row for row in rows
    ]


def _with_holes(rows: Sequence[LogRow], sources: Sequence[LogSource]) -> list[LogRow]:
    """The rows; one that no record is of says so if a record of it may be among what is missing."""
    holes = [hole for source in sources for hole in source.holes]
    unread = sum(source.unread for source in sources)
    lines = f"{unread} line{'s' * (unread > 1)} could not be read"
    missing = [*([lines] if unread else []), *holes]
    if not missing:
        return list(rows)
    weaker = f"; it may be among what is missing ({few(missing, 2)})"
    return [replace(row, because=row.because + weaker) if row.group is LogGroup.UNSEEN else row for row in rows]


def _summary(rows: Sequence[LogRow], sources: Sequence[LogSource]) -> dict[str, object]:
    return {
        "groups": {group.value: sum(row.group is group for row in rows) for group in LogGroup},
        "records": sum(source.records for source in sources),
        "passed": sum(sum(source.passed.values()) for source in sources),
        "unread": sum(source.unread for source in sources),
    }


def _warnings(sources: Sequence[LogSource]) -> Iterator[str]:
    """What could not be read of which file, and what a log itself says it does not have."""
    for source in sources:
        if source.unread:
            yield (
                f"{source.name}: {source.unread} of {source.lines} lines could not be read as {source.format} "
                f"({'; '.join(source.first_unread)})."
            )
        if source.holes:
            yield f"{source.name}: the log is not whole: {few(source.holes, 3)}."
        if source.records and not source.first:
            yield f"{source.name}: its records tell no time in UTC, so what was mended since cannot be told."


def verdict(report: LogReport) -> Iterator[str]:
    """Why the command fails, if it does."""
    failing = [row for row in report.rows if row.failing]
    if failing:
        names = few([endpoint(row.host, row.port or 443, row.protocol) for row in failing])
        yield f"{len(failing)} required endpoint{'s were' if len(failing) > 1 else ' was'} denied: {names}."
    elif report.exit_code and not any(row.group is not LogGroup.UNSEEN for row in report.rows):
        yield "No decision of the device could be read."
    elif report.exit_code and not (report.scope and report.scope.undecided):
        yield "Something was denied, or failed, that may be a required endpoint; see the rows of the group undecided."
