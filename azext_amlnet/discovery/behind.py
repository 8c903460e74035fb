"""Which workspaces are behind a firewall: those with a cluster whose subnets route 0.0.0.0/0 to it. Pure.

A hint, not a proof: what a virtual WAN, a BGP peer or a proxy does with traffic is not in route tables, and of Arc
clusters Azure knows no network at all. What cannot be told is told as such.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Iterable, Iterator, Mapping, Optional

from ..model import Cluster, ClusterType, Workspace
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
    by_routes = str(cluster.outbound_type).lower() == "userdefinedrouting"
    if not cluster.subnets:  # a network that AKS made itself, which takes no route table of others
        return None if by_routes else False
    return _any(_leads(subnet, answers, gateway, by_routes) for subnet in cluster.subnets)


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
    hops = [str(body.get("nextHopIpAddress")) for body in _defaults(routes)]
    return any(hop in gateway.addresses for hop in hops) if hops else untold


def _defaults(table: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The routes of a table for everything that no other route is for."""
    for body in map(properties, items_of(properties(table).get("routes"))):
        if body.get("addressPrefix") == "0.0.0.0/0":
            yield body
