"""What a verb works on: catalog, facts and scope, from Azure or from files, and the rows that they make."""

from __future__ import annotations

import contextlib
import os
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Iterator, Optional

from ._az import cloud_of, logger, login, warn
from ._fleet import finished, query_of
from ._wait import LONG_S, asking, waiting

if TYPE_CHECKING:
    from typing import Any

    from ..model import Catalog, Fleet, Inputs, Scope
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


def catalog_and_facts(cmd: Any, arguments: ScopeArguments) -> tuple[Catalog, Optional[Fleet]]:
    """The catalog and the facts that it is to be expanded for; None where rows come from a file or none are asked.

    The facts are saved where that is asked, as Azure told them; then those of --source are laid over them. Raises
    UsageError for a wrong file, and for a compute that is not attached.
    """
    saved = arguments.save_workspace_file
    if saved:
        from ..files import refuse_existing

        refuse_existing(saved, arguments.overwrite)
    if arguments.requirements_file or not (arguments.workspace_file or arguments.in_azure):
        return _catalog(arguments.catalog), None
    catalog, fleet = _of_workspaces(cmd, arguments)
    from ..catalog.computes import narrowed
    from ..catalog.sources import overruled, widest, with_sources
    from ..files import write_fleet

    sourced = with_sources(fleet, arguments.source)
    warn((*widest(arguments.source), *overruled(fleet, sourced, arguments.source)))
    narrowed(fleet.workspaces, scope_of(arguments))
    if saved:
        write_fleet(saved, fleet, arguments.overwrite)
    return catalog, sourced


def inputs_of(arguments: ScopeArguments, catalog: Catalog, fleet: Optional[Fleet], scope: Scope) -> Inputs:
    """The rows of a scope: of the facts, else of a file, else none; raises UsageError for a file that is none."""
    from ..catalog.computes import narrowed, unseen
    from ..catalog.expand import gap_lines
    from ..catalog.merge import listed
    from ..catalog.sources import elsewhere, unsourced
    from ..model import Inputs

    if fleet is None:
        return _of_rows(arguments, catalog, scope)
    parts = narrowed(fleet.workspaces, scope)
    answer = listed(catalog, parts)
    of_scope = gap_lines(fleet.scope.gaps) if fleet.scope else ()
    warnings = (*of_scope, *unseen(fleet.workspaces, scope), *answer.warnings, *answer.hints)
    among = tuple(workspace for workspace, _ in parts)
    others = elsewhere(fleet, among, arguments.source)
    warnings = (*warnings, *unsourced(among, scope))
    return Inputs(catalog, replace(fleet, workspaces=among), answer.rows, warnings, elsewhere=others)


def gather(cmd: Any, arguments: ScopeArguments) -> Inputs:
    """All of the above, for a verb that needs nothing in between."""
    catalog, fleet = catalog_and_facts(cmd, arguments)
    return inputs_of(arguments, catalog, fleet, scope_of(arguments))


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


def _of_workspaces(cmd: Any, arguments: ScopeArguments) -> tuple[Catalog, Fleet]:
    """The catalog, and the facts from files or from Azure; the catalog is read while ARM is thinking."""
    if arguments.workspace_file:
        from ..files import read_fleet

        fleet = read_fleet(arguments.workspace_file)
        return _catalog(arguments.catalog), fleet
    cloud = cloud_of(cmd)
    if not arguments.workspace_name:
        fleet_query = query_of(cmd, arguments)
        catalog = _catalog(arguments.catalog)
        return catalog, finished(cmd, fleet_query, cloud, catalog.clouds[cloud])
    from ..discovery.workspace import WorkspaceQuery

    az, names = login(cmd), (str(arguments.resource_group_name), str(arguments.workspace_name))
    asked = (*names, not arguments.no_cross_check, az.timeouts, cloud)
    query = WorkspaceQuery(az.client, az.base_url, az.subscription, *asked)
    catalog = _catalog(arguments.catalog)
    with waiting(cmd, asking(f"Asking Azure Resource Manager about {names[1]}"), LONG_S):
        facts = query.finish(cloud, catalog.clouds[cloud])
    from ..model import Fleet

    return catalog, Fleet((facts,))


def _catalog(folder: Optional[str]) -> Catalog:
    from ..catalog import load

    catalog = load(folder)
    if folder:
        logger.warning("Catalog %s (%s) of %s is in use, not the shipped one.", catalog.version, catalog.digest, folder)
    return catalog


def _of_rows(arguments: ScopeArguments, catalog: Catalog, scope: Scope) -> Inputs:
    """The rows of a file, as far as the scope lets them through; none of no file."""
    from ..catalog.computes import check_whose, rows_within, unnamed
    from ..catalog.lookup import concrete
    from ..catalog.sources import rows_with_sources, told_of_all, widest
    from ..files import read_requirements
    from ..model import Fleet, Inputs

    path = arguments.requirements_file
    every = read_requirements(path, tuple(catalog.proofs)) if path else ()
    check_whose(every, f"--requirements-file {path}")
    rows = rows_with_sources([concrete(catalog, row) for row in rows_within(every, scope)], arguments.source)
    warnings = (*widest(arguments.source), *unnamed(every, scope))
    return Inputs(catalog, Fleet(), rows, warnings, told_of_all(arguments.source))


def with_endpoints(inputs: Inputs, endpoints: tuple[str, ...]) -> Inputs:
    """The rows and those that --endpoint adds; what is in the list already stays as the list has it."""
    from ..catalog.lookup import extra

    listed = {row.endpoint for row in inputs.rows}
    extras = {row.endpoint: row for row in (extra(inputs.catalog, text) for text in endpoints)}
    return replace(inputs, rows=(*inputs.rows, *(row for key, row in extras.items() if key not in listed)))
