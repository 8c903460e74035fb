"""Outbound rules of Azure ML's own managed network: for compute of the workspace, not for attached clusters.

https://learn.microsoft.com/azure/machine-learning/how-to-managed-network and the schema of the Python package
azure-ai-ml, which `az ml workspace update --file` loads (2026-11-27). Rules for names are for ports 80 and 443.
"""

from __future__ import annotations

import json
import re
from typing import Any, Iterator, Sequence

from ..model import Kind, Protocol, Requirement, Scenario
from ..text import digest, few
from ._matcher import Matcher
from ._text import Context, comments, header, public, why

SUMMARY = "outbound rules of Azure ML's managed network, for az ml workspace update --file"
MATCHER = Matcher(ports=False)
_WEB = ((Protocol.HTTPS, 443), (Protocol.HTTP, 80), (Protocol.TLS, 443))


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """What is not managed compute's, and ports that rules for names do not open."""
    others = [row.host for row in rows if not _is_managed(row)]
    if others:
        yield (
            f"{len(others)} rows are for attached clusters or desks, which a managed network does not hold for: left "
            f"out (--scenario managed-compute lists the others): {few(others, 5)}."
        )
    for row in public(rows):
        if _is_managed(row) and row.kind is Kind.IP:
            yield f"address {row.host}, port {row.port}: there are no rules for addresses."
        elif _is_managed(row) and not (_is_web(row) or row.kind is Kind.SERVICE_TAG):
            yield f"{row.host}, port {row.port}/{row.protocol.value}: rules for names are for ports 80 and 443 only."
    inside = [row.host for row in rows if row.private and _is_managed(row)]
    if inside:
        yield (
            "what private endpoints serve needs rules of type private_endpoint, unless the workspace makes them for "
            f"its own storage, registry and vault: {few(inside, 40)}."
        )
    yield "allow_only_approved_outbound, once it is on, cannot be switched off again."
    yield "rules for names make Azure ML put up a managed Azure Firewall, which costs."
    yield "rules that Azure ML requires of its network it makes itself; those of them that are here do no harm."


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """YAML, each rule in JSON's flow style, which is YAML, too, and cannot be broken out of."""
    parts = [comments("#", header(context, lost))]
    made: dict[str, tuple[Requirement, dict[str, Any]]] = {}
    for row in written(public(rows)):
        rule = _rule(row, context.name)
        made.setdefault(json.dumps(rule["destination"]), (row, rule))
    parts.append(
        f"managed_network:\n  isolation_mode: allow_only_approved_outbound\n  outbound_rules:{'' if made else ' []'}\n"
    )
    parts += [f"  {comments('#', [why(row)])}  - {json.dumps(rule)}\n" for row, rule in made.values()]
    return "".join(parts)


def written(rows: Sequence[Requirement]) -> list[Requirement]:
    """The rows that get a rule."""
    return [row for row in rows if _is_managed(row) and (_is_web(row) or row.kind is Kind.SERVICE_TAG)]


def _is_managed(row: Requirement) -> bool:
    return not row.needed_for or Scenario.MANAGED_COMPUTE in row.needed_for


def _is_web(row: Requirement) -> bool:
    return row.kind in (Kind.FQDN, Kind.WILDCARD) and (row.protocol, row.port) in _WEB


def _rule(row: Requirement, prefix: str) -> dict[str, Any]:
    if row.kind is not Kind.SERVICE_TAG:
        return {"name": _name(prefix, row.host), "type": "fqdn", "destination": row.host}
    protocol = "UDP" if row.protocol is Protocol.UDP else "TCP"
    to = {"service_tag": row.host, "protocol": protocol, "port_ranges": str(row.port)}
    return {"name": _name(prefix, f"{row.host}-{protocol}-{row.port}"), "type": "service_tag", "destination": to}


def _name(prefix: str, what: str) -> str:
    """A name that stays what it is whatever else is in the list."""
    plain = re.sub("[^A-Za-z0-9]+", "-", what).strip("-")
    return f"{prefix}-{plain[:31]}-{digest(what)}"
