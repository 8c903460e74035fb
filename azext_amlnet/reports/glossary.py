"""What each cause means and how to be sure of it, for pages and for docs/causes.md."""

from __future__ import annotations

from typing import Mapping, NamedTuple

from ..vocabulary import Cause


class Explained(NamedTuple):
    """A cause in two sentences or three: what it means, and how to tell it from others."""

    means: str
    check: str


CAUSES_EXPLAINED: Mapping[Cause, Explained] = {
    Cause.DNS_NXDOMAIN: Explained(
        "The nameserver that this machine asks says that the name does not exist. Azure's names are public, so a "
        "resolver of an intranet does not forward them, or a zone of one's own hides them.",
        "Ask the same server and a public one: nslookup HOST SERVER. A zone such as privatelink.* without the "
        "record is the usual reason where private endpoints are in use.",
    ),
    Cause.DNS_NODATA: Explained(
        "The name exists, and has no address. A private DNS zone with the name of a public one often does this.",
        "The nameservers' answers are in the dns step: NOERROR without an address. Look for a zone that has the name "
        "and no A record.",
    ),
    Cause.DNS_SERVFAIL: Explained(
        "The nameserver tried and failed. Most often the server that it forwards to cannot be reached from there.",
        "Ask the forwarder itself, from the nameserver's network. A DNS firewall and broken DNSSEC look the same.",
    ),
    Cause.DNS_REFUSED: Explained(
        "The nameserver does not answer this client, or does not answer for this name.",
        "Other names are refused, too, where the client is the reason; only this one, where the name is.",
    ),
    Cause.DNS_TIMEOUT: Explained(
        "No nameserver answered in time. Nothing behind DNS can work then.",
        "All endpoints have this cause where port 53 is closed or the address is wrong; one alone has it where a "
        "server waits for a forwarder.",
    ),
    Cause.DNS_FAILURE: Explained(
        "The system's resolver gives no address, and no nameserver explains why.",
        "Compare the dns step's answers with what getaddrinfo said: /etc/resolv.conf, nsswitch.conf, or on Windows the "
        "adapter's servers.",
    ),
    Cause.DNS_SINKHOLE: Explained(
        "The name resolves to an address that nobody serves from, such as 0.0.0.0 or 127.0.0.1: a DNS filter answers.",
        "A public resolver gives another address. The filter's log names the list that has the host.",
    ),
    Cause.DNS_NO_IPV4: Explained(
        "The name has IPv6 addresses alone, and this machine has no route for IPv6.",
        "The dns step shows AAAA records and no A record.",
    ),
    Cause.DNS_SEARCH_DOMAIN: Explained(
        "Clients get the address of another name: a domain of the search list was put behind this one, and a wildcard "
        "record there answers.",
        "The absolute name, with a dot at its end, resolves otherwise. In pods ndots is 5, so that most names are "
        "searched for first.",
    ),
    Cause.DNS_INTERMITTENT: Explained(
        "Another nameserver answered, and one of them did not. Clients wait for it, or fail, from time to time.",
        "The dns step names the server that was silent. Ask it alone.",
    ),
    Cause.DNS_PUBLIC_EXPECTED_PRIVATE: Explained(
        "The workspace uses a private endpoint for this service, and here the name still resolves to a public "
        "address. The service answered all the same.",
        "nslookup shows no privatelink name with a private address. The private DNS zone is not linked to this "
        "network, or the resolver does not forward to Azure's (168.63.129.16).",
    ),
    Cause.TCP_TIMEOUT: Explained(
        "Packets to the address and port get no answer: a firewall drops them, or there is no way back.",
        "The firewall's log has the connection as denied. Nothing in it means that the packet never came by: look at "
        "routes and security groups.",
    ),
    Cause.TCP_REFUSED: Explained(
        "The connection was rejected at once. A firewall that rejects, rather than drops, does this, and so does a "
        "host where nobody listens.",
        "Azure listens on these ports, so something on the way rejects. A second machine outside the firewall tells.",
    ),
    Cause.TCP_UNREACHABLE: Explained(
        "The network says that there is no way to the address, or this machine has no route for it.",
        "ip route get ADDRESS. In a pod a network policy that rejects looks the same.",
    ),
    Cause.TCP_CLOSED: Explained(
        "Somebody accepted the connection and closed it before a word: a middlebox in the service's place.",
        "For SMB this is how most filters treat port 445. The firewall's log shows the connection as allowed, then "
        "ended.",
    ),
    Cause.PRIVATE_ENDPOINT_UNREACHABLE: Explained(
        "The name resolves to the private endpoint, and nobody answers there.",
        "Peering, routes and the security group of the endpoint's subnet. A firewall between two spokes must let the "
        "traffic pass in both directions.",
    ),
    Cause.TCP_PARTIAL: Explained(
        "The service answered, but some of the name's addresses are blocked. Clients that get one of these hang.",
        "The tcp step lists each address. Rules by address are behind the service's own changes.",
    ),
    Cause.TCP_INTERMITTENT: Explained(
        "The connection came about only after packets were lost.",
        "Under load it grows: exhausted SNAT ports of the firewall or NAT gateway are the usual reason.",
    ),
    Cause.PROXY_DNS: Explained(
        "The name of the proxy itself does not resolve here.",
        "Look at HTTPS_PROXY or --proxy. In a pod the cluster's DNS has to know the name.",
    ),
    Cause.PROXY_UNREACHABLE: Explained(
        "Nobody listens at the proxy's address and port.",
        "curl -v -x PROXY https://HOST from the same place. All endpoints that use the proxy have this cause.",
    ),
    Cause.PROXY_TIMEOUT: Explained(
        "The proxy took the connection and did not answer in time: it waits for the target, or for itself.",
        "The proxy's log shows whether it tried. Some endpoints only: its own firewall drops these.",
    ),
    Cause.PROXY_AUTH_REQUIRED: Explained(
        "The proxy asks for a user (407), and none was given, or a kind of sign-in that is not Basic.",
        "The proxy step says which schemes it offers. --proxy and HTTPS_PROXY take a user for Basic.",
    ),
    Cause.PROXY_DENIED: Explained(
        "The proxy refuses CONNECT to this host and port.",
        "Its log names the rule. check-policy --policy squid.conf shows which line it is for squid.",
    ),
    Cause.PROXY_FAILURE: Explained(
        "The proxy answered that it could not reach the target (502, 503, 504), or in a way no proxy does.",
        "Its log tells why: DNS on the proxy's machine, or a firewall behind it.",
    ),
    Cause.TLS_RESET: Explained(
        "The connection opened and was reset when the name was sent: a firewall reads the name (SNI) and refuses it.",
        "Other names on the same address pass. --read-http often gets the filter's own page.",
    ),
    Cause.TLS_CLOSED: Explained(
        "The connection opened and was closed when the name was sent, without a TLS alert.",
        "As with a reset: a filter by name. Other names on the same address pass.",
    ),
    Cause.TLS_TIMEOUT: Explained(
        "The connection opened, and nothing came back to the handshake.",
        "A filter by name that drops, or large packets that are lost. Where unacked bytes stand in the steps, packets "
        "do not arrive.",
    ),
    Cause.TLS_MTU_BLACKHOLE: Explained(
        "Small packets pass and large ones do not: the way has a smaller MTU, and the message about it is blocked.",
        "ping -M do -s 1472 ADDRESS fails where -s 1200 passes. VPNs and tunnels are where to look.",
    ),
    Cause.TLS_UNTRUSTED_ISSUER: Explained(
        "The certificate comes from an authority that is not trusted here: something on the way opens TLS.",
        "The issuer's name is in the reason. Trusting it here mends this machine alone; containerd, Arc's agents and "
        "jobs' containers each have a list of their own.",
    ),
    Cause.TLS_EXPIRED: Explained(
        "The certificate is not valid at this machine's time.",
        "Look at the clock first. Where it is right, compare the issuer with what another network shows.",
    ),
    Cause.TLS_NAME_MISMATCH: Explained(
        "The certificate is for another name: somebody else answers under this one.",
        "The names in the certificate are in the reason. A stale DNS record and a portal are the usual reasons.",
    ),
    Cause.TLS_VERSION: Explained(
        "No version of TLS that both sides speak.",
        "Azure's services speak TLS 1.2 and 1.3, so something else answers, or this machine's policy forbids both.",
    ),
    Cause.TLS_ALERT: Explained(
        "The other side ended the handshake with an alert.",
        "unrecognized_name is how some filters refuse a name; handshake_failure points to an inspection that does not "
        "speak the ciphers.",
    ),
    Cause.TLS_NOT_TLS: Explained(
        "What answers on the port is not TLS: a captive portal or a filter that sends its page in the clear.",
        "The first bytes are in the reason. http://HOST:443 shows the page.",
    ),
    Cause.HTTP_BLOCK_PAGE: Explained(
        "A page came back that is not the service's: a filter's, by its words, its maker or its headers.",
        "The page's title and maker are in the reason; the page often has a form to ask for the host.",
    ),
    Cause.HTTP_FIREWALL_DENY: Explained(
        "Azure Firewall itself answered that no rule matched or that one denies it.",
        "The firewall's application rule log has the host, and the rule if one matched.",
    ),
    Cause.HTTP_CAPTIVE_PORTAL: Explained(
        "A page that asks people to sign in to the network answers for everything.",
        "A browser on this machine shows it. Machines need an exemption.",
    ),
    Cause.HTTP_TIMEOUT: Explained(
        "TLS was agreed, the request was sent, and no answer came.",
        "A proxy or an inspection that holds requests until it has decided. Its log has the request.",
    ),
    Cause.HTTP_RESET: Explained(
        "The connection was cut after the request was sent.",
        "An inspection that reads HTTP and refuses the path or the method.",
    ),
    Cause.HTTP_SERVICE_FIREWALL: Explained(
        "The service itself answered that this network may not use it: the firewall of the storage account, vault or "
        "registry lets selected networks in only. The way there is open.",
        "Networking of the resource in the portal. Add this network, or use a private endpoint.",
    ),
    Cause.HTTP_UPGRADE_DENIED: Explained(
        "Plain requests pass, and the WebSocket upgrade does not. Arc's cluster connect and Azure Relay need it.",
        "curl with Connection: Upgrade and Upgrade: websocket through the same proxy. Many inspect and refuse it.",
    ),
    Cause.HTTP_UNEXPECTED: Explained(
        "What answered is not the service: a page without any of its marks, and with those of somebody else.",
        "The http step has status, headers and title.",
    ),
    Cause.HTTP_UNPROVEN: Explained(
        "An answer came that anybody could have given, and nothing proves that the service gave it.",
        "A certificate of a public issuer would. Where TLS is inspected, compare with a machine outside.",
    ),
    Cause.PRIVATE_ENDPOINT_DNS_NOT_LINKED: Explained(
        "The service refuses the public way, as it should with a private endpoint, and here the name resolves to the "
        "public address.",
        "nslookup shows a public address. Link the private DNS zone to this network, or forward to a resolver that has "
        "it.",
    ),
    Cause.HTTP_SERVER_ERROR: Explained(
        "The service answered, with an error of its own (5xx).",
        "https://status.azure.com, and whether it lasts.",
    ),
    Cause.HTTP_THROTTLED: Explained(
        "The service answered that there were too many requests (429).",
        "It passes. Where it does not, many clients share one address behind NAT.",
    ),
    Cause.POD_IMAGE_PULL: Explained(
        "The node could not pull the probe's image. Where the reason names a host that was blocked, that host's row is "
        "blocked; jobs' images from there fail alike.",
        "kubectl describe pod shows the event. --image names an image in a registry that nodes reach.",
    ),
    Cause.POD_UNSCHEDULABLE: Explained(
        "No node took the pod in time.",
        "The scheduler's words are in the reason. --node-selector and --toleration choose nodes, --pod-timeout waits "
        "for a pool to scale up.",
    ),
    Cause.POD_ADMISSION_DENIED: Explained(
        "A policy of the cluster (Gatekeeper, Kyverno, Pod Security) refused the pod.",
        "Its words are in the reason. --namespace names one where jobs run.",
    ),
    Cause.POD_QUOTA: Explained(
        "The namespace's quota leaves no room for the pod.",
        "kubectl describe quota. The probe asks for very little.",
    ),
    Cause.POD_FORBIDDEN: Explained(
        "Your account may not do in the namespace what the probe needs.",
        "kubectl auth can-i create jobs -n NAMESPACE. docs/testing.md has the Role.",
    ),
    Cause.POD_EVICTED: Explained("The node put the pod out.", "The node ran out of disk or memory; run again."),
    Cause.POD_OOM_KILLED: Explained(
        "The pod ran out of memory.", "A LimitRange may be lower than what the probe asks for."
    ),
    Cause.POD_CRASHED: Explained(
        "The container ended before the probe told anything.",
        "Its last line is in the reason. Another image may have no Python 3.8.",
    ),
    Cause.POD_NODE_LOST: Explained("The node went away, or the pod was deleted.", "Run again."),
    Cause.POD_NO_RESULT: Explained(
        "Nothing came back for this endpoint: the log was cut, or the time was over.",
        "What was measured by then is there. Run again.",
    ),
    Cause.UNKNOWN_FAILURE: Explained(
        "Something failed that nobody foresaw.", "The reason says what was seen; please report it."
    ),
}
