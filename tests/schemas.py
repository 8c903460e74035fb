"""The JSON Schemas of docs/, held against what the tool makes."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from .world import ROOT


def fits(document: Any, name: str) -> None:
    """Raises ValidationError unless a document has the shape of `docs/<name>.schema.json`."""
    schemas = {
        path.name: json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "docs").glob("*.schema.json")
    }
    known = Registry().with_resources((path, Resource.from_contents(schema)) for path, schema in schemas.items())
    Draft202012Validator(schemas[f"{name}.schema.json"], registry=known).validate(document)
