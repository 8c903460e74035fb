"""The few exceptions that mean: this command cannot go on. Everything else is data (see `Gap`)."""

from .text import one_line


class AmlnetError(Exception):
    """What happened, to what; the hint says what to do next. Exit code 1.

    Both are made one printable line of bearable length: they quote what users and servers wrote.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = one_line(message)
        self.hint = one_line(hint)
        super().__init__(self.message)


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
