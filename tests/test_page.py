"""The pages as a real browser shows and prints them, and what they hand over."""

from __future__ import annotations

import html as escapes
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azext_amlnet.reports import render
from azext_amlnet.reports.tasks import tasks
from azext_amlnet.reports.ticket import change_request

from .browser import CHROMIUM, CONTRAST, Browser, browser
from .test_reports import report, row
from .world import ROOT, Az

EXAMPLES = ROOT / "examples"
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium: run `make tools` as root")


@pytest.fixture(scope="module")
def made(_installed: Az, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of the bundled example, made by the commands: test, check-policy and requirements."""
    folder = tmp_path_factory.mktemp("pages")
    az = _installed.copy(folder)
    list_of = ("--workspace-file", str(EXAMPLES / "workspace.json"), "-o", "none", "--only-show-errors")
    test = ("test", *list_of, "--results-file", str(EXAMPLES / "results.txt"))
    check = ("check-policy", *list_of, "--policy", str(EXAMPLES / "firewall-policy.json"), "--source", "10.1.0.0/16")
    for name, command in (("test", test), ("policy", check), ("list", ("requirements", *list_of))):
        files = [str(folder / f"{name}.{kind}") for kind in ("html", "md", "json")]
        ran = az("ml", "network", *command, "--report-file", *files)
        assert ran.code in (0, 8), ran.err
    sides = ("--before", str(EXAMPLES / "desk.json"), "--after", str(EXAMPLES / "cluster.json"), "-o", "none")
    ran = az("ml", "network", "compare", *sides, "--report-file", str(folder / "compare.html"))
    assert ran.code == 8, ran.err
    return folder


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium")) as one:
        yield one


@needs_chromium
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [500, 1280, 1600])
@pytest.mark.parametrize("name", ["test", "policy", "list", "compare"])
def test_a_page_overflows_nowhere_and_is_readable(
    made: Path, chromium: Browser, name: str, width: int, dark: bool
) -> None:
    chromium.open(made / f"{name}.html", width, dark)
    chromium.ask("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert chromium.ask("document.documentElement.scrollWidth") <= width
    wide = "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && " \
        "!e.closest('.scroll')).map(e => e.outerHTML.slice(0, 80))"  # fmt: skip
    assert chromium.ask(wide) == []
    assert chromium.ask(CONTRAST) == []
    top = "querySelector('{}').getBoundingClientRect().top"
    parted = f"e.{top.format('.dot')} > e.{top.format('code')} + 16"
    parted = f"[...document.querySelectorAll('.name')].filter(e => {parted}).length"
    assert chromium.ask(parted) == 0, "a name stays with its dot"


@needs_chromium
def test_a_filter_hides_rows_without_a_script(made: Path, chromium: Browser) -> None:
    chromium.open(made / "test.html")
    shown = "[...document.querySelectorAll('details.row')].filter(e => e.offsetParent !== null).length"
    every = chromium.ask(shown)
    chromium.ask("document.querySelector('#show-reachable').click()")
    few = chromium.ask(shown)
    chromium.ask("document.querySelector('#show-network').click()")
    fewer = chromium.ask(shown)
    assert (every, few, fewer) == (49, 12, 9)
    assert "<script" not in (made / "test.html").read_text(encoding="utf-8")


@needs_chromium
def test_a_comparison_prints_each_diagnosis_with_what_was_seen(made: Path, chromium: Browser) -> None:
    chromium.open(made / "compare.html")
    pages = chromium.printed()
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", " ".join(pages)))
    assert len(pages) <= 5
    for part in ("1 fail from both, 3 only from the cluster, 3 only from this machine", "Fails only from the cluster",
                 "split DNS", "Interception CA", "Fails from both", "NXDOMAIN from 198.51.100.1:53",
                 "198.51.100.3: timeout"):  # fmt: skip
        assert part in text


@needs_chromium
def test_the_picture_shows_where_it_breaks_also_to_who_does_not_see(made: Path, chromium: Browser) -> None:
    chromium.open(made / "test.html", 500)
    tree = chromium.call("Accessibility.getFullAXTree")["nodes"]
    images = [node for node in tree if node["role"]["value"] == "image" and "path" in node["name"]["value"].lower()]
    (image,) = images
    text = image["name"]["value"] + image.get("description", {}).get("value", "")
    assert "dns_nxdomain" in text and "acrml.northeurope.data.azurecr.io" in text and "tcp_timeout" in text
    drawn = chromium.ask("[...document.querySelectorAll('svg text')].map(e => e.textContent)")
    assert drawn[0] == "This machine" and "Azure's service" in drawn and "✕ tls_untrusted_issuer" in drawn
    assert len(chromium.ask("[...document.querySelectorAll('svg path.cross')].map(e => 1)")) == 2
    size = "Math.min(...[...document.querySelectorAll('svg text')].map(e => e.getBoundingClientRect().height))"
    assert chromium.ask(size) > 9


@needs_chromium
@pytest.mark.parametrize(("name", "most"), [("test", 6), ("policy", 6), ("list", 10)])
def test_print_has_what_fails_and_why_on_few_pages(made: Path, chromium: Browser, name: str, most: int) -> None:
    chromium.open(made / f"{name}.html")
    pages = chromium.printed()
    text = re.sub(r"\s+", "", unicodedata.normalize("NFKC", "".join(pages)))  # without ligatures
    document = json.loads((made / f"{name}.json").read_text(encoding="utf-8"))
    assert len(pages) <= most, len(pages)
    rows = document if name == "list" else document["results" if name == "test" else "findings"]
    for one in rows:
        assert one["host"] in text
        if name == "list":
            assert re.sub(r"\s+", "", one["reason"]) in text and one["sources"][0]["url"] in text
        elif one.get("failing"):
            assert re.sub(r"\s+", "", one["because"]) in text
            facts = [step["elapsedMs"] for step in one.get("steps", ())]
            assert all(f"{spent}ms" in text for spent in facts), "evidence is printed"


@needs_chromium
def test_two_thousand_rows_open_soon_and_weigh_little(tmp_path: Path, chromium: Browser) -> None:
    kinds = [("reachable", None)] * 9 + [("blocked", "network")]
    rows = [row(f"host{number}.westeurope.data.azurecr.io", kinds[number % 10][0], owner=kinds[number % 10][1])
            for number in range(2000)]  # fmt: skip
    path = tmp_path / "many.html"
    path.write_text(render("many.html", report(*rows)), encoding="utf-8")
    assert path.stat().st_size <= 3_000_000
    assert chromium.open(path) < 10  # the promise of two seconds is measured by `make bench`


def test_a_bar_and_the_number_beside_it_are_one_quantity() -> None:
    waited = row("slow.io", "reachable", elapsedMs=162.0)
    page = render("x.html", report(waited, row("fast.io", "reachable")))
    part = page[page.index("<span>slow.") :].partition("</summary>")[0]
    widths = [float(width) for width in re.findall(r"width:([\d.]+)%", part)]
    assert "162 ms" in part and abs(sum(widths) - 100) < 0.1 and 'class="layer wait ok"' in part
    cut = render("x.html", report(row("long.io", "blocked", elapsedMs=5001.0, owner="network"), waited))
    assert "5001 ms ›" in cut and "a bar marked › is longer than 162 ms" in cut


# -- who has to do what


def asking(*rows: dict[str, Any], **more: Any) -> str:
    """The change request of the first task of a report."""
    document = {**report(*rows), **more}
    return change_request(tasks(document)[0], document)


def test_a_change_request_has_all_that_a_form_asks_for() -> None:
    source = {"url": "https://learn.microsoft.com/azure/x", "checked": "2026-11-26"}
    rows = [row("a.azurecr.io", "blocked", owner="network", sources=[source], expects="401 with a Bearer challenge"),
            row("r.servicebus.windows.net", "blocked", owner="network", websocket=True, expects="101 or 401"),
            row("sql.x.io", "blocked", owner="network", port=1433, protocol="tcp", level="recommended")]  # fmt: skip
    text = asking(*rows)
    parts = (
        "Allow 3 outbound endpoints of Azure Machine Learning, workspace ml-ws",
        "Type: new rule, permanent, allow",
        "‹name, department, telephone›",
        "Source: ‹addresses of the cluster's subnet›, measured from agent-07",
        "a.azurecr.io                443  TCP HTTPS  required",
        "sql.x.io                   1433  TCP TCP    recommended",
        "application rule, by name (HTTPS); network rule, by port",
        "TLS inspection: none was seen here. If there is one: each client needs its authority.",
        "WebSocket: let upgrades pass to r.servicebus.windows.net",
        "a.azurecr.io: Image layers. (https://learn.microsoft.com/azure/x, 2026-11-26)",
        "or with --cluster: az ml network test --endpoint a.azurecr.io r.servicebus.windows.net tcp://sql.x.io:1433",
        "Expected: reachable (401 with a Bearer challenge; 101 or 401)",
        "Back-out: remove the rule",
        "Evidence, 2026-11-23T10:00:00Z:",
        "a.azurecr.io: tcp_timeout: 10.1.2.3: timeout",
        "Window: ‹start, end›. Review: ‹date, a year on›",
    )
    assert [part for part in parts if part not in text] == []
    assert text.isprintable() or all(line.isprintable() for line in text.splitlines())


def test_a_request_for_less_claims_less() -> None:
    text = asking(row("*.x.io", "blocked", kind="wildcard", owner="security", level="recommended"))
    assert "it works; support and diagnosis suffer" in text and "Wildcards: *.x.io" in text
    assert "WebSocket: not needed" in text and "Test: az" not in text


@pytest.mark.parametrize(
    ("owner", "cause", "title", "kind", "rule"),
    [
        ("network", "tcp_timeout", "Allow 1 outbound endpoint", "new rule", True),
        ("dns", "dns_nxdomain", "Make 1 outbound endpoint", "DNS: ", False),
        ("security", "tls_untrusted_issuer", "Exempt 1 outbound endpoint", "exception of a TLS inspection", False),
        ("security", "http_block_page", "Let 1 outbound endpoint", "exception of a filter", False),
        ("proxy", "proxy_denied", "Let 1 outbound endpoint", "rule or setting of the proxy", False),
        ("platform", "tls_expired", "Look into 1 outbound endpoint", "no firewall rule", False),
        ("network", "denied", "Stop denying 1 outbound endpoint", "narrow the one that denies", True),
        ("network", "tls_mtu_blackhole", "Mend the path to 1 outbound", "packet sizes", False),
        ("platform", "http_service_firewall", "Let the cluster into the service", "the resource's own firewall", False),
        ("azure", "http_throttled", "Look into the service behind", "quota", False),
        ("dns", "dns_public_expected_private", "Resolve privately 1 outbound", "link the private zone", False),
        ("security", "tls_name_mismatch", "Find out who answers", "no rule yet", False),
    ],
)
def test_a_request_asks_its_owner_for_what_the_cause_needs(
    owner: str, cause: str, title: str, kind: str, rule: bool
) -> None:
    text = asking(row("a.io", "blocked", owner=owner, cause=cause))
    assert text.startswith(title) and kind in text and ("Rule kind: " in text) is rule
    assert ("remove the rule" in text) is (cause == "tcp_timeout")


def test_an_unknown_asks_for_the_fact() -> None:
    text = asking(row("a.io", "unknown", owner="platform", cause="pod_no_result"))
    assert text.startswith("Find out about 1 outbound endpoint") and "no change yet" in text


def test_a_request_says_the_condition_the_work_and_what_was_tried() -> None:
    condition = "Condition: Only with Azure RBAC."
    asked = row("*.x.io", "blocked", owner="dns", cause="dns_nxdomain", kind="wildcard", testedBy="a.x.io",
                neededFor=["cluster"], notes=[condition])  # fmt: skip
    text = asking(asked)
    assert "*.x.io (tried: a.x.io)" in text and "required (conditional)" in text and condition in text
    assert "az ml network test --endpoint a.x.io" in text
    fails = "where the condition above holds, what the reasons above name fails (needed for the cluster itself)."
    assert f"If it is not done: {fails}" in text
    breaking = asking(row("b.io", "blocked", owner="network", neededFor=["training"], inspection="breaks"))
    assert "If it is not done: what the reasons above name fails (needed for training jobs)." in breaking
    assert "b.io must be exempt, by documents" in breaking
    inspected = asking(row("c.io", "blocked", owner="security", cause="tls_untrusted_issuer"))
    assert "or give its authority to who needs it" in inspected and "no warning of an inspection" in inspected
    assert "with clients that do not trust the authority, what the reasons" in inspected
    denied = asking(row("d.io", "blocked", owner="network", cause="denied", rules=["web/deny", "web/allow"]))
    assert "Rules that deny: web/deny." in denied


def test_tasks_are_by_owner_and_cause_and_each_advice_is_given_once() -> None:
    causes = {
        "a": ("security", "tls_untrusted_issuer"),
        "b": ("network", "tcp_timeout"),
        "c": ("network", "tcp_timeout"),
    }
    rows = [row(f"{name}.io", "blocked", owner=owner, cause=cause, hint=f"Ask {owner}.")
            for name, (owner, cause) in causes.items()]  # fmt: skip
    rows.append(row("d.io", "blocked", owner="dns", cause="dns_nxdomain", failing=False, level="recommended"))
    made = tasks(report(*rows, row("fine.io", "reachable")))
    assert [(task.owner, task.cause, len(task.rows)) for task in made] == [
        ("network", "tcp_timeout", 2), ("security", "tls_untrusted_issuer", 1), ("dns", "dns_nxdomain", 1)]  # fmt: skip
    page = render("x.html", report(*rows))
    assert page.count("<p>Ask network.</p>") == 1 and page.index("Who has to do what") < page.index("Where it breaks")
    assert page.index("Where it breaks") < page.index("All endpoints")


def test_the_policy_page_has_the_missing_rules_and_the_deciding_chain(made: Path) -> None:
    page = (made / "policy.html").read_text(encoding="utf-8")
    assert (
        "As azure-firewall-arm, to copy" in page and "Microsoft.Network/firewallPolicies/ruleCollectionGroups" in page
    )
    part = page[page.index("All endpoints") :]
    assert part.index("before rule &#x27;machine-learning/application/identity&#x27; allows it")
    assert 'class="row covered required"' in part and 'class="row denied required open" open' in part


# -- Markdown


def test_a_summary_is_ten_lines_and_what_failed(made: Path) -> None:
    text = (made / "test.md").read_text(encoding="utf-8")
    lines = text.splitlines()
    assert lines[0] == "## Outbound connectivity of ml-ws: 7 required endpoints fail (exit code 8)" and len(lines) <= 12
    assert all(host in text for host in ("`acrml.northeurope.data.azurecr.io`", "`sts.windows.net`"))
    policy = (made / "policy.md").read_text(encoding="utf-8")
    assert (
        policy.startswith("## Outbound policy of ml-ws: 2 required endpoints fail")
        and "`graph.microsoft.com`" in policy
    )


@pytest.mark.parametrize("text", ["##vso[task.setvariable]x", "<img src=x onerror=alert(1)>", "a|b", "`x`", "[a](http://e)",
                                  "::error::x", "*b*", "a\n# b", "$(x)", "&lt;b&gt;"])  # fmt: skip
def test_nothing_breaks_out_of_markdown(text: str) -> None:
    from markdown_it import MarkdownIt

    hostile = row("a.io", "blocked", owner="network", cause="tcp_timeout", hint=text, because=text)
    made = render("x.md", report(hostile))
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(made)
    assert "<img" not in html and "href" not in html and "<em>" not in html and html.count("<tr>") == 2
    assert not any(line.startswith(("##vso", "::")) for line in made.splitlines())
    cell = re.findall(r"<td>(.*?)</td>", html, re.DOTALL)[-1]
    plain = escapes.unescape(re.sub(r"<[^>]+>", "", cell)).replace("\u200b", "")
    assert re.sub(r"\s", "", plain) == re.sub(r"\s", "", text)  # a runner's own signs are parted by a blank


def test_a_list_as_markdown_has_every_row_with_reason_and_document(made: Path) -> None:
    from markdown_it import MarkdownIt

    text = (made / "list.md").read_text(encoding="utf-8")
    rows = json.loads((made / "list.json").read_text(encoding="utf-8"))
    assert isinstance(rows, list)
    html = MarkdownIt("commonmark").enable("table").render(text)
    for one in rows:
        assert f"<code>{one['host']}</code>" in html and one["sources"][0]["url"] in html
    assert html.count("<tr>") == len(rows) + len({one["topic"] for one in rows})


def test_a_lists_page_has_the_names_alone_to_copy(made: Path) -> None:
    page = (made / "list.html").read_text(encoding="utf-8")
    rows = json.loads((made / "list.json").read_text(encoding="utf-8"))
    names = page[page.index("<pre>") + 5 : page.index("</pre>")].splitlines()
    assert len(names) == len(rows) and "westeurope.obo.arc.azure.com:8084" in names and rows[0]["host"] == names[0]


def test_changes_and_their_why_are_on_the_page(tmp_path: Path, made: Path) -> None:
    rows = json.loads((made / "list.json").read_text(encoding="utf-8"))
    rows[0] |= {"change": "added", "why": "catalog"}
    document = {"rows": rows, "workspace": None, "warnings": [], "madeAt": "2026-11-26T10:00:00Z",
                "tool": {"name": "amlnet", "version": "1"}, "catalog": {"version": "1", "digest": "x"}}  # fmt: skip
    assert "required · added (catalog)" in render("x.html", document) and "required (added)" in render("x.md", document)
    assert "<b>1</b> changed" in render("x.html", document)


@pytest.mark.parametrize("name", ["report", "policy"])
def test_the_pictures_of_the_documents_are_light(name: str) -> None:
    """They are made by `make pictures`."""
    picture = (ROOT / "docs" / f"{name}.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) <= 150_000
    assert f"docs/{name}.png" in (ROOT / "README.md").read_text(encoding="utf-8")
