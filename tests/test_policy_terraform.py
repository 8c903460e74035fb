"""Terraform: plans and states as `terraform show -json` prints them, in the shape that its documentation gives."""

from __future__ import annotations

import json
from typing import Any, Optional

import pytest

from azext_amlnet.model import Coverage, Inputs
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


def written(address: str, **references: Any) -> Json:
    kind, name = address.split(".")
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name,
        "expressions": {
            key: {"references": value} if isinstance(value, list) else value for key, value in references.items()
        },
    }


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
        report = report_on(Inputs(build_catalog(), None, (ACR,)), [policy])
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
