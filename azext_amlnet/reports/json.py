"""The report as JSON, the shape of docs/report.schema.json."""

from __future__ import annotations

import json
from typing import Any, Mapping


def render(report: Mapping[str, Any]) -> str:
    """The document as `az ml network test` returns it."""
    return json.dumps(report, indent=2, ensure_ascii=True) + "\n"
