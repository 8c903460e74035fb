"""What the lookups of a run say together of the resolver that answered them. Pure."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Mapping

_AT_ONCE_MS, _REPEATED_MS = 500.0, 1500.0
_SOME = 3


def warnings(results: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Where a part of the names was answered at once and a part only after a repeated question, or never.

    Clients repeat a question after two seconds or more (the prober 2, glibc 5).
    """
    steps = [step for result in results for step in result.get("steps") or () if step["layer"] == "dns"]
    asked = [_took_ms(step) for step in steps if not step["facts"].get("literal")]
    at_once = sum(spent < _AT_ONCE_MS for spent in asked)
    repeated = sum(spent >= _REPEATED_MS for spent in asked)
    if at_once >= _SOME and repeated >= _SOME:
        yield (
            f"{repeated} of {len(asked)} names were answered only after a question was repeated, or not at all, and "
            f"{at_once} at once: the resolver may drop questions when many come at a time. Try fewer endpoints "
            "(--level, --exclude), or a longer --timeout."
        )


def _took_ms(step: Mapping[str, Any]) -> float:
    """How long the client's own lookup took; the step waits for every nameserver, a dead one among them."""
    return float(step["facts"].get("getaddrinfoMs", step["elapsedMs"]))
