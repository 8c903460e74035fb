"""What must come out for workspaces as they are in the field; every expected host is written by hand."""

from __future__ import annotations

import fnmatch
import re

import pytest

from azext_amlnet.catalog.expand import expand
from azext_amlnet.model import Catalog, Cloud, Cluster, ClusterType, Compute, Level, Scenario, Scope, Topic, Workspace

from . import builders as arm
from .conftest import Listed
from .fakearm import OTHER_SUBSCRIPTION, FakeAzure, Fault
from .reading import hosts, row, said

# -- registry


def test_a_premium_registry_has_one_data_host_for_each_replica_region(listed: Listed) -> None:
    answer = listed(arm.ordinary(location="germanywestcentral"))
    assert hosts(answer, "registry") == {
        "acrml.azurecr.io",
        "acrml.westeurope.data.azurecr.io",
        "acrml.northeurope.data.azurecr.io",
        "acrml.swedencentral.data.azurecr.io",
    }
    assert "*.blob.core.windows.net" not in hosts(answer)
    assert "swedencentral" in row(answer, "acrml.swedencentral.data.azurecr.io").reason
    assert not row(answer, "acrml.azurecr.io").assumed


@pytest.mark.parametrize("sku", ["Basic", "Standard"])
def test_a_registry_without_data_endpoints_needs_the_layer_wildcard(listed: Listed, sku: str) -> None:
    answer = listed({**arm.ordinary(), **arm.registry(sku)})
    assert hosts(answer, "registry") == {"acrml.azurecr.io", "*.blob.core.windows.net"}
    layers = row(answer, "*.blob.core.windows.net")
    assert layers.level is Level.REQUIRED
    assert "no dedicated data endpoints" in layers.reason
    assert layers.notes and not layers.assumed


def test_a_registry_with_a_domain_name_label_keeps_the_name_that_arm_gives(listed: Listed) -> None:
    labelled = arm.registry(
        "Premium",
        ("westeurope",),
        loginServer="acrml-dhe5azfgh4hsh2cd.azurecr.io",
        dataEndpointHostNames=["acrml-dhe5azfgh4hsh2cd.westeurope.data.azurecr.io"],
    )
    assert hosts(listed({**arm.ordinary(), **labelled}), "registry") == {
        "acrml-dhe5azfgh4hsh2cd.azurecr.io",
        "acrml-dhe5azfgh4hsh2cd.westeurope.data.azurecr.io",
    }


def test_a_replica_that_arm_lists_without_its_data_host_is_added_and_marked(listed: Listed) -> None:
    partial = arm.registry(
        "Premium", ("westeurope", "japaneast"), dataEndpointHostNames=["acrml.westeurope.data.azurecr.io"]
    )
    answer = listed({**arm.ordinary(), **partial})
    assert row(answer, "acrml.japaneast.data.azurecr.io").assumed
    assert not row(answer, "acrml.westeurope.data.azurecr.io").assumed


def test_regional_endpoints_of_a_registry_are_rows_of_their_own(listed: Listed) -> None:
    regional = arm.registry(
        "Premium",
        ("westeurope",),
        regionalEndpoints="Enabled",
        regionalEndpointHostNames=["acrml.westeurope.geo.azurecr.io"],
    )
    answer = listed({**arm.ordinary(), **regional})
    assert row(answer, "acrml.westeurope.geo.azurecr.io").level is Level.RECOMMENDED
    off = arm.registry(
        "Premium", ("westeurope",), regionalEndpoints="Disabled", regionalEndpointHostNames=["a.geo.azurecr.io"]
    )
    assert "a.geo.azurecr.io" not in hosts(listed({**arm.ordinary(), **off}))


@pytest.mark.parametrize("absent", [False, True])
def test_a_workspace_without_a_registry_shows_what_is_missing(listed: Listed, absent: bool) -> None:
    resources = arm.ordinary(containerRegistry=None)
    if absent:
        del resources[arm.workspace_id()]["properties"]["containerRegistry"]
    answer = listed(resources)
    assert hosts(answer, "registry") == {
        "<registry>.azurecr.io",
        "<registry>.westeurope.data.azurecr.io",
        "*.blob.core.windows.net",
    }
    login = row(answer, "<registry>.azurecr.io")
    assert login.unresolved and not login.assumed
    assert "no registry yet" in " ".join(login.notes)
    assert "no dedicated data endpoints" in " ".join(row(answer, "*.blob.core.windows.net").notes)


def test_a_registry_in_another_subscription_is_asked_there(listed: Listed, azure: FakeAzure) -> None:
    group = f"/subscriptions/{OTHER_SUBSCRIPTION}/resourceGroups/shared"
    path = arm.identifier("Microsoft.ContainerRegistry/registries", "acrhub", group)
    resources = {**arm.ordinary(containerRegistry=path), **arm.registry("Premium", ("westus2",), path=path)}
    assert hosts(listed(resources), "registry") == {"acrhub.azurecr.io", "acrhub.westus2.data.azurecr.io"}
    assert azure.asked(f"/subscriptions/{OTHER_SUBSCRIPTION}/")


@pytest.mark.parametrize(("status", "code"), [(404, "ResourceNotFound"), (403, "AuthorizationFailed")])
def test_a_registry_that_is_gone_or_not_readable_is_assumed_and_said(
    listed: Listed, azure: FakeAzure, status: int, code: str
) -> None:
    azure.faults.append(Fault("/registries/acrml", status=status, code=code, message="no for you"))
    answer = listed(arm.ordinary())
    assert hosts(answer, "registry") == {
        "acrml.azurecr.io",
        "acrml.westeurope.data.azurecr.io",
        "*.blob.core.windows.net",
    }
    assert all(row(answer, host).assumed for host in hosts(answer, "registry"))
    assert all("registry acrml: " in " ".join(row(answer, host).notes) for host in hosts(answer, "registry"))
    assert row(listed(arm.ordinary(), level=Level.OPTIONAL), "*.blob.core.windows.net").assumed
    assert f"registry acrml: {status}: no for you ({code})" in said(answer)


def test_replicas_that_cannot_be_read_leave_the_hosts_that_the_registry_names(listed: Listed, azure: FakeAzure) -> None:
    azure.faults.append(Fault("/replications", status=403, code="AuthorizationFailed", message="no"))
    answer = listed(arm.ordinary())
    assert len(hosts(answer, "registry")) == 4
    assert "registry acrml, replicas: 403" in said(answer)


# -- workspace kinds and spellings


def project(**overrides: object) -> arm.Resources:
    """A project and its hub, which has another workspace id and a private endpoint."""
    hub = arm.workspace("hub", kind="Hub", workspaceId=arm.HUB_GUID)
    bare = {
        "workspaceId": arm.WORKSPACE_GUID,
        "hubResourceId": arm.workspace_id("hub"),
        "containerRegistry": None,
        "storageAccount": None,
        "keyVault": None,
        "applicationInsights": None,
        **overrides,
    }
    return {**arm.ordinary(), **hub, **arm.workspace(kind="Project", **bare)}


@pytest.mark.parametrize("repeats", [False, True])
def test_a_project_uses_what_belongs_to_its_hub(listed: Listed, repeats: bool) -> None:
    ids = {"containerRegistry": arm.REGISTRY, "storageAccount": arm.STORAGE, "keyVault": arm.VAULT} if repeats else {}
    answer = listed(project(**ids))
    assert {"acrml.azurecr.io", "mlstore.blob.core.windows.net", "mlvault.vault.azure.net"} <= hosts(answer)
    own = row(answer, f"{arm.WORKSPACE_GUID}.workspace.westeurope.api.azureml.ms")
    hub = row(answer, f"{arm.HUB_GUID}.workspace.westeurope.api.azureml.ms")
    assert (own.level, hub.level) == (Level.REQUIRED, Level.RECOMMENDED)
    assert "do not settle" in " ".join(hub.notes)
    assert not any(item.unresolved for item in answer.rows)


def test_a_project_whose_hub_cannot_be_read_says_so(listed: Listed, azure: FakeAzure) -> None:
    azure.faults.append(Fault("/workspaces/hub", status=403, code="AuthorizationFailed", message="no"))
    answer = listed(project())
    assert "hub hub: 403" in said(answer)
    login = row(answer, "<registry>.azurecr.io")
    assert login.unresolved and "hub hub: 403" in login.notes[-1]
    assert "no registry yet" not in str(login.notes)
    assert "*.in.applicationinsights.azure.com" in hosts(answer)
    assert row(answer, "<hub workspace id>.workspace.westeurope.api.azureml.ms").unresolved


@pytest.mark.parametrize("kind", ["Hub", "FeatureStore", "Default"])
def test_other_kinds_of_workspace_are_read_as_they_are(listed: Listed, kind: str) -> None:
    assert "acrml.azurecr.io" in hosts(listed(arm.ordinary(kind=kind)))


def test_display_names_of_regions_and_ids_in_any_case_are_understood(listed: Listed) -> None:
    resources = arm.ordinary(
        location="East US", containerRegistry=arm.REGISTRY.upper().replace("/SUBSCRIPTIONS", "/subscriptions")
    )
    answer = listed(resources)
    assert "eastus.experiments.azureml.net" in hosts(answer)
    assert "acrml.azurecr.io" in hosts(answer)


def test_the_dummy_discovery_address_of_the_api_sample_is_ignored(listed: Listed) -> None:
    answer = listed(arm.ordinary(discoveryUrl="http://example.com"))
    assert "example.com" not in hosts(answer)
    assert "westeurope.api.azureml.ms" in hosts(answer)


def test_another_discovery_address_is_listed_beside_the_documented_one(listed: Listed) -> None:
    answer = listed(arm.ordinary(discoveryUrl="https://master.api.azureml.ms/discovery"))
    assert {"master.api.azureml.ms", "westeurope.api.azureml.ms"} <= hosts(answer)


# -- storage


def test_storage_with_dns_zone_endpoints_is_taken_as_arm_names_it(listed: Listed) -> None:
    answer = listed({**arm.ordinary(), **arm.storage(zone="z24")})
    assert row(answer, "mlstore.z24.blob.storage.azure.net").level is Level.REQUIRED
    assert "mlstore.blob.core.windows.net" not in hosts(answer)


def test_a_hierarchical_namespace_adds_the_data_lake_endpoint(listed: Listed) -> None:
    assert "mlstore.dfs.core.windows.net" not in hosts(listed(arm.ordinary()))
    answer = listed({**arm.ordinary(), **arm.storage(isHnsEnabled=True)})
    assert row(answer, "mlstore.dfs.core.windows.net").level is Level.RECOMMENDED


def test_datastores_on_other_accounts_are_listed_with_the_service_they_use(listed: Listed) -> None:
    resources = {**arm.ordinary(), **arm.storage("lake"), **arm.storage("remote", zone="z01")}
    resources[f"{arm.workspace_id()}/datastores"] = [
        arm.datastore("workspaceblobstore"),
        arm.datastore("training_data", account="others"),
        arm.datastore("lake_data", account="lake", kind="AzureDataLakeGen2"),
        arm.datastore("shares", account="shares", kind="AzureFile"),
        arm.datastore("zoned", "remote", resourceGroup="ml-rg", subscriptionId=arm.GROUP.split("/")[2]),
    ]
    answer = listed(resources)
    assert hosts(answer, "storage") == {
        "mlstore.blob.core.windows.net",
        "mlstore.queue.core.windows.net",
        "mlstore.table.core.windows.net",
        "others.blob.core.windows.net",
        "lake.dfs.core.windows.net",
        "remote.z01.blob.storage.azure.net",
    }
    assert not row(answer, "others.blob.core.windows.net").assumed
    assert "shares.file.core.windows.net" in hosts(listed(resources, level=Level.OPTIONAL), "storage")


def test_a_datastore_without_a_storage_account_is_a_gap(listed: Listed) -> None:
    resources = arm.ordinary()
    old = arm.datastore("hdfs", kind="Hdfs", accountName=None)
    onelake = arm.datastore("lakehouse", kind="OneLake", accountName=None, endpoint="onelake.dfs.fabric.microsoft.com")
    resources[f"{arm.workspace_id()}/datastores"] = [old, onelake]
    answer = listed(resources)
    assert "datastore hdfs: its type Hdfs names no storage account" in said(answer)
    assert row(answer, "onelake.dfs.fabric.microsoft.com").level is Level.REQUIRED


def test_datastores_that_cannot_be_read_are_said(listed: Listed, azure: FakeAzure) -> None:
    azure.faults.append(Fault("/datastores", status=403, code="AuthorizationFailed", message="no"))
    answer = listed(arm.ordinary())
    assert "datastores of the workspace: 403" in said(answer)
    assert "mlstore.blob.core.windows.net" in hosts(answer)
    unknown = row(answer, "<storage account of a datastore>.blob.core.windows.net")
    assert unknown.unresolved and "datastores of the workspace: 403" in " ".join(unknown.notes)


def test_storage_that_cannot_be_read_is_built_from_its_name_and_marked(listed: Listed, azure: FakeAzure) -> None:
    azure.faults.append(Fault("/storageAccounts/", status=403, code="AuthorizationFailed", message="no"))
    answer = listed(arm.ordinary())
    assert row(answer, "mlstore.blob.core.windows.net").assumed
    assert "storage account mlstore: 403" in said(answer)


# -- clusters

ARC_ONLY = {"gbl.his.arc.azure.com", "*.his.arc.azure.com", "guestnotificationservice.azure.com", "login.windows.net"}
AKS_ONLY = {"packages.aks.azure.com", "acs-mirror.azureedge.net", "packages.microsoft.com", "mcr-0001.mcr-msedge.net"}


def test_an_aks_compute_brings_no_arc_and_no_relay_rows(listed: Listed) -> None:
    answer = listed(arm.with_computes({**arm.ordinary(), **arm.aks()}, arm.compute("gpu", arm.AKS)))
    assert hosts(answer) >= AKS_ONLY | {"northeurope.dp.kubernetesconfiguration.azure.com"}
    assert not hosts(answer) & ARC_ONLY
    assert not [host for host in hosts(answer) if "servicebus" in host]
    assert row(answer, "aks-gpu-dns-1a2b3c4d.hcp.northeurope.azmk8s.io").level is Level.REQUIRED
    assert all(item.computes == () for item in answer.rows)


def test_an_arc_compute_brings_relay_rows_with_websockets_and_no_aks_rows(listed: Listed) -> None:
    answer = listed(arm.with_computes({**arm.ordinary(), **arm.arc()}, arm.compute("edge", arm.ARC)))
    assert hosts(answer) >= ARC_ONLY | {"westeurope.dp.kubernetesconfiguration.azure.com"}
    assert not hosts(answer) & AKS_ONLY
    relay = row(answer, "ml-relay-ns.servicebus.windows.net")
    assert relay.websocket and relay.level is Level.REQUIRED
    assert row(answer, "azgnrelay-westeurope-l1.servicebus.windows.net").websocket
    assert row(answer, "*.servicebus.windows.net").level is Level.REQUIRED
    assert row(answer, "westeurope.obo.arc.azure.com", 8084).protocol.value == "https"


def test_with_both_each_row_names_its_computes(listed: Listed) -> None:
    answer = listed(arm.with_both_clusters())
    assert row(answer, "packages.aks.azure.com").computes == ("gpu-aks",)
    assert row(answer, "gbl.his.arc.azure.com").computes == ("edge",)
    assert row(answer, "acrml.azurecr.io").computes == ()
    assert row(answer, "mcr.microsoft.com").computes == ()


def test_only_the_computes_that_were_asked_for_count(listed: Listed) -> None:
    answer = listed(arm.with_both_clusters(), computes=("edge",))
    assert hosts(answer) >= ARC_ONLY and not hosts(answer) & AKS_ONLY


def test_an_aks_cluster_that_is_connected_to_arc_needs_both_tables(listed: Listed) -> None:
    answer = listed(arm.with_computes({**arm.ordinary(), **arm.arc(distribution="AKS")}, arm.compute("edge", arm.ARC)))
    assert hosts(answer) >= ARC_ONLY | AKS_ONLY


def test_without_a_cluster_its_rows_are_left_out_and_a_hint_says_so(listed: Listed) -> None:
    answer = listed(arm.ordinary())
    assert not hosts(answer, "extension", "arc", "aks")
    assert "--cluster-type aks or arc adds them" in said(answer)
    assert {scenario for item in answer.rows for scenario in item.needed_for} == {Scenario.TRAINING, Scenario.INFERENCE}


@pytest.mark.parametrize(
    ("kind", "there", "not_there"), [(ClusterType.AKS, AKS_ONLY, ARC_ONLY), (ClusterType.ARC, ARC_ONLY, AKS_ONLY)]
)
def test_cluster_type_decides_when_nothing_is_attached(
    listed: Listed, kind: ClusterType, there: set[str], not_there: set[str]
) -> None:
    answer = listed(arm.ordinary(), cluster_type=kind)
    assert hosts(answer) >= there and not hosts(answer) & not_there
    assert "--cluster-type" not in said(answer)
    assert row(answer, "westeurope.dp.kubernetesconfiguration.azure.com").assumed


def test_cluster_type_none_leaves_cluster_rows_out_without_a_hint(listed: Listed) -> None:
    answer = listed(arm.with_both_clusters(), cluster_type=ClusterType.NONE)
    assert not hosts(answer, "extension", "arc", "aks")
    assert "--cluster-type" not in said(answer)


def test_computes_that_cannot_be_read_bring_the_rows_of_both_types(listed: Listed, azure: FakeAzure) -> None:
    azure.faults.append(Fault("/computes", status=403, code="AuthorizationFailed", message="no right to list"))
    answer = listed(arm.ordinary())
    assert hosts(answer) >= ARC_ONLY | AKS_ONLY
    assert all(row(answer, host).assumed for host in ARC_ONLY | AKS_ONLY)
    gap = "computes of the workspace: 403: no right to list (AuthorizationFailed); assumed: an AKS and an Arc cluster"
    assert gap in said(answer)
    assert gap in row(answer, "gbl.his.arc.azure.com").notes


def test_a_cluster_that_cannot_be_read_keeps_every_row_with_its_condition(listed: Listed, azure: FakeAzure) -> None:
    azure.faults.append(Fault("/managedClusters/aks-gpu", status=403, code="AuthorizationFailed", message="no"))
    answer = listed(arm.with_computes({**arm.ordinary(), **arm.aks()}, arm.compute("gpu", arm.AKS)))
    gpu = row(answer, "nvidia.github.io")
    assert gpu.assumed and "Condition: Only with GPU nodes." in gpu.notes
    assert any(note.startswith("AKS cluster aks-gpu: 403") for note in gpu.notes)
    assert "AKS cluster aks-gpu: 403" in said(answer)


def test_inference_switched_off_in_the_extension_takes_inference_rows_away(listed: Listed) -> None:
    off = arm.aks(extensions=[arm.extension(inference="False")])
    answer = listed(arm.with_computes({**arm.ordinary(), **off}, arm.compute("gpu", arm.AKS)))
    assert "api.azureml.ms" not in hosts(answer)
    assert row(answer, "acrml.azurecr.io").needed_for == (Scenario.TRAINING,)


def test_what_only_one_of_two_clusters_does_is_needed_by_that_one(listed: Listed) -> None:
    resources = {**arm.ordinary(), **arm.aks(extensions=[arm.extension(training="false")]), **arm.arc()}
    answer = listed(arm.with_computes(resources, arm.compute("serving", arm.AKS), arm.compute("edge", arm.ARC)))
    assert row(answer, "pypi.org").computes == ("edge",)


def test_a_cluster_without_the_extension_is_said(listed: Listed) -> None:
    answer = listed(arm.with_computes({**arm.ordinary(), **arm.aks(extensions=[])}, arm.compute("gpu", arm.AKS)))
    assert "is not among its extensions" in said(answer)


def test_computes_of_other_types_are_no_clusters(listed: Listed) -> None:
    old = arm.compute("old", arm.AKS, kind="AKS")
    answer = listed(
        arm.with_computes({**arm.ordinary(), **arm.aks()}, old, arm.compute("ci", arm.AKS, kind="ComputeInstance"))
    )
    assert not hosts(answer, "aks")


def test_the_wrong_provider_of_the_attach_article_is_understood(listed: Listed) -> None:
    wrong = arm.identifier("Microsoft.ContainerService/connectedClusters", "onprem")
    answer = listed(arm.with_computes({**arm.ordinary(), **arm.arc(path=wrong)}, arm.compute("edge", wrong)))
    assert hosts(answer) >= ARC_ONLY


@pytest.mark.parametrize("outbound", ["none", "block"])
def test_a_network_isolated_aks_cluster_is_warned_about_on_each_of_its_rows(listed: Listed, outbound: str) -> None:
    cluster = arm.aks(networkProfile={"outboundType": outbound})
    answer = listed(arm.with_computes({**arm.ordinary(), **cluster}, arm.compute("gpu", arm.AKS)))
    assert f"outboundType is '{outbound}'" in said(answer)
    of_cluster = [item for item in answer.rows if item.topic in (Topic.AKS, Topic.EXTENSION)]
    assert all("not supported" in " ".join(item.notes) for item in of_cluster)
    assert len(of_cluster) > 8


def test_conditions_about_nodes_and_add_ons_are_decided_by_facts(listed: Listed) -> None:
    plain = listed(arm.with_computes({**arm.ordinary(), **arm.aks()}, arm.compute("gpu", arm.AKS)))
    assert not hosts(plain) & {"nvidia.github.io", "go.microsoft.com", "*.ods.opinsights.azure.com"}
    pools = [
        {"osType": "Linux", "vmSize": "Standard_NC24ads_A100_v4"},
        {"osType": "Windows", "vmSize": "Standard_D4s_v5"},
    ]
    addons = {"azurepolicy": {"enabled": True}, "omsAgent": {"enabled": True}}
    cluster = arm.aks(agentPoolProfiles=pools, addonProfiles=addons)
    full = listed(arm.with_computes({**arm.ordinary(), **cluster}, arm.compute("gpu", arm.AKS)))
    wanted = {"nvidia.github.io", "go.microsoft.com", "store.policy.core.windows.net", "*.ods.opinsights.azure.com"}
    assert hosts(full) >= wanted
    assert row(full, "nvidia.github.io").notes == ("Azure lists it under 'gpu'.",)


def test_a_private_aks_cluster_has_no_row_for_its_api_server(listed: Listed) -> None:
    private = arm.aks(apiServerAccessProfile={"enablePrivateCluster": True})
    answer = listed(arm.with_computes({**arm.ordinary(), **private}, arm.compute("gpu", arm.AKS)))
    assert "aks-gpu-dns-1a2b3c4d.hcp.northeurope.azmk8s.io" not in hosts(answer)


def test_an_arc_gateway_replaces_most_of_arcs_hosts_and_none_of_azure_mls(listed: Listed) -> None:
    gateway = arm.arc(gateway={"enabled": True})
    answer = listed(arm.with_computes({**arm.ordinary(), **gateway}, arm.compute("edge", arm.ARC)))
    assert row(answer, "<arc gateway>.gw.arc.azure.com").unresolved
    gone = {"guestnotificationservice.azure.com", "login.windows.net"}
    assert not hosts(answer) & gone
    assert {"ml-relay-ns.servicebus.windows.net", "gbl.his.arc.azure.com", "acrml.azurecr.io"} <= hosts(answer)


@pytest.mark.parametrize("relay", [None, "unlabelled"])
def test_an_unknown_relay_namespace_makes_the_wildcard_required(listed: Listed, relay: str | None) -> None:
    resources = {**arm.ordinary(), **arm.arc(relay=relay)}
    for namespace in resources[f"{arm.GROUP}/providers/Microsoft.Relay/namespaces"]:
        namespace["tags"] = None
    answer = listed(arm.with_computes(resources, arm.compute("edge", arm.ARC)))
    wildcard = row(answer, "*.servicebus.windows.net")
    assert wildcard.level is Level.REQUIRED and wildcard.websocket
    assert "aml-relay-any" in wildcard.entries


def test_a_refused_allow_list_leaves_the_wildcard_and_a_gap(listed: Listed, azure: FakeAzure) -> None:
    azure.faults.append(Fault("allow-list-connect"))
    answer = listed(arm.with_computes({**arm.ordinary(), **arm.arc()}, arm.compute("edge", arm.ARC)))
    assert row(answer, "*.servicebus.windows.net").level is Level.REQUIRED
    assert "Arc's allow-list API could not be asked" in said(answer)


NONSENSE: list[object] = [{"error": "x"}, "text", [1, 2], ['evil.com" }', "*.servicebus.windows.net"]]
NONSENSE += [["ok.servicebus.windows.net", "10.0.0.1"], ["ok.servicebus.windows.net", 'evil.com" }']]


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_an_allow_list_of_nonsense_never_becomes_a_row(listed: Listed, azure: FakeAzure, nonsense: object) -> None:
    azure.allow_list = nonsense
    answer = listed(arm.with_computes({**arm.ordinary(), **arm.arc()}, arm.compute("edge", arm.ARC)))
    assert not [host for host in hosts(answer) if "evil.com" in host or host == "10.0.0.1"]
    assert row(answer, "*.servicebus.windows.net").level is Level.REQUIRED
    assert "Arc's allow-list API" in said(answer)


def test_two_arc_clusters_in_one_group_are_not_given_one_relay(listed: Listed) -> None:
    other = arm.identifier("Microsoft.Kubernetes/connectedClusters", "other")
    resources = {**arm.ordinary(), **arm.arc(path=other), **arm.arc()}
    answer = listed(arm.with_computes(resources, arm.compute("edge", arm.ARC), arm.compute("other", other)))
    assert "ml-relay-ns.servicebus.windows.net" not in hosts(answer)
    assert row(answer, "*.servicebus.windows.net").level is Level.REQUIRED


def test_a_row_that_one_wish_asks_for_unconditionally_has_no_condition(listed: Listed, azure: FakeAzure) -> None:
    azure.faults.append(Fault("/computes", status=403, code="AuthorizationFailed", message="no"))
    assert not [note for note in row(listed(arm.ordinary()), "*.servicebus.windows.net").notes if "Condition" in note]


@pytest.mark.parametrize(
    "pools",
    [
        None,
        [],
        [{"osType": "Linux"}],
        [{"osType": "Linux", "vmSize": None}, {"osType": "Linux", "vmSize": "Standard_D4"}],
    ],
)
def test_pools_that_azure_does_not_describe_keep_the_gpu_rows(listed: Listed, pools: object) -> None:
    answer = listed(
        arm.with_computes({**arm.ordinary(), **arm.aks(agentPoolProfiles=pools)}, arm.compute("g", arm.AKS))
    )
    assert "Condition: Only with GPU nodes." in row(answer, "nvidia.github.io").notes


def test_gpu_sizes_of_virtual_machine_pools_and_automatic_nodes_are_seen(listed: Listed) -> None:
    manual = {"scale": {"manual": [{"size": "Standard_NC4as_T4_v3", "count": 1}]}}
    pools = [{"osType": "Linux", "vmSize": None, "virtualMachinesProfile": manual}]
    answer = listed(
        arm.with_computes({**arm.ordinary(), **arm.aks(agentPoolProfiles=pools)}, arm.compute("g", arm.AKS))
    )
    assert "Condition" not in str(row(answer, "nvidia.github.io").notes)
    automatic = arm.aks(nodeProvisioningProfile={"mode": "Auto"})
    answer = listed(arm.with_computes({**arm.ordinary(), **automatic}, arm.compute("g", arm.AKS)))
    assert "Condition: Only with GPU nodes." in row(answer, "nvidia.github.io").notes


def test_managed_prometheus_on_arc_counts_as_monitoring(listed: Listed) -> None:
    prometheus = {"properties": {"extensionType": "Microsoft.AzureMonitor.Containers.Metrics"}}
    cluster = arm.arc(extensions=[arm.extension(), prometheus])
    answer = listed(arm.with_computes({**arm.ordinary(), **cluster}, arm.compute("edge", arm.ARC)))
    assert "*.ods.opinsights.azure.com" in hosts(answer)


def test_a_compute_of_the_retired_kind_is_said(listed: Listed) -> None:
    answer = listed(arm.with_computes(arm.ordinary(), arm.compute("old", arm.AKS, kind="AKS")))
    assert "compute old: it is attached the retired way (computeType AKS)" in said(answer)


def test_naming_one_compute_does_not_make_its_rows_everybodys(listed: Listed) -> None:
    answer = listed(arm.with_both_clusters(), computes=("GPU-AKS",))
    assert row(answer, "packages.aks.azure.com").computes == ("gpu-aks",)


def test_clusters_that_are_planned_count_without_computes(catalog: Catalog) -> None:
    plan = Workspace(region="westeurope", clusters=(Cluster(types=(ClusterType.ARC,), region="northeurope"),))
    answer = expand(catalog, plan, Scope())
    assert "northeurope.dp.kubernetesconfiguration.azure.com" in hosts(answer)
    by_id = Workspace(computes=(Compute(name="k", cluster_id=arm.AKS),))
    assert not hosts(expand(catalog, by_id, Scope()), "arc")


def test_names_with_blanks_and_mixed_case_are_survived(listed: Listed, azure: FakeAzure) -> None:
    insights = arm.INSIGHTS + " (prod)"
    body = {"properties": {"ConnectionString": "IngestionEndpoint=https://x.in.applicationinsights.azure.com/"}}
    account = arm.STORAGE.replace("mlstore", "MLStore")
    resources = {**arm.ordinary(applicationInsights=insights, storageAccount=account), insights: body}
    azure.faults.append(Fault("/storageAccounts/", status=403, code="AuthorizationFailed", message="no"))
    answer = listed(resources)
    assert "x.in.applicationinsights.azure.com" in hosts(answer)
    assert "mlstore.blob.core.windows.net" in hosts(answer)


CALLS = [
    "registries/acrml?",
    "replications",
    "storageAccounts/",
    "vaults/",
    "components/",
    "computes",
    "datastores",
    "managedClusters/aks-gpu?",
    "connectedClusters/onprem?",
    "Relay",
    "KubernetesConfiguration",
    "managedClusters/aks-gpu/outbound",
    "allow-list-connect",
]


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("part", CALLS)
def test_whatever_azure_refuses_no_host_is_lost(listed: Listed, azure: FakeAzure, part: str, status: int) -> None:
    """Each single refusal: every host of the full list is still there, by name or under a wildcard or placeholder.

    A cluster that cannot be read is assumed to be in the workspace's region, and says so.
    """
    resources = {**arm.with_both_clusters(), **arm.storage("lake")}
    resources[f"{arm.workspace_id()}/datastores"] = [
        arm.datastore("lake", account="lake", kind="AzureDataLakeGen2"),
        arm.datastore("onelake", kind="OneLake", accountName=None, endpoint="onelake.dfs.fabric.microsoft.com"),
    ]
    complete = listed(resources)
    azure.faults.append(Fault(part, status=status, code="Refused", message="no"))
    answer = listed(resources)
    assert answer.warnings or part == "Relay"  # whose namespace the compute itself names
    listed_hosts = hosts(answer)
    shapes = [re.sub(r"<[a-z ]+>", "*", host) for host in listed_hosts if "*" in host or "<" in host]
    shapes = ["onelake.*" if shape == "*" and "<onelake host>" in listed_hosts else shape for shape in shapes]
    for lost in hosts(complete) - listed_hosts:
        named_by_azure_only = all(entry.startswith("azure-") for entry in row(complete, lost).entries)
        elsewhere = lost if "registr" in part else lost.replace("northeurope", "westeurope")
        covered = elsewhere in listed_hosts or any(fnmatch.fnmatch(elsewhere, shape) for shape in shapes)
        assert covered or named_by_azure_only, lost


@pytest.mark.parametrize("body", [{}, {"properties": {}}, None])
def test_a_hub_that_tells_nothing_shortens_nothing(listed: Listed, azure: FakeAzure, body: object) -> None:
    resources = project(publicNetworkAccess="Disabled")
    if body is None:
        azure.faults.append(Fault("/workspaces/hub", status=403, code="AuthorizationFailed", message="no"))
    else:
        resources[arm.workspace_id("hub")] = body
    answer = listed(resources, level=Level.OPTIONAL)
    assert "hub hub:" in said(answer)
    assert f"{arm.WORKSPACE_GUID}.workspace.westeurope.cert.api.azureml.ms" in hosts(answer)
    own = row(answer, f"{arm.WORKSPACE_GUID}.workspace.westeurope.api.azureml.ms")
    assert "nothing can reach it" not in str(own.notes) and "hub hub:" in str(own.notes)
    assert "*.in.applicationinsights.azure.com" in hosts(answer)


def test_a_wider_list_keeps_the_condition_of_a_required_row(listed: Listed) -> None:
    layers = row(listed(arm.ordinary(containerRegistry=None), level=Level.OPTIONAL), "*.blob.core.windows.net")
    assert layers.level is Level.REQUIRED and "Condition: Only while the registry" in str(layers.notes)


@pytest.mark.parametrize(
    ("settings", "wanted", "gap"),
    [
        ({"enableTraining": "True"}, {"training"}, False),
        ({"enableInference": "true"}, {"inference"}, False),
        ({}, {"training", "inference"}, True),
        ({"enableTraining": "perhaps"}, {"training", "inference"}, True),
    ],
)
def test_what_the_extension_does_not_switch_on_is_off(
    listed: Listed, settings: dict[str, str], wanted: set[str], gap: bool
) -> None:
    installed = arm.extension()
    installed["properties"]["configurationSettings"] = settings
    answer = listed(arm.with_computes({**arm.ordinary(), **arm.aks(extensions=[installed])}, arm.compute("g", arm.AKS)))
    assert {scenario.value for scenario in row(answer, "acrml.azurecr.io").needed_for} == wanted
    assert ("does not say what it does" in said(answer)) is gap
    assert not gap or "does not say what it does" in str(row(answer, "pypi.org").notes)


def test_planned_clusters_without_ids_all_count(catalog: Catalog) -> None:
    clusters = (Cluster(types=(ClusterType.AKS,)), Cluster(types=(ClusterType.ARC,), outbound_type="none"))
    for computes in ((), None, (Compute(name="gpu"), Compute(name="edge"))):
        answer = expand(catalog, Workspace(region="westeurope", computes=computes, clusters=clusters), Scope())
        assert hosts(answer) >= ARC_ONLY | AKS_ONLY
    planned = Workspace(clusters=(Cluster(types=(ClusterType.AKS,), outbound_type="none"),))
    assert "The planned cluster: " in said(expand(catalog, planned, Scope()))


def test_gaps_behind_a_wildcard_stand_in_its_notes(listed: Listed, azure: FakeAzure) -> None:
    azure.faults.append(Fault("Relay", status=403, code="AuthorizationFailed", message="no"))
    answer = listed(arm.with_computes({**arm.ordinary(), **arm.arc()}, arm.compute("edge", arm.ARC)))
    assert "Relay namespaces in the resource group of onprem: 403" in str(row(answer, "*.servicebus.windows.net").notes)
    azure.faults[:] = [Fault("allow-list-connect")]
    answer = listed(arm.with_computes({**arm.ordinary(), **arm.arc()}, arm.compute("edge", arm.ARC)))
    assert "Arc's allow-list API" in str(row(answer, "*.servicebus.windows.net").notes)


def test_a_gap_stays_off_rows_that_it_does_not_concern(listed: Listed, azure: FakeAzure) -> None:
    azure.faults.append(Fault("managedClusters/aks-gpu?", status=403, code="AuthorizationFailed", message="no"))
    answer = listed(arm.with_both_clusters())
    assert "aks-gpu" not in str(row(answer, "management.azure.com").notes)
    assert row(answer, "nvidia.github.io").assumed


def test_people_are_no_cluster(listed: Listed) -> None:
    scenarios = (Scenario.TRAINING, Scenario.WORKSTATION, Scenario.MANAGED_COMPUTE)
    answer = listed(arm.with_both_clusters(), computes=("edge",), scenarios=scenarios)
    assert row(answer, "ml.azure.com").computes == ()
    assert row(answer, "westeurope.tundra.azureml.ms", 5831).computes == ()
    assert row(answer, "dl.k8s.io").computes == ("edge",)


def test_lines_of_azures_list_that_cannot_be_read_are_counted(listed: Listed) -> None:
    resources = arm.with_computes({**arm.ordinary(), **arm.aks()}, arm.compute("g", arm.AKS))
    lines = [
        {"domainName": "no.details.example", "endpointDetails": []},
        {"domainName": "text.port.example", "endpointDetails": [{"port": "8443"}]},
        {"domainName": "udp.example", "endpointDetails": [{"port": 1194, "protocol": "UDP"}]},
        {"domainName": "https://url.example/", "endpointDetails": [{"port": 443}]},
        {"domainName": "a*.example", "endpointDetails": [{"port": 443}]},
        {"domainName": "no.port.example", "endpointDetails": [{"port": 70000}]},
    ]
    resources[f"{arm.AKS}/outboundNetworkDependenciesEndpoints"] = [{"category": "x", "endpoints": lines}]
    answer = listed(resources)
    assert row(answer, "no.details.example").protocol.value == "https"
    assert row(answer, "text.port.example", 8443).protocol.value == "tcp"
    assert row(answer, "udp.example", 1194).protocol.value == "udp"
    assert "Azure's dependency list of AKS cluster aks-gpu: 3 of its lines could not be read" in said(answer)


def test_small_facts_that_decide_a_row(listed: Listed, azure: FakeAzure) -> None:
    assert "Condition: Needed when" in str(row(listed(arm.ordinary()), "api.azureml.ms").notes)
    aks = listed(arm.with_computes({**arm.ordinary(), **arm.aks()}, arm.compute("g", arm.AKS)))
    assert "Condition" not in str(row(aks, "northeurope.dp.kubernetesconfiguration.azure.com").notes)
    arc = listed(arm.with_computes({**arm.ordinary(), **arm.arc()}, arm.compute("edge", arm.ARC)))
    assert "*.ods.opinsights.azure.com" not in hosts(arc)
    gateway = arm.arc(gateway={"enabled": True})
    azure.forget()
    behind = listed(arm.with_computes({**arm.ordinary(), **gateway}, arm.compute("edge", arm.ARC)))
    assert "azgnrelay-westeurope-l1.servicebus.windows.net" not in hosts(behind) and not azure.connects


def test_what_an_unreadable_account_or_component_may_have_is_listed(listed: Listed, azure: FakeAzure) -> None:
    for part in ("/storageAccounts/", "/components/"):
        azure.faults.append(Fault(part, status=403, code="AuthorizationFailed", message="no"))
    names = hosts(listed(arm.ordinary(), level=Level.OPTIONAL))
    assert {"mlstore-secondary.blob.core.windows.net", "<live metrics host>"} <= names


def test_two_tagged_relay_namespaces_are_none(listed: Listed) -> None:
    resources = {**arm.ordinary(), **arm.arc()}
    path = f"{arm.GROUP}/providers/Microsoft.Relay/namespaces"
    twin = {**resources[path][0], "properties": {"serviceBusEndpoint": "https://other.servicebus.windows.net:443/"}}
    resources[path] = [*resources[path], twin]
    answer = listed(arm.with_computes(resources, arm.compute("edge", arm.ARC)))
    assert not [
        host for host in hosts(answer) if host.endswith(("relay-ns.servicebus.windows.net", "other.servicebus"))
    ]


def test_a_basic_registry_has_no_replicas_to_miss(listed: Listed, azure: FakeAzure) -> None:
    azure.faults.append(Fault("/replications", status=400, code="SkuNotSupported", message="no"))
    resources = {**arm.ordinary(), **arm.registry("Basic", dataEndpointEnabled=None)}
    answer = listed(resources, cluster_type=ClusterType.NONE)
    assert answer.warnings == () and hosts(answer, "registry") == {"acrml.azurecr.io", "*.blob.core.windows.net"}


def test_extensions_that_cannot_be_read_keep_the_monitoring_rows(listed: Listed, azure: FakeAzure) -> None:
    azure.faults.append(Fault("KubernetesConfiguration", status=403, code="AuthorizationFailed", message="no"))
    answer = listed(arm.with_computes({**arm.ordinary(), **arm.aks()}, arm.compute("g", arm.AKS)))
    monitor = row(answer, "*.ods.opinsights.azure.com")
    assert "Condition: Only with Azure Monitor on the cluster." in monitor.notes
    assert "extensions of cluster aks-gpu: 403" in str(monitor.notes)


# -- private endpoints


def test_private_endpoints_without_public_access_make_private_rows(listed: Listed) -> None:
    closed = {"publicNetworkAccess": "Disabled", "privateEndpointConnections": [arm.private_endpoint()]}
    resources = {
        **arm.ordinary(**closed),
        **arm.registry("Premium", ("westeurope",), **closed),
        **arm.storage(**closed),
    }
    answer = listed({**resources, **arm.key_vault(**closed)})
    private = {item.host for item in answer.rows if item.private}
    assert private == {
        f"{arm.WORKSPACE_GUID}.workspace.westeurope.api.azureml.ms",
        "acrml.azurecr.io",
        "acrml.westeurope.data.azurecr.io",
        "mlstore.blob.core.windows.net",
        "mlstore.queue.core.windows.net",
        "mlstore.table.core.windows.net",
        "mlvault.vault.azure.net",
    }
    assert "must resolve to a private address" in " ".join(row(answer, "acrml.azurecr.io").notes)


def test_a_private_endpoint_beside_public_access_is_a_note(listed: Listed) -> None:
    answer = listed({**arm.ordinary(), **arm.storage(privateEndpointConnections=[arm.private_endpoint()])})
    blob = row(answer, "mlstore.blob.core.windows.net")
    assert not blob.private and "resolves privately" in " ".join(blob.notes)


def test_a_pending_private_endpoint_is_none(listed: Listed) -> None:
    pending = {"publicNetworkAccess": "Disabled", "privateEndpointConnections": [arm.private_endpoint("Pending")]}
    blob = row(listed({**arm.ordinary(), **arm.storage(**pending)}), "mlstore.blob.core.windows.net")
    assert not blob.private and "nothing can reach it" in " ".join(blob.notes)


def test_a_private_endpoint_of_the_registry_switches_data_endpoints_on(listed: Listed) -> None:
    private = arm.registry("Premium", privateEndpointConnections=[arm.private_endpoint()])
    answer = listed({**arm.ordinary(), **private})
    assert hosts(answer, "registry") == {"acrml.azurecr.io", "acrml.westeurope.data.azurecr.io"}


def test_a_projects_private_endpoint_is_its_hubs(listed: Listed) -> None:
    resources = project()
    closed = {"publicNetworkAccess": "Disabled", "privateEndpointConnections": [arm.private_endpoint()]}
    resources[arm.workspace_id("hub")]["properties"].update(closed)
    answer = listed(resources, level=Level.OPTIONAL)
    assert row(answer, f"{arm.WORKSPACE_GUID}.workspace.westeurope.api.azureml.ms").private
    assert row(answer, f"{arm.WORKSPACE_GUID}.workspace.westeurope.cert.api.azureml.ms").private


# -- clouds


def sovereign(storage: str, acr: str, api: str) -> arm.Resources:
    """The ordinary workspace with the names of another cloud."""
    resources = arm.ordinary(location="usgovvirginia", discoveryUrl=f"https://usgovvirginia.{api}/discovery")
    resources |= arm.registry("Premium", loginServer=f"acrml.{acr}", dataEndpointEnabled=True, replications=[])
    resources[arm.REGISTRY]["location"] = "usgovvirginia"
    endpoints = {
        service: f"https://mlstore.{service}.{storage}/" for service in ("blob", "table", "queue", "file", "dfs")
    }
    resources[arm.STORAGE]["properties"]["primaryEndpoints"] = endpoints
    return resources


def test_us_government_has_its_own_names_and_no_invented_ones(listed: Listed) -> None:
    resources = sovereign("core.usgovcloudapi.net", "azurecr.us", "api.ml.azure.us")
    answer = listed(resources, cloud=Cloud.USGOV, cluster_type=ClusterType.AKS)
    assert hosts(answer) >= {
        f"{arm.WORKSPACE_GUID}.workspace.usgovvirginia.api.ml.azure.us",
        "usgovvirginia.api.ml.azure.us",
        "acrml.azurecr.us",
        "acrml.usgovvirginia.data.azurecr.us",
        "mlstore.blob.core.usgovcloudapi.net",
        "*.table.core.usgovcloudapi.net",
        "login.microsoftonline.us",
        "management.usgovcloudapi.net",
        "usgovvirginia.dp.kubernetesconfiguration.azure.us",
        "*.hcp.usgovvirginia.cx.aks.containerservice.azure.us",
        "*.ml.azure.us",
    }
    public = ("azureml.ms", "azureml.net", "core.windows.net", "azurecr.io", "kusto.windows.net")
    assert not [host for host in hosts(answer) if host.endswith(public)]
    assert not [host for host in hosts(answer) if "experiments" in host]
    notes = " ".join(next(item for item in answer.rows if item.topic is Topic.AML).notes)
    assert row(answer, "*.ml.azure.us").level is Level.REQUIRED
    assert "aml-experiments: No US Government form" in notes
    assert "aml-global-api: no form of api.azureml.ms is documented for US Government." in notes
    left_out = next(line for line in answer.warnings if line.startswith("Left out"))
    assert "aml-experiments, aml-global-api" in left_out and "extension-metrics" in left_out
    assert "aml-api-wildcard" not in left_out and "arc-identity" not in left_out
    assert "not available in US Government" in said(answer)


def test_china_has_its_own_names(listed: Listed) -> None:
    resources = sovereign("core.chinacloudapi.cn", "azurecr.cn", "api.ml.azure.cn")
    for path in (arm.workspace_id(), arm.REGISTRY):
        resources[path]["location"] = "chinaeast2"
    answer = listed(resources, cloud=Cloud.CHINA, cluster_type=ClusterType.ARC)
    assert hosts(answer) >= {
        f"{arm.WORKSPACE_GUID}.workspace.chinaeast2.api.ml.azure.cn",
        "chinaeast2.experiments.ml.azure.cn",
        "acrml.chinaeast2.data.azurecr.cn",
        "mlstore.blob.core.chinacloudapi.cn",
        "login.chinacloudapi.cn",
        "mcr.azk8s.cn",
        "gbl.his.arc.azure.cn",
        "chinaeast2.dp.kubernetesconfiguration.azure.cn",
    }
    assert not [host for host in hosts(answer) if host.endswith((".azureml.ms", ".azurecr.io", ".windows.net"))]
    assert "not available in China" in said(answer)


# -- scope


def test_the_package_index_comes_with_the_host_of_its_files_and_for_training_only(listed: Listed) -> None:
    answer = listed(arm.ordinary())
    assert hosts(answer, "packages") == {"pypi.org", "files.pythonhosted.org"}
    assert row(answer, "pypi.org").needed_for == (Scenario.TRAINING,)
    assert not hosts(listed(arm.ordinary(), scenarios=(Scenario.INFERENCE,)), "packages")


def test_excluding_logs_takes_the_three_log_rows_away_also_from_azures_own_list(listed: Listed) -> None:
    resources = arm.ordinary()
    named = arm.dependency("Diagnostics", "*.kusto.windows.net", 443)
    resources[f"{arm.workspace_id()}/outboundNetworkDependenciesEndpoints"] = [{"properties": named}]
    everything, without = hosts(listed(resources)), hosts(listed(resources, exclude=(Topic.LOGS,)))
    assert everything - without == {"*.kusto.windows.net", "*.table.core.windows.net", "*.queue.core.windows.net"}


def test_levels_are_nested(listed: Listed) -> None:
    required, recommended, optional = (hosts(listed(arm.with_both_clusters(), level=level)) for level in Level)
    assert required < recommended < optional
    assert "*.kusto.windows.net" in recommended - required
    assert "archive.ubuntu.com" in optional - recommended


def test_an_explicit_scenario_overrules_what_the_extension_has_enabled(listed: Listed) -> None:
    off = arm.aks(extensions=[arm.extension(inference="False")])
    resources = arm.with_computes({**arm.ordinary(), **off}, arm.compute("gpu", arm.AKS))
    assert "api.azureml.ms" in hosts(listed(resources, scenarios=(Scenario.INFERENCE,)))


def test_workstations_and_managed_compute_have_lists_of_their_own(listed: Listed) -> None:
    desk = listed(arm.ordinary(), scenarios=(Scenario.WORKSTATION,))
    assert {"ml.azure.com", "login.microsoftonline.com", "acrml.azurecr.io"} <= hosts(desk)
    assert row(desk, "mlstore.file.core.windows.net", 445).protocol.value == "smb"
    managed = listed(arm.ordinary(), scenarios=(Scenario.MANAGED_COMPUTE,))
    assert row(managed, "westeurope.tundra.azureml.ms", 5831).protocol.value == "udp"
    assert "ml.azure.com" not in hosts(managed)


# -- Azure's own lists


def test_a_host_that_only_azures_list_names_is_recommended_with_that_source(listed: Listed) -> None:
    resources = arm.ordinary()
    named = [
        arm.dependency("Azure Machine Learning", "new.service.azureml.ms", 443),
        arm.dependency("x", "10.0.0.4 ", 443),
    ]
    resources[f"{arm.workspace_id()}/outboundNetworkDependenciesEndpoints"] = [{"properties": item} for item in named]
    answer = listed(resources)
    new = row(answer, "new.service.azureml.ms")
    assert (new.level, new.entries) == (Level.RECOMMENDED, ("azure-workspace-dependencies",))
    assert "rest/api/azureml" in new.sources[0].url
    assert "under 'Azure Machine Learning'" in " ".join(new.notes)
    assert "new.service.azureml.ms" not in hosts(listed(resources, cross_check=False))


def test_a_known_host_keeps_its_level_and_gains_a_source(listed: Listed) -> None:
    login = row(listed(arm.ordinary()), "login.microsoftonline.com")
    assert login.level is Level.REQUIRED
    assert "azure-workspace-dependencies" in login.entries and len(login.sources) == 6
    resources = arm.ordinary()
    named = arm.dependency("Python", "archive.ubuntu.com", 80)
    resources[f"{arm.workspace_id()}/outboundNetworkDependenciesEndpoints"] = [{"properties": named}]
    assert "archive.ubuntu.com" not in hosts(listed(resources))


def test_azures_list_does_not_bring_back_what_the_facts_rule_out(listed: Listed) -> None:
    answer = listed(
        arm.with_computes({**arm.ordinary(), **arm.aks()}, arm.compute("gpu", arm.AKS)), level=Level.OPTIONAL
    )
    assert "nvidia.github.io" not in hosts(answer)
    assert "apt.dockerproject.org" not in hosts(answer)
    assert row(answer, "*.azmk8s.io").level is Level.RECOMMENDED


def test_a_retired_host_in_azures_list_is_optional_and_says_since_when(listed: Listed) -> None:
    cluster = arm.aks(agentPoolProfiles=[{"vmSize": "Standard_ND96asr_v4"}])
    resources = arm.with_computes({**arm.ordinary(), **cluster}, arm.compute("gpu", arm.AKS))
    old = row(listed(resources, level=Level.OPTIONAL), "apt.dockerproject.org")
    assert old.level is Level.OPTIONAL and "Retired since" in " ".join(old.notes)
