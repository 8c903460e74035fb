"""What `export` writes, loaded by the programs and packages that people load it with."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from azext_amlnet.exporters import export
from azext_amlnet.model import Kind, Protocol, Requirement, Scenario

from . import wire
from .consumers import consumers, kinds, loaded
from .proxies import AT, program, proxy
from .test_exporters import CONTEXT, HOSTILE, hostile, sample
from .test_matchers import APEX, DECOYS, EXACT, ONE, ROWS, TWO
from .test_sni_proxies import service, shaken
from .world import ROOT

PACTESTER = shutil.which("pactester")


# -- proxy auto-config

_PAC = """
from pypac.parser import PACFile
file = PACFile(text)
result = {host: file.find_proxy_for_url(f"https://{host}/", host) for host in HOSTS}
"""
PRIVATE = replace(ROWS[0], host="vault.vault.azure.net", private=True)
INSIDE = replace(ROWS[1], host="*.microsoft.com", private=True)
THROUGH = "PROXY proxy.example.com:8080"
ASKED = (
    *EXACT,
    ONE,
    TWO,
    APEX,
    *DECOYS,
    "MCR.microsoft.com",
    PRIVATE.host,
    "constructor",
    "x.constructor",
    "localhost",
)


@consumers
@pytest.mark.skipif(PACTESTER is None, reason="needs pactester: run `make tools` as root")
def test_two_engines_read_the_same_in_a_proxy_auto_config_file(tmp_path: Path) -> None:
    rows = (*(replace(row, reason=HOSTILE) for row in ROWS), PRIVATE, INSIDE)
    text = export("pac", rows, CONTEXT, True).content.replace('others = "DIRECT"', 'others = "PROXY other:1"')
    path = tmp_path / "proxy.pac"
    path.write_text(text, encoding="utf-8")
    answers = loaded(_PAC.replace("HOSTS", repr(list(ASKED))), text)
    for host in ASKED:
        words = [str(PACTESTER), "-p", str(path), "-u", f"https://{host}/", "-h", host]
        ran = subprocess.run(words, capture_output=True, text=True, timeout=30, check=True)
        listed = host.lower() in (*EXACT, ONE, TWO)
        inside = host == PRIVATE.host or (not listed and host.endswith(".microsoft.com"))  # the nearest name wins
        wanted = "DIRECT" if inside else THROUGH if listed else "PROXY other:1"
        assert ran.stdout.strip() == answers[host] == wanted, host


# -- Azure ML's managed network

_NETWORK = """
import yaml
from azure.ai.ml._schema.workspace.networking import ManagedNetworkSchema
network = ManagedNetworkSchema(context={"base_path": "."}).load(yaml.safe_load(text)["managed_network"])
result = [[type(rule).__name__, rule.name, getattr(rule, "destination", None) or
           [rule.service_tag, rule.protocol, rule.port_ranges]] for rule in network.outbound_rules]
"""


@consumers
@pytest.mark.parametrize("name", ["public", "usgov", "private"])
def test_azure_mls_own_schema_takes_the_rules(name: str) -> None:
    managed = replace(ROWS[1], needed_for=(Scenario.MANAGED_COMPUTE,), reason=HOSTILE)
    tag = Requirement(host="AzureML.westeurope", kind=Kind.SERVICE_TAG, protocol=Protocol.UDP, port=5831)
    other = replace(ROWS[0], needed_for=(Scenario.TRAINING,))
    output = export("aml-outbound-rules", (managed, tag, other, *sample(name)), CONTEXT, True)
    rules = loaded(_NETWORK, output.content)
    assert ["FqdnDestination", rules[0][1], "*.data.mcr.microsoft.com"] == rules[0]
    assert rules[1][0] == "ServiceTagDestination" and rules[1][2] == ["AzureML.westeurope", "UDP", "5831"]
    names = [rule[1] for rule in rules]
    assert len(set(names)) == len(names) and all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,79}", one) for one in names)
    assert any("which a managed network does not hold for" in loss for loss in output.losses)
    assert other.host not in [rule[2] for rule in rules]


# -- AWS

_SHAPE = """
import botocore.session
from botocore.validate import ParamValidator
model = botocore.session.get_session().get_service_model("network-firewall")
shape = model.operation_model("CreateRuleGroup").input_shape
found = ParamValidator().validate(json.loads(text), shape)
result = [found.has_errors() and found.generate_report(), shape.members["Description"].metadata["max"],
          shape.members["Description"].metadata["pattern"], shape.members["RuleGroupName"].metadata["pattern"]]
"""


@consumers
@pytest.mark.parametrize("rows", [ROWS, hostile(HOSTILE), sample("public")], ids=["few", "hostile", "public"])
def test_a_rule_group_has_the_shape_of_its_api(rows: tuple[Requirement, ...]) -> None:
    text = export("aws-network-firewall", rows, replace(CONTEXT, command=HOSTILE * 9), True).content
    wrong, most, pattern, name = loaded(_SHAPE, text)
    group = json.loads(text)
    assert wrong is False and len(group["Description"]) <= most and re.fullmatch(pattern, group["Description"])
    assert re.fullmatch(name, group["RuleGroupName"]) and 0 < group["Capacity"] <= 30_000
    wrong, *_ = loaded(_SHAPE, text.replace('"STATEFUL"', "7"))
    assert "Invalid type" in wrong


_RULES = """
from suricataparser import parse_rules
rules = parse_rules(text)
result = [[one.enabled, one.action, one.header, one.sid, one.msg, [o.name for o in one.options]] for one in rules]
"""


@consumers
def test_suricata_rules_are_parsed_and_keep_their_numbers() -> None:
    plain = replace(ROWS[0], port=80, protocol=Protocol.HTTP)
    rows = (*ROWS, plain, Requirement(host="10.1.2.3", kind=Kind.IP, protocol=Protocol.TCP, reason=HOSTILE))
    text = export("suricata", rows, CONTEXT, True).content
    rules = [rule for rule in loaded(_RULES, text) if rule[0]]
    assert [rule[1] for rule in rules] == ["pass"] * len(rows)
    assert [rule[2].split()[0] for rule in rules] == ["tls", "tls", "tls", "http", "tcp"]
    numbers = [rule[3] for rule in rules]
    assert len(set(numbers)) == len(rows) and all(10**6 <= number < 2 * 10**6 for number in numbers)
    assert all(rule[4].startswith("amlnet required ") and rule[5][-2:] == ["sid", "rev"] for rule in rules)
    again = [rule[3] for rule in loaded(_RULES, export("suricata", rows[1:], CONTEXT, True).content) if rule[0]]
    assert again == numbers[1:]


# -- meshes and clusters


@pytest.mark.skipif(program("envoy") is None, reason="needs envoy: `make test` installs it")
def test_the_filter_chains_that_istio_makes_let_through_what_is_listed(net: wire.Wire, tmp_path: Path) -> None:
    """Istio makes of a TLS port a filter chain whose server_names are the hosts of the entry: that, run by Envoy."""
    port = service(net)
    net.names.update({(host, "A"): ["127.0.0.1"] for host in (*EXACT, ONE, TWO, APEX, *DECOYS)})
    rows = tuple(replace(row, port=port, reason=HOSTILE) for row in ROWS[:2])
    entries = list(yaml.safe_load_all(export("istio", rows, CONTEXT, True).content))
    hosts = [host for entry in entries for host in entry["spec"]["hosts"]]
    frame = yaml.safe_load(export("envoy", rows, CONTEXT, True).content)
    (listener,) = frame["static_resources"]["listeners"]
    listener["filter_chains"][0]["filter_chain_match"]["server_names"] = hosts
    with proxy("envoy", f"# {AT}\n" + json.dumps(frame), tmp_path, net.dns(), port):
        assert all(shaken(net, port, host) for host in (*EXACT, ONE, TWO))
        assert not any(shaken(net, port, host) for host in (APEX, *DECOYS))


DNS_NAME = re.compile(r"(\*\.)?([A-Za-z0-9-]+\.)*[A-Za-z0-9-]+\.?")
"""The pattern of the CRD: https://github.com/ovn-org/ovn-kubernetes, k8s.ovn.org_egressfirewalls (2026-11-27)."""


@pytest.mark.parametrize("name", ["public", "usgov", "private"])
def test_objects_of_clusters_keep_to_the_patterns_and_limits_of_their_kinds(name: str) -> None:
    odd = replace(ROWS[0], host="a_b.example.com")
    firewall = export("openshift-egressfirewall", (*sample(name), odd), CONTEXT, True)
    rules = yaml.safe_load(firewall.content)["spec"]["egress"]
    names = [rule["to"]["dnsName"] for rule in rules if "dnsName" in rule["to"]]
    assert names and all(DNS_NAME.fullmatch(one) for one in names) and odd.host not in names
    assert any(odd.host in loss for loss in firewall.losses)
    assert all(len(rule["to"]) == 1 and rule["type"] in ("Allow", "Deny") for rule in rules)
    calico = yaml.safe_load(export("calico-enterprise", sample(name), CONTEXT, True).content)["spec"]["egress"]
    domains = [one for rule in calico for one in rule["destination"].get("domains", ())]
    assert domains and all("*" not in one.removeprefix("*.") for one in domains)
    for entry in yaml.safe_load_all(export("istio", sample(name), CONTEXT, True).content):
        ports = [port["number"] for port in entry["spec"]["ports"]]
        assert 0 < len(entry["spec"]["hosts"]) <= 256 and len(entry["metadata"]["name"]) <= 63
        assert len(set(ports)) == len(ports) and entry["spec"]["ports"][0]["protocol"] in ("TLS", "HTTP")


@pytest.mark.parametrize(
    ("format_name", "count", "words"),
    [
        ("openshift-egressfirewall", 8000, "8001 rules: an EgressFirewall has 8000 at most"),
        ("zscaler", 25_001, "25001 URLs: an organisation has 25,000 at most"),
        ("aws-network-firewall", 30_001, "30001 names: a rule group has a capacity of 30,000 at most"),
        ("palo-alto-edl", 50_001, "50001 entries: smaller firewalls read 50000 URLs"),
        ("fortigate", 601, "601 addresses for tcp/443"),
    ],
)
def test_a_list_beyond_a_limit_says_so_by_number(format_name: str, count: int, words: str) -> None:
    rows = tuple(Requirement(host=f"h{number}.example.com") for number in range(count))
    assert any(words in loss for loss in export(format_name, rows, CONTEXT, True).losses)
    number = words.split()[0]
    assert not any(loss.startswith(number) for loss in export(format_name, rows[1:], CONTEXT, True).losses)
    assert export("istio", rows[:600], CONTEXT, True).content.count("kind: ServiceEntry") == 3


# -- Prometheus' operator

_OPERATOR = """
import yaml
from cloudcoil.models.prometheus_operator import v1
KINDS = {"Probe": v1.Probe, "PrometheusRule": v1.PrometheusRule}
result = []
for document in yaml.safe_load_all(text):
    model = KINDS[document["kind"]].model_validate(document)
    kept = model.model_dump(by_alias=True, exclude_none=True, exclude_unset=True, mode="json")
    result.append([document, kept])
"""


@consumers
@pytest.mark.parametrize("name", ["public", "private"])
def test_the_operators_own_shapes_know_every_field(name: str) -> None:
    files = dict(export("prometheus-probe", sample(name), CONTEXT, True).files)
    for file, count in (("amlnet-probes.yaml", 20), ("amlnet-rules.yaml", 1)):
        documents = loaded(_OPERATOR, files[file])
        assert len(documents) >= count
        for written, kept in documents:
            assert written["spec"] == kept["spec"] and written["metadata"]["name"] == kept["metadata"]["name"]


@consumers
def test_kubernetes_own_schemas_take_the_exporter_and_its_modules() -> None:
    text = (ROOT / "examples" / "blackbox-exporter.yaml").read_text(encoding="utf-8")
    assert kinds(text) == ["Deployment", "Service"]
    files = dict(export("prometheus-probe", sample("public"), CONTEXT, True).files)
    assert kinds(files["amlnet-blackbox.yaml"]) == ["ConfigMap"]
    deployment, service = yaml.safe_load_all(text)
    config, (pod,) = yaml.safe_load(files["amlnet-blackbox.yaml"]), [deployment["spec"]["template"]]
    assert pod["spec"]["volumes"][0]["configMap"]["name"] == config["metadata"]["name"]
    mounted = f"--config.file={pod['spec']['containers'][0]['volumeMounts'][0]['mountPath']}/"
    assert pod["spec"]["containers"][0]["args"] == [mounted + next(iter(config["data"]))]
    assert service["spec"]["selector"] == pod["metadata"]["labels"]
    probes = list(yaml.safe_load_all(files["amlnet-probes.yaml"]))
    url = f"{service['metadata']['name']}.azureml.svc:{service['spec']['ports'][0]['port']}"
    assert {probe["spec"]["prober"]["url"] for probe in probes} == {url}
