"""kubectl as a process: words in, text out; the one narrow door to a cluster, so any auth plugin works."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from typing import IO, Iterator, Optional, Union

from ..errors import AmlnetError
from ..text import one_line

logger = logging.getLogger("cli.azext_amlnet.kubectl")

_MAY_END_S = 1.5
Process = subprocess.Popen[str]


class KubectlError(AmlnetError):
    """kubectl said no; `message` is its own last line."""


class KubectlTransport:
    """Calls of one kubectl against one context and namespace; each is a process group of its own.

    So a Ctrl-C on the terminal reaches us alone, and what we still have to delete is deleted.
    """

    def __init__(self, config: Optional[str] = None, context: Optional[str] = None, namespace: Optional[str] = None):
        path = shutil.which("kubectl")
        if path is None:
            raise AmlnetError("kubectl was not found on PATH.", "Install it: az aks install-cli.")
        self.path, self.config, self.context, self.namespace = path, config, context, namespace
        self._running: list[Process] = []
        self._lock, self._stopped = threading.Lock(), False

    def words(self, *words: str) -> list[str]:
        """The words of a command line."""
        options = [("--kubeconfig", self.config), ("--context", self.context), ("--namespace", self.namespace)]
        return [self.path, *(f"{option}={value}" for option, value in options if value), *words]

    def call(self, *words: str, stdin: Optional[str] = None, timeout_s: float = 60, always: bool = False) -> str:
        """Standard output; raises KubectlError with kubectl's own words. `always`: after `stop`, too.

        What is interrupted while it changes something may end first, so that nothing appears after it was deleted.
        """
        logger.info("kubectl %s", " ".join(words))
        pipe = subprocess.PIPE if stdin is not None else subprocess.DEVNULL
        process = self._start(*words, stdin=pipe, stderr=subprocess.PIPE, always=always)
        try:
            out, err = process.communicate(stdin, timeout_s)
        except subprocess.TimeoutExpired:
            _kill(process)
            last = _last_words(process.communicate()[1] or "")
            raise KubectlError(f"kubectl {words[0]} did not end within {timeout_s:.0f} s. {last}") from None
        except BaseException:
            if words[0] in ("create", "patch"):
                with contextlib.suppress(subprocess.TimeoutExpired, ValueError):
                    process.communicate(timeout=_MAY_END_S)
            raise
        finally:
            self._end(process)
        if process.returncode:
            raise KubectlError(_last_words(err) or f"kubectl {words[0]} ended with {process.returncode}.")
        return out

    def lines(self, *words: str) -> Iterator[str]:
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
            last = _last_words(err.read())
        if code:
            raise KubectlError(last or f"kubectl {words[0]} ended with {code}.")

    def _start(
        self, *words: str, stdin: int = subprocess.DEVNULL, stderr: Union[int, IO[str]], always: bool = False
    ) -> Process:
        with self._lock:
            if self._stopped and not always:
                raise KubectlError("It is over.")
            try:
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
            except (OSError, ValueError) as error:  # too few files or processes, or a kubectl that is none any more
                reason = getattr(error, "strerror", None) or str(error)
                raise KubectlError(f"kubectl could not be started: {reason}") from None
            self._running.append(process)
        return process

    def _end(self, process: Process) -> None:
        """Ends a process of ours, wherever it is."""
        _kill(process)
        with contextlib.suppress(subprocess.TimeoutExpired, ValueError):
            process.wait(5)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError, ValueError):
                    stream.close()
        with self._lock:
            if process in self._running:
                self._running.remove(process)

    def stop(self) -> None:
        """Ends whatever still watches or reads; from now on only what is called `always` is let through."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                _kill(process)

    def resume(self) -> None:
        """Lets everything through again."""
        self._stopped = False


def _kill(process: Process) -> None:
    """Kills a process and what it started, such as a plugin that signs in."""
    if process.poll() is None:
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()


def _last_words(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return one_line(lines[-1]) if lines else ""
