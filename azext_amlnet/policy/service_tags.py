"""Which documented service tags surely hold nothing of a row, by what Azure's table says that each is for. Pure.

A tag of one service never holds the hosts of another; AzureCloud and the tags of Front Door may hold anybody's, Storage
what services keep there. A tag that is not in the table leaves everything in doubt
(https://learn.microsoft.com/azure/virtual-network/service-tags-overview, 2026-11-26).
"""

from __future__ import annotations

from typing import Iterable

from ..model import Kind, Requirement, ServiceTag
from .addresses import parents


def elsewhere(row: Requirement, table: Iterable[ServiceTag]) -> frozenset[str]:
    """The tags that surely hold nothing of the row, in lower case; one that ends in a dot stands for its regions.

    A row that is an address may be in any of them.
    """
    if row.kind is Kind.IP:
        return frozenset()
    tags = (tag for tag in table if tag.serves is not None and not _may_hold(tag.serves, row))
    return frozenset(name for tag in tags for name in _spellings(tag))


def _may_hold(domains: Iterable[str], row: Requirement) -> bool:
    """Whether a name of the row may be one of the domains'; never, where a document ties the row to its own tags."""
    if row.service_tags or row.kind is Kind.SERVICE_TAG:
        return False
    base = row.host.removeprefix("*.")
    above = {base, *parents(base)}
    return any(domain in above or (row.kind is Kind.WILDCARD and domain.endswith(f".{base}")) for domain in domains)


def _spellings(tag: ServiceTag) -> tuple[str, ...]:
    name = tag.name.lower()
    return (name, f"{name}.") if tag.regional else (name,)
