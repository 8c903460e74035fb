"""Three proxies that look at server names, run with what `export` writes: what is listed passes, decoys do not."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from azext_amlnet.exporters import export
from azext_amlnet.model import Kind, Protocol, Requirement

from . import wire
from .proxies import AT, configured, program, proxy
from .test_exporters import CONTEXT, HOSTILE, hostile, sample

FORMATS = {"haproxy-sni": "haproxy", "nginx-stream": "nginx", "envoy": "envoy"}
PASS = ("mcr.microsoft.com", "weu.data.mcr.microsoft.com", "a.b.data.mcr.microsoft.com", "MCR.Microsoft.com")
DECOYS = ("data.mcr.microsoft.com", "xdata.mcr.microsoft.com", "xmcr.microsoft.com", "evil.mcr.microsoft.com",
          "mcr.microsoft.com.evil.io", "evil.io")  # fmt: skip


def needs(name: str) -> None:
    """Skips where a proxy is missing."""
    if program(FORMATS[name]) is None:
        how = "`make test` installs it" if name == "envoy" else "run `make tools` as root"
        pytest.skip(f"needs {FORMATS[name]}: {how}")


def service(net: wire.Wire) -> int:
    """The port of a service that shakes hands by TLS."""
    context = net.context("service.example.test")

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(1)

    return net.serve(serve)


def shaken(net: wire.Wire, port: int, name: str) -> bool:
    """Whether the service itself answers behind the proxy, by TLS with this server name."""
    context = ssl.create_default_context(cadata=net.authority.cert_pem.bytes().decode())
    context.check_hostname = False
    try:
        with (
            socket.create_connection((AT, port), 10) as sock,
            context.wrap_socket(sock, server_hostname=name) as tls,
        ):
            return tls.version() is not None
    except (OSError, ssl.SSLError):
        return False


def answered(port: int, words: bytes) -> bytes:
    """What comes back for plain words; nothing where the connection is cut."""
    with socket.create_connection((AT, port), 10) as plain, contextlib.suppress(ConnectionResetError):
        plain.settimeout(15)
        plain.sendall(words)
        return plain.recv(100)
    return b""


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_listed_passes_and_nothing_else(net: wire.Wire, tmp_path: Path, name: str) -> None:
    needs(name)
    port, other = service(net), service(net)
    net.names.update({(host.lower(), "A"): ["127.0.0.1"] for host in (*PASS, *DECOYS, "x.obo.arc.azure.com")})
    rows = (
        Requirement(host="mcr.microsoft.com", port=port, reason=HOSTILE),
        Requirement(host="*.data.mcr.microsoft.com", kind=Kind.WILDCARD, port=port, reason="Layers."),
        Requirement(host="x.obo.arc.azure.com", port=other, protocol=Protocol.TLS, reason="Arc."),
        Requirement(host="plain.example.com", port=net.refused_port(), protocol=Protocol.HTTP, reason="Not TLS."),
    )
    text = export(name, rows, CONTEXT, allow_unresolved=True).content
    with proxy(FORMATS[name], text, tmp_path, net.dns(), port):
        log = (tmp_path / "log").read_text(encoding="utf-8")
        assert [host for host in PASS if not shaken(net, port, host)] == [], log
        assert [host for host in DECOYS if shaken(net, port, host)] == [], log
        assert shaken(net, other, "x.obo.arc.azure.com") and not shaken(net, other, PASS[0])
        assert answered(port, b"GET / HTTP/1.1\r\nHost: mcr.microsoft.com\r\n\r\n") == b""  # no TLS, no name


@pytest.mark.parametrize("workspace", ["public", "usgov", "private"])
@pytest.mark.parametrize("name", FORMATS)
def test_the_programs_take_the_lists_of_real_workspaces(
    net: wire.Wire, tmp_path: Path, name: str, workspace: str
) -> None:
    needs(name)
    label = "a" * 61
    long = Requirement(host="*." + ".".join([label] * 4)[:251], kind=Kind.WILDCARD, reason="\u6f22" * 2000)
    for rows in (sample(workspace), hostile(HOSTILE), (long, replace(long, host=long.host[2:], kind=Kind.FQDN))):
        text = export(name, rows, CONTEXT, allow_unresolved=True).content
        _, check, _ = configured(FORMATS[name], text, tmp_path, net.dns())
        ran = subprocess.run(check, capture_output=True, text=True, timeout=60, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
