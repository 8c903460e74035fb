"""The scope arguments that all verbs share, and what they lead to: catalog, facts, requirements."""

from __future__ import annotations

import functools
import inspect
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, Callable, Optional

from knack.log import get_logger

logger = get_logger(__name__)


@dataclass(frozen=True)
class Asked:
    """The scope arguments as az hands them over; `_params` describes each."""

    resource_group_name: Optional[str] = None
    workspace_name: Optional[str] = None
    workspace_file: Optional[str] = None
    requirements_file: Optional[str] = None
    save_workspace_file: Optional[str] = None
    overwrite: bool = False
    compute: tuple[str, ...] = ()
    cluster_type: Optional[str] = None
    scenario: tuple[str, ...] = ()
    level: Optional[str] = None
    exclude: tuple[str, ...] = ()
    no_cross_check: bool = False
    catalog: Optional[str] = None


@dataclass(frozen=True)
class Gathered:
    """The catalog, the facts (None where the rows came from a file, or none were asked for), and the rows."""

    book: Any
    facts: Any
    rows: tuple[Any, ...]
    warnings: tuple[str, ...] = ()
    earlier: Any = None


def takes(*groups: type, without: tuple[str, ...] = ()) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gives a command the fields of these dataclasses as arguments; it takes one object of each group.

    az reads the arguments of a command from its signature, so that is what is made here.
    """

    def around(command: Callable[..., Any]) -> Callable[..., Any]:
        names = [[part.name for part in fields(group) if part.name not in without] for group in groups]

        @functools.wraps(command)
        def called(cmd: Any, **arguments: Any) -> Any:
            given = {name: tuple(value) if isinstance(value, list) else value for name, value in arguments.items()}
            return command(
                cmd,
                *(
                    group(**{name: given[name] for name in mine if given.get(name) is not None})
                    for group, mine in zip(groups, names, strict=True)
                ),
            )

        cmd = inspect.Parameter("cmd", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        parameters = [
            inspect.Parameter(part.name, inspect.Parameter.KEYWORD_ONLY, default=_default(part))
            for group, mine in zip(groups, names, strict=True)
            for part in fields(group)
            if part.name in mine
        ]
        called.__signature__ = inspect.Signature([cmd, *parameters])  # type: ignore[attr-defined]
        return called

    return around


def _default(part: Any) -> Any:
    """What az is to take for the argument's default: none for what is required, nothing for what takes several."""
    if part.default is MISSING:
        return inspect.Parameter.empty
    return None if part.default == () else part.default


Narrow = Callable[[Any, Any], Any]


def gather(cmd: Any, asked: Asked, narrow: Narrow = lambda facts, scope: scope) -> Gathered:
    """The rows that the scope arguments ask for, from Azure or from a file; saves the facts where that is asked.

    `narrow` may make the scope smaller once the facts are known; it is called in any case.
    """
    from ..files import refuse_existing

    if asked.save_workspace_file:
        refuse_existing(asked.save_workspace_file, asked.overwrite)
    if asked.requirements_file:
        return _from_requirements(asked, narrow)
    if not (asked.workspace_file or asked.workspace_name):
        narrow(None, _scope(asked))
        return Gathered(_catalog(asked.catalog), None, ())
    return _from_workspace(cmd, asked, narrow)


def _from_workspace(cmd: Any, asked: Asked, narrow: Narrow) -> Gathered:
    from ..catalog.expand import expand
    from ..files import write_workspace

    scope = _scope(asked)
    book, facts = _book_and_facts(cmd, scope, asked)
    _check_computes(facts, scope)
    if asked.save_workspace_file:
        write_workspace(asked.save_workspace_file, facts, asked.overwrite)
    answer = expand(book, facts, narrow(facts, scope))
    return Gathered(book, facts, answer.rows, (*answer.warnings, *answer.hints))


def _from_requirements(asked: Asked, narrow: Narrow) -> Gathered:
    """The rows of a file, as far as the scope arguments let them through; all levels unless one is given."""
    from ..catalog.lookup import concrete
    from ..files import read_requirements
    from ..model import Level

    book, scope = _catalog(asked.catalog), _scope(asked)
    scope = narrow(None, scope if asked.level else replace(scope, level=Level.OPTIONAL))
    rows = read_requirements(str(asked.requirements_file), tuple(book.proofs))
    return Gathered(book, None, tuple(concrete(book, row) for row in rows if _within(row, scope)))


def _within(row: Any, scope: Any) -> bool:
    computes = {name.lower() for name in scope.computes}
    return (
        row.level.rank <= scope.level.rank
        and row.topic not in scope.exclude
        and (not row.computes or not computes or any(name.lower() in computes for name in row.computes))
        and (not row.needed_for or not scope.scenarios or bool(set(row.needed_for) & set(scope.scenarios)))
    )


def _scope(asked: Asked) -> Any:
    from ..model import ClusterType, Level, Scenario, Scope, Topic

    return Scope(
        computes=asked.compute,
        cluster_type=ClusterType(asked.cluster_type) if asked.cluster_type else None,
        scenarios=tuple(Scenario(name) for name in asked.scenario),
        level=Level(asked.level or "recommended"),
        exclude=tuple(Topic(name) for name in asked.exclude),
        cross_check=not asked.no_cross_check,
    )


def _book_and_facts(cmd: Any, scope: Any, asked: Asked) -> tuple[Any, Any]:
    """The catalog, and the facts from a file or from Azure; the catalog is read while ARM is thinking."""
    from ..files import read_workspace

    if asked.workspace_file:
        facts = read_workspace(asked.workspace_file)
        return _catalog(asked.catalog), facts
    inquiry = _inquire(cmd, scope, str(asked.resource_group_name), str(asked.workspace_name))
    book = _catalog(asked.catalog)
    cloud = _cloud(cmd.cli_ctx.cloud, book)
    return book, inquiry.finish(cloud, book.clouds[cloud])


def _catalog(folder: Optional[str]) -> Any:
    from ..catalog import load

    book = load(folder)
    if folder:
        logger.warning("Catalog %s (%s) of %s is in use, not the shipped one.", book.version, book.digest, folder)
    return book


def _inquire(cmd: Any, scope: Any, resource_group: str, workspace: str) -> Any:
    from ..discovery import Inquiry

    client, base_url, patience, subscription = client_of(cmd)
    return Inquiry(client, base_url, subscription, resource_group, workspace, scope.cross_check, patience)


def client_of(cmd: Any) -> tuple[Any, str, Any, str]:
    """The client of the current login, ARM's address, how long it is waited for, and the current subscription."""
    from azure.cli.core.commands.client_factory import get_subscription_id

    from .._client_factory import cf_machine_learning

    patience = _patience(cmd.cli_ctx.config)
    subscription = get_subscription_id(cmd.cli_ctx)
    client = cf_machine_learning(cmd.cli_ctx, subscription, patience)
    return client, cmd.cli_ctx.cloud.endpoints.resource_manager, patience, subscription


def _cloud(cloud: Any, book: Any) -> Any:
    """Which of the catalog's clouds the active cloud of az is: by its name, else by its storage suffix."""
    from ..errors import UsageError
    from ..model import Cloud

    names = {"AzureCloud": Cloud.PUBLIC, "AzureUSGovernment": Cloud.USGOV, "AzureChinaCloud": Cloud.CHINA}
    if cloud.name in names:
        return names[cloud.name]
    suffix = cloud.suffixes.storage_endpoint if cloud.suffixes else None
    for known, suffixes in book.clouds.items():
        if suffix == suffixes["storage"]:
            return known
    raise UsageError(
        f"The cloud '{cloud.name}' is none that the catalog knows ({', '.join(c.value for c in Cloud)}).",
        "Switch with `az cloud set`, or use --workspace-file.",
    )


def _patience(config: Any) -> Any:
    """How long ARM is waited for; slow links can set `az config set amlnet.read_timeout=60` and the like."""
    from ..discovery.arm import Patience
    from ..errors import UsageError

    patience = Patience()
    for option, name in (("connect_timeout", "connect_s"), ("read_timeout", "read_s"), ("silence", "first_answer_s")):
        text = config.get("amlnet", option, fallback=None)
        if text is None:
            continue
        seconds = _seconds(text)
        if seconds is None:
            what = f"The setting amlnet.{option} is '{text}', which is no number of seconds up to 3600."
            raise UsageError(what, f"az config set amlnet.{option}=30")
        patience = replace(patience, **{name: seconds})  # type: ignore[arg-type]
    return patience


def _seconds(text: str) -> Optional[float]:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 < seconds <= 3600 else None


def _check_computes(facts: Any, scope: Any) -> None:
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
