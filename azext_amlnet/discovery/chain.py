"""Which calls to make, and which further calls an answer leads to. Only this file knows the shape of the chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator, Mapping, Optional
from urllib.parse import quote

from ..vocabulary import Cloud, ClusterType, cluster_type_of
from .answers import account_id, cluster_id, normal_region, properties, resource_id, subnets_of
from .arm import Arm, Refusal, logger
from .client import Timeouts
from .crawl import Call

_ML = "providers/Microsoft.MachineLearningServices/workspaces"
_ALLOW_LIST = {
    Cloud.PUBLIC: "https://guestnotificationservice.azure.com/urls/allowlist",
    Cloud.USGOV: "https://guestnotificationservice.azure.us/urls/allowlist",
}
"""Where Arc's Service Bus names are asked; none is documented for China.

https://learn.microsoft.com/azure/azure-arc/kubernetes/network-requirements (2026-11-23): the answer is a JSON array of
host names, at times with duplicates.
"""


def workspace_path(subscription: str, group: str, name: str) -> str:
    """The workspace's ARM id; whatever the user typed stays one path segment."""
    subscription, group, name = (quote(part, safe="") for part in (subscription, group, name))
    return f"/subscriptions/{subscription}/resourceGroups/{group}/{_ML}/{name}"


def ml_registries_path(workspace: str) -> str:
    """Where the Azure ML registries of the workspace's subscription are listed."""
    return "/".join(workspace.split("/")[:3]) + "/providers/Microsoft.MachineLearningServices/registries"


@dataclass(frozen=True)
class Lists:
    """Which lists that Azure itself offers are asked.

    `shared` are the few of a subscription or region, `own` those of each workspace and AKS cluster.
    """

    shared: bool = True
    own: bool = True


def first_calls(workspace: str, lists: Lists) -> Iterator[Call]:
    """Everything whose path is known before anything is."""
    yield Call.of("workspace", workspace)
    yield computes_call(workspace)
    yield Call.of("datastores", f"{workspace}/datastores", listing=True)
    if lists.own:
        yield Call.of("workspace-dependencies", f"{workspace}/outboundNetworkDependenciesEndpoints", listing=True)
    if lists.shared:
        yield Call.of("ml-registries", ml_registries_path(workspace), listing=True)


def computes_call(workspace: str) -> Call:
    """The call for the computes of a workspace."""
    return Call.of("computes", f"{workspace}/computes", listing=True)


def follow(call: Call, answer: Any, cloud: Cloud, lists: Lists) -> Iterator[Call]:
    """The calls that an answer makes possible."""
    if isinstance(answer, Refusal):
        return
    if call.fact == "workspace":
        yield from _of_workspace(answer)
    elif call.fact == "hub":
        yield from _resources(properties(answer))
    elif call.fact == "datastores":
        yield from _of_datastores(answer)
    elif call.fact == "computes":
        yield from _of_computes(answer, lists)
    elif call.fact == "aks":
        yield from (Call.of("subnet", identifier) for identifier in subnets_of(properties(answer)))
    elif call.fact == "arc" and lists.shared:
        region, gateway = normal_region(answer.get("location")), properties(answer).get("gateway")
        allow_list = allow_list_call(cloud, region)
        if allow_list and not (isinstance(gateway, Mapping) and gateway.get("enabled") is True):
            yield allow_list


def allow_list_call(cloud: Cloud, region: Optional[str]) -> Optional[Call]:
    """The call for Arc's Service Bus names of a region; None for a cloud that has no such list."""
    if region is None or cloud not in _ALLOW_LIST:
        return None
    return Call.of("arc-allow-list", f"{_ALLOW_LIST[cloud]}?api-version=2020-01-01&location={region}")


def _of_workspace(answer: Mapping[str, Any]) -> Iterator[Call]:
    body = properties(answer)
    hub = resource_id(body.get("hubResourceId"))
    if hub:
        yield Call.of("hub", hub)
    yield from _resources(body)


def _resources(body: Mapping[str, Any]) -> Iterator[Call]:
    registry = resource_id(body.get("containerRegistry"))
    if registry:
        yield Call.of("registry", registry)
        yield Call.of("replications", f"{registry}/replications", listing=True)
    for key, fact in (
        ("storageAccount", "storage"),
        ("keyVault", "key-vault"),
        ("applicationInsights", "app-insights"),
    ):
        identifier = resource_id(body.get(key))
        if identifier:
            yield Call.of(fact, identifier)


def _of_datastores(answer: list[Any]) -> Iterator[Call]:
    for item in answer:
        identifier = account_id(properties(item))
        if identifier:
            yield Call.of("storage", identifier)


def _of_computes(answer: list[Any], lists: Lists) -> Iterator[Call]:
    for item in answer:
        cluster = cluster_id(item)
        kind = cluster_type_of(cluster)
        if cluster is None or kind is None:
            continue
        yield Call.of(kind.value, cluster)
        yield Call.of("extensions", f"{cluster}/providers/Microsoft.KubernetesConfiguration/extensions", listing=True)
        if kind is ClusterType.AKS and lists.own:
            yield Call.of("aks-dependencies", f"{cluster}/outboundNetworkDependenciesEndpoints", listing=True)
        if kind is ClusterType.ARC:
            group = "/".join(cluster.split("/")[:5])
            yield Call.of("relay", f"{group}/providers/Microsoft.Relay/namespaces", listing=True)


# ---------------------------------------------------------------------------------------------------------------------
# Asking


def ask(arm: Arm, call: Call, timeouts: Timeouts) -> Any:
    """The answer to a call: a JSON object, a list of items, or a Refusal."""
    if call.fact == "arc-allow-list":
        return _allow_list(call.path, timeouts)
    return arm.list(call.fact, call.path) if call.listing else arm.get(call.fact, call.path)


def _allow_list(url: str, timeouts: Timeouts) -> Any:
    import requests

    logger.debug("amlnet: arc-allow-list: GET %s", url)
    try:
        answer = requests.get(
            url, timeout=(min(5, timeouts.connect_s), min(10, timeouts.read_s)), allow_redirects=False
        )
        names = answer.json() if answer.status_code == 200 else None
    except (requests.RequestException, ValueError) as error:
        return Refusal(0, "", f"Arc's allow-list API could not be asked ({type(error).__name__})")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return Refusal(answer.status_code, "", f"Arc's allow-list API answered {answer.status_code} without a list")
    return names
