"""Azure Resource Manager, read only: one wire call each, as JSON, or the refusal in Azure's own words."""

from __future__ import annotations

import logging
import re
import threading
import time
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Mapping, Optional
from urllib.parse import quote, urlsplit

from ..text import one_line
from .client import QUERIES, WRITE_REFUSED, Clients, Timeouts
from .pace import Pace

logger = logging.getLogger(f"cli.{__name__}")

API_VERSIONS = {
    "workspace": "2025-12-01",
    "hub": "2025-12-01",
    "computes": "2025-12-01",
    "datastores": "2025-12-01",
    "workspace-dependencies": "2025-12-01",
    "ml-registries": "2025-12-01",
    "registry": "2026-01-01-preview",  # the first that tells of regional endpoints
    "replications": "2025-11-01",
    "storage": "2025-06-01",
    "key-vault": "2023-07-01",
    "app-insights": "2020-02-02",
    "aks": "2026-01-01",
    "aks-dependencies": "2026-01-01",
    "arc": "2026-03-01",
    "relay": "2021-11-01",
    "extensions": "2025-03-01",
    "resource-graph": "2024-04-01",
    "subscriptions": "2022-12-01",
    "workspaces": "2025-12-01",
    "descendants": "2020-05-01",
    "firewall-logs": "2018-03-01-preview",  # the one of https://learn.microsoft.com/azure/azure-monitor/logs/api
    "log-workspace": "2023-09-01",
    "diagnostic-settings": "2021-05-01-preview",
    **dict.fromkeys(("firewall-policy", "rule-collection-groups", "ip-group", "firewall"), "2024-07-01"),
    **dict.fromkeys(("nsg", "route-table", "subnet", "policies-by-name", "service-tags"), "2024-07-01"),
}
"""The api-version that each fact is asked with; where ARM does not know it, the newest that ARM names, once."""

_MOST_PAGES = 200
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(?:-[a-z]+)?")


@dataclass(frozen=True)
class Refusal:
    """Why a call gave no fact: the HTTP status (0 without an answer), ARM's code, and a sentence."""

    status: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.message} ({self.code})" if self.code and self.code not in self.message else self.message


class Beginning(list[Any]):
    """The items of a list that could not be read to its end, and why."""

    def __init__(self, items: list[Any], refusal: Refusal) -> None:
        super().__init__(items)
        self.refusal = refusal


class Arm:
    """ARM behind management clients of the Azure SDK, or one; safe to call from many threads at once."""

    def __init__(self, client: Any, base_url: str, pace: Optional[Pace] = None) -> None:
        self.pace = pace or Pace.of_one(Timeouts())
        self.clients = client if isinstance(client, Clients) else Clients(client)
        self.host = urlsplit(base_url).netloc
        self._origin = _origin(base_url)
        self.base_url = base_url.rstrip("/")
        self.answered = threading.Event()

    def get(self, fact: str, path: str) -> Any:
        """The JSON object at a path, or a Refusal."""
        return self._read(fact, self._url(path), API_VERSIONS[fact])

    def _url(self, path: str) -> str:
        return self.base_url + quote(path, safe="/%:@!$&'()*+,;=~")

    def list(self, fact: str, path: str) -> Any:
        """All items of all pages at a path, or a Refusal; only links back to the same host are followed.

        Of a list that cannot be read to its end, its Beginning.
        """
        items: list[Any] = []
        links: set[str] = set()
        page = self.get(fact, path)
        for _ in range(_MOST_PAGES):
            refusal = no_page(page)
            if refusal is not None:
                return Beginning(items, refusal) if links else refusal
            items += page["value"]
            link = page.get("nextLink")
            if not link:
                return items
            if not isinstance(link, str) or _origin(link) != self._origin:
                return Beginning(items, Refusal(200, "", "the next page is on another host, which is not asked"))
            if link in links:
                return Beginning(items, Refusal(200, "", "the list leads back to a page that was read"))
            links.add(link)
            page = self._read(fact, link, None)
        return Beginning(items, Refusal(200, "", f"the list does not end after {_MOST_PAGES} pages"))

    def _read(self, fact: str, url: str, version: Optional[str]) -> Any:
        answer = self._send(fact, url, version)
        if isinstance(answer, Refusal) and version is not None:
            other = _supported(answer, version)
            if other is not None:
                logger.info("ARM does not know api-version %s of %s; asking with %s.", version, fact, other)
                return self._send(fact, url, other)
        return answer

    def query(self, body: Mapping[str, Any]) -> Any:
        """One page of Resource Graph's answer to a query, or a Refusal."""
        return self.post("resource-graph", QUERIES, body)

    def post(self, fact: str, path: str, body: Mapping[str, Any], prefer: str = "", **options: Any) -> Any:
        """The answer to a query, which is a POST that writes nothing, or a Refusal; `options` are the client's own.

        The transport sends no other: see `is_query`.
        """
        headers = {"Prefer": prefer} if prefer else {}
        content = {"json": dict(body), "headers": headers}
        return self._send(fact, self._url(path), API_VERSIONS.get(fact), content, options)

    def _send(
        self,
        fact: str,
        url: str,
        version: Optional[str],
        content: Optional[Mapping[str, Any]] = None,
        options: Mapping[str, Any] = MappingProxyType({}),
    ) -> Any:
        from azure.core.exceptions import AzureError

        try:
            response = self.pace.send(_bucket(url), lambda: self._sent(fact, url, version, content, options))
        except AzureError as error:
            if str(error) == WRITE_REFUSED:
                return Refusal(409, "", "its resource provider is not registered in this subscription")
            return _no_answer(error, self.host)
        except RecursionError:
            return _no_json("nested too deeply")
        except sign_in_troubles() as error:  # the token could not be had; az's own words for that pass through
            return Refusal(
                0,
                "",
                f"no access token, {self.clients.sign_in_host} did not answer as it should: {_line(_root(error))}",
            )
        return _body(response)

    def _sent(
        self,
        fact: str,
        url: str,
        version: Optional[str],
        content: Optional[Mapping[str, Any]],
        options: Mapping[str, Any],
    ) -> Any:
        """The response to one request; raises what the client raises."""
        from azure.core.rest import HttpRequest

        method, params = "GET" if content is None else "POST", {"api-version": version} if version else {}
        started = time.monotonic()
        response = self.clients.send(fact, HttpRequest(method, url, params=params, **(content or {})), **options)
        self.answered.set()
        elapsed = (time.monotonic() - started) * 1000
        where = urlsplit(url).path
        logger.debug("amlnet: %s: %s %s -> %s in %.0f ms", fact, method, where, response.status_code, elapsed)
        return response


def _bucket(url: str) -> str:
    """What Azure counts a call for: its subscription, or the tenant."""
    parts = urlsplit(url).path.lower().split("/")
    return parts[2] if parts[1:2] == ["subscriptions"] and len(parts) > 2 else "/".join(parts[1:3])


def sign_in_troubles() -> tuple[type[Exception], ...]:
    """What a sign-in raises when Microsoft Entra ID is not reached, is down, or somebody answers in its place.

    MSAL reads what came without a doubt of its shape, so an answer of another kind is a TypeError and the like.
    """
    plain = (OSError, ValueError, TypeError, KeyError, AttributeError)
    try:
        from msal.exceptions import MsalError
    except ImportError:  # outside of az, where azure-identity has words of its own
        return plain
    return (MsalError, *plain)


def no_page(page: Any, key: str = "value", otherwise: str = "the answer is not a list of items") -> Optional[Refusal]:
    """Why an answer is no page of a list, which has its items at a key; None for one that is."""
    if isinstance(page, Refusal):
        return page
    if not isinstance(page, dict) or not isinstance(page.get(key), list):
        return Refusal(200, "", otherwise)
    return None


def _origin(url: str) -> Any:
    """Scheme, host and port; None for what is no address."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return None


def _body(response: Any) -> Any:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        body = None
    if response.status_code == 200 and isinstance(body, dict):
        return body
    if response.status_code == 200:
        kind = response.headers.get("Content-Type", "no content type").split(";")[0]
        return _no_json(_line(kind))
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {}
    details = error.get("details")
    if error.get("code") == "BadRequest" and isinstance(details, list) and details and isinstance(details[0], dict):
        error = details[0]  # Resource Graph says there what is wrong
    message = _line(_whole_message(error) or str(response.reason or "no reason given"))
    return Refusal(response.status_code, _line(str(error.get("code") or "")), f"{response.status_code}: {message}")


def _whole_message(error: Mapping[str, Any]) -> str:
    """What an error says, and the innermost of those in it, which Log Analytics puts the reason into."""
    outer = str(error.get("message") or "")
    reason, depth = error, 0
    while isinstance(reason.get("innererror"), dict) and depth < 5:
        reason, depth = reason["innererror"], depth + 1
    inner = str(reason.get("message") or "")
    return f"{outer}: {inner}" if depth and inner and inner != outer else outer


def _no_json(what: str) -> Refusal:
    return Refusal(200, "", f"the answer is not a JSON object ({what}); perhaps a proxy answers in ARM's place")


def _line(text: str) -> str:
    return one_line(text, 300)


def _no_answer(error: Exception, host: str) -> Refusal:
    from azure.core.exceptions import ClientAuthenticationError, DecodeError, ServiceRequestError, ServiceResponseError

    if isinstance(error, ClientAuthenticationError):
        return Refusal(401, "", f"no access token: {_line(_root(error))}")
    if isinstance(error, DecodeError):
        return _no_json("broken JSON")
    kinds = ((ServiceRequestError, f"no connection to {host}"), (ServiceResponseError, f"{host} broke off its answer"))
    what = next((text for kind, text in kinds if isinstance(error, kind)), f"the call to {host} failed")
    return Refusal(0, "", f"{what}: {_line(_root(error))}")


def _root(error: BaseException) -> str:
    """The innermost reason in words, without the object addresses that urllib3 prints."""
    text = str(getattr(error, "message", "") or error) or type(error).__name__
    text = re.sub(r"<[\w.]+ object at 0x[0-9a-f]+>:? ?", "", text)
    return re.sub(r"\w+\(host='[^']*', port=\d+\): ?", "", text)


def _supported(refusal: Refusal, asked: str) -> Optional[str]:
    """The newest api-version that ARM's complaint about the version names."""
    if refusal.status not in (400, 404) or "version" not in refusal.message.lower():
        return None
    if refusal.code not in ("InvalidApiVersionParameter", "NoRegisteredProviderFound", "UnsupportedApiVersion"):
        return None
    named = [version for version in _VERSION.findall(refusal.message) if version != asked]
    return max(named, key=lambda version: (version[:10], len(version) == 10), default=None)
