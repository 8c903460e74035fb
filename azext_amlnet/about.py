"""What every document says of itself: the tool and its version, the catalog, the workspace, and its gaps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Mapping, Optional, TypedDict

from .model import Fleet, Gap, Inputs, SearchedScope, Workspace, names_of
from .text import digest, is_workspace_id


class About(TypedDict):
    """The head of a report; as keywords it fits every noun that has these fields."""

    tool: Mapping[str, str]
    catalog: Mapping[str, str]
    workspace: Optional[Mapping[str, Optional[str]]]
    workspaces: tuple[Mapping[str, Optional[str]], ...]
    scope: Optional[SearchedScope]
    gaps: tuple[Gap, ...]


def about(inputs: Inputs, more: tuple[Gap, ...] = ()) -> About:
    """What a report on these inputs says of itself; `more` gaps than those of the facts.

    `workspace` is the only one, where there is just one; `workspaces` are all.
    """
    catalog, fleet = inputs.catalog, inputs.fleet
    workspaces = tuple(map(_workspace, fleet.workspaces))
    return {
        "tool": {"name": "amlnet", "version": version()},
        "catalog": {"version": catalog.version, "digest": catalog.digest},
        "workspace": workspaces[0] if len(workspaces) == 1 else None,
        "workspaces": workspaces,
        "scope": fleet.scope,
        "gaps": (*gaps_of(fleet), *more),
    }


def gaps_of(fleet: Fleet) -> tuple[Gap, ...]:
    """What Azure refused to tell: of the scope, and of the workspaces; of several each gap names its workspace."""
    of_scope = fleet.scope.gaps if fleet.scope else ()
    if fleet.only:
        return (*of_scope, *fleet.only.gaps)
    pairs = zip(names_of(fleet.workspaces), fleet.workspaces, strict=True)
    return (*of_scope, *(gap.in_workspace(name) for name, one in pairs for gap in one.gaps))


def version() -> str:
    """The version of this extension, as az knows it."""
    text = Path(__file__).with_name("azext_metadata.json").read_text(encoding="utf-8")
    known: str = json.loads(text)["version"]
    return known


def _workspace(facts: Workspace) -> Mapping[str, Optional[str]]:
    return {
        "name": facts.name,
        "id": facts.id,
        "resourceGroup": facts.resource_group,  # which az would add to the id on standard output
        "workspaceId": facts.workspace_id,
        "region": facts.region,
        "cloud": facts.cloud.value,
    }


def keys_of(inputs: Inputs) -> dict[str, str]:
    """By a workspace's name what tells it from others of that name; of rows without facts by the ids in them."""
    if inputs.fleet.workspaces:
        return {name: one.key for name, one in zip(inputs.workspaces, inputs.fleet.workspaces, strict=True)}
    ids: dict[str, set[str]] = {}
    for row in inputs.rows:
        if len(row.workspaces) == 1 and is_workspace_id(row.resource or ""):
            ids.setdefault(row.workspaces[0], set()).add(str(row.resource).lower())
    return {name: digest(one) for name, several in ids.items() if len(several) == 1 for one in several}
