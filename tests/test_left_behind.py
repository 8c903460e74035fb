"""Whatever happens between the first create and the end, nothing stays in the cluster, and nobody sees a traceback."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from azext_amlnet.cluster.kubectl import Kubectl
from azext_amlnet.cluster.pod import PodSettings
from azext_amlnet.cluster.run import Means, measure
from azext_amlnet.cluster.transport import KubectlError, KubectlTransport, Process
from azext_amlnet.errors import AmlnetError

from . import wire
from .fakekube import FakeKube
from .test_cluster import ONE, begun, inside, wait_for
from .test_cluster import kube as kube
from .world import Az

KUBECTL = shutil.which("kubectl") or ""
pytestmark = pytest.mark.skipif(not KUBECTL, reason="needs kubectl: run `make tools` as root")


# ---------------------------------------------------------------------------------------------------------------------
# An exception at every call of the transport


class Breaking(KubectlTransport):
    """The real transport, whose call number `at` raises; what removes is left alone."""

    def __init__(self, config: Path, at: int, error: Callable[[], BaseException]) -> None:
        super().__init__(str(config), None, "default")
        self.at, self.error, self.count, self.raised = at, error, 0, False

    def _start(self, *words: str, always: bool = False, **options: Any) -> Process:
        # Python raises KeyboardInterrupt in the main thread only.
        here = self.error is not KeyboardInterrupt or threading.current_thread() is threading.main_thread()
        self.count += here and not always
        if self.count == self.at and here and not always and not self.raised:
            self.raised = True
            raise self.error()
        return super()._start(*words, always=always, **options)


def of_kubectl(kube: FakeKube) -> list[int]:
    """The kubectl processes that talk to this cluster."""
    numbers = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if str(kube.folder).encode() in (entry / "cmdline").read_bytes():
                    numbers.append(int(entry.name))
            except OSError:
                continue
    return numbers


@pytest.mark.parametrize(
    "error",
    [
        lambda: OSError(errno.EMFILE, "Too many open files"),
        lambda: RuntimeError("nobody foresaw this"),
        lambda: KubectlError("The connection to the server was refused"),
        KeyboardInterrupt,
        MemoryError,
    ],
    ids=["oserror", "unforeseen", "kubectl", "ctrl-c", "memory"],
)
@pytest.mark.parametrize("at", range(1, 9))
def test_an_exception_at_any_call_leaves_nothing_behind(
    kube: FakeKube, at: int, error: Callable[[], BaseException]
) -> None:
    transport = Breaking(kube.kubeconfig(kube.folder / "kubeconfig"), at, error)
    target = {"id": "0", "host": "127.0.0.1", "port": 9, "protocol": "tcp", "path": "/", "websocket": False}
    request = {"schema": 1, "timeoutS": 1, "targets": [target]}
    settings = PodSettings(
        namespace="default", image="python", proxy={"AMLNET_HTTPS_PROXY": "http://u:secret@127.0.0.1:1"}
    )
    means = Means(Kubectl(transport), request, 4, lambda text: None, lambda settings: (None, "no other image"))
    started = time.monotonic()
    try:
        run = measure(means, {"": settings})
    except AmlnetError as ended:
        assert "\n" not in ended.message
        assert "secret" not in ended.message + ended.hint
    else:
        assert run.interrupted == (130 if transport.raised and error is KeyboardInterrupt else None)
    assert time.monotonic() - started < 20
    until = time.monotonic() + 5
    while (kube.left() or of_kubectl(kube)) and time.monotonic() < until:
        time.sleep(0.05)
    assert kube.left() == []
    assert of_kubectl(kube) == []


# ---------------------------------------------------------------------------------------------------------------------
# A kubectl that lies, hangs or dies


def wrapped(az: Az, body: str) -> dict[str, str]:
    """An environment in which kubectl is a program of ours that can call the real one."""
    folder = az.folder / "bin"
    folder.mkdir(exist_ok=True)
    program = folder / "kubectl"
    head = f"#!{sys.executable} -I\nimport os, subprocess, sys, time\nREAL, HERE = {KUBECTL!r}, {str(program)!r}\n"
    real = "def real(**more):\n    return subprocess.run([REAL, *sys.argv[1:]], **more)\n"
    program.write_text(
        head + real + "words = sys.argv[1:]\n" + textwrap.dedent(body) + "\nsys.exit(real().returncode)\n"
    )
    program.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


ODD = ("null", "[]", "42", '"text"', "{", "", '{"items": [null, 1, []]}', '{"kind": "List", "items": {"a": 1}}')


@pytest.mark.parametrize("printed", ODD)
def test_what_create_prints_is_not_relied_upon(az: Az, kube: FakeKube, printed: str) -> None:
    lying = wrapped(az, f"""
        if "create" in words:
            code = real(stdin=sys.stdin, stdout=subprocess.DEVNULL).returncode
            print({printed!r})
            sys.exit(code)
    """)  # fmt: skip
    ran = inside(az, kube, None, *ONE, **lying)
    assert "Traceback" not in ran.err
    assert ran.code in (0, 1, 8, 9)


@pytest.mark.parametrize("printed", ODD)
@pytest.mark.parametrize("verb", ["view", "events", "pods"])
def test_odd_answers_are_no_answers(az: Az, kube: FakeKube, verb: str, printed: str) -> None:
    kube.knobs.start_s = 2.0 if verb == "events" else 0.05
    lying = wrapped(az, f"""
        if {verb!r} in words:
            print({printed!r})
            sys.exit(0)
    """)  # fmt: skip
    ran = inside(az, kube, None, *ONE, "--pod-timeout", "3", **lying)
    assert "Traceback" not in ran.err
    assert ran.code in (0, 1, 2, 8, 9)
    if verb == "view":
        assert ran.code == 2, ran.err


def test_a_kubectl_that_goes_away_after_create_is_told_and_what_is_left_is_named(az: Az, kube: FakeKube) -> None:
    dying = wrapped(az, """
        if "create" in words:
            done = real(stdin=sys.stdin)
            os.chmod(HERE, 0o644)
            sys.exit(done.returncode)
    """)  # fmt: skip
    ran = inside(az, kube, None, *ONE, **dying)
    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert "could not be started: Permission denied" in ran.err
    assert "delete jobs amlnet-" in ran.err
    for kind, namespace, name in [key for key in kube.store if key[0] in ("jobs", "configmaps", "secrets")]:
        kube.remove(kind, namespace, name)


def test_a_delete_that_deletes_nothing_is_not_believed(az: Az, kube: FakeKube) -> None:
    lying = wrapped(az, """
        if "delete" in words:
            sys.exit(0)
    """)  # fmt: skip
    ran = inside(az, kube, None, *ONE, "--endpoint", "acrml.azurecr.io", **lying)
    assert "Not deleted (still there: amlnet-" in ran.err
    assert "removes what is left" in ran.err
    for kind, namespace, name in [key for key in kube.store if key[0] == "jobs"]:
        kube.remove(kind, namespace, name)


def test_a_create_that_hangs_ends_with_the_command(az: Az, kube: FakeKube) -> None:
    hanging = wrapped(az, """
        if "create" in words:
            real(stdin=sys.stdin, stdout=subprocess.DEVNULL)
            time.sleep(60)
    """)  # fmt: skip
    config = kube.kubeconfig(az.folder / "kubeconfig")
    command = az.command("ml", "network", "test", "--cluster", "--kube-config", str(config), *ONE)
    process = subprocess.Popen(
        command,
        env={**az.environment, **hanging},
        cwd=az.folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_for(kube, "POST /apis/batch")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err


# ---------------------------------------------------------------------------------------------------------------------
# Other signals


@pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 129), (signal.SIGQUIT, 131)])
@pytest.mark.parametrize("moment", ["POST /apis/batch", "PATCH", "/log"])
def test_a_closed_terminal_leaves_nothing_behind(
    az: Az, kube: FakeKube, net: wire.Wire, number: signal.Signals, code: int, moment: str
) -> None:
    kube.knobs.environment = {"HTTPS_PROXY": f"http://127.0.0.1:{net.serve(wire.hang)}"}
    process = begun(az, kube, "--endpoint", "acrml.azurecr.io", "--timeout", "60")
    wait_for(kube, moment)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == code, err
    assert "Traceback" not in err
    assert {result["verdict"] for result in json.loads(out)["results"]} == {"unknown"}


def test_a_signal_that_is_ignored_stays_ignored(az: Az, kube: FakeKube, net: wire.Wire) -> None:
    kube.knobs.environment = {"HTTPS_PROXY": f"http://127.0.0.1:{net.serve(wire.hang)}"}
    config = kube.kubeconfig(az.folder / "kubeconfig")
    words = ("test", "--cluster", "--kube-config", str(config), "--endpoint", "acrml.azurecr.io", "--timeout", "2")
    process = subprocess.Popen(
        ["nohup", *az.command("ml", "network", *words)],
        env=az.environment,
        cwd=az.folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_for(kube, "/log")
    process.send_signal(signal.SIGHUP)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 8
    assert json.loads(out)["results"][0]["verdict"] == "blocked"


@pytest.fixture(autouse=True)
def _nothing_hangs_on(kube: FakeKube) -> Iterator[None]:
    yield
    for process in kube.processes.values():
        if process.poll() is None:
            process.kill()
