"""How a command ends: with az's own error classes, and with an exit code after its output."""

from __future__ import annotations

import contextlib
import sys
from shutil import get_terminal_size
from typing import Any, Callable, Iterator


@contextlib.contextmanager
def az_errors() -> Iterator[None]:
    """Our exceptions as az's, the hint as recommendation; wrong usage exits with 2, Ctrl-C with 130."""
    from .. import errors

    try:
        yield
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


def _az_class(name: str) -> Callable[..., Any]:
    from azure.cli.core import azclierror

    found: Callable[..., Any] = getattr(azclierror, name)
    return found


def _print(az_class: Callable[..., Any], error: Any) -> None:
    az_error = az_class(error.message, error.hint or None)
    az_error.print_error()
    az_error.send_telemetry()


def exit_after_output(cmd: Any, code: int) -> None:
    """Lets az print the result, whatever -o and --query make of it, and then exit with the code."""
    from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

    def leave(cli: Any, **_: Any) -> None:
        cli.unregister_event(EVENT_CLI_SUCCESSFUL_EXECUTE, leave)
        raise SystemExit(code)

    cmd.cli_ctx.register_event(EVENT_CLI_SUCCESSFUL_EXECUTE, leave)


def saying(cmd: Any) -> Callable[[str], None]:
    """Says what is waited for, with az's own spinner; does nothing unless standard error is a terminal."""
    if not sys.stderr.isatty() or cmd.cli_ctx.only_show_errors:
        return lambda text: None
    spinner = cmd.cli_ctx.get_progress_controller()
    return lambda text: spinner.add(message=text[: max(20, get_terminal_size().columns - 6)])


def progress_of(cmd: Any) -> Callable[[int, int], None]:
    """Shows how far a measurement is, with az's own progress bar; does nothing unless standard error is a terminal."""
    if not sys.stderr.isatty() or cmd.cli_ctx.only_show_errors:
        return lambda done, total: None
    bar = cmd.cli_ctx.get_progress_controller(det=True)

    def show(done: int, total: int) -> None:
        bar.add(message=f"Testing {done}/{total}", value=done, total_val=total or 1)
        if done == total:
            bar.end()

    return show
