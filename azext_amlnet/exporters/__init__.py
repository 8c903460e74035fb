"""What to allow, in somebody's language: one file a format.

Each has SUMMARY, losses(rows) and render(rows, context, lost), and where it can name the exceptions of a TLS inspection
exemptions(rows, context, lost), too; docs/exporting.md tells how to add one.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Callable, Iterable, Iterator

from ..errors import UsageError
from ..model import Purpose, Requirement
from ..text import few
from ._text import Context as Context
from ._text import private_for, public

_EXEMPTING = ("csv", "hosts", "markdown", "squid")


@dataclass(frozen=True)
class Export:
    """The text, what of the list the target cannot express, and how many rows are in it."""

    format: str
    content: str
    losses: tuple[str, ...]
    rows: int


def export(name: str, rows: Iterable[Requirement], context: Context, allow_unresolved: bool) -> Export:
    """The rows in a format; raises UsageError while a row has a placeholder, unless that is allowed.

    What stays a placeholder is left out, and said as a loss: no rule can be made of it.
    """
    rows = tuple(_of_whom(row, context) for row in rows)
    missing = tuple(row for row in rows if row.unresolved)
    if missing and not allow_unresolved:
        names = ", ".join(row.host for row in missing[:5]) + (" …" if len(missing) > 5 else "")
        what = f"{len(missing)} rows are not concrete yet: {names}."
        raise UsageError(what, "Leave them out with --allow-unresolved, or complete the facts with --workspace-file.")
    module = importlib.import_module(f".{name.replace('-', '_')}", __name__)
    concrete = tuple(row for row in rows if not row.unresolved)
    losses = (*(f"{row.host}: a part of the name is not known yet." for row in missing), *module.losses(concrete))
    if context.fqdn_tags and not hasattr(module, "tag_losses"):
        raise UsageError(f"The format {name} knows no FQDN tags.", "Leave --use-fqdn-tags out.")
    losses = (*losses, *(module.tag_losses(concrete) if context.fqdn_tags else ()))
    limits = module.limits(concrete, context) if hasattr(module, "limits") else ()
    losses = (*losses, *limits, *_widened(name, module, concrete, context))
    write = _writer(name, module, context.purpose)
    if not concrete and context.purpose is Purpose.TLS_EXEMPTION:
        losses = (*losses, "no document names a host of this list that must not be inspected.")
    content: str = write(concrete, context, losses) if concrete or not context.lacking_in else ""
    return Export(name, content, losses, len(concrete))


def _of_whom(row: Requirement, context: Context) -> Requirement:
    """A row with the computes that a rule must be for by name, where it is not all of several workspaces'."""
    inside = set(private_for(row))  # for whom a rule is no help
    of_all = set(row.workspaces) >= set(context.workspaces) and not row.computes and not inside
    if len(context.workspaces) < 2 or of_all:
        return row
    computes = row.computes_among(context.sources)
    return replace(row, computes=tuple(name for name in computes if name.rpartition("/")[0] not in inside))


def _widened(name: str, module: ModuleType, rows: Iterable[Requirement], context: Context) -> Iterator[str]:
    """What is opened for more than those who need it, and for whom it should be."""
    every = set(context.workspaces)
    opened = rows if hasattr(module, "PRIVATE") else public(rows)
    some = [row for row in opened if row.computes or set(row.workspaces) < every]
    if len(context.workspaces) < 2 or not some or name in _LISTS or hasattr(module, "BY_SOURCE"):
        return
    names = few([f"{row.host} ({few(row.computes or row.workspaces, 2)})" for row in some], 5)
    how = "this format knows no sources, so they are open to all traffic that it is for (--compute makes it for some)"
    are = "endpoint is" if len(some) == 1 else "endpoints are"
    yield f"{len(some)} {are} needed by some of the computes only; {how}: {names}."


_LISTS = ("csv", "markdown", "no-proxy")
"""The formats that open nothing: they tell people who needs what, or clients what to reach without a proxy."""


def _writer(name: str, module: ModuleType, purpose: Purpose) -> Callable[..., str]:
    """What makes the text; raises UsageError where the target has no list of exceptions of a TLS inspection."""
    if purpose is Purpose.ALLOW:
        return module.render  # type: ignore[no-any-return]
    if not hasattr(module, "exemptions"):
        known = ", ".join(_EXEMPTING)
        raise UsageError(f"The format {name} has no exceptions of a TLS inspection.", f"Take one of {known}.")
    return module.exemptions  # type: ignore[no-any-return]
