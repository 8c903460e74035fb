"""The grammar of ARM's template expressions, and what only a deployment would tell.

https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions (2026-11-26)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Iterable, Optional, Union

DEEPEST = 12
"""How deep resources and deployments may be nested."""
DEEPEST_VALUE = 100
"""How deep values and expressions may be, with all variables that lead from one to the next."""
_LONGEST_SHAPE = 1_000


SourceOf = tuple[str, str, str]
"""A parameter, the compute whose addresses it is for, and what tells that compute's workspace from others."""


@dataclass(frozen=True)
class Unknown:
    """A value that only a deployment would tell; of a long expression the beginning is kept.

    `needs` names the parameters without a value that it comes from, `more` says that it comes from something else, too.
    `shape` is the value with what is not known in braces (`{hub}/g`): two of one shape are one and the same. `whose`
    tells parameters, each with the compute whose source addresses it is, as exports of several workspaces say it: the
    value is all of these and the `items`, and nothing else. `plain` is the parameter that it is, if it is one of those
    that tell nothing of whose addresses they are.
    """

    text: str
    needs: tuple[str, ...] = ()
    more: bool = True
    shape: str = ""
    whose: tuple[SourceOf, ...] = ()
    items: tuple[Any, ...] = ()
    plain: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.text[:80])

    @property
    def on(self) -> str:
        """What it depends on, and how that can be given."""
        names = " and ".join(f"'{name[:60]}'" for name in self.needs[:3])
        parameters = f"the parameter{'s' if len(self.needs) > 1 else ''} {names} (give the parameter file)"
        elsewhere = f"{self.text}, which only a deployment tells"
        return " and ".join(([parameters] if self.needs else []) + ([elsewhere] if self.more else []))

    def called(self, text: str) -> Unknown:
        """The same by the whole expression that it came from, which stands for what has no other shape."""
        return replace(self, text=text, shape=self.shape or braced(text[1:-1]))


class LooseList(list[Any]):
    """A list of which not all is known: what is in it is, and how much there is not."""

    def __init__(self, items: Iterable[Any], because: Unknown) -> None:
        super().__init__(items)
        self.because = because


class LooseObject(dict[str, Any]):
    """An object of which some properties may not be there; the value of each is one that it may have."""

    def __init__(self, items: Mapping[str, Any], because: Unknown) -> None:
        super().__init__(items)
        self.because = because


def unknown_of(text: str, parts: Iterable[Any], shape: str = "", more: bool = False) -> Unknown:
    """What comes of parts of which some are not known."""
    unknown = [part for value in parts for part in unknowns(value)]
    needs = tuple(dict.fromkeys(name for part in unknown for name in part.needs))
    more = more or not unknown or any(part.more for part in unknown)
    return Unknown(text, needs, more, shape if len(shape) <= _LONGEST_SHAPE else "")


def with_whose(unknown: Unknown, arguments: Iterable[Any]) -> Unknown:
    """A union that is not known, with the computes and the items that it is of, where nothing else is in it."""
    items: list[Any] = []
    whose: list[SourceOf] = []
    for argument in arguments:
        if isinstance(argument, Unknown) and argument.whose:
            items += argument.items
            whose += argument.whose
        elif isinstance(argument, list) and not unknowns(argument):
            items += argument
        else:
            return unknown
    distinct = {repr(item): item for item in items}
    return replace(unknown, items=tuple(distinct.values()), whose=tuple(dict.fromkeys(whose)))


def unknowns(value: Any) -> list[Unknown]:
    """What of a value is not known."""
    if isinstance(value, Unknown):
        return [value]
    if isinstance(value, (LooseList, LooseObject)):
        return [value.because]
    if isinstance(value, dict):
        value = list(value.values())
    return [part for item in value for part in unknowns(item)] if isinstance(value, list) else []


def shape_of(value: Any) -> str:
    """A value as a text, with what is not known in braces; empty where it has no telling form."""
    if isinstance(value, Unknown):
        return value.shape
    return str(value) if isinstance(value, (str, int)) else ""


def hole(name: str, parts: Iterable[Any] = (), mark: str = "") -> str:
    """The shape of what a function makes of parts; the mark tells apart what is another thing elsewhere."""
    inner = [repr(part) if isinstance(part, str) else shape_of(part).strip("{}") for part in parts]
    return braced(f"{name}({', '.join(inner)}){mark}") if all(inner) else ""


def braced(text: str) -> str:
    """A text in braces, of which there are no others; a `/` in a name would make two of it."""
    return "{" + text.translate(_WITHIN) + "}"


_WITHIN = str.maketrans("/{}", "|()")


# ---------------------------------------------------------------------------------------------------------------------
# The grammar


@dataclass(frozen=True)
class Literal:
    """A text or a number."""

    value: Union[str, int]


@dataclass(frozen=True)
class FunctionCall:
    """A function of arguments; of a user's function the name has its namespace (`contoso.name`)."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Member:
    """A property (`.a`) or an item (`['a']`, `[0]`) of something."""

    of: Node
    key: Node


Node = Union[Literal, FunctionCall, Member]
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d{1,9}(?![\w]))|(?P<name>[A-Za-z_]\w*)|(?P<sign>[(),\[\].]))"
)
_Token = tuple[str, str]


class _Malformed(ValueError):
    """A text is no expression."""


@lru_cache(maxsize=20_000)
def parsed(text: str) -> Optional[Node]:
    """The expression in a text without its brackets; None for what is none, or nested too deeply."""
    tokens = _tokens(text)
    try:
        node, at = _node(tokens, 0, 0)
    except _Malformed:
        return None
    return node if tokens[at][0] == "end" else None


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            break
        tokens.append((str(match.lastgroup), match[0].strip()))
        at = match.end()
    return [*tokens, ("end", "") if at == len(text) else ("odd", text[at])]


def _node(tokens: list[_Token], at: int, depth: int) -> tuple[Node, int]:
    """What begins at a token, with its properties and items, and where it ends."""
    node, at = _primary(tokens, at, depth)
    while tokens[at][1] in (".", "["):
        if tokens[at][1] == ".":
            _expect(tokens[at + 1][0] == "name")
            node, at = Member(node, Literal(tokens[at + 1][1])), at + 2
        else:
            key, at = _node(tokens, at + 1, depth + 1)
            _expect(tokens[at][1] == "]")
            node, at = Member(node, key), at + 1
    return node, at


def _primary(tokens: list[_Token], at: int, depth: int) -> tuple[Node, int]:
    kind, text = tokens[at]
    _expect(depth <= DEEPEST_VALUE)
    if kind == "text":
        return Literal(text[1:-1].replace("''", "'")), at + 1
    if kind == "number":
        return Literal(int(text)), at + 1
    _expect(kind == "name")
    while tokens[at + 1][1] == "." and tokens[at + 2][0] == "name":
        text, at = f"{text}.{tokens[at + 2][1]}", at + 2
    _expect(tokens[at + 1][1] == "(")
    arguments, at = _arguments(tokens, at + 2, depth)
    return FunctionCall(text.lower(), arguments), at


def _arguments(tokens: list[_Token], at: int, depth: int) -> tuple[tuple[Node, ...], int]:
    arguments: list[Node] = []
    while tokens[at][1] != ")":
        if arguments:
            _expect(tokens[at][1] == ",")
            at += 1
        argument, at = _node(tokens, at, depth + 1)
        arguments.append(argument)
    return tuple(arguments), at + 1


def _expect(holds: bool) -> None:
    if not holds:
        raise _Malformed
