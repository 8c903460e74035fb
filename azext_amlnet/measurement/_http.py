"""HTTP: whether the service itself answered, as the catalog's proof describes it, or somebody in its place. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Optional
from urllib.parse import urlsplit

from ..model import Cause, Judgement, Proof, Protocol, Requirement
from . import _names, _reached
from ._makers import maker_of
from .causes import judgement_of, unknown
from .scene import Facts, Scene, Steps, facts_of
from .unknowns import Unmeasured

_BLOCKING = (
    *("blocked", "denied", "not allowed", "forbidden", "policy", "firewall", "restricted", "prohibited", "filter"),
)
_MIDDLEBOXES_OWN = (407, 451, 511)
"""Statuses that no service of the list gives: proxy authentication, legal reasons, network authentication."""
_ANY_APIS = (400, 401, 404, 405)
# The page that Azure Front Door gives itself while what is behind it is down
# (https://learn.microsoft.com/azure/frontdoor/troubleshoot-issues, 2026-11-26).
_FRONT_DOOR = "our services aren't available right now"


def failed(facts: Facts) -> Judgement:
    """The judgement on a request without an answer in HTTP."""
    failure = facts.get("failure")
    if failure == "timeout":
        return judgement_of(Cause.HTTP_TIMEOUT, "no answer to the request")
    if failure in ("reset", "closed", "error"):
        detail = f" ({facts['error']})" if facts.get("error") else ""
        return judgement_of(Cause.HTTP_RESET, f"{failure} after the request{detail}")
    return judgement_of(Cause.HTTP_UNEXPECTED, f"what answers is not HTTP: {facts.get('start')!r}")


def answered(row: Requirement, proof: Proof, steps: Steps, scene: Scene) -> Judgement:
    """The judgement on an answer in HTTP, whoever gave it."""
    facts = facts_of(steps, "http")
    marked = _marked(proof, facts)
    if "proxy" in steps and row.protocol is Protocol.HTTP and not marked:
        cause = _proxys_answer(facts)
        if cause:
            return judgement_of(cause, f"{facts_of(steps, 'proxy').get('proxy')} answers {describe(facts)}")
    # Azure Firewall's answer to a denied HTTP request, as public transcripts show it (2026-11-23).
    if facts["status"] == 470 or str(facts.get("text", "")).startswith("Action: Deny."):
        return judgement_of(Cause.HTTP_FIREWALL_DENY, describe(facts))
    if facts["status"] in _MIDDLEBOXES_OWN:
        return judgement_of(Cause.HTTP_BLOCK_PAGE, describe(facts))
    # Nobody but the service has a certificate of a public issuer for its name, so behind one no mark is asked for.
    certified = "tls" in steps and scene.is_public(facts_of(steps, "tls").get("issuer") or {})
    upgraded = proof.upgrade and 300 <= facts["status"] < 400 and _upgraded(row, facts)
    if marked or upgraded or certified:
        judgement = _of_the_service(row, proof, steps, scene)
        return judgement if marked or upgraded or not proof.marks else _unmarked(judgement)
    return _names.suspect(row, steps) or _of_a_stranger(row, proof, steps, scene)


def _unmarked(judgement: Judgement) -> Judgement:
    note = "None of the marks that the catalog knows was in the answer; the public certificate proves whose it is."
    return replace(judgement, notes=(*judgement.notes, note))


def _of_the_service(row: Requirement, proof: Proof, steps: Steps, scene: Scene) -> Judgement:
    """The judgement on the service's own answer; it may refuse, be busy or be broken, but it was reached."""
    facts = facts_of(steps, "http")
    status, answer = facts["status"], describe(facts)
    public = _names.public_address(steps)
    if status == 403 and row.private and public:
        return judgement_of(Cause.PRIVATE_ENDPOINT_DNS_NOT_LINKED, f"{answer}; the name resolves to {public}")
    if status == 403 and not proof.forbidden and 403 not in proof.statuses:
        return judgement_of(Cause.HTTP_SERVICE_FIREWALL, answer)
    if status == 429:
        return judgement_of(Cause.HTTP_THROTTLED, answer)
    if status >= 500:
        return judgement_of(Cause.HTTP_SERVER_ERROR, answer)
    reached = _reached.judged(row, steps, scene)
    if not proof.statuses or status in (*proof.statuses, 400, 401, 404):
        return reached
    return replace(reached, notes=(*reached.notes, f"It answered {answer}, which is not what it usually says."))


def _of_a_stranger(row: Requirement, proof: Proof, steps: Steps, scene: Scene) -> Judgement:
    """The judgement on an answer that nothing proves to be the service's."""
    facts = facts_of(steps, "http")
    status, answer = facts["status"], describe(facts)
    known = _of_a_middlebox(row, facts, scene)
    if known:
        return known
    if _anybodys(facts):
        return judgement_of(Cause.HTTP_UNPROVEN, answer)
    if facts.get("html") and proof.marks:
        return judgement_of(Cause.HTTP_BLOCK_PAGE, answer)
    if status >= 500:
        return judgement_of(Cause.HTTP_UNEXPECTED, answer)
    if facts.get("html") or facts.get("encoded"):
        because = f"a page that could be the service's or a middlebox's: {answer}"
        return unknown(Unmeasured.ANYBODYS_PAGE, because)
    if proof.marks:
        usual = status in (*proof.statuses, *_ANY_APIS)
        return judgement_of(Cause.HTTP_UNPROVEN if usual else Cause.HTTP_UNEXPECTED, answer)
    if row.protocol is Protocol.HTTP:
        return judgement_of(Cause.HTTP_UNPROVEN, answer)
    return _reached.judged(row, steps, scene)


def _of_a_middlebox(row: Requirement, facts: Facts, scene: Scene) -> Optional[Judgement]:
    """The judgement where the answer itself tells whose it is: a middlebox's, or Azure's own edge's; else None."""
    status, answer, maker = facts["status"], describe(facts), maker_of(facts, scene)
    if 300 <= status < 400 and not _upgraded(row, facts):
        return judgement_of(Cause.HTTP_CAPTIVE_PORTAL, f"{answer}, to {facts['headers'].get('location')}")
    if row.websocket:
        return judgement_of(Cause.HTTP_UPGRADE_DENIED, answer)
    words = f"{facts.get('title', '')} {facts.get('text', '')}".lower()
    if _FRONT_DOOR in words and status >= 500:
        return judgement_of(Cause.HTTP_SERVER_ERROR, f"{answer}, from Azure Front Door")
    if status == 429 and str(facts.get("text", "")).startswith("{") and "error" in words:
        return judgement_of(Cause.HTTP_THROTTLED, answer)
    api = str(facts.get("text", "")).startswith("{") and status in _ANY_APIS  # whose errors speak of denials, too
    if status == 403 or (maker and maker.answers) or (not api and any(word in words for word in _BLOCKING)):
        return judgement_of(Cause.HTTP_BLOCK_PAGE, answer)
    return None


def _anybodys(facts: Facts) -> bool:
    """Whether anybody could have given the answer: silence, a pixel, a sign-in that the services never ask for.

    None of the hosts is documented to ask for NTLM, Negotiate or Basic without a Bearer challenge beside it.
    """
    headers = facts.get("headers") or {}
    schemes = _schemes(headers.get("www-authenticate"))
    if facts["status"] == 401 and schemes & {"ntlm", "negotiate", "kerberos", "basic", "digest"}:
        return "bearer" not in schemes
    if 300 <= facts["status"] < 400 or facts["status"] >= 500:
        return False
    text, content = str(facts.get("text") or "").strip(), str(headers.get("content-type", "")).lower()
    picture = content.startswith(("image/", "video/", "audio/")) or text.startswith(("GIF8", "\ufffdPNG"))
    return picture or not (text or facts.get("encoded"))  # what is encoded is not read, and so is no silence


def _schemes(challenge: object) -> set[str]:
    """The schemes that a challenge names, in lower case; parameters of one, such as a realm, are none."""
    return {scheme.lower() for scheme in re.findall(r"(?:\A|,)\s*([A-Za-z]+)(?=\s|,|\Z)", str(challenge or ""))}


def _upgraded(row: Requirement, facts: Facts) -> bool:
    """Whether a redirection only goes from http to https on the same host."""
    try:
        there = urlsplit(str(facts["headers"].get("location", "")))
        host = row.probe.host if row.probe else row.host
        return there.scheme == "https" and there.hostname == host and there.port in (None, 443)
    except ValueError:
        return False


def _marked(proof: Proof, facts: Facts) -> bool:
    return any(_has(facts, name, content) for name, content in proof.marks)


def _has(facts: Facts, name: str, content: str) -> bool:
    """Whether an answer bears a mark: a header (with this in it), or this in its reason phrase or text."""
    answer = f"{facts.get('reason', '')} {facts.get('text', '')}"
    value = answer if name == "answer" else facts.get("headers", {}).get(name)
    if name == "www-authenticate" and content:
        return content.lower() in _schemes(value)
    return value is not None and content.lower() in value.lower()


def _proxys_answer(facts: Facts) -> Optional[Cause]:
    """For plain HTTP through a proxy: the cause, where the proxy itself answered in the service's place."""
    squid = str(facts.get("headers", {}).get("x-squid-error", ""))
    if facts["status"] == 407:
        return Cause.PROXY_AUTH_REQUIRED
    if squid.startswith("ERR_ACCESS_DENIED"):
        return Cause.PROXY_DENIED
    return Cause.PROXY_FAILURE if squid or facts["status"] in (502, 503, 504) else None


def describe(facts: Facts) -> str:
    """An HTTP answer in words: status, reason, squid's own word, what an authenticating proxy wants, the page."""
    headers = facts.get("headers") or {}
    words = [str(facts.get("status", "")), facts.get("reason", ""), headers.get("x-squid-error", "")]
    words += [f"(it wants {headers['proxy-authenticate']})"] if "proxy-authenticate" in headers else []
    page = facts.get("title") or facts.get("text")
    return " ".join(filter(None, words)) + (f" ({str(page)[:120]!r})" if page else "")
