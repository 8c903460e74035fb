"""explain-log by the real az, of records that are in Log Analytics: both roads, both families, what is refused."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Optional

import pytest

from azext_amlnet.discovery import log_analytics, log_queries
from azext_amlnet.errors import UsageError
from azext_amlnet.logs.readers._azure_messages import meaning_of, raw_of

from . import devicelogs as device
from . import fakelogs
from .builders import GROUP
from .devicelogs import Attempt
from .fakearm import FakeAzure, Fault
from .fakelogs import WORKSPACE, error, older, structured
from .schemas import fits
from .test_e2e_logs import DENIED, FACTS
from .world import Az

EXPLAIN = ("ml", "network", "explain-log", "--workspace-file", FACTS, "--log-workspace")
SPAN = ("--from", "2026-11-20T09:00", "--to", "2026-11-20T11:00+01:00")
OF_GROUP = f"{GROUP}/providers"
FIREWALL = f"{OF_GROUP}/Microsoft.Network/azureFirewalls/hub-fw"
NAMED = f"{OF_GROUP}/Microsoft.OperationalInsights/workspaces/net-logs"


@pytest.fixture
def logged_in(az: Az, azure: FakeAzure) -> Az:
    """An az whose cloud has its Log Analytics on the loopback, too."""
    endpoints = json.dumps({"endpoints": {"log_analytics_resource_id": azure.url}})
    az.must("cloud", "update", "-n", "Loopback", "--cloud-config", endpoints)
    azure.logs.places[WORKSPACE] = {"AZFWApplicationRule": structured(DENIED), "AZFWNetworkRule": []}
    return az


def test_a_workspace_by_its_guid_is_asked_at_its_own_host_with_a_token_for_it(logged_in: Az, azure: FakeAzure) -> None:
    ran = logged_in(*EXPLAIN, WORKSPACE.upper(), *SPAN)
    assert ran.code == 8, ran.err
    fits(ran.json, "explain-log")
    rows = {row["host"]: row for row in ran.json["rows"]}
    assert (rows["acrml.azurecr.io"]["group"], rows["mcr.microsoft.com"]["group"]) == ("denied", "proven")
    assert rows["mcr.microsoft.com"]["because"] == "let through once by 'hub/aml/apps/r: a.b'"
    (source,) = ran.json["sources"]  # a table that is there and says nothing is none
    span = "2026-11-20T09:00:00Z/2026-11-20T10:00:00Z"
    assert source["name"] == f"{WORKSPACE}, AZFWApplicationRule, {span}" and source["records"] == 3
    assert {body["timespan"] for _, body, _ in azure.logs.asked} == {span}
    assert all("summarize" in body["query"] and not prefer for _, body, prefer in azure.logs.asked)
    assert {seen.method for seen in azure.asked("/v1/workspaces/")} == {"POST"}


def test_a_firewall_by_its_id_is_asked_through_resource_manager(logged_in: Az, azure: FakeAzure) -> None:
    azure.logs.places = {FIREWALL.lower(): {"AzureDiagnostics": older(list(DENIED))}}
    ran = logged_in(*EXPLAIN, FIREWALL, *SPAN)
    assert ran.code == 8, ran.err
    rows = {row["host"]: row["group"] for row in ran.json["rows"]}
    assert (rows["acrml.azurecr.io"], rows["evil.example.com"]) == ("denied", "unknownDenied")
    assert {prefer for _, _, prefer in azure.logs.asked} == {"include-permissions=true"}
    assert not azure.asked("/v1/workspaces/")


def test_a_workspace_by_its_arm_id_is_looked_up_first(logged_in: Az, azure: FakeAzure) -> None:
    azure.serve({NAMED: {"id": NAMED, "name": "net-logs", "properties": {"customerId": WORKSPACE}}})
    ran = logged_in(*EXPLAIN, NAMED, *SPAN)
    assert ran.code == 8 and ran.json["sources"][0]["name"].startswith("net-logs, AZFWApplicationRule")


def test_sums_tell_what_the_records_tell(
    logged_in: Az, azure: FakeAzure, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same attempts as a file and as a sum: groups, counts, first and last times, and what was mended since."""
    attempts = [
        *(Attempt(n, "acrml.azurecr.io", "denied" if n < 5 else "allowed") for n in range(9)),
        *(Attempt(n, "mcr.microsoft.com", "denied", client="10.1.0.8") for n in range(3)),
        Attempt(60, "mcr.microsoft.com", client="10.1.0.7"),
        Attempt(61, "Evil.Example.COM", "denied"),
    ]
    azure.logs.places[WORKSPACE] = {"AZFWApplicationRule": structured(attempts)}
    path = tmp_path_factory.mktemp("log") / "log.json"
    path.write_text(device.azure_lines(attempts), encoding="utf-8")
    by_sum = logged_in(*EXPLAIN, WORKSPACE, *SPAN, "--show-clients")
    by_file = logged_in(*EXPLAIN[:-1], "--log-file", str(path), "--show-clients")
    assert by_sum.json["rows"] == by_file.json["rows"] and by_sum.code == by_file.code == 8
    assert by_sum.json["span"] == by_file.json["span"]
    fixed = {row["host"]: row["fixedSince"] for row in by_sum.json["rows"] if row["group"] == "denied"}
    assert fixed == {"acrml.azurecr.io": "2026-11-20T09:14:07.123456Z", "mcr.microsoft.com": None}


def test_both_families_side_by_side_count_an_attempt_once(logged_in: Az, azure: FakeAzure) -> None:
    azure.logs.places[WORKSPACE] = {"AZFWApplicationRule": structured(DENIED), "AzureDiagnostics": older(list(DENIED))}
    ran = logged_in(*EXPLAIN, WORKSPACE, *SPAN)
    assert ran.json["rows"][0]["counts"] == {"denied": 1} and len(ran.json["sources"]) == 2


def test_what_is_cut_refused_or_hidden_is_a_hole(logged_in: Az, azure: FakeAzure) -> None:
    azure.logs.places = {FIREWALL.lower(): {"AZFWApplicationRule": structured(DENIED), "AZFWNetworkRule": []}}
    azure.logs.cut["AZFWApplicationRule"] = {"code": "PartialError", "message": "There were some errors."}
    azure.logs.refused["AZFWNetworkRule"] = (403, error("InsufficientAccessError", "no access"))
    azure.logs.permissions = {
        "resources": [
            {"resourceId": FIREWALL, "dataSources": [NAMED, f"{NAMED}-2"], "denyTables": ["AzfwApplicationRule"]}
        ],
        "dataSources": [{"resourceId": NAMED}],
    }
    ran = logged_in(*EXPLAIN, FIREWALL, *SPAN)
    assert ran.code == 8
    holes = {source["name"].split(", ")[1]: source["holes"] for source in ran.json["sources"]}
    assert holes == {
        "AZFWApplicationRule": [
            "the answer is cut: There were some errors. (PartialError)",
            "you may not read it in hub-fw",
            "you may not read the workspace net-logs-2",
        ],
        "AZFWNetworkRule": ["it was not given: 403: no access (InsufficientAccessError)"],
    }
    assert "the log is not whole" in ran.err
    unseen = next(row for row in ran.json["rows"] if row["group"] == "unseen")
    assert "it may be among what is missing" in unseen["because"]


def test_no_record_at_all_is_no_good_news_and_says_what_the_firewall_sends(logged_in: Az, azure: FakeAzure) -> None:
    azure.logs.places = {FIREWALL.lower(): {}}
    settings = f"{FIREWALL}/providers/Microsoft.Insights/diagnosticSettings"
    log = {"category": "AZFWDnsQuery", "enabled": True}
    azure.serve({settings: [{"properties": {"workspaceId": NAMED, "logs": [log, {"categoryGroup": "x"}]}}]})
    ran = logged_in(*EXPLAIN, FIREWALL, *SPAN)
    assert ran.code == 9 and {row["group"] for row in ran.json["rows"]} == {"unseen"}
    assert "its diagnostic settings send to Log Analytics: AZFWDnsQuery" in ran.err
    azure.serve({settings: [{"properties": {"storageAccountId": "/x", "logs": [log]}}]})
    assert "none of its 1 diagnostic settings sends anything" in logged_in(*EXPLAIN, FIREWALL, *SPAN).err
    azure.logs.places = {WORKSPACE: {"AZFWApplicationRule": structured(DENIED)}}
    before = logged_in(*EXPLAIN, WORKSPACE, "--from", "2026-11-19", "--to", "2026-11-20T09:14:02Z")
    assert before.code == 9 and "has a record" in before.err


@pytest.mark.parametrize(
    ("status", "body", "code", "words"),
    [
        (403, error("InsufficientAccessError", "The provided credentials have insufficient access",
                    innererror={"code": "AuthorizationFailedError", "message": "User 'x' does not have access"}),
         1, ("You may not read the logs of", "User 'x' does not have access", "Log Analytics Reader")),
        (404, error("PathNotFoundError", "The requested path does not exist"), 3, ("were not found", "Check the id")),
        (504, error("GatewayTimeout", "Gateway timeout"), 1, ("gave no usable answer", "--last 1h")),
        (200, None, 1, ("no content type", "gave no usable answer")),
    ],
)  # fmt: skip
def test_a_refusal_of_everything_is_one_line_with_what_to_do(
    logged_in: Az, azure: FakeAzure, status: int, body: object, code: int, words: tuple[str, ...]
) -> None:
    fault = Fault("/v1/workspaces/", status, body=json.dumps(body).encode() if body else b"")
    azure.faults.append(fault)
    ran = logged_in(*EXPLAIN, WORKSPACE)
    assert ran.code == code and not ran.out.strip(), ran.err
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.err


def test_an_empty_workspace_answers_without_a_body(logged_in: Az, azure: FakeAzure) -> None:
    azure.faults.append(Fault("/v1/workspaces/", 204, body=b""))
    assert logged_in(*EXPLAIN, WORKSPACE).code == 9


def test_what_is_throttled_is_asked_again(logged_in: Az, azure: FakeAzure) -> None:
    azure.faults.append(Fault("/v1/workspaces/", 429, headers={"Retry-After": "1"}, times=2))
    assert logged_in(*EXPLAIN, WORKSPACE, *SPAN).code == 8


def test_by_default_a_day_is_asked_for(logged_in: Az, azure: FakeAzure) -> None:
    now = datetime.now(timezone.utc)
    for words, hours in (((), 24), (("--last", "2h"), 2), (("--last", "P1DT12H"), 36)):
        azure.logs.asked.clear()
        logged_in(*EXPLAIN, WORKSPACE, *words)
        since, until = azure.logs.asked[0][1]["timespan"].split("/")
        begin, end = (datetime.strptime(one, "%Y-%m-%dT%H:%M:%S%z") for one in (since, until))
        assert end - begin == timedelta(hours=hours) and abs(end - now) < timedelta(minutes=3)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("net-logs",), "no id of a Log Analytics workspace or of an Azure Firewall"),
        ((f"{OF_GROUP}/Microsoft.Network/virtualNetworks/v",), "no id of a Log Analytics workspace"),
        ((" ",), "--log-workspace is empty"),
        ((WORKSPACE, "--log-file", "x"), "cannot be used with"),
        ((WORKSPACE, "--last", "soon"), "--last is no time that can be asked about: soon"),
        ((WORKSPACE, "--last", "0h"), "--last is no time"),
        ((WORKSPACE, "--from", "yesterday"), "--from is no moment: yesterday"),
        ((WORKSPACE, "--from", "2026-11-20", "--to", "2026-11-19"), "is not before --to"),
        ((WORKSPACE, "--from", "2100-01-01", "--to", "2100-01-02"), "begins in the future"),
        ((WORKSPACE, "--last", "2h", "--from", "2026-11-20"), "--last does not go with --from"),
        ((WORKSPACE, "--log-format", "squid"), "--log-format is for --log-file"),
    ],
)
def test_wrong_usage_is_one_line(logged_in: Az, words: tuple[str, ...], what: str) -> None:
    ran = logged_in(*EXPLAIN, *words)
    assert ran.code == 2 and what in ran.err and "Traceback" not in ran.err, ran.err


def test_a_log_is_needed_and_a_time_is_for_log_analytics(az: Az) -> None:
    none = az(*EXPLAIN[:-1])
    assert none.code == 2 and "Give a log: --log-file FILE, or --log-workspace ID." in none.err
    timed = az(*EXPLAIN[:-1], "--log-file", "x", "--last", "2h")
    assert timed.code == 2 and "--last is for --log-workspace" in timed.err


def test_a_cloud_without_log_analytics_says_so(az: Az) -> None:
    ran = az(*EXPLAIN, WORKSPACE)
    assert ran.code == 2 and "has no endpoint of Log Analytics" in ran.err and "ARM id of the firewall" in ran.err


def test_what_a_client_asked_for_shows_nowhere(logged_in: Az, azure: FakeAzure) -> None:
    rows = structured(DENIED)
    for row in rows:
        row.update(Fqdn="", TargetUrl="https://CANARY@acrml.azurecr.io/v2/?sig=CANARY")
    azure.logs.places[WORKSPACE] = {"AZFWApplicationRule": rows}
    ran = logged_in(*EXPLAIN, WORKSPACE, *SPAN, "--debug")
    assert ran.json["rows"][0]["host"] == "acrml.azurecr.io"
    assert "CANARY" not in ran.out + ran.err and "10.1.0.7" not in ran.out + ran.err


# -- answers of odd shapes, and times

GOOD = {"tables": [fakelogs.table_of([{"Type": "AZFWApplicationRule", "Action": "Deny"}])]}


@pytest.mark.parametrize(
    "table",
    [
        {}, {"columns": None, "rows": []}, {"columns": [{"ColumnName": "Action"}], "rows": [["Deny"]]},
        {"columns": ["Action"], "rows": [["Deny"]]}, {"columns": [{"name": "Action"}], "rows": {}},
        {"columns": [{"name": "Action"}, None], "rows": [["Deny", 1]]},
        {"columns": [{"name": "Action"}, {"name": "Fqdn"}], "rows": [["Deny"]]},
    ],
)  # fmt: skip
def test_an_answer_of_another_form_is_a_hole_and_not_empty(table: object) -> None:
    odd = log_analytics._answer("AZFWApplicationRule", {"tables": [table]})
    assert odd.lines == () and odd.holes == ("its answer has another form than is known here",)
    assert log_analytics._answer("AZFWApplicationRule", {"tables": None}).holes == odd.holes
    fine = log_analytics._answer("AZFWApplicationRule", {"tables": [{"name": "x"}, GOOD["tables"][0]]})
    assert len(fine.lines) == 1 and not fine.holes


@pytest.mark.parametrize("error", ["PartialError: cut", [{}], {}, None, {"code": "PartialError", "message": "cut"}])
def test_whatever_an_error_beside_rows_is_it_is_a_hole(error: object) -> None:
    answer = log_analytics._answer("AZFWApplicationRule", {**GOOD, "error": error})
    assert len(answer.lines) == 1 and answer.holes[0].startswith("the answer is cut: ")


NOW = datetime(2026, 11, 27, 12, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("7d", None, "0001-01-02"), "beyond what any calendar has"),
        ((None, "0001-01-01T00:00+05:00", None), "beyond what any calendar has"),
        ((None, "2026-11-20", "9999-12-31T23:59:59-14:00"), "beyond what any calendar has"),
        ((None, "0001-01-01", None), "keeps records for twelve years"),
        ((None, None, "2100-01-01"), "begins in the future"),
        ((None, "2026-11-20T10:00:00", "2026-11-20T10:00:00.5"), "is not before --to"),
        ((None, "2026-01-32", None), "--from is no moment: 2026-01-32"),
    ],
)
def test_a_time_that_cannot_be_asked_about_is_one_line(words: tuple[Optional[str], ...], what: str) -> None:
    with pytest.raises(UsageError) as raised:
        log_analytics.timespan_of(*words, NOW)
    assert what in raised.value.message


@pytest.mark.parametrize("name", ["..", ".", "%2e%2e", "a/b", ""])
def test_an_id_with_odd_parts_is_none(name: str) -> None:
    with pytest.raises(UsageError, match="is no id"):
        log_analytics.LogPlace.of(f"{OF_GROUP}/Microsoft.Network/azureFirewalls/{name}")


def test_a_table_that_nothing_can_be_made_of_is_shown(logged_in: Az, azure: FakeAzure) -> None:
    odd = {"TimeGenerated": DENIED[0].iso, "Category": "AzureFirewallNetworkRule",
           "msg_s": "TCP request from 10.1.0.4:5 to 20.1.1.1:443. Verdict: Deny"}  # fmt: skip
    azure.logs.places[WORKSPACE]["AzureDiagnostics"] = [odd]
    ran = logged_in(*EXPLAIN, WORKSPACE, *SPAN)
    assert [source["unread"] for source in ran.json["sources"]] == [0, 1]
    assert "1 of 1 lines could not be read as azure-firewall" in ran.err


URLS = ("", "Url: . ", "Url: a.b. ", "Url: a.b. . ", "Url: a.b/. ", "Url:  a.b?x. ", "Url: a.b:80/x.y/. ")


@pytest.mark.parametrize(
    ("message", "seen"),
    [
        ("HTTPS request from 10.1.0.4:5. Url: https://u:CANARY@mcr.microsoft.com/v2/CANARY?x. Action: Deny. Policy: p",
         "HTTPS request from 10.1.0.4. Url: https://mcr.microsoft.com. Action: Deny. Policy: p"),
        ("HTTP request from 10.1.0.4:5 to a.b:80. url:  a.b/CANARY c/CANARY. Action: Deny. No rule matched",
         "HTTP request from 10.1.0.4 to a.b:80. url:  a.b. Action: Deny. No rule matched"),
        *((f"HTTP request from 10.1.0.4:5 to a.b:80. {url}Action: Allow. Rule: r", None) for url in URLS),
    ],
)  # fmt: skip
def test_a_message_leaves_azure_without_what_a_url_has_beside_its_host(message: str, seen: Optional[str]) -> None:
    row = {"TimeGenerated": "2026-11-20T09:00:00Z", "Category": "AzureFirewallApplicationRule", "msg_s": message}
    (summed,) = fakelogs.worked_out([row], log_queries.QUERIES["AzureDiagnostics"])
    assert "CANARY" not in summed["msg_s"] and seen in (None, summed["msg_s"])
    assert meaning_of(raw_of(summed["msg_s"])) == meaning_of(raw_of(message))
