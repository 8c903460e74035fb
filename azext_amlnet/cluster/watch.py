"""Waiting for pods: their changes, their logs and the namespace's events come in through one queue."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Optional, Sequence, Union

from ..measurement.progress import so_far
from ..measurement.transcript import Reader, Transcript, read_lines
from ..model import Cause
from ..prober import SENTINEL, longest_s
from . import ODD_SHAPES, Object
from .failures import PodFailure, never_started, of_events, of_pod, of_refusal, pull_reason, tries_of, waiting_for
from .kubectl import Kubectl
from .pod import RUN_LABEL, PodSettings
from .transport import KubectlError

logger = logging.getLogger("cli.azext_amlnet.watch")
_EVENTS_EVERY_S = 1.5
_TOGETHER_S = 0.2
_TRIES, _BELIEVED_AFTER_S = 2, 30
"""A pull that fails once often succeeds the next time: the kubelet tries again after 10 s, then 20."""
_LAST_WORDS_S = 3
_STARTS_S = 30  # at most, from the container's start to the first try
_FAILED_NOW = "ErrImagePull"
"""What a container waits for when a pull has just failed; `ImagePullBackOff` is the pause before the next one."""
Say = Callable[[str], None]
"""Takes a line that tells what is waited for."""


@dataclass
class ProbePod:
    """One pod of the probe and what is known of it; `suspected` is what may yet pass."""

    name: str
    pool: str
    settings: PodSettings
    transcript: Transcript = field(default_factory=Transcript)
    pod: Optional[Object] = None
    failure: Optional[PodFailure] = None
    pull: Optional[PodFailure] = None
    suspected: Optional[PodFailure] = None
    failing_since: Optional[float] = None
    pull_reason: str = ""
    tries_seen: int = 0
    tries_told: int = 0
    reading: bool = False
    read: bool = False
    ended: bool = False
    last_line: str = ""

    def again(self, name: str, settings: PodSettings) -> None:
        """Makes it the next attempt for the same pool; the transcript and a failed pull are kept."""
        self.name, self.settings = name, settings
        self.failure, self.pod, self.ended, self.reading, self.read = None, None, False, False, False
        self.clear()

    def clear(self) -> None:
        """Forgets what was suspected: it has passed."""
        self.suspected, self.failing_since, self.pull_reason = None, None, ""
        self.tries_seen = self.tries_told = 0

    def suspect(self, failure: PodFailure) -> bool:
        """Notes what may yet pass; whether it is to be believed: a pull that failed twice, or for half a minute."""
        now = time.monotonic()
        self.suspected = failure
        if failure.cause is not Cause.POD_IMAGE_PULL:
            return False
        self.failing_since = self.failing_since or now
        tries = max(self.tries_seen, self.tries_told)  # the status and the events tell of the same ones
        return tries >= _TRIES or now - self.failing_since >= _BELIEVED_AFTER_S

    def end(self, failure: Optional[PodFailure]) -> None:
        """Ends it; the first failure counts, and what it told by then is kept."""
        self.failure, self.ended = self.failure or failure, True

    @property
    def node(self) -> Optional[str]:
        """Where the pod landed."""
        return ((self.pod or {}).get("spec") or {}).get("nodeName")

    @property
    def pod_name(self) -> str:
        """What the job controller called the pod, empty while there is none."""
        return str(((self.pod or {}).get("metadata") or {}).get("name", ""))

    @property
    def begun(self) -> bool:
        """Whether the container runs or has run."""
        return self._is("running", "terminated")

    @property
    def over(self) -> bool:
        """Whether the container has ended."""
        return self._is("terminated")

    def _is(self, *states: str) -> bool:
        containers = ((self.pod or {}).get("status") or {}).get("containerStatuses") or ()
        return any(set(container.get("state") or ()) & set(states) for container in containers)


# ---------------------------------------------------------------------------------------------------------------------
# What comes in


@dataclass(frozen=True)
class _PodChanged:
    pod: Object
    deleted: bool


@dataclass(frozen=True)
class _EventsListed:
    events: Sequence[Object]


@dataclass(frozen=True)
class _CallBroken:
    """A watch or a log broke off, with kubectl's words."""

    pods: Sequence[ProbePod]
    message: str


@dataclass(frozen=True)
class _LineRead:
    pod: ProbePod
    line: Mapping[str, Any]


@dataclass(frozen=True)
class _LogRead:
    """The whole log of a pod whose container has ended."""

    pod: ProbePod
    text: str


Message = Union[_PodChanged, _EventsListed, _CallBroken, _LineRead, _LogRead]


class Watch:
    """Waits for the pods of one attempt. `total` is how many targets each of them tries, `grace_s` for how long."""

    def __init__(
        self, kubectl: Kubectl, run: str, pods: Sequence[ProbePod], request: Mapping[str, Any], pod_timeout_s: float
    ) -> None:
        self.pods, self.request = pods, request
        self.over = threading.Event()
        self.starts_until = time.monotonic() + pod_timeout_s
        self.grace_s = longest_s(request) + _STARTS_S
        self.runs_until: dict[str, float] = {}
        self.inbox: queue.Queue[Message] = queue.Queue()
        self.ears = _Ears(kubectl, run, pods, self.inbox, self.over)

    def begin(self) -> None:
        """Starts to watch."""
        for listen in (self.ears.pods_change, self.ears.events_come):
            threading.Thread(target=listen, daemon=True).start()

    def until_the_end(self, say: Say) -> None:
        """Returns when every pod has ended or fails for a reason that does not pass."""
        while any(not pod.ended for pod in self.pods):
            with contextlib.suppress(queue.Empty):
                message = self.inbox.get(timeout=0.5)
                with contextlib.suppress(*ODD_SHAPES):
                    self._take(message)
            self._check_time()
            say(self._progress())

    def _take(self, message: Message) -> None:
        if isinstance(message, _PodChanged):
            self._take_pod(message.pod, message.deleted)
        elif isinstance(message, _EventsListed):
            for pod in self.pods:
                self._take_events(pod, message.events)
        elif isinstance(message, _CallBroken):
            refusal = of_refusal(message.message)
            for pod in message.pods if refusal.cause is Cause.POD_FORBIDDEN else ():
                pod.end(refusal)
        elif isinstance(message, _LineRead):
            message.pod.transcript.take(message.line)
            message.pod.ended |= message.line.get("kind") == "done"
            if message.line.get("kind") == "room" and message.pod.transcript.room:
                self._allow(message.pod, message.pod.transcript.room["atOnce"])
        else:
            self._take_log(message.pod, message.text)

    def _allow(self, pod: ProbePod, places: int) -> None:
        """Time for all that may be left of a pod that tries so few at a time."""
        until = time.monotonic() + longest_s(self.request, places) + _STARTS_S
        self.runs_until[pod.name] = max(until, self.runs_until.get(pod.name, until))

    def _take_log(self, pod: ProbePod, text: str) -> None:
        for line in read_lines(text):
            pod.transcript.take(line)
        pod.last_line = next((line for line in reversed(text.splitlines()) if line.strip()), "")
        pod.read, self.runs_until[pod.name] = True, time.monotonic() + _LAST_WORDS_S
        failure = of_pod(pod.pod or {})
        if failure or pod.transcript.complete:
            pod.end(failure)

    def _take_events(self, pod: ProbePod, events: Sequence[Object]) -> None:
        failure = None if pod.begun else of_events(events, "" if pod.pod else pod.name, pod.pod_name)
        pod.tries_told = tries_of(events, pod.pod_name)
        if (
            failure
            and pod.pod
            and failure.cause is Cause.POD_IMAGE_PULL
            and not pull_reason(pod.pod)
            and pod.pull_reason
        ):
            return  # of an image that is there by now
        if failure and (not failure.transient or pod.suspect(failure)):
            pod.end(failure)

    def _take_pod(self, changed: Object, deleted: bool) -> None:
        metadata = changed.get("metadata") or {}
        owners = {owner.get("name") for owner in metadata.get("ownerReferences") or ()}
        pod = next((pod for pod in self.pods if pod.name in owners and not pod.ended), None)
        if pod is None:
            return
        pod.pod, failure = changed, of_pod(changed)
        reason = pull_reason(changed)
        if pod.pull_reason and not reason:
            pod.clear()
        pod.tries_seen += reason == _FAILED_NOW and pod.pull_reason != reason
        pod.pull_reason = reason
        if pod.begun and not pod.reading:
            pod.reading = True
            self.runs_until[pod.name] = time.monotonic() + self.grace_s
            self.ears.read(pod)
        if deleted:
            pod.end(failure or PodFailure(Cause.POD_NODE_LOST, "the pod was deleted while it was needed"))
        elif failure and failure.transient:
            if pod.suspect(failure):
                pod.end(failure)
        elif failure and (not pod.reading or pod.read):
            pod.end(failure)
        elif failure:  # its log may still come
            until = time.monotonic() + _LAST_WORDS_S
            self.runs_until[pod.name] = min(until, self.runs_until[pod.name])

    def _check_time(self) -> None:
        now = time.monotonic()
        for pod in (pod for pod in self.pods if not pod.ended):
            believed = pod.failing_since is not None and now - pod.failing_since >= _BELIEVED_AFTER_S
            if not pod.reading and (now > self.starts_until or believed):
                pod.end(pod.suspected or never_started(pod.pod))
            elif now > self.runs_until.get(pod.name, now):
                pod.end(of_pod(pod.pod or {}) or _late(pod))

    def _progress(self) -> str:
        waiting = [pod for pod in self.pods if not pod.reading and not pod.ended]
        if waiting:
            where = f" ({waiting[0].pool})" if len(self.pods) > 1 else ""
            left_s = max(0.0, self.starts_until - time.monotonic())
            return f"{waiting_for(waiting[0].pod)}{where}, {left_s:.0f} s left"
        ends = max(self.runs_until.values(), default=0.0) - _STARTS_S
        return so_far(self.request, [pod.transcript for pod in self.pods], ends - time.monotonic())


def _late(pod: ProbePod) -> PodFailure:
    """What is to be said of a pod that told too little in the time it had."""
    if not pod.read:
        return PodFailure(Cause.POD_NO_RESULT, "the probe did not end in time")
    ours = not pod.last_line or SENTINEL in pod.last_line
    return PodFailure(Cause.POD_NO_RESULT, "the pod's log is cut" + ("" if ours else f": {pod.last_line[:200]}"))


# ---------------------------------------------------------------------------------------------------------------------
# The threads that listen


class _Ears:
    """Listens to the cluster in threads of its own, until it is over."""

    def __init__(
        self,
        kubectl: Kubectl,
        run: str,
        pods: Sequence[ProbePod],
        inbox: queue.Queue[Message],
        over: threading.Event,
    ) -> None:
        self.kubectl, self.label, self.pods, self.inbox, self.over = kubectl, f"{RUN_LABEL}={run}", pods, inbox, over
        self.together = True  # until the pods that began together are read together

    def pods_change(self) -> None:
        """Watches, and watches anew when a watch ends: the API server may be gone for a while."""
        while not self.over.is_set():
            try:
                for kind, pod in self.kubectl.watch_pods(self.label):
                    self.inbox.put(_PodChanged(pod, deleted=kind == "DELETED"))
            except KubectlError as error:
                self.inbox.put(_CallBroken(self.pods, error.message))
            except Exception:  # a watch that breaks off in whatever way is begun anew
                logger.debug("The watch of pods broke off.", exc_info=True)
            self.over.wait(0.5)

    def events_come(self) -> None:
        """Asks for events as long as a pod is missing or waits: the job controller and the kubelet know why."""
        while not self.over.wait(_EVENTS_EVERY_S):
            if all(pod.begun for pod in self.pods):
                continue
            with contextlib.suppress(Exception):
                self.inbox.put(_EventsListed(self.kubectl.events()))

    def read(self, pod: ProbePod) -> None:
        """Reads the log of a pod that has begun: by itself, or with the first of several that begin together."""
        if len(self.pods) == 1 or not self.together:
            self._start_reading(pod)
        elif not any(other.reading for other in self.pods if other is not pod):
            threading.Thread(target=self._read_all, daemon=True).start()

    def _read_all(self) -> None:
        """One reader for all pods where all have begun by then; each pod's own reader does what it leaves."""
        self.over.wait(_TOGETHER_S)
        pods = {pod.pod_name: pod for pod in self.pods if pod.pod}
        readers = {name: Reader() for name in pods}
        done = set()
        if all(pod.begun for pod in self.pods) and not self.over.is_set():
            with contextlib.suppress(Exception):
                for name, text in self.kubectl.follow_all(self.label, len(pods)):
                    if name in readers and self._pass_on(pods[name], readers[name], text):
                        done.add(name)
        self.together = False
        for name in set(pods) - done:
            if pods[name].begun:
                self._start_reading(pods[name])

    def _start_reading(self, pod: ProbePod) -> None:
        threading.Thread(target=self._read, args=(pod, pod.pod_name), daemon=True).start()

    def _read(self, pod: ProbePod, name: str) -> None:
        """Follows the log, again when it breaks off; when the container has ended before the probe, reads it whole."""
        while not self.over.is_set():
            reader = Reader()
            try:
                for text in self.kubectl.follow(name):
                    if self._pass_on(pod, reader, text):
                        return
            except KubectlError as error:
                self.inbox.put(_CallBroken([pod], error.message))
            except Exception:  # so is a log
                logger.debug("The log of %s broke off.", name, exc_info=True)
            if pod.over:
                break
            self.over.wait(0.3)
        self.inbox.put(_LogRead(pod, self._whole_log(name)))

    def _whole_log(self, name: str) -> str:
        for _ in range(3):
            with contextlib.suppress(Exception):
                return self.kubectl.log(name)
            self.over.wait(0.5)
        return ""

    def _pass_on(self, pod: ProbePod, reader: Reader, text: str) -> bool:
        """Puts what a line of a log tells into the inbox; says whether it was the probe's last."""
        last = False
        for line in reader.feed(text):
            self.inbox.put(_LineRead(pod, line))
            last |= line.get("kind") == "done"
        return last
