"""The report as OpenMetrics text, for Prometheus: a textfile collector, a gateway, or whatever reads it.

https://prometheus.io/docs/specs/om/open_metrics_spec (2026-11-27). What is unknown or was not measured has no sample of
`amlnet_endpoint_up`, so that no rule takes it for up or down; `amlnet_endpoints` counts it.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Callable, Iterator, Mapping

from ..vocabulary import Level, Verdict
from . import UNTOLD, results

Labels = Mapping[str, object]
Samples = Iterator[tuple[Labels, float]]


def render(report: Mapping[str, Any]) -> str:
    """A family of samples each; the text ends as OpenMetrics wants it."""
    parts = [_family(name, meaning, samples(report)) for name, (meaning, samples) in FAMILIES.items()]
    return "".join((*filter(None, parts), "# EOF\n"))


def _family(name: str, meaning: str, samples: Samples) -> str:
    """A family, each of its series once, of several samples the least, which is down; empty where there is none."""
    once: dict[str, float] = {}
    for labels, value in samples:
        series = _labels(labels)
        once[series] = min(value, once.get(series, value))
    if not once:
        return ""
    lines = "".join(f"{name}{labels} {value:.15g}\n" for labels, value in once.items())
    return f"# HELP {name} {meaning}\n# TYPE {name} gauge\n{lines}"


def _labels(labels: Labels) -> str:
    pairs = ",".join(f'{key}="{_escaped(str(value))}"' for key, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _whose(result: Mapping[str, Any]) -> dict[str, object]:
    """What tells one endpoint, measured from one place, from others."""
    return {name: result[name] for name in ("host", "port", "protocol", "level", "topic", "vantage")}


def _up(report: Mapping[str, Any]) -> Samples:
    for result in results(report):
        if result["verdict"] not in UNTOLD:
            yield _whose(result), float(result["verdict"] != Verdict.BLOCKED.value)


def _causes(report: Mapping[str, Any]) -> Samples:
    for result in results(report):
        if result["cause"]:
            yield {**_whose(result), "cause": result["cause"]}, 1.0


def _durations(report: Mapping[str, Any]) -> Samples:
    for result in results(report):
        for step in result["steps"]:
            if step["elapsedMs"] is not None:
                yield {**_whose(result), "layer": step["layer"]}, step["elapsedMs"] / 1000


def _certificates(report: Mapping[str, Any]) -> Samples:
    for result in results(report):
        for step in result["steps"]:
            moment = _moment(str(step["facts"].get("notAfter") or ""), "%b %d %H:%M:%S %Y GMT")
            if moment:
                yield _whose(result), moment


def _counts(report: Mapping[str, Any]) -> Samples:
    for level in Level:
        for verdict, count in report["summary"]["levels"].get(level.value, {}).items():
            yield {"level": level.value, "verdict": verdict}, float(count)


def _alone(value: Callable[[Mapping[str, Any]], float]) -> Callable[[Mapping[str, Any]], Samples]:
    """A family of one sample without labels."""
    return lambda report: iter([({}, value(report))])


def _about(report: Mapping[str, Any]) -> Samples:
    yield {"version": report["catalog"]["version"], "digest": report["catalog"]["digest"]}, 1.0


def _moment(text: str, form: str) -> float:
    try:
        return datetime.strptime(" ".join(text.split()), form).replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return 0.0


_STARTED = "%Y-%m-%dT%H:%M:%SZ"
FAMILIES: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], Samples]]] = {
    "amlnet_endpoint_up": ("1 the endpoint is reachable, 0 it is blocked; absent where that is not known.", _up),
    "amlnet_endpoint_cause": ("The cause of what is not as it should be.", _causes),
    "amlnet_endpoint_duration_seconds": ("How long each layer took.", _durations),
    "amlnet_certificate_not_after_seconds": ("When the certificate that was shown ends.", _certificates),
    "amlnet_endpoints": ("How many rows have a verdict, also those that nobody could measure.", _counts),
    "amlnet_exit_code": ("What the command exits with.", _alone(lambda report: report["summary"]["exitCode"])),
    "amlnet_gaps": ("How many facts could not be read.", _alone(lambda report: len(report["gaps"]))),
    "amlnet_run_timestamp_seconds": (
        "When the run began; an old one is no news.",
        _alone(lambda report: _moment(report["startedAt"], _STARTED)),
    ),
    "amlnet_run_duration_seconds": ("How long the run took.", _alone(lambda report: report["durationMs"] / 1000)),
    "amlnet_catalog_info": ("The catalog that the rows are of.", _about),
}
"""Every family, what it means, and its samples."""
