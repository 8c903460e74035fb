"""Passages → the hosts they name, with what they say of each: port, cloud, level, scenario."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterator, Optional

from azext_amlnet.model import Cloud, Level, Scenario

from .passages import Passage

# Labels of names; `<region>`, `{region}` and `[region]` are placeholders, and `md-*` has one.
_LABEL = r"(?:[A-Za-z0-9_*-]|<[A-Za-z][^<>\n]{0,60}>|\{\{?[^{}\n]{1,60}\}\}?|\[[A-Za-z][^\[\]\n]{0,60}\])+"
_HOST = re.compile(
    r"(?<![\w@.}>\]/$-])(?:(?P<scheme>[a-z][a-z0-9+.]*)://)?(?P<host>(?:\*\.)?" + _LABEL + r"(?:\." + _LABEL + r")+)"
    r"(?::(?P<port>\d{1,5})(?!\d))?(?P<path>/[^\s,;|<>`\"']*)?"
)
_BARE_PORT = re.compile(r"(?<![\w.])(?:[a-z]+:)?(\d{1,5})(?![\w.])", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}\Z")
# Endings of files and of code, which look like names. What stands in a column for hosts may end in anything else.
_FILES = re.compile(
    r"md|yml|yaml|json|txt|exe|sh|ps|py|png|svg|zip|tgz|gz|tar|crt|pem|cer|conf|cfg|ini|log|lock|toml|dll|msi|deb|rpm"
    r"|html?|aspx|csv|xml|bicep|tf|go|cs|java|js|cpp|service|local|internal|cluster|default|svc|name|id|value|properties"
)
# Elsewhere, where text about code stands, only these are believed.
_ENDINGS = re.compile(
    r"com|net|org|io|cn|us|ms|ai|dev|uk|de|eu|co|gov|info|cloud|app|sh|site|ly|me|page|tools|jp|br|fr"
)
_HOST_COLUMN = re.compile(
    r"\b(endpoints?|fqdns?|hosts?|host ?names?|urls?|address(es)?|domains?|dns|destinations?|suffix(es)?|names?)\b"
)
_TAG_COLUMN = re.compile(r"service ?tag", re.IGNORECASE)
# Names of service tags have two humps, or are one of these.
_TAG = re.compile(
    r"(?<![\w.*/<-])(?!ServiceTag|RegionCIDR)((?:(?:[A-Z][a-z0-9]+[A-Z]\w*|Storage|Sql)(?:\.(?:[A-Z]\w*|<[^<>]*>))?|[A-Z][a-z]+\.[A-Z]\w+))(?![\w/-])"
)
_CLOUDS = {
    Cloud.USGOV: re.compile(r"government|\bgov\b|usgov|us-gov|fairfax", re.IGNORECASE),
    Cloud.CHINA: re.compile(r"china|21vianet|mooncake", re.IGNORECASE),
    Cloud.PUBLIC: re.compile(
        r"\b(public|commercial|global|worldwide)\b|#tab/azure-cloud\b|^azure cloud\b", re.IGNORECASE
    ),
}
_CONDITION = re.compile(
    r"\b(if|when|whenever|only|unless|optional\w*|scenarios?|depend\w*|for example|features?)\b", re.IGNORECASE
)
_LESS = re.compile(
    r"\b(optional(ly)?|recommended|(can|may) (be )?skip\w*|(isn't|is not|not|aren't) required|nice to have)\b",
    re.IGNORECASE,
)
_MUST = re.compile(r"\b(require[sd]?|must|mandatory|needs?|needed)\b", re.IGNORECASE)
_YES = re.compile(r"[✓✔☑✅]|\b(yes|required|x|true)\b", re.IGNORECASE)
_NO = re.compile(r"\b(no|n/?a|false|optional|recommended)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Mention:
    """A host or a service tag (`tag:Name`) that a page names, with `<>` for each placeholder, and what it says of it.

    Without `clouds`, `level` or `scenarios` the page does not say; `port` likewise. `demands` is false where the level
    hangs on a condition.
    """

    host: str
    port: Optional[int]
    clouds: tuple[Cloud, ...]
    level: Optional[Level]
    demands: bool
    scenarios: tuple[Scenario, ...]
    passage: Passage


def mentions(passage: Passage) -> Iterator[Mention]:
    """The hosts of a passage, each once in each cloud."""
    seen: set[tuple[str, Optional[int], tuple[Cloud, ...]]] = set()
    for title, text in _columns(passage):
        for mention in _of_text(passage, title, text):
            key = mention.host, mention.port, mention.clouds
            if key not in seen:
                seen.add(key)
                yield mention


def _columns(passage: Passage) -> list[tuple[str, str]]:
    """The cells that name what is asked for: those of a host's column, or, where none is called so, all."""
    cells = list(passage.cells.items())
    if passage.kind == "code":
        lines = [line for line in passage.cells[""].splitlines() if line.strip()]
        listed = [line for line in lines if (one := _HOST.match(line.strip())) and _is_host(one, True)]
        return [("", "\n".join(listed))] if len(listed) * 2 > len(lines) else []
    named = [
        (title, text)
        for title, text in cells
        if _HOST_COLUMN.search(title) or _clouds(title) or _TAG_COLUMN.search(title)
    ]
    return [(title, text) for title, text in named if _HOST.search(text) or _TAG_COLUMN.search(title)] or cells


def _of_text(passage: Passage, title: str, text: str) -> Iterator[Mention]:
    in_column = bool(_HOST_COLUMN.search(title)) or passage.kind == "code"
    hosts = [one for one in _HOST.finditer(text) if _is_host(one, in_column)]
    for number, one in enumerate(hosts):
        end = hosts[number + 1].start() if number + 1 < len(hosts) else len(text)
        behind = re.match(r"[^\n(]{0,12}\(([^()\n]*)\)", text[one.end() : end])
        clouds = _clouds(behind[1] if behind else "") or _clouds(title) or _clouds_around(passage)
        port = int(one["port"]) if one["port"] else {"http": 80, "https": 443}.get(one["scheme"] or "")
        for each in (port,) if port and (one["port"] or one["scheme"] == "http") else _ports(passage) or (port,):
            yield _mention(passage, normal(one["host"]), each, clouds)
    if passage.kind == "table" and (_TAG_COLUMN.search(title) or _TAG_COLUMN.search(text)):
        for tag in _TAG.finditer(text):
            for port in _ports(passage) or (None,):
                yield _mention(passage, "tag:" + re.sub(r"\.<.*", "", tag[1]).lower(), port, _clouds_around(passage))


def _mention(passage: Passage, host: str, port: Optional[int], clouds: tuple[Cloud, ...]) -> Mention:
    level, demands = _level(passage)
    return Mention(host, port, clouds, level, demands, _scenarios(passage), passage)


def _is_host(one: re.Match[str], in_column: bool) -> bool:
    name = one["host"]
    last = name.rpartition(".")[2]
    if (
        _ADDRESS.match(name)
        or not re.fullmatch(r"[a-z]{2,12}", last)
        or _FILES.fullmatch(last)
        or name.startswith("Microsoft.")
    ):
        return False
    return bool(one["scheme"]) or in_column or bool(_ENDINGS.fullmatch(last))


def normal(host: str) -> str:
    """A name in lower case with `<>` for every placeholder: `<region>`, `{region}`, `REGION`, a star within a label."""
    wildcard = host.startswith("*.")
    labels = []
    for label in _labels(host.removeprefix("*.")):
        label = re.sub(r"<[^<>]*>|\{+[^{}]*\}+|\[[^\[\]]*\]|\*", "<>", label)
        capitals = re.fullmatch(
            r"[A-Z][A-Z0-9_-]{2,}|(?:YOUR|MY)[-_].*|your[-_].*|my[-_]?(?:acr|registry|workspace|storage\w*|vault)",
            label,
        )
        labels.append("<>" if capitals else re.sub(r"(<>)+", "<>", label.lower()))
    return ("*." if wildcard else "") + ".".join(labels)


def _labels(host: str) -> list[str]:
    """The labels; a dot within a placeholder ends none."""
    return re.findall(_LABEL, host)


def _ports(passage: Passage) -> tuple[int, ...]:
    for title, text in passage.cells.items():
        if re.search(r"\bports?\b", title):
            return tuple(dict.fromkeys(int(port) for port in _BARE_PORT.findall(text) if 0 < int(port) < 65536))
    return ()


def _clouds(text: str) -> tuple[Cloud, ...]:
    return tuple(cloud for cloud in Cloud if cloud in _CLOUDS and _CLOUDS[cloud].search(text)) if text else ()


def _clouds_around(passage: Passage) -> tuple[Cloud, ...]:
    """The clouds that a row's own cell, or the nearest heading, tab or pivot, names."""
    for title, text in passage.cells.items():
        if re.search(r"\bclouds?\b", title) and _clouds(text):
            return _clouds(text)
    return next((clouds for text in reversed(passage.section) if (clouds := _clouds(text))), ())


def _level(passage: Passage) -> tuple[Optional[Level], bool]:
    """The level that a row, its introduction or its heading gives, and whether it holds without a condition."""
    for title, text in passage.cells.items():
        if re.fullmatch(r"(is )?(required|mandatory|necessity|level)\??", title) and text.strip():
            return (Level.REQUIRED, True) if _YES.search(text) and not _NO.search(text) else (Level.OPTIONAL, False)
    if passage.kind in ("prose", "source"):
        return None, False
    row = " ".join(passage.cells.values()) if passage.kind == "table" else ""
    own = row if _LESS.search(row) else next((text for text in passage.cells.values() if _MUST.match(text.strip())), "")
    around = (own if row else "", *reversed(passage.section), passage.introduction)
    words = next((text for text in around if _LESS.search(text) or _MUST.search(text)), "")
    if not words:
        return None, False
    if _LESS.search(words):
        return Level.RECOMMENDED if "recommended" in words.lower() else Level.OPTIONAL, False
    return Level.REQUIRED, not (_CONDITION.search(row) or _CONDITION.search(words))


def _scenarios(passage: Passage) -> tuple[Scenario, ...]:
    """Those whose column has a mark."""
    columns = {title.removesuffix("?"): text for title, text in passage.cells.items()}
    return tuple(
        one for one in Scenario if _YES.search(columns.get(one.value, "")) and not _NO.search(columns[one.value])
    )
