"""An inspecting issuer that was seen → the components that it breaks, or that need its authority. Pure.

A prediction: what documents say of a component, the kind of its cluster, and what Azure Resource Manager says of the
authorities that its nodes trust. What is in an image, and what Arc's agents were given, it does not tell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence

from ..catalog.computes import attached
from ..catalog.inspection import components_of, entries_of
from ..model import (
    AffectedComponent,
    CatalogEntry,
    Cause,
    Cluster,
    ClusterType,
    Effect,
    Endpoint,
    Inputs,
    InspectedComponent,
    Interception,
    Result,
    Topic,
    TrustStore,
    cluster_type_of,
)
from ..text import by_workspace, line
from ._tls import INSPECTED
from .authorities import Authority, listed_in, shown_by
from .scene import is_public


@dataclass(frozen=True)
class ClusterInUse:
    """A cluster that uses what is inspected; without a name and facts where only its kind is known."""

    kind: ClusterType
    computes: tuple[str, ...] = ()
    cluster: Optional[Cluster] = None


def interceptions(inputs: Inputs, results: Iterable[Result]) -> tuple[Interception, ...]:
    """One for each vantage and issuer, with the components of the clusters that need what is inspected."""
    groups: dict[tuple[str, Authority], list[Result]] = {}
    for result in results:
        if _is_inspected(result, inputs.catalog.public_issuers):
            groups.setdefault((result.vantage, _shown(result)[0]), []).append(result)
    if not groups:
        return ()
    users = _Users(inputs)
    return tuple(_interception(users, *key, group) for key, group in groups.items())


def _is_inspected(result: Result, public_issuers: Sequence[str]) -> bool:
    """Whether somebody else than a public authority issued the certificate.

    An untrusted public one tells of a store that lacks it. Without an issuer nothing is told, and of what the user
    added by --endpoint nobody knows who should issue its certificate.
    """
    warned = any(warning.startswith(INSPECTED) for warning in result.warnings)
    if result.topic == "extra" or not (result.cause is Cause.TLS_UNTRUSTED_ISSUER or warned):
        return False
    issuer = _tls(result).get("issuer") or {}
    return bool(issuer.get("O") or issuer.get("CN")) and (warned or not is_public(issuer, public_issuers))


def _shown(result: Result) -> tuple[Authority, ...]:
    return shown_by(_tls(result))


def _tls(result: Result) -> Mapping[str, Any]:
    return next((step["facts"] for step in result.steps if step["layer"] == "tls"), {})


def _interception(users: _Users, vantage: str, issuer: Authority, results: Sequence[Result]) -> Interception:
    seen = tuple(dict.fromkeys(one for result in results for one in _shown(result)))
    affected: dict[AffectedComponent, dict[str, None]] = {}
    for result in results:
        for place, entries in users.of(result):
            for one in _affected(place, entries, seen):
                affected.setdefault(one, {})[result.host] = None
    order = (Effect.BREAKS, Effect.NEEDS_AUTHORITY, Effect.UNKNOWN, Effect.OK)
    ordered = sorted(affected, key=lambda one: order.index(one.effect))
    consumers = tuple(replace(one, hosts=tuple(affected[one])) for one in ordered)
    hosts = tuple(dict.fromkeys(result.host for result in results))
    return Interception(issuer.name, issuer.sha256, vantage, hosts, consumers)


# ---------------------------------------------------------------------------------------------------------------------
# Whose traffic it is


class _Users:
    """The clusters that use endpoints, and by which entries of the catalog."""

    def __init__(self, inputs: Inputs) -> None:
        self.rows = {row.endpoint: row for row in inputs.rows}
        self.entries_of = entries_of(inputs.catalog)
        self.clusters = [(one, by_workspace(one.computes)) for one in _clusters(inputs)]

    def of(self, result: Result) -> Iterator[tuple[ClusterInUse, list[CatalogEntry]]]:
        """Each cluster that needs what was measured, its computes narrowed to those that do."""
        row = self.rows[Endpoint(result.kind, result.host, result.protocol, result.port)]
        entries = self.entries_of(row)
        for one, names in self.clusters:
            asked = row.computes_among(names)
            asked = tuple(name for name in one.computes if name in asked)
            if asked or not (one.computes or row.computes) or one.cluster is None:
                yield replace(one, computes=asked), entries


def _clusters(inputs: Inputs) -> Iterator[ClusterInUse]:
    """The clusters of the facts, each once; without any the kinds of cluster whose own rows are in the list."""
    workspaces = inputs.fleet.workspaces
    clusters = {(one.id or "").lower(): one for facts in workspaces for one in facts.clusters}
    if not clusters:
        topics, own = {one.topic for one in inputs.rows}, {Topic.AKS: ClusterType.AKS, Topic.ARC: ClusterType.ARC}
        yield from (ClusterInUse(of_topic) for topic, of_topic in own.items() if topic in topics)
        return
    names: dict[str, list[str]] = {}
    for one in attached(workspaces):
        names.setdefault((one.compute.cluster_id or "").lower(), []).append(one.name)
    for identifier, cluster in clusters.items():
        by_id, computes = cluster_type_of(cluster.id), tuple(names.get(identifier, ()))
        kinds = cluster.types or ((by_id,) if by_id else (ClusterType.AKS, ClusterType.ARC))
        yield from (ClusterInUse(kind, computes, cluster) for kind in kinds)


def _affected(
    place: ClusterInUse, entries: Sequence[CatalogEntry], seen: tuple[Authority, ...]
) -> Iterator[AffectedComponent]:
    of_aks = place.cluster is not None and ClusterType.AKS in place.cluster.types
    for one in components_of(entries, (place.kind,)):
        if one.store is TrustStore.NODE and place.kind is ClusterType.ARC and of_aks:
            continue  # nodes of an AKS cluster, connected to Arc or not, are told of as such
        effect, more = _trust(place, one, seen) if one.store else (one.effect, "")
        of = f"{', '.join(place.computes)}: " if place.computes else ""
        because = line(f"{of}{one.because}{more}")
        remedy = "" if effect is Effect.OK else one.remedy
        yield AffectedComponent(one.component, effect, because, remedy, one.sources[0].url, place.computes)


# ---------------------------------------------------------------------------------------------------------------------
# Whether it has the authority


def _trust(place: ClusterInUse, component: InspectedComponent, seen: tuple[Authority, ...]) -> tuple[Effect, str]:
    """Whether a store has the authority, as far as Azure Resource Manager tells; the words behind the reason."""
    if component.store is TrustStore.ARC_AGENTS:
        return Effect.NEEDS_AUTHORITY, " Whether it was given cannot be read: Azure Resource Manager does not tell it."
    if component.store is TrustStore.IMAGE:
        return Effect.NEEDS_AUTHORITY, " What an image brings, only its owner knows."
    if place.kind is ClusterType.ARC:
        return Effect.NEEDS_AUTHORITY, " What these nodes trust is not in Azure Resource Manager."
    cluster = place.cluster
    if cluster is None or not cluster.readable:
        return Effect.NEEDS_AUTHORITY, " Whether its nodes have it is not known: Azure was not asked, or did not say."
    effect, because = _on_nodes(cluster, seen, by_proxy_only=component.store is TrustStore.AKS_PROXY)
    windows = effect is Effect.OK and cluster.windows_nodes
    return effect, because + (" Its Windows nodes take no authority of your own." if windows else "")


def _on_nodes(cluster: Cluster, seen: tuple[Authority, ...], by_proxy_only: bool) -> tuple[Effect, str]:
    """Of AKS: by the certificates that ARM lists as custom CA trust of nodes, and as the proxy's `trustedCa`."""
    proxy, listed = cluster.proxy, () if by_proxy_only else cluster.authorities
    count = (0 if by_proxy_only else cluster.own_authorities) + bool(proxy and proxy.trusted_ca)
    if not count:
        return Effect.NEEDS_AUTHORITY, " Azure Resource Manager lists no authority of your own for its nodes."
    texts = (*listed, *([proxy.authorities] if proxy and proxy.authorities else ()))
    trusted = {authority for text in texts for authority in listed_in(text)}
    if any(one in trusted for one in seen if one.sha256):
        return Effect.OK, " Its nodes trust this authority, by its fingerprint."
    names = sorted({one.name for one in trusted} & {one.name for one in seen})
    if set(names) - {one.name for one in seen if one.sha256}:
        return Effect.OK, f" Its nodes trust an authority called {names[0]}; the fingerprint of this one was not seen."
    if names:
        return Effect.NEEDS_AUTHORITY, f" Its nodes trust an authority called {names[0]}, but not this one."
    if not trusted:
        return Effect.UNKNOWN, " Its nodes trust authorities of your own, which Azure Resource Manager did not show."
    known = ", ".join(sorted(one.name for one in trusted)[:3])
    return Effect.UNKNOWN, f" Its nodes trust {known}: it is not known whether one of these stands above the issuer."
