"""Two places: whether two reports of `test` are of two, and on whose path an endpoint breaks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence

from ..text import line
from .seen import NOT_KNOWN, Key, Row, addresses, issuer, key_of, kind_of_addresses, seen_in

_CALLED = {"local": "this machine", "cluster": "the cluster", "pod": "the pod", "script": "the script's machine"}
_ANY_POD = ("cluster", "pod")
"""What a vantage in a cluster is called that is no pool of its own."""


@dataclass(frozen=True)
class Side:
    """One of the two reports: its rows, of several vantages the worst, and from which vantages they are."""

    rows: Mapping[Key, Row]
    where: Mapping[Key, str]
    name: str
    in_cluster: bool = False
    inspected: Optional[frozenset[tuple[str, str]]] = None

    def at(self, key: Key) -> str:
        """From where the row of an endpoint was seen."""
        return self.where.get(key, self.name)


def are_apart(before: Row, after: Row) -> bool:
    """Whether no vantage of the one is one of the other; a report without any says nothing."""
    pods_differ = _of_different_workspaces(before, after)
    pairs = [(one, other) for one in before["vantages"] for other in after["vantages"]]
    return bool(pairs) and not any(_is_same_place(one, other, pods_differ) for one, other in pairs)


def _of_different_workspaces(before: Row, after: Row) -> bool:
    ids = [str((report.get("workspace") or {}).get("id") or "").lower() for report in (before, after)]
    return all(ids) and ids[0] != ids[1] and not any(one.startswith("/subscriptions/<") for one in ids)


def _is_same_place(one: Row, other: Row, pods_differ: bool) -> bool:
    """Pods of one pool are one place on whatever node; machines are told apart by their name, where both tell it."""
    if _in_pod(one) or _in_pod(other):
        alike = one["name"] == other["name"] or {one["name"], other["name"]} & set(_ANY_POD)
        return _in_pod(one) and _in_pod(other) and bool(alike) and not pods_differ
    nodes = [_node(one), _node(other)]
    return None in nodes or nodes[0] == nodes[1]


def _in_pod(vantage: Row) -> bool:
    return str(vantage["place"]).startswith("a pod")


def _node(vantage: Row) -> Optional[str]:
    """The machine's name, unless the report was redacted."""
    node = vantage.get("node")
    return None if not node or str(node).startswith("<") else str(node)


def side_of(report: Row, other: Row, merged: bool) -> Side:
    """The rows of a report by endpoint, by vantage too where vantages are compared one by one."""
    called, grouped = _called(report, other), dict[Key, list[Row]]()
    for row in report["results"]:
        grouped.setdefault(key_of(row) if merged else (*key_of(row), row["vantage"]), []).append(row)
    rows = {key: max(group, key=_rank) for key, group in grouped.items()}
    where = {
        key: _listed(called, [row["vantage"] for row in group if _rank(row) == _rank(rows[key])])
        for key, group in grouped.items()
    }
    seen = report.get("interception")
    inspected = None if seen is None else frozenset((one["vantage"], host) for one in seen for host in one["hosts"])
    return Side(rows, where, _listed(called, list(called)), any(map(_in_pod, report["vantages"])), inspected)


def _listed(called: Mapping[str, str], names: Sequence[str]) -> str:
    return ", ".join(called.get(name, line(str(name))) for name in dict.fromkeys(names))


def _called(report: Row, other: Row) -> dict[str, str]:
    """What the vantages of a report are called, so that they are told apart from those of the other one."""
    names = [[str(vantage["name"]) for vantage in one["vantages"]] for one in (report, other)]
    if names[0] != names[1]:
        return {name: line(_CALLED.get(name, name)) for name in names[0]}
    of = f" of {report['workspace'].get('name')}" if _of_different_workspaces(report, other) else ""
    if of:
        return {name: line(_CALLED.get(name, name) + of) for name in names[0]}
    return {str(vantage["name"]): line(_node(vantage) or str(vantage["name"])) for vantage in report["vantages"]}


def _rank(row: Row) -> int:
    order = ("skipped", "reachable", "degraded", "unknown", "blocked")
    return order.index(row["verdict"])


# ---------------------------------------------------------------------------------------------------------------------
# The diagnosis


def diagnosis(key: Key, before: Side, after: Side) -> tuple[Optional[str], str]:
    """On whose path an endpoint breaks, in a word and a sentence; no word where nothing breaks, or can be said."""
    one, other = before.rows.get(key), after.rows.get(key)
    if one is None or other is None:
        side = after if one is None else before
        return None, f"was tried from {side.at(key)} only"
    silent = [side.at(key) for side, row in ((before, one), (after, other)) if row["verdict"] in NOT_KNOWN]
    if silent:
        return None, f"was not measured from {' and '.join(silent)}"
    word, what = _different(key, before, after)
    broken = [row["verdict"] in ("blocked", "degraded") for row in (one, other)]
    if all(broken):
        return "both", _from_both(key, before, after) + (f"; it {what}" if what else "")
    if not any(broken):
        return word, what or "is answered from both"
    side, row = (before, one) if broken[0] else (after, other)
    fails = "fails" if row["verdict"] == "blocked" else "is degraded"
    fails = f"{fails} only from {side.at(key)} ({seen_in(row)})"
    return (word, f"{fails}, and {what}") if word else (_only(side, before, after), f"{fails}: {_path(side)}")


def _from_both(key: Key, before: Side, after: Side) -> str:
    one, other = before.rows[key], after.rows[key]
    seen = f"{seen_in(one)} from {before.at(key)}; {seen_in(other)} from {after.at(key)}"
    same = one.get("cause") == other.get("cause")
    return f"fails from both ({seen}): {'the service, its name, or what both pass' if same else 'each in its own way'}"


def _only(side: Side, before: Side, after: Side) -> str:
    if before.in_cluster != after.in_cluster:
        return "only-cluster" if side.in_cluster else "only-here"
    return "only-before" if side is before else "only-after"


def _path(side: Side) -> str:
    return "the cluster's path" if side.in_cluster else "its own path"


def _different(key: Key, before: Side, after: Side) -> tuple[Optional[str], str]:
    """Where the name leads elsewhere from each, or who issued the certificate differs; nothing where neither does.

    Public addresses of one name differ from place to place as a matter of course; private ones do not.
    """
    pairs = ((before, before.rows[key]), (after, after.rows[key]))
    kinds = [kind_of_addresses(row) for _, row in pairs]
    apart = kinds[0] == kinds[1] == "private" and _are_disjoint(*(addresses(row) for _, row in pairs))
    if all(kinds) and (kinds[0] != kinds[1] or apart):
        places = [f"{', '.join(addresses(row))} ({kind_of_addresses(row)}) from {side.at(key)}" for side, row in pairs]
        return "different-addresses", f"resolves to {', and to '.join(places)}: split DNS"
    issuers, inspected = [issuer(row) for _, row in pairs], [_is_inspected(side, row) for side, row in pairs]
    if not all(issuers) or issuers[0] == issuers[1] or not any(inspected):
        return None, ""
    if all(inspected):
        both = " and of ".join(f"{name} from {side.at(key)}" for name, (side, _) in zip(issuers, pairs, strict=True))
        return "different-issuer", f"has a certificate of {both}: TLS is inspected on both paths, each its own way"
    at = inspected.index(True)
    where = f"{issuers[at]} from {pairs[at][0].at(key)} only"
    return "different-issuer", f"has a certificate of {where}: TLS is inspected there"


def _are_disjoint(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether no address is in both; redacted ones, which each report numbers anew, say nothing."""
    return not set(some) & set(others) and not any(address.startswith("<") for address in (*some, *others))


def _is_inspected(side: Side, row: Row) -> bool:
    """What the report itself calls an interception; one of an earlier release has none, and its causes tell."""
    if side.inspected is not None:
        return (row["vantage"], row["host"]) in side.inspected
    warnings: Sequence[Any] = row["warnings"]
    return row.get("cause") == "tls_untrusted_issuer" or any("TLS is probably inspected" in str(w) for w in warnings)
