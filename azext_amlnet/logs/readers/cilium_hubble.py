"""Flows of Cilium's Hubble as JSON: `hubble observe -o json`, or the exporter's file.

https://github.com/cilium/cilium/blob/main/api/v1/flow/flow.proto (2026-11-27). What is false, zero or
empty is left out. Names come from Cilium's own DNS cache: several may share an address, and then none is sure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Iterable, Iterator, Optional

from ..model import BY_NAME, Disposition, Event, Key, Lookup, Meaning, Passed, Raw, ReadingNotes
from ._fields import host_of, ip_of, of_iso, port_of, rule_of, text_of, whole_of
from ._json import objects

SUMMARY = "Cilium: Hubble flows as JSON"
_POLICY = ("POLICY_DENIED", "POLICY_DENY", "AUTH_REQUIRED")
_DROPPED_BY_POLICY = (133, 181, 189)
_PREFIX = re.compile(r"\s*[0-9T:.Z+-]{20,40} (?:std(?:out|err) [FP] )?(?=\{)")


def claims(head: str) -> bool:
    """Whether objects of flows are in it."""
    start = _PREFIX.sub("", head.lstrip()[:80]) or head
    verdict = re.search(r'"verdict"\s*:\s*"(?:FORWARDED|DROPPED|AUDIT|REDIRECTED|ERROR|TRACED|TRANSLATED)"', head)
    known = verdict and ('"traffic_direction"' in head or '"l4"' in head or '"l7"' in head or '"node_name"' in head)
    return start.lstrip().startswith(("{", "[")) and bool(known or '"num_events_lost"' in head)


class HubbleReader:
    """Reads flows that leave a pod, and answers of DNS."""

    def read(self, lines: Iterable[str], notes: ReadingNotes) -> Iterator[Raw]:
        """The records."""
        for value in objects((_PREFIX.sub("", line, count=1) for line in lines), notes):
            flow = value.get("flow", value) if isinstance(value, dict) else None
            if not isinstance(flow, dict):
                notes.lost("no object")
            elif "lost_events" in flow:
                lost = flow["lost_events"] if isinstance(flow["lost_events"], dict) else {}
                notes.hole("flows that Hubble lost", whole_of(str(lost.get("num_events_lost") or 1)))
                yield ("passed", "events lost"), "", of_iso(text_of(value.get("time"))), 1
            elif "verdict" not in flow:
                yield ("passed", "events that are no flows"), "", "", 1
            else:
                yield _key(flow), _client(flow), of_iso(text_of(flow.get("time") or value.get("time"))), 1

    def time(self, when: str) -> str:
        """A moment in ISO 8601."""
        return when

    def meaning(self, key: Key) -> Meaning:
        """What a flow says."""
        kind, *values = key
        if kind == "passed":
            return Passed(values[0])
        if kind == "lookup":
            return Lookup(values[0], values[1])
        decision, names, ip, port, protocol, rule, reason = values
        (host, *others) = names or ("",)
        alone = host if not others else ""
        return Event(decision, alone, ip, port, protocol, "", rule, reason, candidates=names if others else ())


def _part(value: Any, *keys: str) -> Mapping[str, Any]:
    """An object within objects; empty where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _client(flow: Mapping[str, Any]) -> str:
    """The pod that asked: of an answer where it goes to."""
    answer = bool(_part(flow, "l7", "dns")) and text_of(_part(flow, "l7").get("type")) == "RESPONSE"
    return text_of(_part(flow, "IP").get("destination" if answer else "source"))


def _key(flow: Mapping[str, Any]) -> Key:
    dns, http = _part(flow, "l7", "dns"), _part(flow, "l7", "http")
    addresses = tuple(sorted(filter(None, map(ip_of, _texts(dns.get("ips"))))))
    if dns:
        return _of_dns(flow, dns, addresses)
    if flow.get("is_reply") is True or flow.get("reply") is True:
        return ("passed", "replies")
    if text_of(flow.get("traffic_direction")) not in ("EGRESS", ""):
        return ("passed", "inbound traffic")
    names = tuple(sorted(filter(None, (host_of(name) or name for name in _texts(flow.get("destination_names"))))))
    labels = _texts(_part(flow, "destination").get("labels"))
    if not names and not any(label.startswith("reserved:world") for label in labels):
        return ("passed", "traffic within the cluster")
    decision = _decided(flow, http)
    if decision is None:
        return (
            "passed",
            f"flows without a verdict of a policy ({text_of(flow.get('verdict'))[:30].lower() or 'none'})",
        )
    l4 = _part(flow, "l4")
    kind = next((name for name in ("TCP", "UDP", "SCTP") if name in l4), "")
    flags = _part(l4, "TCP", "flags")
    if decision is Disposition.ALLOWED and flags and not flags.get("SYN"):
        return ("passed", "packets of connections that are open")
    lists = [flow.get(key) for key in ("egress_allowed_by", "egress_denied_by")]
    entries = [one for some in lists if isinstance(some, list) for one in some if isinstance(one, Mapping)]
    rules = rule_of(", ".join(sorted({text_of(one.get("name")) for one in entries} - {""})))
    port = port_of(_part(l4, kind).get("destination_port"))
    return ("flow", decision, names, ip_of(_part(flow, "IP").get("destination")), port, kind.lower(), rules, "")


def _of_dns(flow: Mapping[str, Any], dns: Mapping[str, Any], addresses: tuple[str, ...]) -> Key:
    """An answer tells a name's addresses; a refusal is the policy's, which allows the name to nobody."""
    host = host_of(dns.get("query")) or text_of(dns.get("query")).lower()[:253]
    if host and addresses:
        return ("lookup", host, addresses)
    if host and (dns.get("rcode") == 5 or flow.get("verdict") == "DROPPED"):
        return ("flow", Disposition.DENIED, (host,), "", 0, BY_NAME, "", "the name may not be looked up")
    return ("passed", "names looked up, without addresses")


def _decided(flow: Mapping[str, Any], http: Mapping[str, Any]) -> Optional[Disposition]:
    verdict, reason = text_of(flow.get("verdict")), text_of(flow.get("drop_reason_desc"))
    if verdict == "DROPPED":
        policy = reason in _POLICY or (not reason and flow.get("drop_reason") in _DROPPED_BY_POLICY) or bool(http)
        return Disposition.DENIED if policy else None
    if http and http.get("code") == 403 and text_of(_part(flow, "l7").get("type")) == "RESPONSE":
        return None  # of the server as well as of Cilium
    return {"FORWARDED": Disposition.ALLOWED, "AUDIT": Disposition.ALERT}.get(verdict)


READER = HubbleReader
