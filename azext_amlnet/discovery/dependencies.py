"""Answers of Azure's own dependency lists → their lines. Pure."""

from __future__ import annotations

import re
from typing import Any, Callable, Iterable, Iterator, Mapping, Optional

from ..model import Cluster, Dependency, Origin, Protocol
from ..text import is_address, is_host, is_line, is_wildcard
from .answers import Answers, items_of, name_of, properties
from .arm import Refusal


def dependencies_of(workspace: str, clusters: Iterable[Cluster], answers: Answers) -> Iterator[Dependency]:
    path = f"{workspace}/outboundNetworkDependenciesEndpoints"
    answer = answers.of("workspace-dependencies", path, listing=True)
    what = "the catalog's rows alone, without Azure's own list beside them"
    if isinstance(answer, Refusal):
        answers.gap("workspace-dependencies", "Azure's dependency list of the workspace", answer, what)
    yield from _readable(_listed(Origin.WORKSPACE, answer, properties, None), "the workspace", answers)
    for cluster in clusters:
        listing = answers.of("aks-dependencies", f"{cluster.id}/outboundNetworkDependenciesEndpoints", listing=True)
        if isinstance(listing, Refusal):
            name = name_of(str(cluster.id))
            listed = f"Azure's dependency list of AKS cluster {name}"
            answers.gap("aks-dependencies", listed, listing, what, cluster.id)
        lines = _listed(Origin.AKS, listing, lambda item: item, cluster.id)
        yield from _readable(lines, f"AKS cluster {name_of(str(cluster.id))}", answers)


def _readable(lines: Iterable[Optional[Dependency]], whose: str, answers: Answers) -> tuple[Dependency, ...]:
    """The lines that could be read, each once; those that could not are counted as a gap."""
    dependencies = list(lines)
    unread = dependencies.count(None)
    if unread:
        why = f"{unread} of its lines could not be read"
        answers.gap("dependencies", f"Azure's dependency list of {whose}", why, "the catalog's rows")
    return tuple(dict.fromkeys(line for line in dependencies if line is not None))


_PORTS = {443: Protocol.HTTPS, 80: Protocol.HTTP, 445: Protocol.SMB}


def _listed(
    origin: Origin, items: Any, unwrap: Callable[[Any], Any], cluster: Optional[str]
) -> Iterator[Optional[Dependency]]:
    """The lines of a list, None for each that cannot be read.

    The Azure ML list wraps each item in `properties`, the AKS list does not.
    """
    for item in items_of(items):
        category = unwrap(item)
        category = category if isinstance(category, Mapping) else {}
        text = str(category.get("category") or "")
        for endpoint in items_of(category.get("endpoints")):
            fields = endpoint if isinstance(endpoint, Mapping) else {}
            name = str(fields.get("domainName", "")).strip().lower()
            good = is_host(name) or is_wildcard(name) or is_address(name)
            for detail in items_of(fields.get("endpointDetails")) or [{"port": 443}]:
                port, protocol = _port_of(detail)
                line = Dependency(origin, name, port, protocol, text if is_line(text) else "", cluster)
                yield line if good and port else None


def _port_of(detail: Any) -> tuple[int, Protocol]:
    """Port (0 for none that can be read) and protocol of a line's detail."""
    fields = detail if isinstance(detail, Mapping) else {}
    port = int(fields["port"]) if re.fullmatch(r"[0-9]{1,5}", str(fields.get("port"))) else 0
    plain = str(fields.get("protocol") or "").lower()
    named = Protocol.UDP if plain == "udp" else _PORTS.get(port, Protocol.TCP)
    return (port if port < 65536 else 0), named
