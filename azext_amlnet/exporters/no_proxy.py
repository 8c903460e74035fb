"""The skip list that a cluster behind a proxy needs: what must never go through the proxy."""

from __future__ import annotations

from typing import Iterator, Sequence

from ..model import Kind, Requirement
from ..text import few
from ._matcher import LIST
from ._text import Context, comments, header, private_for

SUMMARY = "NO_PROXY for a cluster: loopback, cluster names, private endpoints"
MATCHER = LIST

# Loopback, the cluster's own names, Azure's metadata service and its platform address, which no proxy can stand for:
# https://learn.microsoft.com/azure/aks/http-proxy and
# https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16 (2026-11-23)
_ALWAYS = ("localhost", "127.0.0.1", ".svc", ".svc.cluster.local", "kubernetes.default.svc")
_PLATFORM = ("169.254.169.254", "168.63.129.16")


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """What no fact tells."""
    yield "the service CIDR and the pod CIDR of the cluster: add them, such as 10.0.0.0/16."
    for row in rows:
        if row.private and row.kind is Kind.WILDCARD:
            yield f"{row.host}: clients read wildcards differently; name the hosts below it."
        if private_for(row):
            whose = few(private_for(row), 3)
            yield f"{row.host}: private for {whose} only, so it is left out: add it there, and not for the others."


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """Comments and one line, entries that Go's and Python's clients and curl read alike."""
    private = {row.host: row.workspaces for row in rows if row.private and row.kind is not Kind.WILDCARD}
    some = {host: whose for host, whose in private.items() if len(whose) < len(context.workspaces)}
    notes = (f"{host} is needed by {few(whose, 12)} only." for host, whose in some.items() if whose)
    return comments("#", (*header(context, lost), *notes)) + ",".join((*_ALWAYS, *_PLATFORM, *private)) + "\n"
