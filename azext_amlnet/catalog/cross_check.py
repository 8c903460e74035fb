"""Azure's own dependency lists → rows beside the catalog's. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Iterator, Mapping

from ..model import (
    Catalog,
    CrossCheck,
    Dependency,
    Endpoint,
    Kind,
    Level,
    ProbeSpec,
    Protocol,
    Requirement,
    Scenario,
    Scope,
    Workspace,
)
from ..text import is_address, is_wildcard
from .bindings import Binding, cluster_facts
from .consumers import Consumer
from .rows import PROOF_BY_PROTOCOL, Row, decide, endpoints_of, unique, who_needs


def cross_checked(
    catalog: Catalog,
    workspace: Workspace,
    scope: Scope,
    needing: tuple[Consumer, ...],
    rows: list[Row],
    things: Mapping[str, tuple[Binding, ...]],
) -> Iterator[Row]:
    """Azure's own dependency lists as rows: a source more for an endpoint that is known, a new row for one that is not.

    An endpoint that the catalog knows and does not ask for here (a condition that is not met, a topic or scenario out
    of scope) is not brought back by Azure's list, which knows neither the scope nor the cluster's nodes; one that it
    does ask for keeps its level.
    """
    known = {e for entry in catalog.entries for e in endpoints_of(entry, things, workspace)}
    asked = _strictest(rows)
    for dependency in workspace.dependencies:
        check = catalog.cross_checks.get(dependency.origin)
        if check is None:
            continue
        row = _dependency_row(catalog, check, dependency, needing, scope)
        endpoint = row.requirement.endpoint
        if not row.requirement.needed_for:
            continue
        if endpoint in asked:
            yield _as_source(row, asked[endpoint])
        elif endpoint not in known and check.topic not in scope.exclude:
            yield row


def _strictest(rows: list[Row]) -> dict[Endpoint, Requirement]:
    """What is asked for each endpoint, at its strictest level."""
    asked: dict[Endpoint, Requirement] = {}
    for requirement in (row.requirement for row in rows):
        other = asked.setdefault(requirement.endpoint, requirement)
        if requirement.level.rank < other.level.rank:
            asked[requirement.endpoint] = requirement
    return asked


def _as_source(row: Row, known: Requirement) -> Row:
    """A row of Azure's list that adds a source to what the catalog asks for anyway, and nothing else."""
    requirement = replace(
        row.requirement,
        level=known.level,
        topic=known.topic,
        needed_for=(),
        reason="",
        resource=None,
        probe=None,
        notes=row.requirement.notes[:1],  # where Azure lists it; the cluster's own notes are the cluster's rows'
    )
    return replace(row, requirement=requirement, consumers=())


def _dependency_row(
    catalog: Catalog, check: CrossCheck, dependency: Dependency, needing: tuple[Consumer, ...], scope: Scope
) -> Row:
    rule = check.categories.get(dependency.category, {})
    owners = tuple(_owners(dependency, rule.get("when") or {}, needing))
    scenarios = {s for owner in owners for s in who_needs(check.needed_for, owner, needing, scope)[1]}
    retired = next((host for host in catalog.retired if host.host == dependency.host), None)
    category = f"Azure lists it under '{dependency.category}'." if dependency.category else ""
    note = f"Retired since {retired.since}: {retired.reason}." if retired else ""
    kind = _kind(dependency.host)
    proof = PROOF_BY_PROTOCOL.get(dependency.protocol) if kind is Kind.FQDN else None
    proof = "connect" if kind is Kind.IP and dependency.protocol is not Protocol.UDP else proof
    requirement = Requirement(
        host=dependency.host,
        port=dependency.port,
        protocol=dependency.protocol,
        kind=kind,
        level=Level(rule.get("level") or ("optional" if retired else "recommended")),
        needed_for=tuple(s for s in Scenario if s in scenarios),
        topic=check.topic,
        reason=check.summary,
        entries=(check.entry,),
        resource=dependency.cluster_id,
        probe=ProbeSpec(dependency.host, "/", proof) if proof else None,
        sources=(check.source,),
        notes=unique((*filter(None, (category, note)), *(note for owner in owners for note in owner.notes))),
    )
    return Row(requirement, owners, len(catalog.entries))


def _kind(host: str) -> Kind:
    """What a host of Azure's list is; it does not say so itself."""
    if is_address(host):
        return Kind.IP
    return Kind.WILDCARD if is_wildcard(host) else Kind.FQDN


def _owners(
    dependency: Dependency, when: Mapping[str, tuple[Any, ...]], needing: tuple[Consumer, ...]
) -> Iterator[Consumer]:
    """The clusters that a line of Azure's list speaks of: one by its id, or all of the workspace."""
    for consumer in needing:
        cluster = consumer.cluster
        if dependency.cluster_id is None:
            yield consumer
        elif cluster is not None and (cluster.id or "").lower() == dependency.cluster_id.lower():
            yield from (consumer,) if decide(when, cluster_facts(cluster)) is not False else ()
