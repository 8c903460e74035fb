"""What the shell completes: names that az or a file knows. Nothing is said, whatever fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any


def compute_names(cmd: Any, prefix: str, namespace: Namespace, **_: object) -> list[str]:
    """The Kubernetes computes of the workspace that is on the command line, from its file or from Azure."""
    try:
        return [name for name in _names(cmd, namespace) if name.lower().startswith(prefix.lower())]
    except (Exception, SystemExit):  # a shell that waits for names gets names or nothing
        return []


def _names(cmd: Any, namespace: Namespace) -> list[str]:
    from ..catalog.computes import qualified
    from ..discovery import compute_names as asked
    from ..files import read_fleet
    from ._az import login

    if getattr(namespace, "workspace_file", None):
        return qualified(read_fleet(namespace.workspace_file).workspaces)
    group, workspace = namespace.resource_group_name, namespace.workspace_name
    if not (group and workspace):
        return []
    az = login(cmd)
    return asked(az.client, az.base_url, az.subscription, group, workspace, az.timeouts)
