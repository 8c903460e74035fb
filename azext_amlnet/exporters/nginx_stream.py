"""nginx as a proxy that lets TLS through by its server name: a `stream` block.

https://nginx.org/en/docs/stream/ngx_stream_ssl_preread_module.html and ngx_stream_map_module.html (2026-11-27). With
`hostnames` a map reads `*.x` as every name below x, and not x itself.
"""

from __future__ import annotations

from typing import Iterator, Sequence

from ..model import Kind, Requirement
from . import _sni
from ._sni import MATCHER as MATCHER
from ._sni import Listener, listeners, to_merge
from ._sni import written as written
from ._text import Context, comments, header, private_notes, why

SUMMARY = "nginx's stream block: lets TLS through by its server name (SNI), and connects to that name"
_RESOLVER = "168.63.129.16"
"""Azure's own; https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16 (2026-11-27)."""


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """What has no server name, and the resolver that nginx has to be told."""
    yield from _sni.losses(rows, "nginx")
    yield f"nginx asks the DNS server of its `resolver` line, which is Azure's own ({_RESOLVER}): elsewhere name yours."


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """A map and a server a port."""
    how = "Include it at the top of nginx.conf, outside of http, with the stream module loaded; nginx -t checks it."
    parts = [comments("#", [*header(context, lost), how, *private_notes(rows)])]
    if to_merge(context):
        note = "Put these lines into the map of $amlnet_{0}, or into one like it, with a server, for another port."
        parts += [comments("#", [note.format(one.port)]) + _names(one) for one in listeners(rows)]
        return "\n".join(parts)
    hashes = "  map_hash_bucket_size 512;\n  map_hash_max_size 8192;\n"
    parts.append(f"stream {{\n  resolver {_RESOLVER} valid=30s ipv6=off;\n{hashes}")
    parts += [_listener(context.name.replace("-", "_"), one) for one in listeners(rows)]
    return "\n".join(parts) + "}\n"


def _names(one: Listener) -> str:
    """What is let through, and where to, a line a name."""
    lines = []
    for row in one.rows:
        to = f"{row.host if row.kind is Kind.FQDN else '$ssl_preread_server_name'}:{one.port}"
        lines.append(f"    {comments('#', [why(row)])}    {row.host} {to};\n")
    return "".join(lines)


def _listener(prefix: str, one: Listener) -> str:
    name = f"${prefix}_{one.port}"
    lines = [f'  map $ssl_preread_server_name {name} {{\n    hostnames;\n    default "";\n']
    lines.append(_names(one))
    lines.append(
        f"  }}\n  server {{\n    listen {one.port};\n    ssl_preread on;\n    proxy_connect_timeout 10s;\n"
        f"    proxy_timeout 1h;\n    proxy_pass {name};\n  }}\n"
    )
    return "".join(lines)
