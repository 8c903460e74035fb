"""The wire: whatever comes back, each requirement gets one judgement, and none is ever better than the facts."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azext_amlnet.catalog import load
from azext_amlnet.measurement.results import result_of
from azext_amlnet.measurement.scene import Scene
from azext_amlnet.measurement.targets import request_for, target_of
from azext_amlnet.measurement.transcript import Transcript, read_lines
from azext_amlnet.model import Cause, Kind, ProbeSpec, Protocol, Requirement, Verdict
from azext_amlnet.prober import SENTINEL

CATALOG = load()
REGISTRY = Requirement(host="acrml.azurecr.io", probe=ProbeSpec("acrml.azurecr.io", "/v2/", "registry"))
STORAGE = Requirement(
    host="mlstore.blob.core.windows.net", probe=ProbeSpec("mlstore.blob.core.windows.net", "/", "storage")
)
ROWS = (REGISTRY, STORAGE)
HELLO = {"kind": "hello", "schema": 1, "ipv6": False}


def step(layer: str, outcome: str = "ok", **facts: Any) -> dict[str, Any]:
    return {"layer": layer, "outcome": outcome, "elapsedMs": 1.5, "facts": facts}


def fine(row: Requirement, status: int = 401) -> dict[str, Any]:
    """A result that proves its row."""
    headers = {"www-authenticate": "Bearer realm=x", "x-ms-request-id": "1"}
    steps = [
        step("dns", addresses=["20.50.0.1"], answers=[]),
        step("tcp", attempts=[{"address": "20.50.0.1", "family": 4, "connected": True}], connected="20.50.0.1"),
        step("tls", issuer={"O": "Microsoft Corporation"}, version="TLSv1.3"),
        step("http", status=status, headers=headers),
    ]
    target = target_of(row)
    assert target
    return {"kind": "result", "id": target["id"], "elapsedMs": 6.0, "steps": steps}


def log(*lines: Any) -> str:
    return "\n".join(f"{SENTINEL}{json.dumps(line)}" for line in lines)


def judged(text: str) -> dict[str, Verdict]:
    """The verdict of each row after reading a log."""
    transcript = Transcript()
    for line in read_lines(text):
        transcript.take(line)
    results = [result_of(row, CATALOG.proofs, transcript.result_for(row), Scene(), "script") for row in ROWS]
    assert [result.host for result in results] == [row.host for row in ROWS]
    return {result.host: result.verdict for result in results}


BOTH = [fine(REGISTRY), fine(STORAGE, 400)]
DONE = {"kind": "done", "count": 2}
R, U = Verdict.REACHABLE, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (log(HELLO, *BOTH, DONE), [R, R]),
        (log(DONE, *reversed(BOTH), HELLO), [R, R]),
        (log(HELLO, *BOTH, *BOTH, DONE), [R, R]),
        (log(HELLO, BOTH[0]), [R, U]),
        ("", [U, U]),
        (log(HELLO), [U, U]),
        ("\n".join(f"2026-11-23T10:00:00Z stdout F {line}" for line in log(HELLO, *BOTH).splitlines()), [R, R]),
        (log(HELLO, *BOTH).replace("\n", "\nsomebody else's line {}\n@amlnet@ not json\n@amlnet@[1]\n"), [R, R]),
        (log(HELLO, *BOTH)[:-40], [R, U]),
        (log(HELLO, BOTH[0]) + "\n" + SENTINEL + json.dumps({**BOTH[1], "pad": "x" * (1 << 20)}), [R, U]),
        (log(HELLO, BOTH[0], {**BOTH[1], "pad": "x" * 100_000}), [R, R]),
    ],
    ids=["whole", "order", "repeated", "half", "empty", "hello", "prefixed", "interleaved", "cut", "oversized", "long"],
)
def test_a_log_gives_right_results_or_unknown(text: str, expected: list[Verdict]) -> None:
    assert list(judged(text).values()) == expected


def test_two_different_results_for_one_target_make_it_unknown() -> None:
    other = {**BOTH[0], "steps": [step("dns", "failed", failure="EAI_NONAME", answers=[])]}
    assert list(judged(log(HELLO, *BOTH, other, BOTH[0], DONE)).values()) == [U, R]


@pytest.mark.parametrize(
    "facts",
    [
        {"status": "401"},
        {"status": True},
        {"headers": []},
        {"headers": {"www-authenticate": 1}},
        {"status": 401},
    ],
)
def test_a_result_of_another_shape_does_not_count(facts: dict[str, Any]) -> None:
    broken = fine(REGISTRY)
    broken["steps"][3]["facts"] = (
        {**facts}
        if len(facts) == 1 and facts.get("status") == 401
        else {
            **broken["steps"][3]["facts"],
            **facts,
        }
    )
    assert judged(log(HELLO, broken))[REGISTRY.host] is U


def test_a_result_counts_only_for_the_question_that_was_asked() -> None:
    """Another path, another port: another question."""
    transcript = Transcript()
    transcript.take(fine(REGISTRY))
    moved = Requirement(host=REGISTRY.host, port=8443, probe=REGISTRY.probe)
    asked_otherwise = Requirement(host=REGISTRY.host, probe=ProbeSpec(REGISTRY.host, "/", "registry"))
    assert transcript.result_for(REGISTRY) and not transcript.result_for(moved)
    assert transcript.result_for(asked_otherwise) is None


def test_rows_that_share_a_target_are_tried_once() -> None:
    wildcard = Requirement(host="*.azurecr.io", kind=Kind.WILDCARD, probe=REGISTRY.probe)
    request = request_for((*ROWS, wildcard), 5, "agent")
    assert [target["host"] for target in request["targets"]] == [row.host for row in ROWS]
    assert "resolvers" not in request and request["timeoutS"] == 5


def test_the_path_only_of_an_address_is_a_connection() -> None:
    row = Requirement(host="10.0.0.4", kind=Kind.IP, probe=ProbeSpec("10.0.0.4", "/", "connect"))
    target = target_of(row)
    assert target and (target["protocol"], target["host"]) == ("tcp", "10.0.0.4")
    assert target_of(Requirement(host="*.x.io", kind=Kind.WILDCARD)) is None
    assert target_of(Requirement(host="a.io", protocol=Protocol.UDP, port=5831)) is None


def test_what_servers_say_is_printable_and_short_before_anybody_sees_it() -> None:
    nasty = fine(REGISTRY, 403)
    nasty["steps"][3]["facts"]["reason"] = "\x1b[2J\x9b31m\u202e" + "x" * 9000
    transcript = Transcript()
    transcript.take(json.loads(json.dumps(nasty)))
    outcome = result_of(REGISTRY, CATALOG.proofs, transcript.result_for(REGISTRY), Scene(), "local")
    assert outcome.because.isprintable() and len(outcome.because) < 700
    texts = json.dumps(outcome.steps, ensure_ascii=False)
    assert texts.isprintable() and len(texts) < 4000


# -- laws

scalars = st.one_of(st.none(), st.booleans(), st.integers(-5, 700), st.text(max_size=12), st.just("20.50.0.1"))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["address", "family", "server", "type", "rcode", "addresses", "O", "failure", "x"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=8,
)
names = st.sampled_from(
    [
        "failure",
        "addresses",
        "answers",
        "attempts",
        "status",
        "headers",
        "issuer",
        "verifyCode",
        "alert",
        "reason",
        "notTls",
        "title",
        "names",
        "literal",
        "stage",
        "smallSegments",
        "location",
        "html",
        "text",
        "proxy",
        "error",
        "bytesReceived",
    ]
)
steps = st.fixed_dictionaries(
    {
        "layer": st.sampled_from(["dns", "tcp", "proxy", "tls", "http", "smb", "ntp", "pod", 1]),
        "outcome": st.sampled_from(["ok", "failed", "skipped", None]),
        "elapsedMs": st.one_of(st.integers(-1, 10), st.just(float("nan")), st.none()),
        "facts": st.one_of(st.dictionaries(names, values, max_size=6), st.none()),
    }
)


@settings(max_examples=400, deadline=None)
@given(st.lists(steps, max_size=5), st.sampled_from(sorted(CATALOG.proofs)), st.sampled_from(list(Protocol)))
def test_whatever_the_prober_prints_there_is_one_judgement(layers: Any, proof: str, protocol: Protocol) -> None:
    row = Requirement(host="a.example.io", protocol=protocol, probe=ProbeSpec("a.example.io", "/", proof))
    target = target_of(row)
    assert target
    transcript = Transcript()
    transcript.take({"kind": "result", "id": target["id"], "elapsedMs": 1, "steps": layers})
    result = result_of(row, CATALOG.proofs, transcript.result_for(row), Scene(), "local")
    assert result.verdict is not Verdict.SKIPPED
    assert (result.cause is None) == (result.verdict is Verdict.REACHABLE)
    assert (result.settled_by is not None) == (result.verdict is Verdict.UNKNOWN)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400), st.randoms())
def test_bytes_at_random_in_a_log_never_make_anything_green(noise: bytes, chance: random.Random) -> None:
    text = list(log(HELLO, *BOTH, DONE))
    for byte in noise:
        text[chance.randrange(len(text))] = chr(byte)
    verdicts = judged("".join(text))
    assert set(verdicts) == {row.host for row in ROWS} and set(verdicts.values()) <= set(Verdict) - {Verdict.SKIPPED}


def test_a_lost_result_is_unknown_and_says_so() -> None:
    outcome = result_of(REGISTRY, CATALOG.proofs, None, Scene(), "script")
    assert (outcome.verdict, outcome.cause, outcome.elapsed_ms, outcome.steps) == (U, Cause.POD_NO_RESULT, None, ())
