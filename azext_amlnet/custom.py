"""One function a command: gather, compute, return."""

from __future__ import annotations

from typing import Any, Optional

from knack.log import get_logger

from ._exit import az_errors, exit_after_output, progress_of, saying
from ._scope import Asked, gather, scoped

logger = get_logger(__name__)


@scoped("requirements_file")
def requirements(cmd: Any, asked: Asked, baseline: Optional[str] = None) -> list[Any]:
    """`az ml network requirements`: the outbound list as a JSON array."""
    with az_errors():
        from . import baseline as comparison
        from .codec import to_json
        from .files import read_requirements
        from .report import EXIT_FINDINGS

        earlier = read_requirements(baseline) if baseline else None
        gathered = gather(cmd, asked)
        rows = gathered.rows if earlier is None else comparison.compare(gathered.rows, earlier)
        _warn(gathered.warnings)
        if earlier is not None and comparison.demands_more(rows, earlier):
            exit_after_output(cmd, EXIT_FINDINGS)
        return [to_json(row) for row in rows]


@scoped()
def test(
    cmd: Any,
    asked: Asked,
    endpoint: Optional[list[str]] = None,
    timeout: float = 10.0,
    proxy: Optional[str] = None,
    ca_file: Optional[str] = None,
    fail_on: str = "blocked",
    baseline: Optional[str] = None,
    report_file: Optional[list[str]] = None,
    annotate: Optional[str] = None,
    redact: bool = False,
    dry_run: bool = False,
    output_file: Optional[str] = None,
    results_file: Optional[str] = None,
    cluster: bool = False,
    kube_context: Optional[str] = None,
    kube_config: Optional[str] = None,
    namespace: Optional[str] = None,
    image: Optional[str] = None,
    image_pull_secret: Optional[list[str]] = None,
    node_selector: Optional[list[str]] = None,
    toleration: Optional[list[str]] = None,
    pod_timeout: float = 300.0,
    all_pools: bool = False,
) -> Optional[dict[str, Any]]:
    """`az ml network test`: the list, measured, as one report."""
    with az_errors():
        from . import _measure as m
        from ._cluster import InCluster, Wanted

        options = m.Options(
            endpoint=tuple(endpoint or ()),
            timeout=timeout,
            proxy=proxy,
            ca_file=ca_file,
            fail_on=fail_on,
            baseline=baseline,
            report_file=tuple(report_file or ()),
            annotate=annotate,
            redact=redact,
            results_file=results_file,
        )
        m.check(options)
        if m.password_on_command_line(options):
            logger.warning(_SEEN)
        inside = None
        if cluster:
            inside = InCluster(
                Wanted(
                    kube_context,
                    kube_config,
                    namespace,
                    image,
                    tuple(image_pull_secret or ()),
                    tuple(node_selector or ()),
                    tuple(toleration or ()),
                    pod_timeout,
                    all_pools,
                )
            )
        found = gather(cmd, asked, inside.narrow) if inside else gather(cmd, asked)
        gathered = m.with_endpoints(found, options.endpoint)
        gathered = inside.rows(gathered) if inside else gathered
        if dry_run:
            _warn(gathered.warnings)
            text = inside.manifests(gathered, options) if inside else m.script(gathered, options, output_file)
            m.hand_out(text, output_file, asked.overwrite)
            return None
        if inside and not results_file:
            seen = inside.measure(gathered, options, saying(cmd))
        else:
            seen = m.look(gathered, options, progress_of(cmd), "pod" if inside else "script")
        _warn(tuple(filter(None, (*seen.report["warnings"], m.verdict_line(seen.report)))))
        m.publish(seen.report, options)
        if seen.code:
            exit_after_output(cmd, seen.code)
        return seen.report


_SEEN = "The password in --proxy shows in the list of processes and with --debug; HTTPS_PROXY or --proxy @FILE hide it."


def _warn(lines: tuple[str, ...]) -> None:
    for line in lines:
        logger.warning("%s", line)
