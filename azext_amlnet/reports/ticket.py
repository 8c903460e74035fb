"""A task as a whole change request, in plain text; what only the user can know is ‹…›."""

from __future__ import annotations

import shlex
from typing import Any, Iterator, Mapping, Sequence

from . import endpoint
from .tasks import Row, Task

_KINDS = {"https": "application rule, by name (HTTPS)", "http": "application rule, by name (HTTP)"}
_TRANSPORT = {"udp": "UDP"}


def change_request(task: Task, report: Mapping[str, Any]) -> str:
    """What a network team asks for, field by field: what, why, on whose word, how to test and how to undo it."""
    lines = [*_what(task, report), "", *_flows(task), "", *_why(task), "", *_how(task, report)]
    return "\n".join(lines)


def _what(task: Task, report: Mapping[str, Any]) -> Iterator[str]:
    hosts = len({row["host"] for row in task.rows})
    workspace = (report["workspace"] or {}).get("name") or "‹workspace›"
    yield f"Allow {hosts} outbound endpoint{'s' * (hosts != 1)} of Azure Machine Learning, workspace {workspace}"
    yield f"Type: new rule, permanent, allow. Owner: {task.owner}. Finding: {task.cause}."
    yield "Requested by: ‹name, department, telephone›. Environment: ‹production, test›. Data: ‹classification›."
    yield f"Source: {_sources(report)}; outbound, started by pods and nodes."


def _sources(report: Mapping[str, Any]) -> str:
    if report.get("sources"):
        return ", ".join(report["sources"])
    places = [f"{one['node'] or one['name']} ({one['place']})" for one in report.get("vantages", ())]
    return f"‹addresses of the cluster's subnet›{f', measured from {chr(44).join(places)}' if places else ''}"


def _flows(task: Task) -> Iterator[str]:
    """One line a destination, and below what kind of rule it takes."""
    width = max(len(str(row["host"])) for row in task.rows)
    yield "Destination, port, protocol, level:"
    for row in task.rows:
        transport = _TRANSPORT.get(row["protocol"], "TCP")
        yield f"  {row['host']:{width}}  {row['port']:>5}  {transport} {row['protocol'].upper():5}  {row['level']}"
    kinds = dict.fromkeys(_KINDS.get(row["protocol"], "network rule, by port") for row in task.rows)
    yield f"Rule kind: {'; '.join(kinds)}."
    yield "TLS inspection: exempt these names. Agents, containerd and jobs do not trust an inspecting authority."
    upgrades = [row["host"] for row in task.rows if row.get("websocket")]
    yield f"WebSocket: {f'let upgrades pass to {chr(44).join(upgrades)}' if upgrades else 'not needed'}."
    wide = [row["host"] for row in task.rows if row["kind"] == "wildcard"]
    if wide:
        yield f"Wildcards: {', '.join(wide)}: documented like this; the names below are not known beforehand."


def _why(task: Task) -> Iterator[str]:
    """The reason of each row with its document and day."""
    yield "Reason:"
    for row in task.rows:
        source = next(iter(row.get("sources") or ()), None)
        document = f" ({source['url']}, {source['checked']})" if source else ""
        yield f"  {endpoint(row)}: {row['reason']}{document}"
    levels = {row["level"] for row in task.rows}
    yield f"If it is not done: {_IMPACT['required' if 'required' in levels else 'recommended']}"


_IMPACT = {
    "required": "training and inference on the cluster do not work.",
    "recommended": "it works; support and diagnosis suffer.",
}


def _how(task: Task, report: Mapping[str, Any]) -> Iterator[str]:
    """How to test it, how to undo it, what was seen, and what is left to fill in."""
    words = [_typed(row) for row in task.rows if row["kind"] in ("fqdn", "ip")]
    if words:
        yield f"Test: az ml network test --endpoint {' '.join(map(shlex.quote, dict.fromkeys(words)))}"
        expected = dict.fromkeys(row.get("expects") or "" for row in task.rows)
        yield f"Expected: reachable ({'; '.join(filter(None, expected)) or 'the service answers'})."
    yield "Back-out: remove the rule; nothing else changes."
    when = report.get("startedAt") or report.get("checkedAt")
    yield f"Evidence, {when}:"
    yield from (f"  {line}" for line in _evidence(task.rows))
    yield "Window: ‹start, end›. Review: ‹date, a year on›. Approved by: ‹name›. Rule: ‹id, device, date›."


def _typed(row: Row) -> str:
    """An endpoint as --endpoint takes it."""
    plain = row["protocol"] == "https" and row["port"] == 443
    return str(row["host"]) if plain else f"{row['protocol']}://{row['host']}:{row['port']}"


def _evidence(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        seen = f"{row['cause']}: {row['because']}" if row["cause"] else str(row["because"])
        yield f"{endpoint(row)}: {seen}"
