"""Nodes → where pods are to land: one on each pool, or on a node that has an image with Python already. Pure."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Iterator, Mapping, Optional

from . import Object
from .pod import PodSettings, toleration

_POOL_LABELS = (
    "kubernetes.azure.com/agentpool",
    "agentpool",
    "eks.amazonaws.com/nodegroup",
    "cloud.google.com/gke-nodepool",
    "node.kubernetes.io/instance-type",
)


def pools_of(nodes: list[Object], settings: PodSettings) -> tuple[dict[str, PodSettings], list[str]]:
    """The settings for a pod on each pool of Linux nodes, taints tolerated, and what is said of pools left out."""
    groups: dict[tuple[str, str], list[Object]] = {}
    for node in filter(_is_linux, nodes):
        labels = _labels(node)
        if settings.node_selector.items() <= labels.items():
            label = next((label for label in _POOL_LABELS if label in labels), "kubernetes.io/hostname")
            groups.setdefault((label, str(labels.get(label))), []).append(node)
    pools, remarks = {}, []
    for (label, value), members in sorted(groups.items()):
        open_ = [node for node in members if _takes_pods(node)]
        if not open_:
            remarks.append(f"Pool {value} was left out: its nodes are cordoned or not ready.")
            continue
        every = ((t.get("key"), t.get("value") or None, t.get("effect")) for node in open_ for t in _taints(node))
        taints = dict.fromkeys(every)
        tolerations = (*settings.tolerations, *itertools.starmap(toleration, taints))
        selector = {**settings.node_selector, label: value}
        pools[value] = replace(settings, node_selector=selector, tolerations=tolerations)
    return pools, remarks


def _labels(node: Object) -> Mapping[str, str]:
    return (node.get("metadata") or {}).get("labels") or {}


def _is_linux(node: Object) -> bool:
    return _labels(node).get("kubernetes.io/os", "linux") == "linux"


def _takes_pods(node: Object) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    ready = all(c.get("status") == "True" for c in conditions if c.get("type") == "Ready")
    return ready and not (node.get("spec") or {}).get("unschedulable")


def _taints(node: Object) -> Iterator[Object]:
    """The taints that people set; those of a node's condition are no pool's."""
    for taint in (node.get("spec") or {}).get("taints") or ():
        key = str(taint.get("key"))
        if not key.startswith("node.kubernetes.io/") and key != "ToBeDeletedByClusterAutoscaler":
            yield taint


_WITH_PYTHON = re.compile(r"(?:\A|/)python(?:[:@]|\Z)|/azureml/|/python:[0-9]")


def image_on_a_node(nodes: list[Object], settings: PodSettings) -> Optional[PodSettings]:
    """The settings with an image with Python that a node has already, where the pod may land there."""
    for node in filter(_takes_pods, filter(_is_linux, nodes)):
        labels = _labels(node)
        tolerated = all(any(_covers(t, taint) for t in settings.tolerations) for taint in _taints(node))
        if not tolerated or not settings.node_selector.items() <= labels.items():
            continue
        names = [name for image in (node.get("status") or {}).get("images") or () for name in image.get("names") or ()]
        with_python = sorted((name for name in names if _WITH_PYTHON.search(name)), key=lambda name: "@" in name)
        if with_python and "kubernetes.io/hostname" in labels:
            selector = {**settings.node_selector, "kubernetes.io/hostname": labels["kubernetes.io/hostname"]}
            return replace(settings, image=with_python[0], pull_policy="Never", node_selector=selector)
    return None


def _covers(toleration: Object, taint: Object) -> bool:
    """Whether a toleration covers a taint."""
    if toleration.get("effect") not in (None, taint.get("effect")) or toleration.get("key") != taint.get("key"):
        return taint.get("effect") == "PreferNoSchedule"
    return toleration.get("operator") == "Exists" or toleration.get("value") == taint.get("value")
