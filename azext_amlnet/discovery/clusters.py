"""Answers of ARM → computes and the clusters behind them. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Callable, Mapping, Optional
from urllib.parse import urlsplit

from ..model import Cloud, Cluster, ClusterType, Compute, Proxy, cluster_type_of
from ..text import is_base64, is_line
from .answers import (
    Answers,
    cluster_id,
    connection_string,
    host,
    hosts,
    inner,
    items_of,
    label,
    name_of,
    normal_region,
    properties,
    reason_of,
    resource_id,
    subnet_ranges,
    subnets_of,
    truth,
)
from .arm import Refusal
from .chain import allow_list_call


def computes_of(workspace: str, answers: Answers) -> Optional[tuple[Compute, ...]]:
    answer = answers.of("computes", f"{workspace}/computes", listing=True)
    if not isinstance(answer, list):
        answers.gap("computes", "computes of the workspace", reason_of(answer), "an AKS and an Arc cluster")
        return None
    spelled = _clusters_by_key(answer)
    computes = (_compute(item, spelled, answers) for item in answer)
    return tuple(sorted((compute for compute in computes if compute), key=lambda compute: compute.name))


def _clusters_by_key(computes: list[Any]) -> dict[str, str]:
    """The ids of the clusters behind computes, in the first spelling met, by their lower-case form."""
    spelled: dict[str, str] = {}
    for identifier in filter(None, map(cluster_id, computes)):
        spelled.setdefault(identifier.lower(), identifier)
    return spelled


def _compute(item: Any, spelled: Mapping[str, str], answers: Answers) -> Optional[Compute]:
    body = properties(item)
    name = label(item.get("name")) if isinstance(item, Mapping) else None
    kind = str(body.get("computeType") or "").lower()
    if name is not None and kind in ("aks", ""):
        why, assumed = "it is attached the retired way (computeType AKS), which this list does not cover", "nothing"
        if not kind:
            why, assumed = "its type is missing in ARM's answer", "an AKS and an Arc cluster"
        answers.gap("compute", f"compute {name}", why, assumed)
    if name is None or kind not in ("kubernetes", ""):
        return None
    settings = inner(body, "properties")
    default_type = inner(inner(settings, "instanceTypes"), str(settings.get("defaultInstanceType") or ""))
    selector = inner(default_type, "nodeSelector")
    identifier = cluster_id(item)
    if cluster_type_of(identifier) is None and kind:
        answers.gap("cluster", f"compute {name}", "it names no cluster of a known kind", "rows of AKS and of Arc")
    return Compute(
        name=name,
        cluster_id=spelled[identifier.lower()] if identifier else None,
        namespace=label(settings.get("namespace")),
        node_selector=tuple(sorted(f"{key}={value}" for key, value in selector.items() if is_line(f"{key}={value}"))),
    )


def clusters_of(workspace: str, answers: Answers, servicebus: str) -> tuple[Cluster, ...]:
    items = items_of(answers.of("computes", f"{workspace}/computes", listing=True))
    spelled = _clusters_by_key(items)
    known = [spelled[key] for key in sorted(spelled) if cluster_type_of(key)]
    return tuple(_cluster(identifier, items, answers, servicebus) for identifier in known)


def _cluster(identifier: str, computes: list[Any], answers: Answers, servicebus: str) -> Cluster:
    if cluster_type_of(identifier) is ClusterType.AKS:
        cluster = _aks(identifier, answers)
    else:
        of_cluster = (item for item in computes if (cluster_id(item) or "").lower() == identifier.lower())
        relay = _relay_of_extension(identifier, answers, servicebus)
        relay = relay or next(filter(None, map(_relay_of_compute, of_cluster)), None)
        cluster = replace(_arc(identifier, answers), relay_host=relay or _relay(identifier, computes, answers))
    return replace(_with_extension(cluster, identifier, answers), id=identifier)


def _relay_of_extension(identifier: str, answers: Answers, servicebus: str) -> Optional[str]:
    """The host of the Relay namespace that the extension's own settings name, which is the one it uses."""
    settings = inner(_extensions(identifier, answers).get(EXTENSION, {}), "configurationSettings")
    connection = {key.lower(): value for key, value in settings.items()}.get("relayserver.hybridconnectionresourceid")
    namespace = re.search(r"/namespaces/([^/]+)", resource_id(connection) or "", re.IGNORECASE)
    return host(f"{namespace[1]}.{servicebus}") if namespace else None


def _relay_of_compute(item: Any) -> Optional[str]:
    """The host of the Relay namespace, taken out of a connection string that is a secret and goes no further.

    Beside it stands that of a Service Bus namespace, which older versions of the extension had: another host.
    """
    settings = inner(properties(item), "properties")
    return host(connection_string(settings.get("relayConnectionString")).get("endpoint"))


def _aks(identifier: str, answers: Answers) -> Cluster:
    answer = answers.resource("aks", identifier)
    if not isinstance(answer, Mapping):
        what = "every row of an AKS cluster"
        answers.gap("cluster", f"AKS cluster {name_of(identifier)}", reason_of(answer), what, identifier)
        return Cluster(types=(ClusterType.AKS,), readable=False)
    body = properties(answer)
    pools = [pool for pool in items_of(body.get("agentPoolProfiles")) if isinstance(pool, Mapping)]
    access = inner(body, "apiServerAccessProfile")
    certificates = items_of(inner(body, "securityProfile").get("customCATrustCertificates"))
    subnets = tuple(sorted(set(subnets_of(body))))
    return Cluster(
        types=(ClusterType.AKS,),
        region=normal_region(answer.get("location")),
        api_server=host(body.get("fqdn")),
        private_api_server=host(body.get("privateFQDN")),
        private_cluster=truth(access.get("enablePrivateCluster")) or False,
        vnet_integration=truth(access.get("enableVnetIntegration")) or False,
        outbound_type=label(inner(body, "networkProfile").get("outboundType")),
        proxy=_proxy(inner(body, "httpProxyConfig")),
        subnets=subnets,
        source_addresses=_source_addresses(subnets, identifier, answers),
        gpu_nodes=_any_node(body, pools, _has_gpu),
        windows_nodes=_any_node(body, pools, _is_windows),
        own_authorities=len(certificates),
        authorities=tuple(filter(None, map(_base64, certificates))),
        **_switches(body),
        azure_rbac=truth(inner(body, "aadProfile").get("enableAzureRBAC")) or False,
    )


def _source_addresses(subnets: tuple[str, ...], cluster: str, answers: Answers) -> Optional[tuple[str, ...]]:
    """The ranges of the subnets that the cluster's traffic comes from; None where one of them is not known.

    Pods leave with an address of their nodes' subnet or of their own
    (https://learn.microsoft.com/azure/aks/concepts-network-cni-overview, 2026-11-24).
    """
    ranges: set[str] = set()
    unread = ""
    for subnet in subnets:
        answer = answers.resource("subnet", subnet)
        own = [] if isinstance(answer, Refusal) else subnet_ranges(properties(answer))
        if not own:
            why = reason_of(answer) if isinstance(answer, Refusal) else "ARM tells no range of it"
            unread, what = subnet, f"subnet {name_of(subnet)} of cluster {name_of(cluster)}"
            answers.gap("subnet", what, why, "not known where the cluster's traffic comes from", cluster)
        ranges.update(own)
    return None if unread or not ranges else tuple(sorted(ranges))


def _switches(body: Mapping[str, Any]) -> dict[str, Any]:
    """What is switched on beside the cluster itself: add-ons by their names, and profiles; all are off by default."""
    addons = {key.lower(): addon for key, addon in inner(body, "addonProfiles").items() if isinstance(addon, Mapping)}
    profiles = {
        "azure_policy": (addons.get("azurepolicy"),),
        "key_vault_csi": (addons.get("azurekeyvaultsecretsprovider"),),
        "monitoring": (addons.get("omsagent"), inner(inner(body, "azureMonitorProfile"), "metrics")),
        "defender": (inner(inner(inner(body, "securityProfile"), "defender"), "securityMonitoring"),),
    }
    return {name: any(truth((one or {}).get("enabled")) for one in some) for name, some in profiles.items()}


def _any_node(body: Mapping[str, Any], pools: list[Any], has: Callable[[Any], Optional[bool]]) -> Optional[bool]:
    """Whether any pool has it; None where no pool has it and some may, auto-provisioned nodes among them."""
    answers = {has(pool) for pool in pools}
    if True in answers:
        return True
    automatic = str(inner(body, "nodeProvisioningProfile").get("mode")).lower() == "auto"
    return None if None in answers or not pools or automatic else False


def _has_gpu(pool: Mapping[str, Any]) -> Optional[bool]:
    """VM sizes of the N family have GPUs, NP excepted: learn.microsoft.com/azure/aks/gpu-cluster (2026-11-23)."""
    manual = items_of(inner(inner(pool, "virtualMachinesProfile"), "scale").get("manual"))
    sizes = [pool.get("vmSize"), *(item.get("size") for item in manual if isinstance(item, Mapping))]
    known = [str(size).lower() for size in sizes if size]
    return any(re.match(r"standard_n[cdgv]", size) for size in known) if known else None


def _is_windows(pool: Mapping[str, Any]) -> Optional[bool]:
    kind = pool.get("osType")
    return str(kind).lower() == "windows" if kind else None


def _proxy(config: Mapping[str, Any]) -> Optional[Proxy]:
    """The proxy that is in force: none while it is switched off, and with the exceptions that AKS adds itself."""
    if truth(config.get("enabled")) is False or not (config.get("httpProxy") or config.get("httpsProxy")):
        return None
    exceptions = items_of(config.get("effectiveNoProxy")) or items_of(config.get("noProxy"))
    skip = (entry for entry in exceptions if isinstance(entry, str) and is_line(entry))
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
        answers.gap("cluster", f"connected cluster {name}", reason_of(answer), what, identifier)
        return Cluster(types=(ClusterType.ARC,), readable=False)
    body = properties(answer)
    # An AKS cluster that is connected to Arc needs both tables.
    on_aks = str(body.get("distribution") or "").lower() == "aks"
    region = normal_region(answer.get("location"))
    return Cluster(
        types=(ClusterType.AKS, ClusterType.ARC) if on_aks else (ClusterType.ARC,),
        region=region,
        arc_gateway=truth(inner(body, "gateway").get("enabled")) or False,
        azure_rbac=truth(inner(body, "aadProfile").get("enableAzureRBAC")),
        **dict.fromkeys(_SWITCHES, None if on_aks else False),  # what AKS itself runs was not asked
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
        answers.gap("relay", what, reason_of(answer), "the wildcard of all Service Bus names", identifier)
        return None
    made = [item for item in answer if isinstance(item, Mapping) and _made_by_extension(item)]
    namespaces = {host(properties(item).get("serviceBusEndpoint")) for item in made} - {None}
    return namespaces.pop() if len(namespaces) == 1 else None


def _group(identifier: str) -> str:
    """The resource group of an ARM id."""
    return "/".join(identifier.split("/")[:5])


def _made_by_extension(namespace: Mapping[str, Any]) -> bool:
    tags = {str(key).lower(): str(value).lower() for key, value in inner(namespace, "tags").items()}
    return "arc-enabled ml" in tags.get("created_by", "")


def _service_bus_hosts(region: Optional[str], cluster: str, answers: Answers) -> Optional[tuple[str, ...]]:
    asked = (allow_list_call(cloud, region) for cloud in Cloud)
    call = next((call for call in asked if call and call in answers.by_call), None)
    if call is None:
        return None
    answer = answers.by_call[call]
    names = hosts(answer)
    if isinstance(answer, Refusal) or not names or len(names) < len({name.lower() for name in answer}):
        why = answer if isinstance(answer, Refusal) else "Arc's allow-list API named something that is no host"
        what = f"Service Bus names of Arc in {region} (cluster {name_of(cluster)})"
        answers.gap("arc-allow-list", what, why, "the wildcard of all Service Bus names", cluster)
        return None
    return names


EXTENSION = "microsoft.azureml.kubernetes"
_SWITCHES = {
    "monitoring": {"microsoft.azuremonitor.containers", "microsoft.azuremonitor.containers.metrics"},
    "defender": {"microsoft.azuredefender.kubernetes"},
    "azure_policy": {"microsoft.policyinsights"},
    "key_vault_csi": {"microsoft.azurekeyvaultsecretsprovider"},
}
"""The extensions that switch something on in a cluster, whichever way it is known to Azure."""


def _extensions_answer(identifier: str, answers: Answers) -> Any:
    path = f"{identifier}/providers/Microsoft.KubernetesConfiguration/extensions"
    return answers.of("extensions", path, listing=True)


def _extensions(identifier: str, answers: Answers) -> dict[str, Mapping[str, Any]]:
    """The properties of the cluster's extensions by their type in lower case."""
    items = items_of(_extensions_answer(identifier, answers))
    return {str(properties(item).get("extensionType")).lower(): properties(item) for item in items}


def _switched(cluster: Cluster, switches: Mapping[str, Any]) -> Cluster:
    """The cluster with what is known of things that can be switched on in it."""
    return replace(cluster, **switches)


def _with_extension(cluster: Cluster, identifier: str, answers: Answers) -> Cluster:
    """The cluster with what its extensions say: training, inference, monitoring."""
    name, assumed = name_of(identifier), "training and inference both enabled"
    answer = _extensions_answer(identifier, answers)
    if not isinstance(answer, list):
        answers.gap("extensions", f"extensions of cluster {name}", reason_of(answer), assumed, identifier)
        # AKS has add-ons and profiles of its own for the others.
        asked = ("monitoring",) if cluster.types == (ClusterType.AKS,) else tuple(_SWITCHES)
        return _switched(cluster, {name: getattr(cluster, name) or None for name in asked})
    installed = _extensions(identifier, answers)
    cluster = _switched(cluster, {name: True for name, kinds in _SWITCHES.items() if kinds & set(installed)})
    extension = installed.get(EXTENSION)
    if extension is None:
        missing = "the Azure ML extension (Microsoft.AzureML.Kubernetes) is not among its extensions"
        answers.gap("extensions", f"cluster {name}", missing, assumed, identifier)
        return cluster
    settings = {key.lower(): truth(value) for key, value in inner(extension, "configurationSettings").items()}
    training, inference = settings.get("enabletraining"), settings.get("enableinference")
    if training is None and inference is None:
        answers.gap(
            "extensions", f"cluster {name}", "its Azure ML extension does not say what it does", assumed, identifier
        )
        return cluster
    # Either is off unless it is switched on: how-to-deploy-kubernetes-extension on learn.microsoft.com (2026-11-23).
    return replace(cluster, training=training or False, inference=inference or False)
