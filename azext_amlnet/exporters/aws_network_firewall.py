"""A stateful rule group of AWS Network Firewall with a list of domains: the input of create-rule-group.

https://docs.aws.amazon.com/network-firewall/latest/developerguide/stateful-rule-groups-domain-names.html and the API's
RulesSourceList (2026-11-27): a leading dot stands for a name and all below it; a group's capacity is at most 30,000.
"""

from __future__ import annotations

import json
from typing import Any, Iterator, Sequence

from ..model import Kind, Protocol, Requirement
from ..text import line
from ._matcher import Matcher, Reach
from ._text import Context, header, no_tags, public

SUMMARY = "a domain list of AWS Network Firewall: aws network-firewall create-rule-group --cli-input-json"
MATCHER = Matcher(Reach.WITH_APEX, ports=False)
_TLS = (Protocol.HTTPS, Protocol.TLS)
_MOST_CAPACITY, _LONGEST_DESCRIPTION = 30_000, 512


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """What TLS does not name, and what an allow list does besides."""
    yield (
        "an allow list denies other TLS of HOME_NET, which is the firewall's own VPC; for others set RuleVariables. "
        "It matches TLS on any port."
    )
    plain = [row for row in public(rows) if row.kind is not Kind.SERVICE_TAG and not _is_listed(row)]
    for row in plain:
        yield f"{row.host}, port {row.port}/{row.protocol.value}: the list is of names in TLS (suricata has more)."
    yield from no_tags(rows, "AWS Network Firewall")
    yield (
        "the group's rule order must be that of your firewall policy (StatefulRuleOptions), and of two allow lists "
        "each drops what the other allows: put additions into the list that exists."
    )
    if not written(public(rows)):
        yield "no name is in the list, so it would deny all TLS."


def limits(rows: Sequence[Requirement], context: Context) -> Iterator[str]:
    """The capacity that a group may have."""
    if len(_targets(rows)) > _MOST_CAPACITY:
        yield f"{len(_targets(rows))} names: a rule group has a capacity of {_MOST_CAPACITY:,} at most."


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """One object; what the file is stands in its description, which has 512 characters at most."""
    targets = _targets(rows)
    about = " | ".join(line(text) for text in header(context, lost))
    listed = {"Targets": targets, "TargetTypes": ["TLS_SNI"], "GeneratedRulesType": "ALLOWLIST"}
    group: dict[str, Any] = {
        "RuleGroupName": context.name, "Type": "STATEFUL", "Description": about[:_LONGEST_DESCRIPTION],
        "Capacity": min(_MOST_CAPACITY, max(100, 2 * len(targets))),
        "RuleGroup": {"RulesSource": {"RulesSourceList": listed}},
    }  # fmt: skip
    return json.dumps(group, indent=1) + "\n"


def written(rows: Sequence[Requirement]) -> list[Requirement]:
    """The rows whose names are in the list."""
    return [row for row in rows if _is_listed(row)]


def _is_listed(row: Requirement) -> bool:
    return row.protocol in _TLS and row.kind in (Kind.FQDN, Kind.WILDCARD)


def _targets(rows: Sequence[Requirement]) -> list[str]:
    named = written(public(rows))
    return list(dict.fromkeys(row.host[1:] if row.kind is Kind.WILDCARD else row.host for row in named))
