"""Deployments within templates and files beside them: whose a group is, what goes where, and what is not known."""

from __future__ import annotations

from typing import Any, Optional

import pytest

from azext_amlnet.catalog import load
from azext_amlnet.model import Fleet, Inputs
from azext_amlnet.policy import Document, Policy, read
from azext_amlnet.policy.addresses import spans_of
from azext_amlnet.policy.report import report_on

from . import policies as build
from .test_policy import ACR
from .test_policy_bicep import CLOSED, DATA, ENVIRONMENT, HUB, NODES, OPEN, group, module, network, rules, subnet
from .test_policy_templates import as_resource, template

NO = {"priority": 50, "ruleCollections": [build.collection("d", 100, "Deny", build.app("no", "*"))]}
YES = group(rules(ACR.host))


def of(*resources: Any, beside: tuple[Document, ...] = (), **sections: Any) -> tuple[Policy, ...]:
    return read((template(resources=list(resources), **sections), *beside), environment=ENVIRONMENT)


def word(*resources: Any, source: Optional[str] = build.SOURCE, **sections: Any) -> str:
    return build.coverage(of(*resources, **sections), ACR, source=source)[0]


def test_a_condition_is_no_childs() -> None:
    """…/azure-resource-manager/templates/conditional-resource-deployment (2026-11-26)."""
    nested = {"type": "ruleCollectionGroups", "name": "no", "properties": NO}
    off = {**HUB, "condition": False, "resources": [nested]}
    assert word(HUB, YES, off) == "denied"
    rule = {"type": "securityRules", "name": "no", "properties": CLOSED["properties"]["securityRules"][0]["properties"]}
    assert word({**OPEN, "condition": False, "resources": [rule]}) == "missing"


@pytest.mark.parametrize(
    ("condition", "coverage"),
    [
        ("[contains(if(parameters('on'), createObject('a', 1), createObject('b', 1)), 'a')]", "unknown"),
        ("[not(empty(if(parameters('on'), createObject(), createObject('b', 1))))]", "unknown"),
        ("[equals(length(union(createArray(parameters('p')), createArray('x'))), 2)]", "unknown"),
        ("[not(contains(union(createObject('a', parameters('o')), createObject('a', createObject('c', 1))).a, 'k'))]",
         "unknown"),
        ("[not(contains(objectKeys(variables('own')), 'Rules'))]", "missing"),
        ("[contains(variables('own'), 'rules')]", "covered"),
        ("[contains(if(parameters('on'), createObject('a', 1), createObject('a', 2)), 'a')]", "covered"),
        ("[equals(length(union(createArray('y'), createArray('x'))), 2)]", "covered"),
    ],
)  # fmt: skip
def test_what_depends_on_the_parameter_of_an_object_stays_in_doubt(condition: str, coverage: str) -> None:
    parameters = {"on": {"type": "bool"}, "p": {"type": "string"}, "o": {"type": "object"}}
    assert (
        word(HUB, {**YES, "condition": condition}, parameters=parameters, variables={"own": {"Rules": 1}}) == coverage
    )


def test_copyindex_without_a_name_is_the_resources_loop() -> None:
    """…/azure-resource-manager/templates/copy-properties (2026-11-26): a loop of properties is named."""
    rule = {**build.app("r", "*"), "name": "[format('r{0}', copyIndex('rules'))]"}
    inner = {
        "name": "rules",
        "count": 2,
        "input": {**rule, "targetFqdns": ["[if(equals(copyIndex(), 0), 'a.io', '*')]"]},
    }
    collection = {**build.collection("c", 100, "Deny"), "copy": [inner]}
    one = group({"priority": 50, "ruleCollections": [collection]}, "[format('hub/g{0}', copyIndex())]",
                copy={"name": "groups", "count": 1})  # fmt: skip
    assert word(HUB, YES, one) == "covered"
    assert word(HUB, YES, {**one, "copy": {"name": "groups", "count": 2}}) == "denied"


# -- what a deployment is given, and what it puts out


def given_to(entries: Any, declared: Any, **properties: Any) -> dict[str, Any]:
    """A deployment that denies everything where its parameter `deny` is true or 'yes'."""
    made = module("m", group(NO, "hub/d", condition="[or(equals(parameters('deny'), true()), "
                                                    "equals(parameters('deny'), 'yes'))]"))  # fmt: skip
    made["properties"]["template"]["parameters"] = {"deny": declared}
    made["properties"].update({"parameters": entries, **properties})
    return made


@pytest.mark.parametrize(
    ("deployment", "coverage"),
    [
        (given_to("[variables('on')]", {"type": "bool", "defaultValue": False}), "denied"),
        (given_to("[variables('unset')]", {"type": "bool", "defaultValue": False}), "unknown"),
        (
            given_to(None, {"type": "bool", "defaultValue": False}, parametersLink={"uri": "https://x.example/p"}),
            "unknown",
        ),
        (given_to({"deny": {"value": None}}, {"type": "string", "defaultValue": "yes"}), "unknown"),
        (given_to({"deny": {"reference": {"keyVault": {}}}}, {"type": "bool", "defaultValue": False}), "unknown"),
        (given_to({"deny": {"value": False}}, {"type": "bool", "defaultValue": True}), "covered"),
        (given_to(None, {"type": "bool", "defaultValue": True}), "denied"),
    ],
)
def test_a_deployment_is_given_its_parameters_in_every_way_that_arm_takes(deployment: Any, coverage: str) -> None:
    assert word(HUB, YES, deployment, variables={"on": {"deny": {"value": True}}}) == coverage


def putting_out(value: Any) -> dict[str, Any]:
    return {"verb": {"type": "string", "value": value}}


def verb(expression: str) -> dict[str, Any]:
    """A group that denies or allows everything, as an expression says."""
    collection = build.collection("v", 100, expression, build.app("any", "*"))
    return group({"priority": 50, "ruleCollections": [collection]}, "hub/v")


OUTPUT = "[reference(resourceId({}'Microsoft.Resources/deployments', '{}')).outputs.verb.value]"


@pytest.mark.parametrize(
    ("reference", "where", "coverage"),
    [
        (OUTPUT.format("", "m1"), {}, "denied"),
        (OUTPUT.format("", "m0"), {}, "covered"),
        (OUTPUT.format("'other-rg', ", "m1"), {}, "unknown"),
        (OUTPUT.format("'other-rg', ", "m1"), {"resourceGroup": "other-rg"}, "denied"),
        (OUTPUT.format("", "m1"), {"resourceGroup": "other-rg"}, "unknown"),
        (OUTPUT.format("subscription().subscriptionId, 'other-rg', ", "m1"), {"resourceGroup": "other-rg"}, "denied"),
        (OUTPUT.format("", "m7"), {}, "unknown"),
    ],
)
def test_what_a_looped_deployment_puts_out_is_that_of_its_turn(reference: str, where: Any, coverage: str) -> None:
    turns = module("[format('m{0}', copyIndex())]", outputs=putting_out("[parameters('verb')]"), **where,
                   copy={"name": "ms", "count": 2})  # fmt: skip
    turns["properties"]["parameters"] = {"verb": {"value": "[if(equals(copyIndex(), 1), 'Deny', 'Allow')]"}}
    turns["properties"]["template"]["parameters"] = {"verb": {"type": "string"}}
    assert word(HUB, YES, turns, verb(reference)) == coverage
    if not where:
        of_symbol = verb(reference if "m7" in reference else "[reference('ms[1]').outputs.verb.value]")
        whole = template(resources={"ms": turns, "hub": HUB, "g": YES, "v": of_symbol}, languageVersion="2.0")
        assert build.coverage(read((whole,)), ACR) == ["unknown" if "m7" in reference else "denied"]


def test_two_deployments_of_one_template_put_out_what_each_was_given() -> None:
    shared = {
        "parameters": {"verb": {"type": "string"}},
        "resources": [],
        "outputs": putting_out("[[parameters('verb')]"),
    }
    both = []
    for name, value in (("allowing", "Allow"), ("denying", "Deny")):
        made = module(name)
        made["properties"].update(template="[variables('shared')]", parameters={"verb": {"value": value}})
        both.append(made)
    for name, coverage in (("allowing", "covered"), ("denying", "denied")):
        assert word(HUB, YES, *both, verb(OUTPUT.format("", name)), variables={"shared": shared}) == coverage


def test_a_loop_of_deployments_makes_what_each_turn_says() -> None:
    inner = module("[format('i{0}', parameters('n'))]",
                   group(NO, "hub/d", condition="[equals(parameters('n'), 1)]"))  # fmt: skip
    inner["properties"].update(parameters={"n": {"value": "[parameters('n')]"}})
    inner["properties"]["template"]["parameters"] = {"n": {"type": "int"}}
    outer = module("[format('o{0}', copyIndex())]", inner, copy={"name": "os", "count": 2})
    outer["properties"].update(parameters={"n": {"value": "[copyIndex()]"}})
    outer["properties"]["template"]["parameters"] = {"n": {"type": "int"}}
    assert word(HUB, YES, outer) == "denied"
    assert word(HUB, YES, {**outer, "copy": {"name": "os", "count": 1}}) == "covered"


# -- whose a group is


@pytest.mark.parametrize(
    ("first", "other", "coverage"),
    [
        ("rg-a", "rg-a", {"covered"}),
        ("rg-a", "rg-b", {"missing", "covered"}),
        ("[parameters('a')]", "[parameters('a')]", {"covered"}),
        ("[parameters('a')]", "[parameters('b')]", {"unknown"}),
        ("[parameters('a')]", None, {"unknown"}),
    ],
)
def test_a_group_is_of_the_policy_of_its_resource_group(first: str, other: Optional[str], coverage: set[str]) -> None:
    policy = module("p", HUB, resourceGroup=first)
    allowing = module("g", YES, **({"resourceGroup": other} if other else {}))
    untold = {"a": {"type": "string"}, "b": {"type": "string"}}
    assert {build.coverage([one], ACR)[0] for one in of(policy, allowing, parameters=untold)} == coverage


def test_a_base_policy_of_the_same_name_in_another_resource_group_is_not_among_the_files() -> None:
    base = {"id": "[resourceId('base-rg', 'Microsoft.Network/firewallPolicies', 'hub')]"}
    (finding,) = build.findings(of({**HUB, "properties": {"basePolicy": base}}, YES), ACR)
    assert finding.coverage.value == "unknown" and "the base policy hub: it is not among the files" in finding.because


def test_a_parameter_file_is_for_the_templates_that_declare_all_of_it() -> None:
    switched = template(resources=[HUB, YES, group(NO, "hub/d", condition="[parameters('lockdown')]")],
                        parameters={"lockdown": {"type": "bool", "defaultValue": True}})  # fmt: skip
    declared = {"lockdown": {"type": "bool"}, "nsgName": {"type": "string"}}
    other = Document("other.json", template(resources=[OPEN], parameters=declared).text)
    file = build.parameters(lockdown=False, nsgName="n")
    hub = [policy for policy in read((switched, other, file)) if policy.name == "hub"]
    assert build.coverage(hub, ACR) == ["denied"]
    assert build.coverage(read((switched, build.parameters(lockdown=False))), ACR) == ["covered"]
    assert build.coverage(read((switched, file)), ACR) == ["covered"], "nobody else's"


# -- subnets that are not wholly told


@pytest.mark.parametrize(
    ("beside", "coverage"),
    [
        (subnet("aks", "[parameters('prefix')]", networkSecurityGroup="lost"), "unknown"),
        (subnet("aks", "10.1.0.0/16", networkSecurityGroup="lost"), "unknown"),
        ("[parameters('subnet')]", "unknown"),
        (subnet("aks", "10.7.0.0/16", networkSecurityGroup="lost"), "covered"),
    ],
)
def test_a_subnet_of_an_unknown_prefix_may_be_anybodys(beside: Any, coverage: str) -> None:
    parameters = {"prefix": {"type": "string"}, "subnet": {"type": "object"}}
    assert word(HUB, YES, CLOSED, network(DATA, beside), parameters=parameters) == coverage


def test_a_network_that_may_not_be_there_says_nothing_sure_of_its_subnets() -> None:
    maybe = {**network(DATA), "condition": "[parameters('new')]"}
    untold = {"new": {"type": "bool"}}
    assert word(HUB, YES, CLOSED, maybe, parameters=untold, source="10.1.0.0/16") == "unknown"
    assert word(HUB, YES, CLOSED, maybe, parameters=untold, source="10.2.0.0/24") == "missing"
    assert word(HUB, YES, maybe, parameters=untold, source="10.1.0.0/16") == "covered", "a network stops nothing"
    assert word(HUB, YES, as_resource("virtualNetworks", "v", subnets="[parameters('all')]")) == "covered"


def test_a_source_beside_all_subnets_is_named_where_a_firewall_decides() -> None:
    policies = of(HUB, YES, OPEN, network(NODES))
    inputs = Inputs(load(), Fleet(), (ACR,))
    for source, notes in (("10.1.7.0/24", ()), ("10.9.0.0/16", (
            "No nsg here is for all of 10.9.0.0/16: subnets name those for 10.1.0.0/16 only.",))):  # fmt: skip
        report = report_on(inputs, policies, sources=spans_of([source]))
        assert report.warnings == notes and report.findings[0].coverage.value == "covered"
    alone = report_on(inputs, of(OPEN, network(NODES)), sources=spans_of(["10.9.0.0/16"]))
    assert alone.warnings == () and alone.findings[0].coverage.value == "unknown"


def test_a_function_over_a_type_that_is_not_told_is_no_crash() -> None:
    odd = group(rules("[resourceId(parameters('type'), 'x')]", ACR.host))
    assert word(HUB, odd, parameters={"type": {"type": "string"}}) == "covered"
