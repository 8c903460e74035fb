"""A key that is misspelt, in another case, of another kind, twice or dropped never makes a row more covered.

Every key of each policy is bent in every way, one at a time; the rows are compared with those of the sound policy.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from azext_amlnet.errors import UsageError
from azext_amlnet.model import Kind, Protocol, Requirement
from azext_amlnet.policy import read
from azext_amlnet.policy.documents import Document

from . import policies as build

HOSTS = (
    "acrml.azurecr.io",
    "mcr.microsoft.com",
    "pypi.org",
    "mlstore.blob.core.windows.net",
    "login.microsoftonline.com",
)
ROWS = tuple(Requirement(host=host) for host in HOSTS)
ROWS += (Requirement(host="archive.ubuntu.com", port=80, protocol=Protocol.HTTP),)
ROWS += (Requirement(host="20.1.2.3", kind=Kind.IP, protocol=Protocol.TCP, port=8443),)
ROWS += (Requirement(host="AzureCloud.westeurope", kind=Kind.SERVICE_TAG, protocol=Protocol.UDP, port=1194),)
Json = dict[str, Any]


def nsg_rule(name: str, priority: int, access: str, where: str, ports: str = "*") -> Json:
    """A rule as ARM keeps it."""
    return {
        "name": name,
        "properties": {
            "priority": priority,
            "access": access,
            "direction": "Outbound",
            "protocol": "Tcp",
            "sourceAddressPrefix": "*",
            "sourcePortRange": "*",
            "destinationAddressPrefix": where,
            "destinationPortRange": ports,
        },
    }


NSG: Json = {
    "id": f"{build.NETWORK}/networkSecurityGroups/n",
    "name": "n",
    "type": "Microsoft.Network/networkSecurityGroups",
    "properties": {
        "securityRules": [
            nsg_rule("registry", 100, "Allow", "AzureContainerRegistry", "443"),
            nsg_rule("one", 110, "Allow", "20.1.2.0/24", "8000-9000"),
            nsg_rule("far", 115, "Deny", "20.1.0.0/16"),
            nsg_rule("none", 4000, "Deny", "Internet"),
        ]
    },
}
TABLE: Json = {
    "id": f"{build.NETWORK}/routeTables/t",
    "name": "t",
    "type": "Microsoft.Network/routeTables",
    "properties": {
        "disableBgpRoutePropagation": True,
        "routes": [
            {"name": "all", "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "None"}},
            {"name": "some", "properties": {"addressPrefix": "20.1.2.0/24", "nextHopType": "Internet"}},
        ],
    },
}
BASE = f"{build.NETWORK}/firewallPolicies/base"


def firewall() -> list[Json]:
    """A policy with a base that denies, and two groups of its own."""
    hub = build.policy(base=BASE)
    hub["properties"]["ruleCollectionGroups"] = [{"id": f"{build.HUB}/ruleCollectionGroups/g"}]
    denying = build.collection("no", 100, "Deny", build.app("no", "pypi.org"), build.app("wide", "*.azurecr.io"))
    allowing = build.collection(
        "yes", 200, "Allow", build.app("all", "*"), build.app("plain", "*", port=80, kind="Http")
    )
    return [
        build.policy(BASE),
        build.group("b", 100, denying, policy=BASE),
        hub,
        build.group(
            "g", 200, allowing, build.collection("net", 300, "Allow", build.net("one", "20.1.2.3", ports=("8443",)))
        ),
    ]


def template() -> Json:
    """A template with a group that denies nested in its policy."""
    deny = build.collection("no", 100, "Deny", build.app("no", "*.azurecr.io"))
    allow = build.collection("yes", 200, "Allow", build.app("all", "*"))
    groups = [("a", 100, deny), ("b", 200, allow)]
    children = [
        {"type": "ruleCollectionGroups", "apiVersion": "2024-05-01", "name": name, "properties": {
            "priority": priority, "ruleCollections": [rules]}}
        for name, priority, rules in groups
    ]  # fmt: skip
    policy = {
        "type": "Microsoft.Network/firewallPolicies",
        "apiVersion": "2024-05-01",
        "name": "p",
        "location": "westeurope",
        "properties": {"sku": {"tier": "Standard"}},
        "resources": children,
    }
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    return {"$schema": schema, "contentVersion": "1.0.0.0", "resources": [policy]}


DNS = {
    "toEndpoints": [{"matchLabels": {"k8s:k8s-app": "kube-dns"}}],
    "toPorts": [{"ports": [{"port": "53", "protocol": "UDP"}], "rules": {"dns": [{"matchPattern": "*"}]}}],
}
CILIUM: Json = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumClusterwideNetworkPolicy",
    "metadata": {"name": "p"},
    "spec": {
        "endpointSelector": {},
        "enableDefaultDeny": {"egress": True, "ingress": False},
        "egressDeny": [{"toFQDNs": [{"matchName": "pypi.org"}]}],
        "egress": [
            DNS,
            {"toFQDNs": [{"matchPattern": "*.azurecr.io"}], "toPorts": [{"ports": [{"port": "8080"}]}]},
            {"toFQDNs": [{"matchName": "mcr.microsoft.com"}], "toPorts": [{"ports": [{"port": "443"}]}]},
            {"toFQDNs": [{"matchName": "login.microsoftonline.com"}], "toPorts": [
                {"ports": [{"port": "443"}], "rules": {"http": [{"path": "/x"}]}}]},
            {"toCIDRSet": [{"cidr": "20.1.2.0/24", "except": ["20.1.2.3/32"]}]},
        ],
    },
}  # fmt: skip
POLICIES: dict[str, Any] = {
    "nsg": NSG,
    "nsg as az prints it": {**{k: v for k, v in NSG.items() if k != "properties"}, "securityRules": [
        {"name": rule["name"], **rule["properties"]} for rule in NSG["properties"]["securityRules"]]},
    "route table": TABLE,
    "firewall": firewall(),
    "template": template(),
    "cilium": CILIUM,
}  # fmt: skip

# What engines do without, and what only narrows: nobody sees that it was there. Azure's templates and
# Cilium's schema have these as optional (…/azure/templates/microsoft.network, docs.cilium.io/…/language, 2026-11-26).
OPTIONAL = {
    *("except", "rules", "egressDeny", "http", "toPorts", "enableDefaultDeny", "egress", "endPort", "basePolicy"),
    *("condition", "port", "metadata", "ruleCollectionGroups", "spec", "dns", "protocol", "$schema", "type", "id"),
    *("resources", "toFQDNs", "toCIDRSet"),  # a rule of Cilium without any destination is for all of them
}


def places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Every (holder, key) of a document."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield document, key
            yield from places(value)
    elif isinstance(document, list):
        for value in document:
            yield from places(value)


def bent(document: Any, number: int, how: str) -> Any:
    """The document with its key number so-and-so bent; None where that says nothing."""
    changed = copy.deepcopy(document)
    holder, key = list(places(changed))[number]
    value = holder[key]
    if how in ("upper", "title"):
        holder[key.upper() if how == "upper" else key[:1].swapcase() + key[1:]] = holder.pop(key)
    elif how == "misspelt":
        holder[key[:-1] or "x"] = holder.pop(key)
    elif how == "more":
        holder[key + "s"] = holder.pop(key)
    elif how == "null":
        holder[key] = None
    elif how == "text":
        holder[key] = "x" if not isinstance(value, str) else ["x"]
    elif how == "object":
        holder[key] = {"x": 1} if not isinstance(value, dict) else [value]
    elif how == "wrapped":
        holder[key] = {"value": value}
    elif how == "dropped":
        if key in OPTIONAL:
            return None
        del holder[key]
    return changed


def coverage(document: Any, name: str) -> list[str]:
    """What a policy is for the rows; one that is refused covers nothing."""
    text = yaml.safe_dump(document, sort_keys=False) if name == "cilium" else json.dumps(document)
    try:
        return build.coverage(read([Document("policy", text)]), *ROWS)
    except UsageError:
        return ["refused"] * len(ROWS)


RANK = {"covered": 2, "partial": 1, "unknown": 0, "missing": 0, "denied": 0, "refused": 0}
WAYS = ("upper", "title", "misspelt", "more", "null", "text", "object", "wrapped", "dropped")


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("name", POLICIES)
def test_a_bent_key_never_makes_a_row_more_covered(name: str, how: str) -> None:
    document = POLICIES[name]
    before = coverage(document, name)
    assert "covered" in before, before
    more = []
    for number, (_, key) in enumerate(places(document)):
        changed = bent(document, number, how)
        if changed is None or (how == "null" and key in OPTIONAL):
            continue
        after = coverage(changed, name)
        pairs = zip(ROWS, before, after, strict=True)
        more += [
            (key, row.host, a, b) for row, a, b in pairs if b == "covered" != a or (b == "partial" and a != "covered")
        ]
    assert not more, more[:8]


@pytest.mark.parametrize("name", [name for name in POLICIES if name != "cilium"])
def test_a_key_that_stands_twice_is_refused(name: str) -> None:
    text = json.dumps(POLICIES[name])
    for key in ("properties", "securityRules", "routes", "basePolicy", "access", "resources"):
        if f'"{key}": ' in text:
            for again in (key, key.upper()):
                twice = text.replace(f'"{key}": ', f'"{again}": null, "{key}": ', 1)
                with pytest.raises(UsageError, match="ambiguous"):
                    read([Document("policy", twice)])


def test_a_key_that_stands_twice_in_yaml_is_refused_with_its_line() -> None:
    text = yaml.safe_dump(CILIUM, sort_keys=False) + "  egressDeny: []\n"
    with pytest.raises(UsageError, match=r"policy:[0-9]+: the key 'egressDeny' stands here twice"):
        read([Document("policy", text)])


@pytest.mark.parametrize(
    "document",
    [
        {"id": f"{build.NETWORK}/networkSecurityGroups/n", "resourceGroup": "g"},
        {"id": f"{build.NETWORK}/routeTables/t", "resourceGroup": "g"},
        {**NSG, "properties": {"securityRules": None}},
        {**NSG, "properties": {}},
        {**NSG, "properties": "deny"},
        {**TABLE, "properties": {"routes": None}},
    ],
)
def test_what_tells_no_rules_tells_nothing(document: Json) -> None:
    assert set(coverage(document, "nsg")) <= {"unknown", "refused"}


def test_names_in_another_case_are_read_as_arm_reads_them() -> None:
    shouted = json.loads(
        json.dumps(NSG).replace("securityRules", "SecurityRules").replace('"properties"', '"Properties"')
    )
    assert coverage(shouted, "nsg") == coverage(NSG, "nsg")


SQUID = """acl clients src 10.0.0.0/8
acl wanted dstdomain .azurecr.io
acl bad dstdomain pypi.org
http_access deny bad
http_access allow clients wanted
http_access allow clients
"""


@pytest.mark.parametrize("directive", ["http_access", "acl"])
@pytest.mark.parametrize("how", ["upper", "misspelt", "more"])
def test_a_directive_of_squid_that_is_misspelt_hides_no_denial(directive: str, how: str) -> None:
    before = build.coverage(read([Document("squid.conf", SQUID)]), *ROWS)
    assert before[2] == "denied"
    wrong = {"upper": directive.upper(), "misspelt": directive[:-1], "more": directive + "s"}[how]
    lines = SQUID.splitlines()
    for number, line in enumerate(lines):
        if line.startswith(directive + " "):
            bent_lines = [*lines[:number], line.replace(directive, wrong, 1), *lines[number + 1 :]]
            after = build.coverage(build.of_text("\n".join(bent_lines) + "\n", "squid"), *ROWS)
            assert not [pair for pair in zip(before, after, strict=True) if RANK[pair[1]] > RANK[pair[0]]], line
