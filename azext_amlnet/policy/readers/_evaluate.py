"""The values of ARM's expressions: what is sure is worked out, even where a part of it is not known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any, Callable, Sequence

from ._expressions import (
    DEEPEST_VALUE,
    FunctionCall,
    Literal,
    LooseList,
    LooseObject,
    Member,
    Node,
    Unknown,
    hole,
    shape_of,
    unknown_of,
    unknowns,
    with_whose,
)
from ._functions import AROUND, BUILDING, FAILURES, FUNCTIONS, member, resource_id, same, shape_of_call
from ._modules import identified, outputs

if TYPE_CHECKING:
    from ._template import Template


@dataclass(frozen=True)
class _Lambda:
    """A function that is an argument: the names of its own arguments, and what it makes of them."""

    names: tuple[str, ...]
    body: Node


def work_out(template: Template, node: Node) -> Any:
    """The value of an expression."""
    if isinstance(node, Literal):
        return node.value
    if template.scope.depth > DEEPEST_VALUE or template.scope.budget < 0:
        return Unknown("nested too deeply")
    with template.scope.deeper():
        value = _member(template, node) if isinstance(node, Member) else _call(template, node)
    known = isinstance(node, FunctionCall) and node.name in ("parameters", "variables")  # and weighed when it was made
    template.scope.budget -= 1 if known else _weight(value, template.scope.budget)
    return value if template.scope.budget >= 0 else Unknown("more than can be worked out here")


def _member(template: Template, node: Member) -> Any:
    of, key = work_out(template, node.of), work_out(template, node.key)
    if isinstance(of, Unknown) or isinstance(key, Unknown):
        name = shape_of(of).strip("{}")
        end = f".{key}" if isinstance(key, str) else f"[{key}]" if isinstance(key, int) else ""
        return unknown_of("a property", (of, key), f"{{{name}{end}}}" if name and end else "")
    try:
        return member(of, key)
    except FAILURES:
        return Unknown("a property")


def _call(template: Template, node: FunctionCall) -> Any:
    special = _SPECIAL.get(node.name)
    if special is not None:
        try:
            return special(template, node.arguments)
        except FAILURES:
            return Unknown(node.name)
    if node.name in template.functions:
        return _called(template, node)
    arguments = [work_out(template, argument) for argument in node.arguments]
    if node.name not in FUNCTIONS:  # what only a deployment tells, of known things as well
        return unknown_of(node.name, arguments, _hole(template, node.name, arguments), more=True)
    return _function(node.name, arguments)


def _called(template: Template, node: FunctionCall) -> Any:
    """What a function that the template defines makes of values: it sees its own parameters and nothing else."""
    definition = template.functions[node.name]
    names = (str(parameter.get("name")).lower() for parameter in definition.get("parameters") or ())
    values = (work_out(template, argument) for argument in node.arguments)
    inner = template.inside({}, dict(zip(names, values, strict=False)), {}, template.group)
    inner.functions = template.functions
    return inner.value((definition.get("output") or {}).get("value"))


def _hole(template: Template, name: str, arguments: Sequence[Any]) -> str:
    """The shape of what only a deployment tells: another thing in another one, or in another resource group."""
    by_group = template.group if name in ("resourcegroup", "subscription") else template.mark
    everywhere = name in ("uniquestring", "guid") or str(arguments[:1]).startswith("('/")
    return hole(name, arguments, "" if everywhere else by_group)


def _weight(value: Any, most: int) -> int:
    """How many values a value has, of no more than so many: some have the same one a million times."""
    weight, rest = 1, [value]
    while rest and weight <= most:
        item = rest.pop()
        if isinstance(item, dict):
            item = list(item.values())
        if isinstance(item, Unknown):
            weight += len(item.items)
        if isinstance(item, list):
            weight += len(item)
            rest += [inner for inner in item if isinstance(inner, (list, dict))]
    return weight


def _function(name: str, arguments: list[Any]) -> Any:
    """What a function makes of its arguments, as far as those are known."""
    direct = [part for argument in arguments if isinstance(argument, _NOT_WHOLE) for part in unknowns(argument)]
    around = name in AROUND or (name in _OF_OBJECTS and _are_objects(name, arguments))
    lost = [] if name in BUILDING else direct if around else unknowns(arguments)
    if lost:
        settled = _settled(name, arguments)
        unknown = unknown_of(name, lost, shape_of_call(name, arguments) or hole(name, arguments))
        return settled if settled is not None else with_whose(unknown, arguments) if name == "union" else unknown
    try:
        return FUNCTIONS[name](*arguments)
    except FAILURES:
        return Unknown(name)


_NOT_WHOLE = (Unknown, LooseList, LooseObject)
_OF_OBJECTS = ("union", "contains", "shallowmerge")


def _are_objects(name: str, arguments: list[Any]) -> bool:
    """Whether a function goes by the names of properties here, and hands their values on."""
    return all(isinstance(argument, dict) for argument in (arguments[:1] if name == "contains" else arguments))


def _settled(name: str, arguments: list[Any]) -> Any:
    """What is sure although a part is not known: what is in a list beside it, or that a text or an object is some."""
    if name == "empty" and re.sub(r"\{[^{}]*\}", "", shape_of(arguments[0])):
        return False
    if name == "equals" and None in arguments and any(isinstance(argument, (list, dict)) for argument in arguments):
        return False
    if name == "union" and all(isinstance(argument, list) for argument in arguments):
        return LooseList(FUNCTIONS["concat"](*arguments), unknown_of("union", arguments))
    if name == "contains" and len(arguments) == 2 and isinstance(arguments[0], list) and not unknowns(arguments[1]):
        return True if any(same(item, arguments[1]) for item in arguments[0]) else None
    return None


# ---------------------------------------------------------------------------------------------------------------------
# Functions that do not need all of their arguments, or know the template

_Arguments = tuple[Node, ...]


def _if(template: Template, arguments: _Arguments) -> Any:
    condition, yes, no = arguments
    holds = work_out(template, condition)
    if isinstance(holds, bool):
        return work_out(template, yes if holds else no)
    return _either(work_out(template, yes), work_out(template, no), holds)


def _either(one: Any, other: Any, holds: Any) -> Any:
    """What two values have in common; of two objects that holds for each property of one of them."""
    if isinstance(one, dict) and isinstance(other, dict):
        merged = {key: _either(one.get(key, _NOTHING), other.get(key, _NOTHING), holds) for key in {**one, **other}}
        return merged if one.keys() == other.keys() else LooseObject(merged, unknown_of("if", (holds,)))
    return one if same(one, other) else unknown_of("if", (holds,), hole("if", (holds, one, other)))


_NOTHING = object()


def _decided_by(decisive: bool, name: str) -> Callable[[Template, _Arguments], Any]:
    """`and`, `or`: one argument that decides is enough."""

    def combined(template: Template, arguments: _Arguments) -> Any:
        values = [work_out(template, argument) for argument in arguments]
        if any(value is decisive for value in values):
            return decisive
        if all(value is (not decisive) for value in values):
            return not decisive
        return unknown_of(name, values, hole(name, values))

    return combined


def _coalesce(template: Template, arguments: _Arguments) -> Any:
    """The first value that is not null, which one that is not known may be."""
    values: list[Any] = []
    for argument in arguments:
        value = work_out(template, argument)
        if value is not None:
            values.append(value)
        if value is not None and not isinstance(value, Unknown):
            break
    if len(values) > 1:
        return unknown_of("coalesce", values, hole("coalesce", values))
    return values[0] if values else None


def _copy_index(template: Template, arguments: _Arguments) -> Any:
    """The turn of a loop; without its name that of the resource (…/template-functions-numeric, 2026-11-26)."""
    values = [work_out(template, argument) for argument in arguments]
    names = [value.lower() for value in values if isinstance(value, str)]
    offsets = [value for value in values if isinstance(value, int)]
    turns = [turn.number for turn in template.turns if (turn.name == names[0] if names else turn.of_resource)]
    return turns[-1] + sum(offsets)


def _lambda(template: Template, arguments: _Arguments) -> Any:
    *names, body = arguments
    return _Lambda(tuple(str(work_out(template, name)).lower() for name in names), body)


def _function_of(template: Template, node: Node) -> Callable[..., Any]:
    """A `lambda` as a function; more arguments than it names are left out."""
    made = work_out(template, node)
    if not isinstance(made, _Lambda):
        raise TypeError

    def function(*values: Any) -> Any:
        outer = template.arguments
        template.arguments = {**outer, **dict(zip(made.names, values, strict=False))}
        try:
            return work_out(template, made.body)
        finally:
            template.arguments = outer

    return function


def _map(template: Template, arguments: _Arguments) -> Any:
    items, make = work_out(template, arguments[0]), _function_of(template, arguments[1])
    return [make(item, at) for at, item in enumerate(items)] if isinstance(items, list) else \
        unknown_of("map", (items,))  # fmt: skip


def _filter(template: Template, arguments: _Arguments) -> Any:
    items, wanted = work_out(template, arguments[0]), _function_of(template, arguments[1])
    kept = [wanted(item, at) for at, item in enumerate(items)] if isinstance(items, list) else [items]
    if not all(isinstance(keep, bool) for keep in kept):
        return unknown_of("filter", kept)
    return [item for item, keep in zip(items, kept, strict=True) if keep]


def _reduce(template: Template, arguments: _Arguments) -> Any:
    items, whole = work_out(template, arguments[0]), work_out(template, arguments[1])
    join = _function_of(template, arguments[2])
    for at, item in enumerate(items if isinstance(items, list) else ()):
        whole = join(whole, item, at)
    return whole if isinstance(items, list) else unknown_of("reduce", (items,))


def _sort(template: Template, arguments: _Arguments) -> Any:
    """A list in order: the function tells whether its second argument belongs behind the first."""
    items, before = work_out(template, arguments[0]), _function_of(template, arguments[1])

    def order(one: Any, other: Any) -> int:
        decided = before(one, other)
        if not isinstance(decided, bool):
            raise TypeError
        return -1 if decided else 1 if before(other, one) is True else 0

    return sorted(items, key=cmp_to_key(order)) if isinstance(items, list) else unknown_of("sort", (items,))


def _map_values(template: Template, arguments: _Arguments) -> Any:
    of, make = work_out(template, arguments[0]), _function_of(template, arguments[1])
    return {key: make(value) for key, value in of.items()} if isinstance(of, dict) else unknown_of("map", (of,))


def _resource_id(template: Template, arguments: _Arguments) -> Any:
    """An id, in the resource group that is named or that the template is deployed to."""
    values = [work_out(template, argument) for argument in arguments]
    shapes = [value if isinstance(value, str) else shape_of(value) for value in values]
    whole = resource_id(*shapes) if all(shapes) else ""
    whole = template.group + whole if whole.startswith("/providers/") else whole
    return unknown_of("resourceId", values, whole) if unknowns(values) else whole


def _reference(template: Template, arguments: _Arguments) -> Any:
    """What a deployment in this template puts out; of anything else only a deployment tells."""
    values = [work_out(template, argument) for argument in arguments]
    identifier = identified(template, shape_of(values[0]))
    made = outputs(template, identifier)
    if made is None:
        return unknown_of("reference", values, _hole(template, "reference", (identifier,)), more=True)
    return {"outputs": made}


def _to_object(template: Template, arguments: _Arguments) -> Any:
    items, *lambdas = (
        work_out(template, arguments[0]),
        *(_function_of(template, argument) for argument in arguments[1:]),
    )
    if not isinstance(items, list):
        return unknown_of("toObject", (items,))
    name, make = lambdas[0], lambdas[1] if len(lambdas) > 1 else lambda item: item
    keys = [name(item) for item in items]
    return dict(zip(keys, map(make, items), strict=True)) if all(isinstance(key, str) for key in keys) else \
        unknown_of("toObject", keys)  # fmt: skip


def _named(read: Callable[[Template, str], Any]) -> Callable[[Template, _Arguments], Any]:
    """A function that looks something up by its name."""

    def look_up(template: Template, arguments: _Arguments) -> Any:
        (name,) = (work_out(template, argument) for argument in arguments)
        return unknown_of("a name", (name,)) if isinstance(name, Unknown) else read(template, str(name))

    return look_up


def _environment(template: Template, arguments: _Arguments) -> Any:
    known = template.scope.environment
    return Unknown("environment()", shape="{environment()}") if known is None or arguments else dict(known)


_SPECIAL: Mapping[str, Callable[[Template, _Arguments], Any]] = {
    "if": _if,
    "and": _decided_by(False, "and"),
    "or": _decided_by(True, "or"),
    "coalesce": _coalesce,
    "copyindex": _copy_index,
    "parameters": _named(lambda template, name: template.parameter(name)),
    "variables": _named(lambda template, name: template.variable(name)),
    "lambdavariables": _named(lambda template, name: template.arguments[name.lower()]),
    "lambda": _lambda,
    "map": _map,
    "filter": _filter,
    "reduce": _reduce,
    "toobject": _to_object,
    "environment": _environment,
    "sort": _sort,
    "mapvalues": _map_values,
    "resourceid": _resource_id,
    "reference": _reference,
}
