"""What az gives a command and takes from it: login, cloud, settings, warnings, progress, errors, the exit code."""

from __future__ import annotations

import contextlib
import gc
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Callable, Iterable, Iterator, Optional
from urllib.parse import urlsplit

from knack.log import get_logger

if TYPE_CHECKING:
    from typing import Any

    from azure.cli.core.azclierror import AzCLIError

    from ..discovery.client import Timeouts
    from ..errors import AmlnetError
    from ..vocabulary import Cloud

logger = get_logger(__name__)


@dataclass(frozen=True)
class Login:
    """The management client of the current login, ARM's address, how long it is waited for, the subscription."""

    client: object
    base_url: str
    timeouts: Timeouts
    subscription: str


def warn(lines: Iterable[str]) -> None:
    """Says lines on standard error, as az says warnings."""
    for line in lines:
        logger.warning("%s", line)


# ---------------------------------------------------------------------------------------------------------------------
# The end of a command


@contextlib.contextmanager
def az_errors() -> Iterator[None]:
    """Our exceptions as az's, the hint as recommendation; wrong usage exits with 2, Ctrl-C with 130.

    Meanwhile no cycles are looked for, nor in what is there at the end: a command makes its objects, and ends.
    """
    from .. import errors

    looking = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    except (errors.UsageError, errors.CatalogError) as error:
        _print(_az_class("InvalidArgumentValueError"), error)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except errors.AmlnetError as error:
        names = {
            errors.NotFoundError: "ResourceNotFoundError",
            errors.AccessError: "ForbiddenError",
            errors.UnreachableError: "AzureConnectionError",
        }
        raise _az_class(names.get(type(error), "AzureResponseError"))(error.message, error.hint or None) from None
    finally:
        if looking:
            gc.enable()


def _az_class(name: str) -> type[AzCLIError]:
    from azure.cli.core import azclierror

    az_class: type[AzCLIError] = getattr(azclierror, name)
    return az_class


def _print(az_class: type[AzCLIError], error: AmlnetError) -> None:
    az_error = az_class(error.message, error.hint or None)
    az_error.print_error()
    az_error.send_telemetry()


def exit_after_output(cmd: Any, code: int) -> None:
    """Lets az print the result, whatever -o and --query make of it, and then exit with the code."""
    from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

    def leave(cli: object, **_: object) -> None:
        cmd.cli_ctx.unregister_event(EVENT_CLI_SUCCESSFUL_EXECUTE, leave)
        raise SystemExit(code)

    cmd.cli_ctx.register_event(EVENT_CLI_SUCCESSFUL_EXECUTE, leave)


# ---------------------------------------------------------------------------------------------------------------------
# The login


def login(cmd: Any) -> Login:
    """The client of the current login, with the settings of az that concern it."""
    from azure.cli.core.commands.client_factory import get_subscription_id

    from .._client_factory import cf_machine_learning
    from ..discovery.arm import sign_in_troubles
    from ..errors import UnreachableError

    timeouts = timeouts_of(lambda option: cmd.cli_ctx.config.get("amlnet", option, fallback=None))
    subscription = get_subscription_id(cmd.cli_ctx)
    try:
        client = cf_machine_learning(cmd.cli_ctx, subscription, timeouts)
    except sign_in_troubles() as error:
        host = urlsplit(cmd.cli_ctx.cloud.endpoints.active_directory).hostname
        what = f"The sign-in host {host} did not answer as it should: {str(error) or type(error).__name__}"
        hint = f"Allow {host} on port 443 from this machine, or work without Azure: --workspace-file."
        raise UnreachableError(what, hint) from None
    return Login(client, cmd.cli_ctx.cloud.endpoints.resource_manager, timeouts, subscription)


def cloud_of(cmd: Any) -> Cloud:
    """Which of the catalog's clouds the active cloud of az is: by its name, else by the suffix of its storage."""
    from azure.cli.core import cloud as of_az

    from ..errors import UsageError
    from ..vocabulary import Cloud

    active = cmd.cli_ctx.cloud
    known = {
        Cloud.PUBLIC: of_az.AZURE_PUBLIC_CLOUD,
        Cloud.USGOV: of_az.AZURE_US_GOV_CLOUD,
        Cloud.CHINA: of_az.AZURE_CHINA_CLOUD,
    }
    suffix = active.suffixes.storage_endpoint if active.suffixes else None
    for cloud, one in known.items():
        if active.name == one.name or (suffix and suffix == one.suffixes.storage_endpoint):
            return cloud
    raise UsageError(
        f"The cloud '{active.name}' is none that the catalog knows ({', '.join(c.value for c in Cloud)}).",
        "Switch with `az cloud set`, or use --workspace-file.",
    )


def timeouts_of(setting: Callable[[str], Optional[str]]) -> Timeouts:
    """How long ARM is waited for; slow links can set `az config set amlnet.read_timeout=60` and the like."""
    from ..discovery.client import Timeouts
    from ..errors import UsageError

    timeouts = Timeouts()
    for option, name in (("connect_timeout", "connect_s"), ("read_timeout", "read_s"), ("silence", "first_answer_s")):
        text = setting(option)
        if text is None:
            continue
        seconds = _seconds(text)
        if seconds is None:
            what = f"The setting amlnet.{option} is '{text}', which is no number of seconds up to 3600."
            raise UsageError(what, f"az config set amlnet.{option}=30")
        timeouts = replace(timeouts, **{name: seconds})  # type: ignore[arg-type]
    return timeouts


def _seconds(text: str) -> Optional[float]:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 < seconds <= 3600 else None
