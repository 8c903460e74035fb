"""squid.conf, or a part of it: http_access lines in their order over acls.

The acls of a line must all hold, the values of an acl are alternatives, the first line that holds decides, and where
none does the opposite of the last line (http://www.squid-cache.org/Doc/config/http_access/ and
https://wiki.squid-cache.org/SquidFaq/SquidAcl, 2026-11-23).
"""

from __future__ import annotations

import difflib
import fnmatch
import re
from dataclasses import dataclass, field
from typing import Iterable, Iterator, Mapping, Optional, Sequence

from ...text import is_host, lower
from ..addresses import EVERYTHING, Span, span_of, union
from ..conditions import Condition, Destinations, Not, Pattern, Perhaps, Services, Sources
from ..documents import Document
from ..model import Policy, Rule, unread_of

_WORDS = re.compile(r"^[ \t]*(?:acl[ \t]+\S+[ \t]+[a-z_:]+|http_access[ \t]+(?:allow|deny))\b", re.MULTILINE)


_LONGEST = 8191  # squid cuts what is longer
_MOST_LINES = 200_000


@dataclass
class _Acl:
    """One acl: its type, and its values from all lines that add to it."""

    kind: str
    values: list[str] = field(default_factory=list)


# What squid defines itself (http://www.squid-cache.org/Doc/config/acl/); cache manager requests are for squid.
_BUILT_IN = {
    "all": _Acl("src", ["all"]),
    "localhost": _Acl("src", ["127.0.0.1/32"]),
    "to_localhost": _Acl("dst", ["127.0.0.0/8"]),
    "to_linklocal": _Acl("dst", ["169.254.0.0/16"]),
    "manager": _Acl("dstdomain", []),
    "connect": _Acl("method", ["CONNECT"]),
}


def claims(document: Document) -> bool:
    """Whether a line is an acl or an http_access line."""
    return bool(_WORDS.search(document.text))


def read(documents: Sequence[Document]) -> Iterator[Policy]:
    """One policy of all files, read one after the other; an acl counts with all of its lines, wherever they stand."""
    name = ", ".join(document.name for document in documents)
    notes: list[str] = []
    lines = list(_whole(documents, notes))
    acls = {key: _Acl(acl.kind, list(acl.values)) for key, acl in _BUILT_IN.items()}
    for _, words in lines:
        if words[0] == "acl" and len(words) > 2:
            _take(acls, words)
    rules: list[Rule] = []
    built: dict[str, Optional[Condition]] = {}
    for where, words in lines:
        further = _further(where, words)
        if words[0] == "http_access" and len(words) > 2:  # one without acls is ignored
            rules.append(_rule(where, words[1:], acls, built))
        elif further is not None:
            rules.insert(0, further)
        elif words[0] == "include":
            what = " ".join(words[1:])
            because = "what it includes was not given, and may add to any acl; give it as --policy, too"
            rules.insert(0, Rule(where, None, (), "includes", what, unread=because))
        elif words[0] == "ssl_bump" and words[1:2] and words[1] in _BUMPS:
            notes.append(f"{where} inspects TLS: containerd and Arc's agents do not trust its certificate.")
    decided = [rule.allow for rule in rules if rule.allow is not None]
    default = not decided[-1] if decided else False
    words_of_proxy = frozenset({"http", "https"})
    unread = unread_of(name, rules)
    yield Policy(name, "squid", tuple(rules), default, words=words_of_proxy, notes=tuple(notes), unread=unread)


def _whole(documents: Sequence[Document], notes: list[str]) -> Iterator[tuple[str, list[str]]]:
    """All lines in squid's order: a file that another one includes, and that was given, stands where it is included."""
    files = {document.name: list(_lines(document.text)) for document in documents}
    included = {
        name
        for own, lines in files.items()
        for _, words in lines
        if words[0] == "include"
        for name in _included(words, files, own)
    }
    inclusion = _Inclusion(files, notes)
    for name in sorted(files, key=included.__contains__):  # first what nothing includes; in a circle, any
        if name not in inclusion.reached:
            yield from inclusion.lines_of(name, ())


class _Inclusion:
    """Files with what they include in its place; in a circle, and past the most lines, an include stays as it is."""

    def __init__(self, files: Mapping[str, list[tuple[int, list[str]]]], notes: list[str]) -> None:
        self.files, self.notes = files, notes
        self.spent = 0
        self.reached: set[str] = set()

    def lines_of(self, name: str, within: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
        """The lines of a file that stands within others."""
        self.reached.add(name)
        for number, words in self.files[name]:
            self.spent += 1
            inner = _included(words, self.files, *within, name) if words[0] == "include" else []
            if not inner or self.spent > _MOST_LINES:
                yield f"{name}:{number}", words
                continue
            if "*" in " ".join(words):
                files = ", ".join(inner)
                self.notes.append(f"{name}:{number} includes {words[-1]}: read as {files}, which were given.")
            for other in inner:
                yield from self.lines_of(other, (*within, name))


def _included(words: Sequence[str], files: Iterable[str], *within: str) -> list[str]:
    """The given files that an include line names, sorted as squid does; none unless it is one plain path or pattern."""
    if len(words) != 2 or words[1].startswith(("'", '"')):
        return []
    pattern = words[1].rpartition("/")[2]
    names = (name for name in files if fnmatch.fnmatchcase(name, pattern) and name not in within)
    return sorted(name for name in names if pattern.startswith(".") or not name.startswith("."))


# Lines that may stop what http_access allows, or make others conditional, unless they say no more than this.
_FURTHER: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("adapted_http_access", "http_access2", "http_reply_access"), ("allow", "all")),
    **dict.fromkeys(("miss_access", "cache_peer_access"), ("allow", "all")),
    **dict.fromkeys(("url_rewrite_program", "redirect_program", "store_id_program", "storeurl_rewrite_program"), ()),
    **dict.fromkeys(("adaptation_access", "icap_service", "ecap_service", "reply_body_max_size"), ()),
    **dict.fromkeys(("tcp_outgoing_address", "if", "else"), ()),
    "never_direct": ("deny", "all"),
}
_BUMPS = ("bump", "server-first", "client-first", "peek-and-splice")


def _further(where: str, words: Sequence[str]) -> Optional[Rule]:
    """A line that counts beside http_access and is not worked out here, or that squid reads otherwise."""
    if not re.fullmatch(r"[a-zA-Z0-9_]+", words[0]):
        return Rule(where, None, (), "has", " ".join(words), unread="no directive of squid is written so")
    if _misspelt(words[0]):
        return Rule(where, None, (), "has", " ".join(words), unread=f"squid has no directive {words[0][:40]}")
    harmless = _FURTHER.get(words[0])
    terminates = words[0] == "ssl_bump" and words[1:2] == ["terminate"]
    if not terminates and (harmless is None or (harmless and tuple(words[1:]) == harmless)):
        return None
    because = f"{words[0]} counts, too, and is not read here"
    return Rule(where, None, (), "restricts with", " ".join(words), unread=because)


_DECISIVE = ("acl", "http_access", "ssl_bump", "include", *_FURTHER)
_ALIKE = ("htcp_access", "htcp_port", "icp_access", "ftp_port", "snmp_access", "note", "cache", "else", "endif", "if")


def _misspelt(name: str) -> bool:
    """Whether a line could be meant for one that decides; squid knows no such name, nor one in capitals."""
    if name in _DECISIVE or name in _ALIKE:
        return False
    return bool(difflib.get_close_matches(name.lower(), _DECISIVE, 1, 0.85))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The words of each line, its number; comments and empty lines count for nothing, even within a continued line."""
    started, held = 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        plain = line.partition("\r")[0].lstrip(" \t")
        if not plain or plain.startswith("#"):
            continue
        started = started or number
        if plain.endswith("\\"):
            held += plain[:-1]
            continue
        whole = re.split(r"[ \t]#", held + plain, maxsplit=1)[0].strip(" \t")
        words = re.split(r"[ \t]+", whole) if len(held + plain) < _LONGEST else ["(a line longer than squid reads)"]
        if whole:
            yield started, words
        started, held = 0, ""


def _take(acls: dict[str, _Acl], words: list[str]) -> None:
    """One line of an acl more; names are compared without regard to case."""
    name, kind, values = words[1].lower(), words[2].lower(), words[3:]
    known = acls.get(name)
    if known is None:
        acls[name] = _Acl(kind, list(values))
    else:  # options such as -i are a line's own
        known.values.extend(("+i", *values))
        if kind != known.kind:
            acls[name] = _Acl("of two types", known.values)


def _rule(where: str, words: Sequence[str], acls: Mapping[str, _Acl], built: dict[str, Optional[Condition]]) -> Rule:
    """One http_access line; `built` keeps what acls ask for, because some are long and used often."""
    verb = words[0]
    allow: Optional[bool] = {"allow": True, "deny": False}.get(verb)
    conditions: list[Condition] = []
    for word in words[1:]:
        name = word.removeprefix("!").lower()
        if name not in built:
            built[name] = _condition(name, acls.get(name))
        condition = built[name]
        if condition is not None:
            conditions.append(Not(condition) if word.startswith("!") else condition)
        elif word.startswith("!"):
            conditions.append(Destinations())  # the opposite of everything
    action = {"allow": "allows", "deny": "denies"}.get(verb, verb)
    unread = "" if allow is not None else f"'{verb[:40]}' is neither allow nor deny"
    return Rule(where, allow, tuple(conditions), action, " ".join(words[1:]), unread=unread)


def _condition(name: str, acl: Optional[_Acl]) -> Optional[Condition]:
    """What an acl asks for; None for one that holds always."""
    if name == "manager":
        return Destinations()  # requests to squid itself, in every way it has been defined
    if acl is None:
        return Destinations(unread=f"the acl {name[:60]} is not defined in what was read")
    if any(value.startswith(('"', "'", "parameters(")) for value in acl.values):
        return Destinations(unread=f"the acl {name[:60]} stands in a file of its own")
    values = [value for value in acl.values if not re.fullmatch(r"[-+][a-z]", value)]
    if acl.kind == "src":
        return _src(name, values)
    if acl.kind == "port":
        return _ports(values)
    if acl.kind == "method":
        return _methods(values)
    if acl.kind == "dst":
        return _dst(name, values)
    if acl.kind == "dstdomain":
        return _dstdomain(values)
    if acl.kind == "dstdom_regex":
        return _regex(acl.values)
    return Destinations(unread=f"the acl {name[:60]} is of a type ({acl.kind[:40]}) that is not known here")


def _src(name: str, values: Sequence[str]) -> Optional[Condition]:
    if "all" in values:
        return None
    spans = [_address(value) for value in values]
    unread = f"the acl {name[:60]} has a source that is no address" if None in spans else ""
    return Sources(union(filter(None, spans)), unread)


def _address(value: str) -> Optional[Span]:
    """squid's ways to write addresses: a range may have a mask behind it, and a mask is a length or a plain netmask."""
    first, dash, last = value.partition("-")
    if dash:  # squid masks an address before it compares it with the ends
        end, _, mask = last.partition("/")
        return span_of(f"{first}-{end}") if mask in ("", "32") else None
    mask = value.partition("/")[2]
    netmask = re.fullmatch(r"(?:(?:255|254|252|248|240|224|192|128|0)(?:\.|\Z)){4}", mask)
    return span_of(value) if not mask or mask.isdecimal() or (netmask and mask.startswith("255")) else None


def _ports(values: Sequence[str]) -> Condition:
    pairs, unread = [], ""
    for value in values:
        match = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", value)
        if match and int(match[1]) <= int(match[2] or match[1]) <= 65535:
            pairs.append((frozenset[str](), int(match[1]), int(match[2] or match[1])))
        else:
            unread = f"'{value[:40]}' is no port"
    return Services(tuple(pairs), unread)


def _methods(values: Sequence[str]) -> Condition:
    """CONNECT is how TLS passes a proxy, GET what plain HTTP of these lists uses; what only others say is in doubt."""
    methods = {value.upper() for value in values}
    words = frozenset((["https"] if "CONNECT" in methods else []) + (["http"] if "GET" in methods else []))
    services = Services(((words, 0, 65535),) if words else ())
    if "GET" not in methods and methods & {"HEAD", "POST"} and "CONNECT" not in methods:
        return Perhaps(Services(((frozenset({"http"}), 0, 65535),)), "it is for some methods of HTTP only")
    return services


def _dst(name: str, values: Sequence[str]) -> Optional[Condition]:
    if "all" in values:
        return None
    spans = [_address(value) for value in values]
    unread = f"the acl {name[:60]} has names, which squid looks up" if None in spans else ""
    whole = union(filter(None, spans))
    return Destinations(spans=whole, anything=whole == (EVERYTHING,), unread=unread)


def _dstdomain(values: Sequence[str]) -> Condition:
    """`.x` is x and every name below it, `x` is x alone."""
    names, below, spans, unread = set(), set(), [], ""
    for value in map(str.lower, values):
        bare, span = value.lstrip("."), span_of(value)
        if span is not None and span[0] == span[1] and "/" not in value:
            spans.append(span)
        elif is_host(bare) or re.fullmatch(r"[a-z]{2,20}", bare):
            names.add(bare)
            below |= {bare} if value.startswith(".") else set()
        else:
            unread = f"'{value[:60]}' is no domain"
    return Destinations(frozenset(names), frozenset(below), spans=union(spans), unread=unread)


# ---------------------------------------------------------------------------------------------------------------------
# Expressions: the plain ones mean the same to squid and here, and need no more time than the name is long

_TOKEN = re.compile(
    r"\\[.\-/]|[A-Za-z0-9_-]|\[\^?[A-Za-z0-9_.-]+\]|\.|\(\^\|\\\.\)|[|^$]|(?<=[\].A-Za-z0-9])[*+](?![*+?])"
)
_BELOW = re.compile(r"(?:\^?\.[*+])?(\(\^\|\\\.\)|\\\.)((?:[a-z0-9_-]|\\\.)+)\$\Z")
_MOST_REPEATS = 3


def _regex(values: Sequence[str]) -> Condition:
    patterns, unread, ignores_case = [], "", False
    for value in values:
        if value in ("-i", "+i"):
            ignores_case = value == "-i"
        elif not re.fullmatch(r"[-+][a-z]", value):
            pattern = _pattern(value, ignores_case)
            if pattern is None:
                unread = f"the expression '{value[:60]}' is not worked out here"
            else:
                patterns.append(pattern)
    return Destinations(patterns=tuple(patterns), unread=unread)


def _pattern(text: str, ignores_case: bool) -> Optional[Pattern]:
    parts = _TOKEN.findall(text)
    if "".join(parts) != text or sum(part in "*+" for part in parts) > _MOST_REPEATS:
        return None
    plain = lower(text) if ignores_case else text
    try:
        re.compile(plain)
    except re.error:
        return None
    match = _BELOW.fullmatch(plain)
    suffix = match[2].replace("\\", "") if match else None
    below = suffix if suffix and is_host(suffix) else None
    return Pattern(text, plain, below=below, anchor=below)
