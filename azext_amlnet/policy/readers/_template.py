"""A template's parameters, variables and loops, and the values of expressions over them.

What needs a deployment stays `Unknown`, and so visible.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterator, Optional, Sequence

from ...text import OF_COMPUTE, OF_WORKSPACE, SOURCES_OF, is_needing
from ._evaluate import work_out
from ._expressions import DEEPEST_VALUE, FunctionCall, Unknown, braced, parsed, unknown_of
from ._turns import Turn, turning

_MOST_VALUES = 2_000_000
_MOST_TURNS = 800  # of one loop (…/azure/azure-resource-manager/templates/copy-resources, 2026-11-26)


@dataclass
class Evaluation:
    """What all templates of a document have in common: what is left of the effort, and the cloud it is for.

    `defaults` names the parameters whose default was used since it was last emptied; `modules` keeps the templates of
    deployments and `outputs` what they put out, by the object that holds each.
    """

    environment: Optional[Mapping[str, Any]] = None
    budget: int = _MOST_VALUES
    depth: int = 0
    defaults: dict[str, None] = field(default_factory=dict)
    templates: int = 0
    modules: dict[Any, Any] = field(default_factory=dict)
    outputs: dict[Any, dict[str, Any]] = field(default_factory=dict)

    def count(self) -> int:
        """The number of one template more."""
        self.templates += 1
        return self.templates

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """One level down, and up again."""
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1


class Template:
    """The parameters and variables of a template, and the values of expressions over them."""

    def __init__(
        self,
        document: Mapping[str, Any],
        parameters: Mapping[str, Any],
        scope: Evaluation,
        within: Optional[Mapping[str, Sequence[str]]] = None,
        group: str = "",
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
        self.group = group
        self.resources = document.get("resources")
        self.mark = "" if within is None else f"#{scope.count()}"
        self.known: dict[str, tuple[Any, dict[str, None]]] = {}
        self.turns: list[Turn] = []
        self.arguments: dict[str, Any] = {}

    def value(self, value: Any) -> Any:
        """The value with all of its expressions worked out, those that cannot be as `Unknown`."""
        self.scope.budget -= 1
        if self.scope.budget < 0:
            return Unknown("more than can be worked out here")
        if isinstance(value, str):
            return self._text(value)
        if self.scope.depth > DEEPEST_VALUE:
            return Unknown("nested too deeply")
        with self.scope.deeper():
            if isinstance(value, Mapping):
                return self._object(value)
            return [self.value(item) for item in value] if isinstance(value, list) else value

    def _object(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """An object, with the properties that its loops (`copy`) make."""
        loops = _loops(value.get("copy"))
        members = {key: self.value(item) for key, item in value.items() if key != "copy" or not loops}
        return members | {str(loop["name"]): self.items(loop) for loop in loops}

    def items(self, loop: Mapping[str, Any]) -> Any:
        """What a loop makes of its `input`, turn by turn; Unknown where its count is."""
        return self.each(loop, lambda: self.value(loop.get("input")))

    def each(self, loop: Mapping[str, Any], make: Callable[[], Any], of_resource: bool = False) -> Any:
        """What is made in each turn of a loop; Unknown where its count is."""
        count = self.value(loop.get("count"))
        if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= _MOST_TURNS:
            return unknown_of("a loop", (count,))
        made = []
        for turn in range(count):
            with turning(self.turns, loop, turn, of_resource):
                made.append(make())
        return made

    def _text(self, text: str) -> Any:
        if not (text.startswith("[") and text.endswith("]")):
            return text
        if text.startswith("[["):
            return text[1:]
        node = parsed(text[1:-1])
        value = Unknown(text) if node is None else work_out(self, node)
        plain = isinstance(node, FunctionCall) and node.name in ("parameters", "variables", "lambdavariables")
        return value if plain or not isinstance(value, Unknown) else value.called(text)

    def parameter(self, key: str) -> Any:
        """The value of a parameter, its default, or Unknown."""
        name = key.lower()
        outermost = self.within is None
        declared = self.declared.get(name)
        declared = declared if isinstance(declared, Mapping) else {}
        if name in self.parameters:
            self.scope.defaults.update(dict.fromkeys((self.within or {}).get(name, ())))
            null = self.parameters[name] is None and declared.get("defaultValue") is not None
            return Unknown("null, or the default") if null else self.parameters[name]
        if "defaultValue" not in declared and not _may_be_null(declared, self.definitions):
            made = Unknown(f"[parameters('{key}')]", (), not outermost, braced(key + self.mark))
            return _of_file(made, key, declared) if outermost else made
        value = self._once(f"parameters.{name}", lambda: self.value(declared.get("defaultValue")))
        if outermost:
            self.scope.defaults[key] = None
        by_file = isinstance(value, Unknown) and outermost
        return replace(value, needs=(key,), more=False, whose=(), items=()) if by_file else value

    def variable(self, key: str) -> Any:
        """The value of a variable."""
        source = self.variables.get(key.lower(), Unknown(key))
        if isinstance(source, _Loop):
            return self._once(key.lower(), lambda: self.items(source.loop))
        return self._once(key.lower(), lambda: self.value(source))

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        """A value that is worked out when it is first asked for, with the defaults that it was made with."""
        if name not in self.known:
            outer = self.scope.defaults
            self.known[name] = Unknown(name), {}  # what leads back to itself
            self.scope.defaults = {}
            value = make()
            self.known[name] = value, self.scope.defaults
            self.scope.defaults = outer
        value, defaults = self.known[name]
        self.scope.defaults.update(defaults)
        return value

    def inside(
        self,
        document: Mapping[str, Any],
        parameters: Mapping[str, Any],
        defaults: Mapping[str, Sequence[str]],
        group: str,
    ) -> Template:
        """A template within this one, deployed to a resource group, with the defaults that its parameters go by."""
        return Template(document, parameters, self.scope, defaults, group)


@dataclass(frozen=True)
class _Loop:
    """A variable that a loop makes."""

    loop: Mapping[str, Any]


def _may_be_null(declared: Mapping[str, Any], definitions: Mapping[str, Any]) -> bool:
    """Whether a parameter may be left out: by itself, or by the type that it refers to."""
    definition = definitions.get(str(declared.get("$ref", "")).rpartition("/")[2].lower())
    return any(isinstance(one, Mapping) and one.get("nullable") is True for one in (declared, definition))


def _of_file(made: Unknown, name: str, declared: Mapping[str, Any]) -> Unknown:
    """A parameter that a parameter file fills: with the compute that it is for, if an export's metadata tells that.

    One that is called like those, or may have some values only, is anybody's.
    """
    metadata = declared.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    compute, workspace = metadata.get(OF_COMPUTE), metadata.get(OF_WORKSPACE)
    if declared.get("allowedValues") is not None:
        return replace(made, needs=(name,))
    if isinstance(compute, str) and is_needing(compute):
        return replace(made, needs=(name,), whose=((name, compute, workspace if isinstance(workspace, str) else ""),))
    plain = "" if compute is not None or name.lower().startswith(SOURCES_OF.lower()) else name
    return replace(made, needs=(name,), plain=plain)


def _by_name(section: Any) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in section.items()} if isinstance(section, Mapping) else {}


def _loops(copy: Any) -> list[Mapping[str, Any]]:
    """The loops of properties or variables: each with a name, a count and an input."""
    loops = copy if isinstance(copy, list) else []
    return [loop for loop in loops if isinstance(loop, Mapping) and {"name", "count"} <= loop.keys()]


def _functions_of(section: Any) -> dict[str, Mapping[str, Any]]:
    """The functions that a template defines, by namespace and name."""
    functions: dict[str, Mapping[str, Any]] = {}
    for space in section if isinstance(section, list) else ():
        if isinstance(space, Mapping):
            members = _by_name(space.get("members")).items()
            functions |= {
                f"{space.get('namespace')}.{name}".lower(): body for name, body in members if _is_object(body)
            }
    return functions


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)
