"""TCP: what became of each address of a name. Pure."""

from __future__ import annotations

from typing import Iterable

from ..model import Cause, Judgement, Requirement
from . import _names
from .causes import judgement_of
from .scene import Facts, Scene, Steps, facts_of


def failed(row: Requirement, facts: Facts, steps: Steps, scene: Scene) -> Judgement:
    """The judgement on a name of whose addresses none can be connected to."""
    every = facts.get("attempts") or ()
    attempts = [attempt for attempt in every if not _not_applicable(attempt, scene)]
    if every and not attempts:
        if all(attempt["family"] == 6 for attempt in every):
            because = f"only IPv6 addresses, without an IPv6 route here: {describe(every)}"
            return judgement_of(Cause.DNS_NO_IPV4, because)
        return judgement_of(Cause.TCP_UNREACHABLE, describe(every))
    by_address = describe(attempts)
    suspect = _names.suspect(row, steps)
    if suspect:
        return suspect
    if row.private and facts.get("failure") in ("timeout", "unreachable", "prohibited"):
        return judgement_of(Cause.PRIVATE_ENDPOINT_UNREACHABLE, by_address)
    causes = {"refused": Cause.TCP_REFUSED, "reset": Cause.TCP_REFUSED, "timeout": Cause.TCP_TIMEOUT}
    return judgement_of(causes.get(str(facts.get("failure")), Cause.TCP_UNREACHABLE), by_address)


def _not_applicable(attempt: Facts, scene: Scene) -> bool:
    """Whether an address is of a family that this machine has no way for; that is no failure of the address."""
    no_way = attempt.get("errno") in ("ENETUNREACH", "EAFNOSUPPORT", "EADDRNOTAVAIL")
    return no_way or (attempt["family"] == 6 and not scene.ipv6)


def describe(attempts: Iterable[Facts]) -> str:
    """What became of each address."""
    return ", ".join(f"{a['address']}: {a.get('errno') or a.get('failure', 'timeout')}" for a in attempts)


def attempts_of(steps: Steps) -> tuple[Facts, ...]:
    """What became of each address, where the layer was climbed."""
    return tuple(facts_of(steps, "tcp").get("attempts") or ())


def dead(attempts: Iterable[Facts], scene: Scene) -> list[Facts]:
    """The attempts that failed although this machine has a way for their address."""
    return [attempt for attempt in attempts if attempt.get("failure") and not _not_applicable(attempt, scene)]
