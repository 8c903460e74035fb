"""Packages that load what the extension writes, in an environment of their own: see requirements-consumers.txt."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from .proxies import CONSUMERS

consumers = pytest.mark.skipif(
    not CONSUMERS.exists(), reason="needs the consumers of exports: `make test` installs them"
)


def loaded(code: str, text: str) -> Any:
    """What a few lines of Python in the environment of the consumers make of a text."""
    begin = "import json, sys\ntext = sys.stdin.read()\n"
    end = "\nprint(json.dumps(result))"
    words = [str(CONSUMERS / "python"), "-W", "ignore", "-c", begin + code + end]
    ran = subprocess.run(words, input=text, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout.splitlines()[-1])


_SCHEMAS = """
import kubernetes_validate, yaml
result = []
for one in yaml.safe_load_all(text):
    try:
        for version in ("1.27", "1.31"):
            kubernetes_validate.validate(one, version, strict=True)
        result.append(one["kind"])
    except kubernetes_validate.ValidationError as error:
        result.append(error.message)
"""


def kinds(text: str) -> list[str]:
    """The kinds of the objects of a text, by Kubernetes' own schemas; of one that they do not take, what they say."""
    named: list[str] = loaded(_SCHEMAS, text)
    return named
