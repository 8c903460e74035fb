"""Facts of the prober → verdict, cause, because, hint. Pure; the table of causes is what docs and reports print.

The first failing layer is the diagnosis. Reachable needs the service's own answer as the catalog's proof describes it;
whatever is measured without that proof is never green.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from typing import Any, Iterable, Mapping, Optional
from urllib.parse import urlsplit

from ..model import Cause, Judgement, Proof, Protocol, Requirement, Verdict
from ..text import one_line

Facts = Mapping[str, Any]
B, D, U = Verdict.BLOCKED, Verdict.DEGRADED, Verdict.UNKNOWN

CAUSES: dict[Cause, tuple[Verdict, str, str]] = {
    Cause.DNS_NXDOMAIN: (B, "dns", "Ask the DNS team: the resolver says that the name does not exist."),
    Cause.DNS_NODATA: (B, "dns", "Ask the DNS team: the name exists, but without an address."),
    Cause.DNS_SERVFAIL: (B, "dns", "Ask the DNS team: the resolver's forwarder may be blocked."),
    Cause.DNS_REFUSED: (B, "dns", "Ask the DNS team: the resolver refuses to answer this client or this name."),
    Cause.DNS_TIMEOUT: (B, "dns", "Check the resolver's address and that UDP and TCP port 53 to it are open."),
    Cause.DNS_FAILURE: (B, "dns", "Check the resolver configuration of this machine."),
    Cause.DNS_SINKHOLE: (B, "dns", "Ask the security team: a DNS filter answers with an address of its own."),
    Cause.DNS_NO_IPV4: (B, "dns", "The name has IPv6 addresses only, and there is no IPv6 route here."),
    Cause.DNS_SEARCH_DOMAIN: (B, "dns", "Remove the wildcard of the search domain, or lower ndots."),
    Cause.DNS_INTERMITTENT: (D, "dns", "One of the resolvers fails: lookups are slow or fail from time to time."),
    Cause.DNS_PUBLIC_EXPECTED_PRIVATE: (D, "dns", "Link the private DNS zone to this network."),
    Cause.TCP_TIMEOUT: (B, "tcp", "Ask the network team to allow this host and port: packets are dropped on the way."),
    Cause.TCP_REFUSED: (
        B,
        "tcp",
        "Ask the network team: a firewall, or the address itself, rejects the connection to this port.",
    ),
    Cause.TCP_UNREACHABLE: (B, "tcp", "Ask the network team about routes: there is no way to this address from here."),
    Cause.TCP_CLOSED: (
        B,
        "tcp",
        "Ask the network team: a middlebox accepts in the service's place and does not speak its language.",
    ),
    Cause.PRIVATE_ENDPOINT_UNREACHABLE: (B, "tcp", "Check the route and the NSG to the private endpoint's subnet."),
    Cause.TCP_PARTIAL: (D, "tcp", "Some addresses of the name are blocked: allow all of them, or the name."),
    Cause.TCP_INTERMITTENT: (
        D,
        "tcp",
        "Ask the network team about SNAT ports and the firewall's load.",
    ),
    Cause.PROXY_DNS: (B, "proxy", "The proxy's name does not resolve: check the proxy setting."),
    Cause.PROXY_UNREACHABLE: (B, "proxy", "The proxy does not listen there: check its address and port."),
    Cause.PROXY_TIMEOUT: (
        B,
        "proxy",
        "Ask the proxy's owner whether it is reached from here and reaches the target.",
    ),
    Cause.PROXY_AUTH_REQUIRED: (B, "proxy", "The proxy wants a user and password, or another scheme than Basic."),
    Cause.PROXY_DENIED: (B, "proxy", "Ask the proxy's owner to allow CONNECT to this host and port."),
    Cause.PROXY_FAILURE: (B, "proxy", "Ask the proxy's owner: it could not make the connection, its log tells why."),
    Cause.TLS_RESET: (B, "tls", "Ask the network team to allow this host: a firewall resets when it sees the name."),
    Cause.TLS_CLOSED: (B, "tls", "Ask the network team to allow this host: a middlebox closes when it sees the name."),
    Cause.TLS_TIMEOUT: (
        B,
        "tls",
        "Ask the network team to allow this host: the handshake is swallowed.",
    ),
    Cause.TLS_MTU_BLACKHOLE: (
        B,
        "tls",
        "Ask the network team to lower the MTU or to let ICMP 'fragmentation needed' pass.",
    ),
    Cause.TLS_UNTRUSTED_ISSUER: (
        B,
        "tls",
        "Ask the security team to exempt this host from TLS inspection; an issuer of your own: --ca-file.",
    ),
    Cause.TLS_EXPIRED: (B, "tls", "Check this machine's clock, then who presents the certificate."),
    Cause.TLS_NAME_MISMATCH: (B, "tls", "Ask the DNS and security teams: somebody else answers under this name."),
    Cause.TLS_VERSION: (
        B,
        "tls",
        "Ask the security team: a middlebox is in the way, since no Azure service speaks old TLS only.",
    ),
    Cause.TLS_ALERT: (
        B,
        "tls",
        "Ask the security team: a middlebox refuses the name, or it is not served there.",
    ),
    Cause.TLS_NOT_TLS: (
        B,
        "tls",
        "Ask the network team: what answers is not TLS, as of a middlebox or a captive portal.",
    ),
    Cause.HTTP_BLOCK_PAGE: (
        B,
        "http",
        "Ask the security team to allow this host: a filter answers.",
    ),
    Cause.HTTP_FIREWALL_DENY: (B, "http", "Add an application rule for this host: Azure Firewall denies it."),
    Cause.HTTP_CAPTIVE_PORTAL: (
        B,
        "http",
        "Sign in at the portal, or exempt this host from it.",
    ),
    Cause.HTTP_TIMEOUT: (B, "http", "Ask the security team about a proxy or an inspection that holds the request."),
    Cause.HTTP_RESET: (B, "http", "Ask the security team about an inspection of HTTP that cuts the connection."),
    Cause.HTTP_SERVICE_FIREWALL: (
        B,
        "http",
        "Ask the owner of the resource: its own firewall refuses this network.",
    ),
    Cause.HTTP_UPGRADE_DENIED: (
        B,
        "http",
        "Ask the network team to allow WebSocket upgrades to this host on firewall and proxy.",
    ),
    Cause.HTTP_UNEXPECTED: (B, "http", "Ask the network team who answers here: it is not the service."),
    Cause.PRIVATE_ENDPOINT_DNS_NOT_LINKED: (B, "http", "Link the private DNS zone to this network."),
    Cause.HTTP_SERVER_ERROR: (D, "http", "Look at Azure's status and try again."),
    Cause.HTTP_THROTTLED: (D, "http", "The service asks for patience: try again later."),
    Cause.POD_IMAGE_PULL: (U, "pod", "The probe's image cannot be pulled: see which registry host the event names."),
    Cause.POD_UNSCHEDULABLE: (U, "pod", "No node takes the pod: see node selector, taints and free resources."),
    Cause.POD_ADMISSION_DENIED: (U, "pod", "A policy of the cluster refuses the pod: see what it says."),
    Cause.POD_QUOTA: (U, "pod", "The namespace's quota is used up."),
    Cause.POD_FORBIDDEN: (U, "pod", "Ask for the rights that the README names."),
    Cause.POD_EVICTED: (U, "pod", "The pod was evicted: run again."),
    Cause.POD_OOM_KILLED: (U, "pod", "The pod ran out of memory: run again with fewer endpoints."),
    Cause.POD_CRASHED: (U, "pod", "The probe did not start: see the pod's log."),
    Cause.POD_NODE_LOST: (U, "pod", "The node was lost: run again."),
    Cause.POD_NO_RESULT: (U, "pod", "Nothing came back for this endpoint: run again."),
    Cause.UNKNOWN_FAILURE: (U, "", "An unforeseen failure; the text says what was seen."),
}


@dataclass(frozen=True)
class Scene:
    """What holds for every result of a run: the machine it was measured on, and whose certificates are public ones."""

    ipv6: bool = True
    trusts_nobody: bool = False
    throttled_ms: float = 0.0
    search: tuple[str, ...] = ()
    public_issuers: tuple[str, ...] = ()

    def is_public(self, issuer: Mapping[str, Any]) -> bool:
        """Whether an issuer is an organization that issues public certificates."""
        return str(issuer.get("O") or "").casefold() in map(str.casefold, self.public_issuers)


def scene_of(hello: Facts, throttled_ms: float, public_issuers: tuple[str, ...]) -> Scene:
    """The scene, from the prober's first line and from how long a CPU limit held it back.

    Less than a tenth of the time that an endpoint has explains no time-out.
    """
    trust, patience = hello.get("trust") or {}, hello.get("timeoutS")
    patience_ms = patience * 1000 if isinstance(patience, (int, float)) else 0
    counts = throttled_ms > patience_ms / 10
    return Scene(
        ipv6=bool(hello.get("ipv6", True)),
        trusts_nobody=bool(trust.get("empty")),
        throttled_ms=throttled_ms if counts else 0.0,
        search=tuple(hello.get("search") or ()),
        public_issuers=public_issuers,
    )


_TIMEOUTS = (
    *(Cause.DNS_TIMEOUT, Cause.TCP_TIMEOUT, Cause.PROXY_TIMEOUT, Cause.TLS_TIMEOUT, Cause.HTTP_TIMEOUT),
    *(Cause.TLS_MTU_BLACKHOLE, Cause.PRIVATE_ENDPOINT_UNREACHABLE),
)


def _doubted(judgement: Judgement, scene: Scene) -> Judgement:
    """A time-out of a prober that had too little CPU proves nothing."""
    if not scene.throttled_ms or judgement.cause not in _TIMEOUTS or judgement.cause is None:
        return judgement
    held = f"{judgement.cause.value}, but its CPU limit held the probe back for {scene.throttled_ms:.0f} ms"
    return told(Cause.UNKNOWN_FAILURE, f"{held}: {judgement.because}")


def by_pull(row: Requirement, host: Optional[str], because: str) -> Optional[Judgement]:
    """The judgement on the row that a failed image pull proves blocked; None for every other one."""
    names = (row.host, row.probe.host if row.probe else "")
    covered = row.host.startswith("*.") and (host or "").endswith(row.host[1:])
    if host is None or (host not in names and not covered):
        return None
    return replace(told(Cause.POD_IMAGE_PULL, because), verdict=Verdict.BLOCKED)


def judge(row: Requirement, proof: Proof, result: Optional[Facts], scene: Scene = Scene()) -> Judgement:
    """The judgement on one result of the prober; None, or one that is cut, is unknown and never fine."""
    steps = {step["layer"]: step for step in (result or {}).get("steps") or ()}
    judgement = _doubted(_judged(row, proof, steps, scene), scene)
    return replace(judgement, warnings=(*judgement.warnings, *_inspected(steps, scene)))


def _judged(row: Requirement, proof: Proof, steps: Mapping[str, Facts], scene: Scene) -> Judgement:
    if not steps:
        return told(Cause.POD_NO_RESULT, "no result came back")
    failed = next((step for step in steps.values() if step["outcome"] != "ok"), None)
    if failed is not None:
        return _failure(row, proof, failed, steps, scene)
    last = {"https": "http", "http": "http", "tls": "tls", "smb": "smb", "udp": "ntp", "tcp": "tcp"}
    if ("tcp" if proof.name == "connect" else last[row.protocol.value]) not in steps:
        return told(Cause.POD_NO_RESULT, "the result is cut")
    return _answered(row, proof, steps, scene) if "http" in steps else _fine(row, steps, scene)


def told(cause: Cause, because: str) -> Judgement:
    """The judgement that a cause means, with what was seen."""
    verdict, layer, hint = CAUSES[cause]
    return Judgement(verdict, cause, layer, one_line(because), hint)


def _failure(row: Requirement, proof: Proof, step: Facts, steps: Mapping[str, Facts], scene: Scene) -> Judgement:
    layer, facts = step["layer"], step["facts"]
    if _exhausted(facts):
        return told(Cause.UNKNOWN_FAILURE, f"this machine ran out of files, memory or threads ({layer})")
    if row.private and layer in ("tcp", "tls", "http") and _public(steps):
        said = f"the name resolves to {_public(steps)}, and there: {facts.get('failure')} ({layer})"
        return told(Cause.PRIVATE_ENDPOINT_DNS_NOT_LINKED, said)
    if layer == "tcp":
        return _tcp(row, facts, steps, scene)
    if layer == "smb":
        return told(Cause.TCP_CLOSED, f"the connection opened, but no SMB answer came: {facts.get('failure')}")
    if layer == "ntp":
        return told(Cause.UNKNOWN_FAILURE, f"no NTP answer ({facts.get('failure')}); over UDP silence proves nothing")
    if layer == "tls" and _own_authority(row, proof, facts):
        return replace(_fine(row, steps, scene), notes=(f"The certificate is issued by {_issuer(facts)}.",))
    suspect = _suspect_dns(steps) if layer in ("tls", "http") else None
    judges = {"dns": _dns, "proxy": _proxy, "tls": _tls, "http": _http_failed}
    found = judges[layer](facts, scene) if layer in judges else None
    return suspect or found or told(Cause.UNKNOWN_FAILURE, f"{layer}: {facts.get('error') or facts.get('failure')}")


def _exhausted(facts: Facts) -> bool:
    """Whether the measuring machine's own limits are to blame; then nothing was measured."""
    words = [facts, *(facts.get("attempts") or ())]
    silent = any(a.get("error") in ("EMFILE", "ENFILE", "ENOMEM", "ENOBUFS") for a in facts.get("answers") or ())
    return silent or any(word.get("failure") == "exhausted" for word in words)


def _own_authority(row: Requirement, proof: Proof, facts: Facts) -> bool:
    """Whether a certificate that nobody vouches for here is for this very name and from the proof's own authority."""
    untrusted = facts.get("failure") == "certificate" and facts.get("verifyCode") in _UNTRUSTED
    host, issuer = row.probe.host if row.probe else row.host, facts.get("issuer") or {}
    own = proof.own_authority is not None and issuer.get("CN") == proof.own_authority and not issuer.get("O")
    names = facts.get("names") or ()
    return own and untrusted and any(name in (host, "*." + host.partition(".")[2]) for name in names)


# X509_V_ERR_*: unable to get issuer certificate (locally), self-signed (in the chain), unable to verify the leaf.
_UNTRUSTED = (2, 18, 19, 20, 21)


def _inspected(steps: Mapping[str, Facts], scene: Scene) -> tuple[str, ...]:
    """A warning where a certificate is trusted here and its issuer is none that issues public ones."""
    tls = steps.get("tls")
    if tls is None or tls["outcome"] != "ok" or not scene.public_issuers:
        return ()
    issuer = tls["facts"].get("issuer") or {}
    if scene.is_public(issuer):
        return ()
    return (
        one_line(
            f"TLS is probably inspected: {_issuer(tls['facts'])} issued the certificate, trusted here and no public "
            "issuer that the catalog knows. containerd and Arc's agents trust it only if they are told to."
        ),
    )


def _issuer(facts: Facts) -> str:
    issuer = facts.get("issuer") or {}
    names = [str(issuer[key]) for key in ("O", "CN") if issuer.get(key)]
    return " / ".join(f"'{name}'" for name in names) or "an issuer without a name"


# -- dns

_RCODES = {
    "NXDOMAIN": Cause.DNS_NXDOMAIN,
    "SERVFAIL": Cause.DNS_SERVFAIL,
    "REFUSED": Cause.DNS_REFUSED,
    "timeout": Cause.DNS_TIMEOUT,
    "NOERROR": Cause.DNS_NODATA,
}
# Where no nameserver could be asked itself (no resolv.conf, as on Windows), getaddrinfo's own word counts.
_EAI = {"EAI_NONAME": Cause.DNS_NXDOMAIN, "EAI_NODATA": Cause.DNS_NODATA, "timeout": Cause.DNS_TIMEOUT}


def _dns(facts: Facts, scene: Scene) -> Judgement:
    answers, failure = facts.get("answers") or (), str(facts.get("failure"))
    if failure == "error":
        return told(Cause.UNKNOWN_FAILURE, f"the name could not be looked up: {facts.get('error')}")
    if not answers:
        return told(_EAI.get(failure, Cause.DNS_FAILURE), f"the system's resolver says {failure}")
    said = _answers(answers)
    ipv4 = [answer for answer in answers if answer["type"] == "A"] or answers
    if any(answer.get("addresses") for answer in answers):  # the name is there, and yet no client gets it
        silent = Cause.DNS_TIMEOUT if failure in ("timeout", "EAI_AGAIN") else Cause.DNS_FAILURE
        return told(Cause.DNS_SEARCH_DOMAIN if scene.search else silent, f"clients get {failure}, but: {said}")
    words = {answer.get("rcode") or answer.get("error") for answer in ipv4}
    for word, cause in _RCODES.items():
        if word in words:
            return told(cause, said)
    return told(Cause.DNS_TIMEOUT if failure == "timeout" else Cause.DNS_FAILURE, said)


def _answers(answers: Iterable[Facts]) -> str:
    """What the nameservers said, by their answer."""
    by_word: dict[str, list[str]] = {}
    for answer in answers:
        found = ", ".join(answer.get("addresses") or ())
        word = found or str(answer.get("rcode") or answer.get("error")).replace("NOERROR", "no address")
        by_word.setdefault(word, []).append(str(answer["server"]))
    return "; ".join(f"{word} from {', '.join(dict.fromkeys(servers))}" for word, servers in sorted(by_word.items()))


def _suspect_dns(steps: Mapping[str, Facts]) -> Optional[Judgement]:
    """A failure further up that DNS explains: an address nobody serves from, or one that a search domain gave."""
    facts = steps.get("dns", {}).get("facts", {})
    addresses = _addresses(steps)
    if facts.get("literal"):
        return None
    hole = next((address for address in addresses if _is_sinkhole(address)), None)
    if hole:
        return told(Cause.DNS_SINKHOLE, f"the name resolves to {hole}")
    searched = facts.get("searched") or {}
    if set(addresses) & set(searched.get("addresses") or ()):
        absolute = _answers(facts.get("answers") or ()) or "nothing"
        found = f"clients get {', '.join(addresses)}, which is {searched.get('name')}; the name itself: {absolute}"
        return told(Cause.DNS_SEARCH_DOMAIN, found)
    return None


# RFC 6890: this network, loopback, link-local, reserved, broadcast; nobody serves from there.
_NOWHERE = tuple(
    ipaddress.ip_network(text)
    for text in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "240.0.0.0/4", "::/127", "fe80::/10", "100::/64")
)


def _is_sinkhole(address: str) -> bool:
    return any(_ip(address) in network for network in _NOWHERE)


def _ip(address: str) -> Any:
    return ipaddress.ip_address(address.partition("%")[0])


# -- tcp


def _tcp(row: Requirement, facts: Facts, steps: Mapping[str, Facts], scene: Scene) -> Judgement:
    every = facts.get("attempts") or ()
    attempts = [attempt for attempt in every if not _not_applicable(attempt, scene)]
    if every and not attempts:
        if all(attempt["family"] == 6 for attempt in every):
            return told(Cause.DNS_NO_IPV4, f"only IPv6 addresses, without an IPv6 route here: {_attempts(every)}")
        return told(Cause.TCP_UNREACHABLE, _attempts(every))
    said = _attempts(attempts)
    suspect = _suspect_dns(steps)
    if suspect:
        return suspect
    if row.private and facts.get("failure") in ("timeout", "unreachable", "prohibited"):
        return told(Cause.PRIVATE_ENDPOINT_UNREACHABLE, said)
    causes = {"refused": Cause.TCP_REFUSED, "reset": Cause.TCP_REFUSED, "timeout": Cause.TCP_TIMEOUT}
    return told(causes.get(str(facts.get("failure")), Cause.TCP_UNREACHABLE), said)


def _not_applicable(attempt: Facts, scene: Scene) -> bool:
    """Whether an address is of a family that this machine has no way for; that is no failure of the address."""
    no_way = attempt.get("errno") in ("ENETUNREACH", "EAFNOSUPPORT", "EADDRNOTAVAIL")
    return no_way or (attempt["family"] == 6 and not scene.ipv6)


def _attempts(attempts: Iterable[Facts]) -> str:
    """What became of each address."""
    return ", ".join(f"{a['address']}: {a.get('errno') or a.get('failure', 'timeout')}" for a in attempts)


# -- proxy


def _proxy(facts: Facts, scene: Scene) -> Judgement:
    stage, failure, proxy = facts.get("stage"), str(facts.get("failure")), facts.get("proxy")
    what = {"dns": "its name", "tcp": "connecting to it", "tls": "TLS with it", "connect": "its answer to CONNECT"}
    own = {"dns": _dns(facts, scene), "tls": _tls(facts, scene)}.get(str(stage))
    detail = own.because if own else _attempts(facts.get("attempts") or ()) if stage == "tcp" else failure
    said = f"{proxy}, {what.get(str(stage), 'asking it')}: {detail}"
    if stage == "dns":
        return told(Cause.PROXY_DNS, said)
    if failure == "timeout":
        return told(Cause.PROXY_TIMEOUT, said)
    if stage == "tcp":
        return told(Cause.PROXY_UNREACHABLE, said)
    if failure == "denied":
        status = facts.get("status", 0)
        cause = Cause.PROXY_FAILURE if status >= 500 else Cause.PROXY_DENIED
        return told(Cause.PROXY_AUTH_REQUIRED if status == 407 else cause, f"{proxy} answers {_said(facts)}")
    return told(Cause.PROXY_FAILURE, said)


def _said(facts: Facts) -> str:
    """An HTTP answer in words: status, reason, squid's own word, what an authenticating proxy wants, the page."""
    headers = facts.get("headers") or {}
    words = [str(facts.get("status", "")), facts.get("reason", ""), headers.get("x-squid-error", "")]
    words += [f"(it wants {headers['proxy-authenticate']})"] if "proxy-authenticate" in headers else []
    return " ".join(filter(None, words)) + _page(facts)


def _proxys_answer(facts: Facts) -> Optional[Cause]:
    """For plain HTTP through a proxy: the cause, where the proxy itself answered in the service's place."""
    squid = str(facts.get("headers", {}).get("x-squid-error", ""))
    if facts["status"] == 407:
        return Cause.PROXY_AUTH_REQUIRED
    if squid.startswith("ERR_ACCESS_DENIED"):
        return Cause.PROXY_DENIED
    return Cause.PROXY_FAILURE if squid or facts["status"] in (502, 503, 504) else None


# -- tls


def _tls(facts: Facts, scene: Scene) -> Optional[Judgement]:
    failure, seen = facts.get("failure"), facts.get("bytesReceived", 0)
    if failure == "certificate":
        return _certificate(facts, scene)
    if facts.get("notTls"):
        return told(Cause.TLS_NOT_TLS, f"the answer begins with {facts['notTls']!r}")
    if failure == "timeout":
        if facts.get("smallSegments") == "completed":
            return told(Cause.TLS_MTU_BLACKHOLE, "the handshake stalls, and completes with small packets")
        return told(Cause.TLS_TIMEOUT, f"no answer to the handshake, {seen} bytes received")
    if failure == "reset":
        return told(Cause.TLS_RESET, f"reset after ClientHello, {seen} bytes received")
    if failure == "closed":
        return told(Cause.TLS_CLOSED, f"closed after ClientHello, {seen} bytes received")
    reason = str(facts.get("reason", ""))
    if facts.get("alert") == 70 or "VERSION" in reason.upper() or "PROTOCOL" in reason.upper():
        return told(Cause.TLS_VERSION, f"{reason}, alert {facts.get('alert')}")
    if failure == "protocol":
        return told(Cause.TLS_ALERT, f"{reason}, alert {facts.get('alert')}")
    return None


def _certificate(facts: Facts, scene: Scene) -> Judgement:
    who, code = _issuer(facts), facts.get("verifyCode")
    if code == 9:
        return told(Cause.TLS_EXPIRED, f"not valid before {facts.get('notBefore')}, issued by {who}")
    if code == 10:
        return told(Cause.TLS_EXPIRED, f"valid until {facts.get('notAfter')}, issued by {who}")
    if code in (62, 64):
        return told(Cause.TLS_NAME_MISMATCH, f"the certificate is for {', '.join(facts.get('names') or ['nobody'])}")
    if scene.trusts_nobody:
        missing = (
            "this machine has no certificates of authorities, so none can be judged: install them or give --ca-file"
        )
        return told(Cause.UNKNOWN_FAILURE, f"{missing} (issued by {who})")
    return told(Cause.TLS_UNTRUSTED_ISSUER, f"the certificate is issued by {who}")


# -- http


def _http_failed(facts: Facts, _: Scene) -> Optional[Judgement]:
    failure = facts.get("failure")
    if failure == "timeout":
        return told(Cause.HTTP_TIMEOUT, "no answer to the request")
    if failure in ("reset", "closed", "error"):
        detail = f" ({facts['error']})" if facts.get("error") else ""
        return told(Cause.HTTP_RESET, f"{failure} after the request{detail}")
    return told(Cause.HTTP_UNEXPECTED, f"what answers is not HTTP: {facts.get('start')!r}")


def _answered(row: Requirement, proof: Proof, steps: Mapping[str, Facts], scene: Scene) -> Judgement:
    facts = steps["http"]["facts"]
    if "proxy" in steps and row.protocol is Protocol.HTTP and not _marked(proof, facts):
        cause = _proxys_answer(facts)
        if cause:
            return told(cause, f"{steps['proxy']['facts'].get('proxy')} answers {_said(facts)}")
    # Azure Firewall's answer to a denied HTTP request, as public transcripts show it (2026-11-23).
    if facts["status"] == 470 or str(facts.get("text", "")).startswith("Action: Deny."):
        return told(Cause.HTTP_FIREWALL_DENY, _said(facts))
    # Without marks the certificate speaks: nobody but the service has one of a public issuer for its name.
    certified = "tls" in steps and scene.is_public(steps["tls"]["facts"].get("issuer") or {})
    if _marked(proof, facts) or (certified and not proof.marks):
        return _of_the_service(row, proof, steps, scene)
    return _suspect_dns(steps) or _of_a_stranger(row, proof, steps, scene)


def _marked(proof: Proof, facts: Facts) -> bool:
    return any(_has(facts, name, content) for name, content in proof.marks)


def _of_the_service(row: Requirement, proof: Proof, steps: Mapping[str, Facts], scene: Scene) -> Judgement:
    """The judgement on the service's own answer; it may refuse, be busy or be broken, but it was reached."""
    facts = steps["http"]["facts"]
    status, said = facts["status"], _said(facts)
    if status == 403 and row.private and _public(steps):
        return told(Cause.PRIVATE_ENDPOINT_DNS_NOT_LINKED, f"{said}; the name resolves to {_public(steps)}")
    if status == 403 and proof.marks and not proof.forbidden:
        return told(Cause.HTTP_SERVICE_FIREWALL, said)
    if status == 429:
        return told(Cause.HTTP_THROTTLED, said)
    if status >= 500:
        return told(Cause.HTTP_SERVER_ERROR, said)
    fine = _fine(row, steps, scene)
    usual = not proof.statuses or status in (*proof.statuses, 400, 401, 404)
    return (
        fine if usual else replace(fine, notes=(*fine.notes, f"It answered {said}, which is not what it usually says."))
    )


def _of_a_stranger(row: Requirement, proof: Proof, steps: Mapping[str, Facts], scene: Scene) -> Judgement:
    """The judgement on an answer that nothing proves to be the service's."""
    facts = steps["http"]["facts"]
    status, said = facts["status"], _said(facts)
    if 300 <= status < 400 and not _upgraded(row, facts):
        return told(Cause.HTTP_CAPTIVE_PORTAL, f"{said}, to {facts['headers'].get('location')}")
    if row.websocket:
        return told(Cause.HTTP_UPGRADE_DENIED, said)
    words = f"{facts.get('title', '')} {facts.get('text', '')}".lower()
    if status in (403, 407, 451, 511) or any(word in words for word in _BLOCKING):
        return told(Cause.HTTP_BLOCK_PAGE, said)
    if proof.marks:
        return told(Cause.HTTP_BLOCK_PAGE if facts.get("html") else Cause.HTTP_UNEXPECTED, said)
    if status >= 500:
        return told(Cause.HTTP_UNEXPECTED, said)
    if facts.get("html") or facts.get("encoded"):
        return told(Cause.UNKNOWN_FAILURE, f"a page that could be the service's or a middlebox's: {said}")
    return _fine(row, steps, scene)


def _upgraded(row: Requirement, facts: Facts) -> bool:
    """Whether a redirection only goes from http to https on the same host."""
    try:
        there = urlsplit(str(facts["headers"].get("location", "")))
        return there.scheme == "https" and there.hostname == (row.probe.host if row.probe else row.host)
    except ValueError:
        return False


_BLOCKING = (
    "blocked",
    "denied",
    "not allowed",
    "forbidden",
    "policy",
    "firewall",
    "restricted",
    "prohibited",
    "filter",
)


def _has(facts: Facts, name: str, content: str) -> bool:
    """Whether an answer bears a mark: a header (with this in it), or this in its reason phrase or text."""
    answer = f"{facts.get('reason', '')} {facts.get('text', '')}"
    value = answer if name == "answer" else facts.get("headers", {}).get(name)
    return value is not None and content.lower() in value.lower()


def _page(facts: Facts) -> str:
    shown = facts.get("title") or facts.get("text")
    return f" ({str(shown)[:120]!r})" if shown else ""


# -- what answered


def _fine(row: Requirement, steps: Mapping[str, Facts], scene: Scene) -> Judgement:
    """The service answered; degraded where it did not on every address or every resolver."""
    public = _public(steps)
    if row.private and public:
        return told(Cause.DNS_PUBLIC_EXPECTED_PRIVATE, f"the name resolves to {public}")
    attempts = steps.get("tcp", {}).get("facts", {}).get("attempts") or ()
    dead = [a for a in attempts if a.get("failure") and not _not_applicable(a, scene)]
    if dead:
        said = ", ".join(f"{attempt['address']}: {attempt['failure']}" for attempt in dead)
        return told(Cause.TCP_PARTIAL, f"{len(dead)} of {len(attempts)} addresses fail: {said}")
    again = [a for a in attempts if a.get("retransmits")]
    if again:
        said = ", ".join(f"{attempt['address']}: {attempt['retransmits']} lost" for attempt in again)
        return told(Cause.TCP_INTERMITTENT, f"the connection opened only after packets were sent again ({said})")
    answers = steps.get("dns", {}).get("facts", {}).get("answers") or ()
    bad = sorted({a["server"] for a in answers if a.get("error") or a.get("rcode") in ("SERVFAIL", "REFUSED")})
    if bad and len(bad) < len({answer["server"] for answer in answers}):
        return told(Cause.DNS_INTERMITTENT, f"no answer from {', '.join(bad)}")
    return Judgement(Verdict.REACHABLE, notes=() if row.private or not _private(steps) else (_private(steps),))


# RFC 1918, RFC 6598 (carrier-grade NAT), RFC 4193.
_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)


def _is_private(address: str) -> bool:
    return any(_ip(address) in network for network in _PRIVATE)


def _addresses(steps: Mapping[str, Facts]) -> tuple[str, ...]:
    return tuple(steps.get("dns", {}).get("facts", {}).get("addresses") or ())


def _public(steps: Mapping[str, Facts]) -> str:
    """The first public address of the name, if it has one."""
    return next((a for a in _addresses(steps) if not _is_private(a) and not _is_sinkhole(a)), "")


def _private(steps: Mapping[str, Facts]) -> str:
    """A note for a private address that nobody announced."""
    private = next(filter(_is_private, _addresses(steps)), "")
    return f"The name resolves to the private address {private}." if private else ""
