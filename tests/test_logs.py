"""Logs of devices, held against a list: each group has its evidence, and what nobody can tell stays open."""

from __future__ import annotations

import gzip
import io
import json
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any, Optional

import pytest

from azext_amlnet.catalog import load
from azext_amlnet.codec import to_json
from azext_amlnet.errors import UsageError
from azext_amlnet.files.device_logs import opened_log
from azext_amlnet.logs import LogReport, Tally, recognised, report_on
from azext_amlnet.logs import tally as tally_module
from azext_amlnet.logs.model import Disposition, Event, LogGroup, Lookup, Passed, Raw, ReadingNotes
from azext_amlnet.logs.readers import azure_firewall, cilium_hubble, flow_logs, fortigate, palo_alto, squid
from azext_amlnet.logs.readers._azure_messages import client_of, meaning_of, raw_of
from azext_amlnet.logs.shelf import Shelf
from azext_amlnet.model import Fleet, Inputs, Kind, Level, Requirement
from azext_amlnet.reports import html, markdown
from azext_amlnet.reports import render as render_report
from azext_amlnet.vocabulary import log_formats

from . import devicelogs as device
from .devicelogs import WRITERS, Attempt

CATALOG = load()
DENIED, ALLOWED, FAILED = Disposition.DENIED, Disposition.ALLOWED, Disposition.FAILED


def row(host: str, level: Level = Level.REQUIRED, **more: Any) -> Requirement:
    """A row of a list."""
    kind = Kind.WILDCARD if host.startswith("*.") else Kind.FQDN
    return Requirement(host=host, kind=more.pop("kind", kind), level=level, reason=f"for {host}", **more)


LIST = (row("acrml.azurecr.io"), row("mcr.microsoft.com"), row("*.data.mcr.microsoft.com"),
        row("pypi.org", Level.RECOMMENDED), row("store.blob.core.windows.net"))  # fmt: skip


def explained(
    *texts: str, rows: Sequence[Requirement] = LIST, sources: Optional[dict[str, Any]] = None, **more: Any
) -> LogReport:
    """The report on texts, each recognised by itself."""
    tally = Tally(Shelf(rows).wants)
    for number, text in enumerate(texts):
        text = text.lstrip("\ufeff")
        name, reader = recognised(f"file {number}", text[:65536], log_formats())
        tally.read(f"file {number}", name, reader, io.StringIO(text))
    return report_on(Inputs(CATALOG, Fleet(), tuple(rows)), tally, sources_of=sources or {}, **more)


def groups(report: LogReport) -> dict[str, str]:
    """The group of each host."""
    return {one.host: one.group.value for one in report.rows}


TRUTH = (
    Attempt(0, "acrml.azurecr.io", "denied"), Attempt(1, "mcr.microsoft.com"), Attempt(2, "acrml.azurecr.io", "denied"),
    Attempt(3, "weu.data.mcr.microsoft.com"), Attempt(4, "evil.example.com", "denied"), Attempt(5, "ok.example.com"),
    Attempt(6, "pypi.org", "denied", "10.2.0.9"), Attempt(7, "pypi.org", "allowed", "10.2.0.9"),
)  # fmt: skip


# -- laws


@pytest.mark.parametrize("form", WRITERS)
def test_one_truth_has_one_explanation_in_every_format(form: str) -> None:
    name, write = WRITERS[form]
    text = write(TRUTH)
    assert recognised("x", text.lstrip("\ufeff")[:65536], log_formats())[0] == name
    report = explained(text)
    assert groups(report) == {
        "acrml.azurecr.io": "denied", "pypi.org": "denied", "evil.example.com": "unknownDenied",
        "store.blob.core.windows.net": "unseen", "ok.example.com": "beyond", "mcr.microsoft.com": "proven",
        "weu.data.mcr.microsoft.com": "proven",
    }  # fmt: skip
    assert report.exit_code == 8 and report.summary["records"] == len(TRUTH) and not report.summary["unread"]
    rows = {one.host: one for one in report.rows}
    assert rows["acrml.azurecr.io"].counts == {"denied": 2} and rows["acrml.azurecr.io"].failing
    assert rows["weu.data.mcr.microsoft.com"].requirement == "*.data.mcr.microsoft.com"
    assert "*.data.mcr.microsoft.com" not in rows, "a name below it was seen"
    timed = form != "pan-os" and not form.startswith("squid co")  # which tell no more than when a request ended
    assert (rows["pypi.org"].fixed_since is not None) is timed and not rows["pypi.org"].failing
    if timed:
        assert str(rows["pypi.org"].fixed_since)[:19] == "2026-11-20T09:14:09"
    assert report.span["from"] is None or report.span["from"].startswith("2026-11-20T09:14:02")


@pytest.mark.parametrize("seed", range(8))
def test_every_record_is_in_one_group_and_nothing_is_proven_without_an_allowance(seed: int) -> None:
    chance = Random(seed)
    hosts = [*(one.host.replace("*", "x") for one in LIST), "a.example.com", "b.example.com", "data.mcr.microsoft.com"]
    attempts = [
        Attempt(
            n, chance.choice(hosts), chance.choice(("allowed", "denied", "failed")), f"10.1.0.{chance.randrange(4)}"
        )
        for n in range(chance.randrange(1, 60))
    ]
    texts = [device.squid_native(attempts), device.squid_native(attempts[::-1])]
    for text in texts:
        report = explained(text)
        counted = sum(sum(one.counts.values()) for one in report.rows)
        assert counted + report.summary["passed"] == report.summary["records"] == len(attempts)
        assert len({(one.host, one.port, one.protocol) for one in report.rows}) == len(report.rows)
        for one in report.rows:
            assert (one.group is not LogGroup.PROVEN) or one.counts.get("allowed")
            assert (one.group is LogGroup.DENIED) <= bool(one.counts.get("denied") and Shelf(LIST).wants(one.host))
    assert to_json(explained(texts[0]))["rows"] == to_json(explained(texts[1]))["rows"], "newest first is the same"
    half = len(attempts) // 2
    parts = (
        device.squid_native(attempts[:half] or attempts),
        device.squid_native(attempts[half:] or attempts),
        device.hubble([Attempt(99, "z.example.com")]),
    )
    ways = [to_json(explained(*order))["rows"] for order in permutations(parts)]
    assert all(way == ways[0] for way in ways), "the order of files does not matter"
    more = explained(texts[0] + device.squid_native([Attempt(1000 + n, f"n{n}.example.net") for n in range(50)]))
    known = groups(explained(texts[0]))
    assert {host: group for host, group in groups(more).items() if not host.endswith(".example.net")} == known


def test_the_same_attempts_in_two_logs_of_a_device_count_once() -> None:
    report = explained(device.azure_lines(TRUTH), device.azure_diagnostics(TRUTH))
    assert {one.host: one.counts for one in report.rows}["acrml.azurecr.io"] == {"denied": 2}


# -- when it was mended, and for whom


def test_what_is_mended_for_one_client_is_not_for_another() -> None:
    mended = [
        Attempt(0, "acrml.azurecr.io", "denied", "10.1.0.7"),
        Attempt(9, "acrml.azurecr.io", "allowed", "10.1.0.8"),
    ]
    alone = {one.host: one for one in explained(device.squid_native(mended)).rows}["acrml.azurecr.io"]
    assert alone.failing and alone.fixed_since is None and "let through once besides" in alone.because
    sources = {"a/gpu": ("10.1.0.0/16",), "b/gpu": ("10.2.0.0/16",)}
    of_one = {one.host: one for one in explained(device.squid_native(mended), sources=sources).rows}["acrml.azurecr.io"]
    assert (
        not of_one.failing
        and str(of_one.fixed_since).startswith("2026-11-20T09:14:11")
        and of_one.computes == ("a/gpu",)
    )
    apart = [mended[0], Attempt(9, "acrml.azurecr.io", "allowed", "10.2.0.8")]
    of_two = {one.host: one for one in explained(device.squid_native(apart), sources=sources).rows}["acrml.azurecr.io"]
    assert of_two.failing and of_two.computes == ("a/gpu",)
    broken = [*mended, Attempt(20, "acrml.azurecr.io", "denied", "10.1.0.9")]
    again = {one.host: one for one in explained(device.squid_native(broken), sources=sources).rows}["acrml.azurecr.io"]
    assert again.failing and again.fixed_since is None


# -- what cannot be decided


def lookup(host: str, ip: str, client: str = "10.1.0.7") -> str:
    """An answer of DNS, as Hubble writes it."""
    dns = {"query": f"{host}.", "ips": [ip], "ttl": 30, "rcode": 0, "qtypes": ["A"]}
    flow = {"time": "2026-11-20T09:14:01Z", "verdict": "FORWARDED", "Type": "L7", "is_reply": True,
            "traffic_direction": "INGRESS", "IP": {"source": "10.0.0.10", "destination": client},
            "l7": {"type": "RESPONSE", "dns": dns}}  # fmt: skip
    return json.dumps({"flow": flow}) + "\n"


def test_an_address_gets_a_name_only_from_what_the_same_client_had_looked_up() -> None:
    flows = device.vnet_flows([Attempt(0, "", "denied")])
    bare = explained(flows)
    (alone,) = [one for one in bare.rows if one.group is LogGroup.UNDECIDED]
    assert (alone.host, alone.port, bare.exit_code) == ("203.0.113.9", 443, 9) and alone.settled_by is not None
    named = explained(flows, lookup("acrml.azurecr.io", "203.0.113.9"))
    assert groups(named)["acrml.azurecr.io"] == "denied" and named.exit_code == 8
    other = explained(flows, lookup("acrml.azurecr.io", "203.0.113.9", "10.1.0.99"))
    assert groups(other)["203.0.113.9"] == "undecided" and other.exit_code == 9
    shared = explained(flows, lookup("acrml.azurecr.io", "203.0.113.9") + lookup("b.example.com", "203.0.113.9"))
    (several,) = [one for one in shared.rows if one.group is LogGroup.UNDECIDED]
    assert "acrml.azurecr.io, b.example.com" in several.because and shared.exit_code == 9
    stranger = explained(flows, lookup("b.example.com", "203.0.113.9"))
    assert groups(stranger)["b.example.com"] == "unknownDenied" and stranger.exit_code == 0


def test_a_denied_address_matters_only_where_it_may_be_a_required_row() -> None:
    def code(**more: Any) -> int:
        return explained(device.vnet_flows([Attempt(0, "", "denied", **more)])).exit_code

    assert code() == 9 and code(port=5671) == 0 and code(ip="10.9.0.4") == 0
    proven = device.squid_native([Attempt(n, one.host.replace("*", "x")) for n, one in enumerate(LIST)])
    assert explained(device.vnet_flows([Attempt(0, "", "denied")]), proven).exit_code == 0
    own = (Requirement(host="203.0.113.9", kind=Kind.IP, port=443),)
    assert groups(explained(device.vnet_flows([Attempt(0, "", "denied")]), rows=own)) == {"203.0.113.9": "denied"}


def test_what_a_proxy_lets_through_and_fails_behind_it_is_never_proven() -> None:
    report = explained(device.squid_native([Attempt(0, "acrml.azurecr.io", "failed")]))
    (failed,) = [one for one in report.rows if one.host == "acrml.azurecr.io"]
    assert failed.group is LogGroup.UNDECIDED and "503" in failed.because and report.exit_code == 9
    both = explained(device.squid_native([Attempt(0, "acrml.azurecr.io", "failed"), Attempt(1, "acrml.azurecr.io")]))
    (one,) = [one for one in both.rows if one.host == "acrml.azurecr.io"]
    assert one.group is LogGroup.PROVEN and "503" in one.because


def test_a_log_without_decisions_is_no_good_news() -> None:
    line = "1795166046.001      0 10.1.0.7 NONE_NONE/000 0 - error:transaction-end-before-headers - HIER_NONE/- -\n"
    report = explained(line)
    assert report.exit_code == 9 and report.sources[0].passed == {"connections without a request": 1}


def test_rows_say_why_no_record_is_of_them() -> None:
    rows = (row("a.example.com", private=True), row("Storage", kind=Kind.SERVICE_TAG), row("*.b.example.com"),
            row("<registry>.azurecr.io", unresolved=True))  # fmt: skip
    report = explained(device.squid_native([Attempt(0, "z.example.com")]) + "garbage\n", rows=rows)
    because = {one.host: one.because for one in report.rows if one.group is LogGroup.UNSEEN}
    assert "private endpoint" in because["a.example.com"] and "service tag" in because["Storage"]
    assert "name below it" in because["*.b.example.com"] and "not known yet" in because["<registry>.azurecr.io"]
    assert all("1 line could not be read" in text for text in because.values())


# -- formats, one by one


@pytest.mark.parametrize(
    ("result", "method", "url", "disposition"),
    [
        ("TCP_DENIED/403", "CONNECT", "h.example.com:443", DENIED),
        ("TCP_DENIED_REPLY/403", "GET", "http://h.example.com/", DENIED),
        ("TCP_DENIED/407", "CONNECT", "h.example.com:443", Disposition.CHALLENGE),
        ("TCP_DENIED/200", "CONNECT", "h.example.com:443", DENIED),
        ("NONE_NONE/403", "GET", "https://h.example.com/x", DENIED),
        ("TCP_TUNNEL/200", "CONNECT", "h.example.com:443", ALLOWED),
        ("TCP_MISS/403", "GET", "http://h.example.com/x", ALLOWED),
        ("TCP_MISS/404", "GET", "http://h.example.com/x", ALLOWED),
        ("TCP_REFRESH_UNMODIFIED_NEWPART/200", "GET", "http://h.example.com/x", ALLOWED),
        ("TCP_TUNNEL/503", "CONNECT", "h.example.com:443", FAILED),
        ("TCP_MISS/502", "GET", "http://h.example.com/x", FAILED),
        ("TCP_MISS/470", "GET", "http://h.example.com/x", FAILED),
        ("TCP_TUNNEL_ABORTED/200", "CONNECT", "h.example.com:443", FAILED),
        ("NONE_NONE/200", "CONNECT", "h.example.com:443", None),
        ("NONE_NONE/000", "-", "error:transaction-end-before-headers", None),
        ("NONE_NONE/000", "CONNECT", "203.0.113.9:443", DENIED),
        ("NONE_NONE/400", "GET", "error:invalid-request", None),
        ("TAG_NONE/503", "CONNECT", "h.example.com:443", FAILED),
    ],
)
def test_squids_tags(result: str, method: str, url: str, disposition: Optional[Disposition]) -> None:
    meaning = squid.SquidReader().meaning((result, method, url, True))
    assert (meaning.disposition if isinstance(meaning, Event) else None) is disposition


def test_a_challenge_counts_only_for_a_client_that_never_got_through() -> None:
    def line(client: str, result: str) -> str:
        return f"1795166042.294      0 {client} {result} 1 CONNECT acrml.azurecr.io:443 - HIER_NONE/- -\n"

    through = line("10.1.0.7", "TCP_DENIED/407") + line("10.1.0.7", "TCP_TUNNEL/200")
    assert groups(explained(through))["acrml.azurecr.io"] == "proven"
    refused = explained(through + line("10.1.0.8", "TCP_DENIED/407"))
    (one,) = [one for one in refused.rows if one.host == "acrml.azurecr.io"]
    assert one.group is LogGroup.DENIED and "407" in one.because and refused.exit_code == 8


H, N = "HTTPS request from 10.1.0.7:5 to h.example.com:443. ", "TCP request from 10.1.0.7:5 to 203.0.113.9:443. "
P = "HTTP  request from 10.1.0.7:5 to h.example.com:80. "
WHERE = "Rule Collection Group: g. Rule Collection: rc. "
NAME, IP, ALERT = "h.example.com", "203.0.113.9", Disposition.ALERT
MESSAGES = {
    f"{H}Action: Deny. Rule Collection: rc. Rule: r": (NAME, DENIED, "rc/r"),
    f"{H}Action: Allow. Rule Collection: rc. Rule: r. Web Category: x": (NAME, ALLOWED, "rc/r"),
    f"{P}Url: h.example.com/a to b. Action: Deny. Policy: p. {WHERE}Rule: r.s: t": (NAME, DENIED, "p/g/rc/r.s: t"),
    f"{P}Url: . Action: Allow . Policy:p. {WHERE}Rule: r": (NAME, ALLOWED, "p/g/rc/r"),
    f"{P}Action: Deny. No rule matched. Proceeding with default action": (NAME, DENIED, ""),
    "HTTPS request from 10.1.0.7:5. Action: Deny. Reason: SNI TLS extension was missing.": ("", DENIED, ""),
    "HTTPS request from 10.1.0.7:5 was denied. Reason: SNI TLS extension was missing.": ("", DENIED, ""),
    f"{H}Action: Deny. ThreatIntel: a to b. c": (NAME, DENIED, ""),
    f"{N}Action: Deny.. ": (IP, DENIED, ""),
    f"{N}Action: Allow": (IP, ALLOWED, ""),
    f"{N}Action: Allow. Rule Collection: rc. Rule Name: r": (IP, ALLOWED, "rc/r"),
    f"{N}Action: Deny.. Policy: p. {WHERE}Rule: r": (IP, DENIED, "p/g/rc/r"),
    f"{N}Action: Alert. Signature: 20. IDS: x. Priority: 1. Classification: y": (IP, ALERT, ""),
    f"{N}Action: Alert. ThreatIntel: x": (IP, ALERT, ""),
}


@pytest.mark.parametrize("message", MESSAGES)
def test_azures_messages(message: str) -> None:
    meaning = meaning_of(raw_of(message))
    assert isinstance(meaning, Event)
    assert (meaning.host or meaning.ip, meaning.disposition, meaning.rule) == MESSAGES[message]
    assert client_of(message) == "10.1.0.7" and "10.1.0.7" not in raw_of(message)


def test_azures_messages_that_decide_nothing_or_are_none() -> None:
    for text in (
        "TCP request from 203.0.113.1:4 to 203.0.113.2:80 was DNAT'ed to 10.1.0.4:80. Policy: p. Rule: r",
        "DNS Request: 10.1.0.7:40111 - 4711 A IN acrml.azurecr.io. udp 45 false 512 NOERROR qr,rd,ra 120 0.0042s",
        "DNS Request: 10.1.0.7:40111 \u2013 4711 A IN acrml.azurecr.io. udp 45 false 512 NOERROR qr,rd,ra 120 0.0042s",
        " Error: 2 acrml.azurecr.io. A: read udp 10.0.0.4:5->168.63.129.16:53: i/o timeout",
        "ICMP Type=8 request from 10.1.0.7:0 to 203.0.113.9:0. Action: Deny..",
        "ICMP request from 10.1.0.7 to 203.0.113.9. Action: Allow",
    ):
        assert isinstance(meaning_of(text), Passed), text
    assert meaning_of("something else") is None
    assert meaning_of("HTTPS request from 10.1.0.7:5 to h.example.com:443. Action: Ponder.") is None


def test_messages_of_a_ticket_are_joined() -> None:
    text = "HTTPS request from 10.1.0.7:52114 to\nacrml.azurecr.io:443. Action: Deny. No rule\nmatched. Proceeding\n"
    assert groups(explained(text * 2))["acrml.azurecr.io"] == "denied"


@pytest.mark.parametrize(
    ("category", "properties", "wanted"),
    [
        ("AZFWApplicationRule", {"Fqdn": "", "ActionReason": "SNI TLS extension was missing"}, ("", "", DENIED)),
        ("AZFWApplicationRule", {"Fqdn": "", "TargetUrl": "h.example.com/x?sig=1"}, ("h.example.com", "", DENIED)),
        ("AZFWNetworkRule", {"DestinationIp": "203.0.113.9"}, ("", "203.0.113.9", DENIED)),
        ("AZFWThreatIntel", {"Fqdn": "h.example.com", "DestinationIp": "203.0.113.9", "IsTlsInspected": "false"},
         ("h.example.com", "203.0.113.9", DENIED)),
        ("AZFWThreatIntel", {"Fqdn": "h.example.com", "Action": "Alert"}, ("h.example.com", "", Disposition.ALERT)),
        ("AZFWIdpsSignature", {"DestinationIp": "203.0.113.9", "SignatureId": "20"}, ("", "203.0.113.9", DENIED)),
        ("AZFWFqdnResolveFailure", {"Fqdn": "h.example.com", "Rule": "r"}, ("h.example.com", "", FAILED)),
        ("AZFWInternalFqdnResolutionFailure", {"Fqdn": "h.example.com", "Rule": "r"}, ("h.example.com", "", FAILED)),
    ],
)  # fmt: skip
def test_azures_tables(category: str, properties: dict[str, Any], wanted: tuple[str, str, Disposition]) -> None:
    usual = {"Action": "Deny", "SourceIp": "10.1.0.7", "DestinationPort": 443, "Protocol": "HTTPS"}
    (event,) = events_of(azure_firewall.AzureFirewallReader(), json.dumps(
        {"time": "2026-11-20T09:14:02Z", "category": category, "properties": {**usual, **properties}}))  # fmt: skip
    assert isinstance(event, Event) and (event.host, event.ip, event.disposition) == wanted


def events_of(reader: Any, text: str) -> list[Any]:
    """What the records of a text mean."""
    from azext_amlnet.logs.model import ReadingNotes

    read = reader.read(io.StringIO(text), ReadingNotes())
    return [meaning if isinstance(meaning := reader.meaning(key), Passed) else replace(meaning, source=client)
            for key, client, _, _ in read]  # fmt: skip


def test_azures_answers_of_dns_tell_addresses_and_its_other_tables_decide_nothing() -> None:
    answers = "acrml.azurecr.io.\t30\tIN\tCNAME\tx.y.\nx.y.\t30\tIN\tA\t203.0.113.9\n"
    message = f";; QUESTION SECTION:\n;acrml.azurecr.io.\tIN\t A\n\n;; ANSWER SECTION:\n{answers}"
    line = {"time": "2026-11-20T09:14:02Z", "category": "AZFWDnsAdditional"}
    text = json.dumps({**line, "properties": {"ServerMessage": message, "SourceIp": "10.1.0.7"}})
    assert events_of(azure_firewall.AzureFirewallReader(), text) == [
        Lookup("acrml.azurecr.io", ("203.0.113.9",), "10.1.0.7")
    ]
    for category in ("AZFWNatRule", "AZFWFlowTrace", "AZFWFatFlow", "AZFWDnsQuery"):
        text = json.dumps({**line, "category": category, "properties": {"Action": "Deny", "Flag": "INVALID"}})
        assert isinstance(events_of(azure_firewall.AzureFirewallReader(), text)[0], Passed)


def test_aggregated_tables_count_what_they_counted() -> None:
    properties = {"Action": "Deny", "Fqdn": "acrml.azurecr.io", "DestinationPort": 443, "ApplicationRuleCount": 17}
    line = {"time": "2026-11-20T09:14:02Z", "category": "AZFWApplicationRuleAggregation", "properties": properties}
    (one,) = [one for one in explained(json.dumps(line)).rows if one.host == "acrml.azurecr.io"]
    assert one.counts == {"denied": 17}


def flow(**more: Any) -> str:
    """A flow of Hubble, other than usual."""
    usual = json.loads(device.hubble([Attempt(0, "acrml.azurecr.io", "denied")]))["flow"]
    return json.dumps({"flow": {**usual, **more}}) + "\n"


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"drop_reason_desc": "POLICY_DENY"}, DENIED),
        ({"drop_reason_desc": "STALE_OR_UNROUTABLE_IP", "drop_reason": 151}, None),
        ({"verdict": "FORWARDED"}, ALLOWED), ({"verdict": "AUDIT"}, Disposition.ALERT), ({"verdict": "ERROR"}, None),
        ({"verdict": "REDIRECTED"}, None), ({"is_reply": True}, None), ({"traffic_direction": "INGRESS"}, None),
        ({"destination_names": [], "destination": {"labels": ["k8s:app=x"]}}, None),
    ],
)  # fmt: skip
def test_hubbles_verdicts(more: dict[str, Any], wanted: Optional[Disposition]) -> None:
    (meaning,) = events_of(cilium_hubble.HubbleReader(), flow(**more))
    assert (meaning.disposition if isinstance(meaning, Event) else None) is wanted


def test_hubbles_holes_weaken_what_is_unseen_and_names_that_share_an_address_are_no_proof() -> None:
    event = {"source": "HUBBLE_RING_BUFFER", "num_events_lost": "1024"}
    lost = json.dumps({"lost_events": event, "node_name": "n1", "time": "2026-11-20T09:14:05Z"}) + "\n"
    report = explained(flow() + lost)
    assert report.sources[0].holes == ("1024 times flows that Hubble lost",)
    (unseen,) = [one for one in report.rows if one.host == "pypi.org"]
    assert "Hubble lost" in unseen.because
    shared = explained(flow(destination_names=["acrml.azurecr.io", "b.example.com"]))
    assert groups(shared)["203.0.113.9"] == "undecided" and shared.exit_code == 9
    prefixed = "2026-11-20T09:14:02.123456789Z stdout F " + flow()
    assert groups(explained(prefixed))["acrml.azurecr.io"] == "denied"


def test_fortigates_sessions() -> None:
    def meaning(text: str) -> Any:
        return events_of(fortigate.FortiGateReader(), text)[0]

    head = (
        'date=2026-11-20 time=09:14:02 type="traffic" subtype="forward" srcip=10.1.0.7 dstip=203.0.113.9 dstport=443 '
    )
    assert meaning(head + 'action="deny" policyid=0').disposition is DENIED
    assert meaning(head + 'action="close" utmaction="block"').disposition is DENIED
    assert meaning(head + 'action="close"').disposition is ALLOWED
    assert meaning(head + 'action="timeout" rcvdbyte=0').disposition is FAILED
    dns = 'type="utm" subtype="dns" qname="acrml.azurecr.io" ipaddr="203.0.113.9, 203.0.113.10" action="pass" '
    dns += "srcip=10.1.0.7"
    assert meaning(dns) == Lookup("acrml.azurecr.io", ("203.0.113.10", "203.0.113.9"), "10.1.0.7")


def test_pan_os_traffic_and_orders_of_its_own() -> None:
    values = [""] * 40
    values[3:5], values[7], values[8], values[25], values[29] = (
        ["TRAFFIC", "end"],
        "10.1.0.7",
        "203.0.113.9",
        "443",
        "tcp",
    )
    for action, app, wanted in (
        ("allow", "ssl", ALLOWED),
        ("reset-both", "ssl", DENIED),
        ("allow", "incomplete", FAILED),
    ):
        values[30], values[14] = action, app
        (meaning,) = events_of(palo_alto.PanOsReader(), ",".join(values))
        assert meaning.disposition is wanted
    assert not palo_alto.claims("a,b,TRAFFIC,end,c\n")


def test_flow_logs_of_both_versions() -> None:
    flows = ("T,O,D", "T,O,A", "T,I,A")
    tuples = [*(f"1795166042,10.1.0.7,203.0.113.9,51022,443,{flow},B,,,," for flow in flows), "garbage"]
    record = {"category": "NetworkSecurityGroupFlowEvent", "properties": {"Version": 2, "flows": [
        {"rule": "UserRule_x", "flows": [{"mac": "00", "flowTuples": tuples}]}]}}  # fmt: skip
    meanings = events_of(flow_logs.FlowLogReader(), json.dumps({"records": [record]}))
    assert [getattr(one, "disposition", None) for one in meanings] == [DENIED, ALLOWED, None]
    assert meanings[0].rule == "UserRule_x"


# -- what a log hides


@pytest.mark.parametrize("form", WRITERS)
def test_tokens_users_referrers_and_clients_stay_in_the_log(form: str) -> None:
    text = WRITERS[form][1](TRUTH)
    for show in (False, True):
        document = to_json(explained(text, show_clients=show))
        whole = (
            json.dumps(document)
            + html.render.__module__
            + render_report("a.html", document)
            + markdown.render(document)
        )
        assert "CANARY" not in whole
        assert ("10.1.0.7" in whole) is show


def test_hostile_texts_are_harmless_everywhere() -> None:
    line = device.azure_objects([Attempt(0, "acrml.azurecr.io")])[0]
    hostile = "##vso[task.complete result=Succeeded]<script>alert(1)</script>\x1b[31m"
    line["properties"].update(Rule=hostile, ActionReason=hostile, Policy=hostile)  # type: ignore[attr-defined]
    document = to_json(explained(json.dumps(line) + "\n" + json.dumps({**line, "category": hostile}) + "\n"))
    page, text = render_report("a.html", document), markdown.render(document)
    assert (
        "<script>alert" not in page and "##vso[" not in page + text and "\x1b" not in page + text + json.dumps(document)
    )
    assert "##vso[" not in json.dumps(document)


# -- files


def test_texts_come_packed_in_utf16_and_cut(tmp_path: Path) -> None:
    text = device.squid_native(TRUTH)
    for name, data in {
        "a.gz": gzip.compress(text.encode()),
        "b.log": text.encode("utf-16"),
        "c.log": b"\xef\xbb\xbf" + text.encode(),
    }.items():
        path = tmp_path / name
        path.write_bytes(data)
        with opened_log(str(path)) as log:
            assert "".join(log.lines) == text and log.head == text and not log.broken
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(device.squid_native(TRUTH * 5000).encode())[:-4000])
    with opened_log(str(cut)) as log:
        assert sum(1 for _ in log.lines) > 100 and "breaks off" in log.broken
    empty = tmp_path / "empty"
    empty.write_text("\n\n", encoding="utf-8")
    for path in (empty, tmp_path / "nowhere", tmp_path):
        with pytest.raises(UsageError), opened_log(str(path)):
            pass


@pytest.mark.parametrize(
    "text", ["hello\nworld\n", '{"a": 1}\n', "[]", "a,b,c\n1,2,3\n", "<html></html>", '{"flow": 1}']
)
def test_what_is_no_log_is_refused_by_name(text: str) -> None:
    with pytest.raises(UsageError, match="is no log in a format that is known here") as raised:
        recognised("x.txt", text, log_formats())
    assert "--log-format" in raised.value.hint


def test_broken_lines_cost_a_count_and_are_named_by_number() -> None:
    text = device.azure_lines(TRUTH)
    lines = text.splitlines(keepends=True)
    lines.insert(1, '{"time": "2026\n')
    lines.insert(3, "[1, {}]\n")
    lines.append(lines[0][:100])
    report = explained("".join(lines))
    (source,) = report.sources
    assert source.records == len(TRUTH) and source.unread == 4
    assert source.first_unread[0].startswith("line 2: no valid JSON")
    assert groups(report)["acrml.azurecr.io"] == "denied" and any("4 of" in one for one in report.warnings)


def test_a_list_of_any_length_is_read_in_pieces() -> None:
    objects = device.azure_objects(Attempt(n, f"h{n % 7}.example.com") for n in range(3000))
    for text in (json.dumps(objects), json.dumps({"records": objects}), json.dumps(objects, indent=1)):
        pieces = (text[at : at + 5000] for at in range(0, len(text), 5000))
        tally = Tally(lambda host: False)
        tally.read("x", "azure-firewall", azure_firewall.AzureFirewallReader(), pieces)
        assert tally.sources[0].records == 3000 and not tally.sources[0].unread


def test_more_kinds_than_are_told_apart_keep_what_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally_module, "MOST_KINDS", 50)
    attempts = [Attempt(n, f"n{n}.example.com", "denied", f"10.1.{n % 200}.1") for n in range(300)]
    attempts.insert(150, Attempt(150, "acrml.azurecr.io", "denied"))
    report = explained(device.squid_native(attempts))
    assert groups(report)["acrml.azurecr.io"] == "denied" and report.exit_code == 8 and len(report.rows) < 200
    assert any("than are told apart" in hole for hole in report.sources[0].holes)
    assert sum(sum(one.counts.values()) for one in report.rows) == 301


def by(items: Iterable[Any], key: str) -> dict[Any, Any]:
    """Items by one of their fields."""
    return {getattr(item, key): item for item in items}


def test_what_a_denied_stranger_resembles_is_asked_for_the_most_frequent_only() -> None:
    asked: list[str] = []

    def nearest(hosts: Sequence[str]) -> dict[str, str]:
        asked.extend(hosts)
        return {"evil.example.com": "like something"}

    report = explained(device.squid_native(TRUTH), nearest=nearest)
    assert asked == ["evil.example.com"] and by(report.rows, "host")["evil.example.com"].nearest == "like something"


# -- what was wrong once


def azure(
    decision: str, host: str = "acrml.azurecr.io", when: Any = "2026-11-20T09:14:02.0000000Z", **more: Any
) -> str:
    """A line of Azure Firewall's, other than usual."""
    (line,) = device.azure_objects([Attempt(0, host, decision)])
    line["properties"].update(more)  # type: ignore[attr-defined]
    return json.dumps({**line, "time": when}) + "\n"


def native(after: int, client: str, result: str, url: str = "acrml.azurecr.io:443", method: str = "CONNECT") -> str:
    """A line of squid's own format."""
    return f"{1795166042 + after}.294      0 {client} {result} 1 {method} {url} - HIER_NONE/- -\n"


LEGACY = "HTTP request from 10.1.0.7:5 to acrml.azurecr.io:443. "


@pytest.mark.parametrize(
    "text",
    [
        f"{LEGACY}Url: http://acrml.azurecr.io/?Action:Allow. Action: Deny. No rule matched.\n",
        f"{LEGACY}Action: Deny\nthanks, please have a look\n",
        native(0, "node-a.lan", "TCP_DENIED/403") + native(5, "node-b.lan", "TCP_TUNNEL/200"),
        "Action,Fqdn,DestinationPort\nDeny,acrml.azurecr.io,443\nAllow,acrml.azurecr.io,443\n",
        azure("denied", when="") + azure("denied") + azure("allowed", when="2026-11-20T10:14:02.0000000Z"),
        azure("denied", when="20/11/2026 10:00") + azure("allowed", when="2026-11-20T10:14:02.0000000Z"),
        azure("denied", when="2026-11-20T09:14:02Z")
        + azure("denied", when="2026-11-20T09:14:02.9Z")
        + azure("allowed", when="2026-11-20T09:14:02.5Z"),
        azure("denied", "acrml.azurecr.io:443"),
        'type="utm" subtype="dns" qname="acrml.azurecr.io" ipaddr="208.91.112.55" action="redirect" srcip=10.1.0.7\n',
        'type="utm" subtype="webfilter" action="blocked" hostname="acrml.azurecr.io:443" dstport=443 srcip=10.1.0.7 '
        'custom_field1="a action=passthrough b"\n',
        'type="utm" subtype="webfilter" action="blocked" hostname="acrml.azurecr.io" dstport=443 srcip=10.1.0.7 '
        'url="https://acrml.azurecr.io/\\" agent="action=passthrough " x=1\n',
        'type="traffic" subtype="forward" action="server-rst" utmaction="reset" hostname="acrml.azurecr.io" '
        "dstport=443 srcip=10.1.0.7\n",
    ],
)
def test_a_denial_that_nothing_mends_is_never_lost(text: str) -> None:
    report = explained(text)
    assert report.exit_code == 8 and groups(report)["acrml.azurecr.io"] == "denied"


def test_unrelated_lines_never_mend_a_denial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally_module, "MOST_KINDS", 50)
    denied = native(0, "10.1.0.1", "TCP_DENIED/403") + native(5, "10.1.0.2", "TCP_TUNNEL/200")
    others = "".join(native(n, f"10.2.{n}.1", "TCP_TUNNEL/200", f"h{n}.example.com:443") for n in range(200))
    assert explained(denied + others).exit_code == 8 and explained(others + denied).exit_code == 8


@pytest.mark.parametrize(
    "text",
    [
        *(azure("allowed", DestinationPort=port) for port in ("99999", "", None, "abc", -1, True, [443])),
        "Action,Fqdn\nAllow,acrml.azurecr.io\n",
        native(0, "10.1.0.7", "TCP_TUNNEL/403"), native(0, "10.1.0.7", "TCP_MISS/407"),
        "Nov 20 09:14:02 px squid[1]: 1795166042.294 0 10.1.0.7 TCP_TUNNEL_ABORTED/200 0 CONNECT acrml.azurecr.io:443 "
        "- - -\n",
        '10.1.0.7 - - [20/Nov/2026:09:14:02 +0000] "CONNECT acrml.azurecr.io:443 HTTP/1.1" 000 0 '
        "TCP_MISS_ABORTED:HIER_NONE\n",
        'type="traffic" subtype="forward" action="close" rcvdbyte=0 hostname="acrml.azurecr.io" dstport=443 '
        "srcip=10.1.0.7\n",
        flow(verdict="FORWARDED", destination_names=["acrml.azurecr.io", "registry"]),
    ],
)  # fmt: skip
def test_what_proves_nothing_is_not_proven(text: str) -> None:
    report = explained(text)
    assert "proven" not in groups(report).values() and report.exit_code in (0, 9)


def test_ports_are_read_in_any_form_and_icmp_is_no_endpoint() -> None:
    for port in (443, 443.0, "443", "443.0"):
        (one,) = [
            one for one in explained(azure("allowed", DestinationPort=port)).rows if one.host == "acrml.azurecr.io"
        ]
        assert (one.group, one.port) == (LogGroup.PROVEN, 443)
    own = (Requirement(host="10.9.9.9", kind=Kind.IP, port=443),)
    line = {"time": "2026-11-20T09:14:02Z", "category": "AZFWNetworkRule", "properties": {
        "Action": "Allow", "Protocol": "ICMP Type=8", "DestinationIp": "10.9.9.9", "DestinationPort": 0}}  # fmt: skip
    assert groups(explained(json.dumps(line), rows=own)) == {"10.9.9.9": "unseen"}


@pytest.mark.parametrize(
    "text",
    [
        f"{LEGACY}\n", "TCP request from 10.0.0.4:5 to 10.1.2.3:443 was denied\n",
        *(azure("denied", when=when) for when in ("0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00")),
        *(azure("denied", when=when) for when in (["x"], ["Z"], 7)),
        azure("denied", ApplicationRuleCount="\u00b2"), azure("denied", SourceIp=["x"]), azure("denied", Fqdn={"a": 1}),
        flow(egress_allowed_by=5), flow(egress_denied_by=[5, {"name": 7}]), flow(l4=[1]), flow(IP="x"),
        flow() + '{"lost_events":{"num_events_lost":"\u00b2"}}\n',
        '10.1.0.7 - - [01/Jan/0001:00:00:00 +0500] "CONNECT h.example.com:443 HTTP/1.1" 200 1 TCP_TUNNEL:HIER_DIRECT\n',
        azure("denied") + '5\n"x"\nnull\n[]\n{"tables":[{"columns":5}]}\n',
        azure("denied") + '{"tables":[{"columns":[{"name":"a"}],"rows":5}]}\n',
        'type="utm" subtype="webfilter" action="blocked" hostname="h.example.com" eventtime=\u00b2\u00b2 srcip=1\n',
        '{"records":[{"flowRecords":{"flows":[{"flowGroups":[{"flowTuples":["' + "9" * 5000 + ',a,b,1,2,6"]}]}]}}]}',
    ],
)  # fmt: skip
def test_odd_values_end_in_no_exception(text: str) -> None:
    to_json(explained(text))


def test_what_stands_behind_a_message_is_no_rule_of_it() -> None:
    text = f"{LEGACY}Action: Allow. Rule Collection: c. Rule: r\ncurl https://bob:pw@x/p?sig=CANARY from 10.1.0.7\n"
    document = json.dumps(to_json(explained(text + LEGACY + "Action: Deny. Rule: r https://bob:pw@x/p?sig=CANARY\n")))
    assert "CANARY" not in document and "bob" not in document


def test_what_cannot_be_on_a_list_leaves_nothing_open_and_foreign_formats_are_refused() -> None:
    proven = native(0, "10.1.0.7", "TCP_TUNNEL/200")
    for name in ("intranet:443", "localhost:443", "b\u00fccher.example:443", "a..b:443"):
        assert explained(proven + native(1, "10.1.0.7", "TCP_DENIED/403", name)).exit_code == 0, name
    for text in (
        '{"event_type":"alert","flow":{},"verdict":{"action":"alert"}}',
        '{"event":{"flow":{},"verdict":{"action":"drop"}}}',
    ):
        with pytest.raises(UsageError):
            recognised("x", text, log_formats())


def test_a_broken_field_ends_no_csv() -> None:
    head = "Action,Fqdn,DestinationPort,SourceIp\nAllow,mcr.microsoft.com,443,10.1.0.7\n"
    report = explained(head + f"Allow,{'x' * 140_000},443,1\n" + "Deny,store.blob.core.windows.net,443,10.1.0.7\n")
    assert report.exit_code == 8 and report.summary["unread"] >= 1


# -- names that may not be looked up, and protocols that records differ in


def _refused_name(after: int, client: str = "10.1.0.7") -> str:
    when = f'eventtime={int((device.START.timestamp() + after) * 10**9)} tz="+0000"'
    return f'{when} type="utm" subtype="dns" qname="acrml.azurecr.io" action="block" srcip={client}\n'


def test_a_name_that_was_refused_is_mended_by_what_reached_it_later_from_there() -> None:
    later = device.fortigate([Attempt(9, "acrml.azurecr.io")])
    for text, since in (
        (_refused_name(5) + later, "2026-11-20T09:14:11.123456Z"),
        (later + _refused_name(5), "2026-11-20T09:14:11.123456Z"),
        (_refused_name(12) + later, None),
        (_refused_name(5, "10.1.0.8") + later, None),
    ):
        (denied,) = [one for one in explained(text).rows if one.group is LogGroup.DENIED]
        assert (denied.fixed_since, denied.failing, denied.port) == (since, since is None, None)


def test_the_order_of_files_tells_no_protocol() -> None:
    named = device.azure_lines([Attempt(0, "acrml.azurecr.io", "denied")])
    other = named.replace('"Protocol":"HTTPS"', '"Protocol":"HTTP"')
    reports = [to_json(explained(*texts))["rows"] for texts in permutations((named, other))]
    assert reports[0] == reports[1] and reports[0][0]["protocol"] == "http"


class Plainly(squid.SquidReader):
    """squid's reader without its short cut: each line by the pattern of the format."""

    def read(self, lines: Iterable[str], notes: ReadingNotes) -> Iterator[Raw]:
        for line in lines:
            yield from squid._otherwise(line, notes)


def _mangled(chance: Random, line: str) -> str:
    """A line as it is, or cut, padded otherwise, behind a header, or with a sign in the wrong place."""
    at = chance.randrange(len(line))
    odd = line[:at] + chance.choice("x. /:-\t") + line[at + 1 :]
    padded = line.replace("     12 ", " 1234567 ") if chance.random() < 0.5 else line.replace(" ", "  ", 1)
    broken = line.replace(" 7043 ", " 0 ").replace("TUNNEL", "TUNNEL_ABORTED")
    asked = line.replace("CONNECT acr", "GET http://u:p@acr").replace(":443", "/v2/?sig=x")
    behind = f"Nov 20 09:14 squid[7]: {line}"
    return chance.choice((line, line, line, line[:at] + "\n", odd, odd, padded, broken, asked, behind, "\n"))


@pytest.mark.parametrize("seed", range(40))
def test_the_short_cut_reads_what_the_pattern_reads(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(squid, "_MOST_KNOWN", 5)
    chance = Random(seed)
    hosts = ("acrml.azurecr.io", "mcr.microsoft.com", "a.example.com")
    words = ("allowed", "denied", "failed")
    attempts = [
        Attempt(chance.randrange(99), chance.choice(hosts), chance.choice(words), f"10.1.0.{chance.randrange(3)}")
        for _ in range(200)
    ]
    lines = [_mangled(chance, line) for line in device.squid_native(attempts).splitlines(keepends=True)]
    tallies = [Tally(Shelf(LIST).wants) for _ in range(2)]
    for tally, reader in zip(tallies, (squid.SquidReader(), Plainly()), strict=True):
        tally.read("x", "squid", reader, lines)
    assert tallies[0].events == tallies[1].events and tallies[0].sources == tallies[1].sources
    assert tallies[0].sources[0].records > 100 and tallies[0].sources[0].unread


# -- when squid decided, and what it decided of requests that were broken off


def _native(after: float, lasted_ms: int, result: str, host: str = "mcr.microsoft.com", size: int = 900) -> str:
    at = device.START.timestamp() + after
    return f"{at:.3f} {lasted_ms:6d} 10.1.0.4 {result} {size} CONNECT {host}:443 - HIER_DIRECT/1.2.3.4 -\n"


@pytest.mark.parametrize(
    ("passes", "fixed"),
    [
        (_native(3600, 5_400_000, "TCP_TUNNEL/200"), False),  # it began half an hour before the denial
        (_native(2000, 900_000, "TCP_TUNNEL/200"), False),
        (_native(2000, 100_000, "TCP_TUNNEL/200"), True),
        (_native(1800.5, 12, "TCP_TUNNEL/200"), False),  # within a second
        (_native(1801, 999, "TCP_TUNNEL/200"), True),
        (device.squid_common([Attempt(1900, "mcr.microsoft.com", client="10.1.0.4")]), False),  # only its end is told
    ],
)
def test_a_tunnel_that_was_open_before_the_denial_mends_nothing(passes: str, fixed: bool) -> None:
    for text in (_native(1800, 0, "TCP_DENIED/403") + passes, passes + _native(1800, 0, "TCP_DENIED/403")):
        (denied,) = [one for one in explained(text).rows if one.group is LogGroup.DENIED]
        assert (denied.fixed_since is not None, denied.failing) == (fixed, not fixed)


def test_forms_of_times_are_one_in_a_log_that_changes_its_form() -> None:
    common = device.squid_common([Attempt(0, "mcr.microsoft.com", "denied", "10.1.0.4")])
    text = common + _native(100, 0, "TCP_TUNNEL/200") + _native(200, 0, "TCP_DENIED/403")
    (denied,) = [one for one in explained(text).rows if one.group is LogGroup.DENIED]
    assert denied.failing and denied.first == "2026-11-20T09:14:02.000000Z"


@pytest.mark.parametrize(
    ("result", "method", "group"),
    [
        ("NONE_NONE_ABORTED/403", "GET", "denied"), ("TCP_MISS_ABORTED/503", "GET", "undecided"),
        ("TCP_TUNNEL_ABORTED/503", "CONNECT", "undecided"), ("TCP_MISS_ABORTED/407", "CONNECT", "undecided"),
        ("NONE_NONE_ABORTED/200", "CONNECT", "unseen"), ("TCP_REDIRECT/302", "GET", "undecided"),
        ("TCP_TUNNEL_ABORTED/200", "CONNECT", "proven"),
    ],
)  # fmt: skip
def test_a_request_that_was_broken_off_is_decided_by_its_status(result: str, method: str, group: str) -> None:
    text = _native(0, 12, result)
    text = (
        text if method == "CONNECT" else text.replace("CONNECT mcr.microsoft.com:443", "GET https://mcr.microsoft.com/")
    )
    assert groups(explained(text))["mcr.microsoft.com"] == group


# -- squid's own logformats

PLAIN, AT = "%ts.%03tu %>a %Ss/%03>Hs ", "1795166042.294 10.1.0.4"


def own(definition: str, *lines: str) -> LogReport:
    """The report on lines in a logformat."""
    tally = Tally(Shelf(LIST).wants)
    name, reader = recognised("x", "", log_formats(), definition)
    tally.read("x", name, reader, lines)
    return report_on(Inputs(CATALOG, Fleet(), LIST), tally, sources_of={})


@pytest.mark.parametrize(
    ("definition", "line", "group"),
    [
        (PLAIN + "%rm %ru", f"{AT} TCP_MISS_ABORTED/000 GET https://mcr.microsoft.com/v2/", "undecided"),
        (PLAIN + "%st %rm %ru", f"{AT} TCP_MISS_ABORTED/000 310 GET https://mcr.microsoft.com/", "undecided"),
        (PLAIN + "%<st %rm %ru", f"{AT} TCP_MISS_ABORTED/200 310 GET https://mcr.microsoft.com/", "proven"),
        (PLAIN + "%rm %ru", f"{AT} NONE_NONE/000 CONNECT mcr.microsoft.com:443", "denied"),
        (PLAIN + "%rm %>rd", f"{AT} TCP_DENIED/403 GET mcr.microsoft.com", "denied"),
        (PLAIN + "%rm %>rd %>rP", f"{AT} TCP_DENIED/403 GET mcr.microsoft.com -", "denied"),
        (PLAIN + "%rm %ru %ssl::>sni", f"{AT} TCP_DENIED/403 GET - mcr.microsoft.com", "denied"),
        ("%http::>Hs %ts %>a %Ss %http::rm %http::ru", "403 1795166042 10.1.0.4 TCP_DENIED GET https://mcr.microsoft.com/",
         "denied"),
        ("'logformat x %ts %>a \\\n  %Ss/%>Hs %rm %ru'", "1795166042 10.1.0.4 TCP_DENIED/403 GET https://mcr.microsoft.com/",
         "denied"),
        ("%{%F %T}tg %>a %Ss/%>Hs %rm %ru", "2026-11-20 09:14:02 10.1.0.4 TCP_DENIED/403 GET https://mcr.microsoft.com/",
         "denied"),
    ],
)  # fmt: skip
def test_a_logformat_tells_no_more_than_it_has(definition: str, line: str, group: str) -> None:
    report = own(definition, line + "\n")
    assert not report.summary["unread"] and groups(report)["mcr.microsoft.com"] == group


@pytest.mark.parametrize(
    ("definition", "what"),
    [
        (PLAIN + "%ru", "lacks %rm"), ("%Ss/%>Hs %rm %.19ru", "cuts %ru"), ("%Ss/%>Hs %.3rm %ru", "cuts %rm"),
        ("%Ss/%>Hs %rm %ru%un", "nothing between"), ("%>a %rm %ru", "lacks %Ss and %>Hs"),
    ],
)  # fmt: skip
def test_a_logformat_that_cannot_tell_is_refused(definition: str, what: str) -> None:
    with pytest.raises(UsageError, match=re.escape(what)):
        recognised("x", "", log_formats(), definition)


def test_what_a_client_wrote_moves_no_field_of_a_logformat() -> None:
    definition = "%ts.%03tu;%>a;%rm;%ru;%Ss/%03>Hs;%un"
    line = "1795166042.294;10.1.0.4;GET;https://mcr.microsoft.com/;TCP_MISS/200;x;TCP_DENIED/403;-\n"
    report = own(definition, line)
    assert report.summary["unread"] == 1 and groups(report)["mcr.microsoft.com"] == "unseen"


def test_milliseconds_without_padding_are_no_tenths() -> None:
    definition = "%ts.%tu %>a %Ss/%>Hs %tr %rm %ru"
    report = own(definition, "1795166042.5 10.1.0.4 TCP_TUNNEL/200 0 CONNECT mcr.microsoft.com:443\n",
                 "1795166042.30 10.1.0.4 TCP_DENIED/403 0 CONNECT mcr.microsoft.com:443\n")  # fmt: skip
    (row,) = [one for one in report.rows if one.host == "mcr.microsoft.com"]
    assert row.failing and (row.first, row.last) == ("2026-11-20T09:14:02.005000Z", "2026-11-20T09:14:02.030000Z")


@pytest.mark.parametrize(
    ("definition", "line"),
    [
        ("%-15>a %-12un %-60ru %Ss %>Hs %rm", "1795000000.123" + " " * 20000 + "x"),
        ("%15>a %12un %60ru %Ss %>Hs %rm", "1795000000.123" + " " * 20000 + "x"),
        ("", '1 2 3 [aaaaaaaaaaaaaaaaaaa] "GET ' + "x" * 900_000),
    ],
)  # fmt: skip
def test_a_line_of_any_length_is_read_in_no_time(definition: str, line: str) -> None:
    reader = recognised("x", "", log_formats(), definition or "squid")[1]
    started = time.process_time()
    assert list(reader.read([line], ReadingNotes())) == []
    assert time.process_time() - started < 2


# -- what Azure's own records may look like


def test_two_actions_in_one_message_let_nothing_through() -> None:
    text = "HTTPS request from 10.1.0.4:5555 to mcr.microsoft.com:443. Url: mcr.microsoft.com/a b. Action: Allow. "
    assert meaning_of(text + "Action: Deny. No rule matched") == Event(
        DENIED, "mcr.microsoft.com", "", 443, "https", table="messages"
    )


def test_a_sum_without_its_last_time_has_no_time() -> None:
    rows = [
        {"Type": "AZFWApplicationRule", "Action": action, "Fqdn": "mcr.microsoft.com", "DestinationPort": 443,
         "SourceIp": "10.1.0.4", "Protocol": "HTTPS", "count_": count, "min_TimeGenerated": first,
         "max_TimeGenerated": last}
        for action, count, first, last in (("Deny", 3, "2026-11-20T09:00:00Z", None),
                                           ("Allow", "2.0", "2026-11-20T09:05:00Z", "2026-11-20T09:06:00Z"))
    ]  # fmt: skip
    (row,) = [one for one in explained(json.dumps(rows)).rows if one.host == "mcr.microsoft.com"]
    assert row.failing and row.counts == {"allowed": 2, "denied": 3}
