"""squid's expressions: the plain ones mean the same to squid and here, and need no more time than a name is long."""

from __future__ import annotations

import re
from typing import Callable, Optional, Sequence, TypeVar, Union

from ...text import is_host, lower
from ..conditions import Destinations, Pattern, UrlPattern

_TOKEN = re.compile(
    r"\\[.\-/:]|[A-Za-z0-9_:/-]|\[\^?[A-Za-z0-9_./-]+\]|\.|\(\^\|\\\.\)|[|^$]|(?<=[\].A-Za-z0-9])[*+](?![*+?])"
)
_BELOW = re.compile(r"(?:\^?(?:\.|\[\^/\])[*+])?(\(\^\|\\\.\)|\\\.)((?:[a-z0-9_-]|\\\.)+)\$\Z")
_PORT = re.compile(r":(?:443|\[0-9\]\+)?\$?\Z")
_MOST_REPEATS = 3
P = TypeVar("P", Pattern, UrlPattern)


def host_patterns(values: Sequence[str]) -> Destinations:
    """Names of hosts by expressions; `-i` leaves case aside for what follows it, `+i` minds it."""
    return _patterns(values, _host_pattern)


def url_patterns(values: Sequence[str], decrypted: bool) -> Destinations:
    """URLs by expressions, of CONNECT and plain HTTP, or of what is read within opened TLS."""
    return _patterns(values, lambda text, plain: _url_pattern(text, plain, decrypted))


def _patterns(values: Sequence[str], make: Callable[[str, str], P]) -> Destinations:
    patterns: list[Union[Pattern, UrlPattern]] = []
    unread, ignores_case = "", False
    for value in values:
        if value in ("-i", "+i"):
            ignores_case = value == "-i"
        elif not re.fullmatch(r"[-+][a-z]", value):
            plain = lower(value) if ignores_case else value
            if _is_plain(value, plain):
                patterns.append(make(value, plain))
            else:
                unread = f"the expression '{value[:60]}' is not worked out here"
    return Destinations(patterns=tuple(patterns), unread=unread)


def _is_plain(text: str, plain: str) -> bool:
    parts = _TOKEN.findall(text)
    if "".join(parts) != text or sum(part in "*+" for part in parts) > _MOST_REPEATS:
        return False
    try:
        re.compile(plain)
    except re.error:
        return False
    return True


def _host_pattern(text: str, plain: str) -> Pattern:
    below = _below(plain)
    return Pattern(text, plain, below=below, anchor=below)


def _url_pattern(text: str, plain: str, decrypted: bool) -> UrlPattern:
    """An expression for CONNECT's `host:port` is one for hosts, if nothing but the port follows them."""
    below = _below(_PORT.sub("$", plain)) if _PORT.search(plain) else None
    return UrlPattern(text, plain, decrypted, below)


def _below(plain: str) -> Optional[str]:
    match = _BELOW.fullmatch(plain)
    suffix = match[2].replace("\\", "") if match else None
    return suffix if suffix and is_host(suffix) else None
