"""`az ml network compare`: two results of one kind, whoever made them, and what became of each endpoint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

import pytest

from azext_amlnet.compare.reports import Compared, exit_code, of_policies, of_tests, summary
from azext_amlnet.reports.compare_html import headline

from .schemas import fits
from .terminal import seen
from .test_e2e import one_line
from .test_reports import report, row
from .world import ROOT, Az, Ran

COMPARE = ("ml", "network", "compare")
RELEASED = ROOT / "tests" / "compat" / "1.0.0b1"


def written(folder: Path, name: str, document: Any) -> str:
    """A file with a document."""
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def compared(az: Az, before: Any, after: Any, *words: str) -> Ran:
    """The comparison of two documents by the real az."""
    files = (written(az.folder, "before.json", before), written(az.folder, "after.json", after))
    ran = az(*COMPARE, "--before", files[0], "--after", files[1], *words)
    if ran.out.startswith("{"):
        fits(ran.json, "compare")
    return ran


def finding(host: str, coverage: str) -> dict[str, Any]:
    """A finding of a result of check-policy."""
    same = {"kind": "fqdn", "port": 443, "protocol": "https", "level": "required", "rules": ["web/allow"]}
    return {**same, "host": host, "coverage": coverage, "because": f"rule 'web/allow' says {coverage}"}


def policy_report(*findings: dict[str, Any]) -> dict[str, Any]:
    """A result of check-policy with these findings, in the shape of one that 1.0.0b1 wrote."""
    released: dict[str, Any] = json.loads((RELEASED / "policy.json").read_text(encoding="utf-8"))
    return {**released, "findings": list(findings)}


def seen_from(node: str, *rows: dict[str, Any], place: str = "this machine", name: str = "local") -> dict[str, Any]:
    """A report of one vantage, as an earlier release wrote it: without `interception`."""
    document = report(*({**row, "vantage": name} for row in rows))
    del document["interception"]
    document["vantages"][0] |= {"name": name, "place": place, "node": node}
    return document


def from_pod(*rows: dict[str, Any]) -> dict[str, Any]:
    """A report of a pod."""
    return seen_from("node-1", *rows, place="a pod in namespace default", name="cluster")


def at(address: str, verdict: str = "reachable", issuer: Optional[str] = None, **more: Any) -> dict[str, Any]:
    """A result whose name led to an address, with a certificate of an issuer."""
    result = row("a.io", verdict, **more)
    result["steps"][0]["facts"]["addresses"] = [address]
    if issuer:
        result["steps"].append({"layer": "tls", "outcome": "ok", "elapsedMs": 9.0, "facts": {"issuer": {"O": issuer}}})
    return result


# -- two times


@pytest.mark.parametrize(
    ("before", "after", "change", "code"),
    [
        ("reachable", "reachable", "same", 0),
        ("blocked", "blocked", "same", 0),
        ("reachable", "degraded", "worse", 8),
        ("reachable", "blocked", "worse", 8),
        ("blocked", "reachable", "better", 0),
        ("reachable", "unknown", "worse", 9),
        ("unknown", "unknown", "same", 0),
        ("skipped", "blocked", "worse", 8),
        ("unknown", "reachable", "better", 0),
        ("reachable", "skipped", "worse", 9),
        ("unknown", "skipped", "same", 0),
        ("skipped", "unknown", "same", 0),
        ("unknown", "degraded", "better", 0),
        (None, "blocked", "added", 8),
        (None, "unknown", "added", 9),
        (None, "reachable", "added", 0),
        (None, "skipped", "added", 0),
        ("blocked", None, "removed", 0),
    ],
)
def test_a_row_of_two_times(before: Optional[str], after: Optional[str], change: str, code: int) -> None:
    one, other = (report(*([row("a.io", word)] if word else [])) for word in (before, after))
    rows, apart = of_tests(one, other)
    assert not apart and [(r.before, r.after, r.change) for r in rows] == [(before, after, change)]
    assert exit_code(rows) == code
    optional = [Compared({**r.row, "level": "recommended"}, *list(vars(r).values())[1:]) for r in rows]
    assert exit_code(optional) == 0, "what is not required fails nothing"


def test_the_same_words_as_a_baseline() -> None:
    """What `test --baseline` calls worse, `compare` does; but what was unknown and is has not changed."""
    from azext_amlnet.compare.outcomes import OF_TEST
    from azext_amlnet.model import Progress, Verdict

    for then in Verdict:
        for now in Verdict:
            ((one,), _) = of_tests(report(row("a.io", then.value)), report(row("a.io", now.value)))
            progress = OF_TEST.progress(now, then)
            unmeasured = {then, now} <= {Verdict.UNKNOWN, Verdict.SKIPPED}
            assert one.change == ("same" if unmeasured else progress.value) or progress is Progress.NEW


def test_causes_of_then_and_now_are_told() -> None:
    now = row("a.io", "blocked", cause="dns_nxdomain", because="NXDOMAIN from 10.0.0.10:53")
    ((one,), _) = of_tests(report(row("a.io", "reachable")), report(now))
    assert one.sentence == "a.io was reachable, and is blocked (dns_nxdomain: NXDOMAIN from 10.0.0.10:53)."
    assert one.evidence["before"]["addresses"] == ["10.1.2.3"] and one.evidence["after"]["cause"] == "dns_nxdomain"


def test_pools_are_told_apart() -> None:
    """A host is compared with itself from the same pool."""
    both = ("gpu", "reachable"), ("cpu", "blocked")
    document = report(*({**row("a.io", verdict), "vantage": pool} for pool, verdict in both))
    document["vantages"] = [
        {**document["vantages"][0], "name": pool, "place": "a pod in namespace x"} for pool, _ in both
    ]
    rows, apart = of_tests(document, document)
    assert not apart and [(one.before, one.after) for one in rows] == [("reachable",) * 2, ("blocked",) * 2]


# -- two places


@pytest.mark.parametrize(
    ("desk", "pod", "diagnosis", "part"),
    [
        (at("10.1.2.3", "blocked"), at("10.1.2.3", "blocked"), "both", "fails from both"),
        (at("10.1.2.3"), at("10.1.2.3", "blocked"), "only-cluster", "the cluster's path"),
        (at("10.1.2.3", "blocked"), at("10.1.2.3"), "only-here", "its own path"),
        (at("20.1.2.3"), at("20.9.9.9"), None, "answered from both"),
        (at("20.1.2.3"), at("10.1.2.3"), "different-addresses", "split DNS"),
        (at("10.1.2.3"), at("10.9.9.9"), "different-addresses", "split DNS"),
        (at("<private-1>"), at("20.9.9.9"), "different-addresses", "split DNS"),
        (at("<private-1>"), at("<private-2>"), None, "answered from both"),
        (at("20.1.2.3"), at("10.1.2.3", "blocked"), "different-addresses", "fails only from the cluster"),
        (
            at("20.1.2.3", issuer="Microsoft"),
            at("20.1.2.3", "blocked", "Zscaler", cause="tls_untrusted_issuer"),
            "different-issuer",
            "Zscaler from the cluster only",
        ),
        (
            at("20.1.2.3", issuer="Zscaler", warnings=["TLS is probably inspected: issued by 'Zscaler'"]),
            at("20.1.2.3", issuer="Microsoft"),
            "different-issuer",
            "Zscaler from this machine only",
        ),
        (at("20.1.2.3", issuer="DigiCert"), at("20.1.2.3", issuer="Microsoft"), None, "answered from both"),
        (at("20.1.2.3"), at("20.1.2.3", "unknown"), None, "was not measured from the cluster"),
        (at("10.1.2.3"), at("10.1.2.3", "degraded"), "only-cluster", "is degraded only from the cluster"),
        (at("10.1.2.3", "blocked"), at("10.1.2.3", "blocked", cause="dns_nxdomain"), "both", "each in its own way"),
        (at("10.0.0.9", "blocked"), at("20.1.1.1", "blocked"), "both", "it resolves to"),
        (at("20.1.2.3"), at("0.0.0.0", "blocked", cause="dns_sinkhole"), "only-cluster", "dns_sinkhole"),
    ],
)
def test_a_diagnosis(desk: dict[str, Any], pod: dict[str, Any], diagnosis: Optional[str], part: str) -> None:
    for turned in (False, True):
        pair = [seen_from("desk", desk), from_pod(pod)]
        rows, apart = of_tests(*(pair[::-1] if turned else pair))
        assert apart and [one.diagnosis for one in rows] == [diagnosis]
        assert part in rows[0].sentence, rows[0].sentence


def test_machines_are_apart_by_their_names_unless_redacted() -> None:
    one, other = row("a.io", "blocked"), row("a.io", "reachable")
    rows, apart = of_tests(seen_from("agent-1", one), seen_from("agent-2", other))
    assert apart and rows[0].diagnosis == "only-before" and "only from agent-1" in rows[0].sentence
    assert not of_tests(seen_from("agent-1", one), seen_from("agent-1", other))[1]
    assert not of_tests(seen_from("<node-1>", one), seen_from("agent-2", other))[1]
    assert not of_tests(from_pod(one), from_pod(other))[1], "pods of one pool are one place"


def test_one_machine_is_one_place_however_its_vantage_is_called() -> None:
    """A script's results read back, and a run of the same machine."""
    one = seen_from("agent-1", row("a.io", "blocked"))
    other = seen_from("agent-1", row("a.io", "reachable"), name="script", place="a machine that the script went to")
    for before, after, change in ((one, other, "better"), (other, one, "worse")):
        rows, apart = of_tests(before, after)
        assert not apart and [(r.change, r.diagnosis) for r in rows] == [(change, None)]


def test_clusters_of_two_workspaces_are_two_places() -> None:
    one, other = from_pod(row("a.io", "reachable")), from_pod(row("a.io", "blocked"))
    other["workspace"] = {**other["workspace"], "name": "ws-2", "id": one["workspace"]["id"] + "-2"}
    rows, apart = of_tests(one, other)
    assert apart and "only from the cluster of ws-2" in rows[0].sentence
    assert not of_tests(from_pod(row("a.io", "blocked")), seen_from("n", row("a.io", "blocked"), name="pod",
                                                                   place="a pod, by its log"))[1]  # fmt: skip


def test_of_several_pools_only_those_that_it_is_of_are_named() -> None:
    pods = from_pod(row("a.io", "reachable"))
    pods["vantages"] = [{**pods["vantages"][0], "name": f"cluster:{pool}"} for pool in "ab"]
    pods["results"] = [{**row("a.io", verdict), "vantage": f"cluster:{pool}"}
                       for pool, verdict in zip("ab", ("reachable", "blocked"), strict=True)]  # fmt: skip
    ((one,), apart) = of_tests(seen_from("desk", row("a.io", "reachable")), pods)
    assert apart and "fails only from cluster:b (" in one.sentence and "cluster:a" not in one.sentence


def test_what_the_report_calls_an_interception_counts() -> None:
    """A store that lacks a public authority is no inspection, whatever the cause is called."""
    desk = seen_from("desk", at("20.1.2.3", issuer="DigiCert"))
    pod = from_pod(at("20.1.2.3", "blocked", "Microsoft", cause="tls_untrusted_issuer"))
    desk["interception"] = pod["interception"] = []
    assert of_tests(desk, pod)[0][0].diagnosis == "only-cluster"
    pod["interception"] = [{"vantage": "cluster", "hosts": ["a.io"]}]
    assert of_tests(desk, pod)[0][0].diagnosis == "different-issuer"


def test_the_headline_has_what_makes_it_fail() -> None:
    pairs = (("reachable", "unknown"), ("unknown", "blocked"), ("skipped", "skipped"))
    for before, after in pairs:
        rows, apart = of_tests(seen_from("desk", row("a.io", before)), from_pod(row("a.io", after)))
        document = {"apart": apart, "summary": summary(rows), "rows": [one.to_json() for one in rows]}
        differs = (before, after) != ("skipped", "skipped")
        assert ("not measured from one place" in headline(document)) is differs
        assert bool(exit_code(rows)) is differs


# -- policies, and the command


def test_two_results_of_check_policy(az: Az) -> None:
    before = policy_report(finding("a.io", "covered"), finding("b.io", "missing"), finding("c.io", "covered"))
    after = policy_report(finding("a.io", "denied"), finding("b.io", "covered"), finding("c.io", "unknown"))
    assert {one.row["host"]: one.change for one in of_policies(before, after)} == {
        "a.io": "worse",
        "b.io": "better",
        "c.io": "worse",
    }
    ran = compared(az, before, after)
    assert ran.code == 8 and ran.json["kind"] == "check-policy"
    assert ran.err.splitlines()[0] == "WARNING: 2 worse, 1 better; 3 endpoints compared."
    assert summary(of_policies(after, after))["changes"]["same"] == 3


def listed(az: Az, *words: str) -> Any:
    """A list of the example."""
    example = str(ROOT / "examples" / "workspace.json")
    return az.must("ml", "network", "requirements", "--workspace-file", example, *words).json


def test_two_lists_and_why(az: Az) -> None:
    every = listed(az)
    ran = compared(az, listed(az, "--exclude", "packages"), every)
    rows = {one["host"]: one for one in ran.json["rows"]}
    added = {host for host, one in rows.items() if one["change"] == "added"}
    assert added == {one["host"] for one in every if one["topic"] == "packages"} and ran.json["kind"] == "requirements"
    assert {rows[host]["diagnosis"] for host in added} == {"option"} and rows["pypi.org"]["before"] is None
    assert ran.code == (8 if any(rows[host]["level"] == "required" for host in added) else 0)
    without = [one for one in every if one["topic"] not in ("arc", "extension")]
    gone = compared(az, every, without)
    assert {one["diagnosis"] for one in gone.json["rows"] if one["change"] == "removed"} == {"workspace"}
    narrow = compared(az, every, listed(az, "--level", "required"))
    assert {one["diagnosis"] for one in narrow.json["rows"] if one["change"] == "removed"} == {"option"}
    older = [{**one, "origin": {**one["origin"], "catalog": "2026.01.01", "digest": "0" * 12}} for one in without]
    untold = compared(az, every, older)  # of another catalog than this one: nothing tells why a row is gone
    assert {one["diagnosis"] for one in untold.json["rows"] if one["change"] == "removed"} == {"unknown"}
    changed = [{**one, "origin": {**one["origin"], "catalog": "2026.01.01"}}
               for one in every]  # fmt: skip
    first = changed[0]["origin"]
    first["entries"] = dict.fromkeys(first["entries"], "0" * 12)
    changed[0]["level"] = "optional"
    ran = compared(az, changed, every)
    assert ran.code == 8 and ran.json["rows"][0]["diagnosis"] == "catalog"
    changed[1] |= {"level": every[1]["level"], "neededFor": ["training"], "private": True}
    second = compared(az, changed, every).json["rows"][1]["sentence"]
    assert "has changed in what needs it and whether a private endpoint serves it; it is required" in second
    assert (
        "was optional: the catalog says something else. More is needed than before." in ran.json["rows"][0]["sentence"]
    )


@pytest.mark.parametrize("name", ["report", "policy", "requirements"])
def test_files_of_1_0_0b1_are_read(az: Az, name: str) -> None:
    document = json.loads((RELEASED / f"{name}.json").read_text(encoding="utf-8"))
    ran = compared(az, document, document)
    assert ran.code in (0, 9), ran.err
    assert all(one["change"] == "same" or "unknown" in one["after"] for one in ran.json["rows"])
    now = {"requirements": listed}.get(name)
    if now:
        newer = compared(az, document, now(az))
        assert newer.code == 8 and {one["diagnosis"] for one in newer.json["rows"]} == {None, "unknown"}


def test_the_table_shows_what_differs(az: Az) -> None:
    before = report(row("a.io", "reachable"), row("b.io", "reachable"))
    after = report(row("a.io", "blocked"), row("b.io", "reachable"), row("new.io", "reachable"))
    ran = compared(az, before, after, "-o", "table")
    lines = ran.out.splitlines()
    assert lines[0].split() == ["Change", "Endpoint", "Before", "After", "Reason"]
    assert [line.split()[:2] for line in lines[2:]] == [["worse", "a.io"], ["added", "new.io"]]
    same = compared(az, after, after, "-o", "table")
    assert same.code == 0 and same.out.strip() == "" and same.err == ""
    words = az.command(*COMPARE, "--before", str(az.folder / "after.json"), "--after", str(az.folder / "after.json"))
    assert "3 endpoints, and none differs." in " ".join(seen([*words, "-o", "table"], az.environment, az.folder).lines)


def test_the_table_tells_the_cause_of_what_is_degraded_from_one_place(az: Az) -> None:
    desk, pod = (word("x", row("a.io", verdict, cause=cause)) for word, verdict, cause in (
        (seen_from, "reachable", None), (lambda _, one: from_pod(one), "degraded", "tcp_partial")))  # fmt: skip
    for before, after in ((desk, pod), (pod, desk)):
        line = compared(az, before, after, "-o", "table").out.splitlines()[2]
        assert line.startswith("only-cluster") and "tcp_partial: " in line


def test_different_kinds_are_refused(az: Az) -> None:
    ran = compared(az, report(row("a.io", "reachable")), policy_report(finding("a.io", "covered")))
    one_line(ran, "is a result of test, and --after", "one of check-policy")
    one_line(compared(az, listed(az), policy_report(finding("a.io", "covered"))), "requirements", "check-policy")


@pytest.mark.parametrize(
    ("document", "part"),
    [
        ({}, "is no result of these commands"),
        ("text", "is no result of these commands"),
        ({"results": [], "schemaVersion": 2}, "has schemaVersion 2"),
        ({"results": [{}], "schemaVersion": 1}, "result 1 is none"),
        ({"results": [], "schemaVersion": 1}, "has no rows"),
        ([], "has no rows"),
        ({"results": [row("a.io", "reachable")], "schemaVersion": 1}, "cannot be compared"),
        ({**report(row("a.io", "reachable")), "vantages": 3}, "cannot be compared"),
        (report({**row("a.io", "reachable"), "verdict": "great"}), "result 1 is none"),
        (report({**row("a.io", "blocked"), "steps": [3]}), "cannot be compared"),
        (report({**row("a.io", "blocked"), "host": {"a": 1}}), "result 1 is none"),
        (policy_report({**finding("a.io", "covered"), "coverage": []}), "finding 1 is none"),
        ([{"host": 3}], "row 1"),
    ],
)
def test_a_file_that_is_none_of_ours_is_one_line_and_2(az: Az, document: Any, part: str) -> None:
    one_line(compared(az, document, document), part)


def test_wrong_usage(az: Az) -> None:
    good = written(az.folder, "a.json", report(row("a.io", "reachable")))
    one_line(az(*COMPARE, "--before", good, "--after", str(az.folder / "none.json")), "--after", "none.json")
    one_line(az(*COMPARE, "--before", "", "--after", good), "--before is empty")
    one_line(az(*COMPARE, "--before", good, "--after", good, "--report-file", "x.xml"), ".json, .html, .md")
    one_line(az(*COMPARE, "--before", good, "--after", good, "--report-file", good), "a.json")


def test_what_a_file_says_cannot_act(az: Az, tmp_path: Path) -> None:
    """Text of hosts and reasons reaches no terminal, page or job summary as more than text."""
    hostile = "x##vso[task.setvariable variable=PATH]evil"
    bad = row(hostile, "blocked", cause=hostile, because="\x1b[31m\n##vso[task.complete]<script>alert(1)</script>|x")
    files = [tmp_path / name for name in ("c.html", "c.md")]
    ran = compared(az, report(row("a.io", "reachable")), report(bad), "--report-file", *map(str, files))
    page, markdown = (path.read_text(encoding="utf-8") for path in files)
    assert "##vso" not in ran.out + ran.err + page + markdown
    assert ran.code == 8 and "\x1b" not in ran.out + ran.err + page + markdown
    assert "<script>" not in page + markdown and not any(line.startswith("##vso") for line in markdown.splitlines())
    assert "\\|x" in markdown
