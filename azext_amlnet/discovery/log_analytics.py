"""Azure Firewall's records in Log Analytics, read only: what is sent are queries, and for a workspace's id its GET.

https://learn.microsoft.com/azure/azure-monitor/logs/api/request-format and .../azure-resource-queries (2026-11-27): a
workspace is asked by its GUID at the cloud's own host, the logs of a firewall by its ARM id through Azure Resource
Manager, wherever they are kept.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Iterator, Mapping, Optional

from ..errors import AccessError, AmlnetError, NotFoundError, UnreachableError, UsageError
from ..logs.readers._json import rows_of
from ..text import few, one_line
from .answers import inner, items_of, name_of, properties, resource_id
from .arm import Arm, Refusal
from .crawl import Call, Crawl
from .log_queries import QUERIES

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_RESOURCE = re.compile(
    r"/subscriptions/[0-9a-f-]{36}/resourceGroups/(?!\.+/)[^/%]+/providers/([^/%]+/[^/%]+)/(?!\.+\Z)[^/%]+",
    re.IGNORECASE,
)
_WORKSPACE, _FIREWALL = "microsoft.operationalinsights/workspaces", "microsoft.network/azurefirewalls"
MOST_ROWS = 500_000
"""Log Analytics gives so many rows and no more.

https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits (2026-11-27).
"""
_LONGEST_S = 190.0
"""A query ends after three minutes, unless it asks for more."""
_AT_ONCE = 4
"""One user may have five queries at work."""


@dataclass(frozen=True)
class LogPlace:
    """What has the records: a workspace by its GUID or its ARM id, or a firewall by its ARM id."""

    identifier: str
    kind: str

    @classmethod
    def of(cls, text: str) -> LogPlace:
        """The place that a text names; raises UsageError for what is neither id."""
        plain = text.strip()
        if _GUID.fullmatch(plain):
            return cls(plain.lower(), "")
        match = _RESOURCE.fullmatch(resource_id(plain) or "")
        kind = match[1].lower() if match else ""
        if kind not in (_WORKSPACE, _FIREWALL):
            what = f"--log-workspace is no id of a Log Analytics workspace or of an Azure Firewall: {text[:200]}."
            raise UsageError(what, "Ids: az monitor log-analytics workspace list --query [].[customerId,id] -o table.")
        return cls(str(resource_id(plain)), kind)

    @property
    def name(self) -> str:
        """How it is called in reports."""
        return name_of(self.identifier)


@dataclass(frozen=True)
class LogAnswer:
    """The rows of one table, a JSON object a line, and why they may not be all that there are."""

    table: str
    lines: tuple[str, ...] = ()
    holes: tuple[str, ...] = ()


class LogQuery:
    """Questions about the records of a time; `direct` makes the way to the host of Log Analytics, if it is needed."""

    def __init__(self, place: LogPlace, timespan: str, arm: Arm, direct: Callable[[], Arm]) -> None:
        self.place, self.timespan, self.arm = place, timespan, arm
        by_resource = place.kind == _FIREWALL
        self.fact = "firewall-logs" if by_resource else "workspace-logs"
        self.prefer = "include-permissions=true" if by_resource else ""
        self.path = f"{place.identifier}/providers/microsoft.insights/logs" if by_resource else ""
        self.way = arm if by_resource else direct()

    def answers(self) -> list[LogAnswer]:
        """What each table says that is there.

        Raises AccessError, NotFoundError, UnreachableError, or AmlnetError where no table gives an answer.
        """
        if not self.path:
            self.path = f"/v1/workspaces/{self._guid()}/query"
        crawl = Crawl(self._ask, workers=_AT_ONCE)
        crawl.start(Call.of("logs", table) for table in QUERIES)
        by_call = crawl.finish(lambda call, answer: (), 0.0, lambda: True)
        bodies = {call.path: answer for call, answer in by_call.items() if not _is_absent(answer, call.path)}
        refusals = [answer for answer in bodies.values() if isinstance(answer, Refusal) and not _is_empty(answer)]
        if refusals and len(refusals) == len(bodies):
            raise self._refused(min(refusals, key=lambda one: (one.status not in (401, 403), one.status == 0)))
        return [_answer(table, bodies[table]) for table in QUERIES if table in bodies]

    def why_nothing(self) -> Optional[str]:
        """Why there may be no record at all: what a firewall's diagnostic settings send to Log Analytics."""
        if self.place.kind != _FIREWALL:
            return None
        path = f"{self.place.identifier}/providers/Microsoft.Insights/diagnosticSettings"
        settings = self.arm.list("diagnostic-settings", path)
        if not isinstance(settings, list):
            return None
        kept = [properties(one) for one in settings if properties(one).get("workspaceId")]
        logs = [log for one in kept for log in items_of(one.get("logs")) if isinstance(log, Mapping)]
        on = sorted(
            {str(log.get("category") or log.get("categoryGroup")) for log in logs if log.get("enabled") is True}
        )
        if not kept:
            return f"none of its {len(settings)} diagnostic settings sends anything to Log Analytics"
        return f"its diagnostic settings send to Log Analytics: {few(on) if on else 'no log'}"

    def _ask(self, call: Call) -> Any:
        body = {"query": QUERIES[call.path], "timespan": self.timespan}
        return self.way.post(self.fact, self.path, body, prefer=self.prefer, read_timeout=_LONGEST_S, retry_status=1)

    def _guid(self) -> str:
        """The GUID of the workspace; raises where Azure does not tell it."""
        if not self.place.kind:
            return self.place.identifier
        answer = self.arm.get("log-workspace", self.place.identifier)
        guid = properties(answer).get("customerId")
        if isinstance(guid, str) and _GUID.fullmatch(guid):
            return guid
        refusal = answer if isinstance(answer, Refusal) else Refusal(200, "", "the answer is no workspace")
        raise self._refused(refusal, self.arm.host)

    def _refused(self, refusal: Refusal, host: str = "") -> AmlnetError:
        """The exception for a place that gives no records at all."""
        host = host or self.way.host
        what = f"The logs of {self.place.identifier}"
        if refusal.status == 404:
            lists = "az monitor log-analytics workspace list, az network firewall list"
            return NotFoundError(f"{what} were not found: {refusal}.", f"Check the id: {lists}.")
        if refusal.status in (401, 403):
            return AccessError(f"You may not read the logs of {self.place.identifier}: {refusal}.", self._right)
        if refusal.status == 0:
            hint = f"Allow {host} on port 443 from this machine, or save the log to a file: --log-file."
            return UnreachableError(f"{what} could not be asked for: {refusal}.", hint)
        hint = "Try again with a shorter time (--last 1h), or save the log to a file: --log-file."
        return AmlnetError(f"{host} gave no usable answer about {self.place.identifier}: {refusal}.", hint)

    @property
    def _right(self) -> str:
        if self.place.kind == _FIREWALL:
            return (
                "The role Monitoring Reader on the firewall is enough where its workspace allows access by resource; "
                "else give the workspace, with the role Log Analytics Reader on it."
            )
        return "The role Log Analytics Reader on the workspace is enough; for another tenant: az login --tenant."


# ---------------------------------------------------------------------------------------------------------------------
# Answers


def _is_absent(answer: Any, table: str) -> bool:
    """Whether there is no such table there: Kusto says so of tables that nothing was ever written to."""
    text = str(answer) if isinstance(answer, Refusal) else ""
    return "Failed to resolve table" in text and table in text


def _is_empty(refusal: Refusal) -> bool:
    """Whether there is an answer, and nothing in it: a workspace that nothing was ever written to."""
    return refusal.status == 204


def _answer(table: str, body: Any) -> LogAnswer:
    if isinstance(body, Refusal):
        return LogAnswer(table, holes=() if _is_empty(body) else (f"it was not given: {body}",))
    tables = [one for one in items_of(body.get("tables")) if isinstance(one, Mapping)]
    first = next((one for one in tables if one.get("name") == "PrimaryResult"), tables[0] if tables else {})
    if not _is_table(first):
        return LogAnswer(table, holes=("its answer has another form than is known here",))
    lines = tuple(json.dumps(row) for row in rows_of(first))
    return LogAnswer(table, lines, tuple(_holes(table, body, len(lines))))


def _is_table(table: Mapping[str, Any]) -> bool:
    """Whether something has named columns, and rows with a value for each."""
    columns, rows = table.get("columns"), table.get("rows")
    if not (isinstance(columns, list) and columns and isinstance(rows, list)):
        return False
    named = all(isinstance(one, Mapping) and isinstance(one.get("name"), str) for one in columns)
    return named and all(isinstance(row, list) and len(row) == len(columns) for row in rows)


def _holes(table: str, body: Mapping[str, Any], rows: int) -> Iterator[str]:
    """Why an answer is not whole: https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format."""
    error = inner(body, "error")
    if "error" in body:
        yield one_line(f"the answer is cut: {error.get('message') or 'no reason given'} ({error.get('code', '')})", 300)
    elif rows >= MOST_ROWS:
        yield f"Log Analytics gives {MOST_ROWS:,} rows and no more"
    permissions = inner(body, "permissions")
    readable = [one for one in items_of(permissions.get("dataSources")) if isinstance(one, Mapping)]
    resources = [one for one in items_of(permissions.get("resources")) if isinstance(one, Mapping)]
    for one in (*readable, *resources):
        if table.lower() in {str(name).lower() for name in items_of(one.get("denyTables"))}:
            yield one_line(f"you may not read it in {name_of(str(one.get('resourceId')))}", 200)
    known = {str(one.get("resourceId")).lower() for one in readable}
    hidden = {str(name) for one in resources for name in items_of(one.get("dataSources"))}
    for name in sorted(name for name in hidden if name.lower() not in known):
        yield one_line(f"you may not read the workspace {name_of(name)}", 200)


# ---------------------------------------------------------------------------------------------------------------------
# The time that is asked about

_LAST = re.compile(r"([0-9]{1,5}) ?(m|h|d|w)|P(?:([0-9]{1,4})D)?(?:T(?:([0-9]{1,5})H)?(?:([0-9]{1,5})M)?)?")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_LONGEST = timedelta(days=4383)
"""Twelve years, which is how long Log Analytics keeps records at most."""


def timespan_of(last: Optional[str], begin: Optional[str], end: Optional[str], now: datetime) -> str:
    """Beginning and end of a time in UTC, as Log Analytics takes them; raises UsageError for what is none."""
    until = _moment("--to", end) if end else now
    try:
        since = _moment("--from", begin) if begin else until - _duration(last or "24h")
        span = [one.astimezone(timezone.utc) for one in (since, until)]
    except OverflowError:
        raise UsageError("--from and --to are beyond what any calendar has.") from None
    texts = [one.strftime("%Y-%m-%dT%H:%M:%SZ") for one in span]
    if texts[0] >= texts[1]:
        raise UsageError(f"--from {begin or texts[0]} is not before --to {end or 'now'}.")
    if span[0] > now:
        raise UsageError(f"The time that is asked about begins in the future: {texts[0]}.")
    if span[0] < now - _LONGEST - timedelta(days=1):
        raise UsageError(f"Log Analytics keeps records for twelve years; {texts[0]} is before that.")
    return "/".join(texts)


def _duration(text: str) -> timedelta:
    match = _LAST.fullmatch(text.strip())
    if match and match[1]:
        span = int(match[1]) * _UNITS[match[2]]
    else:
        days, hours, minutes = (int(one or 0) for one in match.groups()[2:]) if match else (0, 0, 0)
        span = timedelta(days=days, hours=hours, minutes=minutes)
    if not timedelta() < span <= _LONGEST:
        raise UsageError(f"--last is no time that can be asked about: {text[:80]}.", "Such as 30m, 2h, 7d, or PT2H.")
    return span


def _moment(option: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(re.sub(r"[Zz]\Z", "+00:00", text.strip()))
    except ValueError:
        hint = "Such as 2026-11-27T08:00, which is UTC, or 2026-11-27T08:00+01:00."
        raise UsageError(f"{option} is no moment: {text[:80]}.", hint) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
