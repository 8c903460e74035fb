"""Answers of ARM → the facts about a workspace. Pure; what ARM refuses becomes a gap."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Iterable, Mapping, Optional

from ..model import AppInsights, Cloud, Hub, KeyVault, MlRegistry, Registry, StorageAccount, Workspace
from ..vocabulary import BELOW_PREMIUM
from .answers import (
    Answers,
    account_id,
    approved,
    connection_string,
    host,
    hosts,
    inner,
    items_of,
    label,
    name_of,
    normal_region,
    properties,
    public,
    reason_of,
    resource_id,
    selected_networks,
    truth,
)
from .chain import ml_registries_path
from .clusters import clusters_of, computes_of
from .crawl import Call
from .dependencies import dependencies_of

Suffixes = Mapping[str, str]


def to_workspace(by_call: Mapping[Call, Any], workspace_path: str, cloud: Cloud, suffixes: Suffixes) -> Workspace:
    """The facts of all answers; `by_call` holds the workspace's own answer under `workspace_path`."""
    answers = Answers(by_call)
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
        kind=_kind(answer.get("kind")),
        isolation_mode=label(inner(own, "managedNetwork").get("isolationMode")),
        hbi=truth(own.get("hbiWorkspace")),
        api_host=_api_host(own.get("discoveryUrl"), suffixes),
        notebook_host=host(inner(own, "notebookInfo").get("fqdn")),
        private_endpoint=approved(own),
        public_access=public(own),
        hub=_hub(hub_id, hub_answer),
        registry=_registry(resource_id(shared.get("containerRegistry")), answers, suffixes),
        storage_accounts=_storage_accounts(resource_id(shared.get("storageAccount")), workspace_path, answers),
        key_vault=_key_vault(resource_id(shared.get("keyVault")), answers, suffixes),
        app_insights=_app_insights(resource_id(shared.get("applicationInsights")), answers),
        ml_registries=_ml_registries(ml_registries_path(workspace_path), answers),
        computes=computes_of(workspace_path, answers),
    )
    _note_missing(workspace, own, answers)
    clusters = clusters_of(workspace_path, answers, suffixes["servicebus"])
    dependencies = tuple(dependencies_of(workspace_path, clusters, answers))
    return replace(workspace, clusters=clusters, dependencies=dependencies, gaps=tuple(answers.gaps))


def _kind(value: Any) -> str:
    """The kind as Azure ML spells it; Resource Graph may have it in small letters."""
    known = {kind.lower(): kind for kind in ("Default", "Hub", "Project", "FeatureStore")}
    return known.get(str(value).lower(), label(value) or "Default")


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
        answers.gap("hub", f"hub {name_of(hub_id)}", reason_of(hub), "only what the project itself names", hub_id)
        return own
    keys = ("containerRegistry", "storageAccount", "keyVault", "applicationInsights")
    inherited = {key: own.get(key) or properties(hub).get(key) for key in keys}
    return {**own, **inherited}


def _hub(hub_id: Optional[str], answer: Any) -> Optional[Hub]:
    if hub_id is None or label(name_of(hub_id)) is None:
        return None
    body = properties(answer) if isinstance(answer, Mapping) else {}
    return Hub(
        name=name_of(hub_id),
        id=hub_id,
        workspace_id=label(body.get("workspaceId")),
        private_endpoint=approved(body),
        public_access=public(body),
        readable=isinstance(answer, Mapping),
    )


def _registry(identifier: Optional[str], answers: Answers, suffixes: Suffixes) -> Optional[Registry]:
    if identifier is None or label(name_of(identifier)) is None:
        return None
    name, answer = name_of(identifier), answers.resource("registry", identifier)
    if not isinstance(answer, Mapping):
        built = f"{name.lower()}.{suffixes['acr']}, a data host in the workspace's region and the layer wildcard"
        answers.gap("registry", f"registry {name}", reason_of(answer), built, identifier)
        regions = _replica_regions(identifier, answers, None, "the workspace's region")
        return Registry(name=name, id=identifier, replica_regions=regions, readable=False)
    body = properties(answer)
    regions = _replica_regions(identifier, answers, inner(answer, "sku").get("name"))
    unused = () if _regional_hosts(body) else _unused_regions(identifier, answers)
    login = host(body.get("loginServer"))
    if login is None:
        why = "its loginServer is missing in ARM's answer"
        answers.gap("registry", f"registry {name}", why, "its name", identifier)
    return Registry(
        name=name,
        id=identifier,
        login_server=login,
        region=normal_region(answer.get("location")),
        sku=label(inner(answer, "sku").get("name")),
        data_endpoints=truth(body.get("dataEndpointEnabled")),
        data_hosts=_outside(hosts(body.get("dataEndpointHostNames")), unused),
        regional_hosts=_regional_hosts(body),
        replica_regions=tuple(region for region in regions if region not in unused),
        private_endpoint=approved(body),
        public_access=public(body),
        selected_networks=selected_networks(body, "networkRuleSet"),
    )


def _regional_hosts(body: Mapping[str, Any]) -> tuple[str, ...]:
    enabled = str(body.get("regionalEndpoints") or "Enabled").lower() == "enabled"
    return hosts(body.get("regionalEndpointHostNames")) if enabled else ()


def _replica_regions(
    registry: str, answers: Answers, sku: Any, assumed: str = "the data hosts that the registry itself names"
) -> tuple[str, ...]:
    answer = answers.of("replications", f"{registry}/replications", listing=True)
    if not isinstance(answer, list):
        what = f"registry {name_of(registry)}, replicas"
        if str(sku).lower() not in BELOW_PREMIUM:
            answers.gap("replications", what, reason_of(answer), assumed, registry)
        return ()
    regions = (normal_region(item.get("location")) for item in answer if isinstance(item, Mapping))
    return tuple(sorted({region for region in regions if region}))


def _unused_regions(registry: str, answers: Answers) -> tuple[str, ...]:
    """Regions of replicas that no request is routed to: with its endpoint off a replica only keeps a copy.

    While the registry has regional endpoints each replica is asked by its own name all the same
    (https://learn.microsoft.com/azure/container-registry/container-registry-endpoint-reference, 2026-11-26).
    """
    replicas = items_of(answers.of("replications", f"{registry}/replications", listing=True))
    off = (item for item in replicas if truth(properties(item).get("regionEndpointEnabled")) is False)
    return tuple(filter(None, (normal_region(item.get("location")) for item in off)))


def _outside(names: tuple[str, ...], regions: tuple[str, ...]) -> tuple[str, ...]:
    """The data hosts that are of none of these regions."""
    return tuple(name for name in names if not any(f".{region}.data." in name for region in regions))


def _storage_accounts(default: Optional[str], workspace: str, answers: Answers) -> tuple[StorageAccount, ...]:
    accounts: dict[str, StorageAccount] = {}
    if default is not None and label(name_of(default)):
        accounts[name_of(default).lower()] = _storage(default, answers, default=True)
    datastores = answers.of("datastores", f"{workspace}/datastores", listing=True)
    if not isinstance(datastores, list):
        what = "further storage accounts, whose names are not known"
        answers.gap("datastores-list", "datastores of the workspace", reason_of(datastores), what)
        datastores = []
    for item in datastores:
        _add_datastore(item, accounts, answers)
    return tuple(accounts.values())


_ON_ACCOUNTS = ("AzureBlob", "AzureDataLakeGen2", "AzureFile")


def _add_datastore(item: Any, accounts: dict[str, StorageAccount], answers: Answers) -> None:
    body = properties(item)
    name = label(item.get("name")) if isinstance(item, Mapping) else None
    kind, account = label(body.get("datastoreType")), label(body.get("accountName"))
    lake = host(body.get("endpoint"))
    if name is None or kind is None:
        answers.gap("datastores", f"datastore {name or '?'}", "it has no name or type that can be read", "nothing")
    elif kind == "OneLake" and lake:
        storage = StorageAccount(name=name, dfs=lake, hierarchical_namespace=False)
        accounts[f"onelake:{name}"] = replace(storage, datastores=(name,), datastore_types=(kind,))
    elif kind not in _ON_ACCOUNTS or account is None:
        answers.gap("datastores", f"datastore {name}", f"its type {kind} names no storage account", "nothing")
    else:
        storage = accounts.get(account.lower()) or _storage_of_datastore(account, body, answers)
        accounts[account.lower()] = replace(
            storage,
            datastores=tuple(sorted({*storage.datastores, name})),
            datastore_types=tuple(sorted({*storage.datastore_types, kind})),
        )


def _storage_of_datastore(account: str, body: Mapping[str, Any], answers: Answers) -> StorageAccount:
    identifier = account_id(body)
    if identifier and answers.resource("storage", identifier) is not None:
        return _storage(identifier, answers, default=False)
    # Azure ML itself builds the host from these two fields of a datastore, so this is a fact, not a guess.
    suffix = host(body.get("endpoint"))
    blob, dfs, file = (host(f"{account}.{s}.{suffix}") if suffix else None for s in ("blob", "dfs", "file"))
    return StorageAccount(name=account, blob=blob, dfs=dfs, file=file)


def _storage(identifier: str, answers: Answers, default: bool) -> StorageAccount:
    name, answer = name_of(identifier), answers.resource("storage", identifier)
    if not isinstance(answer, Mapping):
        answers.gap("storage", f"storage account {name}", reason_of(answer), "hosts built from its name", identifier)
        return StorageAccount(name=name, id=identifier, default=default, readable=False)
    body = properties(answer)
    primary, secondary = inner(body, "primaryEndpoints"), inner(body, "secondaryEndpoints")
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
        hierarchical_namespace=truth(body.get("isHnsEnabled")) or False,
        private_endpoint=approved(body),
        public_access=public(body),
        selected_networks=selected_networks(body),
    )


def _key_vault(identifier: Optional[str], answers: Answers, suffixes: Suffixes) -> Optional[KeyVault]:
    if identifier is None or label(name_of(identifier)) is None:
        return None
    name, answer = name_of(identifier), answers.resource("key-vault", identifier)
    if not isinstance(answer, Mapping):
        built = f"{name.lower()}.{suffixes['vault']}"
        answers.gap("key-vault", f"key vault {name}", reason_of(answer), built, identifier)
        return KeyVault(name=name, id=identifier, readable=False)
    body = properties(answer)
    return KeyVault(
        name=name,
        id=identifier,
        host=host(body.get("vaultUri")),
        region=normal_region(answer.get("location")),
        private_endpoint=approved(body),
        public_access=public(body),
        selected_networks=selected_networks(body),
    )


def _ml_registries(path: str, answers: Answers) -> Optional[tuple[MlRegistry, ...]]:
    """The subscription's Azure ML registries with what is behind them; None where Azure was not asked or refused."""
    answer = answers.of("ml-registries", path, listing=True)
    if not isinstance(answer, list):
        return None
    registries = (_ml_registry(item) for item in answer if isinstance(item, Mapping) and label(item.get("name")))
    return tuple(sorted(registries, key=lambda registry: registry.name))


def _ml_registry(item: Mapping[str, Any]) -> MlRegistry:
    regions = [region for region in items_of(properties(item).get("regionDetails")) if isinstance(region, Mapping)]
    images = (one for region in regions for one in items_of(region.get("acrDetails")))
    storage = (one for region in regions for one in items_of(region.get("storageAccountDetails")))
    return MlRegistry(
        name=str(item["name"]),
        regions=tuple(sorted(filter(None, {normal_region(at.get("location")) for at in (item, *regions)}))),
        registries=_accounts(images, "AcrAccount", "acrAccountName"),
        storage_accounts=_accounts(storage, "StorageAccount", "storageAccountName"),
    )


def _accounts(details: Iterable[Any], kind: str, key: str) -> tuple[str, ...]:
    """The names of accounts that Azure made or that were given; each is told by its name or by its id."""
    names = set()
    for detail in details:
        for origin in ("systemCreated", "userCreated"):
            account = inner(detail, f"{origin}{kind}") if isinstance(detail, Mapping) else {}
            linked = resource_id(inner(account, "armResourceId").get("resourceId"))
            names.add(label(account.get(key)) or (label(name_of(linked)) if linked else None))
    return tuple(sorted(name for name in names if name))


def _app_insights(identifier: Optional[str], answers: Answers) -> Optional[AppInsights]:
    if identifier is None:
        return None
    name, answer = name_of(identifier), answers.resource("app-insights", identifier)
    if not isinstance(answer, Mapping):
        what = "the wildcard of its ingestion hosts"
        answers.gap("app-insights", f"Application Insights {name}", reason_of(answer), what, identifier)
        return AppInsights(name=name, id=identifier, readable=False)
    connection = connection_string(properties(answer).get("ConnectionString"))
    return AppInsights(
        name=name,
        id=identifier,
        ingestion_host=host(connection.get("ingestionendpoint")),
        live_host=host(connection.get("liveendpoint")),
    )
