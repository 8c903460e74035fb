"""Whose traffic is asked about in a cluster: the namespace and the labels of the pods of jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator, Mapping, Optional

from ..errors import UsageError


@dataclass(frozen=True)
class Pods:
    """The pods of jobs, as far as somebody tells; a label with an empty value is one that they do not have."""

    namespace: str = ""
    labels: Optional[Mapping[str, str]] = None


def pods_of(namespace: Optional[str], labels: tuple[str, ...]) -> Pods:
    """The pods of --namespace and --pod-labels; raises UsageError for what is no `key=value`."""
    pairs = [label.partition("=") for label in labels]
    odd = next((label for label, (key, sign, _) in zip(labels, pairs, strict=True) if not (key and sign)), None)
    if odd is not None:
        raise UsageError(f"--pod-labels takes key=value, not '{odd[:60]}'.", "For example --pod-labels app=trainer.")
    return Pods(namespace or "", {key: value for key, _, value in pairs} if labels else None)


_NAMESPACE = "io.kubernetes.pod.namespace"


@dataclass(frozen=True)
class Selection:
    """Whether a selector selects the pods: None where that depends on what is `asked` for and not told."""

    holds: Optional[bool]
    asked: tuple[str, ...] = ()


def selected(selector: Any, pods: Pods) -> Selection:
    """What a label selector makes of the pods; none, or one without requirements, selects all.

    https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors and, for the sources of
    labels (`k8s:`, `any:`), https://docs.cilium.io/en/stable/security/policy/kubernetes/ (2026-11-26).
    """
    held = [(key, _held(key, operator, values, pods)) for key, operator, values in _requirements(selector)]
    if any(holds is False for _, holds in held):
        return Selection(False)
    asked = tuple(dict.fromkeys(key for key, holds in held if holds is None))
    return Selection(None, asked) if asked else Selection(True)


def _requirements(selector: Any) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """The requirements of a selector, all of which have to hold; one that is not understood as itself."""
    if not isinstance(selector, Mapping):
        if selector is not None:
            yield "(not read)", "", ()
        return
    for part, value in selector.items():
        if part == "matchLabels" and isinstance(value, Mapping):
            yield from ((str(key), "In", (str(item),)) for key, item in value.items())
        elif part == "matchExpressions" and isinstance(value, list):
            yield from (_expression(item) for item in value)
        elif value:
            yield str(part), "", ()


def _expression(item: Any) -> tuple[str, str, tuple[str, ...]]:
    if not isinstance(item, Mapping) or not isinstance(item.get("values"), (list, type(None))):
        return "(not read)", "", ()
    return str(item.get("key")), str(item.get("operator")), tuple(map(str, item.get("values") or ()))


def _held(key: str, operator: str, values: tuple[str, ...], pods: Pods) -> Optional[bool]:
    value = _value(key, pods)
    if value is None:
        return None
    holds = {"In": value in values, "NotIn": value not in values, "Exists": value != "", "DoesNotExist": value == ""}
    return holds.get(operator)


def _value(key: str, pods: Pods) -> Optional[str]:
    """The value of a label, empty where the pods do not have it; None where that is not known."""
    source, sign, name = key.partition(":")
    name = name if sign and source in ("k8s", "any") else key
    if name == _NAMESPACE:
        return pods.namespace or None
    return (pods.labels or {}).get(name)
