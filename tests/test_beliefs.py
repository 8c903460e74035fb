"""Who answered: what is believed, what is not, and whose product stands in the way."""

from __future__ import annotations

import json
import os
import socket
import threading
from dataclasses import replace
from typing import Any, Optional

import pytest

from azext_amlnet import prober
from azext_amlnet.catalog import load
from azext_amlnet.measurement.causes import CAUSES
from azext_amlnet.measurement.judge import judge
from azext_amlnet.measurement.scene import Scene
from azext_amlnet.measurement.targets import target_of
from azext_amlnet.measurement.transcript import Transcript
from azext_amlnet.model import Cause, Judgement, Owner, ProbeSpec, Protocol, Requirement, Verdict
from azext_amlnet.text import harmless, is_line, is_resource_id, one_line, without_secrets

from . import wire
from .test_prober import ask
from .wire import NAME

CATALOG = load()
SCENE = Scene(public_issuers=CATALOG.public_issuers, middleboxes=CATALOG.middleboxes)
PUBLIC, CORPORATE = {"O": "Microsoft Corporation", "CN": "Microsoft TLS G2 RSA CA OCSP 02"}, {"O": "Corporate CA"}


def judged(
    proof: str,
    status: int,
    issuer: Optional[dict[str, str]] = None,
    protocol: Protocol = Protocol.HTTPS,
    **facts: Any,
) -> Judgement:
    """The judgement on an answer behind a certificate of an issuer that is trusted here, or over plain HTTP."""
    steps: list[tuple[str, dict[str, Any]]] = [("dns", {"addresses": ["20.50.0.1"]})]
    steps += [("tcp", {"attempts": [{"address": "20.50.0.1", "family": 4, "connected": True}]})]
    steps += [] if protocol is Protocol.HTTP else [("tls", {"version": "TLSv1.3", "issuer": issuer or CORPORATE})]
    steps += [("http", {"status": status, "headers": {}, "bodyBytes": len(facts.get("text", "")), **facts})]
    result = {"steps": [{"layer": a, "outcome": "ok", "elapsedMs": 1, "facts": b} for a, b in steps]}
    return judge(Requirement(host=NAME, protocol=protocol), CATALOG.proofs[proof], result, SCENE)


# ---------------------------------------------------------------------------------------------------------------------
# A public issuer's certificate is the service's mark


@pytest.mark.parametrize("proof", ["aml-api", "storage", "registry", "key-vault", "arm", "any-answer"])
@pytest.mark.parametrize(
    ("status", "verdict", "cause"),
    [
        (101, Verdict.REACHABLE, None),
        (200, Verdict.REACHABLE, None),
        (204, Verdict.REACHABLE, None),
        (302, Verdict.REACHABLE, None),
        (401, Verdict.REACHABLE, None),
        (404, Verdict.REACHABLE, None),
        (405, Verdict.REACHABLE, None),
        (429, Verdict.DEGRADED, Cause.HTTP_THROTTLED),
        (503, Verdict.DEGRADED, Cause.HTTP_SERVER_ERROR),
        (407, Verdict.BLOCKED, Cause.HTTP_BLOCK_PAGE),
        (451, Verdict.BLOCKED, Cause.HTTP_BLOCK_PAGE),
        (470, Verdict.BLOCKED, Cause.HTTP_FIREWALL_DENY),
        (511, Verdict.BLOCKED, Cause.HTTP_BLOCK_PAGE),
    ],
)
def test_behind_a_public_certificate_no_mark_is_asked_for(
    proof: str, status: int, verdict: Verdict, cause: Optional[Cause]
) -> None:
    judgement = judged(proof, status, PUBLIC)
    assert (judgement.verdict, judgement.cause) == (verdict, cause)
    if verdict is Verdict.REACHABLE and CATALOG.proofs[proof].marks:
        assert any("None of the marks" in note for note in judgement.notes)


@pytest.mark.parametrize(
    ("proof", "cause"),
    [
        ("aml-api", Cause.HTTP_SERVICE_FIREWALL),
        ("storage", Cause.HTTP_SERVICE_FIREWALL),
        ("registry", Cause.HTTP_SERVICE_FIREWALL),
        ("registry-data", None),
        ("any-answer", None),
    ],
)
def test_403_is_the_services_own_firewall_unless_the_proof_lists_it(proof: str, cause: Optional[Cause]) -> None:
    assert judged(proof, 403, PUBLIC).cause is cause


def test_a_proof_of_ones_own_that_lists_nothing_takes_403_for_a_firewall() -> None:
    proof = replace(CATALOG.proofs["any-answer"], forbidden=False)
    steps = [
        ("dns", {"addresses": ["20.50.0.1"]}),
        ("tls", {"issuer": PUBLIC}),
        ("http", {"status": 403, "headers": {}}),
    ]
    result = {"steps": [{"layer": a, "outcome": "ok", "elapsedMs": 1, "facts": b} for a, b in steps]}
    assert judge(Requirement(host=NAME), proof, result, SCENE).cause is Cause.HTTP_SERVICE_FIREWALL


def test_answers_of_the_workspace_api_as_they_are_today() -> None:
    headers = {
        "x-ms-response-type": "error",
        "azureml-served-by-cluster": "vienna-westeurope-02",
        "x-request-time": "0.1",
    }
    for issuer in (PUBLIC, CORPORATE):
        judgement = judged("aml-api", 404, issuer, headers=headers, text='{"error": {}}')
        assert judgement.verdict is Verdict.REACHABLE
        assert not judgement.notes


# ---------------------------------------------------------------------------------------------------------------------
# What anybody could have answered


@pytest.mark.parametrize(
    "facts",
    [
        {"status": 200},
        {"status": 204},
        {"status": 200, "headers": {"content-type": "image/gif"}, "bodyBytes": 43},
        {"status": 401, "headers": {"www-authenticate": "NTLM"}},
        {"status": 401, "headers": {"www-authenticate": "Negotiate"}},
        {"status": 401, "headers": {"www-authenticate": 'Basic realm="Internet access"'}},
    ],
    ids=["empty", "204", "pixel", "ntlm", "negotiate", "basic"],
)
@pytest.mark.parametrize("proof", ["any-answer", "aml-api", "storage"])
@pytest.mark.parametrize("protocol", [Protocol.HTTPS, Protocol.HTTP])
def test_what_anybody_could_have_answered_is_unknown(proof: str, facts: dict[str, Any], protocol: Protocol) -> None:
    judgement = judged(proof, protocol=protocol, **facts)
    assert (judgement.verdict, judgement.cause) == (Verdict.UNKNOWN, Cause.HTTP_UNPROVEN)
    assert judgement.settled_by is not None
    assert judgement.owner is Owner.SECURITY


def test_a_real_pixel_and_other_silence_are_nobodys(net: wire.Wire) -> None:
    gif = "GIF89a\x01\x00\x01\x00\x80\x00\x00"
    answers = [
        wire.answer(200, "Content-Type: image/gif", body=gif),
        wire.answer(200, body=gif),
        wire.answer(200, body="\r\n"),
        wire.answer(404),
        wire.answer(401, 'WWW-Authenticate: Digest realm="x"', body="no"),
        wire.answer(401, 'WWW-Authenticate: Basic realm="bearer"', body="no"),
        wire.answer(200, body='<head><meta http-equiv="refresh" content="0;url=https://portal.example/"></head>'),
    ]
    for answer in answers:
        result = ask(net, {"port": net.https(answer, net.context(NAME))})["0"]
        result = json.loads(json.dumps(result).replace("127.0.0.1", "20.50.0.1"))
        for proof in ("any-answer", "registry"):
            judgement = judge(Requirement(host=NAME), CATALOG.proofs[proof], result, SCENE)
            assert judgement.verdict is Verdict.UNKNOWN, (answer, proof, judgement)


def test_an_apis_own_denial_is_no_block_page() -> None:
    text = '{"statusCode": 401, "message": "Access denied due to missing subscription key."}'
    assert judged("any-answer", 401, text=text).verdict is Verdict.REACHABLE


def test_plain_http_without_marks_proves_nothing() -> None:
    assert judged("any-answer", 404, protocol=Protocol.HTTP, text="not found").cause is Cause.HTTP_UNPROVEN
    assert judged("any-answer", 404, text="not found").verdict is Verdict.REACHABLE


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_usual_answer_without_marks_behind_an_inspection_is_unknown(status: int) -> None:
    assert judged("storage", status, text="x").cause is Cause.HTTP_UNPROVEN
    assert judged("storage", 200, text="x").cause is Cause.HTTP_UNEXPECTED


def test_a_registrys_own_challenge_is_no_sign_in_of_a_middlebox() -> None:
    headers = {"www-authenticate": 'Bearer realm="https://x", Basic realm="x"'}
    assert judged("registry", 401, headers=headers).verdict is Verdict.REACHABLE


def test_azures_own_busy_answers_are_the_services() -> None:
    busy = judged("aml-api", 429, text='{"error": {"code": "TooManyRequests"}}')
    assert (busy.verdict, busy.cause) == (Verdict.DEGRADED, Cause.HTTP_THROTTLED)
    page = "Our services aren't available right now We're working to restore all services as soon as possible."
    down = judged("any-answer", 503, html=True, text=page)
    assert (down.verdict, down.cause) == (Verdict.DEGRADED, Cause.HTTP_SERVER_ERROR)


# ---------------------------------------------------------------------------------------------------------------------
# Whose product it is


@pytest.mark.parametrize(
    ("facts", "maker"),
    [
        ({"status": 403, "headers": {"server": "Zscaler/6.2"}}, "Zscaler, by its server"),
        ({"status": 307, "headers": {"location": "https://gateway.zscaler.net:443/auD?x"}}, "Zscaler, by its location"),
        ({"status": 200, "html": True, "title": "Web Filter Violation"}, "Fortinet, by its title"),
        ({"status": 503, "html": True, "text": "has been blocked in accordance with company policy"}, "Palo Alto"),
        ({"status": 302, "headers": {"location": "https://gw.corp.example/UserCheck/PortalMain"}}, "Check Point"),
        ({"status": 403, "html": True, "title": "McAfee Web Gateway - Notification"}, "McAfee"),
        ({"status": 403, "headers": {"x-squid-error": "ERR_ACCESS_DENIED 0"}}, "squid, by its x-squid-error"),
        ({"status": 302, "headers": {"location": "https://block.opendns.com/?url=x"}}, "Cisco Umbrella"),
        ({"status": 403, "headers": {"via": "1.1 wsa.corp.example:80 (Cisco-WSA/12.0)"}}, "Cisco Secure Web Appliance"),
        ({"status": 403, "headers": {"set-cookie": "BCSI-CS-1234"}}, "Symantec (Blue Coat) ProxySG, by its cookie"),
    ],
)
def test_the_maker_of_a_middlebox_is_named(facts: dict[str, Any], maker: str) -> None:
    judgement = judged("any-answer", **facts)
    assert judgement.verdict is Verdict.BLOCKED
    assert maker in judgement.because


def test_the_maker_of_an_inspection_is_named_by_its_issuer() -> None:
    failed = {"failure": "certificate", "verifyCode": 20, "issuer": {"O": "Zscaler Inc.", "CN": "Zscaler Root CA"}}
    steps = [{"layer": "dns", "outcome": "ok", "facts": {"addresses": ["20.50.0.1"]}}]
    steps += [{"layer": "tls", "outcome": "failed", "facts": failed}]
    judgement = judge(Requirement(host=NAME), CATALOG.proofs["registry"], {"steps": steps}, SCENE)
    assert judgement.cause is Cause.TLS_UNTRUSTED_ISSUER
    assert "Zscaler, by its issuer" in judgement.because


def test_what_only_passes_the_answer_on_makes_no_block() -> None:
    headers = {"via": "1.1 wsa (Cisco-WSA/12.0)", "x-ms-request-id": "1"}
    judgement = judged("storage", 400, headers=headers)
    assert (judgement.verdict, judgement.because) == (Verdict.REACHABLE, "")
    assert judged("any-answer", 404, headers={"via": headers["via"]}, text="{}").verdict is Verdict.REACHABLE


@pytest.mark.parametrize(
    "facts",
    [
        {"status": 404, "headers": {"server": "AkamaiGHost"}, "text": "not found"},
        {"status": 404, "headers": {"server": "cloudflare", "set-cookie": "__cf_bm"}, "text": "not found"},
        {"status": 400, "headers": {"server": "Microsoft-HTTPAPI/2.0"}, "text": "Bad Request"},
        {"status": 404, "headers": {"server": "nginx", "via": "1.1 varnish"}, "text": "not found"},
        {"status": 404, "headers": {"server": "istio-envoy", "x-azure-ref": "0abc"}, "text": "not found"},
    ],
)
def test_services_and_content_networks_are_no_middleboxes(facts: dict[str, Any]) -> None:
    judgement = judged("any-answer", **facts)
    assert judgement.verdict is Verdict.REACHABLE


def test_every_maker_has_marks_that_the_prober_keeps_and_a_source() -> None:
    assert len(CATALOG.middleboxes) >= 30
    places = {where for box in CATALOG.middleboxes for where, _ in box.marks}
    assert places - {"title", "text", "issuer", "cookie"} <= set(prober.KEPT_HEADERS)
    assert "set-cookie" in prober.KEPT_HEADERS
    for box in CATALOG.middleboxes:
        assert all(source.startswith("https://") for source in box.sources), box.maker
        assert all(len(content) >= 5 or where.startswith("x-") for where, content in box.marks), box.maker


def test_the_prober_keeps_the_headers_of_every_mark() -> None:
    marks = {name for proof in CATALOG.proofs.values() for name, _ in proof.marks}
    assert marks - {"answer"} <= set(prober.KEPT_HEADERS)


def test_every_cause_has_an_owner_and_every_owner_a_cause() -> None:
    assert {meaning.owner for meaning in CAUSES.values()} == set(Owner)


# ---------------------------------------------------------------------------------------------------------------------
# Results that contradict themselves

DNS = {"layer": "dns", "outcome": "ok", "elapsedMs": 1, "facts": {"addresses": ["20.50.0.1"], "answers": []}}
ATTEMPT = {"address": "20.50.0.1", "family": 4, "connected": True}
TCP = {"layer": "tcp", "outcome": "ok", "elapsedMs": 1, "facts": {"attempts": [ATTEMPT]}}
TLS = {"layer": "tls", "outcome": "ok", "elapsedMs": 1, "facts": {"version": "TLSv1.3", "issuer": PUBLIC}}
HTTP = {
    "layer": "http",
    "outcome": "ok",
    "elapsedMs": 1,
    "facts": {"status": 401, "headers": {"www-authenticate": "Bearer x"}},
}
RESET = {"layer": "tls", "outcome": "failed", "elapsedMs": 1, "facts": {"failure": "reset"}}
LOST = {"layer": "tcp", "outcome": "failed", "elapsedMs": 1, "facts": {"failure": "timeout", "attempts": []}}


def taken(*steps: dict[str, Any]) -> bool:
    """Whether a transcript takes a result with these steps."""
    transcript = Transcript()
    transcript.take({"kind": "result", "id": "0", "elapsedMs": 1, "steps": list(steps)})
    return bool(transcript.results)


@pytest.mark.parametrize(
    "steps",
    [
        (DNS, TCP, RESET, TLS, HTTP),
        (DNS, LOST, TCP, TLS, HTTP),
        (DNS, TCP, TCP, TLS, HTTP),
        (HTTP,),
        (HTTP, TLS, TCP, DNS),
        (TCP,),
        (DNS, TLS, HTTP),
        (DNS, {**TCP, "facts": {}}, TLS, HTTP),
        (DNS, {**TCP, "facts": {"attempts": []}}),
        ({**DNS, "facts": {}}, TCP),
        (DNS, TCP, {**TLS, "facts": {}}, HTTP),
    ],
)
def test_a_result_that_contradicts_itself_is_not_taken(steps: tuple[dict[str, Any], ...]) -> None:
    assert not taken(*steps)
    assert taken(DNS, TCP, TLS, HTTP)
    assert taken(DNS, TCP, RESET)


@pytest.mark.parametrize("steps", [(DNS, TCP, RESET, TLS, HTTP), (HTTP, TLS, TCP, DNS), (DNS, LOST, TCP, TLS, HTTP)])
def test_nor_is_it_judged_fine(steps: tuple[dict[str, Any], ...]) -> None:
    judgement = judge(Requirement(host=NAME), CATALOG.proofs["registry"], {"steps": list(steps)}, SCENE)
    assert judgement.verdict is Verdict.UNKNOWN
    assert "contradicts itself" in judgement.because


# ---------------------------------------------------------------------------------------------------------------------
# Text from elsewhere


@pytest.mark.parametrize(
    "text",
    [
        "##vso[task.setvariable variable=PATH]evil",
        "see ##[error]x",
        "::error file=a::x",
        "  ::set-output name=a::b",
        "::error file=a:b::x",
        "::save-state name=x:y::z",
        "a\x1b[31mb",
        "a\nb",
        "a\u202eb",
    ],
)
def test_what_a_pipeline_or_a_terminal_would_obey_is_no_line(text: str) -> None:
    assert not is_line(text)
    plain = harmless(text)
    assert harmless(plain) == plain
    assert not any(word in plain for word in ("##vso[", "##[", "\x1b", "\n"))
    assert not plain.lstrip().startswith("::")


def test_addresses_are_no_commands() -> None:
    assert harmless("::1") == "::1"
    assert is_line("fe80::1 and ::ffff:10.0.0.1")


def test_secrets_of_addresses_go_and_the_end_stays() -> None:
    text = 'Get "https://user:pass@x.example.com/a?sig=SECRET&se=1": ' + "w" * 900 + " dial tcp: i/o timeout"
    short = one_line(text, 200)
    assert len(short) <= 200
    assert short.endswith("i/o timeout")
    assert short.startswith('Get "https://x.example.com/a":')
    assert "SECRET" not in without_secrets(text)
    assert without_secrets("no address? none") == "no address? none"


ROW = Requirement(host="acrml.azurecr.io", probe=ProbeSpec("acrml.azurecr.io", "/v2/", "registry"))


@pytest.mark.parametrize(
    "text",
    [
        "/login?ticket=SECRET",
        "to //portal.example/cb?sig=SECRET",
        "wss://r.servicebus.windows.net/$hc/a?sb-hc-token=SECRET",
        "https:\\/\\/h.example\\/b?sig=SECRET",
        "https://h.example/#/cb?access_token=SECRET",
        'Post "https://a.azurecr.io/oauth2/token?scope=repository(plugin):a:pull&refresh_token=SECRET": EOF',
        "http://user:SECRET@proxy.example:3128",
    ],
)
def test_no_secret_of_an_address_survives(text: str) -> None:
    assert "SECRET" not in without_secrets(text)
    assert "SECRET" not in one_line(text)


def test_an_id_that_a_pipeline_would_obey_is_none() -> None:
    assert not is_resource_id("/subscriptions/a/##vso[task.setvariable variable=PATH]evil")


def test_a_number_of_400_digits_costs_no_run() -> None:
    transcript = Transcript()
    transcript.take({"kind": "hello", "schema": 1, "timeoutS": 10**400, "throttledMs": 10**400})
    transcript.take({"kind": "result", "id": "0", "elapsedMs": 10**400, "steps": []})
    assert not transcript.results


def test_a_transcript_holds_no_signature() -> None:
    transcript, target = Transcript(), target_of(ROW)
    assert target is not None
    location = "https://weu.data.mcr.microsoft.com/x?sig=SECRET"
    step = {**HTTP, "facts": {"status": 307, "headers": {"location": location}, "text": f"see {location}"}}
    transcript.take({"kind": "result", "id": target["id"], "elapsedMs": 1, "steps": [DNS, TCP, TLS, step]})
    assert transcript.result_for(ROW) is not None
    assert "SECRET" not in json.dumps(transcript.result_for(ROW))


# ---------------------------------------------------------------------------------------------------------------------
# The prober: port 80 as evidence, odd settings, answers that are not ours


def test_read_http_tells_who_answers_on_port_80_and_decides_nothing(
    net: wire.Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    port80 = net.http(wire.answer(302, "Location: https://gateway.zscaler.net/block?u=1", "Server: Zscaler/6.2"))
    reconnector = prober._reconnector
    monkeypatch.setattr(
        prober,
        "_reconnector",
        lambda record, address, port: reconnector(record, address, port80 if port == 80 else port),
    )
    reset = net.serve(wire.reset)
    asked = json.loads(json.dumps(ask(net, {"port": reset}, readHttp=True)["0"]).replace("127.0.0.1", "20.50.0.1"))
    judgement = judge(Requirement(host=NAME), CATALOG.proofs["registry"], asked, SCENE)
    assert judgement.cause is Cause.TLS_RESET
    assert "over plain HTTP it answers 302" in judgement.because
    assert "Zscaler, by its" in judgement.because
    silent = ask(net, {"port": reset})["0"]
    assert "plainHttp" not in silent["steps"][-1]["facts"]


def test_a_skip_list_that_is_no_text_costs_no_row(net: wire.Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"NO_PROXY": "a\udcff.b,c\0d", "HTTPS_PROXY": "http://127.0.0.1:1"})
    result = ask(net, {"port": 443}, proxies="environment")["0"]
    assert result["steps"][-1]["layer"] == "proxy"


def test_an_interim_answer_of_a_proxy_is_not_its_last(net: wire.Wire) -> None:
    def behave(connection: Any) -> None:
        connection.recv(4096)
        connection.sendall(
            b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
        )

    proxy = {"https": f"http://127.0.0.1:{net.serve(behave)}", "skip": []}
    step = ask(net, {"port": 443}, proxies=proxy)["0"]["steps"][-1]
    assert step["facts"]["status"] == 403


def test_an_answer_to_another_question_is_passed_over() -> None:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.settimeout(5)

    def lie() -> None:
        for _ in range(2):
            data, peer = server.recvfrom(4096)
            question = data[12:]
            address = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x14\x32\x00\x09"
            foreign = b"\x05other\x04test\x00" + address[2:]
            head = b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"
            server.sendto(bytes([data[0] ^ 255, data[1]]) + head + question + address, peer)
            server.sendto(data[:2] + head + question + (foreign if question[-3] == 28 else address), peer)

    thread = threading.Thread(target=lie, daemon=True)
    thread.start()
    resolver = f"127.0.0.1:{server.getsockname()[1]}"
    request = {"schema": 1, "timeoutS": 3, "resolvers": [resolver], "targets": [
        {"id": "0", "host": "a.example.test", "port": 9, "protocol": "tcp", "path": "/"}
    ]}  # fmt: skip
    (result,) = [line for line in prober.run(request) if line["kind"] == "result"]
    thread.join(5)
    server.close()
    assert result["steps"][0]["facts"]["addresses"] == ["20.50.0.9"]
    answers = result["steps"][0]["facts"]["answers"]
    assert not any("error" in answer for answer in answers)
    assert [answer["addresses"] for answer in answers if answer["type"] == "AAAA"] == [[]]
