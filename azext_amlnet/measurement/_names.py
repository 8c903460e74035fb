"""DNS: what nameservers answered, and which addresses nobody serves from. Pure."""

from __future__ import annotations

import ipaddress
from typing import Iterable, Optional, Union

from ..model import Cause, Judgement, Requirement
from ..text import PRIVATE_RANGE_V6, PRIVATE_RANGES
from .causes import judgement_of, unknown
from .scene import Facts, Scene, Steps, addresses_of, facts_of
from .unknowns import Unmeasured

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

_RCODES = {
    "NXDOMAIN": Cause.DNS_NXDOMAIN,
    "SERVFAIL": Cause.DNS_SERVFAIL,
    "REFUSED": Cause.DNS_REFUSED,
    "timeout": Cause.DNS_TIMEOUT,
    "NOERROR": Cause.DNS_NODATA,
}
# Where no nameserver could be asked itself (no resolv.conf, as on Windows), getaddrinfo's own word counts.
_EAI = {"EAI_NONAME": Cause.DNS_NXDOMAIN, "EAI_NODATA": Cause.DNS_NODATA, "timeout": Cause.DNS_TIMEOUT}


def failed(facts: Facts, scene: Scene) -> Judgement:
    """The judgement on a name that clients get no address for."""
    answers, failure = facts.get("answers") or (), str(facts.get("failure"))
    if failure == "error":
        return unknown(Unmeasured.LOOKUP_ERROR, f"the name could not be looked up: {facts.get('error')}")
    if not answers:
        return judgement_of(_EAI.get(failure, Cause.DNS_FAILURE), f"the system's resolver says {failure}")
    by_server = _describe(answers)
    ipv4 = [answer for answer in answers if answer["type"] == "A"] or answers
    if any(answer.get("addresses") for answer in answers):  # the name is there, and yet no client gets it
        silent = Cause.DNS_TIMEOUT if failure in ("timeout", "EAI_AGAIN") else Cause.DNS_FAILURE
        cause = Cause.DNS_SEARCH_DOMAIN if scene.search else silent
        return judgement_of(cause, f"clients get {failure}, but: {by_server}")
    words = {answer.get("rcode") or answer.get("error") for answer in ipv4}
    for word, cause in _RCODES.items():
        if word in words:
            return judgement_of(cause, by_server)
    return judgement_of(Cause.DNS_TIMEOUT if failure == "timeout" else Cause.DNS_FAILURE, by_server)


def _describe(answers: Iterable[Facts]) -> str:
    """What the nameservers said, by their answer."""
    servers_of: dict[str, list[str]] = {}
    for answer in answers:
        addresses = ", ".join(answer.get("addresses") or ())
        word = addresses or str(answer.get("rcode") or answer.get("error")).replace("NOERROR", "no address")
        servers_of.setdefault(word, []).append(str(answer["server"]))
    return "; ".join(f"{word} from {', '.join(dict.fromkeys(servers))}" for word, servers in sorted(servers_of.items()))


def suspect(row: Requirement, steps: Steps) -> Optional[Judgement]:
    """A failure further up that DNS explains: an address nobody serves from, or one that a search domain gave.

    A name of one label is meant for the search domain, and localhost (RFC 6761) for this machine.
    """
    facts = facts_of(steps, "dns")
    addresses = addresses_of(steps)
    if facts.get("literal"):
        return None
    hole = next((address for address in addresses if _is_sinkhole(address)), None)
    if hole and row.host != "localhost":
        return judgement_of(Cause.DNS_SINKHOLE, f"the name resolves to {hole}")
    searched = facts.get("searched") or {}
    if "." in row.host and set(addresses) & set(searched.get("addresses") or ()):
        absolute = _describe(facts.get("answers") or ()) or "nothing"
        because = f"clients get {', '.join(addresses)}, which is {searched.get('name')}; the name itself: {absolute}"
        return judgement_of(Cause.DNS_SEARCH_DOMAIN, because)
    return None


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


# RFC 6890: this network, loopback, link-local, reserved, broadcast; nobody serves from there.
_NOWHERE = _networks("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "240.0.0.0/4", "::/127", "fe80::/10", "100::/64")
_PRIVATE = _networks(*PRIVATE_RANGES, PRIVATE_RANGE_V6)


def _is_sinkhole(address: str) -> bool:
    return _is_in(address, _NOWHERE)


def _is_private(address: str) -> bool:
    return _is_in(address, _PRIVATE)


def _is_in(address: str, networks: Iterable[Network]) -> bool:
    number = ipaddress.ip_address(address.partition("%")[0])
    return any(number in network for network in networks)


def public_address(steps: Steps) -> str:
    """The first public address of the name, empty where it has none."""
    public = (text for text in addresses_of(steps) if not _is_private(text) and not _is_sinkhole(text))
    return next(public, "")


def private_note(steps: Steps) -> tuple[str, ...]:
    """A note for a private address that nobody announced."""
    private = next(filter(_is_private, addresses_of(steps)), "")
    return (f"The name resolves to the private address {private}.",) if private else ()


def unanswering(steps: Steps) -> tuple[str, ...]:
    """The nameservers that did not answer, while another one did."""
    answers = facts_of(steps, "dns").get("answers") or ()
    bad = {answer["server"] for answer in answers if answer.get("error") or answer.get("rcode") in _NO_ANSWER}
    return tuple(sorted(bad)) if len(bad) < len({answer["server"] for answer in answers}) else ()


_NO_ANSWER = ("SERVFAIL", "REFUSED")
