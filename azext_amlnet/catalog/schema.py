"""YAML → catalog entries, strictly: every complaint begins with file and line, and nothing is guessed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Mapping, Optional

from ..errors import CatalogError
from ..model import (
    CatalogEntry,
    Cloud,
    CrossCheck,
    Form,
    Kind,
    Level,
    Middlebox,
    Origin,
    ProbeForm,
    Proof,
    Protocol,
    Retired,
    Scenario,
    ServiceTag,
    Source,
    Tags,
    Topic,
)
from ..text import is_address, is_host, is_service_tag, is_wildcard
from .blocks import Block, date, keys, listing, mapping, one_of, text, texts

# What an entry can be repeated for, and the facts about it that `when` may ask. `bindings.py` supplies exactly these.
_WORKSPACE_FACTS: dict[str, Any] = {"workspace_private": bool, "discovery_host": bool, "hbi": bool}
_REGISTRY_FACTS: dict[str, Any] = {"data_endpoints": bool}
_CLUSTER_FACTS: dict[str, Any] = {
    "cluster_type": ("aks", "arc"),
    "private_cluster": bool,
    "api_server": bool,
    "gpu_nodes": bool,
    "windows_nodes": bool,
    "azure_policy": bool,
    "monitoring": bool,
    "defender": bool,
    "key_vault_csi": bool,
    "workspace_private": bool,
    "arc_gateway": bool,
    "azure_rbac": bool,
    "relay": bool,
    "service_bus": bool,
}
FACTS: dict[str, dict[str, Any]] = {
    "workspace": _WORKSPACE_FACTS,
    "hub": {},
    "registry": _REGISTRY_FACTS,
    "replica": _REGISTRY_FACTS,
    "regional-endpoint": _REGISTRY_FACTS,
    "storage": {"default": bool, "hierarchical_namespace": bool, "secondary": bool, "datastore": str},
    "key-vault": {},
    "app-insights": {"ingestion": bool, "live": bool},
    "ml-registry-images": {},
    "ml-registry-storage": {},
    "ml-registry-region": {},
    "cluster": _CLUSTER_FACTS,
    "service-bus": {},
}

_ALWAYS: tuple[str, ...] = ("workspace_id", "workspace_region", "discovery_host", "notebook_host")
_ALWAYS += ("default_blob_host", "default_table_host", "default_queue_host")
_ALWAYS += ("storage", "acr", "vault", "servicebus")
_OF_CLUSTER: tuple[str, ...] = ("cluster_region", "api_server", "api_server_address", "dns_address")
_OF_CLUSTER += ("relay_host", "arc_gateway_host", "arc_region_code")
_OF_STORAGE: tuple[str, ...] = (
    "account",
    "account_region",
    "blob_host",
    "file_host",
    "queue_host",
    "table_host",
    "dfs_host",
)
_OF_STORAGE += ("secondary_host", "lake_host")
PLACEHOLDERS: dict[str, tuple[str, ...]] = {
    "workspace": _ALWAYS,
    "hub": (*_ALWAYS, "hub_workspace_id"),
    "registry": (*_ALWAYS, "registry_login_server"),
    "replica": (*_ALWAYS, "registry_data_host", "replica_region"),
    "regional-endpoint": (*_ALWAYS, "registry_regional_host"),
    "storage": (*_ALWAYS, *_OF_STORAGE),
    "key-vault": (*_ALWAYS, "vault_host", "vault_region"),
    "app-insights": (*_ALWAYS, "ingestion_host", "live_host"),
    "ml-registry-images": (*_ALWAYS, "ml_registry", "registry_acr"),
    "ml-registry-storage": (*_ALWAYS, "ml_registry", "registry_storage"),
    "ml-registry-region": (*_ALWAYS, "ml_registry", "registry_region"),
    "cluster": (*_ALWAYS, *_OF_CLUSTER),
    "service-bus": (*_ALWAYS, "cluster_region", "service_bus_host"),
}
"""The closed list: for each thing an entry is repeated for, the placeholders that have a value there."""

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")


def host(value: Any, place: str, what: str) -> str:
    """The value, once it is sure that it is a host name."""
    name = text(value, place, what)
    _check_host(name, Kind.FQDN, place)
    return name


def scenarios(value: Any, place: str) -> tuple[Scenario, ...]:
    """A list of scenarios, in the order of the model."""
    items = listing(value, place, "needed_for")
    names = {one_of(item, [s.value for s in Scenario], place, "scenario") for item in items}
    if not names:
        raise CatalogError(f"{place}: 'needed_for' names no scenario")
    return tuple(scenario for scenario in Scenario if scenario.value in names)


# ---------------------------------------------------------------------------------------------------------------------
# The tables of catalog.yaml


def read_sources(value: Any, place: str, pages: Mapping[str, Source]) -> tuple[Source, ...]:
    """The pages an entry names, by their short names in catalog.yaml."""
    names = texts(value, place, "source")
    return tuple(pages[one_of(name, pages, place, "page")] for name in names)


def read_page(block: Any, place: str) -> Source:
    """A page of the bibliography: where it is and when it was last read."""
    block = keys(block, place, ("url", "checked"))
    url = text(block["url"], block.place, "url")
    if not url.startswith("https://"):
        raise CatalogError(f"{block.place}: the url '{url}' does not begin with https://")
    return Source(url, date(block["checked"], block.place, "checked"))


def read_issuers(block: Any, place: str, pages: Mapping[str, Source]) -> tuple[str, ...]:
    """The organizations whose certificates are public ones; raises CatalogError for a block that breaks the schema."""
    block = keys(block, place, ("names", "source"))
    one_of(block["source"], pages, block.place, "page")
    return tuple(text(name, block.place, "names") for name in listing(block["names"], block.place, "names"))


def read_middlebox(block: Any, place: str) -> Middlebox:
    """A maker of middleboxes, with its marks and where they are shown."""
    block = keys(block, place, ("maker", "marks", "source"))
    marks = tuple(_mark(mark, block.place) for mark in listing(block["marks"], block.place, "marks"))
    if not marks:
        raise CatalogError(f"{block.place}: 'marks' names none")
    sources = texts(block["source"], block.place, "source")
    return Middlebox(text(block["maker"], block.place, "maker"), marks, tuple(sources))


_PROOF_ALLOWED = ("source", "statuses", "marks", "forbidden", "upgrade", "own_authority")


def read_proof(name: str, block: Any, place: str, pages: Mapping[str, Source]) -> Proof:
    """What counts as the service's own answer."""
    block = keys(block, place, ("path", "summary"), _PROOF_ALLOWED)
    statuses = listing(block.get("statuses", []), block.place, "statuses")
    if not all(type(status) is int and 100 <= status < 600 for status in statuses):
        raise CatalogError(f"{block.place}: 'statuses' must be HTTP status codes")
    _check_flags(block, "forbidden", "upgrade")
    own = block.get("own_authority")
    return Proof(
        name=name,
        path=text(block["path"], block.place, "path"),
        summary=text(block["summary"], block.place, "summary"),
        source=read_sources(block["source"], block.place, pages)[0] if "source" in block else None,
        statuses=tuple(statuses),
        marks=tuple(_mark(mark, block.place) for mark in listing(block.get("marks", []), block.place, "marks")),
        forbidden=block.get("forbidden", False),
        upgrade=block.get("upgrade", False),
        own_authority=None if own is None else text(own, block.place, "own_authority"),
    )


def _mark(value: Any, place: str) -> tuple[str, str]:
    """`header` or `header: what it contains`, the header in lower case."""
    name, _, content = text(value, place, "marks").partition(":")
    return name.strip().lower(), content.strip()


def read_cross_check(origin: Origin, block: Any, place: str, pages: Mapping[str, Source]) -> CrossCheck:
    """One of Azure's own lists: what a row that only it names is worth."""
    block = keys(block, place, ("entry", "summary", "topic", "needed_for", "source"), ("categories",))
    categories = {}
    for name, rule in mapping(block.get("categories", Block()), block.place, "categories").items():
        rule = keys(rule, block.place, (), ("level", "when"))
        if "level" in rule:
            one_of(rule["level"], [level.value for level in Level], rule.place, "level")
        categories[name] = {"level": rule.get("level"), "when": read_when(rule.get("when"), "cluster", rule.place)}
    return CrossCheck(
        origin=origin,
        entry=text(block["entry"], block.place, "entry"),
        summary=text(block["summary"], block.place, "summary"),
        topic=Topic(one_of(block["topic"], [topic.value for topic in Topic], block.place, "topic")),
        needed_for=scenarios(block["needed_for"], block.place),
        source=read_sources(block["source"], block.place, pages)[0],
        categories=categories,
    )


def read_tags(block: Any, place: str, pages: Mapping[str, Source]) -> tuple[tuple[str, ...], Tags]:
    """The entries that a line of the tables of tags is about, and the tags."""
    block = keys(block, place, ("tags", "entries", "source"), ("clouds",))
    names = texts(block["tags"], block.place, "tags")
    for name in names:
        _check_host(name, Kind.SERVICE_TAG, block.place)
    clouds = texts(block["clouds"], block.place, "clouds") if "clouds" in block else [cloud.value for cloud in Cloud]
    known = [Cloud(one_of(name, [cloud.value for cloud in Cloud], block.place, "cloud")) for name in clouds]
    source = read_sources(block["source"], block.place, pages)[0]
    return texts(block["entries"], block.place, "entries"), Tags(names, tuple(known), source)


def read_service_tag(block: Any, place: str, pages: Mapping[str, Source]) -> ServiceTag:
    """A line of Azure's table of service tags."""
    block = keys(block, place, ("tag", "purpose", "serves", "source"), ("regional",))
    _check_flags(block, "regional")
    name = text(block["tag"], block.place, "tag")
    _check_host(name, Kind.SERVICE_TAG, block.place)
    anything = block["serves"] == "anything"
    domains = () if anything or not block["serves"] else texts(block["serves"], block.place, "serves")
    return ServiceTag(
        name=name,
        purpose=text(block["purpose"], block.place, "purpose"),
        serves=None if anything else tuple(host(domain, block.place, "serves") for domain in domains),
        regional=block.get("regional", False),
        source=read_sources(block["source"], block.place, pages)[0],
    )


def with_tags(entry: CatalogEntry, service: Optional[Tags], fqdn: Optional[Tags], place: str) -> CatalogEntry:
    """The entry with its tags, once it is sure that it has a value for their placeholders."""
    for tags in filter(None, (service, fqdn)):
        for name in tags.names:
            _template(name, entry.each, place)
    return replace(entry, service_tags=service, fqdn_tags=fqdn) if service or fqdn else entry


def read_shared(
    block: Any, place: str, clouds: Mapping[Cloud, Mapping[str, str]], pages: Mapping[str, Source]
) -> dict[str, str]:
    """What anybody can have a name below (suffixes of all clouds, service tags in lower case), and why that matters."""
    block = keys(block, place, ("reason", "source"), ("below", "tags"))
    one_of(block["source"], pages, block.place, "page")
    reason = text(block["reason"], block.place, "reason")
    reasons = {}
    for form in texts(block["below"], block.place, "below") if "below" in block else ():
        for suffixes in clouds.values():
            for name in _PLACEHOLDER.findall(form):
                one_of(name, suffixes, block.place, "placeholder")
            reasons[host(_filled(form, suffixes), block.place, "below")] = reason
    for name in texts(block["tags"], block.place, "tags") if "tags" in block else ():
        _check_host(name, Kind.SERVICE_TAG, block.place)
        reasons[name.lower()] = reason
    return reasons


def _filled(form: str, suffixes: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: suffixes[match[1]], form)


def read_retired(block: Any, place: str, pages: Mapping[str, Source]) -> Retired:
    """A host that nobody needs any more."""
    block = keys(block, place, ("host", "since", "reason", "source"))
    return Retired(
        host=host(block["host"], block.place, "host"),
        since=text(block["since"], block.place, "since"),
        reason=text(block["reason"], block.place, "reason"),
        source=read_sources(block["source"], block.place, pages)[0],
    )


# ---------------------------------------------------------------------------------------------------------------------
# Entries

_ENTRY_NEEDED = ("id", "summary", "allow", "needed_for", "level", "source")
_ENTRY_ALLOWED: tuple[str, ...] = ("each", "clouds", "when", "condition", "private_link", "websocket", "probe", "notes")
_ENTRY_ALLOWED += ("without_form", "instead_of", "undecided", "since")


def read_entry(
    block: Any, place: str, topic: Topic, position: int, pages: Mapping[str, Source], proofs: Mapping[str, Proof]
) -> CatalogEntry:
    """One entry, complete and checked; raises CatalogError that begins with file and line."""
    block = keys(block, place, _ENTRY_NEEDED, _ENTRY_ALLOWED)
    place = block.place
    identifier = text(block["id"], place, "id")
    if not _ID.match(identifier):
        raise CatalogError(f"{place}: the id '{identifier}' is not in lower-case-with-hyphens")
    each = one_of(block.get("each", "workspace"), FACTS, place, "thing to repeat an entry for")
    _check_flags(block, "private_link", "websocket")
    return CatalogEntry(
        id=identifier,
        since=_version(block["since"], place) if "since" in block else "",
        topic=topic,
        summary=_template(text(block["summary"], place, "summary"), each, place),
        each=each,
        forms=_forms(block, each, place),
        needed_for=scenarios(block["needed_for"], place),
        level=_level(block["level"], place),
        undecided=_level(block["undecided"], place) if "undecided" in block else None,
        when=read_when(block.get("when"), each, place),
        condition=text(block["condition"], place, "condition") if "condition" in block else "",
        private_link=block.get("private_link", False),
        websocket=block.get("websocket", False),
        probe=_probe(block.get("probe"), each, place, proofs),
        without_form=text(block["without_form"], place, "without_form") if "without_form" in block else "",
        instead_of=texts(block["instead_of"], place, "instead_of") if "instead_of" in block else (),
        sources=read_sources(block["source"], place, pages),
        notes=texts(block["notes"], place, "notes") if "notes" in block else (),
        position=position,
        place=place,
    )


def _check_flags(block: Block, *names: str) -> None:
    for name in names:
        if block.get(name, False) not in (True, False):
            raise CatalogError(f"{block.place}: '{name}' must be true or false")


_VERSION = re.compile(r"\d{4}\.\d{2}\.\d{2}(?:\.\d+)?\Z")


def _version(value: Any, place: str) -> str:
    version = text(value, place, "since")
    if not _VERSION.match(version):
        raise CatalogError(f"{place}: 'since' is no version of the catalog such as 2026.11.23: '{version}'")
    return version


def _level(value: Any, place: str) -> Level:
    return Level(one_of(value, [level.value for level in Level], place, "level"))


def _forms(block: Block, each: str, place: str) -> tuple[Form, ...]:
    named = listing(block.get("clouds", ["public"]), place, "clouds")
    clouds = [Cloud(one_of(name, [cloud.value for cloud in Cloud], place, "cloud")) for name in named]
    items = block["allow"]
    if not isinstance(items, list) or not items:
        raise CatalogError(f"{place}: 'allow' lists no endpoint")
    return tuple(_form(item, clouds, each, place) for item in items)


def _form(item: Any, clouds: list[Cloud], each: str, place: str) -> Form:
    item = keys(item, place, (), ("fqdn", "ip", "tag", "protocol", "port"))
    place = item.place
    names = [key for key in ("fqdn", "ip", "tag") if key in item]
    if len(names) != 1:
        raise CatalogError(f"{place}: an endpoint has exactly one of fqdn, ip and tag")
    value = item[names[0]]
    hosts = dict.fromkeys(clouds, value) if isinstance(value, str) else _by_cloud(value, place)
    kinds = {_kind(names[0], host) for host in hosts.values()}
    if len(kinds) != 1:
        raise CatalogError(f"{place}: the forms of one endpoint are partly wildcards; make them two entries")
    kind = kinds.pop()
    for host in hosts.values():
        _check_host(_template(text(host, place, names[0]), each, place), kind, place)
    protocol = Protocol(one_of(item.get("protocol", "https"), [p.value for p in Protocol], place, "protocol"))
    return Form(hosts=hosts, kind=kind, protocol=protocol, port=_port(item, protocol, place))


def _by_cloud(value: Any, place: str) -> dict[Cloud, str]:
    block = keys(value, place, (), [cloud.value for cloud in Cloud])
    if not block:
        raise CatalogError(f"{place}: the endpoint has no form in any cloud")
    return {Cloud(name): host for name, host in block.items()}


def _kind(key: str, host: Any) -> Kind:
    if key == "fqdn":
        return Kind.WILDCARD if str(host).startswith("*.") else Kind.FQDN
    return Kind.IP if key == "ip" else Kind.SERVICE_TAG


def _port(item: Block, protocol: Protocol, place: str) -> int:
    port = item.get("port", {"https": 443, "http": 80}.get(protocol.value))
    if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536:
        raise CatalogError(f"{place}: the port of a {protocol.value} endpoint must be a number from 1 to 65535")
    return port


def _template(value: str, each: str, place: str) -> str:
    for name in _PLACEHOLDER.findall(value):
        if name not in PLACEHOLDERS[each]:
            known = ", ".join(PLACEHOLDERS[each])
            raise CatalogError(f"{place}: unknown placeholder '{{{name}}}' for each {each}; known are {known}")
    if "{" in _PLACEHOLDER.sub("", value) or "}" in _PLACEHOLDER.sub("", value):
        raise CatalogError(f"{place}: a brace without its partner in '{value}'")
    return value


def _check_host(host: str, kind: Kind, place: str) -> None:
    checks = {Kind.FQDN: is_host, Kind.WILDCARD: is_wildcard, Kind.IP: is_address}
    if kind is Kind.SERVICE_TAG:
        good = is_service_tag(_PLACEHOLDER.sub("x", host))
    else:
        good = checks[kind](_PLACEHOLDER.sub("192.0.2.1" if kind is Kind.IP else "x.x", host))
    if not good:
        raise CatalogError(f"{place}: '{host}' is not a lower-case host name or a service tag")


def read_when(value: Any, each: str, place: str) -> dict[str, tuple[Any, ...]]:
    """The condition as fact → accepted values; raises CatalogError for a fact that `each` does not have."""
    if value is None:
        return {}
    block = keys(value, place, (), FACTS[each])
    return {fact: _accepted(fact, accepted, FACTS[each][fact], block.place) for fact, accepted in block.items()}


def _accepted(fact: str, accepted: Any, kind: Any, place: str) -> tuple[Any, ...]:
    values = tuple(accepted) if isinstance(accepted, list) else (accepted,)
    for value in values:
        good = value in kind if isinstance(kind, tuple) else isinstance(value, kind)
        if not good:
            raise CatalogError(f"{place}: the fact '{fact}' cannot be '{value}'")
    return values


def _probe(block: Any, each: str, place: str, proofs: Mapping[str, Proof]) -> Optional[ProbeForm]:
    if block is None:
        return None
    block = keys(block, place, ("proof",), ("host", "path"))
    stand_in = block.get("host")
    hosts = dict.fromkeys(Cloud, stand_in) if isinstance(stand_in, str) else {}
    if stand_in is not None and not hosts:
        hosts = _by_cloud(stand_in, place)
    for name in hosts.values():
        _check_host(_template(text(name, place, "host"), each, place), Kind.FQDN, place)
    proof = one_of(block["proof"], proofs, place, "proof")
    return ProbeForm(hosts=hosts, path=text(block.get("path", proofs[proof].path), place, "path"), proof=proof)
