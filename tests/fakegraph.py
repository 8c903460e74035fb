"""A loopback Resource Graph: rows of a fake Azure's resources, by queries that it reads and works out itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

PATH = "/providers/microsoft.resourcegraph/resources"
MOST_BYTES = 16 * 1024 * 1024
EXTENSIONS = "kubernetesconfigurationresources"
CHILDREN = {"replications", "extensions", "namespaces"}
"""The collections of a fake Azure whose items are rows of their own."""
NOT_THERE = ("computes", "datastores", "outboundnetworkdependenciesendpoints")
"""What Resource Graph does not have."""


@dataclass
class Graph:
    """How it answers: which api-version rows are of, what is left out, how ids are spelled, how large a page may be."""

    subscriptions: dict[str, str]
    version: str = "2026-06-01"
    without: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    lower_ids: bool = False
    truncated: bool = False
    most_bytes: int = MOST_BYTES
    forget_total: bool = False
    repeat_token: bool = False
    groups: dict[str, list[str]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    _cache: dict[Any, list[dict[str, Any]]] = field(default_factory=dict)

    def answer(self, resources: dict[str, Any], body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and document for a query."""
        self.asked.append(body)
        where = self._subscriptions(body)
        if not where:
            named = body.get("subscriptions") or body.get("managementGroups")
            message = f"There must be at least one subscription that is eligible to contain resources. Given: {named}."
            return 400, _error("NoValidSubscriptionsInQueryRequest", message)
        rows = [row for row in self._rows(resources, body["query"]) if row["subscriptionId"] in where]
        return self._page(body, rows)

    def _subscriptions(self, body: dict[str, Any]) -> set[str]:
        if "managementGroups" in body:
            return {one for group in body["managementGroups"] for one in self.groups.get(group, ())}
        return {one.lower() for one in body.get("subscriptions", self.subscriptions)} & set(self.subscriptions)

    def _page(self, body: dict[str, Any], rows: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        options = body.get("options") or {}
        start, size = int(options.get("$skipToken") or 0), int(options.get("$top") or 100)
        columns = columns_of(body["query"])
        page = [{name: value(row) for name, value in columns.items()} for row in rows[start : start + size]]
        bulk = len(json.dumps(page))
        if bulk > self.most_bytes:
            message = f"Response payload size is {bulk}, and has exceeded the limit of {self.most_bytes}."
            return 400, _error("ResponsePayloadTooLarge", message)
        answer: dict[str, Any] = {"totalRecords": len(rows), "count": len(page), "data": page, "facets": []}
        more = start + size < len(rows)
        if more and not self.truncated:
            answer["$skipToken"] = "1" if self.repeat_token else str(start + size)
        answer["resultTruncated"] = "true" if more and self.truncated else "false"
        return 200, answer

    def _rows(self, resources: dict[str, Any], query: str) -> list[dict[str, Any]]:
        """The rows of a table and of types, in the order of ids, each id once."""
        key = (id(resources), len(resources), self.version, self.without, self.hidden, self.lower_ids)
        every = self._cache.get(key)
        if every is None:
            self._cache = {key: sorted(self._every(resources), key=lambda row: str(row["id"]).lower())}
            every = self._cache[key]
        kinds = set(re.findall(r"'([^']*)'", re.search(r"type in~ \(([^)]*)\)", query)[1]))  # type: ignore[index]
        only = re.search(r"id in~ \(([^)]*)\)", query)
        ids = {text.lower() for text in re.findall(r"'([^']*)'", only[1])} if only else None
        rows = [row for row in every if row["table"] == query.split(" ")[0] and row["type"] in kinds]
        return [row for row in rows if ids is None or str(row["id"]).lower() in ids]

    def _every(self, resources: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for identifier, name in self.subscriptions.items():
            kind = "microsoft.resources/subscriptions"
            yield self._row({"name": name}, f"/subscriptions/{identifier}", "resourcecontainers", kind)
        for path, body in resources.items():
            kind = type_of(path)
            if isinstance(body, list) and path.rpartition("/")[2] in CHILDREN:
                for item in body:
                    below = f"{path}/{item.get('name')}"
                    yield self._row(item, str(item.get("id") or below), _table(path), type_of(below))
            elif isinstance(body, dict) and "properties" in body and kind and kind.split("/")[-1] not in NOT_THERE:
                yield self._row(body, str(body.get("id") or path), "resources", kind)

    def _row(self, body: dict[str, Any], path: str, table: str, kind: str) -> dict[str, Any]:
        parts = path.split("/")
        properties = {key: one for key, one in (body.get("properties") or {}).items() if key not in self.without}
        if table == EXTENSIONS:
            properties = {key[:1].upper() + key[1:]: one for key, one in properties.items()}
        return {
            **{key: body.get(key) for key in ("kind", "sku", "tags", "location")},
            "table": table if not any(word in path.lower() for word in self.hidden) else "",
            "id": path.lower() if self.lower_ids else path,
            "name": body.get("name") or parts[-1],
            "type": kind,
            "subscriptionId": parts[2].lower(),
            "properties": properties,
            "apiVersion": self.version,
        }


def type_of(path: str) -> str:
    """The resource type of an ARM path in lower case: that of the last provider in it."""
    provider, _, rest = path.lower().rpartition("/providers/")[2].partition("/")
    return "/".join([provider, *rest.split("/")[::2]]) if rest else ""


def _table(path: str) -> str:
    return EXTENSIONS if "microsoft.kubernetesconfiguration" in path else "resources"


def _error(code: str, message: str) -> dict[str, Any]:
    """As Resource Graph says it: what is wrong stands inside."""
    detail = {"code": code, "message": message}
    return {"error": {"code": "BadRequest", "message": "Please provide below info when asking…", "details": [detail]}}


# ---------------------------------------------------------------------------------------------------------------------
# The part of Kusto's language that columns are made with

Value = Callable[[dict[str, Any]], Any]
_TOKEN = re.compile(r"\s*('(?:\\.|[^'])*'|[A-Za-z_]\w*|\d+|[()\[\],.=])")


def columns_of(query: str) -> dict[str, Value]:
    """What each column of `project` is; a text that is no Kusto raises ValueError."""
    text = re.search(r"\| project (.*) \| order by id asc$", query)
    assert text, f"no project, or rows in no order: {query}"
    reader = _Reader(text[1])
    columns: dict[str, Value] = {}
    while True:
        name = reader.take()
        columns[name] = reader.expression() if reader.ahead("=") else _column(name, [])
        if not reader.ahead(","):
            assert reader.at == len(reader.tokens), f"left over: {reader.tokens[reader.at :]}"
            assert "id" in columns and "id=tostring(id)" in query, "pages need a column that is no object"
            return columns


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = _TOKEN.findall(text)
        assert "".join(self.tokens).replace(" ", "") == re.sub(r"\s", "", text), text
        self.at = 0

    def take(self) -> str:
        self.at += 1
        return str(self.tokens[self.at - 1])

    def ahead(self, sign: str) -> bool:
        """Takes a sign if it is the next."""
        if self.at < len(self.tokens) and self.tokens[self.at] == sign:
            self.at += 1
            return True
        return False

    def expression(self) -> Value:
        token = self.take()
        if token.startswith("'"):
            return lambda row: re.sub(r"\\(.)", r"\1", token[1:-1])
        if token.isdigit():
            return lambda row: int(token)
        if self.ahead("("):
            arguments = [] if self.ahead(")") else [self.expression()]
            while arguments and not self.ahead(")"):
                assert self.ahead(","), self.tokens[self.at :]
                arguments.append(self.expression())
            return lambda row: _FUNCTIONS[token](*(argument(row) for argument in arguments))
        return _column(token, list(self._path()))

    def _path(self) -> Iterator[str]:
        while self.at < len(self.tokens) and self.tokens[self.at] in (".", "["):
            if self.ahead("."):
                yield self.take()
            else:
                self.at += 1
                yield self.take()[1:-1]
                assert self.ahead("]")


def _column(name: str, path: list[str]) -> Value:
    def value(row: dict[str, Any]) -> Any:
        at: Any = row.get(name)
        for part in path:
            at = at.get(part) if isinstance(at, dict) else None
        return at

    return value


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _extract(pattern: str, group: int, text: str) -> Optional[str]:
    match = re.search(pattern, text)
    return match[group] if match else ""


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "pack": lambda *pairs: dict(zip(pairs[::2], pairs[1::2], strict=True)),
    "tostring": _text,
    "strcat": lambda *texts: "".join(map(_text, texts)),
    "coalesce": lambda *values: next((one for one in values if one not in (None, "")), ""),
    "extract": _extract,
}
