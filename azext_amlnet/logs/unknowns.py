"""Why a row of an explained log leaves something open, and what settles it: docs/unknowns.md prints this. Pure."""

from __future__ import annotations

from enum import Enum
from typing import Mapping

from ..model import Settlement


class Untold(str, Enum):
    """What a log does not tell of an endpoint."""

    NO_NAME = "the record has an address alone, and no record tells a name for it"
    SEVERAL_NAMES = "several names share the address"
    NO_DESTINATION = "the record tells no destination, because TLS named none"
    NO_PORT = "it was let through, and the record tells no port"
    BEHIND = "the device let it through, and it failed behind it"
    ALERTED = "the device raised an alert, and no record tells what became of it"
    UNSEEN = "no record of it"


_NAMES = "--log-file of the names that were looked up (DNS proxy, Hubble), too"
_MEASURED = "az ml network test"
SETTLED_BY: Mapping[Untold, Settlement] = {
    Untold.NO_NAME: Settlement("the name that the client had looked up", _NAMES),
    Untold.SEVERAL_NAMES: Settlement("which of the names it was", _MEASURED),
    Untold.NO_DESTINATION: Settlement("what the client talks to", _MEASURED),
    Untold.NO_PORT: Settlement("the log with its ports", "--log-file with the column of ports"),
    Untold.BEHIND: Settlement("what stands behind the device", _MEASURED),
    Untold.ALERTED: Settlement("the log of the rules", "--log-file of the rules' log, too"),
    Untold.UNSEEN: Settlement("an attempt while the log is written", _MEASURED),
}
"""The fact, and the option or command that brings it."""
