"""Which attached compute a context of a kubeconfig is: matched by the host of its API server. Pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from typing import Any, Mapping, Optional, Sequence
from urllib.parse import urlsplit

from ..errors import UsageError
from ..model import Cluster, ClusterType, Compute, Scope, Workspace
from ..text import ANY


@dataclass(frozen=True)
class ClusterContext:
    """The context of a kubeconfig that a probe runs in, and the compute that it is, as far as that can be told.

    `doubts` are to be said of the choice.
    """

    name: str
    namespace: Optional[str]
    compute: Optional[Compute] = None
    cluster: Optional[Cluster] = None
    doubts: tuple[str, ...] = ()

    def narrowed(self, scope: Scope) -> Scope:
        """The scope of the one compute that this context is."""
        return replace(scope, computes=(self.compute.name,)) if self.compute else scope


@dataclass(frozen=True)
class _Candidate:
    name: str
    host: str
    namespace: Optional[str]

    @property
    def tunnel(self) -> bool:
        """Whether the API server is reached through something on this machine, as with az connectedk8s proxy."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def context_of(
    config: Mapping[str, Any], wanted: Optional[str], facts: Optional[Workspace], computes: Sequence[str]
) -> ClusterContext:
    """The context to use, and the compute that it is, None where no compute is attached or no workspace is known.

    Raises UsageError when there is no such context, or when it could be any of several computes.
    """
    contexts = _contexts(config)
    asked = _asked(facts, computes)
    context = _context(contexts, config.get("current-context") or None, wanted, facts, asked)
    if facts is None or not asked:
        return ClusterContext(context.name, context.namespace)
    matching = [compute for compute in asked if context.host in _hosts(facts, compute)]
    if len(matching or asked) > 1:
        names = ", ".join(compute.name for compute in matching or asked)
        what = f"The context '{context.name}' ({context.host}) could be any of the attached computes {names}."
        raise UsageError(what, "Say which with --compute NAME.")
    compute = (matching or asked)[0]
    _refuse_another(facts, context, compute, bool(wanted and computes))
    cluster = _cluster(facts, compute)
    return ClusterContext(context.name, context.namespace, compute, cluster, tuple(_doubts(facts, context, compute)))


def without_cluster(facts: Optional[Workspace], computes: Sequence[str]) -> ClusterContext:
    """The context of somebody who has no kubeconfig, and only makes or reads what another one applies."""
    asked = _asked(facts, computes)
    if len(asked) > 1:
        raise UsageError(f"The workspace has several computes: {', '.join(c.name for c in asked)}.", "Give --compute.")
    compute = asked[0] if asked else None
    return ClusterContext("", None, compute, _cluster(facts, compute) if facts and compute else None)


def _refuse_another(facts: Workspace, context: _Candidate, compute: Compute, insisted: bool) -> None:
    """Raises UsageError for a context that is surely another cluster than the compute's."""
    others = [c.name for c in facts.computes or () if c.name != compute.name and context.host in _hosts(facts, c)]
    hosts = _hosts(facts, compute)
    if context.host in hosts or context.tunnel:
        return
    if others or (hosts and not insisted):
        whose = f"compute '{others[0]}'" if others else f"{context.host}"
        what = f"The context '{context.name}' is {whose}, not compute '{compute.name}'"
        known = f" ({', '.join(sorted(hosts))})" if hosts else ""
        raise UsageError(f"{what}{known}.", _how(facts, [compute]))


def _contexts(config: Mapping[str, Any]) -> dict[str, _Candidate]:
    servers = {c.get("name"): (c.get("cluster") or {}).get("server", "") for c in config.get("clusters") or ()}
    candidates = {}
    for entry in config.get("contexts") or ():
        inner = entry.get("context") or {}
        name = str(entry.get("name"))
        candidates[name] = _Candidate(
            name, _host(servers.get(inner.get("cluster"), "")), inner.get("namespace") or None
        )
    return candidates


def _host(server: str) -> str:
    try:
        return (urlsplit(server).hostname or "").lower()
    except ValueError:
        return ""


def _asked(facts: Optional[Workspace], computes: Sequence[str]) -> tuple[Compute, ...]:
    wanted = {name.lower() for name in computes if not name.endswith(f"/{ANY}")}  # which is all of the workspace
    attached = (facts.computes or ()) if facts else ()
    return tuple(compute for compute in attached if not wanted or compute.name.lower() in wanted)


def _context(
    contexts: Mapping[str, _Candidate],
    current: Optional[str],
    wanted: Optional[str],
    facts: Optional[Workspace],
    asked: Sequence[Compute],
) -> _Candidate:
    """The named one, else one whose server is the single compute's, else the current one."""
    if wanted is not None:
        if wanted not in contexts:
            known = ", ".join(contexts) or "none"
            raise UsageError(f"The kubeconfig has no context '{wanted}'; it has: {known}.", _how(facts, asked))
        return contexts[wanted]
    now = contexts.get(current or "")
    hosts = _hosts(facts, asked[0]) if facts and len(asked) == 1 else frozenset()
    if hosts and (now is None or not (now.host in hosts or now.tunnel)):
        of_compute = next((context for context in contexts.values() if context.host in hosts), None)
        if of_compute is None:
            what = f"The kubeconfig has no context for compute '{asked[0].name}' ({', '.join(sorted(hosts))})."
            raise UsageError(what, _how(facts, asked))
        return of_compute
    if now is None:
        raise UsageError("The kubeconfig has no current context.", _how(facts, asked))
    return now


def _cluster(facts: Workspace, compute: Compute) -> Optional[Cluster]:
    wanted = (compute.cluster_id or "").lower()
    return next((cluster for cluster in facts.clusters if wanted and (cluster.id or "").lower() == wanted), None)


def _hosts(facts: Optional[Workspace], compute: Compute) -> frozenset[str]:
    cluster = _cluster(facts, compute) if facts else None
    names = (cluster.api_server, cluster.private_api_server) if cluster else ()
    return frozenset(name.lower() for name in names if name)


def _doubts(facts: Workspace, context: _Candidate, compute: Compute) -> list[str]:
    """What is to be said where the context could not be matched with the compute."""
    if context.host in _hosts(facts, compute):
        return []
    return [
        f"Whether the context '{context.name}' ({context.host}) is compute '{compute.name}' could not be determined by "
        "its API server; its rows are tested there all the same."
    ]


def _how(facts: Optional[Workspace], asked: Sequence[Compute]) -> str:
    """How to get a context of the computes that are asked about."""
    lines = []
    for compute in asked:
        parts = (compute.cluster_id or "").split("/")
        if facts is None or len(parts) < 9:
            continue
        names = f"--subscription {parts[2]} --resource-group {parts[4]} --name {parts[8]}"
        cluster = _cluster(facts, compute)
        arc = cluster is not None and ClusterType.ARC in cluster.types
        lines.append(f"az connectedk8s proxy {names}" if arc else f"az aks get-credentials {names}")
    return f"Get one: {' or '.join(lines)}" if lines else "Get one: az aks get-credentials or az connectedk8s proxy."
