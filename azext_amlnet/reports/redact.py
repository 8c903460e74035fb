"""A report for strangers: without subscription ids, private addresses, resolvers and search domains. Pure."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Iterator, Mapping

_SUBSCRIPTION = re.compile(r"/subscriptions/([0-9a-f-]{36})", re.IGNORECASE)
_ADDRESS = re.compile(
    r"(?<![0-9A-Za-z.])(?:\d{1,3}(?:\.\d{1,3}){3}|(?<!:)[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?!\.?[0-9A-Za-z])",
    re.ASCII,
)
"""An address of either kind; behind a colon of one version 4, as in `IP:10.1.2.3` and `::ffff:10.1.2.3`."""


def redacted(report: Mapping[str, Any]) -> dict[str, Any]:
    """The same report with `<subscription-1>`, `<private-1>`, `<domain-1>` …; equal values keep equal names."""
    texts = list(_texts(report))
    names: dict[str, str] = {}
    for kind, values in (
        ("subscription", (*_searched(report), *(value for text in texts for value in _SUBSCRIPTION.findall(text)))),
        ("resolver", _resolvers(report)),
        ("domain", _search_domains(report)),
        ("private", (value for text in texts for value in _ADDRESS.findall(text) if _is_private(value))),
    ):
        fresh = [value for value in dict.fromkeys(map(str.lower, values)) if value and value not in names]
        names |= {value: f"<{kind}-{number}>" for number, value in enumerate(fresh, 1)}
    known = re.compile("|".join(map(_whole, sorted(names, key=len, reverse=True))), re.IGNORECASE | re.ASCII)
    document: dict[str, Any] = _replaced(report, known, names) if names else dict(report)
    for number, vantage in enumerate(document["vantages"], 1):
        vantage["node"] = f"<node-{number}>" if vantage["node"] else None
    return document


def _whole(value: str) -> str:
    """A pattern of the value where it is no part of another; a domain may stand behind a name."""
    before = r"(?<![0-9a-z.])" if _is_address(value) else r"(?<![0-9a-z-])"
    return rf"{before}{re.escape(value)}(?![0-9a-z])"


def _searched(report: Mapping[str, Any]) -> Iterator[str]:
    """Ids and names of the subscriptions in which workspaces were looked for."""
    for one in (report.get("scope") or {}).get("subscriptions", ()):
        yield from filter(None, (one["id"], one["name"]))


def _resolvers(report: Mapping[str, Any]) -> Iterator[str]:
    """Addresses of nameservers with and without their port."""
    for vantage in report["vantages"]:
        for resolver in vantage["resolvers"]:
            yield resolver
            if not _is_address(resolver):
                yield resolver.rpartition(":")[0].strip("[]")


def _search_domains(report: Mapping[str, Any]) -> Iterator[str]:
    """Domains of the search list that answered for a name: what stands behind the name that was tried."""
    for result in report["results"]:
        for step in result["steps"]:
            name = (step["facts"].get("searched") or {}).get("name") or ""
            host = str(result.get("testedBy") or result["host"])
            if name.lower().startswith(f"{host.lower()}."):
                yield name[len(host) + 1 :]


def _texts(value: Any) -> Iterator[str]:
    """Every text of a document."""
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ():
        yield from _texts(item)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
        return True
    except ValueError:
        return False


_SHARED = ipaddress.ip_network("100.64.0.0/10")


def _is_private(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.is_private or address in _SHARED


def _replaced(value: Any, known: re.Pattern[str], names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return known.sub(lambda match: names[match[0].lower()], value)
    if isinstance(value, Mapping):
        return {key: _replaced(item, known, names) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replaced(item, known, names) for item in value]
    return value
