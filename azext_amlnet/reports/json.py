"""The report as JSON, the shape of docs/report.schema.json; of a list its rows."""

from __future__ import annotations

import json
from typing import Any, Mapping


def render(report: Mapping[str, Any]) -> str:
    """The document as the command returns it."""
    return json.dumps(report["rows"] if "madeAt" in report else report, indent=2, ensure_ascii=True) + "\n"
