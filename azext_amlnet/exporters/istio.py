"""Istio's ServiceEntries: the outside hosts that a mesh knows.

https://istio.io/latest/docs/reference/config/networking/service-entry/ (2026-11-27): at most 256 hosts an entry; with
resolution NONE a port without TLS or HTTP would be open to every address, so such rows get no entry.
"""

from __future__ import annotations

import json
from typing import Iterator, Sequence

from ..model import Kind, Protocol, Requirement
from ..text import few
from ._matcher import Matcher
from ._text import Context, comments, header, no_tags, private_notes, public, why

SUMMARY = "Istio ServiceEntries, by port and resolution, for a mesh with REGISTRY_ONLY"
MATCHER = Matcher()
_SPOKEN = {Protocol.HTTPS: "TLS", Protocol.TLS: "TLS", Protocol.HTTP: "HTTP"}
_MOST_HOSTS = 256


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """What a mesh does not route by name, and that it is no firewall."""
    yield (
        "Istio is no firewall: pods without a sidecar (jobs as a rule), init containers, nodes and UDP pass it by; "
        "what REGISTRY_ONLY stops is found there sooner, and has to be stopped elsewhere, too."
    )
    for row in public(rows):
        if row.kind is Kind.IP:
            yield f"address {row.host}, port {row.port}: an entry without a name is open to more than this address."
        elif row.kind is not Kind.SERVICE_TAG and row.protocol not in _SPOKEN:
            yield f"{row.host}, port {row.port}/{row.protocol.value}: only TLS and HTTP tell the host that is meant."
    yield from _named_losses(public(rows))
    if any(row.kind is Kind.WILDCARD for row in public(rows)):
        yield "ambient mode (ztunnel, waypoints) takes no wildcards but with resolution DYNAMIC_DNS: sidecars do."
    yield from no_tags(rows, "Istio")


def _named_losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """Names that no entry takes, and entries that hold more, or conflict."""
    odd = sorted({row.host for row in rows if row.protocol in _SPOKEN and "_" in row.host})
    if odd:
        yield f"entries take no names with an underscore: {few(odd, 40)}."
    below = sorted({row.host for row in written(rows) if row.kind is Kind.WILDCARD})
    if below:
        yield (
            "of a wildcard the name in TLS or HTTP is looked at, and the address is the one that the pod chose, "
            f"whosever it is: {few(below, 40)}."
        )
    kinds = {(row.port, _SPOKEN[row.protocol]) for row in written(rows)}
    both = sorted({port for port, kind in kinds if (port, "TLS") in kinds and (port, "HTTP") in kinds})
    yield from (f"port {port} is of TLS and of HTTP, and Istio drops one of the two." for port in both)
    if not kinds:
        yield "nothing here is TLS or HTTP by name, so there is no entry."


def written(rows: Sequence[Requirement]) -> list[Requirement]:
    """The rows that get an entry."""
    named = [row for row in rows if row.kind in (Kind.FQDN, Kind.WILDCARD) and "_" not in row.host]
    return [row for row in named if row.protocol in _SPOKEN]


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """One document for each port, protocol and resolution; wildcards keep the address that the caller found."""
    parts = [comments("#", [*header(context, lost), *private_notes(rows)])]
    groups: dict[tuple[int, str, str], dict[str, Requirement]] = {}
    for row in written(public(rows)):
        resolution = "NONE" if row.kind is Kind.WILDCARD else "DNS_ROUND_ROBIN"
        groups.setdefault((row.port, _SPOKEN[row.protocol], resolution), {}).setdefault(row.host, row)
    for (port, protocol, resolution), named in sorted(groups.items()):
        every = list(named.values())
        for at in range(0, len(every), _MOST_HOSTS):
            how = "any" if resolution == "NONE" else "dns"
            name = f"{context.name}-{protocol.lower()}-{port}-{how}{f'-{at // _MOST_HOSTS}' if at else ''}"
            parts.append(_entry(name, port, protocol, resolution, every[at : at + _MOST_HOSTS]))
    return "---\n".join(parts)


def _entry(name: str, port: int, protocol: str, resolution: str, rows: Sequence[Requirement]) -> str:
    """YAML, with whatever holds a text in JSON's quotes."""
    ports = [{"number": port, "name": f"{protocol.lower()}-{port}", "protocol": protocol}]
    lines = [
        f"apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata:\n  name: {name}\nspec:\n"
        f'  exportTo: ["."]\n  location: MESH_EXTERNAL\n  resolution: {resolution}\n'
        f"  ports: {json.dumps(ports)}\n  hosts:\n"
    ]
    lines += ["  " + comments("#", [why(row)]) + f"  - {json.dumps(row.host)}\n" for row in rows]
    return "".join(lines)
