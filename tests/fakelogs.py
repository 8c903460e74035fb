"""A loopback Log Analytics: it keeps records, reads the queries that it is sent, and works them out itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .devicelogs import Attempt, azure_messages, azure_objects

WORKSPACE = "66666666-6666-6666-6666-666666666666"
_DIRECT = re.compile(r"/v1/workspaces/([0-9a-f-]{36})/query")
_BY_RESOURCE = re.compile(r"(/subscriptions/.+)/providers/microsoft\.insights/logs", re.IGNORECASE)

Row = dict[str, Any]


def place_of(path: str) -> str:
    """Whose records a path asks for: a workspace's GUID, or an ARM id; empty for any other path."""
    match = _DIRECT.fullmatch(path) or _BY_RESOURCE.fullmatch(path)
    return match[1].lower() if match else ""


def structured(attempts: Iterable[Attempt]) -> list[Row]:
    """Attempts as rows of AZFWApplicationRule."""
    return [
        {"TimeGenerated": one["time"], "Type": one["category"], **one["properties"]}  # type: ignore[dict-item]
        for one in azure_objects(attempts)
    ]


def older(attempts: list[Attempt]) -> list[Row]:
    """The same as rows of AzureDiagnostics."""
    messages = [line.split(" ", 1)[1] for line in azure_messages(attempts).splitlines()]
    return [
        {"TimeGenerated": one.iso, "Category": "AzureFirewallApplicationRule", "msg_s": message}
        for one, message in zip(attempts, messages, strict=True)
    ]


@dataclass
class Logs:
    """Records by place and table, and what goes wrong: tables refused, cut or hidden; `asked` is what was sent."""

    places: dict[str, dict[str, list[Row]]] = field(default_factory=dict)
    cut: dict[str, Any] = field(default_factory=dict)
    refused: dict[str, tuple[int, Any]] = field(default_factory=dict)
    permissions: Any = None
    asked: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)

    def answer(self, place: str, body: dict[str, Any], prefer: str) -> tuple[int, Any]:
        """Status and document for a query."""
        self.asked.append((place, body, prefer))
        table = body["query"].split("\n")[0].strip()
        if place not in self.places:
            return 404, error("PathNotFoundError", "The requested path does not exist")
        if table in self.refused:
            return self.refused[table]
        if table not in self.places[place]:
            reason = {"code": "SEM0100", "message": f"Failed to resolve table or column expression named '{table}'"}
            semantic = {"code": "SemanticError", "message": "A semantic error occurred.", "innererror": reason}
            return 400, error("BadArgumentError", "The request had some invalid properties", innererror=semantic)
        since, until = body["timespan"].split("/")
        rows = [row for row in self.places[place][table] if since <= row["TimeGenerated"][:19] + "Z" < until]
        document: dict[str, Any] = {"tables": [table_of(worked_out(rows, body["query"]))]}
        if table in self.cut:
            document["error"] = self.cut[table]
        if self.permissions and "include-permissions=true" in prefer:
            document["permissions"] = self.permissions
        return 200, document


def error(code: str, message: str, **more: Any) -> Any:
    """A refusal in the form of the service's."""
    return {"error": {"code": code, "message": message, **more}}


def table_of(rows: list[Row]) -> Any:
    """Rows as the service writes them: columns once, values apart."""
    names = list(rows[0]) if rows else ["count_"]
    columns = [{"name": name, "type": "string"} for name in names]
    return {"name": "PrimaryResult", "columns": columns, "rows": [[row[name] for name in names] for row in rows]}


# ---------------------------------------------------------------------------------------------------------------------
# The part of Kusto's language that the queries are written in


def worked_out(rows: list[Row], query: str) -> list[Row]:
    """What comes of rows: `where`, `extend` and `summarize` in their order."""
    for line in query.split("\n| ")[1:]:
        word, rest = line.split(" ", 1)
        if word == "extend":
            name, expression = rest.split("=", 1)
            rows = [{**row, name: value_of(expression, row)} for row in rows]
        elif word == "where":
            rows = [row for row in rows if all(holds(part, row) for part in rest.split(" and "))]
        elif word == "summarize":
            rows = summarized(rows, rest)
        else:
            raise AssertionError(f"the fake knows no {word}")
    return rows


def summarized(rows: list[Row], rest: str) -> list[Row]:
    """Rows by their key columns, with number, first and last time under Kusto's own names."""
    what, columns = rest.split(" by ")
    assert what == "count(), min(TimeGenerated), max(TimeGenerated)"
    groups: dict[str, list[Row]] = {}
    for row in rows:
        kept = {name: row[name] for name in columns.split(", ")}
        groups.setdefault(json.dumps(kept), []).append(row)
    return [
        {
            **json.loads(key),
            "count_": len(some),
            "min_TimeGenerated": min(row["TimeGenerated"] for row in some),
            "max_TimeGenerated": max(row["TimeGenerated"] for row in some),
        }
        for key, some in groups.items()
    ]


def holds(condition: str, row: Row) -> bool:
    """Whether a condition holds."""
    listed = re.fullmatch(r"(\w+) in \((.*)\)", condition)
    if listed:
        return row[listed[1]] in json.loads(f"[{listed[2]}]")
    longer = re.fullmatch(r"(.*) > 0", condition)
    return bool(value_of(longer[1], row) > 0 if longer else value_of(condition, row))


_TOKEN = re.compile(r'\s*(@"[^"]*"|"[^"]*"|[A-Za-z_]\w*|[0-9]+|[(),\[\]])')
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "tolower": str.lower,
    "tostring": lambda value: "" if value is None else str(value),
    "isempty": lambda value: not value,
    "isnotempty": bool,
    "iff": lambda test, yes, no: yes if test else no,
    "extract": lambda pattern, group, text: ((m := re.search(pattern, text)) and m[group]) or "",
    "extract_all": lambda pattern, text: re.findall(pattern, text),
    "replace_regex": lambda text, pattern, to: re.sub(pattern, to, text),
    "array_length": len,
    "array_sort_asc": sorted,
    "strcat": lambda *parts: "".join(parts),
    "strcat_array": lambda parts, sign: sign.join(parts),
    "parse_json": lambda text: json.loads(text) if text else {},
}


def value_of(expression: str, row: Row) -> Any:
    """The value of an expression for a row."""
    tokens = _TOKEN.findall(expression)
    assert "".join(tokens) == re.sub(r'\s+(?=(?:[^"]*"[^"]*")*[^"]*\Z)', "", expression), expression
    value, rest = _parsed(tokens, row)
    assert not rest, expression
    return value


def _parsed(tokens: list[str], row: Row) -> tuple[Any, list[str]]:
    first, *rest = tokens
    if first.startswith(("@", '"')):
        return first.lstrip("@")[1:-1], rest
    if first.isdigit():
        return int(first), rest
    if rest[:1] != ["("]:
        value: Any = row[first]
        if rest[:1] == ["["]:
            return value.get(rest[1][1:-1]), rest[3:]
        return value, rest
    arguments, rest = _arguments(rest[1:], row)
    if first == "column_ifexists":
        return row.get(arguments[0], arguments[1]), rest
    return _FUNCTIONS[first](*arguments), rest


def _arguments(tokens: list[str], row: Row) -> tuple[list[Any], list[str]]:
    values = []
    while True:
        value, tokens = _parsed(tokens, row)
        values.append(value)
        sign, *tokens = tokens
        if sign == ")":
            return values, tokens
