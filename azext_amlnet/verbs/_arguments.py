"""Groups of arguments as dataclasses: what az hands over to a command, and the scope that all verbs share."""

from __future__ import annotations

import functools
import inspect
import shlex
from dataclasses import MISSING, Field, dataclass, fields
from typing import TYPE_CHECKING, Callable, Mapping, Optional

if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True)
class ScopeArguments:
    """Which workspace, which part of it, and where its facts come from and go to; `_params` describes each."""

    resource_group_name: Optional[str] = None
    workspace_name: Optional[str] = None
    workspace_id: tuple[str, ...] = ()
    all_workspaces: bool = False
    subscriptions: tuple[str, ...] = ()
    management_groups: tuple[str, ...] = ()
    behind: Optional[str] = None
    workspace_file: tuple[str, ...] = ()
    requirements_file: Optional[str] = None
    save_workspace_file: Optional[str] = None
    overwrite: bool = False
    compute: tuple[str, ...] = ()
    cluster_type: Optional[str] = None
    scenario: tuple[str, ...] = ()
    level: Optional[str] = None
    exclude: tuple[str, ...] = ()
    no_cross_check: bool = False
    cross_check: bool = False
    source: tuple[str, ...] = ()
    catalog: Optional[str] = None

    @property
    def in_azure(self) -> bool:
        """Whether the facts are Azure's own of today."""
        return bool(self.workspace_name or self.workspace_id or self.all_workspaces or self.behind)


def command_of(verb: str, scoped: ScopeArguments, *more: str) -> str:
    """The command that asks about the same scope, and `more`, as it is typed; nothing of the scope is a secret."""
    words = ["az", "ml", "network", verb]
    for part in fields(scoped):
        value, option = getattr(scoped, part.name), _SHORT.get(part.name, f"--{part.name.replace('_', '-')}")
        if value and part.name not in ("overwrite", "save_workspace_file"):
            words += [option, *(() if value is True else value if isinstance(value, tuple) else (str(value),))]
    return " ".join(map(shlex.quote, (*words, *more)))


_SHORT = {"resource_group_name": "-g", "workspace_name": "-w"}


def takes(*groups: type, without: tuple[str, ...] = ()) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Gives a command the fields of these dataclasses as arguments; it takes one object of each group.

    az reads the arguments of a command from its signature, so that is what is made here.
    """

    def around(command: Callable[..., object]) -> Callable[..., object]:
        names = [[part.name for part in fields(group) if part.name not in without] for group in groups]

        @functools.wraps(command)
        def called(cmd: Any, **arguments: object) -> object:
            values = {name: tuple(value) if isinstance(value, list) else value for name, value in arguments.items()}
            return command(cmd, *(_filled(*pair, values) for pair in zip(groups, names, strict=True)))

        called.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter("cmd", inspect.Parameter.POSITIONAL_OR_KEYWORD),
                *(_parameter(part) for group in groups for part in fields(group) if part.name not in without),
            ]
        )
        return called

    return around


def _filled(group: type, names: list[str], values: Mapping[str, object]) -> object:
    """The group with what az hands over; what it does not is the field's own default."""
    return group(**{name: values[name] for name in names if values.get(name) is not None})


def _parameter(part: Field[object]) -> inspect.Parameter:
    """An argument as az is to see it: without a default what is required, with None what takes several."""
    default = inspect.Parameter.empty if part.default is MISSING else None if part.default == () else part.default
    return inspect.Parameter(part.name, inspect.Parameter.KEYWORD_ONLY, default=default)
