"""Why a pod does not run or did not finish, from what the cluster says of it: cause and words. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterable, Iterator, Optional

from ..model import Cause
from ..text import one_line
from . import Object
from .pulls import Outcome, read


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
_WRONG_IMAGE = ("InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "SignatureValidationFailed")
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
    failure = next(filter(None, map(_of_container, _states(status))), None)
    if failure:
        return failure
    if metadata.get("deletionTimestamp") and status.get("phase") != "Succeeded":
        return PodFailure(Cause.POD_NODE_LOST, "the pod was deleted while it was needed")
    if reason == "DeadlineExceeded" or (reason and status.get("phase") == "Failed"):
        return PodFailure(Cause.POD_NO_RESULT, _because(f"the pod ended early ({reason})", message))
    return None


def _states(status: Object) -> Iterator[Object]:
    """What the containers of a pod are at, those that come before the others first."""
    for kind in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(kind) or ():
            yield container.get("state") or {}


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


def pull_reason(pod: Object) -> str:
    """What a container of the pod waits for, where it is a pull that failed; empty where it is something else."""
    states = _states(pod.get("status") or {})
    reasons = (str((state.get("waiting") or {}).get("reason") or "") for state in states)
    return next((reason for reason in reasons if reason in _PULLING), "")


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


_MEANS = {
    Outcome.PROXY: "the proxy stopped it",
    Outcome.MIDDLEBOX: "somebody answers in the registry's place",
    Outcome.REGISTRY: "the registry refuses it",
    Outcome.CHANGED: "what came is not the image: an inspection, or a transfer that was cut",
    Outcome.NODE: "the node's own trouble",
}


def of_pull(message: str) -> PodFailure:
    """The failure of an image pull: the host that was asked, and whether the network is proven to have stopped it."""
    pull = read(message)
    means = f" ({_MEANS[pull.outcome]})" if pull.outcome in _MEANS else ""
    because = _because(f"the image could not be pulled{means}", message)
    return PodFailure(Cause.POD_IMAGE_PULL, because, pull.host, pull.blocked, transient=True)


# ---------------------------------------------------------------------------------------------------------------------
# Events of the job, and refusals of the API server


def of_events(events: Iterable[Object], job: str, pod: str = "") -> Optional[PodFailure]:
    """The failure that the job controller tells (it could not create the pod), or the kubelet (it could not pull)."""
    events = sorted(events, key=_moment, reverse=True)  # the newest word counts
    for event in _of_object(events, "Job", job):
        if event.get("reason") == "FailedCreate":
            return of_refusal(str(event.get("message") or ""))
    for event in _of_object(events, "Pod", pod):
        message = str(event.get("message") or "")
        if _tells_a_pull(event.get("reason"), message.lower()):
            return of_pull(message)
    return None


def _moment(event: Object) -> str:
    """When an event was last seen; what says nothing of it comes first."""
    series = event.get("series") or {}
    return str(series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime") or "")


def _tells_a_pull(reason: object, text: str) -> bool:
    """Whether an event of a pod tells that an image could not be pulled, that of the sandbox included."""
    if reason == "Failed":
        return "failed to pull" in text
    return reason == "FailedCreatePodSandBox" and (
        "sandbox image" in text or re.search(r"pull(?:ing)? image", text) is not None
    )


def tries_of(events: Iterable[Object], pod: str) -> int:
    """How often the kubelet has tried to pull in vain, by its events."""
    failed = [
        event
        for event in _of_object(events, "Pod", pod)
        if _tells_a_pull(event.get("reason"), str(event.get("message") or "").lower())
    ]
    return sum(max(1, _count(event)) for event in failed)


def _count(event: Object) -> int:
    number = (event.get("series") or {}).get("count") or event.get("count")
    return number if isinstance(number, int) else 1


def of_refusal(message: str) -> PodFailure:
    """The failure behind the API server's words when it refuses an object: by their frame, not by what authors wrote.

    Behind a webhook's or a policy's frame stands its author's free text, which decides nothing.
    """
    text = message.lower()
    if "failed calling webhook" in text:  # it did not answer; the controller asks again
        return PodFailure(
            Cause.POD_ADMISSION_DENIED, _because("a policy of the cluster does not answer", message), transient=True
        )
    if any(frame in text for frame in _POLICIES):
        return PodFailure(Cause.POD_ADMISSION_DENIED, _because("a policy of the cluster refuses the pod", message))
    if "exceeded quota" in text or "failed quota" in text or re.search(r"m(?:ax|in)imum \w+ usage per", text):
        return PodFailure(Cause.POD_QUOTA, _because("the namespace's quota refuses the pod", message))
    if " cannot " in text and "forbidden" in text:
        return PodFailure(Cause.POD_FORBIDDEN, _because("you may not run a probe here", message))
    lacking = next((what for frame, what in _LACKING.items() if re.search(frame, text)), None)
    if lacking:
        return PodFailure(Cause.POD_ADMISSION_DENIED, _because(lacking, message))
    if "must specify" in text:
        return PodFailure(Cause.POD_QUOTA, _because("the namespace's quota refuses the pod", message))
    return PodFailure(Cause.POD_ADMISSION_DENIED, _because("the cluster refuses the pod", message))


_POLICIES = ("denied the request", "admission webhook", "validatingadmissionpolicy", "violates podsecurity")
_LACKING = {
    "being terminated|namespace .{0,80} is terminating": "the namespace is being deleted",
    "service ?account .{0,120}not found": "the namespace lacks the pod's service account",
    "no priorityclass .{0,120}(?:was )?found": "the priority class that the pod asks for does not exist",
}


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
    line = one_line(words, 500)  # without query strings, which sign requests; the end, where the reason stands, stays
    return f"{what}: {line}" if line else what
