"""A device's log, held against a list: which of the denied hosts is ours, and why. Pure.

What a record says is in `model`, one format a file in `readers`, the sum of records in `tally`, and what comes of it in
`explain` and `report`.
"""

from __future__ import annotations

import importlib
from typing import Optional, Sequence

from ..errors import UsageError
from .model import LogReader
from .model import LogReport as LogReport
from .report import report_on as report_on
from .report import verdict as verdict
from .tally import Tally as Tally


def recognised(
    name: str, head: str, formats: Sequence[str], format_name: Optional[str] = None
) -> tuple[str, LogReader]:
    """The format of a text, and what reads it; raises UsageError for a text that is no log of any of the formats.

    `format_name` says it where it is known; one with a `%` is a `logformat` of squid's.
    """
    if format_name and "%" in format_name:
        from .readers._squid_format import SquidFormatReader

        return "squid", SquidFormatReader(format_name)
    names = [format_name] if format_name else formats
    for one in names:
        module = importlib.import_module(f".readers.{one.replace('-', '_')}", __name__)
        if format_name or module.claims(head):
            reader: LogReader = module.READER()
            return one, reader
    what = f"{name} is no log in a format that is known here ({', '.join(formats)})."
    raise UsageError(what, "If it is one, say which with --log-format.")
