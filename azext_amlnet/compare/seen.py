"""What a result of `test`, or a finding of `check-policy`, says of its endpoint; plain JSON, whoever wrote it. Pure."""

from __future__ import annotations

import ipaddress
from typing import Any, Mapping

from ..text import issuer_names, line

Row = Mapping[str, Any]
Key = tuple[Any, ...]
FINE = ("reachable", "covered")
NOT_KNOWN = ("unknown", "skipped")


def key_of(row: Row) -> Key:
    """What two results are compared by."""
    return tuple(row[name] for name in ("kind", "host", "port", "protocol"))


def seen_in(row: Row) -> str:
    """The cause and what was seen."""
    return ": ".join(str(row[name]) for name in ("cause", "because") if row.get(name))


def evidence_of(row: Row) -> dict[str, Any]:
    """What one side saw: the cause, what was seen, where the name led, who issued the certificate; the rules."""
    because = line(str(row.get("because") or ""))
    if "steps" not in row:
        return {"because": because, "rules": [line(str(rule)) for rule in row.get("rules") or ()]}
    cause = line(str(row["cause"])) if row.get("cause") else None
    return {"because": because, "cause": cause, "addresses": addresses(row), "issuer": issuer(row) or None}


def addresses(row: Row) -> list[str]:
    """Where the name led."""
    return [line(str(address)) for address in _facts(row, "dns").get("addresses") or ()]


def issuer(row: Row) -> str:
    """Who issued the certificate: organization and name."""
    return line(" / ".join(issuer_names(_facts(row, "tls").get("issuer") or {})))


def _facts(row: Row, layer: str) -> Mapping[str, Any]:
    """What a layer told, nothing where it was not reached."""
    for step in row["steps"]:
        if step["layer"] == layer:
            facts: Mapping[str, Any] = step["facts"]
            return facts
    return {}


def kind_of_addresses(row: Row) -> str:
    """`private` or `public`, redacted or not, where all addresses are; empty where they differ, are none, or no place.

    A filter's 0.0.0.0 or 127.0.0.1 leads nowhere, and is no private address.
    """
    kinds = set()
    for address in addresses(row):
        try:
            parsed = None if address.startswith("<private-") else ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return ""
        if parsed is not None and (parsed.is_unspecified or parsed.is_loopback):
            return ""
        kinds.add("public" if parsed is not None and parsed.is_global else "private")
    return kinds.pop() if len(kinds) == 1 else ""
