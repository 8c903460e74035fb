"""Terraform's plans and states of azurerm, as `terraform show -json` prints them, read as Azure's own resources.

The rules and their order are Azure's: what is read here is handed to the readers of Azure's documents
(https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs, version 4, 2026-11-26).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Callable, Iterator, Optional, Sequence

from ..model import Policy
from ._arm import Pool, Resource
from ._expressions import Unknown, braced
from ._terraform import Managed, Plan, plan_of

KINDS = ()
"""None of its own: what it reads is read on as Azure's."""


def read(pool: Pool) -> Iterator[Policy]:
    """Nothing: the policies are those of the readers of Azure's documents."""
    return iter(())


_SAME = {"name": "name", "description": "description"}
_FROM = {"source_addresses": "sourceAddresses", "source_ip_groups": "sourceIpGroups"}
_APPLICATION = {
    **_SAME,
    **_FROM,
    "destination_addresses": "destinationAddresses",
    "destination_fqdns": "targetFqdns",
    "target_fqdns": "targetFqdns",
    "destination_fqdn_tags": "fqdnTags",
    "fqdn_tags": "fqdnTags",
    "destination_urls": "targetUrls",
    "terminate_tls": "terminateTLS",
    "web_categories": "webCategories",
    "http_headers": "httpHeadersToInsert",
    "protocols": "protocols",
    "protocol": "protocols",
}
_NETWORK = {
    **_SAME,
    **_FROM,
    "destination_addresses": "destinationAddresses",
    "destination_ip_groups": "destinationIpGroups",
    "destination_fqdns": "destinationFqdns",
    "destination_ports": "destinationPorts",
    "protocols": "ipProtocols",
}
_NAT = {
    **_NETWORK,
    "destination_address": "destinationAddresses",
    "translated_address": "translatedAddress",
    "translated_fqdn": "translatedFqdn",
    "translated_port": "translatedPort",
}
_KINDS: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "nat": ("FirewallPolicyNatRuleCollection", "NatRule", _NAT),
    "network": ("FirewallPolicyFilterRuleCollection", "NetworkRule", _NETWORK),
    "application": ("FirewallPolicyFilterRuleCollection", "ApplicationRule", _APPLICATION),
}
_SECURITY = {
    **_SAME,
    "protocol": "protocol",
    "access": "access",
    "priority": "priority",
    "direction": "direction",
    "source_port_range": "sourcePortRange",
    "source_port_ranges": "sourcePortRanges",
    "destination_port_range": "destinationPortRange",
    "destination_port_ranges": "destinationPortRanges",
    "source_address_prefix": "sourceAddressPrefix",
    "source_address_prefixes": "sourceAddressPrefixes",
    "destination_address_prefix": "destinationAddressPrefix",
    "destination_address_prefixes": "destinationAddressPrefixes",
    "source_application_security_group_ids": "sourceApplicationSecurityGroups",
    "destination_application_security_group_ids": "destinationApplicationSecurityGroups",
}
_ROUTE = {
    "name": "name",
    "address_prefix": "addressPrefix",
    "next_hop_type": "nextHopType",
    "next_hop_in_ip_address": "nextHopIpAddress",
}
_OF_THE_RESOURCE = ("id", "timeouts", "resource_group_name", "network_security_group_name", "route_table_name")


def resources(document: Mapping[str, Any], name: str) -> Iterator[Resource]:
    """The resources of a plan or a state that decide about traffic."""
    plan = plan_of(document)
    if plan.lacks:
        yield Resource("elsewhere", "what the plan does not show", "", {}, name, why=f"is not known: it {plan.lacks}")
    for block in plan.blocks:
        build = _BUILD.get(block.type)
        if build is not None:
            yield from build(plan, block, name)
    yield from _classic(plan, name)
    yield from _of_subnets(plan, name)
    for block in plan.of("azapi_resource", "azapi_update_resource"):
        if any(f"microsoft.network/{kind}" in block.text("type").lower() for kind in _DECIDING):
            yield Resource("elsewhere", block.address, "", {}, name, why="is not read here")


_DECIDING = ("firewallpolicies", "azurefirewalls", "networksecuritygroups", "routetables", "ipgroups",
             "virtualnetworks")  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Azure Firewall

_COLLECTIONS = {f"azurerm_firewall_{kind}_rule_collection": kind for kind in _KINDS}


def _policy(plan: Plan, block: Managed, document: str) -> Iterator[Resource]:
    dns, detection = _first(block, "dns"), _first(block, "intrusion_detection")
    body = {
        "basePolicy": _reference(plan, block, "base_policy_id", "firewallPolicies"),
        "ruleCollectionGroups": [{"id": item} for item in _list(block.values.get("rule_collection_groups"))],
        "dnsSettings": _settings(dns, {"proxy_enabled": "enableProxy"}),
        "threatIntelMode": block.values.get("threat_intelligence_mode"),
        "intrusionDetection": _settings(detection, {"mode": "mode"}),
        "explicitProxy": _settings(_first(block, "explicit_proxy"), {"enabled": "enableExplicitProxy"}),
    }
    yield _resource("firewall-policy", block.text("name"), block, body, document)


def _group(plan: Plan, block: Managed, document: str) -> Iterator[Resource]:
    collections: Any = []
    for kind in _KINDS:
        own = block.values.get(f"{kind}_rule_collection") or []
        if isinstance(own, Unknown) or isinstance(collections, Unknown):
            collections = own if isinstance(own, Unknown) else collections
        else:
            collections += [
                _collection(_with_groups(plan, block, item), f"azurerm_firewall_{kind}_rule_collection") for item in own
            ]
    body = {"priority": block.values.get("priority"), "ruleCollections": collections}
    policy = _reference(plan, block, "firewall_policy_id", "firewallPolicies")
    owner = str(policy["id"]).rpartition("/")[2] if policy else ""
    name = f"{owner}/{block.text('name')}" if owner else block.text("name")
    yield _resource("rule-collection-group", name, block, body, document, scope=_place(policy))


def _with_groups(plan: Plan, block: Managed, collection: Any) -> Any:
    """A collection whose rules name the IP groups that the plan makes."""
    rules = collection.get("rule") if isinstance(collection, Mapping) else None
    if not isinstance(rules, list):
        return collection
    return {**collection, "rule": [_with_own_groups(plan, block, rule) for rule in rules]}


def _with_own_groups(plan: Plan, block: Managed, rule: Any) -> Any:
    if not isinstance(rule, Mapping):
        return rule
    named = {key: [_named(plan, block, item, "ipGroups") if isinstance(item, Unknown) else item for item in rule[key]]
             for key in ("source_ip_groups", "destination_ip_groups") if isinstance(rule.get(key), list)}  # fmt: skip
    return {**rule, **named}


def _collection(values: Any, kind: str) -> Any:
    """A rule collection as Azure has it; anything else than a block as it is."""
    if not isinstance(values, Mapping):
        return values
    type_of_collection, type_of_rule, names = _KINDS[_COLLECTIONS[kind]]
    rules = values.get("rule")
    return {
        "name": values.get("name"),
        "priority": values.get("priority"),
        "action": {"type": values.get("action")},
        "ruleCollectionType": type_of_collection,
        "rules": [_rule(rule, names, type_of_rule) for rule in rules] if isinstance(rules, list) else rules,
    }


def _rule(rule: Any, names: Mapping[str, str], kind: str) -> Any:
    if not isinstance(rule, Mapping):
        return rule
    renamed = {**_renamed(rule, names), "ruleType": kind}
    if isinstance(renamed.get("destinationAddresses"), str):
        renamed["destinationAddresses"] = [renamed["destinationAddresses"]]
    if names is _APPLICATION and isinstance(renamed.get("protocols"), list):
        shapes = {"type": "protocolType", "port": "port"}
        renamed["protocols"] = [_renamed(item, shapes) if isinstance(item, Mapping) else item
                                for item in renamed["protocols"]]  # fmt: skip
    return renamed


def _classic(plan: Plan, document: str) -> Iterator[Resource]:
    """Classic firewalls with the collections that name them; collections alone are judged as given."""
    collections: dict[tuple[str, str], dict[str, list[Any]]] = {}
    for block in plan.of(*_COLLECTIONS):
        own = collections.setdefault((_scope(block), block.text("azure_firewall_name").lower()), {})
        kind = f"{_COLLECTIONS[block.type]}RuleCollections"
        own.setdefault(kind, []).append(_collection(block.values, block.type))
    for block in plan.of("azurerm_firewall"):
        rules = collections.pop((_scope(block), block.text("name").lower()), {})
        yield _firewall(plan, block, rules, document)
    for (scope, firewall), rules in collections.items():
        yield Resource("firewall", firewall, "", rules, document, scope=scope)
        yield _assumed(f"the firewall {firewall}", "was not given, and may have other collections", document)


def _assumed(what: str, why: str, document: str) -> Resource:
    """What is taken for granted, as `assumptions` says it."""
    return Resource("off", what, "", {}, document, why=why, defaults=("",))


def _firewall(plan: Plan, block: Managed, rules: Mapping[str, Any], document: str) -> Resource:
    proxy = block.values.get("dns_proxy_enabled")
    proxy = True if not isinstance(proxy, bool) and block.values.get("dns_servers") else proxy
    used = _reference(plan, block, "firewall_policy_id", "firewallPolicies")
    body = {
        **rules,
        "firewallPolicy": used,
        "threatIntelMode": block.values.get("threat_intel_mode"),
        "additionalProperties": {"Network.DNS.EnableProxy": str(proxy).lower()} if isinstance(proxy, bool) else None,
        "ipConfigurations": [_settings(item, {"private_ip_address": "privateIPAddress"})
                             for item in _list(block.values.get("ip_configuration"))],
        "hubIPAddresses": _settings(_first(block, "virtual_hub"), {"private_ip_address": "privateIPAddress"}),
    }  # fmt: skip
    return _resource("firewall", block.text("name"), block, body, document)


def _ip_group(plan: Plan, block: Managed, document: str) -> Iterator[Resource]:
    own = block.values.get("cidrs")
    more = [other.values.get("cidr") for other in plan.of("azurerm_ip_group_cidr")
            if _names(plan, other, "ip_group_id", block)]  # fmt: skip
    addresses = own if isinstance(own, Unknown) and not more else [*_list(own), *more]
    yield _resource("ip-group", block.text("name"), block, {"ipAddresses": addresses}, document)


# ---------------------------------------------------------------------------------------------------------------------
# Security groups, route tables, subnets


def _security_group(plan: Plan, block: Managed, document: str) -> Iterator[Resource]:
    rules, granted = _inline(plan, block, "security_rule", "azurerm_network_security_rule", document)
    own = [_renamed(rule, _SECURITY) for rule in rules] if isinstance(rules, list) else rules
    yield _resource("nsg", block.text("name"), block, {"securityRules": own}, document)
    yield from granted


def _inline(plan: Plan, block: Managed, key: str, separate: str, document: str) -> tuple[Any, list[Resource]]:
    """The parts that stand in a resource, and what is taken for granted of them.

    Where its text has none, the provider lists what there was before: what the plan makes or removes by itself counts
    in its own place, and of a new resource there is nothing yet.
    """
    value = block.values.get(key)
    if isinstance(value, Unknown) and block.is_computed(key):
        what = f"{key} of {block.address}"
        return [], [_assumed(what, "is known after apply and not in its text: taken to be none", document)]
    if isinstance(value, list) and block.is_computed(key):
        own = plan.changed[separate]
        return [item for item in value if not (isinstance(item, Mapping) and item.get("name") in own)], []
    return [] if value is None else value, []


def _security_rule(plan: Plan, block: Managed, document: str) -> Iterator[Resource]:
    owner = _owner(plan, block, "network_security_group_name")
    body = _renamed(block.values, _SECURITY)
    yield _resource("security-rule", f"{owner}/{block.text('name')}", block, body, document)


def _route_table(plan: Plan, block: Managed, document: str) -> Iterator[Resource]:
    routes, granted = _inline(plan, block, "route", "azurerm_route", document)
    own = [_hop(plan, block, route) for route in routes] if isinstance(routes, list) else routes
    propagated = block.values.get("bgp_route_propagation_enabled")
    off = block.values.get("disable_bgp_route_propagation", None if propagated is None else propagated is False)
    body = {"routes": own, "disableBgpRoutePropagation": off}
    yield _resource("route-table", block.text("name"), block, body, document)
    yield from granted


def _route(plan: Plan, block: Managed, document: str) -> Iterator[Resource]:
    owner = _owner(plan, block, "route_table_name")
    yield _resource("route", f"{owner}/{block.text('name')}", block, _hop(plan, block, block.values), document)


def _hop(plan: Plan, block: Managed, route: Any) -> Any:
    """A route, whose hop may be the address of a firewall that the same plan makes."""
    renamed = _renamed(route, _ROUTE)
    hop = renamed.get("nextHopIpAddress") if isinstance(renamed, Mapping) else None
    firewall = plan.referred(block, hop) if isinstance(hop, Unknown) else None
    if firewall and firewall.type == "azurerm_firewall":
        identifier = f"/providers/microsoft.network/azurefirewalls/{firewall.text('name')}"
        shape = braced(f"reference('{identifier}').privateIPAddress")
        return {**renamed, "nextHopIpAddress": replace(hop, shape=shape)} if isinstance(hop, Unknown) else renamed
    return renamed


def _of_subnets(plan: Plan, document: str) -> Iterator[Resource]:
    """Subnets with the gates that associations give them; a gate of a subnet that is not known has no prefix."""
    subnets = {block.address: block for block in plan.of("azurerm_subnet")}
    by_id = {str(block.values["id"]).lower(): block for block in subnets.values() if block.text("id")}
    gates: dict[str, dict[str, Any]] = {address: {} for address in subnets}
    for other in plan.of(*_ASSOCIATIONS):
        key, attribute, kind = _ASSOCIATIONS[other.type]
        value = other.values.get("subnet_id")
        subnet = plan.referred(other, value) if isinstance(value, Unknown) else by_id.get(str(value).lower())
        address = subnet.address if subnet and subnet.address in gates else f"the subnet of {other.address}"
        gates.setdefault(address, {})[key] = _reference(plan, other, attribute, kind)
    for address, own in gates.items():
        block = subnets.get(address)
        name = f"{block.text('virtual_network_name')}/{block.text('name')}" if block else address
        body = {"addressPrefixes": block.values.get("address_prefixes"), **own} if block else own
        yield Resource("subnet", name, "", body, document)
    for block in plan.of("azurerm_virtual_network"):
        for inner in _list(block.values.get("subnet")):
            yield from _inner_subnet(plan, block, inner, document)


def _inner_subnet(plan: Plan, block: Managed, subnet: Any, document: str) -> Iterator[Resource]:
    """A subnet that stands in its network."""
    if isinstance(subnet, Mapping):
        body = {
            "addressPrefixes": subnet.get("address_prefixes") or subnet.get("address_prefix"),
            "networkSecurityGroup": _named(plan, block, subnet.get("security_group"), "networkSecurityGroups"),
            "routeTable": _named(plan, block, subnet.get("route_table_id"), "routeTables"),
        }
        whole = {key: value for key, value in body.items() if value is not None}
        if isinstance(whole.get("addressPrefixes"), str):
            whole["addressPrefixes"] = [whole["addressPrefixes"]]
        yield Resource("subnet", f"{block.text('name')}/{subnet.get('name')}", "", whole, document)


_ASSOCIATIONS = {
    "azurerm_subnet_network_security_group_association": (
        "networkSecurityGroup", "network_security_group_id", "networkSecurityGroups"),
    "azurerm_network_interface_security_group_association": (
        "networkSecurityGroup", "network_security_group_id", "networkSecurityGroups"),
    "azurerm_subnet_route_table_association": ("routeTable", "route_table_id", "routeTables"),
}  # fmt: skip
_BUILD: Mapping[str, Callable[[Plan, Managed, str], Iterator[Resource]]] = {
    "azurerm_firewall_policy": _policy,
    "azurerm_firewall_policy_rule_collection_group": _group,
    "azurerm_ip_group": _ip_group,
    "azurerm_network_security_group": _security_group,
    "azurerm_network_security_rule": _security_rule,
    "azurerm_route_table": _route_table,
    "azurerm_route": _route,
}


# ---------------------------------------------------------------------------------------------------------------------
# Attributes


def _resource(
    kind: str, name: str, block: Managed, body: Mapping[str, Any], document: str, scope: Optional[str] = None
) -> Resource:
    identifier = block.values.get("id")
    whole = {key: value for key, value in body.items() if value is not None}
    where = _scope(block) if scope is None else scope
    known = identifier.lower() if isinstance(identifier, str) else ""
    return Resource(kind, name, known, whole, document, scope=where)


def _scope(block: Managed) -> str:
    """The resource group; none where it is known after apply, since then its name says nothing."""
    group = block.values.get("resource_group_name")
    return f"/resourcegroups/{group}".lower() if isinstance(group, str) and group else ""


def _place(reference: Optional[Mapping[str, Any]]) -> str:
    return str(reference["id"]).lower().partition("/providers/")[0] if reference else ""


def _reference(plan: Plan, block: Managed, key: str, kind: str) -> Optional[dict[str, Any]]:
    """What an attribute names, as an id: the id itself, or the name of the resource of the plan that it refers to."""
    return _named(plan, block, block.values.get(key), kind)


def _named(plan: Plan, block: Managed, value: Any, kind: str) -> Optional[dict[str, Any]]:
    if isinstance(value, Unknown):
        target = plan.referred(block, value)
        name = target.text("name") if target else value.shape
        place = _scope(target) if target else ""
        return {"id": f"{place}/providers/microsoft.network/{kind}/{name}".lower()}
    return {"id": value} if isinstance(value, str) and value else None


def _names(plan: Plan, other: Managed, key: str, block: Managed) -> bool:
    """Whether an attribute of another resource names this one."""
    value = other.values.get(key)
    if isinstance(value, Unknown):
        return plan.referred(other, value) is block
    return bool(block.text("id")) and str(value).lower() == block.text("id").lower()


def _owner(plan: Plan, block: Managed, key: str) -> str:
    """The name of what a part belongs to, which may only be known by what it refers to."""
    value = block.values.get(key)
    target = plan.referred(block, value) if isinstance(value, Unknown) else None
    return target.text("name") if target else block.text(key)


def _renamed(values: Any, names: Mapping[str, str]) -> Any:
    """Attributes by Azure's names; one that is not known here keeps its own, and so is seen."""
    if not isinstance(values, Mapping):
        return values
    renamed: dict[str, Any] = {}
    for key, value in values.items():
        if value not in (None, "", []) and key not in _OF_THE_RESOURCE:
            renamed[names.get(key, key)] = value
    return renamed


def _settings(values: Any, names: Mapping[str, str]) -> Any:
    """Of a block the attributes that count, by Azure's names."""
    if not isinstance(values, Mapping):
        return values
    return {own: values[key] for key, own in names.items() if values.get(key) is not None}


def _first(block: Managed, key: str) -> Any:
    value = block.values.get(key)
    return value if isinstance(value, Unknown) else next(iter(_list(value)), None)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []
