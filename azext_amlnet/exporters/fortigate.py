"""A script for FortiOS: address objects by name, groups and services by port, and policies.

https://docs.fortinet.com, FortiOS CLI reference: config firewall address, addrgrp, service custom, policy (2026-11-27).
Objects of names with a wildcard learn their addresses from answers of DNS that pass the FortiGate.
"""

from __future__ import annotations

from typing import Iterator, Sequence

from ..model import Kind, Protocol, Requirement
from ..text import digest, line
from ._matcher import Matcher
from ._text import Context, comments, header, no_tags, private_notes, public, why

SUMMARY = "a script for FortiGate: address objects, groups, services and policies by port"
MATCHER = Matcher()
_LONGEST_NAME, _LONGEST_COMMENT, _MOST_MEMBERS = 79, 255, 600


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """How wildcards get their addresses, and what has to be set besides."""
    yield "policies are from and to `any` interface and all sources: put yours, and move them above those that deny."
    if any(row.kind is Kind.WILDCARD for row in public(rows)):
        yield (
            "objects with a wildcard hold the addresses in answers of DNS that pass the FortiGate: clusters have to "
            "ask through it, else nothing below these names is let through."
        )
    yield "objects, groups and services that exist are set anew; policies are not: delete those of this name before."
    yield "rules are by the addresses of names, so names that share an address are all let through."
    yield from no_tags(rows, "FortiOS")


def limits(rows: Sequence[Requirement], context: Context) -> Iterator[str]:
    """The members that a group of a small model may have."""
    for (kind, port), some in _groups(rows).items():
        if len(some) > _MOST_MEMBERS:
            yield f"{len(some)} addresses for {kind}/{port}: a group of a small model has {_MOST_MEMBERS} at most."


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """Objects first, then groups, services and policies; each policy is a new one."""
    groups = _groups(rows)
    parts = [comments("#", [*header(context, lost), *private_notes(rows)])]
    objects = {_name(context, row): row for some in groups.values() for row in reversed(some)}
    parts.append(_config("firewall address", [_address(name, row) for name, row in objects.items()]))
    members = {key: [_name(context, row) for row in some] for key, some in groups.items()}
    named = {key: f"{context.name}-{key[0]}-{key[1]}" for key in groups}
    parts.append(
        _config("firewall addrgrp", [_edit(named[key], f"set member {_all(some)}") for key, some in members.items()])
    )
    services = [_edit(name, f"set {kind}-portrange {port}") for (kind, port), name in named.items()]
    parts.append(_config("firewall service custom", services))
    parts.append(_config("firewall policy", [_policy(name) for name in named.values()]))
    return "\n".join(filter(None, parts))


def _groups(rows: Sequence[Requirement]) -> dict[tuple[str, int], list[Requirement]]:
    groups: dict[tuple[str, int], dict[str, Requirement]] = {}
    for row in public(rows):
        if row.kind is not Kind.SERVICE_TAG:
            kind = "udp" if row.protocol is Protocol.UDP else "tcp"
            groups.setdefault((kind, row.port), {}).setdefault(row.host, row)
    return {key: list(some.values()) for key, some in sorted(groups.items())}


def _name(context: Context, row: Requirement) -> str:
    """What an object is called: as the host, where that is short enough and belongs to a whole list."""
    plain = f"{context.name} {row.host}"
    return plain if len(plain) <= _LONGEST_NAME else f"{plain[: _LONGEST_NAME - 9]} {digest(row.host)}"


def _address(name: str, row: Requirement) -> str:
    what = (
        f"set subnet {row.host} 255.255.255.255"
        if row.kind is Kind.IP
        else f"set type fqdn\n    set fqdn {_quoted(row.host)}"
    )
    return _edit(name, what, f"set comment {_quoted(why(row)[:_LONGEST_COMMENT])}")


def _policy(name: str) -> str:
    ways = '    set srcintf "any"\n    set dstintf "any"\n    set srcaddr "all"\n    set schedule "always"'
    own = f"    set dstaddr {_quoted(name)}\n    set service {_quoted(name)}\n    set action accept"
    return f"  edit 0\n    set name {_quoted(name)}\n{ways}\n{own}\n  next\n"


def _config(what: str, entries: Sequence[str]) -> str:
    return f"config {what}\n{''.join(entries)}end\n" if entries else ""


def _edit(name: str, *lines: str) -> str:
    return f"  edit {_quoted(name)}\n" + "".join(f"    {one}\n" for one in lines) + "  next\n"


def _all(names: Sequence[str]) -> str:
    return " ".join(map(_quoted, names))


def _quoted(text: str) -> str:
    r"""A word in quotes, where `\` escapes."""
    return '"' + line(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
