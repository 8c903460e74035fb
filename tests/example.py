"""The bundled example, as its list and as services that answer for it."""

from __future__ import annotations

from azext_amlnet.catalog import load
from azext_amlnet.catalog.expand import expand
from azext_amlnet.files import read_workspace
from azext_amlnet.model import Requirement, Scope

from .world import ROOT

EXAMPLE = ROOT / "examples" / "workspace.json"


def rows() -> tuple[Requirement, ...]:
    """The list of the bundled example."""
    return expand(load(), read_workspace(str(EXAMPLE)), Scope()).rows


def proofs() -> dict[str, str]:
    """What answers behind each host of the example's list."""
    return {row.probe.host: row.probe.proof for row in rows() if row.probe}
