"""Which calls read a policy with everything that belongs to it, and what came of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Iterator, Mapping, Optional

from ..errors import AccessError, AmlnetError, NotFoundError, UnreachableError, UsageError
from .answers import properties, resource_id
from .arm import Refusal
from .crawl import Call

_FACTS = {
    "firewallpolicies": "firewall-policy",
    "azurefirewalls": "firewall",
    "networksecuritygroups": "nsg",
    "routetables": "route-table",
    "virtualnetworks/subnets": "subnet",
}
_TYPES = "firewallPolicies, azureFirewalls, networkSecurityGroups, routeTables, virtualNetworks/subnets"


def first_call(identifier: str) -> Call:
    """The call for a resource that was named; its id says what it is."""
    plain = resource_id(identifier.strip())
    match = re.fullmatch(
        r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Network/([^/]+)/[^/]+(?:/([^/]+)/[^/]+)?",
        plain or "",
        re.IGNORECASE,
    )
    kind = "/".join(filter(None, match.groups())).lower() if match else ""
    if plain is None or kind not in _FACTS:
        raise UsageError(f"--policy is no id of a policy: {identifier[:200]}.", f"Of Microsoft.Network: {_TYPES}.")
    return Call.of(_FACTS[kind], plain)


_WITH_NAMES = ("firewallPolicies", "azureFirewalls", "networkSecurityGroups", "routeTables")


def calls_by_name(subscription: str, group: Optional[str]) -> Iterator[Call]:
    """The calls that list what a name could mean, in one resource group or in the whole subscription."""
    where = f"/subscriptions/{subscription}" + (f"/resourceGroups/{group}" if group else "")
    for kind in _WITH_NAMES:
        yield Call.of("policies-by-name", f"{where}/providers/Microsoft.Network/{kind}", listing=True)


def tags_call(subscription: str, region: str) -> Call:
    """The call for the service tags of the subscription's cloud; the region says which copy of the list is asked."""
    where = f"/subscriptions/{subscription}/providers/Microsoft.Network/locations/{region}"
    return Call.of("service-tags", f"{where}/serviceTags")


def named(answers: Mapping[Call, Any], name: str) -> list[str]:
    """The ids of what has a name, in order; raises AccessError where nothing has it and Azure did not show all."""
    items = [item for answer in answers.values() if isinstance(answer, list) for item in answer]
    ids = (resource_id(item.get("id")) for item in items if isinstance(item, Mapping))
    matching = sorted(path for path in ids if path and path.rpartition("/")[2].lower() == name.lower())
    refused = next((answer for answer in answers.values() if isinstance(answer, Refusal)), None)
    if not matching and refused:
        hint = "Give the whole ARM id: az network firewall policy list --query [].id."
        raise AccessError(f"What is called {name} could not be looked up: {refused}.", hint)
    return matching


def follow(call: Call, answer: Any) -> Iterator[Call]:
    """What belongs to a resource that Azure showed."""
    if isinstance(answer, Refusal):
        return
    body = properties(answer)
    if call.fact == "firewall-policy":
        yield from _named("firewall-policy", body.get("basePolicy"))
        yield Call.of("rule-collection-groups", f"{call.path}/ruleCollectionGroups", listing=True)
        for firewall in body.get("firewalls") or ():
            yield from _named("firewall", firewall)
    elif call.fact == "rule-collection-groups":
        for group in answer:
            yield from _ip_groups(properties(group).get("ruleCollections"))
    elif call.fact == "firewall":
        yield from _named("firewall-policy", body.get("firewallPolicy"))
        for kind in ("application", "network", "nat"):
            collections = body.get(f"{kind}RuleCollections")
            yield from _ip_groups([properties(item) for item in collections or () if isinstance(item, Mapping)])
    elif call.fact == "subnet":
        yield from _named("nsg", body.get("networkSecurityGroup"))
        yield from _named("route-table", body.get("routeTable"))


def _named(fact: str, reference: Any) -> Iterator[Call]:
    identifier = resource_id(reference.get("id")) if isinstance(reference, Mapping) else None
    if identifier:
        yield Call.of(fact, identifier)


def _ip_groups(collections: Any) -> Iterator[Call]:
    for collection in collections if isinstance(collections, list) else ():
        rules = collection.get("rules") if isinstance(collection, Mapping) else None
        for rule in rules if isinstance(rules, list) else ():
            for key in ("sourceIpGroups", "destinationIpGroups"):
                named = rule.get(key) if isinstance(rule, Mapping) else None
                for identifier in filter(None, map(resource_id, named if isinstance(named, list) else ())):
                    yield Call.of("ip-group", identifier)


@dataclass(frozen=True)
class PolicyAnswer:
    """What Azure showed of policies: the resources, each with its id, and by lower-case id why it did not show one."""

    resources: list[dict[str, Any]]
    refused: Mapping[str, str]


def answer_of(answers: Mapping[Call, Any]) -> PolicyAnswer:
    """The resources of all answers, and the refusals."""
    resources: list[dict[str, Any]] = []
    refused: dict[str, str] = {}
    for call, answer in sorted(answers.items(), key=lambda pair: (pair[0].fact, pair[0].key)):
        if isinstance(answer, Refusal):
            refused[call.key] = str(answer)
        elif call.listing:
            resources += answer
        else:
            resources.append({"id": call.path, "name": call.path.rpartition("/")[2], **answer})
    return PolicyAnswer(resources, refused)


def refusal(answer: Refusal, identifier: str, host: str) -> AmlnetError:
    """The exception for a policy that was named and cannot be read."""
    what = f"The policy {identifier}"
    if answer.status == 404:
        return NotFoundError(f"{what} was not found: {answer}.", "Check the id: az network firewall policy list.")
    if answer.status in (401, 403):
        hint = "The role Reader on it is enough; if it is in another tenant: az login --tenant, or save it to a file."
        return AccessError(f"You may not read the policy {identifier}: {answer}.", hint)
    if answer.status == 0:
        hint = f"Allow {host} on port 443 from this machine, or give the policy as a file."
        return UnreachableError(f"{what} could not be asked about: {answer}.", hint)
    return AmlnetError(f"{what} could not be read: {answer}.", "Try again later, or give it as a file.")
