"""The objects of a probe in a cluster: a Job, the ConfigMap with prober and targets, and a Secret for a proxy. Pure.

The pod satisfies the Pod Security level *restricted* and carries what it needs; nothing is downloaded
(https://kubernetes.io/docs/concepts/security/pod-security-standards, 2026-11-23).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Optional

from .. import prober
from ..errors import UsageError

IMAGE = "mcr.microsoft.com/azurelinux/base/python:3.12"
RUN_LABEL = "amlnet.azure.com/run"
CPU_REQUEST, CPU_LIMIT, MEMORY = "250m", "500m", "256Mi"
TTL_S = 300
_MOST_BYTES = 1_000_000  # etcd takes objects of 1 MiB at most


@dataclass(frozen=True)
class PodSettings:
    """How the pod is to be: image, where it lands, what it may take."""

    namespace: str
    image: str = IMAGE
    pull_policy: str = "IfNotPresent"
    image_pull_secrets: tuple[str, ...] = ()
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ()
    proxy: Mapping[str, str] = field(default_factory=dict)
    cpu_limit: bool = False
    deadline_s: int = 600


def job(name: str, run: str, settings: PodSettings, suspended: bool = True) -> dict[str, Any]:
    """The Job of one pod; created suspended, so that it can own what its pod needs before the pod exists."""
    labels = {"app.kubernetes.io/name": "amlnet", "app.kubernetes.io/managed-by": "az-ml-network", RUN_LABEL: run}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": settings.namespace, "labels": labels},
        "spec": {
            **({"suspend": True} if suspended else {}),
            "backoffLimit": 0,
            "ttlSecondsAfterFinished": TTL_S,
            "activeDeadlineSeconds": settings.deadline_s,
            "template": {"metadata": {"labels": labels}, "spec": _pod(run, settings)},
        },
    }


def cron_job(run: str, settings: PodSettings, schedule: str, time_zone: str) -> dict[str, Any]:
    """The same Job by a schedule: never two at a time, and none that is late by more than its own deadline.

    https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs (2026-11-27); time zones since 1.27. A run's log
    stays with its pod, so jobs are kept by number and not by time.
    """
    once = job(run, run, settings, suspended=False)
    template = {name: value for name, value in once["spec"].items() if name != "ttlSecondsAfterFinished"}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": once["metadata"],
        "spec": {
            "schedule": schedule,
            "timeZone": time_zone,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": settings.deadline_s,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {"metadata": {"labels": once["metadata"]["labels"]}, "spec": template},
        },
    }


def _pod(run: str, settings: PodSettings) -> dict[str, Any]:
    limits = {"memory": MEMORY, **({"cpu": CPU_LIMIT} if settings.cpu_limit else {})}
    container = {
        "name": "probe",
        "image": settings.image,
        "imagePullPolicy": settings.pull_policy,
        "command": ["python3", "-I", "-S", "-u", "/amlnet/prober.py", "/amlnet/request.json"],
        "env": [_from_secret(run, name) for name in settings.proxy],
        "resources": {"requests": {"cpu": CPU_REQUEST, "memory": MEMORY}, "limits": limits},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "amlnet", "mountPath": "/amlnet", "readOnly": True}],
    }
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "nodeSelector": {"kubernetes.io/os": "linux", **settings.node_selector},
        "tolerations": list(settings.tolerations),
        "imagePullSecrets": [{"name": name} for name in settings.image_pull_secrets],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "amlnet", "configMap": {"name": run}}],
    }


def _from_secret(run: str, name: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": run, "key": name}}}


def belongings(
    run: str, settings: PodSettings, request: Mapping[str, Any], owners: tuple[Mapping[str, Any], ...] = ()
) -> list[dict[str, Any]]:
    """The ConfigMap, and the Secret where a proxy is added, owned by the jobs so that they go with them.

    Raises UsageError for a list that does not fit into a ConfigMap.
    """
    metadata: dict[str, Any] = {
        "name": run,
        "namespace": settings.namespace,
        "labels": {"app.kubernetes.io/name": "amlnet", RUN_LABEL: run},
    }
    if owners:
        metadata["ownerReferences"] = [_owner(owner) for owner in owners]
    source = Path(prober.__file__).read_text(encoding="utf-8")
    data = {"prober.py": source, "request.json": json.dumps(request, sort_keys=True)}
    if sum(len(text.encode()) for text in data.values()) > _MOST_BYTES:
        what = f"The list of {len(request['targets'])} endpoints does not fit into a ConfigMap (1 MB)."
        raise UsageError(what, "Choose fewer rows with --level, --scenario or --exclude.")
    objects = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}]
    if settings.proxy:
        secret = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata}
        objects.append({**secret, "stringData": dict(settings.proxy)})
    return objects


def _owner(owner: Mapping[str, Any]) -> dict[str, Any]:
    metadata = owner["metadata"]
    return {"apiVersion": "batch/v1", "kind": "Job", "name": metadata["name"], "uid": metadata["uid"]}


def tolerations_of(
    workspace: Optional[str], resource_group: Optional[str], compute: Optional[str]
) -> list[dict[str, Any]]:
    """The taints that a workload of this compute tolerates.

    https://learn.microsoft.com/azure/machine-learning/reference-kubernetes (2026-11-23)
    """
    known = [("amlarc", "true"), ("amlarc-workload", "true"), ("resource-group", resource_group)]
    known += [("workspace", workspace), ("compute", compute)]
    return [toleration(f"ml.azure.com/{key}", value) for key, value in known if value is not None]


def toleration(key: str, value: Optional[str], effect: str = "") -> dict[str, Any]:
    """A toleration of a taint: of any value when there is none, of any effect when that is empty."""
    any_value = {"key": key, "operator": "Exists"}
    matching = any_value if value is None else {"key": key, "operator": "Equal", "value": value}
    return {**matching, "effect": effect} if effect else matching
