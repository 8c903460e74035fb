"""Rules of Suricata, and of AWS Network Firewall: pass by the server name of TLS, or by the Host of HTTP.

https://docs.suricata.io/en/latest/rules/tls-keywords.html and .../payload-keywords.html (2026-11-27). A name is matched
whole; a wildcard by its end with the dot in front, so that the name itself does not match (with `dotprefix` it would).
"""

from __future__ import annotations

import hashlib
from typing import Iterator, Optional, Sequence

from ..model import Kind, Protocol, Requirement
from ._matcher import Matcher
from ._text import Context, comments, header, no_tags, private_notes, public, why

SUMMARY = "Suricata rules that pass TLS and HTTP by name, also for AWS Network Firewall"
MATCHER = Matcher()
_APPS = {Protocol.HTTPS: "tls", Protocol.TLS: "tls", Protocol.HTTP: "http"}
_LOWEST, _MANY = 1_000_000, 1_000_000
"""Numbers of rules from one to two millions are everybody's own."""
_MOST_BYTES = 2_000_000


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """What has no name in it, and what has to deny the rest."""
    yield "the rules pass, and deny nothing: order them before yours that drop (strict order, or pass before drop)."
    for row in public(rows):
        if row.kind in (Kind.FQDN, Kind.WILDCARD) and row.protocol not in _APPS:
            yield f"{row.host}, port {row.port}/{row.protocol.value}: only TLS and HTTP have a name to match."
    yield from no_tags(rows, "Suricata")


def limits(rows: Sequence[Requirement], context: Context) -> Iterator[str]:
    """The size that AWS Network Firewall takes."""
    size = sum(len(rule) + 1 for _, rule in _rules(rows))
    if size > _MOST_BYTES:
        yield f"{size} bytes of rules: AWS Network Firewall takes {_MOST_BYTES:,}."


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """A rule a match, whose number is by what it matches; of two with the same number one has the next."""
    parts = [comments("#", [*header(context, lost), *private_notes(rows)])]
    parts += [comments("#", [why(row)]) + f"{rule}\n" for row, rule in _rules(rows)]
    return "".join(parts)


def _rules(rows: Sequence[Requirement]) -> list[tuple[Requirement, str]]:
    matches: dict[str, Requirement] = {}
    for row in public(rows):
        match = _match(row)
        if match is not None:
            matches.setdefault(match, row)
    numbers: dict[int, str] = {}
    for match in sorted(matches):
        number = int(hashlib.sha256(match.encode()).hexdigest()[:8], 16) % _MANY
        while number in numbers:
            number = (number + 1) % _MANY
        numbers[number] = match
    by_match = {match: _LOWEST + number for number, match in numbers.items()}
    return [
        (row, f'pass {match} msg:"amlnet {row.level.value} {row.host}"; sid:{by_match[match]}; rev:1;)')
        for match, row in matches.items()
    ]


def _match(row: Requirement) -> Optional[str]:
    """Up to where a rule says what it matches; None for what it cannot."""
    if row.kind is Kind.IP:
        kind = "udp" if row.protocol is Protocol.UDP else "tcp"
        return f"{kind} $HOME_NET any -> {row.host} {row.port} (flow:to_server;"
    app = _APPS.get(row.protocol) if row.kind in (Kind.FQDN, Kind.WILDCARD) else None
    if app is None:
        return None
    buffer, case = ("tls.sni", " nocase;") if app == "tls" else ("http.host", "")  # which is small already
    name, whole = (row.host[1:], "") if row.kind is Kind.WILDCARD else (row.host, " startswith;")
    content = f'content:"{name}";{case}{whole} endswith;'
    return f"{app} $HOME_NET any -> $EXTERNAL_NET {row.port} (flow:to_server,established; {buffer}; {content}"
