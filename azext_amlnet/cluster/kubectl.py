"""The cluster, through kubectl: create, watch, read the log, delete. The one narrow door; any auth plugin works."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from typing import Any, Iterator, Mapping, Optional

from ..errors import AmlnetError
from ..text import one_line

logger = logging.getLogger("cli.azext_amlnet.kubectl")


_MAY_END_S = 1.5


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
        self.lock, self.stopped = threading.Lock(), False

    def words(self, *words: str) -> list[str]:
        """The words of a command line."""
        given = [("--kubeconfig", self.config), ("--context", self.context), ("--namespace", self.namespace)]
        return [self.path, *(f"{option}={value}" for option, value in given if value), *words]

    def _call(self, *words: str, given: Optional[str] = None, timeout_s: float = 60, always: bool = False) -> str:
        """Standard output; raises KubectlError with kubectl's own words.

        What is interrupted while it changes something may end first, so that nothing appears after it was deleted.
        """
        logger.info("kubectl %s", " ".join(words))
        stdin = subprocess.PIPE if given is not None else subprocess.DEVNULL
        process = self._start(*words, stdin=stdin, stderr=subprocess.PIPE, always=always)
        try:
            out, err = process.communicate(given, timeout_s)
        except subprocess.TimeoutExpired:
            _kill(process)
            said = _last_words(process.communicate()[1] or "")
            raise KubectlError(f"kubectl {words[0]} did not end within {timeout_s:.0f} s. {said}") from None
        except BaseException:
            if words[0] in ("create", "patch"):
                with contextlib.suppress(subprocess.TimeoutExpired, ValueError):
                    process.communicate(timeout=_MAY_END_S)
            raise
        finally:
            self._end(process)
        if process.returncode:
            raise KubectlError(_last_words(err) or f"kubectl {words[0]} ended with {process.returncode}.")
        return str(out)

    def _lines(self, *words: str) -> Iterator[str]:
        """The lines that a call prints as long as it runs; raises KubectlError when it ends badly."""
        logger.info("kubectl %s", " ".join(words))
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as err:
            process = self._start(*words, stderr=err)
            try:
                yield from process.stdout or ()
                code = process.wait()
            finally:
                self._end(process)
            err.seek(0)
            said = _last_words(err.read())
        if code:
            raise KubectlError(said or f"kubectl {words[0]} ended with {code}.")

    def _start(self, *words: str, stdin: int = subprocess.DEVNULL, stderr: Any, always: bool = False) -> Any:
        with self.lock:
            if self.stopped and not always:
                raise KubectlError("It is over.")
            process = subprocess.Popen(  # noqa: S603
                self.words(*words),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
            self.running.append(process)
        return process

    def _end(self, process: subprocess.Popen[str]) -> None:
        """Ends a process of ours, wherever it is."""
        _kill(process)
        with contextlib.suppress(subprocess.TimeoutExpired, ValueError):
            process.wait(5)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError, ValueError):
                    stream.close()
        with self.lock:
            if process in self.running:
                self.running.remove(process)

    def stop(self) -> None:
        """Ends whatever still watches or reads; from now on only deletions are let through."""
        with self.lock:
            self.stopped = True
            for process in self.running:
                _kill(process)

    def resume(self) -> None:
        """Lets everything through again."""
        self.stopped = False

    # -- what a probe needs

    def view(self) -> Mapping[str, Any]:
        """The kubeconfig, without its secrets."""
        found: Mapping[str, Any] = json.loads(self._call("config", "view", "-o", "json"))
        return found

    def create(self, objects: list[dict[str, Any]]) -> list[Mapping[str, Any]]:
        """Creates the objects and returns them as the API server keeps them."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        return list(_objects(self._call("create", "--validate=false", "-f", "-", "-o", "json", given=text)))

    def jobs(self, names: list[str]) -> list[Mapping[str, Any]]:
        """The jobs with these names."""
        return list(_objects(self._call("get", "jobs", *names, "-o", "json")))

    def release(self, names: list[str]) -> None:
        """Lets suspended jobs start."""
        self._call("patch", "jobs", *names, "--type=merge", "-p", '{"spec":{"suspend":false}}')

    def watch_pods(self, label: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Changes of the pods with a label, as (type, pod), until the watch ends for whatever reason."""
        words = ("get", "pods", "-l", label, "--watch", "--output-watch-events", "-o", "json")
        for event in _objects(self._lines(*words)):
            yield str(event.get("type")), event.get("object") or {}

    def events(self) -> list[Mapping[str, Any]]:
        """The events of the namespace."""
        return list(json.loads(self._call("get", "events", "-o", "json")).get("items") or ())

    def nodes(self) -> list[Mapping[str, Any]]:
        """The nodes of the cluster."""
        return list(json.loads(self._call("get", "nodes", "-o", "json")).get("items") or ())

    def follow(self, pod: str) -> Iterator[str]:
        """The lines of a pod's log as they come, until it ends or breaks."""
        yield from self._lines("logs", "--follow", pod, "--container", "probe")

    def follow_all(self, label: str, most: int) -> Iterator[tuple[str, str]]:
        """The lines of all pods with a label as they come, each with its pod's name, until all end or one breaks."""
        words = ("logs", "--follow", "-l", label, "--container", "probe", "--prefix", f"--max-log-requests={most}")
        for text in self._lines(*words, "--tail=-1"):
            source, bracket, line = text.partition("] ")
            if bracket and source.startswith("[pod/"):
                yield source.split("/")[1], line

    def log(self, pod: str) -> str:
        """The whole log of a pod."""
        return self._call("logs", pod, "--container", "probe")

    def delete(self, names: list[str], timeout_s: float) -> None:
        """Deletes jobs, and by them all that they own."""
        words = ("delete", "jobs", *names, "--ignore-not-found", "--cascade=background", "--wait=false")
        self._call(*words, timeout_s=timeout_s, always=True)

    def delete_command(self, names: list[str]) -> str:
        """The command that deletes the jobs, for people."""
        return " ".join(["kubectl", *self.words("delete", "jobs", *names)[1:]])


def _kill(process: subprocess.Popen[str]) -> None:
    """Kills a process and what it started, such as a plugin that signs in."""
    if process.poll() is None:
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()


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
