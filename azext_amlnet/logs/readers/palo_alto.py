"""PAN-OS logs of traffic and URLs: values with commas between, perhaps behind a header of syslog.

https://docs.paloaltonetworks.com/pan-os/11-1/pan-os-admin/monitoring/use-syslog-for-monitoring/syslog-field-descriptions
(2026-11-27). The order is the device's own; a custom one cannot be told from it and is not read. Times have no zone.
"""

from __future__ import annotations

import csv
import re
from typing import Iterable, Iterator, Optional

from ..model import Disposition, Event, Key, Meaning, Passed, Raw, ReadingNotes
from ._fields import ip_of, place_of, port_of

SUMMARY = "Palo Alto (PAN-OS): traffic and URL logs as CSV"
_BEGINS = re.compile(r",(?:TRAFFIC,(?:start|end|drop|deny)|THREAT,url),")
_FEWEST = 32
_DENIED = ("deny", "drop", "drop icmp", "reset client", "reset server", "reset both")
_URL_ALLOWED = ("alert", "allow", "continue", "override")


def claims(head: str) -> bool:
    """Whether one of its first lines has the type of such a log, and values enough."""
    return any(_BEGINS.search(line) and line.count(",") >= _FEWEST - 1 for line in head.splitlines()[:50])


class PanOsReader:
    """Reads lines of values."""

    def read(self, lines: Iterable[str], notes: ReadingNotes) -> Iterator[Raw]:
        """The records: what tells client, destination, application, rule and action."""
        for line in lines:
            values = _values(line)
            if values is None:
                if line.strip():
                    notes.lost("no line of PAN-OS, or one of an order of its own")
                continue
            url = values[31] if values[3] == "THREAT" else ""
            picked = (values[at] for at in (3, 8, 11, 14, 25, 29, 30))
            yield (*picked, url.partition("/")[0]), values[7], "", 1

    def time(self, when: str) -> str:
        """None: the device writes local times."""
        return when

    def meaning(self, key: Key) -> Meaning:
        """What type, action and URL say."""
        kind, target, rule, app, port, protocol, action, url = key
        host, ip, of_url = place_of(url, port_of(port))
        table = "of URLs" if kind == "THREAT" else "of traffic"
        decision, reason = _decided(kind, action.lower().replace("-", " "), app)
        if decision is None:
            return Passed("records without a verdict")
        ip = ip or ("" if host else ip_of(target))
        return Event(decision, host, ip, of_url or port_of(port), protocol.lower(), "", rule, reason, table)


def _decided(kind: str, action: str, app: str) -> tuple[Optional[Disposition], str]:
    """What an action comes to. A machine cannot click through a page, so what asks for that is denied to it."""
    if kind == "THREAT":
        if action in _URL_ALLOWED:
            return Disposition.ALLOWED, ""
        refused = "block" in action or "override" in action or action in _DENIED
        return (Disposition.DENIED, "URL filter") if refused else (None, "")
    if action in _DENIED:
        return Disposition.DENIED, ""
    if action != "allow":
        return None, ""
    nothing_back = app in ("incomplete", "insufficient-data")
    return (Disposition.FAILED, "let through, and nothing came back") if nothing_back else (Disposition.ALLOWED, "")


def _values(line: str) -> Optional[list[str]]:
    match = _BEGINS.search(line)
    if match is None:
        return None
    try:
        values = next(csv.reader([line]))
    except (csv.Error, StopIteration):
        return None
    return values if len(values) >= _FEWEST and values[3] in ("TRAFFIC", "THREAT") else None


READER = PanOsReader
