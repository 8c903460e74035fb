"""The prober's lines → its results. Pure; nothing is believed that does not have the shape the judgement relies on."""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass, field
from typing import Any, Callable, Iterator, Mapping, Optional

from ..model import Requirement
from ..prober import SENTINEL
from ..text import harmless, without_secrets
from .targets import target_of

LAYERS = ("dns", "tcp", "proxy", "tls", "http", "smb", "ntp")
_LADDERS = (
    *(("dns", "tcp", "tls", "http"), ("dns", "tcp", "http"), ("dns", "tcp", "smb"), ("dns", "ntp")),
    *(("proxy", "tls", "http"), ("proxy", "http")),
)
"""How layers are climbed; what is cut is the beginning of one."""
_LONGEST_LINE = 1 << 20
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")


@dataclass
class Transcript:
    """What came back: the first line, the results by target, and how it ended.

    `room` tells how many were tried at a time at last, and what was too little for more (`lacking`), if anything was.
    """

    hello: Mapping[str, Any] = field(default_factory=dict)
    room: Mapping[str, Any] = field(default_factory=dict)
    results: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    complete: bool = False
    throttled_ms: float = 0.0
    doubtful: set[str] = field(default_factory=set)

    def take(self, line: Mapping[str, Any]) -> None:
        """Takes one line; a second, different result for one target makes both doubtful, and so neither counts."""
        kind, held_back = line.get("kind"), line.get("throttledMs", 0)
        self.throttled_ms = max(self.throttled_ms, float(held_back) if _is_time(held_back) else 0.0)
        if kind == "hello" and not self.hello:
            self.hello = _cleaned({key: line[key] for key, fits in _HELLO.items() if key in line and fits(line[key])})
        elif kind == "room" and all(key in line and _ROOM[key](line[key]) for key in ("atOnce", "lacking")):
            self.room = {key: line[key] for key, fits in _ROOM.items() if key in line and fits(line[key])}
        elif kind == "done":
            self.complete = line.get("count") == len(self.results) + len(self.doubtful)
        elif kind == "result" and _is_result(line):
            identifier = line["id"]
            if identifier not in self.doubtful and self.results.setdefault(identifier, line) != line:
                self.doubtful.add(identifier)
                del self.results[identifier]

    def result_for(self, row: Requirement) -> Optional[Mapping[str, Any]]:
        """The result that belongs to a requirement, its texts made printable."""
        target = target_of(row)
        result = self.results.get(target["id"]) if target else None
        return None if result is None else _cleaned(result)


class Reader:
    """Finds the prober's lines in a log, behind the sentinel, wherever it stands; other lines are passed over.

    A line that a runtime has split is put together again from the lines that follow it.
    """

    def __init__(self) -> None:
        self.rest = ""

    def feed(self, text: str) -> Iterator[Mapping[str, Any]]:
        """The lines that are complete with this text, which ends where a line ends."""
        for line in text.splitlines():
            _, sentinel, begun = line.partition(SENTINEL)
            self.rest = begun if sentinel else (self.rest + line if self.rest else "")
            whole = self.rest.rstrip().endswith("}") and len(self.rest) <= _LONGEST_LINE
            document = _json(self.rest) if whole else None
            if document is not None or len(self.rest) > _LONGEST_LINE:
                self.rest = ""
            if isinstance(document, dict):
                yield document


def read_lines(text: str) -> Iterator[Mapping[str, Any]]:
    """The prober's lines in a whole log."""
    return Reader().feed(text)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


# ---------------------------------------------------------------------------------------------------------------------
# The shape that the judgement relies on


def _is_result(line: Mapping[str, Any]) -> bool:
    steps = line.get("steps")
    if not isinstance(line.get("id"), str) or not _is_time(line.get("elapsedMs")) or not isinstance(steps, list):
        return False
    if len(steps) > len(LAYERS) or not all(map(_is_step, steps)) or any(step["outcome"] != "ok" for step in steps[:-1]):
        return False
    climbed = tuple(step["layer"] for step in steps)
    return any(climbed == ladder[: len(climbed)] for ladder in _LADDERS)


def _is_step(step: Any) -> bool:
    if not isinstance(step, dict) or step.get("layer") not in LAYERS or step.get("outcome") not in ("ok", "failed"):
        return False
    facts = step.get("facts")
    if not isinstance(facts, dict) or not _is_time(step.get("elapsedMs")):
        return False
    if not all(_FACTS.get(name, _is_scalar)(value) for name, value in facts.items()):
        return False
    return step["outcome"] != "ok" or _TELLS[step["layer"]](facts)


def _is_time(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e12


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float))


def _is_number(value: Any) -> bool:
    return type(value) is int


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_address(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(ipaddress.ip_address(value.partition("%")[0]))
    except ValueError:
        return False


def _is_proxies(value: Any) -> bool:
    if not isinstance(value, dict) or not _list_of(_is_text)(value.get("skip", [])):
        return False
    return all(value.get(name) is None or _is_text(value[name]) for name in ("http", "https", "source"))


def _list_of(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) and _is_scalar(text) for key, text in value.items())


def _is_headers(value: Any) -> bool:
    return _is_texts(value) and all(map(_is_text, value.values()))


def _is_answer(value: Any) -> bool:
    if not isinstance(value, dict) or not {"server", "type"} <= set(value):
        return False
    lists = ("addresses", "aliases")
    plain = all(_is_text(value[key]) for key in ("server", "type", "rcode", "error") if key in value)
    return (
        plain
        and _ADDRESSES(value.get("addresses", []))
        and all(key in lists or _is_scalar(item) for key, item in value.items())
    )


def _is_attempt(value: Any) -> bool:
    if not isinstance(value, dict) or not {"address", "family"} <= set(value):
        return False
    return _is_address(value["address"]) and _is_number(value["family"]) and all(map(_is_scalar, value.values()))


def _is_authority(value: Any) -> bool:
    if not isinstance(value, dict) or not _is_texts(value.get("name")):
        return False
    return isinstance(value.get("sha256"), str) and bool(re.fullmatch(r"[0-9a-f]{64}", value["sha256"]))


_ADDRESSES = _list_of(_is_address)
_HELLO: Mapping[str, Callable[[Any], bool]] = {
    "schema": _is_number,
    "node": _is_text,
    "python": _is_text,
    "openssl": _is_text,
    "timeoutS": _is_time,
    "trust": _is_texts,
    "resolvers": _list_of(_is_text),
    "search": _list_of(_is_text),
    "proxies": _is_proxies,
    "ipv6": lambda value: isinstance(value, bool),
    "startedAt": lambda value: isinstance(value, str) and bool(_MOMENT.match(value)),
}
_ROOM: Mapping[str, Callable[[Any], bool]] = {
    "atOnce": lambda value: _is_number(value) and value > 0,
    "lacking": lambda value: value in ("files", "threads", "memory"),
    "openFiles": _is_number,
}
_FACTS: Mapping[str, Callable[[Any], bool]] = {
    "addresses": lambda value: value is None or _ADDRESSES(value),
    "answers": _list_of(_is_answer),
    "attempts": _list_of(_is_attempt),
    "status": _is_number,
    "verifyCode": _is_number,
    "alert": _is_number,
    "headers": _is_headers,
    "issuer": lambda value: value is None or _is_texts(value),
    "subject": lambda value: value is None or _is_texts(value),
    "authorities": _list_of(_is_authority),
    "plainHttp": lambda value: isinstance(value, dict) and _is_headers(value.get("headers", {})),
    "proxyTls": lambda value: isinstance(value, dict),
    "names": _list_of(_is_text),
    "searched": lambda value: isinstance(value, dict) and _ADDRESSES(value.get("addresses")),
    **dict.fromkeys(("reason", "title", "text", "failure", "start", "stage", "error", "notTls", "proxy"), _is_text),
}


# What a layer that went well tells; a step without it says "ok" and nothing else.
_TELLS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "dns": lambda facts: bool(facts.get("addresses")),
    "tcp": lambda facts: any(attempt.get("connected") for attempt in facts.get("attempts") or ()),
    "proxy": lambda facts: "proxy" in facts,
    "tls": lambda facts: "version" in facts,
    "http": lambda facts: {"status", "headers"} <= set(facts),
    "smb": lambda facts: True,
    "ntp": lambda facts: True,
}


def _cleaned(value: Any, depth: int = 0) -> Any:
    """The value with every text on one printable line of bearable length: it comes from servers and logs."""
    if depth > 8:
        return None
    if isinstance(value, str):
        return harmless(without_secrets(value[:2000]))
    if isinstance(value, dict):
        return {_cleaned(key, depth + 1): _cleaned(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_cleaned(item, depth + 1) for item in value[:200]]
    return value
