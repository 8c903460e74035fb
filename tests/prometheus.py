"""Prometheus and its blackbox exporter, as Debian has them, over an export of ours; in a namespace if one is given."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

BLACKBOX = shutil.which("prometheus-blackbox-exporter")
PROMETHEUS = shutil.which("prometheus")
PROMTOOL = shutil.which("promtool")
INSTALLED = bool(BLACKBOX and PROMETHEUS and PROMTOOL)
MISSING = "needs prometheus, promtool and prometheus-blackbox-exporter: run `make tools` as root"
_FETCH = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"
Series = dict[tuple[str, ...], float]


def checked(*words: str, text: str = "") -> tuple[int, str]:
    """What a program says of a file, or of a text that it is handed, and its exit code."""
    done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


class Monitoring:
    """Both programs, with the files of an export in a folder; each probe is given 2 seconds, every 3 of them."""

    def __init__(self, folder: Path, files: Sequence[tuple[str, str]], pem: str, enter: Sequence[str] = ()) -> None:
        self.stack, self.folder, self.enter = contextlib.ExitStack(), folder, tuple(enter)
        self.ports = _free_ports(2)
        for name, text in files:
            folder.joinpath(name).write_text(self._sooner(text), encoding="utf-8")
        folder.joinpath("ca.pem").write_text(pem, encoding="utf-8")

    def _sooner(self, text: str) -> str:
        blackbox = f"127.0.0.1:{self.ports[0]}"
        sooner = {"timeout: 10s": "timeout: 2s", " 9.5": " 1.9", "interval: 2m": "interval: 3s",
                  "scrape_timeout: 15s": "scrape_timeout: 3s", "blackbox-exporter:9115": blackbox}  # fmt: skip
        for usual, other in sooner.items():
            text = text.replace(usual, other)
        return text if "rule_files:" not in text else "global: {evaluation_interval: 1s}\n" + text

    def __enter__(self) -> Monitoring:
        blackbox, prometheus = (f"127.0.0.1:{port}" for port in self.ports)
        self._start(str(BLACKBOX), "--config.file=amlnet-blackbox.yml", f"--web.listen-address={blackbox}")
        self._start(str(PROMETHEUS), "--config.file=amlnet-prometheus.yml", "--storage.tsdb.path=data",
                    f"--web.listen-address={prometheus}")  # fmt: skip
        return self

    def __exit__(self, *_: Any) -> None:
        self.stack.close()

    def _start(self, *words: str) -> None:
        trusted = {"SSL_CERT_FILE": "ca.pem", "SSL_CERT_DIR": "/nonexistent"}
        quiet = self.folder.joinpath(f"{Path(words[0]).name}.log").open("w")
        process = subprocess.Popen(
            [*self.enter, *words], cwd=self.folder, env={**os.environ, **trusted}, stdout=quiet, stderr=quiet
        )

        def stop() -> None:
            process.terminate()
            process.wait(20)
            quiet.close()

        self.stack.callback(stop)

    def ask(self, expression: str, *labels: str) -> Series:
        """The series of an expression: the values of these labels → its value."""
        url = f"http://127.0.0.1:{self.ports[1]}/api/v1/query?{urlencode({'query': expression})}"
        words = [*self.enter, sys.executable, "-I", "-c", _FETCH, url]
        done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=True)
        series = json.loads(done.stdout)["data"]["result"]
        return {tuple(one["metric"].get(name, "") for name in labels): float(one["value"][1]) for one in series}

    def until(self, holds: Callable[[], object], patience_s: float = 40) -> None:
        """Waits until something holds; fails with what the programs wrote."""
        end = time.monotonic() + patience_s
        while True:
            with contextlib.suppress(subprocess.CalledProcessError):
                if holds():
                    return
            if time.monotonic() > end:
                logs = {path.name: path.read_text()[-2000:] for path in self.folder.glob("*.log")}
                raise AssertionError(f"not within {patience_s} s: {logs}")
            time.sleep(0.5)

    def becomes(self, seen: Callable[[], object], expected: object) -> None:
        """Waits until something seen is what is expected: series lag, and a probe of a busy machine may be late."""
        with contextlib.suppress(AssertionError):
            self.until(lambda: seen() == expected)
        assert seen() == expected


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def monitoring(
    folder: Path, files: Sequence[tuple[str, str]], pem: str, enter: Sequence[str] = ()
) -> Iterator[Monitoring]:
    """Both programs, gone when the test is over."""
    folder.mkdir()
    with Monitoring(folder, files, pem, enter) as running:
        yield running
