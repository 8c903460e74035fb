"""Terraform: plans and states as `terraform show -json` prints them, in the shape that its documentation gives."""

from __future__ import annotations

import json
from typing import Any, Optional

import pytest

from azext_amlnet.model import Coverage, Fleet, Inputs
from azext_amlnet.policy import Document, Policy, read
from azext_amlnet.policy.report import report_on

from . import policies as build
from .test_policy import ACR, UBUNTU

Json = dict[str, Any]


def managed(address: str, **values: Any) -> Json:
    kind, name = address.split(".")[-2:]
    return {"address": address, "mode": "managed", "type": kind, "name": name.partition("[")[0], "values": values,
            "provider_name": "registry.terraform.io/hashicorp/azurerm", "schema_version": 0}  # fmt: skip


def plan(
    *resources: Json, unknown: Optional[Json] = None, configuration: Optional[Json] = None, **more: Any
) -> Document:
    changes = [{"address": address, "change": {"actions": ["create"], "after_unknown": after}}
               for address, after in (unknown or {}).items()]  # fmt: skip
    whole = {
        "format_version": "1.2",
        "terraform_version": "1.9.8",
        "planned_values": {"root_module": {"resources": list(resources), **more}},
        "resource_changes": changes,
        "configuration": configuration or {},
    }
    return Document("plan.json", json.dumps(whole))


def state(*resources: Json) -> Document:
    whole = {"format_version": "1.0", "terraform_version": "1.9.8", "values": {"root_module": {
        "resources": list(resources)}}}  # fmt: skip
    return Document("state.json", json.dumps(whole))


def written(address: str, **expressions: Any) -> Json:
    """A resource as the configuration has it; a list of texts is what an attribute refers to."""
    kind, name = address.split(".")
    whole = {key: {"references": value} if isinstance(value, list) and all(isinstance(item, str) for item in value)
             else value for key, value in expressions.items()}  # fmt: skip
    return {"address": address, "mode": "managed", "type": kind, "name": name, "expressions": whole}


HUB_ID = build.HUB
POLICY = managed("azurerm_firewall_policy.hub", name="hub", resource_group_name="hub-rg", base_policy_id=None,
                 dns=[{"proxy_enabled": True, "servers": []}])  # fmt: skip
GROUP = "azurerm_firewall_policy_rule_collection_group.g"


def application(name: str, *names: str, **more: Any) -> Json:
    return {"name": name, "source_addresses": ["10.1.0.0/16"], "source_ip_groups": [], "destination_fqdns": list(names),
            "destination_fqdn_tags": [], "destination_urls": [], "protocols": [{"type": "Https", "port": 443}],
            "terminate_tls": False, "web_categories": [], "http_headers": [], "description": "", **more}  # fmt: skip


def group(*rules: Json, policy: Any = HUB_ID, action: str = "Allow", **more: Any) -> Json:
    collection = {"name": "c", "action": action, "priority": 100, "rule": list(rules)}
    values = {"name": "g", "priority": 100, "firewall_policy_id": policy, "application_rule_collection": [collection],
              "network_rule_collection": [], "nat_rule_collection": [], **more}  # fmt: skip
    return managed(GROUP, **{key: value for key, value in values.items() if value != "unknown"})


def security(name: str, priority: int, access: str, destination: str) -> Json:
    return {"name": name, "priority": priority, "access": access, "direction": "Outbound", "protocol": "*",
            "source_port_range": "*", "source_port_ranges": [], "destination_port_range": "*", "description": "",
            "destination_port_ranges": [], "source_address_prefix": "*", "source_address_prefixes": [],
            "destination_address_prefix": destination, "destination_address_prefixes": [],
            "source_application_security_group_ids": [], "destination_application_security_group_ids": []}  # fmt: skip


def of(*documents: Document) -> tuple[Policy, ...]:
    return read(documents)


def test_a_plan_of_a_firewall_policy_is_read_as_azures_own() -> None:
    known = {**POLICY, "values": {**POLICY["values"], "id": HUB_ID}}
    for document in (plan(known, group(application("r", ACR.host))), state(known, group(application("r", ACR.host)))):
        (policy,) = of(document)
        assert build.coverage([policy], ACR, UBUNTU) == ["covered", "missing"]
        report = report_on(Inputs(build_catalog(), Fleet(), (ACR,)), [policy])
        assert report.policy[0].dialect == "terraform-json" and report.findings[0].rules == ("g/c/r",)


def build_catalog() -> Any:
    from azext_amlnet.catalog import load

    return load()


def test_what_is_known_after_apply_is_found_by_what_it_refers_to() -> None:
    configuration = {"root_module": {"resources": [
        written("azurerm_firewall_policy.hub"),
        written(GROUP, firewall_policy_id=["azurerm_firewall_policy.hub.id", "azurerm_firewall_policy.hub"]),
    ]}}  # fmt: skip
    unknown = {GROUP: {"id": True, "firewall_policy_id": True}, "azurerm_firewall_policy.hub": {"id": True}}
    other = managed("azurerm_firewall_policy.other", name="other", resource_group_name="hub-rg")
    allowing = group(application("r", ACR.host), policy="unknown")
    policies = of(plan(POLICY, other, allowing, unknown=unknown, configuration=configuration))
    words = {policy.name: build.coverage([policy], ACR)[0] for policy in policies}
    assert words == {"hub": "covered", "other": "missing"}


def test_references_go_through_variables_and_outputs_of_modules() -> None:
    address = f"module.rules.{GROUP}"
    inner = {"resources": [written(GROUP, firewall_policy_id=["var.policy_id"])]}
    hub = {"resources": [written("azurerm_firewall_policy.hub")], "outputs": {"id": {"expression": {
        "references": ["azurerm_firewall_policy.hub.id", "azurerm_firewall_policy.hub"]}}}}  # fmt: skip
    calls = {"rules": {"module": inner, "expressions": {"policy_id": {"references": ["module.hub.id", "module.hub"]}}},
             "hub": {"module": hub}}  # fmt: skip
    allowing = {**group(application("r", ACR.host), policy="unknown"), "address": address}
    policy = {**POLICY, "address": "module.hub.azurerm_firewall_policy.hub"}
    children = [{"address": "module.rules", "resources": [allowing]}, {"address": "module.hub", "resources": [policy]}]
    unknown = {address: {"firewall_policy_id": True}}
    document = plan(unknown=unknown, configuration={"root_module": {"module_calls": calls}}, child_modules=children)
    assert build.coverage(of(document), ACR, UBUNTU) == ["covered", "missing"]


def test_a_value_that_is_known_after_apply_is_a_doubt_by_its_address() -> None:
    known = {**POLICY, "values": {**POLICY["values"], "id": HUB_ID}}
    rule = application("r", ACR.host)
    del rule["destination_fqdns"]
    unknown = {GROUP: {"application_rule_collection": [{"rule": [{"destination_fqdns": True}]}]}}
    (finding,) = build.findings(of(plan(known, group(rule), unknown=unknown)), ACR)
    assert finding.coverage is Coverage.UNKNOWN
    assert (
        "targetFqdns depends on destination_fqdns, known after apply, which only a deployment tells" in finding.because
    )
    dynamic = group(policy=HUB_ID, application_rule_collection="unknown")
    configuration = {"root_module": {"resources": [written(GROUP, application_rule_collection={})]}}
    unknown = {GROUP: {"application_rule_collection": True}}
    (finding,) = build.findings(of(plan(known, dynamic, unknown=unknown, configuration=configuration)), ACR)
    assert finding.coverage is Coverage.UNKNOWN and "the rule collections of g, which depend on" in finding.because


def test_classic_collections_belong_to_the_firewall_that_they_name() -> None:
    rule = {"name": "r", "source_addresses": ["*"], "target_fqdns": [ACR.host], "fqdn_tags": [], "source_ip_groups": [],
            "protocol": [{"port": 443, "type": "Https"}], "description": ""}  # fmt: skip
    collection = managed("azurerm_firewall_application_rule_collection.a", name="a", azure_firewall_name="fw",
                         resource_group_name="rg", priority=100, action="Allow", rule=[rule])  # fmt: skip
    firewall = managed("azurerm_firewall.fw", name="fw", resource_group_name="rg", firewall_policy_id=None)
    for resources in ((firewall, collection), (collection,)):
        (policy,) = of(plan(*resources))
        assert build.coverage([policy], ACR, UBUNTU) == ["covered", "missing"] and policy.name == "fw"


@pytest.mark.parametrize("separate", [False, True])
def test_security_groups_with_rules_of_their_own_or_beside_them(separate: bool) -> None:
    deny = security("no", 100, "Deny", "Internet")
    address = "azurerm_network_security_group.n"
    inline = [] if separate else [deny]
    known = managed(address, name="n", resource_group_name="rg", security_rule=inline)
    single = managed("azurerm_network_security_rule.no", resource_group_name="rg", network_security_group_name="n",
                     **deny)  # fmt: skip
    assert build.coverage(of(plan(known, *([single] if separate else []))), ACR) == ["missing"]
    del known["values"]["security_rule"]
    for expressions, word in (({}, "covered"), ({"security_rule": {}}, "unknown")):
        configuration = {"root_module": {"resources": [written(address, **expressions)]}}
        document = plan(known, unknown={address: {"security_rule": True}}, configuration=configuration)
        assert build.coverage(of(document), ACR) == [word]


def test_routes_lead_to_the_firewall_and_associations_say_for_which_subnet() -> None:
    firewall = managed("azurerm_firewall.fw", name="fw", firewall_policy_id=HUB_ID, ip_configuration=[
        {"name": "c", "private_ip_address": "10.0.0.4"}])  # fmt: skip
    known = {**POLICY, "values": {**POLICY["values"], "id": HUB_ID}}
    table = managed("azurerm_route_table.t", name="t", resource_group_name="rg", bgp_route_propagation_enabled=False,
                    route=[{"name": "d", "address_prefix": "0.0.0.0/0", "next_hop_type": "VirtualAppliance",
                            "next_hop_in_ip_address": "10.0.0.4"}])  # fmt: skip
    closed = managed("azurerm_network_security_group.c", name="c", id="/x/c", resource_group_name="rg", security_rule=[
        security("no", 100, "Deny", "Internet")])  # fmt: skip
    subnet = managed("azurerm_subnet.db", name="db", id="/x/db", virtual_network_name="v",
                     address_prefixes=["10.9.0.0/24"])  # fmt: skip
    link = managed("azurerm_subnet_network_security_group_association.l", subnet_id="/x/db",
                   network_security_group_id="/x/c")  # fmt: skip
    allowing = group(application("r", ACR.host, source_addresses=["*"]))
    policies = of(plan(known, firewall, table, closed, subnet, link, allowing))
    assert build.coverage(policies, ACR, source="10.1.0.0/16") == ["covered"]
    assert build.coverage(policies, ACR, source="10.9.0.0/24") == ["missing"]


def test_ip_groups_and_attributes_that_are_not_known_here() -> None:
    known = {**POLICY, "values": {**POLICY["values"], "id": HUB_ID}}
    ips = managed("azurerm_ip_group.i", name="i", id=f"{build.NETWORK}/ipGroups/i", cidrs=["10.1.0.0/16"])
    rule = application("r", ACR.host, source_addresses=[], source_ip_groups=[f"{build.NETWORK}/ipGroups/i"])
    assert build.coverage(of(plan(known, ips, group(rule))), ACR) == ["covered"]
    assert build.coverage(of(plan(known, group(application("r", ACR.host, new_switch=True)))), ACR) == ["unknown"]
    api = {**managed("azapi_resource.x"), "values": {"type": "Microsoft.Network/firewallPolicies@2024-05-01"}}
    assert build.coverage(of(plan(known, group(application("r", ACR.host)), api)), ACR) == ["unknown"]


# -- what plans of other people taught

KNOWN = {**POLICY, "values": {**POLICY["values"], "id": HUB_ID}}
DENY = security("no", 4000, "Deny", "Internet")
EVERYWHERE = group(application("r", ACR.host, source_addresses=["*"]))
NSG = "azurerm_network_security_group.n"


def closed(name: str = "n", **more: Any) -> Json:
    return managed(f"azurerm_network_security_group.{name}", name=name, resource_group_name="rg",
                   id=f"/x/{name}", security_rule=[DENY], **more)  # fmt: skip


def texts(*resources: Json) -> Json:
    return {"root_module": {"resources": list(resources)}}


def test_what_the_provider_lists_yields_to_what_the_plan_makes_or_removes() -> None:
    stale = security("allow", 100, "Allow", "Internet")
    listed = managed(NSG, name="n", resource_group_name="rg", security_rule=[stale, DENY])
    configuration = texts(written(NSG))
    for actions, after in ((["delete"], None), (["update"], {"name": "allow"})):
        whole = json.loads(plan(listed, configuration=configuration).text)
        whole["resource_changes"] = [{"address": "azurerm_network_security_rule.a", "type":
            "azurerm_network_security_rule", "change": {"actions": actions, "before": {"name": "allow"},
                                                        "after": after}}]  # fmt: skip
        assert build.coverage(of(Document("p", json.dumps(whole))), ACR) == ["missing"], actions
    assert build.coverage(of(plan(listed, configuration=configuration)), ACR) == ["covered"]


def test_a_dynamic_block_is_never_taken_for_nothing() -> None:
    hidden = "azurerm_firewall_policy_rule_collection_group.h"
    first = managed(hidden, name="h", priority=90, firewall_policy_id=HUB_ID)
    document = plan(KNOWN, EVERYWHERE, first, unknown={hidden: {"network_rule_collection": True}},
                    configuration=texts(written(hidden)))  # fmt: skip
    assert build.coverage(of(document), ACR) == ["unknown"]
    new = managed(NSG, name="n", resource_group_name="rg")
    (policy,) = of(plan(new, unknown={NSG: {"security_rule": True}}, configuration=texts(written(NSG))))
    assert build.coverage([policy], ACR) == ["covered"] and "taken to be none" in policy.assumptions[0]


@pytest.mark.parametrize("references", [["each.value"], ["local.subnet"], ["azurerm_subnet.s", "each.key"]])
def test_a_gate_of_a_subnet_that_is_not_told_is_never_dropped(references: list[str]) -> None:
    link = "azurerm_subnet_network_security_group_association.l"
    subnets = [managed(f'azurerm_subnet.s["{key}"]', name=key, virtual_network_name="v",
                       address_prefixes=[f"10.{number}.0.0/16"]) for key, number in (("a", 1), ("b", 2))]  # fmt: skip
    other = managed("azurerm_subnet.t", name="t", id="/x/t", virtual_network_name="v", address_prefixes=["10.3.0.0/16"])
    theirs = managed(f"{link}2", subnet_id="/X/T", network_security_group_id="/x/n")
    ours = managed(f'{link}["a"]', network_security_group_id="/x/n")
    document = plan(KNOWN, EVERYWHERE, closed(), *subnets, other, theirs, ours,
                    unknown={f'{link}["a"]': {"subnet_id": True}},
                    configuration=texts(written(link, subnet_id=references)))  # fmt: skip
    word = "missing" if references[0].startswith("azurerm") else "unknown"
    assert build.coverage(of(document), ACR, source="10.1.0.0/16") == [word]
    assert build.coverage(of(document), ACR, source="10.3.0.0/16") == ["missing"]


def test_instances_are_told_apart_by_their_keys() -> None:
    configuration = texts(written("azurerm_firewall_policy.p"),
                          written(GROUP, firewall_policy_id=["azurerm_firewall_policy.p", "each.key"]))  # fmt: skip
    pairs = [(managed(f'azurerm_firewall_policy.p["{key}"]', name=f"p-{key}"), f'{GROUP}["{key}"]') for key in "ab"]
    groups = [{**group(application("r", host, source_addresses=["*"]), policy="unknown"), "address": address}
              for (_, address), host in zip(pairs, (ACR.host, "x.io"), strict=True)]  # fmt: skip
    unknown = {address: {"firewall_policy_id": True} for _, address in pairs}
    policies = of(plan(*(policy for policy, _ in pairs), *groups, unknown=unknown, configuration=configuration))
    assert {policy.name: build.coverage([policy], ACR)[0] for policy in policies} == {
        "p-a": "covered",
        "p-b": "missing",
    }


def test_subnets_in_their_network_and_gates_of_network_interfaces() -> None:
    subnet = {"name": "a", "address_prefixes": ["10.1.0.0/16"], "security_group": "/x/n", "route_table_id": ""}
    inline = managed("azurerm_virtual_network.v", name="v", subnet=[subnet])
    whole = of(plan(KNOWN, EVERYWHERE, closed(), inline))
    assert build.coverage(whole, ACR, source="10.1.0.0/16") == ["missing"]
    assert build.coverage(whole, ACR, source="10.9.0.0/16") == ["covered"]
    card = managed("azurerm_network_interface_security_group_association.c", network_interface_id="/x/nic",
                   network_security_group_id="/x/n")  # fmt: skip
    assert build.coverage(of(plan(KNOWN, EVERYWHERE, closed(), card)), ACR) == ["unknown"]
    assert build.coverage(of(plan(KNOWN, EVERYWHERE, closed(), closed("m"), card)), ACR) == ["missing"]


@pytest.mark.parametrize("field", [{"complete": False}, {"errored": True}, {"format_version": "2.0"}])
def test_a_plan_that_is_not_whole_is_a_doubt(field: Json) -> None:
    whole = {**json.loads(plan(KNOWN, EVERYWHERE).text), **field}
    assert build.coverage(of(Document("p", json.dumps(whole))), ACR) == ["unknown"]


def test_what_is_left_over_or_not_in_the_plan_counts_as_in_azures_own() -> None:
    other = {**KNOWN, "values": {**KNOWN["values"], "rule_collection_groups": [f"{HUB_ID}/ruleCollectionGroups/other"]}}
    assert build.coverage(of(plan(other, EVERYWHERE)), ACR) == ["unknown"]
    deposed = {**EVERYWHERE, "deposed_key": "8c1b", "values": {**EVERYWHERE["values"], "priority": 1}}
    assert build.coverage(of(state(KNOWN, EVERYWHERE, deposed)), ACR) == ["covered"]
    own = managed("azurerm_ip_group.i", name="i", id="/x/i", cidrs=[])
    cidr = managed("azurerm_ip_group_cidr.c", ip_group_id="/X/I", cidr="10.1.0.0/16")
    rule = application("r", ACR.host, source_addresses=[], source_ip_groups=["/x/i"])
    assert build.coverage(of(state(KNOWN, own, cidr, group(rule))), ACR) == ["covered"]
    update = {**managed("azapi_update_resource.x"), "values": {"type": "Microsoft.Network/networkSecurityGroups@1"}}
    public = {**managed("azapi_resource.y"), "values": {"type": "Microsoft.Network/publicIPAddresses@1"}}
    assert build.coverage(of(plan(KNOWN, EVERYWHERE, update)), ACR) == ["unknown"]
    assert build.coverage(of(plan(KNOWN, EVERYWHERE, public)), ACR) == ["covered"]


def test_ip_groups_and_hops_of_the_same_plan_are_found_by_what_they_refer_to() -> None:
    group_of, table = managed("azurerm_ip_group.i", name="i", cidrs=["10.1.0.0/16"]), "azurerm_route_table.t"
    rule = application("r", ACR.host, source_addresses=[])
    expressions = [{"rule": [{"source_ip_groups": {"references": ["azurerm_ip_group.i.id", "azurerm_ip_group.i"]}}]}]
    after = {"application_rule_collection": [{"rule": [{"source_ip_groups": [True]}]}]}
    hop = [
        {"next_hop_in_ip_address": {"references": ["azurerm_firewall.fw.ip_configuration[0]", "azurerm_firewall.fw"]}}
    ]
    routes = managed(table, name="t", route=[{"name": "d", "address_prefix": "0.0.0.0/0",
                                              "next_hop_type": "VirtualAppliance"}])  # fmt: skip
    firewall = managed("azurerm_firewall.fw", name="fw", firewall_policy_id=HUB_ID)
    document = plan(KNOWN, group_of, group(rule), routes, firewall,
                    unknown={GROUP: after, table: {"route": [{"next_hop_in_ip_address": True}]}},
                    configuration=texts(written(GROUP, application_rule_collection=expressions),
                                        written(table, route=hop)))  # fmt: skip
    assert build.coverage(of(document), ACR) == ["covered"]
