"""The prober on a loopback network: each situation leaves facts that tell it from its neighbours."""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from azext_amlnet import prober
from azext_amlnet.catalog import load
from azext_amlnet.measurement.report import Observation, Run, report_on
from azext_amlnet.measurement.transcript import Transcript, read_lines
from azext_amlnet.model import Fleet, Inputs, Requirement

from . import wire
from .wire import NAME
from .world import ROOT


def ask(net: wire.Wire, *targets: dict[str, Any], timeout_s: float = 6.0, **request: Any) -> dict[str, dict[str, Any]]:
    """Runs the prober and returns its results by target."""
    full = [
        {"id": str(number), "host": NAME, "protocol": "https", "path": "/v2/", **target}
        for number, target in enumerate(targets)
    ]
    lines = list(
        prober.run(
            {
                "schema": 1,
                "timeoutS": timeout_s,
                "targets": full,
                "resolvers": [net.dns()],
                "trust": {"pem": net.pem, "only": True},
                **request,
            }
        )
    )
    assert lines[0]["kind"] == "hello" and lines[-1]["kind"] == "done" and lines[-1]["count"] == len(full)
    return {line["id"]: line for line in lines[1:-1]}


def last(net: wire.Wire, timeout_s: float = 6.0, **target: Any) -> dict[str, Any]:
    """The last step of one target."""
    step: dict[str, Any] = ask(net, target, timeout_s=timeout_s)["0"]["steps"][-1]
    return step


def layers(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Layers and outcomes."""
    return [(step["layer"], step["outcome"]) for step in result["steps"]]


# -- the whole ladder


def test_an_endpoint_that_answers_is_climbed_to_the_top(net: wire.Wire) -> None:
    port = net.https(wire.answer(401, wire.CHALLENGE, "Content-Type: application/json"), net.context(NAME))
    result = ask(net, {"port": port})["0"]
    assert layers(result) == [("dns", "ok"), ("tcp", "ok"), ("tls", "ok"), ("http", "ok")]
    dns, tcp, tls, http = (step["facts"] for step in result["steps"])
    assert dns["addresses"] == ["127.0.0.1"] and dns["answers"][0]["rcode"] == "NOERROR"
    assert tcp["connected"] == "127.0.0.1"
    assert tls["version"] in ("TLSv1.2", "TLSv1.3") and tls["issuer"]["O"] == "Trusted Test Authority"
    assert http["status"] == 401 and "Bearer realm" in http["headers"]["www-authenticate"]
    assert all(step["elapsedMs"] >= 0 for step in result["steps"])


def test_what_is_sent_is_a_get_with_our_name_and_nothing_else(net: wire.Wire) -> None:
    port = net.https(wire.answer(200), net.context(NAME))
    ask(net, {"port": port}, userAgent="amlnet/1.0.0b1 (connectivity test)")
    head = net.seen[0].decode()
    assert head.splitlines()[0] == "GET /v2/ HTTP/1.1"
    names = {line.split(":")[0] for line in head.splitlines()[1:] if line}
    assert names == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
    assert "User-Agent: amlnet/1.0.0b1 (connectivity test)" in head and f"Host: {NAME}:{port}" in head


def test_no_redirect_is_followed_and_the_place_is_told(net: wire.Wire) -> None:
    port = net.https(wire.answer(302, "Location: https://login.portal.example/"), net.context(NAME))
    facts = last(net, port=port)["facts"]
    assert (facts["status"], facts["headers"]["location"]) == (302, "https://login.portal.example/")
    assert len(net.seen) == 1


def test_a_block_page_is_told_by_title_and_text(net: wire.Wire) -> None:
    page = "<!DOCTYPE html><html><head><title>Access\n denied</title></head><body>Category: unknown</body></html>"
    port = net.https(wire.answer(403, "Content-Type: text/html", "Server: Filter", body=page), net.context(NAME))
    facts = last(net, port=port)["facts"]
    assert facts["title"] == "Access denied" and facts["html"] and facts["headers"]["server"] == "Filter"
    assert "Category: unknown" in facts["text"]


def test_a_body_without_end_is_cut_at_64_kb(net: wire.Wire) -> None:
    port = net.https(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 300_000, net.context(NAME))
    assert last(net, port=port)["facts"]["bodyBytes"] == prober.MOST_BODY


def test_a_websocket_upgrade_is_sent_where_it_is_needed(net: wire.Wire) -> None:
    port = net.https(wire.answer(101, "Upgrade: websocket"), net.context(NAME))
    assert last(net, port=port, websocket=True)["facts"]["status"] == 101
    assert b"Upgrade: websocket" in net.seen[0] and b"Sec-WebSocket-Key: " in net.seen[0]


# -- dns

DNS = {
    "NXDOMAIN": 3,
    "SERVFAIL": 2,
    "REFUSED": 5,
}


@pytest.mark.parametrize(("rcode", "number"), DNS.items())
def test_what_a_nameserver_says_is_told_by_its_word(net: wire.Wire, rcode: str, number: int) -> None:
    net.names[("missing.example.test", "*")] = number
    step = last(net, host="missing.example.test", port=443)
    assert (step["layer"], step["outcome"]) == ("dns", "failed")
    assert {answer["rcode"] for answer in step["facts"]["answers"]} == {rcode}


def test_a_name_without_addresses_is_no_missing_name(net: wire.Wire) -> None:
    net.names[("empty.example.test", "*")] = []
    facts = last(net, host="empty.example.test", port=443)["facts"]
    assert facts["failure"] == "no_address"
    assert {answer["rcode"] for answer in facts["answers"]} == {"NOERROR"}


def test_a_silent_nameserver_is_told_as_silence_in_time(net: wire.Wire) -> None:
    net.names[("silent.example.test", "*")] = "silence"
    started = time.monotonic()
    facts = last(net, timeout_s=1.0, host="silent.example.test", port=443)["facts"]
    assert time.monotonic() - started < 1.5
    assert {answer.get("error") for answer in facts.get("answers", [{"error": "timeout"}])} == {"timeout"}


def test_a_name_with_ipv6_only_shows_which_kind_it_has(net: wire.Wire) -> None:
    net.names[("six.example.test", "AAAA")] = ["::1"]
    net.names[("six.example.test", "A")] = []
    result = ask(net, {"host": "six.example.test", "port": net.refused_port()})["0"]
    kinds = {answer["type"]: answer["addresses"] for answer in result["steps"][0]["facts"]["answers"]}
    assert kinds == {"A": [], "AAAA": ["::1"]}


# -- tcp


def test_a_refused_connection(net: wire.Wire) -> None:
    facts = last(net, port=net.refused_port())["facts"]
    assert facts["failure"] == "refused" and facts["attempts"][0]["errno"] == "ECONNREFUSED"


def test_a_connection_that_is_never_answered(net: wire.Wire) -> None:
    step = last(net, timeout_s=1.0, port=net.silent_port())
    assert (step["layer"], step["facts"]["failure"]) == ("tcp", "timeout")


def test_every_address_is_tried_at_once_and_told_about(net: wire.Wire) -> None:
    port = net.https(wire.answer(200), net.context(NAME))
    net.names[(NAME, "A")] = ["127.0.0.2", "127.0.0.1", "127.0.0.3"]
    result = ask(net, {"port": port})["0"]
    assert layers(result)[-1] == ("http", "ok")
    attempts = {a["address"]: a.get("failure", "connected") for a in result["steps"][1]["facts"]["attempts"]}
    assert attempts == {"127.0.0.1": "connected", "127.0.0.2": "refused", "127.0.0.3": "refused"}


def test_a_process_with_more_than_1024_open_files_connects_as_well(net: wire.Wire) -> None:
    port = net.serve(wire.hang)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1050)]
    try:
        step = last(net, port=port, protocol="tcp")
    finally:
        for file in files:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert step["layer"] == "tcp" and step["outcome"] == "ok" and step["facts"]["connected"] == "127.0.0.1"


def test_more_addresses_than_eight_are_counted(net: wire.Wire) -> None:
    net.names[(NAME, "A")] = [f"127.0.1.{n}" for n in range(1, 12)]
    facts = last(net, port=net.refused_port())["facts"]
    assert len(facts["attempts"]) == 8 and facts["untried"] == 3


# -- tls


@pytest.mark.parametrize(
    ("behave", "failure", "more"),
    [
        (wire.reset, "reset", {"bytesReceived": 0}),
        (lambda c: c.recv(4096) and None, "closed", {"bytesReceived": 0}),
        (lambda c: (c.recv(4096), c.sendall(b"\x15\x03\x01\x00\x02\x02\x70")), "protocol", {"alert": 112}),
        (lambda c: (c.recv(4096), c.sendall(b"\x15\x03\x01\x00\x02\x02\x28")), "protocol", {"alert": 40}),
        (
            lambda c: (c.recv(4096), c.sendall(wire.answer(400, body="plain"))),
            "protocol",
            {"notTls": "HTTP/1.1 400 Said"},
        ),
    ],
    ids=["reset", "closed", "unrecognized-name", "handshake-failure", "not-tls"],
)
def test_what_the_wire_does_after_client_hello(net: wire.Wire, behave: Any, failure: str, more: dict[str, Any]) -> None:
    step = last(net, port=net.serve(behave))
    assert (step["layer"], step["facts"]["failure"]) == ("tls", failure)
    for key, value in more.items():
        fact = step["facts"][key]
        assert fact == value or str(fact).startswith(str(value))


def test_silence_after_client_hello_is_silence_in_small_packets_too(net: wire.Wire) -> None:
    facts = last(net, timeout_s=1.5, port=net.serve(wire.hang))["facts"]
    assert (facts["failure"], facts["smallSegments"], facts["bytesReceived"]) == ("timeout", "timeout", 0)


def test_an_untrusted_issuer_is_named(net: wire.Wire) -> None:
    port = net.https(wire.answer(200), net.context(NAME, authority=net.stranger))
    facts = last(net, port=port)["facts"]
    assert facts["failure"] == "certificate" and facts["verifyCode"] in (18, 19, 20, 21)
    assert facts["issuer"]["O"] == "Corporate Interception CA"
    assert NAME in facts["names"]


def test_an_expired_certificate_tells_its_day(net: wire.Wire) -> None:
    facts = last(net, port=net.https(wire.answer(200), net.expired(NAME)))["facts"]
    assert facts["verifyCode"] == 10 and facts["notAfter"] == "2020-01-02T00:00:00Z"


def test_a_certificate_for_another_name_tells_its_names(net: wire.Wire) -> None:
    facts = last(net, port=net.https(wire.answer(200), net.context("other.example.test")))["facts"]
    assert facts["verifyCode"] == 62 and facts["names"] == ["other.example.test"]


def test_an_old_version_is_a_protocol_failure(net: wire.Wire) -> None:
    facts = last(net, port=net.https(wire.answer(200), net.old_version(NAME)))["facts"]
    assert facts["failure"] == "protocol"
    assert facts.get("alert") == 70 or "VERSION" in facts["reason"].upper() or "PROTOCOL" in facts["reason"].upper()


# -- http


@pytest.mark.parametrize(
    ("answer", "failure"),
    [(b"", "closed"), (b"SSH-2.0-OpenSSH\r\n\r\n", "garbled"), (b"HTTP/1.1 abc\r\n\r\n", "garbled")],
)
def test_an_answer_that_is_none(net: wire.Wire, answer: bytes, failure: str) -> None:
    step = last(net, port=net.https(answer, net.context(NAME)))
    assert (step["layer"], step["facts"]["failure"]) == ("http", failure)


def test_a_request_that_is_never_answered(net: wire.Wire) -> None:
    port = net.https(b"", net.context(NAME), then=lambda _: time.sleep(3))
    step = last(net, timeout_s=1.0, port=port)
    assert (step["layer"], step["facts"]["failure"]) == ("http", "timeout")


def test_plain_http_rows_are_asked_in_plain(net: wire.Wire) -> None:
    result = ask(net, {"protocol": "http", "port": net.http(wire.answer(404))})["0"]
    assert layers(result) == [("dns", "ok"), ("tcp", "ok"), ("http", "ok")]


def test_tcp_tls_smb_and_udp_rows_stop_where_they_prove_something(net: wire.Wire) -> None:
    tls = net.https(wire.answer(200), net.context(NAME))

    def smb(connection: Any) -> None:
        connection.recv(4096)
        connection.sendall(b"\0\0\0\x40\xfeSMB" + b"\0" * 60)

    results = ask(
        net,
        {"protocol": "tls", "port": tls},
        {"protocol": "tcp", "port": tls},
        {"protocol": "smb", "port": net.serve(smb)},
        {"protocol": "smb", "port": net.http(wire.answer(200))},
    )
    assert [layers(results[i])[-1] for i in "0123"] == [("tls", "ok"), ("tcp", "ok"), ("smb", "ok"), ("smb", "failed")]


# -- proxies


def through(net: wire.Wire, port: int, user: str = "", scheme: str = "http", **more: Any) -> dict[str, Any]:
    """The request's proxies."""
    login = f"{user}@" if user else ""
    return {"proxies": {"https": f"{scheme}://{login}127.0.0.1:{port}", "http": None, "skip": [], **more}}


def test_through_a_proxy_the_target_is_not_resolved_here(net: wire.Wire) -> None:
    port = net.https(wire.answer(401), net.context("only.proxy.test"))
    proxy = net.proxy({"only.proxy.test": port})
    result = ask(net, {"host": "only.proxy.test", "port": 443}, **through(net, proxy))["0"]
    assert layers(result) == [("proxy", "ok"), ("tls", "ok"), ("http", "ok")]


@pytest.mark.parametrize(
    ("refuse", "status"),
    [
        (wire.answer(407, "Proxy-Authenticate: Negotiate"), 407),
        (wire.answer(403, "X-Squid-Error: ERR_ACCESS_DENIED 0"), 403),
    ],
)
def test_a_proxy_that_says_no_is_no_dns_problem(net: wire.Wire, refuse: bytes, status: int) -> None:
    step = ask(net, {"port": 443}, **through(net, net.proxy({}, refuse=refuse)))["0"]["steps"][-1]
    assert (step["layer"], step["facts"]["failure"], step["facts"]["stage"]) == ("proxy", "denied", "connect")
    assert step["facts"]["status"] == status


def test_a_proxy_that_is_not_there(net: wire.Wire) -> None:
    step = ask(net, {"port": 443}, **through(net, net.refused_port()))["0"]["steps"][-1]
    assert (step["layer"], step["facts"]["stage"], step["facts"]["failure"]) == ("proxy", "tcp", "refused")


def test_a_proxy_without_a_name(net: wire.Wire) -> None:
    options = {"proxies": {"https": "http://noproxy.example.test:3128", "skip": []}}
    step = ask(net, {"port": 443}, **options)["0"]["steps"][-1]
    assert (step["layer"], step["facts"]["stage"]) == ("proxy", "dns")


@pytest.mark.parametrize("behave", [wire.reset, lambda c: c.recv(99) and c.sendall(b"SSH-2.0\r\n\r\n")])
def test_a_broken_proxy(net: wire.Wire, behave: Any) -> None:
    step = ask(net, {"port": 443}, **through(net, net.serve(behave)))["0"]["steps"][-1]
    assert step["layer"] == "proxy" and step["facts"]["failure"] in ("reset", "garbled", "error", "closed")


def test_credentials_reach_the_proxy_only_and_show_nowhere(net: wire.Wire) -> None:
    import base64

    port = net.https(wire.answer(401), net.context(NAME))
    user = base64.b64encode(b"me@corp:p@ss:w/rd%").decode()
    options = through(net, net.proxy({NAME: port}, user=user), user="me%40corp:p%40ss%3Aw%2Frd%25")
    result = ask(net, {"port": 443}, **options)["0"]
    assert layers(result)[-1] == ("http", "ok")
    hello = next(iter(prober.run({"schema": 1, "targets": [], **options})))
    for secret in ("p@ss", "p%40ss", user):
        assert secret not in json.dumps([result, hello])
    assert not [head for head in net.seen if b"GET" in head and b"Proxy-Authorization" in head]


SKIPS = [
    ("*", "a.example.com", True),
    ("example.com", "example.com", True),
    ("example.com", "a.example.com", True),
    ("example.com", "badexample.com", False),
    (".example.com", "a.example.com", True),
    (".example.com", "example.com", False),
    ("*.example.com", "a.example.com", True),
    ("EXAMPLE.com", "a.Example.COM", True),
    ("a.example.com:443", "a.example.com", True),
    ("a.example.com:8080", "a.example.com", False),
    ("10.0.0.0/8", "10.1.2.3", True),
    ("10.0.0.0/8", "11.1.2.3", False),
    ("10.0.0.0/8", "a.example.com", False),
    ("fd00::/8", "fd00::1", True),
    ("[::1]:443", "::1", True),
    ("::1", "::1", True),
    ("127.0.0.1", "127.0.0.1", True),
    ("0.0.0.1", "10.0.0.1", False),
]


@pytest.mark.parametrize(("entry", "host", "skipped"), SKIPS)
def test_skip_lists_are_read_as_go_reads_them(entry: str, host: str, skipped: bool) -> None:
    assert prober.skips(entry, host, 443) is skipped


def test_the_environment_names_proxies_in_both_cases() -> None:
    proxies = prober.environment_proxies(
        {"HTTPS_PROXY": "http://upper:1", "https_proxy": "http://lower:1", "NO_PROXY": "a, b"}
    )
    assert proxies == {"http": None, "https": "http://lower:1", "skip": ["a", "b"]}
    assert prober.scrubbed("http://user:secret@proxy.example:3128/") == "http://proxy.example:3128"


# -- deadlines, scale, the wire


def test_black_holes_cost_one_time_out_and_each_keeps_its_layer(net: wire.Wire) -> None:
    silent, hanging = net.silent_port(), net.serve(wire.hang)
    fine = net.https(wire.answer(200), net.context(NAME))
    started = time.monotonic()
    ports = [silent] * 20 + [hanging] * 20 + [fine] * 20
    results = ask(net, *({"port": port} for port in ports), timeout_s=4)
    assert time.monotonic() - started < 7  # not 40 times 4
    assert len(results) == 60
    ends = {port: {layers(results[str(i)])[-1] for i, p in enumerate(ports) if p == port} for port in ports}
    assert ends == {silent: {("tcp", "failed")}, hanging: {("tls", "failed")}, fine: {("http", "ok")}}


def test_the_same_bytes_as_a_script(net: wire.Wire, tmp_path: Path) -> None:
    port = net.https(wire.answer(401), net.context(NAME))
    request = {
        "schema": 1,
        "timeoutS": 2,
        "resolvers": [net.dns()],
        "trust": {"pem": net.pem, "only": True},
        "targets": [{"id": "x", "host": NAME, "port": port, "protocol": "https", "path": "/"}],
    }
    script = ROOT / "azext_amlnet" / "prober.py"
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(script)],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        timeout=20,
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
    )
    assert done.returncode == 0 and done.stderr == ""
    lines = [json.loads(line.removeprefix(prober.SENTINEL)) for line in done.stdout.splitlines()]
    assert [line["kind"] for line in lines] == ["hello", "result", "done"]
    assert layers(lines[1]) == layers(ask(net, {"port": port, "path": "/"})["0"])


def test_a_request_of_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="schema 2 is not known"):
        list(prober.run({"schema": 2, "targets": []}))


def test_main_prints_what_run_yields(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"schema": 1, "targets": []}'))
    prober.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and all(line.startswith(prober.SENTINEL) for line in lines)


def pythons() -> list[str]:
    """Every Python from 3.8 on that is on PATH and runs."""
    paths = []
    for minor in range(8, 15):
        path = shutil.which(f"python3.{minor}")
        if path and subprocess.run([path, "-c", ""], capture_output=True, timeout=20).returncode == 0:
            paths.append(path)
    return paths or [sys.executable]


@pytest.mark.parametrize("python", pythons(), ids=os.path.basename)
def test_every_python_tells_the_same(net: wire.Wire, python: str) -> None:
    """The facts that verdicts hang on do not differ by version: alerts, RST, FIN, issuers, old TLS."""
    alert = b"\x15\x03\x01\x00\x02\x02\x28"
    ports = [
        net.https(wire.answer(401, body="x"), net.context(NAME)),
        net.serve(wire.reset),
        net.serve(lambda c: c.recv(4096)),
        net.serve(lambda c: (c.recv(4096), c.sendall(alert))),
        net.https(b"", net.context(NAME, authority=net.stranger)),
        net.https(b"", net.expired(NAME)),
        net.https(b"", net.context("other.example.test")),
        net.refused_port(),
    ]
    targets = [{"id": str(i), "host": NAME, "port": p, "protocol": "https"} for i, p in enumerate(ports)]
    request = {"schema": 1, "timeoutS": 6, "resolvers": [net.dns()], "trust": {"pem": net.pem, "only": True}}
    done = subprocess.run(
        [python, "-I", "-S", str(ROOT / "azext_amlnet" / "prober.py")],
        input=json.dumps({**request, "targets": targets}),
        capture_output=True,
        text=True,
        timeout=40,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line.removeprefix(prober.SENTINEL)) for line in done.stdout.splitlines()]
    steps = {line["id"]: line["steps"][-1] for line in lines[1:-1]}
    outcomes = [(steps[str(i)]["layer"], steps[str(i)]["facts"].get("failure")) for i in range(len(ports))]
    assert outcomes == [
        ("http", None),
        ("tls", "reset"),
        ("tls", "closed"),
        ("tls", "protocol"),
        ("tls", "certificate"),
        ("tls", "certificate"),
        ("tls", "certificate"),
        ("tcp", "refused"),
    ]
    assert steps["3"]["facts"]["alert"] == 40
    assert [steps[i]["facts"]["verifyCode"] for i in "456"] in ([20, 10, 62], [21, 10, 62], [19, 10, 62])
    assert steps["4"]["facts"]["issuer"]["O"] == "Corporate Interception CA"


# -- many names at once


def test_a_resolver_that_drops_bursts_is_spared(net: wire.Wire) -> None:
    """Asked for all names at once it would lose most, and names that exist would be called unknown or slow."""
    names = [f"n{number}.example.test" for number in range(40)]
    net.names.update({(name, "A"): ["127.0.0.1"] for name in names})
    targets = [{"host": name, "port": net.refused_port(), "protocol": "tcp"} for name in names]
    started = time.monotonic()
    results = ask(net, *targets, resolvers=[net.few_at_once(2 * prober.MOST_LOOKUPS)])
    assert time.monotonic() - started < 3
    lookups = [result["steps"][0] for result in results.values()]
    assert all(step["outcome"] == "ok" and step["elapsedMs"] < 1000 for step in lookups), lookups


def under(limit: str, net: wire.Wire, count: int, addresses: int, timeout_s: float) -> tuple[Transcript, float]:
    """What comes of so many silent names, each of several addresses, in a process of its own with a limit; how long."""
    script, port, limits = str(Path(prober.__file__)), net.silent_port(addresses), f"import resource as r, sys; {limit}"
    names = [f"n{number}.example.test" for number in range(count)]
    at = [f"127.0.0.{number + 1}" for number in range(addresses)]
    net.names.update({(name, "A"): at for name in names})
    targets = [{"id": name, "host": name, "port": port, "protocol": "tcp", "path": "/"} for name in names]
    asked = {"schema": 1, "timeoutS": timeout_s, "resolvers": [net.dns()], "targets": targets}
    code = f"{limits}; exec(compile(open({script!r}).read(), {script!r}, 'exec'))"
    began = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], input=json.dumps(asked), capture_output=True, text=True, timeout=60,
        check=True, env={**os.environ, "MALLOC_ARENA_MAX": "1"},
    )  # fmt: skip
    transcript = Transcript()
    for line in read_lines(ran.stdout):
        transcript.take(line)
    assert transcript.complete and len(transcript.results) == count
    return transcript, time.monotonic() - began


LACKING = {
    "files": "the process may have 250 open files",
    "threads": "the process may have no more threads",
    "memory": "the process may have no more memory",
}


@pytest.mark.parametrize(
    ("limit", "count", "addresses", "lacking"),
    [
        ("r.setrlimit(r.RLIMIT_NOFILE, (250, 250))", 150, 1, ("files",)),
        ("r.setrlimit(r.RLIMIT_NOFILE, (250, 250))", 100, 8, ("files",)),
        # What fails first for want of address space, a new stack or an allocation in a thread, is a race.
        ("r.setrlimit(r.RLIMIT_AS, (250 << 20, 250 << 20))", 200, 2, ("threads", "memory")),
    ],
)
def test_at_its_own_limits_it_tries_fewer_at_a_time_and_nobody_pays_for_it(
    net: wire.Wire, limit: str, count: int, addresses: int, lacking: tuple[str, ...]
) -> None:
    """A target that lacked files or threads, since others had them, says nothing of the network: it is tried again."""
    transcript, took_s = under(limit, net, count, addresses, timeout_s=0.7)
    places = transcript.room["atOnce"]
    assert transcript.room["lacking"] in lacking and 4 <= places < count, transcript.room
    assert 2 * 0.7 <= took_s < 25
    steps = [result["steps"][-1] for result in transcript.results.values()]
    assert {(step["layer"], step["facts"]["failure"]) for step in steps} == {("tcp", "timeout")}
    assert all(len(step["facts"]["attempts"]) == addresses for step in steps)
    rows = tuple(Requirement(host=f"10.0.0.{n}") for n in range(2))
    report = report_on(
        Inputs(load(), Fleet(), rows), Run((Observation("local", "this machine", transcript),), 0.0, 1.0)
    )
    said_so = [one for one in report.warnings if f"No more than {places} endpoints were tried at a time" in one]
    assert len(said_so) == 1 and LACKING[transcript.room["lacking"]] in said_so[0]


def run_with(monkeypatch: pytest.MonkeyPatch, net: wire.Wire, count: int, fails: Callable[[int], bool]) -> list[Any]:
    """The lines of a run of so many silent targets, where the starts of threads fail that `fails` names."""
    starts = iter(range(10**6))

    def start(work: Any, arguments: Any) -> int:
        if fails(next(starts)):
            raise RuntimeError("can't start new thread")
        return real(work, arguments)

    real = prober.start_new_thread
    monkeypatch.setattr(prober, "start_new_thread", start)
    monkeypatch.setattr(prober, "PATIENCE_S", 0.3)
    port = net.silent_port()
    targets = [{"id": str(n), "host": "127.0.0.1", "port": port, "protocol": "tcp", "path": "/"} for n in range(count)]
    return list(prober.run({"schema": 1, "timeoutS": 0.5, "targets": targets}))


def test_one_threads_failure_makes_no_run_serial(monkeypatch: pytest.MonkeyPatch, net: wire.Wire) -> None:
    started = time.monotonic()
    lines = run_with(monkeypatch, net, 15, lambda number: number == 1)
    assert time.monotonic() - started < 2 and len(lines) == 17
    assert {line["steps"][-1]["facts"]["failure"] for line in lines if line["kind"] == "result"} == {"timeout"}


def test_where_no_thread_ever_starts_each_target_says_so(monkeypatch: pytest.MonkeyPatch, net: wire.Wire) -> None:
    lines = run_with(monkeypatch, net, 3, lambda number: True)
    assert [line["kind"] for line in lines] == ["hello", "result", "result", "result", "done"]
    assert {line["steps"][-1]["facts"]["failure"] for line in lines[1:4]} == {"exhausted"}


@pytest.mark.parametrize(
    ("facts", "lack"),
    [
        ({"failure": "exhausted", "errno": "EMFILE"}, "files"),
        ({"failure": "error", "error": "MemoryError"}, "memory"),
        ({"attempts": [{"failure": "exhausted", "errno": "EMFILE"}]}, "files"),
        ({"smallSegments": "exhausted"}, "files"),
        ({"plainHttp": {"failure": "exhausted", "errno": "EMFILE"}}, "files"),
        ({"answers": [{"error": "ENFILE"}]}, "files"),
        ({"failure": "exhausted", "error": "RuntimeError: can't start new thread"}, "threads"),
        ({"failure": "timeout"}, ""),
        ({"title": "EMFILE", "text": "MemoryError"}, ""),
    ],
)
def test_what_a_process_lacks_for_itself_is_told_from_what_servers_say(facts: dict[str, Any], lack: str) -> None:
    assert prober.lacking([{"facts": {}}, {"facts": facts}]) == lack


def test_openssl_without_memory_is_no_fault_of_the_network() -> None:
    assert prober._own_limit(ssl.SSLError(1, "[SSL] malloc failure (_ssl.c:2580)")) == "exhausted"
    assert prober._own_limit(ssl.SSLError(1, "[SSL] internal error (_ssl.c:1006)")) == "exhausted"
    assert prober._own_limit(ssl.SSLError(1, "[SSL: TLSV1_ALERT_INTERNAL_ERROR] tlsv1 alert internal error")) is None


def test_a_limit_of_files_that_cannot_be_raised_so_far_is_raised_less_or_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS has no hard limit to see, and refuses more than 10,240."""
    limits = {"most": 10240, "soft": 256}

    def refuse(_: int, wanted: tuple[int, int]) -> None:
        if wanted[0] > limits["most"]:
            raise ValueError("current limit exceeds maximum limit")
        limits["soft"] = wanted[0]

    monkeypatch.setattr(resource, "getrlimit", lambda _: (limits["soft"], resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert prober._raised_files() == limits["soft"] == 10240
    limits.update(most=256, soft=256)
    assert prober._raised_files() == limits["soft"] == 256


def test_stacks_and_turns_are_as_usual_again_after_runs_beside_each_other(net: wire.Wire) -> None:
    usual, turn, port = threading.stack_size(), sys.getswitchinterval(), net.refused_port()
    target = {"id": "one", "host": "127.0.0.1", "port": port, "protocol": "tcp", "path": "/"}
    runs = [prober.run({"schema": 1, "timeoutS": 1, "targets": [target]}) for _ in range(3)]
    assert [next(run)["kind"] for run in runs] == ["hello"] * 3
    assert [next(run)["kind"] for run in runs] == ["result"] * 3 and threading.stack_size() == prober.STACK
    assert sys.getswitchinterval() == pytest.approx(prober.SWITCH_S) and turn < prober.SWITCH_S
    assert [[line["kind"] for line in run] for run in runs[:2]] == [["done"]] * 2
    runs[2].close()
    assert (threading.stack_size(), sys.getswitchinterval()) == (usual, turn)


def test_a_silent_resolver_costs_one_time_out_and_a_second(net: wire.Wire) -> None:
    names = [f"n{number}.example.test" for number in range(120)]
    net.names.update({(name, kind): "silence" for name in names for kind in ("A", "AAAA")})
    started = time.monotonic()
    results = ask(net, *({"host": name, "port": 443} for name in names), timeout_s=2.0)
    assert time.monotonic() - started < 2.0 + 2
    assert {layers(result)[0] for result in results.values()} == {("dns", "failed")}
    assert all(result["elapsedMs"] < 3000 for result in results.values()), "each has its whole time, and no more"


def test_who_needs_no_lookup_waits_for_none(net: wire.Wire) -> None:
    silent = [{"host": f"n{number}.example.test", "port": 443} for number in range(12)]
    net.names.update({(str(target["host"]), kind): "silence" for target in silent for kind in ("A", "AAAA")})
    literal = {"host": "127.0.0.1", "port": net.refused_port(), "protocol": "tcp"}
    results = ask(net, *silent, *[literal] * 20, timeout_s=1.0)
    assert sum(layers(result)[-1] == ("tcp", "failed") for result in results.values()) == 20
