"""Two reports of `test`, or two results of `check-policy`, held against each other: each endpoint, and why it differs.

Two reports of one place are of two times; of two places they are of two vantages, and tell on whose path it breaks.
Pure.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence

from ..model import EXIT_FINDINGS, EXIT_UNKNOWN, Coverage, Level, Progress, Verdict
from ..text import endpoint, line
from .outcomes import OF_POLICY, OF_TEST

Row = Mapping[str, Any]
Key = tuple[Any, ...]
_FINE = ("reachable", "covered")
_NOT_KNOWN = ("unknown", "skipped")
_CALLED = {"local": "this machine", "cluster": "the cluster"}


@dataclass(frozen=True)
class Side:
    """One of the two: its rows, what they are called, and whether they were seen from inside a cluster."""

    rows: Mapping[Key, Row]
    name: str
    in_cluster: bool = False


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
        """It as plain JSON values."""
        names = ("host", "port", "protocol", "kind", "level")
        same = {name: self.row[name] for name in names}
        words = {"before": self.before, "after": self.after, "change": self.change, "diagnosis": self.diagnosis}
        return {**same, **words, "sentence": line(self.sentence), "evidence": dict(self.evidence)}


def of_tests(before: Row, after: Row) -> tuple[list[Compared], bool]:
    """The endpoints of two reports of `test`, and whether they were measured from two places."""
    apart = _are_apart(before, after)
    one, other = _side(before, after, apart), _side(after, before, apart)
    make = _of_places if apart else _of_times
    return [make(key, one, other) for key in _keys(one, other)], apart


def of_policies(before: Row, after: Row) -> list[Compared]:
    """The endpoints of two results of `check-policy`."""
    then, now = (Side({_key(row): row for row in one["findings"]}, "") for one in (before, after))
    return [_of_times(key, then, now, "coverage") for key in _keys(then, now)]


def exit_code(compared: Iterable[Compared]) -> int:
    """8 where something required is worse, or new and not fine; 9 where it only is unknown now; else 0."""
    bad = [one.after for one in compared if one.row["level"] == Level.REQUIRED.value and _is_bad(one)]
    if not bad:
        return 0
    return EXIT_UNKNOWN if all(word in _NOT_KNOWN for word in bad) else EXIT_FINDINGS


def _is_bad(one: Compared) -> bool:
    return one.change == "worse" or (one.change == "added" and one.after not in (*_FINE, "skipped"))


# ---------------------------------------------------------------------------------------------------------------------
# The two sides


def _are_apart(before: Row, after: Row) -> bool:
    """Whether no vantage of the one is one of the other; a report without any says nothing."""
    pairs = [(one, other) for one in before["vantages"] for other in after["vantages"]]
    return bool(pairs) and not any(_is_same_place(one, other) for one, other in pairs)


def _is_same_place(one: Row, other: Row) -> bool:
    """Pods of one pool are one place on whatever node; machines are told apart by their name, where both tell it."""
    if _in_pod(one) or _in_pod(other):
        return _in_pod(one) and _in_pod(other) and one["name"] == other["name"]
    nodes = [_node(one), _node(other)]
    return None in nodes or nodes[0] == nodes[1]


def _in_pod(vantage: Row) -> bool:
    return str(vantage["place"]).startswith("a pod")


def _node(vantage: Row) -> Optional[str]:
    """The machine's name, unless the report was redacted."""
    node = vantage.get("node")
    return None if not node or str(node).startswith("<") else str(node)


def _side(report: Row, other: Row, apart: bool) -> Side:
    """The rows of a report by endpoint; of several vantages the worst, where places are compared."""
    rows: dict[Key, Row] = {}
    for row in report["results"]:
        key = _key(row) if apart else (*_key(row), row["vantage"])
        if key not in rows or _rank(row) > _rank(rows[key]):
            rows[key] = row
    return Side(rows, _names(report, other), any(map(_in_pod, report["vantages"])))


def _names(report: Row, other: Row) -> str:
    """What a side is called: its vantages, or its machines where the other side's vantages are called the same."""
    names = [[str(vantage["name"]) for vantage in one["vantages"]] for one in (report, other)]
    if names[0] == names[1]:
        return line(", ".join(_node(vantage) or str(vantage["name"]) for vantage in report["vantages"]))
    return line(", ".join(_CALLED.get(name, name) for name in names[0]))


def _rank(row: Row) -> int:
    order = ("skipped", "reachable", "degraded", "unknown", "blocked")
    return order.index(row["verdict"])


def _key(row: Row) -> Key:
    return tuple(row[name] for name in ("kind", "host", "port", "protocol"))


def _keys(before: Side, after: Side) -> list[Key]:
    """The endpoints in the order of the newer side; those that are gone come last."""
    return list(dict.fromkeys((*after.rows, *before.rows)))


# ---------------------------------------------------------------------------------------------------------------------
# Two times


def _of_times(key: Key, before: Side, after: Side, word: str = "verdict") -> Compared:
    then, now = before.rows.get(key), after.rows.get(key)
    row = now or then or {}
    words = [one[word] if one else None for one in (then, now)]
    change = _change(words[0], words[1], word)
    return Compared(row, words[0], words[1], change, None, _sentence(row, then, now, word), _evidence(then, now))


def _change(before: Optional[str], after: Optional[str], word: str) -> str:
    """better, worse, same, added or removed; what is measured for the first time is judged by what it is."""
    if before is None or after is None:
        return "added" if before is None else "removed"
    if word == "verdict":
        progress = OF_TEST.progress(Verdict(after), Verdict(before))
    else:
        progress = OF_POLICY.progress(Coverage(after), Coverage(before))
    if progress is Progress.NEW:
        return "worse" if after == "blocked" else "better" if after not in _NOT_KNOWN else "same"
    return "same" if before == after else progress.value


def _sentence(row: Row, then: Optional[Row], now: Optional[Row], word: str) -> str:
    name = endpoint(str(row["host"]), row["port"], row["protocol"])
    if now is None:
        return f"{name} is not asked for any more."
    if then is None:
        return f"{name} is new, and {now[word]}{_why(now)}."
    if then[word] == now[word]:
        return f"{name} is {now[word]}, as before{_why(now)}."
    return f"{name} was {then[word]}{_why(then)}, and is {now[word]}{_why(now)}."


def _why(row: Row) -> str:
    """The cause and what was seen, behind a verdict that has some."""
    fine = row.get("verdict", row.get("coverage")) in _FINE
    return f" ({_seen_in(row)})" if not fine and _seen_in(row) else ""


def _seen_in(row: Row) -> str:
    return ": ".join(filter(None, (row.get("cause"), row.get("because"))))


# ---------------------------------------------------------------------------------------------------------------------
# Two places


def _of_places(key: Key, before: Side, after: Side) -> Compared:
    one, other = before.rows.get(key), after.rows.get(key)
    row = other or one or {}
    words = [side["verdict"] if side else None for side in (one, other)]
    diagnosis, because = _diagnosis(one, other, before, after)
    name = endpoint(str(row["host"]), row["port"], row["protocol"])
    change = _change(words[0], words[1], "verdict")
    return Compared(row, words[0], words[1], change, diagnosis, f"{name} {because}.", _evidence(one, other))


def _diagnosis(one: Optional[Row], other: Optional[Row], before: Side, after: Side) -> tuple[Optional[str], str]:
    """On whose path it breaks, in a word and a sentence; no word where nothing can be said, or nothing breaks."""
    if one is None or other is None:
        there = after.name if one is None else before.name
        return None, f"was tried from {there} only"
    measured = [row["verdict"] not in _NOT_KNOWN for row in (one, other)]
    if not all(measured):
        where = " and ".join(side.name for side, known in ((before, measured[0]), (after, measured[1])) if not known)
        return None, f"was not measured from {where}"
    broken = [row["verdict"] == "blocked" for row in (one, other)]
    if all(broken):
        return "both", f"fails from both ({_seen_in(one)}; {_seen_in(other)}): the service, its name, or what both pass"
    word, what = _different(one, other, before, after)
    if not any(broken):
        return word, what or "is answered from both"
    side, row = (before, one) if broken[0] else (after, other)
    fails = f"fails only from {side.name} ({_seen_in(row)})"
    return (word, f"{fails}, and {what}") if word else (_only(side, before, after), f"{fails}: {_path(side)}")


def _only(side: Side, before: Side, after: Side) -> str:
    if before.in_cluster != after.in_cluster:
        return "only-cluster" if side.in_cluster else "only-here"
    return "only-before" if side is before else "only-after"


def _path(side: Side) -> str:
    return "the cluster's path" if side.in_cluster else "its own path"


def _different(one: Row, other: Row, before: Side, after: Side) -> tuple[Optional[str], str]:
    """Where the name leads elsewhere from each, or who issued the certificate differs; nothing where neither does.

    Public addresses of one name differ from place to place as a matter of course; private ones do not.
    """
    kinds = [_kind_of_addresses(row) for row in (one, other)]
    apart = kinds[0] == kinds[1] == "private" and _are_disjoint(_addresses(one), _addresses(other))
    if all(kinds) and (kinds[0] != kinds[1] or apart):
        sides = ((one, kinds[0], before), (other, kinds[1], after))
        places = (f"{', '.join(_addresses(row))} ({kind}) from {side.name}" for row, kind, side in sides)
        return "different-addresses", f"resolves to {', and to '.join(places)}: split DNS"
    inspected = [_is_inspected(row) for row in (one, other)]
    if not all(map(_issuer, (one, other))) or _issuer(one) == _issuer(other) or not any(inspected):
        return None, ""
    if all(inspected):
        issuers = f"{_issuer(one)} from {before.name}, and of {_issuer(other)} from {after.name}"
        return "different-issuer", f"has a certificate of {issuers}: TLS is inspected on both paths, each its own way"
    side, row = (before, one) if inspected[0] else (after, other)
    return "different-issuer", f"has a certificate of {_issuer(row)} from {side.name} only: TLS is inspected there"


def _are_disjoint(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether no address is in both; redacted ones, which each report numbers anew, say nothing."""
    return not set(some) & set(others) and not any(address.startswith("<") for address in (*some, *others))


def _addresses(row: Row) -> list[str]:
    return [str(address) for address in _facts(row, "dns").get("addresses") or ()]


def _facts(row: Row, layer: str) -> Mapping[str, Any]:
    """What a layer told, nothing where it was not reached."""
    for step in row["steps"]:
        if step["layer"] == layer:
            facts: Mapping[str, Any] = step["facts"]
            return facts
    return {}


def _kind_of_addresses(row: Row) -> str:
    """`private` or `public`, redacted or not, where all addresses of a name are; empty where they differ or none is."""
    kinds = set()
    for address in _addresses(row):
        try:
            private = address.startswith("<private-") or not ipaddress.ip_address(address.partition("%")[0]).is_global
            kinds.add("private" if private else "public")
        except ValueError:
            return ""
    return kinds.pop() if len(kinds) == 1 else ""


def _is_inspected(row: Row) -> bool:
    return row.get("cause") == "tls_untrusted_issuer" or any("TLS is probably inspected" in w for w in row["warnings"])


def _issuer(row: Row) -> str:
    issuer = _facts(row, "tls").get("issuer") or {}
    return " / ".join(str(issuer[key]) for key in ("O", "CN") if issuer.get(key))


def _evidence(before: Optional[Row], after: Optional[Row]) -> dict[str, Any]:
    """What each side saw: the cause, what was seen, where the name led, who issued the certificate."""
    return {word: dict(_seen(row)) if row else None for word, row in (("before", before), ("after", after))}


def _seen(row: Row) -> Iterator[tuple[str, Any]]:
    yield "because", line(str(row.get("because") or ""))
    if "steps" not in row:
        yield "rules", [line(str(rule)) for rule in row.get("rules") or ()]
        return
    yield "cause", row.get("cause")
    yield "addresses", _addresses(row)
    yield "issuer", line(_issuer(row)) or None


def summary(compared: Sequence[Compared]) -> dict[str, Any]:
    """How many endpoints changed how, and what the diagnoses are."""
    changes = {word: sum(one.change == word for one in compared) for word in CHANGES}
    diagnoses = {word: sum(one.diagnosis == word for one in compared) for word in DIAGNOSES}
    return {"changes": changes, "diagnoses": {word: count for word, count in diagnoses.items() if count}}


CHANGES = ("worse", "added", "changed", "removed", "better", "same")
"""What an endpoint did between two results, in the order of what asks for attention."""
DIAGNOSES = (
    "both",
    "only-cluster",
    "only-here",
    "only-before",
    "only-after",
    "different-addresses",
    "different-issuer",
)
"""On whose path an endpoint breaks, seen from two places."""
