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
    asked = [step for step in steps if not step["facts"].get("literal")]
    at_once = sum(step["elapsedMs"] < _AT_ONCE_MS for step in asked)
    repeated = sum(step["elapsedMs"] >= _REPEATED_MS for step in asked)
    if at_once >= _SOME and repeated >= _SOME:
        yield (
            f"{repeated} of {len(asked)} names were answered only after a question was repeated, or not at all, and "
            f"{at_once} at once: the resolver may drop questions when many come at a time. Try fewer endpoints "
            "(--level, --exclude), or a longer --timeout."
        )
