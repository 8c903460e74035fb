"""A template's parameters, variables and loops, and the values of expressions over them.

What needs a deployment stays `Unknown`, and so visible.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterator, Optional, Sequence

from ._expressions import (
    DEEPEST,
    Call,
    Literal,
    Member,
    Node,
    Unknown,
    hole,
    parsed,
    shape_of,
    unknown_of,
    unknowns,
)
from ._functions import AROUND, BUILDING, FAILURES, FUNCTIONS, member, same, shape_of_call

_MOST_VALUES = 2_000_000
_MOST_TURNS = 800  # of one loop (…/azure/azure-resource-manager/templates/copy-resources, 2026-11-26)


@dataclass(frozen=True)
class _Lambda:
    """A function that is an argument: the names of its own arguments, and what it makes of them."""

    names: tuple[str, ...]
    body: Node


@dataclass
class Scope:
    """What all templates of a document have in common: what is left of the effort, and the cloud it is for.

    `defaults` names the parameters whose default was used since it was last emptied.
    """

    environment: Optional[Mapping[str, Any]] = None
    budget: int = _MOST_VALUES
    depth: int = 0
    defaults: dict[str, None] = field(default_factory=dict)


class Template:
    """The parameters and variables of a template, and the values of expressions over them."""

    def __init__(
        self,
        document: Mapping[str, Any],
        parameters: Mapping[str, Any],
        scope: Scope,
        within: Optional[Mapping[str, Sequence[str]]] = None,
    ) -> None:
        self.declared = _by_name(document.get("parameters"))
        self.definitions = _by_name(document.get("definitions"))
        self.variables = _by_name(document.get("variables"))
        for loop in _loops(self.variables.pop("copy", None)):
            self.variables[str(loop["name"]).lower()] = _Loop(loop)
        self.functions = _functions_of(document.get("functions"))
        self.parameters = parameters
        self.scope = scope
        self.within = within
        self.known: dict[str, tuple[Any, dict[str, None]]] = {}
        self.turns: list[tuple[str, int]] = []
        self.arguments: dict[str, Any] = {}

    def value(self, value: Any) -> Any:
        """The value with all of its expressions worked out, those that cannot be as `Unknown`."""
        self.scope.budget -= 1
        if self.scope.budget < 0:
            return Unknown("more than can be worked out here")
        if isinstance(value, str):
            return self._text(value)
        if self.scope.depth > DEEPEST * 4:
            return Unknown("nested too deeply")
        with self._deeper():
            if isinstance(value, Mapping):
                return self._object(value)
            return [self.value(item) for item in value] if isinstance(value, list) else value

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self.scope.depth += 1
        try:
            yield
        finally:
            self.scope.depth -= 1

    def _object(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """An object, with the properties that its loops (`copy`) make."""
        loops = _loops(value.get("copy"))
        members = {key: self.value(item) for key, item in value.items() if key != "copy" or not loops}
        return members | {str(loop["name"]): self.items(loop) for loop in loops}

    def items(self, loop: Mapping[str, Any]) -> Any:
        """What a loop makes of its `input`, turn by turn; Unknown where its count is."""
        return self.each(loop, lambda: self.value(loop.get("input")))

    def each(self, loop: Mapping[str, Any], make: Callable[[], Any]) -> Any:
        """What is made in each turn of a loop; Unknown where its count is."""
        count = self.value(loop.get("count"))
        if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= _MOST_TURNS:
            return count if isinstance(count, Unknown) else Unknown("a loop")
        made = []
        for turn in range(count):
            self.turns.append((str(loop.get("name")).lower(), turn))
            made.append(make())
            self.turns.pop()
        return made

    def _text(self, text: str) -> Any:
        if not (text.startswith("[") and text.endswith("]")):
            return text
        if text.startswith("[["):
            return text[1:]
        node = parsed(text[1:-1])
        value = Unknown(text) if node is None else self.work_out(node)
        plain = isinstance(node, Call) and node.name in ("parameters", "variables", "lambdavariables")
        return value if plain or not isinstance(value, Unknown) else value.called(text)

    # -- expressions

    def work_out(self, node: Node) -> Any:
        """The value of an expression."""
        if isinstance(node, Literal):
            return node.value
        if self.scope.depth > DEEPEST * 4 or self.scope.budget < 0:
            return Unknown("nested too deeply")
        with self._deeper():
            value = self._member(node) if isinstance(node, Member) else self._call(node)
        self.scope.budget -= _weight(value, self.scope.budget)
        return value if self.scope.budget >= 0 else Unknown("more than can be worked out here")

    def _member(self, node: Member) -> Any:
        of, key = self.work_out(node.of), self.work_out(node.key)
        if isinstance(of, Unknown) or isinstance(key, Unknown):
            name = shape_of(of).strip("{}")
            return unknown_of("a property", (of, key), f"{{{name}.{key}}}" if name and isinstance(key, str) else "")
        try:
            return member(of, key)
        except FAILURES:
            return Unknown("a property")

    def _call(self, node: Call) -> Any:
        special = _SPECIAL.get(node.name)
        if special is not None:
            try:
                return special(self, node.arguments)
            except FAILURES:
                return Unknown(node.name)
        if node.name in self.functions:
            return self._user_function(node)
        arguments = [self.work_out(argument) for argument in node.arguments]
        if node.name not in FUNCTIONS:  # what only a deployment tells, of known things as well
            return unknown_of(node.name, arguments, hole(node.name, arguments), more=True)
        return _function(node.name, arguments)

    def _user_function(self, node: Call) -> Any:
        """A function that the template defines: it sees its own parameters and nothing else."""
        definition = self.functions[node.name]
        names = [parameter.get("name") for parameter in definition.get("parameters") or ()]
        values = (self.work_out(argument) for argument in node.arguments)
        inner = Template({}, dict(zip((str(name).lower() for name in names), values, strict=False)), self.scope, {})
        inner.functions = self.functions
        return inner.value((definition.get("output") or {}).get("value"))

    def parameter(self, key: str) -> Any:
        """The value of a parameter, its default, or Unknown."""
        name = key.lower()
        outermost = self.within is None
        if name in self.parameters:
            self.scope.defaults.update(dict.fromkeys((self.within or {}).get(name, ())))
            return self.parameters[name]
        declared = self.declared.get(name)
        declared = declared if isinstance(declared, Mapping) else {}
        if "defaultValue" not in declared and not (declared.get("nullable") is True or self._may_be_null(declared)):
            needs = (key,) if outermost else ()
            return Unknown(f"[parameters('{key}')]", needs, not outermost, f"{{{key.replace('/', '|')}}}")
        if outermost:
            self.scope.defaults[key] = None
        value = self.value(declared.get("defaultValue"))
        return replace(value, needs=(key,), more=False) if isinstance(value, Unknown) and outermost else value

    def _may_be_null(self, declared: Mapping[str, Any]) -> bool:
        """Whether the type that a parameter refers to may be null."""
        definition = self.definitions.get(str(declared.get("$ref", "")).rpartition("/")[2].lower())
        return isinstance(definition, Mapping) and definition.get("nullable") is True

    def variable(self, key: str) -> Any:
        """The value of a variable, worked out once."""
        name, outer = key.lower(), self.scope.defaults
        if name not in self.known:
            self.known[name] = Unknown(key), {}  # what leads back to itself
            self.scope.defaults = {}
            source = self.variables.get(name, Unknown(key))
            value = self.items(source.loop) if isinstance(source, _Loop) else self.value(source)
            self.known[name] = value, self.scope.defaults
            self.scope.defaults = outer
        value, defaults = self.known[name]
        self.scope.defaults.update(defaults)
        return value

    def function_of(self, node: Node) -> Callable[..., Any]:
        """A `lambda` as a function; more arguments than it names are left out."""
        made = self.work_out(node)
        if not isinstance(made, _Lambda):
            raise TypeError

        def function(*values: Any) -> Any:
            outer = self.arguments
            self.arguments = {**outer, **dict(zip(made.names, values, strict=False))}
            try:
                return self.work_out(made.body)
            finally:
                self.arguments = outer

        return function


@dataclass(frozen=True)
class _Loop:
    """A variable that a loop makes."""

    loop: Mapping[str, Any]


def _by_name(section: Any) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in section.items()} if isinstance(section, Mapping) else {}


def _loops(copy: Any) -> list[Mapping[str, Any]]:
    """The loops of properties or variables: each with a name, a count and an input."""
    loops = copy if isinstance(copy, list) else []
    return [loop for loop in loops if isinstance(loop, Mapping) and {"name", "count"} <= loop.keys()]


def _functions_of(section: Any) -> dict[str, Mapping[str, Any]]:
    """The functions that a template defines, by namespace and name."""
    spaces = [space for space in section if isinstance(space, Mapping)] if isinstance(section, list) else []
    return {f"{space.get('namespace')}.{name}".lower(): definition for space in spaces
            for name, definition in _by_name(space.get("members")).items() if isinstance(definition, Mapping)}  # fmt: skip


def _weight(value: Any, most: int) -> int:
    """How many values a value has, of no more than so many: some have the same one a million times."""
    weight, rest = 1, [value]
    while rest and weight <= most:
        item = rest.pop()
        if isinstance(item, dict):
            item = list(item.values())
        if isinstance(item, list):
            weight += len(item)
            rest += [inner for inner in item if isinstance(inner, (list, dict))]
    return weight


def _function(name: str, arguments: list[Any]) -> Any:
    """What a function makes of its arguments, as far as those are known."""
    direct = [argument for argument in arguments if isinstance(argument, Unknown)]
    lost = [] if name in BUILDING else direct if name in AROUND else unknowns(arguments)
    if lost:
        settled = _settled(name, arguments)
        return unknown_of(name, lost, shape_of_call(name, arguments) or hole(name, arguments)) if settled is None \
            else settled  # fmt: skip
    try:
        return FUNCTIONS[name](*arguments)
    except FAILURES:
        return Unknown(name)


def _settled(name: str, arguments: list[Any]) -> Any:
    """What is sure although a part is not known: a list that contains something beside it, or what is in any list."""
    if name == "union" and all(isinstance(argument, list) for argument in arguments):
        return FUNCTIONS["concat"](*arguments)
    if name == "contains" and len(arguments) == 2 and isinstance(arguments[0], list) and not unknowns(arguments[1]):
        return True if any(same(item, arguments[1]) for item in arguments[0]) else None
    return None


# ---------------------------------------------------------------------------------------------------------------------
# Functions that do not need all of their arguments, or know the template

_Arguments = tuple[Node, ...]


def _if(template: Template, arguments: _Arguments) -> Any:
    condition, yes, no = arguments
    holds = template.work_out(condition)
    if isinstance(holds, bool):
        return template.work_out(yes if holds else no)
    either = template.work_out(yes), template.work_out(no)
    return either[0] if same(*either) else unknown_of("if", (holds,), hole("if", (holds, *either)))


def _decided_by(decisive: bool, name: str) -> Callable[[Template, _Arguments], Any]:
    """`and`, `or`: one argument that decides is enough."""

    def combined(template: Template, arguments: _Arguments) -> Any:
        values = [template.work_out(argument) for argument in arguments]
        if any(value is decisive for value in values):
            return decisive
        if all(value is (not decisive) for value in values):
            return not decisive
        return unknown_of(name, values, hole(name, values))

    return combined


def _coalesce(template: Template, arguments: _Arguments) -> Any:
    for argument in arguments:
        value = template.work_out(argument)
        if value is not None:
            return value
    return None


def _copy_index(template: Template, arguments: _Arguments) -> Any:
    values = [template.work_out(argument) for argument in arguments]
    names = [value.lower() for value in values if isinstance(value, str)]
    offsets = [value for value in values if isinstance(value, int)]
    turns = [turn for name, turn in template.turns if not names or name == names[0]]
    return turns[-1] + sum(offsets)


def _lambda(template: Template, arguments: _Arguments) -> Any:
    *names, body = arguments
    return _Lambda(tuple(str(template.work_out(name)).lower() for name in names), body)


def _map(template: Template, arguments: _Arguments) -> Any:
    items, make = template.work_out(arguments[0]), template.function_of(arguments[1])
    return [make(item, at) for at, item in enumerate(items)] if isinstance(items, list) else \
        unknown_of("map", (items,))  # fmt: skip


def _filter(template: Template, arguments: _Arguments) -> Any:
    items, wanted = template.work_out(arguments[0]), template.function_of(arguments[1])
    kept = [wanted(item, at) for at, item in enumerate(items)] if isinstance(items, list) else [items]
    if not all(isinstance(keep, bool) for keep in kept):
        return unknown_of("filter", kept)
    return [item for item, keep in zip(items, kept, strict=True) if keep]


def _reduce(template: Template, arguments: _Arguments) -> Any:
    items, whole = template.work_out(arguments[0]), template.work_out(arguments[1])
    join = template.function_of(arguments[2])
    for at, item in enumerate(items if isinstance(items, list) else ()):
        whole = join(whole, item, at)
    return whole if isinstance(items, list) else unknown_of("reduce", (items,))


def _to_object(template: Template, arguments: _Arguments) -> Any:
    items, *lambdas = (template.work_out(arguments[0]), *map(template.function_of, arguments[1:]))
    if not isinstance(items, list):
        return unknown_of("toObject", (items,))
    name, make = lambdas[0], lambdas[1] if len(lambdas) > 1 else lambda item: item
    keys = [name(item) for item in items]
    return dict(zip(keys, map(make, items), strict=True)) if all(isinstance(key, str) for key in keys) else \
        unknown_of("toObject", keys)  # fmt: skip


def _named(read: Callable[[Template, str], Any]) -> Callable[[Template, _Arguments], Any]:
    """A function that looks something up by its name."""

    def look_up(template: Template, arguments: _Arguments) -> Any:
        (name,) = (template.work_out(argument) for argument in arguments)
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
    "parameters": _named(Template.parameter),
    "variables": _named(Template.variable),
    "lambdavariables": _named(lambda template, name: template.arguments[name.lower()]),
    "lambda": _lambda,
    "map": _map,
    "filter": _filter,
    "reduce": _reduce,
    "toobject": _to_object,
    "environment": _environment,
}
