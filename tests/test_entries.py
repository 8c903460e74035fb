"""Each newer entry comes out where it should and stays out where it should not (`cases/entries.tsv`); hosts by hand."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from azext_amlnet.catalog import load
from azext_amlnet.catalog.expand import expand
from azext_amlnet.model import (
    AppInsights,
    Cloud,
    Cluster,
    ClusterType,
    Compute,
    Gap,
    Level,
    MlRegistry,
    Protocol,
    Registry,
    Scenario,
    Scope,
    StorageAccount,
    Topic,
    Workspace,
)

from .world import ROOT

CATALOG = load()
TABLE = ROOT / "tests" / "cases" / "entries.tsv"
DECIDED = [line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
BARE = Workspace(
    region="westeurope",
    id=ID,
    name="w",
    workspace_id="0a1b2c3d-1111-2222-3333-444455556666",
    registry=Registry(name="acrml", sku="Premium", data_endpoints=True, region="westeurope"),
    storage_accounts=(StorageAccount(name="mlstore", default=True, hierarchical_namespace=False),),
    app_insights=AppInsights(name="ai", ingestion_host="westeurope-5.in.applicationinsights.azure.com"),
    computes=(),
    hbi=False,
)
OFF = {"private_cluster": False, "gpu_nodes": False, "windows_nodes": False, "azure_policy": False, "monitoring": False}
OFF |= {"defender": False, "key_vault_csi": False, "azure_rbac": False}


def with_cluster(kind: ClusterType, **facts: Any) -> Workspace:
    """A workspace with one attached cluster, of which everything is known and off that is not said."""
    arc = {"arc_gateway": False, "relay_host": "ml-relay.servicebus.windows.net"} if kind is ClusterType.ARC else {}
    own = {**OFF, "api_server": "c.hcp.westeurope.azmk8s.io"} if kind is ClusterType.AKS else {**OFF, **arc}
    cluster = Cluster(id=f"/subscriptions/s/{kind.value}", types=(kind,), region="westeurope", **{**own, **facts})
    return replace(BARE, computes=(Compute(name="k", cluster_id=cluster.id),), clusters=(cluster,))


AKS, ARC = with_cluster(ClusterType.AKS), with_cluster(ClusterType.ARC)
MODELS = MlRegistry(name="models", regions=("eastus2",), registries=("acrmodels1",), storage_accounts=("stmodels1",))
SITUATIONS = {
    "bare": BARE,
    "aks": AKS,
    "arc": ARC,
    "private": replace(BARE, private_endpoint=True),
    "arc-private": replace(ARC, private_endpoint=True),
    "models": replace(BARE, ml_registries=(MODELS,)),
    "hbi": replace(BARE, hbi=True),
    "hbi-unknown": replace(BARE, hbi=None),
    "no-insights-host": replace(BARE, app_insights=AppInsights(name="ai")),
    "windows": with_cluster(ClusterType.AKS, windows_nodes=True),
    "policy": with_cluster(ClusterType.AKS, azure_policy=True),
    "defender": with_cluster(ClusterType.AKS, defender=True),
    "csi": with_cluster(ClusterType.AKS, key_vault_csi=True),
    "arc-policy": with_cluster(ClusterType.ARC, azure_policy=True),
    "arc-defender": with_cluster(ClusterType.ARC, defender=True),
    "arc-gateway": with_cluster(ClusterType.ARC, arc_gateway=True),
    "monitored": with_cluster(ClusterType.AKS, monitoring=True),
}


def entries_of(words: str) -> dict[str, set[str]]:
    """The hosts, with ports, by the entries that ask for them: `<situation> <cloud> <scenario> <level>`."""
    situation, cloud, scenario, level = words.split()
    scope = Scope(scenarios=(Scenario(scenario),), level=Level(level))
    hosts: dict[str, set[str]] = {}
    for row in expand(CATALOG, replace(SITUATIONS[situation], cloud=Cloud(cloud)), scope).rows:
        for entry in row.entries:
            hosts.setdefault(entry, set()).add(f"{row.host}:{row.port}")
    return hosts


@pytest.mark.parametrize(("entry", "there", "host", "elsewhere"), DECIDED)
def test_an_entry_comes_out_where_it_is_needed_and_nowhere_else(
    entry: str, there: str, host: str, elsewhere: str
) -> None:
    assert host in entries_of(there).get(entry, set())
    assert entry not in entries_of(elsewhere)


def hosts_of(workspace: Workspace, **scope: Any) -> set[str]:
    """The hosts of a list."""
    return {row.host for row in expand(CATALOG, workspace, Scope(**scope)).rows}


def test_without_rows_of_logs_the_workspaces_own_queues_and_tables_stay() -> None:
    rest = hosts_of(AKS, exclude=(Topic.LOGS,))
    assert {"mlstore.queue.core.windows.net", "mlstore.table.core.windows.net"} <= rest
    assert not {"*.queue.core.windows.net", "*.table.core.windows.net"} & rest


def test_the_gateways_of_a_known_relay_are_required() -> None:
    required = hosts_of(ARC, level=Level.REQUIRED)
    assert {"ml-relay.servicebus.windows.net", "*.servicebus.windows.net"} <= required


@pytest.mark.parametrize(
    ("cloud", "arm", "login"),
    [
        (Cloud.PUBLIC, "management.azure.com", "login.microsoftonline.com"),
        (Cloud.USGOV, "management.usgovcloudapi.net", "login.microsoftonline.us"),
        (Cloud.CHINA, "management.chinacloudapi.cn", "login.chinacloudapi.cn"),
    ],
)
def test_a_desk_can_install_the_extensions_and_connect_a_cluster(cloud: Cloud, arm: str, login: str) -> None:
    desk = hosts_of(replace(ARC, cloud=cloud), scenarios=(Scenario.WORKSTATION,))
    assert {arm, login, "aka.ms", "azcliextensionsync.blob.core.windows.net"} <= desk
    assert {"azcliprod.blob.core.windows.net", "pypi.org", "files.pythonhosted.org"} <= desk
    assert {"mcr.microsoft.com", "*.data.mcr.microsoft.com"} <= desk
    assert ("dl.k8s.io" in desk) == (cloud is Cloud.PUBLIC)


def test_the_default_list_has_nothing_that_only_some_jobs_or_add_ons_need() -> None:
    """Three plain lists by hand, as far as newer entries could have made them longer."""
    own = {"mlstore.blob.core.windows.net", "mlstore.queue.core.windows.net", "mlstore.table.core.windows.net"}
    for workspace in (BARE, AKS, ARC):
        listed = hosts_of(workspace)
        assert {host for host in listed if ".core.windows.net" in host and not host.startswith("*")} == own
        foreign = ("hf.co", "docker", "github", "digicert", "defender", "*.vault", "visualstudio", "portal")
        assert not [host for host in listed if any(name in host for name in foreign)]


@pytest.mark.parametrize("fact", ["defender", "key_vault_csi", "azure_policy", "monitoring"])
def test_what_is_not_known_of_a_planned_cluster_is_optional_and_what_azure_refused_is_not(fact: str) -> None:
    entry = {"defender": "aks-defender", "key_vault_csi": "aks-key-vault-csi"}.get(fact, "")
    entry = entry or {"azure_policy": "aks-policy-telemetry", "monitoring": "monitor-telemetry"}[fact]
    planned = with_cluster(ClusterType.AKS, **{fact: None})
    refused = with_cluster(ClusterType.AKS, **{fact: None, "readable": False})
    of_list = Gap("extensions", "extensions of cluster k", "403: no", "both enabled", planned.clusters[0].id)
    both = (ClusterType.AKS, ClusterType.ARC)
    unasked = replace(planned, clusters=(replace(planned.clusters[0], types=both),))
    for workspace, level, listed in (
        (planned, Level.RECOMMENDED, False),
        (planned, Level.OPTIONAL, True),
        (refused, Level.RECOMMENDED, True),
        (replace(planned, gaps=(of_list,)), Level.RECOMMENDED, True),
        (unasked, Level.RECOMMENDED, True),
    ):
        rows = expand(CATALOG, workspace, Scope(scenarios=(Scenario.CLUSTER,), level=level)).rows
        of_entry = [row for row in rows if entry in row.entries]
        assert bool(of_entry) is listed, (workspace, level)
        assert all(any(note.startswith("Condition: Only with") for note in row.notes) for row in of_entry)


def test_nothing_over_plain_http_is_believed_without_a_proof() -> None:
    """On a healthy network no row can end unproven: its answer is known by a mark or a redirection to its own https."""
    tried = 0
    for cloud, situation in itertools.product(Cloud, SITUATIONS.values()):
        everything = Scope(scenarios=tuple(Scenario), level=Level.OPTIONAL)
        for row in expand(CATALOG, replace(situation, cloud=cloud), everything).rows:
            if row.protocol is Protocol.HTTP and row.probe:
                proof = CATALOG.proofs[row.probe.proof]
                certain = proof.marks or proof.upgrade or row.host == "mscrl.microsoft.com"  # no path there lasts
                assert certain, row.host
                tried += 1
    assert tried > 100


def test_the_firewall_of_a_resource_is_a_note_beside_its_host() -> None:
    account = StorageAccount(name="mlstore", default=True, selected_networks=True)
    rows = expand(CATALOG, replace(BARE, storage_accounts=(account,)), Scope()).rows
    blob = next(row for row in rows if row.host == "mlstore.blob.core.windows.net")
    assert any(note.startswith("Its own firewall lets selected networks in only") for note in blob.notes)
    assert not any("selected networks" in note for row in rows if row.topic is Topic.AML for note in row.notes)


def test_nodes_that_trust_authorities_of_their_own_are_said() -> None:
    answer = expand(CATALOG, with_cluster(ClusterType.AKS, own_authorities=2), Scope())
    assert any("its nodes trust 2 authorities of your own" in line for line in answer.warnings)
    assert not any("authorities" in line for line in expand(CATALOG, AKS, Scope()).warnings)


def test_an_api_server_in_the_virtual_network_is_no_rule_of_a_firewall() -> None:
    inside = hosts_of(with_cluster(ClusterType.AKS, vnet_integration=True))
    assert "c.hcp.westeurope.azmk8s.io" in hosts_of(AKS) and "c.hcp.westeurope.azmk8s.io" not in inside


# -- sovereign clouds, by the tables of their own on the pages of AKS, Arc and Azure ML

GUID = "0a1b2c3d-1111-2222-3333-444455556666"


def required(workspace: Workspace, cloud: Cloud) -> set[str]:
    """What is required, with ports."""
    rows = expand(CATALOG, replace(workspace, cloud=cloud), Scope(level=Level.REQUIRED)).rows
    return {f"{row.host}:{row.port}" for row in rows}


def test_the_required_list_of_an_aks_cluster_in_us_government() -> None:
    own = with_cluster(ClusterType.AKS, api_server="c.hcp.usgovvirginia.cx.aks.containerservice.azure.us")
    assert required(own, Cloud.USGOV) == {
        f"{GUID}.workspace.westeurope.api.ml.azure.us:443",
        "westeurope.api.ml.azure.us:443",
        "*.ml.azure.us:443",
        "acrml.azurecr.us:443",
        "acrml.westeurope.data.azurecr.us:443",
        "mlstore.blob.core.usgovcloudapi.net:443",
        "login.microsoftonline.us:443",
        "management.usgovcloudapi.net:443",
        "mcr.microsoft.com:443",
        "*.data.mcr.microsoft.com:443",
        "westeurope.dp.kubernetesconfiguration.azure.us:443",
        "c.hcp.usgovvirginia.cx.aks.containerservice.azure.us:443",
        "AzureCloud.westeurope:1194",
        "AzureCloud.westeurope:9000",
        "ntp.ubuntu.com:123",
        "packages.microsoft.com:443",
        "packages.aks.azure.com:443",
        "pypi.org:443",
        "files.pythonhosted.org:443",
    }


def test_the_required_list_of_an_arc_cluster_in_china() -> None:
    own = with_cluster(ClusterType.ARC, relay_host="ml-relay.servicebus.chinacloudapi.cn")
    assert required(own, Cloud.CHINA) == {
        f"{GUID}.workspace.westeurope.api.ml.azure.cn:443",
        "westeurope.api.ml.azure.cn:443",
        "westeurope.experiments.ml.azure.cn:443",
        "acrml.azurecr.cn:443",
        "acrml.westeurope.data.azurecr.cn:443",
        "mlstore.blob.core.chinacloudapi.cn:443",
        "login.chinacloudapi.cn:443",
        "westeurope.login.chinacloudapi.cn:443",
        "login.partner.microsoftonline.cn:443",
        "sts.chinacloudapi.cn:443",
        "management.chinacloudapi.cn:443",
        "mcr.microsoft.com:443",
        "*.data.mcr.microsoft.com:443",
        "mcr.azk8s.cn:443",
        "dockerhub.azk8s.cn:443",
        "k8sgcr.azk8s.cn:443",
        "quay.azk8s.cn:443",
        "registryk8s.azk8s.cn:443",
        "usgcr.azk8s.cn:443",
        "westeurope.dp.kubernetesconfiguration.azure.cn:443",
        "gbl.his.arc.azure.cn:443",
        "*.his.arc.azure.cn:443",
        "guestnotificationservice.azure.cn:443",
        "*.guestnotificationservice.azure.cn:443",
        "*.servicebus.chinacloudapi.cn:443",
        "ml-relay.servicebus.chinacloudapi.cn:443",
        "westeurope.obo.arc.azure.cn:8084",
        "pypi.org:443",
        "files.pythonhosted.org:443",
    }


def test_an_arc_gateway_carries_graph_and_brings_the_tokens_of_cluster_connect() -> None:
    plain = with_cluster(ClusterType.ARC, azure_rbac=True)
    behind = with_cluster(ClusterType.ARC, azure_rbac=True, arc_gateway=True)
    assert "graph.microsoft.com:443" in required(plain, Cloud.PUBLIC)
    assert "graph.microsoft.com:443" not in required(behind, Cloud.PUBLIC)
    without = with_cluster(ClusterType.ARC, arc_gateway=True)
    assert "westeurope.obo.arc.azure.com" in hosts_of(without, level=Level.OPTIONAL) - hosts_of(without)
