"""Facts → verdict: each cause on a real loopback network where one can be made, replayed from its facts where not."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_amlnet.catalog import load
from azext_amlnet.measurement.causes import CAUSES
from azext_amlnet.measurement.judge import judge
from azext_amlnet.measurement.scene import Scene, scene_of
from azext_amlnet.model import Cause, Judgement, Protocol, Requirement, Verdict

from . import wire
from .test_prober import ask
from .wire import CHALLENGE, NAME

THIS = "test_verdict.py"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PUBLIC = "20.50.0.1"  # what 127.0.0.1 is taken for once it was measured
CATALOG = load()
PAGE = "<!DOCTYPE html><html><title>Access denied</title><body>blocked by policy</body></html>"


def judged(result: dict[str, Any], proof: str = "registry", address: str = PUBLIC, **row: Any) -> Judgement:
    """The judgement on a result, as if it had been measured at a public address."""
    elsewhere = json.loads(json.dumps(result).replace('"127.0.0.1"', f'"{address}"'))
    judgement = judge(Requirement(host=NAME, **row), CATALOG.proofs[proof], elsewhere)
    if judgement.cause is not None:
        meaning = CAUSES[judgement.cause]
        assert (judgement.verdict, judgement.layer, judgement.owner, judgement.hint) == meaning
        assert judgement.because and judgement.because.isprintable()
    return judgement


def one(
    net: wire.Wire, timeout_s: float = 4, proof: str = "registry", address: str = PUBLIC, **options: Any
) -> Judgement:
    """The judgement on one real measurement."""
    target = {key: options.pop(key) for key in ("host", "port", "protocol", "websocket") if key in options}
    request = {key: options.pop(key) for key in ("proxies",) if key in options}
    row = {key: target[key] for key in ("websocket",) if key in target}
    result = ask(net, target, timeout_s=timeout_s, **request)["0"]
    return judged(result, proof, address, **row, **options)


# -- reachable


def test_the_services_own_answer_is_reachable(net: wire.Wire) -> None:
    port = net.https(wire.answer(401, CHALLENGE), net.context(NAME))
    judgement = one(net, port=port)
    assert (judgement.verdict, judgement.cause) == (Verdict.REACHABLE, None)


@pytest.mark.parametrize("proof", ["storage", "aml-api", "arm", "entra", "key-vault", "registry-data", "any-answer"])
def test_no_page_of_a_middlebox_is_ever_green(net: wire.Wire, proof: str) -> None:
    for status in (200, 401, 403, 404):
        port = net.https(wire.answer(status, "Content-Type: text/html", body=PAGE), net.context(NAME))
        assert one(net, port=port, proof=proof).verdict is Verdict.BLOCKED, (proof, status)


def test_an_answer_without_marks_counts_where_the_proof_has_none(net: wire.Wire) -> None:
    port = net.https(wire.answer(200, body="fine"), net.context(NAME))
    assert one(net, port=port, proof="any-answer").verdict is Verdict.REACHABLE


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (wire.answer(200, "Content-Type: text/html", body="<title>Index of /</title>"), Cause.UNKNOWN_FAILURE),
        (wire.answer(200, "Content-Type: text/html", body="<title>Zugriff verweigert</title>"), Cause.UNKNOWN_FAILURE),
        (wire.answer(200, "Content-Encoding: gzip", body="x"), Cause.UNKNOWN_FAILURE),
        (wire.answer(200, "Content-Type: text/plain", body="Access denied by policy"), Cause.HTTP_BLOCK_PAGE),
        (wire.answer(200, "Content-Type: application/json", body='{"why": "blocked"}'), Cause.HTTP_BLOCK_PAGE),
        (wire.answer(200, body="<style>" + "x" * 900 + "</style>blocked by your administrator"), Cause.HTTP_BLOCK_PAGE),
        (wire.answer(302, "Location: /login?portal=1"), Cause.HTTP_CAPTIVE_PORTAL),
        (wire.answer(302, "Location: http://[portal/login"), Cause.HTTP_CAPTIVE_PORTAL),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + wire.answer(403, body="no"), Cause.HTTP_BLOCK_PAGE),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + wire.answer(200, body="Access denied"), Cause.HTTP_BLOCK_PAGE),
        (CHUNKED + b"3\r\nblo\r\n4\r\ncked\r\n0\r\n\r\n", Cause.HTTP_BLOCK_PAGE),
        (b"HTTP/1.1 000 Odd\r\n\r\n", Cause.HTTP_UNEXPECTED),
        (b"HTTP/1.1 403 Forbidden\n\nblocked", Cause.HTTP_BLOCK_PAGE),
        (wire.answer(502, body="no"), Cause.HTTP_UNEXPECTED),
    ],
    ids=[
        *("html", "german", "gzip", "text", "json", "style", "portal", "odd-portal", "103", "100"),
        *("chunked", "000", "lf", "502"),
    ],
)  # fmt: skip
def test_without_marks_and_a_public_certificate_little_is_believed(
    net: wire.Wire, answer: bytes, cause: Optional[Cause]
) -> None:
    assert one(net, port=net.https(answer, net.context(NAME)), proof="any-answer").cause is cause
    assert one(net, port=net.http(answer), protocol="http", proof="any-answer").cause is cause


def test_a_hostile_page_costs_no_time(net: wire.Wire) -> None:
    for body in ("<" * 65000, "<title>" * 9000, "<style>" * 9000, "</title" * 9000):
        port = net.https(wire.answer(403, "Content-Type: text/html", body=body), net.context(NAME))
        started = time.process_time()
        assert one(net, port=port, proof="any-answer").verdict is Verdict.BLOCKED
        assert time.process_time() - started < 2


@pytest.mark.parametrize("status", [200, 301, 400, 401, 404, 405, 409])
@pytest.mark.parametrize("proof", ["storage", "registry-data", "key-vault", "arm"])
def test_a_marked_answer_is_the_services_whatever_it_says(status: int, proof: str) -> None:
    headers = {"x-ms-request-id": "1", "x-ms-keyvault-service-version": "1", "location": "https://elsewhere.example/"}
    judgement = judge(Requirement(host=NAME), CATALOG.proofs[proof], replay(DNS, TCP, ("http", "ok", {
        "status": status, "headers": headers})))  # fmt: skip
    assert judgement.verdict is Verdict.REACHABLE


def test_a_private_data_endpoint_that_denies_is_not_linked() -> None:
    facts = {"status": 403, "headers": {"x-ms-request-id": "1"}}
    row = Requirement(host=NAME, private=True)
    judgement = judge(row, CATALOG.proofs["registry-data"], replay(DNS, TCP, ("http", "ok", facts)))
    assert judgement.cause is Cause.PRIVATE_ENDPOINT_DNS_NOT_LINKED


@pytest.mark.parametrize(
    ("issuer", "trusted", "cause"),
    [({"CN": "ca"}, False, None), ({"O": "Corporate CA", "CN": "ca"}, False, Cause.TLS_UNTRUSTED_ISSUER),
     ({"O": "Zscaler Inc."}, True, None)],
)  # fmt: skip
def test_an_api_server_has_an_authority_of_its_own_and_no_other(
    issuer: dict[str, str], trusted: bool, cause: Optional[Cause]
) -> None:
    failed = {"failure": "certificate", "verifyCode": 20, "issuer": issuer, "names": [NAME]}
    tls = ("tls", "ok", {"issuer": issuer}) if trusted else ("tls", "failed", failed)
    answer = {"status": 401, "headers": {"content-type": "application/json"}, "text": '{"kind":"Status","code":401}'}
    http = [("http", "ok", answer)] if trusted else []
    scene = Scene(public_issuers=CATALOG.public_issuers)
    row = Requirement(host=NAME, protocol=Protocol.TLS)
    judgement = judge(row, CATALOG.proofs["tls-own-authority"], replay(DNS, TCP, tls, *http), scene)
    assert judgement.cause is cause and bool(judgement.warnings) is trusted


def test_cloudflares_own_interception_is_not_public() -> None:
    scene = Scene(public_issuers=CATALOG.public_issuers)
    assert not scene.is_public({"O": "Cloudflare, Inc."}) and not scene.is_public({"O": "Amazon Proxy"})
    assert scene.is_public({"O": "microsoft corporation"})


@pytest.mark.parametrize(
    ("answers", "failure", "search", "cause"),
    [
        ([("A", "SERVFAIL"), ("AAAA", "NOERROR")], "EAI_AGAIN", (), Cause.DNS_SERVFAIL),
        ([("A", "NOERROR"), ("AAAA", "NOERROR")], "EAI_NODATA", (), Cause.DNS_NODATA),
        ([("A", "20.50.0.1")], "timeout", ("corp.test",), Cause.DNS_SEARCH_DOMAIN),
        ([("A", "20.50.0.1")], "timeout", (), Cause.DNS_TIMEOUT),
        ([], "exhausted", (), Cause.UNKNOWN_FAILURE),
        ([], "error", (), Cause.UNKNOWN_FAILURE),
        ([], "EAI_NONAME", (), Cause.DNS_NXDOMAIN),
    ],
)
def test_answers_that_differ(answers: Any, failure: str, search: tuple[str, ...], cause: Cause) -> None:
    def said(word: str) -> dict[str, Any]:
        return {"rcode": "NOERROR", "addresses": [word]} if word[0].isdigit() else {"rcode": word, "addresses": []}

    replies = [{"server": "r:53", "type": kind, **said(word)} for kind, word in answers]
    result = replay(("dns", "failed", {"failure": failure, "answers": replies}))
    assert judge(Requirement(host=NAME), CATALOG.proofs["registry"], result, Scene(search=search)).cause is cause


def test_addresses_that_rotate_are_no_search_domain() -> None:
    answers = [{"server": "r:53", "type": "A", "rcode": "NOERROR", "addresses": ["20.50.0.2"]}]
    dns = ("dns", "ok", {"addresses": [PUBLIC], "answers": answers, "searched": {"name": "", "addresses": []}})
    tcp = ("tcp", "failed", {"failure": "timeout", "attempts": [{"address": PUBLIC, "family": 4}]})
    assert judge(Requirement(host=NAME), CATALOG.proofs["registry"], replay(dns, tcp)).cause is Cause.TCP_TIMEOUT


@pytest.mark.parametrize(
    ("attempts", "cause"),
    [
        ([(PUBLIC, 4, "unreachable", "ENETUNREACH"), ("2a00::1", 6, None, None)], None),
        ([(PUBLIC, 4, None, None), ("2a00::1", 6, "unreachable", "EHOSTUNREACH")], Cause.TCP_PARTIAL),
        ([(PUBLIC, 4, None, None), ("2a00::1", 6, "unreachable", "ENETUNREACH")], None),
    ],
)
def test_a_family_without_a_way_is_not_applicable(attempts: Any, cause: Optional[Cause]) -> None:
    tries = [
        {"address": a, "family": f, **({"failure": w, "errno": e} if w else {"connected": True})}
        for a, f, w, e in attempts
    ]
    result = replay(DNS, ("tcp", "ok", {"attempts": tries}), HTTP)
    assert judge(Requirement(host=NAME), CATALOG.proofs["registry"], result).cause is cause


def test_a_machine_that_ran_out_of_files_measured_nothing() -> None:
    tcp = ("tcp", "failed", {"failure": "exhausted", "attempts": [
        {"address": PUBLIC, "family": 4, "failure": "exhausted", "errno": "EMFILE"}]})  # fmt: skip
    judgement = judge(Requirement(host=NAME), CATALOG.proofs["registry"], replay(DNS, tcp))
    assert (judgement.verdict, judgement.cause) == (
        Verdict.UNKNOWN,
        Cause.UNKNOWN_FAILURE,
    ) and "ran out" in judgement.because


def test_a_time_out_of_a_probe_without_cpu_proves_nothing() -> None:
    tcp = ("tcp", "failed", {"failure": "timeout", "attempts": [{"address": PUBLIC, "family": 4}]})
    judgement = judge(Requirement(host=NAME), CATALOG.proofs["registry"], replay(DNS, tcp), Scene(throttled_ms=4000))
    assert (judgement.verdict, judgement.cause) == (
        Verdict.UNKNOWN,
        Cause.UNKNOWN_FAILURE,
    ) and "4000 ms" in judgement.because
    assert scene_of({"timeoutS": 10}, 900, ()).throttled_ms == 0
    assert scene_of({"timeoutS": 10}, 1100, ()).throttled_ms == 1100


# -- each cause on a real network


@pytest.mark.parametrize(
    ("rcode", "cause"),
    [(3, Cause.DNS_NXDOMAIN), (2, Cause.DNS_SERVFAIL), (5, Cause.DNS_REFUSED), ([], Cause.DNS_NODATA)],
)
def test_dns_answers(net: wire.Wire, rcode: Any, cause: Cause) -> None:
    net.names[("gone.example.test", "*")] = rcode
    assert one(net, host="gone.example.test", port=443).cause is cause


def test_dns_silence(net: wire.Wire) -> None:
    net.names[("silent.example.test", "*")] = "silence"
    assert one(net, timeout_s=0.8, host="silent.example.test", port=443).cause is Cause.DNS_TIMEOUT


def test_tcp(net: wire.Wire) -> None:
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
    port = net.https(wire.answer(401, CHALLENGE), net.context(NAME))
    judgement = one(net, port=port)
    assert (judgement.verdict, judgement.cause) == (Verdict.DEGRADED, Cause.TCP_PARTIAL)


def test_tls(net: wire.Wire) -> None:
    alert = b"\x15\x03\x01\x00\x02\x02\x28"
    plain = wire.answer(400, body="plain")
    ports = {
        Cause.TLS_RESET: net.serve(wire.reset),
        Cause.TLS_CLOSED: net.serve(lambda c: c.recv(4096)),
        Cause.TLS_TIMEOUT: net.serve(wire.hang),
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


def test_http(net: wire.Wire) -> None:
    tls = net.context(NAME)
    request_id = "X-Ms-Request-Id: 1"
    answers = {
        Cause.HTTP_BLOCK_PAGE: wire.answer(403, "Content-Type: text/html", body=PAGE),
        Cause.HTTP_FIREWALL_DENY: wire.answer(470, body="Action: Deny. Reason: No rule matched."),
        Cause.HTTP_CAPTIVE_PORTAL: wire.answer(302, "Location: https://login.portal.example/"),
        Cause.HTTP_RESET: b"",
        Cause.HTTP_SERVICE_FIREWALL: wire.answer(403, request_id),
        Cause.HTTP_UNEXPECTED: wire.answer(200, body="hello"),
        Cause.HTTP_SERVER_ERROR: wire.answer(503, request_id),
        Cause.HTTP_THROTTLED: wire.answer(429, request_id),
    }
    for cause, answer in answers.items():
        assert one(net, port=net.https(answer, tls), proof="storage").cause is cause
    silent = net.https(b"", tls, then=lambda _: time.sleep(2))
    assert one(net, timeout_s=0.8, port=silent, proof="storage").cause is Cause.HTTP_TIMEOUT
    upgrade = net.https(wire.answer(403, "Via: 1.1 filter"), tls)
    assert one(net, port=upgrade, proof="relay", websocket=True).cause is Cause.HTTP_UPGRADE_DENIED
    accepted = net.https(wire.answer(101, "Upgrade: websocket"), tls)
    assert one(net, port=accepted, proof="relay", websocket=True).verdict is Verdict.REACHABLE


def test_private_endpoints(net: wire.Wire) -> None:
    refuses = net.https(wire.answer(403, "X-Ms-Request-Id: 1"), net.context(NAME))
    answers = net.https(wire.answer(404, "X-Ms-Request-Id: 1"), net.context(NAME))
    assert one(net, port=refuses, proof="storage", private=True).cause is Cause.PRIVATE_ENDPOINT_DNS_NOT_LINKED
    judgement = one(net, port=answers, proof="storage", private=True)
    assert (judgement.verdict, judgement.cause) == (Verdict.DEGRADED, Cause.DNS_PUBLIC_EXPECTED_PRIVATE)
    assert one(net, port=answers, proof="storage", private=True, address="10.1.2.3").verdict is Verdict.REACHABLE
    unannounced = one(net, port=answers, proof="storage", address="10.1.2.3")
    assert unannounced.verdict is Verdict.REACHABLE and "10.1.2.3" in unannounced.notes[0]


def test_proxies(net: wire.Wire) -> None:
    def through(port: int, host: str = "127.0.0.1") -> dict[str, Any]:
        return {"https": f"http://{host}:{port}", "skip": []}

    cases = {
        Cause.PROXY_DNS: through(3128, "noproxy.example.test"),
        Cause.PROXY_UNREACHABLE: through(net.refused_port()),
        Cause.PROXY_TIMEOUT: through(net.serve(wire.hang)),
        Cause.PROXY_AUTH_REQUIRED: through(net.proxy({}, refuse=wire.answer(407))),
        Cause.PROXY_DENIED: through(net.proxy({}, refuse=wire.answer(403, body=PAGE))),
        Cause.PROXY_FAILURE: through(net.proxy({}, refuse=wire.answer(503))),
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
        (
            "dns",
            "ok",
            {
                "addresses": ["198.18.0.9"],
                "answers": answered(("r", "NOERROR")),
                "searched": {"name": f"{NAME}.corp.test", "addresses": ["198.18.0.9"]},
            },
        ),
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
    judgement = judge(Requirement(host=NAME), CATALOG.proofs["registry"], result, Scene(ipv6=False))
    assert judgement.cause is cause


@pytest.mark.parametrize("result", [None, {}, {"steps": []}, replay(DNS), replay(DNS, TCP)])
def test_what_is_cut_or_missing_is_unknown_and_never_fine(result: Any) -> None:
    judgement = judge(Requirement(host=NAME), CATALOG.proofs["registry"], result)
    assert (judgement.verdict, judgement.cause) == (Verdict.UNKNOWN, Cause.POD_NO_RESULT)


def test_every_cause_has_a_case_here() -> None:
    cases = "".join(
        Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("test_lab.py", "test_beliefs.py", THIS)
    )
    without = {cause for cause in Cause if f"Cause.{cause.name}" not in cases}
    assert all(cause.value.startswith("pod_") for cause in without)  # no pod has been started yet


def test_every_cause_has_its_line_in_the_table() -> None:
    assert set(CAUSES) == set(Cause)
    for cause, (verdict, layer, _, hint) in CAUSES.items():
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
    judgement = judge(Requirement(host=NAME), proof, replay(DNS, TCP, ("http", "ok", facts)))
    marked = any(
        content in given_headers.get(header, "") and header in given_headers for header, content in proof.marks
    )
    if proof.marks:
        proven = marked and not (status == 403 and not proof.forbidden)
        of_others = (407, 451, 470, 511)
        assert (judgement.verdict is Verdict.REACHABLE) == (proven and status not in (429, *of_others) and status < 500)
        assert not (
            marked
            and status not in of_others
            and judgement.cause in (Cause.HTTP_UNEXPECTED, Cause.HTTP_BLOCK_PAGE, Cause.HTTP_CAPTIVE_PORTAL)
        )
    if judgement.verdict is Verdict.REACHABLE:
        assert status < 500 and status != 470
    if html and not proof.marks:
        assert judgement.verdict is not Verdict.REACHABLE


# -- plain HTTP


@pytest.mark.parametrize(
    ("proof", "content"),
    [
        ("cabinet", "application/vnd.ms-cab-compressed"),
        ("certificate", "application/pkix-cert"),
        ("revocation-list", "application/pkix-crl"),
        ("certificate-status", "application/ocsp-response"),
    ],
)
def test_a_file_over_plain_http_is_known_by_its_type_and_a_page_is_not(
    net: wire.Wire, proof: str, content: str
) -> None:
    file = net.http(wire.answer(200, f"Content-Type: {content}", body="\x00\x01"))
    assert one(net, port=file, protocol="http", proof=proof).verdict is Verdict.REACHABLE
    page = net.http(wire.answer(200, "Content-Type: text/html", body=PAGE))
    assert one(net, port=page, protocol="http", proof=proof).cause is Cause.HTTP_BLOCK_PAGE


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (wire.answer(301, f"Location: https://{NAME}/common/discovery/instance"), None),
        (wire.answer(302, f"Location: https://{NAME.upper()}:443/"), None),
        (wire.answer(200, "x-ms-ests-server: 2.1.1 - WEULR1 ProdSlices"), None),
        (wire.answer(302, f"Location: http://{NAME}/"), Cause.HTTP_CAPTIVE_PORTAL),
        (wire.answer(302, f"Location: https://{NAME}.portal.example/"), Cause.HTTP_CAPTIVE_PORTAL),
        (wire.answer(302, f"Location: https://portal.example/?{NAME}"), Cause.HTTP_CAPTIVE_PORTAL),
        (wire.answer(200, f"Location: https://{NAME}/", body=PAGE), Cause.HTTP_BLOCK_PAGE),
    ],
)
def test_a_redirection_to_its_own_https_is_a_proof_and_no_other_is(
    net: wire.Wire, answer: bytes, cause: Optional[Cause]
) -> None:
    assert one(net, port=net.http(answer), protocol="http", proof="entra-http").cause is cause


def test_a_personal_archive_is_known_by_its_signed_index(net: wire.Wire) -> None:
    index = net.http(wire.answer(200, body="-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n"))
    assert one(net, port=index, protocol="http", proof="ubuntu-personal").verdict is Verdict.REACHABLE
