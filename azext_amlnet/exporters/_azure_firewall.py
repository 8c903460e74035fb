"""What the three Azure Firewall formats share: which row becomes which rule, for whom, and what cannot be expressed.

Names on 80 and 443 become application rules, everything else network rules; names in those need the policy's DNS proxy
(https://learn.microsoft.com/azure/firewall/fqdn-filtering-network-rules, 2026-11-23). One rule a row, so that each
carries its reason and stays far below the limits of a rule
(https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits, 2026-11-23).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterator, Sequence

from ..errors import line
from ..model import Kind, Protocol, Requirement
from . import public, why

API_VERSION = "2023-11-01"
GROUP_PRIORITY, NETWORK_PRIORITY, APPLICATION_PRIORITY = 500, 100, 200
"""The defaults of the template's parameters."""


@dataclass(frozen=True)
class Rule:
    """One rule; `computes` are those whose source addresses it is for, all when empty."""

    name: str
    description: str
    destination: str
    kind: Kind
    protocol: str
    port: int
    computes: tuple[str, ...]

    @property
    def by_name(self) -> bool:
        """Whether a network rule names its destination; otherwise it is an address or a service tag."""
        return self.kind is Kind.FQDN


def is_application(row: Requirement) -> bool:
    """Whether a row is a matter of application rules."""
    usual = {Protocol.HTTPS: (443,), Protocol.TLS: (443,), Protocol.HTTP: (80,)}
    return row.kind in (Kind.FQDN, Kind.WILDCARD) and row.port in usual.get(row.protocol, ())


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """Wildcards on other ports, and what the policy must have for names on them."""
    others = [row for row in public(rows) if not is_application(row)]
    for row in others:
        if row.kind is Kind.WILDCARD:
            yield f"{row.host}, port {row.port}/{row.protocol.value}: network rules know no wildcards."
    if any(row.kind is Kind.FQDN for row in others):
        yield "names in network rules work only with the firewall policy's DNS proxy: dnsSettings.enableProxy."


def application_rules(rows: Sequence[Requirement]) -> list[Rule]:
    """Rules for names on 80 and 443."""
    chosen = [row for row in public(rows) if is_application(row)]
    return [_rule(n, row, "Http" if row.protocol is Protocol.HTTP else "Https") for n, row in enumerate(chosen, 1)]


def network_rules(rows: Sequence[Requirement]) -> list[Rule]:
    """Rules for everything else, but wildcards."""
    chosen = [row for row in public(rows) if not is_application(row) and row.kind is not Kind.WILDCARD]
    return [_rule(n, row, "UDP" if row.protocol is Protocol.UDP else "TCP") for n, row in enumerate(chosen, 1)]


def _rule(number: int, row: Requirement, protocol: str) -> Rule:
    entry = re.sub(r"[^A-Za-z0-9-]", "-", (row.entries or ("row",))[0])[:60]
    return Rule(f"{number:03}-{entry}", line(why(row))[:500], row.host, row.kind, protocol, row.port, row.computes)


def computes_of(rules: Sequence[Rule]) -> tuple[str, ...]:
    """The sets of computes that have rules of their own, as the parts of a parameter's name."""
    return tuple(dict.fromkeys(source_name(rule) for rule in rules if rule.computes))


def source_name(rule: Rule) -> str:
    """The parameter that holds the source addresses of a rule."""
    words = re.findall(r"[A-Za-z0-9]+", " ".join(rule.computes))
    return "sourceAddresses" + ("Of" + "".join(word[:1].upper() + word[1:] for word in words) if words else "")
