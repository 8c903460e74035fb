"""Who needs rows: the attached computes with their clusters, and stand-ins where nothing is known of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Iterator, Optional

from ..model import CLUSTER_SCENARIOS, Cluster, ClusterType, Compute, Scenario, Scope, Workspace, cluster_type_of


@dataclass(frozen=True)
class Consumer:
    """A cluster that needs rows, attached (then it has a compute's name) or stood in for.

    `setting_notes` say why it is not known whether it trains or serves.
    """

    compute: Optional[str]
    cluster: Optional[Cluster]
    scenarios: frozenset[Scenario]
    assumed: bool = False
    notes: tuple[str, ...] = ()
    setting_notes: tuple[str, ...] = ()


def consumers(workspace: Workspace, scope: Scope) -> tuple[Consumer, ...]:
    """The clusters in scope: none known makes one nameless consumer, a refusal of Azure two assumed ones."""
    asked = frozenset(scope.scenarios or CLUSTER_SCENARIOS) & set(CLUSTER_SCENARIOS)
    if scope.cluster_type is ClusterType.NONE:
        return (_without_cluster(asked),)
    silence = workspace.gaps_about("computes") if workspace.computes is None else ()
    if silence:
        kinds = (scope.cluster_type,) if scope.cluster_type else (ClusterType.AKS, ClusterType.ARC)
        names = scope.computes or (None,)
        return tuple(_stand_in(kind, asked, name, silence) for name in names for kind in kinds)
    wanted = {name.lower() for name in scope.computes}
    named = [c for c in workspace.computes or () if not wanted or c.name.lower() in wanted]
    if not workspace.computes and workspace.clusters:
        planned = (_attached(Compute(name=""), cluster, workspace, scope, asked) for cluster in workspace.clusters)
        return tuple(replace(consumer, compute=None) for group in planned for consumer in group)
    if not named:
        return (_stand_in(scope.cluster_type, asked) if scope.cluster_type else _without_cluster(asked),)
    pairs = ((compute, cluster) for compute in named for cluster in clusters_of(compute, workspace))
    groups = (_attached(compute, cluster, workspace, scope, asked) for compute, cluster in pairs)
    return tuple(consumer for group in groups for consumer in group)


def clusters_of(compute: Compute, workspace: Workspace) -> tuple[Optional[Cluster], ...]:
    """The cluster of a compute by its id; without ids, which a plan may leave out, any of the planned ones."""
    wanted = (compute.cluster_id or "").lower()
    return tuple(cluster for cluster in workspace.clusters if (cluster.id or "").lower() == wanted) or (None,)


def _without_cluster(asked: frozenset[Scenario]) -> Consumer:
    return Consumer(None, None, asked & {Scenario.TRAINING, Scenario.INFERENCE})


def _stand_in(
    kind: ClusterType, asked: frozenset[Scenario], name: Optional[str] = None, notes: tuple[str, ...] = ()
) -> Consumer:
    return Consumer(name, Cluster(types=(kind,)), asked, assumed=bool(notes), notes=notes)


def _attached(
    compute: Compute,
    cluster: Optional[Cluster],
    workspace: Workspace,
    scope: Scope,
    asked: frozenset[Scenario],
) -> Iterator[Consumer]:
    by_id = cluster_type_of(compute.cluster_id)
    cluster = cluster or Cluster(id=compute.cluster_id, types=(by_id,) if by_id else (), readable=False)
    if scope.cluster_type is not None:
        cluster = replace(cluster, types=(scope.cluster_type,))
    scenarios = asked
    if not scope.scenarios:
        off = {Scenario.TRAINING: cluster.training is False, Scenario.INFERENCE: cluster.inference is False}
        scenarios = frozenset(s for s in asked if not off.get(s))
    notes = (*outbound_notes(cluster), *(() if cluster.readable else workspace.gaps_of(cluster.id, "cluster")))
    settings = workspace.gaps_of(cluster.id, "extensions")
    if cluster.types:
        yield Consumer(compute.name, cluster, scenarios, not cluster.readable, notes, settings)
        return
    for kind in (ClusterType.AKS, ClusterType.ARC):
        name = compute.name or "the planned one"
        note = f"It is not known what kind of cluster {name} is; rows of AKS and of Arc are both listed."
        yield Consumer(compute.name, replace(cluster, types=(kind,)), scenarios, True, (*notes, note), settings)


def outbound_notes(cluster: Cluster) -> tuple[str, ...]:
    """What to say on each row of an AKS cluster that has no way out at all."""
    if (cluster.outbound_type or "").lower() not in ("none", "block"):
        return ()
    return (
        f"The cluster's outboundType is '{cluster.outbound_type}': a network isolated AKS cluster, "
        "for which the Azure ML extension is documented as not supported.",
    )
