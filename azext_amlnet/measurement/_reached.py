"""What answered: reachable, or degraded where not every address, attempt or nameserver did. Pure."""

from __future__ import annotations

from ..model import Cause, Judgement, Requirement, Verdict
from . import _connections, _names
from .causes import judgement_of
from .scene import Scene, Steps


def judged(row: Requirement, steps: Steps, scene: Scene) -> Judgement:
    """The judgement on a service that answered."""
    public = _names.public_address(steps)
    if row.private and public:
        return judgement_of(Cause.DNS_PUBLIC_EXPECTED_PRIVATE, f"the name resolves to {public}")
    attempts = _connections.attempts_of(steps)
    dead = _connections.dead(attempts, scene)
    if dead:
        failures = ", ".join(f"{attempt['address']}: {attempt['failure']}" for attempt in dead)
        return judgement_of(Cause.TCP_PARTIAL, f"{len(dead)} of {len(attempts)} addresses fail: {failures}")
    again = [attempt for attempt in attempts if attempt.get("retransmits")]
    if again:
        lost = ", ".join(f"{attempt['address']}: {attempt['retransmits']} lost" for attempt in again)
        because = f"the connection opened only after packets were sent again ({lost})"
        return judgement_of(Cause.TCP_INTERMITTENT, because)
    silent = _names.unanswering(steps)
    if silent:
        return judgement_of(Cause.DNS_INTERMITTENT, f"no answer from {', '.join(silent)}")
    return Judgement(Verdict.REACHABLE, notes=() if row.private else _names.private_note(steps))
