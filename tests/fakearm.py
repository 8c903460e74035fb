"""A loopback Azure: Entra ID, Azure Resource Manager and an outbound proxy, with faults on request.

The real `az` logs in here and asks for resources over real TLS. The proxy stands in for everything else: a command
that asks any other host arrives there, is answered by us or refused, and is written down.

Run it as a process of its own (`python -m tests.fakearm --help`) where its work must not share an interpreter.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import socket
import ssl
import struct
import tempfile
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Optional
from urllib.parse import parse_qs, unquote, urlsplit

import trustme

from . import fakegraph, fakelogs
from .fakegraph import Graph
from .fakelogs import Logs

TENANT = "11111111-1111-1111-1111-111111111111"
SUBSCRIPTION = "22222222-2222-2222-2222-222222222222"
OTHER_SUBSCRIPTION = "33333333-3333-3333-3333-333333333333"
CLIENT = "44444444-4444-4444-4444-444444444444"
SECRET = "client-secret-of-the-tests"
ARM_AUDIENCE = "https://management.core.windows.net/"
ALLOW_LIST_HOST = "guestnotificationservice.azure.com"
ALLOW_LISTED = "azgnrelay-westeurope-l1.servicebus.windows.net"

Resources = dict[str, Any]


@dataclass
class Fault:
    """What goes wrong for requests whose path contains `match`, so many `times` (None: always)."""

    match: str
    status: int = 500
    code: str = "InternalServerError"
    message: str = "something broke"
    headers: dict[str, str] = field(default_factory=dict)
    body: Optional[bytes] = None
    delay_s: float = 0.0
    action: str = "answer"  # or "reset", "hang", "close"
    times: Optional[int] = None


@dataclass
class Seen:
    """A request that arrived: when, what, and how many were being worked on with it."""

    at: float
    method: str
    path: str
    query: dict[str, list[str]]
    together: int
    headers: dict[str, str]


class FakeAzure:
    """The servers, their state, and what they saw. Use it as a context manager."""

    def __init__(self, resources: Optional[Resources] = None, latency_s: float = 0.0) -> None:
        self.resources: Resources = {}
        self.serve(resources or {})
        self.latency_s = latency_s
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self.connects: list[str] = []
        self.allow_list: Any = [ALLOW_LISTED, ALLOW_LISTED]  # the service repeats names at times
        self.versions: dict[str, list[str]] = {}
        self.graph = new_graph()
        self.logs = Logs()
        self.buckets: Optional[Buckets] = None
        self._lock = threading.Lock()
        self._running = 0
        self._folder = tempfile.TemporaryDirectory(prefix="fakearm-")
        self.authority = trustme.CA()
        self.bundle = str(Path(self._folder.name) / "bundle.pem")
        self._write_bundle()

    def _write_bundle(self) -> None:
        system = ssl.get_default_verify_paths().cafile
        parts = [Path(system).read_bytes()] if system and Path(system).exists() else []
        Path(self.bundle).write_bytes(b"\n".join([*parts, self.authority.cert_pem.bytes()]))

    def serve(self, resources: Resources) -> None:
        """Adds resources: ARM path → body, or a list for a collection."""
        self.resources.update({path.lower(): body for path, body in resources.items()})

    def __enter__(self) -> FakeAzure:
        context = self.server_context("localhost", "127.0.0.1")
        self.arm = _server(self, ArmHandler)
        self.arm.socket = context.wrap_socket(self.arm.socket, server_side=True, do_handshake_on_connect=False)
        self.proxy = _server(self, ProxyHandler)
        for server in (self.arm, self.proxy):
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        for server in (self.arm, self.proxy):
            server.shutdown()
            server.server_close()
        self._folder.cleanup()

    def server_context(self, *names: str) -> ssl.SSLContext:
        """A TLS server context with a certificate for these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*names).configure_cert(context)
        return context

    @property
    def port(self) -> int:
        """The port of Entra ID and ARM."""
        return int(self.arm.server_address[1])

    @property
    def url(self) -> str:
        """The base URL of Entra ID and ARM."""
        return f"https://localhost:{self.port}"

    @property
    def proxy_url(self) -> str:
        """The proxy through which everything that is not loopback goes."""
        return f"http://127.0.0.1:{self.proxy.server_address[1]}"

    def fault_for(self, path: str) -> Optional[Fault]:
        """The fault that this request meets, counted."""
        with self._lock:
            for fault in self.faults:
                if fault.match.lower() in path.lower() and fault.times != 0:
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    def enter(self, handler: BaseHTTPRequestHandler) -> None:
        """Notes a request and that it is being worked on."""
        parts = urlsplit(handler.path)
        with self._lock:
            self._running += 1
            entry = Seen(
                time.monotonic(),
                handler.command,
                parts.path,
                parse_qs(parts.query),
                self._running,
                dict(handler.headers),
            )
            self.seen.append(entry)

    def leave(self) -> None:
        """Notes that a request is done with."""
        with self._lock:
            self._running -= 1

    def asked(self, part: str) -> list[Seen]:
        """The requests whose path contains the text."""
        return [entry for entry in self.seen if part.lower() in entry.path.lower()]

    def forget(self) -> None:
        """Forgets resources, faults and what was seen."""
        self.resources.clear()
        self.graph, self.buckets, self.logs = new_graph(), None, Logs()
        self.versions.clear()
        self.latency_s = 0.0
        self.allow_list = [ALLOW_LISTED, ALLOW_LISTED]
        self.faults.clear()
        self.seen.clear()
        self.connects.clear()


def new_graph() -> Graph:
    """A Resource Graph of both subscriptions."""
    return Graph({one.lower(): f"sub-{one[:4]}" for one in (SUBSCRIPTION, OTHER_SUBSCRIPTION)})


class Buckets:
    """The tokens of each subscription, as Azure counts reads: so many at first, so many more a second."""

    def __init__(self, size: float = 250, refill: float = 25) -> None:
        self.size, self.refill = size, refill
        self.refused = 0
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, path: str) -> bool:
        """Whether a call of a subscription gets a token."""
        key, now = [*path.lower().split("/"), "", "", ""][2], time.monotonic()
        with self._lock:
            left, at = self._left.get(key, (self.size, now))
            left = min(self.size, left + (now - at) * self.refill)
            self._left[key] = (left - 1, now) if left >= 1 else (left, now)
            self.refused += left < 1
            return left >= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    azure: FakeAzure

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that break off are what some tests are about."""


def _server(azure: FakeAzure, handler: type[BaseHTTPRequestHandler]) -> _Server:
    server = _Server(("127.0.0.1", 0), handler)
    server.azure = azure
    return server


class ArmHandler(BaseHTTPRequestHandler):
    """Entra ID and ARM on one port."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body go out in two writes
    server: _Server

    def log_message(self, *_: Any) -> None:
        """Silence."""

    def do_GET(self) -> None:
        self._work(self._get)

    def do_POST(self) -> None:
        self._work(self._post)

    do_PUT = do_DELETE = do_PATCH = do_POST

    def _work(self, serve: Callable[[], None]) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length) if length else b""
        azure = self.server.azure
        azure.enter(self)
        try:
            fault = azure.fault_for(self.path)
            if fault is None:
                serve()
            else:
                self._fail(fault, serve)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True
        finally:
            azure.leave()

    def _fail(self, fault: Fault, serve: Callable[[], None]) -> None:
        time.sleep(fault.delay_s)
        if fault.action == "hang":
            time.sleep(60)
        if fault.action == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if fault.action in ("reset", "close", "hang"):
            self.close_connection = True
            self.connection.close()
        elif fault.action == "serve":
            serve()
        elif fault.body is not None:
            self._raw(fault.status, fault.body, fault.headers)
        else:
            self._json(fault.status, {"error": {"code": fault.code, "message": fault.message}}, fault.headers)

    def _json(self, status: int, body: Any, headers: Optional[dict[str, str]] = None) -> None:
        self._raw(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _raw(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"x-ms-request-id": "fake", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    # -- Entra ID

    def _post(self) -> None:
        if "/oauth2/" in self.path and self.path.split("?")[0].endswith("/token"):
            form = parse_qs(self.body.decode())
            if form.get("client_secret") != [SECRET]:
                self._json(401, {"error": "invalid_client", "error_description": "AADSTS7000215: invalid secret."})
                return
            access = _token((form.get("scope") or [ARM_AUDIENCE])[0].split(" ")[0])
            token = {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": access}
            self._json(200, token)
            return
        if self.path.split("?")[0].lower() == fakegraph.PATH:
            self._graph()
            return
        asked = fakelogs.place_of(unquote(urlsplit(self.path).path))
        if asked:
            self._logs(asked)
            return
        self._json(405, {"error": {"code": "MethodNotAllowed", "message": "this Azure is read only"}})

    def _get(self) -> None:
        path = unquote(urlsplit(self.path).path)
        azure = self.server.azure
        if path.endswith("/.well-known/openid-configuration"):
            self._json(200, _openid(azure.url))
        elif path == "/metadata/endpoints":
            self._json(200, _metadata(azure.url))
        elif path == "/tenants":
            self._json(200, {"value": [{"id": f"/tenants/{TENANT}", "tenantId": TENANT}]})
        elif path == "/subscriptions":
            self._json(200, {"value": [_subscription(SUBSCRIPTION), _subscription(OTHER_SUBSCRIPTION)]})
        else:
            time.sleep(azure.latency_s)
            if azure.buckets and not azure.buckets.take(path):
                throttled = {"code": "SubscriptionRequestsThrottled", "message": "too many requests"}
                self._json(429, {"error": throttled}, {"Retry-After": "1"})
            else:
                self._resource(path)

    # -- ARM

    def _graph(self) -> None:
        azure = self.server.azure
        time.sleep(azure.latency_s)
        if not self.headers.get("Authorization", "").startswith("Bearer "):
            self._json(401, {"error": {"code": "AuthenticationFailed", "message": "no token"}})
        elif not self.headers.get("Content-Type", "").startswith("application/json"):
            self._json(500, {"error": {"code": "InternalServerError", "message": "no JSON"}})
        elif self._version_is_known(self.path):
            self._json(*azure.graph.answer(azure.resources, json.loads(self.body)))

    def _logs(self, place: str) -> None:
        """The records of a workspace, by its own audience and host, or of a resource, as ARM passes them on."""
        azure, direct = self.server.azure, "/" not in place
        time.sleep(azure.latency_s)
        wanted = azure.url if direct else ARM_AUDIENCE
        if _audience(self.headers.get("Authorization", "")).rstrip("/") != wanted.rstrip("/"):
            self._json(403, _error("InvalidAuthenticationTokenAudience", "a token of another audience"))
        elif direct or self._version_is_known(self.path):
            prefer = self.headers.get("Prefer", "")
            status, body = azure.logs.answer(place, json.loads(self.body), prefer)
            self._raw(status, json.dumps(body).encode() if body else b"", {"Content-Type": "application/json"})

    def _resource(self, path: str) -> None:
        azure = self.server.azure
        if not self.headers.get("Authorization", "").startswith("Bearer "):
            self._json(401, {"error": {"code": "AuthenticationFailed", "message": "no token"}})
            return
        if not self._version_is_known(path):
            return
        body = azure.resources.get(path.lower())
        if body is None:
            self._json(404, _not_found(path, azure.resources))
        elif isinstance(body, list):
            self._page(path, body)
        else:
            self._json(200, body)

    def _version_is_known(self, path: str) -> bool:
        query = parse_qs(urlsplit(self.path).query)
        version = (query.get("api-version") or [""])[0]
        for part, versions in self.server.azure.versions.items():
            if part.lower() in path.lower() and version not in versions:
                message = f"The api-version '{version}' is invalid. The supported versions are '{','.join(versions)}'."
                self._json(400, {"error": {"code": "InvalidApiVersionParameter", "message": message}})
                return False
        if not version:
            message = "The api-version query parameter (?api-version=) is required for all requests."
            self._json(400, {"error": {"code": "MissingApiVersionParameter", "message": message}})
        return bool(version)

    def _page(self, path: str, items: list[Any]) -> None:
        """Pages of 30, with the links that ARM gives."""
        query = parse_qs(urlsplit(self.path).query)
        start = int((query.get("$skip") or ["0"])[0])
        body: dict[str, Any] = {"value": items[start : start + 30]}
        if start + 30 < len(items):
            version = query["api-version"][0]
            body["nextLink"] = f"{self.server.azure.url}{path}?api-version={version}&$skip={start + 30}"
        self._json(200, body)


def _audience(authorization: str) -> str:
    """The audience of a token."""
    part = authorization.removeprefix("Bearer ").split(".")[1:2]
    return str(json.loads(base64.urlsafe_b64decode(part[0] + "=="))["aud"]) if part else ""


def _token(scope: str) -> str:

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = {"aud": scope.removesuffix("/.default"), "tid": TENANT, "oid": CLIENT, "appid": CLIENT}
    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part({**claims, 'exp': int(time.time()) + 3599})}.c2ln"


def _openid(url: str) -> dict[str, Any]:
    base = f"{url}/{TENANT}"
    return {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "issuer": f"{base}/v2.0",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "tenant_region_scope": "EU",
    }


def _metadata(url: str) -> Any:
    return {
        "name": "Fake",
        "portal": "https://portal.azure.com",
        "authentication": {
            "loginEndpoint": url,
            "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "graph": "https://graph.windows.net/",
        "graphAudience": "https://graph.windows.net/",
        "galleryEndpoint": "https://gallery.azure.com/",
        "suffixes": {},
    }


def _subscription(identifier: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{identifier}",
        "subscriptionId": identifier,
        "tenantId": TENANT,
        "displayName": f"sub-{identifier[:4]}",
        "state": "Enabled",
    }


def _not_found(path: str, resources: Resources) -> dict[str, Any]:
    match = re.match(r"(/subscriptions/[^/]+)/resourcegroups/([^/]+)", path, re.IGNORECASE)
    if match and match.group(1).rsplit("/", 1)[1] not in (SUBSCRIPTION, OTHER_SUBSCRIPTION):
        return {
            "error": {"code": "SubscriptionNotFound", "message": f"The subscription of '{path}' could not be found."}
        }
    if match and not any(known.startswith(match.group(0).lower() + "/") for known in resources):
        return {
            "error": {
                "code": "ResourceGroupNotFound",
                "message": f"Resource group '{match.group(2)}' could not be found.",
            }
        }
    return _error("ResourceNotFound", f"The Resource '{path}' was not found.")


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


class ProxyHandler(BaseHTTPRequestHandler):
    """An outbound proxy that ends every CONNECT itself: nothing ever leaves the loopback."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: Any) -> None:
        """Silence."""

    def do_CONNECT(self) -> None:
        azure = self.server.azure
        azure.connects.append(self.path)
        name = self.path.rsplit(":", 1)[0]
        self.close_connection = True
        if name != ALLOW_LIST_HOST or azure.fault_for("allow-list-connect"):
            self.send_error(403, "not through this proxy")
            return
        self.send_response(200)
        self.end_headers()
        with azure.server_context(name).wrap_socket(self.connection, server_side=True) as tls:
            request = tls.recv(65536)
            azure.seen.append(Seen(time.monotonic(), "GET", request.split(b" ")[1].decode(), {}, 1, {}))
            body = json.dumps(azure.allow_list).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            tls.sendall(f"{head}Connection: close\r\n\r\n".encode() + body)

    def do_GET(self) -> None:
        self.server.azure.connects.append(self.path)
        self.send_error(403, "not through this proxy")

    do_POST = do_GET


def main() -> None:
    """Serves the resources of a JSON file until standard input ends; prints where as one JSON line."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--resources", required=True, help="JSON: ARM path -> body")
    parser.add_argument("--latency-ms", type=float, default=0)
    options = parser.parse_args()
    resources = json.loads(Path(options.resources).read_text(encoding="utf-8"))
    with FakeAzure(resources, options.latency_ms / 1000) as azure:
        print(json.dumps({"url": azure.url, "proxy": azure.proxy_url, "bundle": azure.bundle}), flush=True)
        import sys

        for line in sys.stdin:
            print(json.dumps(_obeyed(azure, line.strip())), flush=True)


def _obeyed(azure: FakeAzure, command: str) -> dict[str, int]:
    """A command from standard input: a latency in ms, `bucket` to throttle, `count` for what arrived since."""
    if command == "count":
        counted = [one.method for one in azure.seen if one.path.startswith(("/subscriptions/", "/providers/"))]
        azure.seen.clear()
        return {"queries": counted.count("POST"), "plain": counted.count("GET")}
    if command == "bucket":
        azure.buckets = Buckets()
    else:
        azure.latency_s = float(command) / 1000
    return {}


if __name__ == "__main__":
    main()
