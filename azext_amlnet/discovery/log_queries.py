"""What Log Analytics is asked about Azure Firewall: one query a table, summed up there. Pure.

Tables and columns: https://learn.microsoft.com/azure/azure-monitor/reference/tables/azfwapplicationrule and the others
(2026-11-27). A query names one table, since tables of the Basic plan are asked alone, and not the time, which goes
beside it. Of a URL no more leaves Azure than its host.
"""

from __future__ import annotations

from typing import Mapping

from ..logs.readers.azure_firewall import COLUMNS

_SUM = "summarize count(), min(TimeGenerated), max(TimeGenerated) by "
"""Their columns are read as Kusto names them: `count_`, `min_TimeGenerated`, `max_TimeGenerated`."""
_HOST_OF_URL = r"""extend TargetUrl=extract(@"^(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/?#@]*@)?([^/?#]+)", 1, TargetUrl)"""
_BEFORE: Mapping[str, tuple[str, ...]] = {
    "AZFWApplicationRule": (_HOST_OF_URL, "extend Fqdn=tolower(Fqdn)"),
    "AZFWThreatIntel": (_HOST_OF_URL, "extend Fqdn=tolower(Fqdn)"),
    "AZFWDnsFlowTrace": (
        r'extend Asked=extract(@"QUESTION SECTION:\s*;?(\S+?)\.?\s+IN\s+A\b", 1, ServerMessage)',
        r'extend Told=extract_all(@"\bIN\s+A\s+([0-9.]+)", ServerMessage)',
        "where isnotempty(Asked) and array_length(Told) > 0",
        'extend ServerMessage=strcat("QUESTION SECTION: ;", Asked, " IN A ANSWER: IN A ", '
        'strcat_array(array_sort_asc(Told), " IN A "))',
    ),
}
_OF_NO_CLIENT = ("AZFWInternalFqdnResolutionFailure",)
_MESSAGES = (
    'where Category in ("AzureFirewallApplicationRule", "AzureFirewallNetworkRule")',
    'extend msg_s=tostring(column_ifexists("msg_s", ""))',
    'extend more=parse_json(tostring(column_ifexists("AdditionalFields", "")))',  # what had no room for a column
    'extend msg_s=iff(isempty(msg_s), tostring(more["msg_s"]), msg_s)',
    r'extend msg_s=replace_regex(msg_s, @"(request from [0-9.]+):[0-9]+", @"\1")',
    r'extend msg_s=replace_regex(msg_s, @"(?i)(Url:\s*)([a-z][a-z0-9+.-]*://)?(?:[^\s/?#@]*@)?'
    r'([^\s/?#]*?)(?:[\s/?#].*?)?(\.\s+Action:)", @"\1\2\3\4")',
)
"""Older logs: messages without the client's port and, of a URL, without what stands around its host."""


def _of_table(table: str) -> str:
    columns = ("Type", *COLUMNS[table], *(() if table in _OF_NO_CLIENT else ("SourceIp",)))
    return "\n| ".join((table, *_BEFORE.get(table, ()), _SUM + ", ".join(columns)))


QUERIES: Mapping[str, str] = {
    **{table: _of_table(table) for table in COLUMNS},
    "AzureDiagnostics": "\n| ".join(("AzureDiagnostics", *_MESSAGES, _SUM + "Category, msg_s")),
}
"""All that is asked, by table: the structured ones, and that of older settings."""
