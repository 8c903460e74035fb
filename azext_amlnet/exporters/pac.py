"""A proxy auto-config file: what a desk reaches through the proxy, or past it.

https://developer.mozilla.org/docs/Web/HTTP/Proxy_servers_and_tunneling/Proxy_Auto-Configuration_PAC_file (2026-11-27).
Browsers and Windows read it; containers, Go and Python do not.
"""

from __future__ import annotations

import json
from typing import Iterator, Sequence

from ..model import Kind, Requirement, Scenario
from ._matcher import Matcher
from ._text import Context, by_name, comments, header, no_tags, private_notes, public, why

SUMMARY = "a proxy auto-config file for browsers: the list through a proxy, what private endpoints serve past it"
MATCHER = Matcher(ports=False, protocols=False)
_PROXY = "PROXY proxy.example.com:8080"


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """What no browser reads, and the proxy that nobody told."""
    yield f"put your own proxy in place of '{_PROXY}', and of 'DIRECT' below it what all other hosts are to take."
    for row in public(rows):
        if row.kind is not Kind.SERVICE_TAG and row not in written([row]):
            yield f"{row.host}, port {row.port}/{row.protocol.value}: no browser asks for it by name; it is left out."
    machines = [row for row in _named(rows) if row.needed_for and Scenario.WORKSTATION not in row.needed_for]
    if machines:
        yield (
            f"{len(machines)} names are needed by machines that read no such file (nodes, pods, agents): give them "
            "HTTPS_PROXY, and make this file with --scenario workstation."
        )
    yield from no_tags(rows, "a proxy auto-config file")


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """One function, and nothing but tables of names in it."""
    private = [row for row in rows if row.private]
    parts = [
        comments("//", [*header(context, lost), *private_notes(rows)]),
        f'var through = "{_PROXY}", others = "DIRECT";\n',
    ]
    for name, some in (("listed", _named(rows)), ("inside", private)):
        parts.append(_table(f"{name}", [row for row in some if row.kind is Kind.FQDN], 0))
        parts.append(_table(f"{name}Below", [row for row in some if row.kind is Kind.WILDCARD], 1))
    parts.append(_FUNCTION)
    return "\n".join(parts)


def _named(rows: Sequence[Requirement]) -> list[Requirement]:
    return written(public(rows))


def written(rows: Sequence[Requirement]) -> list[Requirement]:
    """The rows of TLS and HTTP, whose names are in the file."""
    return by_name(rows)


def _table(name: str, rows: Sequence[Requirement], skip: int) -> str:
    """An object with a key for each name, and its reason behind it; a wildcard is its name with the dot."""
    kept = {row.host[skip:]: row for row in reversed(rows)}
    lines = [f"  {json.dumps(host)}: true, {comments('//', [why(kept[host])])}" for host in reversed(list(kept))]
    return f'var {name} = {{\n{"".join(lines)}  "": false\n}};\n'


_FUNCTION = """function FindProxyForURL(url, host) {
  host = host.toLowerCase();
  if (host.charAt(host.length - 1) === ".") { host = host.substring(0, host.length - 1); }
  if (inside[host] === true) { return "DIRECT"; }
  if (listed[host] === true) { return through; }
  for (var at = host.indexOf("."); at > 0; at = host.indexOf(".", at + 1)) {
    if (insideBelow[host.substring(at)] === true) { return "DIRECT"; }
    if (listedBelow[host.substring(at)] === true) { return through; }
  }
  return others;
}
"""
