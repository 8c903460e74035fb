"""OpenShift's EgressFirewall (OVN-Kubernetes) of a namespace.

https://docs.redhat.com/documentation/en-us/openshift_container_platform (networking, egress firewall) and
https://github.com/ovn-org/ovn-kubernetes (k8s.ovn.org_egressfirewalls, 2026-11-27): one object a namespace, which is
called `default`, 8,000 rules at most; `*` stands for one label.
"""

from __future__ import annotations

import json
import re
from typing import Any, Iterator, Sequence

from ..model import Kind, Protocol, Requirement
from ._matcher import Matcher, Reach
from ._text import Context, comments, header, no_tags, object_limits, why

SUMMARY = "OpenShift's EgressFirewall of a namespace, which denies all else"
MATCHER = Matcher(Reach.ONE_LABEL, private=True)
_MOST_RULES = 8000
_NAME = re.compile(r"(?:\*\.)?(?:[A-Za-z0-9-]+\.)*[A-Za-z0-9-]+")


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """What the object does not hold for, and what OpenShift has to have switched on."""
    yield "it holds for the pods of one namespace: nodes, pods with hostNetwork and traffic through routes pass it by."
    yield (
        "it ends with a rule that denies all else, the cluster's API server and DNS servers outside of it included: "
        "add rules for those above it. A namespace has one such object: merge yours into it."
    )
    if any(row.kind is Kind.WILDCARD for row in rows):
        yield "wildcards need the DNSNameResolver (a technology preview); without it OpenShift refuses them."
    yield (
        "names are looked up every 30 minutes at most, and front doors change their addresses more often: measure it "
        "with test --cluster, since whether an allowed name is let through at once is disputed."
    )
    yield "rules are by the addresses of names, so names that share an address are all let through."
    if not _rules(rows):
        yield "nothing here gets a rule, so the object would deny everything."
    odd = [row.host for row in rows if row.kind in (Kind.FQDN, Kind.WILDCARD) and not _NAME.fullmatch(row.host)]
    yield from (f"{host}: the object takes no such name (an underscore)." for host in odd)
    yield from no_tags(rows, "OpenShift")


def limits(rows: Sequence[Requirement], context: Context) -> Iterator[str]:
    """The rules that an object may have, and how long it may be."""
    count = len(_rules(rows)) + 1
    if count > _MOST_RULES:
        yield f"{count} rules: an EgressFirewall has {_MOST_RULES} at most."
    yield from object_limits(rule for _, rule in _rules(rows))


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """YAML, each rule in JSON's flow style, which is YAML, too, and cannot be broken out of."""
    parts = [comments("#", header(context, lost))]
    if context.lacking_in:
        note = "Put these lines into spec.egress of the object that exists, above the rule that denies."
        return "".join((*parts, comments("#", [note]), *(_line(row, rule) for row, rule in _rules(rows))))
    parts.append("apiVersion: k8s.ovn.org/v1\nkind: EgressFirewall\nmetadata:\n  name: default\nspec:\n  egress:\n")
    parts += [_line(row, rule) for row, rule in _rules(rows)]
    denied = ({"type": "Deny", "to": {"cidrSelector": everything}} for everything in ("0.0.0.0/0", "::/0"))
    parts += [f"  - {json.dumps(rule)}\n" for rule in denied]
    return "".join(parts)


def written(rows: Sequence[Requirement]) -> list[Requirement]:
    """The rows that get a rule."""
    return [row for row, _ in _rules(rows)]


def _line(row: Requirement, rule: dict[str, Any]) -> str:
    return f"  {comments('#', [why(row)])}  - {json.dumps(rule)}\n"


def _rules(rows: Sequence[Requirement]) -> list[tuple[Requirement, dict[str, Any]]]:
    made = []
    for row in rows:
        if row.kind is Kind.SERVICE_TAG or (row.kind is not Kind.IP and not _NAME.fullmatch(row.host)):
            continue
        to = {"cidrSelector": f"{row.host}/32"} if row.kind is Kind.IP else {"dnsName": row.host}
        ports = [{"protocol": "UDP" if row.protocol is Protocol.UDP else "TCP", "port": row.port}]
        made.append((row, {"type": "Allow", "to": to, "ports": ports}))
    return made
