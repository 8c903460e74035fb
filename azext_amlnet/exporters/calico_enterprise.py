"""A NetworkPolicy of Calico Enterprise or Calico Cloud: egress to names. Open-source Calico has no names.

https://docs.tigera.io/calico-enterprise/latest/network-policy/domain-based-policy (2026-11-27): `*` as a whole part
of a name stands for one part or more; names are allowed in egress rules that allow.
"""

from __future__ import annotations

import json
from typing import Any, Iterator, Sequence

from ..model import Kind, Protocol, Requirement
from ._matcher import Matcher
from ._text import Context, comments, header, no_tags, object_limits, why

SUMMARY = "a NetworkPolicy of Calico Enterprise or Cloud with names, and the rule for DNS that they need"
MATCHER = Matcher(private=True)
_DNS: tuple[dict[str, Any], ...] = tuple(
    {
        "action": "Allow",
        "protocol": protocol,
        "destination": {"namespaceSelector": "kubernetes.io/metadata.name == 'kube-system'",
                        "selector": "k8s-app == 'kube-dns'", "ports": [53]},
    }
    for protocol in ("UDP", "TCP")
)  # fmt: skip


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """What does not know names, and for whom a policy of pods does not hold."""
    yield "it needs Calico Enterprise or Calico Cloud: open-source Calico, which AKS brings, knows no names."
    yield "what nodes need for themselves: a policy of pods does not hold for kubelet and containerd."
    yield "a policy that selects pods denies them all other egress: put what else they need into it or beside it."
    yield "names that share an address are all let through, since rules hold for what trusted DNS servers answer."
    yield from no_tags(rows, "Calico")


def limits(rows: Sequence[Requirement], context: Context) -> Iterator[str]:
    """How long one policy may be."""
    yield from object_limits(_rule(row) for row in rows if row.kind is not Kind.SERVICE_TAG)


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """YAML, each rule in JSON's flow style, which is YAML, too, and cannot be broken out of."""
    parts = [comments("#", header(context, lost))]
    parts.append(
        f"apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata:\n  name: {context.name}\nspec:\n"
        "  selector: all()\n  types: [Egress]\n  egress:\n"
    )
    parts += [f"  - {json.dumps(rule)}\n" for rule in _DNS]
    for row in rows:
        if row.kind is not Kind.SERVICE_TAG:
            parts.append(f"  {comments('#', [why(row)])}  - {json.dumps(_rule(row))}\n")
    return "".join(parts)


def _rule(row: Requirement) -> dict[str, Any]:
    to = {"nets": [f"{row.host}/32"]} if row.kind is Kind.IP else {"domains": [row.host]}
    protocol = "UDP" if row.protocol is Protocol.UDP else "TCP"
    return {"action": "Allow", "protocol": protocol, "destination": {**to, "ports": [row.port]}}
