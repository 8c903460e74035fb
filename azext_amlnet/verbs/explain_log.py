"""`az ml network explain-log`: a device's log, held against the list: which denied host is ours, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Optional

from ._az import exit_after_output, login, warn
from ._inputs import catalog_and_facts, inputs_of, scope_of
from ._output import check_files, context_of, exported, write_files
from ._wait import LONG_S, asking, waiting

if TYPE_CHECKING:
    from typing import Any, Sequence

    from ..codec import JsonObject
    from ..discovery.log_analytics import LogQuery
    from ..logs import LogReport, Tally
    from ..logs.report import Nearest
    from ..model import Catalog, Fleet, Inputs, Requirement
    from ._arguments import ScopeArguments


@dataclass(frozen=True)
class ExplainLogArguments:
    """The arguments of `explain-log` that are not the scope's; `_params` describes each."""

    log_file: tuple[str, ...] = ()
    log_workspace: Optional[str] = None
    last: Optional[str] = None
    from_time: Optional[str] = None
    to_time: Optional[str] = None
    log_format: Optional[str] = None
    show_clients: bool = False
    suggest: Optional[str] = None
    report_file: tuple[str, ...] = ()


def run(cmd: Any, scoped: ScopeArguments, arguments: ExplainLogArguments) -> JsonObject:
    """The report; with --suggest the rules for what was denied."""
    from ..catalog.sources import sources_of
    from ..codec import to_json
    from ..logs import report_on, verdict

    check_files(arguments.report_file, "list")
    query = _query(cmd, arguments) if arguments.log_workspace else None
    catalog, fleet = catalog_and_facts(cmd, scoped)
    inputs = inputs_of(scoped, catalog, fleet, scope_of(scoped))
    tally = _asked(cmd, query, inputs.rows) if query else _read(arguments, inputs.rows)
    report = report_on(
        inputs, tally, sources_of=sources_of(inputs), nearest=_nearest(catalog, fleet, scoped),
        show_clients=arguments.show_clients,
    )  # fmt: skip
    warn((*report.warnings, *verdict(report)))
    document: JsonObject = to_json(report)
    written = write_files(document, arguments.report_file)
    if report.exit_code or not written:
        exit_after_output(cmd, report.exit_code or 1)
    return _suggested(arguments.suggest, inputs, report) if arguments.suggest else document


def _read(arguments: ExplainLogArguments, rows: Sequence[Requirement]) -> Tally:
    """The records of all files; raises UsageError for one that is no log, or of which no line can be understood."""
    from ..errors import UsageError
    from ..files.device_logs import opened_log
    from ..logs import Tally, recognised
    from ..logs.shelf import Shelf
    from ..vocabulary import log_formats

    tally = Tally(Shelf(rows).wants)
    for path in arguments.log_file:
        name = "standard input" if path == "-" else path
        with opened_log(path) as text:
            format_name, reader = recognised(name, text.head, log_formats(), arguments.log_format)
            tally.read(name, format_name, reader, text.lines)
            source = tally.sources[-1]
            tally.sources[-1] = replace(source, holes=(*source.holes, *filter(None, [text.broken])))
        if not source.records:
            why = "; ".join(source.first_unread) or "no line has a record"
            what = f"{name}: no line could be understood as {format_name} ({why})."
            raise UsageError(what, "Give the log as the device wrote it, or say with --log-format what it is.")
    return tally


def _query(cmd: Any, arguments: ExplainLogArguments) -> LogQuery:
    """The questions to Log Analytics; raises UsageError for a place or a time that is none."""
    from datetime import datetime, timezone

    from .._client_factory import cf_log_analytics
    from ..discovery.arm import Arm
    from ..discovery.log_analytics import LogPlace, LogQuery, timespan_of
    from ..errors import UsageError

    place = LogPlace.of(arguments.log_workspace or "")
    now = datetime.now(timezone.utc)
    timespan = timespan_of(arguments.last, arguments.from_time, arguments.to_time, now)
    az = login(cmd)

    def direct() -> Arm:
        url, client = cf_log_analytics(cmd.cli_ctx, az.subscription, az.timeouts)
        if not url:
            what = f"The cloud '{cmd.cli_ctx.cloud.name}' of az has no endpoint of Log Analytics."
            raise UsageError(what, "Give the ARM id of the firewall, or set logAnalyticsResourceId: az cloud update.")
        return Arm(client, url)

    return LogQuery(place, timespan, Arm(az.client, az.base_url), direct)


def _asked(cmd: Any, query: LogQuery, rows: Sequence[Requirement]) -> Tally:
    """The records that Log Analytics has, a source for each table that says something."""
    from ..logs import Tally
    from ..logs.model import LogSource
    from ..logs.readers.azure_firewall import READER
    from ..logs.shelf import Shelf

    tally = Tally(Shelf(rows).wants)
    with waiting(cmd, asking(f"Asking Log Analytics for the records of {query.place.name}"), LONG_S):
        answers = query.answers()
    for answer in answers:
        name = f"{query.place.name}, {answer.table}, {query.timespan}"
        tally.read(name, "azure-firewall", READER(), answer.lines)
        source = replace(tally.sources[-1], holes=(*tally.sources[-1].holes, *answer.holes))
        tally.sources[-1:] = [source] if source.records or source.holes or source.unread else []
    if not tally.sources:
        why = query.why_nothing()
        hole = f"no table of Azure Firewall has a record{f'; {why}' if why else ''}"
        tally.sources.append(LogSource(f"{query.place.name}, {query.timespan}", "azure-firewall", holes=(hole,)))
    return tally


def _nearest(catalog: Catalog, fleet: Optional[Fleet], scoped: ScopeArguments) -> Nearest:
    """What hosts resemble that are on no list, as `requirements --host` tells it."""
    from ..catalog.computes import narrowed
    from ..catalog.hosts import answers
    from ..model import Workspace

    def nearest(hosts: Sequence[str]) -> dict[str, str]:
        workspaces = fleet.workspaces if fleet else (Workspace(),)
        parts = narrowed(workspaces, scope_of(scoped)) if fleet else [(workspaces[0], scope_of(scoped))]
        found_answers = answers(catalog, parts, hosts)
        return {one.host: one.because for one in found_answers if one.nearest or one.listed or one.rows}

    return nearest


def _suggested(format_name: str, inputs: Inputs, report: LogReport) -> JsonObject:
    """Just the rules for what was denied and is on the list, in a format of `export`."""
    from ..exporters import export
    from ..logs.model import LogGroup

    denied = {(row.requirement or row.host, row.port) for row in report.rows if row.group is LogGroup.DENIED}
    hosts = {host for host, _ in denied}
    rows = [
        row
        for row in inputs.rows
        if (row.host, row.port) in denied or (row.host in hosts and (row.host, None) in denied)
    ]
    context = context_of(inputs, lacking_in=tuple(source.name for source in report.sources))
    made = export(format_name, rows, context, allow_unresolved=True)
    return exported(made)
