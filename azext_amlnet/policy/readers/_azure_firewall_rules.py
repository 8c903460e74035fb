"""Rules of Azure Firewall: collections in their order, and what each kind of rule is for. Pure.

https://learn.microsoft.com/azure/firewall/rule-processing (2026-11-23)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterator, Optional, Sequence

from ...text import is_host, is_service_tag, lower
from ..addresses import EVERYTHING, Span, span_of, union
from ..conditions import Condition, Destinations, Pattern, Perhaps, Services, Sources, anchor_of
from ..model import Rule
from ..unknowns import Doubt
from ._arm import (
    Notes,
    Pool,
    Resource,
    Unknown,
    ids,
    in_order,
    number,
    objects,
    ports,
    source_parameters,
    texts,
    word,
)
from ._keys import strange

_ANY_WORD: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Place:
    """Where rules stand: what holds for all rules of the firewall, and what of it could not be read."""

    pool: Pool
    dns_proxy: Optional[bool]
    lost: Notes
    assumed: Notes = field(default_factory=Notes)


COLLECTIONS = {
    "nat": ("firewallpolicynatrulecollection", "natrule"),
    "network": ("firewallpolicyfilterrulecollection", "networkrule"),
    "application": ("firewallpolicyfilterrulecollection", "applicationrule"),
}


def rules_of_groups(groups: Sequence[Resource], kind: str, place: Place) -> Iterator[Rule]:
    """The rules of one kind, in the order of their groups' and collections' priorities."""
    named = [(group, group.body.get("priority"), group.label, _verbs(group)) for group in groups]
    for group in in_order(named, place.lost):
        name = group.name.rpartition("/")[2] or "(group)"
        if not isinstance(group.body.get("ruleCollections"), list):
            place.lost.add(f"the rule collections of {name}{_on(group.body.get('ruleCollections'))}")
        place.lost.reasons += strange("rule-collection-group", group.body, name)
        own = group.body.get("ruleCollections")
        collections = objects(own if isinstance(own, list) else None, place.lost, f"the rule collections of {name}")
        yield from rules_of_collections(collections, name, kind, place, group.conditional)


def _on(value: Any) -> str:
    return f", which depend on {value.on}" if isinstance(value, Unknown) else ""


def _verbs(group: Resource) -> object:
    """What all collections of a group do; only groups that do one and the same thing may stand in any order."""
    verbs = set(map(_verb_of, objects(group.body.get("ruleCollections"), Notes(), "")))
    return verbs.pop() if len(verbs) == 1 else object()


def _verb_of(collection: Mapping[str, Any]) -> str:
    action = collection.get("action")
    return word(action.get("type") if isinstance(action, Mapping) else action)


def rules_of_collections(
    collections: Sequence[Mapping[str, Any]], group: str, kind: str, place: Place, conditional: Optional[Unknown]
) -> Iterator[Rule]:
    named = [(item, item.get("priority"), f"{group}/{_name_of(item)}", _verb_of(item)) for item in collections]
    for collection in in_order(named, place.lost):
        yield from _of_collection(collection, kind, f"{group}/{_name_of(collection)}", place, conditional)


def _name_of(item: Mapping[str, Any]) -> str:
    name = item.get("name")
    return name if isinstance(name, str) and name else "(without a name)"


def _of_collection(
    collection: Mapping[str, Any], kind: str, where: str, place: Place, conditional: Optional[Unknown]
) -> Iterator[Rule]:
    type_of_collection, type_of_rule = COLLECTIONS[kind]
    known = {of_collection for of_collection, _ in COLLECTIONS.values()}
    if word(collection.get("ruleCollectionType")) not in known or not isinstance(collection.get("rules"), list):
        place.lost.add(f"the rules of {where}{_on(collection.get('rules'))}")
        return
    place.lost.reasons += strange("rule-collection", collection, where)
    rules = objects(collection["rules"], place.lost, f"the rules of {where}")
    allow = {"allow": True, "deny": False}.get(_verb_of(collection)) if kind != "nat" else None
    for position, rule in enumerate(rules, 1):
        name = f"{where}/{rule['name'] if isinstance(rule.get('name'), str) else position}"
        of_kind = word(rule.get("ruleType"))
        if of_kind not in {of_rule for _, of_rule in COLLECTIONS.values()}:
            place.lost.add(f"rule {name}, whose type '{of_kind}' is not known here")
        elif of_kind == type_of_rule and word(collection["ruleCollectionType"]) != type_of_collection:
            place.lost.add(f"rule {name}, which is in a collection of another kind")
        elif of_kind == type_of_rule:
            yield _perhaps(_BUILD[kind](name, allow, rule, place), conditional, rule)


_KNOWN = frozenset(
    {
        *("name", "description", "ruleType", "sourceAddresses", "sourceIpGroups", "destinationAddresses"),
        *("destinationIpGroups", "destinationFqdns", "destinationPorts", "ipProtocols", "protocols", "targetFqdns"),
        *("fqdnTags", "targetUrls", "webCategories", "terminateTLS", "httpHeadersToInsert"),
        *("translatedAddress", "translatedFqdn", "translatedPort"),
    }
)
"""The properties of rules in the API versions up to 2025-09-01; another one may narrow what a rule is for."""


def _perhaps(rule: Rule, conditional: Optional[Unknown], properties: Mapping[str, Any]) -> Rule:
    """The rule, in doubt where a template makes it under a condition only, or it has a property not known here."""
    odd = sorted(key for key in properties if key not in _KNOWN and properties[key])
    because = f"'{odd[0][:60]}' is not known here" if odd else ""
    because = f"whether it exists depends on {conditional.on}" if conditional else because
    return replace(rule, allow=None, unread=because) if because else rule


def _sources(rule: Mapping[str, Any], place: Place) -> Sources:
    notes, parameters = Notes(), source_parameters(rule.get("sourceAddresses"), beside=rule.get("sourceIpGroups"))
    place.assumed.reasons += parameters.assumed
    if parameters.of_all:
        return Sources((EVERYTHING,), presumed=parameters.of_all)
    literal = {"sourceAddresses": list(parameters.items)} if parameters.whose else rule
    addresses, groups = texts(literal, notes, "sourceAddresses"), ids(rule, notes, "sourceIpGroups")
    spans = [_span(text, notes, "source address") for text in addresses] + _group_spans(groups, notes, place.pool)
    if not (addresses or groups or notes.reasons or parameters.whose):
        notes.add("it names no source")
    return Sources(union(filter(None, spans)), str(notes), parameters.whose)


def _span(text: str, notes: Notes, what: str) -> Optional[Span]:
    span = span_of(text)
    if span is None:
        notes.add(f"'{text[:60]}' is no {what} that is known here")
    return span


def _group_spans(identifiers: Sequence[str], notes: Notes, pool: Pool) -> list[Optional[Span]]:
    """The addresses of IP groups; an empty group's rule holds for nothing (…/azure/firewall/ip-groups, 2026-11-23)."""
    addresses: list[Optional[Span]] = []
    for identifier in identifiers:
        spans, reasons = _group_span(identifier, pool)
        addresses += spans
        for reason in reasons:
            notes.add(reason)
    return addresses


def _group_span(identifier: str, pool: Pool) -> tuple[tuple[Span, ...], list[str]]:
    """The addresses of one IP group, read once, and what could not be read of it."""
    if identifier not in pool.read:
        notes, name, group = Notes(), identifier.rpartition("/")[2], pool.find("ip-group", identifier)
        addresses: list[str] = []
        if group is None or identifier in pool.refused:
            notes.add(f"the IP group {name}: {pool.refused.get(identifier, 'it is not among the files')}")
        elif "ipAddresses" not in group.body:
            notes.add(f"the IP group {name} tells no addresses")
        else:
            addresses = texts(group.body, notes, "ipAddresses")
        pool.read[identifier] = (
            union(filter(None, [_span(text, notes, "address") for text in addresses])),
            notes.reasons,
        )
    content: tuple[tuple[Span, ...], list[str]] = pool.read[identifier]
    return content


def _network(name: str, allow: Optional[bool], rule: Mapping[str, Any], place: Place) -> Rule:
    """A network rule: any protocol on addresses, service tags, or names that the firewall's DNS proxy has resolved."""
    notes = Notes()
    addresses = texts(rule, notes, "destinationAddresses")
    named = [lower(text).rstrip(".") for text in texts(rule, notes, "destinationFqdns")]
    groups = ids(rule, notes, "destinationIpGroups")
    tags = [text for text in addresses if span_of(text) is None and is_service_tag(text)]
    own_spans = [_span(text, notes, "address") for text in addresses if text not in tags]
    spans = union(filter(None, own_spans + _group_spans(groups, notes, place.pool)))
    if not (addresses or named or groups or notes.reasons):
        notes.add("it names no destination")
    names = frozenset(text for text in named if is_host(text))
    if len(names) < len(set(named)):
        notes.add("names in network rules are plain host names only")
    services = _network_services(rule)
    what, on = _some([*addresses, *named, *groups]), _services_text(rule, "ipProtocols")
    anything = spans == (EVERYTHING,)
    plain = Destinations(names, spans=spans, tags=tuple(tags), anything=anything, unread=str(notes))
    where: Condition = plain
    if names and not place.dns_proxy:
        off = "is off" if place.dns_proxy is False else "is not known"
        where = _either_by_name(plain, f"names in network rules need the policy's DNS proxy, which {off}")
    return Rule(name, allow, (_sources(rule, place), services, where), _verb(allow), what, on)


def _either_by_name(where: Destinations, because: str) -> Condition:
    """Where a rule goes by names that may not work: those in doubt, the rest as it is."""
    if not (where.spans or where.tags or where.unread):
        return Perhaps(where, because, _DNS, Doubt.DNS_PROXY)
    names = tuple(Pattern(name, rf"\A{re.escape(name)}\Z", doubtful=True) for name in sorted(where.names))
    return Destinations(
        patterns=names, spans=where.spans, tags=where.tags, anything=where.anything, unread=where.unread
    )


_DNS = "Turn it on (dnsSettings.enableProxy), or give the policy itself, too (az network firewall policy show)."


def _network_services(rule: Mapping[str, Any]) -> Services:
    notes = Notes()
    words = {word(text) for text in texts(rule, notes, "ipProtocols", "protocols")}
    spans = ports(texts(rule, notes, "destinationPorts"), notes)
    odd = words - {"any", "tcp", "udp", "icmp"}
    if odd or not (words or notes.reasons):
        notes.add(f"protocol '{min(odd)[:60]}' is not known here" if odd else "it names no protocol")
    if not (spans or notes.reasons or words == {"icmp"}):
        notes.add("it names no port")
    kinds = [_ANY_WORD] if "any" in words else [frozenset({text}) for text in sorted(words & {"tcp", "udp"})]
    return Services(tuple((kind, low, high) for kind in kinds for low, high in spans), str(notes))


def _application(name: str, allow: Optional[bool], rule: Mapping[str, Any], place: Place) -> Rule:
    """An application rule: HTTP by its Host header, HTTPS by the server name that the client asks for."""
    notes = Notes()
    targets = texts(rule, notes, "targetFqdns")
    tags = texts(rule, notes, "fqdnTags")
    urls, categories = texts(rule, notes, "targetUrls"), texts(rule, notes, "webCategories")
    if not (targets or tags or urls or categories or notes.reasons):
        notes.add("it names no destination")
    addresses = [text for text in texts(rule, notes, "destinationAddresses") if text != "*"]
    conditions: list[Condition] = [_sources(rule, place), _application_services(rule, bool(tags))]
    if categories:
        notes.add("what web categories hold is not published")
    if tags and allow is not True:
        notes.add("what FQDN tags hold is kept by Azure")
    where: Condition = _by_name([*targets, *map(_host_of, urls)], tuple(tags), notes)
    doubts = ["it is for some addresses (URLs) there"] * bool(urls)
    doubts += ["it names destination addresses, too"] * bool(addresses)
    if doubts:
        where = Perhaps(where, "; ".join(doubts))
    what = _some([*targets, *tags, *urls, *categories])
    inspected = rule.get("terminateTLS") is True
    extra = (f"{name} inspects TLS: containerd and Arc's agents do not trust its certificate.",) if inspected else ()
    return Rule(name, allow, (*conditions, where), _verb(allow), what, _application_text(rule), extra)


def _by_name(targets: Sequence[str], tags: tuple[str, ...], notes: Notes) -> Destinations:
    """`*.x` is every name below x and not x, `*x` every name that ends so, `*` any; an asterisk elsewhere is not
    documented to work (https://learn.microsoft.com/azure/firewall/firewall-faq, 2026-11-23)."""
    names, below, patterns = set(), set(), []
    for target in (lower(text).rstrip(".") for text in targets):
        rest = target.lstrip("*")
        if is_host(target):
            names.add(target)
        elif target.startswith("*.") and (is_host(target[2:]) or re.fullmatch(r"[a-z]{2,20}", target[2:])):
            below.add(target[2:])
        elif target.count("*") > 4:
            notes.add(f"'{target[:60]}' has too many asterisks")
        elif target.startswith("*") and is_host(rest):
            patterns.append(Pattern(target, re.escape(rest) + r"\Z", below=rest, anchor=anchor_of(target)))
        elif target != "*" and "*" in rest:
            expression = ".*".join(map(re.escape, re.split(r"\*+", target)))
            patterns.append(Pattern(target, rf"\A{expression}\Z", anchor=anchor_of(target), doubtful=True))
        elif target != "*":
            notes.add(f"'{target[:60]}' is no host name")
    return Destinations(
        frozenset(names), frozenset(below), tuple(patterns), fqdn_tags=tags, any_name="*" in targets, unread=str(notes)
    )


def _host_of(url: str) -> str:
    return re.sub(r"\A[a-z]+://", "", lower(url)).partition("/")[0].partition(":")[0]


_SPOKEN = {"http": 80, "https": 443, "mssql": 1433}


def _application_services(rule: Mapping[str, Any], by_tag: bool) -> Services:
    notes, pairs = Notes(), []
    protocols = objects(rule.get("protocols"), notes, "its protocols")
    for item in protocols:
        kind = word(item.get("protocolType"))
        port = _SPOKEN.get(kind) if item.get("port") is None else number(item["port"])
        if kind in _SPOKEN and port is not None:
            pairs.append((frozenset({kind}), port, port))
        else:
            notes.add(f"protocol '{kind[:60]}' is not known here, or its port is not")
    if by_tag and not (pairs or notes.reasons):  # FQDN tags of classic rules bring their own
        pairs = [(frozenset({"http"}), 80, 80), (frozenset({"https"}), 443, 443)]
    elif not (pairs or notes.reasons):
        notes.add("it names no protocol")
    return Services(tuple(pairs), str(notes))


def _nat(name: str, allow: Optional[bool], rule: Mapping[str, Any], place: Place) -> Rule:
    """A DNAT rule: for traffic to the firewall's own addresses, before all others.

    One that a deployment tells is such an address, too, and no row's
    (https://learn.microsoft.com/azure/firewall/destination-nat-rules, 2026-11-26).
    """
    notes, destinations = Notes(), rule.get("destinationAddresses")
    known = [item for item in destinations if not isinstance(item, Unknown)] if isinstance(destinations, list) else \
        [] if isinstance(destinations, Unknown) else destinations  # fmt: skip
    addresses = texts({"destinationAddresses": known}, notes, "destinationAddresses")
    spans = union(filter(None, (_span(text, notes, "address") for text in addresses)))
    what, on = _some(addresses), _services_text(rule, "ipProtocols")
    where = Destinations(spans=spans, anything=spans == (EVERYTHING,), unread=str(notes))
    return Rule(name, None, (_sources(rule, place), _network_services(rule), where), "translates", what, on)


_BUILD: Mapping[str, Callable[[str, Optional[bool], Mapping[str, Any], Place], Rule]] = {
    "nat": _nat,
    "network": _network,
    "application": _application,
}


def _verb(allow: Optional[bool]) -> str:
    return {True: "allows", False: "denies", None: "decides about"}[allow]


def _some(items: Sequence[str]) -> str:
    shown = [item.rpartition("/")[2] if item.startswith("/subscriptions/") else item for item in items]
    return ", ".join(shown[:3]) + (f" and {len(items) - 3} more" if len(items) > 3 else "") or "nothing"


def _services_text(rule: Mapping[str, Any], key: str) -> str:
    words = texts(rule, Notes(), key, "protocols")
    return f" on {'/'.join(words) or 'no protocol'}:{_some(texts(rule, Notes(), 'destinationPorts'))}"


def _application_text(rule: Mapping[str, Any]) -> str:
    protocols = objects(rule.get("protocols"), Notes(), "")
    pairs = [f"{item.get('protocolType')}:{number(item.get('port')) or '?'}" for item in protocols]
    return f" on {_some(pairs) if pairs else 'Http:80, Https:443'}"
