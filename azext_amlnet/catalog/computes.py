"""Computes by the names that users give them. Pure.

A name is COMPUTE, WORKSPACE/COMPUTE, GROUP/WORKSPACE/COMPUTE or SUBSCRIPTION/GROUP/WORKSPACE/COMPUTE; case does not
matter, as in Azure.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Container, Iterator, NamedTuple, Sequence

from ..errors import UsageError
from ..model import (
    CLUSTER_SCENARIOS,
    Compute,
    Requirement,
    Scenario,
    Scope,
    Workspace,
    changed,
    names_of,
)
from ..text import ANY, few

Parts = list[tuple[Workspace, Scope]]
"""Workspaces, each with the part of it that is asked about."""


def narrowed(workspaces: Sequence[Workspace], scope: Scope) -> Parts:
    """The workspaces that have one of the scope's computes, each with its own of them; all of no computes are named.

    Raises UsageError for a compute that is not attached. What Azure refused to tell cannot be checked: a workspace
    whose computes are not known may have one of that name (`unseen` says so). `workspace/*` is all of a workspace.
    """
    if not scope.computes:
        return [(workspace, scope) for workspace in workspaces]
    of: dict[int, list[str]] = {}
    every = list(attached(workspaces))
    for name in scope.computes:
        matching = [(one.number, one.compute.name) for one in every if one.is_meant(name)]
        matching += [(number, name.rpartition("/")[2]) for number in _perhaps(workspaces, name)]
        if not matching:
            raise not_attached(workspaces, name)
        for number, compute in matching:
            of.setdefault(number, []).append(compute)
    parts = ((workspaces[number], tuple(dict.fromkeys(names))) for number, names in sorted(of.items()))
    return [(workspace, replace(scope, computes=() if ANY in names else names)) for workspace, names in parts]


def _perhaps(workspaces: Sequence[Workspace], name: str) -> Iterator[int]:
    """The numbers of the workspaces whose computes Azure refused to tell, and which may have one of this name.

    Of `workspace/*` that of which no compute is known at all, for whichever reason.
    """
    where, compute = name.lower().rpartition("/")[::2]
    for number, (one, known) in enumerate(zip(workspaces, names_of(workspaces), strict=True)):
        silent = not one.computes if compute == ANY else one.computes is None and one.gaps_about("computes")
        if silent and (not where or is_place(one, known, where)):
            yield number


def unseen(workspaces: Sequence[Workspace], scope: Scope) -> Iterator[str]:
    """That a compute is listed of which nobody knows whether there is one, among several workspaces."""
    every = list(attached(workspaces)) if len(workspaces) > 1 else []
    for name in scope.computes if every else ():
        perhaps = [names_of(workspaces)[number] for number in _perhaps(workspaces, name)]
        if perhaps and not name.endswith(ANY) and not any(one.is_meant(name) for one in every):
            yield (
                f"No compute that this login may see is called '{name}'. Azure refused to tell those of "
                f"{few(perhaps, 3)}, so the list is of one there, if there is one; attached are: "
                f"{few([one.name for one in every], 12)}."
            )


class Attached(NamedTuple):
    """An attached compute with its name as rows have it, and its workspace with its number among all."""

    name: str
    compute: Compute
    workspace: Workspace
    number: int

    def is_meant(self, text: str) -> bool:
        """Whether it is meant by a name that a user gave."""
        place, name = text.lower().rpartition("/")[::2]
        own = self.name.rpartition("/")[0]
        return name in (ANY, self.compute.name.lower()) and (not place or is_place(self.workspace, own, place))


def attached(workspaces: Sequence[Workspace]) -> Iterator[Attached]:
    """All attached computes, each with its name as rows have it: behind its workspace's where there are several."""
    names = names_of(workspaces)
    for number, (name, workspace) in enumerate(zip(names, workspaces, strict=True)):
        for compute in workspace.computes or ():
            yield Attached(compute.name if len(names) == 1 else f"{name}/{compute.name}", compute, workspace, number)


def is_place(workspace: Workspace, name: str, text: str) -> bool:
    """Whether a workspace is what stands in front of a compute, as rows call it or behind group and subscription."""
    parts = (workspace.id or "").lower().split("/")
    whole = [*([parts[2], parts[4]] if len(parts) > 4 else []), (workspace.name or "").lower()]
    words = text.lower().split("/")
    return whole[-len(words) :] == words or name.lower() == text.lower()


def not_attached(workspaces: Sequence[Workspace], name: str) -> UsageError:
    whose = "the workspace" if len(workspaces) == 1 else f"any of the {len(workspaces)} workspaces"
    hint = f"Attached are: {few(qualified(workspaces), 12) or 'none'}."
    return UsageError(f"No Kubernetes compute '{name}' is attached to {whose}.", hint)


def qualified(workspaces: Sequence[Workspace]) -> list[str]:
    """The names of all attached computes as rows have them."""
    return [one.name for one in attached(workspaces)]


def means(text: str, name: str) -> bool:
    """Whether a name that a user gave may mean the computes that a row names so: either may say more than the other.

    `workspace/*` may be any of that workspace.
    """
    words, own = text.lower().split("/"), name.lower().split("/")
    if ANY in (own[-1], words[-1]):
        words, own = words[:-1], own[:-1]
    count = min(len(words), len(own))
    return words[len(words) - count :] == own[len(own) - count :]


# ---------------------------------------------------------------------------------------------------------------------
# Rows of a file, of which no facts tell which computes there are


def rows_within(rows: Sequence[Requirement], scope: Scope) -> Iterator[Requirement]:
    """The rows that a scope lets through, for what it asks; one that names no compute is for whichever there are."""
    for row in rows:
        if (
            row.level.rank <= scope.level.rank
            and row.topic not in scope.exclude
            and (not row.needed_for or not scope.scenarios or set(row.needed_for) & set(scope.scenarios))
            and _may_be_of(row, scope)
        ):
            yield _for_scenarios(row, set(scope.scenarios)) if scope.scenarios else row


def _for_scenarios(row: Requirement, asked: Container[Scenario]) -> Requirement:
    """A row as it would be had these scenarios been asked about from the beginning."""

    def within(needed: Sequence[Scenario]) -> tuple[Scenario, ...]:
        return tuple(scenario for scenario in needed if scenario in asked)

    variants = row.variants and tuple(replace(one, needed_for=within(one.needed_for)) for one in row.variants)
    return changed(row, needed_for=within(row.needed_for), variants=variants)


def _may_be_of(row: Requirement, scope: Scope) -> bool:
    """Whether one of a scope's computes may need a row; people at their desks do, whatever compute is asked about."""
    if not scope.computes or not set(row.needed_for) <= set(CLUSTER_SCENARIOS):
        return True
    names = _whose(row)
    return not names or any(means(text, name) for text in scope.computes for name in names)


def _whose(row: Requirement) -> tuple[str, ...]:
    """Who needs a row, behind their workspace's name; whoever that has, where no compute is named."""
    (own,) = row.workspaces if len(row.workspaces) == 1 else ("",)
    computes = (f"{own}/{name}" if own and "/" not in name else name for name in row.computes)
    return tuple(computes) or tuple(f"{workspace}/{ANY}" for workspace in row.workspaces)


def check_whose(rows: Sequence[Requirement], what: str) -> None:
    """Raises UsageError for rows of several workspaces that do not tell whose computes they name, or stand there twice.

    Such a list is put together from those of single workspaces, whose computes are called alike.
    """
    if len({name for row in rows for name in row.workspaces}) < 2:
        return
    once: set[object] = set()
    for number, row in enumerate(rows, 1):
        untold = next((name for name in row.computes if "/" not in name), "")
        if untold or row.endpoint in once:
            why = f"compute '{untold}' without its workspace" if untold else f"{row.host}:{row.port} a second time"
            hint = "List the workspaces together: az ml network requirements --workspace-file a.json b.json."
            raise UsageError(f"{what}: row {number} of several workspaces names {why}.", hint)
        once.add(row.endpoint)


def unnamed(rows: Sequence[Requirement], scope: Scope) -> Iterator[str]:
    """What is to be said where a scope's compute stands in no row, and rows of others were left out.

    Raises UsageError for a compute of a workspace that no row is of.
    """
    names = {name for row in rows if row.computes for name in _whose(row)}
    workspaces = sorted({name for row in rows for name in row.workspaces})
    for text in scope.computes:
        if workspaces and not any(means(text, f"{name}/{ANY}") for name in workspaces):
            what = f"No row of --requirements-file is of the workspace of compute '{text}'."
            raise UsageError(what, f"Its workspaces are: {few(workspaces, 12)}.")
        if names and not any(means(text, name) for name in names):
            known = few(sorted(names), 5)
            yield f"No row names compute '{text}', so those that name others alone ({known}) are left out."
