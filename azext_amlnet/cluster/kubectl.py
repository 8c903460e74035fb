"""What a probe needs of a cluster, in kubectl's words: create, watch, read the log, delete."""

from __future__ import annotations

import json
from typing import Any, Iterable, Iterator

from . import Object
from .transport import KubectlError, KubectlTransport


class Kubectl:
    """The calls of a probe, over one transport."""

    def __init__(self, transport: KubectlTransport) -> None:
        self.transport = transport

    def at(self, context: str, namespace: str) -> Kubectl:
        """The same kubectl and kubeconfig, in a context and a namespace."""
        return Kubectl(KubectlTransport(self.transport.config, context, namespace))

    def view(self) -> Object:
        """The kubeconfig, without its secrets."""
        return next(iter(_objects(self.transport.call("config", "view", "-o", "json"))), {})

    def create(self, objects: list[dict[str, Any]]) -> list[Object]:
        """Creates the objects and returns them as the API server keeps them."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        words = ("create", "--validate=false", "-f", "-", "-o", "json")
        return _objects(self.transport.call(*words, stdin=text))

    def jobs(self, names: list[str]) -> list[Object]:
        """The jobs with these names."""
        return _objects(self.transport.call("get", "jobs", *names, "--ignore-not-found", "-o", "json"))

    def release(self, names: list[str]) -> None:
        """Lets suspended jobs start."""
        self.transport.call("patch", "jobs", *names, "--type=merge", "-p", '{"spec":{"suspend":false}}')

    def watch_pods(self, label: str) -> Iterator[tuple[str, Object]]:
        """Changes of the pods with a label, as (type, pod), until the watch ends for whatever reason."""
        words = ("get", "pods", "-l", label, "--watch", "--output-watch-events", "-o", "json")
        for event in _stream(self.transport.lines(*words)):
            pod = event.get("object")
            if isinstance(pod, dict):
                yield str(event.get("type")), pod

    def events(self) -> list[Object]:
        """The events of the namespace."""
        return self._items("events")

    def nodes(self) -> list[Object]:
        """The nodes of the cluster."""
        return self._items("nodes")

    def _items(self, kind: str) -> list[Object]:
        return _objects(self.transport.call("get", kind, "-o", "json"))

    def follow(self, pod: str) -> Iterator[str]:
        """The lines of a pod's log as they come, until it ends or breaks."""
        yield from self.transport.lines("logs", "--follow", pod, "--container", "probe")

    def follow_all(self, label: str, most: int) -> Iterator[tuple[str, str]]:
        """The lines of all pods with a label as they come, each with its pod's name, until all end or one breaks."""
        words = ("logs", "--follow", "-l", label, "--container", "probe", "--prefix", f"--max-log-requests={most}")
        for text in self.transport.lines(*words, "--tail=-1"):
            source, bracket, line = text.partition("] ")
            if bracket and source.startswith("[pod/"):
                yield source.split("/")[1], line

    def log(self, pod: str) -> str:
        """The whole log of a pod."""
        return self.transport.call("logs", pod, "--container", "probe")

    def delete(self, names: list[str], timeout_s: float) -> None:
        """Deletes jobs, and by them all that they own."""
        words = ("delete", "jobs", *names, "--ignore-not-found", "--cascade=background", "--wait=false")
        self.transport.call(*words, timeout_s=timeout_s, always=True)

    def remaining(self, names: list[str], timeout_s: float) -> list[str]:
        """Which of the jobs the API server still has, and is not deleting."""
        words = ("get", "jobs", *names, "--ignore-not-found", "-o", "json")
        jobs = _objects(self.transport.call(*words, timeout_s=timeout_s, always=True))
        about = [job.get("metadata") for job in jobs]
        return [
            str(metadata.get("name"))
            for metadata in about
            if isinstance(metadata, dict) and metadata.get("name") in names and not metadata.get("deletionTimestamp")
        ]

    def delete_command(self, names: list[str]) -> str:
        """The command that deletes the jobs, for people."""
        return " ".join(["kubectl", *self.transport.words("delete", "jobs", *names)[1:]])


def _objects(text: str) -> list[Object]:
    """The JSON objects of a whole answer, those of a list one by one.

    Nothing but objects gets in here; raises KubectlError for an answer that is none.
    """
    decoder, objects = json.JSONDecoder(), []
    while text := text.lstrip():
        try:
            document, end = decoder.raw_decode(text)
        except (ValueError, RecursionError):
            raise KubectlError(f"kubectl printed what is no JSON: {text[:80]!r}") from None
        if not isinstance(document, dict):
            raise KubectlError(f"kubectl printed no object but {type(document).__name__}.")
        objects += _items(document)
        text = text[end:]
    return objects


def _stream(lines: Iterable[str]) -> Iterator[Object]:
    """The JSON objects of a stream as they come, whatever stands between them."""
    decoder, text = json.JSONDecoder(), ""
    for part in lines:
        text += part
        if not part.startswith("}") and text != part:  # an object that is printed in lines ends at their beginning
            continue
        while text := text.lstrip():
            try:
                document, end = decoder.raw_decode(text)
            except (ValueError, RecursionError):
                break
            text = text[end:]
            yield from _items(document) if isinstance(document, dict) else ()


def _items(document: Object) -> list[Object]:
    """The objects of a list, or the one that it is."""
    if not str(document.get("kind", "")).endswith("List") and not isinstance(document.get("items"), list):
        return [document]
    items = document.get("items")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
