"""Which workspaces are behind a firewall: those with a cluster whose subnets route the Internet to it. Pure.

A hint, not a proof: what a virtual WAN, a BGP peer or a proxy does with traffic is not in route tables, and of Arc
clusters Azure knows no network at all. What cannot be told is told as such.
"""

from __future__ import annotations

import ipaddress
import itertools
from dataclasses import dataclass, replace
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence

from ..model import Cluster, ClusterType, Workspace
from ..text import PRIVATE_RANGES
from .answers import Answers, inner, items_of, properties, resource_id
from .arm import Refusal
from .crawl import Call


@dataclass(frozen=True)
class Gateway:
    """A firewall as the next hop of routes: its private addresses, and whether it is in a virtual WAN hub."""

    addresses: frozenset[str]
    in_hub: bool


def gateway_of(firewall: Mapping[str, Any]) -> Gateway:
    """The next hop that a firewall of Azure is, by ARM's answer about it."""
    body = properties(firewall)
    own = (properties(item).get("privateIPAddress") for item in items_of(body.get("ipConfigurations")))
    hub = inner(body, "hubIPAddresses").get("privateIPAddress")
    return Gateway(frozenset(str(one) for one in (*own, hub) if one), bool(hub or body.get("virtualHub")))


def follow(call: Call, answer: Any) -> Iterator[Call]:
    """The route table of a subnet."""
    if call.fact == "subnet" and not isinstance(answer, Refusal):
        table = resource_id(inner(properties(answer), "routeTable").get("id"))
        if table:
            yield Call.of("route-table", table)


def narrowed(workspace: Workspace, answers: Answers, gateway: Gateway) -> tuple[Optional[Workspace], tuple[str, ...]]:
    """The workspace with the computes that are behind the firewall, and the names of those of which nobody can tell.

    None for a workspace that has no compute behind it.
    """
    if workspace.computes is None:
        return None, ("its computes",)
    clusters = {(one.id or "").lower(): one for one in workspace.clusters}
    answered = {
        compute: _is_behind(clusters.get((compute.cluster_id or "").lower()), answers, gateway)
        for compute in workspace.computes
    }
    undecided = tuple(compute.name for compute, behind in answered.items() if behind is None)
    kept = tuple(compute for compute, behind in answered.items() if behind)
    if not kept:
        return None, undecided
    ids = {(compute.cluster_id or "").lower() for compute in kept}
    own = tuple(one for one in workspace.clusters if (one.id or "").lower() in ids)
    return replace(workspace, computes=kept, clusters=own), undecided


def _is_behind(cluster: Optional[Cluster], answers: Answers, gateway: Gateway) -> Optional[bool]:
    """Whether one of a cluster's subnets routes to it; None where that cannot be told."""
    if cluster is None or not cluster.readable or cluster.types != (ClusterType.AKS,):
        return None
    untold = str(cluster.outbound_type).lower() == "userdefinedrouting"
    if not cluster.subnets:  # a network that AKS made itself, which takes no route table of others
        answer = None if untold else False
    else:
        answer = _any(_leads(subnet, answers, gateway, untold) for subnet in cluster.subnets)
    return None if cluster.proxy and answer is False else answer  # what a proxy passes stands in no table


def _any(answers: Iterable[Optional[bool]]) -> Optional[bool]:
    every = list(answers)
    return True if True in every else None if None in every else False


def _leads(subnet: str, answers: Answers, gateway: Gateway, by_routes: bool) -> Optional[bool]:
    """Whether a subnet's default route leads to the firewall."""
    answer = answers.resource("subnet", subnet)
    if not isinstance(answer, Mapping):
        return None
    untold = None if by_routes or gateway.in_hub else False  # routes that Azure learned stand in no table
    table = resource_id(inner(properties(answer), "routeTable").get("id"))
    if table is None:
        return untold
    routes = answers.resource("route-table", table)
    if not isinstance(routes, Mapping):
        return None
    return _sends(list(map(properties, items_of(properties(routes).get("routes")))), gateway, untold)


def _sends(routes: Sequence[Mapping[str, Any]], gateway: Gateway, untold: Optional[bool]) -> Optional[bool]:
    """Whether routes send the Internet to the firewall: nearly all of it; None for a part.

    Of routes that hold an address the longest prefix counts
    (https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview, 2026-11-27). `untold` is the
    answer where the table leaves most of it to routes that stand elsewhere.
    """
    spans, by_tag = [], False
    for route in routes:
        leads, span = str(route.get("nextHopIpAddress")) in gateway.addresses, _span(route.get("addressPrefix"))
        by_tag = by_tag or (leads and span is None)
        spans += [(*span, leads)] if span else []
    here, elsewhere = _shares(spans)
    if here >= _NEARLY_ALL:
        return True
    if here or by_tag:
        return None
    return False if elsewhere >= _NEARLY_ALL else untold


_NEARLY_ALL = 0.9
"""Of the Internet's addresses: exceptions for single services are beside it, a half of it is not."""
_PRIVATE = tuple(map(ipaddress.IPv4Network, PRIVATE_RANGES))
Span = tuple[int, int]


def _span(prefix: Any) -> Optional[Span]:
    """The first and the last address of a prefix; None for a service tag, and for what is no IPv4 prefix."""
    try:
        network = ipaddress.IPv4Network(str(prefix), strict=False)
    except ValueError:
        return None
    return int(network.network_address), int(network.broadcast_address)


def _shares(routes: Sequence[tuple[int, int, bool]]) -> tuple[float, float]:
    """How much of the public addresses leads here, and how much elsewhere, by routes of which the longest counts."""
    private = [(int(one.network_address), int(one.broadcast_address)) for one in _PRIVATE]
    bounds = sorted({edge for low, high, *_ in (*routes, *private) for edge in (low, high + 1)})
    shares = {True: 0, False: 0}
    for low, above in itertools.pairwise(bounds):
        holding = [(high - first, leads) for first, high, leads in routes if first <= low <= high]
        if holding and not any(first <= low <= high for first, high in private):
            shares[min(holding)[1]] += above - low
    whole = 2**32 - sum(high - low + 1 for low, high in private)
    return shares[True] / whole, shares[False] / whole
