"""A snippet for squid.conf: acl and http_access lines to include before the last `http_access deny all`.

http://www.squid-cache.org/Doc/config/acl/ (2026-11-23)
"""

from __future__ import annotations

import re
from typing import Iterator, Sequence

from ..model import Kind, Protocol, Purpose, Requirement
from ..text import digest, few
from ._matcher import Matcher
from ._sources import OBJECT, SourcePlan, plan
from ._text import SPOKEN, Context, comments, documented, header, no_tags, private_for, public, why

SUMMARY = "acl and http_access lines to include in squid.conf"
MATCHER = Matcher(sources=True)


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """What is neither HTTP nor a tunnel for TLS."""
    for row in public(rows):
        if row.protocol not in SPOKEN and row.kind is not Kind.SERVICE_TAG:
            yield f"{row.host}, port {row.port}/{row.protocol.value}: squid forwards HTTP and CONNECT only."
    private = [row.host for row in rows if row.private]
    private += [f"{row.host} (of {few(private_for(row), 3)})" for row in rows if private_for(row)]
    if private:
        named = few(private, 40)
        yield f"clients have to skip the proxy for what private endpoints serve (--format no-proxy): {named}."
    yield from no_tags(rows, "squid")


def limits(rows: Sequence[Requirement], context: Context) -> Iterator[str]:
    """Whose acls of sources have to be filled in."""
    unknown = _sources(_spoken(rows), context).unknown
    if unknown and context.purpose is Purpose.ALLOW:
        yield (
            f"nobody told where the traffic of {unknown} computes comes from: until their acls "
            f"({_prefix(context)}_from_…) have addresses, nothing is let through from there."
        )


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """One group of lines for each port: names by dstdomain, wildcards by expressions that leave the name itself out.

    Of several workspaces there is an acl for each compute's addresses, and lines for those who need something.
    """
    ports = [
        "Ports other than 443 and 80 must be in your SSL_ports and Safe_ports, too.",
        "Include it above your own http_access lines that deny; it holds for "
        + ("the clients named here." if len(context.workspaces) > 1 else "every client that may come there."),
    ]
    parts = [comments("#", [*header(context, lost), *ports])]
    spoken = _spoken(rows)
    sources = _sources(spoken, context)
    groups: dict[tuple[bool, int, str], list[Requirement]] = {}
    for row in spoken:
        whose = sources.reference(row.computes)[0] if sources.of_several else ""
        groups.setdefault((row.protocol is Protocol.HTTP, row.port, whose), []).append(row)
    if groups:
        parts.append(f"acl {_prefix(context)}_connect method CONNECT\n")
    if sources.of_several:
        parts += _source_acls(_prefix(context), sources, {whose for _, _, whose in groups if whose})
    for (plain, port, whose), members in groups.items():
        parts.append(_group(_prefix(context), plain, port, members, whose))
    return "\n".join(parts)


def _spoken(rows: Sequence[Requirement]) -> list[Requirement]:
    return [row for row in public(rows) if row.protocol in SPOKEN and row.kind is not Kind.SERVICE_TAG]


def _sources(rows: Sequence[Requirement], context: Context) -> SourcePlan:
    return plan(context, (row.computes for row in rows), is_template=False)


def _source_acls(prefix: str, sources: SourcePlan, used: set[str]) -> Iterator[str]:
    """The addresses of each compute, and several together."""
    for (compute,), name in sources.own.items():
        addresses = sources.known[name]
        missing = "" if addresses else " # its addresses are not known: fill them in"
        yield (
            f"{comments('#', [compute])}acl {_from(prefix, name)} src {' '.join(addresses or ())}".rstrip()
            + f"{missing}\n"
        )
    for label in (label for label in sources.sets if label in used):
        lines = (f"acl {_from(prefix, label)} any-of {_from(prefix, name)}\n" for name in sources.sets[label])
        yield comments("#", [f"together: {label}"]) + "".join(lines)


def _from(prefix: str, name: str) -> str:
    """The acl of sources: a name of squid's has 63 characters at most."""
    return f"{prefix}_from_{re.sub('[^A-Za-z0-9]', '_', name.removeprefix(OBJECT))[:28]}_{digest(name)}"


def _prefix(context: Context) -> str:
    """How names of acls begin: of one name squid makes one acl, and additions are apart from what a whole list made."""
    return context.name.replace("-", "_")


def _group(prefix: str, plain: bool, port: int, rows: Sequence[Requirement], whose: str) -> str:
    name = f"{prefix}_{'http' if plain else 'tls'}_{port}{whose and '_'}{whose and digest(whose)}"
    kinds = {Kind.FQDN: f"{name}_names", Kind.WILDCARD: f"{name}_below", Kind.IP: f"{name}_addresses"}
    lines = [f"acl {name}_port port {port}\n"]
    for row in rows:
        lines.append(comments("#", [why(row)]) + f"acl {kinds[row.kind]} {_matcher(row)}\n")
    method = f"{'!' if plain else ''}{prefix}_connect"
    source = f" {_from(prefix, whose)}" if whose else ""
    used = dict.fromkeys(kinds[row.kind] for row in rows)
    lines += [f"http_access allow {method} {name}_port {acl}{source}\n" for acl in used]
    return "".join(lines)


def _matcher(row: Requirement) -> str:
    if row.kind is Kind.WILDCARD:
        return f"dstdom_regex -n -i {_below(row)}"
    return f"{'dst' if row.kind is Kind.IP else 'dstdomain -n'} {row.host}"


def _below(row: Requirement) -> str:
    """An expression for what is below a wildcard, and not for the name itself."""
    return f"^.+{row.host[1:].replace('.', chr(92) + '.')}$"


_EXEMPT = "amlnet_not_inspected"


def exemptions(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """One acl by the name that the client asks for, and a line that splices it.

    http://www.squid-cache.org/Doc/config/ssl_bump/ (2026-11-26)
    """
    where = "Include it above your ssl_bump lines that bump or stare, and below one that peeks at step 1."
    members = [row for row in public(rows) if row.kind in (Kind.FQDN, Kind.WILDCARD)]
    parts = [comments("#", [*header(context, lost), where])]
    acls = [_exempt_acl(row) for row in members]
    parts += [comments("#", [documented(row)]) + f"acl {acl}\n" for row, acl in zip(members, acls, strict=True)]
    names = dict.fromkeys(acl.split()[0] for acl in acls)
    parts += ["".join(f"ssl_bump splice {name}\n" for name in names)] if names else []
    return "\n".join(parts)


def _exempt_acl(row: Requirement) -> str:
    if row.kind is Kind.WILDCARD:
        return f"{_EXEMPT}_below ssl::server_name_regex -i {_below(row)}"
    return f"{_EXEMPT} ssl::server_name --client-requested {row.host}"
