"""The proxy: its own name, connection and TLS, and its answer to CONNECT. Pure."""

from __future__ import annotations

from ..model import Cause, Judgement
from . import _connections, _http, _names, _tls
from .causes import judgement_of
from .scene import Facts, Scene

_STAGES = {"dns": "its name", "tcp": "connecting to it", "tls": "TLS with it", "connect": "its answer to CONNECT"}


def failed(facts: Facts, scene: Scene) -> Judgement:
    """The judgement on a proxy that cannot be reached, or that does not connect."""
    stage, failure, proxy = str(facts.get("stage")), str(facts.get("failure")), facts.get("proxy")
    because = f"{proxy}, {_STAGES.get(stage, 'asking it')}: {_detail(stage, facts, scene)}"
    if stage == "dns":
        return judgement_of(Cause.PROXY_DNS, because)
    if failure == "timeout":
        return judgement_of(Cause.PROXY_TIMEOUT, because)
    if stage == "tcp":
        return judgement_of(Cause.PROXY_UNREACHABLE, because)
    if failure == "denied":
        status = facts.get("status", 0)
        cause = Cause.PROXY_FAILURE if status >= 500 else Cause.PROXY_DENIED
        cause = Cause.PROXY_AUTH_REQUIRED if status == 407 else cause
        return judgement_of(cause, f"{proxy} answers {_http.describe(facts)}")
    return judgement_of(Cause.PROXY_FAILURE, because)


def _detail(stage: str, facts: Facts, scene: Scene) -> str:
    """What was seen of the proxy itself, in the words of the layer that it failed in."""
    if stage == "dns":
        return _names.failed(facts, scene).because
    if stage == "tls":
        judgement = _tls.failed(facts, scene)
        return judgement.because if judgement else str(facts.get("failure"))
    return _connections.describe(facts.get("attempts") or ()) if stage == "tcp" else str(facts.get("failure"))
