"""The prober in short-lived pods: created, watched, read, and removed on every path.

Each pod is a Job that is created suspended and owns its ConfigMap and Secret; so even when this process is killed, the
Job's time to live removes all.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import re
import secrets
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterator, Mapping, Optional

from ..errors import AmlnetError, NotFoundError, UnreachableError
from ..measurement.transcript import Reader, Transcript, read_lines
from ..model import Cause
from ..prober import SENTINEL
from ..runners.local import Terminated, terminable
from . import pod as objects
from .failures import Trouble, never_started, of_events, of_pod, of_refusal, waiting_for, wants_cpu_limit
from .kubectl import Kubectl, KubectlError

CLEANUP_S = 3.0
_EVENTS_EVERY_S = 1.5
_TOGETHER_S = 0.2
_PATIENCE_S = 6.0
Say = Callable[[str], None]
AnotherImage = Callable[[objects.Settings], tuple[Optional[objects.Settings], str]]


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
    doubt: Optional[Trouble] = None
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
    another_image: AnotherImage,
) -> Seen:
    """Runs one pod for each pool at the same time; never leaves anything behind, and says what it could not remove.

    Where the image cannot be pulled, `another_image` gives settings with one that a node has already, or says why not.
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
    kubectl: Kubectl,
    seen: Seen,
    request: Mapping[str, Any],
    pod_timeout_s: float,
    say: Say,
    another_image: AnotherImage,
) -> None:
    """The second attempts: with a cpu limit where the namespace demands one, with an image that a node has already."""
    limited = [probe for probe in seen.probes if wants_cpu_limit(probe.trouble)]
    if limited:
        seen.said.append("The namespace takes only pods with a cpu limit; the probe was run with one of 500m.")
        changed = [(probe, replace(probe.settings, cpu_limit=True)) for probe in limited]
        _retry(kubectl, seen, changed, request, pod_timeout_s, say)
    changed = []
    for probe in seen.probes:
        if probe.trouble and probe.trouble.cause is Cause.POD_IMAGE_PULL:
            probe.pull = probe.trouble
            found, why = another_image(probe.settings)
            what = f"Tried again with an image that a node has already: {found.image}." if found else why
            seen.said.append(f"{probe.trouble.because}. {what}")
            changed += [(probe, found)] if found else []
    if changed:
        _retry(kubectl, seen, changed, request, pod_timeout_s, say)


def _retry(
    kubectl: Kubectl,
    seen: Seen,
    changed: list[tuple[Probe, objects.Settings]],
    request: Mapping[str, Any],
    pod_timeout_s: float,
    say: Say,
) -> None:
    fresh = _probes({probe.pool: settings for probe, settings in changed})
    for (old, _), new in zip(changed, fresh, strict=True):
        old.name, old.settings = new.name, new.settings
        old.trouble, old.pod, old.ended, old.reading, old.read = None, None, False, False, False
    _attempt(kubectl, Seen([probe for probe, _ in changed], seen.said), request, pod_timeout_s, say)


# ---------------------------------------------------------------------------------------------------------------------
# One attempt


def _attempt(kubectl: Kubectl, seen: Seen, request: Mapping[str, Any], pod_timeout_s: float, say: Say) -> None:
    """Creates, waits and removes; whatever happens in between, the removal happens, and says what it left."""
    probes = seen.probes
    run = probes[0].name.rsplit("-", 1)[0] if len(probes) > 1 else probes[0].name
    objects.belongings(run, probes[0].settings, request)  # refuses a list that does not fit, before anything is
    watch, names = _Watch(kubectl, run, probes, request, pod_timeout_s, say), [probe.name for probe in probes]
    kubectl.resume()
    try:
        say("Creating the probe")
        watch.begin()  # kubectl takes a while to start; what it watches for may come later
        try:
            _create(kubectl, run, probes, request)
            watch.until_the_end()
        except KubectlError as error:
            _refused(error, probes)
    except AmlnetError as error:
        left = _finish(kubectl, watch, names, seen)
        raise type(error)(error.message, " ".join(filter(None, (error.hint, left)))) from None
    except (KeyboardInterrupt, Terminated):
        seen.said.append(_finish(kubectl, watch, names, seen, interrupted=True))
        raise
    seen.said.append(_finish(kubectl, watch, names, seen))


def _finish(kubectl: Kubectl, watch: _Watch, names: list[str], seen: Seen, interrupted: bool = False) -> str:
    watch.over.set()
    kubectl.stop()
    return _remove(kubectl, names, seen, interrupted)


def _create(kubectl: Kubectl, run: str, probes: list[Probe], request: Mapping[str, Any]) -> None:
    """The jobs, what they own, and go; an API server that is gone for a moment is asked again."""
    names = [probe.name for probe in probes]
    created = _patiently(lambda: kubectl.create([objects.job(p.name, run, p.settings) for p in probes]))
    if created is None:  # a first try had arrived
        created = [job for job in kubectl.jobs(names) if job.get("metadata", {}).get("name") in names]
    belongings = objects.belongings(run, probes[0].settings, request, tuple(created))
    _patiently(lambda: kubectl.create(belongings))
    _patiently(lambda: kubectl.release(names))


def _patiently(call: Callable[[], Any]) -> Any:
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


def _remove(kubectl: Kubectl, names: list[str], seen: Seen, interrupted: bool) -> str:
    """Deletes the jobs, trying as long as a person waits; returns what remains, with the command that removes it.

    A first signal that comes now waits until they are gone; a second one leaves at once.
    """
    until, last, caught = time.monotonic() + CLEANUP_S, "", None
    while time.monotonic() < until:
        try:
            kubectl.delete(names, max(0.5, until - time.monotonic()))
            last = ""
            break
        except KubectlError as error:
            last = error.message
            time.sleep(0.3)
        except (KeyboardInterrupt, Terminated) as signal:
            last = "interrupted"
            if interrupted or caught is not None:
                break
            caught = signal
    left = (
        f"Not deleted ({last}): {kubectl.delete_command(names)} removes what is left. If it is not run, the cluster "
        f"does so {objects.TTL_S} s after the pod has ended, unless the Job is still suspended."
    )
    if caught is not None:
        seen.said.append(left if last else "")
        raise caught
    return left if last else ""


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
            try:
                for kind, pod in self.kubectl.watch_pods(f"{objects.RUN_LABEL}={self.run}"):
                    self.inbox.put((f"pod {kind}", pod))
            except KubectlError as error:
                self.inbox.put(("broken", (self.probes, error.message)))
            except (OSError, ValueError):
                pass
            self.over.wait(0.5)

    def _events(self) -> None:
        """Asks for events as long as a pod is missing or waits: the job controller and the kubelet know why."""
        while not self.over.wait(_EVENTS_EVERY_S):
            if all(probe.begun for probe in self.probes):
                continue
            with contextlib.suppress(KubectlError, OSError, ValueError):
                self.inbox.put(("events", self.kubectl.events()))

    def _read_all(self) -> None:
        """One reader for all pods where all have begun by then; each pod's own reader does what it leaves."""
        self.over.wait(_TOGETHER_S)
        probes = {str(probe.pod["metadata"]["name"]): probe for probe in self.probes if probe.pod}
        readers = {name: Reader() for name in probes}
        done = set()
        if all(probe.begun for probe in self.probes) and not self.over.is_set():
            with contextlib.suppress(KubectlError, OSError, ValueError):
                for name, text in self.kubectl.follow_all(f"{objects.RUN_LABEL}={self.run}", len(probes)):
                    if name in readers and self._pass_on(probes[name], readers[name], text):
                        done.add(name)
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
            try:
                for text in self.kubectl.follow(pod):
                    if self._pass_on(probe, reader, text):
                        return
            except KubectlError as error:
                self.inbox.put(("broken", ([probe], error.message)))
            except (OSError, ValueError):
                pass
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

    def _pass_on(self, probe: Probe, reader: Reader, text: str) -> bool:
        """Puts what a line of a log tells into the inbox; says whether it was the probe's last."""
        last = False
        for line in reader.feed(text):
            self.inbox.put(("line", (probe, line)))
            if line.get("kind") == "done":
                self.inbox.put(("done", probe))
                last = True
        return last

    # -- what comes in

    def _take(self, kind: str, what: Any) -> None:
        if kind.startswith("pod "):
            self._take_pod(kind == "pod DELETED", what)
        elif kind == "events":
            for probe in self.probes:
                self._take_events(probe, what)
        elif kind == "broken":
            for probe in what[0]:
                refused = of_refusal(what[1])
                self._end(probe, refused if refused.cause is Cause.POD_FORBIDDEN else None)
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

    def _take_events(self, probe: Probe, events: list[Mapping[str, Any]]) -> None:
        pod = str((probe.pod or {}).get("metadata", {}).get("name", ""))
        found = None if probe.begun else of_events(events, probe.name, pod)
        if found and found.passes:
            probe.doubt = found
        else:
            self._end(probe, found)

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
                self._end(probe, probe.doubt or never_started(probe.pod))
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
    for node in filter(_is_linux, nodes):
        labels = _labels(node)
        if settings.node_selector.items() <= labels.items():
            label = next((label for label in _POOL_LABELS if label in labels), "kubernetes.io/hostname")
            groups.setdefault((label, str(labels.get(label))), []).append(node)
    pools, said = {}, []
    for (label, value), members in sorted(groups.items()):
        open_ = [node for node in members if _takes_pods(node)]
        if not open_:
            said.append(f"Pool {value} was left out: its nodes are cordoned or not ready.")
            continue
        seen = ((t.get("key"), t.get("value") or None, t.get("effect")) for node in open_ for t in _taints(node))
        taints = dict.fromkeys(seen)
        tolerations = (*settings.tolerations, *itertools.starmap(objects.toleration, taints))
        selector = {**settings.node_selector, label: value}
        pools[value] = replace(settings, node_selector=selector, tolerations=tolerations)
    return pools, said


def _labels(node: Mapping[str, Any]) -> Mapping[str, str]:
    return (node.get("metadata") or {}).get("labels") or {}


def _is_linux(node: Mapping[str, Any]) -> bool:
    return _labels(node).get("kubernetes.io/os", "linux") == "linux"


def _takes_pods(node: Mapping[str, Any]) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    ready = all(c.get("status") == "True" for c in conditions if c.get("type") == "Ready")
    return ready and not (node.get("spec") or {}).get("unschedulable")


def _taints(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The taints that people set; those of a node's condition are no pool's."""
    for taint in (node.get("spec") or {}).get("taints") or ():
        key = str(taint.get("key"))
        if not key.startswith("node.kubernetes.io/") and key != "ToBeDeletedByClusterAutoscaler":
            yield taint


_WITH_PYTHON = re.compile(r"(?:\A|/)python(?:[:@]|\Z)|/azureml/|/python:[0-9]")


def image_on_a_node(nodes: list[Mapping[str, Any]], settings: objects.Settings) -> Optional[objects.Settings]:
    """The settings with an image with Python that a node has already, where the pod may land there."""
    for node in filter(_takes_pods, filter(_is_linux, nodes)):
        labels = _labels(node)
        tolerated = all(any(_covers(t, taint) for t in settings.tolerations) for taint in _taints(node))
        if not tolerated or not settings.node_selector.items() <= labels.items():
            continue
        names = [name for image in (node.get("status") or {}).get("images") or () for name in image.get("names") or ()]
        with_python = sorted((name for name in names if _WITH_PYTHON.search(name)), key=lambda name: "@" in name)
        if with_python and "kubernetes.io/hostname" in labels:
            selector = {**settings.node_selector, "kubernetes.io/hostname": labels["kubernetes.io/hostname"]}
            return replace(settings, image=with_python[0], pull_policy="Never", node_selector=selector)
    return None


def _covers(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    """Whether a toleration covers a taint."""
    if toleration.get("effect") not in (None, taint.get("effect")) or toleration.get("key") != taint.get("key"):
        return taint.get("effect") == "PreferNoSchedule"
    return toleration.get("operator") == "Exists" or toleration.get("value") == taint.get("value")
