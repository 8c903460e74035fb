"""How far a measurement is, in one line for whoever waits. Pure."""

from __future__ import annotations

import math
from typing import Any, Mapping, Sequence

from ..text import endpoint
from .transcript import Transcript

_FEW = 3


def so_far(request: Mapping[str, Any], transcripts: Sequence[Transcript], left_s: float) -> str:
    """What came back of a request from all who try it, who is silent yet, and for how many seconds at most."""
    targets = request["targets"]
    total = len(targets) * len(transcripts)
    silent = [endpoint(one["host"], one["port"], one["protocol"])
              for heard in transcripts for one in targets if one["id"] not in heard.results]  # fmt: skip
    if len(silent) == total:
        return f"Trying {total} endpoint{'s' * (total != 1)}, each for up to {request['timeoutS']:g} s…"
    names = ", ".join(dict.fromkeys(silent))
    named = f" ({names})" if 0 < len(set(silent)) <= _FEW else ""
    return f"{total - len(silent)} of {total} tried, {len(silent)} silent{named}, {max(0, math.ceil(left_s))} s left"
