"""An external dynamic list of Palo Alto's, of type URL: names with a slash behind them, one a line, and nothing else.

https://docs.paloaltonetworks.com, formatting guidelines for an external dynamic list and guidelines for URL category
exceptions (2026-11-27): `*` stands for one part of a name or more; without the slash more would match; comments are
documented for lists of addresses alone. A list of type Domain only feeds DNS sinkholes, and opens nothing.
"""

from __future__ import annotations

from typing import Iterator, Sequence

from ..model import Kind, Requirement
from ._matcher import Matcher
from ._text import Context, by_name, no_tags, public

SUMMARY = "an external dynamic list of Palo Alto's, of type URL, for a rule that allows its category"
MATCHER = Matcher(ports=False, protocols=False)
_MOST_LINES = 50_000


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """Ports and addresses, and the type that the list has to be given."""
    yield "make it a list of type URL List: one of type Domain feeds DNS signatures and lets nothing through."
    for row in public(rows):
        if row.kind is not Kind.SERVICE_TAG and row not in written([row]):
            yield f"{row.host}, port {row.port}/{row.protocol.value}: no URL is asked of it, so it is not listed."
    yield from no_tags(rows, "a list of URLs")


def limits(rows: Sequence[Requirement], context: Context) -> Iterator[str]:
    """The entries that smaller firewalls read."""
    if len(urls(rows)) > _MOST_LINES:
        yield f"{len(urls(rows))} entries: smaller firewalls read {_MOST_LINES} URLs, and skip the rest."


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """The names, each once, in the order of the list."""
    return "".join(f"{url}\n" for url in urls(rows))


def urls(rows: Sequence[Requirement]) -> list[str]:
    """The names as PAN-OS matches them whole."""
    return list(dict.fromkeys(f"{row.host}/" for row in written(public(rows))))


def written(rows: Sequence[Requirement]) -> list[Requirement]:
    """The rows of TLS and HTTP, whose names are listed."""
    return by_name(rows)
