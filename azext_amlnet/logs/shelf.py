"""A list's rows by what a log calls them, and the names behind addresses that a log tells. Pure."""

from __future__ import annotations

from collections import defaultdict
from ipaddress import ip_address, ip_network
from typing import Iterable, Iterator, Mapping, Optional, Sequence

from ..model import Kind, Requirement
from .model import Event, Lookup


class Shelf:
    """The concrete rows of a list, filed by host."""

    def __init__(self, rows: Sequence[Requirement]) -> None:
        self.rows = [row for row in rows if not row.unresolved]
        self.exact: dict[str, list[Requirement]] = defaultdict(list)
        self.below: dict[str, list[Requirement]] = defaultdict(list)
        for row in self.rows:
            if row.kind is Kind.WILDCARD:
                self.below[row.host[2:]].append(row)
            elif row.kind is not Kind.SERVICE_TAG:
                self.exact[row.host].append(row)

    def named(self, host: str) -> Iterator[Requirement]:
        """The rows for a host on any port, its own before those of wildcards, nearest first."""
        yield from self.exact.get(host, ())
        parts = host.split(".")
        for at in range(1, len(parts)):
            yield from self.below.get(".".join(parts[at:]), ())

    def wants(self, host: str) -> bool:
        """Whether some row is for a host."""
        return next(self.named(host), None) is not None

    def rows_for(self, host: str, port: int, protocol: str) -> list[Requirement]:
        """The rows for an endpoint, its own before those of wildcards; a port that is not told is any."""
        return [row for row in self.named(host) if _is_port(row, port, protocol)]


def _is_port(row: Requirement, port: int, protocol: str) -> bool:
    udp = (row.protocol.value == "udp") == (protocol == "udp")
    return (not port or row.port == port) and (udp or protocol not in ("tcp", "udp", "http", "https"))


class Names:
    """The names that clients were told for addresses."""

    def __init__(self, lookups: Iterable[Lookup]) -> None:
        self.of: dict[tuple[str, str], set[str]] = defaultdict(set)
        for lookup in lookups:
            for address in lookup.addresses:
                self.of[lookup.source, address].add(lookup.host)

    def candidates(self, event: Event) -> tuple[str, ...]:
        """The names of which one is meant by an event without a name; one is sure, of several none."""
        if event.candidates:
            return event.candidates
        return tuple(sorted(self.of.get((event.source, event.ip), ()))) if event.source else ()


class ClientComputes:
    """The computes that clients belong to, by where those computes' traffic comes from."""

    def __init__(self, sources: Mapping[str, Optional[Sequence[str]]]) -> None:
        self.networks = [
            (ip_network(text, strict=False), name) for name, some in sources.items() for text in some or ()
        ]
        self.known: dict[str, tuple[str, ...]] = {}

    def computes(self, source: str) -> tuple[str, ...]:
        """The computes with such a client; none where it is nobody's that is known."""
        if source not in self.known:
            self.known[source] = tuple(self._computes(source)) if source else ()
        return self.known[source]

    def _computes(self, source: str) -> Iterator[str]:
        try:
            address = ip_address(source)
        except ValueError:
            return
        yield from dict.fromkeys(name for network, name in self.networks if address in network)
