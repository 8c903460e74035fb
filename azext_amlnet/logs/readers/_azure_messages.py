"""The messages of Azure Firewall's older logs: what each says, in all of its forms. Pure.

The forms are those that Microsoft's pages and workbooks show
(https://learn.microsoft.com/azure/firewall/monitor-firewall#diagnostic-logs, and the Azure Firewall workbook of
https://github.com/Azure/Azure-Network-Security, 2026-11-27). Names of rules hold dots, colons and blanks, so a message
is cut at known labels and nowhere else.
"""

from __future__ import annotations

import re
from typing import Optional

from ..model import Disposition, Event, Meaning, Passed
from ._fields import host_of, ip_of, place_of, port_of, rule_of

_HEAD = re.compile(
    r"\s*(?P<protocol>[A-Za-z]+)(?: Type=[0-9]+)?\s+request from (?:-|\[?[0-9A-Fa-f.:]+?\]?)(?::[0-9]{1,5})?"
    r"(?:\s+to\s+(?P<to>.*?))?\s*(?P<rest>\.(?:\s.*)?|\swas .*)?\Z",
    re.DOTALL,
)
_LABEL = re.compile(
    r"(?:(?<=\.\s)|(?<=\.\s\s))(Action|Url|Policy|Rule Collection Group|Rule Collection|Rule Name|Rule|Web Category"
    r"|ThreatIntel|Signature|IDS|Priority|Classification|Reason)\s*:\s*"
)
_TO = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:]+)(?::(?P<port>[0-9]{1,5}))?\Z")
_ACTION = re.compile(r"\bAction:\s*([A-Za-z]+)")
_DNS = re.compile(r"\s*(?:DNS Request:|Error:\s*[0-9]+)\s")
BEGINS = re.compile(r"\s*(?:[A-Za-z]+(?: Type=[0-9]+)?\s+request from [\[0-9]|DNS Request: |Error: [0-9]+ )")
"""How each of them begins, and no line that goes on."""
_DECISIONS = {
    "allow": Disposition.ALLOWED,
    "alert": Disposition.ALERT,
    **dict.fromkeys(("deny", "drop"), Disposition.DENIED),
}


def decision_of(action: object) -> Optional[Disposition]:
    """What a word for an action means; None for any other word."""
    return _DECISIONS.get(action.strip().lower()) if isinstance(action, str) else None


_CLIENT = re.compile(
    r"(?<=request from )([0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f]*:[0-9A-Fa-f:]+)(?::[0-9]{1,5})?"
)


def raw_of(message: str) -> str:
    """The message without its client, which differs each time."""
    return _CLIENT.sub("-", message.strip(), count=1)


def client_of(message: str) -> str:
    """The client of a message."""
    match = _CLIENT.search(message)
    return match[1].strip("[]") if match else ""


_URL = re.compile(r"(?<=Url:)\s*\S*")


def meaning_of(message: str) -> Optional[Meaning]:
    """What a message says; None for one that has none of the forms. A URL is the client's, and so is no part of it."""
    if _DNS.match(message):
        return Passed("names looked up, without addresses")
    url = _URL.search(message)
    message = _URL.sub(" . ", message, count=1)
    start = _LABEL.search(message)
    head = _HEAD.match(message[: start.start()].rstrip() if start else message.rstrip())
    if head is None:
        return None
    if " DNAT'ed " in message:
        return Passed("inbound traffic")
    labels = _labels(message)
    words = {mark.lower() for mark in _ACTION.findall(message)}  # a URL with a blank in it can bring one of its own
    word = re.match(r"[A-Za-z]+", "Deny" if len(words) > 1 and words & {"deny", "drop"} else labels.get("Action", ""))
    denied = not word and ("was denied" in message or "No rule matched" in message)
    decision = Disposition.DENIED if denied else decision_of(word[0]) if word else None
    if decision is None:
        return None
    host, ip, port = _target(head["to"] or "", (url[0] if url else "").strip().rstrip("."))
    protocol, reason = head["protocol"].lower(), _reason(labels)
    if protocol.startswith("icmp"):
        return Passed(ICMP)
    return Event(decision, host, ip, port, protocol[:12], "", _rule(labels), reason, "messages")


ICMP = "ICMP, which no endpoint needs"


def _labels(message: str) -> dict[str, str]:
    """What stands behind each label, as far as the next one."""
    marks = list(_LABEL.finditer(message))
    ends = [*(mark.start() for mark in marks[1:]), len(message)][: len(marks)]
    labels: dict[str, str] = {}
    for mark, end in zip(marks, ends, strict=True):
        labels.setdefault(mark[1], message[mark.end() : end].strip().rstrip(".").strip())
    return labels


def _target(text: str, url: str) -> tuple[str, str, int]:
    match = _TO.match(text.strip().rstrip("."))
    if match is None:
        return place_of(url) if url else ("", "", 0)
    return host_of(match["host"]), ip_of(match["host"]), port_of(match["port"])


def _rule(labels: dict[str, str]) -> str:
    name = labels.get("Rule") or labels.get("Rule Name", "")
    return rule_of(labels.get("Policy"), labels.get("Rule Collection Group"), labels.get("Rule Collection"), name)


def _reason(labels: dict[str, str]) -> str:
    if "ThreatIntel" in labels:
        return "threat intelligence"
    if "Signature" in labels:
        return f"intrusion signature {labels['Signature'][:20]}"
    return "no server name (SNI) in TLS" if "SNI" in labels.get("Reason", "") else ""
