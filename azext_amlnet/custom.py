"""One function a command: gather, compute, return."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Iterator, Optional

from knack.log import get_logger

logger = get_logger(__name__)

EXIT_FINDINGS = 8
"""Something that is required is missing, blocked or new."""


def requirements(
    cmd: Any,
    resource_group_name: Optional[str] = None,
    workspace_name: Optional[str] = None,
    workspace_file: Optional[str] = None,
    save_workspace_file: Optional[str] = None,
    overwrite: bool = False,
    compute: Optional[list[str]] = None,
    cluster_type: Optional[str] = None,
    scenario: Optional[list[str]] = None,
    level: str = "recommended",
    exclude: Optional[list[str]] = None,
    no_cross_check: bool = False,
    catalog: Optional[str] = None,
    baseline: Optional[str] = None,
) -> list[Any]:
    """`az ml network requirements`: the outbound list as a JSON array."""
    with _az_errors():
        from . import baseline as comparison
        from .catalog.expand import expand
        from .codec import to_json
        from .files import read_requirements, refuse_existing, write_workspace

        earlier = read_requirements(baseline) if baseline else None
        if save_workspace_file:
            refuse_existing(save_workspace_file, overwrite)
        scope = _scope(compute, cluster_type, scenario, level, exclude, no_cross_check)
        book, facts = _book_and_facts(cmd, catalog, scope, workspace_file, resource_group_name, workspace_name)
        _check_computes(facts, scope)
        if save_workspace_file:
            write_workspace(save_workspace_file, facts, overwrite)
        answer = expand(book, facts, scope)
        rows = comparison.compare(answer.rows, earlier) if earlier is not None else answer.rows
        for line in (*answer.warnings, *answer.hints):
            logger.warning("%s", line)
        if earlier is not None and comparison.demands_more(rows, earlier):
            _exit_after_output(cmd, EXIT_FINDINGS)
        return [to_json(row) for row in rows]


def _scope(
    compute: Optional[list[str]],
    cluster_type: Optional[str],
    scenario: Optional[list[str]],
    level: str,
    exclude: Optional[list[str]],
    no_cross_check: bool,
) -> Any:
    from .model import ClusterType, Level, Scenario, Scope, Topic

    return Scope(
        computes=tuple(compute or ()),
        cluster_type=ClusterType(cluster_type) if cluster_type else None,
        scenarios=tuple(Scenario(name) for name in scenario or ()),
        level=Level(level),
        exclude=tuple(Topic(name) for name in exclude or ()),
        cross_check=not no_cross_check,
    )


def _book_and_facts(
    cmd: Any,
    catalog: Optional[str],
    scope: Any,
    workspace_file: Optional[str],
    resource_group: Optional[str],
    workspace: Optional[str],
) -> tuple[Any, Any]:
    """The catalog, and the facts from a file or from Azure; the catalog is read while ARM is thinking."""
    from .files import read_workspace

    if workspace_file:
        facts = read_workspace(workspace_file)
        return _catalog(catalog), facts
    inquiry = _inquire(cmd, scope, str(resource_group), str(workspace))
    book = _catalog(catalog)
    cloud = _cloud(cmd.cli_ctx.cloud, book)
    return book, inquiry.finish(cloud, book.clouds[cloud])


def _catalog(folder: Optional[str]) -> Any:
    from .catalog import load

    book = load(folder)
    if folder:
        logger.warning("Catalog %s (%s) of %s is in use, not the shipped one.", book.version, book.digest, folder)
    return book


def _inquire(cmd: Any, scope: Any, resource_group: str, workspace: str) -> Any:
    from azure.cli.core.commands.client_factory import get_subscription_id

    from ._client_factory import cf_machine_learning
    from .discovery import Inquiry

    patience = _patience(cmd.cli_ctx.config)
    subscription = get_subscription_id(cmd.cli_ctx)
    client = cf_machine_learning(cmd.cli_ctx, subscription, patience)
    base_url = cmd.cli_ctx.cloud.endpoints.resource_manager
    return Inquiry(client, base_url, subscription, resource_group, workspace, scope.cross_check, patience)


def _cloud(cloud: Any, book: Any) -> Any:
    """Which of the catalog's clouds the active cloud of az is: by its name, else by its storage suffix."""
    from .errors import UsageError
    from .model import Cloud

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
    from dataclasses import replace

    from .discovery.arm import Patience
    from .errors import UsageError

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
    from .errors import UsageError

    if facts.computes is None and facts.gaps_about("computes"):
        return  # what Azure refused to tell cannot be checked; the rows of both kinds of cluster are listed
    attached = [compute.name for compute in facts.computes or ()]
    for name in scope.computes:
        if name.lower() not in map(str.lower, attached):
            raise UsageError(
                f"No Kubernetes compute '{name}' is attached to the workspace.",
                f"Attached are: {', '.join(attached) or 'none'}.",
            )


# ---------------------------------------------------------------------------------------------------------------------
# az's manners


@contextlib.contextmanager
def _az_errors() -> Iterator[None]:
    """Our exceptions as az's, the hint as recommendation; wrong usage exits with 2, as az's own parser does."""
    from . import errors

    try:
        yield
    except (errors.UsageError, errors.CatalogError) as error:
        _print(_az_class("InvalidArgumentValueError"), error)
        raise SystemExit(2) from None
    except errors.AmlnetError as error:
        names = {
            errors.NotFoundError: "ResourceNotFoundError",
            errors.AccessError: "ForbiddenError",
            errors.UnreachableError: "AzureConnectionError",
        }
        raise _az_class(names.get(type(error), "AzureResponseError"))(error.message, error.hint or None) from None


def _az_class(name: str) -> Callable[..., Any]:
    from azure.cli.core import azclierror

    found: Callable[..., Any] = getattr(azclierror, name)
    return found


def _print(az_class: Callable[..., Any], error: Any) -> None:
    az_error = az_class(error.message, error.hint or None)
    az_error.print_error()
    az_error.send_telemetry()


def _exit_after_output(cmd: Any, code: int) -> None:
    """Lets az print the result, whatever -o and --query make of it, and then exit with the code."""
    from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

    def leave(cli: Any, **_: Any) -> None:
        cli.unregister_event(EVENT_CLI_SUCCESSFUL_EXECUTE, leave)
        raise SystemExit(code)

    cmd.cli_ctx.register_event(EVENT_CLI_SUCCESSFUL_EXECUTE, leave)
