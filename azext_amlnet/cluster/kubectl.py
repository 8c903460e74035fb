"""What a probe needs of a cluster, in kubectl's words: create, watch, read the log, delete."""

from __future__ import annotations

import json
from typing import Any, Iterable, Iterator, Union

from . import Object
from .transport import KubectlTransport


class Kubectl:
    """The calls of a probe, over one transport."""

    def __init__(self, transport: KubectlTransport) -> None:
        self.transport = transport

    def at(self, context: str, namespace: str) -> Kubectl:
        """The same kubectl and kubeconfig, in a context and a namespace."""
        return Kubectl(KubectlTransport(self.transport.config, context, namespace))

    def view(self) -> Object:
        """The kubeconfig, without its secrets."""
        config: Object = json.loads(self.transport.call("config", "view", "-o", "json"))
        return config

    def create(self, objects: list[dict[str, Any]]) -> list[Object]:
        """Creates the objects and returns them as the API server keeps them."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        words = ("create", "--validate=false", "-f", "-", "-o", "json")
        return list(_objects(self.transport.call(*words, stdin=text)))

    def jobs(self, names: list[str]) -> list[Object]:
        """The jobs with these names."""
        return list(_objects(self.transport.call("get", "jobs", *names, "-o", "json")))

    def release(self, names: list[str]) -> None:
        """Lets suspended jobs start."""
        self.transport.call("patch", "jobs", *names, "--type=merge", "-p", '{"spec":{"suspend":false}}')

    def watch_pods(self, label: str) -> Iterator[tuple[str, Object]]:
        """Changes of the pods with a label, as (type, pod), until the watch ends for whatever reason."""
        words = ("get", "pods", "-l", label, "--watch", "--output-watch-events", "-o", "json")
        for event in _objects(self.transport.lines(*words)):
            yield str(event.get("type")), event.get("object") or {}

    def events(self) -> list[Object]:
        """The events of the namespace."""
        return self._items("events")

    def nodes(self) -> list[Object]:
        """The nodes of the cluster."""
        return self._items("nodes")

    def _items(self, kind: str) -> list[Object]:
        return list(json.loads(self.transport.call("get", kind, "-o", "json")).get("items") or ())

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

    def delete_command(self, names: list[str]) -> str:
        """The command that deletes the jobs, for people."""
        return " ".join(["kubectl", *self.transport.words("delete", "jobs", *names)[1:]])


def _objects(stream: Union[str, Iterable[str]]) -> Iterator[Object]:
    """The JSON objects of a text or stream, one after the other, whatever stands between them."""
    decoder, text = json.JSONDecoder(), ""
    for part in [stream] if isinstance(stream, str) else stream:
        text += part
        if not part.startswith("}") and text != part:  # an object that is printed in lines ends at their beginning
            continue
        while text := text.lstrip():
            try:
                document, end = decoder.raw_decode(text)
            except ValueError:
                break
            text = text[end:]
            yield from document["items"] if document.get("kind") == "List" else (document,)
