"""HAProxy, nginx and Envoy with what `export` wrote, on the loopback: only addresses and resolvers differ."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from .world import ROOT

AT = "127.0.0.2"
"""Where the proxies listen, so that what they connect to can have the same port on another address."""
CONSUMERS = ROOT / "build" / "consumers" / "venv" / "bin"
_STREAM = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
_RESOLVER = (
    '"typed_dns_resolver_config": {{"name": "envoy.network.dns_resolver.cares", "typed_config": {{"@type": '
    '"type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig", "resolvers": '
    '[{{"socket_address": {{"address": "{0}", "port_value": {1}}}}}], '
    '"dns_resolver_options": {{"no_default_search_domain": true}}}}}}'
)


def program(name: str) -> Optional[str]:
    """Where a proxy is, if it is there."""
    if name == "envoy":
        own = CONSUMERS / "envoy"
        return str(own) if own.exists() else None
    path = shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin")
    return path if name != "nginx" or _STREAM.exists() else None


def configured(name: str, text: str, folder: Path, dns: str) -> tuple[Path, list[str], list[str]]:
    """The file as written, but for addresses; the words that check it, and those that run it."""
    host, port = dns.rsplit(":", 1)
    path = folder / ("proxy.yaml" if name == "envoy" else "proxy.conf")
    binary = str(program(name))
    if name == "haproxy":
        text = text.replace("parse-resolv-conf", f"nameserver tests {dns}").replace("bind :", f"bind {AT}:")
        words = ([binary, "-c", "-f", str(path)], [binary, "-db", "-f", str(path)])
    elif name == "nginx":
        text = text.replace("resolver 168.63.129.16", f"resolver {dns}").replace("listen ", f"listen {AT}:")
        head = f"load_module {_STREAM};\ndaemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
        text = head + text
        run = [binary, "-p", str(folder), "-c", str(path)]
        words = ([*run, "-t"], run)
    else:
        text = text.replace('"address": "0.0.0.0"', f'"address": "{AT}"')
        text = text.replace('"V4_ONLY"', f'"V4_ONLY", {_RESOLVER.format(host, port)}')
        run = [binary, "-c", str(path), "--concurrency", "1", "--disable-hot-restart", "-l", "error"]
        words = ([*run, "--mode", "validate"], run)
    path.write_text(text, encoding="utf-8")
    return path, words[0], words[1]


@contextlib.contextmanager
def proxy(name: str, text: str, folder: Path, dns: str, port: int) -> Iterator[None]:
    """A running proxy that takes connections at a port; fails where it does not take the file."""
    _, check, run = configured(name, text, folder, dns)
    checked = subprocess.run(check, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(run, stdout=out, stderr=out)
    try:
        until = time.monotonic() + 20
        while not _listens(port):
            assert process.poll() is None and time.monotonic() < until, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((AT, port), 10):
        return True
    return False


def python() -> str:
    """The Python that has the heavy consumers."""
    return str(CONSUMERS / "python") if (CONSUMERS / "python").exists() else sys.executable
