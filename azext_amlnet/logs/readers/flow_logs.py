"""Flow logs of network security groups (version 2) and virtual networks (version 4): addresses, and never a name.

https://learn.microsoft.com/azure/network-watcher/nsg-flow-logs-overview and …/vnet-flow-logs-overview (2026-11-27).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Iterable, Iterator

from ..model import Disposition, Event, Key, Meaning, Passed, Raw, ReadingNotes
from ._fields import ip_of, of_epoch, port_of, text_of
from ._json import objects

SUMMARY = "flow logs of network security groups and virtual networks"
_PROTOCOLS = {"T": "tcp", "U": "udp", "6": "tcp", "17": "udp"}


def claims(head: str) -> bool:
    """Whether tuples of flows are in it."""
    return head.lstrip().startswith(("{", "[")) and ('"flowTuples"' in head or '"flowRecords"' in head)


class FlowLogReader:
    """Reads tuples of flows that leave."""

    def read(self, lines: Iterable[str], notes: ReadingNotes) -> Iterator[Raw]:
        """The records, one a tuple."""
        for record in objects(lines, notes):
            tuples = list(_tuples(record))
            if not tuples:
                notes.lost("no record of flows")
            for rule, text in tuples:
                values = text.split(",")
                if len(values) < 8 or not re.fullmatch(r"[0-9]{10,13}", values[0], re.ASCII):
                    notes.lost("a flow of another form")
                    continue
                epoch, source, target, _, port, protocol, direction, state = values[:8]
                if protocol in ("T", "U") and state == "A" and values[8:9] in (["C"], ["E"]):
                    state = "C"  # version 2 tells whether a flow begins or goes on behind its decision
                closed = state in ("E", "C") and len(values) > 12 and values[-1] == "0"
                yield (target, port, protocol, direction, state, rule, closed), source, epoch, 1

    def time(self, when: str) -> str:
        """The moment of seconds, or of thousandths of them, since 1970."""
        return of_epoch(int(when) / 10 ** (len(when) - 10)) if when else ""

    def meaning(self, key: Key) -> Meaning:
        """What a tuple says."""
        target, port, protocol, direction, state, rule, silent = key
        if direction != "O":
            return Passed("inbound traffic")
        spoken = _PROTOCOLS.get(protocol, protocol)
        of = {"ip": ip_of(target), "port": port_of(port), "protocol": spoken, "rule": rule}
        if state == "D":
            return Event(Disposition.DENIED, **of)
        if state in ("C",):
            return Passed("flows that go on")
        if silent:
            return Event(Disposition.FAILED, reason="let through, and nothing came back", **of)
        return Passed("ends of flows") if state == "E" else Event(Disposition.ALLOWED, **of)


def _tuples(record: Any) -> Iterator[tuple[str, str]]:
    """The tuples of a record, each with its rule."""
    for flows in (_list(record, "properties", "flows"), _list(record, "flowRecords", "flows")):
        for flow in flows:
            for inner in (*_list(flow, "flows"), *_list(flow, "flowGroups")):
                for text in _list(inner, "flowTuples"):
                    rule = text_of(inner.get("rule") or flow.get("rule"))
                    yield rule, text if isinstance(text, str) else ""


def _list(value: Any, *keys: str) -> list[Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, list) else []


READER = FlowLogReader
