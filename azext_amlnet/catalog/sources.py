"""Where the traffic of computes comes from: as Azure tells it, or as users say by `--source`. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Iterator, Mapping, Optional, Sequence, Union

from ..errors import UsageError
from ..model import (
    CLUSTER_SCENARIOS,
    Cluster,
    Fleet,
    Inputs,
    Requirement,
    Scenario,
    Scope,
    Workspace,
    changed,
    cluster_type_of,
    names_of,
)
from ..text import ANY, by_workspace, few, is_no_compute, is_qualified, nested, range_of
from .computes import Attached, attached, is_place, not_attached
from .consumers import clusters_of


def elsewhere(fleet: Fleet, among: Sequence[Workspace], texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Where people and managed compute are of those `among` several workspaces that are asked about.

    `--source 'WORKSPACE/(SCENARIO)=RANGE'` tells it. Raises UsageError for a workspace that is none of the fleet, and
    for what nobody but clusters needs.
    """
    names = {id(one): name for one, name in zip(among, names_of(among), strict=True)}
    of: dict[str, list[str]] = {}
    for name, ranges in (text.rsplit("=", 1) for text in texts if _is_elsewhere(text)):
        scenario = name.rpartition("/")[2].strip("()")
        if scenario not in _ELSEWHERE or len(fleet.workspaces) < 2:
            what = f"--source {name[:80]}= is for several workspaces, and for {few(_ELSEWHERE)} alone."
            raise UsageError(what, "Give ranges alone, or COMPUTE=RANGE.")
        workspace = fleet.workspaces[_workspace_of(fleet.workspaces, name)]
        several = _ranges(ranges, f"{name}=")
        if id(workspace) in names:
            of.setdefault(f"{names[id(workspace)]}/({scenario})", []).extend(several)
    return {name: _apart(some) for name, some in of.items()}


_ELSEWHERE = [one.value for one in Scenario if one not in CLUSTER_SCENARIOS]


def _is_elsewhere(text: str) -> bool:
    """Whether a text of `--source` is of people or managed compute."""
    return is_no_compute(text.rpartition("=")[0])


def with_sources(fleet: Fleet, texts: Sequence[str]) -> Fleet:
    """The facts with the source addresses that `--source` tells: of all clusters, or of those behind named computes.

    What is said of one compute holds for its cluster wherever that is attached, all that is said of it together, and
    counts before what is said of a whole workspace (`workspace/*`), and that before what is said of all; all of it
    counts before what Azure tells. Raises UsageError for what is no address, and for a name that nothing has or that
    several clusters have.
    """
    texts = [text for text in texts if not _is_elsewhere(text)]
    everywhere = told_of_all(texts)
    of: dict[Key, list[str]] = {}
    wholes: dict[int, list[str]] = {}
    every = list(attached(fleet.workspaces)) if texts else []
    for name, ranges in (text.rsplit("=", 1) for text in texts if "=" in text):
        if name.endswith(f"/{ANY}"):
            wholes.setdefault(_workspace_of(fleet.workspaces, name), []).extend(_ranges(ranges, f"{name}="))
        else:
            of.setdefault(_cluster_of(fleet.workspaces, every, name), []).extend(_ranges(ranges, f"{name}="))
    if not texts:
        return fleet
    by_whole: dict[Key, list[str]] = {}
    for one in every:
        by_whole.setdefault(_key(one.number, one.compute.cluster_id), []).extend(wholes.get(one.number, ()))
    of = {**{key: ranges for key, ranges in by_whole.items() if ranges}, **of}
    sourced = (_sourced(number, one, tuple(wholes.get(number, everywhere)), everywhere, of)
               for number, one in enumerate(fleet.workspaces))  # fmt: skip
    return replace(fleet, workspaces=tuple(sourced))


def overruled(fleet: Fleet, sourced: Fleet, texts: Sequence[str]) -> Iterator[str]:
    """That what is said of all clusters counts in place of what Azure tells of some of several."""
    everywhere, known = told_of_all(texts), sources_by_compute(fleet.workspaces)
    now = sources_by_compute(sourced.workspaces)
    names = [name for name, some in known.items() if some and now[name] == everywhere and set(some) != set(everywhere)]
    if everywhere and names and len(known) > 1:
        yield (
            f"--source {few(everywhere, 3)} counts for all clusters, in place of what Azure tells of {few(names, 3)}; "
            "--source COMPUTE=RANGE tells it of those alone that Azure does not know."
        )


def widest(texts: Sequence[str]) -> Iterator[str]:
    """That a range that `--source` tells holds so much that a rule for it is for everybody."""
    wide = [text for text in texts if any(int(length) < _WIDE for length in _SIZED.findall(text.rpartition("=")[2]))]
    if wide:
        yield f"--source {few(wide, 3)}: a rule for so wide a range is for whoever comes from there, not for clusters."


_SIZED = re.compile(r"[0-9.]+/([0-9]{1,2})")
_WIDE = 8
"""The length of the widest private range there is: 10.0.0.0/8."""


def told_of_all(texts: Sequence[str]) -> tuple[str, ...]:
    """The ranges of `--source` that name no compute; raises UsageError for what is none."""
    return tuple(one for text in texts if "=" not in text for one in _ranges(text, text))


def _ranges(text: str, of: str) -> list[str]:
    """The ranges of a text, with commas or blanks between them; raises UsageError for what is none."""
    parts = [part for part in re.split(r"[,\s]+", text) if part]
    ranges = [range_of(one) for one in parts]
    for one, known in zip(parts, ranges, strict=True):
        if not known:
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
        error = not_attached(workspaces, name[:80])
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


def _workspace_of(workspaces: Sequence[Workspace], name: str) -> int:
    """The number of the one workspace that `workspace/*` names."""
    known, place = names_of(workspaces), name.rpartition("/")[0]
    numbers = [number for number, one in enumerate(workspaces) if is_place(one, known[number], place)]
    if len(numbers) == 1:
        return numbers[0]
    what = "several workspaces have this name" if numbers else "no workspace has this name"
    hint = f"The workspaces are: {few(known, 12)}."
    raise UsageError(f"--source {name[:80]}=: {what}.", hint)


def _has_one_nameless(workspace: Workspace) -> bool:
    """Whether all computes of a workspace that tell no cluster are of one: the only one without an id, or their own."""
    clusters = sum(not cluster.id for cluster in workspace.clusters)
    return clusters == 1 or (clusters == 0 and sum(not one.cluster_id for one in workspace.computes or ()) == 1)


def _sourced(
    number: int,
    workspace: Workspace,
    elsewhere: tuple[str, ...],
    everywhere: tuple[str, ...],
    of: Mapping[Key, Sequence[str]],
) -> Workspace:
    """A workspace whose clusters have the addresses that were told; a cluster that only a compute names is one, too.

    `elsewhere` are the addresses of clusters that no facts name.
    """
    known = {(cluster.id or "").lower() for cluster in workspace.clusters}
    ids = {(one.cluster_id or "").lower(): one.cluster_id for one in workspace.computes or ()}
    types = {key: cluster_type_of(identifier) for key, identifier in ids.items()}
    more = (
        Cluster(id=identifier, types=tuple(filter(None, [types[key]])), readable=False)
        for key, identifier in ids.items()
        if key not in known
    )

    def sourced(cluster: Cluster) -> Cluster:
        addresses = _apart(of.get(_key(number, cluster.id), everywhere))
        return replace(cluster, source_addresses=addresses) if addresses else cluster

    clusters = tuple(map(sourced, (*workspace.clusters, *more)))
    return replace(workspace, clusters=clusters, source_addresses=_apart(elsewhere) or workspace.source_addresses)


def _apart(ranges: Sequence[str]) -> tuple[str, ...]:
    """The ranges without those that lie in others, which a security group does not take in one rule."""
    within = {inner for inner, _ in nested(ranges)}
    return tuple(one for one in dict.fromkeys(ranges) if one not in within)


def sources_by_compute(workspaces: Sequence[Workspace]) -> dict[str, Optional[tuple[str, ...]]]:
    """By each compute, named as rows have it, where its traffic comes from; None where that is not all known.

    A workspace of which no compute is known has `*` in place of one, and the addresses of the clusters in its facts.
    """
    names = names_of(workspaces)
    sources: dict[str, Optional[tuple[str, ...]]] = {}
    for name, workspace in zip(names, workspaces, strict=True):
        front = f"{name}/" if len(names) > 1 else ""
        for compute in workspace.computes or ():
            of_cluster = _addresses(clusters_of(compute, workspace))
            sources[f"{front}{compute.name}"] = of_cluster or workspace.source_addresses
        if not workspace.computes:
            sources[f"{front}{ANY}"] = _addresses(workspace.clusters) or workspace.source_addresses
    return sources


def rows_from(rows: Sequence[Requirement], workspaces: Sequence[Workspace]) -> Iterator[Requirement]:
    """The rows with where the traffic of the computes that need them comes from, as far as that is known.

    What is known of some of them only stands beside the names of the others.
    """
    sources = sources_by_compute(workspaces)
    every = by_workspace(sources)

    def addresses(name: str) -> tuple[str, ...]:
        place = name.rpartition("/")[0]  # of a workspace whose computes are not known, whichever it has
        return sources[name] or () if name in sources else sources.get(f"{place}/{ANY}" if place else ANY) or ()

    for row in rows:
        names = row.computes_among(every) if row.for_clusters else ()
        known = {one for name in names for one in addresses(name)}
        unknown = tuple(sorted(name for name in names if not addresses(name))) if known else ()
        yield changed(row, source_addresses=tuple(sorted(known)), unknown_sources=unknown or None)


def sources_of(inputs: Inputs) -> dict[str, Optional[tuple[str, ...]]]:
    """The same of what a verb works on, and what was told of people; of rows, for the computes that they name."""
    by_facts = sources_by_compute(inputs.fleet.workspaces)
    if by_facts:
        return {**by_facts, **inputs.elsewhere}
    by_rows: dict[str, set[tuple[str, ...]]] = {}
    several = len(inputs.workspaces) > 1
    for row in inputs.rows:
        whole = (f"{name}/{ANY}" if several else ANY for name in row.workspaces)
        (name, *others) = row.computes or tuple(whole) or ("",)
        if row.for_clusters and not others:
            by_rows.setdefault(name, set()).add(() if row.unknown_sources else row.source_addresses)
    known = {name: next(iter(some)) for name, some in by_rows.items() if len(some) == 1}  # all rows tell the same
    return {name: inputs.everywhere or known.get(name) or None for name in inputs.computes_of_rows}


def _addresses(clusters: Sequence[Optional[Cluster]]) -> Optional[tuple[str, ...]]:
    every = [cluster.source_addresses if cluster else None for cluster in clusters]
    return tuple(dict.fromkeys(one for some in every for one in some or ())) if every and all(every) else None


def unsourced(workspaces: Sequence[Workspace], scope: Scope) -> Iterator[str]:
    """That it is not known where the traffic of some of many workspaces' computes comes from, and what tells it."""
    sources = sources_by_compute(workspaces).items() if len(workspaces) > 1 else ()
    others = {one.name for one in attached(workspaces) if scope.computes and not any(map(one.is_meant, scope.computes))}
    names = [name for name, addresses in sources if addresses is None and name not in others]
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
    fields = {"source_addresses": ranges, "unknown_sources": None}
    return tuple(changed(row, **fields) if ranges and row.for_clusters else row for row in rows)
