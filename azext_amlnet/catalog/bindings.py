"""What an entry is repeated for: each registry, replica, storage account, cluster … with its values and facts.

Pure. `schema.FACTS` and `schema.PLACEHOLDERS` say what a binding of each sort must supply.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterator, Mapping, Optional, Union

from ..model import (
    AppInsights,
    Catalog,
    Cluster,
    ClusterType,
    Hub,
    Registry,
    StorageAccount,
    Workspace,
)
from ..vocabulary import BELOW_PREMIUM
from .consumers import Consumer


@dataclass(frozen=True)
class Value:
    """What stands for a placeholder: a fact, something `missing` (shown as such), or something `assumed` (and why)."""

    text: str
    missing: bool = False
    assumed: str = ""


@dataclass(frozen=True)
class Binding:
    """One thing that an entry is expanded for; `consumer` is set where the thing belongs to one cluster.

    `because` has the gaps behind single facts, for the rows whose condition asks for them, and behind single entries.
    """

    values: Mapping[str, Value]
    facts: Mapping[str, Any] = field(default_factory=dict)
    resource: Optional[str] = None
    private_endpoint: bool = False
    public_access: bool = True
    selected_networks: bool = False
    assumed: bool = False
    notes: tuple[str, ...] = ()
    because: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    consumer: Optional[Consumer] = None


def missing(text: str) -> Value:
    """A value that nobody knows yet; the text shows it as a `<placeholder>`."""
    return Value(text, missing=True)


def known(text: Optional[str], otherwise: Value) -> Value:
    """The fact, or what stands in for it."""
    return Value(text) if text else otherwise


# ---------------------------------------------------------------------------------------------------------------------
# What entries are repeated for


def bindings(
    catalog: Catalog, workspace: Workspace, clusters: tuple[Consumer, ...]
) -> Mapping[str, tuple[Binding, ...]]:
    """For each sort of thing in `schema.FACTS`, the things of this workspace."""
    base = _workspace_values(catalog, workspace)
    in_clusters = [consumer for consumer in clusters if consumer.cluster is not None]
    return {
        "workspace": (_of_workspace(workspace, base),),
        "hub": tuple(_of_hub(workspace, base)),
        "registry": tuple(_of_registry(catalog, workspace, base)),
        "replica": tuple(_of_replicas(catalog, workspace, base)),
        "regional-endpoint": tuple(_of_regional_endpoints(workspace, base)),
        "storage": tuple(_of_storage(catalog, workspace, base)),
        "key-vault": tuple(_of_key_vault(catalog, workspace, base)),
        "ml-registry-images": tuple(_of_ml_registries(workspace, base, "registry_acr")),
        "ml-registry-storage": tuple(_of_ml_registries(workspace, base, "registry_storage")),
        "ml-registry-region": tuple(_of_ml_registries(workspace, base, "registry_region")),
        "app-insights": tuple(_of_app_insights(workspace, base)),
        "cluster": tuple(_of_cluster(catalog, workspace, base, consumer) for consumer in in_clusters),
        "service-bus": tuple(b for consumer in in_clusters for b in _of_service_bus(workspace, base, consumer)),
    }


def _workspace_values(catalog: Catalog, workspace: Workspace) -> dict[str, Value]:
    suffixes = catalog.clouds[workspace.cloud]
    default = next((account for account in workspace.storage_accounts if account.default), None)
    account = default or StorageAccount(name="")
    stand_in = default.name if default else "<storage account>"
    return {
        "workspace_id": known(workspace.workspace_id, missing("<workspace id>")),
        "workspace_region": known(workspace.region, missing("<region>")),
        "discovery_host": known(workspace.api_host, missing("<discovery host>")),
        "notebook_host": known(workspace.notebook_host, missing("<notebook host>")),
        "default_blob_host": _storage_host(account.blob, stand_in, "blob", suffixes["storage"]),
        "default_table_host": _storage_host(account.table, stand_in, "table", suffixes["storage"]),
        "default_queue_host": _storage_host(account.queue, stand_in, "queue", suffixes["storage"]),
        "storage": Value(suffixes["storage"]),
        "acr": Value(suffixes["acr"]),
        "vault": Value(suffixes["vault"]),
        "servicebus": Value(suffixes["servicebus"]),
    }


def _storage_host(host: Optional[str], account: str, service: str, suffix: str) -> Value:
    if account.startswith("<"):
        return known(host, missing(f"{account}.{service}.{suffix}"))
    return known(host, Value(f"{account.lower()}.{service}.{suffix}", assumed=_BY_NAME))


_BY_NAME = "Built from the account's name, because Azure did not give its endpoints."


def _of_workspace(workspace: Workspace, base: Mapping[str, Value]) -> Binding:
    hub = workspace.hub
    owner = _owner(workspace)
    private = _workspace_private(workspace)
    unknown = private is None
    facts = {
        "workspace_private": private,
        "discovery_host": workspace.api_host is not None,
        "hbi": workspace.hbi,
    }
    return Binding(
        base,
        facts,
        resource=workspace.id,
        private_endpoint=owner.private_endpoint,
        public_access=unknown or (workspace.public_access and owner.public_access),
        notes=workspace.gaps_of(hub.id, "hub") if hub and unknown else (),
        because={"aml-registries-api": (_REGISTRIES_UNKNOWN,) if workspace.ml_registries is None else ()},
    )


_REGISTRIES_UNKNOWN = (
    "Which Azure ML registries the subscription has is not known (it takes the right to read them in the subscription, "
    "and --no-cross-check leaves the question out): rows of their own accounts are not in this list."
)


def _owner(workspace: Workspace) -> Union[Workspace, Hub]:
    """Who serves the workspace: the private endpoint of a project is its hub's."""
    return workspace.hub if workspace.hub and not workspace.private_endpoint else workspace


def _workspace_private(workspace: Workspace) -> Optional[bool]:
    """Whether it has a private endpoint; None where its hub could not be read."""
    owner = _owner(workspace)
    return None if isinstance(owner, Hub) and not owner.readable else owner.private_endpoint


def _of_hub(workspace: Workspace, base: Mapping[str, Value]) -> Iterator[Binding]:
    if workspace.hub is None:
        return
    hub = workspace.hub
    values = {**base, "hub_workspace_id": known(hub.workspace_id, missing("<hub workspace id>"))}
    yield Binding(
        values,
        resource=hub.id,
        private_endpoint=hub.private_endpoint,
        public_access=hub.public_access,
        notes=workspace.gaps_of(hub.id, "hub"),
    )


def _of_registry(catalog: Catalog, workspace: Workspace, base: Mapping[str, Value]) -> Iterator[Binding]:
    registry = workspace.registry
    suffix = catalog.clouds[workspace.cloud]["acr"]
    if registry is None:
        values = {**base, "registry_login_server": missing(f"<registry>.{suffix}")}
        yield Binding(values, {"data_endpoints": None}, notes=_no_registry(workspace))
        return
    login = _login_server(registry, suffix)
    yield _registry_binding(workspace, registry, {**base, "registry_login_server": login})


def _registry_binding(workspace: Workspace, registry: Registry, values: Mapping[str, Value]) -> Binding:
    return Binding(
        values,
        {"data_endpoints": _data_endpoints(registry)},
        resource=registry.id,
        private_endpoint=registry.private_endpoint,
        public_access=registry.public_access,
        selected_networks=registry.selected_networks,
        assumed=not registry.readable,
        notes=workspace.gaps_of(registry.id, "registry", "replications"),
    )


def _data_endpoints(registry: Registry) -> Optional[bool]:
    """Only Premium has dedicated data endpoints; a private endpoint switches them on (the ACR article, 2026-11-23)."""
    if (registry.sku or "").lower() in BELOW_PREMIUM:
        return False
    return True if registry.private_endpoint or registry.data_hosts else registry.data_endpoints


def _login_server(registry: Registry, suffix: str) -> Value:
    built = Value(f"{registry.name.lower()}.{suffix}", assumed="Built from the registry's name.")
    return known(registry.login_server, built)


def _no_registry(workspace: Workspace) -> tuple[str, ...]:
    unknown = workspace.gaps_about("hub")
    if unknown or workspace.id is None:
        return unknown
    return ("The workspace has no registry yet; Azure ML creates one with the first image that it builds.",)


def _of_replicas(catalog: Catalog, workspace: Workspace, base: Mapping[str, Value]) -> Iterator[Binding]:
    registry, suffix = workspace.registry, catalog.clouds[workspace.cloud]["acr"]
    if registry is None:
        host = missing(f"<registry>.{workspace.region or '<region>'}.data.{suffix}")
        values = {**base, "registry_data_host": host, "replica_region": base["workspace_region"]}
        yield Binding(values, {"data_endpoints": None}, notes=_no_registry(workspace))
        return
    for host in sorted(_data_hosts(registry, workspace, suffix), key=lambda value: value.text):
        region = host.text.split(".")[1] if host.text.count(".") > 1 else host.text
        values = {**base, "registry_data_host": host, "replica_region": Value(region)}
        yield _registry_binding(workspace, registry, values)


def _data_hosts(registry: Registry, workspace: Workspace, suffix: str) -> Iterator[Value]:
    """The data hosts that ARM names, and one for each replica region that they leave out."""
    yield from (Value(host) for host in registry.data_hosts)
    regions = sorted({*registry.replica_regions, *filter(None, [registry.region])})
    if not regions and not registry.data_hosts:
        regions = [workspace.region or "<region>"]
    label = _login_server(registry, suffix).text.removesuffix(f".{suffix}")
    for region in regions:
        if not any(f".{region}.data." in host for host in registry.data_hosts):
            host = f"{label}.{region}.data.{suffix}"
            why = "Built from the registry's name and region, because Azure did not name this data host."
            yield missing(host) if "<" in host else Value(host, assumed=why)


def _of_regional_endpoints(workspace: Workspace, base: Mapping[str, Value]) -> Iterator[Binding]:
    registry = workspace.registry
    if registry is not None:
        for host in registry.regional_hosts:
            yield _registry_binding(workspace, registry, {**base, "registry_regional_host": Value(host)})


def _of_storage(catalog: Catalog, workspace: Workspace, base: Mapping[str, Value]) -> Iterator[Binding]:
    suffix = catalog.clouds[workspace.cloud]["storage"]
    accounts = workspace.storage_accounts
    if not any(account.default for account in accounts):
        yield _storage_binding(StorageAccount(name="<storage account>", default=True), workspace, base, suffix)
    for account in accounts:
        yield _storage_binding(account, workspace, base, suffix)
    if workspace.gaps_about("datastores-list"):
        unknown = StorageAccount(name="<storage account of a datastore>")
        yield _storage_binding(unknown, workspace, base, suffix)


def _storage_binding(account: StorageAccount, workspace: Workspace, base: Mapping[str, Value], suffix: str) -> Binding:
    services = ("blob", "file", "queue", "table", "dfs")
    hosts = {f"{s}_host": _storage_host(getattr(account, s), account.name, s, suffix) for s in services}
    secondary = _storage_host(account.secondary_blob, f"{account.name}-secondary", "blob", suffix)
    facts = {
        "default": account.default,
        "hierarchical_namespace": account.hierarchical_namespace,
        "secondary": account.secondary_blob is not None if account.readable else None,
        "datastore": None if account.name.startswith("<") and not account.default else account.datastore_types,
    }
    silence = workspace.gaps_of(account.id, "storage")
    if account.name.startswith("<"):
        silence = workspace.gaps_about("hub") if account.default else workspace.gaps_about("datastores-list")
    lake = known(account.dfs if "OneLake" in account.datastore_types else None, missing("<onelake host>"))
    region = known(account.region, missing("<region>"))
    named = {"account": Value(account.name), "account_region": region}
    return Binding(
        {**base, **hosts, **named, "secondary_host": secondary, "lake_host": lake},
        facts,
        resource=account.id,
        private_endpoint=account.private_endpoint,
        public_access=account.public_access,
        selected_networks=account.selected_networks,
        assumed=not account.readable,
        notes=silence,
    )


def _of_key_vault(catalog: Catalog, workspace: Workspace, base: Mapping[str, Value]) -> Iterator[Binding]:
    vault, suffix = workspace.key_vault, catalog.clouds[workspace.cloud]["vault"]
    if vault is None:
        none = {"vault_host": missing(f"<key vault>.{suffix}"), "vault_region": missing("<region>")}
        yield Binding({**base, **none}, notes=workspace.gaps_about("hub"))
        return
    built = Value(f"{vault.name.lower()}.{suffix}", assumed="Built from the key vault's name.")
    region = known(vault.region, missing("<region>"))
    yield Binding(
        {**base, "vault_host": known(vault.host, built), "vault_region": region},
        resource=vault.id,
        private_endpoint=vault.private_endpoint,
        public_access=vault.public_access,
        selected_networks=vault.selected_networks,
        assumed=not vault.readable,
        notes=workspace.gaps_of(vault.id, "key-vault"),
    )


def _of_ml_registries(workspace: Workspace, base: Mapping[str, Value], key: str) -> Iterator[Binding]:
    """What stands behind the Azure ML registries of the subscription: images, storage or regions, one thing each."""
    for registry in workspace.ml_registries or ():
        parts = {"registry_acr": registry.registries, "registry_storage": registry.storage_accounts}
        for name in parts.get(key, registry.regions):
            yield Binding({**base, "ml_registry": Value(registry.name), key: Value(name.lower())})


def _of_app_insights(workspace: Workspace, base: Mapping[str, Value]) -> Iterator[Binding]:
    """The component; one that is not known where there may be one, none where Azure said that there is none."""
    unknown = workspace.gaps_about("hub")
    insights = workspace.app_insights
    if insights is None:
        if workspace.id is not None and not unknown:
            return
        insights = AppInsights(name="", readable=not unknown)
    values = {
        **base,
        "ingestion_host": known(insights.ingestion_host, missing("<ingestion host>")),
        "live_host": known(insights.live_host, missing("<live metrics host>")),
    }
    live = True if insights.live_host else None if insights.ingestion_host is None else False
    yield Binding(
        values,
        {"ingestion": insights.ingestion_host is not None, "live": live},
        resource=insights.id,
        assumed=not insights.readable,
        notes=workspace.gaps_of(insights.id, "app-insights") or unknown,
    )


def _of_cluster(catalog: Catalog, workspace: Workspace, base: Mapping[str, Value], consumer: Consumer) -> Binding:
    cluster = consumer.cluster or Cluster()
    region = _cluster_region(workspace, cluster)
    code = catalog.arc_region_codes.get(region.text)
    values = {
        **base,
        "cluster_region": region,
        "api_server": known(cluster.api_server, missing("<api server>")),
        "api_server_address": missing("<api server address>"),
        "dns_address": missing("<dns server address>"),
        "relay_host": known(cluster.relay_host, missing("<relay namespace>")),
        "arc_gateway_host": missing("<arc gateway>.gw.arc.azure.com"),
        "arc_region_code": known(code, missing("<region code>")),
    }
    return Binding(
        values,
        {**cluster_facts(cluster), "workspace_private": _workspace_private(workspace)},
        resource=cluster.id,
        assumed=consumer.assumed,
        notes=consumer.notes,
        because={
            "relay": workspace.gaps_of(cluster.id, "relay"),
            "service_bus": workspace.gaps_of(cluster.id, "arc-allow-list"),
            **_unknown_switches(cluster, consumer),
        },
        consumer=consumer,
    )


_SWITCHES = ("monitoring", "defender", "azure_policy", "key_vault_csi")


def _unknown_switches(cluster: Cluster, consumer: Consumer) -> dict[str, tuple[str, ...]]:
    """Why it is not known what runs on an attached cluster; nothing for a planned one, of which nothing is."""
    unasked = ClusterType.AKS in cluster.types and ClusterType.ARC in cluster.types
    why = consumer.setting_notes or ((_AKS_UNASKED,) if unasked else ())
    return {name: why for name in _SWITCHES if getattr(cluster, name) is None}


_AKS_UNASKED = "What AKS itself runs on this cluster, which is connected to Arc, was not asked."


def _cluster_region(workspace: Workspace, cluster: Cluster) -> Value:
    why = "The cluster's region is not known; the workspace's is assumed."
    otherwise = Value(workspace.region, assumed=why) if workspace.region else missing("<region>")
    return known(cluster.region, otherwise)


def cluster_facts(cluster: Cluster) -> dict[str, Any]:
    """The facts about a cluster that a condition may ask; None where Azure did not say."""
    arc = ClusterType.ARC in cluster.types
    return {
        "cluster_type": tuple(kind.value for kind in cluster.types),
        "private_cluster": cluster.vnet_integration or cluster.private_cluster,  # nodes reach both privately
        "api_server": cluster.api_server is not None,
        "gpu_nodes": cluster.gpu_nodes,
        "windows_nodes": cluster.windows_nodes,
        "azure_policy": cluster.azure_policy,
        "monitoring": cluster.monitoring,
        "defender": cluster.defender,
        "key_vault_csi": cluster.key_vault_csi,
        "arc_gateway": cluster.arc_gateway if arc else False,
        "azure_rbac": cluster.azure_rbac,
        "relay": cluster.relay_host is not None,
        "service_bus": bool(cluster.service_bus_hosts),
    }


def _of_service_bus(workspace: Workspace, base: Mapping[str, Value], consumer: Consumer) -> Iterator[Binding]:
    cluster = consumer.cluster or Cluster()
    if ClusterType.ARC not in cluster.types or cluster.arc_gateway:
        return
    for host in cluster.service_bus_hosts or ():
        yield Binding(
            {**base, "cluster_region": _cluster_region(workspace, cluster), "service_bus_host": Value(host)},
            resource=cluster.id,
            notes=consumer.notes,
            consumer=consumer,
        )
