"""Exports: golden files, the real consumers, and texts that try to break out.

AMLNET_UPDATE_GOLDEN=1 writes the golden files anew.
"""

from __future__ import annotations

import csv
import importlib
import io
import json
import os
import re
import shutil
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import hcl2
import pytest
import tree_sitter
import tree_sitter_bicep
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from requests.utils import should_bypass_proxies

from azext_amlnet.catalog import load
from azext_amlnet.catalog.expand import expand
from azext_amlnet.errors import UsageError
from azext_amlnet.exporters import Context, export
from azext_amlnet.files import read_workspace
from azext_amlnet.measurement.causes import CAUSES
from azext_amlnet.model import (
    Cloud,
    Kind,
    Level,
    Protocol,
    Registry,
    Requirement,
    Scope,
    StorageAccount,
    Topic,
    Workspace,
)
from azext_amlnet.prober import skips
from azext_amlnet.vocabulary import FOLDERS, export_formats

from . import policies as build
from . import wire
from .example import EXAMPLE
from .squid import SQUID, squid
from .test_e2e import one_line
from .world import ROOT, Az

CURL = shutil.which("curl")
CASES = ROOT / "tests" / "cases" / "export"
CATALOG = load()
CONTEXT = Context("ml-ws", "2026-11-23", "2026.11.23 (0123456789ab)", "az ml network export", ("storage x: 403",),
                  proofs=CATALOG.proofs, public_issuers=CATALOG.public_issuers,
                  causes={cause: (meaning.owner.value, meaning.hint) for cause, meaning in CAUSES.items()})  # fmt: skip
ROWS = (
    Requirement(host="acrml.azurecr.io", reason="Login."),
    Requirement(host="*.blob.core.windows.net", kind=Kind.WILDCARD, level=Level.RECOMMENDED, reason="Layers."),
    Requirement(host="x.obo.arc.azure.com", port=8084, reason="Arc.", computes=("edge",)),
    Requirement(host="security.ubuntu.com", port=80, protocol=Protocol.HTTP, reason="Updates."),
    Requirement(host="10.1.2.3", kind=Kind.IP, protocol=Protocol.TCP, port=443, reason="API server."),
    Requirement(host="store.file.core.windows.net", protocol=Protocol.SMB, port=445, reason="Files."),
    Requirement(host="AzureML.westeurope", kind=Kind.SERVICE_TAG, protocol=Protocol.UDP, port=5831, reason="Compute."),
    Requirement(host="vault.vault.azure.net", private=True, reason="Secrets."),
)


def made(name: str, rows: tuple[Requirement, ...] = ROWS) -> str:
    return export(name, rows, CONTEXT, allow_unresolved=True).content


def sample(name: str) -> tuple[Requirement, ...]:
    """The list of one of the sample workspaces."""
    return expand(load(), sample_workspace(name), Scope()).rows


def sample_workspace(name: str) -> Workspace:
    """A public workspace, one in US Government, or one behind private endpoints."""
    workspace = read_workspace(str(EXAMPLE))
    if name == "usgov":
        workspace = Workspace(
            cloud=Cloud.USGOV,
            region="usgovvirginia",
            name="ml-ws",
            workspace_id="0a1b2c3d-1111-2222-3333-444455556666",
            registry=Registry(name="acrml", region="usgovvirginia"),
            storage_accounts=(StorageAccount(name="mlstore", default=True),),
        )
    elif name == "private":
        accounts = (replace(a, private_endpoint=True, public_access=False) for a in workspace.storage_accounts)
        workspace = replace(workspace, storage_accounts=tuple(accounts), private_endpoint=True, public_access=False)
    return workspace


@pytest.mark.parametrize("format_name", export_formats())
def test_every_format_says_what_it_is(format_name: str) -> None:
    module = importlib.import_module(f"azext_amlnet.exporters.{format_name.replace('-', '_')}")
    several = format_name in FOLDERS
    assert module.SUMMARY and callable(module.losses) and callable(module.files if several else module.render)
    text = made(format_name)
    assert text.endswith("\n") and "\r" not in text and text == made(format_name)
    if format_name not in ("csv", "palo-alto-edl"):  # whose readers know no comments
        head = text.split("acrml.azurecr.io")[0].replace("\\", "")
        for phrase in ("workspace ml-ws", "2026-11-23", "0123456789ab", "az ml network export", "storage x: 403"):
            assert phrase in head, phrase


@pytest.mark.parametrize("format_name", export_formats())
def test_rows_that_are_not_concrete_stop_an_export(format_name: str) -> None:
    rows = (*ROWS, Requirement(host="<registry>.azurecr.io", unresolved=True))
    with pytest.raises(UsageError, match=r"1 rows are not concrete yet: <registry>\.azurecr\.io"):
        export(format_name, rows, CONTEXT, allow_unresolved=False)
    output = export(format_name, rows, CONTEXT, allow_unresolved=True)
    assert "<registry>.azurecr.io: a part of the name is not known yet." in output.losses and output.rows == len(ROWS)


@pytest.mark.parametrize("format_name", export_formats())
@pytest.mark.parametrize("name", ["public", "usgov", "private"])
def test_golden_files(format_name: str, name: str) -> None:
    text = export(format_name, sample(name), CONTEXT, allow_unresolved=True).content
    path = CASES / f"{name}.{format_name}"
    if os.environ.get("AMLNET_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


# -- real consumers


@pytest.mark.skipif(SQUID is None, reason="needs squid: run `make tools` as root")
def test_a_real_squid_allows_each_row_and_denies_decoys(net: wire.Wire) -> None:
    rows = tuple(
        replace(row, port=port, protocol=Protocol.HTTPS)
        for row, port in zip(ROWS[:3], (net.serve(wire.hang), net.serve(wire.hang), net.serve(wire.hang)), strict=True)
    )
    plain = replace(ROWS[3], port=net.http(wire.answer(200, body="fine")))
    hosts = ["acrml.azurecr.io", "any.blob.core.windows.net", "x.obo.arc.azure.com", "security.ubuntu.com"]
    decoys = ["evil.azurecr.io", "acrml.azurecr.io.evil.io", "blob.core.windows.net", "xblob.core.windows.net"]
    files = {"amlnet.conf": made("squid", (*rows, plain))}
    names = dict.fromkeys([*hosts, *decoys], "127.0.0.1")
    with squid(names, ("include {folder}/amlnet.conf",), files=files) as port:

        def status(method: str, host: str, target: int) -> int:
            with socket.create_connection(("127.0.0.1", port), 10) as sock:
                url = f"{host}:{target}" if method == "CONNECT" else f"http://{host}:{target}/"
                sock.sendall(f"{method} {url} HTTP/1.1\r\nHost: {host}:{target}\r\n\r\n".encode())
                return int(sock.recv(4096).split()[1])

        targets = list(zip(hosts[:3], (row.port for row in rows), strict=True))
        for host, target in targets:
            assert status("CONNECT", host, target) == 200, host
            assert status("GET", host, target) == 403  # plain HTTP to it is nobody's need
        assert status("GET", "security.ubuntu.com", plain.port) == 200
        for decoy in decoys:
            for _, target in (*targets, ("", plain.port)):
                assert status("CONNECT", decoy, target) == 403, decoy
        assert status("CONNECT", "acrml.azurecr.io", rows[1].port) == 403  # another row's port
        assert status("CONNECT", "security.ubuntu.com", plain.port) == 403


SKIPPED = {
    "vault.vault.azure.net": True,
    "localhost": True,
    "127.0.0.1": True,
    "a.svc.cluster.local": True,
    "169.254.169.254": True,
    "acrml.azurecr.io": False,
    "evil.vault.azure.net": False,
    "xvault.vault.azure.net": False,
}


def test_the_skip_list_means_the_same_to_go_and_python(monkeypatch: pytest.MonkeyPatch) -> None:
    value = made("no-proxy").splitlines()[-1]
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("no_proxy", value)
    for host, skipped in SKIPPED.items():
        assert bool(should_bypass_proxies(f"https://{host}/", no_proxy=None)) is skipped, host
        assert any(skips(entry, host, 443) for entry in value.split(",")) is skipped, host


@pytest.mark.skipif(CURL is None, reason="needs curl: run `make tools` as root")
@pytest.mark.parametrize(("host", "skipped"), SKIPPED.items())
def test_a_real_curl_skips_the_proxy_for_the_same_hosts(net: wire.Wire, host: str, skipped: bool) -> None:
    proxy, direct = net.http(wire.answer(403)), net.http(wire.answer(200))
    curl = [str(CURL), "--disable", "--silent", "--show-error", "--max-time", "10", "--proxytunnel"]
    curl += ["--connect-to", f"::127.0.0.1:{direct}", "--write-out", "%{http_connect} %{http_code}", f"http://{host}/"]
    env = {"http_proxy": f"http://127.0.0.1:{proxy}", "no_proxy": made("no-proxy").splitlines()[-1]}
    ran = subprocess.run(curl, env=env, capture_output=True, text=True, timeout=30, check=False)
    assert ran.stdout == ("000 200" if skipped else "403 000"), ran.stderr


def arm_endpoints(text: str) -> set[tuple[str, int, str]]:
    """The endpoints of a template, read back by rules of our own: (destination, port, protocol)."""
    endpoints = set()
    for resource in json.loads(text)["resources"]:
        for collection in resource["properties"]["ruleCollections"]:
            assert collection["action"] == {"type": "Allow"} and collection["rules"]
            for rule in collection["rules"]:
                assert rule["sourceAddresses"].startswith("[parameters('sourceAddresses") and rule["description"]
                if rule["ruleType"] == "ApplicationRule":
                    endpoints |= {
                        (h, p["port"], p["protocolType"]) for h in rule["targetFqdns"] for p in rule["protocols"]
                    }
                else:
                    names = rule.get("destinationFqdns") or rule["destinationAddresses"]
                    endpoints |= {(names[0], int(rule["destinationPorts"][0]), rule["ipProtocols"][0])}
    return endpoints


FIREWALL = {
    ("acrml.azurecr.io", 443, "Https"),
    ("*.blob.core.windows.net", 443, "Https"),
    ("x.obo.arc.azure.com", 8084, "TCP"),
    ("security.ubuntu.com", 80, "Http"),
    ("10.1.2.3", 443, "TCP"),
    ("store.file.core.windows.net", 445, "TCP"),
    ("AzureML.westeurope", 5831, "UDP"),
}


def test_the_arm_template_reads_back() -> None:
    text = made("azure-firewall-arm")
    assert arm_endpoints(text) == FIREWALL
    template = json.loads(text)
    used = set(re.findall(r"\[parameters\('([A-Za-z]+)'\)\]", text))
    assert used | {"firewallPolicyName"} == set(template["parameters"]) and "sourceAddressesOfEdge" in used
    names = re.findall(r'"name": "([0-9]{3}-[A-Za-z0-9-]+)"', text)
    assert len(names) == len(FIREWALL) and all(len(name) <= 80 for name in names)


def test_terraform_parses_and_says_the_same() -> None:
    document = hcl2.loads(made("azure-firewall-terraform"))
    (resource,) = document["resource"]
    (group,) = (body for kinds in resource.values() for body in kinds.values())
    endpoints = set()
    for kind in ("application", "network"):
        for collection in group[f"{kind}_rule_collection"]:
            for rule in collection["rule"]:
                targets = rule.get("destination_fqdns") or rule["destination_addresses"]
                if kind == "application":
                    endpoints |= {(_bare(targets[0]), p["port"], _bare(p["type"])) for p in rule["protocols"]}
                else:
                    ports = int(_bare(rule["destination_ports"][0]))
                    endpoints |= {(_bare(targets[0]), ports, _bare(rule["protocols"][0]))}
    assert endpoints == FIREWALL
    declared = {_bare(name) for variable in document["variable"] for name in variable}
    assert set(re.findall(r"var\.([a-z_]+)", made("azure-firewall-terraform"))) == declared


def _bare(text: str) -> str:
    return text.strip('"')


def bicep_is_fine(text: str) -> bool:
    """Whether a grammar of Bicep finds nothing wrong."""
    tree = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language())).parse(text.encode())
    return not tree.root_node.has_error


def test_bicep_parses_without_an_error() -> None:
    for text in (made("azure-firewall-bicep"), made("azure-firewall-bicep", hostile(HOSTILE))):
        assert bicep_is_fine(text)
    text = made("azure-firewall-bicep")
    assert all(f"'{host}'" in text for host, _, _ in FIREWALL) and "param sourceAddressesOfEdge array" in text


def test_the_cilium_policy_is_yaml_with_a_rule_for_dns() -> None:
    policy = yaml.safe_load(made("cilium"))
    dns, *rules = policy["spec"]["egress"]
    assert dns["toPorts"][0]["rules"] == {"dns": [{"matchPattern": "*"}]} and len(rules) == 7
    names = [next(iter(rule["toFQDNs"][0].values())) for rule in rules if "toFQDNs" in rule]
    assert names[:2] == ["acrml.azurecr.io", "*.blob.core.windows.net"]
    assert {"matchPattern": "*.blob.core.windows.net"} in [r["toFQDNs"][0] for r in rules if "toFQDNs" in r]
    assert [rule["toCIDR"] for rule in rules if "toCIDR" in rule] == [["10.1.2.3/32"]]


def test_the_csv_is_the_list() -> None:
    head, *rows = csv.reader(io.StringIO(made("csv")))
    assert head[:3] == ["host", "port", "protocol"] and [row[0].lstrip("'") for row in rows] == [r.host for r in ROWS]
    assert all(len(row) == len(head) for row in rows)


def test_a_list_of_hosts_is_one() -> None:
    names = [line for line in made("hosts").splitlines() if not line.startswith("#")]
    assert names == ["acrml.azurecr.io", "*.blob.core.windows.net", "x.obo.arc.azure.com", "security.ubuntu.com",
                     "store.file.core.windows.net"]  # fmt: skip


def test_what_a_target_cannot_express_is_said() -> None:
    lost = {name: export(name, ROWS, CONTEXT, False).losses for name in export_formats()}
    assert any("445/smb" in loss for loss in lost["squid"]) and any("10.1.2.3" in loss for loss in lost["hosts"])
    assert any("service tag" in loss for loss in lost["squid"]) and not lost["csv"]


def test_fqdn_tags_stand_for_what_the_cluster_alone_needs() -> None:
    rows = sample("public")
    tagged = replace(CONTEXT, fqdn_tags=True)
    alone = [row.host for row in rows if row.fqdn_tags and row.topic is Topic.AKS]
    assert len(alone) == 4
    for name in ("arm", "bicep", "terraform"):
        plain = export(f"azure-firewall-{name}", rows, CONTEXT, True)
        output = export(f"azure-firewall-{name}", rows, tagged, True)
        assert all(host in plain.content and host not in output.content for host in alone)
        assert output.content.count("AzureKubernetesService") >= 2 and "mcr.microsoft.com" in output.content
        assert [loss for loss in output.losses if "AzureKubernetesService" in loss]
    assert bicep_is_fine(export("azure-firewall-bicep", rows, tagged, True).content)
    (resource,) = hcl2.loads(export("azure-firewall-terraform", rows, tagged, True).content)["resource"]
    assert "destination_fqdn_tags" in str(resource)
    back = build.read_back("azure-firewall-arm", export("azure-firewall-arm", rows, tagged, True).content)
    assert set(build.coverage(back, *rows)) == {"covered"}
    with pytest.raises(UsageError, match="knows no FQDN tags"):
        export("squid", rows, tagged, True)


def test_rules_of_a_security_group_have_one_tag_each_and_deny_nothing_unasked() -> None:
    output = export("nsg", (*sample("private"), *ROWS), CONTEXT, True)
    template = json.loads(output.content)
    *rules, deny = template["resources"]
    bodies = [rule["properties"] for rule in rules]
    assert {body["access"] for body in bodies} == {"Allow"} and {body["direction"] for body in bodies} == {"Outbound"}
    targets = {(body["destinationAddressPrefix"], body["destinationPortRange"], body["protocol"]) for body in bodies}
    assert {("VirtualNetwork", "443", "Tcp"), ("MicrosoftContainerRegistry", "443", "Tcp"), ("10.1.2.3", "443", "Tcp"),
            ("AzureFrontDoor.FirstParty", "443", "Tcp"), ("AzureML.westeurope", "5831", "Udp")} <= targets  # fmt: skip
    assert all(len(body["description"]) <= 140 for body in bodies)
    names = [re.search(r"'/([^']+)'", rule["name"])[1] for rule in template["resources"]]  # type: ignore[index]
    assert len(set(names)) == len(names) and all(len(name) <= 80 for name in names)
    numbers = [int(re.search(r", (\d+)\)", body["priority"])[1]) for body in bodies]  # type: ignore[index]
    assert numbers == list(range(len(bodies)))
    assert deny["condition"] == "[parameters('denyInternet')]" and deny["properties"]["access"] == "Deny"
    assert template["parameters"]["denyInternet"]["defaultValue"] is False
    assert any("security.ubuntu.com" in loss for loss in output.losses) and any("AKS" in loss for loss in output.losses)
    (policy,) = build.read_back("nsg", output.content)
    assert not policy.unread and [rule.name for rule in policy.rules][: len(names)] == names


# -- hostile texts

HOSTILE = "x\n*.evil.io\nhttp_access allow all\r\n\"';|`${evil}{{}}\x00\x1b[2J<script> --> \u2028 =1+1 ##vso[task.x]"


def hostile(text: str) -> tuple[Requirement, ...]:
    return tuple(replace(row, reason=text, notes=(text,)) for row in ROWS)


LINES = (
    *("squid", "hosts", "no-proxy", "cilium", "azure-firewall-terraform", "haproxy-sni", "nginx-stream", "envoy"),
    *("istio", "openshift-egressfirewall", "calico-enterprise", "aml-outbound-rules", "palo-alto", "palo-alto-edl"),
    "suricata",
)
"""The formats whose texts are comments, each on its line."""


@settings(max_examples=80, deadline=None)
@given(st.one_of(st.just(HOSTILE), st.text(max_size=40)), st.sampled_from(export_formats()))
def test_no_text_breaks_out_of_a_format(text: str, name: str) -> None:
    rows = hostile(text)
    context = replace(CONTEXT, workspace=text, command=text, gaps=(text,))
    calm = export(name, ROWS, CONTEXT, True).content
    content = export(name, rows, context, True).content
    assert content.count("\n") == calm.count("\n")
    assert all(line.isprintable() for line in content.split("\n"))
    if name in LINES:
        assert _rules(content) == _rules(calm)
    if name == "pac":
        tables = [re.sub("//.*", "", line) for line in content.splitlines()]
        assert tables == [re.sub("//.*", "", line) for line in calm.splitlines()]
    if name == "fortigate":
        assert re.sub(r'set comment "(?:[^"\\]|\\.)*"$', "", content, flags=re.MULTILINE).count('"') == re.sub(
            r'set comment "(?:[^"\\]|\\.)*"$', "", calm, flags=re.MULTILINE
        ).count('"') + content.split("config")[0].count('"') - calm.split("config")[0].count('"')
    if name in ("zscaler", "aws-network-firewall"):
        made_of, calm_of = json.loads(content), json.loads(calm)
        for one in ("description", "Description"):
            made_of.pop(one, None), calm_of.pop(one, None)
        assert made_of == calm_of
    if name == "azure-firewall-arm":
        assert arm_endpoints(content) == FIREWALL
        texts = re.findall(r'"description": (".*")', content)
        assert not [
            literal
            for literal in texts
            if json.loads(literal).startswith("[") and not json.loads(literal).startswith("[[")
        ]
    if name == "nsg":
        made_of, calm_of = json.loads(content)["resources"], json.loads(calm)["resources"]
        assert [{**r, "comments": ""} for r in made_of] == [{**r, "comments": ""} for r in calm_of]
        assert not [r for r in made_of if re.match(r"\[(?!\[)", r.get("comments", ""))]
    if name == "azure-firewall-bicep":
        assert bicep_is_fine(content) and not re.search(r"(?<!\\)(?:\\\\)*\$\{", content.partition("param")[2])
    if name == "markdown":
        tables = [line for line in content.splitlines() if line.startswith("| ")]
        assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in tables} == {6}
        assert not re.search(r"(?<!\\)<(?!!-- made by amlnet -->)", content)
    if name == "csv":
        assert not [cell for row in csv.reader(io.StringIO(content)) for cell in row if cell[:1] in ("=", "+", "@")]


def _rules(content: str) -> list[str]:
    return [line for line in content.splitlines() if line and not line.strip().startswith("#")]


# -- the verb

EXPORT = ("ml", "network", "export", "--workspace-file", str(EXAMPLE))


def test_the_verb_writes_a_file_standard_output_or_an_object(az: Az, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    ran = az.must(*EXPORT, "--format", "hosts", "--output-file", str(path))
    assert ran.json["file"] == str(path) and "content" not in ran.json and ran.json["losses"]
    text = path.read_text(encoding="utf-8")
    out = az.must(*EXPORT, "--format", "hosts", "--output-file", "-").out
    shown = az.must(*EXPORT, "--format", "hosts").json["content"]

    def names(content: str) -> list[str]:
        return [line for line in content.splitlines() if not line.startswith("#")]

    assert names(out) == names(text) == names(shown) and len(names(text)) > 40
    one_line(az(*EXPORT, "--format", "hosts", "--output-file", str(path)), "exists already")
    az.must(*EXPORT, "--format", "hosts", "--output-file", str(path), "--overwrite")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (EXPORT, "--format"),
        ((*EXPORT, "--format", "iptables"), "squid"),
        ((*EXPORT[:3], "--format", "hosts"), "--workspace-name/-w"),
        ((*EXPORT, "--format", "hosts", "--output-file", "no/such/folder/x"), "does not exist"),
    ],
)
def test_wrong_usage(az: Az, words: tuple[str, ...], message: str) -> None:
    ran = az(*words)
    assert ran.code == 2 and message in ran.err and "Traceback" not in ran.err and ran.out == ""


def test_a_plan_is_refused_or_left_out(az: Az) -> None:
    plan = ("ml", "network", "export", "--workspace-file", str(ROOT / "examples" / "plan.json"), "--format", "squid")
    one_line(az(*plan), "rows are not concrete yet", "--allow-unresolved")
    ran = az.must(*plan, "--allow-unresolved")
    assert "<" not in "\n".join(_rules(ran.json["content"])) and any(
        "<registry>" in loss for loss in ran.json["losses"]
    )
