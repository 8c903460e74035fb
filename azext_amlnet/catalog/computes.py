"""Computes by the names that users give them, and where users say that their traffic comes from. Pure.

A name is COMPUTE, WORKSPACE/COMPUTE, GROUP/WORKSPACE/COMPUTE or SUBSCRIPTION/GROUP/WORKSPACE/COMPUTE; case does not
matter, as in Azure.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Container, Iterator, Mapping, NamedTuple, Optional, Sequence, Union

from ..errors import UsageError
from ..model import (
    CLUSTER_SCENARIOS,
    Cluster,
    Compute,
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
from ..text import ANY, by_workspace, few, is_qualified, nested, range_of
from .consumers import clusters_of

Parts = list[tuple[Workspace, Scope]]
"""Workspaces, each with the part of it that is asked about."""


def narrowed(workspaces: Sequence[Workspace], scope: Scope) -> Parts:
    """The workspaces that have one of the scope's computes, each with its own of them; all of no computes are named.

    Raises UsageError for a compute that is not attached. What Azure refused to tell cannot be checked: a workspace
    whose computes are not known may have one of that name (`unseen` says so). `workspace/*` is all of a workspace.
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
    return [(workspace, replace(scope, computes=() if ANY in names else names)) for workspace, names in parts]


def _perhaps(workspaces: Sequence[Workspace], name: str) -> Iterator[int]:
    """The numbers of the workspaces whose computes Azure refused to tell, and which may have one of this name.

    Of `workspace/*` that of which no compute is known at all, for whichever reason.
    """
    where, compute = name.lower().rpartition("/")[::2]
    for number, (one, known) in enumerate(zip(workspaces, names_of(workspaces), strict=True)):
        silent = not one.computes if compute == ANY else one.computes is None and one.gaps_about("computes")
        if silent and (not where or _is_place(one, known, where)):
            yield number


def unseen(workspaces: Sequence[Workspace], scope: Scope) -> Iterator[str]:
    """That a compute is listed of which nobody knows whether there is one, among several workspaces."""
    every = list(attached(workspaces)) if len(workspaces) > 1 else []
    for name in scope.computes if every else ():
        perhaps = [names_of(workspaces)[number] for number in _perhaps(workspaces, name)]
        if perhaps and not name.endswith(ANY) and not any(one.is_meant(name) for one in every):
            yield (
                f"No compute that this login may see is called '{name}'. Azure refused to tell those of "
                f"{few(perhaps, 3)}, so the list is of one there, if there is one; attached are: "
                f"{few([one.name for one in every], 12)}."
            )


class Attached(NamedTuple):
    """An attached compute with its name as rows have it, and its workspace with its number among all."""

    name: str
    compute: Compute
    workspace: Workspace
    number: int

    def is_meant(self, text: str) -> bool:
        """Whether it is meant by a name that a user gave."""
        place, name = text.lower().rpartition("/")[::2]
        own = self.name.rpartition("/")[0]
        return name in (ANY, self.compute.name.lower()) and (not place or _is_place(self.workspace, own, place))


def attached(workspaces: Sequence[Workspace]) -> Iterator[Attached]:
    """All attached computes, each with its name as rows have it: behind its workspace's where there are several."""
    names = names_of(workspaces)
    for number, (name, workspace) in enumerate(zip(names, workspaces, strict=True)):
        for compute in workspace.computes or ():
            yield Attached(compute.name if len(names) == 1 else f"{name}/{compute.name}", compute, workspace, number)


def _is_place(workspace: Workspace, name: str, text: str) -> bool:
    """Whether a workspace is what stands in front of a compute, as rows call it or behind group and subscription."""
    parts = (workspace.id or "").lower().split("/")
    whole = [*([parts[2], parts[4]] if len(parts) > 4 else []), (workspace.name or "").lower()]
    words = text.lower().split("/")
    return whole[-len(words) :] == words or name.lower() == text.lower()


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
    if ANY in (own[-1], words[-1]):
        words, own = words[:-1], own[:-1]
    count = min(len(words), len(own))
    return words[len(words) - count :] == own[len(own) - count :]


# ---------------------------------------------------------------------------------------------------------------------
# Rows of a file, of which no facts tell which computes there are


def rows_within(rows: Sequence[Requirement], scope: Scope) -> Iterator[Requirement]:
    """The rows that a scope lets through, for what it asks; one that names no compute is for whichever there are."""
    for row in rows:
        if (
            row.level.rank <= scope.level.rank
            and row.topic not in scope.exclude
            and (not row.needed_for or not scope.scenarios or set(row.needed_for) & set(scope.scenarios))
            and _may_be_of(row, scope)
        ):
            yield _for_scenarios(row, set(scope.scenarios)) if scope.scenarios else row


def _for_scenarios(row: Requirement, asked: Container[Scenario]) -> Requirement:
    """A row as it would be had these scenarios been asked about from the beginning."""

    def within(needed: Sequence[Scenario]) -> tuple[Scenario, ...]:
        return tuple(scenario for scenario in needed if scenario in asked)

    variants = row.variants and tuple(replace(one, needed_for=within(one.needed_for)) for one in row.variants)
    return changed(row, needed_for=within(row.needed_for), variants=variants)


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


def check_whose(rows: Sequence[Requirement], what: str) -> None:
    """Raises UsageError for rows of several workspaces that do not tell whose computes they name, or stand there twice.

    Such a list is put together from those of single workspaces, whose computes are called alike.
    """
    if len({name for row in rows for name in row.workspaces}) < 2:
        return
    once: set[object] = set()
    for number, row in enumerate(rows, 1):
        untold = next((name for name in row.computes if "/" not in name), "")
        if untold or row.endpoint in once:
            why = f"compute '{untold}' without its workspace" if untold else f"{row.host}:{row.port} a second time"
            hint = "List the workspaces together: az ml network requirements --workspace-file a.json b.json."
            raise UsageError(f"{what}: row {number} of several workspaces names {why}.", hint)
        once.add(row.endpoint)


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
    counts before what is said of a whole workspace (`workspace/*`), and that before what is said of all; all of it
    counts before what Azure tells. Raises UsageError for what is no address, and for a name that nothing has or that
    several clusters have.
    """
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


def _workspace_of(workspaces: Sequence[Workspace], name: str) -> int:
    """The number of the one workspace that `workspace/*` names."""
    known, place = names_of(workspaces), name.rpartition("/")[0]
    numbers = [number for number, one in enumerate(workspaces) if _is_place(one, known[number], place)]
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
    """The same of what a verb works on; of rows without facts, for the computes that they name."""
    by_facts = sources_by_compute(inputs.fleet.workspaces)
    if by_facts:
        return by_facts
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
