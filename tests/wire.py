"""A loopback network by behaviour: servers that accept, reset, hang, lie; real sockets, real TLS, a small DNS."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import struct
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Optional, Union

import trustme

# A container registry of the network and the sign of its kind in its answers
NAME = "acrml.example.test"
CHALLENGE = 'WWW-Authenticate: Bearer realm="https://acrml.example.test/oauth2/token"'

Behaviour = Callable[[socket.socket], Any]


class Wire:
    """Servers that live until the end of a test; each method starts one and returns its port."""

    def __init__(self) -> None:
        self.stack = contextlib.ExitStack()
        self.authority = trustme.CA(organization_name="Trusted Test Authority")
        self.public = trustme.CA(organization_name="Microsoft Corporation")
        self.stranger = trustme.CA(organization_name="Corporate Interception CA")
        self.seen: list[bytes] = []
        self.names: dict[tuple[str, str], Any] = {}

    @property
    def pem(self) -> str:
        """The authority that tests trust."""
        return self.authority.cert_pem.bytes().decode()

    def serve(self, behave: Behaviour, address: str = "127.0.0.1", port: int = 0) -> int:
        """A server that does this with each connection."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.create_server((address, port), family=family, backlog=64)
        self.stack.callback(listener.close)

        def one(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError, ssl.SSLError, ValueError):
                connection.settimeout(20)
                behave(connection)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=one, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return int(listener.getsockname()[1])

    def silent_port(self, addresses: int = 1) -> int:
        """A port whose connections are never answered: its backlog is full; so on each of 127.0.0.1, 127.0.0.2 …"""
        port = 0
        for number in range(addresses):
            listener = socket.socket()
            listener.bind((f"127.0.0.{number + 1}", port))
            listener.listen(0)
            self.stack.callback(listener.close)
            port = int(listener.getsockname()[1])
            for _ in range(4):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(listener.getsockname())
                self.stack.callback(filler.close)
        time.sleep(0.05)
        return port

    def refused_port(self) -> int:
        """A port that nobody listens on."""
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            return int(sock.getsockname()[1])

    # -- TLS and HTTP

    def context(self, *names: str, authority: Optional[trustme.CA] = None, **options: Any) -> ssl.SSLContext:
        """A server's context with a certificate for these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate = (authority or self.authority).issue_cert(*names, **options)
        certificate.configure_cert(context)
        return context

    def expired(self, *names: str) -> ssl.SSLContext:
        """A context whose certificate is no longer valid."""
        past = datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc)
        return self.context(*names, not_before=past - datetime.timedelta(days=30), not_after=past)

    def old_version(self, *names: str) -> ssl.SSLContext:
        """A context that speaks TLS 1.0 and nothing newer."""
        context = self.context(*names)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
        return context

    def https(self, answer: bytes, context: ssl.SSLContext, then: Optional[Behaviour] = None, **where: Any) -> int:
        """An HTTPS server that answers every request with these bytes; `address` and `port` say where."""

        def behave(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as tls:
                self.seen.append(read_head(tls))
                tls.sendall(answer)
                if then is not None:
                    then(tls)
                with contextlib.suppress(OSError):
                    tls.unwrap()

        return self.serve(behave, **where)

    def azure(self, proofs: dict[str, str], address: str = "127.0.0.1", port: int = 0) -> int:
        """The services themselves: one HTTPS server that answers for each host as its proof expects.

        Their certificates come from `public`, an authority with the name of one that issues Azure's.
        """
        contexts = {host: self.context(host, authority=self.public) for host in proofs}
        front = self.context("front.example.test", authority=self.public)

        def choose(tls: ssl.SSLObject, name: Optional[str], _: ssl.SSLContext) -> Optional[int]:
            if name not in contexts:
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            tls.context = contexts[name]
            return None

        front.sni_callback = choose

        def behave(connection: socket.socket) -> None:
            with front.wrap_socket(connection, server_side=True) as tls:
                head = read_head(tls)
                if not head:  # who only looks at the certificate
                    return
                self.seen.append(head)
                host = head.lower().partition(b"\r\nhost: ")[2].partition(b"\r\n")[0].partition(b":")[0].decode()
                tls.sendall(SERVICES[proofs[host]])
                with contextlib.suppress(OSError):
                    tls.unwrap()

        return self.serve(behave, address, port)

    def http(self, answer: Union[bytes, Mapping[str, bytes]], **where: Any) -> int:
        """A plain HTTP server that answers every request with these bytes, or each path with its own."""

        def behave(connection: socket.socket) -> None:
            head = read_head(connection)
            self.seen.append(head)
            path = [*head.split(), b"", b""][1].decode("latin-1")
            connection.sendall(answer if isinstance(answer, bytes) else answer.get(path, NOT_FOUND))

        return self.serve(behave, **where)

    def proxy(self, ports: Mapping[str, int], refuse: bytes = b"", user: str = "") -> int:
        """A CONNECT proxy that knows where each name is and denies the others; or that answers all with `refuse`."""

        def behave(connection: socket.socket) -> None:
            head = read_head(connection)
            if not head:
                return
            if not head:  # a connection that its time-out ended
                return
            self.seen.append(head)
            if refuse or (user and f"Proxy-Authorization: Basic {user}".encode() not in head):
                connection.sendall(refuse or answer(407, "Proxy-Authenticate: Basic realm=x"))
                return
            name = head.split()[1].decode().rsplit(":", 1)[0]
            if name not in ports:
                connection.sendall(answer(403, "X-Squid-Error: ERR_ACCESS_DENIED 0"))
                return
            with socket.create_connection(("127.0.0.1", ports[name]), 5) as far:
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                threading.Thread(target=_pump, args=(far, connection), daemon=True).start()
                _pump(connection, far)

        return self.serve(behave)

    # -- DNS

    def dns(self, address: str = "127.0.0.1", port: int = 0) -> str:
        """A nameserver that answers from `names`: (name, "A") → addresses, an rcode, "silence", or an alias."""
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind((address, port))
        self.stack.callback(server.close)

        def answer_all() -> None:
            with contextlib.suppress(OSError):
                while True:
                    data, sender = server.recvfrom(512)
                    reply = self._reply(data)
                    if reply:
                        server.sendto(reply, sender)

        threading.Thread(target=answer_all, daemon=True).start()
        return f"{address}:{server.getsockname()[1]}"

    def few_at_once(self, most: int, takes_s: float = 0.03) -> str:
        """A nameserver that takes its time and holds so many questions; the others are lost, as dnsmasq does."""
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        self.stack.callback(server.close)
        held = threading.BoundedSemaphore(most)

        def answer(data: bytes, sender: Any) -> None:
            time.sleep(takes_s)
            with contextlib.suppress(OSError):
                server.sendto(self._reply(data), sender)
            held.release()

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    data, sender = server.recvfrom(512)
                    if held.acquire(blocking=False):
                        threading.Thread(target=answer, args=(data, sender), daemon=True).start()

        threading.Thread(target=take, daemon=True).start()
        return f"127.0.0.1:{server.getsockname()[1]}"

    def _reply(self, data: bytes) -> bytes:
        name, offset = _question(data)
        kind = {1: "A", 28: "AAAA"}[struct.unpack("!H", data[offset : offset + 2])[0]]
        known = self.names.get((name, kind), self.names.get((name, "*"), 3 if kind == "A" else []))
        if known == "silence":
            return b""
        rcode, addresses = (known, []) if isinstance(known, int) else (0, known)
        records = b""
        for address in addresses:
            family, number = (socket.AF_INET, 1) if kind == "A" else (socket.AF_INET6, 28)
            packed = socket.inet_pton(family, address)
            records += b"\xc0\x0c" + struct.pack("!2HIH", number, 1, 60, len(packed)) + packed
        head = data[:2] + struct.pack("!5H", 0x8180 | rcode, 1, len(addresses), 0, 0)
        return head + data[12 : offset + 4] + records


def read_head(connection: Any) -> bytes:
    """What comes until the end of a head, or of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(4096)
        if not part:
            break
        data += part
    return data


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def _question(data: bytes) -> tuple[str, int]:
    labels, offset = [], 12
    while data[offset]:
        labels.append(data[offset + 1 : offset + 1 + data[offset]].decode())
        offset += data[offset] + 1
    return ".".join(labels), offset + 1


def answer(status: int, *headers: str, body: str = "") -> bytes:
    """An HTTP answer."""
    lines = [f"HTTP/1.1 {status} Said", *headers, f"Content-Length: {len(body.encode())}", "Connection: close"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


NOT_FOUND = answer(404)
REQUEST_ID = "x-ms-request-id: 0a1b2c3d-0000-0000-0000-000000000000"
TRACKED = "Endpoint does not exist. TrackingId:0a1b2c3d_G1, SystemTracker:sb://relay.example.test/, Timestamp:2026"
SERVICES = {
    "registry": answer(401, CHALLENGE),
    "registry-data": answer(400, REQUEST_ID),
    "storage": answer(400, REQUEST_ID),
    "aml-api": answer(401, "x-aml-cluster: vienna-westeurope-01"),
    "arm": answer(404, "x-ms-failure-cause: gateway", REQUEST_ID),
    "entra": answer(200, "x-ms-ests-server: 2.1.1 - WEULR1 ProdSlices", REQUEST_ID),
    "key-vault": answer(401, 'WWW-Authenticate: Bearer authorization="https://login.example.test/"'),
    "relay": answer(404, body=TRACKED),
    "any-answer": answer(403, body="<html><title>403 Forbidden</title></html>"),
    "ubuntu-archive": answer(200, "Content-Type: text/html", body="<html><title>Index of /ubuntu</title></html>"),
    "ubuntu-releases": answer(200, body="Dist: warty\nName: Warty Warthog\n"),
    "tls": answer(403),
    "tls-own-authority": answer(401),
}
"""What each service says to a stranger: the least that its proof asks for."""


def reset(connection: socket.socket) -> None:
    """Reads what comes first and ends the connection with RST."""
    connection.recv(4096)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hang(connection: socket.socket) -> None:
    """Reads, and says nothing."""
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass


@contextlib.contextmanager
def wire() -> Iterator[Wire]:
    """A network that is gone when the test is over."""
    network = Wire()
    with network.stack:
        yield network
