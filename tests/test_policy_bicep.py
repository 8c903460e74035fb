"""Templates as people have them: what `bicep build` writes, comments, loops, switches, and subnets with their gates."""

from __future__ import annotations

import json
from typing import Any

import pytest

from azext_amlnet.catalog import load
from azext_amlnet.errors import UsageError
from azext_amlnet.model import Cloud, Coverage, Fleet, Inputs
from azext_amlnet.policy import Document, Policy, read
from azext_amlnet.policy.environment import environment_of
from azext_amlnet.policy.report import report_on

from . import policies as build
from .test_policy import ACR, UBUNTU
from .test_policy_templates import as_resource, template

ENVIRONMENT = environment_of(Cloud.PUBLIC, load())
HUB = as_resource("firewallPolicies", "hub")
PARAMETERS: dict[str, Any] = {
    "a": {"defaultValue": True},
    "off": {"defaultValue": False},
    "id": {"defaultValue": "x"},
    "env": {"defaultValue": "prod"},
    "names": {"defaultValue": ["mcr.microsoft.com", ACR.host]},
    "untold": {"type": "bool"},
    "policyName": {"type": "string"},
    "otherName": {"type": "string"},
}
VARIABLES: dict[str, Any] = {"h": {"acr": ACR.host}, "suffix": "azurecr.io"}


def rules(*targets: Any) -> dict[str, Any]:
    """The properties of a group that allows these targets."""
    rule = {**build.app("r", sources=["*"]), "targetFqdns": list(targets)}
    return {"priority": 100, "ruleCollections": [build.collection("c", 100, "Allow", rule)]}


def policies_of(*resources: Any, beside: tuple[Document, ...] = (), **sections: Any) -> tuple[Policy, ...]:
    whole = template(resources=list(resources), parameters=PARAMETERS, variables=VARIABLES, **sections)
    return read((whole, *beside), environment=ENVIRONMENT)


def group(properties: Any, name: str = "hub/g", **more: Any) -> dict[str, Any]:
    return {"type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups", "name": name,
            "properties": properties, **more}  # fmt: skip


LOOP = {
    "name": "rules",
    "count": "[length(parameters('names'))]",
    "input": {
        **build.app("[format('r{0}', copyIndex('rules'))]"),
        "targetFqdns": ["[parameters('names')[copyIndex('rules')]]"],
    },
}


@pytest.mark.parametrize(
    "gate",
    [
        group(rules(ACR.host), condition="[and(parameters('a'), equals(parameters('env'), 'prod'))]"),
        group(rules(ACR.host), condition="[not(empty(parameters('id')))]"),
        group("[if(equals(parameters('env'), 'prod'), variables('one'), variables('two'))]"),
        group(rules("[format('{0}.azurecr.io', 'acrml')]")),
        group(rules("[variables('h').acr]")),
        group(rules("[concat('acrml', environment().suffixes.acrLoginServer)]")),
        group(rules("[parameters('names')[1]]")),
        group(rules("[reference('x').y]", "[variables('h')['acr']]")),
        group({"priority": 100, "ruleCollections": [{**build.collection("c", 100, "Allow"), "copy": [LOOP]}]}),
        group(rules(ACR.host), "[format('{0}/{1}', 'hub', 'g')]"),
        group(rules("[parameters('names')[copyIndex()]]"), "[format('hub/g{0}', copyIndex())]",
              copy={"name": "each", "count": "[length(parameters('names'))]"}),
    ],
)  # fmt: skip
def test_what_bicep_writes_is_worked_out(gate: Any) -> None:
    VARIABLES.update(one=rules(ACR.host), two=rules("x.io"))
    (policy,) = policies_of(HUB, gate)
    assert build.coverage([policy], ACR, UBUNTU)[0] == "covered"
    assert all(name.startswith(("g/c/r", "g1/c/r")) for name in build.findings([policy], ACR)[0].rules)


def test_a_loop_without_turns_makes_nothing_and_one_of_an_untold_count_is_in_doubt() -> None:
    none = group(rules(ACR.host), copy={"name": "each", "count": 0})
    assert build.coverage(policies_of(HUB, none), ACR) == ["missing"]
    untold = group(rules(ACR.host), copy={"name": "each", "count": "[parameters('untold')]"})
    (finding,) = build.findings(policies_of(HUB, untold), ACR)
    assert finding.coverage is Coverage.UNKNOWN and "the parameter 'untold' (give" in finding.because
    inner = {"priority": 100, "ruleCollections": [
        {**build.collection("c", 100, "Allow"), "copy": [{**LOOP, "count": "[parameters('untold')]"}]}]}  # fmt: skip
    assert build.coverage(policies_of(HUB, group(inner)), ACR) == ["unknown"]


def test_comments_and_texts_of_several_lines_are_read() -> None:
    text = json.dumps({"resources": [HUB, group(rules("HOST"))], "$schema": "https://schema.management.azure.com/x#"})
    text = text.replace('"HOST"', f'"{ACR.host}" // images "not" this\n/* "other.io", \n ] */')
    text = f'// what the hub lets through\n{text[:-1]}, "metadata": {{"description": "two\nlines"}}}}'
    assert build.coverage(build.of_text(text), ACR) == ["covered"]
    parameters = '/* of production */ {"$schema": "https://x/2019-04-01/deploymentParameters.json#", // "a": 1\n' \
        '"parameters": {"policyName": {"value": "hub"}}}'  # fmt: skip
    whole = template(resources=[HUB, group(rules(ACR.host), "[concat(parameters('policyName'), '/g')]")])
    assert build.coverage(read((whole, Document("p.json", parameters))), ACR) == ["covered"]
    for broken in ('{"a": 1, // x\n "b" }', '{"a": "https://x" /* open ', "/* only a comment */"):
        with pytest.raises(UsageError):
            build.of_text(broken)
    with pytest.raises(UsageError, match=r"line 3 column 6"):
        build.of_text('{"a": 1, /* x\n y */\n "b" }')


def test_what_depends_on_a_parameter_names_it() -> None:
    (finding,) = build.findings(policies_of(HUB, group(rules(ACR.host), condition="[parameters('untold')]")), ACR)
    assert finding.coverage is Coverage.UNKNOWN
    assert "whether it exists depends on the parameter 'untold' (give the parameter file)" in finding.because
    (finding,) = build.findings(policies_of(HUB, group(rules("[parameters('policyName')]"))), ACR)
    assert (
        finding.coverage is Coverage.UNKNOWN and "targetFqdns depends on the parameter 'policyName'" in finding.because
    )
    with pytest.raises(UsageError, match=r"firewall-policy hub depends on the parameter 'untold' \(give the parameter"):
        policies_of({**HUB, "condition": "[parameters('untold')]"})


def test_a_policy_that_a_default_switches_off_is_said_to_be_off() -> None:
    switched = {**HUB, "condition": "[parameters('off')]"}
    with pytest.raises(
        UsageError, match=r"firewall-policy hub is off by the default of 'off' \(give the parameter file"
    ):
        policies_of(switched)
    on = Document("p.json", build.parameters(off=True).text)
    assert build.coverage(policies_of(switched, group(rules(ACR.host)), beside=(on,)), ACR) == ["covered"]
    (policy,) = policies_of(HUB, group(rules(ACR.host), condition="[parameters('off')]"))
    assert build.coverage([policy], ACR) == ["missing"]
    assert policy.assumptions == ("rule-collection-group hub/g of template.json is off by the default of 'off' "
                                  "(give the parameter file).",)  # fmt: skip
    inner = {"parameters": {"on": {"type": "bool"}}, "resources": [{**HUB, "condition": "[parameters('on')]"}]}
    deployment = {"type": "Microsoft.Resources/deployments", "name": "d", "properties": {
        "expressionEvaluationOptions": {"scope": "inner"}, "template": inner,
        "parameters": {"on": {"value": "[not(parameters('a'))]"}}}}  # fmt: skip
    with pytest.raises(UsageError, match="off by the default of 'a'"):
        policies_of(deployment)
    with pytest.raises(UsageError, match="off by its condition"):
        policies_of({**HUB, "condition": False})


def test_a_module_that_may_not_be_made_puts_its_groups_in_doubt_and_no_more() -> None:
    module = {"type": "Microsoft.Resources/deployments", "name": "m", "condition": "[parameters('untold')]",
              "properties": {"template": {"resources": [group(rules(UBUNTU.host), "hub/m")]}}}  # fmt: skip
    module["properties"]["template"]["resources"][0]["properties"]["priority"] = 300  # type: ignore[index]
    assert build.coverage(policies_of(HUB, group(rules(ACR.host)), module), ACR) == ["covered"]


NAMED, OTHER = "[parameters('policyName')]", "[parameters('otherName')]"
BASE_ID = "[resourceId('Microsoft.Network/firewallPolicies', parameters('otherName'))]"


@pytest.mark.parametrize(
    ("denying", "word"),
    [
        ("[format('{0}/{1}', parameters('otherName'), 'deny')]", "denied"),
        ("[concat(parameters('OTHERNAME'), '/deny')]", "denied"),
        ("[format('{0}/{1}', parameters('policyName'), 'deny')]", "covered"),
        ("[parameters('id')]", "unknown"),
        ("[reference('x').outputs.name.value]", "unknown"),
    ],
)
def test_a_group_belongs_to_the_policy_that_its_expression_names(denying: str, word: str) -> None:
    deny = {"priority": 500, "ruleCollections": [build.collection("d", 100, "Deny", build.app("no", "*"))]}
    allow = group(rules(ACR.host), "[format('{0}/{1}', parameters('policyName'), 'allow')]")
    child = as_resource("firewallPolicies", NAMED, basePolicy={"id": BASE_ID})
    policies = policies_of(as_resource("firewallPolicies", OTHER), child, allow, group(deny, denying))
    assert [policy.name for policy in policies] == ["{policyName}"] and build.coverage(policies, ACR) == [word]


def test_symbolic_names_and_a_policy_that_stands_elsewhere() -> None:
    existing = {"existing": True, "type": "Microsoft.Network/firewallPolicies", "name": NAMED}
    made = {**group(rules(ACR.host), "[format('{0}/{1}', parameters('policyName'), 'g')]"), "dependsOn": ["fw"]}
    whole = template(resources={"fw": existing, "g": made}, parameters=PARAMETERS, languageVersion="2.0")
    (policy,) = read((whole,))
    assert build.coverage([policy], ACR) == ["covered"]
    assert "The firewall policy of {policyName}/g was not given" in policy.assumptions[0]
    beside = Document("hub.json", json.dumps(build.policy()))
    (policy,) = read((whole, beside))
    assert build.coverage([policy], ACR) == ["covered"] and not policy.assumptions


# -- subnets

OPEN = as_resource("networkSecurityGroups", "open", securityRules=[])
CLOSED = as_resource("networkSecurityGroups", "closed", securityRules=[{"name": "no", "properties": {
    "priority": 100, "access": "Deny", "direction": "Outbound", "protocol": "*", "sourcePortRange": "*",
    "sourceAddressPrefix": "*", "destinationAddressPrefix": "Internet", "destinationPortRange": "*"}}])  # fmt: skip


def subnet(name: str, prefix: Any, **gates: str) -> dict[str, Any]:
    kinds = {"networkSecurityGroup": "networkSecurityGroups", "routeTable": "routeTables"}
    ids = {key: {"id": f"[resourceId('Microsoft.Network/{kinds[key]}', '{of}')]"} for key, of in gates.items()}
    prefixes = {"addressPrefixes": prefix} if isinstance(prefix, list) else {"addressPrefix": prefix}
    return {"name": name, "properties": {**prefixes, **ids}}


def network(*subnets: Any) -> dict[str, Any]:
    return as_resource("virtualNetworks", "v", subnets=list(subnets))


NODES = subnet("nodes", "10.1.0.0/16", networkSecurityGroup="open")
DATA = subnet("db", ["10.2.0.0/24", "[cidrSubnet('10.2.0.0/16', 24, 1)]"], networkSecurityGroup="closed")


@pytest.mark.parametrize(
    ("source", "word"),
    [("10.1.0.0/16", "covered"), ("10.1.7.0/24", "covered"), ("10.2.1.0/24", "missing"), ("10.0.0.0/8", "missing"),
     ("10.9.0.0/16", "unknown"), (None, "unknown"), ("10.2.0.0/23", "missing")],
)  # fmt: skip
def test_each_group_is_for_the_prefixes_of_its_subnets(source: str, word: str) -> None:
    policies = policies_of(OPEN, CLOSED, network(NODES, DATA))
    (finding,) = build.findings(policies, ACR, source=source)
    assert finding.coverage.value == word, finding
    assert {policy.name: bool(policy.within) for policy in policies} == {"open": True, "closed": True}


def test_the_subnets_may_be_resources_of_their_own_and_of_route_tables() -> None:
    lost = as_resource("routeTables", "lost", routes=[
        {"name": "r", "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "None"}}])  # fmt: skip
    fine = as_resource("routeTables", "fine", routes=[])
    own = subnet("db", "10.2.0.0/16", routeTable="lost")
    alone = {"type": "Microsoft.Network/virtualNetworks/subnets", "name": "v/db", "properties": own["properties"]}
    policies = policies_of(lost, fine, network(subnet("nodes", "10.1.0.0/16", routeTable="fine")), alone)
    assert build.coverage(policies, ACR, source="10.1.0.0/16") == ["covered"]
    assert build.coverage(policies, ACR, source="10.2.0.0/16") == ["denied"]
    report = report_on(Inputs(load(), Fleet(), (ACR,)), policies)
    assert {summary.name: summary.sources for summary in report.policy} == {
        "lost": ("10.2.0.0/16",), "fine": ("10.1.0.0/16",)}  # fmt: skip
    assert report.findings[0].settled_by and report.findings[0].settled_by.option == "--source"


def test_one_that_no_subnet_names_counts_as_ever_and_so_does_a_single_one() -> None:
    assert build.coverage(policies_of(OPEN, CLOSED, network(NODES)), ACR, source="10.1.0.0/16") == ["missing"]
    assert build.coverage(policies_of(CLOSED, network(DATA)), ACR, source=None) == ["missing"]
    untold = subnet("db", "[parameters('id')]", networkSecurityGroup="closed")
    assert build.coverage(policies_of(OPEN, CLOSED, network(NODES, untold)), ACR, source="10.1.0.0/16") == ["unknown"]
    which = {"name": "x", "properties": {"addressPrefix": "10.1.0.0/24", "networkSecurityGroup": {
        "id": "[resourceId('Microsoft.Network/networkSecurityGroups', parameters('policyName'))]"}}}  # fmt: skip
    policies = policies_of(OPEN, CLOSED, network(DATA, which))
    assert build.coverage(policies, ACR, source="10.1.0.0/24") == ["unknown"]


# -- deployments: what is whose, and what they put out


def module(name: str, *resources: Any, outputs: Any = None, **more: Any) -> dict[str, Any]:
    """A deployment with expressions of its own."""
    whole = {"resources": list(resources), "outputs": outputs or {}}
    properties = {"expressionEvaluationOptions": {"scope": "inner"}, "template": whole}
    return {"type": "Microsoft.Resources/deployments", "name": name, "properties": properties, **more}


DENYING = [{"name": "no", "properties": {"priority": 200, "access": "Deny", "direction": "Outbound", "protocol": "*",
            "sourcePortRange": "*", "sourceAddressPrefix": "*", "destinationAddressPrefix": "Internet",
            "destinationPortRange": "*"}}]  # fmt: skip
ALLOWING = {"priority": 100, "access": "Allow", "direction": "Outbound", "protocol": "*", "sourcePortRange": "*",
            "sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "destinationPortRange": "*"}  # fmt: skip


@pytest.mark.parametrize("name", ["nsg", "[concat('nsg-', resourceGroup().name)]", "[deployment().name]"])
def test_things_of_one_name_in_two_resource_groups_are_two_things(name: str) -> None:
    rule = as_resource("networkSecurityGroups/securityRules", f"[concat('{name}', '/yes')]", **ALLOWING)
    if name.startswith("["):
        rule["name"] = f"[concat({name[1:-1]}, '/yes')]"
    first = module("a", as_resource("networkSecurityGroups", name, securityRules=[]), rule, resourceGroup="rg-a")
    other = module("b", as_resource("networkSecurityGroups", name, securityRules=DENYING), resourceGroup="rg-b")
    policies = policies_of(first, other)
    assert [build.coverage([policy], ACR) for policy in policies] == [["covered"], ["missing"]]
    same = policies_of({**first, "resourceGroup": "rg-b"}, {**other, "name": "a"}) if name == "nsg" else policies
    assert build.coverage(same, ACR) == (["covered"] if name == "nsg" else ["missing"])


def test_a_group_of_another_resource_groups_policy_is_not_ours() -> None:
    policies = policies_of(module("a", HUB, group(rules(ACR.host)), resourceGroup="[parameters('policyName')]"),
                           module("b", HUB, resourceGroup="[parameters('otherName')]"))  # fmt: skip
    assert sorted(build.coverage([policy], ACR)[0] for policy in policies) == ["covered", "missing"]


def test_what_a_module_puts_out_is_what_it_says() -> None:
    fire = as_resource("azureFirewalls", "fw", firewallPolicy={"id": HUB_ID}, ipConfigurations=[])
    outputs = {"policy": {"value": HUB_ID}, "ip": {"value": "[reference(resourceId('Microsoft.Network/azureFirewalls',"
               " 'fw')).ipConfigurations[0].properties.privateIPAddress]"}, "on": {"value": True}}  # fmt: skip
    hub = module("hub", HUB, fire, outputs=outputs)
    route = {
        "name": "r",
        "properties": {
            "addressPrefix": "0.0.0.0/0",
            "nextHopType": "VirtualAppliance",
            "nextHopIpAddress": "[reference(resourceId('Microsoft.Resources/deployments', 'hub')).outputs.ip.value]",
        },
    }
    table = as_resource("routeTables", "t", routes=[route])
    rcg = group(rules(ACR.host), condition="[reference('hub').outputs.on.value]")
    rcg["name"] = "[concat(last(split(reference('hub').outputs.policy.value, '/')), '/g')]"
    policies = policies_of(hub, table, rcg)
    assert build.coverage(policies, ACR, UBUNTU) == ["covered", "missing"]
    (_, routes) = policies
    assert routes.rules[0].on == " to the firewall fw (its own address)"
    symbolic = template(resources={"m": hub, "t": table, "g": {**rcg, "condition":
                        "[reference('m').outputs.on.value]"}}, languageVersion="2.0")  # fmt: skip
    assert build.coverage(read((symbolic,)), ACR) == ["covered"]


HUB_ID = "[resourceId('Microsoft.Network/firewallPolicies', 'hub')]"


def test_a_template_in_a_variable_is_entered() -> None:
    inner = {"resources": [group(rules("[[parameters('h')]"))], "parameters": {"h": {"defaultValue": ACR.host}}}
    made = {**module("m"), "properties": {"expressionEvaluationOptions": {"scope": "inner"},
                                          "template": "[variables('module')]"}}  # fmt: skip
    whole = template(resources=[HUB, made], variables={"module": inner})
    assert build.coverage(read((whole,)), ACR) == ["covered"]


@pytest.mark.parametrize("depth", [11, 12, 13, 20])
def test_what_is_nested_too_deeply_is_a_doubt_and_never_lost(depth: int) -> None:
    rule = as_resource("networkSecurityGroups/securityRules", "n/no", **DENYING[0]["properties"])
    inner: Any = rule
    for number in range(depth):
        inner = module(f"d{number}", inner)
    nsg = as_resource("networkSecurityGroups", "n", securityRules=[])
    assert build.coverage(policies_of(nsg, inner), ACR)[0] in ("missing", "unknown")


def test_a_gate_in_doubt_can_stop_traffic_and_lets_none_pass_another() -> None:
    maybe = {**CLOSED, "condition": "[parameters('untold')]"}
    assert build.coverage(policies_of(HUB, group(rules(ACR.host)), maybe), ACR, UBUNTU) == ["unknown", "missing"]
    whole = policies_of(HUB, group(rules(ACR.host)), maybe, network(DATA))
    assert build.coverage(whole, ACR, source="10.1.0.0/16") == ["covered"]
    assert build.coverage(whole, ACR, source="10.2.0.0/24") == ["unknown"]
    module_ = module("m", CLOSED, condition="[parameters('untold')]")
    whole = policies_of(HUB, group(rules(ACR.host)), module_, network(DATA))
    assert build.coverage(whole, ACR, source="10.1.0.0/16") == ["covered"]
    assert build.coverage(whole, ACR, source="10.2.0.0/24") == ["unknown"]


def test_the_group_of_a_subnet_that_was_not_shown_is_a_doubt_from_there() -> None:
    for gate in ({"id": "[parameters('policyName')]"}, {"id": "[reference('x').id]"}, {"properties": {
            "securityRules": DENYING}}, {"id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/"
                                         "networkSecurityGroups/theirs"}):  # fmt: skip
        aks = {"name": "aks", "properties": {"addressPrefix": "10.3.0.0/24", "networkSecurityGroup": gate}}
        policies = policies_of(OPEN, network(NODES, aks))
        assert build.coverage(policies, ACR, source="10.3.0.0/24") == ["unknown"], gate
        assert build.coverage(policies, ACR, source="10.1.0.0/16") == ["covered"]


def test_a_list_that_a_template_leaves_out_is_empty_where_its_subnets_name_the_gate() -> None:
    bare = as_resource("networkSecurityGroups", "open")
    (policy,) = policies_of(bare, network(NODES))
    assert build.coverage([policy], ACR) == ["covered"]
    assert policy.assumptions == ("template.json gives open no securityRules: none is there once it is deployed.",)
    assert build.coverage(policies_of(bare), ACR) == ["unknown"]
    by_default = as_resource("networkSecurityGroups", "open", securityRules="[parameters('none')]")
    whole = template(resources=[by_default], parameters={"none": {"type": "array", "nullable": True}})
    assert build.coverage(read((whole,)), ACR) == ["unknown"]
    whole = template(resources=[by_default], parameters={"none": {"defaultValue": []}})
    (policy,) = read((whole,))
    assert build.coverage([policy], ACR) == ["covered"] and "empty by the default of 'none'" in policy.assumptions[0]


def test_what_cannot_be_a_rows_is_no_doubt() -> None:
    dnat = {"ruleType": "NatRule", "name": "in", "sourceAddresses": ["*"], "ipProtocols": ["TCP"],
            "destinationAddresses": ["[reference('ip').ipAddress]"], "destinationPorts": ["443"],
            "translatedAddress": "10.0.0.4", "translatedPort": "443"}  # fmt: skip
    nat = {"ruleCollectionType": "FirewallPolicyNatRuleCollection", "name": "n", "priority": 100,
           "action": {"type": "DNAT"}, "rules": [dnat]}  # fmt: skip
    properties = {"priority": "[parameters('untold')]", "ruleCollections": [nat, *rules(ACR.host)["ruleCollections"]]}
    properties["ruleCollections"][1]["priority"] = 200
    ips = {"type": "Microsoft.Network/ipGroups", "name": "i", "condition": "[parameters('untold')]", "properties": {}}
    tier = "[if(parameters('untold'), createObject('sku', 1), createObject('sku', 2, 'insights', null()))]"
    hub = {"type": "Microsoft.Network/firewallPolicies", "name": "hub", "properties": tier}
    assert build.coverage(policies_of(hub, group(properties), ips), ACR) == ["covered"]
    old = {"type": "Microsoft.Network/firewallPolicies/ruleGroups", "name": "hub/old", "properties": {}}
    assert build.coverage(policies_of(hub, group(properties), old), ACR) == ["unknown"]


def test_a_subnet_that_is_written_twice_is_no_contradiction() -> None:
    again = {"type": "Microsoft.Network/virtualNetworks/subnets", "name": "v/nodes",
             "properties": {**NODES["properties"], "delegations": []}}  # fmt: skip
    assert build.coverage(policies_of(OPEN, network(NODES), again), ACR, source="10.1.0.0/16") == ["covered"]


def test_a_loop_that_a_default_leaves_without_turns_is_said() -> None:
    loop = {**HUB, "copy": {"name": "each", "count": "[length(parameters('none'))]"}}
    with pytest.raises(UsageError, match=r"firewall-policy hub has no turn by the default of 'none' \(give the"):
        read((template(resources=[loop], parameters={"none": {"defaultValue": []}}),))
