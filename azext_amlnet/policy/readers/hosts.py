"""A plain list of names, one a line, as firewalls load them: `x` is that name alone, `*.x` every name below it.

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
_LINE = re.compile(rf"(?:[a-z]+://)?({_NAME})(?::[0-9]{{1,5}})?(?:/\S*)?\Z", re.IGNORECASE)
_USUAL = Services(((frozenset({"https"}), 443, 443), (frozenset({"http"}), 80, 80)))
_OTHERS = Not(_USUAL)
_FORM = "vendors read this form differently"


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
    """What a line allows on the usual ports, and perhaps on others."""
    plain = lower(line).removesuffix("/")
    span, match = span_of(plain), _LINE.match(plain)
    where: Condition = Destinations(unread="its form is not known here")
    if span is not None:
        where = Destinations(spans=(span,), anything=span == EVERYTHING)
    elif _is_name(plain):
        where = Destinations(names=frozenset({plain}))
    elif plain.startswith("*.") and _is_name(plain[2:]):
        where = Destinations(below=frozenset({plain[2:]}))
    elif match and _is_name(match[1].lstrip("*.^")):
        bare = match[1].lstrip("*.^")
        where = Perhaps(
            Destinations(frozenset({bare}), frozenset({bare})), _FORM, f"Write {bare} or *.{bare}, or both.", Doubt.FORM
        )
    elif match and "*" in plain:
        expression = ".*".join(map(re.escape, re.split(r"\*+", match[1])))
        where = Perhaps(Destinations(patterns=(Pattern(plain, rf"\A{expression}\Z"),)), _FORM, of=Doubt.FORM)
    name, doubtful = f"{document.name}:{number}", Perhaps(where, "a list of names does not tell ports", of=Doubt.FORM)
    yield Rule(name, True, (_USUAL, where), "lists", line[:253])
    yield Rule(name, True, (_OTHERS, doubtful), "lists", line[:253])
