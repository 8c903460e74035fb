"""Which calls to make, and which further calls an answer leads to. Only this file knows the shape of the chain."""

from __future__ import annotations

from typing import Any, Iterator, Mapping
from urllib.parse import quote

from ..model import Cloud, ClusterType, cluster_type_of
from .answers import account_id, cluster_id, normal_region, properties, resource_id
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


def first_calls(workspace: str, cross_check: bool) -> Iterator[Call]:
    """Everything whose path is known before anything is."""
    yield Call.of("workspace", workspace)
    yield computes_call(workspace)
    yield Call.of("datastores", f"{workspace}/datastores", listing=True)
    if cross_check:
        yield Call.of("workspace-dependencies", f"{workspace}/outboundNetworkDependenciesEndpoints", listing=True)
        yield Call.of("ml-registries", ml_registries_path(workspace), listing=True)


def computes_call(workspace: str) -> Call:
    """The call for the computes of a workspace."""
    return Call.of("computes", f"{workspace}/computes", listing=True)


def follow(call: Call, answer: Any, cloud: Cloud, cross_check: bool) -> Iterator[Call]:
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
        yield from _of_computes(answer, cross_check)
    elif call.fact == "arc" and cross_check and cloud in _ALLOW_LIST:
        region, gateway = normal_region(answer.get("location")), properties(answer).get("gateway")
        if region and not (isinstance(gateway, Mapping) and gateway.get("enabled") is True):
            yield Call.of("arc-allow-list", f"{_ALLOW_LIST[cloud]}?api-version=2020-01-01&location={region}")


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


def _of_computes(answer: list[Any], cross_check: bool) -> Iterator[Call]:
    for item in answer:
        cluster = cluster_id(item)
        kind = cluster_type_of(cluster)
        if cluster is None or kind is None:
            continue
        yield Call.of(kind.value, cluster)
        yield Call.of("extensions", f"{cluster}/providers/Microsoft.KubernetesConfiguration/extensions", listing=True)
        if kind is ClusterType.AKS and cross_check:
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
