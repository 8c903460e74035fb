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
    UNDECIDED = "what cannot be determined"


@dataclass(frozen=True)
class Pull:
    """A failed pull, read: the host that was asked (None where nothing tells it), and who ended it."""

    host: Optional[str]
    outcome: Outcome

    @property
    def blocked(self) -> bool:
        """Whether the message proves that the network stopped the request to the host."""
        return self.host is not None and self.outcome in (Outcome.TRANSPORT, Outcome.PROXY, Outcome.MIDDLEBOX)


_HOST = r"(?P<host>[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,20})"
_QUOTES = r"[\\\"']{0,8}"
# Go's url.Error: `Get "https://host/path": …`, without quotes before Go 1.14. What is asked may be no host of ours.
_REQUEST = re.compile(
    rf"\b(?:Get|Head|Post|Put|Patch|Options|Delete) {_QUOTES}https?://(?P<authority>[^\s/?\"'\\]{{1,300}})"
    rf"(?:[/?][^\s\"]{{0,4000}}?)?{_QUOTES} ?: ",
    re.IGNORECASE,
)
_AUTHORITY = re.compile(rf"{_HOST}(?::[0-9]+)?\Z")
# `unexpected status from HEAD request to https://…: 403`, `unexpected status code https://…: 403`.
_ANSWERED = re.compile(
    rf"https?://{_HOST}(?::[0-9]+)?(?:[/?][^\s\"]{{0,4000}}?)?{_QUOTES}: (?P<status>[1-5][0-9]{{2}})\b", re.IGNORECASE
)
_PINGED = re.compile(rf"pinging (?:container|docker) registry {_HOST}(?::[0-9]+)?", re.IGNORECASE)
# Go's crypto/x509 names the host where a certificate is not for it.
_CERTIFIED = re.compile(rf"\bx509: .{{0,300}}(?:, not|wanted to match) {_HOST}", re.IGNORECASE)
_LOOKUP = re.compile(rf"\blookup {_HOST}(?: on \S+)?: ", re.IGNORECASE)
_NEXT = re.compile(r", (?=rpc error: code = )")
_IMAGE = re.compile(
    rf"(?:images?|sandbox image|reference|docker://|pull from|manifest \S{{1,128}} in) ?{_QUOTES}(?:docker://)?"
    rf"{_HOST}(?::[0-9]+)?/[A-Za-z0-9]",
    re.IGNORECASE,
)
_SHORT_IMAGE = re.compile(
    r"image [\\\"']{1,8}(?!localhost)(?:[a-z0-9._-]{1,128}/){0,9}[a-z0-9._-]{1,128}"
    r"(?:[:@][A-Za-z0-9._:-]{1,128})?[\\\"']",
    re.IGNORECASE,
)
_DOCKER_HUB = "registry-1.docker.io"
# What is called like a status or a page is none: images with their tags, and what was looked up where.
_NAMES = re.compile(
    r"(?<![\w./-])[\w.-]{1,128}(?::[0-9]{1,5})?/[\w./-]{1,256}(?::[\w.-]{1,128}|@sha256:[0-9a-f]{1,64})?"
    r"|\blookup \S{1,253}(?: on \S{1,64})?",
)
_STATUS = re.compile(
    r"(?<![\w./:-])(?:status ?code(?: error)?|statuscode|(?:unexpected |http |response )status|http code|from registry"
    r"|error parsing http)[:= (]{0,4}(?:http )?(?:status:? ?)?(?P<status>[1-5][0-9]{2})\b"
    r"|: (?P<plain>[1-5][0-9]{2}) [A-Z][A-Za-z]+|^(?P<bare>[1-5][0-9]{2})\b",
    re.IGNORECASE,
)
_PAGE = re.compile(
    r"<!doctype html|<html|\\u003c!?(?:doctype html|html)|(?<![\w./-])text/html\b"
    r"|invalid character '(?:<|\\u003c|\\x3c)'",
    re.IGNORECASE,
)
_CHANGED = re.compile(r"failed size validation|unexpected commit digest|unexpected commit size", re.IGNORECASE)
# The registry's errors as Docker prints them behind a request (distribution's errcode), and the registry's firewall.
_OWN_WORDS = re.compile(
    r"\W*(?:error response from daemon: |error from registry: )*(?:unauthorized|denied|no basic auth credentials"
    r"|manifest unknown|name unknown|name invalid|repository .{0,80}not found|manifest for .{0,200}not found"
    r"|toomanyrequests|not found|pull access denied|requested access|blob unknown|insufficient_scope|unknown:"
    r"|authentication required|errors:|\{ ?\"?errors|client with ip|unsupported:|unavailable:|manifest invalid"
    r"|digest invalid|size invalid|stopped after)",
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
# Behind a request, too, these are the node's: its files, its clock, its own authorities and credentials.
_OWN_TROUBLE = re.compile(
    r"too many open files|cannot assign requested address|failed to load system roots|no space left on device"
    r"|\A\W*(?:open|write) /|failed to load tls|error getting credentials|not yet valid: current time 19",
    re.IGNORECASE,
)
_CANCELED = re.compile(r"\W*(?:context canceled|operation was canceled|net/http: request canceled\W*$)", re.IGNORECASE)
# What is left of somebody's words where a message that is too long was cut.
_CUT = re.compile(r"\W*(?:[a-z]{1,3}|unauth\w{0,6}|denie|manifes\w{0,2}|context c\w{0,6})\W*$", re.IGNORECASE)
# What a transport says of itself where no request is named; nothing here can come from a disk or a socket file.
_TRANSPORT = re.compile(
    r"net/http: |\bx509: |\btls: |tls handshake timeout|http2: |\b(?:read|write) tcp [^\s>]{1,80}->\S{1,80}: |wsarecv"
    r"|server gave http response|client\.timeout exceeded|stream error: stream id|connection reset by peer|connectex"
    r"|malformed http response|proxyconnect ",
    re.IGNORECASE,
)
_PROXY = re.compile(
    r"proxyconnect |\W*(?:forbidden|proxy authentication required|bad gateway|service unavailable|gateway timeout)\W*$",
    re.IGNORECASE,
)
_MIDDLEBOXES = (407, 451, 470, 511)
_PUBLIC = ("mcr.microsoft.com", "data.mcr.microsoft.com", "mcr.azure.cn", "data.mcr.azure.cn")
_ENOUGH = 4000
"""Of a message that is longer, so much of its beginning and of its end is read."""


def read(message: str) -> Pull:
    """The last failing request of a message, and who ended it; what is not decided by the text is `UNDECIDED`.

    Of several attempts, which the kubelet puts into one message, one that was stopped counts.
    """
    message = message if len(message) <= 2 * _ENOUGH else f"{message[:_ENOUGH]} {message[-_ENOUGH:]}"
    attempts = [_read(attempt) for attempt in _NEXT.split(message)] if "[rpc error: " in message else [_read(message)]
    return next((attempt for attempt in attempts if attempt.blocked), attempts[-1])


def _read(message: str) -> Pull:
    page = _PAGE.search(message)
    text = message[: page.start()] if page else message
    request, answered = _last(_REQUEST, text), _last(_ANSWERED, text)
    if page or _CHANGED.search(text):
        return Pull(_asked(text, request, answered), Outcome.MIDDLEBOX if page else Outcome.CHANGED)
    if request and not (answered and _quoted(text[answered.end() : request.start()])):
        return _behind_request(_of_request(request), text[request.end() :])
    host = _asked(text, None, answered)
    status = answered or _last(_STATUS, _NAMES.sub(" ", text))
    return Pull(host, _by_status(host, status, text)) if status else _without_request(text, host)


def _quoted(between: str) -> bool:
    """Whether a request that stands behind an answer is part of it, and not another try that failed later."""
    return "failed to do request" not in between and "\n" not in between


def _behind_request(host: Optional[str], rest: str) -> Pull:
    """What became of a request that the message names: a transport's error, unless it is somebody's word."""
    if not rest.strip(" .\"'\\") or _CANCELED.match(rest):
        return Pull(host, Outcome.UNDECIDED)
    if _OWN_TROUBLE.search(rest):
        return Pull(host, Outcome.NODE)
    if _OWN_WORDS.match(rest):
        return Pull(host, Outcome.REGISTRY)
    if _CUT.match(rest) and not re.match(r"\W*eof\b", rest, re.IGNORECASE):
        return Pull(host, Outcome.UNDECIDED)
    status = _STATUS.search(_NAMES.sub(" ", rest))
    if status:
        return Pull(host, _by_status(host, status, rest))
    return Pull(host, Outcome.PROXY if _PROXY.match(rest) else Outcome.TRANSPORT)


def _by_status(host: Optional[str], status: re.Match[str], text: str) -> Outcome:
    """Whose word a status is: some are a middlebox's only, and Microsoft's public registry refuses nobody.

    But for the storage behind it, whose own words tell of a signature that is too old.
    """
    named = status.groupdict()
    code = int(named.get("status") or named.get("plain") or named.get("bare") or 0)
    public = (host or "").endswith(_PUBLIC) and code == 403 and "server failed to authenticate" not in text.lower()
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
    if request and (answered is None or answered.start() < request.start()):
        return _of_request(request)
    if answered:
        return _name(answered)
    for frame in (_PINGED, _CERTIFIED, _IMAGE):
        match = _last(frame, text)
        if match:
            return _DOCKER_HUB if _name(match) == "docker.io" else _name(match)
    return _DOCKER_HUB if _SHORT_IMAGE.search(text) else None


def _of_request(request: re.Match[str]) -> Optional[str]:
    """The host of a request; None where it went to something that has no name of ours, such as a mirror's address."""
    authority = _AUTHORITY.match(request["authority"])
    return _name(authority) if authority else None


def _name(match: re.Match[str]) -> str:
    return match["host"].lower().rstrip(".")


def _last(frame: re.Pattern[str], text: str) -> Optional[re.Match[str]]:
    matches: Iterator[re.Match[str]] = frame.finditer(text)
    return max(matches, key=lambda match: match.start(), default=None)
