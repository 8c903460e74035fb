"""Text from elsewhere, made harmless: one printable line that no terminal and no pipeline takes for a command."""

from __future__ import annotations

import re

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


def endpoint(host: str, port: int, protocol: str) -> str:
    """`host`, with the port where it is not 443, with the protocol where the port does not tell it."""
    if protocol == "https":
        return host if port == 443 else f"{host}:{port}"
    return f"{host}:{port}" if (protocol, port) == ("http", 80) else f"{host}:{port}/{protocol}"
