"""Templates: what they tell without a deployment, what only a deployment would, and hostile ones."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from azext_amlnet.errors import UsageError
from azext_amlnet.model import Coverage, Requirement
from azext_amlnet.policy import Document, read

from . import policies as build
from .test_policy import ACR, UBUNTU
from .test_policy_readers import DENY_INTERNET, FIREWALL, cilium


def template(**sections: Any) -> Document:
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    return Document("template.json", json.dumps({"$schema": schema, **sections}))


def in_template(targets: Any, **sections: Any) -> str:
    allow = build.collection("c", 100, "Allow", {**build.app("r"), "targetFqdns": targets})
    inner = {"priority": 100, "ruleCollections": [allow]}
    nested = {"type": "ruleCollectionGroups", "name": "g", "properties": inner}
    whole = {"type": "Microsoft.Network/firewallPolicies", "name": "hub", "properties": {}, "resources": [nested]}
    return build.coverage(read((template(resources=[whole], **sections),)), ACR)[0]


@pytest.mark.parametrize(
    ("targets", "word"),
    [
        (["acrml.azurecr.io"], "covered"),
        (["[concat('acrml', '.azurecr.io')]"], "covered"),
        (["[concat(parameters('name'), variables('suffix'))]"], "covered"),
        ("[variables('all')]", "covered"),
        ("[concat(variables('all'), createArray('x.io'))]", "covered"),
        (["[toLower('ACRML.azurecr.io')]"], "covered"),
        (["[parameters('untold')]"], "unknown"),
        (["[reference('x').y]"], "unknown"),
        (["[concat('acrml', "], "unknown"),
        (["[[acrml.azurecr.io]"], "unknown"),
        (["other.io"], "missing"),
    ],
)
def test_expressions_of_templates(targets: Any, word: str) -> None:
    parameters = {"name": {"defaultValue": "acrml"}, "untold": {"type": "string"}}
    variables = {"suffix": ".azurecr.io", "all": ["[concat('acrml', variables('suffix'))]"]}
    assert in_template(targets, parameters=parameters, variables=variables) == word


def test_a_variable_of_itself_is_unknown() -> None:
    assert in_template("[variables('x')]", variables={"x": "[variables('x')]"}) == "unknown"


@pytest.mark.parametrize(
    ("condition", "word"), [(True, "covered"), (False, "missing"), ("[parameters('x')]", "unknown")]
)
def test_conditional_resources(condition: Any, word: str) -> None:
    inner = build.group("g", 100, build.collection("c", 100, "Allow", build.app("r", ACR.host)))["properties"]
    group = {"type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups", "name": "hub/g"}
    group |= {"condition": condition, "properties": inner}
    policy = {"type": "Microsoft.Network/firewallPolicies", "name": "hub", "properties": {}}
    assert build.coverage(read((template(resources=[policy, group], parameters={"x": {}}),)), ACR) == [word]


def test_a_deployment_within_a_template_is_followed_or_leaves_everything_open() -> None:
    group = {
        "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
        "name": "[concat(parameters('p'), '/g')]",
        "properties": build.group("g", 100, build.collection("c", 100, "Allow", build.app("r", ACR.host)))[
            "properties"
        ],
    }
    inner = {"parameters": {"p": {"type": "string"}}, "resources": [group]}
    policy = {"type": "Microsoft.Network/firewallPolicies", "name": "hub", "properties": {}}
    nested = {"type": "Microsoft.Resources/deployments", "name": "rules",
              "properties": {"template": inner, "parameters": {"p": {"value": "hub"}}}}  # fmt: skip
    assert build.coverage(read((template(resources=[policy, nested]),)), ACR, UBUNTU) == ["covered", "missing"]
    linked = {**nested, "properties": {"templateLink": {"uri": "https://example.com/x.json"}}}
    (finding,) = build.findings(read((template(resources=[policy, group, linked]),)), ACR)
    assert finding.coverage is Coverage.UNKNOWN and "the deployment rules" in finding.because


def test_a_page_of_a_list_that_goes_on_elsewhere_leaves_everything_open() -> None:
    whole = [build.policy(), build.group("g", 100, build.collection("c", 100, "Allow", build.app("r", ACR.host)))]
    assert build.coverage(build.of_text(json.dumps({"value": whole})), ACR) == ["covered"]
    (finding,) = build.findings(build.of_text(json.dumps({"value": whole, "nextLink": "https://x"})), ACR)
    assert finding.coverage is Coverage.UNKNOWN and "the next page" in finding.because


def test_what_a_template_only_refers_to_is_not_taken_for_the_thing_itself() -> None:
    allow = build.collection("c", 100, "Allow", build.net("r", destinationFqdns=[ACR.host]))
    group = {
        "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
        "name": "hub/g",
        "properties": build.group("g", 100, allow)["properties"],
    }
    existing = {"type": "Microsoft.Network/firewallPolicies", "name": "hub", "existing": True}
    (policy,) = read((template(resources={"policy": existing, "group": group}),))
    assert build.coverage([policy], ACR) == ["covered"] and "no base policy" in policy.assumptions[0]
    own = {**existing, "existing": False, "properties": {"dnsSettings": {"enableProxy": False}}}
    (policy,) = read((template(resources={"policy": own, "group": group}),))
    assert build.coverage([policy], ACR) == ["unknown"] and not policy.assumptions


X = "[parameters('x')]"


def untold(*resources: Any) -> tuple[Any, ...]:
    return read((template(resources=list(resources), parameters={"x": {"type": "string"}}),))


def as_resource(kind: str, name: str, **properties: Any) -> dict[str, Any]:
    return {"type": f"Microsoft.Network/{kind}", "name": name, "properties": properties}


HUB = as_resource("firewallPolicies", "hub")
ALLOWING = build.collection("a", 200, "Allow", build.app("yes", ACR.host))
DENYING = build.collection("d", 100, "Deny", build.app("no", "*"))


def in_group(*collections: Any, priority: Any = 100, name: str = "hub/g") -> dict[str, Any]:
    kind = "firewallPolicies/ruleCollectionGroups"
    return as_resource(kind, name, priority=priority, ruleCollections=list(collections))


@pytest.mark.parametrize(
    "resources",
    [
        (as_resource("firewallPolicies", "hub", basePolicy={"id": X}), in_group(ALLOWING)),
        (HUB, in_group(X, ALLOWING)),
        (HUB, in_group({**DENYING, "rules": [X]}, ALLOWING)),
        (HUB, in_group({**ALLOWING, "priority": X}, DENYING)),
        (HUB, in_group(ALLOWING, priority=X), in_group(DENYING, name="hub/d")),
        (HUB, in_group({**ALLOWING, "priority": 100}, DENYING)),
        (HUB, in_group({**DENYING, "rules": [{**build.app("no", "*"), "protocols": [X]}]}, ALLOWING)),
        (HUB, in_group({**DENYING, "rules": [build.net("no", "*", ports=[])]}, ALLOWING)),
        (HUB, in_group({**DENYING, "rules": [build.net("no", "*", protocols=["*"])]}, ALLOWING)),
        (HUB, in_group({**ALLOWING, "rules": [{**build.app("y", ACR.host), "protocols": [
            {"protocolType": "Https", "port": X}]}]})),
        (HUB, in_group({**DENYING, "rules": [build.app("no", "a.io", targetUrls=[f"{ACR.host}/*"])]}, ALLOWING)),
        (HUB, in_group({**DENYING, "rules": [build.app("no", targetUrls=[f"{ACR.host}/*"], destinationAddresses=[
            "20.0.0.0/8"])]}, ALLOWING)),
        (HUB, in_group({**DENYING, "rules": [build.app("no", fqdnTags=["AppServiceEnvironment"])]}, ALLOWING)),
        (as_resource("networkSecurityGroups", "g", securityRules=[X]),),
        (as_resource("networkSecurityGroups", "g", copy=[{"name": "securityRules", "count": 1, "input": {}}]),),
        (as_resource("networkSecurityGroups", "g", securityRules=[{"name": "no", "properties": X}]),),
        (as_resource("networkSecurityGroups", "g", securityRules=[{"name": "y", "properties": {
            **DENY_INTERNET, "access": "Allow", "priority": 100, "sourcePortRange": "500"}}, {"name": "n", "properties":
            DENY_INTERNET}]),),
        (as_resource("networkSecurityGroups", "g", securityRules=[{"name": "n", "properties": {
            **DENY_INTERNET, "protocol": "Any"}}]),),
        (as_resource("routeTables", "t", routes=X),),
        (as_resource("routeTables", "t", copy=[{"name": "routes", "count": 1, "input": {}}]),),
        (as_resource("routeTables", "t", routes=[]),
         {**as_resource("routeTables/routes", "t/r", addressPrefix="0.0.0.0/0", nextHopType="Internet"),
          "condition": X}),
    ],
)  # fmt: skip
def test_what_a_template_does_not_tell_is_never_taken_for_nothing(resources: tuple[Any, ...]) -> None:
    (finding,) = build.findings(untold(*resources), ACR)
    assert finding.coverage is Coverage.UNKNOWN, finding


@pytest.mark.parametrize("kind", ["firewallPolicies", "networkSecurityGroups", "routeTables"])
def test_a_resource_without_any_property_told_is_no_policy(kind: str) -> None:
    with pytest.raises(UsageError):
        untold({"type": f"Microsoft.Network/{kind}", "name": "n", "properties": X})


def test_deployments_have_parameters_of_their_own_or_those_around_them() -> None:
    rule = {**build.app("y"), "targetFqdns": ["[parameters('h')]"]}
    inner = {"parameters": {"h": {"defaultValue": "other.io"}}, "resources": [in_group({**ALLOWING, "rules": [rule]})]}
    deployment = {"type": "Microsoft.Resources/deployments", "name": "x", "properties": {"template": inner}}
    scoped = {**deployment["properties"], "expressionEvaluationOptions": {"scope": "inner"}}  # type: ignore[dict-item]
    outer = template(resources=[HUB, deployment], parameters={"h": {"defaultValue": ACR.host}})
    assert build.coverage(read((outer,)), ACR) == ["covered"]
    within = template(resources=[HUB, {**deployment, "properties": scoped}])
    assert build.coverage(read((within, build.parameters(h=ACR.host))), ACR) == ["missing"]
    maybe = template(resources=[HUB, {**deployment, "condition": X}], parameters={"h": {"defaultValue": ACR.host}})
    assert build.coverage(read((maybe,)), ACR) == ["unknown"]
    twice = (template(resources=[HUB, in_group({**ALLOWING, "rules": [rule]})], parameters={"h": {}}),
             build.parameters(h="other.io"), Document("b", build.parameters(h=ACR.host).text))  # fmt: skip
    assert build.coverage(read(twice), ACR) == ["unknown"]


def test_a_deployment_that_may_not_be_made_matters_only_where_it_holds_a_gate() -> None:
    role = {"type": "Microsoft.Authorization/roleAssignments", "name": "r", "properties": {}}
    roles = {"type": "Microsoft.Resources/deployments", "name": "roles", "condition": X,
             "properties": {"template": {"resources": [role]}}}  # fmt: skip
    policies = untold(HUB, in_group(ALLOWING), roles)
    assert build.coverage(policies, ACR) == ["covered"] and not [part for p in policies for part in p.unread]
    roles["properties"]["template"]["resources"].append(in_group(DENYING, priority=90, name="hub/d"))  # type: ignore[index]
    (finding,) = build.findings(untold(HUB, in_group(ALLOWING), roles), ACR)
    assert finding.coverage is Coverage.UNKNOWN and finding.rules == ("d/d/no", "g/a/yes")
    assert "whether it exists depends on the parameter 'x' (give the parameter file)" in finding.because
    roles["properties"]["template"]["resources"].append(as_resource("firewallPolicies", "other"))  # type: ignore[index]
    (finding,) = build.findings(untold(HUB, in_group(ALLOWING), roles), ACR)
    assert "firewall-policy other of template.json depends on the parameter 'x' (give" in finding.because
    roles["properties"] = {"templateLink": {"uri": "https://example.com/x.json"}}
    assert build.coverage(untold(HUB, in_group(ALLOWING), roles), ACR) == ["unknown"]


def test_a_base_policy_of_a_template_is_found_by_its_name() -> None:
    base = "[resourceId('Microsoft.Network/firewallPolicies', 'base')]"
    child = as_resource("firewallPolicies", "hub", basePolicy={"id": base})
    whole = (as_resource("firewallPolicies", "base"), child, in_group(ALLOWING), in_group(DENYING, name="base/d"))
    policies = untold(*whole)
    assert [policy.name for policy in policies] == ["hub"] and build.coverage(policies, ACR) == ["denied"]


def test_groups_of_another_policy_are_not_ours() -> None:
    assert build.coverage(untold(HUB, in_group(ALLOWING, name="other/g")), ACR) == ["missing"]
    elsewhere = build.group("g", 100, build.collection("a", 100, "Allow", build.app("y", ACR.host)), policy=build.BASE)
    assert build.coverage(build.of(build.policy(), elsewhere), ACR) == ["missing"]
    (alone,) = build.of(elsewhere)
    assert build.coverage([alone], ACR) == ["covered"] and "no base policy" in alone.assumptions[0]
    refused = build.of(elsewhere, **{build.BASE.lower(): "AuthorizationFailed"})
    assert build.coverage(refused, ACR) == ["unknown"] and not refused[0].assumptions


def test_things_of_one_name_in_other_groups_are_other_things() -> None:
    other = build.NETWORK.replace("hub-rg", "other-rg")
    ip_group = {"id": f"{other}/ipGroups/i", "name": "i", "properties": {"ipAddresses": ["10.1.0.0/16"]}}
    rule = build.app("y", ACR.host, sources=[], sourceIpGroups=[f"{build.NETWORK}/ipGroups/i"])
    group = build.group("g", 100, build.collection("a", 100, "Allow", rule))
    assert build.coverage(build.of(build.policy(), ip_group, group), ACR) == ["unknown"]
    theirs = {**FIREWALL, "properties": {"firewallPolicy": {"id": build.HUB.replace("hub-rg", "prod-rg")}}}
    fine = build.group("g", 100, build.collection("a", 100, "Allow", build.app("y", ACR.host)))
    assert build.coverage(build.of(build.policy(), fine, theirs), ACR) == ["unknown"]


MANY_ASTERISKS = build.app("r", "a" + "*a" * 25 + "*z")


@pytest.mark.parametrize(
    "text",
    [
        "kind: x\na: " + "[" * 200_000,
        "kind: x\na: &a [x]\n" + "\n".join(f"b{n}: &b{n} [*{'a' if not n else f'b{n - 1}'}, *a]" for n in range(40)),
        "x" + " " * 100_000 + "y",
        json.dumps({"resources": [in_group({**ALLOWING, "priority": "9" * 5000})]}),
        json.dumps({"resources": [HUB], "variables": {f"v{n}": f"[concat(variables('v{n + 1}'), variables('v{n + 1}'))]"
                                                      for n in range(60)}, "parameters": {}}),
        json.dumps({"resources": [{**HUB, "properties": {"sku": "[" + "concat(" * 3000 + ")" * 3000 + "]"}}]}),
        json.dumps({"type": "Microsoft.Network/virtualNetworks", "subnets": 5}),
        json.dumps([build.policy(), build.group("g", 1, build.collection("c", 1, "Allow", MANY_ASTERISKS))]),
        cilium({"toCIDR": [["x"] * 10] * 10}),
        json.dumps({"resources": [HUB, in_group({**ALLOWING, "rules": "[variables('v0')]"})], "parameters": {},
                    "variables": {f"v{n}": f"[concat(variables('v{n + 1}'), variables('v{n + 1}'))]"
                                  for n in range(40)} | {"v40": ["x"]}}),
        "acl a dstdomain " + " ".join(f"h{n}.io" for n in range(3000)) + "\n" + "http_access allow a\n" * 1000,
    ],
)  # fmt: skip
def test_hostile_texts_cost_little_and_break_nothing(text: str) -> None:
    started = time.monotonic()
    try:
        policies = build.of_text(text)
    except UsageError:
        policies = ()
    if policies:
        assert build.coverage(policies, Requirement(host="a" * 60 + ".io")) in (["unknown"], ["missing"])
    assert time.monotonic() - started < 5
