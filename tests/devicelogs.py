"""Logs of devices as each of them writes them, made from one truth: who asked for what, when, and what came of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

START = datetime(2026, 11, 20, 9, 14, 2, 123456, timezone.utc)


@dataclass(frozen=True)
class Attempt:
    """One attempt, so many seconds after START; `decision` is allowed, denied or failed."""

    after: float
    host: str
    decision: str = "allowed"
    client: str = "10.1.0.7"
    ip: str = "203.0.113.9"
    port: int = 443
    path: str = "/v2/?sig=CANARY-TOKEN"
    user: str = "CANARY-USER"
    lasted_ms: int = 12

    @property
    def at(self) -> datetime:
        """When it was."""
        return START + timedelta(seconds=self.after)

    @property
    def iso(self) -> str:
        """The same as Azure writes it."""
        return self.at.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def _azure(attempt: Attempt) -> dict[str, object]:
    denied = attempt.decision == "denied"
    rule = {} if denied else {"Policy": "hub", "RuleCollectionGroup": "aml", "RuleCollection": "apps", "Rule": "r: a.b"}
    return {
        "Protocol": "HTTPS", "SourceIp": attempt.client, "SourcePort": 50000 + int(attempt.after) % 9999,
        "DestinationPort": attempt.port, "Fqdn": attempt.host, "TargetUrl": "", "Action": "Deny" if denied else "Allow",
        "Policy": "", "RuleCollectionGroup": "", "RuleCollection": "", "Rule": "", **rule,
        "ActionReason": "Default Action" if denied else "", "IsTlsInspected": False, "WebCategory": "",
        "IsExplicitProxyRequest": False,
    }  # fmt: skip


def azure_objects(attempts: Iterable[Attempt]) -> list[dict[str, object]]:
    """The objects of a storage account or Event Hub."""
    where = "/SUBSCRIPTIONS/0000/RESOURCEGROUPS/NET/PROVIDERS/MICROSOFT.NETWORK/AZUREFIREWALLS/FW1"
    return [
        {"time": one.iso, "resourceId": where, "category": "AZFWApplicationRule", "properties": _azure(one)}
        for one in attempts
    ]


def azure_lines(attempts: Iterable[Attempt]) -> str:
    """A blob: an object a line."""
    return "".join(json.dumps(one, separators=(",", ":")) + "\n" for one in azure_objects(attempts))


def azure_rows(attempts: Iterable[Attempt]) -> list[dict[str, str]]:
    """What `az monitor log-analytics query` prints: every value a text."""
    return [
        {"TableName": "PrimaryResult", "TimeGenerated": one.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
         "Type": "AZFWApplicationRule", **{key: str(value) for key, value in _azure(one).items()}}
        for one in attempts
    ]  # fmt: skip


def azure_table(attempts: Iterable[Attempt]) -> str:
    """The answer of the API itself."""
    rows = azure_rows(attempts)
    names = list(rows[0]) if rows else []
    table = {"name": "PrimaryResult", "columns": [{"name": name, "type": "string"} for name in names],
             "rows": [[row[name] for name in names] for row in rows]}  # fmt: skip
    return json.dumps({"tables": [table]})


def azure_csv(attempts: Iterable[Attempt]) -> str:
    """The portal's file."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["TimeGenerated [UTC]", "Action", "Fqdn", "DestinationPort", "Protocol", "SourceIp", "Rule"])
    for one in attempts:
        when = one.at.strftime("%m/%d/%Y, %I:%M:%S.%f %p")
        row = _azure(one)
        writer.writerow(
            [when, *(row[name] for name in ("Action", "Fqdn", "DestinationPort", "Protocol", "SourceIp", "Rule"))]
        )
    return "\ufeff" + out.getvalue()


def azure_messages(attempts: Iterable[Attempt]) -> str:
    """Messages of the older logs, each behind its time."""
    lines = []
    for one in attempts:
        head = f"HTTPS request from {one.client}:51022 to {one.host}:{one.port}. "
        allow = "Action: Allow. Policy: hub. Rule Collection Group: aml. Rule Collection: apps. Rule: r: a.b"
        deny = "Action: Deny. No rule matched. Proceeding with default action"
        lines.append(f"{one.iso} {head}{deny if one.decision == 'denied' else allow}\n")
    return "".join(lines)


def azure_diagnostics(attempts: Iterable[Attempt]) -> str:
    """The same as objects of AzureDiagnostics."""
    made = []
    for one, message in zip(attempts, azure_messages(attempts).splitlines(), strict=True):
        inner = {"msg": message.partition(" ")[2]}
        made.append({"category": "AzureFirewallApplicationRule", "time": one.iso, "properties": inner})
    return json.dumps({"records": made}, indent=1)


def squid_native(attempts: Iterable[Attempt]) -> str:
    """squid's own format."""
    tags = {"allowed": ("TCP_TUNNEL/200", 7043), "denied": ("TCP_DENIED/403", 3856), "failed": ("TCP_TUNNEL/503", 0)}
    lines = []
    for one in attempts:
        tag, size = tags[one.decision]
        asked = f"{one.client} {tag} {size} CONNECT {one.host}:{one.port} {one.user} HIER_DIRECT/{one.ip} -"
        lines.append(f"{one.at.timestamp():.3f} {one.lasted_ms:6d} {asked}\n")
    return "".join(lines)


def squid_common(attempts: Iterable[Attempt], more: str = "") -> str:
    """The format of web servers, with squid's tag behind it."""
    tags = {"allowed": (200, "TCP_TUNNEL:HIER_DIRECT"), "denied": (403, "TCP_DENIED:HIER_NONE"),
            "failed": (503, "TCP_TUNNEL:HIER_NONE")}  # fmt: skip
    lines = []
    for one in attempts:
        status, tag = tags[one.decision]
        when = one.at.strftime("%d/%b/%Y:%H:%M:%S +0000")
        lines.append(
            f'{one.client} - {one.user} [{when}] "CONNECT {one.host}:{one.port} HTTP/1.1" {status} 1 {more}{tag}\n'
        )
    return "".join(lines)


def squid_combined(attempts: Iterable[Attempt]) -> str:
    """The same with referrer and agent."""
    return squid_common(attempts, '"https://CANARY-REFERRER.example.com/?x" "Go-http-client/1.1 \\"q\\"" ')


def hubble(attempts: Iterable[Attempt]) -> str:
    """Flows of Hubble: the first packet of each."""
    lines = []
    for one in attempts:
        denied = {"verdict": "DROPPED", "drop_reason": 133, "drop_reason_desc": "POLICY_DENIED"}
        when = one.at.strftime("%Y-%m-%dT%H:%M:%S.%f789Z")
        flow = {
            "time": when, **(denied if one.decision == "denied" else {"verdict": "FORWARDED"}),
            "IP": {"source": one.client, "destination": one.ip, "ipVersion": "IPv4"},
            "l4": {"TCP": {"source_port": 51022, "destination_port": one.port, "flags": {"SYN": True}}},
            "source": {"identity": 4711, "namespace": "azureml", "pod_name": "job-0"},
            "destination": {"identity": 2, "labels": ["reserved:world"]}, "Type": "L3_L4", "node_name": "n1",
            "destination_names": [one.host], "traffic_direction": "EGRESS", "is_reply": False,
        }  # fmt: skip
        lines.append(json.dumps({"flow": flow, "node_name": "n1", "time": when}) + "\n")
    return "".join(lines)


def fortigate(attempts: Iterable[Attempt]) -> str:
    """The web filter's lines."""
    lines = []
    for number, one in enumerate(attempts):
        action = "blocked" if one.decision == "denied" else "passthrough"
        lines.append(
            f"<189>date={one.at:%Y-%m-%d} time={one.at:%H:%M:%S} eventtime={int(one.at.timestamp() * 10**9)} "
            f'tz="+0000" logid="0316013056" type="utm" subtype="webfilter" eventtype="ftgd_blk" policyid={number % 3} '
            f'srcip={one.client} srcport=51022 dstip={one.ip} dstport={one.port} proto=6 service="HTTPS" '
            f'hostname="{one.host}" action="{action}" url="https://{one.host}{one.path}" user="{one.user}"\n'
        )
    return "".join(lines)


def palo_alto(attempts: Iterable[Attempt]) -> str:
    """The URL filter's lines."""
    lines = []
    for one in attempts:
        values = [""] * 40
        values[3:5], values[7], values[8], values[11], values[12] = (
            ["THREAT", "url"],
            one.client,
            one.ip,
            "out",
            one.user,
        )
        values[14], values[25], values[29] = "ssl", str(one.port), "tcp"
        values[30] = "block-url" if one.decision == "denied" else "alert"
        values[31] = f"{one.host}:{one.port}{one.path}"
        out = io.StringIO()
        csv.writer(out).writerow(values)
        lines.append("<14>Nov 20 09:14:02 fw 1," + out.getvalue()[1:] if False else out.getvalue())
    return "".join(lines)


def vnet_flows(attempts: Iterable[Attempt]) -> str:
    """Flow logs of a virtual network: addresses alone."""
    tuples = [
        f"{int(one.at.timestamp() * 1000)},{one.client},{one.ip},51022,{one.port},6,O,"
        f"{'D' if one.decision == 'denied' else 'B'},NX,1,66,0,0" for one in attempts
    ]  # fmt: skip
    flows = [{"aclID": "0000", "flowGroups": [{"rule": "UserRule_out", "flowTuples": tuples}]}]
    record = {
        "time": START.isoformat(),
        "flowLogVersion": 4,
        "category": "FlowLogFlowEvent",
        "flowRecords": {"flows": flows},
    }
    return json.dumps({"records": [record]})


WRITERS: Mapping[str, tuple[str, Callable[[Iterable[Attempt]], str]]] = {
    "azure lines": ("azure-firewall", azure_lines),
    "azure array": ("azure-firewall", lambda some: json.dumps(azure_objects(some))),
    "azure array, indented": ("azure-firewall", lambda some: json.dumps(azure_objects(some), indent=2)),
    "azure records": ("azure-firewall", lambda some: json.dumps({"records": azure_objects(some)})),
    "azure query": ("azure-firewall", lambda some: json.dumps(azure_rows(some), indent=2)),
    "azure API": ("azure-firewall", azure_table),
    "azure csv": ("azure-firewall", azure_csv),
    "azure messages": ("azure-firewall-messages", azure_messages),
    "azure diagnostics": ("azure-firewall", azure_diagnostics),
    "squid native": ("squid", squid_native),
    "squid common": ("squid", squid_common),
    "squid combined": ("squid", squid_combined),
    "hubble": ("cilium-hubble", hubble),
    "fortigate": ("fortigate", fortigate),
    "pan-os": ("palo-alto", palo_alto),
}
"""Every format that has names, and how it is written."""
