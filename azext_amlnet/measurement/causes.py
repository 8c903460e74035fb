"""The closed list of causes: how bad each is, in which layer, whose it is, and what to do next. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ..model import Cause, Judgement, Owner, Verdict
from ..text import one_line
from .unknowns import SETTLED_BY, Unmeasured


class Meaning(NamedTuple):
    """What a cause means; docs and reports print it."""

    verdict: Verdict
    layer: str
    owner: Owner
    hint: str


B, D, U = Verdict.BLOCKED, Verdict.DEGRADED, Verdict.UNKNOWN

CAUSES: dict[Cause, Meaning] = {
    Cause.DNS_NXDOMAIN: Meaning(
        B, "dns", Owner.DNS, "Ask the DNS team: the resolver says that the name does not exist."
    ),
    Cause.DNS_NODATA: Meaning(B, "dns", Owner.DNS, "Ask the DNS team: the name exists, but without an address."),
    Cause.DNS_SERVFAIL: Meaning(B, "dns", Owner.DNS, "Ask the DNS team: the resolver's forwarder may be blocked."),
    Cause.DNS_REFUSED: Meaning(
        B, "dns", Owner.DNS, "Ask the DNS team: the resolver refuses to answer this client or this name."
    ),
    Cause.DNS_TIMEOUT: Meaning(
        B, "dns", Owner.DNS, "Check the resolver's address and that UDP and TCP port 53 to it are open."
    ),
    Cause.DNS_FAILURE: Meaning(B, "dns", Owner.DNS, "Check the resolver configuration of this machine."),
    Cause.DNS_SINKHOLE: Meaning(
        B, "dns", Owner.SECURITY, "Ask the security team: a DNS filter answers with an address of its own."
    ),
    Cause.DNS_NO_IPV4: Meaning(
        B, "dns", Owner.NETWORK, "The name has IPv6 addresses only, and there is no IPv6 route here."
    ),
    Cause.DNS_SEARCH_DOMAIN: Meaning(B, "dns", Owner.DNS, "Remove the wildcard of the search domain, or lower ndots."),
    Cause.DNS_INTERMITTENT: Meaning(
        D, "dns", Owner.DNS, "One of the resolvers fails: lookups are slow or fail from time to time."
    ),
    Cause.DNS_PUBLIC_EXPECTED_PRIVATE: Meaning(D, "dns", Owner.DNS, "Link the private DNS zone to this network."),
    Cause.TCP_TIMEOUT: Meaning(
        B, "tcp", Owner.NETWORK, "Ask the network team to allow this host and port: packets are dropped on the way."
    ),
    Cause.TCP_REFUSED: Meaning(
        B,
        "tcp",
        Owner.NETWORK,
        "Ask the network team: a firewall, or the address itself, rejects the connection to this port.",
    ),
    Cause.TCP_UNREACHABLE: Meaning(
        B, "tcp", Owner.NETWORK, "Ask the network team about routes: there is no way to this address from here."
    ),
    Cause.TCP_CLOSED: Meaning(
        B,
        "tcp",
        Owner.NETWORK,
        "Ask the network team: a middlebox accepts in the service's place and does not speak its language.",
    ),
    Cause.PRIVATE_ENDPOINT_UNREACHABLE: Meaning(
        B, "tcp", Owner.NETWORK, "Check the route and the NSG to the private endpoint's subnet."
    ),
    Cause.TCP_PARTIAL: Meaning(
        D, "tcp", Owner.NETWORK, "Some addresses of the name are blocked: allow all of them, or the name."
    ),
    Cause.TCP_INTERMITTENT: Meaning(
        D, "tcp", Owner.NETWORK, "Ask the network team about SNAT ports and the firewall's load."
    ),
    Cause.PROXY_DNS: Meaning(B, "proxy", Owner.PROXY, "The proxy's name does not resolve: check the proxy setting."),
    Cause.PROXY_UNREACHABLE: Meaning(
        B, "proxy", Owner.PROXY, "The proxy does not listen there: check its address and port."
    ),
    Cause.PROXY_TIMEOUT: Meaning(
        B, "proxy", Owner.PROXY, "Ask the proxy's owner whether it is reached from here and reaches the target."
    ),
    Cause.PROXY_AUTH_REQUIRED: Meaning(
        B, "proxy", Owner.PROXY, "The proxy wants a user and password, or another scheme than Basic."
    ),
    Cause.PROXY_DENIED: Meaning(
        B, "proxy", Owner.PROXY, "Ask the proxy's owner to allow CONNECT to this host and port."
    ),
    Cause.PROXY_FAILURE: Meaning(
        B, "proxy", Owner.PROXY, "Ask the proxy's owner: it could not make the connection, its log tells why."
    ),
    Cause.TLS_RESET: Meaning(
        B, "tls", Owner.NETWORK, "Ask the network team to allow this host: a firewall resets when it sees the name."
    ),
    Cause.TLS_CLOSED: Meaning(
        B, "tls", Owner.NETWORK, "Ask the network team to allow this host: a middlebox closes when it sees the name."
    ),
    Cause.TLS_TIMEOUT: Meaning(
        B, "tls", Owner.NETWORK, "Ask the network team to allow this host: the handshake is swallowed."
    ),
    Cause.TLS_MTU_BLACKHOLE: Meaning(
        B, "tls", Owner.NETWORK, "Ask the network team to lower the MTU or to let ICMP 'fragmentation needed' pass."
    ),
    Cause.TLS_UNTRUSTED_ISSUER: Meaning(
        B,
        "tls",
        Owner.SECURITY,
        "Ask the security team to exempt this host from TLS inspection; an issuer of your own: --ca-file.",
    ),
    Cause.TLS_EXPIRED: Meaning(
        B, "tls", Owner.PLATFORM, "Check this machine's clock, then who presents the certificate."
    ),
    Cause.TLS_NAME_MISMATCH: Meaning(
        B, "tls", Owner.SECURITY, "Ask the DNS and security teams: somebody else answers under this name."
    ),
    Cause.TLS_VERSION: Meaning(
        B,
        "tls",
        Owner.SECURITY,
        "Ask the security team: a middlebox is in the way, since no Azure service speaks old TLS only.",
    ),
    Cause.TLS_ALERT: Meaning(
        B, "tls", Owner.SECURITY, "Ask the security team: a middlebox refuses the name, or it is not served there."
    ),
    Cause.TLS_NOT_TLS: Meaning(
        B, "tls", Owner.NETWORK, "Ask the network team: what answers is not TLS, as of a middlebox or a captive portal."
    ),
    Cause.HTTP_BLOCK_PAGE: Meaning(
        B, "http", Owner.SECURITY, "Ask the security team to allow this host: a filter answers."
    ),
    Cause.HTTP_FIREWALL_DENY: Meaning(
        B, "http", Owner.NETWORK, "Add an application rule for this host: Azure Firewall denies it."
    ),
    Cause.HTTP_CAPTIVE_PORTAL: Meaning(B, "http", Owner.NETWORK, "Sign in at the portal, or exempt this host from it."),
    Cause.HTTP_TIMEOUT: Meaning(
        B, "http", Owner.SECURITY, "Ask the security team about a proxy or an inspection that holds the request."
    ),
    Cause.HTTP_RESET: Meaning(
        B, "http", Owner.SECURITY, "Ask the security team about an inspection of HTTP that cuts the connection."
    ),
    Cause.HTTP_SERVICE_FIREWALL: Meaning(
        B,
        "http",
        Owner.PLATFORM,
        "Ask the owner of the resource: its own firewall, which lets selected networks in only, refuses this one.",
    ),
    Cause.HTTP_UPGRADE_DENIED: Meaning(
        B, "http", Owner.NETWORK, "Ask the network team to allow WebSocket upgrades to this host on firewall and proxy."
    ),
    Cause.HTTP_UNEXPECTED: Meaning(
        B, "http", Owner.NETWORK, "Ask the network team who answers here: it is not the service."
    ),
    Cause.HTTP_UNPROVEN: Meaning(
        U,
        "http",
        Owner.SECURITY,
        "Ask the security team who answers here: anybody could have, and nothing tells that it was the service.",
    ),
    Cause.PRIVATE_ENDPOINT_DNS_NOT_LINKED: Meaning(B, "http", Owner.DNS, "Link the private DNS zone to this network."),
    Cause.HTTP_SERVER_ERROR: Meaning(D, "http", Owner.AZURE, "Look at Azure's status and try again."),
    Cause.HTTP_THROTTLED: Meaning(D, "http", Owner.AZURE, "The service asks for patience: try again later."),
    Cause.POD_IMAGE_PULL: Meaning(
        U, "pod", Owner.PLATFORM, "The probe's image cannot be pulled: see which registry host the event names."
    ),
    Cause.POD_UNSCHEDULABLE: Meaning(
        U, "pod", Owner.PLATFORM, "No node takes the pod: see node selector, taints and free resources."
    ),
    Cause.POD_ADMISSION_DENIED: Meaning(
        U, "pod", Owner.PLATFORM, "The cluster's admission refuses the pod: see what it says."
    ),
    Cause.POD_QUOTA: Meaning(U, "pod", Owner.PLATFORM, "The namespace's quota is used up."),
    Cause.POD_FORBIDDEN: Meaning(U, "pod", Owner.PLATFORM, "Ask for the rights that docs/testing.md names."),
    Cause.POD_EVICTED: Meaning(U, "pod", Owner.PLATFORM, "The pod was evicted: run again."),
    Cause.POD_OOM_KILLED: Meaning(
        U, "pod", Owner.PLATFORM, "The pod ran out of memory: run again with fewer endpoints."
    ),
    Cause.POD_CRASHED: Meaning(U, "pod", Owner.PLATFORM, "The probe did not start: see the pod's log."),
    Cause.POD_NODE_LOST: Meaning(U, "pod", Owner.PLATFORM, "The node was lost: run again."),
    Cause.POD_NO_RESULT: Meaning(U, "pod", Owner.PLATFORM, "Nothing came back for this endpoint: run again."),
    Cause.UNKNOWN_FAILURE: Meaning(U, "", Owner.PLATFORM, "An unforeseen failure; the text says what was seen."),
}


def judgement_of(cause: Cause, because: str) -> Judgement:
    """The judgement that a cause means, with what was seen; of an `unknown_failure` see `unknown`."""
    verdict, layer, owner, hint = CAUSES[cause]
    return Judgement(verdict, cause, layer, one_line(because), hint, owner=owner, settled_by=SETTLED_BY.get(cause))


def unknown(reason: Unmeasured, because: str) -> Judgement:
    """The judgement on what could not be measured, with what was seen and what settles it."""
    return replace(judgement_of(Cause.UNKNOWN_FAILURE, because), settled_by=SETTLED_BY[reason])
