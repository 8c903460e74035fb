"""The prober for a machine that is reached by hand: one Python file with the targets inside."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Mapping

from .. import prober
from . import by_hand

_HEAD = '''#!/usr/bin/env python3
"""Tries {count} endpoints of Azure Machine Learning from this machine and prints what it saw.

Needs Python 3.8 or newer and nothing else. It sends one GET or connection attempt to each endpoint, no credentials, and
keeps nothing. Run it and bring the output back:

    python3 {name} --output-file results.txt
    az ml network test ... --results-file results.txt

Made by amlnet {version}.
"""

from __future__ import annotations

'''
_MAIN = 'if __name__ == "__main__":\n    main()\n'
_TAIL = """

REQUEST = json.loads({request!r})

if __name__ == "__main__":
    by_hand(REQUEST, __doc__, sys.argv[1:])
"""


def probe_script(request: Mapping[str, Any], version: str, name: str = "probe.py") -> str:
    """The text of the script: the prober's own source and what runs it by hand, with the request inside."""
    plain = name if re.match(r"[A-Za-z0-9._-]{1,100}\Z", name) else "probe.py"
    head = _HEAD.format(count=len(request["targets"]), name=plain, version=version)
    parts = (_body(Path(str(module.__file__))) for module in (prober, by_hand))
    return head + "\n\n".join(parts) + _TAIL.format(request=json.dumps(request, sort_keys=True))


def _body(path: Path) -> str:
    """The source of a module without its docstring, and without what stands above it in the script."""
    text = path.read_text(encoding="utf-8").partition('"""')[2].partition('"""\n')[2].replace(_MAIN, "")
    above = ("from __future__ ", "from ..prober ")
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(above)).strip("\n") + "\n"
