"""Who has to do what: what is not fine, by owner and cause, as it is handed over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from . import by_owner

Row = Mapping[str, Any]
_LACKING = ("denied", "missing", "partial")


@dataclass(frozen=True)
class Task:
    """What one owner has to do about one cause, and the rows that it is about."""

    owner: str
    cause: str
    rows: Sequence[Row]

    @property
    def failing(self) -> Sequence[Row]:
        """The rows that make the command fail."""
        return [row for row in self.rows if row["failing"]]

    @property
    def worst(self) -> str:
        """The verdict of the first row, which is the worst one."""
        return str(self.rows[0]["verdict"])

    @property
    def hints(self) -> list[str]:
        """What to do, each sentence once."""
        return list(dict.fromkeys(row["hint"] for row in self.rows if row["hint"]))

    @property
    def seen(self) -> list[str]:
        """What was seen, each sentence once."""
        return list(dict.fromkeys(row["because"] for row in self.rows if row["because"]))


def tasks(report: Mapping[str, Any]) -> list[Task]:
    """The blocks of a report: those with a row that fails first, then by owner and cause."""
    grouped: dict[tuple[str, str], list[Row]] = {}
    for row in by_owner(report):
        owner = _owner(row, "findings" in report)
        if owner:
            grouped.setdefault((owner, row["cause"] or row["verdict"]), []).append(row)
    made = [Task(owner, cause, rows) for (owner, cause), rows in grouped.items()]
    return sorted(made, key=lambda task: not task.failing)


def _owner(row: Row, of_policy: bool) -> str:
    """Whose a row is; a rule that lacks is the network's, and what cannot be determined the platform's."""
    if not of_policy:
        return str(row.get("owner") or "")
    if row["verdict"] in _LACKING:
        return "network"
    return "platform" if row["verdict"] == "unknown" and row["failing"] else ""


def by_topic(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """The rows of a list by topic, topics and rows in the list's own order."""
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(str(row["topic"]), []).append(row)
    return list(grouped.items())
