"""The readers of single dialects: what each engine documents, and what is no policy at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from azext_amlnet.errors import UsageError
from azext_amlnet.model import Coverage, Kind, Protocol, Requirement
from azext_amlnet.policy import Document, read

from . import policies as build
from .test_policy import ACR, BLOBS, SERVER, UBUNTU

STORE = Requirement(host="mlstore.blob.core.windows.net", service_tags=("Storage.westeurope",))
DENY_INTERNET = {"name": "no", "priority": 4096, "access": "Deny", "direction": "Outbound", "protocol": "*",
                 "sourceAddressPrefix": "*", "destinationAddressPrefix": "Internet",
                 "destinationPortRange": "*", "sourcePortRange": "*"}  # fmt: skip

# -- cilium


def cilium(*egress: Any, deny: Any = None, dns: bool = True, **spec: Any) -> str:
    passing = {"toPorts": [{"ports": [{"port": "53", "protocol": "ANY"}], "rules": {"dns": [{"matchPattern": "*"}]}}],
               "toEndpoints": [{"matchLabels": {"k8s-app": "kube-dns"}}]}  # fmt: skip
    whole = {"endpointSelector": {}, "egress": [*([passing] if dns else []), *egress], **spec}
    whole |= {"egressDeny": deny} if deny else {}
    item = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "x"}, "spec": whole}
    return json.dumps(item)


def to(*names: str, port: str = "443", **fields: Any) -> dict[str, Any]:
    keys = [{"matchPattern" if "*" in name else "matchName": name} for name in names]
    return {"toFQDNs": keys, "toPorts": [{"ports": [{"port": port, "protocol": "TCP"}]}], **fields}


@pytest.mark.parametrize(
    ("text", "row", "word"),
    [
        (cilium(to("acrml.azurecr.io")), ACR, "covered"),
        (cilium(to("acrml.azurecr.io", port="80")), ACR, "missing"),
        (cilium(to("*.azurecr.io")), ACR, "covered"),
        (cilium(to("*.azurecr.io")), Requirement(host="a.b.azurecr.io"), "missing"),
        (cilium(to("*.azurecr.io")), Requirement(host="azurecr.io"), "missing"),
        (cilium(to("**.azurecr.io")), Requirement(host="a.b.azurecr.io"), "covered"),
        (cilium(to("*")), ACR, "covered"),
        (cilium(to("acrml.azurecr.io"), dns=False), ACR, "unknown"),
        (cilium(to("acrml.azurecr.io"), deny=[{"toEntities": ["world"]}]), ACR, "denied"),
        (cilium({"toEntities": ["world"]}), ACR, "covered"),
        (cilium({"toEntities": ["cluster"]}), ACR, "missing"),
        (cilium({"toCIDR": ["0.0.0.0/0"]}), ACR, "covered"),
        (cilium({"toCIDRSet": [{"cidr": "0.0.0.0/0", "except": ["20.0.0.0/8"]}]}), ACR, "unknown"),
        (cilium({"toCIDRSet": [{"cidr": "20.0.0.0/8", "except": ["20.1.0.0/16"]}]}), SERVER, "missing"),
        (cilium({"toCIDR": ["20.1.2.3/32"]}), SERVER, "covered"),
        (cilium(to("acrml.azurecr.io"), endpointSelector={"matchLabels": {"a": "b"}}), ACR, "unknown"),
        (cilium(to("other.io"), enableDefaultDeny={"egress": False}), ACR, "covered"),
        *(
            (cilium(to("acrml.azurecr.io", toPorts=[{"ports": [{"port": "443"}], "serverNames": [name]}])), ACR, word)
            for name, word in (
                ("acrml.azurecr.io", "unknown"),
                ("*.azurecr.io", "unknown"),
                ("a*.io", "unknown"),
                ("x", "missing"),
                ("*.microsoft.com", "missing"),
                ("x y", "unknown"),
            )
        ),
        (cilium(to("acrml.azurecr.io", toPorts=[{"ports": [{"port": "https"}]}])), ACR, "unknown"),
        (cilium(to("acrml.azurecr.io", toPorts=[{"ports": [{"port": "400", "endPort": 500}]}])), ACR, "covered"),
        (cilium(to("acrml.azurecr.io", toSomething=[1])), ACR, "unknown"),
        (cilium({"icmps": [{"fields": [{"type": 8}]}]}), ACR, "missing"),
        (cilium(to("*.blob.core.windows.net")), BLOBS, "covered"),
        (cilium(to("*.z1.blob.core.windows.net")), BLOBS, "partial"),
    ],
)
def test_cilium(text: str, row: Requirement, word: str) -> None:
    (finding,) = build.findings(build.of_text(text), row)
    assert finding.coverage is Coverage(word), finding


def asking(**match: str) -> dict[str, Any]:
    return {"toEndpoints": [{}], "toPorts": [{"ports": [{"port": "53"}], "rules": {"dns": [match]}}]}


WORLD = {"toEntities": ["world"]}
ASKING = {"toEndpoints": [{}], "toPorts": [{"ports": [{"port": "53"}]}]}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (cilium(asking(matchName="other.io"), to("acrml.azurecr.io"), dns=False), "unknown"),
        (cilium(asking(matchName="acrml.azurecr.io"), to("acrml.azurecr.io"), dns=False), "covered"),
        (cilium(asking(matchPattern="*.azurecr.io"), to("acrml.azurecr.io"), dns=False), "covered"),
        (cilium(asking(matchPattern="**.azurecr.io"), WORLD, dns=False), "covered"),
        (cilium(WORLD, dns=False), "unknown"),
        (cilium({"toEntities": ["all"]}, dns=False), "covered"),
        (cilium({"toEndpoints": [{}]}, WORLD, dns=False), "unknown"),
        (cilium({"toEndpoints": [{"matchLabels": {"app": "db"}}]}, WORLD, dns=False), "unknown"),
        (cilium({"toNodes": [{}]}, WORLD, dns=False), "unknown"),
        (cilium({**WORLD, "toPorts": [{"ports": [{"port": "0"}]}]}, dns=False), "unknown"),
        (
            cilium(
                {
                    "toEndpoints": [{}],
                    "toPorts": [
                        {"ports": [{"port": "53"}]},
                        {"ports": [{"port": "5353"}], "rules": {"dns": [{"matchPattern": "*"}]}},
                    ],
                },
                to("acrml.azurecr.io"),
                dns=False,
            ),
            "unknown",
        ),
        (cilium(to("acrml.azurecr.io", toCIDR=["10.0.0.0/8"])), "unknown"),
        (cilium({"toFQDNs": [{"matchName": "acrml.azurecr.io", "matchPattern": "*.foo.com"}]}), "unknown"),
        (cilium(dns=False, deny=[ASKING], enableDefaultDeny={"egress": False}), "unknown"),
        (cilium(asking(matchPattern="*"), to("acrml.azurecr.io"), dns=False, deny=[ASKING]), "unknown"),
        (cilium({**ASKING, "toPorts": [{"ports": [{"port": "53", "protocol": "TCP"}]}]}, WORLD, dns=False), "unknown"),
        (cilium({"toCIDRSet": [{"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "192.168.0.0/16"]}]}), "covered"),
        (cilium(WORLD, deny=[{"toCIDR": None, "toEntities": None}]), "covered"),
        (cilium(WORLD, deny=[{"toCIDR": None, "toPorts": [{"ports": [{"port": "443"}]}]}]), "denied"),
        (cilium(to("acrml.azurecr.io"), endpointSelector={"matchLabels": {}}), "covered"),
        (cilium(to("acrml.azurecr.io", toPorts=[{"ports": [{"port": "443", "protocol": "QUIC"}]}])), "unknown"),
        (cilium(ASKING, WORLD, dns=False), "covered"),
        (cilium(dns=False, enableDefaultDeny={"egress": True}), "missing"),
        (cilium(dns=False), "covered"),  # an empty egress is none
        (cilium({"toEndpoints": [], "toPorts": [{"ports": [{"port": "443"}]}]}), "missing"),
        (cilium(WORLD, deny=[{"toEntities": "world"}]), "unknown"),
        (cilium(WORLD, deny=[{"toCIDR": "0.0.0.0/0"}]), "unknown"),
        (cilium(WORLD, deny=[{"toEndpoints": [{"matchLabels": {"reserved:world": ""}}]}]), "unknown"),
        (cilium(WORLD, deny=[{"toGroups": [{"aws": {}}]}]), "unknown"),
        (cilium({"toServices": [{"k8sService": {"serviceName": "x"}}]}), "unknown"),
        (cilium({**to("acrml.azurecr.io"), "toPorts": {"ports": [{"port": "80"}]}}), "unknown"),
        (cilium({**to("acrml.azurecr.io"), True: 1}), "unknown"),
    ],
)
def test_cilium_in_odd_and_in_full_shapes(text: str, word: str) -> None:
    assert build.coverage(build.of_text(text), ACR) == [word]


def test_policies_of_cilium_hold_together() -> None:
    first, second = cilium(to("other.io")), cilium(to("acrml.azurecr.io"), dns=False)
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": [json.loads(first), json.loads(second)]})
    assert build.coverage(build.of_text(listed), ACR) == ["covered"]
    two = read((Document("a", first), Document("b", second)))
    assert build.coverage(two, ACR) == ["covered"] and len(two) == 1


def test_a_denial_of_dns_counts_in_whichever_policy_it_stands() -> None:
    for denial in (ASKING, {"toEntities": ["cluster"]}):
        texts = cilium(to("acrml.azurecr.io")), cilium(dns=False, deny=[denial])
        (finding,) = build.findings(read(tuple(Document(str(n), text) for n, text in enumerate(texts))), ACR)
        assert finding.coverage is Coverage.UNKNOWN, finding


def test_dns_that_only_other_pods_may_ask_counts_for_nothing() -> None:
    theirs = cilium(asking(matchPattern="*"), dns=False, endpointSelector={"matchLabels": {"app": "theirs"}})
    ours = cilium(to("acrml.azurecr.io"), dns=False)
    (finding,) = build.findings(read((Document("a", theirs), Document("b", ours))), ACR)
    assert finding.coverage is Coverage.UNKNOWN and "no rule lets DNS be asked for it" in finding.because


@pytest.mark.parametrize("text", ["kind: Deployment\napiVersion: apps/v1\n", "garbage", "[]", "kind: [x"])
def test_a_file_without_a_policy_of_cilium_is_refused_even_beside_one_with(text: str) -> None:
    with pytest.raises(UsageError, match="other"):
        read((Document("fine", cilium(WORLD)), Document("other", text)), "cilium")


def test_policies_of_several_namespaces_leave_it_open_whose_pods_are_ours() -> None:
    def within(namespace: str, text: str) -> str:
        item = json.loads(text)
        item["metadata"]["namespace"] = namespace
        return json.dumps(item)

    first, second = within("azureml", cilium(to("acrml.azurecr.io"))), within("other", cilium(to("other.io")))
    assert build.coverage(build.of_text(first), ACR) == ["covered"]
    assert "namespace azureml" in build.of_text(first)[0].notes[0]
    (finding,) = build.findings(read((Document("a", first), Document("b", second))), ACR)
    assert finding.coverage is Coverage.UNKNOWN and "namespace azureml, one of several" in finding.because


def test_other_policies_beside_those_of_cilium_are_not_overlooked() -> None:
    other = "apiVersion: crd.projectcalico.org/v1\nkind: GlobalNetworkPolicy\nmetadata: {name: x}\nspec: {}\n"
    whole = yaml.safe_dump(json.loads(cilium(to("acrml.azurecr.io")))) + "---\n" + other
    (finding,) = build.findings(build.of_text(whole), ACR)
    assert finding.coverage is Coverage.UNKNOWN and "a GlobalNetworkPolicy is not read here" in finding.because
    config = other.replace("GlobalNetworkPolicy", "ConfigMap")
    assert build.coverage(build.of_text(whole.replace(other, config)), ACR) == ["covered"]


# -- security groups and route tables


def nsg(*rules: dict[str, Any]) -> tuple[Any, ...]:
    return build.of(build.security_group("g", *rules))


def rule(name: str, priority: int, access: str, where: Any, ports: str = "443", **fields: Any) -> dict[str, Any]:
    key = "destinationAddressPrefixes" if isinstance(where, list) else "destinationAddressPrefix"
    return {**DENY_INTERNET, "name": name, "priority": priority, "access": access, "destinationAddressPrefix": "",
            key: where, "destinationPortRange": ports, "sourcePortRange": "*",
            **fields}  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "row", "word"),
    [
        ((), ACR, "covered"),  # AllowInternetOutBound
        ((DENY_INTERNET,), ACR, "missing"),
        ((rule("a", 100, "Allow", "Storage"), DENY_INTERNET), STORE, "covered"),
        ((rule("a", 100, "Allow", "Storage.westeurope"), DENY_INTERNET), STORE, "covered"),
        ((rule("a", 100, "Allow", "Storage.northeurope"), DENY_INTERNET), STORE, "missing"),
        ((rule("a", 100, "Allow", "Storage", "445"), DENY_INTERNET), STORE, "missing"),
        ((rule("a", 100, "Allow", "Storage", protocol="Udp"), DENY_INTERNET), STORE, "missing"),
        ((rule("a", 100, "Allow", "Storage", direction="Inbound"), DENY_INTERNET), STORE, "missing"),
        ((rule("d", 100, "Deny", "Storage"), rule("a", 200, "Allow", "Internet")), STORE, "denied"),
        ((rule("a", 100, "Allow", "Internet"), DENY_INTERNET), ACR, "covered"),
        ((rule("a", 100, "Allow", "*", "*"), DENY_INTERNET), ACR, "covered"),
        ((rule("a", 100, "Allow", "VirtualNetwork"), DENY_INTERNET), ACR, "unknown"),
        ((rule("d", 100, "Deny", "VirtualNetwork", "*"),), ACR, "unknown"),
        ((rule("a", 100, "Allow", ["20.1.0.0/16", "20.9.0.0/16"]), DENY_INTERNET), SERVER, "covered"),
        ((rule("a", 100, "Allow", "Storage", destinationPortRange="", destinationPortRanges=["80", "440-450"]),
          DENY_INTERNET), STORE, "covered"),
        ((rule("a", 100, "Allow", "Storage", sourceAddressPrefix="10.2.0.0/16"), DENY_INTERNET), STORE, "missing"),
        ((rule("a", 100, "Allow", "Storage", sourceAddressPrefix="VirtualNetwork"), DENY_INTERNET), STORE, "covered"),
        ((rule("a", 100, "Allow", "", destinationApplicationSecurityGroups=[{"id": "/x"}]), DENY_INTERNET), ACR,
          "unknown"),
        ((rule("d", 100, "Deny", "AzurePlatformDNS", "*"),), ACR, "covered"),
        ((rule("a", 100, "Maybe", "*"), DENY_INTERNET), ACR, "unknown"),
    ],
)  # fmt: skip
def test_security_groups(rules: tuple[Any, ...], row: Requirement, word: str) -> None:
    (finding,) = build.findings(nsg(*rules), row)
    assert finding.coverage is Coverage(word), finding


def test_a_security_group_stands_in_front_of_private_endpoints_too() -> None:
    private = Requirement(host="mlvault.vault.azure.net", private=True)
    assert build.coverage(nsg(DENY_INTERNET), private) == ["covered"]  # AllowVnetOutBound
    assert build.coverage(nsg(rule("d", 100, "Deny", "*", "*")), private) == ["denied"]


def single(kind: str, **properties: Any) -> build.Json:
    """A rule or a route that az shows by itself, without what it belongs to."""
    parent, _, item = kind.partition("/")
    return {"id": f"{build.NETWORK}/{parent}/x/{item}/a", "name": "a", "type": f"Microsoft.Network/{kind}",
            "properties": properties}  # fmt: skip


RULES, ROUTES = "networkSecurityGroups/securityRules", "routeTables/routes"


@pytest.mark.parametrize(
    ("own", "alone", "listed"),
    [
        (single(RULES, **rule("a", 100, "Allow", "Storage")), [(STORE, "covered"), (ACR, "unknown")],
         [(STORE, "covered"), (ACR, "covered")]),
        (single(RULES, **DENY_INTERNET), [(ACR, "missing")], [(ACR, "missing")]),
        (single(ROUTES, addressPrefix="Storage", nextHopType="Internet"), [(STORE, "covered"), (ACR, "unknown")],
         [(STORE, "covered"), (ACR, "covered")]),
        (single(ROUTES, addressPrefix="0.0.0.0/0", nextHopType="None"), [(ACR, "denied")], [(ACR, "denied")]),
    ],
    ids=["rule-allow", "rule-deny", "route-tag", "route-none"],
)  # fmt: skip
def test_what_stands_alone_decides_what_it_holds_and_says_what_is_taken_for_granted(
    own: build.Json, alone: list[tuple[Requirement, str]], listed: list[tuple[Requirement, str]]
) -> None:
    (policy,) = build.of_text(json.dumps(own))
    assert "was not given" in policy.assumptions[0] and "Give it" in policy.assumptions[0]
    assert build.coverage([policy], *(row for row, _ in alone)) == [word for _, word in alone]
    (whole,) = build.of_text(json.dumps([own]))
    assert not whole.assumptions
    assert build.coverage([whole], *(row for row, _ in listed)) == [word for _, word in listed]


FIREWALL = {"id": build.FIREWALL, "name": "hub-firewall", "properties": {
    "ipConfigurations": [{"properties": {"privateIPAddress": "10.0.0.4"}}],
    "firewallPolicy": {"id": build.HUB}}}  # fmt: skip


def routes(*hops: tuple[str, str, str], firewall: bool = True) -> tuple[Any, ...]:
    bodies = [{"name": f"r{n}", "properties": {"addressPrefix": prefix, "nextHopType": kind, "nextHopIpAddress": ip}}
             for n, (prefix, kind, ip) in enumerate(hops)]  # fmt: skip
    table = {"id": f"{build.NETWORK}/routeTables/t", "name": "t", "properties": {"routes": bodies}}
    policies = build.of(table, *([FIREWALL] if firewall else []))
    return tuple(policy for policy in policies if policy.dialect == "route-table")


@pytest.mark.parametrize(
    ("hops", "word", "phrase"),
    [
        ((("0.0.0.0/0", "VirtualAppliance", "10.0.0.4"),), "covered", "to the firewall hub-firewall (10.0.0.4)"),
        ((("0.0.0.0/0", "VirtualAppliance", "10.9.9.9"),), "unknown", "the firewall has 10.0.0.4"),
        ((("0.0.0.0/0", "None", ""),), "denied", "nowhere"),
        ((("0.0.0.0/0", "VirtualNetworkGateway", ""),), "unknown", "what follows there is not known"),
        ((("0.0.0.0/0", "Internet", ""),), "covered", "to the Internet"),
        ((), "covered", "what none decides is allowed there"),
        ((("20.0.0.0/8", "None", ""), ("0.0.0.0/0", "VirtualAppliance", "10.0.0.4")), "unknown", "goes by addresses"),
        ((("20.0.0.1/32", "Internet", ""), ("0.0.0.0/0", "VirtualAppliance", "10.0.0.4")), "covered", "hub-firewall"),
        ((("10.0.0.0/8", "None", ""), ("0.0.0.0/0", "VirtualAppliance", "10.0.0.4")), "covered", "hub-firewall"),
        ((("Storage", "None", ""), ("0.0.0.0/0", "VirtualAppliance", "10.0.0.4")), "denied", "nowhere"),
    ],
)
def test_route_tables(hops: tuple[tuple[str, str, str], ...], word: str, phrase: str) -> None:
    (finding,) = build.findings(routes(*hops), STORE)
    assert finding.coverage is Coverage(word) and phrase in finding.because, finding


def test_what_goes_past_the_firewall_is_said() -> None:
    (finding,) = build.findings(routes(("0.0.0.0/0", "Internet", "")), ACR)
    assert finding.notes == ("Route 'r0' sends it past any firewall.",)
    assert "no route for 0.0.0.0/0" in routes()[0].notes[0]
    (finding,) = build.findings(routes(("0.0.0.0/0", "VirtualAppliance", "10.0.0.4"), firewall=False), ACR)
    assert finding.coverage is Coverage.UNKNOWN and "give the firewall itself" in finding.because


def test_a_firewall_whose_policy_is_not_there_leaves_everything_open() -> None:
    (finding,) = build.findings(build.of(FIREWALL), ACR)
    assert finding.coverage is Coverage.UNKNOWN and "the policy hub of hub-firewall: it is not among" in finding.because
    (finding,) = build.findings(build.of(FIREWALL, **{build.HUB.lower(): "403: no right"}), ACR)
    assert finding.coverage is Coverage.UNKNOWN and "403: no right" in finding.because
    assert build.coverage(build.of({**FIREWALL, "properties": {}}), ACR) == ["missing"]  # without rules nothing passes


# -- lists of names


@pytest.mark.parametrize(
    ("line", "row", "word"),
    [
        ("acrml.azurecr.io", ACR, "covered"),
        ("ACRML.azurecr.io/", ACR, "covered"),
        ("*.azurecr.io  # registries", ACR, "covered"),
        ("*.azurecr.io", Requirement(host="azurecr.io"), "missing"),
        ("azurecr.io", ACR, "missing"),
        (".azurecr.io", ACR, "unknown"),
        (".azurecr.io", UBUNTU, "missing"),
        ("^azurecr.io", ACR, "unknown"),
        (".io", ACR, "unknown"),
        (".aws", ACR, "missing"),
        ("*.io", ACR, "covered"),
        ("*.aws", ACR, "missing"),
        ("https://acrml.azurecr.io/v2/", ACR, "unknown"),
        ("acrml.azurecr.io:443", ACR, "covered"),
        ("acrml.azurecr.io:8443", ACR, "missing"),
        ("acrml.azurecr.io.", ACR, "covered"),
        ("*.azurecr.io.:443/", ACR, "covered"),
        ("security.ubuntu.com:443", UBUNTU, "missing"),
        ("https://acrml.azurecr.io", ACR, "covered"),
        ("acrml.azurecr.io/v2", UBUNTU, "missing"),
        ("acr*.azurecr.io", ACR, "unknown"),
        ("acr*.azurecr.io", UBUNTU, "missing"),
        ("westeurope.obo.arc.azure.com", Requirement(host="westeurope.obo.arc.azure.com", port=8084), "unknown"),
        ("security.ubuntu.com", UBUNTU, "covered"),
        ("20.1.0.0/16", Requirement(host="20.1.2.3", kind=Kind.IP, protocol=Protocol.HTTPS), "covered"),
    ],
)
def test_lists_of_names(line: str, row: Requirement, word: str) -> None:
    assert build.coverage(build.of_text(f"# a list\n{line}\n"), row) == [word]


def test_a_file_given_twice_is_one_and_two_of_one_name_are_refused() -> None:
    first = json.dumps(build.group("g", 100, build.collection("c", 100, "Allow", build.app("r", ACR.host))))
    other = json.dumps(build.group("g", 100, build.collection("c", 100, "Allow", build.app("r", "other.io"))))
    (policy,) = read((Document("a", first), Document("b", first)))
    assert len([rule for rule in policy.rules if rule.allow]) == 1
    with pytest.raises(UsageError, match="a and b describe g in two ways"):
        read((Document("a", first), Document("b", other)))


# -- what is no policy


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("hello world, this is a letter", "in none of the dialects"),
        ("{}", "no Azure resource"),
        ("[]", "no Azure resource"),
        ('{"type": "Microsoft.Compute/virtualMachines"}', "no Azure resource"),
        ("{not json", "no valid JSON"),
        ("null", "in none of the dialects"),
        ("apiVersion: v1\nkind: Pod\n", "no network policy, but Pod of v1"),
        ("\x00\x01\x02", "in none of the dialects"),
        ('{"id": "/x", "ipAddresses": ["10.0.0.0/8"]}', "no policy in"),
    ],
)
def test_what_is_no_policy_is_one_clear_error(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        build.of_text(text)
    assert error.value.hint


def test_a_dialect_can_be_said_for_a_text_that_does_not_tell() -> None:
    assert build.coverage(build.of_text("acrml.azurecr.io", "hosts"), ACR) == ["covered"]
    assert build.coverage(build.of_text("# nothing yet", "hosts"), ACR) == ["missing"]


def test_every_dialect_has_cases_here() -> None:
    from azext_amlnet.vocabulary import policy_dialects

    azure = {"azure-firewall-arm", "nsg", "route-table", "terraform-json"}
    assert set(policy_dialects()) == {*azure, "cilium", "hosts", "kubernetes-networkpolicy", "squid"}
