"""TLS: how the handshake ended, and who issued the certificate. Pure."""

from __future__ import annotations

from typing import Optional

from ..model import Cause, Judgement, Proof, Requirement
from ..text import issuer_names, one_line
from ._http import describe
from .causes import judgement_of, unknown
from .scene import Facts, Scene, Steps
from .unknowns import Unmeasured

# X509_V_ERR_*: unable to get issuer certificate (locally), self-signed (in the chain), unable to verify the leaf.
_UNTRUSTED = (2, 18, 19, 20, 21)


def failed(facts: Facts, scene: Scene) -> Optional[Judgement]:
    """The judgement on a handshake that failed; None for a failure that is not known here."""
    failure, received = facts.get("failure"), facts.get("bytesReceived", 0)
    if failure == "certificate":
        return _certificate(facts, scene)
    if facts.get("notTls"):
        return judgement_of(Cause.TLS_NOT_TLS, f"the answer begins with {facts['notTls']!r}")
    if failure == "timeout":
        if facts.get("smallSegments") == "completed":
            return judgement_of(Cause.TLS_MTU_BLACKHOLE, "the handshake stalls, and completes with small packets")
        return judgement_of(Cause.TLS_TIMEOUT, f"no answer to the handshake, {received} bytes received")
    if failure == "reset":
        return judgement_of(Cause.TLS_RESET, f"reset after ClientHello, {received} bytes received{_over_http(facts)}")
    if failure == "closed":
        return judgement_of(Cause.TLS_CLOSED, f"closed after ClientHello, {received} bytes received{_over_http(facts)}")
    reason = str(facts.get("reason", ""))
    if facts.get("alert") == 70 or "VERSION" in reason.upper() or "PROTOCOL" in reason.upper():
        return judgement_of(Cause.TLS_VERSION, f"{reason}, alert {facts.get('alert')}")
    if failure == "protocol":
        return judgement_of(Cause.TLS_ALERT, f"{reason}, alert {facts.get('alert')}")
    return None


def _over_http(facts: Facts) -> str:
    """What port 80 of the same address answered (--read-http): evidence, never a verdict."""
    plain = facts.get("plainHttp")
    if not plain:
        return ""
    if plain.get("failure"):
        return f"; over plain HTTP: {plain['failure']}"
    location = (plain.get("headers") or {}).get("location")
    return f"; over plain HTTP it answers {describe(plain)}" + (f", to {location}" if location else "")


def _certificate(facts: Facts, scene: Scene) -> Judgement:
    issuer, code = issuer_of(facts), facts.get("verifyCode")
    if code == 9:
        return judgement_of(Cause.TLS_EXPIRED, f"not valid before {facts.get('notBefore')}, issued by {issuer}")
    if code == 10:
        return judgement_of(Cause.TLS_EXPIRED, f"valid until {facts.get('notAfter')}, issued by {issuer}")
    if code in (62, 64):
        names = ", ".join(facts.get("names") or ["nobody"])
        return judgement_of(Cause.TLS_NAME_MISMATCH, f"the certificate is for {names}")
    if scene.trusts_nobody:
        missing = (
            "this machine has no certificates of authorities, so none can be judged: install them or give --ca-file"
        )
        return unknown(Unmeasured.NO_AUTHORITIES, f"{missing} (issued by {issuer})")
    return judgement_of(Cause.TLS_UNTRUSTED_ISSUER, f"the certificate is issued by {issuer}")


def issuer_of(facts: Facts) -> str:
    """Who issued the certificate, by the names that it gives."""
    return " / ".join(f"'{name}'" for name in issuer_names(facts.get("issuer") or {})) or "an issuer without a name"


def by_own_authority(row: Requirement, proof: Proof, facts: Facts) -> bool:
    """Whether a certificate that nobody vouches for here is for this very name and from the proof's own authority."""
    untrusted = facts.get("failure") == "certificate" and facts.get("verifyCode") in _UNTRUSTED
    host, issuer = row.probe.host if row.probe else row.host, facts.get("issuer") or {}
    own = proof.own_authority is not None and issuer.get("CN") == proof.own_authority and not issuer.get("O")
    names = facts.get("names") or ()
    return own and untrusted and any(name in (host, "*." + host.partition(".")[2]) for name in names)


INSPECTED = "TLS is probably inspected"
"""How the warning begins."""


def inspection_warning(steps: Steps, scene: Scene, own_authority: Optional[str] = None) -> tuple[str, ...]:
    """A warning where a certificate is trusted here and its issuer is neither a public one nor the service's own."""
    tls = steps.get("tls")
    if tls is None or tls["outcome"] != "ok" or not scene.public_issuers:
        return ()
    issuer = tls["facts"].get("issuer") or {}
    own = own_authority is not None and issuer.get("CN") == own_authority and not issuer.get("O")
    if own or scene.is_public(issuer):
        return ()
    return (
        one_line(
            f"{INSPECTED}: {issuer_of(tls['facts'])} issued the certificate, trusted here and no public "
            "issuer that the catalog knows. containerd and Arc's agents trust it only if they are told to."
        ),
    )
