"""A plain list of names, one a line."""

from __future__ import annotations

from typing import Iterator, Sequence

from ..model import Kind, Purpose, Requirement
from ._matcher import Matcher
from ._text import Context, comments, documented, header, no_tags, private_notes, public

SUMMARY = "names alone, one a line, for external lists of firewalls"
MATCHER = Matcher(ports=False, protocols=False)


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """Ports, addresses and service tags."""
    for row in public(rows):
        if row.kind is Kind.IP:
            yield f"address {row.host}: a list of names holds no addresses."
        elif (row.protocol.value, row.port) not in (("https", 443), ("http", 80)):
            yield f"port {row.port}/{row.protocol.value} of {row.host}: only its name is listed; open the port apart."
    yield from no_tags(rows, "a list of names")


def limits(rows: Sequence[Requirement], context: Context) -> Iterator[str]:
    """Where such a list opens something."""
    if context.purpose is Purpose.ALLOW:
        yield (
            "such a list opens something where a rule names it: as a list of URLs, a category or a group of objects. "
            "One for DNS filters (Palo Alto's type Domain, FortiGate's type domain) opens nothing."
        )


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """The names, each once, in the order of the list."""
    return comments("#", [*header(context, lost), *private_notes(rows)]) + _names(rows)


def exemptions(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """The names, with the document behind each above them."""
    whys = (f"{row.host}: {documented(row)}" for row in public(rows))
    return comments("#", [*header(context, lost), *whys, *private_notes(rows)]) + _names(rows)


def _names(rows: Sequence[Requirement]) -> str:
    names = dict.fromkeys(row.host for row in public(rows) if row.kind in (Kind.FQDN, Kind.WILDCARD))
    return "".join(f"{name}\n" for name in names)
