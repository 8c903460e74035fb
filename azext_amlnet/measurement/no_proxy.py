"""What is wrong with a list of hosts that skip the proxy: entries that clients read differently, and what is missing.

Go's clients (containerd, Arc's agents) read it as golang.org/x/net/http/httpproxy does, Python's as requests does
(https://github.com/psf/requests/blob/main/src/requests/utils.py, should_bypass_proxies; 2026-11-23).
"""

from __future__ import annotations

import ipaddress
from typing import Iterable, Iterator, Sequence

from ..prober import skips as go_skips

LOOPBACK = ("localhost", "127.0.0.1")
# A service as pods know it; AKS' own list lacks its domain (https://github.com/Azure/AKS/issues/3174, 2026-11-26).
OF_CLUSTER = "kubernetes.default.svc.cluster.local"


def warnings(skip: Sequence[str], hosts: Iterable[tuple[str, int]], in_pod: bool = False) -> Iterator[str]:
    """One line for each entry that Go and Python disagree about for one of the hosts, and for what is missing.

    `in_pod`: it is the list of a pod, which calls services of its cluster.
    """
    hosts = list(hosts)
    for entry in skip:
        for host, port in hosts:
            go, python = go_skips(entry, host, port), python_skips(entry, host, port, len(skip) == 1)
            if go != python:
                names = ("Go", "Python") if go else ("Python", "Go")
                yield (
                    f"NO_PROXY entry '{entry}': {names[0]} clients skip the proxy for {host}, {names[1]} clients do "
                    f"not. {_instead(entry, host)}"
                )
                break
    if "*" not in skip:
        missing = [name for name in LOOPBACK if not any(go_skips(entry, name, 80) for entry in skip)]
        if missing:
            yield f"NO_PROXY lacks {' and '.join(missing)}: processes that call each other here go through the proxy."
        if in_pod and not any(go_skips(entry, OF_CLUSTER, 443) for entry in skip):
            yield (
                "NO_PROXY lacks .cluster.local: services of the cluster, called by their full name, go through the "
                "proxy. AKS adds its own addresses to the list, and not this; add it to the cluster's noProxy."
            )


def python_skips(entry: str, host: str, port: int, alone: bool) -> bool:
    """Whether an entry names a host, as requests and urllib read it together; a usual port is not in the address."""
    entry, host = entry.strip().lower(), host.lower().strip("[]")
    if entry == "*":
        return alone
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if isinstance(address, ipaddress.IPv4Address):
        if "/" in entry:
            return _in_network(address, entry)
        return entry == host
    plain = entry.lstrip(".")
    names = (host,) if port in (80, 443) else (host, f"{host}:{port}")
    return bool(plain) and any(name == plain or name.endswith("." + plain) for name in names)


def _in_network(address: ipaddress.IPv4Address, entry: str) -> bool:
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def _instead(entry: str, host: str) -> str:
    """What to write so that both agree."""
    if entry.startswith("*."):
        return f"Write '{entry[1:]}'."
    if entry == "*":
        return "Let '*' stand alone."
    if entry.startswith(".") and host == entry[1:]:
        return f"Add '{host}'."
    return f"Write '{host}'."
