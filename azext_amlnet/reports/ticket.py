"""A task as a whole change request, in plain text; what only the user can know is ‹…›."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any, Iterator, Mapping, Sequence

from ..vocabulary import CONDITION
from . import each_once, endpoint, is_conditional, vantage_of
from .scope import several, subject
from .tasks import Row, Task

_KINDS = {"https": "application rule, by name (HTTPS)", "http": "application rule, by name (HTTP)"}
_TRANSPORT = {"udp": "UDP"}


@dataclass(frozen=True)
class Ask:
    """What a cause asks of its owner: the title around the endpoints, its type, how to undo it, and whether a rule."""

    title: str
    type: str
    back_out: str
    rule: bool = False


_LOOKING = "nothing is changed by looking"
_ALLOW = Ask("Allow {}", "new rule, permanent, allow", "remove the rule; nothing else changes", rule=True)
_DENIED = Ask(
    "Stop denying {}",
    "changed rule: narrow the one that denies, or put one that allows before it (in Azure: a lower priority number)",
    "put the rule back as it was",
    rule=True,
)
_EXEMPT = Ask(
    "Exempt {} from TLS inspection, or give its authority to who needs it",
    "exception of a TLS inspection, or a certificate for the clients that lack it",
    "remove the exception",
)
_RESOLVE = Ask("Make {} resolvable", "DNS: a forwarder, a zone or a filter; no firewall rule", "undo the change of DNS")
_PROXY = Ask("Let {} through the proxy", "rule or setting of the proxy", "undo the change of the proxy")
_SETTLE = Ask("Find out about {}", "a fact that is missing; no change yet", _LOOKING)
_LOOK = Ask("Look into {}", "a fault on the cluster or the machine; no firewall rule", _LOOKING)
_FILTER = Ask("Let {} through the filter", "exception of a filter, permanent", "remove the exception")
_PATH = Ask(
    "Mend the path to {}", "routes, SNAT or packet sizes; a rule alone does not mend it", "undo the change of the path"
)
_PRIVATE = Ask("Resolve privately {}", "DNS: link the private zone to this network; no rule", "remove the link")
_RESOLVERS = Ask(
    "Look into the resolvers of {}", "a resolver that fails now and then; no rule", "undo the change of DNS"
)
_ANSWERS = Ask("Find out who answers for {}", "DNS or a middlebox; no rule yet", _LOOKING)
_RESOURCE = Ask("Let the cluster into the service behind {}", "rule of the resource's own firewall", "remove that rule")
_SERVICE = Ask("Look into the service behind {}", "Azure's status, or a quota; no rule", _LOOKING)
_BY_CAUSE = {
    "denied": _DENIED,
    "tls_untrusted_issuer": _EXEMPT,
    "tls_name_mismatch": _ANSWERS,
    "http_service_firewall": _RESOURCE,
    "dns_intermittent": _RESOLVERS,
    **dict.fromkeys(("http_server_error", "http_throttled"), _SERVICE),
    **dict.fromkeys(("private_endpoint_dns_not_linked", "dns_public_expected_private"), _PRIVATE),
    **dict.fromkeys(("http_captive_portal", "http_upgrade_denied"), _FILTER),
    **dict.fromkeys(("tcp_unreachable", "tcp_intermittent", "private_endpoint_unreachable"), _PATH),
    **dict.fromkeys(("tls_mtu_blackhole", "dns_no_ipv4"), _PATH),
}
_BY_OWNER = {"dns": _RESOLVE, "security": _FILTER, "proxy": _PROXY, "platform": _LOOK, "azure": _SERVICE}


def ask_of(task: Task) -> Ask:
    """What a task asks for, by its cause, else by its owner; an unknown asks for the fact that is missing."""
    if task.worst == "unknown":
        return _SETTLE
    return _BY_CAUSE.get(task.cause) or _BY_OWNER.get(task.owner, _ALLOW)


def change_request(task: Task, report: Mapping[str, Any]) -> str:
    """What a team asks for, field by field: what, why, on whose word, how to test and how to undo it."""
    ask = ask_of(task)
    lines = [*_what(task, ask, report), "", *_flows(task, ask), "", *_why(task, ask), "", *_how(task, ask, report)]
    return "\n".join(lines)


def _what(task: Task, ask: Ask, report: Mapping[str, Any]) -> Iterator[str]:
    hosts = len({row["host"] for row in task.rows})
    whose = subject(report) or "‹workspace›"
    whose = whose if several(report) else f"workspace {whose}"
    endpoints = f"{hosts} outbound endpoint{'s' * (hosts != 1)} of Azure Machine Learning, {whose}"
    yield ask.title.format(endpoints)
    yield f"Type: {ask.type}. Owner: {task.owner}. Finding: {task.cause}."
    rules = list(dict.fromkeys(rule for row in task.rows for rule in (row.get("rules") or ())[:1]))
    if ask is _DENIED and rules:
        yield f"Rules that deny: {', '.join(rules)}."
    yield "Requested by: ‹name, department, telephone›. Environment: ‹production, test›. Data: ‹classification›."
    yield f"Source: {_sources(report)}; outbound, started by pods and nodes."


def _sources(report: Mapping[str, Any]) -> str:
    if report.get("sources"):
        return ", ".join(report["sources"])
    places = ", ".join(f"{one['node'] or one['name']} ({one['place']})" for one in report.get("vantages", ()))
    return f"‹addresses of the cluster's subnet›{f', measured from {places}' if places else ''}"


def _flows(task: Task, ask: Ask) -> Iterator[str]:
    """One line a destination, and below what kind of rule it takes."""
    width = max(len(_asked(row)) for row in task.rows)
    yield "Destination, port, protocol, level:"
    for row in each_once(task.rows):
        transport = _TRANSPORT.get(row["protocol"], "TCP")
        level = row["level"] + (" (conditional)" if is_conditional(row) else "")
        yield f"  {_asked(row):{width}}  {row['port']:>5}  {transport} {row['protocol'].upper():5}  {level}"
    if ask.rule:
        kinds = dict.fromkeys(_KINDS.get(row["protocol"], "network rule, by port") for row in task.rows)
        yield f"Rule kind: {'; '.join(kinds)}."
    yield f"TLS inspection: {_inspection(task, ask)}"
    upgrades = ", ".join(row["host"] for row in task.rows if row.get("websocket"))
    yield f"WebSocket: {f'let upgrades pass to {upgrades}' if upgrades else 'not needed'}."
    wide = [row["host"] for row in task.rows if row["kind"] == "wildcard"]
    if wide:
        yield f"Wildcards: {', '.join(wide)}: documented like this; the names below are not known beforehand."


def _asked(row: Row) -> str:
    """The destination; behind a wildcard the name that was tried for it."""
    return f"{row['host']} (tried: {row['testedBy']})" if row.get("testedBy") else str(row["host"])


def _inspection(task: Task, ask: Ask) -> str:
    """What documents say of an inspection of these names; where one was seen, that it is what fails."""
    spoken = [row for row in task.rows if row["protocol"] in ("https", "tls")]
    if not spoken:
        return "not concerned."
    breaking = list(dict.fromkeys(row["host"] for row in spoken if row.get("inspection") == "breaks"))
    exempt = f"{', '.join(breaking)} must be exempt, by documents; " if breaking else ""
    others = "with the others " if breaking else ""
    if ask is _EXEMPT:
        return f"was seen, and is not trusted there. {exempt}{others}exempt them, or each client gets the authority."
    return f"none was seen here. If there is one: {exempt}{others}each client needs its authority."


def _why(task: Task, ask: Ask) -> Iterator[str]:
    """The reason of each row with its document and day."""
    yield "Reason:"
    for row in each_once(task.rows):
        source = next(iter(row.get("sources") or ()), None)
        document = f" ({source['url']}, {source['checked']})" if source else ""
        yield f"  {endpoint(row)}: {row['reason']}{document}"
        yield from (f"    {note}" for note in row["notes"] if note.startswith(CONDITION))
    yield f"If it is not done: {_impact(task, ask)}"


_WORK = {
    "training": "training jobs",
    "inference": "online endpoints",
    "cluster": "the cluster itself",
    "extension": "the extension",
    "workstation": "people's work from their machines",
    "managed-compute": "managed compute",
}


def _impact(task: Task, ask: Ask) -> str:
    """What fails without it, by what the required rows are needed for."""
    required = [row for row in task.rows if row["level"] == "required"]
    if not required:
        return "it works; support and diagnosis suffer."
    needs = {name for row in required for name in row.get("neededFor") or ()}
    work = ", ".join(text for name, text in _WORK.items() if name in needs) or "what needs them"
    where = "where the condition above holds, " if all(map(is_conditional, required)) else ""
    where += "with clients that do not trust the authority, " if ask is _EXEMPT else ""
    return f"{where}what the reasons above name fails (needed for {work})."


def _how(task: Task, ask: Ask, report: Mapping[str, Any]) -> Iterator[str]:
    """How to test it, how to undo it, what was seen, and what is left to fill in."""
    words = [_typed(row) for row in task.rows if row["kind"] in ("fqdn", "ip") or row.get("testedBy")]
    if words:
        names = " ".join(map(shlex.quote, dict.fromkeys(words)))
        yield f"Test, where that traffic comes from or with --cluster: az ml network test --endpoint {names}"
        expected = dict.fromkeys(row.get("expects") or "" for row in task.rows)
        clean = ", and no warning of an inspection" if ask is _EXEMPT else ""
        yield f"Expected: reachable{clean} ({'; '.join(filter(None, expected)) or 'the service answers'})."
    yield f"Back-out: {ask.back_out}."
    when = report.get("startedAt") or report.get("checkedAt")
    yield f"Evidence, {when}:"
    yield from (f"  {line}" for line in _evidence(task.rows, report))
    yield "Window: ‹start, end›. Review: ‹date, a year on›. Approved by: ‹name›. Rule: ‹id, device, date›."


def _typed(row: Row) -> str:
    """An endpoint as --endpoint takes it."""
    plain = row["protocol"] == "https" and row["port"] == 443
    host = row.get("testedBy") or row["host"]
    return str(host) if plain else f"{row['protocol']}://{host}:{row['port']}"


def _evidence(rows: Sequence[Row], report: Mapping[str, Any]) -> Iterator[str]:
    for row in rows:
        seen = f"{row['cause']}: {row['because']}" if row["cause"] else str(row["because"])
        yield f"{endpoint(row)}{vantage_of(row, report)}: {seen}"
