"""The path from a machine or a pod to the services, as an inline picture: where it breaks, and for whom.

It says all of it in words, too: a cross has its layer beside it, and the whole has a title and a description.
"""

from __future__ import annotations

from html import escape
from typing import Any, Iterator, Mapping, NamedTuple, Sequence

from . import FINE, endpoint

_WIDTH, _LINE, _FIRST, _BOX, _TEXT = 700, 20, 16, 34, 250
_MOST = 12
_LONGEST = 52
Row = Mapping[str, Any]


class Station(NamedTuple):
    """A place on the path, and the layers that break there."""

    name: str
    layers: tuple[str, ...]


def picture(report: Mapping[str, Any]) -> str:
    """The picture of a report of `test`; nothing where nothing breaks."""
    broken = [row for row in report["results"] if row["layer"] and row["verdict"] not in (*FINE, "skipped")]
    if not broken:
        return ""
    stations = list(_stations(report))
    at = {station.name: [row for row in broken if _where(row, stations) == station.name] for station in stations}
    drawn, height = _drawn(stations, at)
    words = "; ".join(f"{len(rows)} at {name}: {_names(rows)}" for name, rows in at.items() if rows)
    return (
        f'<section class=picture><h2>Where it breaks</h2><svg role=img viewBox="0 0 {_WIDTH} {height}" '
        f'aria-labelledby="path-title path-text"><title id=path-title>The path to the services</title>'
        f"<desc id=path-text>{escape(words)}</desc>{drawn}</svg></section>"
    )


def _stations(report: Mapping[str, Any]) -> Iterator[Station]:
    """The path of this report: a proxy stands on it where one is used, a private endpoint where one is."""
    vantages = report["vantages"]
    pods = any(one.get("pool") or "pod" in one["place"] for one in vantages)
    yield Station("Pod" if pods else "This machine", ("pod",))
    yield Station("DNS", ("dns",))
    if any((one["proxy"] or {}).get("https") or (one["proxy"] or {}).get("http") for one in vantages):
        yield Station("Proxy", ("proxy",))
    yield Station("Firewall and network", ("tcp", "tls", "http", "smb", "ntp"))
    if any(row.get("private") for row in report["results"]):
        yield Station("Private endpoint", ())
    yield Station("Azure's service", ())


_AT_SERVICE = ("azure", "platform")


def _where(row: Row, stations: Sequence[Station]) -> str:
    """The station that a row breaks at: by the layer, and by whose the cause is."""
    names = [station.name for station in stations]
    if row["layer"] == "http" and row.get("owner") in _AT_SERVICE:
        return names[-1]
    if row.get("private") and row["layer"] == "tcp" and "Private endpoint" in names:
        return "Private endpoint"
    return next((station.name for station in stations if row["layer"] in station.layers), names[0])


def _drawn(stations: Sequence[Station], at: Mapping[str, Sequence[Row]]) -> tuple[str, int]:
    """The stations from top to bottom, a cross at each that breaks, and beside it the hosts."""
    parts, top = "", _FIRST
    for number, station in enumerate(stations):
        rows = list(at[station.name])
        lines = list(_lines(rows))
        tall = max(_BOX, 8 + _LINE * len(lines))
        if number < len(stations) - 1:
            parts += f"<line class=way x1=110 y1={top + _BOX} x2=110 y2={top + tall + 22} />"
        parts += f"<rect x=10 y={top} width=200 height={_BOX} rx=6 />"
        parts += f"<text class=station x=24 y={top + 22}>{escape(station.name)}</text>"
        if rows:
            parts += f"<path class=cross d='M222 {top + 9}l16 16m0 -16l-16 16' />"
        for place, (text, tone) in enumerate(lines):
            parts += f"<text{tone} x={_TEXT} y={top + 22 + _LINE * place}>{escape(text)}</text>"
        top += tall + 22
    return parts, top


def _lines(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """The causes at one station, each with its hosts beneath; of many the first."""
    causes = list(dict.fromkeys(row["cause"] or row["verdict"] for row in rows))
    for cause in causes:
        hosts = list(dict.fromkeys(endpoint(row) for row in rows if (row["cause"] or row["verdict"]) == cause))
        yield f"✕ {cause}"[:_LONGEST], " class=station"
        for host in hosts[:_MOST]:
            yield host if len(host) <= _LONGEST else f"{host[:20]}…{host[21 - _LONGEST :]}", ""
        if len(hosts) > _MOST:
            yield f"and {len(hosts) - _MOST} more", " class=dim"


def _names(rows: Sequence[Row]) -> str:
    causes = dict.fromkeys(row["cause"] or row["verdict"] for row in rows)
    hosts = list(dict.fromkeys(map(endpoint, rows)))
    more = f" and {len(hosts) - _MOST} more" if len(hosts) > _MOST else ""
    return f"{', '.join(causes)} ({', '.join(hosts[:_MOST])}{more})"
