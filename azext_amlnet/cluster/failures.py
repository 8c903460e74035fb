"""Why a pod does not run or did not finish, from what the cluster says of it: cause and words. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterable, Iterator, Optional

from ..model import Cause
from ..text import one_line
from . import Object


@dataclass(frozen=True)
class PodFailure:
    """What keeps a pod from measuring; `host` is the one that a failed image pull could not reach.

    One that is `transient` may pass by itself.
    """

    cause: Cause
    because: str
    host: Optional[str] = None
    proves_blocked: bool = False
    transient: bool = False


# ---------------------------------------------------------------------------------------------------------------------
# The pod itself

_PULLING = ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable")
_WRONG_IMAGE = ("InvalidImageName", "ErrImageNeverPull", "ImageInspectError")
_NOT_STARTED = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError")


def of_pod(pod: Object) -> Optional[PodFailure]:
    """The failure that a pod's own status tells; None while it is on its way, and when it ended well."""
    status = pod.get("status") or {}
    metadata = pod.get("metadata") or {}
    reason, message = str(status.get("reason") or ""), str(status.get("message") or "")
    if reason == "Evicted" or _condition(status, "DisruptionTarget"):
        words = message or _condition(status, "DisruptionTarget")
        return PodFailure(Cause.POD_EVICTED, _because("the pod was evicted", words))
    if reason in ("NodeLost", "NodeShutdown", "Terminated") or status.get("phase") == "Unknown":
        return PodFailure(Cause.POD_NODE_LOST, _because("the node was lost", message or reason))
    for container in status.get("containerStatuses") or ():
        failure = _of_container(container.get("state") or {})
        if failure:
            return failure
    if metadata.get("deletionTimestamp") and status.get("phase") != "Succeeded":
        return PodFailure(Cause.POD_NODE_LOST, "the pod was deleted while it was needed")
    if reason == "DeadlineExceeded" or (reason and status.get("phase") == "Failed"):
        return PodFailure(Cause.POD_NO_RESULT, _because(f"the pod ended early ({reason})", message))
    return None


def _of_container(state: Object) -> Optional[PodFailure]:
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
    reason, message = str(waiting.get("reason") or ""), str(waiting.get("message") or "")
    if reason in _PULLING:
        why = re.sub(r'^Back-off pulling image "[^"]*"', "", message)  # newer kubelets say why behind it
        return of_pull(message) if why else None
    if reason in _WRONG_IMAGE:
        return PodFailure(Cause.POD_IMAGE_PULL, _because(f"the image cannot be used ({reason})", message))
    if reason in _NOT_STARTED:
        return PodFailure(Cause.POD_CRASHED, _because(f"the container could not be started ({reason})", message))
    reason, message = str(ended.get("reason") or ""), str(ended.get("message") or "")
    if reason == "OOMKilled":
        return PodFailure(Cause.POD_OOM_KILLED, "the pod needed more than its memory limit")
    if ended and ended.get("exitCode") != 0:
        code = f"{reason or 'ended'}, exit code {ended.get('exitCode')}"
        return PodFailure(Cause.POD_CRASHED, _because(f"the probe ended early ({code})", message))
    return None


def waiting_for(pod: Optional[Object]) -> str:
    """What a pod that does not run yet waits for, in words for a progress line."""
    status = (pod or {}).get("status") or {}
    unscheduled = _unscheduled(status)
    if unscheduled is not None:
        return _because("Waiting for a node", unscheduled)
    if pod is None:
        return "Waiting for the pod"
    if status.get("phase") == "Pending":
        return "Waiting for the image and the container"
    return "Starting the probe"


def never_started(pod: Optional[Object]) -> PodFailure:
    """The failure of a pod whose time to start is over."""
    unscheduled = _unscheduled((pod or {}).get("status") or {})
    if unscheduled is not None:
        return PodFailure(Cause.POD_UNSCHEDULABLE, _because("no node takes the pod", unscheduled))
    return PodFailure(Cause.POD_NO_RESULT, "the pod did not start in time (--pod-timeout)")


def _unscheduled(status: Object) -> Optional[str]:
    """The scheduler's words, when it has found no node."""
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return str(condition.get("message") or "")
    return None


def _condition(status: Object, kind: str) -> str:
    return next(
        (
            str(c.get("message") or kind)
            for c in status.get("conditions") or ()
            if c.get("type") == kind and c.get("status") == "True"
        ),
        "",
    )


# ---------------------------------------------------------------------------------------------------------------------
# Image pulls: which host, and does the failure prove a block


_URL = re.compile(r"https?://([A-Za-z0-9.-]+)(?::[0-9]+)?/")
_LOOKUP = re.compile(r"lookup ([A-Za-z0-9.-]+\.[A-Za-z0-9-]+)")
_IMAGE = re.compile(r'image "?([A-Za-z0-9.-]+\.[A-Za-z]+)(?::[0-9]+)?/')
_NETWORK = (
    *("no such host", "server misbehaving", "i/o timeout", "deadline exceeded", "client.timeout", "timed out"),
    *("connection refused", "connection reset", "no route to host", "network is unreachable", "unexpected eof"),
    *(": eof", "tls handshake", "x509:", "certificate", "proxyconnect", "server gave http response"),
)


def of_pull(message: str) -> PodFailure:
    """The failure of an image pull: the host that the runtime names last, and whether the network is to blame.

    403 of Microsoft's public registry is no service's answer to an anonymous pull, so it is a middlebox's.
    """
    text = message.lower()
    named = [*_URL.findall(message), *_LOOKUP.findall(message)] or _IMAGE.findall(message)
    host = named[-1].lower().rstrip(".") if named else None
    refused = re.search(r"\b403\b(?! ?ms)", text[text.rfind(host) if host else 0 :].partition(" ")[2])
    denied = refused is not None and (host or "").endswith("mcr.microsoft.com")
    blocked = host is not None and (denied or any(word in text for word in _NETWORK))
    return PodFailure(Cause.POD_IMAGE_PULL, _because("the image could not be pulled", message), host, blocked)


# ---------------------------------------------------------------------------------------------------------------------
# Events of the job, and refusals of the API server


def of_events(events: Iterable[Object], job: str, pod: str = "") -> Optional[PodFailure]:
    """The failure that the job controller tells (it could not create the pod), or the kubelet (it could not pull)."""
    events = list(events)
    for event in _of_object(events, "Job", job):
        if event.get("reason") == "FailedCreate":
            return of_refusal(str(event.get("message") or ""))
    for event in _of_object(events, "Pod", pod):
        if event.get("reason") == "Failed" and "failed to pull" in str(event.get("message") or "").lower():
            return of_pull(str(event["message"]))
    return None


def of_refusal(message: str) -> PodFailure:
    """The failure behind the API server's words when it refuses an object."""
    text = message.lower()
    if "failed calling webhook" in text:  # it did not answer; the controller asks again
        return PodFailure(
            Cause.POD_ADMISSION_DENIED, _because("a policy of the cluster does not answer", message), transient=True
        )
    if "exceeded quota" in text or "must specify" in text or re.search(r"m(?:ax|in)imum \w+ usage per", text):
        return PodFailure(Cause.POD_QUOTA, _because("the namespace's quota refuses the pod", message))
    if "violates podsecurity" in text or "admission webhook" in text or "denied the request" in text:
        return PodFailure(Cause.POD_ADMISSION_DENIED, _because("a policy of the cluster refuses the pod", message))
    if " cannot " in text and "forbidden" in text:
        return PodFailure(Cause.POD_FORBIDDEN, _because("you may not run a probe here", message))
    return PodFailure(Cause.POD_ADMISSION_DENIED, _because("the cluster refuses the pod", message))


def wants_cpu_limit(failure: Optional[PodFailure]) -> bool:
    """Whether the namespace takes only pods with a cpu limit."""
    text = (failure.because if failure else "").lower()
    return bool(
        re.search(r"must specify.*limits\.cpu|has no (?:resource|cpu) limits?|cpu limits? (?:is|are|must)", text)
    )


def _of_object(events: Iterable[Object], kind: str, name: str) -> Iterator[Object]:
    for event in events:
        about = event.get("involvedObject") or event.get("regarding") or {}
        if about.get("kind") == kind and about.get("name") == name:
            yield event


def _because(what: str, words: str) -> str:
    line = one_line(words, 500)
    return f"{what}: {line}" if line else what
