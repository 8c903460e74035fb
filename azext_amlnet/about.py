"""What every document says of itself: the tool and its version, the catalog, the workspace, and its gaps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Mapping, Optional, TypedDict

from .model import Gap, Inputs, Workspace


class About(TypedDict):
    """The head of a report; as keywords it fits every noun that has these fields."""

    tool: Mapping[str, str]
    catalog: Mapping[str, str]
    workspace: Optional[Mapping[str, Optional[str]]]
    gaps: tuple[Gap, ...]


def about(inputs: Inputs, more: tuple[Gap, ...] = ()) -> About:
    """What a report on these inputs says of itself; `more` gaps than those of the facts."""
    catalog, facts = inputs.catalog, inputs.facts
    return {
        "tool": {"name": "amlnet", "version": version()},
        "catalog": {"version": catalog.version, "digest": catalog.digest},
        "workspace": _workspace(facts) if facts else None,
        "gaps": (*(facts.gaps if facts else ()), *more),
    }


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
