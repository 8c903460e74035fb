"""How an endpoint that no workspace told us of is tried: like the catalog's entry with the same host suffix."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Optional
from urllib.parse import urlsplit

from ..errors import UsageError
from ..model import (
    EXTRA,
    Catalog,
    CatalogEntry,
    Kind,
    Level,
    ProbeSpec,
    Protocol,
    Requirement,
)
from ..text import is_address, is_local_name, is_port, is_target
from .expand import of_unknown_workspaces

_PORTS = {443: Protocol.HTTPS, 80: Protocol.HTTP, 445: Protocol.SMB}
_USUAL = {Protocol.HTTPS: 443, Protocol.HTTP: 80, Protocol.TLS: 443, Protocol.SMB: 445, Protocol.UDP: 123}
_BY_PROTOCOL = {
    Protocol.HTTP: "any-answer",
    Protocol.TLS: "tls",
    Protocol.TCP: "connect",
    Protocol.SMB: "smb",
    Protocol.UDP: "ntp",
}


def extra(catalog: Catalog, text: str) -> Requirement:
    """The requirement that `--endpoint [protocol://]host[:port][/path]` asks for.

    Raises UsageError for what is no host and port.
    """
    protocol, host, port, path = _parts(text)
    kind = Kind.IP if is_address(host) else Kind.FQDN
    row = Requirement(host=host, port=port, protocol=protocol, kind=kind, level=Level.REQUIRED, entries=EXTRA)
    probe, like = _probe(catalog, host, protocol)
    if path:
        probe = replace(probe, path=path, proof="any-answer" if protocol is Protocol.HTTPS else probe.proof)
    reason = f"Asked for by --endpoint; tried like {like.id}." if like else "Asked for by --endpoint."
    return replace(row, reason=reason, probe=probe, websocket=bool(like and like.websocket and not path))


def concrete(catalog: Catalog, row: Requirement) -> Requirement:
    """A row of a file that does not say how it is tried, with the way that its host suggests."""
    untold = row.probe is None and row.kind in (Kind.FQDN, Kind.IP) and not row.unresolved
    if not untold or (row.protocol is Protocol.UDP and row.port != 123) or not is_target(row.host):
        return row
    return replace(row, probe=_probe(catalog, row.host, row.protocol)[0])


def _parts(text: str) -> tuple[Protocol, str, int, str]:
    shown = text.rpartition("@")[2][:80]  # what stands before it could be a password
    wrong = UsageError(f"--endpoint is no host and port: '{shown}'.", "Give host, host:port or tcp://host:port.")
    scheme, _, rest = text.rpartition("://")
    if scheme and scheme not in {protocol.value for protocol in Protocol}:
        raise UsageError(f"--endpoint has an unknown protocol: '{shown}'.", f"Known: {', '.join(Protocol)}.")
    try:
        parts = urlsplit(f"//{rest}")
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise wrong from None
    if (
        not (is_target(host) or is_local_name(host))
        or parts.username is not None
        or (port is not None and not is_port(port))
        or not text.isprintable()
        or any(character.isspace() for character in text.strip())
    ):
        raise wrong
    if parts.query or parts.fragment or (parts.path and scheme not in ("", "https", "http")):
        raise wrong
    protocol = Protocol(scheme) if scheme else _PORTS.get(port or 443, Protocol.HTTPS)
    port = port or _USUAL.get(protocol)
    if port is None or (protocol is Protocol.UDP and port != 123):
        raise UsageError(f"--endpoint needs a port that can be tried: '{shown}'.", "Of UDP only NTP, 123, answers.")
    return protocol, host, port, parts.path


def _probe(catalog: Catalog, host: str, protocol: Protocol) -> tuple[ProbeSpec, Optional[CatalogEntry]]:
    """How a host is tried: by the entry that lists it or has the longest suffix in common, else by its protocol."""
    if protocol is not Protocol.HTTPS or is_address(host):
        return ProbeSpec(host, "/", _BY_PROTOCOL.get(protocol, "connect")), None
    known = _known(catalog)
    shared = [suffix for suffix in known if suffix.startswith(".") and host.endswith(suffix)]
    best = known.get(host) or (known[max(shared, key=len)] if shared else None)
    if best is None or best.probe is None:
        return ProbeSpec(host, "/", "any-answer"), best
    return ProbeSpec(host, best.probe.path, best.probe.proof), best


_KEPT: list[tuple[Catalog, dict[str, CatalogEntry]]] = []


def _known(catalog: Catalog) -> dict[str, CatalogEntry]:
    """What `_learned` finds, once for each catalog."""
    for kept, by_host in _KEPT:
        if kept is catalog:
            return by_host
    _KEPT.append((catalog, _learned(catalog)))
    return _KEPT[-1][1]


def _learned(catalog: Catalog) -> dict[str, CatalogEntry]:
    """The HTTPS hosts of the catalog, or (with a dot in front) what they end in behind the part that differs.

    Taken from the lists of workspaces that nothing is known of, one for each cloud and kind of cluster. Where entries
    share a suffix, one that says what proves it is preferred.
    """
    entries = {entry.id: entry for entry in catalog.entries}
    by_host: dict[str, CatalogEntry] = {}
    for _, row in of_unknown_workspaces(catalog):
        name = re.split(r"[>*]", row.host)[-1]
        plain = row.protocol is Protocol.HTTPS and row.kind in (Kind.FQDN, Kind.WILDCARD)
        for entry in (entries[id] for id in row.entries if plain and name.strip(".").count(".")):
            if name not in by_host or (by_host[name].probe is None and entry.probe is not None):
                by_host[name] = entry
    return by_host
