"""`az ml network check-policy` and the Azure formats of `export`, with the real az: files, and a policy in Azure."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from azext_amlnet.files import write_workspace

from . import builders as arm
from . import policies as build
from .example import EXAMPLE
from .fakearm import FakeAzure, Fault
from .schemas import fits
from .test_e2e import one_line
from .test_exporters import sample, sample_workspace
from .test_policy import BOTH, SAMPLES, WITHOUT, expressible, survives
from .world import ROOT, Az

EXPORT = ("ml", "network", "export")
CHECK = ("ml", "network", "check-policy")
OFFLINE = (*CHECK, "--workspace-file", str(EXAMPLE))
POLICY = str(ROOT / "examples" / "firewall-policy.json")
BUNDLED = (*OFFLINE, "--policy", POLICY, "--source", "10.1.0.0/16")
LIVE = (*CHECK, "-w", "ml-ws", "-g", "ml-rg")
SUBNET = f"{build.NETWORK}/virtualNetworks/spoke/subnets/aks"


def served(*resources: build.Json) -> dict[str, Any]:
    """Resources of the network as ARM serves them, each policy with the list of its groups."""
    answers: dict[str, Any] = {}
    for item in resources:
        answers[item["id"]] = item
        if "/ruleCollectionGroups/" in item["id"]:
            answers.setdefault(item["id"].rpartition("/")[0], []).append(item)
        elif "firewallPolicies" in item["id"]:
            answers.setdefault(f"{item['id']}/ruleCollectionGroups", [])
    return answers


def open_to(*names: str) -> build.Json:
    return build.group("g", 500, build.collection("c", 100, "Allow", build.app("r", *names)))


# -- the bundled example


def test_the_bundled_policy_lacks_a_data_endpoint_and_denies_graph(az: Az, tmp_path: Path) -> None:
    report, page, cases = (tmp_path / name for name in ("check.json", "check.html", "check.xml"))
    ran = az(*BUNDLED, "--report-file", str(report), str(page), str(cases), "--annotate", "azure-devops")
    assert ran.code == 8
    failing = {finding["host"]: finding for finding in ran.json["findings"] if finding["failing"]}
    assert {host: finding["coverage"] for host, finding in failing.items()} == {
        "acrml.swedencentral.data.azurecr.io": "missing",
        "graph.microsoft.com": "denied",
    }
    assert failing["graph.microsoft.com"]["because"] == (
        "rule 'security/deny/no-graph' of hub-policy denies graph.microsoft.com on Https:443, "
        "before rule 'machine-learning/application/identity' allows it"
    )
    wide = {item["allows"]: item["askedFor"] for item in ran.json["overPermissive"]}
    assert wide == {"*.core.windows.net": False, "*.servicebus.windows.net": True, "*.org": False}
    assert ran.json["stale"][0]["host"] == "k8connecthelm.azureedge.net"
    assert ran.json["summary"]["exitCode"] == 8 and ran.json["summary"]["levels"]["required"]["denied"] == 1
    assert all(finding["workspaces"] == ["ml-ws"] for finding in ran.json["findings"])
    assert ran.json["workspace"]["name"] == "ml-ws" and ran.json["sources"] == ["10.1.0.0/16"]
    assert "2 required endpoints are not allowed" in ran.err
    errors = [line for line in ran.err.splitlines() if line.startswith("##vso[task.logissue type=error")]
    assert len(errors) == 2
    assert json.loads(report.read_text(encoding="utf-8")) == ran.json
    fits(ran.json, "policy")
    suites = Xml.parse(cases).getroot()
    assert suites.get("failures") == "2" and suites.get("name") == "az ml network check-policy"
    text = page.read_text(encoding="utf-8")
    assert "2 required endpoints are not allowed" in text and "before rule" in text and "<script" not in text


def test_what_is_suggested_mends_what_is_missing(az: Az, tmp_path: Path) -> None:
    policy = tmp_path / "squid.conf"
    policy.write_text("acl a dstdomain .azurecr.io\nhttp_access allow a\n", encoding="utf-8")
    words = (*OFFLINE, "--policy", str(policy))
    ran = az(*words, "--suggest", "squid")
    assert ran.code == 8 and ran.json["format"] == "squid" and "acrml.azurecr.io" not in ran.json["content"]
    policy.write_text(policy.read_text(encoding="utf-8") + ran.json["content"], encoding="utf-8")
    assert az(*words).code == 0
    again = az(*words, "--suggest", "cilium")
    assert again.code == 0 and again.json["content"] == "" and "no rule to add" in again.err
    denied = az(*BUNDLED, "--suggest", "hosts")
    assert "because a rule denies it" in denied.err and "graph.microsoft.com" not in denied.json["content"]


@pytest.mark.parametrize("format_name", ["azure-firewall-arm", "azure-firewall-bicep", "azure-firewall-terraform",
                                         "nsg", "cilium"])  # fmt: skip
def test_a_suggestion_has_a_name_of_its_own_and_says_what_it_is(az: Az, format_name: str) -> None:
    ran = az(*BUNDLED, "--suggest", format_name)
    text = ran.json["content"]
    assert "Only what hub-policy lacks: add it to what exists, do not replace that." in text.replace("\\", "")
    names = "".join(line for line in text.splitlines() if "az ml network" not in line)  # a path may have any name
    assert "amlnet-additions" in names and not re.search(r"amlnet(?!-additions|-deny-internet)['\"/]", names)


def test_a_policy_that_is_piped_in_and_sources_in_one_word(az: Az, tmp_path: Path) -> None:
    ran = az(*OFFLINE, "--policy", f"@{POLICY}", "--source", "10.1.0.0/24,10.1.1.0/24 10.1.4.0/24")
    assert ran.code == 8 and ran.json["sources"] == ["10.1.0.0/23", "10.1.4.0/24"]


def test_a_baseline_lets_old_findings_pass(az: Az, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.json"
    earlier.write_text(az(*BUNDLED).out, encoding="utf-8")
    ran = az.must(*BUNDLED, "--baseline", str(earlier))
    assert {finding["change"] for finding in ran.json["findings"]} == {"same"}
    fits(ran.json, "policy")


def test_the_table_shows_first_what_is_broken(az: Az) -> None:
    ran = az(*BUNDLED, "-o", "table")
    words = [line.split()[0] for line in ran.out.splitlines()[2:]]
    assert words[:2] == ["denied", "missing"] and words[-1] == "covered" and ran.code == 8


def test_without_a_source_nothing_is_taken_for_granted(az: Az) -> None:
    ran = az(*OFFLINE, "--policy", POLICY)
    assert ran.code in (8, 9)
    covered = [finding for finding in ran.json["findings"] if finding["coverage"] == "covered"]
    assert not covered and "--source" in ran.json["findings"][0]["hint"]
    assert "endpoints cannot be determined yet: Say with --source" in ran.err


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("dialect", BOTH)
def test_what_export_writes_is_covered_by_itself(az: Az, tmp_path: Path, dialect: str, name: str) -> None:
    policy, facts = tmp_path / "policy", ("--workspace-file", str(tmp_path / "workspace.json"))
    write_workspace(facts[1], sample_workspace(name), False)
    az.must(*EXPORT, *facts, "--format", dialect, "--allow-unresolved", "--output-file", str(policy))
    ran = az(*CHECK, *facts, "--policy", str(policy))
    rows = expressible(dialect, sample(name))
    carried = {(row.host, row.port) for row in rows if not row.unresolved}
    coverage = {(item["host"], item["port"]): item["coverage"] for item in ran.json["findings"]}
    assert len(carried) > 10 and {coverage[key] for key in carried} == {"covered"}
    assert "denied" not in coverage.values() and bool(ran.json["assumptions"]) is (dialect in build.BESIDE)
    assert ("Taken for granted: " in ran.err) is (dialect in build.BESIDE)
    open_ = [item for item in ran.json["findings"] if item["level"] == "required" and item["coverage"] == "unknown"]
    assert ran.code == (9 if open_ else 0), open_
    fits(ran.json, "policy")

    ways = WITHOUT[dialect](policy.read_text(encoding="utf-8"))
    shorter, gone = next(way for way in ways if not all(survives(dialect, row, way[1], rows) for row in rows))
    policy.write_text(shorter, encoding="utf-8")
    again = az(*CHECK, *facts, "--policy", str(policy))
    lost = [item for item in again.json["findings"] if item["coverage"] != coverage[item["host"], item["port"]]]
    lacking = [item for item in lost if item["coverage"] != "unknown" and item["level"] == "required"]
    assert again.code == (8 if lacking else 9 if dialect == "nsg" else ran.code)
    words = {"unknown"} if dialect == "nsg" else {"missing", "partial"}  # partial: others have a part of it
    assert lost and {item["coverage"] for item in lost} <= words
    assert dialect == "nsg" or {item["host"] for item in lost} == {gone[0]}


# -- a policy in Azure


def test_a_policy_in_azure_with_its_base_and_its_ip_groups(az: Az, azure: FakeAzure) -> None:
    azure.serve(arm.ordinary())
    nodes = f"{build.NETWORK}/ipGroups/nodes"
    base = build.group(
        "base", 100, build.collection("d", 100, "Deny", build.app("no", "mcr.microsoft.com")), policy=build.BASE
    )
    allow = build.app("yes", "*", sources=[], sourceIpGroups=[nodes])
    azure.serve(served(build.policy(base=build.BASE), build.policy(build.BASE), base,
                       build.group("g", 500, build.collection("c", 100, "Allow", allow)),
                       {"id": nodes, "properties": {"ipAddresses": ["10.1.0.0/16"]}}))  # fmt: skip
    ran = az(*LIVE, "--policy", build.HUB, "--source", "10.1.2.0/24")
    assert ran.code == 8, ran.err
    bad = [finding for finding in ran.json["findings"] if finding["coverage"] != "covered"]
    assert [(finding["host"], finding["coverage"]) for finding in bad] == [("mcr.microsoft.com", "denied")]
    assert ran.json["overPermissive"][0]["allows"] == "*" and ran.json["unread"] == []
    fits(ran.json, "policy")
    assert {entry.method for entry in azure.seen} == {"GET"} and azure.connects == []


@pytest.mark.parametrize("part", ["/ipGroups/nodes", "/firewallPolicies/base", "/hub/ruleCollectionGroups"])
def test_a_part_that_azure_refuses_is_unread_and_never_covers(az: Az, azure: FakeAzure, part: str) -> None:
    azure.serve(arm.ordinary())
    nodes = f"{build.NETWORK}/ipGroups/nodes"
    allow = build.app("yes", "*", sources=[], sourceIpGroups=[nodes])
    group = build.group("g", 500, build.collection("c", 1, "Allow", allow))
    ip_group = {"id": nodes, "properties": {"ipAddresses": ["*"]}}
    azure.serve(served(build.policy(base=build.BASE), build.policy(build.BASE), group, ip_group))
    azure.faults.append(Fault(part, 403, "AuthorizationFailed", "no right to read"))
    ran = az(*LIVE, "--policy", build.HUB, "--source", "10.1.2.0/24")
    assert ran.code == 9 and "Traceback" not in ran.err
    assert {finding["coverage"] for finding in ran.json["findings"]} == {"unknown"}
    assert ran.json["unread"] and "no right to read" in json.dumps(ran.json["unread"]) and "Not read: " in ran.err


def test_base_policies_in_a_circle_are_one_error(az: Az, azure: FakeAzure) -> None:
    azure.serve(arm.ordinary())
    azure.serve(served(build.policy(base=build.BASE), build.policy(build.BASE, base=build.HUB)))
    one_line(az(*LIVE, "--policy", build.HUB), "each other's base")


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        (Fault("/firewallPolicies/hub", 401, "InvalidAuthenticationTokenTenant", "it is from the wrong issuer"), 1,
         "az login --tenant"),
        (Fault("/firewallPolicies/hub", 403, "AuthorizationFailed", "no right"), 1, "Reader"),
        (Fault("/firewallPolicies/hub", 404, "ResourceNotFound", "was not found"), 3, "was not found"),
        (Fault("/firewallPolicies/hub", action="reset"), 1, "Allow localhost"),
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_read_is_one_error(
    az: Az, azure: FakeAzure, fault: Fault, code: int, message: str
) -> None:
    azure.serve(arm.ordinary())
    azure.serve(served(build.policy()))
    azure.faults.append(fault)
    ran = az(*LIVE, "--policy", build.HUB)
    assert ran.code == code
    one_line(ran, message)


def with_subnet(**overrides: Any) -> dict[str, Any]:
    """A workspace with an AKS cluster in a subnet that has a security group and a route to the firewall."""
    aks = arm.aks()
    aks[arm.AKS]["properties"]["agentPoolProfiles"] = [{"name": "np", "vnetSubnetID": SUBNET}]
    group, table = f"{build.NETWORK}/networkSecurityGroups/aks-nsg", f"{build.NETWORK}/routeTables/aks-routes"
    route = {"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.4"}
    properties = {"addressPrefix": "10.1.0.0/16", "networkSecurityGroup": {"id": group}, "routeTable": {"id": table}}
    firewall = {"ipConfigurations": [{"properties": {"privateIPAddress": "10.0.0.4"}}],
                "firewallPolicy": {"id": build.HUB}, **overrides}  # fmt: skip
    return {
        **arm.with_computes({**arm.ordinary(), **aks}, arm.compute("aks-gpu", arm.AKS)),
        SUBNET: {"id": SUBNET, "properties": properties},
        group: {"id": group, "properties": {"securityRules": []}},
        table: {"id": table, "properties": {"routes": [{"name": "default", "properties": route}]}},
        build.FIREWALL: {"id": build.FIREWALL, "properties": firewall},
        **served(build.policy(), open_to("*")),
    }


def test_the_subnet_of_a_cluster_its_group_and_its_route_are_found_by_themselves(az: Az, azure: FakeAzure) -> None:
    azure.serve(with_subnet())
    words = (*LIVE, "--compute", "aks-gpu", "--policy", build.FIREWALL, "--exclude", "aks")
    ran = az(*words)
    assert ran.code == 0, ran.err
    assert {(policy["name"], policy["dialect"]) for policy in ran.json["policy"]} == {
        ("hub", "azure-firewall-arm"),
        ("aks-nsg (subnet aks of aks-gpu)", "nsg"),
        ("aks-routes (subnet aks of aks-gpu)", "route-table"),
    }
    assert ran.json["sources"] == ["10.1.0.0/16"]
    assert "to the firewall azureFirewalls" not in ran.out and "10.0.0.4" in ran.json["findings"][0]["because"]
    azure.serve(with_subnet(ipConfigurations=[{"properties": {"privateIPAddress": "10.0.0.9"}}]))
    ran = az(*words)
    assert ran.code == 9 and "the firewall has 10.0.0.9" in ran.json["findings"][0]["because"]
    azure.faults.append(Fault("/virtualNetworks/", 403, "AuthorizationFailed", "no right"))
    ran = az(*words)
    assert ran.code == 9 and "The subnet" in ran.err and ran.json["sources"] == []


def test_a_security_group_of_two_subnets_counts_for_the_computes_of_both(az: Az, azure: FakeAzure) -> None:
    azure.serve(with_subnet())
    other, second = f"{SUBNET}-2", arm.identifier("Microsoft.ContainerService/managedClusters", "aks-cpu")
    aks = arm.aks(second)
    aks[second]["properties"]["agentPoolProfiles"] = [{"name": "np", "vnetSubnetID": other}]
    group = f"{build.NETWORK}/networkSecurityGroups/aks-nsg"
    deny = {"priority": 100, "access": "Deny", "direction": "Outbound", "protocol": "*", "sourceAddressPrefix": "*",
            "destinationAddressPrefix": "Internet", "destinationPortRange": "*", "sourcePortRange": "*"}  # fmt: skip
    both = {"addressPrefixes": ["10.1.4.0/24", "fd00:1::/64"], "networkSecurityGroup": {"id": group}}
    closed = {"securityRules": [{"name": "no", "properties": deny}]}
    attached = [arm.compute("aks-gpu", arm.AKS), arm.compute("aks-cpu", second)]
    azure.serve({**aks, other: {"id": other, "properties": both}, group: {"id": group, "properties": closed},
                 f"{arm.workspace_id()}/computes": attached})  # fmt: skip
    words = (*LIVE, "--compute", "aks-gpu", "aks-cpu", "--policy", build.FIREWALL, "--exclude", "aks")
    ran = az(*words)
    assert ran.code == 8 and ran.json["sources"] == ["10.1.0.0/16", "10.1.4.0/24"]
    (nsg,) = (policy for policy in ran.json["policy"] if policy["dialect"] == "nsg")
    assert nsg["name"] == "aks-nsg (subnet aks, aks-2 of aks-gpu, aks-cpu)"
    assert "covered" not in {finding["coverage"] for finding in ran.json["findings"]}
    azure.serve({group: {"id": group, "properties": {"securityRules": []}}})
    azure.faults.append(Fault("/subnets/aks-2", 403, "AuthorizationFailed", "no right"))
    ran = az(*words)
    words_of = {finding["host"]: finding["coverage"] for finding in ran.json["findings"] if not finding["computes"]}
    assert ran.code == 9 and set(words_of.values()) == {"unknown"}  # where aks-cpu's traffic comes from is not known


def test_names_of_rules_break_out_of_no_terminal_and_no_pipeline(az: Az, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    rule = build.app("x\x1b[2J\n##vso[task.complete]\ud800", "*.core.windows.net", weird=True)
    policy.write_text(
        json.dumps([build.policy(), build.group("g", 1, build.collection("c", 1, "Allow", rule))]), encoding="utf-8"
    )
    ran = az(*OFFLINE, "--policy", str(policy), "--source", "10.1.0.0/16", "--report-file", str(tmp_path / "r.html"))
    assert ran.code == 8 and "Traceback" not in ran.err
    assert "##vso" not in ran.out + ran.err and "\x1b" not in ran.out + ran.err
    assert all(line.isprintable() for line in ran.err.splitlines())


# -- wrong usage


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (OFFLINE, "--policy"),
        ((*OFFLINE, "--policy", " "), "--policy is empty"),
        ((*OFFLINE, "--policy", "no-such-file"), "give the whole ARM id"),
        ((*OFFLINE, "--policy", str(EXAMPLE)), "no Azure resource"),
        ((*OFFLINE, "--policy", str(ROOT / "README.md")), "in none of the dialects"),
        ((*OFFLINE, "--policy", "/subscriptions/x/resourceGroups/y"), "no id of a policy"),
        ((*OFFLINE, "--policy", f"{build.NETWORK}/publicIPAddresses/x"), "no id of a policy"),
        ((*OFFLINE, "--policy", POLICY, "--source", "everywhere"), "--source is no IPv4 address"),
        ((*OFFLINE, "--policy", POLICY, "--source", "::/0"), "--source is no IPv4 address"),
        ((*OFFLINE, "--policy", POLICY, "--dialect", "iptables"), "squid"),
        ((*OFFLINE, "--policy", POLICY, "--suggest", "iptables"), "squid"),
        ((*OFFLINE, "--policy", POLICY, "--report-file", POLICY), "also read as --policy"),
        ((*OFFLINE, "--policy", POLICY, "--report-file", "x.txt"), "must end in"),
        ((*OFFLINE, "--policy", POLICY, "--baseline", POLICY), "is no report"),
        (("ml", "network", "export", "--workspace-file", str(EXAMPLE), "--format", "squid", "--use-fqdn-tags"),
         "azure-firewall formats"),
    ],
)  # fmt: skip
def test_wrong_usage(az: Az, words: tuple[str, ...], message: str) -> None:
    before = Path(POLICY).read_bytes()
    ran = az(*words)
    assert ran.code == 2 and message in ran.err and "Traceback" not in ran.err and ran.out == "", ran.err
    assert Path(POLICY).read_bytes() == before


# -- names, folders, pods and evidence


def test_a_policy_in_azure_is_found_by_its_name(az: Az, azure: FakeAzure) -> None:
    network = f"/subscriptions/{arm.SUBSCRIPTION}/providers/Microsoft.Network"
    azure.serve(arm.ordinary())
    azure.serve(served(build.policy(), open_to("acrml.azurecr.io")))
    azure.serve({f"{network}/firewallPolicies": [build.policy()]})
    azure.serve({f"{network}/{kind}": [] for kind in ("azureFirewalls", "networkSecurityGroups", "routeTables")})
    group = f"/subscriptions/{arm.SUBSCRIPTION}/resourceGroups/hub-rg/providers/Microsoft.Network"
    azure.serve({f"{group}/firewallPolicies": [build.policy()]})
    azure.serve({f"{group}/{kind}": [] for kind in ("azureFirewalls", "networkSecurityGroups", "routeTables")})
    ran = az(*LIVE, "--policy", "hub", "--source", "10.1.0.0/16")
    assert ran.code == 8 and ran.json["policy"][0]["name"] == "hub", ran.err
    ran = az(*OFFLINE, "--policy", "hub", "--policy-resource-group", "hub-rg", "--source", "10.1.0.0/16")
    assert ran.code == 8 and ran.json["policy"][0]["name"] == "hub", ran.err
    other = {**build.policy(), "id": f"{build.NETWORK.replace('hub-rg', 'other-rg')}/networkSecurityGroups/hub"}
    azure.serve({f"{network}/networkSecurityGroups": [other]})
    ran = az(*LIVE, "--policy", "hub")
    assert ran.code == 2 and "2 things in the subscription are called hub" in ran.err and "other-rg" in ran.err
    ran = az(*LIVE, "--policy", "nothing")
    assert ran.code == 2 and "no such file, and no policy of that name in the subscription: nothing" in ran.err
    azure.faults.append(Fault("firewallPolicies", 403, "AuthorizationFailed"))
    ran = az(*LIVE, "--policy", "nothing")
    assert ran.code == 1 and "could not be looked up" in ran.err and "Traceback" not in ran.err
    assert az(*OFFLINE, "--policy", "nothing").code == 2  # a file, where no scope has names


def test_labels_of_pods_and_a_folder_are_options(az: Az, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    item = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "n"}, "spec": {
        "podSelector": {"matchLabels": {"app": "trainer"}}, "policyTypes": ["Egress"], "egress": [{}]}}  # fmt: skip
    (folder / "n.yaml").write_text(json.dumps(item), encoding="utf-8")
    (folder / ".hidden").write_text("nothing", encoding="utf-8")
    ran = az(*OFFLINE, "--policy", str(folder))
    assert ran.code == 9 and "--pod-labels" in ran.json["findings"][0]["hint"]
    fits(ran.json, "policy")
    ran = az(*OFFLINE, "--policy", str(folder), "--pod-labels", "app=trainer", "--namespace", "azureml")
    assert ran.code == 0 and ran.json["policy"][0]["dialect"] == "kubernetes-networkpolicy"
    assert "key=value" in az(*OFFLINE, "--policy", str(folder), "--pod-labels", "app").err


def test_addresses_that_were_seen_and_azures_tags_settle_rules_by_tag(az: Az, azure: FakeAzure, tmp_path: Path) -> None:
    deny = {"name": "no", "priority": 4096, "access": "Deny", "direction": "Outbound", "protocol": "*",
            "sourcePortRange": "*", "sourceAddressPrefix": "*", "destinationAddressPrefix": "Internet",
            "destinationPortRange": "*"}  # fmt: skip
    allow = {**deny, "name": "fd", "priority": 100, "access": "Allow",
             "destinationAddressPrefix": "AzureFrontDoor.FirstParty"}  # fmt: skip
    policy, report, tags = (tmp_path / name for name in ("nsg.json", "report.json", "tags.json"))
    policy.write_text(json.dumps(build.security_group("g", allow, deny)), encoding="utf-8")
    host = "acrml.azurecr.io"
    dns = {"layer": "dns", "outcome": "ok", "elapsedMs": 1.0, "facts": {"addresses": ["20.60.1.1"]}}
    seen = {"startedAt": "2026-01-05T10:00:00Z", "workspace": {"cloud": "public"}, "results": [
        {"host": host, "kind": "fqdn", "steps": [dns], "testedBy": None}]}  # fmt: skip
    report.write_text(json.dumps(seen), encoding="utf-8")
    listed = {"changeNumber": "371", "cloud": "Public", "values": [
        {"name": "AzureFrontDoor.FirstParty", "properties": {"addressPrefixes": ["20.60.0.0/16"]}}]}  # fmt: skip
    tags.write_text(json.dumps(listed), encoding="utf-8")
    words = (*OFFLINE, "--policy", str(policy), "--addresses", str(report))

    def finding(*more: str) -> Any:
        ran = az(*words, *more)
        assert ran.code in (8, 9), ran.err
        fits(ran.json, "policy")
        return ran.json, next(item for item in ran.json["findings"] if item["host"] == host)

    assert finding()[1]["coverage"] == "unknown"
    whole, settled = finding("--service-tags", str(tags))
    assert settled["coverage"] == "covered" and settled["evidence"] == {
        "addresses": ["20.60.1.1/32"], "tag": "AzureFrontDoor.FirstParty", "asOf": "2026-01-05"}  # fmt: skip
    assert "days old" in whole["warnings"][0]
    where = f"/subscriptions/{arm.SUBSCRIPTION}/providers/Microsoft.Network/locations/westeurope/serviceTags"
    azure.serve({where: listed})
    assert finding("--service-tags", "live")[1]["coverage"] == "covered"
    azure.faults.append(Fault("serviceTags", 403, "AuthorizationFailed"))
    whole, settled = finding("--service-tags", "live")
    assert settled["coverage"] == "unknown" and "service-tags" in [gap["fact"] for gap in whole["gaps"]]
    ran = az(*OFFLINE, "--policy", str(policy), "--service-tags", str(tags))
    assert ran.code == 2 and "--service-tags goes with --addresses" in ran.err
    ran = az(*OFFLINE, "--policy", str(policy), "--addresses", str(policy))
    assert ran.code == 2 and "has no results" in ran.err
