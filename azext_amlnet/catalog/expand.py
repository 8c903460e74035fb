"""expand(catalog, workspace, scope) → requirements: the pure middle that all verbs share."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Iterable, Iterator, Mapping, Optional

from ..model import (
    Catalog,
    CatalogEntry,
    Cloud,
    ClusterType,
    CrossCheck,
    Dependency,
    Endpoint,
    Form,
    Kind,
    Level,
    ProbeSpec,
    Protocol,
    Requirement,
    Requirements,
    Scenario,
    Scope,
    Tags,
    Topic,
    Workspace,
    is_address,
    is_host,
    is_wildcard,
)
from .bindings import Binding, Consumer, Value, bindings, cluster_facts, consumers

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True)
class Row:
    """One entry's wish for one endpoint, before wishes for the same endpoint are merged."""

    requirement: Requirement
    consumers: tuple[Consumer, ...]
    position: int
    applies: bool
    condition: str = ""


def expand(catalog: Catalog, workspace: Workspace, scope: Scope) -> Requirements:
    """The complete outbound list of a workspace within a scope, in a stable order, and what must be said beside it.

    A condition is decided by facts. Where they cannot decide, the row stays and a note says the condition: a gap
    never shortens the list.
    """
    needing = consumers(workspace, scope)
    things = bindings(catalog, workspace, needing)
    rows = [row for entry in catalog.entries for row in _rows(entry, things, workspace, scope, needing)]
    if scope.cross_check:
        rows += _cross_check(catalog, workspace, scope, needing, rows)
    attached = {compute.name for compute in workspace.computes or ()}
    asked = [row for row in rows if row.applies and row.requirement.level.rank <= scope.level.rank]
    merged = [_merged(group, attached) for group in _by_endpoint(asked)]
    absent = tuple(_absent(catalog, things, workspace, scope, needing))
    listed = _with_absent([row for row, _ in sorted(merged, key=lambda pair: _order(*pair))], absent)
    return Requirements(
        rows=tuple(listed),
        warnings=tuple(_warnings(catalog, workspace, needing, absent)),
        hints=tuple(_hints(needing, scope)),
    )


# ---------------------------------------------------------------------------------------------------------------------
# Entries → rows


def _rows(
    entry: CatalogEntry,
    things: Mapping[str, tuple[Binding, ...]],
    workspace: Workspace,
    scope: Scope,
    needing: tuple[Consumer, ...],
) -> Iterator[Row]:
    for form in entry.forms:
        template = form.hosts.get(workspace.cloud)
        if template is None:
            continue
        for binding in things[entry.each]:
            decision = decide(entry.when, binding.facts)
            who, scenarios = _who_needs(entry.needed_for, binding.consumer, needing, scope)
            applies = decision is not False and bool(scenarios) and entry.topic not in scope.exclude
            requirement = _requirement(entry, form, template, binding, workspace.cloud, scenarios)
            requirement = replace(requirement, notes=_unique((*requirement.notes, *_settings(entry, who))))
            undecided = decision is None or not entry.when
            yield Row(requirement, who, entry.position, applies, entry.condition if undecided else "")


def _settings(entry: CatalogEntry, who: tuple[Consumer, ...]) -> Iterator[str]:
    """For what only training or only inference needs: why it is not known whether a cluster does it."""
    if len({Scenario.TRAINING, Scenario.INFERENCE} & set(entry.needed_for)) == 1:
        for consumer in who:
            yield from consumer.setting_notes


def decide(when: Mapping[str, tuple[Any, ...]], facts: Mapping[str, Any]) -> Optional[bool]:
    """Whether the facts meet every condition; None when a fact that is not known would decide."""
    verdict: Optional[bool] = True
    for fact, accepted in when.items():
        value = facts.get(fact)
        if value is None:
            verdict = None
        elif not any(item in accepted for item in (value if isinstance(value, tuple) else (value,))):
            return False
    return verdict


def _who_needs(
    needed_for: tuple[Scenario, ...], owner: Optional[Consumer], needing: tuple[Consumer, ...], scope: Scope
) -> tuple[tuple[Consumer, ...], tuple[Scenario, ...]]:
    """The clusters that need it, and for what; people at their desks and managed compute are no clusters."""
    candidates = (owner,) if owner else needing
    who = tuple(consumer for consumer in candidates if consumer.scenarios & set(needed_for))
    others = {Scenario.WORKSTATION, Scenario.MANAGED_COMPUTE} & set(scope.scenarios)
    active = {s for consumer in who for s in consumer.scenarios} | others
    if owner and others & set(needed_for):  # what people need because of this cluster
        who = (owner,)
    return who, tuple(s for s in needed_for if s in active)


def _requirement(
    entry: CatalogEntry,
    form: Form,
    template: str,
    binding: Binding,
    cloud: Cloud,
    scenarios: tuple[Scenario, ...],
) -> Requirement:
    host, used = fill(template, binding.values)
    private = entry.private_link and binding.private_endpoint and not binding.public_access
    unresolved = any(value.missing for value in used)
    known = [tags for tags in (entry.service_tags, entry.fqdn_tags) if tags and cloud in tags.clouds]
    return Requirement(
        host=host,
        port=form.port,
        protocol=form.protocol,
        kind=form.kind,
        level=entry.level,
        needed_for=scenarios,
        topic=entry.topic,
        websocket=entry.websocket,
        reason=fill(entry.summary, binding.values)[0],
        entries=(entry.id,),
        resource=binding.resource,
        private=private,
        unresolved=unresolved,
        assumed=not unresolved and (binding.assumed or any(value.assumed for value in used)),
        service_tags=_service_tags(entry.service_tags, form, binding, cloud),
        fqdn_tags=entry.fqdn_tags.names if entry.fqdn_tags in known and entry.fqdn_tags else (),
        probe=_probe(entry, form, host, binding.values, cloud),
        sources=_unique((*entry.sources, *(tags.source for tags in known))),
        notes=_unique(_notes(entry, binding, used)),
    )


def _service_tags(tags: Optional[Tags], form: Form, binding: Binding, cloud: Cloud) -> tuple[str, ...]:
    """The tags with their regions; without, where the region is not known, which is the whole cloud."""
    if tags is None or cloud not in tags.clouds or form.kind not in (Kind.FQDN, Kind.WILDCARD):
        return ()
    filled = (fill(name, binding.values) for name in tags.names)
    return tuple(text.partition(".<")[0] if any(v.missing for v in used) else text for text, used in filled)


def _notes(entry: CatalogEntry, binding: Binding, used: list[Value]) -> Iterator[str]:
    if entry.private_link and binding.private_endpoint:
        if binding.public_access:
            yield "Has a private endpoint: where its DNS zone is linked the name resolves privately and needs no rule."
        else:
            yield "Served by a private endpoint: it must resolve to a private address; a firewall rule is no help."
    elif entry.private_link and not binding.public_access:
        yield "Public access is disabled and no private endpoint is approved: nothing can reach it as it is."
    yield from entry.notes
    yield from binding.notes
    for fact in entry.when:
        yield from binding.because.get(fact, ())
    yield from (value.assumed for value in used if value.assumed)


def fill(template: str, values: Mapping[str, Value]) -> tuple[str, list[Value]]:
    """The template with its placeholders filled, and the values that were used."""
    used = [values[name] for name in _PLACEHOLDER.findall(template)]
    return _PLACEHOLDER.sub(lambda match: values[match.group(1)].text, template), used


_PROOF_BY_PROTOCOL = {
    Protocol.HTTPS: "any-answer",
    Protocol.HTTP: "any-answer",
    Protocol.TLS: "tls",
    Protocol.TCP: "connect",
    Protocol.SMB: "smb",
}


def _probe(
    entry: CatalogEntry, form: Form, host: str, values: Mapping[str, Value], cloud: Cloud
) -> Optional[ProbeSpec]:
    """How the row is tried: by its own name, or by the entry's stand-in; None where nothing concrete can be tried."""
    plain = _PROOF_BY_PROTOCOL.get(form.protocol) or ("ntp" if form.port == 123 else None)
    if plain is None or form.kind is Kind.SERVICE_TAG:
        return None
    target, path, proof = host, "/", plain
    if entry.probe is not None:
        target = fill(entry.probe.hosts[cloud], values)[0] if cloud in entry.probe.hosts else host
        if form.protocol in (Protocol.HTTPS, Protocol.HTTP):
            path, proof = entry.probe.path, entry.probe.proof
    if is_address(target):  # nobody's name: a certificate for it cannot be asked for
        return ProbeSpec(target, "/", "connect") if proof != "ntp" else ProbeSpec(target, "/", proof)
    if not is_host(target):
        return None
    return ProbeSpec(target, path, proof)


# ---------------------------------------------------------------------------------------------------------------------
# Rows → requirements


def _by_endpoint(rows: Iterable[Row]) -> Iterator[list[Row]]:
    groups: dict[Endpoint, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.requirement.endpoint, []).append(row)
    return iter(groups.values())


def _merged(rows: list[Row], attached: set[str]) -> tuple[Requirement, int]:
    """One requirement for all wishes for one endpoint: everything is kept, the strictest level wins.

    A condition is kept only if every wish has one: beside an unconditional wish it would mislead.
    """
    rows = sorted(rows, key=lambda row: (row.requirement.level.rank, row.position))
    first = rows[0].requirement
    every = [row.requirement for row in rows]
    wishes = [row for row in rows if row.requirement.reason]  # the others only add a source
    asking = [row.condition for row in wishes if row.requirement.level is first.level]
    conditions = [f"Condition: {condition}" for condition in asking] if all(asking) else []
    needing = {consumer.compute for row in rows for consumer in row.consumers if consumer.compute}
    scenarios = {scenario for requirement in every for scenario in requirement.needed_for}
    merged = replace(
        first,
        needed_for=tuple(scenario for scenario in Scenario if scenario in scenarios),
        computes=() if needing == attached else tuple(sorted(needing)),
        websocket=any(requirement.websocket for requirement in every),
        reason=" ".join(_unique(requirement.reason for requirement in every if requirement.reason)),
        entries=_unique(entry for requirement in every for entry in requirement.entries),
        resource=next((requirement.resource for requirement in every if requirement.resource), None),
        private=any(requirement.private for requirement in every),
        unresolved=any(requirement.unresolved for requirement in every),
        assumed=all(row.requirement.assumed for row in wishes if row.requirement.level is first.level),
        service_tags=next((requirement.service_tags for requirement in every if requirement.service_tags), ()),
        fqdn_tags=_unique(tag for requirement in every for tag in requirement.fqdn_tags),
        probe=next((requirement.probe for requirement in every if requirement.probe), None),
        sources=_unique(source for requirement in every for source in requirement.sources),
        notes=_unique((*conditions, *(note for requirement in every for note in requirement.notes))),
    )
    return merged, rows[0].position


def _order(row: Requirement, position: int) -> tuple[Any, ...]:
    return row.topic.rank, row.level.rank, position, row.host, row.port, row.protocol.value


def _unique(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(items))


# ---------------------------------------------------------------------------------------------------------------------
# Azure's own lists


def _cross_check(
    catalog: Catalog, workspace: Workspace, scope: Scope, needing: tuple[Consumer, ...], rows: list[Row]
) -> Iterator[Row]:
    """Azure's own dependency lists as rows: a source more for an endpoint that is known, a new row for one that is not.

    An endpoint that the catalog knows and does not ask for here (a condition that is not met, a topic or scenario out
    of scope) is not brought back by Azure's list, which knows neither the scope nor the cluster's nodes; one that it
    does ask for keeps its level.
    """
    known: dict[Endpoint, Optional[Requirement]] = {}
    for row in rows:
        endpoint, asked = row.requirement.endpoint, known.get(row.requirement.endpoint)
        stricter = asked is None or row.requirement.level.rank < asked.level.rank
        if row.applies and stricter:
            known[endpoint] = row.requirement
        known.setdefault(endpoint, None)
    for dependency in workspace.dependencies:
        check = catalog.cross_checks.get(dependency.origin)
        if check is None:
            continue
        row = _dependency_row(catalog, check, dependency, needing, scope)
        endpoint = row.requirement.endpoint
        asked = known.get(endpoint)
        if asked is not None and row.applies:
            yield _as_source(row, asked)
        elif endpoint not in known and check.topic not in scope.exclude:
            yield row


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
    scenarios = {s for owner in owners for s in _who_needs(check.needed_for, owner, needing, scope)[1]}
    retired = next((host for host in catalog.retired if host.host == dependency.host), None)
    category = f"Azure lists it under '{dependency.category}'." if dependency.category else ""
    note = f"Retired since {retired.since}: {retired.reason}." if retired else ""
    kind = _kind(dependency.host)
    proof = _PROOF_BY_PROTOCOL.get(dependency.protocol) if kind is Kind.FQDN else None
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
        notes=_unique((*filter(None, (category, note)), *(note for owner in owners for note in owner.notes))),
    )
    return Row(requirement, owners, len(catalog.entries), bool(scenarios))


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


# ---------------------------------------------------------------------------------------------------------------------
# What has to be said beside the list


@dataclass(frozen=True)
class Absent:
    """An endpoint that is documented elsewhere and would be needed here, but has no known form in this cloud."""

    entry: str
    topic: Topic
    said: str


def _absent(
    catalog: Catalog,
    things: Mapping[str, tuple[Binding, ...]],
    workspace: Workspace,
    scope: Scope,
    needing: tuple[Consumer, ...],
) -> Iterator[Absent]:
    replaced = {old for entry in catalog.entries for old in entry.instead_of if _has_form(entry, workspace)}
    for entry in catalog.entries:
        hidden = entry.level.rank > scope.level.rank or entry.topic in scope.exclude or entry.id in replaced
        if hidden or not _wanted(entry, things, scope, needing):
            continue
        for form in entry.forms:
            if workspace.cloud not in form.hosts and Cloud.PUBLIC in form.hosts:
                host = _PLACEHOLDER.sub(lambda match: f"<{match.group(1).replace('_', ' ')}>", form.hosts[Cloud.PUBLIC])
                plain = f"no form of {host} is documented for {workspace.cloud.label}."
                yield Absent(entry.id, entry.topic, f"{entry.id}: {entry.without_form or plain}")


def _has_form(entry: CatalogEntry, workspace: Workspace) -> bool:
    return any(workspace.cloud in form.hosts for form in entry.forms)


def _wanted(
    entry: CatalogEntry, things: Mapping[str, tuple[Binding, ...]], scope: Scope, needing: tuple[Consumer, ...]
) -> bool:
    return any(
        decide(entry.when, binding.facts) is not False
        and _who_needs(entry.needed_for, binding.consumer, needing, scope)[1]
        for binding in things[entry.each]
    )


def _with_absent(rows: list[Requirement], absent: tuple[Absent, ...]) -> list[Requirement]:
    """The rows, the first of each topic with a note on what the topic leaves out in this cloud."""
    said: dict[Topic, list[str]] = {}
    for missing in absent:
        said.setdefault(missing.topic, []).append(missing.said)
    noted = []
    for row in rows:
        more = said.pop(row.topic, [])
        noted.append(replace(row, notes=_unique((*row.notes, *more))) if more else row)
    return noted


def _warnings(
    catalog: Catalog, workspace: Workspace, needing: tuple[Consumer, ...], absent: tuple[Absent, ...]
) -> Iterator[str]:
    others = {cluster.id for cluster in workspace.clusters} - {c.cluster.id for c in needing if c.cluster}
    yield from (str(gap) for gap in workspace.gaps if gap.id not in others or gap.id is None)
    if workspace.cloud in catalog.cloud_notes:
        yield catalog.cloud_notes[workspace.cloud]
    if absent:
        names = ", ".join(_unique(missing.entry for missing in absent))
        yield f"Left out, because no form for {workspace.cloud.label} is documented: {names}."
    for consumer in needing:
        outbound = consumer.cluster.outbound_type if consumer.cluster else None
        if outbound and outbound.lower() in ("none", "block"):
            yield f"{f'Compute {consumer.compute}' if consumer.compute else 'The planned cluster'}: {consumer.notes[0]}"


def _hints(needing: tuple[Consumer, ...], scope: Scope) -> Iterator[str]:
    if scope.cluster_type is None and all(consumer.cluster is None for consumer in needing):
        kinds = " or ".join(kind.value for kind in ClusterType if kind is not ClusterType.NONE)
        yield (
            "No Kubernetes cluster is known, so rows of the cluster itself and of its extensions are left out; "
            f"--cluster-type {kinds} adds them."
        )
