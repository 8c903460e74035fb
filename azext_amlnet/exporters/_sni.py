"""What a proxy that looks at the server name (SNI) of TLS alone can let through: one plan for all of them.

The proxy opens no TLS: it reads the name in the client's first message, and connects to that name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Sequence

from ..model import Kind, Protocol, Requirement
from ._matcher import Matcher
from ._text import Context, no_tags, public

MATCHER = Matcher()
_TLS = (Protocol.HTTPS, Protocol.TLS)


@dataclass(frozen=True)
class Listener:
    """What is let through on one port: names as they are, and those below wildcards."""

    port: int
    exact: tuple[Requirement, ...]
    below: tuple[Requirement, ...]

    @property
    def rows(self) -> tuple[Requirement, ...]:
        """All of them."""
        return (*self.exact, *self.below)


def listeners(rows: Sequence[Requirement]) -> list[Listener]:
    """A listener a port, in the order of ports; each name once."""
    made = []
    spoken = written(public(rows))
    for port in sorted({row.port for row in spoken}):
        kept = {(row.kind, row.host): row for row in reversed(spoken) if row.port == port}
        ordered = sorted(kept.values(), key=lambda row: row.host)
        exact = tuple(row for row in ordered if row.kind is Kind.FQDN)
        made.append(Listener(port, exact, tuple(row for row in ordered if row.kind is Kind.WILDCARD)))
    return made


def written(rows: Sequence[Requirement]) -> list[Requirement]:
    """The rows that are let through."""
    return [row for row in rows if row.kind in (Kind.FQDN, Kind.WILDCARD) and row.protocol in _TLS]


def to_merge(context: Context) -> bool:
    """Whether only lines are made for a configuration that exists: two that listen on one port break each other."""
    return bool(context.lacking_in)


def losses(rows: Sequence[Requirement], target: str) -> Iterator[str]:
    """What has no server name, and what such a proxy is not."""
    if not written(public(rows)):
        yield f"nothing here has a server name, so {target} has nothing to listen for."
    for row in public(rows):
        if row.kind is Kind.IP:
            yield f"address {row.host}, port {row.port}: clients send no server name, so {target} refuses it."
        elif row.kind is not Kind.SERVICE_TAG and row.protocol not in _TLS:
            yield f"{row.host}, port {row.port}/{row.protocol.value}: {target} lets TLS through and nothing else."
    yield from no_tags(rows, target)
    yield (
        "traffic has to be led to this proxy, by DNS or by routes, and the proxy needs a resolver that does not lead "
        "back to it; clients that hide the server name (ECH) are refused."
    )
