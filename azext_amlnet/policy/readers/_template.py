"""The expressions of ARM templates: the plain ones are worked out, what needs a deployment stays `Unknown`.

https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions (2026-11-23)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

DEEPEST = 12
"""How deep templates and values may be nested."""
_MOST_VALUES = 500_000


@dataclass(frozen=True)
class Unknown:
    """A value that only a deployment would tell; of a long expression the beginning is kept."""

    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.text[:80])


_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d{1,9}(?!\d))|(?P<name>[A-Za-z_][\w.]*)|(?P<sign>[(),\[\].]))"
)


class Template:
    """The parameters and variables of a template, and the values of expressions over them."""

    def __init__(self, document: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
        declared = document.get("parameters")
        self.declared = {
            key.lower(): value
            for key, value in (declared.items() if isinstance(declared, Mapping) else ())
            if isinstance(value, Mapping)
        }
        variables = document.get("variables")
        self.variables = {
            key.lower(): value for key, value in (variables.items() if isinstance(variables, Mapping) else ())
        }
        self.parameters = parameters
        self.depth = 0
        self.budget = _MOST_VALUES
        self.known: dict[str, Any] = {}

    def value(self, value: Any) -> Any:
        """The value with all of its expressions worked out, those that cannot be as `Unknown`."""
        self.budget -= 1
        if self.budget < 0:
            return Unknown("more than can be worked out here")
        if isinstance(value, str):
            return self._text(value)
        if self.depth > DEEPEST * 4:
            return Unknown("nested too deeply")
        self.depth += 1
        try:
            if isinstance(value, Mapping):
                return self._object(value)
            if isinstance(value, list):
                return [self.value(item) for item in value]
            return value
        finally:
            self.depth -= 1

    def _object(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """An object; what a loop (`copy`) would make of a property is not known."""
        members = {key: self.value(item) for key, item in value.items() if key != "copy"}
        loops = value.get("copy")
        for loop in loops if isinstance(loops, list) else [loops] if loops is not None else ():
            name = loop.get("name") if isinstance(loop, Mapping) else None
            members[str(name) if isinstance(name, str) else "copy"] = Unknown("copy")
        return members

    def _text(self, text: str) -> Any:
        if not (text.startswith("[") and text.endswith("]")):
            return text
        if text.startswith("[["):
            return text[1:]
        tokens = _tokens(text[1:-1])
        if tokens is None or self.depth > DEEPEST * 4:
            return Unknown(text)
        self.depth += 1
        try:
            evaluated, rest = self._expression(tokens, 0)
        finally:
            self.depth -= 1
        return evaluated if rest == len(tokens) and not isinstance(evaluated, Unknown) else Unknown(text)

    def _expression(self, tokens: list[tuple[str, str]], at: int) -> tuple[Any, int]:
        """The value of what begins at a token, and where it ends; a token beyond the last for what is malformed."""
        beyond = Unknown("expression"), len(tokens) + 1
        if at >= len(tokens) or self.depth > DEEPEST * 4:
            return beyond
        kind, text = tokens[at]
        if kind == "text":
            return text[1:-1].replace("''", "'"), at + 1
        if kind == "number":
            return int(text), at + 1
        if kind != "name" or at + 1 >= len(tokens) or tokens[at + 1][1] != "(":
            return beyond
        arguments: list[Any] = []
        at += 2
        self.depth += 1
        while at < len(tokens) and tokens[at][1] != ")":
            argument, at = self._expression(tokens, at)
            arguments.append(argument)
            if at < len(tokens) and tokens[at][1] == ",":
                at += 1
        self.depth -= 1
        if at >= len(tokens):
            return beyond
        return self._call(text.lower(), arguments), at + 1

    def _call(self, name: str, arguments: list[Any]) -> Any:
        if any(isinstance(argument, Unknown) for argument in arguments):
            return Unknown(name)
        if name == "parameters" and len(arguments) == 1:
            return self._parameter(str(arguments[0]).lower())
        if name == "variables" and len(arguments) == 1:
            return self._variable(str(arguments[0]).lower())
        if name == "concat" and all(isinstance(argument, list) for argument in arguments):
            self.budget -= sum(map(len, arguments))
            return [item for argument in arguments for item in argument] if self.budget > 0 else Unknown(name)
        return _function(name, arguments)

    def _parameter(self, key: str) -> Any:
        if key in self.parameters:
            return self.parameters[key]
        declared = self.declared.get(key, {})
        return self.value(declared["defaultValue"]) if "defaultValue" in declared else Unknown(key)

    def _variable(self, key: str) -> Any:
        """A variable, worked out once."""
        if key not in self.known:
            self.known[key] = Unknown(key)  # what leads back to itself
            self.known[key] = self.value(self.variables[key]) if key in self.variables else Unknown(key)
        return self.known[key]


def _function(name: str, arguments: list[Any]) -> Any:
    """A function whose value depends on its arguments alone."""
    if name == "concat":
        whole = "".join(map(str, arguments))
        return whole if len(whole) < 10_000 else Unknown(name)
    if name == "add" and len(arguments) == 2 and all(isinstance(argument, int) for argument in arguments):
        return arguments[0] + arguments[1]
    if name in ("true", "false") and not arguments:
        return name == "true"
    if name == "createarray":
        return arguments
    if name == "tolower" and len(arguments) == 1:
        return str(arguments[0]).lower()
    if name == "resourceid" and len(arguments) > 1 and all(isinstance(argument, str) for argument in arguments):
        return _resource_id(arguments)
    return Unknown(name)


def _resource_id(words: list[str]) -> str:
    start = next((at for at, word in enumerate(words) if "/" in word), 0)
    kind, names = words[start].split("/"), words[start + 1 :]
    pairs = [part for pair in zip(kind[1:], names, strict=False) for part in pair]
    return "/".join(["", "providers", kind[0], *pairs]).lower()


def _tokens(text: str) -> Optional[list[tuple[str, str]]]:
    tokens, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return None
        tokens.append((str(match.lastgroup), match[0].strip()))
        at = match.end()
    return tokens
