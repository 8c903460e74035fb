"""A report that can be shown to strangers: without subscription ids, private addresses and names of resolvers. Pure."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any, Iterator, Mapping

_SUBSCRIPTION = re.compile(r"/subscriptions/([0-9a-fA-F-]{36})")
_ADDRESS = re.compile(
    r"(?<![0-9A-Za-z.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?!\.?[0-9A-Za-z])"
)


def redacted(report: Mapping[str, Any]) -> dict[str, Any]:
    """The same report with `<subscription-1>`, `<private-1>`, `<resolver-1>` …; equal values keep equal names."""
    text = json.dumps(report)
    names: dict[str, str] = {}
    for kind, values in (
        ("subscription", _SUBSCRIPTION.findall(text)),
        ("resolver", _resolvers(report)),
        ("private", filter(_is_private, _ADDRESS.findall(text))),
    ):
        fresh = [value for value in dict.fromkeys(values) if value not in names]
        names |= {value: f"<{kind}-{number}>" for number, value in enumerate(fresh, 1)}
    longest_first = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    known = re.compile(rf"(?<![0-9A-Za-z.])(?:{longest_first})(?![0-9A-Za-z])")
    document: dict[str, Any] = _replaced(report, known, names) if names else dict(report)
    for number, vantage in enumerate(document["vantages"], 1):
        vantage["node"] = f"<node-{number}>" if vantage["node"] else None
    return document


def _resolvers(report: Mapping[str, Any]) -> Iterator[str]:
    """Addresses of nameservers with and without their port, and search domains."""
    for vantage in report["vantages"]:
        for resolver in vantage["resolvers"]:
            yield resolver
            yield resolver.rpartition(":")[0].strip("[]")


_SHARED = ipaddress.ip_network("100.64.0.0/10")


def _is_private(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.is_private or address in _SHARED


def _replaced(value: Any, known: re.Pattern[str], names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return known.sub(lambda match: names[match[0]], value)
    if isinstance(value, Mapping):
        return {key: _replaced(item, known, names) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replaced(item, known, names) for item in value]
    return value
