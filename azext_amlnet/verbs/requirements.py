"""`az ml network requirements`: the outbound list as a JSON array."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Iterator, Optional, Sequence

from ..vocabulary import EXIT_FINDINGS, EXIT_UNKNOWN, Why
from ._arguments import command_of
from ._az import exit_after_output, warn
from ._inputs import baseline, catalog_and_facts, gather, scope_of
from ._output import check_files, searched, write_files

if TYPE_CHECKING:
    from typing import Any

    from ..codec import JsonObject
    from ..model import Inputs, Requirement
    from ._arguments import ScopeArguments


@dataclass(frozen=True)
class RequirementsArguments:
    """The arguments of `requirements` alone."""

    baseline: Optional[str] = None
    host: tuple[str, ...] = ()
    report_file: tuple[str, ...] = ()


def run(cmd: Any, scoped: ScopeArguments, arguments: RequirementsArguments) -> list[JsonObject]:
    """The rows, each with its change where there is a baseline; with `--host` what the list says of these hosts."""
    if arguments.host:
        return _of_hosts(cmd, scoped, arguments.host)
    if arguments.report_file:
        check_files(arguments.report_file, "list")
    earlier = _earlier(scoped, arguments.baseline) if arguments.baseline else None
    inputs = gather(cmd, scoped)
    from ..about import version
    from ..catalog.provenance import provenance, stamped
    from ..codec import to_json
    from ..compare.requirements import compare, demanded

    origin = provenance(inputs.catalog, scope_of(scoped), version())
    rows = stamped(inputs.rows, origin)
    if earlier is not None:
        rows = compare(rows, earlier, origin, {entry.id: entry.since for entry in inputs.catalog.entries})
    warnings = (*searched(inputs), *inputs.warnings, *_not_concrete(rows))
    warn(warnings)
    more = demanded(rows, earlier) if earlier is not None else ()
    if more:
        warn([f"More is required than the baseline allows: {', '.join(map(_with_reason, more))}."])
    document = [to_json(row) for row in rows]
    written = write_files(_of_list(inputs, document, warnings), arguments.report_file)
    code = EXIT_FINDINGS if more else 1 if not written else EXIT_UNKNOWN * inputs.fleet.undecided
    if code:
        exit_after_output(cmd, code)
    return document


def _earlier(scoped: ScopeArguments, path: str) -> tuple[Requirement, ...]:
    """The list that was approved."""
    from ..files import read_requirements

    with baseline(path, command_of("requirements", scoped)):
        return read_requirements(path, option="--baseline")


def _of_list(inputs: Inputs, rows: list[JsonObject], warnings: Sequence[str]) -> JsonObject:
    """The list with what it is of, for its page."""
    from ..about import about
    from ..codec import to_json

    made_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {**to_json(about(inputs)), "madeAt": made_at, "warnings": list(warnings), "rows": rows}


def _not_concrete(rows: Sequence[Requirement]) -> Iterator[str]:
    """What is to be said of a list with placeholders."""
    count = sum(row.unresolved for row in rows)
    if count:
        have = "has" if count == 1 else "have"
        what = f"{count} of {len(rows)} row{'s' * (len(rows) > 1)} {have} a <placeholder> for what is not known yet"
        yield f'{what}; --query "[?!unresolved]" leaves them out.'


def _with_reason(row: Requirement) -> str:
    return f"{row.host} ({row.why.value})" if row.why and row.why is not Why.UNKNOWN else row.host


def _of_hosts(cmd: Any, scoped: ScopeArguments, names: tuple[str, ...]) -> list[JsonObject]:
    """One answer for each host; what must be said of the whole list is not said of single hosts."""
    catalog, fleet = catalog_and_facts(cmd, scoped)
    from ..catalog.computes import narrowed
    from ..catalog.expand import gap_lines
    from ..catalog.hosts import answers
    from ..codec import to_json
    from ..model import Fleet, Inputs, Workspace

    fleet = fleet or Fleet((Workspace(),))
    document = [to_json(answer) for answer in answers(catalog, narrowed(fleet.workspaces, scope_of(scoped)), names)]
    if fleet.scope:  # where nobody looked, nothing is said not to be listed
        warn((*searched(Inputs(catalog, fleet, ())), *gap_lines(fleet.scope.gaps)))
    if fleet.undecided:
        exit_after_output(cmd, EXIT_UNKNOWN)
    return document
