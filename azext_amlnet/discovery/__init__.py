"""Facts from Azure: ask ARM about a workspace, concurrently and read-only, and say what it refused to tell.

Questions about one workspace are sent before the rest of this room is imported: the first answer leaves time for that.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Mapping, Optional

from ..vocabulary import Cloud
from .client import Timeouts, new_clients, outside_az

if TYPE_CHECKING:
    from ..model import Workspace
    from .fleet import FleetQuery as FleetQuery
    from .policy_queries import NameQuery as NameQuery
    from .policy_queries import PolicyQuery as PolicyQuery
    from .policy_queries import service_tags as service_tags
    from .search import FleetScope as FleetScope
    from .workspace import WorkspaceQuery as WorkspaceQuery
    from .workspace import compute_names as compute_names

    Inquiry, PolicyInquiry = WorkspaceQuery, PolicyQuery

_ELSEWHERE = {
    **dict.fromkeys(("WorkspaceQuery", "compute_names"), "workspace"),
    **dict.fromkeys(("PolicyQuery", "NameQuery", "service_tags"), "policy_queries"),
    "FleetQuery": "fleet",
    "FleetScope": "search",
}
_ALIASES = {"Inquiry": "WorkspaceQuery", "PolicyInquiry": "PolicyQuery"}
Patience = Timeouts
"""The names of 1.0.0b1, kept until 1.0.0."""


def __getattr__(name: str) -> Any:
    """The names of this room's other files, imported when they are asked for."""
    own = _ALIASES.get(name, name)
    if own not in _ELSEWHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_ELSEWHERE[own]}", __name__), own)


def discover(
    *,
    subscription_id: str,
    resource_group: str,
    workspace: str,
    credential: Any = None,
    client: Any = None,
    cloud: Cloud = Cloud.PUBLIC,
    base_url: Optional[str] = None,
    suffixes: Optional[Mapping[str, str]] = None,
    cross_check: bool = True,
    timeouts: Timeouts = Timeouts(),
    patience: Optional[Timeouts] = None,
) -> Workspace:
    """The facts about a workspace, from ARM.

    Give either a `credential` of azure-identity or a ready management `client`. `base_url` and `suffixes` default to
    those of the cloud in the catalog. Calls that Azure refuses become gaps of the result. `patience` is the name that
    `timeouts` had in 1.0.0b1; it is taken until 1.0.0.

    Raises NotFoundError, AccessError or UnreachableError when the workspace itself cannot be read.
    """
    from .workspace import WorkspaceQuery

    suffixes, timeouts = suffixes or _suffixes(cloud), patience or timeouts
    url = base_url or f"https://{suffixes['arm']}"
    if client is None:
        client = new_clients(outside_az(credential, subscription_id, url), timeouts)
    query = WorkspaceQuery(client, url, subscription_id, resource_group, workspace, cross_check, timeouts, cloud)
    return query.finish(cloud, suffixes)


def _suffixes(cloud: Cloud) -> Mapping[str, str]:
    from ..catalog import load

    return load().clouds[cloud]
