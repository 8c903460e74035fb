"""Rows → rules of Azure Firewall: which row becomes which rule, for whom, and what cannot be expressed. Pure.

Names on 80 and 443 become application rules, everything else network rules; names in those need the policy's DNS proxy
(https://learn.microsoft.com/azure/firewall/fqdn-filtering-network-rules, 2026-11-23). One rule a row, so that each
carries its reason and stays far below the limits of a rule
(https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits, 2026-11-23).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Iterator, Sequence

from ..model import Kind, Protocol, Requirement, Scenario
from ..text import digest, line
from ._text import Context, public, why


@dataclass(frozen=True)
class FirewallRule:
    """One rule; `computes` are those whose source addresses it is for, all when empty.

    `is_tag` says that the destination of an application rule is an FQDN tag.
    """

    name: str
    description: str
    destination: str
    kind: Kind
    protocol: str
    port: int
    computes: tuple[str, ...]
    is_application: bool = False
    is_tag: bool = False

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


def tag_losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """What FQDN tags leave open."""
    for tag in dict.fromkeys(row.fqdn_tags[0] for row in rows if _by_tag(row)):
        yield f"what the FQDN tag {tag} holds: Azure keeps it, and it has come later than the documented list before."


def _by_tag(row: Requirement) -> bool:
    """Whether an FQDN tag may stand in for a row: the cluster needs it, and neither jobs nor extensions do."""
    return bool(row.fqdn_tags) and _of_the_cluster(row) and is_application(row)


def _of_the_cluster(row: Requirement) -> bool:
    """Whether the cluster itself needs it; what serves models in it may need it too, as with the API server."""
    return Scenario.CLUSTER in row.needed_for and set(row.needed_for) <= {Scenario.CLUSTER, Scenario.INFERENCE}


Rules = list[FirewallRule]


def firewall_rules(rows: Sequence[Requirement], context: Context) -> Rules:
    """The rules of a list, network rules first, and application rules by FQDN tags before those by names.

    Those of one workspace are numbered; of several each has a name of its own, whatever else is in the list.
    """
    chosen = public(rows)
    network = [row for row in chosen if not is_application(row) and row.kind is not Kind.WILDCARD]
    application = [row for row in chosen if is_application(row)]
    tagged: dict[tuple[str, tuple[str, ...]], Requirement] = {}
    for row in (row for row in application if context.fqdn_tags and _by_tag(row)):
        tagged.setdefault((row.fqdn_tags[0], row.computes), row)
    named = [row for row in application if not (context.fqdn_tags and _by_tag(row))]
    rules = [
        *(_rule(row, transport(row)) for row in network),
        *(_tag_rule(tag, row) for (tag, _), row in tagged.items()),
        *(_rule(row, _spoken(row)) for row in named),
    ]
    if len(context.workspaces) > 1:
        return [replace(rule, name=f"{rule.name}-{_digest(rule)}") for rule in rules]
    starts = (0, len(network))
    return [replace(rule, name=f"{n + 1 - starts[rule.is_application]:03}-{rule.name}") for n, rule in enumerate(rules)]


def _digest(rule: FirewallRule) -> str:
    of = (rule.destination, rule.protocol, rule.port, rule.computes if rule.is_tag else "")
    return digest(repr(of))


def _tag_rule(tag: str, row: Requirement) -> FirewallRule:
    level = f"{row.level.value}: what Azure documents for the cluster itself."
    return FirewallRule(tag, level, tag, row.kind, "Https", 443, row.computes, is_application=True, is_tag=True)


def _spoken(row: Requirement) -> str:
    return "Http" if row.protocol is Protocol.HTTP else "Https"


def transport(row: Requirement) -> str:
    """`TCP` or `UDP`."""
    return "UDP" if row.protocol is Protocol.UDP else "TCP"


def _rule(row: Requirement, protocol: str) -> FirewallRule:
    entry = re.sub(r"[^A-Za-z0-9-]", "-", (row.entries or ("row",))[0])[:60]
    what = line(why(row))[:500]
    return FirewallRule(entry, what, row.host, row.kind, protocol, row.port, row.computes, is_application(row))
