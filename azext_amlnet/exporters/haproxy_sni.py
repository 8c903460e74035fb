"""HAProxy as a proxy that lets TLS through by its server name.

https://docs.haproxy.org/2.6/configuration.html, 4.2 (tcp-request content), 7.3.5 (req.ssl_sni), 5.3 (resolvers)
(2026-11-27). `-m end` with a leading dot holds for what is below a name; HAProxy 2.4 and later.
"""

from __future__ import annotations

from typing import Iterator, Sequence

from ..model import Kind, Requirement
from . import _sni
from ._sni import MATCHER as MATCHER
from ._sni import Listener, listeners, to_merge
from ._sni import written as written
from ._text import Context, comments, header, private_notes, why

SUMMARY = "haproxy.cfg: lets TLS through by its server name (SNI), and connects to that name"


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """What has no server name."""
    return _sni.losses(rows, "HAProxy")


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """A frontend and a backend a port; names are looked up by the resolvers of the machine."""
    how = "haproxy -c -f FILE checks it. Its resolvers are those of /etc/resolv.conf."
    parts = [comments("#", [*header(context, lost), how, *private_notes(rows)])]
    if to_merge(context):
        note = "Put these lines into the frontend {}, above its do-resolve, or into one like it for another port."
        parts += [comments("#", [note.format(f"amlnet_{one.port}")]) + _names(one) for one in listeners(rows)]
        return "\n".join(parts)
    parts.append(
        "defaults\n  mode tcp\n  timeout connect 10s\n  timeout client 1h\n  timeout server 1h\n\n"
        f"resolvers {_name(context)}_dns\n  parse-resolv-conf\n  accepted_payload_size 8192\n  hold valid 10s\n"
    )
    parts += [_listener(_name(context), one) for one in listeners(rows)]
    return "\n".join(parts)


def _name(context: Context) -> str:
    return context.name.replace("-", "_")


def _names(one: Listener) -> str:
    """What is let through, a line a name."""
    lines = []
    for row in one.rows:
        how = f"str {row.host}" if row.kind is Kind.FQDN else f"end {row.host[1:]}"
        lines.append(f"  {comments('#', [why(row)])}  acl named req.ssl_sni,lower -m {how}\n")
    return "".join(lines)


def _listener(prefix: str, one: Listener) -> str:
    name = f"{prefix}_{one.port}"
    lines = [f"frontend {name}\n  bind :{one.port}\n  tcp-request inspect-delay 5s\n  acl hello req.ssl_hello_type 1\n"]
    lines.append(_names(one))
    lines.append(
        f"  tcp-request content do-resolve(txn.address,{prefix}_dns,ipv4) req.ssl_sni,lower if hello named\n"
        "  tcp-request content reject if hello !named\n"
        "  tcp-request content reject if hello named !{ var(txn.address) -m found }\n"
        "  tcp-request content set-dst var(txn.address) if hello named\n"
        "  tcp-request content accept if hello named\n"
        "  tcp-request content reject\n"
        f"  default_backend {name}\n\nbackend {name}\n  server named 0.0.0.0:{one.port}\n"
    )
    return "".join(lines)
