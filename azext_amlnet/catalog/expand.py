"""expand(catalog, workspace, scope) → requirements: the pure middle that all verbs share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence

from ..model import (
    CONDITION,
    Catalog,
    CatalogEntry,
    Cloud,
    ClusterType,
    Effect,
    Endpoint,
    Gap,
    Level,
    Requirement,
    Requirements,
    Scenario,
    Scope,
    Topic,
    Workspace,
    changed,
)
from .bindings import Binding, bindings
from .consumers import Consumer, consumers
from .cross_check import cross_checked
from .inspection import EntriesOf, components_of, effect_on, entries_of
from .rows import PLACEHOLDER, Row, decide, kept_of_all, level_of, rows_of, unique, who_needs


def expand(catalog: Catalog, workspace: Workspace, scope: Scope) -> Requirements:
    """The complete outbound list of a workspace within a scope, in a stable order, and what must be said beside it.

    A condition is decided by facts. Where they cannot decide, the row stays and a note says the condition: a gap
    never shortens the list.
    """
    needing = consumers(workspace, scope)
    things = bindings(catalog, workspace, needing)
    checked = scope.cross_check and workspace.dependencies
    down_to = Level.OPTIONAL if checked else scope.level
    rows = [row for entry in catalog.entries for row in rows_of(entry, things, workspace, scope, needing, down_to)]
    if checked:
        rows += cross_checked(catalog, workspace, scope, needing, rows, things)
    attached = {compute.name for compute in workspace.computes or ()}
    asked = [row for row in rows if row.requirement.level.rank <= scope.level.rank]
    of = entries_of(catalog)
    own = (workspace.name,) if workspace.name else ()
    merged = [_merged(group, own, attached, of) for group in _by_endpoint(asked)]
    absent = tuple(_absent(catalog, things, workspace, scope, needing))
    listed = _with_absent([row for row, _ in sorted(merged, key=lambda pair: order(*pair))], absent)
    gaps = tuple(_gaps(workspace, needing))
    return Requirements(
        rows=tuple(listed),
        warnings=(*gap_lines(gaps), *_warnings(catalog, workspace, needing, absent)),
        hints=tuple(_hints(needing, scope)),
        gaps=gaps,
    )


def of_unknown_workspaces(catalog: Catalog) -> Iterator[tuple[Cloud, Requirement]]:
    """All rows of workspaces that nothing is known of, one for each cloud and kind of cluster.

    Their hosts have `<parts>` where a workspace's own names would stand: the shapes of what the catalog can ask for.
    """
    for cloud, kind in product(Cloud, (ClusterType.AKS, ClusterType.ARC)):
        scope = Scope(cluster_type=kind, scenarios=tuple(Scenario), level=Level.OPTIONAL)
        yield from ((cloud, row) for row in expand(catalog, Workspace(cloud=cloud), scope).rows)


# ---------------------------------------------------------------------------------------------------------------------
# Rows → requirements


def _by_endpoint(rows: Iterable[Row]) -> Iterator[list[Row]]:
    groups: dict[Endpoint, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.requirement.endpoint, []).append(row)
    return iter(groups.values())


def _merged(rows: list[Row], own: tuple[str, ...], attached: set[str], of: EntriesOf) -> tuple[Requirement, int]:
    """One requirement for all wishes of a workspace for one endpoint: everything is kept, the strictest level wins."""
    rows = sorted(rows, key=lambda row: (row.requirement.level.rank, row.position))
    first, every = rows[0].requirement, [row.requirement for row in rows]
    # Those without a reason only add a source.
    strictest = [row for row in rows if row.requirement.reason and row.requirement.level is first.level]
    needing = {consumer.compute for row in rows for consumer in row.consumers if consumer.compute}
    merged = changed(
        first,
        **kept_of_all(every),
        workspaces=own,
        computes=() if needing == attached else tuple(sorted(needing)),
        reason=" ".join(unique(requirement.reason for requirement in every if requirement.reason)),
        resource=next((requirement.resource for requirement in every if requirement.resource), None),
        private=any(requirement.private for requirement in every),
        assumed=all(row.requirement.assumed for row in strictest),
        service_tags=next((requirement.service_tags for requirement in every if requirement.service_tags), ()),
        notes=unique((*_conditions(strictest), *(note for requirement in every for note in requirement.notes))),
    )
    return changed(merged, inspection=_inspected(merged, rows, of)), rows[0].position


def _inspected(merged: Requirement, rows: list[Row], of: EntriesOf) -> Optional[Effect]:
    """What documents say of an inspection of its TLS, for the kinds of clusters that need it."""
    kinds = {kind for row in rows for one in row.consumers if one.cluster for kind in one.cluster.types}
    return effect_on(components_of(of(merged), kinds)) if merged.protocol.value in ("https", "tls") else None


def _conditions(strictest: list[Row]) -> list[str]:
    """The conditions, only if every wish has one: beside an unconditional wish one would mislead."""
    conditions = [row.condition for row in strictest]
    return [f"{CONDITION}{condition}" for condition in conditions] if all(conditions) else []


def order(row: Requirement, position: int) -> tuple[Any, ...]:
    """Where a row stands in a list; `position` is that of its first entry in the catalog."""
    return row.topic.rank, row.level.rank, position, row.host, row.port, row.protocol.value


# ---------------------------------------------------------------------------------------------------------------------
# What has to be said beside the list


@dataclass(frozen=True)
class Absent:
    """An endpoint that is documented elsewhere and would be needed here, but has no known form in this cloud."""

    entry: str
    topic: Topic
    sentence: str


def _absent(
    catalog: Catalog,
    things: Mapping[str, tuple[Binding, ...]],
    workspace: Workspace,
    scope: Scope,
    needing: tuple[Consumer, ...],
) -> Iterator[Absent]:
    replaced = {old for entry in catalog.entries for old in entry.instead_of if _has_form(entry, workspace)}
    for entry in catalog.entries:
        without = [f for f in entry.forms if workspace.cloud not in f.hosts and Cloud.PUBLIC in f.hosts]
        hidden = entry.topic in scope.exclude or entry.id in replaced
        if without and not hidden and _wanted(entry, things, scope, needing):
            for form in without:
                host = PLACEHOLDER.sub(lambda match: f"<{match.group(1).replace('_', ' ')}>", form.hosts[Cloud.PUBLIC])
                plain = f"no form of {host} is documented for {workspace.cloud.label}."
                yield Absent(entry.id, entry.topic, f"{entry.id}: {entry.without_form or plain}")


def _has_form(entry: CatalogEntry, workspace: Workspace) -> bool:
    return any(workspace.cloud in form.hosts for form in entry.forms)


def _wanted(
    entry: CatalogEntry, things: Mapping[str, tuple[Binding, ...]], scope: Scope, needing: tuple[Consumer, ...]
) -> bool:
    for binding in things[entry.each]:
        decision = decide(entry.when, binding.facts)
        listed = decision is not False and level_of(entry, decision, binding).rank <= scope.level.rank
        if listed and who_needs(entry.needed_for, binding.consumer, needing, scope)[1]:
            return True
    return False


def _with_absent(rows: list[Requirement], absent: tuple[Absent, ...]) -> list[Requirement]:
    """The rows, the first of each topic with a note on what the topic leaves out in this cloud."""
    notes: dict[Topic, list[str]] = {}
    for missing in absent:
        notes.setdefault(missing.topic, []).append(missing.sentence)
    noted = []
    for row in rows:
        more = notes.pop(row.topic, [])
        noted.append(replace(row, notes=unique((*row.notes, *more))) if more else row)
    return noted


def _warnings(
    catalog: Catalog, workspace: Workspace, needing: tuple[Consumer, ...], absent: tuple[Absent, ...]
) -> Iterator[str]:
    if workspace.cloud in catalog.cloud_notes:
        yield catalog.cloud_notes[workspace.cloud]
    if absent:
        names = ", ".join(unique(missing.entry for missing in absent))
        yield f"Left out, because no form for {workspace.cloud.label} is documented: {names}."
    for consumer in needing:
        yield from _of_authorities(consumer)
        outbound = consumer.cluster.outbound_type if consumer.cluster else None
        if outbound and outbound.lower() in ("none", "block"):
            yield f"{f'Compute {consumer.compute}' if consumer.compute else 'The planned cluster'}: {consumer.notes[0]}"


def _gaps(workspace: Workspace, needing: tuple[Consumer, ...]) -> Iterator[Gap]:
    """The gaps that concern the list: not those of clusters that are out of scope."""
    others = {cluster.id for cluster in workspace.clusters} - {c.cluster.id for c in needing if c.cluster}
    yield from (gap for gap in workspace.gaps if gap.id not in others or gap.id is None)


def gap_lines(gaps: Sequence[Gap]) -> Iterator[str]:
    """A line for each gap; ten or more of one kind and reason are one line with their number."""
    alike: dict[tuple[str, str, str], list[Gap]] = {}
    for gap in gaps:
        alike.setdefault((gap.fact, gap.reason, gap.assumed), []).append(gap)
    for group in alike.values():
        if len(group) < _MANY:
            yield from map(str, group)
        else:
            yield f"{group[0]} So for {len(group)} in all, among them {', '.join(gap.resource for gap in group[1:4])}."


_MANY = 10


def _of_authorities(consumer: Consumer) -> Iterator[str]:
    """That nodes trust more than pods do, which hides an inspection of TLS from whoever looks at image pulls only."""
    if consumer.cluster and consumer.cluster.own_authorities:
        yield (
            f"Compute {consumer.compute}: its nodes trust {consumer.cluster.own_authorities} authorities of your own "
            "(custom CA trust); pods do not, so what a node may pull through an inspecting firewall a pod may refuse."
        )


def _hints(needing: tuple[Consumer, ...], scope: Scope) -> Iterator[str]:
    if scope.cluster_type is None and all(consumer.cluster is None for consumer in needing):
        kinds = " or ".join(kind.value for kind in ClusterType if kind is not ClusterType.NONE)
        yield (
            "No Kubernetes cluster is known, so rows of the cluster itself and of its extensions are left out; "
            f"--cluster-type {kinds} adds them."
        )
