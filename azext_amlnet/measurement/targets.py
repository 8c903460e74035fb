"""Requirements → the prober's request. Pure."""

from __future__ import annotations

from typing import Any, Iterable, Optional

from ..model import Protocol, Requirement
from ..prober import SCHEMA


def target_of(row: Requirement) -> Optional[dict[str, Any]]:
    """What the prober is asked to try for a requirement; None where nothing concrete can be tried.

    Its id is made of all that is tried, so a result never counts for another question than its own.
    """
    spec = row.probe
    if spec is None:
        return None
    protocol = "tcp" if spec.proof == "connect" else row.protocol.value
    path = spec.path if row.protocol in (Protocol.HTTPS, Protocol.HTTP) else "/"
    target = {"host": spec.host, "port": row.port, "protocol": protocol, "path": path, "websocket": row.websocket}
    upgrade = "+websocket" if row.websocket else ""
    return {"id": f"{protocol}{upgrade}://{spec.host}:{row.port}{path}", **target}


def request_for(rows: Iterable[Requirement], timeout_s: float, agent: str, **more: Any) -> dict[str, Any]:
    """The prober's request for these requirements; what several of them share is tried once."""
    targets = {target["id"]: target for target in map(target_of, rows) if target}
    more = {key: value for key, value in more.items() if value is not None}
    return {"schema": SCHEMA, "timeoutS": timeout_s, "userAgent": agent, "targets": list(targets.values()), **more}
