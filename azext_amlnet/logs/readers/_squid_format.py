"""squid's access.log in a `logformat` of somebody's own: the definition says where each field stands. Pure.

http://www.squid-cache.org/Doc/config/logformat/ (2026-11-27). Built are the codes that tell time, client, decision and
destination; all others are passed over, and so is what a client wrote besides.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Iterable, Iterator, Mapping

from ...errors import UsageError
from ..model import Event, Key, Meaning, Raw, ReadingNotes
from ._fields import epoch_of, host_of, of_epoch, of_form, of_iso, port_of
from .squid import begun_at, short_url, what_it_says

_CODE = re.compile(
    r"%(?P<encoding>[\"\[#/'])?(?P<left>-)?(?P<width>[0-9]*)(?P<most>\.[0-9]+)?(?:\{(?P<before>[^}]*)\})?"
    r"(?P<code>%|(?:http::)?(?:[a-z_]+::)?[<>]?[A-Za-z_]+)(?:\{(?P<behind>[^}]*)\})?"
)
_FIELDS = {
    "ts": "seconds",
    "tu": "fraction",
    "tl": "local",
    "tg": "gmt",
    **dict.fromkeys((">a", ">A"), "client"),
    "Ss": "tag",
    **dict.fromkeys((">Hs", "Hs"), "status"),
    "tr": "lasted",
    "<st": "size",
    **dict.fromkeys(("rm", ">rm", "<rm"), "method"),
    **dict.fromkeys(("ru", ">ru", "<ru"), "url"),
    **dict.fromkeys(("rd", ">rd"), "domain"),
    **dict.fromkeys((">rP", "rP"), "port"),
    "ssl::>sni": "sni",
}
_PATTERNS = {
    "ts": r"[0-9]{10}", "tu": "[0-9]{1,3}", "tr": "-?[0-9]+", "Ss": "[A-Z_]+",
    **dict.fromkeys((">Hs", "Hs"), "[0-9]{1,3}|-"),
    "tl": r"[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9:]{8} [+-][0-9]{4}",
    "tg": r"[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9:]{8} [+-][0-9]{4}",
}  # fmt: skip
_QUOTED = r"(?:[^\"\\]|\\.)*"


def pattern_of(definition: str) -> re.Pattern[str]:
    """What a line looks like; raises UsageError for a definition that tells no decision or no destination."""
    whole = _unquoted(re.sub(r"\\\r?\n\s*", "", definition))
    text = _unquoted(re.sub(r"\A\s*logformat\s+\S+\s+", "", whole))
    parts, at, seen = [r"\s*"], 0, set[str]()
    for match in _CODE.finditer(text):
        literal, at = text[at : match.start()], match.end()
        parts.append(re.escape(literal))
        parts.append("%" if match["code"] == "%" else _part(match, text[: match.start()][-1:], text[at : at + 1], seen))
    parts.append(re.escape(text[at:]) + r"\s*\Z")
    lacking = [name for name, field in (("%Ss", "tag"), ("%>Hs", "status"), ("%rm", "method")) if field not in seen]
    lacking += [] if seen & {"url", "domain", "sni"} else ["%ru"]
    if lacking:
        what = (
            f"--log-format lacks {' and '.join(lacking)}, without which no line tells what squid decided of which host."
        )
        raise UsageError(what, "Give the definition of squid.conf: --log-format '%ts.%03tu %>a %Ss/%03>Hs %rm %ru'.")
    return re.compile("".join(parts))


def _unquoted(text: str) -> str:
    """A definition without the quotes around all of it, which a shell or squid.conf may want."""
    text = text.strip()
    around = len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" and not text.startswith('"%')
    return text[1:-1] if around else text


def _part(match: re.Match[str], before: str, after: str, seen: set[str]) -> str:
    """The pattern of one code, by a name where it is read."""
    code, argument = match["code"].removeprefix("http::"), match["before"] or match["behind"] or ""
    dated = code in ("tl", "tg")
    known = "" if argument and not dated else _FIELDS.get(code, "")
    other = _other(match["encoding"] == '"' or before == after == '"', before, after)
    pattern = other if argument else _PATTERNS.get(code, other)
    if dated and argument and pattern == r"\S+":
        pattern += rf"(?: \S+){{{argument.count(' ')}}}"
    if match["most"] and known and code not in ("ts", "tu"):
        what = f"--log-format cuts %{code} ({match['most']}), so that another host or decision may be meant."
        raise UsageError(what, "Take the length out, there and in squid.conf.")
    if after == "%" and pattern == r"\S+":
        what = f"--log-format has nothing between %{code} and what follows it, so that a line cannot be taken apart."
        raise UsageError(what, "Put a blank between the two, there and in squid.conf.")
    named = bool(known) and known not in seen
    seen.add(known)
    group = f"({f'?P<{known}>' if named else '?:'}{pattern})"
    if not match["width"]:
        return group
    return f"{group} *" if match["left"] else f" *{group}"


def _other(quoted: bool, before: str, after: str) -> str:
    """What a field may hold that ends where the definition goes on; the last one has no separator in it either."""
    if quoted:
        return _QUOTED
    if after.strip(" \t%"):
        return rf"[^{re.escape(after)}\n]*"
    return rf"[^\s{re.escape(before)}]*" if not after and before.strip(" \t") else r"\S+"


class SquidFormatReader:
    """Reads the lines of one definition."""

    def __init__(self, definition: str) -> None:
        self.pattern = pattern_of(definition)

    def read(self, lines: Iterable[str], notes: ReadingNotes) -> Iterator[Raw]:
        """The records: tag with status, method, destination, and whether anything came back."""
        for line in lines:
            match = self.pattern.match(line) if len(line) < _LONGEST else None
            if match is None:
                if line.strip():
                    notes.lost("no line of that logformat")
                continue
            row = match.groupdict("")
            result = f"{row['tag']}/{row['status'].replace('-', '0').rjust(3, '0')}"
            empty, sni = not row.get("size", "").strip("0-"), host_of(row.get("sni", ""))
            key = (result, row["method"], _url(row), empty, not row.get("lasted"), sni)
            yield key, row.get("client", ""), _moment(row, result), 1

    def time(self, when: str) -> str:
        """A moment in ISO 8601."""
        return of_iso(when)

    def meaning(self, key: Key) -> Meaning:
        """What squid's own line says; a server name (SNI) stands in for a host where there is an address alone."""
        *plain, sni = key
        meaning = what_it_says(*plain)
        if isinstance(meaning, Event) and sni and not meaning.host:
            return replace(meaning, host=sni)
        return meaning


_LONGEST = 1 << 16


def _url(row: Mapping[str, str]) -> str:
    """What was asked for, as a URL without what stands behind its host."""
    url = short_url(row.get("url", ""))
    if url.strip("-"):
        return url
    host = row.get("domain", "").strip("-") or row.get("sni", "").strip("-")
    port = port_of(row.get("port", "")) or (443 if row.get("method") == "CONNECT" else 0)
    return f"{host}:{port}" if host and port else host


def _moment(row: Mapping[str, str], result: str) -> str:
    """When squid decided; a time of day without its zone is none."""
    if row.get("seconds"):
        ended = f"{row['seconds']}.{(row.get('fraction') or '0').rjust(3, '0')}"
    else:
        day, sure = row.get("gmt") or row.get("local", ""), bool(row.get("gmt"))
        text = of_form(day, "%d/%b/%Y:%H:%M:%S %z") or (of_iso(day) if sure or _ZONE.search(day) else "")
        ended = epoch_of(text)
    return of_epoch(float(begun_at(ended, row.get("lasted", ""), result))) if ended else ""


_ZONE = re.compile(r"(?:Z|[+-][0-9]{2}:?[0-9]{2})\Z")
