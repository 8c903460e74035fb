"""What nodes and API servers say, row by row of docs/node-messages.md, and what no wording may do."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_amlnet.cluster import failures
from azext_amlnet.cluster.pulls import Outcome, read
from azext_amlnet.cluster.watch import ProbePod
from azext_amlnet.model import Cause

from .world import ROOT

PAGE = (ROOT / "docs" / "node-messages.md").read_text(encoding="utf-8")
PULLS = re.findall(r"^\| (.+?) \| `(.+)` \| (\S+) \| (yes|no) \|$", PAGE, re.MULTILINE)
REFUSALS = re.findall(r"^\| `(.+)` \| `(pod_\w+)` \|$", PAGE, re.MULTILINE)


def test_the_page_has_its_tables() -> None:
    assert len(PULLS) >= 35
    assert len(REFUSALS) >= 10


@pytest.mark.parametrize(("frame", "message", "host", "blocked"), PULLS)
def test_a_row_of_the_page_is_read_so(frame: str, message: str, host: str, blocked: str) -> None:
    failure = failures.of_pull(message)
    assert failure.cause is Cause.POD_IMAGE_PULL
    assert (failure.host, failure.proves_blocked) == (host, blocked == "yes")


@pytest.mark.parametrize(("message", "cause"), REFUSALS)
def test_a_refusal_of_the_page_is_read_so(message: str, cause: str) -> None:
    assert failures.of_refusal(message).cause.value == cause


REQUEST = 'failed to do request: Head "https://mcr.microsoft.com/v2/a/manifests/1": '


@pytest.mark.parametrize(
    "words",
    [
        "Forbidden",
        "Proxy Authentication Required",
        "proxy authentication required",
        "Service Unavailable",
        "Bad Gateway",
        "Gateway Timeout",
        "AuthorizedOnly",
        "remote error: tls: handshake failure",
        "remote error: tls: internal error",
        "remote error: tls: access denied",
        "tls: server selected unsupported protocol version 301",
        "dial tcp: lookup mcr.microsoft.com: Temporary failure in name resolution",
        "write tcp 10.0.0.4:1->20.1.2.3:443: write: broken pipe",
        "dial tcp 20.1.2.3:443: connect: host is down",
        "http2: client connection lost",
        'net/http: HTTP/1.x transport connection broken: malformed HTTP response "\\x15\\x03\\x01"',
        'malformed MIME header line: "x"',
        "dial tcp 20.1.2.3:443: connectex: A connection attempt failed",
        "dial tcp: lookup mcr.microsoft.com: getaddrinfow: No such host is known.",
        "stream error: stream ID 1; PROTOCOL_ERROR",
        "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
        "a failure of the year 2040",
    ],
)
def test_whatever_stands_behind_a_request_is_the_transports(words: str) -> None:
    pull = read(REQUEST + words)
    assert (pull.host, pull.blocked) == ("mcr.microsoft.com", True)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_any_text_is_read_and_proves_nothing_without_a_frame(text: str) -> None:
    pull = read(text)
    assert pull.host is not None or not pull.blocked


@given(st.sampled_from([message for _, message, _, blocked in PULLS if blocked == "yes"]), st.integers(0, 400))
def test_a_message_that_is_cut_never_names_another_host(message: str, at: int) -> None:
    pull = read(message[:at])
    assert not pull.blocked or str(pull.host).endswith(("microsoft.com", "azurecr.io", "docker.io"))


@pytest.mark.parametrize(
    "message",
    [
        'code = NotFound desc = image "acrml.azurecr.io/barcode:317": acrml.azurecr.io/barcode:317: not found',
        'failed to pull image "acrml.azurecr.io/vscode:407": unauthorized',
        'failed to pull image "acrml.azurecr.io/gatus/status:302": context deadline exceeded',
        'Failed to pull image "acrml.azurecr.io/context/html2pdf:1": not found',
        'image "mcr.microsoft.com/a:1": Head "https://mirror:5000/v2/a?ns=mcr.microsoft.com": net/http: timeout',
        'image "mcr.microsoft.com/a:1": Get "https://[fd00::1]:5000/v2/a": read: connection reset by peer',
        REQUEST + "errors:\ndenied: requested access\nunauthorized: authentication required",
        REQUEST + '{"errors":[{"code":"UNAUTHORIZED"}]}',
        REQUEST + "client with IP '1.2.3.4' is not allowed access",
        REQUEST + "una",
        REQUEST + "context cance",
        REQUEST + "dial tcp 20.1.2.3:443: socket: too many open files",
        REQUEST + "dial tcp 20.1.2.3:443: connect: cannot assign requested address",
        REQUEST + "x509: certificate is not yet valid: current time 1970-01-01T00:00:00Z is before 2024",
        REQUEST + "operation was canceled",
        REQUEST + "context canceled: unknown",
        "unexpected status from HEAD request to https://acrml.azurecr.io/v2/a: 403 Forbidden\nserver: code: 451",
        'unexpected status code https://acrml.azurecr.io/v2/a: 502 - Get \\"https://mcr.microsoft.com/v2/x\\": EOF',
        "unexpected status code https://x.data.mcr.microsoft.com/a: 403 Server failed to authenticate the request",
    ],
)
def test_what_looks_like_a_block_and_is_none(message: str) -> None:
    assert not read(message).blocked


@pytest.mark.parametrize(
    "text",
    [
        'Get "https://a.a/' + "\\" * 100_000,
        '"' * 100_000,
        'image "' + '"' * 100_000,
        "Get https://" + "a." * 50_000,
        "read tcp " + "->" * 50_000,
    ],
)
def test_a_hostile_message_costs_no_time(text: str) -> None:
    started = time.process_time()
    failures.of_pull(text)
    assert time.process_time() - started < 2


def test_a_host_that_a_page_quotes_was_not_asked() -> None:
    page = '"<!DOCTYPE html PUBLIC \\"-//W3C//DTD\\" \\"http://www.w3.org/TR/html4/loose.dtd\\">"'
    pull = read(f'Failed to pull image "mcr.microsoft.com/a:1": StatusCode: 403, {page}')
    assert (pull.host, pull.outcome) == ("mcr.microsoft.com", Outcome.MIDDLEBOX)


def test_a_signed_address_is_not_shown_and_the_reason_is() -> None:
    signed = "https://weu.data.mcr.microsoft.com/blobs/" + "a" * 300 + "?se=2026&sig=SECRET%3D&sp=r"
    message = f'Failed to pull image "mcr.microsoft.com/a/b:1": {"x" * 200} failed to do request: Get "{signed}": '
    failure = failures.of_pull(message + "dial tcp: lookup weu.data.mcr.microsoft.com on 10.0.0.10:53: no such host")
    assert "SECRET" not in failure.because
    assert "sig=" not in failure.because
    assert failure.because.endswith("no such host")
    assert (failure.host, failure.proves_blocked) == ("weu.data.mcr.microsoft.com", True)


# ---------------------------------------------------------------------------------------------------------------------
# Where it is told: init containers, the sandbox, signatures; and when it is believed

WHY = 'failed to do request: Head "https://mcr.microsoft.com/v2/a": dial tcp 20.1.2.3:443: i/o timeout'


def pod(reason: str, kind: str = "containerStatuses", message: str = WHY) -> dict[str, Any]:
    """A pod whose container waits."""
    state = {"waiting": {"reason": reason, "message": message}}
    return {"metadata": {"name": "amlnet-1-x"}, "status": {"phase": "Pending", kind: [{"state": state}]}}


def event(message: str, reason: str = "Failed", count: int = 1) -> dict[str, Any]:
    """An event of the pod."""
    return {
        "reason": reason,
        "message": message,
        "count": count,
        "involvedObject": {"kind": "Pod", "name": "amlnet-1-x"},
    }


def test_containers_that_a_mesh_puts_in_front_count() -> None:
    failure = failures.of_pod(pod("ErrImagePull", "initContainerStatuses"))
    assert failure is not None
    assert (failure.cause, failure.host) == (Cause.POD_IMAGE_PULL, "mcr.microsoft.com")


def test_a_signature_that_is_refused_is_no_block() -> None:
    failure = failures.of_pod(pod("SignatureValidationFailed", message="image signature is not trusted"))
    assert failure is not None
    assert (failure.cause, failure.proves_blocked) == (Cause.POD_IMAGE_PULL, False)


@pytest.mark.parametrize(
    ("message", "host"),
    [
        (f'failed to get sandbox image "mcr.microsoft.com/oss/kubernetes/pause:3.6": {WHY}', "mcr.microsoft.com"),
        (
            f'Failed to create pod sandbox: rpc error: failed pulling image "mcr.microsoft.com/p:1": {WHY}',
            "mcr.microsoft.com",
        ),
        ("failed to setup network for sandbox: plugin type azure-vnet failed (add): dial tcp 10.0.0.1:443", None),
    ],
)
def test_the_sandboxs_image_counts_and_its_network_does_not(message: str, host: Any) -> None:
    failure = failures.of_events([event(message, "FailedCreatePodSandBox")], "amlnet-1", "amlnet-1-x")
    assert (failure.host if failure else None) == host


def test_a_failure_is_believed_at_the_second_try_or_after_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("azext_amlnet.cluster.watch.time.monotonic", lambda: now[0])
    failure = failures.of_pull(WHY)
    first = ProbePod("amlnet-1", "", None)  # type: ignore[arg-type]
    assert failure.transient
    assert not first.suspect(failure)
    now[0] += 29
    assert not first.suspect(failure)
    now[0] += 1
    assert first.suspect(failure)
    second = ProbePod("amlnet-1", "", None)  # type: ignore[arg-type]
    second.tries_told = failures.tries_of([event(f'Failed to pull image "a": {WHY}', count=2)], "amlnet-1-x")
    assert second.suspect(failure)


def test_one_try_that_status_and_events_tell_of_is_one() -> None:
    failure = failures.of_pull(WHY)
    one = ProbePod("amlnet-1", "", None)  # type: ignore[arg-type]
    one.tries_seen = one.tries_told = 1
    assert not one.suspect(failure)
    one.clear()
    assert (one.suspected, one.failing_since, one.tries_seen) == (None, None, 0)


def test_the_newest_event_counts() -> None:
    first = {**event(f'Failed to pull image "a": {WHY}'), "lastTimestamp": "2026-11-26T10:00:00Z"}
    busy = "unexpected status from HEAD request to https://mcr.microsoft.com/v2/a: 429 Too Many Requests"
    second = {**event(f'Failed to pull image "a": {busy}'), "lastTimestamp": "2026-11-26T10:00:20Z"}
    for events in ([first, second], [second, first]):
        failure = failures.of_events(events, "amlnet-1", "amlnet-1-x")
        assert failure is not None
        assert not failure.proves_blocked


def test_tries_are_counted_by_events() -> None:
    events = [
        event(f'Failed to pull image "a": {WHY}'),
        event("Error: ErrImagePull"),
        event("Pulling image", "Pulling"),
    ]
    assert failures.tries_of(events, "amlnet-1-x") == 1
    assert failures.tries_of([*events, event(f'Failed to pull image "a": {WHY}')], "amlnet-1-x") == 2
    assert failures.tries_of(events, "another") == 0
    assert failures.pull_reason(pod("ImagePullBackOff")) == "ImagePullBackOff"
    assert failures.pull_reason(pod("ContainerCreating")) == ""
