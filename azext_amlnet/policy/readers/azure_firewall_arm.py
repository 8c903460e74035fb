"""Azure Firewall: policies with their base policies, rule collection groups and IP groups, and classic rules.

Order: parents before children, network rules of all groups before application rules of any, groups and collections by
priority; the first match ends it, and what no rule allows is denied
(https://learn.microsoft.com/azure/firewall/rule-processing, 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Optional, Sequence

from ...errors import UsageError
from ..model import Policy, Rule, Unread, unread_of, unread_rule
from ._arm import Family, Notes, Pool, Resource, Unknown, family, ids, is_it, objects, word
from ._azure_firewall_rules import COLLECTIONS, Place, rules_of_collections, rules_of_groups
from ._keys import strange

KINDS = ("firewall-policy", "rule-collection-group", "firewall")
_DIALECT = "azure-firewall-arm"


def read(pool: Pool) -> Iterator[Policy]:
    """One policy for each that is nobody's base, and for each classic firewall."""
    policies = pool.of("firewall-policy")
    groups_of = family(policies, pool.of("rule-collection-group"))
    leaves = [policy for policy in policies if not any(_is_base(policy, other) for other in policies)]
    if policies and not leaves:
        raise _circle(policy.label for policy in policies)
    for leaf in leaves:
        links = list(_chain(pool, leaf, groups_of))
        if groups_of.loose:
            links.insert(0, _Link(leaf.label, None, (), "groups that do not tell whose they are"))
        yield _policy(pool, links)
    if groups_of.loose and not leaves:
        groups_of.alone[groups_of.loose[0].document] = groups_of.loose
    for name, members in groups_of.alone.items():
        why = pool.refused.get(name, "")
        missing = f"the policy of {members[0].label}: {why}" if why else ""
        yield _policy(pool, [_Link(name if "/providers/" in name else name.rpartition("/")[2], None, members, missing)])
    yield from _firewalls(pool)


def _firewalls(pool: Pool) -> Iterator[Policy]:
    """Classic firewalls by their own rules; of the others only what is missing."""
    for firewall in pool.of("firewall"):
        notes = Notes()
        used = next(iter(ids(firewall.body, notes, "firewallPolicy")), None)
        if used is None and not notes.reasons:
            yield _classic(pool, firewall)
        elif used is None or pool.find("firewall-policy", used) is None:
            name = used.rpartition("/")[2] if used else str(notes)
            why = pool.refused.get(used or "", "it is not among the files")
            part = f"the policy {name} of {firewall.label}"
            rules = (_missing_rule(f"{part}: {why}"),)
            yield Policy(firewall.label, _DIALECT, rules, unread=(Unread(firewall.label, part, why),))


def _circle(names: Iterable[str]) -> UsageError:
    what = f"The firewall policies {', '.join(names)} are each other's base."
    return UsageError(what, "Give the policy that the firewall uses, and correct its basePolicy.")


# ---------------------------------------------------------------------------------------------------------------------
# What belongs together


@dataclass(frozen=True)
class _Link:
    """One policy of a chain of inheritance; `policy` is None where only its groups, or nothing, is known."""

    name: str
    policy: Optional[Resource]
    groups: Sequence[Resource]
    missing: str = ""


def _is_base(policy: Resource, other: Resource) -> bool:
    """Whether a policy is another one's base."""
    return policy is not other and any(is_it(policy, base) for base in ids(other.body, Notes(), "basePolicy"))


def _chain(pool: Pool, leaf: Resource, groups_of: Family) -> Iterator[_Link]:
    """The policy and its base policies, the oldest first."""
    links: list[_Link] = []
    policy: Optional[Resource] = leaf
    seen: list[Resource] = []
    while policy is not None:
        if any(policy is other for other in seen):
            raise _circle(link.name for link in links)
        seen.append(policy)
        links.append(_Link(policy.label, policy, groups_of.of(policy)))
        notes = Notes()
        if not isinstance(policy.body.get("basePolicy"), (Mapping, str, type(None))):
            notes.add("its basePolicy is no reference")
        base = next(iter(ids(policy.body, notes, "basePolicy")), None)
        other = pool.find("firewall-policy", base) if base else None
        policy = None if other is policy and base != policy.id else other  # one of the same name, elsewhere
        if policy is None and (base or notes.reasons):
            name = base.rpartition("/")[2] if base else str(notes)
            why = pool.refused.get(base or "", "it is not among the files")
            links.append(_Link(name, None, (), _on_base(links[-1].policy) or f"the base policy {name}: {why}"))
    return reversed(links)


def _on_base(policy: Optional[Resource]) -> str:
    """What a base policy depends on that only a parameter or a deployment tells; else empty."""
    base = policy.body.get("basePolicy") if policy else None
    base = base.get("id") if isinstance(base, Mapping) else base
    return f"the base policy, which depends on {base.on}" if isinstance(base, Unknown) else ""


def _policy(pool: Pool, links: Sequence[_Link]) -> Policy:
    leaf = links[-1]
    alone = leaf.policy is None and not leaf.missing
    place = Place(pool, True if alone else _dns_proxy(leaf.policy), Notes())
    if alone:
        place.assumed.add(_alone(links))
    lost = [link.missing for link in links if link.missing]
    lost += [part for link in links for part in _missing_groups(pool, link)]
    kinds = ("nat", "network", "application")
    group_rules = [rule for kind in kinds for link in links for rule in rules_of_groups(link.groups, kind, place)]
    lost += place.lost.reasons
    rules = [*map(_missing_rule, dict.fromkeys(lost)), *group_rules]
    notes = [note for link in links if link.policy for note in _notes(link.policy)]
    return Policy(
        leaf.name,
        _DIALECT,
        tuple(rules),
        notes=tuple(dict.fromkeys(notes)),
        assumptions=tuple(dict.fromkeys(place.assumed.reasons)),
        unread=unread_of(leaf.name, rules),
    )


def _alone(links: Sequence[_Link]) -> str:
    """What is taken for granted of groups whose policy was not given."""
    names = ", ".join(group.label for link in links for group in link.groups[:3])
    return (
        f"The firewall policy of {names} was not given: no base policy, no other groups, DNS proxy on. Give it, too "
        "(az network firewall policy show)."
    )


def _missing_rule(what: str) -> Rule:
    return unread_rule(what, f"{what}; its rules may decide first")


def _missing_groups(pool: Pool, link: _Link) -> Iterator[str]:
    """The groups that a policy names and nobody showed."""
    if link.policy is None:
        return
    whole = pool.refused.get(f"{link.policy.id}/rulecollectiongroups")
    if whole:
        yield f"the rule collection groups of {link.name}: {whole}"
        return
    yield from strange("firewall-policy", link.policy.body, link.name)
    notes = Notes()
    for identifier in ids(link.policy.body, notes, "ruleCollectionGroups"):
        if not any(is_it(group, identifier) for group in link.groups):
            why = pool.refused.get(identifier, "it is not among the files")
            yield f"the rule collection group {identifier.rpartition('/')[2]}: {why}"
    yield from notes.reasons


def _dns_proxy(policy: Optional[Resource]) -> Optional[bool]:
    """Whether names in network rules work; None where the attached policy does not tell.

    Whether a child inherits it is documented both ways (…/azure/firewall/dns-settings and firewall-known-issues), so
    only the policy's own setting counts.
    """
    if policy is None:
        return None
    settings = policy.body.get("dnsSettings")
    if isinstance(settings, Mapping) and settings.get("requireProxyForNetworkRules") is False:
        return None  # documented as needed, and shown as false in an example that has the proxy on
    if isinstance(settings, Mapping) and isinstance(settings.get("enableProxy"), bool):
        return bool(settings["enableProxy"])
    unset = settings is None or (isinstance(settings, Mapping) and settings.get("enableProxy") is None)
    return False if unset and not policy.body.get("basePolicy") else None


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
# Classic rules, which stand in the firewall itself


def _classic(pool: Pool, firewall: Resource) -> Policy:
    """https://learn.microsoft.com/rest/api/virtualnetwork/azure-firewalls/get (2026-11-23)."""
    extra = firewall.body.get("additionalProperties")
    proxy = word(extra.get("Network.DNS.EnableProxy") if isinstance(extra, Mapping) else None) == "true"
    place = Place(pool, proxy, Notes())
    place.lost.reasons += strange("firewall", firewall.body, firewall.label)
    rules: list[Rule] = []
    for kind in ("nat", "network", "application"):
        type_of_collection, type_of_rule = COLLECTIONS[kind]
        collections = objects(firewall.body.get(f"{kind}RuleCollections"), place.lost, f"the {kind} rules")
        whole = []
        for collection in map(_flat, collections):
            inner = collection.get("rules")
            named = [{**rule, "ruleType": type_of_rule} if isinstance(rule, Mapping) else rule for rule in inner] \
                if isinstance(inner, list) else inner  # fmt: skip
            whole.append({**collection, "ruleCollectionType": type_of_collection, "rules": named})
        rules += rules_of_collections(whole, kind, kind, place, None)
    rules = [*map(_missing_rule, place.lost.reasons), *rules]
    name, notes = firewall.label, tuple(_notes(firewall))
    assumed = tuple(dict.fromkeys(place.assumed.reasons))
    return Policy(name, _DIALECT, tuple(rules), notes=notes, assumptions=assumed, unread=unread_of(name, rules))


def _flat(collection: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = collection.get("properties")
    return {**collection, **inner} if isinstance(inner, Mapping) else collection
