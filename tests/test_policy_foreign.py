"""Texts that are no policy that is read here: each is called what it is, with the command that gives what is read."""

from __future__ import annotations

import json

import pytest

from azext_amlnet.errors import UsageError

from . import policies as build
from .test_policy import ACR, UBUNTU

CILIUM = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: x}\nspec:\n"
EFFECTIVE = {"value": [{"networkSecurityGroup": {"id": "/x"}, "effectiveSecurityRules": [{"access": "Allow"}]}]}
CLASSIC = [{"action": {"type": "Allow"}, "name": "c", "priority": 100, "rules": [], "provisioningState": "Succeeded"}]
POWERSHELL = {"Name": "hub", "ResourceGroupName": "rg", "RuleCollectionGroups": [{"Id": "/x"}], "Tag": {}}
PLAN = {
    "format_version": "1.2",
    "terraform_version": "1.9.8",
    "planned_values": {
        "root_module": {
            "resources": [
                {
                    "address": "azurerm_resource_group.g",
                    "mode": "managed",
                    "type": "azurerm_resource_group",
                    "values": {},
                }
            ]
        }
    },
}


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        (f"{CILIUM}  egress:\n  - toFQDNs:\n    - matchPattern: *.azurecr.io\n", r"no valid YAML: .* line 7", "Quote"),
        (f"{CILIUM}\tegress: []\n", r"no valid YAML: .* in line 5", "Quote"),
        (f"{CILIUM}  description: {{{{ .Values.name }}}}\n", "a template of Helm", "helm template"),
        ("apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nspec: {}\n", "policy of Calico", "--cluster"),
        ("apiVersion: v1\nkind: ConfigMap\n", "no network policy, but ConfigMap of v1", "kubectl get"),
        ('resource "azurerm_firewall_policy" "hub" {\n  name = "hub"\n}\n', "Terraform's text", "terraform show -json"),
        ("variable \"x\" {}\n", "Terraform's text", "terraform show -json"),
        ("param location string\nresource hub 'Microsoft.Network/firewallPolicies@2024-05-01' = {\n}\n", "Bicep's text",
         "az bicep build --file"),
        ("using './main.bicep'\nparam a = 'b'\n", "parameter file of Bicep", "build-params"),
        (json.dumps(EFFECTIVE), "the effective rules of a network interface", "az network nsg show"),
        (json.dumps(CLASSIC), "one kind of a firewall's collections", "az network firewall show"),
        ('{"Name": "g", "Properties": {"Priority": 1, "RuleCollection": []}}', "Azure PowerShell", "az network"),
        (json.dumps(POWERSHELL), "what Azure PowerShell prints", "az network"),
        (json.dumps(PLAN), "a Terraform plan or state without network resources", "terraform show -json"),
        (json.dumps({"apiVersion": "v1", "kind": "Pod"}), "an object of Kubernetes \\(Pod\\)", "kubectl get"),
        ("config firewall policy\n  edit 1\n", "a configuration of FortiGate", "list"),
        ("set rulebase security rules a action allow\n", "Palo Alto's set commands", "list"),
        ("<?xml version='1.0'?><config/>", "XML", "list"),
        ("*filter\n:OUTPUT ACCEPT\nCOMMIT\n", "rules of iptables", "Measure"),
        ("table inet filter {\n}\n", "rules of nftables", "Measure"),
        ('{"a": [1, 2,]}', "no valid JSON", "comma"),
    ],
)  # fmt: skip
def test_a_foreign_text_is_called_what_it_is(text: str, what: str, hint: str) -> None:
    with pytest.raises(UsageError, match=what) as error:
        build.of_text(text)
    assert hint in error.value.hint and len(str(error.value)) < 200


def test_what_az_lists_of_a_group_is_read_as_the_group() -> None:
    collections = [build.collection("c", 100, "Allow", build.app("r", ACR.host))]
    (policy,) = build.of_text(json.dumps(collections))
    assert build.coverage([policy], ACR, UBUNTU) == ["covered", "missing"]
    assert "The firewall policy of file was not given" in policy.assumptions[0]
    whole = build.of_text(json.dumps([build.policy(), build.group("g", 100, *collections)]))
    assert build.coverage(whole, ACR) == ["covered"]


def test_a_name_above_a_host_is_a_near_miss() -> None:
    (finding,) = build.findings(build.of_text("azurecr.io\nx.io\n"), ACR)
    assert finding.because.endswith("rule 'file:1' is for azurecr.io itself, not for what is below")
    (finding,) = build.findings(build.of_text("acl a dstdomain azurecr.io\nhttp_access allow a\n"), ACR)
    assert finding.because.endswith("is for azurecr.io itself, not for what is below")
