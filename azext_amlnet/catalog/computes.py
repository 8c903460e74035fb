"""Computes by the names that users give them, and where users say that their traffic comes from. Pure.

A name is COMPUTE, WORKSPACE/COMPUTE or GROUP/WORKSPACE/COMPUTE; case does not matter, as in Azure.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Iterator, Optional, Sequence

from ..errors import UsageError
from ..model import Cluster, Compute, Fleet, Requirement, Scope, Workspace, names_of
from ..text import few, is_qualified, is_range

Parts = list[tuple[Workspace, Scope]]
"""Workspaces, each with the part of it that is asked about."""


def narrowed(workspaces: Sequence[Workspace], scope: Scope) -> Parts:
    """The workspaces that have one of the scope's computes, each with its own of them; all of no computes are named.

    Raises UsageError for a compute that is not attached. What Azure refused to tell cannot be checked: a workspace
    whose computes are not known may have one of that name.
    """
    if not scope.computes:
        return [(workspace, scope) for workspace in workspaces]
    of: dict[int, list[str]] = {}
    for name in scope.computes:
        matching = [(number, compute.name) for number, compute in _named(workspaces, name)]
        matching += [(number, name.rpartition("/")[2]) for number in _perhaps(workspaces, name)]
        if not matching:
            raise _not_attached(workspaces, name)
        for number, compute in matching:
            of.setdefault(number, []).append(compute)
    parts = ((workspaces[number], tuple(dict.fromkeys(names))) for number, names in sorted(of.items()))
    return [(workspace, replace(scope, computes=names)) for workspace, names in parts]


def _perhaps(workspaces: Sequence[Workspace], name: str) -> Iterator[int]:
    """The numbers of the workspaces whose computes Azure refused to tell, and which may have one of this name."""
    where = name.lower().split("/")[:-1]
    for number, one in enumerate(workspaces):
        silent = one.computes is None and one.gaps_about("computes")
        if silent and (not where or _place(one)[-len(where) :] == where):
            yield number


def attached(workspaces: Sequence[Workspace]) -> Iterator[tuple[str, Workspace, Compute]]:
    """All attached computes, each with its name as rows have it: behind its workspace's where there are several."""
    names = names_of(workspaces)
    for name, workspace in zip(names, workspaces, strict=True):
        for compute in workspace.computes or ():
            yield compute.name if len(names) == 1 else f"{name}/{compute.name}", workspace, compute


def is_meant(name: str, workspace: Workspace, compute: Compute) -> bool:
    """Whether a compute of a workspace is meant by a name that a user gave."""
    words = name.lower().split("/")
    return [*_place(workspace), compute.name.lower()][-len(words) :] == words


def _place(workspace: Workspace) -> list[str]:
    return [(workspace.resource_group or "").lower(), (workspace.name or "").lower()]


def _named(workspaces: Sequence[Workspace], name: str) -> Iterator[tuple[int, Compute]]:
    """The attached computes that a name means, each with the number of its workspace."""
    for number, workspace in enumerate(workspaces):
        yield from ((number, compute) for compute in workspace.computes or () if is_meant(name, workspace, compute))


def _not_attached(workspaces: Sequence[Workspace], name: str) -> UsageError:
    whose = "the workspace" if len(workspaces) == 1 else f"any of the {len(workspaces)} workspaces"
    hint = f"Attached are: {few(qualified(workspaces), 12) or 'none'}."
    return UsageError(f"No Kubernetes compute '{name}' is attached to {whose}.", hint)


def qualified(workspaces: Sequence[Workspace]) -> list[str]:
    """The names of all attached computes as rows have them."""
    return [name for name, _, _ in attached(workspaces)]


# ---------------------------------------------------------------------------------------------------------------------
# Where their traffic comes from


def with_sources(fleet: Fleet, texts: Sequence[str]) -> Fleet:
    """The facts with the source addresses that `--source` tells: of all clusters, or of those behind named computes.

    What is said of one compute holds for its cluster wherever that is attached, and counts before what is said of all
    and before what Azure tells. Raises UsageError for what is no address, and for a name that no compute has or that
    several clusters have.
    """
    everywhere: list[str] = []
    of: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, equals, ranges = text.rpartition("=")
        addresses = _ranges(ranges)
        if not addresses:
            raise UsageError(f"--source {text[:80]}: tells no address.", "For example gpu-aks=10.1.0.0/16.")
        if equals:
            of[_cluster_of(fleet.workspaces, name)] = tuple(addresses)
        else:
            everywhere += addresses
    if not texts:
        return fleet
    return replace(fleet, workspaces=tuple(_sourced(one, tuple(everywhere), of) for one in fleet.workspaces))


def _ranges(text: str) -> list[str]:
    """The ranges of a text, with commas or blanks between them; raises UsageError for what is none."""
    ranges = [part for part in re.split(r"[,\s]+", text) if part]
    for one in ranges:
        if not is_range(one) or ":" in one:
            what = f"--source is no IPv4 address or range: '{one[:60]}'."
            raise UsageError(what, "For example 10.1.0.0/16, or gpu-aks=10.1.0.0/16 for one compute.")
    return ranges


def _cluster_of(workspaces: Sequence[Workspace], name: str) -> str:
    """The key of the one cluster behind a compute; see `_key`."""
    matching = list(_named(workspaces, name)) if is_qualified(name) else []
    clusters = {_key(workspaces[number], compute.cluster_id, compute.name) for number, compute in matching}
    if not clusters:
        error = _not_attached(workspaces, name[:80])
        raise UsageError(f"--source {name[:80]}=: {error.message}", error.hint)
    if len(clusters) > 1:
        names = names_of(workspaces)
        several = [f"{names[number]}/{compute.name}" for number, compute in matching]
        what = f"--source {name}=: several computes have this name, and clusters of their own: {few(several)}."
        raise UsageError(what, "Name it as WORKSPACE/COMPUTE or GROUP/WORKSPACE/COMPUTE.")
    return clusters.pop()


def _key(workspace: Workspace, cluster_id: Optional[str], compute: str) -> str:
    """What is the same for a cluster wherever it is attached: its id; without one (a plan) the compute."""
    return (cluster_id or f"{workspace.id or workspace.name}/{compute}").lower()


def _sourced(workspace: Workspace, everywhere: tuple[str, ...], of: dict[str, tuple[str, ...]]) -> Workspace:
    def sourced(cluster: Cluster) -> Cluster:
        names = [c.name for c in workspace.computes or () if (c.cluster_id or "").lower() == (cluster.id or "").lower()]
        keys = [_key(workspace, cluster.id, name) for name in names or [""]]
        addresses = next((of[key] for key in keys if key in of), everywhere)
        return replace(cluster, source_addresses=addresses) if addresses else cluster

    return replace(workspace, clusters=tuple(map(sourced, workspace.clusters)))


def unsourced(workspaces: Sequence[Workspace]) -> Iterator[str]:
    """That it is not known where the traffic of some of many workspaces' computes comes from, and what tells it."""
    known = {(one.id or "").lower() for workspace in workspaces for one in workspace.clusters if one.source_addresses}
    names = [name for name, _, one in attached(workspaces) if (one.cluster_id or "").lower() not in known]
    if names and len(workspaces) > 1:
        of = f"{few(names, 3)}: --source {names[0]}=RANGE and so on tells"
        yield f"Azure does not tell where the traffic of {len(names)} computes comes from, {of}."


def rows_with_sources(rows: Sequence[Requirement], texts: Sequence[str]) -> tuple[Requirement, ...]:
    """The rows of a file with the source addresses that `--source` tells of all of them.

    Raises UsageError for what is no address, and for a name: which computes there are, only facts tell.
    """
    named = next((text for text in texts if "=" in text), None)
    if named:
        what = f"--source {named[:80]} names a compute, and a list of rows does not tell which there are."
        raise UsageError(what, "Give ranges alone, or --workspace-file in place of --requirements-file.")
    ranges = tuple(sorted({one for text in texts for one in _ranges(text)}))
    return tuple(replace(row, source_addresses=ranges) if ranges and row.for_clusters else row for row in rows)
