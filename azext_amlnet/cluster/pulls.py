"""What a node says about an image that it could not pull → which request failed, and who failed it. Pure.

A grammar of frames, not a list of words. The kubelet, containerd, CRI-O and Docker wrap each other's errors, outermost
first; the request that failed stands near the end, behind it what became of it. Whatever stands behind a request is the
transport's error, unless it is a status, the registry's own words, or a page in the registry's place. A page's text, a
proxy's name and the image's name never say which host was asked, as long as the request does. docs/node-messages.md has
the frames with an example each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Iterator, Optional


class Outcome(str, Enum):
    """Who or what ended a pull; `TRANSPORT`, `PROXY` and `MIDDLEBOX` prove that the network stopped it."""

    TRANSPORT = "the connection"
    PROXY = "the proxy"
    MIDDLEBOX = "somebody in the registry's place"
    REGISTRY = "the registry's own word"
    CHANGED = "bytes that are not the image's"
    NODE = "the node's own trouble"
    UNDECIDED = "what cannot be told"


@dataclass(frozen=True)
class Pull:
    """A failed pull, read: the host that was asked (None where nothing tells it), and who ended it."""

    host: Optional[str]
    outcome: Outcome

    @property
    def blocked(self) -> bool:
        """Whether the message proves that the network stopped the request to the host."""
        return self.host is not None and self.outcome in (Outcome.TRANSPORT, Outcome.PROXY, Outcome.MIDDLEBOX)


_HOST = r"(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)"
# Go's url.Error: `Get "https://host/path": …`, without quotes before Go 1.14.
_REQUEST = re.compile(
    rf"\b(?:Get|Head|Post|Put|Patch|Options|Delete) [\\\"']*https?://{_HOST}(?::[0-9]+)?(?:[/?][^\s\"]*?)?[\\\"']* ?: ",
    re.IGNORECASE,
)
# `unexpected status from HEAD request to https://…: 403`, `unexpected status code https://…: 403`.
_ANSWERED = re.compile(
    rf"(?:(?:status(?: code)?|request to) )?[\\\"']*https?://{_HOST}(?::[0-9]+)?[^\s\"]*?[\\\"']*: "
    r"(?=[1-5][0-9]{2}\b)",
    re.IGNORECASE,
)
_PINGED = re.compile(rf"pinging (?:container|docker) registry {_HOST}(?::[0-9]+)?", re.IGNORECASE)
# Go's crypto/x509 names the host where a certificate is not for it.
_CERTIFIED = re.compile(rf"\bx509: .{{0,300}}(?:, not|wanted to match) {_HOST}", re.IGNORECASE)
_LOOKUP = re.compile(rf"\blookup {_HOST}(?: on \S+)?: ", re.IGNORECASE)
_NEXT = re.compile(r", (?=rpc error: code = )")
_IMAGE = re.compile(
    r"(?:images?|sandbox image|reference|docker://|pull from|manifest \S+ in) ?[\\\"']*(?:docker://)?"
    rf"{_HOST}(?::[0-9]+)?/[A-Za-z0-9]",
    re.IGNORECASE,
)
_SHORT_IMAGE = re.compile(
    r"image [\\\"']+(?:[a-z0-9._-]+/)*[a-z0-9._-]+(?:[:@][A-Za-z0-9._:-]+)?[\\\"']", re.IGNORECASE
)
_DOCKER_HUB = "registry-1.docker.io"

_STATUS = re.compile(
    r"(?:status(?: ?code)?(?: error)?|http code|from registry|error parsing http|response status|code)[^0-9\"<]{0,20}?"
    r"\b(?P<status>[1-5][0-9]{2})\b"
    r"|: (?P<plain>[1-5][0-9]{2}) [A-Z][A-Za-z]+|^(?P<bare>[1-5][0-9]{2})\b",
    re.IGNORECASE,
)
_PAGE = re.compile(
    r"<!doctype html|<html|\\u003c!?(?:doctype html|html)|text/html|invalid character '(?:<|\\u003c|\\x3c)'",
    re.IGNORECASE,
)
_CHANGED = re.compile(r"failed size validation|unexpected commit digest|unexpected commit size", re.IGNORECASE)
_OWN_WORDS = re.compile(
    r"\W*(?:error response from daemon: |error from registry: )*(?:unauthorized|denied|no basic auth credentials"
    r"|manifest unknown|name unknown|name invalid|repository .{0,80}not found|manifest for .{0,200}not found"
    r"|toomanyrequests|not found|pull access denied|requested access|blob unknown|insufficient_scope"
    r"|authentication required)",
    re.IGNORECASE,
)
_REGISTRYS = re.compile(
    r"pull access denied|: unauthorized\b|^unauthorized\b|: denied\b|no basic auth credentials|manifest unknown"
    r"|name unknown|repository does not exist|not found$|: not found\b|manifest for .{0,200}not found|toomanyrequests"
    r"|insufficient_scope|authorization failed|authentication required|requested access to the resource",
    re.IGNORECASE,
)
_NODES = re.compile(
    r"dial unix|\.sock\b|error reading from server|transport is closing|connection error: desc|failed to unpack"
    r"|failed to extract layer|failed to register layer|failed to prepare (?:extraction )?snapshot|no space left"
    r"|failed to mount|failed to apply layer|error creating overlay|qps exceeded|ttrpc|disk quota|write /|unpigz"
    r"|lease .{0,80}(?:not exist|not found)|failed to reserve container name|input/output error|snapshotter"
    r"|read-only file system|unexpected eof in tar",
    re.IGNORECASE,
)
_CANCELED = re.compile(r"\W*(?:rpc error: .*)?context canceled\W*$", re.IGNORECASE)
# What a transport says of itself where no request is named; nothing here can come from a disk or a socket file.
_TRANSPORT = re.compile(
    r"net/http: |\bx509: |\btls: |tls handshake timeout|http2: |\b(?:read|write) tcp \S+->\S+: |proxyconnect |wsarecv"
    r"|server gave http response|client\.timeout exceeded|stream error: stream id|connection reset by peer|connectex"
    r"|malformed http response",
    re.IGNORECASE,
)
_PROXY = re.compile(
    r"proxyconnect |\W*(?:forbidden|proxy authentication required|bad gateway|service unavailable|gateway timeout)\W*$",
    re.IGNORECASE,
)
_MIDDLEBOXES = (407, 451, 470, 511)
_PUBLIC = ("mcr.microsoft.com", "data.mcr.microsoft.com", "mcr.azure.cn", "data.mcr.azure.cn")


def read(message: str) -> Pull:
    """The last failing request of a message, and who ended it; what is not decided by the text is `UNDECIDED`.

    Of several attempts, which the kubelet puts into one message, one that was stopped counts.
    """
    attempts = [_read(attempt) for attempt in _NEXT.split(message)] if "[rpc error: " in message else [_read(message)]
    return next((attempt for attempt in attempts if attempt.blocked), attempts[-1])


def _read(message: str) -> Pull:
    page = _PAGE.search(message)
    text = message[: page.start()] if page else message
    request, answered = _last(_REQUEST, text), _last(_ANSWERED, text)
    if page or _CHANGED.search(text):
        return Pull(_asked(text, request, answered), Outcome.MIDDLEBOX if page else Outcome.CHANGED)
    if request and (answered is None or answered.start() < request.start()):
        return _behind_request(_name(request), text[request.end() :])
    host = _asked(text, None, answered)
    status = _last(_STATUS, text[answered.end() :] if answered else text)
    if status or answered:
        return Pull(host, _by_status(host, status) if status else Outcome.UNDECIDED)
    return _without_request(text, host)


def _behind_request(host: str, rest: str) -> Pull:
    """What became of a request that the message names: a transport's error, unless it is somebody's word."""
    if not rest.strip(" .\"'\\") or _CANCELED.match(rest):
        return Pull(host, Outcome.UNDECIDED)
    if _OWN_WORDS.match(rest):
        return Pull(host, Outcome.REGISTRY)
    status = _last(_STATUS, rest)
    if status:
        return Pull(host, _by_status(host, status))
    return Pull(host, Outcome.PROXY if _PROXY.match(rest) else Outcome.TRANSPORT)


def _by_status(host: Optional[str], status: re.Match[str]) -> Outcome:
    """Whose word a status is: some are a middlebox's only, and Microsoft's public registry refuses nobody."""
    code = int(next(filter(None, status.groups())))
    public = (host or "").endswith(_PUBLIC) and code == 403
    return Outcome.MIDDLEBOX if code in _MIDDLEBOXES or 300 <= code < 400 or public else Outcome.REGISTRY


def _without_request(text: str, host: Optional[str]) -> Pull:
    """A message that names no request: a lookup, the transport's own words, the node's, or nobody's."""
    lookup, proxied = _last(_LOOKUP, text), "proxyconnect " in text.lower()
    if _NODES.search(text):
        return Pull(host, Outcome.NODE)
    if proxied:  # whatever name is looked up is the proxy's
        return Pull(host, Outcome.PROXY)
    if lookup:
        return Pull(_name(lookup), Outcome.TRANSPORT)
    if _REGISTRYS.search(text):
        return Pull(host, Outcome.REGISTRY)
    return Pull(host, Outcome.TRANSPORT if _TRANSPORT.search(text) else Outcome.UNDECIDED)


def _asked(text: str, request: Optional[re.Match[str]], answered: Optional[re.Match[str]]) -> Optional[str]:
    """The host that was asked: by the request or the answer, else by what was pinged, else the image's registry."""
    named = [match for match in (request, answered) if match]
    if named:
        return _name(max(named, key=lambda match: match.start()))
    for frame in (_PINGED, _CERTIFIED, _IMAGE):
        match = _last(frame, text)
        if match:
            return _DOCKER_HUB if _name(match) == "docker.io" else _name(match)
    return _DOCKER_HUB if _SHORT_IMAGE.search(text) else None


def _name(match: re.Match[str]) -> str:
    return match["host"].lower().rstrip(".")


def _last(frame: re.Pattern[str], text: str) -> Optional[re.Match[str]]:
    matches: Iterator[re.Match[str]] = frame.finditer(text)
    return max(matches, key=lambda match: match.start(), default=None)
