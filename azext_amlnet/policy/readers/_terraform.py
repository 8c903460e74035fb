"""Terraform's plans and states as JSON: their resources with what is known of them, and what refers to what.

https://developer.hashicorp.com/terraform/internals/json-format (2026-11-26). A value that is known after apply is
`Unknown` by its address; what an attribute refers to is then taken from the plan's configuration.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Iterator, Optional

from ._expressions import Unknown, braced

_DEEPEST = 40
_KEY = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True)
class Managed:
    """One resource of a plan or a state: its address, its type, and its attributes; `written` are those in its text."""

    address: str
    type: str
    values: Mapping[str, Any]
    written: Optional[Mapping[str, Any]]

    def text(self, key: str) -> str:
        """An attribute as a text, with what is not known in braces."""
        value = self.values.get(key)
        return value.shape if isinstance(value, Unknown) else value if isinstance(value, str) else ""

    def is_computed(self, key: str) -> bool:
        """Whether an attribute is not in the resource's text: the provider fills it in, or a dynamic block does."""
        return self.written is not None and key not in self.written


@dataclass
class Plan:
    """A plan or a state, and what its configuration says of references; `lacks` says what is not in it."""

    configuration: Mapping[str, Any] = field(default_factory=dict)
    blocks: list[Managed] = field(default_factory=list)
    by_address: dict[str, list[Managed]] = field(default_factory=lambda: defaultdict(list))
    expressions: dict[int, tuple[Unknown, Any]] = field(default_factory=dict)
    changed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    texts: dict[tuple[str, ...], dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    lacks: str = ""

    def of(self, *types: str) -> Iterator[Managed]:
        """The resources of these types."""
        return (block for block in self.blocks if block.type in types)

    def referred(self, block: Managed, value: Any) -> Optional[Managed]:
        """The one resource that a value which is known after apply refers to; None where that cannot be determined.

        Through variables and outputs of modules; of several instances the one with the same key.
        """
        known = self.expressions.get(id(value))
        references = _references(known[1]) if known else []
        targets = [target for text in references for target in self._targets(_module_of(block.address), text, 0)]
        distinct = list({target.address: target for target in targets}.values())
        exact = [target for target in distinct if any(target.address.endswith(text) for text in references)]
        keyed = [target for target in distinct if _keys(target.address) == _keys(block.address)]
        for some in (distinct, exact, keyed):
            if len(some) == 1:
                return some[0]
        return None

    def _targets(self, module: tuple[str, ...], reference: str, depth: int) -> Iterator[Managed]:
        words = _KEY.sub("", reference).split(".")
        if depth > _DEEPEST or len(words) < 2:
            return
        if words[0] == "var" and module:
            called = _at(self._module(module[:-1]), "module_calls", module[-1], "expressions", words[1])
            for inner in _references(called):
                yield from self._targets(module[:-1], inner, depth + 1)
        elif words[0] == "module" and len(words) > 2:
            output = _at(self._module((*module, words[1])), "outputs", words[2], "expression")
            for inner in _references(output):
                yield from self._targets((*module, words[1]), inner, depth + 1)
        else:
            yield from self.by_address[".".join([*(f"module.{name}" for name in module), words[0], words[1]])]

    def _module(self, path: tuple[str, ...]) -> Any:
        module: Any = _at(self.configuration, "root_module")
        for name in path:
            module = _at(module, "module_calls", name, "module")
        return module

    def written(self, address: str) -> Optional[Mapping[str, Any]]:
        """The attributes that the configuration sets of a resource; None where there is no configuration."""
        module = _module_of(address)
        if module not in self.texts:
            items = [item for item in _list(_at(self._module(module), "resources")) if isinstance(item, Mapping)]
            self.texts[module] = {str(item.get("address")): item.get("expressions") or {} for item in items}
        return self.texts[module].get(".".join(_KEY.sub("", address).split(".")[-2:]))


def is_terraform(document: Any) -> bool:
    """Whether a JSON document is a plan or a state, as `terraform show -json` prints it."""
    if not isinstance(document, Mapping) or "format_version" not in document:
        return False
    return any(key in document for key in ("planned_values", "values", "terraform_version"))


def plan_of(document: Mapping[str, Any]) -> Plan:
    """The resources that there are once a plan is applied, or those of a state."""
    plan = Plan(configuration=document.get("configuration") or {}, lacks=_lacks(document))
    unknown = {}
    for change in _list(document.get("resource_changes")):
        if isinstance(change, Mapping) and not change.get("deposed"):
            unknown[str(change.get("address"))] = _at(change, "change", "after_unknown")
            names = (_at(change, "change", when, "name") for when in ("before", "after"))
            plan.changed[str(change.get("type"))] |= {name for name in names if isinstance(name, str)}
    values = document.get("planned_values") or document.get("values")
    for resource in _resources(_at(values, "root_module"), 0):
        address, written = str(resource.get("address")), plan.written(str(resource.get("address")))
        attributes = _known(plan, resource.get("values"), unknown.get(address), written, address, 0)
        if resource.get("mode") == "managed" and not resource.get("deposed_key") and isinstance(attributes, Mapping):
            block = Managed(address, str(resource.get("type")), attributes, written)
            plan.blocks.append(block)
            plan.by_address[_KEY.sub("", address)].append(block)
    return plan


def _lacks(document: Mapping[str, Any]) -> str:
    """Why a plan does not hold all resources; empty for a whole one."""
    if not str(document.get("format_version")).startswith(("0.", "1.")):
        return f"is of a format ({str(document.get('format_version'))[:20]}) that is not known here"
    if document.get("errored") is True:
        return "ended in an error"
    return "is for some resources only (-target)" if document.get("complete") is False else ""


def _resources(module: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    for resource in _list(_at(module, "resources")):
        if isinstance(resource, Mapping):
            yield resource
    for child in _list(_at(module, "child_modules")) if depth < _DEEPEST else ():
        yield from _resources(child, depth + 1)


def _known(plan: Plan, value: Any, unknown: Any, written: Any, address: str, depth: int) -> Any:
    """A value, with Unknown in the place of what is known after apply, and what its text says of it."""
    if unknown is True:
        made = Unknown(f"{address.rpartition('.')[2]}, known after apply", shape=braced(address))
        plan.expressions[id(made)] = made, written
        return made
    if depth > _DEEPEST:
        return Unknown("nested too deeply")
    if isinstance(unknown, Mapping) and isinstance(value, (Mapping, type(None))):
        own = value or {}
        keys = [*own, *(key for key in unknown if key not in own)]
        pairs = ((key, _known(plan, own.get(key), unknown.get(key), _at(written, key), f"{address}.{key}", depth + 1))
                 for key in keys)  # fmt: skip
        return {key: item for key, item in pairs if item is not None}
    if isinstance(unknown, list) and isinstance(value, (list, type(None))):
        longest = max(len(unknown), len(value or ()))
        texts = written if isinstance(written, list) and len(written) == longest else [written] * longest
        items = [*(value or ()), *[None] * (longest - len(value or ()))]
        parts = [*unknown, *[None] * (longest - len(unknown))]
        return [_known(plan, *triple, address, depth + 1) for triple in zip(items, parts, texts, strict=True)]
    return value


def _module_of(address: str) -> tuple[str, ...]:
    """The names of the modules that a resource stands in: `module.a["x"].module.b.azurerm_x.y` → `a`, `b`."""
    return tuple(re.findall(r"module\.([^.\[]+)", _KEY.sub("", address)))


def _keys(address: str) -> list[str]:
    """The keys of the instances on the way to a resource."""
    return _KEY.findall(address)


def _references(expression: Any) -> list[str]:
    """What an expression refers to, the longest way of each first."""
    return [reference for reference in _list(_at(expression, "references")) if isinstance(reference, str)]


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
