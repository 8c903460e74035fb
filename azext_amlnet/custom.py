"""One function a command: gather, compute, return."""

from __future__ import annotations

import shlex
import sys
import time
from dataclasses import dataclass, replace
from typing import Any, Iterable, Optional

from knack.log import get_logger

from .verbs import check_policy as p
from .verbs import test as m
from .verbs._az import az_errors, exit_after_output, progress_of, saying
from .verbs._in_cluster import InCluster, Wanted
from .verbs._inputs import Asked, Gathered, gather, takes

logger = get_logger(__name__)


@dataclass(frozen=True)
class Compared:
    """The argument of `requirements` alone."""

    baseline: Optional[str] = None


@takes(Asked, Compared, without=("requirements_file",))
def requirements(cmd: Any, asked: Asked, compared: Compared) -> list[Any]:
    """`az ml network requirements`: the outbound list as a JSON array."""
    with az_errors():
        from .codec import to_json
        from .compare import requirements as baseline
        from .files import read_requirements
        from .vocabulary import EXIT_FINDINGS

        earlier = read_requirements(compared.baseline) if compared.baseline else None
        gathered = gather(cmd, asked)
        rows = gathered.rows if earlier is None else baseline.compare(gathered.rows, earlier)
        _warn(gathered.warnings)
        more = baseline.demanded(rows, earlier) if earlier is not None else ()
        if more:
            _warn([f"More is required than the baseline allows: {', '.join(row.host for row in more)}."])
            exit_after_output(cmd, EXIT_FINDINGS)
        return [to_json(row) for row in rows]


@dataclass(frozen=True)
class Written:
    """The arguments of `export`; `_params` describes each."""

    export_format: str
    output_file: Optional[str] = None
    allow_unresolved: bool = False
    use_fqdn_tags: bool = False


@takes(Asked, Written)
def export(cmd: Any, asked: Asked, written: Written) -> Optional[dict[str, Any]]:
    """`az ml network export`: the list in the language of a firewall, a proxy or people."""
    with az_errors():
        from .exporters import export as exported
        from .files import refuse_existing, write_text

        to_stdout = written.output_file == "-"
        if written.output_file and not to_stdout:
            refuse_existing(written.output_file, asked.overwrite)
        found = gather(cmd, asked)
        context = replace(_context(found), fqdn_tags=written.use_fqdn_tags)
        made = exported(written.export_format, found.rows, context, written.allow_unresolved)
        _warn(found.warnings)
        _warn(f"{made.format}: {loss}" for loss in made.losses)
        if to_stdout:
            sys.stdout.buffer.write(made.content.encode())
            return None
        if written.output_file:
            write_text(written.output_file, made.content, asked.overwrite)
        where = {"file": written.output_file} if written.output_file else {"content": made.content}
        return {"format": made.format, "rows": made.rows, "losses": list(made.losses), **where}


def _context(found: Gathered) -> Any:
    """What an exported file says of itself."""
    from .exporters import Context

    return Context(
        workspace=found.facts.name if found.facts else None,
        date=time.strftime("%Y-%m-%d", time.gmtime()),
        catalog=f"{found.book.version} ({found.book.digest})",
        command="az " + " ".join(map(shlex.quote, sys.argv[1:])),
        gaps=tuple(map(str, found.facts.gaps)) if found.facts else (),
    )


@takes(Asked, m.Options, Wanted)
def test(cmd: Any, asked: Asked, options: m.Options, wanted: Wanted) -> Optional[dict[str, Any]]:
    """`az ml network test`: the list, measured from here or from inside the cluster, as one report."""
    with az_errors():
        from .files import read_verdicts

        m.check(options)
        _warn([_SEEN] if m.password_on_command_line(options) else [])
        earlier = read_verdicts(options.baseline) if options.baseline else None
        by_hand = options.dry_run or bool(options.results_file)
        inside = InCluster(wanted, by_hand) if wanted.cluster else None
        gathered = gather(cmd, asked, inside.narrow) if inside else gather(cmd, asked)
        gathered = replace(m.with_endpoints(gathered, options.endpoint), earlier=earlier)
        gathered = inside.rows(gathered) if inside else gathered
        if options.dry_run:
            _warn(gathered.warnings)
            text = inside.manifests(gathered, options) if inside else m.script(gathered, options)
            m.hand_out(text, options, asked.overwrite)
            return None
        if inside and not options.results_file:
            seen = inside.measure(gathered, options, saying(cmd))
        else:
            seen = m.look(gathered, options, progress_of(cmd), "pod" if inside else "script")
        _warn(seen.report["warnings"])
        _warn(filter(None, [m.verdict_line(seen.report)]))
        _publish(cmd, seen.report, options.report_file, options.annotate, seen.code)
        return seen.report


@takes(Asked, p.Checked)
def check_policy(cmd: Any, asked: Asked, options: p.Checked) -> dict[str, Any]:
    """`az ml network check-policy`: the list, held against the policy of a firewall, a proxy or a cluster."""
    with az_errors():
        from .files import read_coverage

        m.check_files(options.report_file)
        p.spans_of(options.source)
        earlier = read_coverage(options.baseline) if options.baseline else None
        inquiry = p.Inquiry(cmd, options)
        found = replace(gather(cmd, asked), earlier=earlier)
        live = bool(asked.workspace_name) and not (asked.workspace_file or asked.requirements_file)
        policies, own = inquiry.finish(found, asked.compute if live else ())
        seen = p.outcome(found, policies, own, options)
        _warn((*inquiry.said, *p.said(seen.report)))
        _publish(cmd, seen.report, options.report_file, options.annotate, seen.code)
        if options.suggest:
            return _suggested(options.suggest, found, seen)
        return seen.report


def _suggested(name: str, found: Gathered, seen: p.Outcome) -> dict[str, Any]:
    """Just the rules that are missing, in the language of `--suggest`."""
    from .exporters import export as exported

    context = replace(_context(found), lacking_in=tuple(policy["name"] for policy in seen.report["policy"]))
    made = exported(name, seen.lacking, context, allow_unresolved=True)
    _warn((*p.not_mended(seen), *(f"{made.format}: {loss}" for loss in made.losses)))
    return {"format": made.format, "rows": made.rows, "losses": list(made.losses), "content": made.content}


def _publish(cmd: Any, report: dict[str, Any], paths: tuple[str, ...], annotate: Optional[str], code: int) -> None:
    """Writes the report's files; what cannot be written fails the command, and the report is printed all the same."""
    unwritten = m.publish(report, paths, annotate)
    for line in unwritten:
        logger.error("%s", line)
    if code or unwritten:
        exit_after_output(cmd, code or 1)


_SEEN = "The password in --proxy shows in the list of processes and with --debug; HTTPS_PROXY or --proxy @FILE hide it."


def _warn(lines: Iterable[str]) -> None:
    for line in lines:
        logger.warning("%s", line)
