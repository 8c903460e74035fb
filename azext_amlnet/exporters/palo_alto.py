"""Set commands of PAN-OS: URL categories for names, address objects for the rest, a rule for each port.

https://docs.paloaltonetworks.com, objects (addresses, custom URL categories, services) and guidelines for URL category
exceptions (2026-11-27). The service `service-http` is 80 and 8080 there, so services are our own. Names of categories
and services have 31 characters at most, those of rules 63.
"""

from __future__ import annotations

from typing import Iterator, Sequence

from ..model import Kind, Protocol, Requirement
from ..text import digest, few
from ._matcher import Matcher
from ._text import SPOKEN, Context, comments, header, no_tags, private_notes, public, why

SUMMARY = "set commands of Palo Alto's PAN-OS: URL categories, address objects and rules by port"
MATCHER = Matcher()


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """Names below wildcards that no category can hold, and what has to be set besides."""
    yield "lines with # are for you and no commands; zones are `any`, and rules are added below yours: move them."
    yield "without decryption the category is that of the server name (SNI), or of the certificate where there is none."
    for row in public(rows):
        if row.kind is Kind.WILDCARD and row.protocol not in SPOKEN:
            what = f"{row.host}, port {row.port}/{row.protocol.value}"
            yield f"{what}: address objects have no wildcards; name the hosts."
    objects = [row.host for row in public(rows) if row.kind is Kind.FQDN and row.protocol not in SPOKEN]
    if objects:
        yield f"rules are by the addresses of these names, and hold for others that share them: {few(objects, 40)}."
    yield from no_tags(rows, "PAN-OS")


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """What is by name in TLS and HTTP, then what is by address, port by port."""
    parts = [comments("#", [*header(context, lost), *private_notes(rows)])]
    groups: dict[tuple[str, int, bool], list[Requirement]] = {}
    for row in public(rows):
        named = row.protocol in SPOKEN and row.kind in (Kind.FQDN, Kind.WILDCARD)
        if named or row.kind in (Kind.FQDN, Kind.IP):
            kind = "udp" if row.protocol is Protocol.UDP else "tcp"
            groups.setdefault((kind, row.port, named), []).append(row)
    for (kind, port, named), some in sorted(groups.items()):
        parts.append(_group(context.name, kind, port, named, some))
    return "\n".join(parts)


def _group(prefix: str, kind: str, port: int, named: bool, rows: Sequence[Requirement]) -> str:
    service, name = f"{prefix}-{kind}-{port}", f"{prefix}-{'n' if named else 'h'}-{kind}-{port}"
    lines = [f"set service {service} protocol {kind} port {port}\n"]
    if named:
        lines.append(f'set profiles custom-url-category {name} type "URL List"\n')
    for row in rows:
        what = f"{prefix}-{digest(row.host)}"
        to = "ip-netmask" if row.kind is Kind.IP else "fqdn"
        entry = f"set profiles custom-url-category {name} list {row.host}/\n"
        lines.append(comments("#", [why(row)]))
        lines.append(
            entry if named else f"set address {what} {to} {row.host}\nset address-group {name} static {what}\n"
        )
    where = f"destination any category {name}" if named else f"destination {name} category any"
    lines.append(
        f"set rulebase security rules {name} from any to any source any {where} application any service {service} "
        "action allow\n"
    )
    return "".join(lines)
