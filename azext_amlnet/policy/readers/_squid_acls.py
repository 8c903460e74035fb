"""squid's acls, and what each asks of a request: by CONNECT or plain HTTP, or of what squid reads once TLS is open.

http://www.squid-cache.org/Doc/config/acl/ (2026-11-26); what the page leaves open was measured with squid 5.7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import Callable, Mapping, Optional, Sequence

from ...text import is_host
from ..addresses import EVERYTHING, Span, span_of, union
from ..conditions import AllOf, Condition, Destinations, Not, OneOf, Perhaps, Services, Sources, leaves
from ._squid_files import Files, Line, file_of
from ._squid_patterns import host_patterns, url_patterns


@dataclass(frozen=True)
class Request:
    """What squid is asked for: at first, or, with a `method`, within opened TLS; `step` is one of ssl_bump's."""

    method: str = ""
    step: int = 0


FIRST = Request()


@dataclass
class _Acl:
    """One acl: its type, and the values of each line that adds to it; `lacks` names a file that was not given."""

    kind: str
    lines: list[list[str]] = field(default_factory=list)
    lacks: str = ""

    @property
    def values(self) -> list[str]:
        """All values; options such as -i are a line's own."""
        return [value for line in self.lines for value in ("+i", *line)]

    @property
    def plain(self) -> list[str]:
        """All values without options."""
        return [value for line in self.lines for value in line if not (len(value) == 2 and _OPTION.fullmatch(value))]


_OPTION = re.compile(r"[-+][a-z]")
# What squid defines itself; cache manager requests are for squid.
_BUILT_IN = {
    "all": ("src", ["all"]),
    "localhost": ("src", ["127.0.0.1/32"]),
    "to_localhost": ("dst", ["127.0.0.0/8"]),
    "to_linklocal": ("dst", ["169.254.0.0/16"]),
    "manager": ("manager", []),
    "connect": ("method", ["CONNECT"]),
}
NEVER = Destinations()
"""What holds for nothing."""
_DEEPEST = 16
_MOST_PARTS = 2000  # of an acl that is made of others
_DECIDED_ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(("proxy_auth", "proxy_auth_regex", "ext_user", "ext_user_regex", "ident", "ident_regex"),
                    "who the user is"),
    "time": "what time it is",
    **dict.fromkeys(("external", "random", "note"), "what a program of squid's machine says"),
    **dict.fromkeys(("browser", "req_header", "req_mime_type", "referer_regex"), "what the request's headers say"),
    **dict.fromkeys(("myport", "myportname", "localport", "localip", "myip"), "which port of squid it comes to"),
    **dict.fromkeys(("srcdomain", "srcdom_regex", "arp", "eui64", "src_as", "clientside_mark"),
                    "more of the client than its address"),
    "maxconn": "how many connections there are",
    "max_user_ip": "how many addresses a user has",
}  # fmt: skip
"""Types that do not go by where the traffic goes, and what decides in them."""


class Acls:
    """All acls of a configuration, and the conditions that they are for a request."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.quoting = False
        self.defined = {name: _Acl(kind, [list(values)]) for name, (kind, values) in _BUILT_IN.items()}
        self.built: dict[tuple[str, Request], Optional[Condition]] = {}
        self.notes: list[str] = []

    def take(self, line: Line) -> None:
        """One line of an acl more, or one that says what quotes mean; names are compared without regard to case."""
        words = line.words
        if words[0] == "configuration_includes_quoted_values":
            self.quoting = words[1:] == ["on"]
        if words[0] != "acl" or len(words) < 3 or words[1].lower() == "manager":
            return
        name, kind = words[1].lower(), words[2].lower()
        acl = self.defined.setdefault(name, _Acl(kind))
        if kind != acl.kind:
            acl.kind = "of two types"
        values = self._values(acl, words[3:])
        acl.lines.append(values)
        idle = next((value for value in values if _is_idle(value)), None) if kind == "dstdomain" else None
        if idle is not None:
            why = "asterisks" if "*" in idle else "dot at the end"
            self.notes.append(f"{line.where}: '{idle[:60]}' holds for nothing, because dstdomain knows no {why}.")

    def _values(self, acl: _Acl, words: Sequence[str]) -> list[str]:
        """The values of a line, of which some stand in files; without `parameters`, nothing counts behind a file."""
        values: list[str] = []
        for word in words:
            path = file_of(word, self.quoting)
            listed = self.files.values(path) if path else [_unquoted(word) if self.quoting else word]
            acl.lacks = acl.lacks or (path if listed is None else "")
            values += listed or ()
            if path and not self.quoting:
                break
        return values

    def all_of(self, words: Sequence[str], request: Request = FIRST, depth: int = 0) -> tuple[Condition, ...]:
        """What the acls of a line ask for, without those that hold always."""
        conditions = []
        for word in words:
            condition = self._of(word.removeprefix("!").lower(), request, depth)
            if word.startswith("!"):
                condition = NEVER if condition is None else None if condition == NEVER else Not(condition)
            if condition is not None:
                conditions.append(condition)
        return tuple(conditions)

    def _of(self, name: str, request: Request, depth: int) -> Optional[Condition]:
        if (name, request) not in self.built:
            self.built[name, request] = Destinations(unread="acls are made of each other")
            self.built[name, request] = self._build(name, request, depth)
        return self.built[name, request]

    def _build(self, name: str, request: Request, depth: int) -> Optional[Condition]:
        """What an acl asks for; None for one that holds always."""
        acl = self.defined.get(name)
        if acl is None:
            return Destinations(unread=f"the acl {name[:60]} is not defined in what was read")
        if acl.lacks:
            because = f"the acl {name[:60]} takes values from {acl.lacks[-80:]}; give that file as --policy, too"
            return Destinations(unread=because)
        if acl.kind in ("any-of", "all-of"):
            return self._combined(acl, request, depth + 1)
        build = _BUILD.get(acl.kind)
        if build is not None:
            return build(name, acl, request)
        decides = _DECIDED_ELSEWHERE.get(acl.kind)
        because = f"is of a type ({acl.kind[:40]}) that is not known here"
        if decides:
            because = f"({acl.kind}) asks {decides}, which is not known here"
        return Destinations(unread=f"the acl {name[:60]} {because}")

    def _combined(self, acl: _Acl, request: Request, depth: int) -> Optional[Condition]:
        """Acls of acls: one of any-of is enough, all of a line of all-of have to hold, and one of its lines."""
        if depth > _DEEPEST:
            return Destinations(unread="acls are made of each other")
        lines = [[value] for value in acl.plain] if acl.kind == "any-of" else acl.lines
        every = [self.all_of(line, request, depth) for line in lines]
        if not all(every) or not every:
            return None if every else NEVER  # a line without a condition holds always
        whole = OneOf(tuple(line[0] if len(line) == 1 else AllOf(line) for line in every))
        many = len(list(islice(leaves(whole), _MOST_PARTS))) == _MOST_PARTS
        return Destinations(unread="an acl is made of more acls than are worked out here") if many else whole


def _unquoted(word: str) -> str:
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'" else word


# ---------------------------------------------------------------------------------------------------------------------
# One type each


def _src(name: str, acl: _Acl, request: Request) -> Optional[Condition]:
    if "all" in acl.plain:
        return None
    spans = [_address(value) for value in acl.plain]
    unread = f"the acl {name[:60]} has a source that is no address" if None in spans else ""
    return Sources(union(filter(None, spans)), unread)


def _dst(name: str, acl: _Acl, request: Request) -> Optional[Condition]:
    if "all" in acl.plain:
        return None
    spans = [_address(value) for value in acl.plain]
    unread = f"the acl {name[:60]} has names, which squid looks up" if None in spans else ""
    whole = union(filter(None, spans))
    return Destinations(spans=whole, anything=whole == (EVERYTHING,), unread=unread)


def _address(value: str) -> Optional[Span]:
    """squid's ways to write addresses: a range may have a mask behind it, and a mask is a length or a plain netmask."""
    if value.lower() == "ipv6":
        return span_of("::/0")
    first, dash, last = value.partition("-")
    if dash:  # squid masks an address before it compares it with the ends
        end, _, mask = last.partition("/")
        return span_of(f"{first}-{end}") if mask in ("", "32") else None
    mask = value.partition("/")[2]
    netmask = re.fullmatch(r"(?:(?:255|254|252|248|240|224|192|128|0)(?:\.|\Z)){4}", mask)
    plain = mask.startswith("255") or value == "0.0.0.0/0.0.0.0"
    return span_of(value) if not mask or mask.isdecimal() or (netmask and plain) else None


def _ports(name: str, acl: _Acl, request: Request) -> Condition:
    pairs, unread = [], ""
    for value in acl.plain:
        match = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", value)
        if match and int(match[1]) <= int(match[2] or match[1]) <= 65535:
            pairs.append((frozenset[str](), int(match[1]), int(match[2] or match[1])))
        else:
            unread = f"'{value[:40]}' is no port"
    return Services(tuple(pairs), unread)


def _methods(name: str, acl: _Acl, request: Request) -> Optional[Condition]:
    """CONNECT is how TLS passes a proxy, GET what plain HTTP of these lists uses; what only others say is in doubt."""
    methods = {value.upper() for value in acl.plain}
    if request.method or request.step:
        return None if (request.method or "CONNECT") in methods else NEVER
    words = frozenset((["https"] if "CONNECT" in methods else []) + (["http"] if "GET" in methods else []))
    services = Services(((words, 0, 65535),) if words else ())
    if "GET" not in methods and methods & {"HEAD", "POST"} and "CONNECT" not in methods:
        return Perhaps(Services(((frozenset({"http"}), 0, 65535),)), "it is for some methods of HTTP only")
    return services


def _proto(name: str, acl: _Acl, request: Request) -> Optional[Condition]:
    """CONNECT has no protocol of its own."""
    protocols = {value.upper() for value in acl.plain}
    if request.method:
        return None if "HTTPS" in protocols else NEVER
    return Services(((frozenset({"http"}), 0, 65535),)) if "HTTP" in protocols and not request.step else NEVER


def _dstdomain(name: str, acl: _Acl, request: Request) -> Condition:
    """`.x` is x and every name below it, `x` is x alone."""
    names, below, spans, unread = set(), set(), [], ""
    for value in map(str.lower, acl.plain):
        bare, span = value.lstrip("."), span_of(value) if value != "*" else None
        if span is not None and span[0] == span[1] and "/" not in value:
            spans.append(span)
        elif is_host(bare) or re.fullmatch(r"[a-z]{2,20}", bare):
            names.add(bare)
            below |= {bare} if value.startswith(".") else set()
        elif not _is_idle(value):
            unread = f"'{value[:60]}' is no domain"
    return Destinations(frozenset(names), frozenset(below), spans=union(spans), unread=unread)


def _is_idle(value: str) -> bool:
    """Whether a value of dstdomain is one that no name has."""
    return "*" in value or (value.endswith(".") and is_host(value.strip(".")))


def _server_name(name: str, acl: _Acl, request: Request) -> Condition:
    """The name that a client asks for; once squid has seen it, the names in the server's certificate."""
    options = {value for value in acl.plain if value.startswith("--")}
    if "--client-requested" not in options and (request.step == 3 or request.method):
        return Destinations(unread=f"the acl {name[:60]} goes by the names in the server's certificate")
    if "--server-provided" in options:
        return NEVER  # there is no certificate yet
    values = [value for value in acl.values if value not in options]
    if acl.kind == "ssl::server_name_regex":
        return host_patterns(values)
    return _dstdomain(name, _Acl(acl.kind, [values]), request)


def _at_step(name: str, acl: _Acl, request: Request) -> Optional[Condition]:
    """Outside of ssl_bump lines, everything is at the first step."""
    if request.method:
        return Destinations(unread=f"the acl {name[:60]} (at_step) is for what comes before TLS is opened")
    return None if f"sslbump{request.step or 1}" in map(str.lower, acl.plain) else NEVER


def _url_path(name: str, acl: _Acl, request: Request) -> Optional[Condition]:
    """CONNECT has no path; that of other requests is not known."""
    untold = Destinations(unread=f"the acl {name[:60]} goes by the path of a URL")
    return untold if request.method else AllOf((Services(((frozenset({"http"}), 0, 65535),)), untold))


_BUILD: Mapping[str, Callable[[str, _Acl, Request], Optional[Condition]]] = {
    "src": _src,
    "dst": _dst,
    "port": _ports,
    "method": _methods,
    "proto": _proto,
    "dstdomain": _dstdomain,
    "dstdom_regex": lambda name, acl, request: host_patterns(acl.values),
    "url_regex": lambda name, acl, request: url_patterns(acl.values, bool(request.method)),
    "urlpath_regex": _url_path,
    "ssl::server_name": _server_name,
    "ssl::server_name_regex": _server_name,
    "at_step": _at_step,
    "manager": lambda name, acl, request: NEVER,
}
