"""What a page names, held against the catalog: what either lacks, and where level or scenarios differ."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Iterable, Iterator, Sequence

from azext_amlnet.model import Catalog, CatalogEntry, Cloud, Kind, Level

from .mentions import Mention

# Placeholders of the catalog that stand for a whole name, as the form that the pages give them.
_WHOLE = {
    "registry_login_server": "{}.{acr}",
    "registry_data_host": "{}.{}.data.{acr}",
    "registry_regional_host": "{}.{}.geo.{acr}",
    "secondary_host": "{}-secondary.blob.{storage}",
    "vault_host": "{}.{vault}",
    "service_bus_host": "{}.{servicebus}",
    "relay_host": "{}.{servicebus}",
    "arc_gateway_host": "{}.gw.arc.azure.com",
    "lake_host": "{}.dfs.fabric.microsoft.com",
    **{f"{service}_host": f"{{}}.{service}.{{storage}}" for service in ("blob", "dfs", "file", "queue", "table")},
    **{f"default_{service}_host": f"{{}}.{service}.{{storage}}" for service in ("blob", "queue", "table")},
}
_BY_CLOUD = {
    "api_server": (
        "{}.hcp.{}.azmk8s.io",
        "{}.hcp.{}.cx.aks.containerservice.azure.us",
        "{}.hcp.{}.cx.prod.service.azk8s.cn",
    ),
    "notebook_host": (
        "{}.{}.notebooks.azure.net",
        "{}.{}.notebooks.usgovcloudapi.net",
        "{}.{}.notebooks.chinacloudapi.cn",
    ),
    "ingestion_host": (
        "{}.in.applicationinsights.azure.com",
        "{}.in.applicationinsights.azure.us",
        "{}.in.applicationinsights.azure.cn",
    ),
    "live_host": (
        "{}.livediagnostics.monitor.azure.com",
        "{}.livediagnostics.monitor.azure.us",
        "{}.livediagnostics.monitor.azure.cn",
    ),
}


@dataclass(frozen=True)
class Shape:
    """A host of an entry in a cloud, with `<>` for each placeholder."""

    host: str
    cloud: Cloud
    port: int
    entry: CatalogEntry


@dataclass(frozen=True)
class Difference:
    """One line for a maintainer. `kind`: missing, gone, level, scenario, changed, moved or vanished."""

    kind: str
    page: str
    host: str
    where: str
    section: str
    because: str


class Book:
    """The hosts and service tags of a catalog as shapes."""

    def __init__(self, catalog: Catalog) -> None:
        self.shared = frozenset(catalog.shared)
        self.shapes = tuple(_shapes(catalog))

    def answering(self, mention: Mention) -> list[Shape]:
        """The shapes that a mention is met by: its own, or one around it below which nobody else can have a name."""
        inside = [one for one in self.shapes if not mention.clouds or one.cloud in mention.clouds]
        ported = [one for one in inside if mention.port is None or one.port == mention.port]
        same = [one for one in ported if alike(mention.host, one.host)]
        return same or [one for one in ported if self.holds(one.host, mention.host)]

    def elsewhere(self, host: str) -> list[str]:
        """Where the host stands all the same: in another cloud, at another port."""
        near = {f"{one.entry.id} ({one.cloud.value}, {one.port})" for one in self.shapes if alike(host, one.host)}
        return [f"elsewhere: {', '.join(sorted(near)[:3])}"] if near else []

    def holds(self, shape: str, host: str) -> bool:
        suffix = shape.removeprefix("*.")
        anybody = any(suffix == name or suffix.endswith("." + name) for name in self.shared)
        return shape.startswith("*.") and not anybody and host.endswith("." + suffix)


def alike(asked: str, listed: str) -> bool:
    """Whether a page's name is the catalog's: placeholders may have a value on either side, or be a wildcard's star."""
    if asked == listed:
        return True
    if asked.startswith("*.") and listed.startswith("*."):
        return (
            _pattern(listed[2:]).fullmatch(asked[2:]) is not None
            or _pattern(asked[2:]).fullmatch(listed[2:]) is not None
        )
    if asked.startswith("*.") and listed.startswith("<>."):
        return alike("<>." + asked[2:], listed)
    if listed.startswith("*."):
        return asked.startswith("<>.") and alike(asked[3:], listed[2:])
    return not asked.startswith("*.") and _pattern(listed).fullmatch(asked.replace("<>", "x")) is not None


def _pattern(shape: str) -> re.Pattern[str]:
    return re.compile("[a-z0-9_<>-]+".join(re.escape(part) for part in shape.split("<>")))


def _shapes(catalog: Catalog) -> Iterator[Shape]:
    for entry in catalog.entries:
        for form in entry.forms:
            for cloud, host in form.hosts.items():
                name = _shape(host, cloud, catalog)
                yield Shape(("tag:" if form.kind is Kind.SERVICE_TAG else "") + name, cloud, form.port, entry)
                tags = entry.service_tags
                for tag in tags.names if tags and cloud in tags.clouds else ():
                    yield Shape(f"tag:{_base(tag).lower()}", cloud, form.port, entry)


def _base(tag: str) -> str:
    """A service tag without its region."""
    return re.sub(r"\.[<{].*", "", tag)


def _shape(host: str, cloud: Cloud, catalog: Catalog) -> str:
    order = list(Cloud)
    for name, forms in _BY_CLOUD.items():
        host = host.replace(f"{{{name}}}", forms[order.index(cloud)])
    for name, form in _WHOLE.items():
        host = host.replace(f"{{{name}}}", form)
    for name, suffix in catalog.clouds[cloud].items():
        host = host.replace(f"{{{name}}}", suffix)
    named = re.sub(r"\{[a-z_]*\}", "<>", host)
    return named.removesuffix(".<>").lower()  # a service tag of a region is the tag's own


def digest(mentions: Iterable[Mention]) -> str:
    """What a page names, in short: the same for any order, wording and place of the same hosts and ports."""
    lines = sorted({f"{one.host}:{one.port or ''} {','.join(one.clouds)}" for one in mentions})
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def differences(page: str, url: str, mentions: Sequence[Mention], book: Book, catalog: Catalog) -> Iterator[Difference]:
    """The differences of one page, each host once in each section, in the page's order."""
    seen: set[tuple[str, str, str]] = set()
    for mention in mentions:
        for one in _of_mention(page, url, mention, book):
            key = one.kind, one.host, one.section
            if key not in seen:
                seen.add(key)
                yield one
    for entry in catalog.entries:
        if any(source.url == url for source in entry.sources):
            yield from _gone(page, entry, mentions, book)


def _of_mention(page: str, url: str, mention: Mention, book: Book) -> Iterator[Difference]:
    shapes = book.answering(mention)
    entries = {shape.entry.id: shape.entry for shape in shapes}
    ids = ", ".join(entries)
    if not shapes:
        yield _difference("missing", page, mention, "; ".join(("in no entry", *book.elsewhere(mention.host))))
        return
    best = min((entry.level for entry in entries.values()), key=lambda level: level.rank)
    conditional = all(entry.condition for entry in entries.values() if entry.level is best)
    alone = all(entry.sources[0].url == url and len(entry.sources) == 1 for entry in entries.values())
    if mention.level is Level.REQUIRED and mention.demands and best is not Level.REQUIRED and not conditional:
        yield _difference("level", page, mention, f"the page: required; {ids}: {best.value}")
    if mention.level not in (None, Level.REQUIRED) and best is Level.REQUIRED and alone:
        yield _difference("level", page, mention, f"the page: {mention.level.value}; {ids}: required")
    needed = {scenario for entry in entries.values() for scenario in entry.needed_for}
    lacking = [scenario.value for scenario in mention.scenarios if scenario not in needed]
    if lacking:
        yield _difference("scenario", page, mention, f"the page: {', '.join(lacking)}; not in {ids}")
    more = [s.value for s in needed if s.value in ("training", "inference") and s not in mention.scenarios]
    if mention.scenarios and more and alone:
        yield _difference("scenario", page, mention, f"{ids}: {', '.join(more)}; the page does not say so")


def _gone(page: str, entry: CatalogEntry, mentions: Sequence[Mention], book: Book) -> Iterator[Difference]:
    """An entry that cites the page although the page names none of its hosts."""
    shapes = [shape for shape in book.shapes if shape.entry is entry and shape.host.strip("<>.")]
    if not shapes:  # addresses of the own network: no page names one
        return
    for mention in mentions:
        if any(alike(mention.host, shape.host) or book.holds(shape.host, mention.host) for shape in shapes):
            return
        if any(mention.host.startswith("*.") and shape.host.endswith(mention.host[1:]) for shape in shapes):
            return
    hosts = ", ".join(dict.fromkeys(shape.host for shape in shapes))
    yield Difference("gone", page, entry.id, "", "", f"cites the page, which names none of: {hosts[:160]}")


def _difference(kind: str, page: str, mention: Mention, because: str) -> Difference:
    passage = mention.passage
    clouds = f" [{', '.join(mention.clouds)}]" if mention.clouds else ""
    host = mention.host + (f":{mention.port}" if mention.port else "") + clouds
    return Difference(kind, page, host, f"{passage.file}:{passage.line}", " / ".join(passage.section), because)
