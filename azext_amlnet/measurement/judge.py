"""Facts of the prober → verdict, cause, because, hint. Pure; begin reading here, then one file a layer.

The first failing layer is the diagnosis. Reachable needs the service's own answer as the catalog's proof describes it;
whatever is measured without that proof is never green.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Optional, Sequence

from ..model import Cause, Judgement, Owner, Proof, Requirement, Verdict
from ..text import one_line
from . import _connections, _http, _names, _proxy, _reached, _tls
from ._makers import maker_of
from .causes import judgement_of, unknown
from .scene import Facts, Scene, Steps, contradict
from .unknowns import Unmeasured

_LAST = {"https": "http", "http": "http", "tls": "tls", "smb": "smb", "udp": "ntp", "tcp": "tcp"}
"""The layer that a row's protocol is proven in."""
_SERVICES_OWN = (Cause.HTTP_SERVICE_FIREWALL, Cause.PRIVATE_ENDPOINT_DNS_NOT_LINKED)
_TIMEOUTS = (
    *(Cause.DNS_TIMEOUT, Cause.TCP_TIMEOUT, Cause.PROXY_TIMEOUT, Cause.TLS_TIMEOUT, Cause.HTTP_TIMEOUT),
    *(Cause.TLS_MTU_BLACKHOLE, Cause.PRIVATE_ENDPOINT_UNREACHABLE),
)


def judge(row: Requirement, proof: Proof, result: Optional[Facts], scene: Scene = Scene()) -> Judgement:
    """The judgement on one result of the prober; None, or one that is cut, is unknown and never fine."""
    every = (result or {}).get("steps") or ()
    if contradict(every):
        return unknown(
            Unmeasured.CONTRADICTION, "the result contradicts itself: a layer twice, or one behind a failure"
        )
    steps = {step["layer"]: step for step in every}
    judgement = _made_by(_doubted(_judged(row, proof, steps, scene), scene), every, scene)
    return replace(
        judgement, warnings=(*judgement.warnings, *_tls.inspection_warning(steps, scene, proof.own_authority))
    )


def _made_by(judgement: Judgement, steps: Sequence[Facts], scene: Scene) -> Judgement:
    """The judgement, with the maker of the middlebox that what was seen last names."""
    in_the_way = judgement.verdict in (Verdict.BLOCKED, Verdict.UNKNOWN) and judgement.layer in ("proxy", "tls", "http")
    if not in_the_way or judgement.cause in _SERVICES_OWN:
        return judgement
    last = steps[-1]["facts"]
    maker = maker_of(last, scene) or maker_of(last.get("plainHttp") or {}, scene)
    return judgement if maker is None else replace(judgement, because=one_line(f"{judgement.because} ({maker})"))


def _judged(row: Requirement, proof: Proof, steps: Steps, scene: Scene) -> Judgement:
    if not steps:
        return judgement_of(Cause.POD_NO_RESULT, "no result came back")
    failed = next((step for step in steps.values() if step["outcome"] != "ok"), None)
    if failed is not None:
        return _failure(row, proof, failed, steps, scene)
    if ("tcp" if proof.name == "connect" else _LAST[row.protocol.value]) not in steps:
        return judgement_of(Cause.POD_NO_RESULT, "the result is cut")
    return _http.answered(row, proof, steps, scene) if "http" in steps else _reached.judged(row, steps, scene)


def _failure(row: Requirement, proof: Proof, step: Facts, steps: Steps, scene: Scene) -> Judgement:
    """The judgement on the layer that failed, unless another one explains it."""
    layer, facts = step["layer"], step["facts"]
    if _exhausted(facts):
        return unknown(Unmeasured.OWN_LIMITS, f"this machine ran out of files, memory or threads ({layer})")
    public = _names.public_address(steps)
    if row.private and layer in ("tcp", "tls", "http") and public:
        because = f"the name resolves to {public}, and there: {facts.get('failure')} ({layer})"
        return judgement_of(Cause.PRIVATE_ENDPOINT_DNS_NOT_LINKED, because)
    if layer == "tls" and _tls.by_own_authority(row, proof, facts):
        note = f"The certificate is issued by {_tls.issuer_of(facts)}."
        return replace(_reached.judged(row, steps, scene), notes=(note,))
    suspect = _names.suspect(row, steps) if layer in ("tls", "http") else None
    unforeseen = f"{layer}: {facts.get('error') or facts.get('failure')}"
    return suspect or _of_layer(row, step, steps, scene) or unknown(Unmeasured.UNFORESEEN, unforeseen)


def _of_layer(row: Requirement, step: Facts, steps: Steps, scene: Scene) -> Optional[Judgement]:
    """What the failure of a layer means by itself; None where it is not known here."""
    layer, facts = step["layer"], step["facts"]
    if layer == "dns":
        return _names.failed(facts, scene)
    if layer == "tcp":
        return _connections.failed(row, facts, steps, scene)
    if layer == "proxy":
        return _proxy.failed(facts, scene)
    if layer == "tls":
        return _tls.failed(facts, scene)
    if layer == "http":
        return _http.failed(facts)
    if layer == "smb":
        because = f"the connection opened, but no SMB answer came: {facts.get('failure')}"
        return judgement_of(Cause.TCP_CLOSED, because)
    because = f"no NTP answer ({facts.get('failure')}); over UDP silence proves nothing"
    return unknown(Unmeasured.SILENT_UDP, because)


def _exhausted(facts: Facts) -> bool:
    """Whether the measuring machine's own limits are to blame; then nothing was measured."""
    words = [facts, *(facts.get("attempts") or ())]
    silent = any(a.get("error") in ("EMFILE", "ENFILE", "ENOMEM", "ENOBUFS") for a in facts.get("answers") or ())
    return silent or any(word.get("failure") == "exhausted" for word in words)


def _doubted(judgement: Judgement, scene: Scene) -> Judgement:
    """A time-out of a prober that had too little CPU proves nothing."""
    if not scene.throttled_ms or judgement.cause not in _TIMEOUTS or judgement.cause is None:
        return judgement
    held = f"{judgement.cause.value}, but its CPU limit held the probe back for {scene.throttled_ms:.0f} ms"
    return unknown(Unmeasured.CPU_LIMIT, f"{held}: {judgement.because}")


def by_pull(row: Requirement, host: Optional[str], because: str) -> Optional[Judgement]:
    """The judgement on the row that a failed image pull proves blocked; None for every other one."""
    names = (row.host, row.probe.host if row.probe else "")
    covered = row.host.startswith("*.") and (host or "").endswith(row.host[1:])
    if host is None or (host not in names and not covered):
        return None
    blocked = judgement_of(Cause.POD_IMAGE_PULL, because)
    return replace(blocked, verdict=Verdict.BLOCKED, owner=Owner.NETWORK, settled_by=None)
