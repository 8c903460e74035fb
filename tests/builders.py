"""ARM answers for made-up resources, shaped as the service's are: mixed case, wrapped properties, secrets inside."""

from __future__ import annotations

from typing import Any, Optional

from .fakearm import SUBSCRIPTION

ML_REGISTRIES = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/registries"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/ml-rg"
WORKSPACE_GUID = "0a1b2c3d-1111-2222-3333-444455556666"
HUB_GUID = "9f8e7d6c-1111-2222-3333-444455556666"
RELAY_SECRET = "relay-secret-of-the-tests="
INSIGHTS_KEY = "55555555-aaaa-bbbb-cccc-666677778888"
PROXY_SECRET = "proxy-secret-of-the-tests"

Resources = dict[str, Any]


def identifier(provider: str, name: str, group: str = GROUP) -> str:
    """An ARM id in a resource group."""
    return f"{group}/providers/{provider}/{name}"


def workspace_id(name: str = "ml-ws", group: str = GROUP) -> str:
    """A workspace's ARM id."""
    return identifier("Microsoft.MachineLearningServices/workspaces", name, group)


REGISTRY = identifier("Microsoft.ContainerRegistry/registries", "acrml")
STORAGE = identifier("Microsoft.Storage/storageAccounts", "mlstore")
VAULT = identifier("Microsoft.KeyVault/vaults", "mlvault")
INSIGHTS = identifier("microsoft.insights/components", "mlinsights")
AKS = identifier("Microsoft.ContainerService/managedClusters", "aks-gpu")
ARC = identifier("Microsoft.Kubernetes/connectedClusters", "onprem")


def private_endpoint(status: str = "Approved") -> dict[str, Any]:
    """A private endpoint connection."""
    state = {"status": status, "description": "", "actionsRequired": "None"}
    return {"properties": {"privateLinkServiceConnectionState": state, "provisioningState": "Succeeded"}}


def workspace(name: str = "ml-ws", **overrides: Any) -> Resources:
    """A workspace, its empty collections, and Azure's own list of its dependencies."""
    path = workspace_id(name)
    location = overrides.pop("location", "westeurope")
    kind = overrides.pop("kind", "Default")
    properties = {
        "workspaceId": WORKSPACE_GUID,
        "discoveryUrl": "https://westeurope.api.azureml.ms/discovery",
        "containerRegistry": REGISTRY,
        "storageAccount": STORAGE,
        "keyVault": VAULT,
        "applicationInsights": INSIGHTS,
        "publicNetworkAccess": "Enabled",
        "privateEndpointConnections": [],
        "notebookInfo": {"fqdn": f"ml-{name}-westeurope-{WORKSPACE_GUID}.westeurope.notebooks.azure.net"},
        **overrides,
    }
    body = {"id": path, "name": name, "location": location, "kind": kind, "properties": properties}
    return {
        path: body,
        f"{path}/computes": [],
        f"{path}/datastores": [datastore("workspaceblobstore"), datastore("workspacefilestore", kind="AzureFile")],
        f"{path}/outboundNetworkDependenciesEndpoints": [
            {"properties": dependency("Azure Active Directory", "login.microsoftonline.com", 443)}
        ],
        ML_REGISTRIES: [],
    }


def dependency(category: str, host: str, port: int, protocol: Optional[str] = None) -> dict[str, Any]:
    """One category of a dependency list with one endpoint."""
    detail = {"port": port} if protocol is None else {"port": port, "protocol": protocol}
    return {"category": category, "endpoints": [{"domainName": host, "endpointDetails": [detail]}]}


def datastore(name: str, account: str = "mlstore", kind: str = "AzureBlob", **overrides: Any) -> dict[str, Any]:
    """A datastore as the list of a workspace shows it."""
    properties = {
        "datastoreType": kind,
        "accountName": account,
        "endpoint": "core.windows.net",
        "protocol": "https",
        "credentials": {"credentialsType": "AccountKey", "secrets": None},
        **overrides,
    }
    return {"id": f"{workspace_id()}/datastores/{name}", "name": name, "properties": properties}


def registry(
    sku: str = "Standard",
    regions: tuple[str, ...] = (),
    path: str = REGISTRY,
    replications: Any = None,
    **overrides: Any,
) -> Resources:
    """A registry; `regions` gives it data endpoints in its home region (the first) and in its replicas."""
    name = path.rsplit("/", 1)[1]
    properties = {
        "loginServer": f"{name.capitalize()}.azurecr.io",
        "dataEndpointEnabled": bool(regions),
        "dataEndpointHostNames": [f"{name}.{region}.data.azurecr.io" for region in regions],
        "privateEndpointConnections": [],
        "publicNetworkAccess": "Enabled",
        **overrides,
    }
    location = regions[0] if regions else "westeurope"
    body = {"id": path, "name": name, "location": location, "sku": {"name": sku}, "properties": properties}
    replicas = [{"name": region, "location": region, "properties": {}} for region in regions]
    return {path: body, f"{path}/replications": replicas if replications is None else replications}


def storage(name: str = "mlstore", group: str = GROUP, zone: str = "", **overrides: Any) -> Resources:
    """A storage account; `zone` such as `z24` gives it DNS-zone endpoints."""
    path = identifier("Microsoft.Storage/storageAccounts", name, group)
    suffix = f"{zone}.{{0}}.storage.azure.net" if zone else "{0}.core.windows.net"
    services = ("blob", "file", "queue", "table", "dfs", "web")
    endpoints = {service: f"https://{name}.{suffix.format(service)}/" for service in services}
    properties = {
        "primaryEndpoints": endpoints,
        "isHnsEnabled": False,
        "publicNetworkAccess": "Enabled",
        "privateEndpointConnections": [],
        **overrides,
    }
    return {path: {"id": path, "name": name, "location": "westeurope", "properties": properties}}


def key_vault(**overrides: Any) -> Resources:
    """The key vault."""
    return {
        VAULT: {
            "id": VAULT,
            "name": "mlvault",
            "properties": {"vaultUri": "https://mlvault.vault.azure.net/", **overrides},
        }
    }


def app_insights() -> Resources:
    """The Application Insights component, whose connection string holds a key."""
    connection = (
        f"InstrumentationKey={INSIGHTS_KEY};IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/;"
        "LiveEndpoint=https://westeurope.livediagnostics.monitor.azure.com/"
    )
    return {
        INSIGHTS: {"id": INSIGHTS, "properties": {"ConnectionString": connection, "InstrumentationKey": INSIGHTS_KEY}}
    }


def compute(
    name: str, cluster: str, relay: Optional[str] = None, kind: str = "Kubernetes", **overrides: Any
) -> dict[str, Any]:
    """An attached compute as the list of a workspace shows it."""
    inner = {
        "relayConnectionString": relay,
        "serviceBusConnectionString": None,
        "namespace": "azureml",
        "defaultInstanceType": "gpu",
        "instanceTypes": {"gpu": {"nodeSelector": {"agentpool": "gpu"}, "resources": {}}},
        **overrides,
    }
    properties = {
        "computeType": kind,
        "resourceId": cluster.replace("/resourceGroups/", "/resourcegroups/"),
        "properties": inner,
    }
    return {"id": f"{workspace_id()}/computes/{name}", "name": name, "properties": properties}


def extension(training: str = "True", inference: str = "True", **more: str) -> dict[str, Any]:
    """The Azure ML extension of a cluster, spelled as it comes."""
    router = {"inferenceRouterServiceType": "LoadBalancer"}
    settings = {"enableTraining": training, "enableInference": inference, **router, **more}
    return {
        "name": "azureml",
        "properties": {"extensionType": "Microsoft.AzureML.kubernetes", "configurationSettings": settings},
    }


def aks(path: str = AKS, extensions: Any = None, **overrides: Any) -> Resources:
    """An AKS cluster, its extensions, and Azure's own list of its dependencies."""
    name = path.rsplit("/", 1)[1]
    location = overrides.pop("location", "northeurope")
    properties = {
        "fqdn": f"{name}-dns-1a2b3c4d.hcp.northeurope.azmk8s.io",
        "agentPoolProfiles": [{"name": "pool1", "osType": "Linux", "vmSize": "Standard_D4s_v5"}],
        "networkProfile": {"outboundType": "userDefinedRouting", "serviceCidr": "10.0.0.0/16"},
        **overrides,
    }
    body = {"id": path, "name": name, "type": "Microsoft.ContainerService/ManagedClusters", "location": location}
    return {
        path: {**body, "properties": properties},
        f"{path}/providers/Microsoft.KubernetesConfiguration/extensions": [extension()]
        if extensions is None
        else extensions,
        f"{path}/outboundNetworkDependenciesEndpoints": [
            dependency("azure-resource-management", "management.azure.com", 443, "Https"),
            dependency("gpu", "nvidia.github.io", 443, "Https"),
            dependency("gpu", "apt.dockerproject.org", 443, "Https"),
            dependency("apiserver", "*.azmk8s.io", 443, "Https"),
        ],
    }


def arc(path: str = ARC, extensions: Any = None, relay: Optional[str] = "ml-relay-ns", **overrides: Any) -> Resources:
    """A connected cluster, its extensions, and the Relay namespace in its resource group."""
    name = path.rsplit("/", 1)[1]
    properties = {"distribution": "rancher_rke", "privateLinkState": "Disabled", **overrides}
    namespace = {
        "name": relay,
        "tags": {"created_by": "Azure Arc-enabled ML"},
        "properties": {"serviceBusEndpoint": f"https://{relay}.servicebus.windows.net:443/"},
    }
    group = "/".join(path.split("/")[:5])
    return {
        path: {"id": path, "name": name, "location": "West Europe", "properties": properties},
        f"{path}/providers/Microsoft.KubernetesConfiguration/extensions": [extension()]
        if extensions is None
        else extensions,
        f"{group}/providers/Microsoft.Relay/namespaces": [namespace] if relay else [],
    }


def with_computes(resources: Resources, *computes: dict[str, Any], name: str = "ml-ws") -> Resources:
    """The resources with these computes attached to the workspace."""
    return {**resources, f"{workspace_id(name)}/computes": list(computes)}


def ordinary(**overrides: Any) -> Resources:
    """A workspace with a Premium registry of three regions, storage, vault and component; nothing attached."""
    regions = ("westeurope", "northeurope", "swedencentral")
    parts = (workspace(**overrides), registry("Premium", regions), storage(), key_vault(), app_insights())
    return {path: body for part in parts for path, body in part.items()}


def with_both_clusters() -> Resources:
    """The ordinary workspace with an AKS and an Arc compute."""
    secret = f"Endpoint=sb://ml-relay-ns.servicebus.windows.net/;SharedAccessKeyName=x;SharedAccessKey={RELAY_SECRET}"
    computes = (compute("gpu-aks", AKS), compute("edge", ARC, relay=secret))
    return with_computes({**ordinary(), **aks(), **arc()}, *computes)
