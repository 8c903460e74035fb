"""Single hosts: whether a list asks for them and why, and what they resemble where it does not. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Iterator, Mapping, Optional, Sequence

from ..errors import UsageError
from ..model import (
    Catalog,
    Cloud,
    HostAnswer,
    Kind,
    Level,
    Likeness,
    Nearest,
    Requirement,
    Scenario,
    Scope,
    Workspace,
)
from ..text import is_target
from .expand import of_unknown_workspaces
from .merge import listed

_PART = re.compile(r"<([^<>]*)>")
Shape = tuple[Cloud, Requirement]


def answers(catalog: Catalog, parts: Sequence[tuple[Workspace, Scope]], names: Sequence[str]) -> tuple[HostAnswer, ...]:
    """What the list of workspaces, each within a scope, says of each host: its rows, or what it resembles.

    The rows are those at any level and for any scenario; the scopes say which list is meant by `listed`. Raises
    UsageError for what is no host name and no address.
    """

    def rows_for(**other: Any) -> tuple[Requirement, ...]:
        return listed(catalog, [(one, replace(scope, **other)) for one, scope in parts]).rows

    hosts = [_host(name) for name in names]
    asked, cloud = {row.host for row in rows_for()}, parts[0][0].cloud
    whole = {"level": Level.OPTIONAL, "exclude": ()}
    rows = rows_for(**whole, scenarios=tuple(Scenario))
    levels: dict[str, dict[Scenario, Level]] = {}
    for scenario in Scenario:
        for row in rows_for(**whole, scenarios=(scenario,)):
            levels.setdefault(row.host, {})[scenario] = row.level
    shapes = tuple(_shapes(catalog))
    return tuple(_answer(catalog, cloud, host, rows, asked, levels, shapes) for host in hosts)


def _host(name: str) -> str:
    host = name.strip().lower().rstrip(".")
    if not is_target(host.removeprefix("*.")):
        shown = name.rpartition("@")[2].partition("?")[0][:80]  # what is cut off could be a password or a token
        raise UsageError(f"--host is no host name: '{shown}'.", "Give names alone, without scheme, port and path.")
    return host


def _answer(
    catalog: Catalog,
    cloud: Cloud,
    host: str,
    rows: Sequence[Requirement],
    asked: set[str],
    levels: Mapping[str, Mapping[Scenario, Level]],
    shapes: Sequence[Shape],
) -> HostAnswer:
    exact = [row for row in rows if row.host == host]
    of_host = exact or sorted(_around(host, rows), key=lambda row: -len(row.host))
    nearest = None if exact else _nearest(catalog, cloud, host, rows, shapes)
    if of_host and nearest and nearest.likeness is Likeness.NOT_NEEDED:
        nearest = None
    listed = any(row.host in asked for row in of_host)
    level = min((row.level for row in of_host), key=lambda level: level.rank, default=None)
    because = nearest.because if nearest else "Neither on the list nor like anything that the catalog knows."
    if of_host:
        because = _because(catalog, host, of_host[0], nearest, "" if listed else _unlisted(levels[of_host[0].host]))
    return HostAnswer(host, listed, level, because, tuple(of_host), nearest)


def _around(host: str, rows: Sequence[Requirement]) -> Iterator[Requirement]:
    """The wildcards of the list that hold the host."""
    yield from (row for row in rows if row.kind is Kind.WILDCARD and host.endswith(row.host[1:]))


def _because(catalog: Catalog, host: str, row: Requirement, nearest: Optional[Nearest], unlisted: str) -> str:
    if row.host == host:
        return f"{row.reason}{unlisted}"
    shared = catalog.shared.get(row.host[2:])
    caution = f" {nearest.because}" if nearest and (shared or unlisted) else ""
    return f"Below {row.host}{f'; {shared}' if shared else ''}.{caution} {row.reason}{unlisted}"


def _unlisted(levels: Mapping[Scenario, Level]) -> str:
    """That a row is not on the list, and at which level it would be for what."""
    by_level = ((level, [s.value for s, of_scenario in levels.items() if of_scenario is level]) for level in Level)
    words = "; ".join(f"{level.value} for {', '.join(names)}" for level, names in by_level if names)
    return f" Not on the list that was asked for: {words}."


# ---------------------------------------------------------------------------------------------------------------------
# What a host resembles


def _nearest(
    catalog: Catalog, own_cloud: Cloud, host: str, rows: Sequence[Requirement], shapes: Sequence[Shape]
) -> Optional[Nearest]:
    retired = next((one for one in catalog.retired if one.host == host), None)
    if retired:
        return Nearest(Likeness.RETIRED, host, f"Retired since {retired.since}: {retired.reason}.")
    fitting = [(cloud, shape) for cloud, shape in shapes if _pattern(shape.host).fullmatch(host)]
    if not fitting:
        return None
    cloud, shape = max(fitting, key=lambda pair: _fitness(pair[1], pair[0] is own_cloud))
    if cloud is not own_cloud:
        return Nearest(Likeness.OTHER_CLOUD, shape.host, f"Of {cloud.label}, not of {own_cloud.label}.")
    own = [row.host for row in rows if set(row.entries) & set(shape.entries) and row.kind is shape.kind]
    return _like_own(host, shape, own)


def _fitness(shape: Requirement, of_own_cloud: bool) -> tuple[bool, int, bool]:
    """How well a shape tells what a host is: one of the own cloud, with the most that is fixed, no wildcard."""
    fixed = _PART.sub("", shape.host.removeprefix("*"))
    return of_own_cloud, len(fixed), shape.kind is Kind.FQDN


def _like_own(host: str, shape: Requirement, own: Sequence[str]) -> Nearest:
    """How a host that has the shape of an entry differs from the hosts that the entry brings here."""
    parts = _PART.findall(shape.host)
    values = _pattern(shape.host).fullmatch(host)
    for other in own:
        others = _pattern(shape.host).fullmatch(other)
        if not (values and others):
            continue
        differing = {part for part, a, b in zip(parts, values.groups(), others.groups(), strict=True) if a != b}
        if all("region" in part for part in differing):
            return Nearest(Likeness.OTHER_REGION, other, f"Like {other}, but of another region.")
    what = next((part for part in parts if "region" not in part), parts[0] if parts else "")
    known = [other for other in own if "<" not in other]
    if known and parts:
        return Nearest(
            Likeness.OTHER_RESOURCE, known[0], f"Like {known[0]}, but another {what} than those in use here."
        )
    if own and parts:
        because = f"It has the form of {own[0]}; which {what} that is, is not known here."
        return Nearest(Likeness.SAME_FORM, own[0], because)
    condition = next(iter(shape.conditions), "")
    why = f" {condition.removeprefix('Condition: ')}" if condition else ""
    return Nearest(Likeness.NOT_NEEDED, shape.host, f"Known, but not needed here: {shape.reason}{why}")


def _shapes(catalog: Catalog) -> Iterator[Shape]:
    """The hosts that the catalog can ask for, with `<parts>` where a workspace's own would stand."""
    for cloud, row in of_unknown_workspaces(catalog):
        if row.kind in (Kind.FQDN, Kind.WILDCARD) and _PART.sub("", row.host).strip("."):
            yield cloud, row


def _pattern(shape: str) -> re.Pattern[str]:
    """A host with `<parts>`, each of which stands for one label or the beginning of one; `*.` for any labels."""
    pieces = _PART.split(shape.removeprefix("*."))
    text = "".join(r"([a-z0-9_-]+)" if index % 2 else re.escape(piece) for index, piece in enumerate(pieces))
    return re.compile((r"(?:[a-z0-9_-]+\.)+" if shape.startswith("*.") else "") + text)
