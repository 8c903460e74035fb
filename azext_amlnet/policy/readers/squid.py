"""squid.conf, or a part of it: http_access lines in their order over acls, asked again for what is read in opened TLS.

The acls of a line must all hold, the values of an acl are alternatives, the first line that holds decides, and where
none does the opposite of the last line (http://www.squid-cache.org/Doc/config/http_access/ and
https://wiki.squid-cache.org/SquidFaq/SquidAcl, 2026-11-23).
"""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from typing import Iterator, Mapping, Optional, Sequence

from ..conditions import Services
from ..documents import Document
from ..model import Policy, Rule, unread_of
from ._squid_acls import FIRST, Acls, Request
from ._squid_files import Files, Line, is_main
from ._squid_files import named_by as named_by
from ._squid_tls import End, Ports, Way, ports_of, ways

_WORDS = re.compile(
    r"^[ \t]*(?:acl[ \t]+\S+[ \t]+[a-z_:]+|http_access[ \t]+(?:allow|deny)|https?_port[ \t]+(?:\S+:)?[0-9]+)\b",
    re.MULTILINE,
)
_SPOKEN = frozenset({"http", "https"})


def claims(document: Document) -> bool:
    """Whether a line is an acl, an http_access line or a port, or the file has squid's own name."""
    return bool(_WORDS.search(document.text)) or is_main(document)


def read(documents: Sequence[Document]) -> Iterator[Policy]:
    """One policy of all files, read one after the other, and one for what squid reads within TLS, if it opens any."""
    files = Files(documents)
    lines = list(files.lines())
    acls = Acls(files)
    for line in lines:
        acls.take(line)
    name = ", ".join(files.names)
    ports = ports_of(lines)
    bumping = [line for line in lines if line.words[0] == "ssl_bump" and len(line.words) > 1]
    taken = ways(bumping, acls) if bumping and ports.opens else ()
    further = [rule for rule in map(_further, lines) if rule]
    rules = (*_of_ports(ports), *further, *_access(lines, acls, FIRST))
    notes = (*files.notes, *acls.notes, *_notes(ports, bumping, taken))
    first = Policy(name, "squid", rules, _default(rules), words=_SPOKEN, notes=notes, unread=unread_of(name, rules))
    yield first
    if any(way.end is not End.SPLICE for way in taken):
        yield from _opened(first, taken, lines, acls)
    stopping = tuple(_stopping(lines))
    if stopping:
        name = f"{name} (behind http_access)"
        yield Policy(name, "squid", stopping, True, words=_SPOKEN, unread=unread_of(name, stopping), of=first.name)


def _access(lines: Sequence[Line], acls: Acls, request: Request) -> list[Rule]:
    """The http_access lines, as they are for a request; one without acls is ignored."""
    return [_rule(line, acls, request) for line in lines if line.words[0] == "http_access" and len(line.words) > 2]


def _rule(line: Line, acls: Acls, request: Request) -> Rule:
    verb, words = line.words[1], line.words[2:]
    allow: Optional[bool] = {"allow": True, "deny": False}.get(verb)
    action = {"allow": "allows", "deny": "denies"}.get(verb, verb)
    unread = "" if allow is not None else f"'{verb[:40]}' is neither allow nor deny"
    return Rule(line.where, allow, acls.all_of(words, request), action, " ".join(words), unread=unread)


def _default(rules: Sequence[Rule]) -> bool:
    """What happens where no line holds: the opposite of the last one."""
    decided = [rule.allow for rule in rules if rule.allow is not None]
    return not decided[-1] if decided else False


# ---------------------------------------------------------------------------------------------------------------------
# Opened TLS, and ports


def _opened(first: Policy, taken: Sequence[Way], lines: Sequence[Line], acls: Acls) -> Iterator[Policy]:
    """What is made of https once more: as it is spliced or terminated, and of what is bumped by http_access.

    Clients of these lists read (GET) and write (PUT, as pushes of images do); both have to pass.
    """
    seen: list[tuple[Rule, ...]] = []
    for method in ("GET", "PUT"):
        rules = tuple(_within(taken, _access(lines, acls, Request(method)), first.default))
        if rules in seen:
            continue
        seen.append(rules)
        name = f"{first.name} (within TLS, {method})"
        unread = unread_of(name, [way.rule for way in taken])
        yield Policy(name, "squid", rules, True, words=_SPOKEN, unread=unread, of=first.name)


def _within(taken: Sequence[Way], access: Sequence[Rule], default: Optional[bool]) -> Iterator[Rule]:
    yield Rule("(plain HTTP)", True, (_PLAIN_HTTP,), "leaves", "plain HTTP as it is")
    for way in taken:
        if way.end is not End.BUMP:
            yield way.rule
            continue
        for rule in access:
            yield replace(rule, conditions=(*way.conditions, *rule.conditions), on=" within TLS")
        yield Rule("(default)", default, way.conditions, "allows" if default else "denies", "the rest", " within TLS")


def _of_ports(ports: Ports) -> Iterator[Rule]:
    """The doubt about a squid that nobody can name as a proxy."""
    if not ports.named:
        line = ports.others[0]
        because = "squid has no port here that clients can name as their proxy: what comes to it otherwise is not known"
        yield Rule(line.where, None, (), "has", " ".join(line.words), unread=because)


def _notes(ports: Ports, bumping: Sequence[Line], taken: Sequence[Way]) -> Iterator[str]:
    opening = dict.fromkeys(way.line.where if way.line else "squid" for way in taken if way.end is End.BUMP)
    for where in opening:
        yield f"{where} inspects TLS: containerd and Arc's agents do not trust its certificate."
    if bumping and not ports.opens:
        yield f"{bumping[0].where} is for ports with ssl-bump, and none that clients name has it."
    if ports.named and ports.others:
        line = ports.others[0]
        what = " ".join(line.words)[:80]
        yield f"{line.where} ({what}) is for clients that do not name squid as their proxy, and not checked."


# ---------------------------------------------------------------------------------------------------------------------
# Lines that count beside http_access

# They may stop what http_access allows, unless they say no more than this.
_STOPPING: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("adapted_http_access", "http_access2", "http_reply_access"), ("allow", "all")),
    **dict.fromkeys(("miss_access", "cache_peer_access"), ("allow", "all")),
    **dict.fromkeys(("url_rewrite_program", "redirect_program", "store_id_program", "storeurl_rewrite_program"), ()),
    **dict.fromkeys(("adaptation_access", "icap_service", "ecap_service", "reply_body_max_size"), ()),
    "tcp_outgoing_address": (),
    "never_direct": ("deny", "all"),
}


def _stopping(lines: Sequence[Line]) -> Iterator[Rule]:
    """The doubts about what http_access allows: lines that count, too, and proxies that plain HTTP goes on to.

    squid asks a parent for what could be in a cache, and goes to all else itself, unless `nonhierarchical_direct off`
    (http://www.squid-cache.org/Doc/config/cache_peer/ and …/nonhierarchical_direct/, 2026-11-26).
    """
    words = [tuple(line.words) for line in lines]
    plain = () if ("nonhierarchical_direct", "off") in words else (_PLAIN_HTTP,)
    for line in lines:
        name, rest = line.words[0], tuple(line.words[1:])
        if name in _STOPPING and not (_STOPPING[name] and rest == _STOPPING[name]):
            because = f"{name} counts, too, and is not read here"
            yield Rule(line.where, None, (), "has", " ".join(line.words), unread=because)
        elif name == "cache_peer" and rest[1:2] == ("parent",) and ("always_direct", "allow", "all") not in words:
            because = "it goes on to another proxy, whose rules are not known"
            yield Rule(line.where, None, plain, "has", " ".join(line.words), unread=because)


_PLAIN_HTTP = Services(((frozenset({"http"}), 0, 65535),))


def _further(line: Line) -> Optional[Rule]:
    """A line that may add to http_access and is not worked out here, or that squid reads otherwise."""
    because = _why_further(line.words)
    verb = "includes" if line.words[0] == "include" else "has"
    what = " ".join(line.words[1:] if verb == "includes" else line.words)
    return Rule(line.where, None, (), verb, what, unread=because) if because else None


def _why_further(words: Sequence[str]) -> str:
    name = words[0]
    if not re.fullmatch(r"[a-zA-Z0-9_]+", name):
        return "no directive of squid is written so"
    if name == "include":
        return "what it includes was not given, and may add to any acl; give it as --policy, too"
    if _misspelt(name):
        return f"squid has no directive {name[:40]}"
    return f"{name} counts, too, and is not read here" if name in ("if", "else") else ""


_DECISIVE = ("acl", "http_access", "ssl_bump", "include", "cache_peer", *_STOPPING)
_ALIKE = ("htcp_access", "htcp_port", "icp_access", "ftp_port", "snmp_access", "note", "cache", "else", "endif", "if")


def _misspelt(name: str) -> bool:
    """Whether a line could be meant for one that decides; squid knows no such name, nor one in capitals."""
    if name in _DECISIVE or name in _ALIKE:
        return False
    return bool(difflib.get_close_matches(name.lower(), _DECISIVE, 1, 0.85))
