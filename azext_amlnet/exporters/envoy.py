"""Envoy as a proxy that lets TLS through by its server name: a bootstrap with a listener a port.

https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener_components.proto (server_names: a name,
or `*.x` for every name below x) and .../sni_dynamic_forward_proxy (2026-11-27).
"""

from __future__ import annotations

import json
from typing import Any, Iterator, Sequence

from ..model import Requirement
from . import _sni
from ._sni import MATCHER as MATCHER
from ._sni import Listener, listeners, to_merge
from ._sni import written as written
from ._text import Context, comments, header, private_notes, why

SUMMARY = "Envoy's bootstrap: lets TLS through by its server name (SNI), and connects to that name"
_V3 = "type.googleapis.com/envoy.extensions"
_ANY = "0.0.0.0"  # noqa: S104 (the proxy listens, not we)
_CACHE = {"name": "amlnet", "dns_lookup_family": "V4_ONLY", "max_hosts": 65536}


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """What has no server name."""
    return _sni.losses(rows, "Envoy")


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """YAML, with whatever holds a text in JSON's flow style, which is YAML, too, and cannot be broken out of."""
    how = "envoy --mode validate -c FILE.yaml checks it; without this ending Envoy takes it for JSON."
    made, begin = listeners(rows), comments("#", [*header(context, lost), how, *private_notes(rows)])
    if to_merge(context):
        note = "Put these lines into the server_names of listener amlnet-{0}, or of one like it for another port."
        return begin + "".join(comments("#", [note.format(one.port)]) + _names(one) for one in made)
    parts = [begin, "static_resources:\n  listeners:"]
    parts[-1] += "" if made else " []"
    parts[-1] += "\n" + "".join(_listener(context.name, one) for one in made)
    cluster = {
        "name": "amlnet", "lb_policy": "CLUSTER_PROVIDED", "connect_timeout": "10s",
        "cluster_type": {
            "name": "envoy.clusters.dynamic_forward_proxy",
            "typed_config": {
                "@type": f"{_V3}.clusters.dynamic_forward_proxy.v3.ClusterConfig", "dns_cache_config": _CACHE,
            },
        },
    }  # fmt: skip
    return "".join((*parts, f"  clusters:\n  - {json.dumps(cluster)}\n"))


def _names(one: Listener) -> str:
    """What is let through, a line a name."""
    lines = (f"        {comments('#', [why(row)])}        - {json.dumps(row.host)}\n" for row in one.rows)
    return "".join(lines)


def _listener(name: str, one: Listener) -> str:
    sniff = {
        "name": "envoy.filters.listener.tls_inspector",
        "typed_config": {"@type": f"{_V3}.filters.listener.tls_inspector.v3.TlsInspector"},
    }
    address = {"socket_address": {"address": _ANY, "port_value": one.port}}
    lines = [
        f"  - name: {name}-{one.port}\n    address: {json.dumps(address)}\n"
        f"    listener_filters: {json.dumps([sniff])}\n"
        "    filter_chains:\n    - filter_chain_match:\n        transport_protocol: tls\n        server_names:\n"
    ]
    lines.append(_names(one))
    filters = json.dumps(_filters(name, one.port))
    return "".join((*lines, f"      filters: {filters}\n"))


def _filters(name: str, port: int) -> list[dict[str, Any]]:
    """Look the server's name up, and connect to it."""
    forward = {
        "@type": f"{_V3}.filters.network.sni_dynamic_forward_proxy.v3.FilterConfig",
        "port_value": port,
        "dns_cache_config": _CACHE,
    }
    pipe = {
        "@type": f"{_V3}.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": f"{name}_{port}",
        "cluster": "amlnet",
    }
    return [
        {"name": "envoy.filters.network.sni_dynamic_forward_proxy", "typed_config": forward},
        {"name": "envoy.filters.network.tcp_proxy", "typed_config": pipe},
    ]
