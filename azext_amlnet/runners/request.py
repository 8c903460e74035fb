"""The prober's request as it leaves here: which proxies count, whom to trust, and who asks."""

from __future__ import annotations

import os
from typing import Any, Iterable, Mapping, Optional, Union

from ..about import version
from ..errors import UsageError
from ..files import read_certificates
from ..measurement.targets import request_for
from ..model import Requirement
from ..prober import environment_proxies, proxy_parts, scrubbed

Proxies = Union[str, Mapping[str, Any]]
"""The proxies that count, as the prober takes them; `environment` for those that it sees where it runs."""
OF_ENVIRONMENT = "environment"


def request_of(
    rows: Iterable[Requirement],
    timeout_s: float,
    proxy: Optional[str] = None,
    ca_file: Optional[str] = None,
    elsewhere: bool = False,
    read_http: bool = False,
) -> dict[str, Any]:
    """The request by what a user says: `proxy` counts, else the environment's; the skip list is the environment's.

    For a machine `elsewhere` the environment is looked at there, unless `proxy` is given. Raises UsageError for a proxy
    that is none and for a file without certificates.
    """
    trust = {"pem": read_certificates(ca_file)} if ca_file else None
    proxies = OF_ENVIRONMENT if elsewhere and not proxy else _proxies(proxy, os.environ)
    return request(rows, timeout_s, proxies, trust, read_http)


def request(
    rows: Iterable[Requirement],
    timeout_s: float,
    proxies: Proxies,
    trust: Optional[Mapping[str, Any]],
    read_http: bool = False,
) -> dict[str, Any]:
    """The request, whoever carries it; `trust` are certificates of authorities as the prober takes them.

    `read_http`: after a reset or close in TLS one GET to port 80 of the same address.
    """
    agent = f"amlnet/{version()} (connectivity test)"
    return request_for(rows, timeout_s, agent, proxies=proxies, trust=trust, readHttp=read_http or None)


def _proxies(proxy: Optional[str], environment: Mapping[str, str]) -> dict[str, Any]:
    proxies: dict[str, Any] = environment_proxies(environment)
    if proxy:
        proxies.update(http=proxy.strip(), https=proxy.strip())
    for url in (proxies["http"], proxies["https"]):
        if url:
            check_proxy(url, "--proxy" if proxy else "The proxy of the environment")
    return proxies


def check_proxy(url: str, what: str) -> None:
    """Raises UsageError for what cannot be the address of an HTTP proxy; the message never shows a password."""
    try:
        proxy_parts(url)
    except ValueError:
        hint = "Write http://host:port; in user and password, percent-encode what has a meaning in addresses (@ : / %)."
        raise UsageError(f"{what} is no address of an HTTP proxy: {scrubbed(url)}.", hint) from None


def refuse_user(proxy: Optional[str], what: str) -> None:
    """Raises UsageError for a proxy with a user: what --dry-run writes is no place for secrets."""
    if proxy and proxy_parts(proxy)["user"] is not None:
        hint = "Leave --proxy out: the environment's proxy counts where the probe runs."
        raise UsageError(f"--proxy names a user, and a {what} is no place for secrets.", hint)
