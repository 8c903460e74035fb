"""The few exceptions that mean: this command cannot go on. Everything else is data (see `Gap`)."""

import re


class AmlnetError(Exception):
    """What happened, to what; the hint says what to do next. Exit code 1.

    Both are made one printable line of bearable length: they quote what users and servers wrote.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = one_line(message)
        self.hint = one_line(hint)
        super().__init__(self.message)


_COMMAND = re.compile(r"##(?=\[|vso\[)", re.IGNORECASE)


def harmless(text: str) -> str:
    """The text with what a terminal or the log of Azure Pipelines would take for a command made plain.

    The agent looks for `##vso[` anywhere in a line (https://github.com/microsoft/azure-pipelines-agent, Command.cs).
    """
    return _COMMAND.sub("# #", "".join(c if c.isprintable() else " " for c in text))


def line(text: str) -> str:
    """The text on one printable, harmless line."""
    return " ".join(harmless(text).split())


def one_line(text: str, most: int = 600) -> str:
    """The text on one such line of at most `most` characters."""
    whole = line(text)
    return whole if len(whole) <= most else whole[: most - 1] + "…"


class UsageError(AmlnetError):
    """An argument or a file given by the user is wrong. Exit code 2."""


class NotFoundError(AmlnetError):
    """The workspace, or what leads to it, does not exist. Exit code 3."""


class AccessError(AmlnetError):
    """Azure refused the call that everything else depends on. Exit code 1."""


class UnreachableError(AmlnetError):
    """Azure could not be reached, or did not answer. Exit code 1."""


class CatalogError(AmlnetError):
    """The catalog breaks its own rules; the message begins with file and line. Exit code 2."""
