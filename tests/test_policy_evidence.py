"""Evidence: what addresses that were seen, and Azure's list of tags, settle, and what they never do."""

from __future__ import annotations

from datetime import date
from typing import Any, Optional

import pytest

from azext_amlnet.catalog import load
from azext_amlnet.model import Cloud, Coverage, Fleet, Inputs, Kind, Requirement
from azext_amlnet.policy.addresses import span_of
from azext_amlnet.policy.check import findings as findings_of
from azext_amlnet.policy.evidence import Evidence, joined, of_report, of_tags
from azext_amlnet.policy.model import Finding
from azext_amlnet.policy.report import report_on

from . import policies as build
from .test_policy import ACR
from .test_policy_readers import DENY_INTERNET, nsg, rule

TODAY = date(2026, 11, 26)
INSIDE = ("20.60.1.1", "20.60.1.2", "20.60.2.1", "20.60.9.9")
TAGS = {"changeNumber": 371, "cloud": "Public", "values": [
    {"name": "AzureFrontDoor.FirstParty", "properties": {"addressPrefixes": ["20.60.0.0/16", "2a01:111::/32"]}},
    {"name": "AzureCloud", "properties": {"addressPrefixes": ["20.0.0.0/8"]}},
    {"name": "Empty", "properties": {"addressPrefixes": []}}]}  # fmt: skip


def seen(*addresses: str, host: str = ACR.host, steps: Any = None, **more: Any) -> dict[str, Any]:
    dns = {"layer": "dns", "outcome": "ok", "elapsedMs": 1.0, "facts": {"addresses": list(addresses)}}
    result = {"host": host, "port": 443, "kind": "fqdn", "steps": [dns, *(steps or [])], "testedBy": None}
    workspace = {"name": "ml-ws", "cloud": "public"}
    return {"startedAt": "2026-11-25T10:00:00Z", "workspace": workspace, "results": [result], **more}


def evidence(report: dict[str, Any], tags: Optional[dict[str, Any]] = TAGS, cloud: Cloud = Cloud.PUBLIC) -> Evidence:
    own = of_report(report, "report.json", cloud, TODAY)
    return joined(own, of_tags(tags, "tags.json", cloud)) if tags else own


def judged(policies: Any, known: Evidence, row: Requirement = ACR) -> Finding:
    (finding,) = findings_of([row], policies, lambda row: [span_of(build.SOURCE)], build.TABLE, known)
    return finding


BY_TAG = nsg(rule("fd", 100, "Allow", "AzureFrontDoor.FirstParty"), DENY_INTERNET)
BY_RANGE = nsg(rule("range", 100, "Allow", ["20.60.0.0/16"]), DENY_INTERNET)


@pytest.mark.parametrize("policies", [BY_TAG, BY_RANGE])
@pytest.mark.parametrize(
    ("addresses", "word"),
    [
        (INSIDE, "covered"),
        ((*INSIDE[:3], "40.1.1.1"), "unknown"),
        (("40.1.1.1", "40.1.1.2"), "missing"),
        ((), "unknown"),
        (("<private-1>",), "unknown"),
        (("2a01:111::1",), "unknown"),
    ],
)
def test_all_addresses_inside_cover_and_all_outside_do_not(policies: Any, addresses: Any, word: str) -> None:
    finding = judged(policies, evidence(seen(*addresses)))
    assert finding.coverage.value == word, finding
    assert bool(finding.evidence) is (word != "unknown")
    if finding.evidence:
        assert finding.evidence.as_of == "2026-11-25" and "by the addresses that were seen" in finding.because
        tag = "AzureFrontDoor.FirstParty" if policies is BY_TAG and word == "covered" else None
        assert finding.evidence.tag == tag and finding.evidence.addresses[0] in (
            "20.60.1.1",
            "20.60.1.1-20.60.1.2",
            "40.1.1.1",
            "40.1.1.1-40.1.1.2",
        )


@pytest.mark.parametrize(
    ("report", "warning"),
    [
        (seen(*INSIDE, steps=[{"layer": "proxy", "outcome": "ok", "facts": {}}]), "through a proxy"),
        (seen(*INSIDE, host="other.io"), ""),
        (seen(*INSIDE, vantages=[{"resolvers": ["<private-1>:53"]}]), "is redacted"),
        (seen(*INSIDE, workspace={"cloud": "usgov"}), "of another cloud (usgov)"),
        (seen(*INSIDE, results=[{**seen(*INSIDE)["results"][0], "testedBy": "x.azurecr.io"}]), "no address of its own"),
        (seen(*INSIDE, results=[{**seen(*INSIDE)["results"][0], "kind": "wildcard"}]), "no address of its own"),
        (seen(*INSIDE, results=["odd", {"host": 5}]), "no address of its own"),
    ],
)
def test_what_is_no_evidence_settles_nothing(report: dict[str, Any], warning: str) -> None:
    known = evidence(report)
    assert judged(BY_TAG, known).coverage is Coverage.UNKNOWN
    assert (warning in "; ".join(known.warnings)) if warning else not known.warnings


def test_old_evidence_is_taken_with_a_warning() -> None:
    known = evidence(seen(*INSIDE, startedAt="2026-11-01T10:00:00Z"))
    assert judged(BY_TAG, known).coverage is Coverage.COVERED
    assert "report.json is 25 days old" in known.warnings[0]
    assert not evidence(seen(*INSIDE, startedAt="2026-11-19T10:00:00Z")).warnings


def test_a_tag_that_the_list_does_not_know_and_a_list_of_another_cloud_settle_nothing() -> None:
    unknown = nsg(rule("t", 100, "Allow", "AzureFrontDoor.MicrosoftSecurity"), DENY_INTERNET)
    assert judged(unknown, evidence(seen(*INSIDE))).coverage is Coverage.UNKNOWN
    theirs = evidence(seen(*INSIDE), {**TAGS, "cloud": "AzureGovernment"})
    assert (
        judged(BY_TAG, theirs).coverage is Coverage.UNKNOWN and "another cloud (AzureGovernment)" in theirs.warnings[0]
    )
    assert judged(BY_TAG, evidence(seen(*INSIDE), None)).coverage is Coverage.UNKNOWN
    assert judged(BY_RANGE, evidence(seen(*INSIDE), None)).coverage is Coverage.COVERED


def test_evidence_settles_only_what_documents_leave_open() -> None:
    denied = nsg(DENY_INTERNET)
    finding = judged(denied, evidence(seen(*INSIDE)))
    assert finding.coverage is Coverage.MISSING and not finding.evidence
    single = nsg(rule("one", 100, "Allow", "20.60.1.1"), DENY_INTERNET)
    assert judged(single, evidence(seen("20.60.1.1"))).coverage is Coverage.MISSING  # no address is a name's for good
    wildcard = Requirement(host="*.azurecr.io", kind=Kind.WILDCARD)
    assert judged(BY_TAG, evidence(seen(*INSIDE, host="*.azurecr.io")), wildcard).coverage is Coverage.UNKNOWN
    later = nsg(rule("a", 100, "Deny", ["40.0.0.0/8"]), rule("b", 110, "Allow", ["20.60.0.0/16"]),
                DENY_INTERNET)  # fmt: skip
    assert judged(later, evidence(seen(*INSIDE))).coverage is Coverage.COVERED
    assert judged(later, evidence(seen("40.1.1.1"))).coverage is Coverage.DENIED


def test_the_report_says_what_evidence_warns_of() -> None:
    known = evidence(seen(*INSIDE, startedAt="2026-11-01T10:00:00Z"))
    report = report_on(Inputs(load(), Fleet(), (ACR,)), BY_TAG, sources=(span_of(build.SOURCE),), evidence=known)  # type: ignore[arg-type]
    assert "25 days old" in report.warnings[0] and report.exit_code == 0
