"""The prober as a process, against blackbox_exporter and curl on the same loopback endpoints in the same run."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi

from azext_amlnet.catalog import load
from azext_amlnet.measurement.judge import judge
from azext_amlnet.measurement.transcript import Transcript, read_lines
from azext_amlnet.model import Cause, ProbeSpec, Protocol, Requirement
from tests.example import EXAMPLE, proofs
from tests.wire import CHALLENGE, answer, wire
from tests.world import ROOT, Az

from .timing import interleaved, verdict

FINE, TIMEOUT_S, USUAL_S = 60, 5, 10
BLACKBOX = shutil.which("prometheus-blackbox-exporter") or shutil.which("blackbox_exporter")
CURL = shutil.which("curl")


# -- the far side, in a process of its own so that it does not share our interpreter


def serve() -> None:
    """One HTTPS endpoint on each of 127.0.0.1 to 127.0.0.60, a port that never answers, and a CONNECT proxy."""
    with wire() as net:
        addresses = [f"127.0.0.{number}" for number in range(1, FINE + 1)]
        context = net.context(*addresses)
        port = net.https(answer(401, CHALLENGE), context, address="0.0.0.0")
        azure = net.azure(proofs())
        listening = {
            "pem": net.pem,
            "port": port,
            "silent": net.silent_port(),
            "proxy": net.proxy(dict.fromkeys(proofs(), azure)),
            "public": net.public.cert_pem.bytes().decode(),
        }
        print(json.dumps(listening), flush=True)
        sys.stdin.read()


@contextlib.contextmanager
def far_side() -> Iterator[dict[str, Any]]:
    """Where the far side listens."""
    words = [sys.executable, "-m", "benchmarks.probing"]
    process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(process.stdout.readline())  # type: ignore[union-attr]
    finally:
        process.stdin.close()  # type: ignore[union-attr]
        process.wait(10)


# -- the tools


def request(far: dict[str, Any], fine: int, silent: int) -> str:
    """The prober's request for so many endpoints that answer and that never do."""
    targets = [
        {"id": f"fine{i}", "host": f"127.0.0.{i + 1}", "port": far["port"], "protocol": "https", "path": "/v2/"}
        for i in range(fine)
    ]
    targets += [
        {"id": f"silent{i}", "host": "127.0.0.1", "port": far["silent"], "protocol": "https", "path": "/"}
        for i in range(silent)
    ]
    return json.dumps({"schema": 1, "timeoutS": TIMEOUT_S, "targets": targets})


def authorities(far: dict[str, Any], folder: Path) -> Path:
    """A bundle of the size that every machine has, with the far side's authority in it: what all tools trust."""
    path = folder / "ca.pem"
    path.write_text(Path(certifi.where()).read_text(encoding="utf-8") + far["pem"], encoding="utf-8")
    return path


PROBER = [sys.executable, "-I", "-S", str(ROOT / "azext_amlnet" / "prober.py")]
# A small parent: a child's peak begins with the size of the process that it was forked from.
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


def prober(text: str, bundle: Path, *before: str) -> str:
    """Runs the prober as a script and returns its output."""
    environment = {"SSL_CERT_FILE": str(bundle)}
    words = [*before, *PROBER]
    return subprocess.run(words, input=text, capture_output=True, text=True, check=True, env=environment).stdout


def causes(out: str) -> list[Any]:
    """The cause of each result."""
    transcript = Transcript()
    for line in read_lines(out):
        transcript.take(line)
    row = Requirement(host="a.io", protocol=Protocol.HTTPS, probe=ProbeSpec("a.io", "/v2/", "registry"))
    proof = load().proofs["registry"]
    return [judge(row, proof, result).cause for result in transcript.results.values()]


@contextlib.contextmanager
def blackbox(bundle: Path, folder: Path) -> Iterator[str]:
    """The address of a running exporter whose module `aml` expects what our prober is asked for."""
    http = {"valid_status_codes": [401], "tls_config": {"ca_file": str(bundle)}}
    module = {"prober": "http", "timeout": f"{TIMEOUT_S}s", "http": http}
    (folder / "blackbox.yml").write_text(json.dumps({"modules": {"aml": module}}), encoding="utf-8")
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    words = [str(BLACKBOX), f"--config.file={folder / 'blackbox.yml'}", f"--web.listen-address=127.0.0.1:{port}"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/probe?module=aml&target="
    finally:
        process.terminate()
        process.wait(10)


def ask_at_once(base: str, urls: list[str]) -> None:
    """Asks the exporter about all of them at the same time and insists on success."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    successes: list[bool] = []

    def one(url: str) -> None:
        with opener.open(base + url, timeout=30) as response:
            successes.append(b"probe_success 1" in response.read())

    threads = [threading.Thread(target=one, args=(url,)) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert successes == [True] * len(urls)


def curl(bundle: Path, urls: list[str]) -> None:
    """curl in parallel, all at once."""
    words = [str(CURL), "--parallel", "--parallel-max", str(FINE), "--silent", "--cacert", str(bundle)]
    for url in urls:
        words += ["--output", os.devnull, url]
    subprocess.run(words, check=True, env={}, stderr=subprocess.DEVNULL)


# -- what is promised


def bench_probing(folder: Path, extensions: Path) -> None:
    """Fine endpoints, black holes, memory, and what the verb adds to the list."""
    print(f"probing {FINE} endpoints of loopback, {TIMEOUT_S} s each at most; the prober is started as a process")
    with far_side() as far:
        bundle = authorities(far, folder)
        _fine(far, bundle, folder)
        _black_holes(far, bundle)
        _silent_resolver(bundle, folder)
        _verb(far, folder, extensions)


def _fine(far: dict[str, Any], bundle: Path, folder: Path) -> None:
    text, urls = request(far, FINE, 0), [f"https://127.0.0.{i}:{far['port']}/v2/" for i in range(1, FINE + 1)]
    assert causes(prober(text, bundle)) == [None] * FINE
    if BLACKBOX is None or CURL is None:
        print("  no prometheus-blackbox-exporter or curl: run `make tools` as root")
        return
    with blackbox(bundle, folder) as base:
        ours, theirs, curls = interleaved(
            lambda: prober(text, bundle), lambda: ask_at_once(base, urls), lambda: curl(bundle, urls)
        )
    print(f"  {ours * 1000:.0f} ms; blackbox_exporter, running: {theirs * 1000:.0f} ms; curl: {curls * 1000:.0f} ms")
    verdict(f"{FINE} fine: prober / blackbox_exporter", ours / theirs, 1.0)
    verdict(f"{FINE} fine: prober / curl --parallel", ours / curls, 0.3)


def _black_holes(far: dict[str, Any], bundle: Path) -> None:
    mixed, silent = request(far, 50, 10), request(far, 0, 200)
    one, two = interleaved(lambda: prober(mixed, bundle), lambda: prober(silent, bundle), runs=2)
    verdicts = causes(prober(silent, bundle))
    many = json.dumps({**json.loads(request(far, 0, 2_000)), "timeoutS": USUAL_S})
    started = time.perf_counter()
    answers = prober(many, bundle)
    thousands = time.perf_counter() - started
    assert causes(answers) == [Cause.TCP_TIMEOUT] * 2_000
    memory = prober(silent, bundle, sys.executable, "-I", "-S", "-c", MEASURED)
    verdict("50 fine and 10 black-holed, in time-outs", one / TIMEOUT_S, 1.08)
    verdict("200 black-holed, in time-outs", two / TIMEOUT_S, 1.08)
    verdict(f"2,000 black-holed at {USUAL_S} s, in time-outs", thousands / USUAL_S, 1.1)
    print(f"  200 black-holed: {verdicts.count(Cause.TCP_TIMEOUT)} are tcp_timeout")
    assert verdicts == [Cause.TCP_TIMEOUT] * 200
    verdict("peak memory for 200 endpoints", float(memory), 40, "MB")
    if CURL is None:
        return
    plain = f"{CURL} -s -o {os.devnull} --cacert {bundle}"
    loop = f"""for i in $(seq 1 50); do {plain} https://127.0.0.$i:{far["port"]}/; done
    for i in $(seq 1 10); do {plain} --max-time {TIMEOUT_S} https://127.0.0.1:{far["silent"]}/; done"""
    started = time.perf_counter()
    subprocess.run(["bash", "-c", loop], env={"PATH": os.environ["PATH"]})
    print(f"  for comparison, a bash loop of curl over the same 50 and 10: {time.perf_counter() - started:.0f} s")


def _silent_resolver(bundle: Path, folder: Path) -> None:
    """Names whose resolver never answers, in a network of its own: what is sent there comes to nobody."""
    unshare = shutil.which("unshare")
    if os.geteuid() or unshare is None:
        print("  no root: names of a silent resolver were not tried")
        return
    conf = folder / "resolv.conf"
    conf.write_text("nameserver 192.0.2.1\n", encoding="utf-8")
    inside = 'ip link set lo up && ip route add 192.0.2.0/24 dev lo && mount --bind "$0" /etc/resolv.conf && exec "$@"'
    words = (unshare, "--net", "--mount", "sh", "-c", inside, str(conf))
    one = {"port": 443, "protocol": "https", "path": "/"}
    names = [{**one, "id": str(number), "host": f"n{number}.example.com"} for number in range(2_000)]
    text = json.dumps({"schema": 1, "timeoutS": USUAL_S, "targets": names})
    started = time.perf_counter()
    answers = prober(text, bundle, *words)
    took = time.perf_counter() - started
    assert causes(answers) == [Cause.DNS_TIMEOUT] * 2_000
    verdict(f"2,000 names of a silent resolver at {USUAL_S} s, in time-outs", took / USUAL_S, 1.25)


def _verb(far: dict[str, Any], folder: Path, extensions: Path) -> None:
    ca, home = folder / "public.pem", folder / "verb"
    ca.write_text(far["public"], encoding="utf-8")
    home.mkdir()
    az = Az(home, extensions, _NoAzure())  # type: ignore[arg-type]
    file = ("--workspace-file", str(EXAMPLE), "--exclude", "aks")
    way = ("--proxy", f"http://127.0.0.1:{far['proxy']}", "--ca-file", str(ca))
    listing, testing = interleaved(
        lambda: az.must("ml", "network", "requirements", *file), lambda: az.must("ml", "network", "test", *file, *way)
    )
    print(
        f"  az ml network requirements {listing * 1000:.0f} ms, test of {len(proofs())} hosts {testing * 1000:.0f} ms:"
    )
    print(f"  testing adds {(testing - listing) * 1000:.0f} ms")


class _NoAzure:
    """In place of a loopback Azure, which nothing here asks."""

    bundle = ""
    proxy_url = "http://127.0.0.1:9"


if __name__ == "__main__":
    serve()
