"""Small questions that tests ask of a list."""

from __future__ import annotations

from azext_amlnet.model import Requirement, Requirements


def hosts(answer: Requirements, *topics: str) -> set[str]:
    """The hosts of a list, of some topics only if named."""
    return {row.host for row in answer.rows if not topics or row.topic.value in topics}


def row(answer: Requirements, host: str, port: int = 443) -> Requirement:
    """The one row for a host and port."""
    rows = [row for row in answer.rows if (row.host, row.port) == (host, port)]
    assert len(rows) == 1, f"{len(rows)} rows for {host}:{port}"
    return rows[0]


def said(answer: Requirements) -> str:
    """All warnings and hints as one text."""
    return "\n".join((*answer.warnings, *answer.hints))
