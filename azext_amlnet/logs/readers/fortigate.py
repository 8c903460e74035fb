"""FortiGate's logs of traffic, web filter and DNS: `key=value`, perhaps behind a header of syslog.

https://docs.fortinet.com/document/fortigate/7.6.0/fortios-log-message-reference (2026-11-27). `action=close` says only
that a session ended: what the web filter blocked in it stands in `utmaction`.
"""

from __future__ import annotations

import re
from typing import Iterable, Iterator, Mapping

from ..model import BY_NAME, Disposition, Event, Key, Lookup, Meaning, Passed, Raw, ReadingNotes
from ._fields import host_of, ip_of, of_epoch, of_iso, place_of, port_of

SUMMARY = "FortiGate: traffic, web filter and DNS logs as key=value"
_PAIR = re.compile(r'(?<![\w.])([A-Za-z_][A-Za-z0-9_]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))')
_KEPT = ("type", "subtype", "action", "utmaction", "dstip", "dstport", "proto", "service", "policyid",
         "hostname", "dstname", "qname", "ipaddr", "rcvdbyte")  # fmt: skip
_ALLOWED = ("accept", "close", "start", "passthrough", "allowed", "pass", "allow", "permit", "log-only")
_DENIED = ("deny", "blocked", "block", "dropped", "drop", "denied", "reset", "redirect")


def claims(head: str) -> bool:
    """Whether one of its first lines has a type and a subtype as FortiGate writes them."""
    signs = re.compile(r'\btype="?(?:traffic|utm|dns)"?\s.*\bsubtype="?|\bsubtype="?\w+"?\s.*\btype="?(?:traffic|utm)')
    return any(signs.search(line) and "srcip=" in line for line in head.splitlines()[:50])


class FortiGateReader:
    """Reads lines of pairs."""

    def read(self, lines: Iterable[str], notes: ReadingNotes) -> Iterator[Raw]:
        """The records."""
        for line in lines:
            pairs: dict[str, str] = {}
            for key, quoted, plain in _PAIR.findall(line):  # the first counts: what clients send stands behind it
                pairs.setdefault(key, quoted or plain)
            if "type" not in pairs or "action" not in pairs:
                if line.strip():
                    notes.lost("no line of FortiGate's")
                continue
            host = pairs.get("hostname") or place_of(pairs.get("url", ""))[0]
            values = {**pairs, "hostname": host, "rcvdbyte": "0" if pairs.get("rcvdbyte") == "0" else ""}
            yield tuple(values.get(key, "") for key in _KEPT), pairs.get("srcip", ""), _time(pairs), 1

    def time(self, when: str) -> str:
        """A moment in ISO 8601."""
        return when

    def meaning(self, key: Key) -> Meaning:
        """What its keys say."""
        return _meaning(dict(zip(_KEPT, key, strict=True)))


def _time(pairs: Mapping[str, str]) -> str:
    """The moment by `eventtime`, which is UTC; a local time without a zone is none."""
    epoch = pairs.get("eventtime", "")
    if re.fullmatch(r"[0-9]{10,19}", epoch, re.ASCII):
        return of_epoch(int(epoch) / 10 ** (len(epoch) - 10))
    zone = pairs.get("tz", "")
    return of_iso(f"{pairs.get('date', '')}T{pairs.get('time', '')}{zone}") if zone else ""


def _meaning(row: Mapping[str, str]) -> Meaning:
    action, blocked = row["action"].lower(), row["utmaction"].lower() in _DENIED
    name = row["hostname"] or row["dstname"]
    if row["subtype"] == "dns" or row["type"] == "dns":
        host = host_of(row["qname"]) or row["qname"].lower()[:253]
        addresses = tuple(sorted(filter(None, map(ip_of, row["ipaddr"].split(", ")))))
        if action in _DENIED and host:
            return Event(Disposition.DENIED, host, protocol=BY_NAME, reason="the name may not be looked up")
        return Lookup(host, addresses) if host and addresses else Passed("names looked up, without addresses")
    host, ip, _ = place_of(name)
    ip, port = ip_of(row["dstip"]) or ip, port_of(row["dstport"])
    protocol = {"6": "tcp", "17": "udp"}.get(row["proto"], row["service"].lower()[:12])
    rule = f"policy {row['policyid'][:12]}" if row["policyid"] not in ("", "0") else ""
    reason, decision = "", None
    if action in _DENIED or blocked:
        decision, reason = Disposition.DENIED, "web filter" if blocked or row["type"] == "utm" else ""
    elif row["type"] == "utm" and row["subtype"] != "webfilter":
        return Passed("engines that let through what others decide")
    elif action in ("timeout", "server-rst", "client-rst", "close") and row["rcvdbyte"] == "0":
        decision, reason = Disposition.FAILED, "let through, and nothing came back"
    elif action in (*_ALLOWED, "timeout", "server-rst", "client-rst"):
        decision = Disposition.ALLOWED
    table = "of the web filter" if row["type"] == "utm" else "of traffic"
    return (
        Event(decision, host, ip, port, protocol, "", rule, reason, table)
        if decision
        else Passed("records without a verdict")
    )


READER = FortiGateReader
