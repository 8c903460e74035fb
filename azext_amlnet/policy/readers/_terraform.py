"""Terraform's plans and states as JSON: their resources with what is known of them, and what refers to what.

https://developer.hashicorp.com/terraform/internals/json-format (2026-11-26). A value that is known after apply is
`Unknown` by its address; what an attribute refers to is then taken from the plan's configuration.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Iterator, Optional

from ._expressions import Unknown, braced

_DEEPEST = 40


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

    def blocks(self, key: str) -> Any:
        """Nested blocks; none where only the provider would fill them in, Unknown where they are known after apply."""
        value = self.values.get(key)
        computed = isinstance(value, Unknown) and self.written is not None and key not in self.written
        return [] if value is None or computed else value


@dataclass
class Plan:
    """A plan or a state, and what its configuration says of references."""

    blocks: list[Managed] = field(default_factory=list)
    configuration: Mapping[str, Any] = field(default_factory=dict)

    def referred(self, block: Managed, key: str) -> Optional[Managed]:
        """The one resource that an attribute refers to, through variables and outputs of modules; None where none."""
        module = _module_of(block.address)
        expression = (block.written or {}).get(key)
        targets = [target for reference in _references(expression) for target in self._targets(module, reference, 0)]
        distinct = list({target.address: target for target in targets}.values())
        return distinct[0] if len(distinct) == 1 else None

    def _targets(self, module: tuple[str, ...], reference: str, depth: int) -> Iterator[Managed]:
        words = re.sub(r"\[[^\]]*\]", "", reference).split(".")
        if depth > _DEEPEST or len(words) < 2:
            return
        if words[0] == "var" and module:
            expressions = _at(self._module(module[:-1]), "module_calls", module[-1], "expressions", words[1])
            for inner in _references(expressions):
                yield from self._targets(module[:-1], inner, depth + 1)
        elif words[0] == "module" and len(words) > 2:
            output = _at(self._module((*module, words[1])), "outputs", words[2], "expression")
            for inner in _references(output):
                yield from self._targets((*module, words[1]), inner, depth + 1)
        else:
            plain = ".".join([*(f"module.{name}" for name in module), words[0], words[1]])
            yield from (block for block in self.blocks if re.sub(r"\[[^\]]*\]", "", block.address) == plain)

    def _module(self, path: tuple[str, ...]) -> Any:
        module: Any = _at(self.configuration, "root_module")
        for name in path:
            module = _at(module, "module_calls", name, "module")
        return module

    def written(self, address: str) -> Optional[Mapping[str, Any]]:
        """The attributes that the configuration sets of a resource; None where there is no configuration."""
        plain = re.sub(r"\[[^\]]*\]", "", address)
        local = ".".join(plain.split(".")[-2:])
        for resource in _list(_at(self._module(_module_of(address)), "resources")):
            if isinstance(resource, Mapping) and resource.get("address") == local:
                expressions = resource.get("expressions")
                return expressions if isinstance(expressions, Mapping) else {}
        return None


def is_terraform(document: Any) -> bool:
    """Whether a JSON document is a plan or a state, as `terraform show -json` prints it."""
    if not isinstance(document, Mapping) or "format_version" not in document:
        return False
    return any(key in document for key in ("planned_values", "values", "terraform_version"))


def plan_of(document: Mapping[str, Any]) -> Plan:
    """The resources that there are once a plan is applied, or those of a state."""
    plan = Plan(configuration=document.get("configuration") or {})
    unknown = {
        str(change.get("address")): _at(change, "change", "after_unknown")
        for change in _list(document.get("resource_changes"))
        if isinstance(change, Mapping)
    }
    values = document.get("planned_values") or document.get("values")
    for resource in _resources(_at(values, "root_module"), 0):
        address = str(resource.get("address"))
        attributes = _with_unknown(resource.get("values"), unknown.get(address), address, 0)
        if resource.get("mode") == "managed" and isinstance(attributes, Mapping):
            plan.blocks.append(Managed(address, str(resource.get("type")), attributes, plan.written(address)))
    return plan


def _resources(module: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    for resource in _list(_at(module, "resources")):
        if isinstance(resource, Mapping):
            yield resource
    for child in _list(_at(module, "child_modules")) if depth < _DEEPEST else ():
        yield from _resources(child, depth + 1)


def _with_unknown(value: Any, unknown: Any, address: str, depth: int) -> Any:
    """A value, with Unknown in the place of what is known after apply."""
    if unknown is True:
        return Unknown(f"{address.rpartition('.')[2]}, known after apply", shape=braced(address))
    if depth > _DEEPEST:
        return Unknown("nested too deeply")
    if isinstance(unknown, Mapping) and isinstance(value, (Mapping, type(None))):
        own = value or {}
        keys = [*own, *(key for key in unknown if key not in own)]
        pairs = ((key, _with_unknown(own.get(key), unknown.get(key), f"{address}.{key}", depth + 1)) for key in keys)
        return {key: item for key, item in pairs if item is not None}
    if isinstance(unknown, list) and isinstance(value, list):
        longer = [*unknown, *[None] * (len(value) - len(unknown))]
        return [_with_unknown(item, part, address, depth + 1) for item, part in zip(value, longer, strict=False)]
    return value


def _module_of(address: str) -> tuple[str, ...]:
    """The names of the modules that a resource stands in: `module.a["x"].module.b.azurerm_x.y` → `a`, `b`."""
    return tuple(re.findall(r"module\.([^.\[]+)", re.sub(r"\[[^\]]*\]", "", address)))


def _references(expression: Any) -> list[str]:
    """What an expression refers to, the longest way of each first."""
    references = _at(expression, "references")
    return [reference for reference in _list(references) if isinstance(reference, str)]


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
