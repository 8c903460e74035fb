"""The cluster, through kubectl: create, watch, read the log, delete. The one narrow door; any auth plugin works."""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
import subprocess
from typing import Any, Iterator, Mapping, Optional

from ..errors import AmlnetError, one_line

logger = logging.getLogger("cli.azext_amlnet.kubectl")


class KubectlError(AmlnetError):
    """kubectl said no; `message` is its own last line."""


class Kubectl:
    """Calls of one kubectl against one context and namespace; each is a process group of its own.

    So a Ctrl-C on the terminal reaches us alone, and what we still have to delete is deleted.
    """

    def __init__(self, config: Optional[str] = None, context: Optional[str] = None, namespace: Optional[str] = None):
        found = shutil.which("kubectl")
        if found is None:
            raise AmlnetError("kubectl was not found on PATH.", "Install it: az aks install-cli.")
        self.path, self.config, self.context, self.namespace = found, config, context, namespace
        self.running: list[subprocess.Popen[str]] = []

    def words(self, *words: str) -> list[str]:
        """The words of a command line."""
        given = [("--kubeconfig", self.config), ("--context", self.context), ("--namespace", self.namespace)]
        return [self.path, *(f"{option}={value}" for option, value in given if value), *words]

    def _call(self, *words: str, given: Optional[str] = None, timeout_s: float = 60) -> str:
        """Standard output; raises KubectlError with kubectl's own words."""
        logger.info("kubectl %s", " ".join(words))
        process = self._start(*words, stdin=subprocess.PIPE if given is not None else subprocess.DEVNULL)
        try:
            out, err = process.communicate(given, timeout_s)
        except subprocess.TimeoutExpired:
            raise KubectlError(f"kubectl {words[0]} did not end within {timeout_s:.0f} s.") from None
        finally:
            self._end(process)
        if process.returncode:
            raise KubectlError(_last_words(err) or f"kubectl {words[0]} ended with {process.returncode}.")
        return out

    def _start(self, *words: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603
            self.words(*words),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self.running.append(process)
        return process

    def _end(self, process: subprocess.Popen[str]) -> None:
        """Ends a process of ours, wherever it is."""
        if process.poll() is None:
            process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired, ValueError):
            process.wait(5)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError, ValueError):
                    stream.close()
        if process in self.running:
            self.running.remove(process)

    def stop(self) -> None:
        """Ends whatever still watches or reads."""
        for process in list(self.running):
            if process.poll() is None:
                process.kill()

    # -- what a probe needs

    def view(self) -> Mapping[str, Any]:
        """The kubeconfig, without its secrets."""
        found: Mapping[str, Any] = json.loads(self._call("config", "view", "-o", "json"))
        return found

    def create(self, objects: list[dict[str, Any]]) -> list[Mapping[str, Any]]:
        """Creates the objects and returns them as the API server keeps them."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        return list(_objects(self._call("create", "--validate=false", "-f", "-", "-o", "json", given=text)))

    def release(self, names: list[str]) -> None:
        """Lets suspended jobs start."""
        self._call("patch", "jobs", *names, "--type=merge", "-p", '{"spec":{"suspend":false}}')

    def watch_pods(self, label: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Changes of the pods with a label, as (type, pod), until the watch ends for whatever reason."""
        words = ("get", "pods", "-l", label, "--watch", "--output-watch-events", "-o", "json")
        logger.info("kubectl %s", " ".join(words))
        process = self._start(*words)
        try:
            for event in _objects(process.stdout):
                yield str(event.get("type")), event.get("object") or {}
        finally:
            self._end(process)

    def events(self) -> list[Mapping[str, Any]]:
        """The events of the namespace."""
        return list(json.loads(self._call("get", "events", "-o", "json")).get("items") or ())

    def nodes(self) -> list[Mapping[str, Any]]:
        """The nodes of the cluster."""
        return list(json.loads(self._call("get", "nodes", "-o", "json")).get("items") or ())

    def follow(self, pod: str) -> Iterator[str]:
        """The lines of a pod's log as they come, until it ends or breaks."""
        words = ("logs", "--follow", pod, "--container", "probe")
        logger.info("kubectl %s", " ".join(words))
        process = self._start(*words)
        try:
            yield from process.stdout or ()
        finally:
            self._end(process)

    def follow_all(self, label: str, most: int) -> Iterator[tuple[str, str]]:
        """The lines of all pods with a label as they come, each with its pod's name, until all end or one breaks."""
        words = ("logs", "--follow", "-l", label, "--container", "probe", "--prefix", f"--max-log-requests={most}")
        logger.info("kubectl %s", " ".join(words))
        process = self._start(*words, "--tail=-1")
        try:
            for text in process.stdout or ():
                source, bracket, line = text.partition("] ")
                if bracket and source.startswith("[pod/"):
                    yield source.split("/")[1], line
        finally:
            self._end(process)

    def log(self, pod: str) -> str:
        """The whole log of a pod."""
        return self._call("logs", pod, "--container", "probe")

    def delete(self, names: list[str], timeout_s: float) -> None:
        """Deletes jobs, and by them all that they own."""
        words = ("delete", "jobs", *names, "--ignore-not-found", "--cascade=background", "--wait=false")
        self._call(*words, timeout_s=timeout_s)

    def delete_command(self, names: list[str]) -> str:
        """The command that deletes the jobs, for people."""
        return " ".join(["kubectl", *self.words("delete", "jobs", *names)[1:]])


def _objects(stream: Any) -> Iterator[Mapping[str, Any]]:
    """The JSON objects of a text or stream, one after the other, whatever stands between them."""
    decoder, text = json.JSONDecoder(), ""
    for part in [stream] if isinstance(stream, str) else stream or ():
        text += part
        if not part.startswith("}") and text != part:  # an object that is printed in lines ends at their beginning
            continue
        while text := text.lstrip():
            try:
                found, end = decoder.raw_decode(text)
            except ValueError:
                break
            text = text[end:]
            yield from found["items"] if found.get("kind") == "List" else (found,)


def _last_words(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return one_line(lines[-1]) if lines else ""
