"""What holds for every result of a run: the machine it was measured on, and whose certificates are public ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Sequence

from ..model import Middlebox

Facts = Mapping[str, Any]
"""What the prober saw of one layer, by the names of docs/probing.md."""
Steps = Mapping[str, Facts]
"""A target's steps by layer, in the prober's order."""


@dataclass(frozen=True)
class Scene:
    """The machine of a run, as far as it changes what a result means."""

    ipv6: bool = True
    trusts_nobody: bool = False
    throttled_ms: float = 0.0
    search: tuple[str, ...] = ()
    public_issuers: tuple[str, ...] = ()
    middleboxes: tuple[Middlebox, ...] = ()

    def is_public(self, issuer: Mapping[str, Any]) -> bool:
        """Whether an issuer is an organization that issues public certificates."""
        return is_public(issuer, self.public_issuers)


def is_public(issuer: Mapping[str, Any], organizations: Iterable[str]) -> bool:
    """Whether an issuer is one of the organizations that issue public certificates."""
    return str(issuer.get("O") or "").casefold() in map(str.casefold, organizations)


def scene_of(
    hello: Facts, throttled_ms: float, public_issuers: tuple[str, ...], middleboxes: tuple[Middlebox, ...] = ()
) -> Scene:
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
        middleboxes=middleboxes,
    )


_LADDER = ("dns", "tcp", "proxy", "tls", "http", "smb", "ntp")


def contradict(steps: Sequence[Facts]) -> bool:
    """Whether steps contradict each other: out of the ladder's order, a layer twice, or one behind a failure."""
    at = [_LADDER.index(step["layer"]) for step in steps]
    failed = [step["outcome"] != "ok" for step in steps]
    return at != sorted(set(at)) or any(failed[:-1])


def addresses_of(steps: Steps) -> tuple[str, ...]:
    """The addresses that clients get for the name."""
    return tuple(facts_of(steps, "dns").get("addresses") or ())


def facts_of(steps: Steps, layer: str) -> Facts:
    """What was seen of a layer; nothing of one that was not climbed."""
    facts: Facts = steps.get(layer, {}).get("facts") or {}
    return facts
