"""Entries of the catalog → rows: what each asks for here, by whom, and whether it is needed at all. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence, TypeVar

from ..model import (
    CatalogEntry,
    Cloud,
    Endpoint,
    Form,
    Kind,
    Level,
    ProbeSpec,
    Protocol,
    Requirement,
    Scenario,
    Scope,
    Tags,
    Workspace,
    changed,
)
from ..text import is_address, is_host
from .bindings import Binding, Value
from .consumers import Consumer

T = TypeVar("T")
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True)
class Row:
    """One entry's wish for one endpoint, before wishes for the same endpoint are merged."""

    requirement: Requirement
    consumers: tuple[Consumer, ...]
    position: int
    condition: str = ""


def rows_of(
    entry: CatalogEntry,
    things: Mapping[str, tuple[Binding, ...]],
    workspace: Workspace,
    scope: Scope,
    needing: tuple[Consumer, ...],
    down_to: Level,
) -> Iterator[Row]:
    """What an entry asks for within a scope, at levels down to one; nothing where facts say that it does not."""
    if entry.topic in scope.exclude:
        return
    for form in entry.forms:
        template = form.hosts.get(workspace.cloud)
        for binding in things[entry.each] if template is not None else ():
            decision = decide(entry.when, binding.facts)
            level = level_of(entry, decision, binding) if decision is not False else None
            if level is None or level.rank > down_to.rank:
                continue
            who, scenarios = who_needs(entry.needed_for, binding.consumer, needing, scope)
            if scenarios:
                requirement = _requirement(entry, form, str(template), binding, workspace.cloud, scenarios)
                notes = unique((*requirement.notes, *_settings(entry, who)))
                requirement = changed(requirement, level=level, notes=notes)
                undecided = decision is None or not entry.when
                yield Row(requirement, who, entry.position, entry.condition if undecided else "")


def endpoints_of(
    entry: CatalogEntry, things: Mapping[str, tuple[Binding, ...]], workspace: Workspace
) -> Iterator[Endpoint]:
    """Every endpoint that an entry could ask for here, whether or not it does."""
    for form in entry.forms:
        template = form.hosts.get(workspace.cloud)
        for binding in things[entry.each] if template is not None else ():
            yield Endpoint(form.kind, fill(str(template), binding.values)[0], form.protocol, form.port)


def level_of(entry: CatalogEntry, decision: Optional[bool], binding: Binding) -> Level:
    """What the entry is worth here: a planned thing's undecided condition may lower it, a gap never does."""
    gaps = any(binding.because.get(fact) for fact in entry.when)
    planned = decision is None and not (binding.assumed or gaps)
    return entry.undecided if planned and entry.undecided else entry.level


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


def who_needs(
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
        private=entry.private_link and binding.private_endpoint and not binding.public_access,
        unresolved=unresolved,
        assumed=not unresolved and (binding.assumed or any(value.assumed for value in used)),
        service_tags=_service_tags(entry.service_tags, form, binding, cloud),
        fqdn_tags=entry.fqdn_tags.names if entry.fqdn_tags in known and entry.fqdn_tags else (),
        probe=_probe(entry, form, host, binding.values, cloud),
        sources=unique((*entry.sources, *(tags.source for tags in known))),
        notes=unique(_notes(entry, binding, used)),
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
    if entry.private_link and binding.selected_networks and binding.public_access:
        yield (
            "Its own firewall lets selected networks in only: the cluster's subnet (by a service endpoint) or, from "
            "elsewhere, the address it goes out with must be among them."
        )
    yield from entry.notes
    yield from binding.notes
    for fact in (*entry.when, entry.id):
        yield from binding.because.get(fact, ())
    yield from (value.assumed for value in used if value.assumed)


def fill(template: str, values: Mapping[str, Value]) -> tuple[str, list[Value]]:
    """The template with its placeholders filled, and the values that were used."""
    used = [values[name] for name in PLACEHOLDER.findall(template)]
    return PLACEHOLDER.sub(lambda match: values[match.group(1)].text, template), used


PROOF_BY_PROTOCOL = {
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
    plain = PROOF_BY_PROTOCOL.get(form.protocol) or ("ntp" if form.port == 123 else None)
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


def kept_of_all(every: Sequence[Requirement]) -> dict[str, Any]:
    """What becomes of the fields of wishes for one endpoint in which nothing of any of them is lost, for `replace`."""
    scenarios = {scenario for row in every for scenario in row.needed_for}
    needed_for = tuple(scenario for scenario in Scenario if scenario in scenarios)
    if len(every) == 1:
        return {"needed_for": needed_for}
    return {
        "needed_for": needed_for,
        "websocket": any(row.websocket for row in every),
        "entries": unique(entry for row in every for entry in row.entries),
        "unresolved": any(row.unresolved for row in every),
        "fqdn_tags": unique(tag for row in every for tag in row.fqdn_tags),
        "probe": next((row.probe for row in every if row.probe), None),
        "sources": unique(source for row in every for source in row.sources),
    }


def unique(items: Iterable[T]) -> tuple[T, ...]:
    """The items, each once, in their order."""
    return tuple(dict.fromkeys(items))
