"""Two reports of `test`, or two results of `check-policy`, held against each other: each endpoint, and why it differs.

Two reports of one place are of two times; of two places they are of two vantages, and tell on whose path it breaks.
Pure.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Optional, Sequence

from ..model import EXIT_FINDINGS, EXIT_UNKNOWN, Coverage, Level, Progress, Verdict
from ..text import endpoint, line
from .outcomes import OF_POLICY, OF_TEST
from .places import Side, are_apart, diagnosis, side_of
from .seen import FINE, NOT_KNOWN, Key, Row, evidence_of, key_of, seen_in

CHANGES = ("worse", "added", "changed", "removed", "better", "same")
"""What an endpoint did between two results, in the order of what asks for attention."""
_BREAKS = ("both", "only-cluster", "only-here", "only-before", "only-after")
DIAGNOSES = (*_BREAKS, "different-addresses", "different-issuer")
"""On whose path an endpoint breaks, seen from two places."""


@dataclass(frozen=True)
class Compared:
    """What became of one endpoint: the words before and after, the change, a diagnosis of two vantages, a sentence."""

    row: Row
    before: Optional[str]
    after: Optional[str]
    change: str
    diagnosis: Optional[str]
    sentence: str
    evidence: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """It as plain JSON values, its texts harmless."""
        same = {name: line(self.row[name]) for name in ("host", "protocol", "kind", "level")}
        words = {"before": self.before, "after": self.after, "change": self.change, "diagnosis": self.diagnosis}
        more = {"sentence": line(self.sentence), "evidence": dict(self.evidence)}
        return {"host": same.pop("host"), "port": self.row["port"], **same, **words, **more}


def of_tests(before: Row, after: Row) -> tuple[list[Compared], bool]:
    """The endpoints of two reports of `test`, and whether they were measured from two places."""
    apart = are_apart(before, after)
    merged = apart or len(before["vantages"]) == len(after["vantages"]) == 1
    one, other = side_of(before, after, merged), side_of(after, before, merged)
    make = _of_places if apart else _of_times
    return [make(key, one, other) for key in _keys(one, other)], apart


def of_policies(before: Row, after: Row) -> list[Compared]:
    """The endpoints of two results of `check-policy`."""
    then, now = (Side({key_of(row): row for row in one["findings"]}, {}, "") for one in (before, after))
    return [_of_times(key, then, now, "coverage") for key in _keys(then, now)]


def exit_code(compared: Iterable[Compared]) -> int:
    """8 where something required is worse, or new and not fine; 9 where it only is unknown now; else 0."""
    bad = [one.after for one in compared if one.row["level"] == Level.REQUIRED.value and _is_bad(one)]
    if not bad:
        return 0
    return EXIT_UNKNOWN if all(word in NOT_KNOWN for word in bad) else EXIT_FINDINGS


def _is_bad(one: Compared) -> bool:
    return one.change == "worse" or (one.change == "added" and one.after not in (*FINE, "skipped"))


def summary(compared: Sequence[Compared]) -> dict[str, Any]:
    """How many endpoints changed how, and what the diagnoses are."""
    diagnoses = counted((one.diagnosis for one in compared if one.diagnosis), DIAGNOSES)
    changes = counted((one.change for one in compared), CHANGES)
    return {"changes": changes, "diagnoses": {word: count for word, count in diagnoses.items() if count}}


def counted(words: Iterable[str], order: Sequence[str]) -> dict[str, int]:
    """How often each word occurs, in an order of their own."""
    counts = Counter(words)
    return {word: counts[word] for word in order}


def _keys(before: Side, after: Side) -> list[Key]:
    """The endpoints in the order of the newer side; those that are gone come last."""
    return list(dict.fromkeys((*after.rows, *before.rows)))


def _of_places(key: Key, before: Side, after: Side) -> Compared:
    then, now = before.rows.get(key), after.rows.get(key)
    word, because = diagnosis(key, before, after)
    return _made(then, now, "verdict", f"{_name(now or then or {})} {because}.", word)


def _of_times(key: Key, before: Side, after: Side, word: str = "verdict") -> Compared:
    then, now = before.rows.get(key), after.rows.get(key)
    return _made(then, now, word, _sentence(then, now, word))


def _made(
    then: Optional[Row], now: Optional[Row], word: str, sentence: str, diagnosed: Optional[str] = None
) -> Compared:
    words = [one[word] if one else None for one in (then, now)]
    evidence = {name: evidence_of(one) if one else None for name, one in (("before", then), ("after", now))}
    change = _change(words[0], words[1], word)
    return Compared(now or then or {}, words[0], words[1], change, diagnosed, sentence, evidence)


def _change(before: Optional[str], after: Optional[str], word: str) -> str:
    """better, worse, same, added or removed; what is measured for the first time is judged by what it is."""
    if before is None or after is None:
        return "added" if before is None else "removed"
    if before == after or (word == "verdict" and before in NOT_KNOWN and after in NOT_KNOWN):
        return "same"
    if word == "verdict":
        progress = OF_TEST.progress(Verdict(after), Verdict(before))
    else:
        progress = OF_POLICY.progress(Coverage(after), Coverage(before))
    if progress is Progress.NEW:
        return "worse" if after == "blocked" else "better"
    return str(progress.value)


def _sentence(then: Optional[Row], now: Optional[Row], word: str) -> str:
    name = _name(now or then or {})
    if now is None:
        return f"{name} is not asked for any more."
    if then is None:
        return f"{name} is new, and {now[word]}{_why(now)}."
    if then[word] == now[word]:
        return f"{name} is {now[word]}, as before{_why(now)}."
    return f"{name} was {then[word]}{_why(then)}, and is {now[word]}{_why(now)}."


def _name(row: Row) -> str:
    return endpoint(str(row["host"]), row["port"], row["protocol"])


def _why(row: Row) -> str:
    """The cause and what was seen, behind a verdict that has some."""
    fine = row.get("verdict", row.get("coverage")) in FINE
    return f" ({seen_in(row)})" if not fine and seen_in(row) else ""
