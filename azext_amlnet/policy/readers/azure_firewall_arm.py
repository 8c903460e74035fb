"""Azure Firewall: policies with their base policies, rule collection groups and IP groups, and classic rules.

Order: parents before children, network rules of all groups before application rules of any, groups and collections by
priority; the first match ends it, and what no rule allows is denied
(https://learn.microsoft.com/azure/firewall/rule-processing, 2026-11-23).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence

from ...errors import UsageError
from ...model import is_host, is_service_tag
from ..addresses import EVERYTHING, Span, span_of, union
from ..conditions import Condition, Destinations, Pattern, Perhaps, Services, Sources, anchor_of
from ..model import Policy, Rule, Unread, unread_of
from ._arm import Notes, Pool, Resource, Unknown, ids, number, objects, ports, texts, word

KINDS = ("firewall-policy", "rule-collection-group", "firewall")
_DIALECT = "azure-firewall-arm"
_ANY_WORD: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Place:
    """Where rules stand: in which policy's group, of what priority, and what holds for all rules of the firewall."""

    pool: Pool
    dns_proxy: Optional[bool]


def read(pool: Pool) -> Iterator[Policy]:
    """One policy for each that is nobody's base, and for each classic firewall."""
    policies = pool.of("firewall-policy")
    groups = _groups(pool, policies)
    if groups.get(None) and not policies:
        of = groups[None][0]
        yield _policy(pool, [_Link(of.document, None, groups[None])])
    bases = {base for policy in policies for base in ids(policy.body, Notes(), "basePolicy")}
    leaves = [policy for policy in policies if policy.id not in bases or not policy.id]
    if policies and not leaves:
        names = ", ".join(policy.label for policy in policies)
        what = f"The firewall policies {names} are each other's base."
        raise UsageError(what, "Give the policy that the firewall uses, and correct its basePolicy.")
    for leaf in leaves:
        yield _policy(pool, list(_chain(pool, leaf, groups, leaf is leaves[0])))
    known = {policy.id for policy in policies} | {policy.name.lower() for policy in policies}
    for firewall in pool.of("firewall"):
        used = next(iter(ids(firewall.body, Notes(), "firewallPolicy")), None)
        if used is None:
            yield _classic(pool, firewall)
        elif used not in known and used.rpartition("/")[2] not in known:
            why = pool.refused.get(used, "it is not among the files")
            part = f"the policy {used.rpartition('/')[2]} of {firewall.label}"
            rules = (_missing_rule(f"{part}: {why}"),)
            yield Policy(firewall.label, _DIALECT, rules, unread=(Unread(firewall.label, part, why),))


# ---------------------------------------------------------------------------------------------------------------------
# What belongs together


@dataclass(frozen=True)
class _Link:
    """One policy of a chain of inheritance; `policy` is None where only its groups, or nothing, is known."""

    name: str
    policy: Optional[Resource]
    groups: Sequence[Resource]
    missing: str = ""


def _groups(pool: Pool, policies: Sequence[Resource]) -> dict[Optional[str], list[Resource]]:
    """The rule collection groups by the policy they are of; under None those that do not tell."""
    found: dict[Optional[str], list[Resource]] = {}
    known = {policy.id for policy in policies if policy.id} | {policy.name.lower() for policy in policies}
    for group in pool.of("rule-collection-group"):
        by_id = group.id.partition("/rulecollectiongroups/")[0] if group.id else ""
        by_name = group.name.partition("/")[0].lower() if "/" in group.name else ""
        owner = next((name for name in (by_id, by_name) if name and name in known), None)
        found.setdefault(owner, []).append(group)
    return found


def _chain(
    pool: Pool, leaf: Resource, groups: Mapping[Optional[str], list[Resource]], takes_strays: bool
) -> Iterator[_Link]:
    """The policy and its base policies, the oldest first."""
    by_id = pool.by_id("firewall-policy")
    links: list[_Link] = []
    policy: Optional[Resource] = leaf
    seen: set[str] = set()
    while policy is not None:
        if policy.id and policy.id in seen:
            names = ", ".join(link.name for link in links)
            what = f"The firewall policies {names} are each other's base."
            raise UsageError(what, "Give the policy that the firewall uses, and correct its basePolicy.")
        seen.add(policy.id)
        mine = [*groups.get(policy.id or None, ())] if policy.id else []
        mine += [group for group in groups.get(policy.name.lower(), ()) if group not in mine]
        mine += groups.get(None, ()) if takes_strays and policy is leaf else ()
        links.append(_Link(policy.label, policy, mine))
        base = next(iter(ids(policy.body, Notes(), "basePolicy")), None)
        policy = by_id.get(base or "")
        if base and policy is None:
            why = pool.refused.get(base, "it is not among the files")
            links.append(_Link(base.rpartition("/")[2], None, (), f"the base policy {base.rpartition('/')[2]}: {why}"))
    return reversed(links)


def _policy(pool: Pool, links: Sequence[_Link]) -> Policy:
    leaf = links[-1]
    place = _Place(pool, _dns_proxy(leaf.policy))
    unread = [Unread(leaf.name, link.missing, "its rules come first") for link in links if link.missing]
    missing = [_missing_rule(item.part) for item in unread]
    for link in links:
        for lost in _missing_groups(pool, link):
            unread.append(Unread(leaf.name, *lost))
            missing.append(_missing_rule(f"{lost[0]}: {lost[1]}"))
    rules = [
        *missing,
        *(rule for kind in ("nat", "network", "application") for link in links for rule in _rules(link, kind, place)),
    ]
    notes = [note for link in links if link.policy for note in _notes(link.policy)]
    return Policy(
        leaf.name,
        _DIALECT,
        tuple(rules),
        notes=tuple(dict.fromkeys(notes)),
        unread=(*unread, *unread_of(leaf.name, rules)),
    )


def _missing_rule(what: str) -> Rule:
    return Rule("(not read)", None, (), "stands for", what, unread=f"{what}; its rules may decide first")


def _missing_groups(pool: Pool, link: _Link) -> Iterator[tuple[str, str]]:
    """The groups that a policy names and nobody showed."""
    if link.policy is None:
        return
    whole = pool.refused.get(f"{link.policy.id}/rulecollectiongroups")
    if whole:
        yield f"the rule collection groups of {link.name}", whole
        return
    present = {group.id for group in link.groups} | {group.name.rpartition("/")[2].lower() for group in link.groups}
    for identifier in ids(link.policy.body, Notes(), "ruleCollectionGroups"):
        name = identifier.rpartition("/")[2]
        if identifier not in present and name not in present:
            yield f"the rule collection group {name}", pool.refused.get(identifier, "it is not among the files")


def _dns_proxy(policy: Optional[Resource]) -> Optional[bool]:
    """Whether names in network rules work; None where the attached policy does not tell.

    Whether a child inherits it is documented both ways (…/azure/firewall/dns-settings and firewall-known-issues), so
    only the policy's own setting counts.
    """
    if policy is None:
        return None
    given = policy.body.get("dnsSettings")
    if isinstance(given, Mapping) and isinstance(given.get("enableProxy"), bool):
        return bool(given["enableProxy"])
    return None if policy.body.get("basePolicy") or isinstance(given, Unknown) else False


def _notes(policy: Resource) -> Iterator[str]:
    """What else the policy does to traffic that its rules allow."""
    body = policy.body
    if word(body.get("threatIntelMode")) == "deny":
        yield (
            f"{policy.label} denies what its threat intelligence lists, before any rule "
            "(https://learn.microsoft.com/azure/firewall/threat-intel)."
        )
    detection = body.get("intrusionDetection")
    if isinstance(detection, Mapping) and word(detection.get("mode")) == "deny":
        yield (
            f"{policy.label} drops what its intrusion detection finds, although rules allow it "
            "(https://learn.microsoft.com/azure/firewall/premium-features)."
        )
    explicit = body.get("explicitProxy")
    if isinstance(explicit, Mapping) and explicit.get("enableExplicitProxy") is True:
        yield (
            f"{policy.label} is an explicit proxy, too: what comes that way meets application rules only "
            "(https://learn.microsoft.com/azure/firewall/explicit-proxy)."
        )


# ---------------------------------------------------------------------------------------------------------------------
# Rules

_COLLECTIONS = {
    "nat": ("firewallpolicynatrulecollection", "natrule"),
    "network": ("firewallpolicyfilterrulecollection", "networkrule"),
    "application": ("firewallpolicyfilterrulecollection", "applicationrule"),
}


def _rules(link: _Link, kind: str, place: _Place) -> Iterator[Rule]:
    """The rules of one kind, in the order of their groups' and collections' priorities."""
    for group in sorted(link.groups, key=lambda group: number(group.body.get("priority"), 0)):
        name = group.name.rpartition("/")[2] or "(group)"
        given = group.body.get("ruleCollections")
        if kind == "nat" and not isinstance(given, list):
            yield Rule(name, None, (), "has", "rule collections", unread="its rule collections could not be read")
        collections = objects(given)
        for collection in sorted(collections, key=lambda item: number(item.get("priority"), 0)):
            where = f"{name}/{collection.get('name') or '(collection)'}"
            yield from _of_collection(collection, kind, where, place, group.conditional)


def _of_collection(
    collection: Mapping[str, Any], kind: str, where: str, place: _Place, conditional: Optional[Unknown]
) -> Iterator[Rule]:
    type_of_collection, type_of_rule = _COLLECTIONS[kind]
    known = {of_collection for of_collection, _ in _COLLECTIONS.values()}
    if word(collection.get("ruleCollectionType")) not in known or not isinstance(collection.get("rules"), list):
        if kind == "nat":
            yield Rule(
                where, None, (), "has", "rules", unread="its kind of collection, or its rules, are not known here"
            )
        return
    if word(collection["ruleCollectionType"]) != type_of_collection:
        return
    action = collection.get("action")
    verb = word(action.get("type") if isinstance(action, Mapping) else action)
    allow = {"allow": True, "deny": False}.get(verb) if kind != "nat" else None
    for position, rule in enumerate(objects(collection["rules"]), 1):
        name = f"{where}/{rule.get('name') or position}"
        of_kind = word(rule.get("ruleType"))
        if of_kind == type_of_rule and kind != "nat":
            yield _perhaps(_BUILD[kind](name, allow, rule, place), conditional, rule)
        elif of_kind == type_of_rule:
            yield _nat(name, rule, place)
        elif of_kind not in {of_rule for _, of_rule in _COLLECTIONS.values()} and kind in ("nat", "network"):
            yield Rule(
                name, None, (), "is", "of a kind of its own", unread=f"rules of type '{of_kind}' are not known here"
            )


_KNOWN = frozenset(
    {
        *("name", "description", "ruleType", "sourceAddresses", "sourceIpGroups", "destinationAddresses"),
        *("destinationIpGroups", "destinationFqdns", "destinationPorts", "ipProtocols", "protocols", "targetFqdns"),
        *("fqdnTags", "targetUrls", "webCategories", "terminateTLS", "httpHeadersToInsert"),
    }
)
"""The properties of rules in the API versions up to 2025-09-01; another one may narrow what a rule is for."""


def _perhaps(rule: Rule, conditional: Optional[Unknown], given: Mapping[str, Any]) -> Rule:
    """The rule, in doubt where a template makes it under a condition only, or it has a property not known here."""
    odd = sorted(key for key in given if key not in _KNOWN and given[key])
    because = f"'{odd[0][:60]}' is not known here" if odd else ""
    because = f"whether it exists depends on {conditional.text}" if conditional else because
    return replace(rule, allow=None, unread=because) if because else rule


def _sources(rule: Mapping[str, Any], place: _Place) -> Sources:
    notes = Notes()
    given = texts(rule, notes, "sourceAddresses")
    groups = ids(rule, notes, "sourceIpGroups")
    found = [_span(text, notes, "source address") for text in given] + _group_spans(groups, notes, place.pool)
    if not (given or groups or notes.reasons):
        notes.add("it names no source")
    return Sources(union(filter(None, found)), str(notes))


def _span(text: str, notes: Notes, what: str) -> Optional[Span]:
    span = span_of(text)
    if span is None:
        notes.add(f"'{text[:60]}' is no {what} that is known here")
    return span


def _group_spans(identifiers: Sequence[str], notes: Notes, pool: Pool) -> list[Optional[Span]]:
    """The addresses of IP groups; an empty group's rule holds for nothing (…/azure/firewall/ip-groups, 2026-11-23)."""
    found: list[Optional[Span]] = []
    by_id = pool.by_id("ip-group")
    by_name = {group.name.lower(): group for group in pool.of("ip-group")}
    for identifier in identifiers:
        name = identifier.rpartition("/")[2]
        group = by_id.get(identifier) or (None if identifier in pool.refused else by_name.get(name))
        if group is None:
            notes.add(f"the IP group {name}: {pool.refused.get(identifier, 'it is not among the files')}")
        else:
            found += [_span(text, notes, "address") for text in texts(group.body, notes, "ipAddresses")]
    return found


def _network(name: str, allow: Optional[bool], rule: Mapping[str, Any], place: _Place) -> Rule:
    """A network rule: any protocol on addresses, service tags, or names that the firewall's DNS proxy has resolved."""
    notes = Notes()
    given = texts(rule, notes, "destinationAddresses")
    named = [text.lower().rstrip(".") for text in texts(rule, notes, "destinationFqdns")]
    groups = ids(rule, notes, "destinationIpGroups")
    tags = [text for text in given if span_of(text) is None and is_service_tag(text)]
    found = [_span(text, notes, "address") for text in given if text not in tags]
    spans = union(filter(None, found + _group_spans(groups, notes, place.pool)))
    if not (given or named or groups or notes.reasons):
        notes.add("it names no destination")
    names = frozenset(text for text in named if is_host(text))
    if len(names) < len(set(named)):
        notes.add("names in network rules are plain host names only")
    services = _network_services(rule)
    what, on = _some([*given, *named, *groups]), _services_text(rule, "ipProtocols")
    anything = spans == (EVERYTHING,)
    plain = Destinations(names, spans=spans, tags=tuple(tags), anything=anything, unread=str(notes))
    where: Condition = plain
    if names and not place.dns_proxy:
        off = "is off" if place.dns_proxy is False else "is not told"
        where = _either_by_name(plain, f"names in network rules need the policy's DNS proxy, which {off}")
    return Rule(name, allow, (_sources(rule, place), services, where), _verb(allow), what, on)


def _either_by_name(where: Destinations, because: str) -> Condition:
    """Where a rule goes by names that may not work: those in doubt, the rest as it is."""
    if not (where.spans or where.tags or where.unread):
        return Perhaps(where, because, _DNS)
    names = tuple(Pattern(name, rf"\A{re.escape(name)}\Z", doubtful=True) for name in sorted(where.names))
    return Destinations(
        patterns=names, spans=where.spans, tags=where.tags, anything=where.anything, unread=where.unread
    )


_DNS = "Turn it on (dnsSettings.enableProxy), or give the policy itself, too (az network firewall policy show)."


def _network_services(rule: Mapping[str, Any]) -> Services:
    notes = Notes()
    words = {word(text) for text in texts(rule, notes, "ipProtocols", "protocols")}
    spans = ports(texts(rule, notes, "destinationPorts"), notes)
    kinds = [_ANY_WORD] if "any" in words else [frozenset({text}) for text in sorted(words & {"tcp", "udp"})]
    return Services(tuple((kind, low, high) for kind in kinds for low, high in spans), str(notes))


def _application(name: str, allow: Optional[bool], rule: Mapping[str, Any], place: _Place) -> Rule:
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
    where: Condition = _by_name(targets, tuple(tags), notes)
    if urls and not targets:
        where = Perhaps(_by_name([_host_of(url) for url in urls], (), notes), "it is for some addresses (URLs) there")
    if addresses:
        where = Perhaps(where, "it names destination addresses, too")
    said = _some([*targets, *tags, *urls, *categories])
    inspected = rule.get("terminateTLS") is True
    extra = (f"{name} inspects TLS: containerd and Arc's agents do not trust its certificate.",) if inspected else ()
    return Rule(name, allow, (*conditions, where), _verb(allow), said, _application_text(rule), extra)


_BUILD: Mapping[str, Callable[[str, Optional[bool], Mapping[str, Any], _Place], Rule]] = {
    "network": _network,
    "application": _application,
}


def _by_name(targets: Sequence[str], tags: tuple[str, ...], notes: Notes) -> Destinations:
    """`*.x` is every name below x and not x, `*x` every name that ends so, `*` any; an asterisk elsewhere is not
    documented to work (https://learn.microsoft.com/azure/firewall/firewall-faq, 2026-11-23)."""
    names, below, patterns = set(), set(), []
    for target in (text.lower().rstrip(".") for text in targets):
        rest = target.lstrip("*")
        if is_host(target):
            names.add(target)
        elif target.startswith("*.") and (is_host(target[2:]) or re.fullmatch(r"[a-z]{2,20}", target[2:])):
            below.add(target[2:])
        elif target.startswith("*") and is_host(rest):
            patterns.append(Pattern(target, re.escape(rest) + r"\Z", below=rest, anchor=anchor_of(target)))
        elif target != "*" and "*" in rest:
            expression = ".*".join(map(re.escape, re.split(r"\*+", target)))
            patterns.append(Pattern(target, rf"\A{expression}\Z", anchor=anchor_of(target), doubtful=True))
        elif target != "*":
            notes.add(f"'{target[:60]}' is no host name")
    return Destinations(
        frozenset(names), frozenset(below), tuple(patterns), fqdn_tags=tags, anything="*" in targets, unread=str(notes)
    )


def _host_of(url: str) -> str:
    return re.sub(r"\A[a-z]+://", "", url.lower()).partition("/")[0].partition(":")[0]


_SPOKEN = {"http": 80, "https": 443, "mssql": 1433}


def _application_services(rule: Mapping[str, Any], by_tag: bool) -> Services:
    notes, pairs = Notes(), []
    given = rule.get("protocols")
    if isinstance(given, Unknown):
        notes.add(f"protocols is {given.text}, which only a deployment tells")
    for item in objects(given):
        kind = word(item.get("protocolType"))
        port = number(item.get("port"), _SPOKEN.get(kind, 0))
        if kind in _SPOKEN:
            pairs.append((frozenset({kind}), port, port))
        else:
            notes.add(f"protocol '{kind[:60]}' is not known here")
    if by_tag and not pairs:  # FQDN tags of classic rules bring their own
        pairs = [(frozenset({"http"}), 80, 80), (frozenset({"https"}), 443, 443)]
    return Services(tuple(pairs), str(notes))


def _nat(name: str, rule: Mapping[str, Any], place: _Place) -> Rule:
    """A DNAT rule: for traffic to the firewall's own addresses, before all others."""
    notes = Notes()
    given = texts(rule, notes, "destinationAddresses")
    spans = union(filter(None, (_span(text, notes, "address") for text in given)))
    what, on = _some(given), _services_text(rule, "ipProtocols")
    where = Destinations(spans=spans, anything=spans == (EVERYTHING,), unread=str(notes))
    return Rule(name, None, (_sources(rule, place), _network_services(rule), where), "translates", what, on)


def _verb(allow: Optional[bool]) -> str:
    return {True: "allows", False: "denies", None: "decides about"}[allow]


def _some(items: Sequence[str]) -> str:
    shown = [item.rpartition("/")[2] or item for item in items]
    return ", ".join(shown[:3]) + (f" and {len(items) - 3} more" if len(items) > 3 else "") or "nothing"


def _services_text(rule: Mapping[str, Any], key: str) -> str:
    words = texts(rule, Notes(), key, "protocols")
    return f" on {'/'.join(words) or 'no protocol'}:{_some(texts(rule, Notes(), 'destinationPorts'))}"


def _application_text(rule: Mapping[str, Any]) -> str:
    pairs = [f"{item.get('protocolType')}:{item.get('port') or ''}" for item in objects(rule.get("protocols"))]
    return f" on {_some(pairs) if pairs else 'Http:80, Https:443'}"


# ---------------------------------------------------------------------------------------------------------------------
# Classic rules, which stand in the firewall itself


def _classic(pool: Pool, firewall: Resource) -> Policy:
    """https://learn.microsoft.com/rest/api/virtualnetwork/azure-firewalls/get (2026-11-23)."""
    extra = firewall.body.get("additionalProperties")
    proxy = word(extra.get("Network.DNS.EnableProxy") if isinstance(extra, Mapping) else None) == "true"
    place = _Place(pool, proxy)
    rules: list[Rule] = []
    for kind in ("nat", "network", "application"):
        collections = [_flat(item) for item in objects(firewall.body.get(f"{kind}RuleCollections"))]
        for collection in sorted(collections, key=lambda item: number(item.get("priority"), 0)):
            type_of_collection, type_of_rule = _COLLECTIONS[kind]
            given = [{**rule, "ruleType": type_of_rule} for rule in objects(collection.get("rules"))]
            whole = {**collection, "ruleCollectionType": type_of_collection, "rules": given}
            rules += _of_collection(whole, kind, str(collection.get("name") or "(collection)"), place, None)
    unread = unread_of(firewall.label, rules)
    return Policy(firewall.label, _DIALECT, tuple(rules), notes=tuple(_notes(firewall)), unread=unread)


def _flat(collection: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = collection.get("properties")
    return {**collection, **inner} if isinstance(inner, Mapping) else collection
