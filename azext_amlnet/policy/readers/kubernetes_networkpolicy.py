"""Kubernetes' own NetworkPolicy without Cilium beside it: addresses and ports, and no names.

Policies add up; one that has egress among its types denies its pods what none allows
(https://kubernetes.io/docs/concepts/services-networking/network-policies/, 2026-11-26).
"""

from __future__ import annotations

from typing import Iterator, Sequence

from ...errors import UsageError
from ..documents import Document
from ..model import Policy, unread_of
from ..pods import Pods
from ._cilium_dns import with_dns
from ._kubernetes import namespace_of
from ._network_policy import asks_dns, denies_the_rest, network_policies
from ._selection import beside_pods, network_parts, network_rules, taken_to_be_ours

OF_PODS = True


def claims(document: Document) -> bool:
    """Whether one of its objects is such a policy."""
    return any(network_policies(document))


def read(documents: Sequence[Document], pods: Pods) -> Iterator[Policy]:
    """One policy of all objects: they add up."""
    name = ", ".join(document.name for document in documents)
    items = [item for document in documents for item in network_policies(document)]
    for document in documents:
        if not any(network_policies(document)):
            hint = "Give the objects that kubectl get networkpolicy -o yaml prints."
            raise UsageError(f"There is no NetworkPolicy in {document.name}.", hint)
    several = len({namespace_of(item) for item in items} - {""}) > 1
    parts = network_parts(items, pods, several)
    open_to_all = any(asks_dns(part.item) for part in parts if not part.why)
    rules = tuple(with_dns((), (rule for part in parts for rule in network_rules(part)), open_to_all))
    default = not any(denies_the_rest(part.spec) for part in parts)
    notes, assumed = tuple(beside_pods(name, items, pods)), tuple(taken_to_be_ours(name, parts))
    yield Policy(
        name,
        "kubernetes-networkpolicy",
        rules,
        default=default,
        private=True,
        notes=notes,
        assumptions=assumed,
        unread=unread_of(name, rules),
    )
