"""The prober in short-lived pods: created, watched, read, and removed on every path.

Each pod is a Job that is created suspended and owns its ConfigMap and Secret; so even when this process is killed, the
Job's time to live removes all.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterable, Mapping, Optional, Sequence, TypeVar

from ..errors import AmlnetError, NotFoundError, UnreachableError
from ..model import Cause
from ..runners.local import Terminated, terminable
from . import Object
from .failures import of_refusal, wants_cpu_limit
from .kubectl import Kubectl
from .pod import TTL_S, PodSettings, belongings, job
from .transport import KubectlError
from .watch import ProbePod, Say, Watch

CLEANUP_S = 3.0
_PATIENCE_S = 6.0
T = TypeVar("T")
AnotherImage = Callable[[PodSettings], tuple[Optional[PodSettings], str]]
"""Settings with an image that a node has already; or None, and why."""


@dataclass(frozen=True)
class Means:
    """What a run works with: the cluster, what pods are asked, how long they may take to start, whom to tell."""

    kubectl: Kubectl
    request: Mapping[str, Any]
    pod_timeout_s: float
    say: Say
    another_image: AnotherImage


@dataclass
class ClusterRun:
    """What a whole run came to: its pods, remarks on the way, and the exit code of the signal that ended it early."""

    pods: list[ProbePod]
    remarks: list[str] = field(default_factory=list)
    interrupted: Optional[int] = None


def measure(means: Means, pools: Mapping[str, PodSettings]) -> ClusterRun:
    """Runs one pod for each pool at the same time; never leaves anything behind, and says what it could not remove.

    Where the image cannot be pulled, `another_image` gives settings with one that a node has already, or says why not.
    """
    run = ClusterRun(_pods(pools))
    try:
        with terminable():
            _attempt(means, run.pods, run.remarks)
            _climb_down(means, run)
    except KeyboardInterrupt:
        run.interrupted = 130
    except Terminated as ending:
        run.interrupted = ending.code
    return run


def _pods(pools: Mapping[str, PodSettings]) -> list[ProbePod]:
    run = f"amlnet-{secrets.token_hex(4)}"
    names = [f"{run}-{number}" if len(pools) > 1 else run for number in range(len(pools))]
    return [ProbePod(name, pool, settings) for name, (pool, settings) in zip(names, pools.items(), strict=True)]


def _climb_down(means: Means, run: ClusterRun) -> None:
    """The second attempts: with a cpu limit where the namespace demands one, with an image that a node has already."""
    limited = [pod for pod in run.pods if wants_cpu_limit(pod.failure)]
    if limited:
        run.remarks.append("The namespace takes only pods with a cpu limit; the probe was run with one of 500m.")
        _retry(means, run, [(pod, replace(pod.settings, cpu_limit=True)) for pod in limited])
    changed = []
    for pod in run.pods:
        if pod.failure and pod.failure.cause is Cause.POD_IMAGE_PULL:
            pod.pull = pod.failure
            settings, why = means.another_image(pod.settings)
            what = f"Tried again with an image that a node has already: {settings.image}." if settings else why
            run.remarks.append(f"{pod.failure.because}. {what}")
            changed += [(pod, settings)] if settings else []
    if changed:
        _retry(means, run, changed)


def _retry(means: Means, run: ClusterRun, changed: Sequence[tuple[ProbePod, PodSettings]]) -> None:
    fresh = _pods({pod.pool: settings for pod, settings in changed})
    for (pod, settings), new in zip(changed, fresh, strict=True):
        pod.again(new.name, settings)
    _attempt(means, [pod for pod, _ in changed], run.remarks)


# ---------------------------------------------------------------------------------------------------------------------
# One attempt


def _attempt(means: Means, pods: list[ProbePod], remarks: list[str]) -> None:
    """Creates, waits and removes; whatever happens in between, the removal happens, and says what it left."""
    run = pods[0].name.rsplit("-", 1)[0] if len(pods) > 1 else pods[0].name
    belongings(run, pods[0].settings, means.request)  # refuses a list that does not fit, before anything is
    watch = Watch(means.kubectl, run, pods, means.request, means.pod_timeout_s)
    means.kubectl.transport.resume()
    try:
        means.say("Creating the probe")
        watch.begin()  # kubectl takes a while to start; what it watches for may come later
        try:
            _create(means, run, pods)
            watch.until_the_end(means.say)
        except KubectlError as error:
            _refused(error, pods)
    except (KeyboardInterrupt, Terminated):
        remarks.append(_finish(means, watch, remarks, interrupted=True))
        raise
    except Exception as error:  # whatever happens between the first create and here, all is removed
        left = _finish(means, watch, remarks)
        raise _ended_by(error, left) from None
    remarks.append(_finish(means, watch, remarks))


def _ended_by(error: Exception, left: str) -> AmlnetError:
    """The error that ends the command, with what is left in its hint; one that nobody foresaw is told by its kind."""
    if isinstance(error, AmlnetError):
        return type(error)(error.message, " ".join(filter(None, (error.hint, left))))
    what = f"The probe ended in a way that was not foreseen ({type(error).__name__}: {str(error)[:200]})."
    return AmlnetError(what, left or "Nothing of it is left in the cluster. Run again with --debug.")


def _finish(means: Means, watch: Watch, remarks: list[str], interrupted: bool = False) -> str:
    means.say("Removing the probe")
    watch.over.set()
    means.kubectl.transport.stop()
    return _remove(means.kubectl, [pod.name for pod in watch.pods], remarks, interrupted)


def _create(means: Means, run: str, pods: list[ProbePod]) -> None:
    """The jobs, what they own, and go; an API server that is gone for a moment is asked again."""
    kubectl, names = means.kubectl, [pod.name for pod in pods]
    created = _patiently(lambda: kubectl.create([job(pod.name, run, pod.settings) for pod in pods]))
    owners = _owners(created or (), names)
    if len(owners) < len(names):  # a first try had arrived, or what came back does not tell
        owners = _owners(kubectl.jobs(names), names)
    if len(owners) < len(names):
        raise UnreachableError(
            f"The cluster shows {len(owners)} of the {len(names)} jobs that were created.",
            "Check what kubectl create -o json prints in this context.",
        )
    owned = belongings(run, pods[0].settings, means.request, owners)
    _patiently(lambda: kubectl.create(owned))
    _patiently(lambda: kubectl.release(names))


def _owners(jobs: Iterable[Object], names: Sequence[str]) -> tuple[Object, ...]:
    """The jobs among these that can own things: they have our names and the cluster's uid."""
    metadata = [(job, job.get("metadata")) for job in jobs]
    return tuple(
        job for job, about in metadata if isinstance(about, dict) and about.get("name") in names and about.get("uid")
    )


def _patiently(call: Callable[[], T]) -> Optional[T]:
    """The result of a call that is tried again for a few seconds; None when an earlier try of it had arrived."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return call()
        except KubectlError as error:
            text = error.message.lower()
            if "already exists" in text:
                return None
            final = any(word in text for word in ("forbidden", "not found", "denied the request", "invalid", "denied"))
            if final or time.monotonic() > until:
                raise
        time.sleep(0.5)


def _refused(error: KubectlError, pods: list[ProbePod]) -> None:
    """What a refusal to create means: a finding, or the end of the command."""
    text = error.message
    if "forbidden" in text.lower() or "admission webhook" in text.lower():
        for pod in pods:
            pod.failure = of_refusal(text)
        return
    if "namespaces" in text and "not found" in text:
        namespace = pods[0].settings.namespace
        raise NotFoundError(f"The namespace '{namespace}' does not exist; none is ever created.", "Give --namespace.")
    raise UnreachableError(f"The probe could not be created: {text}", "Check the context: kubectl get pods.")


def _remove(kubectl: Kubectl, names: list[str], remarks: list[str], interrupted: bool) -> str:
    """Deletes the jobs, trying as long as a person waits; returns what remains, with the command that removes it.

    A first signal that comes now waits until they are gone; a second one leaves at once.
    """
    until, last, caught = time.monotonic() + CLEANUP_S, "", None
    while time.monotonic() < until:
        try:
            kubectl.delete(names, max(0.5, until - time.monotonic()))
            remaining = kubectl.remaining(names, max(0.5, until - time.monotonic()))
            last = f"still there: {', '.join(remaining)}" if remaining else ""
            if not remaining:
                break
            time.sleep(0.3)
        except KubectlError as error:
            last = error.message
            time.sleep(0.3)
        except (KeyboardInterrupt, Terminated) as signal:
            last = "interrupted"
            if interrupted or caught is not None:
                break
            caught = signal
    left = _left(kubectl, names, last) if last else ""
    if caught is not None:
        remarks.append(left)
        raise caught
    return left


def _left(kubectl: Kubectl, names: list[str], why: str) -> str:
    return (
        f"Not deleted ({why}): {kubectl.delete_command(names)} removes what is left. If it is not run, the cluster "
        f"does so {TTL_S} s after the pod has ended, unless the Job is still suspended."
    )
