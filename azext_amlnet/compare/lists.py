"""Two lists of `requirements` as a comparison: each row with its change, why, and a sentence. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Iterable, Mapping, Optional, Sequence

from ..model import EXIT_FINDINGS, Change, Provenance, Requirement, Why
from ..text import endpoint, line
from .reports import CHANGES, counted
from .requirements import compare, demanded

_BECAUSE = {
    Why.CATALOG: "the catalog says something else",
    Why.WORKSPACE: "the workspace has changed, or the list was edited",
    Why.OPTION: "other options were given, and more may have changed",
    Why.TOOL: "another version of the tool made it",
    Why.UNKNOWN: "why is not known",
}

_FIELDS = {
    "needed_for": "what needs it",
    "computes": "which computes need it",
    "websocket": "whether it needs an HTTP upgrade",
    "private": "whether a private endpoint serves it",
}
"""What a row is compared by beside its level, in words."""


def compared_lists(
    before: Sequence[Requirement], after: Sequence[Requirement], known: Provenance, since: Mapping[str, str]
) -> dict[str, Any]:
    """The comparison of two lists as plain JSON values; exit code 8 where more is required than before.

    `known` is the catalog at hand, `since` has the version of the catalog with which each of its entries came.
    """
    current, untold = _provenance(before, after, known)
    rows = [_doubted(row, untold) for row in compare(after, before, current, since)]
    earlier = {row.endpoint: row for row in before}
    more = {row.endpoint for row in demanded(rows, before)}
    lines = [_row(row, earlier.get(row.endpoint), row.endpoint in more) for row in rows]
    changes = counted((one["change"] for one in lines), CHANGES)
    summary = {"changes": changes, "diagnoses": {}, "exitCode": EXIT_FINDINGS if more else 0}
    return {"apart": False, "summary": summary, "rows": lines}


def _provenance(
    before: Iterable[Requirement], after: Iterable[Requirement], known: Provenance
) -> tuple[Optional[Provenance], set[str]]:
    """What the later list was made with, None where it does not say; and the entries that it cannot tell of.

    Its rows name their own entries only. Of the others tell the earlier list, if both are of one catalog, and the
    catalog at hand, if the later list is of that.
    """
    then, now = ([row.origin for row in rows if row.origin] for rows in (before, after))
    if not now:
        return None, set()
    first = now[0]
    same = bool(then) and (then[0].catalog, then[0].digest) == (first.catalog, first.digest)
    at_hand = (first.catalog, first.digest) == (known.catalog, known.digest)
    earlier = {name: digest for origin in then for name, digest in origin.entries.items()}
    own = {name: digest for origin in now for name, digest in origin.entries.items()}
    entries = {**(known.entries if at_hand else earlier), **own}
    untold = set() if same or at_hand else set(earlier) - set(own)
    return Provenance(first.tool, first.catalog, first.digest, first.asked, entries), untold


def _doubted(row: Requirement, untold: set[str]) -> Requirement:
    """A row that is gone with entries of which nothing can be told: why is not known."""
    gone = row.change is Change.REMOVED and bool(untold & set(row.entries))
    return replace(row, why=Why.UNKNOWN) if gone else row


def _row(row: Requirement, earlier: Optional[Requirement], demands: bool) -> dict[str, Any]:
    gone = row.change is Change.REMOVED
    change = row.change.value if row.change else Change.SAME.value
    same = {"host": row.host, "port": row.port, "protocol": row.protocol.value, "kind": row.kind.value}
    words = {"before": earlier.level.value if earlier else None, "after": None if gone else row.level.value}
    why = None if row.change is Change.SAME or row.why is None else row.why.value
    sentence = line(_sentence(row, earlier, demands))
    seen = {"reason": line(row.reason), "demanded": demands}
    evidence = {"before": seen if gone else None, "after": None if gone else seen}
    return {**same, "level": row.level.value, **words, "change": change, "diagnosis": why, "sentence": sentence,
            "evidence": evidence}  # fmt: skip


def _sentence(row: Requirement, earlier: Optional[Requirement], demands: bool) -> str:
    name = endpoint(row.host, row.port, row.protocol.value)
    because = _BECAUSE[row.why or Why.UNKNOWN]
    if row.change is Change.SAME:
        return f"{name} is {row.level.value}, as before."
    if row.change is Change.REMOVED:
        return f"{name} is not asked for any more: {because}."
    if earlier is None:
        return f"{name} is new, and {row.level.value}: {because}."
    was = f", and was {earlier.level.value}" if earlier.level is not row.level else ""
    others = [words for field, words in _FIELDS.items() if getattr(row, field) != getattr(earlier, field)]
    what = f" in {' and '.join(others)}" if others else ""
    more = " More is needed than before." if demands else ""
    return f"{name} has changed{what}; it is {row.level.value}{was}: {because}.{more}"
