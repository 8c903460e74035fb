"""Which policies of a cluster are for the pods of jobs, and of which that cannot be determined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Iterator, Optional, Sequence

from ..conditions import Perhaps
from ..model import Rule
from ..pods import Pods, selected
from ..unknowns import Doubt
from ._kubernetes import named, namespace_of
from ._network_policy import odd_part, rules_of, spec_of


@dataclass(frozen=True)
class Part:
    """One policy, or one spec of it: why it may not hold for the pods of jobs, and what to do about that."""

    item: Mapping[str, Any]
    spec: Mapping[str, Any]
    why: str = ""
    hint: str = ""
    of: Doubt = Doubt.PODS
    network: bool = False


def part_of(
    item: Mapping[str, Any], spec: Mapping[str, Any], namespace: str, selector: Any, pods: Pods, several: bool
) -> Optional[Part]:
    """A policy with why it may not hold for the pods of jobs; None for one that does not."""
    if namespace and pods.namespace and namespace != pods.namespace:
        return None
    whose = replace(pods, namespace=pods.namespace or namespace)
    selection = selected(selector, whose)
    if selection.holds is False:
        return None
    if several and namespace and not pods.namespace:
        hint = "Say with --namespace which namespace the jobs are in."
        return Part(item, spec, f"it is for namespace {namespace}, one of several here", hint)
    if selection.holds is None:
        keys = ", ".join(selection.asked[:3])[:80]
        hint = f"Say with --pod-labels which labels the pods of jobs have ({keys}); KEY= for one that they do not have."
        return Part(item, spec, f"it is for pods that it selects by labels ({keys})", hint)
    return Part(item, spec)


def network_parts(items: Sequence[Mapping[str, Any]], pods: Pods, several: bool) -> list[Part]:
    """Kubernetes' own policies that are for the pods of jobs, or may be."""
    parts = [part_of(item, spec_of(item), namespace_of(item), spec_of(item).get("podSelector"), pods, several)
             for item in items]  # fmt: skip
    return [replace(part, network=True) for part in parts if part]


def network_rules(part: Part) -> Iterator[Rule]:
    """What one of Kubernetes' own policies allows, in doubt where it may be for other pods."""
    odd = odd_part(part.item)
    if odd:
        yield Rule(named(part.item), None, (), "has", odd[:60], unread=f"'{odd[:60]}' is not Kubernetes' there")
    for rule in rules_of(part.item):
        doubtful = tuple(Perhaps(condition, part.why, part.hint, part.of) for condition in rule.conditions)
        yield replace(rule, conditions=doubtful) if part.why else rule


def beside_pods(name: str, items: Sequence[Mapping[str, Any]], pods: Pods) -> Iterator[str]:
    """What is to be said of whose pods policies are for."""
    spaces = sorted({namespace_of(item) for item in items} - {""})
    if len(spaces) == 1 and not pods.namespace:
        yield f"{name} is for the pods of namespace {spaces[0]}."
    if pods.namespace and spaces and pods.namespace not in spaces:
        yield f"{name} has no policy for namespace {pods.namespace}: {', '.join(spaces[:3])}."


def taken_to_be_ours(name: str, parts: Sequence[Part]) -> Iterator[str]:
    """What is taken for granted of policies that select pods by labels that nobody tells."""
    hints = dict.fromkeys(part.hint for part in parts if part.why and part.of is Doubt.PODS)
    for hint in hints:
        yield f"Policies in {name} that select some pods are taken to be for those of jobs. {hint}"
