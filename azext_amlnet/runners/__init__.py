"""Where the prober runs: on this machine, or on another one that a script is carried to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, Optional

if TYPE_CHECKING:
    from ..model import Catalog, Report, Requirement


def measure(
    rows: Iterable[Requirement],
    *,
    timeout_s: float = 10,
    proxy: Optional[str] = None,
    ca_file: Optional[str] = None,
    catalog: Optional[Catalog] = None,
) -> Report:
    """The report on rows that are tried from this machine, all at once.

    `timeout_s` is what each endpoint has, in seconds. `proxy` is the address of an HTTP proxy in place of the
    environment's, `ca_file` a file of certificates (PEM) to trust beside the system's. `catalog` tells what proves a
    service, by default the one that ships with this version. A row that says nothing of how it is tried is skipped.

    Raises UsageError for a proxy that is none, a file without certificates, and a row that asks for an unknown proof.
    """
    from ..catalog import load
    from ..errors import UsageError
    from ..measurement.report import report_on
    from ..model import Fleet, Inputs
    from .local import run
    from .request import request_of

    catalog, rows = catalog or load(), tuple(rows)
    for row in rows:
        if row.probe and row.probe.proof not in catalog.proofs:
            raise UsageError(f"{row.host}: this catalog has no proof '{row.probe.proof}'.", "Take its own rows.")
    return report_on(Inputs(catalog, Fleet(), rows), run(request_of(rows, timeout_s, proxy, ca_file)))
