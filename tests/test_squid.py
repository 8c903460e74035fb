"""Behind a real squid: what it says is told apart, and what is reached through it is judged as anywhere."""

from __future__ import annotations

import pytest

from azext_amlnet.catalog import load
from azext_amlnet.measurement.judge import judge
from azext_amlnet.model import Cause, Judgement, ProbeSpec, Protocol, Requirement, Verdict

from . import wire
from .squid import SQUID, squid
from .test_prober import ask
from .wire import CHALLENGE, NAME

pytestmark = pytest.mark.skipif(SQUID is None, reason="needs squid: run `make tools` as root")
PROOFS = load().proofs
NAMES = {NAME: "127.0.0.1", "denied.example.test": "127.0.0.1", "dead.example.test": "127.0.0.1"}
RULES = ("acl denied dstdomain denied.example.test", "http_access deny denied", "http_access allow all")


def through(net: wire.Wire, proxy: str, host: str = NAME, protocol: str = "https", port: int = 443) -> Judgement:
    """The judgement on one target behind the proxy."""
    target = {"host": host, "port": port, "protocol": protocol}
    result = ask(net, target, timeout_s=8, proxies={"http": proxy, "https": proxy, "skip": []})["0"]
    proof = "registry"
    row = Requirement(host=host, port=port, protocol=Protocol(protocol), probe=ProbeSpec(host, "/v2/", proof))
    return judge(row, PROOFS[proof], result)


def test_squid_lets_through_and_denies(net: wire.Wire) -> None:
    https = net.https(wire.answer(401, CHALLENGE), net.context(NAME))
    http = net.http(wire.answer(401, CHALLENGE))
    with squid(NAMES, RULES) as port:
        proxy = f"http://127.0.0.1:{port}"
        assert through(net, proxy, port=https).verdict is Verdict.REACHABLE
        assert through(net, proxy, protocol="http", port=http).verdict is Verdict.REACHABLE
        for judgement in (
            through(net, proxy, "denied.example.test", port=https),
            through(net, proxy, "denied.example.test", "http", http),
        ):
            assert (
                judgement.cause is Cause.PROXY_DENIED
                and "403" in judgement.because
                and "ERR_ACCESS_DENIED" in judgement.because
            )
        for judgement in (
            through(net, proxy, "dead.example.test", port=net.refused_port()),
            through(net, proxy, "dead.example.test", "http", net.refused_port()),
        ):
            assert judgement.cause is Cause.PROXY_FAILURE and "ERR_CONNECT_FAIL" in judgement.because
        unresolved = through(net, proxy, "nowhere.example.test")
        assert unresolved.cause is Cause.PROXY_FAILURE and "ERR_" in unresolved.because


PASSWORD, ENCODED = "p@ss:w/rd%", "p%40ss%3Aw%2Frd%25"


def test_squid_wants_a_password_and_gets_it(net: wire.Wire) -> None:
    https = net.https(wire.answer(401, CHALLENGE), net.context(NAME))
    http = net.http(wire.answer(401, CHALLENGE))
    rules = ("http_access allow known",)
    with squid(NAMES, rules, user=("me@corp", PASSWORD)) as port:
        right = f"http://me%40corp:{ENCODED}@127.0.0.1:{port}"
        assert through(net, right, port=https).verdict is Verdict.REACHABLE
        assert through(net, right, protocol="http", port=http).verdict is Verdict.REACHABLE
        for wrong in (f"http://127.0.0.1:{port}", f"http://me%40corp:other@127.0.0.1:{port}"):
            for protocol, target in (("https", https), ("http", http)):
                judgement = through(net, wrong, protocol=protocol, port=target)
                assert judgement.cause is Cause.PROXY_AUTH_REQUIRED and "it wants Basic" in judgement.because
                assert "other" not in judgement.because


def test_squid_over_tls(net: wire.Wire) -> None:
    certificate = net.authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.bytes()
    https = net.https(wire.answer(401, CHALLENGE), net.context(NAME))
    with squid(NAMES, RULES, certificate=certificate) as port:
        judgement = through(net, f"https://127.0.0.1:{port}", port=https)
        assert judgement.verdict is Verdict.REACHABLE, judgement
        denied = through(net, f"https://127.0.0.1:{port}", "denied.example.test", port=https)
        assert denied.cause is Cause.PROXY_DENIED


def test_a_squid_whose_own_certificate_nobody_trusts(net: wire.Wire) -> None:
    certificate = net.stranger.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.bytes()
    with squid(NAMES, RULES, certificate=certificate) as port:
        judgement = through(net, f"https://127.0.0.1:{port}")
        assert (
            judgement.cause is Cause.PROXY_FAILURE
            and "certificate" in judgement.because
            and "Corporate" in judgement.because
        )
