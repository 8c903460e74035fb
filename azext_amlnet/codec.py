"""Nouns to az's camelCase JSON and back, strictly: what does not fit is named with its place in the document."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections import abc
from enum import Enum
from functools import cache
from typing import Any, Mapping, TypeVar

from .text import line

T = TypeVar("T")
JsonObject = dict[str, Any]
"""A document as az prints it: plain JSON values."""


class DocumentError(ValueError):
    """A document does not have the shape of the noun; the text begins with the place, as `registry.loginServer`."""


def camel(name: str) -> str:
    """`login_server` → `loginServer`."""
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)


def to_json(value: Any) -> Any:
    """A noun as plain JSON values; a field marked `omit` is left out while it is None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((f, getattr(value, f.name)) for f in dataclasses.fields(value))
        return {camel(f.name): to_json(v) for f, v in pairs if not (v is None and f.metadata.get("omit"))}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    return value


def from_json(noun: type[T], document: Any, place: str = "") -> T:
    """The noun a JSON object stands for; raises DocumentError on any key, type or text that is not the noun's own."""
    if not isinstance(document, Mapping):
        raise _bad(place, "expected an object", document)
    shape = _shape(typing.cast(typing.Hashable, noun))
    for key in document:
        if key not in shape:
            raise DocumentError(f"{_at(place, key)}: unknown key; known are {', '.join(sorted(shape))}")
    values = {}
    for key, (field, hint) in shape.items():
        if key in document:
            values[field.name] = _read(hint, document[key], _at(place, key), field.metadata)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise DocumentError(f"{_at(place, key)}: missing")
    return noun(**values)


@cache
def _shape(noun: Any) -> dict[str, tuple[Any, Any]]:
    hints = typing.get_type_hints(noun)
    return {camel(f.name): (f, hints[f.name]) for f in dataclasses.fields(noun)}


def _read(hint: Any, value: Any, place: str, metadata: Mapping[str, Any]) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union:
        return None if value is None else _read(arguments[0], value, place, metadata)
    if origin is tuple:
        if not isinstance(value, list):
            raise _bad(place, "expected an array", value)
        return tuple(_read(arguments[0], item, f"{place}[{i}]", metadata) for i, item in enumerate(value))
    if origin is abc.Mapping:
        if not isinstance(value, Mapping):
            raise _bad(place, "expected an object", value)
        items = ((_read(str, key, place, metadata), _at(place, key), item) for key, item in value.items())
        return {key: _read(str, item, inner, metadata) for key, inner, item in items}
    if dataclasses.is_dataclass(hint):
        return from_json(typing.cast(type, hint), value, place)
    return _read_scalar(hint, value, place, metadata)


def _read_scalar(hint: Any, value: Any, place: str, metadata: Mapping[str, Any]) -> Any:
    if issubclass(hint, Enum):
        choices = [member.value for member in hint]
        if value not in choices:
            raise _bad(place, f"expected one of {', '.join(choices)}", value)
        return hint(value)
    if type(value) is not hint:
        names = {str: "a string", int: "a whole number", bool: "true or false"}
        raise _bad(place, f"expected {names[hint]}", value)
    check = metadata.get("check")
    if check is not None and not check(value):
        raise _bad(place, f"expected {metadata['what']}", value)
    return value


def _at(place: str, key: Any) -> str:
    name = str(key) if str(key).isidentifier() and len(str(key)) < 60 else shown(key)
    return f"{place}.{name}" if place else name


def _bad(place: str, expected: str, value: Any) -> DocumentError:
    return DocumentError(f"{place or 'the document'}: {expected}, found {shown(value)}")


def shown(value: Any, most: int = 60) -> str:
    """A JSON value on one short printable line, for a message."""
    try:
        text = json.dumps(value, ensure_ascii=True)
    except (TypeError, ValueError, RecursionError):
        text = "a value that cannot be shown"
    return text if len(text) <= most else text[: most - 1] + "…"


class TwiceError(ValueError):
    """A key stands in one object twice."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs, for `json.loads`; raises TwiceError for a key that stands in it twice."""
    document = dict(pairs)
    if len(document) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise TwiceError(f"the key {shown(twice)} stands in one object twice")
    return document


def plain(value: T) -> T:
    """Nouns with texts that a terminal and a pipeline can show: names of rules are anybody's."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return typing.cast(T, line(value))
    if isinstance(value, tuple):
        return typing.cast(T, tuple(map(plain, value)))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        named = {part.name: plain(getattr(value, part.name)) for part in dataclasses.fields(value)}
        return typing.cast(T, dataclasses.replace(value, **named))
    return value
