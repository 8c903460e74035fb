"""Causes told apart on a real network: two namespaces of our own, and a packet filter between them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azext_amlnet.catalog import load
from azext_amlnet.measurement.judge import judge
from azext_amlnet.model import Cause, Judgement, Requirement, Verdict

from . import lab as the_lab
from .example import EXAMPLE, rows
from .lab import SECOND, WORLD, Lab
from .test_e2e_test import TEST
from .wire import NAME
from .world import Az

pytestmark = [
    pytest.mark.skipif(not the_lab.POSSIBLE, reason="needs root, ip and nft: run `make tools` as root"),
    pytest.mark.xdist_group("lab"),
]
REGISTRY = load().proofs["registry"]


@pytest.fixture(scope="module")
def network() -> Iterator[Lab]:
    with Lab() as made:
        yield made


@pytest.fixture
def lab(network: Lab) -> Lab:
    """The lab without packet rules."""
    network.filter()
    return network


def judged(lab: Lab, timeout_s: float = 3, **target: Any) -> Judgement:
    """The judgement on one measurement in the client's namespace."""
    result = lab.probe(timeout_s, **target)
    return judge(Requirement(host=target.get("host", NAME)), REGISTRY, result)


def test_an_open_network_is_reachable(lab: Lab) -> None:
    judgement = judged(lab)
    assert (judgement.verdict, judgement.cause) == (Verdict.REACHABLE, None)


@pytest.mark.parametrize(
    ("rule", "cause"),
    [
        ("out tcp dport 443 drop", Cause.TCP_TIMEOUT),
        ("out tcp dport 443 reject with tcp reset", Cause.TCP_REFUSED),
        ("out tcp dport 443 reject with icmpx admin-prohibited", Cause.TCP_UNREACHABLE),
        ("in udp sport 53 drop", Cause.DNS_TIMEOUT),
        ("out tcp dport 443 meta length > 200 drop", Cause.TLS_TIMEOUT),
        ("in tcp sport 443 meta length > 700 drop", Cause.TLS_MTU_BLACKHOLE),
    ],
    ids=["drop", "reset", "icmp", "dns-drop", "client-hello", "mtu"],
)
def test_what_a_packet_filter_does_is_told(lab: Lab, rule: str, cause: Cause) -> None:
    lab.filter(rule)
    assert judged(lab).cause is cause


def test_the_neighbours_of_a_black_hole_for_large_packets(lab: Lab) -> None:
    """A server that is silent in small packets too is no black hole for large ones."""
    lab.filter("in tcp sport 443 meta length > 100 drop")
    assert judged(lab).cause is Cause.TLS_TIMEOUT


def test_one_dead_address_of_two(lab: Lab) -> None:
    lab.filter(f"out ip daddr {SECOND} tcp dport 443 drop")
    judgement = judged(lab, timeout_s=6, host="two.example.test")
    assert (judgement.verdict, judgement.cause) == (Verdict.DEGRADED, Cause.TCP_PARTIAL)
    assert SECOND in judgement.because and WORLD not in judgement.because


def test_an_address_without_a_route(lab: Lab) -> None:
    assert judged(lab, host="nowhere.example.test").cause is Cause.TCP_UNREACHABLE


def test_the_systems_own_resolver_decides_and_the_raw_answer_explains(lab: Lab) -> None:
    lab.resolv(f"nameserver {WORLD}\n")
    assert judged(lab, resolvers=False).verdict is Verdict.REACHABLE
    judgement = judged(lab, resolvers=False, host="gone.example.test")
    assert judgement.cause is Cause.DNS_NXDOMAIN and f"NXDOMAIN from {WORLD}:53" in judgement.because


def test_a_search_domain_that_lies_is_named(lab: Lab) -> None:
    lab.resolv(f"nameserver {WORLD}\nsearch search.test\noptions ndots:5\n")
    lab.filter("out tcp dport 443 drop")
    judgement = judged(lab, resolvers=False, host="lies.example.test")
    assert (
        judgement.cause is Cause.DNS_SEARCH_DOMAIN and SECOND in judgement.because and "NXDOMAIN" in judgement.because
    )


def test_a_connection_that_opens_only_after_a_loss_is_intermittent(lab: Lab) -> None:
    """The first SYN is lost, the one that the kernel sends again a second later is not."""
    lab.filter("out tcp dport 443 tcp flags syn / syn,ack limit rate over 1/minute burst 1 packets accept",
               "out tcp dport 443 tcp flags syn / syn,ack drop")  # fmt: skip
    judgement = judged(lab, timeout_s=6)
    assert (judgement.verdict, judgement.cause) == (Verdict.DEGRADED, Cause.TCP_INTERMITTENT)
    assert judgement.because.startswith("the connection opened only after packets were sent again")


def test_the_whole_list_from_behind_a_firewall(lab: Lab, az: Az, tmp_path: Path) -> None:
    """The real az in a network where everything answers but what the packet filter drops."""
    lab.resolv(f"nameserver {WORLD}\n")
    ca = tmp_path / "ca.pem"
    ca.write_text(lab.pem, encoding="utf-8")
    words = (*TEST, "--workspace-file", str(EXAMPLE), "--timeout", "4", "--ca-file", str(ca))
    open_network = lab.az(az, *words)
    assert open_network.code == 0, open_network.err
    assert open_network.json["summary"]["verdicts"]["reachable"] == len([row for row in rows() if row.probe])
    lab.filter(f"out ip daddr {SECOND} tcp dport 443 drop")
    ran = lab.az(az, *words)
    broken = {r["host"]: r["cause"] for r in ran.json["results"] if r["verdict"] == "blocked"}
    registry = [row.host for row in rows() if row.host.startswith("acrml.") and ".data." in row.host]
    assert ran.code == 8 and broken == dict.fromkeys(registry, "tcp_timeout")
    assert ran.json["durationMs"] < 6000


def test_a_silent_resolver_costs_one_time_out(lab: Lab) -> None:
    lab.resolv(f"nameserver {WORLD}\n")
    lab.filter("in udp sport 53 drop")
    result = lab.probe(2, resolvers=False)
    assert result["elapsedMs"] < 2600
    assert judge(Requirement(host=NAME), REGISTRY, result).cause is Cause.DNS_TIMEOUT
