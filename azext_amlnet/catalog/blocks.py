"""YAML whose mappings remember where they stand, and small strict readers: each complaint begins with file and line."""

from __future__ import annotations

import datetime
import re
from typing import Any, Callable, Iterable

from ..errors import CatalogError


class Block(dict):  # type: ignore[type-arg]
    """A YAML mapping that remembers where it stands."""

    place = ""


def read_yaml(text: str, name: str) -> Any:
    """The document as plain values, its mappings as `Block`s; raises CatalogError for what is no YAML."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _plain(yaml.compose(text, Loader=loader), name, set())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise CatalogError(f"{name}:{line}: not YAML: {getattr(error, 'problem', None) or error}") from None
    except RecursionError:
        raise CatalogError(f"{name}:1: nested too deeply") from None


_SCALARS: dict[str, Callable[[str], Any]] = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:bool": lambda text: text == "true",
    "tag:yaml.org,2002:null": lambda _: None,
    "tag:yaml.org,2002:timestamp": str,
}


def _plain(node: Any, name: str, seen: set[int]) -> Any:
    if node is None:
        return None
    if id(node) in seen:
        raise CatalogError(f"{_place(node, name)}: anchors and aliases are not allowed; write it out")
    seen.add(id(node))
    if node.id == "scalar":
        return _scalar(node, name)
    if node.id == "sequence":
        return [_plain(item, name, seen) for item in node.value]
    block = Block()
    block.place = _place(node, name)
    for key_node, value_node in node.value:
        key = _plain(key_node, name, seen)
        if not isinstance(key, str):
            raise CatalogError(f"{_place(key_node, name)}: a key must be text; quote it")
        if key in block:
            raise CatalogError(f"{_place(key_node, name)}: the key '{key}' stands here twice")
        block[key] = _plain(value_node, name, seen)
    return block


def _place(node: Any, name: str) -> str:
    return f"{name}:{node.start_mark.line + 1}"


def _scalar(node: Any, name: str) -> Any:
    convert = _SCALARS.get(node.tag)
    if convert is None or (node.tag.endswith(":bool") and node.value not in ("true", "false")):
        raise CatalogError(
            f"{_place(node, name)}: '{node.value}' is neither text, whole number, true nor false; quote it"
        )
    if node.tag.endswith(":int") and not re.fullmatch(r"-?[0-9]{1,9}", node.value):
        raise CatalogError(f"{_place(node, name)}: '{node.value}' is no whole number in decimal digits")
    return convert(node.value)


# ---------------------------------------------------------------------------------------------------------------------
# Small strict readers


def keys(block: Any, place: str, needed: Iterable[str], allowed: Iterable[str] = ()) -> Block:
    """The block itself, once it is sure that it has all needed keys and no unknown one."""
    if not isinstance(block, Block):
        raise CatalogError(f"{place}: expected a mapping, found {block!r}")
    needed = tuple(needed)
    known = (*needed, *allowed)
    for key in block:
        if key not in known:
            raise CatalogError(f"{block.place}: unknown key '{key}'; known are {', '.join(known)}")
    for key in needed:
        if key not in block:
            raise CatalogError(f"{block.place}: the key '{key}' is missing")
    return block


def mapping(value: Any, place: str, what: str) -> Block:
    """The value, once it is sure that it is a mapping."""
    if not isinstance(value, Block):
        raise CatalogError(f"{place}: '{what}' must be a mapping")
    return value


def listing(value: Any, place: str, what: str) -> list[Any]:
    """The value, once it is sure that it is a list."""
    if not isinstance(value, list):
        raise CatalogError(f"{place}: '{what}' must be a list")
    return value


def one_of(value: Any, choices: Iterable[str], place: str, what: str) -> str:
    """The value, once it is sure that it is one of the choices."""
    choices = tuple(choices)
    if value not in choices:
        raise CatalogError(f"{place}: unknown {what} '{value}'; known are {', '.join(choices)}")
    return str(value)


def text(value: Any, place: str, what: str) -> str:
    """The value, once it is sure that it is one line of text with something in it."""
    if not isinstance(value, str) or not value.strip() or "\n" in value.strip():
        raise CatalogError(f"{place}: '{what}' must be one line of text")
    return value.strip()


def date(value: Any, place: str, what: str) -> str:
    """The value, once it is sure that it is a day as YYYY-MM-DD."""
    try:
        return datetime.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise CatalogError(f"{place}: '{what}' must be a day as YYYY-MM-DD, found '{value}'") from None


def texts(value: Any, place: str, what: str) -> tuple[str, ...]:
    """A list of lines with one at least; a single line counts as a list of one."""
    items = value if isinstance(value, list) and value else [value]
    return tuple(text(item, place, what) for item in items)
