"""The prober in short-lived pods: created, watched, read, and removed on every path.

Each pod is a Job that is created suspended and owns its ConfigMap and Secret; so even when this process is killed, the
Job's time to live removes all.
"""

from __future__ import annotations

import contextlib
import queue
import secrets
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterator, Mapping, Optional

from ..errors import NotFoundError, UnreachableError
from ..model import Cause
from ..prober import SENTINEL
from ..trouble import Trouble, never_started, of_events, of_pod, of_refusal, waiting_for, wants_cpu_limit
from ..wire import Reader, Transcript, read_lines
from . import pod as objects
from .kubectl import Kubectl, KubectlError
from .local import Terminated, terminable

CLEANUP_S = 4.0
_EVENTS_EVERY_S = 1.5
_TOGETHER_S = 0.2
Say = Callable[[str], None]


@dataclass
class Probe:
    """One pod and what is known of it."""

    name: str
    pool: str
    settings: objects.Settings
    transcript: Transcript = field(default_factory=Transcript)
    pod: Optional[Mapping[str, Any]] = None
    trouble: Optional[Trouble] = None
    pull: Optional[Trouble] = None
    reading: bool = False
    read: bool = False
    ended: bool = False
    last_line: str = ""

    @property
    def node(self) -> Optional[str]:
        """Where the pod landed."""
        return ((self.pod or {}).get("spec") or {}).get("nodeName")

    @property
    def begun(self) -> bool:
        """Whether the container runs or has run."""
        return self._is("running", "terminated")

    @property
    def over(self) -> bool:
        """Whether the container has ended."""
        return self._is("terminated")

    def _is(self, *states: str) -> bool:
        found = ((self.pod or {}).get("status") or {}).get("containerStatuses") or ()
        return any(set(container.get("state") or ()) & set(states) for container in found)


@dataclass
class Seen:
    """What a whole run came to: the probes, what was said aloud on the way, and the signal that ended it early."""

    probes: list[Probe]
    said: list[str] = field(default_factory=list)
    signal: Optional[int] = None


def measure(
    kubectl: Kubectl,
    pools: Mapping[str, objects.Settings],
    request: Mapping[str, Any],
    pod_timeout_s: float,
    say: Say,
    another_image: Callable[[], Optional[tuple[str, Mapping[str, str]]]],
) -> Seen:
    """Runs one pod for each pool at the same time; never leaves anything behind, and says what it could not remove.

    Where the image cannot be pulled, `another_image` may name one that is already on a node, with that node's selector.
    """
    seen = Seen(_probes(pools))
    try:
        with terminable():
            _attempt(kubectl, seen, request, pod_timeout_s, say)
            _climb_down(kubectl, seen, request, pod_timeout_s, say, another_image)
    except KeyboardInterrupt:
        seen.signal = 130
    except Terminated:
        seen.signal = 143
    return seen


def _probes(pools: Mapping[str, objects.Settings]) -> list[Probe]:
    run = f"amlnet-{secrets.token_hex(4)}"
    return [Probe(f"{run}-{number}" if len(pools) > 1 else run, *item) for number, item in enumerate(pools.items())]


def _climb_down(
    kubectl: Kubectl, seen: Seen, request: Mapping[str, Any], pod_timeout_s: float, say: Say, another_image: Any
) -> None:
    """The second attempts: with a cpu limit where the namespace demands one, with an image that a node has already."""
    again = [probe for probe in seen.probes if wants_cpu_limit(probe.trouble)]
    if again:
        seen.said.append("The namespace takes only pods with a cpu limit; the probe was run with one of 500m.")
        _retry(kubectl, seen, again, lambda s: replace(s, cpu_limit=True), request, pod_timeout_s, say)
    pulls = [probe for probe in seen.probes if probe.trouble and probe.trouble.cause is Cause.POD_IMAGE_PULL]
    found = another_image() if pulls and len(pulls) == len(seen.probes) == 1 else None
    if found:
        image, selector = found
        (probe,), why = pulls, pulls[0].trouble
        seen.said.append(f"{why.because if why else ''}. Tried again with an image that a node has already: {image}.")

        def other(settings: objects.Settings) -> objects.Settings:
            return replace(settings, image=image, pull_policy="Never", node_selector=selector)

        _retry(kubectl, seen, pulls, other, request, pod_timeout_s, say)
        probe.pull = why


def _retry(
    kubectl: Kubectl,
    seen: Seen,
    probes: list[Probe],
    change: Callable[[objects.Settings], objects.Settings],
    request: Mapping[str, Any],
    pod_timeout_s: float,
    say: Say,
) -> None:
    fresh = {probe.pool: change(probe.settings) for probe in probes}
    for old, new in zip(probes, _probes(fresh), strict=True):
        old.name, old.settings = new.name, new.settings
        old.trouble, old.pod, old.ended, old.reading, old.read = None, None, False, False, False
    _attempt(kubectl, Seen(probes, seen.said), request, pod_timeout_s, say)


# ---------------------------------------------------------------------------------------------------------------------
# One attempt


def _attempt(kubectl: Kubectl, seen: Seen, request: Mapping[str, Any], pod_timeout_s: float, say: Say) -> None:
    probes = seen.probes
    run = probes[0].name.rsplit("-", 1)[0] if len(probes) > 1 else probes[0].name
    watch = _Watch(kubectl, run, probes, request, pod_timeout_s, say)
    try:
        say("Creating the probe")
        watch.begin()  # kubectl takes a while to start; what it watches for may come later
        try:
            _create(kubectl, run, probes, request)
        except KubectlError as error:
            _refused(error, probes)
            return
        watch.until_the_end()
    finally:
        watch.over.set()
        kubectl.stop()
        _remove(kubectl, seen, [probe.name for probe in probes])


def _create(kubectl: Kubectl, run: str, probes: list[Probe], request: Mapping[str, Any]) -> None:
    belongings = objects.belongings(run, probes[0].settings, request)  # refuses what does not fit, before anything is
    created = kubectl.create([objects.job(probe.name, run, probe.settings) for probe in probes])
    owners = tuple(created)
    belongings = objects.belongings(run, probes[0].settings, request, owners)
    kubectl.create(belongings)
    kubectl.release([probe.name for probe in probes])


def _refused(error: KubectlError, probes: list[Probe]) -> None:
    """What a refusal to create means: a finding, or the end of the command."""
    text = error.message
    if "forbidden" in text.lower() or "admission webhook" in text.lower():
        for probe in probes:
            probe.trouble = of_refusal(text)
        return
    if "namespaces" in text and "not found" in text:
        namespace = probes[0].settings.namespace
        raise NotFoundError(f"The namespace '{namespace}' does not exist; none is ever created.", "Give --namespace.")
    raise UnreachableError(f"The probe could not be created: {text}", "Check the context: kubectl get pods.")


def _remove(kubectl: Kubectl, seen: Seen, names: list[str]) -> None:
    """Deletes the jobs, trying as long as a person waits; what remains is named with the command that removes it."""
    until, last = time.monotonic() + CLEANUP_S, ""
    with contextlib.suppress(KeyboardInterrupt, Terminated):  # who interrupts the removal wants to leave now
        while time.monotonic() < until:
            try:
                kubectl.delete(names, max(0.5, until - time.monotonic()))
                return
            except KubectlError as error:
                last = error.message
                time.sleep(0.3)
    seen.said.append(
        f"Not deleted ({last or 'interrupted'}): {kubectl.delete_command(names)} removes what is left; if it is not "
        f"run, the cluster does so {objects.TTL_S} s after the pod has ended."
    )


class _Watch:
    """Waits for the probes of one attempt: the pods' changes, their logs and the events come in through one queue."""

    def __init__(
        self,
        kubectl: Kubectl,
        run: str,
        probes: list[Probe],
        request: Mapping[str, Any],
        pod_timeout_s: float,
        say: Say,
    ) -> None:
        self.kubectl, self.run, self.probes, self.say = kubectl, run, probes, say
        self.total = len(request["targets"]) * len(probes)
        self.inbox: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.over = threading.Event()
        self.starts_until = time.monotonic() + pod_timeout_s
        self.grace_s = float(request["timeoutS"]) + 30
        self.runs_until: dict[str, float] = {}
        self.together = True  # until the pods that began together are read together

    def begin(self) -> None:
        """Starts to watch."""
        threading.Thread(target=self._pods, daemon=True).start()
        threading.Thread(target=self._events, daemon=True).start()

    def until_the_end(self) -> None:
        """Returns when every probe has ended or is in trouble that does not pass."""
        while any(not probe.ended for probe in self.probes):
            with contextlib.suppress(queue.Empty):
                self._take(*self.inbox.get(timeout=0.5))
            self._check_time()
            self.say(self._progress())

    # -- threads

    def _pods(self) -> None:
        """Watches, and watches anew when a watch ends: the API server may be gone for a while."""
        while not self.over.is_set():
            with contextlib.suppress(KubectlError, OSError, ValueError):
                for kind, pod in self.kubectl.watch_pods(f"{objects.RUN_LABEL}={self.run}"):
                    self.inbox.put((f"pod {kind}", pod))
            self.over.wait(0.5)

    def _events(self) -> None:
        """Asks for events as long as a pod is missing: only the job controller knows why."""
        while not self.over.wait(_EVENTS_EVERY_S):
            if all(probe.pod is not None for probe in self.probes):
                continue
            with contextlib.suppress(KubectlError, OSError, ValueError):
                self.inbox.put(("events", self.kubectl.events()))

    def _read_all(self) -> None:
        """One reader for all pods where all have begun by then; each pod's own reader does what it leaves."""
        self.over.wait(_TOGETHER_S)
        probes = {str((probe.pod or {}).get("metadata", {}).get("name")): probe for probe in self.probes}
        readers = {name: Reader() for name in probes}
        done = set()
        if all(probe.begun for probe in self.probes) and not self.over.is_set():
            with contextlib.suppress(OSError, ValueError):
                for name, text in self.kubectl.follow_all(f"{objects.RUN_LABEL}={self.run}", len(probes)):
                    for line in readers[name].feed(text) if name in readers else ():
                        self.inbox.put(("line", (probes[name], line)))
                        if line.get("kind") == "done":
                            done.add(name)
                            self.inbox.put(("done", probes[name]))
        self.together = False
        for name in set(probes) - done:
            if probes[name].begun:
                self._start_reading(probes[name], name)

    def _start_reading(self, probe: Probe, pod: str) -> None:
        threading.Thread(target=self._read, args=(probe, pod), daemon=True).start()

    def _read(self, probe: Probe, pod: str) -> None:
        """Follows the log, again when it breaks off; when the container has ended before the probe, reads it whole."""
        while not self.over.is_set():
            reader = Reader()
            with contextlib.suppress(OSError, ValueError):
                for text in self.kubectl.follow(pod):
                    for line in reader.feed(text):
                        self.inbox.put(("line", (probe, line)))
                        if line.get("kind") == "done":
                            self.inbox.put(("done", probe))
                            return
            if probe.over:
                break
            self.over.wait(0.3)
        text = ""
        for _ in range(3):
            with contextlib.suppress(KubectlError, OSError, ValueError):
                text = self.kubectl.log(pod)
                break
            self.over.wait(0.5)
        self.inbox.put(("log", (probe, text)))

    # -- what comes in

    def _take(self, kind: str, what: Any) -> None:
        if kind.startswith("pod "):
            self._take_pod(kind == "pod DELETED", what)
        elif kind == "events":
            for probe in self.probes:
                if probe.pod is None:
                    self._end(probe, of_events(what, probe.name))
        elif kind == "line":
            probe, line = what
            probe.transcript.take(line)
        elif kind == "done":
            what.ended = True
        elif kind == "log":
            probe, text = what
            for line in read_lines(text):
                probe.transcript.take(line)
            probe.last_line = next((line for line in reversed(text.splitlines()) if line.strip()), "")
            probe.read, self.runs_until[probe.name] = True, time.monotonic() + 3
            self._end(probe, of_pod(probe.pod or {}), probe.transcript.complete)

    def _take_pod(self, deleted: bool, pod: Mapping[str, Any]) -> None:
        metadata = pod.get("metadata") or {}
        owners = {owner.get("name") for owner in metadata.get("ownerReferences") or ()}
        probe = next((p for p in self.probes if p.name in owners and not p.ended), None)
        if probe is None:
            return
        probe.pod, trouble = pod, of_pod(pod)
        if probe.begun and not probe.reading:
            probe.reading = True
            self.runs_until[probe.name] = time.monotonic() + self.grace_s
            if len(self.probes) == 1 or not self.together:
                self._start_reading(probe, metadata["name"])
            elif not any(other.reading for other in self.probes if other is not probe):
                threading.Thread(target=self._read_all, daemon=True).start()
        if deleted:
            self._end(probe, trouble or Trouble(Cause.POD_NODE_LOST, "the pod was deleted while it was needed"))
        elif not probe.reading or probe.read:
            self._end(probe, trouble)
        elif trouble:  # its log may still come
            until = time.monotonic() + 3
            self.runs_until[probe.name] = min(until, self.runs_until[probe.name])

    def _end(self, probe: Probe, trouble: Optional[Trouble], surely: bool = False) -> None:
        """A probe ends when it is in trouble, or surely; what it told by then is kept."""
        if trouble is not None or surely:
            probe.trouble, probe.ended = probe.trouble or trouble, True

    def _check_time(self) -> None:
        now = time.monotonic()
        for probe in (probe for probe in self.probes if not probe.ended):
            if not probe.reading and now > self.starts_until:
                self._end(probe, never_started(probe.pod))
            elif now > self.runs_until.get(probe.name, now):
                self._end(probe, of_pod(probe.pod or {}) or _late(probe))

    def _progress(self) -> str:
        waiting = [probe for probe in self.probes if not probe.reading and not probe.ended]
        if waiting:
            where = f" ({waiting[0].pool})" if len(self.probes) > 1 else ""
            return waiting_for(waiting[0].pod) + where
        return f"Testing {sum(len(probe.transcript.results) for probe in self.probes)}/{self.total}"


def _late(probe: Probe) -> Trouble:
    """What is said of a probe that told too little in the time it had."""
    if not probe.read:
        return Trouble(Cause.POD_NO_RESULT, "the probe did not end in time")
    ours = not probe.last_line or SENTINEL in probe.last_line
    return Trouble(Cause.POD_NO_RESULT, "the pod's log is cut" + ("" if ours else f": {probe.last_line[:200]}"))


# ---------------------------------------------------------------------------------------------------------------------
# Pools

_POOL_LABELS = (
    "kubernetes.azure.com/agentpool",
    "agentpool",
    "eks.amazonaws.com/nodegroup",
    "cloud.google.com/gke-nodepool",
    "node.kubernetes.io/instance-type",
)


def pools_of(
    nodes: list[Mapping[str, Any]], settings: objects.Settings
) -> tuple[dict[str, objects.Settings], list[str]]:
    """The settings for a pod on each pool of Linux nodes, taints tolerated, and what is said of pools left out."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for node in nodes:
        labels = (node.get("metadata") or {}).get("labels") or {}
        if labels.get("kubernetes.io/os", "linux") == "linux":
            label = next((label for label in _POOL_LABELS if label in labels), "kubernetes.io/hostname")
            groups.setdefault((label, str(labels.get(label))), []).append(node)
    pools, said = {}, []
    for (label, value), members in sorted(groups.items()):
        open_ = [node for node in members if not (node.get("spec") or {}).get("unschedulable")]
        if not open_:
            said.append(f"Pool {value} was left out: its nodes are cordoned.")
            continue
        taints = {(t.get("key"), t.get("value"), t.get("effect")): t for node in open_ for t in _taints(node)}
        tolerations = (*settings.tolerations, *(_tolerated(taint) for taint in taints.values()))
        pools[value] = replace(settings, node_selector={label: value}, tolerations=tolerations)
    return pools, said


def _taints(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from ((node.get("spec") or {}).get("taints") or ())


def _tolerated(taint: Mapping[str, Any]) -> dict[str, Any]:
    found = {"key": taint.get("key"), "effect": taint.get("effect")}
    return {**found, "operator": "Equal", "value": taint["value"]} if taint.get("value") else {
        **found, "operator": "Exists"
    }  # fmt: skip


def image_on_a_node(nodes: list[Mapping[str, Any]]) -> Optional[tuple[str, Mapping[str, str]]]:
    """An image with Python that a schedulable node has already, and that node's selector."""
    for node in nodes:
        labels = (node.get("metadata") or {}).get("labels") or {}
        if (node.get("spec") or {}).get("unschedulable") or "kubernetes.io/hostname" not in labels:
            continue
        names = [name for image in (node.get("status") or {}).get("images") or () for name in image.get("names") or ()]
        with_python = [name for name in names if "python" in name or "/azureml/" in name]
        if with_python:
            tagged = [name for name in with_python if "@" not in name]
            return (tagged or with_python)[0], {"kubernetes.io/hostname": labels["kubernetes.io/hostname"]}
    return None
