"""The report's formats: what each reader needs is there, and nothing that a server said breaks out of them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azext_amlnet._format import report_table
from azext_amlnet.reports import FORMATS, by_severity, endpoint, render
from azext_amlnet.reports.annotations import SYSTEMS, lines
from azext_amlnet.reports.redact import redacted

from .world import ROOT

SCHEMA = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"


def row(host: str, verdict: str, **more: Any) -> dict[str, Any]:
    """A result of a report."""
    fine = verdict == "reachable"
    steps = [
        {"layer": "dns", "outcome": "ok", "elapsedMs": 3.1, "facts": {"addresses": ["10.1.2.3"], "answers": []}},
        {"layer": "tcp", "outcome": "ok" if fine else "failed", "elapsedMs": 21.0, "facts": {"failure": "timeout"}},
    ]
    result = {
        "host": host,
        "port": 443,
        "protocol": "https",
        "kind": "fqdn",
        "level": "required",
        "topic": "registry",
        "reason": "Image layers.",
        "computes": ["gpu-aks"],
        "vantage": "local",
        "verdict": verdict,
        "cause": None if fine or verdict == "skipped" else "tcp_timeout",
        "layer": None if fine else "tcp",
        "because": "" if fine else "10.1.2.3: timeout",
        "hint": "" if fine else "Ask the network team.",
        "testedBy": None,
        "warnings": [],
        "notes": [],
        "elapsedMs": 24.1,
        "steps": steps,
        "failing": verdict in ("blocked", "unknown"),
        "owner": None if fine or verdict == "skipped" else "network",
    }
    return {**result, **more}


def report(*rows: dict[str, Any], code: int = 8) -> dict[str, Any]:
    """A report with these rows."""
    verdicts = ("reachable", "degraded", "blocked", "unknown", "skipped")
    levels = {
        level: {v: sum((r["level"], r["verdict"]) == (level, v) for r in rows) for v in verdicts}
        for level in ("required", "recommended", "optional")
    }
    counts = {v: sum(r["verdict"] == v for r in rows) for v in verdicts}
    return {
        "schemaVersion": 1,
        "tool": {"name": "amlnet", "version": "1.0.0b1"},
        "catalog": {"version": "2026.11.23", "digest": "0123456789ab"},
        "workspace": {
            "name": "ml-ws",
            "id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/ml-rg",
            "resourceGroup": "ml-rg",
            "workspaceId": None,
            "region": "westeurope",
            "cloud": "public",
        },
        "workspaces": [],
        "gaps": [],
        "vantages": [
            {
                "name": "local",
                "place": "this machine",
                "node": "agent-07",
                "pool": None,
                "resolvers": ["10.0.0.10:53", "[fd00::a]:53"],
                "proxy": {"http": None, "https": "http://10.9.9.9:3128", "skip": ["localhost"]},
                "trust": {"source": "system", "empty": False},
                "python": "3.11.7",
            }
        ],
        "startedAt": "2026-11-23T10:00:00Z",
        "durationMs": 5012.3,
        "summary": {"verdicts": counts, "levels": levels, "skippedRequired": [], "exitCode": code},
        "warnings": [],
        "results": list(rows),
        "differences": [],
        "interception": [],
    }


MIXED = report(
    row("fine.io", "reachable", warnings=["TLS is probably inspected."], topic="storage"),
    row("*.x.io", "skipped", kind="wildcard"),
    row("slow.io", "degraded", cause="tcp_partial"),
    row("rec.io", "blocked", level="recommended", failing=False),
    row("lost.io", "unknown", cause="pod_no_result", steps=[], elapsedMs=None),
    row("gone.io", "blocked", port=8443),
)


def test_the_samples_are_reports() -> None:
    jsonschema.validate(MIXED, SCHEMA)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


# -- JSON, table


def test_json_is_the_document_itself() -> None:
    assert json.loads(render("x.json", MIXED)) == MIXED


def test_what_is_broken_comes_first() -> None:
    order = [result["host"] for result in by_severity(MIXED)]
    assert order == ["gone.io", "lost.io", "rec.io", "slow.io", "*.x.io", "fine.io"]


@pytest.mark.parametrize("columns", [60, 99, 100, 140, 250])
def test_the_table_fits_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("azext_amlnet._format._width", lambda: columns)
    host, because = "a" * 60 + ".io", "word " * 60
    rows = (row(host, "blocked", because=because, testedBy="b.io", change="worse"), row("fine.io", "reachable",
            change="same"))  # fmt: skip
    table = [dict(line) for line in report_table(report(*rows))]
    widths = [max(len(line[name]) for line in [*table, {n: n + "  " for n in table[0]}]) + 2 for name in table[0]]
    assert sum(widths) - 2 <= columns and table[0]["Change"] == "worse"
    assert ("Reason" in table[0]) == (columns >= 100)
    assert sum(widths) - 2 >= columns - 5 or columns < 100
    monkeypatch.setattr("azext_amlnet._format._width", lambda: None)
    (line, _) = report_table(report(*rows))
    assert line["Endpoint"] == host and because.strip() in line["Reason"]


@pytest.mark.parametrize(
    ("port", "protocol", "text"),
    [(443, "https", "a.io"), (8443, "https", "a.io:8443"), (80, "http", "a.io:80"), (445, "smb", "a.io:445/smb")],
)
def test_an_endpoint_in_words(port: int, protocol: str, text: str) -> None:
    assert endpoint({"host": "a.io", "port": port, "protocol": protocol}) == text


# -- JUnit


def test_junit_has_a_suite_a_topic_and_agrees_with_the_exit_code() -> None:
    root = Xml.fromstring(render("x.xml", MIXED))
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["storage", "registry"]
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6",
        "failures": "1",
        "errors": "1",
        "skipped": "3",
    }
    registry = suites["registry"]
    assert (registry.get("tests"), registry.get("timestamp")) == ("5", "2026-11-23T10:00:00")
    gone = next(case for case in registry if case.get("name") == "gone.io:8443")
    failure = gone.find("failure")
    assert failure is not None and failure.get("type") == "tcp_timeout" and "10.1.2.3: timeout" in str(failure.text)
    assert "Ask the network team." in str(failure.text)
    assert gone.get("classname") == "amlnet.registry" and gone.get("time") == "0.024"
    recommended = next(case for case in registry if case.get("name") == "rec.io").find("skipped")
    assert recommended is not None and "recommended; blocked (tcp_timeout)" in str(recommended.get("message"))
    assert suites["storage"][0].findtext("system-out") == "TLS is probably inspected."


# -- annotations


def test_azure_devops_reads_the_annotations() -> None:
    commands = list(lines(MIXED, "azure-devops"))
    assert commands[0] == (
        "##vso[task.logissue type=error;code=tcp_timeout]gone.io:8443 (required) is blocked (tcp_timeout): "
        "10.1.2.3: timeout. Ask the network team."
    )
    assert [line.split("type=")[1].split(";")[0] for line in commands] == ["error", "error", "warning", "warning"]


def test_github_reads_the_annotations() -> None:
    assert next(lines(MIXED, "github")) == (
        "::error title=gone.io%3A8443 blocked::gone.io:8443 (required) is blocked (tcp_timeout): "
        "10.1.2.3: timeout. Ask the network team."
    )


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_text_becomes_a_command_of_its_own(system: str) -> None:
    hostile = "x\n##vso[task.setvariable variable=a]b\r\n::set-output name=a::b %0A::error::"
    (line,) = lines(report(row("gone.io", "blocked", because=hostile)), system)
    assert "\n" not in line and "\r" not in line and line.count("%0A") == 0


# -- hostile text in every format

HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;\x00\x1b[2J\ud800\ufffe]]>"


class Tags(HTMLParser):
    """The elements of a page and their attributes' names."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {str(value) for name, value in attrs if name == "href" and tag == "a"}

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile(text: str) -> dict[str, Any]:
    bad = row(
        "gone.io", "blocked", because=text, hint=text, reason=text, warnings=[text], notes=[text], computes=[text]
    )
    bad["steps"][0]["facts"] = {"title": text, text: text}
    page = report(bad, row("fine.io", "reachable", reason=text))
    page["warnings"], page["workspace"]["name"] = [text], text
    page["vantages"][0]["node"] = text
    return page


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.just(HOSTILE), st.text(max_size=40)))
def test_nothing_breaks_out_of_a_format(text: str) -> None:
    Xml.fromstring(render("x.xml", hostile(text)).encode("utf-8", "replace"))
    json.loads(render("x.json", hostile(text)))
    page = Tags()
    page.feed(render("x.html", hostile(text)))
    assert not page.tags & {"script", "img", "iframe", "object", "form"}
    assert all(re.fullmatch("#[a-z_]+", link) for link in page.links)
    assert not {name for name in page.attributes if name.startswith("on") or name in ("src", "href")} - {"href"}


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_is_encodable_whatever_it_holds(ending: str) -> None:
    render(f"x{ending}", hostile(HOSTILE)).encode("utf-8")


# -- HTML


def test_the_page_needs_nothing_but_itself() -> None:
    page = render("report.HTML", MIXED)
    assert not re.search(r'src=|url\(|@import|<script|href="(?!data:,"|#[a-z_]+")', page)
    assert "default-src 'none'" in page and "prefers-color-scheme: dark" in page
    assert "2 endpoints are blocked, 1 of them required; 1 required endpoint could not be measured" in page
    assert "  gone.io   8443  TCP HTTPS  required\n" in page


def test_a_cause_on_the_page_leads_to_what_it_means() -> None:
    page = render("report.html", MIXED)
    assert '<a href="#tcp_timeout">tcp_timeout</a>' in page and page.count("<dt id=tcp_timeout>") == 1
    meant = page[page.index("<dt id=tcp_timeout>") :].partition("</dd>")[0]
    assert "a firewall drops them" in meant and "log has the connection as denied" in meant
    fine = report(row("fine.io", "reachable"))
    assert "What the causes mean" not in render("report.html", fine)


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium: run `make tools` as root")
def test_a_real_browser_shows_the_numbers_without_an_error(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(render("report.html", MIXED), encoding="utf-8")
    words = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    words += [f"--user-data-dir={tmp_path / 'profile'}", "--disable-background-networking", "--no-first-run"]
    done = subprocess.run([*words, "--dump-dom", path.as_uri()], capture_output=True, text=True, timeout=90)
    assert done.returncode == 0 and "CONSOLE" not in done.stderr, done.stderr
    for verdict, count in MIXED["summary"]["verdicts"].items():
        assert re.search(rf'id="count-{verdict}">{count}<', done.stdout), verdict
    assert done.stdout.count('<details class="row') == len(MIXED["results"])


# -- redaction


@pytest.mark.parametrize("name", ["blocked", "https", "registry", "io"])
def test_a_machine_whose_name_is_a_word_of_the_report_breaks_nothing(name: str) -> None:
    page = report(row("gone.io", "blocked"))
    page["vantages"][0]["node"] = name
    clean = redacted(page)
    jsonschema.validate(clean, SCHEMA)
    assert clean["results"] == redacted(report(row("gone.io", "blocked")))["results"]
    render("x.html", clean)


def test_a_redacted_report_tells_no_stranger_where_it_was() -> None:
    page = report(row("gone.io", "blocked", because="10.1.2.3: timeout, 20.1.2.3: timeout, v1.2.3.4.5 fd00::a"))
    page["warnings"] = [f"/subscriptions/{SUBSCRIPTION}/x refuses; asked 10.0.0.10:53, 100.65.1.2."]
    clean = redacted(page)
    jsonschema.validate(clean, SCHEMA)
    text = json.dumps(clean)
    for secret in (SUBSCRIPTION, "10.1.2.3", "10.0.0.10", "fd00::a", "10.9.9.9", "agent-07"):
        assert secret not in text, secret
    assert "20.1.2.3" in text and "1.0.0b1" in text and "3.11.7" in text and "2026-11-23T10:00:00Z" in text
    (name,) = clean["results"][0]["steps"][0]["facts"]["addresses"]
    assert re.fullmatch(r"<private-\d>", name)
    assert clean["results"][0]["because"].startswith(f"{name}: timeout, 20.1.2.3")
    (warning,) = clean["warnings"]
    assert re.fullmatch(r"/subscriptions/<subscription-1>/x refuses; asked <resolver-1>, <private-\d>\.", warning)
    assert clean["vantages"][0]["node"] == "<node-1>"
    assert page["results"][0]["because"].startswith("10.1.2.3")


@pytest.mark.parametrize(
    "text", ["客户端IP 是10.77.1.2", "→10.77.1.2", "a\n10.77.1.2", "IP:10.77.1.2 blocked", "::ffff:10.77.1.2"]
)
def test_an_address_is_hidden_whatever_stands_before_it(text: str) -> None:
    result = row("a.io", "blocked", because=text, steps=[])
    assert "10.77.1.2" not in json.dumps(redacted(report(result)), ensure_ascii=False)


def test_a_search_domain_is_hidden() -> None:
    result = row("a.io", "blocked", because="clients get 10.1.2.3, which is a.io.secret.corp.example")
    result["steps"][0]["facts"] = {"searched": {"name": "a.io.secret.corp.example", "addresses": ["10.1.2.3"]}}
    clean = redacted(report(result))["results"][0]
    assert re.fullmatch(r"clients get <private-\d>, which is a\.io\.<domain-1>", clean["because"])
    assert "secret" not in str(clean)


def test_the_scope_that_was_searched_is_hidden_too() -> None:
    scope = {"door": "lists", "subscriptions": [{"id": SUBSCRIPTION, "name": "prod-secret"}], "managementGroups": [],
             "workspaceIds": [], "behind": None, "notBehind": [], "undecided": [], "gaps": []}  # fmt: skip
    clean = redacted({**report(row("a.io", "blocked")), "scope": scope})
    jsonschema.validate(clean, SCHEMA)
    assert "prod-secret" not in str(clean) and SUBSCRIPTION not in str(clean)


def test_subscriptions_are_hidden_however_they_are_spelt() -> None:
    document = report(row("a.io", "blocked", because="id ABCDEF00-2222-3333-4444-555555555555"))
    document["workspace"]["id"] = "/Subscriptions/abcdef00-2222-3333-4444-555555555555/x"
    clean = redacted(document)
    assert clean["workspace"]["id"] == "/Subscriptions/<subscription-1>/x"
    assert clean["results"][0]["because"] == "id <subscription-1>"


def test_a_resolver_without_a_port_is_hidden_and_nothing_else() -> None:
    document = report(row("a.io", "blocked"))
    document["vantages"][0]["resolvers"] = ["10.0.0.10", "", "fd00::a"]
    clean = redacted(document)
    assert re.fullmatch(r"<private-\d>: timeout", clean["results"][0]["because"])
    assert clean["results"][0]["host"] == "a.io"


# -- headlines


@pytest.mark.parametrize(
    ("rows", "code", "part"),
    [
        ([row("a.io", "blocked", failing=False, change="same")], 0, "blocked, 1 of them required; none is worse"),
        ([row("a.io", "degraded", failing=True, cause="tcp_partial")], 8, "1 required endpoint is degraded"),
        ([row("*.x.io", "skipped"), row("b.io", "reachable")], 130, "interrupted before the end"),
        ([row("*.x.io", "skipped")], 9, "Nothing required was measured"),
        ([row("b.io", "reachable")], 0, "Nothing required is blocked"),
    ],
)  # fmt: skip
def test_the_headline_says_what_is(rows: list[dict[str, Any]], code: int, part: str) -> None:
    assert part in render("x.html", report(*rows, code=code))


def test_of_several_vantages_each_row_says_its_own_and_endpoints_are_counted_once() -> None:
    rows = [row("a.io", "blocked", vantage=pool, owner="network") for pool in ("pool-a", "pool-b")]
    document = report(*rows)
    document["vantages"] = [{**document["vantages"][0], "name": pool} for pool in ("pool-a", "pool-b")]
    page = render("x.html", document)
    assert "1 endpoint is blocked, 1 of them required" in page
    assert all(f"from {pool}" in page[page.index("All endpoints") :] for pool in ("pool-a", "pool-b"))
    ticket = page[page.index("<pre>") : page.index("</pre>")]
    assert ticket.count("TCP HTTPS") == 1 and "a.io from pool-b: tcp_timeout" in ticket
    assert "1 required endpoint fails" in render("x.md", document)


def test_a_baseline_hides_nothing_on_the_policy_page() -> None:
    released = json.loads((ROOT / "tests" / "compat" / "1.0.0b1" / "policy.json").read_text(encoding="utf-8"))
    findings = [{**one, "failing": False, "change": "same"} for one in released["findings"]]
    document = {**released, "findings": findings, "assumptions": []}
    document["summary"] = {**released["summary"], "exitCode": 0}
    page = render("x.html", document)
    assert "2 required endpoints are not allowed; none is worse than the baseline" in page
    assert "nothing is worse than the baseline" in render("x.md", document)


@pytest.mark.parametrize("field", ["cause", "owner", "verdict"])
def test_words_that_are_none_stay_texts(field: str) -> None:
    hostile = {**row("a.io", "blocked", owner="network"), field: "<img src=x onerror=1>\n##vso[task.complete]\ud800"}
    document = report(row("a.io", "blocked"))
    document["results"] = [hostile]
    for name in ("x.html", "x.md", "x.xml"):
        try:
            text = render(name, document)
        except (KeyError, ValueError):  # a verdict that is none is refused
            continue
        text.encode()
        in_a_log = name == "x.md" and any(line.startswith("##vso") for line in text.splitlines())
        assert "<img" not in text and not in_a_log
