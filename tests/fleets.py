"""Fleets: random facts by a seed, and what a loopback Azure serves for many workspaces."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any, Optional

from azext_amlnet.model import (
    AppInsights,
    Cluster,
    ClusterType,
    Compute,
    Dependency,
    Gap,
    KeyVault,
    Origin,
    Registry,
    StorageAccount,
    Workspace,
)

from . import builders as arm
from .fakearm import OTHER_SUBSCRIPTION, SUBSCRIPTION, Fault

Resources = dict[str, Any]
SUBSCRIPTIONS = (SUBSCRIPTION, OTHER_SUBSCRIPTION)
REGIONS = ("westeurope", "northeurope", "eastus2")


def identifier(provider: str, name: str, group: str = "rg-0", subscription: str = SUBSCRIPTIONS[0]) -> str:
    """An ARM id."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{provider}/{name}"


def fleet(seed: int, count: int) -> tuple[Workspace, ...]:
    """So many workspaces; every third name stands in two groups, and half of what they use is shared."""
    chance = Random(seed)
    clusters = [_cluster(number, chance) for number in range(max(2, count // 2))]
    return tuple(_workspace(number, chance, clusters) for number in range(count))


def _workspace(number: int, chance: Random, clusters: list[Cluster]) -> Workspace:
    name, group = f"ws-{number % max(2, number - number % 3)}", f"rg-{number}"
    region, shared = chance.choice(REGIONS), chance.random() < 0.5
    provider = "Microsoft.MachineLearningServices/workspaces"
    private = chance.random() < 0.3
    of = {"private_endpoint": private, "public_access": not private}
    registry = Registry(
        "acrshared" if shared else f"acr{number}",
        identifier("Microsoft.ContainerRegistry/registries", "acrshared" if shared else f"acr{number}"),
        region=region,
        sku="Premium",
        data_endpoints=True,
        **of,
    )
    own = replace(_storage(f"store{number}", chance), default=True)
    lake = _storage("lake", chance)
    attached = chance.sample(clusters, chance.randrange(0, 3))
    workspace = Workspace(
        region=region,
        name=name,
        id=identifier(provider, name, group, chance.choice(SUBSCRIPTIONS)),
        workspace_id=f"0a1b2c3d-0000-0000-0000-{number:012}",
        registry=registry if chance.random() < 0.8 else None,
        storage_accounts=(own, lake) if chance.random() < 0.4 else (own,),
        key_vault=KeyVault(f"vault{number}", host=f"vault{number}.vault.azure.net", **of),
        app_insights=AppInsights(f"insights{number}", ingestion_host=f"{region}-1.in.applicationinsights.azure.com"),
        computes=tuple(Compute(f"c{index}", one.id) for index, one in enumerate(attached)),
        clusters=tuple(sorted(attached, key=lambda one: str(one.id))),
        dependencies=(Dependency(Origin.WORKSPACE, f"listed{number % 2}.example.com"),) if number % 4 == 0 else (),
    )
    return _unreadable(workspace) if chance.random() < 0.15 else workspace


def _unreadable(workspace: Workspace) -> Workspace:
    """The workspace without its computes, which Azure refused to tell."""
    gap = Gap("computes", "computes of the workspace", "403: no", "an AKS and an Arc cluster")
    return replace(workspace, computes=None, clusters=(), gaps=(gap,))


def _storage(name: str, chance: Random) -> StorageAccount:
    private = chance.random() < 0.3
    services = {service: f"{name}.{service}.core.windows.net" for service in ("blob", "file", "queue", "table", "dfs")}
    of = {"private_endpoint": private, "public_access": not private, "datastore_types": ("AzureBlob",)}
    path = identifier("Microsoft.Storage/storageAccounts", name)
    return StorageAccount(name, path, datastores=("one",), **services, **of)  # type: ignore[arg-type]


def _cluster(number: int, chance: Random) -> Cluster:
    kind = chance.choice(list(ClusterType)[:2])
    provider = "ContainerService/managedClusters" if kind is ClusterType.AKS else "Kubernetes/connectedClusters"
    addresses: Optional[tuple[str, ...]] = (f"10.{number}.0.0/16",) if kind is ClusterType.AKS else None
    return Cluster(
        id=identifier(f"Microsoft.{provider}", f"k8s-{number}"),
        types=(kind,),
        region=chance.choice(REGIONS),
        api_server=f"k8s-{number}.hcp.westeurope.azmk8s.io" if kind is ClusterType.AKS else None,
        training=chance.random() < 0.8,
        inference=chance.random() < 0.5,
        monitoring=chance.random() < 0.5,
        source_addresses=addresses if chance.random() < 0.8 else None,
    )


# ---------------------------------------------------------------------------------------------------------------------
# What a loopback Azure serves

FIREWALL = identifier("Microsoft.Network/azureFirewalls", "hub-fw", "hub")
HOP = "10.255.0.4"


def firewall(path: str = FIREWALL, **properties: Any) -> Resources:
    """A firewall with a private address of its own."""
    own = {"ipConfigurations": [{"properties": {"privateIPAddress": HOP}}], **properties}
    return {path: {"id": path, "name": "hub-fw", "location": "westeurope", "properties": own}}


def network(
    name: str, group: str, prefixes: dict[str, str], hop: Optional[str] = HOP, subscription: str = SUBSCRIPTION
) -> Resources:
    """A network with subnets of these ranges, and, with a hop, a route table that leads there."""
    path = identifier("Microsoft.Network/virtualNetworks", name, group, subscription)
    table = identifier("Microsoft.Network/routeTables", name, group, subscription)
    route = {"properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": hop}}
    routed = {"routeTable": {"id": table}} if hop else {}
    subnets: list[dict[str, Any]] = [
        {"id": f"{path}/subnets/{subnet}", "name": subnet, "properties": {"addressPrefix": prefix, **routed}}
        for subnet, prefix in prefixes.items()
    ]
    made: Resources = {path: {"id": path, "name": name, "location": "westeurope", "properties": {"subnets": subnets}}}
    made |= {subnet["id"]: subnet for subnet in subnets}
    return {**made, table: {"id": table, "name": name, "properties": {"routes": [route]}}} if hop else made


def served(count: int, first: int = 0, premium: int = 10) -> Resources:
    """So many workspaces in two subscriptions, each with a registry, storage, a vault, a component, an AKS cluster in a
    network of its own and an Arc cluster; every `premium`th registry is Premium."""
    made: Resources = {}
    for number in range(first, first + count):
        made |= one_served(number, premium=number % premium == 0)
    return made


def one_served(number: int, premium: bool = False, name: Optional[str] = None, **properties: Any) -> Resources:
    """A workspace `ws-<number>` in `rg-<number>` with all that it uses."""
    subscription, group, name = SUBSCRIPTIONS[number % 2], f"rg-{number}", name or f"ws-{number}"
    region, where = REGIONS[number % 3], f"/subscriptions/{subscription}/resourceGroups/{group}"
    path = identifier("Microsoft.MachineLearningServices/workspaces", name, group, subscription)
    registry = identifier("Microsoft.ContainerRegistry/registries", f"acr{number}", group, subscription)
    vault = identifier("Microsoft.KeyVault/vaults", f"vault{number}", group, subscription)
    component = identifier("microsoft.insights/components", f"insights{number}", group, subscription)
    aks = identifier("Microsoft.ContainerService/managedClusters", f"aks-{number}", group, subscription)
    arc = identifier("Microsoft.Kubernetes/connectedClusters", f"arc-{number}", group, subscription)
    spoke = identifier("Microsoft.Network/virtualNetworks", f"spoke-{number}", group, subscription)
    third, second = number % 250, number // 250
    ranges = {"nodes": f"10.{second}.{third}.0/25", "pods": f"10.{second}.{third}.128/25"}
    pool = {"name": "p", "osType": "Linux", "vmSize": "Standard_D4s_v5", "vnetSubnetID": f"{spoke}/subnets/nodes",
            "podSubnetID": f"{spoke}/subnets/pods"}  # fmt: skip
    of = {
        "workspaceId": f"0a1b2c3d-0000-0000-0000-{number:012}",
        "discoveryUrl": f"https://{region}.api.azureml.ms/discovery",
        "containerRegistry": registry,
        "storageAccount": f"{where}/providers/Microsoft.Storage/storageAccounts/store{number}",
        "keyVault": vault,
        "applicationInsights": component,
        "publicNetworkAccess": "Enabled",
        "notebookInfo": {"fqdn": f"ml-{name}-{region}-{number:08}.{region}.notebooks.azure.net"},
        "managedNetwork": {"isolationMode": "Disabled"},
        **properties,
    }
    insights = (
        f"InstrumentationKey={arm.INSIGHTS_KEY};IngestionEndpoint=https://{region}-1.in.applicationinsights.azure.com/"
    )
    datastore = {
        **arm.datastore("workspaceblobstore", account=f"store{number}"),
        "id": f"{path}/datastores/workspaceblobstore",
    }
    return {
        path: {"id": path, "name": name, "location": region, "kind": "Default", "properties": of},
        f"{path}/computes": [arm.compute("gpu", aks), arm.compute("edge", arc)],
        f"{path}/datastores": [datastore],
        f"{path}/outboundNetworkDependenciesEndpoints": [],
        f"/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/registries": [],
        **arm.registry("Premium" if premium else "Standard", (region,) if premium else (), registry),
        **arm.storage(f"store{number}", where),
        vault: {"id": vault, "name": f"vault{number}", "location": region,
                "properties": {"vaultUri": f"https://vault{number}.vault.azure.net/"}},
        component: {"id": component, "name": f"insights{number}", "properties": {"ConnectionString": insights}},
        **arm.aks(aks, agentPoolProfiles=[pool], location=region),
        **arm.arc(arc, relay=f"relay-{number}", gateway={"enabled": False}),
        **network(f"spoke-{number}", group, ranges, HOP if number % 3 else None, subscription),
    }  # fmt: skip


TEAMS = ("vision-dev", "vision-test", "vision-prod", "speech-dev", "speech-prod", "search-dev", "search-prod",
         "forecast", "fraud", "research", "research", "sandbox")  # fmt: skip


def example() -> Resources:
    """The twelve workspaces of examples/fleet.json: three share a registry and a cluster, two have one name, the
    storage of one is private, one has no cluster, and the fault `HIDDEN` keeps back the computes of another."""
    made: Resources = {}
    for number, name in enumerate(TEAMS):
        made |= one_served(number, premium=number == 0, name=name)
    first = _path(0)
    for number in (1, 2):
        path = _path(number)
        made[path]["properties"]["containerRegistry"] = made[first]["properties"]["containerRegistry"]
        made[f"{path}/computes"] = made[f"{first}/computes"][:1]
    private = {"publicNetworkAccess": "Disabled", "privateEndpointConnections": [arm.private_endpoint()]}
    made[made[_path(4)]["properties"]["storageAccount"]]["properties"] |= private
    made[f"{_path(11)}/computes"] = []
    return {**made, **firewall()}


def _path(number: int) -> str:
    group, subscription = f"rg-{number}", SUBSCRIPTIONS[number % 2]
    return identifier("Microsoft.MachineLearningServices/workspaces", TEAMS[number], group, subscription)


HIDDEN = Fault("/workspaces/fraud/computes", 403, "AuthorizationFailed", "the client may not read computes")
