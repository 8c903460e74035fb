"""The queries to Log Analytics as Kusto's own language service reads them: Microsoft's, from npm, run by node."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Optional

import pytest

from azext_amlnet.discovery.log_queries import QUERIES
from azext_amlnet.logs.readers.azure_firewall import COLUMNS

_RULE = "Action ActionReason Policy Protocol Rule RuleCollection RuleCollectionGroup SourceIp"
_FLOW = "Action DestinationIp Protocol SourceIp"
SCHEMAS = {
    "AZFWApplicationRule": (f"{_RULE} Fqdn TargetUrl WebCategory", "DestinationPort SourcePort"),
    "AZFWNetworkRule": (f"{_RULE} DestinationIp", "DestinationPort SourcePort"),
    "AZFWThreatIntel": (f"{_FLOW} Fqdn TargetUrl ThreatDescription", "DestinationPort SourcePort"),
    "AZFWIdpsSignature": (f"{_FLOW} Category Description SignatureId", "DestinationPort SourcePort Severity"),
    "AZFWDnsFlowTrace": (
        "MsgType Protocol QueryMessage QueryTime ResponseTime ServerIp ServerMessage SocketFamily SourceIp",
        "ServerPort SourcePort",
    ),
    "AZFWInternalFqdnResolutionFailure": (
        "Error Fqdn Policy Rule RuleCollection RuleCollectionGroup ServerIp",
        "ServerPort",
    ),
    "AzureDiagnostics": ("Category OperationName Resource msg_s", ""),
}
"""The columns of texts and of numbers, as https://learn.microsoft.com/azure/azure-monitor/reference/tables/azfwapplicationrule
and the pages of the others have them (2026-11-27)."""
_SCRIPT = """
const [folder] = process.argv.slice(1);
require(folder + '/bridge.min.js');
require(folder + '/Kusto.Language.Bridge.min.js');
const language = Kusto.Language;
const code = language.KustoCode.ParseAndAnalyze(require('fs').readFileSync(0, 'utf8'), language.GlobalState.Default);
const all = list => Array.from({length: list.Count}, (_, at) => list.getItem(at));
const columns = code.ResultType && code.ResultType.Columns ? all(code.ResultType.Columns).map(one => one.Name) : [];
console.log(JSON.stringify({wrong: all(code.GetDiagnostics()).map(one => one.Message), columns}));
"""


@cache
def service() -> Optional[Path]:
    """Where the language service is installed."""
    if not (shutil.which("npm") and shutil.which("node")):
        return None
    root = subprocess.run(["npm", "root", "--global"], capture_output=True, text=True, check=True, timeout=30)
    folder = Path(root.stdout.strip()) / "@kusto" / "language-service-next"
    return folder if folder.is_dir() else None


pytestmark = pytest.mark.skipif(service() is None, reason="needs Kusto's language service: run `make tools` as root")


def read(table: str, query: str) -> dict[str, list[str]]:
    """What the language service says of a query on an empty table with the documented columns."""
    texts, numbers = SCHEMAS[table]
    columns = [f"{name}:string" for name in ("Type", *texts.split())] + [f"{name}:int" for name in numbers.split()]
    head = f"let {table}=datatable(TimeGenerated:datetime, {', '.join(columns)})[];\n"
    ran = subprocess.run(
        ["node", "-e", _SCRIPT, str(service())], input=head + query, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, list[str]] = json.loads(ran.stdout)
    return answer


@pytest.mark.parametrize("table", QUERIES)
def test_kusto_understands_each_query_and_gives_the_columns_that_are_read(table: str) -> None:
    answer = read(table, QUERIES[table])
    assert answer["wrong"] == []
    sums = {"count_", "min_TimeGenerated", "max_TimeGenerated"}
    keys = {"Type", *COLUMNS[table]} if table in COLUMNS else {"Category", "msg_s"}
    assert set(answer["columns"]) - {"SourceIp"} == keys | sums
    assert ("SourceIp" in answer["columns"]) is (table in COLUMNS and "SourceIp" in SCHEMAS[table][0].split())


def test_kusto_would_say_what_is_wrong() -> None:
    answer = read("AZFWNetworkRule", "AZFWNetworkRule | where Nobody == 1 | summarise count()")
    assert any("Nobody" in one for one in answer["wrong"]) and len(answer["wrong"]) > 1
