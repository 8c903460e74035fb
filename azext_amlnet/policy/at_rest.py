"""Python's cycle collector at rest: 50,000 rules are a million objects without a cycle, looked through each time."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Lets no cycles be looked for meanwhile; what it was before, on or off, it is afterwards."""
    working = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():  # what was made goes among the old objects, without being looked through
            gc.freeze()
            gc.unfreeze()
        if working:
            gc.enable()
