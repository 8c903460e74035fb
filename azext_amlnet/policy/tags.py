"""How much of some traffic a service tag or an FQDN tag holds, by documents and by addresses that were seen. Pure."""

from __future__ import annotations

from typing import Sequence

from ..model import Kind
from .addresses import PRIVATE, Span, inside, overlaps
from .traffic import Fit, Traffic

# FQDN tags that hold nothing of these lists but what a row says itself: the contents of the first are documented
# (https://learn.microsoft.com/azure/aks/limit-egress-traffic), the others are for updates and protection of Windows
# (https://learn.microsoft.com/azure/firewall/fqdn-tags, 2026-11-23). Others hold hosts that rows ask for, too.
KNOWN_FQDN_TAGS = frozenset(
    {"AzureKubernetesService", "MicrosoftActiveProtectionService", "WindowsDiagnostics", "WindowsUpdate"}
)


def fqdn_tag_fit(tag: str, traffic: Traffic) -> Fit:
    """How much of the traffic goes to an FQDN tag of Azure Firewall: what a row says itself, and no guess."""
    if tag in traffic.fqdn_tags:
        return Fit.ALL
    return Fit.NONE if tag in KNOWN_FQDN_TAGS else Fit.MAYBE


def tag_fit(tag: str, traffic: Traffic) -> Fit:
    """How much of the traffic goes to a service tag, by what is documented of the tag and the row.

    `Internet` is every address outside the virtual network, Azure's public ones included; `VirtualNetwork` is the
    network and what is connected with it, at times a default route and with it everything; a tag with a region is a
    part of the one without
    (https://learn.microsoft.com/azure/virtual-network/service-tags-overview, 2026-11-23).
    """
    name, of = tag.lower(), (traffic.host if traffic.kind is Kind.SERVICE_TAG else traffic.tag or "").lower()
    address = traffic.address
    private = traffic.private or (address is not None and inside(address, PRIVATE))
    if name == "virtualnetwork":
        return Fit.ALL if private else Fit.MAYBE
    if name == "internet":
        return Fit.NONE if private else Fit.ALL
    if private:
        return Fit.NONE
    if of and (of == name or of.startswith(name + ".")):
        return Fit.ALL
    if of and name.startswith(of + "."):
        return Fit.SOME if traffic.kind is Kind.SERVICE_TAG else Fit.MAYBE
    known = name in traffic.elsewhere or name[: name.rfind(".") + 1] in traffic.elsewhere
    prefixes = traffic.seen.prefixes.get(name) if traffic.seen else None
    return Fit.NONE if known else Fit.MAYBE if prefixes is None else seen_in(prefixes, traffic)


def seen_in(spans: Sequence[Span], traffic: Traffic) -> Fit:
    """How much of the addresses that were seen is in some spans: all, none, or it cannot be determined of others."""
    addresses = traffic.seen.addresses if traffic.seen else ()
    if addresses and all(inside(address, spans) for address in addresses):
        return Fit.ALL
    return Fit.NONE if addresses and not any(overlaps(address, spans) for address in addresses) else Fit.MAYBE
