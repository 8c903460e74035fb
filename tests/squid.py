"""A real squid of a test's own: on loopback, with names of its own, gone when the test is over."""

from __future__ import annotations

import contextlib
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional
from urllib.parse import quote

SQUID = shutil.which("squid", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
CERTGEN = Path("/usr/lib/squid/security_file_certgen")
"""What makes the certificates with which squid opens TLS; in Debian's squid-openssl, not in its squid."""

_CONFIG = """
{listen}
pid_filename {folder}/squid.pid
cache_log {folder}/cache.log
access_log none
cache_store_log none
cache deny all
coredump_dir {folder}
hosts_file {folder}/hosts
dns_nameservers 127.0.0.1
dns_timeout 1 seconds
connect_timeout 2 seconds
shutdown_lifetime 0 seconds
forwarded_for delete
pinger_enable off
{auth}
{rules}
http_access deny all
"""
# Runs as squid's own user, who may not be allowed to run this Python. squid hands it percent-encoded words.
_HELPER = """#!/bin/sh
while read -r line; do
  if grep -qixF -- "$line" "{folder}/user"; then echo OK; else echo ERR; fi
done
"""


@dataclass(frozen=True)
class Opening:
    """How squid opens TLS: its own authority with its key, whom it trusts itself, and the options of its port."""

    authority: bytes
    trusted: bytes
    port: str = "ssl-bump"


def _opens(opening: Opening, folder: Path, port: int) -> str:
    """The lines for it, and the folder in which squid's own user keeps the certificates that it makes."""
    (folder / "authority.pem").write_bytes(opening.authority)
    (folder / "trusted.pem").write_bytes(opening.trusted)
    made = folder / "made"
    subprocess.run([str(CERTGEN), "-c", "-s", str(made), "-M", "4MB"], check=True, capture_output=True)
    for path in (made, *made.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    options = f"{opening.port} cert={folder}/authority.pem" if "ssl-bump" in opening.port else opening.port
    return (
        f"http_port 127.0.0.1:{port} {options}\ntls_outgoing_options cafile={folder}/trusted.pem\n"
        f"sslcrtd_program {CERTGEN} -s {made} -M 4MB\nsslcrtd_children 2 startup=1 idle=1"
    )


@contextlib.contextmanager
def squid(
    names: Mapping[str, str],
    rules: Sequence[str],
    user: Sequence[str] = (),
    certificate: bytes = b"",
    files: Optional[Mapping[str, str]] = None,
    opening: Optional[Opening] = None,
    log: Optional[Path] = None,
    log_format: str = "",
) -> Iterator[int]:
    """The port of a squid that knows these names, with these http_access lines.

    `user`: the name and password it wants; `certificate`: certificate and key of an https proxy; `files`: what lies
    beside its configuration, in the folder that rules call `{folder}`; `opening`: how it opens TLS; `log`: where its
    access.log is to lie afterwards, `log_format`: the logformat that it has in place of squid's own.
    """
    port = _free_port()
    with _folder() as folder:
        for name, text in (files or {}).items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        (folder / "proxy.pem").write_bytes(certificate)
        (folder / "hosts").write_text("".join(f"{ip} {name}\n" for name, ip in names.items()), encoding="utf-8")
        (folder / "helper.sh").write_text(_HELPER.format(folder=folder), encoding="utf-8")
        (folder / "user").write_text(" ".join(quote(word, safe="@:/") for word in user) + "\n", encoding="utf-8")
        auth = f"auth_param basic program /bin/sh {folder}/helper.sh\nacl known proxy_auth REQUIRED"
        tls = f"https_port 127.0.0.1:{port} tls-cert={folder}/proxy.pem"
        listen = tls if certificate else f"http_port 127.0.0.1:{port}"
        if opening:
            listen = _opens(opening, folder, port)
        lines = "\n".join(rules).replace("{folder}", str(folder))
        text = _CONFIG.format(listen=listen, folder=folder, auth=auth if user else "", rules=lines)
        own = f"logformat own {log_format}\naccess_log stdio:{folder}/access.log own"
        written = own if log_format else f"access_log stdio:{folder}/access.log squid"
        text = text.replace("access_log none", written) if log else text
        (folder / "squid.conf").write_text(text, encoding="utf-8")
        with _running(folder, port):
            yield port
        if log:
            shutil.copy(folder / "access.log", log)


@contextlib.contextmanager
def _running(folder: Path, port: int) -> Iterator[None]:
    # a name of its own: what squids share in memory goes by it
    words = [str(SQUID), "-N", "-n", f"squid{port}", "-f", str(folder / "squid.conf")]
    with (folder / "out").open("w", encoding="utf-8") as out:
        process = subprocess.Popen(words, stdout=out, stderr=out)
    try:
        _wait(port, process, folder)
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder that squid's own user can enter, which the folder of a test may forbid."""
    open_to_all = (path for path in map(Path, (tempfile.gettempdir(), "/var/tmp", "/dev/shm")) if _anybody_enters(path))
    with tempfile.TemporaryDirectory(prefix="amlnet-squid-", dir=next(open_to_all)) as name:
        Path(name).chmod(0o777)
        yield Path(name)


def _anybody_enters(path: Path) -> bool:
    return all(folder.is_dir() and folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    logs = [folder / name for name in ("out", "cache.log")]
    raise AssertionError("\n".join(log.read_text(encoding="utf-8") for log in logs if log.exists()))
