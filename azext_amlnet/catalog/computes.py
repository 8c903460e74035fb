"""Computes by the names that users give them, and where users say that their traffic comes from. Pure.

A name is COMPUTE, WORKSPACE/COMPUTE, GROUP/WORKSPACE/COMPUTE or SUBSCRIPTION/GROUP/WORKSPACE/COMPUTE; case does not
matter, as in Azure.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Iterator, Mapping, NamedTuple, Optional, Sequence, Union

from ..errors import UsageError
from ..model import (
    CLUSTER_SCENARIOS,
    Cluster,
    Compute,
    Fleet,
    Inputs,
    Requirement,
    Scope,
    Workspace,
    cluster_type_of,
    names_of,
)
from ..text import ANY, few, is_qualified, is_range
from .consumers import clusters_of

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
    every = list(attached(workspaces))
    for name in scope.computes:
        matching = [(one.number, one.compute.name) for one in every if one.is_meant(name)]
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


class Attached(NamedTuple):
    """An attached compute with its name as rows have it, and its workspace with its number among all."""

    name: str
    compute: Compute
    workspace: Workspace
    number: int

    def is_meant(self, text: str) -> bool:
        """Whether it is meant by a name that a user gave."""
        words = text.lower().split("/")
        whole = [*_place(self.workspace), self.compute.name.lower()]
        return whole[-len(words) :] == words or self.name.lower() == text.lower()


def attached(workspaces: Sequence[Workspace]) -> Iterator[Attached]:
    """All attached computes, each with its name as rows have it: behind its workspace's where there are several."""
    names = names_of(workspaces)
    for number, (name, workspace) in enumerate(zip(names, workspaces, strict=True)):
        for compute in workspace.computes or ():
            yield Attached(compute.name if len(names) == 1 else f"{name}/{compute.name}", compute, workspace, number)


def _place(workspace: Workspace) -> list[str]:
    """What may stand in front of a compute's name: subscription, resource group and workspace."""
    parts = (workspace.id or "").lower().split("/")
    above = [parts[2], parts[4]] if len(parts) > 4 else []
    return [*above, (workspace.name or "").lower()]


def _not_attached(workspaces: Sequence[Workspace], name: str) -> UsageError:
    whose = "the workspace" if len(workspaces) == 1 else f"any of the {len(workspaces)} workspaces"
    hint = f"Attached are: {few(qualified(workspaces), 12) or 'none'}."
    return UsageError(f"No Kubernetes compute '{name}' is attached to {whose}.", hint)


def qualified(workspaces: Sequence[Workspace]) -> list[str]:
    """The names of all attached computes as rows have them."""
    return [one.name for one in attached(workspaces)]


def means(text: str, name: str) -> bool:
    """Whether a name that a user gave may mean the computes that a row names so: either may say more than the other.

    `workspace/*` may be any of that workspace.
    """
    words, own = text.lower().split("/"), name.lower().split("/")
    if own[-1] == ANY:
        words, own = words[:-1], own[:-1]
    count = min(len(words), len(own))
    return words[len(words) - count :] == own[len(own) - count :]


# ---------------------------------------------------------------------------------------------------------------------
# Rows of a file, of which no facts tell which computes there are


def rows_within(rows: Sequence[Requirement], scope: Scope) -> Iterator[Requirement]:
    """The rows that a scope lets through; one that names no compute is for whichever its workspaces have."""
    for row in rows:
        if (
            row.level.rank <= scope.level.rank
            and row.topic not in scope.exclude
            and (not row.needed_for or not scope.scenarios or set(row.needed_for) & set(scope.scenarios))
            and _may_be_of(row, scope)
        ):
            yield row


def _may_be_of(row: Requirement, scope: Scope) -> bool:
    """Whether one of a scope's computes may need a row; people at their desks do, whatever compute is asked about."""
    if not scope.computes or not set(row.needed_for) <= set(CLUSTER_SCENARIOS):
        return True
    names = _whose(row)
    return not names or any(means(text, name) for text in scope.computes for name in names)


def _whose(row: Requirement) -> tuple[str, ...]:
    """Who needs a row, behind their workspace's name; whoever that has, where no compute is named."""
    (own,) = row.workspaces if len(row.workspaces) == 1 else ("",)
    computes = (f"{own}/{name}" if own and "/" not in name else name for name in row.computes)
    return tuple(computes) or tuple(f"{workspace}/{ANY}" for workspace in row.workspaces)


def unnamed(rows: Sequence[Requirement], scope: Scope) -> Iterator[str]:
    """What is to be said where a scope's compute stands in no row, and rows of others were left out.

    Raises UsageError for a compute of a workspace that no row is of.
    """
    names = {name for row in rows if row.computes for name in _whose(row)}
    workspaces = sorted({name for row in rows for name in row.workspaces})
    for text in scope.computes:
        if workspaces and not any(means(text, f"{name}/{ANY}") for name in workspaces):
            what = f"No row of --requirements-file is of the workspace of compute '{text}'."
            raise UsageError(what, f"Its workspaces are: {few(workspaces, 12)}.")
        if names and not any(means(text, name) for name in names):
            known = few(sorted(names), 5)
            yield f"No row names compute '{text}', so those that name others alone ({known}) are left out."


# ---------------------------------------------------------------------------------------------------------------------
# Where their traffic comes from


def with_sources(fleet: Fleet, texts: Sequence[str]) -> Fleet:
    """The facts with the source addresses that `--source` tells: of all clusters, or of those behind named computes.

    What is said of one compute holds for its cluster wherever that is attached, all that is said of it together, and
    counts before what is said of all; both count before what Azure tells. Raises UsageError for what is no address, and
    for a name that no compute has or that several clusters have.
    """
    everywhere = told_of_all(texts)
    of: dict[Key, list[str]] = {}
    every = list(attached(fleet.workspaces)) if texts else []
    for name, ranges in (text.rsplit("=", 1) for text in texts if "=" in text):
        of.setdefault(_cluster_of(fleet.workspaces, every, name), []).extend(_ranges(ranges, f"{name}="))
    if not texts:
        return fleet
    numbered = enumerate(fleet.workspaces)
    return replace(fleet, workspaces=tuple(_sourced(number, one, everywhere, of) for number, one in numbered))


def told_of_all(texts: Sequence[str]) -> tuple[str, ...]:
    """The ranges of `--source` that name no compute; raises UsageError for what is none."""
    return tuple(one for text in texts if "=" not in text for one in _ranges(text, text))


def _ranges(text: str, of: str) -> list[str]:
    """The ranges of a text, with commas or blanks between them; raises UsageError for what is none."""
    ranges = [part for part in re.split(r"[,\s]+", text) if part]
    for one in ranges:
        if not is_range(one) or ":" in one:
            what = f"--source is no IPv4 address or range: '{one[:60]}'."
            raise UsageError(what, "For example 10.1.0.0/16, or gpu-aks=10.1.0.0/16 for one compute.")
    if not ranges:
        raise UsageError(f"--source {of[:80]}: tells no address.", "For example gpu-aks=10.1.0.0/16.")
    return ranges


Key = Union[str, int]
"""What is the same for a cluster wherever it is attached: its id; of one without, which a plan may have, the number of
the workspace whose it is."""


def _key(number: int, cluster_id: Optional[str]) -> Key:
    return (cluster_id or "").lower() or number


def _cluster_of(workspaces: Sequence[Workspace], every: Sequence[Attached], name: str) -> Key:
    """The one cluster behind a compute."""
    matching = [one for one in every if one.is_meant(name)] if is_qualified(name) else []
    clusters = {_key(one.number, one.compute.cluster_id) for one in matching}
    if not clusters:
        error = _not_attached(workspaces, name[:80])
        raise UsageError(f"--source {name[:80]}=: {error.message}", error.hint)
    if len(clusters) > 1:
        several = few([one.name for one in matching])
        what = f"--source {name}=: several computes have this name, and clusters of their own: {several}."
        raise UsageError(what, "Name it with what it is in: WORKSPACE/COMPUTE, GROUP/WORKSPACE/COMPUTE and so on.")
    key = clusters.pop()
    if isinstance(key, int) and not _has_one_nameless(workspaces[key]):
        what = f"--source {name}=: the facts do not tell which cluster this compute is."
        raise UsageError(what, "Give clusters their 'id' in the file, and computes their 'clusterId'.")
    return key


def _has_one_nameless(workspace: Workspace) -> bool:
    """Whether all computes of a workspace that tell no cluster are of one: the only one without an id, or their own."""
    clusters = sum(not cluster.id for cluster in workspace.clusters)
    return clusters == 1 or (clusters == 0 and sum(not one.cluster_id for one in workspace.computes or ()) == 1)


def _sourced(
    number: int, workspace: Workspace, everywhere: tuple[str, ...], of: Mapping[Key, Sequence[str]]
) -> Workspace:
    """A workspace whose clusters have the addresses that were told; a cluster that only a compute names is one, too."""
    known = {(cluster.id or "").lower() for cluster in workspace.clusters}
    ids = {(one.cluster_id or "").lower(): one.cluster_id for one in workspace.computes or ()}
    types = {key: cluster_type_of(identifier) for key, identifier in ids.items()}
    more = (
        Cluster(id=identifier, types=tuple(filter(None, [types[key]])), readable=False)
        for key, identifier in ids.items()
        if key not in known
    )

    def sourced(cluster: Cluster) -> Cluster:
        addresses = tuple(dict.fromkeys(of.get(_key(number, cluster.id), everywhere)))
        return replace(cluster, source_addresses=addresses) if addresses else cluster

    return replace(workspace, clusters=tuple(map(sourced, (*workspace.clusters, *more))))


def sources_by_compute(workspaces: Sequence[Workspace]) -> dict[str, Optional[tuple[str, ...]]]:
    """By each compute, named as rows have it, where its traffic comes from; None where that is not all known.

    A workspace of which no compute is known has `*` in place of one, and the addresses of the clusters in its facts.
    """
    names = names_of(workspaces)
    sources: dict[str, Optional[tuple[str, ...]]] = {}
    for name, workspace in zip(names, workspaces, strict=True):
        front = f"{name}/" if len(names) > 1 else ""
        for compute in workspace.computes or ():
            sources[f"{front}{compute.name}"] = _addresses(clusters_of(compute, workspace))
        if not workspace.computes:
            sources[f"{front}{ANY}"] = _addresses(workspace.clusters)
    return sources


def sources_of(inputs: Inputs) -> dict[str, Optional[tuple[str, ...]]]:
    """The same of what a verb works on; of rows without facts, for the computes that they name nothing is known."""
    return sources_by_compute(inputs.fleet.workspaces) or dict.fromkeys(inputs.computes_of_rows)


def _addresses(clusters: Sequence[Optional[Cluster]]) -> Optional[tuple[str, ...]]:
    every = [cluster.source_addresses if cluster else None for cluster in clusters]
    return tuple(dict.fromkeys(one for some in every for one in some or ())) if every and all(every) else None


def unsourced(workspaces: Sequence[Workspace]) -> Iterator[str]:
    """That it is not known where the traffic of some of many workspaces' computes comes from, and what tells it."""
    sources = sources_by_compute(workspaces).items() if len(workspaces) > 1 else ()
    names = [name for name, addresses in sources if addresses is None and not name.endswith(ANY)]
    if names:
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
    ranges = tuple(sorted(set(told_of_all(texts))))
    return tuple(replace(row, source_addresses=ranges) if ranges and row.for_clusters else row for row in rows)
