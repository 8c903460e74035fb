"""Facts → verdict: each cause on a real loopback network where one can be made, replayed from its facts where not."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_amlnet.catalog import load
from azext_amlnet.model import Cause, Judgement, Requirement, Verdict
from azext_amlnet.verdict import CAUSES, Scene, judge

from . import wire as w
from .test_prober import ask
from .wire import CHALLENGE, NAME

THIS = "test_verdict.py"
PUBLIC = "20.50.0.1"  # what 127.0.0.1 is taken for once it was measured
CATALOG = load()
PAGE = "<!DOCTYPE html><html><title>Access denied</title><body>blocked by policy</body></html>"


def judged(result: dict[str, Any], proof: str = "registry", address: str = PUBLIC, **row: Any) -> Judgement:
    """The judgement on a result, as if it had been measured at a public address."""
    elsewhere = json.loads(json.dumps(result).replace('"127.0.0.1"', f'"{address}"'))
    found = judge(Requirement(host=NAME, **row), CATALOG.proofs[proof], elsewhere)
    if found.cause is not None:
        assert (found.verdict, found.layer, found.hint) == CAUSES[found.cause]
        assert found.because and found.because.isprintable()
    return found


def one(net: w.Wire, timeout_s: float = 4, proof: str = "registry", address: str = PUBLIC, **given: Any) -> Judgement:
    """The judgement on one real measurement."""
    target = {key: given.pop(key) for key in ("host", "port", "protocol", "websocket") if key in given}
    request = {key: given.pop(key) for key in ("proxies",) if key in given}
    row = {key: target[key] for key in ("websocket",) if key in target}
    result = ask(net, target, timeout_s=timeout_s, **request)["0"]
    return judged(result, proof, address, **row, **given)


# -- reachable


def test_the_services_own_answer_is_reachable(net: w.Wire) -> None:
    port = net.https(w.answer(401, CHALLENGE), net.context(NAME))
    found = one(net, port=port)
    assert (found.verdict, found.cause) == (Verdict.REACHABLE, None)


@pytest.mark.parametrize("proof", ["storage", "aml-api", "arm", "entra", "key-vault", "registry-data", "any-answer"])
def test_no_page_of_a_middlebox_is_ever_green(net: w.Wire, proof: str) -> None:
    for status in (200, 401, 403, 404):
        port = net.https(w.answer(status, "Content-Type: text/html", body=PAGE), net.context(NAME))
        assert one(net, port=port, proof=proof).verdict is Verdict.BLOCKED, (proof, status)


def test_an_answer_without_marks_counts_where_the_proof_has_none(net: w.Wire) -> None:
    port = net.https(w.answer(200, body="<html><title>Index</title></html>"), net.context(NAME))
    assert one(net, port=port, proof="any-answer").verdict is Verdict.REACHABLE


# -- each cause on a real network


@pytest.mark.parametrize(
    ("rcode", "cause"),
    [(3, Cause.DNS_NXDOMAIN), (2, Cause.DNS_SERVFAIL), (5, Cause.DNS_REFUSED), ([], Cause.DNS_NODATA)],
)
def test_dns_answers(net: w.Wire, rcode: Any, cause: Cause) -> None:
    net.names[("gone.example.test", "*")] = rcode
    assert one(net, host="gone.example.test", port=443).cause is cause


def test_dns_silence(net: w.Wire) -> None:
    net.names[("silent.example.test", "*")] = "silence"
    assert one(net, timeout_s=0.8, host="silent.example.test", port=443).cause is Cause.DNS_TIMEOUT


def test_tcp(net: w.Wire) -> None:
    assert one(net, port=net.refused_port()).cause is Cause.TCP_REFUSED
    assert one(net, timeout_s=0.8, port=net.silent_port()).cause is Cause.TCP_TIMEOUT
    silent = net.silent_port()
    unreachable = one(net, timeout_s=0.8, port=silent, private=True, address="10.1.2.3")
    assert unreachable.cause is Cause.PRIVATE_ENDPOINT_UNREACHABLE
    unlinked = one(net, timeout_s=0.8, port=silent, private=True)
    assert unlinked.cause is Cause.PRIVATE_ENDPOINT_DNS_NOT_LINKED and PUBLIC in unlinked.because
    assert one(net, protocol="smb", port=net.serve(lambda c: None)).cause is Cause.TCP_CLOSED
    assert one(net, port=net.refused_port(), address="0.0.0.0").cause is Cause.DNS_SINKHOLE
    net.names[(NAME, "A")] = ["127.0.0.1", "127.0.0.2"]
    port = net.https(w.answer(401, CHALLENGE), net.context(NAME))
    found = one(net, port=port)
    assert (found.verdict, found.cause) == (Verdict.DEGRADED, Cause.TCP_PARTIAL)


def test_tls(net: w.Wire) -> None:
    alert = b"\x15\x03\x01\x00\x02\x02\x28"
    plain = w.answer(400, body="plain")
    ports = {
        Cause.TLS_RESET: net.serve(w.reset),
        Cause.TLS_CLOSED: net.serve(lambda c: c.recv(4096)),
        Cause.TLS_TIMEOUT: net.serve(w.hang),
        Cause.TLS_ALERT: net.serve(lambda c: (c.recv(4096), c.sendall(alert))),
        Cause.TLS_NOT_TLS: net.serve(lambda c: (c.recv(4096), c.sendall(plain))),
        Cause.TLS_UNTRUSTED_ISSUER: net.https(b"", net.context(NAME, authority=net.stranger)),
        Cause.TLS_EXPIRED: net.https(b"", net.expired(NAME)),
        Cause.TLS_NAME_MISMATCH: net.https(b"", net.context("other.example.test")),
        Cause.TLS_VERSION: net.https(b"", net.old_version(NAME)),
    }
    for cause, port in ports.items():
        assert one(net, port=port).cause is cause
    assert "Corporate Interception CA" in one(net, port=ports[Cause.TLS_UNTRUSTED_ISSUER]).because


def test_http(net: w.Wire) -> None:
    tls = net.context(NAME)
    request_id = "X-Ms-Request-Id: 1"
    answers = {
        Cause.HTTP_BLOCK_PAGE: w.answer(403, "Content-Type: text/html", body=PAGE),
        Cause.HTTP_FIREWALL_DENY: w.answer(470, body="Action: Deny. Reason: No rule matched."),
        Cause.HTTP_CAPTIVE_PORTAL: w.answer(302, "Location: https://login.portal.example/"),
        Cause.HTTP_RESET: b"",
        Cause.HTTP_SERVICE_FIREWALL: w.answer(403, request_id),
        Cause.HTTP_UNEXPECTED: w.answer(200, body="hello"),
        Cause.HTTP_SERVER_ERROR: w.answer(503, request_id),
        Cause.HTTP_THROTTLED: w.answer(429, request_id),
    }
    for cause, answer in answers.items():
        assert one(net, port=net.https(answer, tls), proof="storage").cause is cause
    silent = net.https(b"", tls, then=lambda _: time.sleep(2))
    assert one(net, timeout_s=0.8, port=silent, proof="storage").cause is Cause.HTTP_TIMEOUT
    upgrade = net.https(w.answer(403, "Via: 1.1 filter"), tls)
    assert one(net, port=upgrade, proof="relay", websocket=True).cause is Cause.HTTP_UPGRADE_DENIED
    accepted = net.https(w.answer(101, "Upgrade: websocket"), tls)
    assert one(net, port=accepted, proof="relay", websocket=True).verdict is Verdict.REACHABLE


def test_private_endpoints(net: w.Wire) -> None:
    refuses = net.https(w.answer(403, "X-Ms-Request-Id: 1"), net.context(NAME))
    answers = net.https(w.answer(404, "X-Ms-Request-Id: 1"), net.context(NAME))
    assert one(net, port=refuses, proof="storage", private=True).cause is Cause.PRIVATE_ENDPOINT_DNS_NOT_LINKED
    found = one(net, port=answers, proof="storage", private=True)
    assert (found.verdict, found.cause) == (Verdict.DEGRADED, Cause.DNS_PUBLIC_EXPECTED_PRIVATE)
    assert one(net, port=answers, proof="storage", private=True, address="10.1.2.3").verdict is Verdict.REACHABLE
    unannounced = one(net, port=answers, proof="storage", address="10.1.2.3")
    assert unannounced.verdict is Verdict.REACHABLE and "10.1.2.3" in unannounced.notes[0]


def test_proxies(net: w.Wire) -> None:
    def through(port: int, host: str = "127.0.0.1") -> dict[str, Any]:
        return {"https": f"http://{host}:{port}", "skip": []}

    cases = {
        Cause.PROXY_DNS: through(3128, "noproxy.example.test"),
        Cause.PROXY_UNREACHABLE: through(net.refused_port()),
        Cause.PROXY_TIMEOUT: through(net.serve(w.hang)),
        Cause.PROXY_AUTH_REQUIRED: through(net.proxy({}, refuse=w.answer(407))),
        Cause.PROXY_DENIED: through(net.proxy({}, refuse=w.answer(403, body=PAGE))),
        Cause.PROXY_FAILURE: through(net.proxy({}, refuse=w.answer(503))),
    }
    for cause, proxies in cases.items():
        assert one(net, timeout_s=0.8, port=443, proxies=proxies).cause is cause


# -- causes that a loopback cannot make, from their facts


def replay(*steps: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    """A recorded result."""
    return {"id": "0", "steps": [{"layer": a, "outcome": b, "elapsedMs": 1, "facts": c} for a, b, c in steps]}


DNS = ("dns", "ok", {"addresses": [PUBLIC], "answers": []})
HTTP = ("http", "ok", {"status": 401, "headers": {"www-authenticate": "Bearer x"}})
TCP = ("tcp", "ok", {"attempts": [{"address": PUBLIC, "family": 4, "connected": True}]})


def answered(*servers: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"server": s, "type": "A", "rcode": rcode, "addresses": [PUBLIC]} for s, rcode in servers]


REPLAYS = {
    Cause.DNS_FAILURE: replay(("dns", "failed", {"failure": "EAI_SYSTEM", "answers": []})),
    Cause.DNS_NO_IPV4: replay(
        ("dns", "ok", {"addresses": ["2001:db8::1"]}),
        ("tcp", "failed", {"failure": "unreachable", "attempts": [{"address": "2001:db8::1", "family": 6}]}),
    ),
    Cause.DNS_SEARCH_DOMAIN: replay(
        ("dns", "ok", {"addresses": ["198.18.0.9"], "answers": answered(("r", "NOERROR"))}),
        ("tcp", "failed", {"failure": "timeout", "attempts": [{"address": "198.18.0.9", "family": 4}]}),
    ),
    Cause.DNS_INTERMITTENT: replay(
        ("dns", "ok", {"addresses": [PUBLIC], "answers": answered(("one", "NOERROR"), ("two", "SERVFAIL"))}), TCP, HTTP
    ),
    Cause.TCP_UNREACHABLE: replay(
        DNS, ("tcp", "failed", {"failure": "prohibited", "attempts": [{"address": PUBLIC, "family": 4}]})
    ),
    Cause.TLS_MTU_BLACKHOLE: replay(
        DNS, TCP, ("tls", "failed", {"failure": "timeout", "smallSegments": "completed", "bytesReceived": 0})
    ),
    Cause.UNKNOWN_FAILURE: replay(DNS, TCP, ("tls", "failed", {"failure": "error", "error": "OSError: odd"})),
}


@pytest.mark.parametrize(("cause", "result"), REPLAYS.items())
def test_recorded_facts(cause: Cause, result: dict[str, Any]) -> None:
    found = judge(Requirement(host=NAME), CATALOG.proofs["registry"], result, Scene(ipv6=False))
    assert found.cause is cause


@pytest.mark.parametrize("result", [None, {}, {"steps": []}, replay(DNS), replay(DNS, TCP)])
def test_what_is_cut_or_missing_is_unknown_and_never_fine(result: Any) -> None:
    found = judge(Requirement(host=NAME), CATALOG.proofs["registry"], result)
    assert (found.verdict, found.cause) == (Verdict.UNKNOWN, Cause.POD_NO_RESULT)


def test_every_cause_has_a_case_here() -> None:
    cases = "".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("test_lab.py", THIS))
    without = {cause for cause in Cause if f"Cause.{cause.name}" not in cases}
    assert all(cause.value.startswith("pod_") for cause in without)  # no pod has been started yet


def test_every_cause_has_its_line_in_the_table() -> None:
    assert set(CAUSES) == set(Cause)
    for cause, (verdict, layer, hint) in CAUSES.items():
        assert hint.endswith(".") and verdict in (Verdict.BLOCKED, Verdict.DEGRADED, Verdict.UNKNOWN), cause
        assert cause.value.startswith(layer) or layer in ("tcp", "http", "") or cause.value.startswith("private")


# -- laws

statuses = st.integers(min_value=100, max_value=599)
headers = st.dictionaries(
    st.sampled_from(["x-ms-request-id", "www-authenticate", "x-aml-cluster", "server", "location"]),
    st.sampled_from(["1", "Bearer realm=x", "Basic"]),
)


@given(statuses, headers, st.booleans(), st.sampled_from(sorted(CATALOG.proofs)))
def test_reachable_needs_proof_and_proof_is_never_blocked(
    status: int, given_headers: dict[str, str], html: bool, name: str
) -> None:
    proof = CATALOG.proofs[name]
    facts = {"status": status, "headers": given_headers, "html": html}
    found = judge(Requirement(host=NAME), proof, replay(DNS, TCP, ("http", "ok", facts)))
    marked = any(
        content in given_headers.get(header, "") and header in given_headers for header, content in proof.marks
    )
    if proof.marks:
        proven = marked and (status in proof.statuses) and not (status == 403 and not proof.forbidden)
        assert (found.verdict is Verdict.REACHABLE) == (proven and status not in (429, 470))
    if found.verdict is Verdict.REACHABLE:
        assert status < 500 and status != 470
