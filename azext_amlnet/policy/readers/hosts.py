"""A plain list of names, one a line, as firewalls load them: `x` is that name alone, `*.x` every name below it.

A port behind a name is that port alone, a scheme and a final `/` or dot count for nothing, and a path is one of many.

Vendors read `.x` and `^x` in ways that contradict each other (Palo Alto's domain lists and URL lists among themselves:
https://docs.paloaltonetworks.com/pan-os/10-2/pan-os-admin/policy/use-an-external-dynamic-list-in-policy and
https://docs.paloaltonetworks.com/advanced-url-filtering/administration/configuring-url-filtering; 2026-11-23), so that
stays in doubt.
"""

from __future__ import annotations

import re
from typing import Iterator, Sequence

from ...text import is_host, lower
from ..addresses import EVERYTHING, span_of
from ..conditions import Condition, Destinations, Not, Pattern, Perhaps, Services
from ..documents import Document
from ..model import Policy, Rule, unread_of
from ..unknowns import Doubt

_NAME = r"[*.^]{0,3}[A-Za-z0-9_](?:[A-Za-z0-9_.*-]*[A-Za-z0-9_*])?"
_LINE = re.compile(rf"(?:[a-z]+://)?({_NAME})\.?(?::([0-9]{{1,5}}))?(/\S*)?\Z", re.IGNORECASE)
_USUAL = Services(((frozenset({"https"}), 443, 443), (frozenset({"http"}), 80, 80)))
_FORM = "vendors read this form differently"
_PATH = "it is for one path of that host, and which paths are asked for is not known"


def claims(document: Document) -> bool:
    """Whether each line is a name, an address or a comment."""
    lines = list(_lines(document.text))
    return bool(lines) and all(_LINE.match(line) and "." in line for _, line in lines)


def read(documents: Sequence[Document]) -> Iterator[Policy]:
    """One policy of all lists: what stands in any of them is allowed."""
    name = ", ".join(document.name for document in documents)
    lines = [(document, number, line) for document in documents for number, line in _lines(document.text)]
    rules = [rule for document, number, line in lines for rule in _rules(document, number, line)]
    yield Policy(name, "hosts", tuple(rules), unread=unread_of(name, rules))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        plain = line.strip()
        if plain.startswith(("#", ";", "//")):
            continue
        ends = (at for at in map(plain.find, ("#", " ;", "\t;", " //", "\t//")) if at >= 0)
        plain = plain[: min(ends, default=len(plain))].strip()
        if plain:
            yield number, plain


def _is_name(text: str) -> bool:
    """Whether it is a name, a top-level domain included."""
    return is_host(text) or is_host(f"a.{text}")


def _rules(document: Document, number: int, line: str) -> Iterator[Rule]:
    """What a line allows: on its port, else on the usual ports and perhaps on others."""
    match = _LINE.match(lower(line))
    name, span = f"{document.name}:{number}", span_of(lower(line))
    where: Condition = Destinations(unread="its form is not known here")
    if span is not None:
        where = Destinations(spans=(span,), anything=span == EVERYTHING)
    elif match:
        where = _of_name(match[1], line)
        if match[3] not in (None, "/"):
            where = Perhaps(where, _PATH, of=Doubt.FORM)
    port = int(match[2]) if match and match[2] and span is None else None
    usual = _USUAL if port is None else Services(((frozenset(), port, port),))
    yield Rule(name, True, (usual, where), "lists", line[:253])
    if port is None:
        doubtful = Perhaps(where, "a list of names does not tell ports", of=Doubt.FORM)
        yield Rule(name, True, (Not(_USUAL), doubtful), "lists", line[:253])


def _of_name(text: str, line: str) -> Condition:
    """`x` is that name alone, `*.x` every name below it; what vendors read in several ways is in doubt."""
    bare = text.lstrip("*.^")
    if _is_name(text):
        return Destinations(names=frozenset({text}))
    if text.startswith("*.") and _is_name(text[2:]):
        return Destinations(below=frozenset({text[2:]}))
    if _is_name(bare):
        both = Destinations(frozenset({bare}), frozenset({bare}))
        return Perhaps(both, _FORM, f"Write {bare} or *.{bare}, or both.", Doubt.FORM)
    if "*" not in text:
        return Destinations(unread="its form is not known here")
    expression = ".*".join(map(re.escape, re.split(r"\*+", text)))
    return Perhaps(Destinations(patterns=(Pattern(lower(line), rf"\A{expression}\Z"),)), _FORM, of=Doubt.FORM)
