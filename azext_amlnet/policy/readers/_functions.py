"""The functions of ARM's templates whose value their arguments tell. Pure.

A function raises any of `FAILURES` for arguments that a deployment would refuse, or whose value no document settles.
https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions (2026-11-26)
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Mapping
from typing import Any, Callable, Iterable, Optional

from ._expressions import Unknown, shape_of, unknown_of

FAILURES = (TypeError, ValueError, KeyError, IndexError, ZeroDivisionError, RecursionError, OverflowError)
_LONGEST_TEXT = 100_000
_LONGEST_RANGE = 10_000
Value = Any


class _NotTold(ValueError):
    """A deployment would refuse it, or do what no document says."""


def _must(holds: bool) -> None:
    if not holds:
        raise _NotTold


def _text(value: Value) -> str:
    _must(isinstance(value, str))
    return str(value)


def _whole(value: Value) -> int:
    _must(isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**12)
    return int(value)


def _true(value: Value) -> bool:
    _must(isinstance(value, bool))
    return bool(value)


def _list(value: Value) -> list[Value]:
    _must(isinstance(value, list))
    return list(value)


def _object(value: Value) -> dict[str, Value]:
    _must(isinstance(value, dict))
    return dict(value)


def as_text(value: Value) -> str:
    """A value within a longer text; booleans are `True` and `False` there (Bicep's EvaluationTests.cs, 2026-11-26)."""
    _must(isinstance(value, (str, int)))
    return str(value)


def same(one: Value, other: Value) -> bool:
    """Whether two values are equal: texts by case, and never a number and a boolean."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


def member(of: Value, key: Value) -> Value:
    """A property, whose name knows no case, or an item of a list."""
    if isinstance(of, list):
        _must(0 <= _whole(key) < len(of))
        return of[key]
    return of[_key(_object(of), key)]


def _key(of: Mapping[str, Value], key: Value) -> str:
    """The name that an object itself has for a property."""
    name = _text(key)
    if name in of:
        return name
    names = [own for own in of if own.lower() == name.lower()]
    _must(len(names) == 1)
    return names[0]


def _has(of: Mapping[str, Value], key: Value) -> bool:
    return any(own.lower() == _text(key).lower() for own in of)


# ---------------------------------------------------------------------------------------------------------------------
# Texts


def _concat(*parts: Value) -> Value:
    if parts and all(isinstance(part, list) for part in parts):
        return [item for part in parts for item in part]
    return _joined(map(as_text, parts))


def _joined(parts: Iterable[str], by: str = "") -> str:
    """Texts in one, as long as it is no longer than what anybody writes."""
    texts = list(parts)
    _must(sum(map(len, texts)) + len(by) * len(texts) <= _LONGEST_TEXT)
    return by.join(texts)


_HOLE = re.compile(r"\{\{|\}\}|\{(\d{1,3})\}|[{}]")


def _format(pattern: Value, *values: Value) -> str:
    """Places `{0}` and braces written twice; other forms are for numbers and dates."""
    pieces, at = [], 0
    for match in _HOLE.finditer(_text(pattern)):
        _must(match[1] is not None or len(match[0]) == 2)
        pieces += [pattern[at : match.start()], match[0][0] if match[1] is None else as_text(values[int(match[1])])]
        at = match.end()
    return _joined([*pieces, pattern[at:]])


def _split(text: Value, by: Value) -> list[str]:
    marks = [_text(mark) for mark in (by if isinstance(by, list) else [by])]
    _must(bool(marks) and all(marks))
    return re.split("|".join(re.escape(mark) for mark in sorted(marks, key=len, reverse=True)), _text(text))


def _join(items: Value, by: Value) -> str:
    return _joined(map(as_text, _list(items)), _text(by))


def _replace(text: Value, old: Value, new: Value) -> str:
    _must(bool(_text(old)))
    return _joined(_text(text).split(old), _text(new))


def _substring(text: Value, start: Value, length: Value = None) -> str:
    count = len(_text(text)) - _whole(start) if length is None else _whole(length)
    _must(start >= 0 and count >= 0 and start + count <= len(text))
    return str(text[start : start + count])


def _string(value: Value) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False) if isinstance(value, (list, dict)) \
        else as_text(value)  # fmt: skip


def _int(value: Value) -> int:
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value) else _whole(value)


def _bool(value: Value) -> bool:
    return value if isinstance(value, bool) else {"true": True, "false": False}[_text(value).lower()]


def _pad_left(value: Value, width: Value, by: Value = " ") -> str:
    _must(len(_text(by)) == 1 and _whole(width) <= 1_000)
    return as_text(value).rjust(width, by)


# ---------------------------------------------------------------------------------------------------------------------
# Lists and objects


def _create_object(*pairs: Value) -> dict[str, Value]:
    _must(len(pairs) % 2 == 0)
    return {_text(key): value for key, value in zip(pairs[::2], pairs[1::2], strict=True)}


def _contains(container: Value, item: Value) -> bool:
    if isinstance(container, dict):
        return _has(container, item)
    if isinstance(container, list):
        return any(same(own, item) for own in container)
    return as_text(item) in _text(container)


def _empty(value: Value) -> bool:
    _must(value is None or isinstance(value, (str, list, dict)))
    return not value


def _first(value: Value) -> Value:
    return value[:1] if isinstance(value, str) else next(iter(_list(value)), None)


def _last(value: Value) -> Value:
    return value[-1:] if isinstance(value, str) else next(iter(_list(value)[::-1]), None)


def _from_end(items: Value, place: Value) -> Value:
    _must(0 < _whole(place) <= len(_list(items)))
    return items[-place]


def _skip(value: Value, count: Value) -> Value:
    return (value if isinstance(value, str) else _list(value))[max(_whole(count), 0) :]


def _take(value: Value, count: Value) -> Value:
    return (value if isinstance(value, str) else _list(value))[: max(_whole(count), 0)]


def _union(*parts: Value) -> Value:
    """Lists: each item once, in order; objects: what comes later counts, and objects within them alike."""
    if all(isinstance(part, dict) for part in parts):
        whole: dict[str, Value] = {}
        for part in parts:
            for key, value in part.items():
                name = _key(whole, key) if _has(whole, key) else key
                whole[name] = _both(whole.get(name), value)
        return whole
    return _distinct(item for part in parts for item in _list(part))


def _both(one: Value, other: Value) -> Value:
    """The later value, with what two objects have in it, which what is not known may be."""
    if isinstance(one, dict) and isinstance(other, dict):
        return _union(one, other)
    unknown = [value for value in (one, other) if isinstance(value, Unknown)]
    mixed = unknown and all(isinstance(value, (dict, Unknown)) for value in (one, other))
    return unknown_of("union", unknown) if mixed else other


def _distinct(items: Iterable[Value]) -> list[Value]:
    seen: dict[str, Value] = {}
    for item in items:
        seen.setdefault(json.dumps(item, sort_keys=True, default=repr), item)
    return list(seen.values())


def _intersection(first: Value, *others: Value) -> Value:
    if isinstance(first, dict):
        rest = list(map(_object, others))
        kept = (
            key for key in first if all(_has(other, key) and same(member(other, key), first[key]) for other in rest)
        )
        return {key: first[key] for key in kept}
    return _distinct(item for item in _list(first) if all(_contains(_list(other), item) for other in others))


def _shallow_merge(parts: Value) -> dict[str, Value]:
    return {key: value for part in _list(parts) for key, value in _object(part).items()}


def _items(of: Value) -> list[Value]:
    return [{"key": key, "value": value} for key, value in sorted(_object(of).items())]


def _flatten(parts: Value) -> list[Value]:
    return [item for part in _list(parts) for item in _list(part)]


def _range(start: Value, count: Value) -> list[int]:
    _must(0 <= _whole(count) <= _LONGEST_RANGE)
    return list(range(_whole(start), start + count))


def _extreme(of: Callable[..., int]) -> Callable[..., int]:
    def extreme(*values: Value) -> int:
        return of(_whole(value) for value in (values[0] if isinstance(values[0], list) else values))

    return extreme


def _try_get(of: Value, *keys: Value) -> Value:
    """A property of a property that need not be there; an item from the end is asked for by an object."""
    for key in keys:
        if isinstance(of, list) and isinstance(key, dict):
            _must(key.get("fromEnd") is True)
            key = len(of) - _whole(key.get("value"))
        if isinstance(of, dict) and not _has(of, key):
            return None
        if isinstance(of, list) and not 0 <= _whole(key) < len(of):
            return None
        of = None if of is None else member(of, key)
    return of


# ---------------------------------------------------------------------------------------------------------------------
# Ids and addresses


def resource_id(*words: Value) -> str:
    """An id as far as its parts tell: a subscription and a resource group, if they stand in front of the type."""
    texts = [_text(word) for word in words]
    start = next((at for at, word in enumerate(texts) if "/" in word and not word.startswith("/")), len(texts))
    _must(start < len(texts))
    kind, names = texts[start].split("/"), texts[start + 1 :]
    _must(bool(names))
    pairs = [part for pair in zip(kind[1:], names, strict=False) for part in pair]
    subscription, group = (texts[0] if start > 1 else "", texts[start - 1] if start else "")
    return place_of(subscription, group) + "/".join(["", "providers", kind[0], *pairs]).lower()


def one_place(one: str, other: str) -> Optional[bool]:
    """Whether two ids are in one resource group; None where one of them does not tell it, or by what is unknown."""
    matches = [match for match in map(_PLACE.match, (one.replace(_OWN, ""), other.replace(_OWN, ""))) if match]
    pairs = list(zip(*(match.groups() for match in matches), strict=True))
    if any(a and b and a != b and "{" not in a and "{" not in b for a, b in pairs):
        return False
    return True if all(a == b for a, b in pairs) else None


_OWN = "/subscriptions/{subscription().subscriptionid}"
_PLACE = re.compile(r"(?:/subscriptions/([^/]+))?(?:/resourcegroups/([^/]+))?")


def _subscription_resource_id(first: Value, *words: Value) -> str:
    """The id of what is in a subscription itself, which may stand in front."""
    kind = "/" in _text(first) and not first.startswith("/")
    return resource_id(first, *words) if kind else place_of(first, "") + resource_id(*words)


def place_of(subscription: str, group: str) -> str:
    """The beginning of the ids of what is in a resource group; what is not known is left out."""
    return (f"/subscriptions/{subscription}" * bool(subscription) + f"/resourcegroups/{group}" * bool(group)).lower()


def _cidr_subnet(network: Value, prefix: Value, index: Value) -> str:
    whole = ipaddress.ip_network(_text(network), strict=False)
    _must(0 <= _whole(prefix) - whole.prefixlen <= 32 and 0 <= _whole(index) < 2 ** (prefix - whole.prefixlen))
    width = 2 ** (whole.max_prefixlen - prefix)
    return f"{whole.network_address + index * width}/{prefix}"


def _cidr_host(network: Value, index: Value) -> str:
    whole = ipaddress.ip_network(_text(network), strict=False)
    _must(0 <= _whole(index) < whole.num_addresses - 1)
    return str(whole.network_address + 1 + index)


def _parse_cidr(network: Value) -> dict[str, Value]:
    whole = ipaddress.IPv4Network(_text(network), strict=False)
    _must(whole.prefixlen < 31)
    first, last = whole.network_address, whole.broadcast_address
    return {"network": str(first), "netmask": str(whole.netmask), "broadcast": str(last), "cidr": whole.prefixlen,
            "firstUsable": str(first + 1), "lastUsable": str(last - 1)}  # fmt: skip


def _index(of: Value, item: Value, step: int) -> int:
    """Where something is, from the start or the end; in a text without regard to case."""
    if isinstance(of, list):
        places = [at for at, own in enumerate(of) if same(own, item)]
        return places[0 if step > 0 else -1] if places else -1
    text, part = _text(of).lower(), _text(item).lower()
    return text.find(part) if step > 0 else text.rfind(part)


PLAIN: Mapping[str, Callable[..., Value]] = {
    "format": _format,
    "split": _split,
    "join": _join,
    "replace": _replace,
    "substring": _substring,
    "tolower": lambda text: _text(text).lower(),
    "toupper": lambda text: _text(text).upper(),
    "trim": lambda text: _text(text).strip(),
    "startswith": lambda text, start: _text(text).lower().startswith(_text(start).lower()),
    "endswith": lambda text, end: _text(text).lower().endswith(_text(end).lower()),
    "padleft": _pad_left,
    "string": _string,
    "int": _int,
    "bool": _bool,
    "json": lambda text: json.loads(_text(text)),
    "equals": same,
    "less": lambda one, other: _whole(one) < _whole(other),
    "lessorequals": lambda one, other: _whole(one) <= _whole(other),
    "greater": lambda one, other: _whole(one) > _whole(other),
    "greaterorequals": lambda one, other: _whole(one) >= _whole(other),
    "not": lambda value: not _true(value),
    "add": lambda one, other: _whole(one) + _whole(other),
    "sub": lambda one, other: _whole(one) - _whole(other),
    "mul": lambda one, other: _whole(one) * _whole(other),
    "div": lambda one, other: int(_whole(one) / _whole(other)),
    "mod": lambda one, other: _whole(one) - int(_whole(one) / _whole(other)) * other,
    "min": _extreme(min),
    "max": _extreme(max),
    "range": _range,
    "resourceid": resource_id,
    "tenantresourceid": resource_id,
    "subscriptionresourceid": _subscription_resource_id,
    "extensionresourceid": lambda of, *words: _text(of).lower() + resource_id(*words),
    "indexof": lambda of, item: _index(of, item, 1),
    "lastindexof": lambda of, item: _index(of, item, -1),
    "base64": lambda text: base64.b64encode(_text(text).encode()).decode(),
    "base64tostring": lambda text: base64.b64decode(_text(text), validate=True).decode(),
    "parsecidr": _parse_cidr,
    "cidrsubnet": _cidr_subnet,
    "cidrhost": _cidr_host,
    "true": lambda: True,
    "false": lambda: False,
    "null": lambda: None,
}
"""Functions that need all of their arguments."""

AROUND: Mapping[str, Callable[..., Value]] = {
    "concat": _concat,
    "array": lambda value: value if isinstance(value, list) else [value],
    "length": lambda value: len(value if isinstance(value, (str, list)) else _object(value)),
    "empty": _empty,
    "first": _first,
    "last": _last,
    "indexfromend": _from_end,
    "skip": _skip,
    "take": _take,
    "flatten": _flatten,
    "items": _items,
    "objectkeys": lambda of: sorted(_object(of)),
    "shallowmerge": _shallow_merge,
    "tryget": _try_get,
}
"""Functions that hand on what is within a list or an object, known or not."""

BUILDING: Mapping[str, Callable[..., Value]] = {
    "createarray": lambda *items: list(items),
    "createobject": _create_object,
}
"""Functions that hand on what they are given itself."""

_NEEDS_EQUALITY: Mapping[str, Callable[..., Value]] = {
    "contains": _contains,
    "union": _union,
    "intersection": _intersection,
}
FUNCTIONS: Mapping[str, Callable[..., Value]] = {**PLAIN, **AROUND, **BUILDING, **_NEEDS_EQUALITY}

_SHAPED = ("concat", "format", "tolower", "resourceid", "subscriptionresourceid", "extensionresourceid")


def shape_of_call(name: str, arguments: list[Value]) -> Optional[str]:
    """The text that a function makes of texts with holes; None where it is none of those, or a hole has no form."""
    shapes = [argument if isinstance(argument, str) else shape_of(argument) for argument in arguments]
    if name not in _SHAPED or not all(isinstance(argument, str) or shape for argument, shape in
                                      zip(arguments, shapes, strict=True)):  # fmt: skip
        return None
    try:
        return str(FUNCTIONS[name](*shapes))
    except FAILURES:
        return None
