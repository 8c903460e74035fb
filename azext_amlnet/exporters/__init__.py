"""What to allow, in somebody's language: one file a format.

Each has SUMMARY, MATCHER, losses(rows) and render(rows, context, lost), or files(rows, context, lost) where one text is
not enough; where it can name the exceptions of a TLS inspection it has exemptions(rows, context, lost), too.
docs/exporting.md tells how to add one.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from itertools import chain
from types import ModuleType
from typing import Any, Callable, Iterable, Iterator

from ..errors import UsageError
from ..model import Purpose, Requirement
from ..text import ANY, by_workspace, few
from ._matcher import Matcher
from ._text import Context as Context
from ._text import private_for, public

_EXEMPTING = ("csv", "hosts", "markdown", "squid")


@dataclass(frozen=True)
class Export:
    """The text, what of the list the target cannot express, and how many rows are in it.

    A format of several `files`, names with their texts, has in `content` all of them after one another.
    """

    format: str
    content: str
    losses: tuple[str, ...]
    rows: int
    files: tuple[tuple[str, str], ...] = ()


def export(name: str, rows: Iterable[Requirement], context: Context, allow_unresolved: bool) -> Export:
    """The rows in a format; raises UsageError while a row has a placeholder, unless that is allowed.

    What stays a placeholder is left out, and said as a loss: no rule can be made of it.
    """
    rows = tuple(rows)
    missing = tuple(row for row in rows if row.unresolved)
    if missing and not allow_unresolved:
        names = ", ".join(row.host for row in missing[:5]) + (" …" if len(missing) > 5 else "")
        what = f"{len(missing)} rows are not concrete yet: {names}."
        raise UsageError(what, "Leave them out with --allow-unresolved, or complete the facts with --workspace-file.")
    module = importlib.import_module(f".{name.replace('-', '_')}", __name__)
    concrete = tuple(row for row in rows if not row.unresolved)
    wider = tuple(_widened(module.MATCHER, concrete, context))
    matcher: Matcher = module.MATCHER
    if _tells_sources(matcher, context) and len(context.workspaces) > 1:
        concrete = tuple(_of_whom(concrete, context, matcher.private))
    unknown = (f"{row.host}: a part of the name is not known yet." for row in missing)
    losses = (*unknown, *_losses(name, module, concrete, context), *wider)
    write = _writer(name, module, context)
    if not concrete and context.purpose is Purpose.TLS_EXEMPTION:
        losses = (*losses, "no document names a host of this list that must not be inspected.")
    if hasattr(module, "files"):
        files = tuple(write(concrete, context, losses))
        return Export(name, "\n".join(f"# {name}\n{text}" for name, text in files), losses, len(concrete), files)
    content = write(concrete, context, losses) if concrete or not context.lacking_in else ""
    return Export(name, content, losses, len(concrete))


def _losses(name: str, module: ModuleType, rows: tuple[Requirement, ...], context: Context) -> Iterator[str]:
    """What a format cannot express of the rows; raises UsageError for FQDN tags where it knows none."""
    yield from module.losses(rows)
    if context.purpose is Purpose.ALLOW:
        yield from module.MATCHER.losses(_written(module, rows), name)
    if context.fqdn_tags:
        if not hasattr(module, "tag_losses"):
            raise UsageError(f"The format {name} knows no FQDN tags.", "Leave --use-fqdn-tags out.")
        yield from module.tag_losses(rows)
    if hasattr(module, "limits"):
        yield from module.limits(rows, context)


def _written(module: ModuleType, rows: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
    """The rows that a format writes something for."""
    kept = rows if module.MATCHER.private else public(rows)
    return tuple(module.written(kept)) if hasattr(module, "written") else kept


def _of_whom(rows: Iterable[Requirement], context: Context, private: bool) -> Iterator[Requirement]:
    """The rows with the computes of several workspaces that a rule must be for, all by name.

    One that is private for some is for the others, and, where private rows have rules, too, another for those.
    """
    known = {**_whole(context.workspaces), **by_workspace(context.sources)}
    for row in rows:
        inside = set(private_for(row))  # for whom a public rule is no help
        attached = {**_whole(row.workspaces), **known}
        computes = row.users_among(attached) if row.workspaces else tuple(chain(*known.values()))
        kept = tuple(name for name in computes if name.rpartition("/")[0] not in inside)
        if kept:
            yield replace(row, computes=kept)
        if len(kept) < len(computes) and (private or not kept):
            others = tuple(name for name in computes if name not in kept)
            yield replace(row, computes=others, private=True, variants=None)


def _tells_sources(matcher: Matcher, context: Context) -> bool:
    """Whether rules are for sources; no exception of an inspection is."""
    return matcher.sources and context.purpose is Purpose.ALLOW


def _whole(workspaces: Iterable[str]) -> dict[str, list[str]]:
    """Whichever computes workspaces have, of which nothing is known."""
    return {name: [f"{name}/{ANY}"] for name in workspaces}


def _widened(matcher: Matcher, rows: Iterable[Requirement], context: Context) -> Iterator[str]:
    """What is opened for more than those who need it, and for whom it should be."""
    every, how = len(context.workspaces), "this format knows no sources"
    opened = rows if matcher.private else public(rows)
    some = [row for row in opened if row.computes or len(row.workspaces) < every]
    if _tells_sources(matcher, context):
        some, how = [row for row in opened if not row.workspaces], "their rows do not tell whose they are"
    if every < 2 or not some or not matcher.opens:
        return
    verb = "open to" if context.purpose is Purpose.ALLOW else "exempt for"
    names = few([f"{row.host} ({few(row.computes or row.workspaces or ['?'], 2)})" for row in some], 5)
    are = "endpoint is" if len(some) == 1 else "endpoints are"
    yield (
        f"{len(some)} {are} needed by some of the computes only; {how}, so they are {verb} all traffic that it is for "
        f"(--compute makes it for some): {names}."
    )


def _writer(name: str, module: ModuleType, context: Context) -> Callable[..., Any]:
    """What makes the text, or the files; raises UsageError for a target that has no list of that sort."""
    if context.purpose is Purpose.TLS_EXEMPTION:
        if not hasattr(module, "exemptions"):
            known = ", ".join(_EXEMPTING)
            raise UsageError(f"The format {name} has no exceptions of a TLS inspection.", f"Take one of {known}.")
        return module.exemptions  # type: ignore[no-any-return]
    if not hasattr(module, "files"):
        return module.render  # type: ignore[no-any-return]
    if context.lacking_in:
        raise UsageError(f"The format {name} measures, and allows nothing.", "Take a format of rules.")
    return module.files  # type: ignore[no-any-return]
