"""Azure Firewall's logs as JSON or CSV: structured ones, older ones, and what queries of Log Analytics return.

https://learn.microsoft.com/azure/azure-monitor/reference/supported-logs/microsoft-network-azurefirewalls-logs and the
tables that it names (2026-11-27). Objects of a storage account or Event Hub have `category` and `properties`; rows of a
query have the columns alone, as texts, and the table in `Type` only if the query keeps it.
"""

from __future__ import annotations

import csv
import re
from operator import itemgetter
from typing import Any, Iterable, Iterator, Mapping, Optional

from ..model import Disposition, Event, Key, Lookup, Meaning, Passed, Raw, ReadingNotes
from ._azure_messages import ICMP, client_of, decision_of, meaning_of, raw_of
from ._fields import host_of, ip_of, of_form, of_iso, place_of, port_of, rule_of, spread, text_of, whole_of
from ._json import objects

_COUNT, _FIRST, _LAST = "count_", "min_TimeGenerated", "max_TimeGenerated"
"""What Kusto calls `count()` and the like in a row that stands for several records."""
SUMMARY = "Azure Firewall, structured or AzureDiagnostics, as JSON or CSV"
_RULES = ("Protocol", "Policy", "RuleCollectionGroup", "RuleCollection", "Rule", "Action", "ActionReason")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "AZFWApplicationRule": ("Fqdn", "DestinationPort", "TargetUrl", *_RULES),
    "AZFWNetworkRule": ("DestinationIp", "DestinationPort", *_RULES),
    "AZFWThreatIntel": ("Fqdn", "DestinationPort", "TargetUrl", "DestinationIp", "Protocol", "Action"),
    "AZFWIdpsSignature": ("DestinationIp", "DestinationPort", "Protocol", "Action", "SignatureId"),
    "AZFWInternalFqdnResolutionFailure": ("Fqdn", "RuleCollectionGroup", "RuleCollection", "Rule"),
    "AZFWDnsFlowTrace": ("ServerMessage",),
}
"""The columns that tell something, by table."""
_ALIKE = {
    "AZFWApplicationRuleAggregation": ("AZFWApplicationRule", "ApplicationRuleCount"),
    "AZFWNetworkRuleAggregation": ("AZFWNetworkRule", "NetworkRuleCount"),
    "AZFWFqdnResolveFailure": ("AZFWInternalFqdnResolutionFailure", ""),
    "AZFWDnsAdditional": ("AZFWDnsFlowTrace", ""),
}
_PASSED = {
    **dict.fromkeys(("AZFWNatRule", "AZFWNatRuleAggregation"), "inbound traffic"),
    **dict.fromkeys(("AZFWFlowTrace", "AZFWFatFlow"), "flows without a verdict"),
    "AZFWDnsQuery": "names looked up, without addresses",
}
_GET = {table: itemgetter(*columns) for table, columns in COLUMNS.items() if len(columns) > 1}
_MESSAGES = ("AzureFirewallApplicationRule", "AzureFirewallNetworkRule", "AzureFirewallDnsProxy")
_HEADER = re.compile(r'(?:"?[A-Za-z_]+(?: \[[^\]"]*\])?"?,)+"?[A-Za-z_]+(?: \[[^\]"]*\])?"?\s*\Z')
_TOLD = re.compile(r'"(?:category|Category|Type|TableName)"\s*:\s*"(?:AZFW|AzureFirewall|PrimaryResult)|"msg_s"\s*:')


def claims(head: str) -> bool:
    """Whether a text begins as one of these logs: an object with such a category, or columns of such a table."""
    start = head.lstrip()
    if start.startswith(("{", "[")):
        columns = '"Fqdn"' in head or '"DestinationIp"' in head or '"QueryName"' in head
        return bool(_TOLD.search(head)) or (columns and '"Action"' in head)
    return _header_of(start) is not None


def _header_of(head: str) -> Optional[list[str]]:
    """The columns that a table of comma-separated values begins with, if it is one of these."""
    first = head.splitlines()[0] if head else ""
    if not _HEADER.match(first):
        return None
    names = next(csv.reader([first]))
    known = {"Fqdn", "DestinationIp", "QueryName"} & set(names) and "Action" in names
    return names if known or "msg_s" in names or "QueryName" in names else None


class AzureFirewallReader:
    """Reads objects and rows alike: both come to a table and its columns."""

    def read(self, lines: Iterable[str], notes: ReadingNotes) -> Iterator[Raw]:
        """The records; an object of a table that is not known here is not read."""
        pieces = iter(lines)
        first = next((line for line in pieces if line.strip()), "")
        rest = _again(first, pieces)
        values = objects(rest, notes) if first.lstrip().startswith(("{", "[")) else _rows(rest, notes)
        for value in values:
            try:
                table, properties, when = value["category"], value["properties"], value["time"]
                key = (table, *_GET[table](properties))
                client = properties["SourceIp"]
                if len(when) != 28 or when[-1] != "Z":
                    when = of_iso(when)
                if key[3] and table == "AZFWApplicationRule":  # a URL of TLS that was opened, or of plain HTTP
                    raise KeyError
                hash((key, client))
            except (KeyError, TypeError, IndexError):
                yield from _slowly(value, notes)
                continue
            yield key, client, when, 1

    def time(self, when: str) -> str:
        """A moment in ISO 8601."""
        return of_iso(when)

    def meaning(self, key: Key) -> Meaning:
        """What a table's columns say."""
        table, *values = key
        if table == "message":
            return meaning_of(values[0]) or Passed("messages of another form")
        if table in _PASSED:
            return Passed(_PASSED[table])
        return _MEANING[table](dict(zip(COLUMNS[table], values, strict=True)))


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _rows(lines: Iterator[str], notes: ReadingNotes) -> Iterator[Any]:
    """The rows of comma-separated values, each with the names of its columns; a time's zone stands in its name."""
    names: Optional[list[str]] = None
    while True:
        try:
            for row in csv.reader(lines):
                if names is None:
                    names = [name.strip() for name in row]
                elif len(row) == len(names):
                    yield dict(zip(names, row, strict=True))
                elif row:
                    notes.lost("another number of columns than the header has")
            return
        except csv.Error:
            notes.lost("no comma-separated values")


def _slowly(value: Any, notes: ReadingNotes) -> Iterator[Raw]:
    """A record that lacks something, or has it under another name, or stands for several; nothing where it is none."""
    raw = _record(value, notes)
    if raw is None:
        return
    key, client, when, count = raw
    first, last = _time(value, _FIRST), _time(value, _LAST)
    count = whole_of(str(value[_COUNT])) if _COUNT in value else count
    if first and last:
        yield from spread(key, client, first, last, count)
    else:  # a sum whose times cannot be read has none
        yield key, client, "" if any(name.startswith((_FIRST, _LAST)) for name in value) else when, count


def _record(value: Any, notes: ReadingNotes) -> Optional[Raw]:
    """The same, of a record that stands for itself."""
    if not isinstance(value, dict):
        notes.lost("no object")
        return None
    inner = value.get("properties")
    properties = inner if isinstance(inner, dict) else value
    when = _time(value)
    table = next((t for key in ("category", "Category", "Type") if (t := text_of(value.get(key)))), "")
    message = text_of(properties.get("msg")) or text_of(value.get("msg_s"))
    if message and (table in _MESSAGES or not table or table == "AzureDiagnostics"):
        key: tuple[Any, ...] = ("message", raw_of(message))
        if isinstance(meaning_of(key[1]), (Event, Passed)):
            return key, client_of(message), when, 1
        notes.lost("a message of another form")
        return None
    table, counter = _ALIKE.get(table, (table, ""))
    table = table if table in COLUMNS or table in _PASSED else _by_columns(properties)
    if table in _PASSED:
        return (table,), "", when, 1
    if table not in COLUMNS:
        notes.lost("a record of no table that is known here")
        return None
    client = text_of(properties.get("SourceIp"))
    return _key(table, properties), client, when, whole_of(str(properties.get(counter) or 1))


def _key(table: str, properties: Mapping[str, Any]) -> Key:
    """What tells a record from others; of a URL no more than its host."""
    cells = (properties.get(name) for name in COLUMNS[table])
    key = (table, *(cell if isinstance(cell, (str, int, float, bool)) else "" for cell in cells))
    if "TargetUrl" in COLUMNS[table] and text_of(properties.get("TargetUrl")):
        at = 1 + COLUMNS[table].index("TargetUrl")
        host, ip, _ = place_of(str(key[at]))
        key = (*key[:at], host or ip, *key[at + 1 :])
    return key


def _by_columns(row: Mapping[str, Any]) -> str:
    """The table that a row is of, by its columns."""
    if "QueryName" in row:
        return "AZFWDnsQuery"
    if "Action" not in row:
        return ""
    return "AZFWApplicationRule" if "Fqdn" in row else "AZFWNetworkRule" if "DestinationIp" in row else ""


_FORMS = ("%m/%d/%Y, %I:%M:%S.%f %p", "%m/%d/%Y, %I:%M:%S %p", "%d/%m/%Y, %H:%M:%S.%f", "%d.%m.%Y, %H:%M:%S.%f")


def _time(value: Mapping[str, Any], column: str = "TimeGenerated") -> str:
    """The time in a column of a record; a portal's local time without a zone is none."""
    name = next((key for key in value if key.startswith(column)), "time" if column == "TimeGenerated" else "")
    text = text_of(value.get(name))
    if "[" in name and "UTC" not in name:
        return ""
    return of_iso(text) or of_form(text, *_FORMS)


# ---------------------------------------------------------------------------------------------------------------------
# Columns → what they say


def _event(row: Mapping[str, Any], **more: Any) -> Meaning:
    decision = decision_of(row.get("Action"))
    if decision is None:
        return Passed("records without a verdict")
    port, protocol = port_of(row.get("DestinationPort")), text_of(row.get("Protocol")).lower()[:12]
    if protocol.startswith("icmp"):
        return Passed(ICMP)
    return Event(decision, **{"rule": _rule(row), "port": port, "protocol": protocol, "table": "structured", **more})


def _rule(row: Mapping[str, Any]) -> str:
    return rule_of(*(row.get(name) for name in ("Policy", "RuleCollectionGroup", "RuleCollection", "Rule")))


def _application(row: Mapping[str, Any]) -> Meaning:
    host, ip, _ = place_of(text_of(row["Fqdn"]))
    if not (host or ip):
        host, ip, _ = place_of(text_of(row["TargetUrl"]))
    reason = text_of(row.get("ActionReason"))
    reason = "no server name (SNI) in TLS" if "SNI" in reason else "" if reason == "Default Action" else reason[:60]
    return _event(row, host=host, ip=ip, reason=reason)


def _network(row: Mapping[str, Any]) -> Meaning:
    return _event(row, ip=ip_of(row["DestinationIp"]))


def _threat(row: Mapping[str, Any]) -> Meaning:
    host = host_of(row["Fqdn"]) or place_of(text_of(row["TargetUrl"]))[0]
    return _event(row, host=host, ip=ip_of(row["DestinationIp"]), reason="threat intelligence")


def _intrusion(row: Mapping[str, Any]) -> Meaning:
    reason = f"intrusion signature {str(row['SignatureId'])[:20]}"
    return _event(row, ip=ip_of(row["DestinationIp"]), reason=reason)


def _unresolved(row: Mapping[str, Any]) -> Meaning:
    host, why = host_of(row["Fqdn"]), "the firewall cannot resolve the name of its own rule"
    return Event(Disposition.FAILED, host, rule=_rule(row), reason=why) if host else Passed("records without a name")


_QUESTION = re.compile(r"QUESTION SECTION:\s*;?(\S+?)\.?\s+IN\s+A\b")
_ANSWER = re.compile(r"\bIN\s+A\s+([0-9]{1,3}(?:\.[0-9]{1,3}){3})\b")


def _answered(row: Mapping[str, Any]) -> Meaning:
    """An answer as the firewall's DNS proxy writes it: sections of text, a record a line."""
    text = text_of(row["ServerMessage"])
    asked, addresses = _QUESTION.search(text), tuple(sorted(set(filter(ip_of, _ANSWER.findall(text)))))
    host = host_of(asked[1]) if asked else ""
    if not (host and addresses):
        return Passed("names looked up, without addresses")
    return Lookup(host, addresses)


_MEANING = {
    "AZFWApplicationRule": _application,
    "AZFWNetworkRule": _network,
    "AZFWThreatIntel": _threat,
    "AZFWIdpsSignature": _intrusion,
    "AZFWInternalFqdnResolutionFailure": _unresolved,
    "AZFWDnsFlowTrace": _answered,
}


READER = AzureFirewallReader
