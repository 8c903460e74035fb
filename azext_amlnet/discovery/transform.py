"""Answers of ARM → the nouns. Pure; what ARM sends is untrusted text, and what it refuses becomes a gap."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterable, Iterator, Mapping, Optional
from urllib.parse import urlsplit

from ..model import (
    AppInsights,
    Cloud,
    Cluster,
    ClusterType,
    Compute,
    Dependency,
    Gap,
    Hub,
    KeyVault,
    Origin,
    Protocol,
    Proxy,
    Registry,
    StorageAccount,
    Workspace,
    cluster_type_of,
    is_address,
    is_base64,
    is_host,
    is_label,
    is_line,
    is_wildcard,
)
from .arm import Refusal
from .chain import account_id, cluster_id, normal_region, properties, resource_id
from .crawl import Call


@dataclass
class Answers:
    """The answers by fact and path, and the gaps that reading them leaves."""

    given: Mapping[Call, Any]
    gaps: list[Gap] = field(default_factory=list)

    def of(self, fact: str, path: Optional[str], listing: bool = False) -> Any:
        """An answer, or a Refusal; None when nothing was asked."""
        return self.given.get(Call.of(fact, path, listing)) if path else None

    def resource(self, fact: str, path: str) -> Any:
        """An ARM object with properties, or a Refusal."""
        answer = self.of(fact, path)
        if isinstance(answer, Refusal) or properties(answer):
            return answer
        return Refusal(200, "", "its properties are missing in ARM's answer")

    def gap(self, fact: str, resource: str, reason: Any, assumed: str = "", of: Optional[str] = None) -> None:
        """Notes what is not known, why, and what is assumed in its place; `of` is the id of the resource."""
        text = " ".join(str(reason).split())
        gap = Gap(fact, resource, text if is_line(text) else "an answer that cannot be shown", assumed, of)
        if gap not in self.gaps:
            self.gaps.append(gap)


Suffixes = Mapping[str, str]


def to_workspace(given: Mapping[Call, Any], workspace_path: str, cloud: Cloud, suffixes: Suffixes) -> Workspace:
    """The facts of all answers; `given` holds the workspace's own answer under `workspace_path`."""
    answers = Answers(given)
    answer = answers.of("workspace", workspace_path)
    own = properties(answer)
    hub_id = resource_id(own.get("hubResourceId"))
    hub_answer = answers.resource("hub", hub_id) if hub_id else None
    shared = _with_hub(own, hub_id, hub_answer, answers)
    identifier = resource_id(answer.get("id")) or workspace_path
    workspace = Workspace(
        cloud=cloud,
        region=normal_region(answer.get("location")),
        name=label(answer.get("name")) or identifier.rsplit("/", 1)[-1],
        id=identifier,
        workspace_id=label(own.get("workspaceId")),
        kind=label(answer.get("kind")) or "Default",
        isolation_mode=label(_inner(own, "managedNetwork").get("isolationMode")),
        api_host=_api_host(own.get("discoveryUrl"), suffixes),
        notebook_host=host(_inner(own, "notebookInfo").get("fqdn")),
        private_endpoint=approved(own),
        public_access=public(own),
        hub=_hub(hub_id, hub_answer),
        registry=_registry(resource_id(shared.get("containerRegistry")), answers, suffixes),
        storage_accounts=_storage_accounts(resource_id(shared.get("storageAccount")), workspace_path, answers),
        key_vault=_key_vault(resource_id(shared.get("keyVault")), answers, suffixes),
        app_insights=_app_insights(resource_id(shared.get("applicationInsights")), answers),
        computes=_computes(workspace_path, answers),
    )
    _note_missing(workspace, own, answers)
    clusters = _clusters(workspace_path, answers)
    dependencies = tuple(_dependencies(workspace_path, clusters, answers))
    return replace(workspace, clusters=clusters, dependencies=dependencies, gaps=tuple(answers.gaps))


def _note_missing(workspace: Workspace, own: Mapping[str, Any], answers: Answers) -> None:
    """Gaps for what a readable workspace should have told and did not."""
    what = f"workspace {workspace.name}"
    for key in ("containerRegistry", "storageAccount", "keyVault", "applicationInsights", "hubResourceId"):
        if own.get(key) and resource_id(own.get(key)) is None:
            answers.gap("resource-id", what, f"its {key} is no id that can be read", "nothing")
    for key, value in (("location", workspace.region), ("workspaceId", workspace.workspace_id)):
        if value is None:
            reason = f"its {key} is missing in ARM's answer"
            answers.gap("workspace", what, reason, "a placeholder in the hosts that need it")


# ---------------------------------------------------------------------------------------------------------------------
# Small readers of untrusted text


def host(value: Any) -> Optional[str]:
    """The host of a name or an URL, in lower case; None for what is no host."""
    text = value if isinstance(value, str) and value.isprintable() else ""
    if "://" in text:
        try:
            text = urlsplit(text).hostname or ""
        except ValueError:
            text = ""
    text = text.lower()
    return text if is_host(text) else None


def hosts(values: Any) -> tuple[str, ...]:
    """The hosts of a list, sorted, each once."""
    found = (host(value) for value in values) if isinstance(values, list) else ()
    return tuple(sorted({name for name in found if name}))


def label(value: Any) -> Optional[str]:
    """The text when it can be a resource's name."""
    return value if isinstance(value, str) and is_label(value) else None


def truth(value: Any) -> Optional[bool]:
    """True or False, also as the text that extension settings use; None for anything else."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else None


def approved(given: Mapping[str, Any]) -> bool:
    """Whether a private endpoint connection is approved."""
    connections = given.get("privateEndpointConnections")
    states = (
        _inner(properties(item), "privateLinkServiceConnectionState").get("status")
        for item in (connections if isinstance(connections, list) else ())
    )
    return any(str(state).lower() == "approved" for state in states)


def public(given: Mapping[str, Any]) -> bool:
    """Whether public access is on; it is unless ARM says Disabled."""
    return str(given.get("publicNetworkAccess") or "").lower() != "disabled"


def _inner(given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = given.get(key)
    return value if isinstance(value, Mapping) else {}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def name_of(identifier: str) -> str:
    """The last segment of an ARM id."""
    return identifier.rsplit("/", 1)[-1]


# ---------------------------------------------------------------------------------------------------------------------
# The workspace and what belongs to it


def _api_host(discovery_url: Any, suffixes: Suffixes) -> Optional[str]:
    """The service's host in `discoveryUrl`, unless it is a dummy, as in the API's own sample."""
    name = host(discovery_url)
    return name if name and name.endswith(f".{suffixes['aml_api']}") else None


def _with_hub(own: Mapping[str, Any], hub_id: Optional[str], hub: Any, answers: Answers) -> Mapping[str, Any]:
    """A project's properties with its hub's storage, registry, vault and component where it does not repeat them."""
    if hub_id is None:
        return own
    if not isinstance(hub, Mapping):
        answers.gap("hub", f"hub {name_of(hub_id)}", _reason(hub), "only what the project itself names", hub_id)
        return own
    keys = ("containerRegistry", "storageAccount", "keyVault", "applicationInsights")
    inherited = {key: own.get(key) or properties(hub).get(key) for key in keys}
    return {**own, **inherited}


def _hub(hub_id: Optional[str], answer: Any) -> Optional[Hub]:
    if hub_id is None or label(name_of(hub_id)) is None:
        return None
    given = properties(answer) if isinstance(answer, Mapping) else {}
    return Hub(
        name=name_of(hub_id),
        id=hub_id,
        workspace_id=label(given.get("workspaceId")),
        private_endpoint=approved(given),
        public_access=public(given),
        readable=isinstance(answer, Mapping),
    )


def _registry(identifier: Optional[str], answers: Answers, suffixes: Suffixes) -> Optional[Registry]:
    if identifier is None or label(name_of(identifier)) is None:
        return None
    name, answer = name_of(identifier), answers.resource("registry", identifier)
    if not isinstance(answer, Mapping):
        built = f"{name.lower()}.{suffixes['acr']}, a data host in the workspace's region and the layer wildcard"
        answers.gap("registry", f"registry {name}", _reason(answer), built, identifier)
        regions = _replica_regions(identifier, answers, None, "the workspace's region")
        return Registry(name=name, id=identifier, replica_regions=regions, readable=False)
    given = properties(answer)
    login = host(given.get("loginServer"))
    if login is None:
        answers.gap(
            "registry", f"registry {name}", "its loginServer is missing in ARM's answer", "its name", identifier
        )
    return Registry(
        name=name,
        id=identifier,
        login_server=login,
        region=normal_region(answer.get("location")),
        sku=label(_inner(answer, "sku").get("name")),
        data_endpoints=truth(given.get("dataEndpointEnabled")),
        data_hosts=hosts(given.get("dataEndpointHostNames")),
        regional_hosts=hosts(given.get("regionalEndpointHostNames")) if _regional(given) else (),
        replica_regions=_replica_regions(identifier, answers, _inner(answer, "sku").get("name")),
        private_endpoint=approved(given),
        public_access=public(given),
    )


def _regional(given: Mapping[str, Any]) -> bool:
    return str(given.get("regionalEndpoints") or "Enabled").lower() == "enabled"


def _replica_regions(
    registry: str, answers: Answers, sku: Any, assumed: str = "the data hosts that the registry itself names"
) -> tuple[str, ...]:
    answer = answers.of("replications", f"{registry}/replications", listing=True)
    if not isinstance(answer, list):
        what = f"registry {name_of(registry)}, replicas"
        if str(sku).lower() not in ("basic", "standard"):  # which have no replicas
            answers.gap("replications", what, _reason(answer), assumed, registry)
        return ()
    regions = (normal_region(item.get("location")) for item in answer if isinstance(item, Mapping))
    return tuple(sorted({region for region in regions if region}))


def _reason(answer: Any) -> str:
    return str(answer) if isinstance(answer, Refusal) else "no answer that could be read"


def _storage_accounts(default: Optional[str], workspace: str, answers: Answers) -> tuple[StorageAccount, ...]:
    accounts: dict[str, StorageAccount] = {}
    if default is not None and label(name_of(default)):
        accounts[name_of(default).lower()] = _storage(default, answers, default=True)
    datastores = answers.of("datastores", f"{workspace}/datastores", listing=True)
    if not isinstance(datastores, list):
        what = "further storage accounts, whose names are not known"
        answers.gap("datastores-list", "datastores of the workspace", _reason(datastores), what)
        datastores = []
    for item in datastores:
        _add_datastore(item, accounts, answers)
    return tuple(accounts.values())


_ON_ACCOUNTS = ("AzureBlob", "AzureDataLakeGen2", "AzureFile")


def _add_datastore(item: Any, accounts: dict[str, StorageAccount], answers: Answers) -> None:
    given = properties(item)
    name = label(item.get("name")) if isinstance(item, Mapping) else None
    kind, account = label(given.get("datastoreType")), label(given.get("accountName"))
    lake = host(given.get("endpoint"))
    if name is None or kind is None:
        answers.gap("datastores", f"datastore {name or '?'}", "it has no name or type that can be read", "nothing")
    elif kind == "OneLake" and lake:
        found = StorageAccount(name=name, dfs=lake, hierarchical_namespace=False)
        accounts[f"onelake:{name}"] = replace(found, datastores=(name,), datastore_types=(kind,))
    elif kind not in _ON_ACCOUNTS or account is None:
        answers.gap("datastores", f"datastore {name}", f"its type {kind} names no storage account", "nothing")
    else:
        found = accounts.get(account.lower()) or _storage_of_datastore(account, given, answers)
        accounts[account.lower()] = replace(
            found,
            datastores=tuple(sorted({*found.datastores, name})),
            datastore_types=tuple(sorted({*found.datastore_types, kind})),
        )


def _storage_of_datastore(account: str, given: Mapping[str, Any], answers: Answers) -> StorageAccount:
    identifier = account_id(given)
    if identifier and answers.resource("storage", identifier) is not None:
        return _storage(identifier, answers, default=False)
    # Azure ML itself builds the host from these two fields of a datastore, so this is a fact, not a guess.
    suffix = host(given.get("endpoint"))
    blob, dfs, file = (host(f"{account}.{s}.{suffix}") if suffix else None for s in ("blob", "dfs", "file"))
    return StorageAccount(name=account, blob=blob, dfs=dfs, file=file)


def _storage(identifier: str, answers: Answers, default: bool) -> StorageAccount:
    name, answer = name_of(identifier), answers.resource("storage", identifier)
    if not isinstance(answer, Mapping):
        answers.gap("storage", f"storage account {name}", _reason(answer), "hosts built from its name", identifier)
        return StorageAccount(name=name, id=identifier, default=default, readable=False)
    given = properties(answer)
    primary, secondary = _inner(given, "primaryEndpoints"), _inner(given, "secondaryEndpoints")
    return StorageAccount(
        name=name,
        id=identifier,
        default=default,
        blob=host(primary.get("blob")),
        file=host(primary.get("file")),
        queue=host(primary.get("queue")),
        table=host(primary.get("table")),
        dfs=host(primary.get("dfs")),
        secondary_blob=host(secondary.get("blob")),
        region=normal_region(answer.get("location")),
        hierarchical_namespace=truth(given.get("isHnsEnabled")) or False,
        private_endpoint=approved(given),
        public_access=public(given),
    )


def _key_vault(identifier: Optional[str], answers: Answers, suffixes: Suffixes) -> Optional[KeyVault]:
    if identifier is None or label(name_of(identifier)) is None:
        return None
    name, answer = name_of(identifier), answers.resource("key-vault", identifier)
    if not isinstance(answer, Mapping):
        built = f"{name.lower()}.{suffixes['vault']}"
        answers.gap("key-vault", f"key vault {name}", _reason(answer), built, identifier)
        return KeyVault(name=name, id=identifier, readable=False)
    given = properties(answer)
    return KeyVault(
        name=name,
        id=identifier,
        host=host(given.get("vaultUri")),
        region=normal_region(answer.get("location")),
        private_endpoint=approved(given),
        public_access=public(given),
    )


def _app_insights(identifier: Optional[str], answers: Answers) -> Optional[AppInsights]:
    if identifier is None:
        return None
    name, answer = name_of(identifier), answers.resource("app-insights", identifier)
    if not isinstance(answer, Mapping):
        what = "the wildcard of its ingestion hosts"
        answers.gap("app-insights", f"Application Insights {name}", _reason(answer), what, identifier)
        return AppInsights(name=name, id=identifier, readable=False)
    connection = _connection_string(properties(answer).get("ConnectionString"))
    return AppInsights(
        name=name,
        id=identifier,
        ingestion_host=host(connection.get("ingestionendpoint")),
        live_host=host(connection.get("liveendpoint")),
    )


def _connection_string(value: Any) -> dict[str, str]:
    """`Key=value;…` as a dictionary with lower-case keys; it holds secrets, so only hosts are taken out of it."""
    pairs = (part.partition("=") for part in value.split(";")) if isinstance(value, str) else ()
    return {key.strip().lower(): text.strip() for key, _, text in pairs}


# ---------------------------------------------------------------------------------------------------------------------
# Computes and their clusters


def _computes(workspace: str, answers: Answers) -> Optional[tuple[Compute, ...]]:
    answer = answers.of("computes", f"{workspace}/computes", listing=True)
    if not isinstance(answer, list):
        answers.gap("computes", "computes of the workspace", _reason(answer), "an AKS and an Arc cluster")
        return None
    spelled = _clusters_by_key(answer)
    found = (_compute(item, spelled, answers) for item in answer)
    return tuple(sorted((compute for compute in found if compute), key=lambda compute: compute.name))


def _clusters_by_key(computes: list[Any]) -> dict[str, str]:
    """The ids of the clusters behind computes, in the first spelling met, by their lower-case form."""
    spelled: dict[str, str] = {}
    for identifier in filter(None, map(cluster_id, computes)):
        spelled.setdefault(identifier.lower(), identifier)
    return spelled


def _compute(item: Any, spelled: Mapping[str, str], answers: Answers) -> Optional[Compute]:
    given = properties(item)
    name = label(item.get("name")) if isinstance(item, Mapping) else None
    kind = str(given.get("computeType") or "").lower()
    if name is not None and kind in ("aks", ""):
        why, assumed = "it is attached the retired way (computeType AKS), which this list does not cover", "nothing"
        if not kind:
            why, assumed = "its type is missing in ARM's answer", "an AKS and an Arc cluster"
        answers.gap("compute", f"compute {name}", why, assumed)
    if name is None or kind not in ("kubernetes", ""):
        return None
    inner = _inner(given, "properties")
    default_type = _inner(_inner(inner, "instanceTypes"), str(inner.get("defaultInstanceType") or ""))
    selector = _inner(default_type, "nodeSelector")
    identifier = cluster_id(item)
    if cluster_type_of(identifier) is None and kind:
        answers.gap("cluster", f"compute {name}", "it names no cluster of a known kind", "rows of AKS and of Arc")
    return Compute(
        name=name,
        cluster_id=spelled[identifier.lower()] if identifier else None,
        namespace=label(inner.get("namespace")),
        node_selector=tuple(sorted(f"{key}={value}" for key, value in selector.items() if is_line(f"{key}={value}"))),
    )


def _clusters(workspace: str, answers: Answers) -> tuple[Cluster, ...]:
    items = _items(answers.of("computes", f"{workspace}/computes", listing=True))
    spelled = _clusters_by_key(items)
    return tuple(_cluster(spelled[key], items, answers) for key in sorted(spelled) if cluster_type_of(key))


def _cluster(identifier: str, computes: list[Any], answers: Answers) -> Cluster:
    if cluster_type_of(identifier) is ClusterType.AKS:
        cluster = _aks(identifier, answers)
    else:
        of_cluster = (item for item in computes if (cluster_id(item) or "").lower() == identifier.lower())
        relay = next(filter(None, map(_relay_of_compute, of_cluster)), None)
        cluster = replace(_arc(identifier, answers), relay_host=relay or _relay(identifier, computes, answers))
    return replace(_with_extension(cluster, identifier, answers), id=identifier)


def _relay_of_compute(item: Any) -> Optional[str]:
    """The host of the Relay namespace, taken out of a connection string that is a secret and goes no further."""
    inner = _inner(properties(item), "properties")
    for key in ("relayConnectionString", "serviceBusConnectionString"):
        found = host(_connection_string(inner.get(key)).get("endpoint"))
        if found:
            return found
    return None


def _aks(identifier: str, answers: Answers) -> Cluster:
    answer = answers.resource("aks", identifier)
    if not isinstance(answer, Mapping):
        what = "every row of an AKS cluster"
        answers.gap("cluster", f"AKS cluster {name_of(identifier)}", _reason(answer), what, identifier)
        return Cluster(types=(ClusterType.AKS,), readable=False)
    given = properties(answer)
    pools = [pool for pool in _items(given.get("agentPoolProfiles")) if isinstance(pool, Mapping)]
    addons = {key.lower(): addon for key, addon in _inner(given, "addonProfiles").items() if isinstance(addon, Mapping)}
    access = _inner(given, "apiServerAccessProfile")
    subnets = {resource_id(pool.get("vnetSubnetID")) for pool in pools}
    return Cluster(
        types=(ClusterType.AKS,),
        region=normal_region(answer.get("location")),
        api_server=host(given.get("fqdn")),
        private_api_server=host(given.get("privateFQDN")),
        private_cluster=truth(access.get("enablePrivateCluster")) or False,
        outbound_type=label(_inner(given, "networkProfile").get("outboundType")),
        proxy=_proxy(_inner(given, "httpProxyConfig")),
        subnets=tuple(sorted(subnet for subnet in subnets if subnet)),
        gpu_nodes=_any_node(given, pools, _has_gpu),
        windows_nodes=_any_node(given, pools, _is_windows),
        azure_policy=truth(addons.get("azurepolicy", {}).get("enabled")) or False,
        monitoring=(truth(addons.get("omsagent", {}).get("enabled")) or False)
        or (truth(_inner(_inner(given, "azureMonitorProfile"), "metrics").get("enabled")) or False),
        azure_rbac=truth(_inner(given, "aadProfile").get("enableAzureRBAC")) or False,
    )


def _any_node(given: Mapping[str, Any], pools: list[Any], has: Callable[[Any], Optional[bool]]) -> Optional[bool]:
    """Whether any pool has it; None where no pool has it and some may, auto-provisioned nodes among them."""
    answers = {has(pool) for pool in pools}
    if True in answers:
        return True
    automatic = str(_inner(given, "nodeProvisioningProfile").get("mode")).lower() == "auto"
    return None if None in answers or not pools or automatic else False


def _has_gpu(pool: Mapping[str, Any]) -> Optional[bool]:
    """VM sizes of the N family have GPUs, NP excepted: learn.microsoft.com/azure/aks/gpu-cluster (2026-11-23)."""
    manual = _items(_inner(_inner(pool, "virtualMachinesProfile"), "scale").get("manual"))
    sizes = [pool.get("vmSize"), *(item.get("size") for item in manual if isinstance(item, Mapping))]
    known = [str(size).lower() for size in sizes if size]
    return any(re.match(r"standard_n[cdgv]", size) for size in known) if known else None


def _is_windows(pool: Mapping[str, Any]) -> Optional[bool]:
    kind = pool.get("osType")
    return str(kind).lower() == "windows" if kind else None


def _proxy(config: Mapping[str, Any]) -> Optional[Proxy]:
    if not (config.get("httpProxy") or config.get("httpsProxy")):
        return None
    skip = (entry for entry in _items(config.get("noProxy")) if isinstance(entry, str) and is_line(entry))
    return Proxy(
        http=_without_credentials(config.get("httpProxy")),
        https=_without_credentials(config.get("httpsProxy")),
        skip=tuple(skip),
        trusted_ca=bool(config.get("trustedCa")),
        authorities=_base64(config.get("trustedCa")),
    )


def _base64(value: Any) -> Optional[str]:
    """The cluster's additional authorities as ARM gives them, if it does."""
    return value if isinstance(value, str) and value and is_base64(value) else None


def _without_credentials(url: Any) -> Optional[str]:
    """`http://user:secret@proxy:3128` → `http://proxy:3128`; None for what is no proxy address."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        name, port = (parts.hostname, parts.port) if parts else (None, None)
    except ValueError:
        return None
    if parts is None or name is None or not re.fullmatch(r"[a-z0-9:._-]+", name):
        return None
    bare = f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{bare}" + (f":{port}" if port else "")


def _arc(identifier: str, answers: Answers) -> Cluster:
    answer, name = answers.resource("arc", identifier), name_of(identifier)
    if not isinstance(answer, Mapping):
        what = "every row of an Arc cluster"
        answers.gap("cluster", f"connected cluster {name}", _reason(answer), what, identifier)
        return Cluster(types=(ClusterType.ARC,), readable=False)
    given = properties(answer)
    # An AKS cluster that is connected to Arc needs both tables.
    on_aks = str(given.get("distribution") or "").lower() == "aks"
    region = normal_region(answer.get("location"))
    return Cluster(
        types=(ClusterType.AKS, ClusterType.ARC) if on_aks else (ClusterType.ARC,),
        region=region,
        arc_gateway=truth(_inner(given, "gateway").get("enabled")) or False,
        azure_rbac=truth(_inner(given, "aadProfile").get("enableAzureRBAC")),
        monitoring=False,
        service_bus_hosts=_service_bus_hosts(region, identifier, answers),
    )


def _relay(identifier: str, computes: list[Any], answers: Answers) -> Optional[str]:
    """The Relay namespace that the Azure ML extension made in the cluster's resource group, by its tag.

    Where several connected clusters share the group, nothing tells whose it is.
    """
    arcs = [key for key in _clusters_by_key(computes) if cluster_type_of(key) is ClusterType.ARC]
    if [_group(key) for key in arcs].count(_group(identifier).lower()) != 1:
        return None
    answer = answers.of("relay", f"{_group(identifier)}/providers/Microsoft.Relay/namespaces", listing=True)
    if not isinstance(answer, list):
        what = f"Relay namespaces in the resource group of {name_of(identifier)}"
        answers.gap("relay", what, _reason(answer), "the wildcard of all Service Bus names", identifier)
        return None
    made = [item for item in answer if isinstance(item, Mapping) and _made_by_extension(item)]
    found = {host(properties(item).get("serviceBusEndpoint")) for item in made} - {None}
    return found.pop() if len(found) == 1 else None


def _group(identifier: str) -> str:
    """The resource group of an ARM id."""
    return "/".join(identifier.split("/")[:5])


def _made_by_extension(namespace: Mapping[str, Any]) -> bool:
    tags = {str(key).lower(): str(value).lower() for key, value in _inner(namespace, "tags").items()}
    return "arc-enabled ml" in tags.get("created_by", "")


def _service_bus_hosts(region: Optional[str], cluster: str, answers: Answers) -> Optional[tuple[str, ...]]:
    asked = (call for call in answers.given if call.fact == "arc-allow-list")
    call = next((call for call in asked if call.key.endswith(f"location={region}")), None)
    if call is None:
        return None
    answer = answers.given[call]
    names = hosts(answer)
    if isinstance(answer, Refusal) or not names or len(names) < len({name.lower() for name in answer}):
        why = answer if isinstance(answer, Refusal) else "Arc's allow-list API named something that is no host"
        what = f"Service Bus names of Arc in {region} (cluster {name_of(cluster)})"
        answers.gap("arc-allow-list", what, why, "the wildcard of all Service Bus names", cluster)
        return None
    return names


_EXTENSION = "microsoft.azureml.kubernetes"
_MONITORING = {"microsoft.azuremonitor.containers", "microsoft.azuremonitor.containers.metrics"}


def _with_extension(cluster: Cluster, identifier: str, answers: Answers) -> Cluster:
    """The cluster with what its extensions say: training, inference, monitoring."""
    name, assumed = name_of(identifier), "training and inference both enabled"
    path = f"{identifier}/providers/Microsoft.KubernetesConfiguration/extensions"
    answer = answers.of("extensions", path, listing=True)
    if not isinstance(answer, list):
        answers.gap("extensions", f"extensions of cluster {name}", _reason(answer), assumed, identifier)
        return replace(cluster, monitoring=cluster.monitoring or None)
    installed = {str(properties(item).get("extensionType")).lower(): properties(item) for item in answer}
    monitoring = True if _MONITORING & set(installed) else cluster.monitoring
    extension = installed.get(_EXTENSION)
    if extension is None:
        missing = "the Azure ML extension (Microsoft.AzureML.Kubernetes) is not among its extensions"
        answers.gap("extensions", f"cluster {name}", missing, assumed, identifier)
        return replace(cluster, monitoring=monitoring)
    settings = {key.lower(): truth(value) for key, value in _inner(extension, "configurationSettings").items()}
    training, inference = settings.get("enabletraining"), settings.get("enableinference")
    if training is None and inference is None:
        answers.gap(
            "extensions", f"cluster {name}", "its Azure ML extension does not say what it does", assumed, identifier
        )
        return replace(cluster, monitoring=monitoring)
    # Either is off unless it is switched on: how-to-deploy-kubernetes-extension on learn.microsoft.com (2026-11-23).
    return replace(cluster, monitoring=monitoring, training=training or False, inference=inference or False)


# ---------------------------------------------------------------------------------------------------------------------
# Azure's own lists


def _dependencies(workspace: str, clusters: Iterable[Cluster], answers: Answers) -> Iterator[Dependency]:
    path = f"{workspace}/outboundNetworkDependenciesEndpoints"
    given = answers.of("workspace-dependencies", path, listing=True)
    what = "the catalog's rows alone, without Azure's own list beside them"
    if isinstance(given, Refusal):
        answers.gap("workspace-dependencies", "Azure's dependency list of the workspace", given, what)
    yield from _readable(_listed(Origin.WORKSPACE, given, properties, None), "the workspace", answers)
    for cluster in clusters:
        listing = answers.of("aks-dependencies", f"{cluster.id}/outboundNetworkDependenciesEndpoints", listing=True)
        if isinstance(listing, Refusal):
            name = name_of(str(cluster.id))
            listed = f"Azure's dependency list of AKS cluster {name}"
            answers.gap("aks-dependencies", listed, listing, what, cluster.id)
        lines = _listed(Origin.AKS, listing, lambda item: item, cluster.id)
        yield from _readable(lines, f"AKS cluster {name_of(str(cluster.id))}", answers)


def _readable(lines: Iterable[Optional[Dependency]], whose: str, answers: Answers) -> tuple[Dependency, ...]:
    """The lines that could be read, each once; those that could not are counted as a gap."""
    found = list(lines)
    unread = found.count(None)
    if unread:
        why = f"{unread} of its lines could not be read"
        answers.gap("dependencies", f"Azure's dependency list of {whose}", why, "the catalog's rows")
    return tuple(dict.fromkeys(line for line in found if line is not None))


_PORTS = {443: Protocol.HTTPS, 80: Protocol.HTTP, 445: Protocol.SMB}


def _listed(
    origin: Origin, items: Any, unwrap: Callable[[Any], Any], cluster: Optional[str]
) -> Iterator[Optional[Dependency]]:
    """The lines of a list, None for each that cannot be read.

    The Azure ML list wraps each item in `properties`, the AKS list does not.
    """
    for item in _items(items):
        category = unwrap(item)
        category = category if isinstance(category, Mapping) else {}
        text = str(category.get("category") or "")
        for endpoint in _items(category.get("endpoints")):
            given = endpoint if isinstance(endpoint, Mapping) else {}
            name = str(given.get("domainName", "")).strip().lower()
            good = is_host(name) or is_wildcard(name) or is_address(name)
            for detail in _items(given.get("endpointDetails")) or [{"port": 443}]:
                port, protocol = _port_of(detail)
                line = Dependency(origin, name, port, protocol, text if is_line(text) else "", cluster)
                yield line if good and port else None


def _port_of(detail: Any) -> tuple[int, Protocol]:
    """Port (0 for none that can be read) and protocol of a line's detail."""
    given = detail if isinstance(detail, Mapping) else {}
    port = int(given["port"]) if re.fullmatch(r"[0-9]{1,5}", str(given.get("port"))) else 0
    plain = str(given.get("protocol") or "").lower()
    named = Protocol.UDP if plain == "udp" else _PORTS.get(port, Protocol.TCP)
    return (port if port < 65536 else 0), named
