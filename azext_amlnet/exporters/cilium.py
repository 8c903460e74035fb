"""A CiliumNetworkPolicy: egress to the names, with the DNS rule that names need.

https://docs.cilium.io/en/stable/security/policy/language/#dns-based (2026-11-23)
"""

from __future__ import annotations

import json
from typing import Any, Iterator, Sequence

from ..model import Kind, Protocol, Requirement
from ._matcher import Matcher, Reach
from ._text import Context, comments, header, no_tags, object_limits, why

SUMMARY = "a CiliumNetworkPolicy with toFQDNs and the DNS rule that it needs"
MATCHER = Matcher(Reach.ONE_LABEL, private=True)
"""What private endpoints serve leaves the pod as well, and has rules, too."""

_DNS: dict[str, Any] = {
    "toEndpoints": [{"matchLabels": {"k8s:io.kubernetes.pod.namespace": "kube-system", "k8s:k8s-app": "kube-dns"}}],
    "toPorts": [{"ports": [{"port": "53", "protocol": "ANY"}], "rules": {"dns": [{"matchPattern": "*"}]}}],
}


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """What only nodes need."""
    yield "what nodes need for themselves: a policy of pods does not hold for kubelet and containerd."
    yield from no_tags(rows, "Cilium")


def limits(rows: Sequence[Requirement], context: Context) -> Iterator[str]:
    """How long one policy may be."""
    yield from object_limits(_rule(row) for row in rows if row.kind is not Kind.SERVICE_TAG)


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """YAML, each rule in JSON's flow style, which is YAML, too, and cannot be broken out of."""
    parts = [comments("#", [*header(context, lost), *_private_notes(rows)])]
    parts.append(f"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: {context.name}\nspec:\n")
    parts.append(f"  endpointSelector: {{}}\n  egress:\n  - {json.dumps(_DNS)}\n")
    for row in rows:
        if row.kind is not Kind.SERVICE_TAG:
            parts.append("  " + comments("#", [why(row)]) + f"  - {json.dumps(_rule(row))}\n")
    return "".join(parts)


def _private_notes(rows: Sequence[Requirement]) -> Iterator[str]:
    for row in rows:
        if row.private:
            yield f"{row.host} is served by a private endpoint: it must resolve privately, and pods need the rule, too."


def _rule(row: Requirement) -> dict[str, Any]:
    protocol = "UDP" if row.protocol is Protocol.UDP else "TCP"
    ports = {"toPorts": [{"ports": [{"port": str(row.port), "protocol": protocol}]}]}
    if row.kind is Kind.IP:
        return {"toCIDR": [f"{row.host}/32"], **ports}
    match = {"matchPattern": row.host} if row.kind is Kind.WILDCARD else {"matchName": row.host}
    return {"toFQDNs": [match], **ports}
