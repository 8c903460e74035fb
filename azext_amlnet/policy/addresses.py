"""IPv4 addresses as spans, and names as what they are below."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Iterable, Iterator, Optional

from ..errors import UsageError
from ..text import PRIVATE_RANGES

Span = tuple[int, int]
"""IPv4 addresses from the first to the last, as numbers."""

EVERYTHING: Span = (0, 2**32 - 1)
_NOT_PUBLIC = (*PRIVATE_RANGES, "127.0.0.0/8", "169.254.0.0/16")


@lru_cache(maxsize=4096)
def span_of(text: str) -> Optional[Span]:
    """The addresses that `10.0.0.0/8`, `10.0.0.1`, `10.0.0.1-10.0.0.9` or `*` stand for; None for none of these.

    IPv6 is a span without addresses: these requirements are reached by IPv4.
    """
    text = text.strip()
    if text == "*":
        return EVERYTHING
    plain = _CIDR.match(text)
    if plain and all(int(part) < 256 for part in plain.groups()[:4]) and int(plain[5] or 32) <= 32:
        width = 2 ** (32 - int(plain[5] or 32))
        low = int.from_bytes(map(int, plain.groups()[:4]), "big") // width * width
        return low, low + width - 1
    if not (text[:1].isdigit() or ":" in text):
        return None  # a name, of which lists have a hundred thousand
    first, dash, last = text.partition("-")
    try:
        if dash:
            ends = (ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip()))
            return (int(ends[0]), int(ends[1])) if ends[0].version == ends[1].version == 4 else _NO_ADDRESSES
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if network.version == 6:
        return _NO_ADDRESSES
    return int(network.network_address), int(network.broadcast_address)


def spans_of(texts: Iterable[str]) -> tuple[Span, ...]:
    """The addresses of --source, of which a text may hold several; raises UsageError for what is none."""
    spans = []
    for text in " ".join(texts).replace(",", " ").split():
        span = span_of(text)
        if span is None or span[0] > span[1]:
            what = f"--source is no IPv4 address or range: '{text[:60]}'."
            raise UsageError(what, "For example 10.1.0.0/16, the addresses of the cluster's nodes and pods.")
        spans.append(span)
    return tuple(union(spans))


_NO_ADDRESSES: Span = (1, 0)
_NUMBER = "(0|[1-9][0-9]{0,2})"
_CIDR = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:/{_NUMBER})?\Z")  # ten times as fast as ipaddress
PRIVATE: tuple[Span, ...] = tuple(
    (int(network.network_address), int(network.broadcast_address))
    for network in map(ipaddress.IPv4Network, _NOT_PUBLIC)
)
"""What the Internet does not lead to."""
RESERVED: tuple[Span, ...] = ((0, 2**24 - 1), (224 * 2**24, 2**32 - 1))
"""What nobody has for an address: this network, groups, and what is kept back."""


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same addresses as spans that neither touch nor overlap."""
    merged: list[Span] = []
    for low, high in sorted(span for span in spans if span[0] <= span[1]):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def without(span: Span, excepted: Iterable[Span]) -> Iterator[Span]:
    """The addresses of a span that are in none of some others, which are in order and apart."""
    low = span[0]
    for first, last in excepted:
        if first > low:
            yield low, min(first - 1, span[1])
        low = max(low, last + 1)
    if low <= span[1]:
        yield low, span[1]


def shown(span: Span) -> str:
    """A span as people write it."""
    networks = list(ipaddress.summarize_address_range(*map(ipaddress.IPv4Address, span)))
    return str(networks[0]) if len(networks) == 1 else "-".join(str(ipaddress.IPv4Address(end)) for end in span)


def inside(span: Span, others: Iterable[Span]) -> bool:
    """Whether one of the others has all of a span."""
    return any(low <= span[0] and span[1] <= high for low, high in others)


def overlaps(span: Span, others: Iterable[Span]) -> bool:
    """Whether one of the others has something of a span."""
    return any(low <= span[1] and span[0] <= high for low, high in others)


def parents(host: str) -> Iterator[str]:
    """What a name is below: `a.b.c` → `b.c`, `c`."""
    while "." in host:
        host = host.partition(".")[2]
        yield host
