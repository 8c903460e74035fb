"""Where workspaces were looked for, in words; what nobody may read is not found, so that is said."""

from __future__ import annotations

from html import escape
from typing import Any, Iterator, Mapping, Optional

from ..text import few


def subject(document: Mapping[str, Any]) -> str:
    """Whose list or report it is: the name of the workspace, or how many there are; empty where that is not known."""
    if several(document):
        return f"{len(document['workspaces'])} workspaces"
    return str((document["workspace"] or {}).get("name") or "")


def several(document: Mapping[str, Any]) -> bool:
    """Whether a document is of several workspaces."""
    return len(document.get("workspaces") or ()) > 1


def needing(row: Mapping[str, Any], of_several: bool) -> Iterator[tuple[str, str]]:
    """Who needs a row, escaped: its workspaces where there are several, its computes where not all of them need it."""
    if of_several and row.get("workspaces"):
        yield "workspaces", escape(few(row["workspaces"], 12))
    if row["computes"]:
        yield "computes", escape(", ".join(row["computes"]))


_DOORS = {"resource-graph": "by Azure Resource Graph", "lists": "by the lists of each subscription", "ids": ""}


def sentences(document: Mapping[str, Any]) -> Iterator[str]:
    """What is to be said of a document's `scope` and number of `workspaces`; nothing where none was searched."""
    scope: Optional[Mapping[str, Any]] = document.get("scope")
    if not scope:
        return
    count = len(document["workspaces"])
    where = [_subscription(one) for one in scope["subscriptions"]]
    named = f"management group {few(scope['managementGroups'], 3)}: " if scope["managementGroups"] else ""
    places = f"{named}{'subscriptions' if len(where) != 1 else 'subscription'} {few(where, 3)}" if where else named[:-2]
    if scope["door"] != "ids" and (scope["behind"] or not scope["workspaceIds"]):
        whole = ", ".join(filter(None, [places, _DOORS[scope["door"]]]))
        yield (
            f"Searched: {whole}: {count} workspace{'s' * (count != 1)}. What this login may not read there is not "
            "among them, and Azure does not say so."
        )
    yield from filter(None, [_behind(scope) if scope["behind"] else ""])


def _subscription(one: Mapping[str, Any]) -> str:
    return f"{one['name']} ({one['id']})" if one["name"] else str(one["id"])


def _behind(scope: Mapping[str, Any]) -> str:
    """How many were left out because they are not behind the firewall, or because nobody can tell; empty for none."""
    firewall, undecided = _name(scope["behind"]), [_name(one) for one in scope["undecided"]]
    count = len(scope["notBehind"])
    parts = (
        [f"{count} more {'is' if count == 1 else 'are'} not behind firewall {firewall} and left out."] if count else []
    )
    if undecided:
        whether = f"Whether {few(undecided, 5)} {'is' if len(undecided) == 1 else 'are'} behind firewall {firewall}"
        out = "cannot be told, so no rows of that are in this list: --workspace-id adds them."
        parts.append(f"{whether} {out}")
    return " ".join(parts)


def _name(identifier: str) -> str:
    return identifier.rpartition("/")[2]
