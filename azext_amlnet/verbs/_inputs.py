"""What a verb works on: catalog, facts and scope, from Azure or from files, and the rows that they make."""

from __future__ import annotations

import contextlib
import os
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Iterator, Optional

from ._az import cloud_of, logger, login
from ._wait import LONG_S, asking, waiting

if TYPE_CHECKING:
    from typing import Any

    from ..model import Catalog, Inputs, Requirement, Scope, Workspace
    from ._arguments import ScopeArguments


def scope_of(arguments: ScopeArguments) -> Scope:
    """The part of a workspace that is asked about; of a file of rows all levels unless one is given."""
    from ..model import ClusterType, Level, Scenario, Scope, Topic

    usual = Level.OPTIONAL if arguments.requirements_file else Level.RECOMMENDED
    return Scope(
        computes=arguments.compute,
        cluster_type=ClusterType(arguments.cluster_type) if arguments.cluster_type else None,
        scenarios=tuple(Scenario(name) for name in arguments.scenario),
        level=Level(arguments.level) if arguments.level else usual,
        exclude=tuple(Topic(name) for name in arguments.exclude),
        cross_check=not arguments.no_cross_check,
    )


def catalog_and_facts(cmd: Any, arguments: ScopeArguments, scope: Scope) -> tuple[Catalog, Optional[Workspace]]:
    """The catalog and the facts that it is to be expanded for; None where rows come from a file or none are asked.

    The facts are saved where that is asked. Raises UsageError for a wrong file, and for a compute that is not attached.
    """
    from ..files import refuse_existing, write_workspace

    if arguments.save_workspace_file:
        refuse_existing(arguments.save_workspace_file, arguments.overwrite)
    if arguments.requirements_file or not (arguments.workspace_file or arguments.workspace_name):
        return _catalog(arguments.catalog), None
    catalog, facts = _of_workspace(cmd, arguments, scope)
    _check_computes(facts, scope)
    if arguments.save_workspace_file:
        write_workspace(arguments.save_workspace_file, facts, arguments.overwrite)
    return catalog, facts


def inputs_of(arguments: ScopeArguments, catalog: Catalog, facts: Optional[Workspace], scope: Scope) -> Inputs:
    """The rows of a scope: of the facts, else of a file, else none; raises UsageError for a file that is none."""
    from ..catalog.expand import expand
    from ..model import Inputs

    if facts is not None:
        answer = expand(catalog, facts, scope)
        return Inputs(catalog, facts, answer.rows, (*answer.warnings, *answer.hints))
    rows = _rows_of_file(arguments.requirements_file, catalog, scope) if arguments.requirements_file else ()
    return Inputs(catalog, None, rows)


def gather(cmd: Any, arguments: ScopeArguments) -> Inputs:
    """All of the above, for a verb that needs nothing in between."""
    scope = scope_of(arguments)
    catalog, facts = catalog_and_facts(cmd, arguments, scope)
    return inputs_of(arguments, catalog, facts, scope)


@contextlib.contextmanager
def baseline(path: str, command: str) -> Iterator[None]:
    """Around the reading of --baseline: where there is none yet, the error tells the command that makes it."""
    from ..errors import UsageError

    try:
        yield
    except UsageError as error:
        if os.path.exists(path):
            raise
        raise UsageError(error.message, f"Make the first one: {command} > {shlex.quote(path)}") from None


# ---------------------------------------------------------------------------------------------------------------------
# From Azure, and from files


def _of_workspace(cmd: Any, arguments: ScopeArguments, scope: Scope) -> tuple[Catalog, Workspace]:
    """The catalog, and the facts from a file or from Azure; the catalog is read while ARM is thinking."""
    from ..files import read_workspace

    if arguments.workspace_file:
        facts = read_workspace(arguments.workspace_file)
        return _catalog(arguments.catalog), facts
    from ..discovery import WorkspaceQuery

    az, names = login(cmd), (str(arguments.resource_group_name), str(arguments.workspace_name))
    query = WorkspaceQuery(az.client, az.base_url, az.subscription, *names, scope.cross_check, az.timeouts)
    catalog = _catalog(arguments.catalog)
    cloud = cloud_of(cmd, catalog)
    with waiting(cmd, asking(f"Asking Azure Resource Manager about {names[1]}"), LONG_S):
        return catalog, query.finish(cloud, catalog.clouds[cloud])


def _catalog(folder: Optional[str]) -> Catalog:
    from ..catalog import load

    catalog = load(folder)
    if folder:
        logger.warning("Catalog %s (%s) of %s is in use, not the shipped one.", catalog.version, catalog.digest, folder)
    return catalog


def _rows_of_file(path: str, catalog: Catalog, scope: Scope) -> tuple[Requirement, ...]:
    """The rows of a file, as far as the scope lets them through."""
    from ..catalog.lookup import concrete
    from ..files import read_requirements

    rows = read_requirements(path, tuple(catalog.proofs))
    return tuple(concrete(catalog, row) for row in rows if _within(row, scope))


def _within(row: Requirement, scope: Scope) -> bool:
    computes = {name.lower() for name in scope.computes}
    return (
        row.level.rank <= scope.level.rank
        and row.topic not in scope.exclude
        and (not row.computes or not computes or any(name.lower() in computes for name in row.computes))
        and (not row.needed_for or not scope.scenarios or bool(set(row.needed_for) & set(scope.scenarios)))
    )


def _check_computes(facts: Workspace, scope: Scope) -> None:
    """Raises UsageError for a compute that is not attached."""
    from ..errors import UsageError

    if facts.computes is None and facts.gaps_about("computes"):
        return  # what Azure refused to tell cannot be checked; the rows of both kinds of cluster are listed
    attached = [compute.name for compute in facts.computes or ()]
    for name in scope.computes:
        if name.lower() not in map(str.lower, attached):
            raise UsageError(
                f"No Kubernetes compute '{name}' is attached to the workspace.",
                f"Attached are: {', '.join(attached) or 'none'}.",
            )


def with_endpoints(inputs: Inputs, endpoints: tuple[str, ...]) -> Inputs:
    """The rows and those that --endpoint adds; what is in the list already stays as the list has it."""
    from ..catalog.lookup import extra

    listed = {row.endpoint for row in inputs.rows}
    extras = {row.endpoint: row for row in (extra(inputs.catalog, text) for text in endpoints)}
    return replace(inputs, rows=(*inputs.rows, *(row for key, row in extras.items() if key not in listed)))
