"""The catalog of outbound endpoints: what Azure documents, as data, with its evidence."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, Mapping, Optional

from ..errors import CatalogError
from ..model import Catalog, CatalogEntry, Cloud, CrossCheck, Middlebox, Origin, Proof, ServiceTag, Source, Tags, Topic
from . import blocks, schema
from .inspection import with_inspection

DATA = Path(__file__).with_name("data")


def load(folder: Optional[str] = None) -> Catalog:
    """The catalog of a folder, by default the one that ships with the tool.

    Raises CatalogError, which names file and line, when the data breaks the schema; nothing is fetched.
    """
    root = Path(folder) if folder else DATA
    texts = _texts(root)
    book = _book(texts, root)
    place, pages = book.place, _pages(book)
    proofs = _proofs(book, pages)
    clouds, notes = _clouds(book["clouds"], place)
    middleboxes, inspection = _middleboxes(texts), texts.pop("inspection.yaml", None)
    return Catalog(
        version=blocks.text(book["version"], place, "version"),
        digest=_digest(root),
        path=str(root),
        clouds=clouds,
        cloud_notes=notes,
        arc_region_codes=_arc_region_codes(book),
        proofs=proofs,
        public_issuers=schema.read_issuers(book["public_issuers"], place, pages),
        middleboxes=middleboxes,
        cross_checks=_cross_checks(book, pages),
        entries=with_inspection(_tagged(_entries(texts, pages, proofs), book, pages), inspection, pages),
        retired=tuple(
            schema.read_retired(block, place, pages) for block in blocks.listing(book["retired"], place, "retired")
        ),
        shared=_shared(book, clouds, pages),
        service_tag_table=_service_tag_table(book, pages),
    )


Pages = Mapping[str, Source]


def _pages(book: blocks.Block) -> Pages:
    pages = blocks.mapping(book["pages"], book.place, "pages")
    return {name: schema.read_page(page, book.place) for name, page in pages.items()}


def _proofs(book: blocks.Block, pages: Pages) -> dict[str, Proof]:
    proofs = blocks.mapping(book["proofs"], book.place, "proofs")
    return {name: schema.read_proof(name, proof, book.place, pages) for name, proof in proofs.items()}


def _arc_region_codes(book: blocks.Block) -> dict[str, str]:
    codes = blocks.mapping(book.get("arc_region_codes", blocks.Block()), book.place, "arc_region_codes")
    return {region: blocks.text(code, book.place, region) for region, code in codes.items()}


def _cross_checks(book: blocks.Block, pages: Pages) -> dict[Origin, CrossCheck]:
    checks = blocks.keys(book["cross_checks"], book.place, (), [origin.value for origin in Origin])
    return {
        Origin(name): schema.read_cross_check(Origin(name), check, book.place, pages) for name, check in checks.items()
    }


def _shared(book: blocks.Block, clouds: Mapping[Cloud, Mapping[str, str]], pages: Pages) -> dict[str, str]:
    return {
        name: reason
        for block in blocks.listing(book.get("shared", []), book.place, "shared")
        for name, reason in schema.read_shared(block, book.place, clouds, pages).items()
    }


def _service_tag_table(book: blocks.Block, pages: Pages) -> tuple[ServiceTag, ...]:
    table = blocks.listing(book.get("service_tag_table", []), book.place, "service_tag_table")
    return tuple(schema.read_service_tag(block, book.place, pages) for block in table)


def _book(texts: dict[str, str], root: Path) -> blocks.Block:
    """The tables of catalog.yaml, taken out of the texts."""
    if "catalog.yaml" not in texts:
        raise CatalogError(f"{root}: no catalog.yaml in this folder", "docs/catalog.md says how a catalog is laid out.")
    return blocks.keys(
        blocks.read_yaml(texts.pop("catalog.yaml"), "catalog.yaml"),
        "catalog.yaml:1",
        ("version", "pages", "clouds", "public_issuers", "proofs", "cross_checks", "retired"),
        ("arc_region_codes", "service_tags", "fqdn_tags", "shared", "service_tag_table"),
    )


def _middleboxes(texts: dict[str, str]) -> tuple[Middlebox, ...]:
    """The makers of middleboxes.yaml, taken out of the texts; a folder of 1.0.0b1 has none."""
    name = "middleboxes.yaml"
    document = blocks.read_yaml(texts.pop(name), name) if name in texts else []
    if not isinstance(document, list):
        raise CatalogError(f"{name}:1: expected a list of makers")
    return tuple(schema.read_middlebox(block, f"{name}:1") for block in document)


def _texts(root: Path) -> dict[str, str]:
    try:
        return {path.name: path.read_text(encoding="utf-8") for path in sorted(root.glob("*.yaml"))}
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{root}: cannot be read: {error}") from None


def _digest(root: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(root.glob("*.yaml")):
        whole.update(os.fsencode(path.name) + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()[:12]


def _clouds(value: Any, place: str) -> tuple[dict[Cloud, dict[str, str]], dict[Cloud, str]]:
    block = blocks.keys(value, place, [cloud.value for cloud in Cloud])
    clouds, notes = {}, {}
    for name, suffixes in block.items():
        suffixes = blocks.keys(suffixes, place, ("storage", "acr", "vault", "servicebus", "aml_api", "arm"), ("note",))
        plain = {key: schema.host(text, suffixes.place, key) for key, text in suffixes.items() if key != "note"}
        clouds[Cloud(name)] = plain
        if "note" in suffixes:
            notes[Cloud(name)] = blocks.text(suffixes["note"], suffixes.place, "note")
    return clouds, notes


def _tagged(entries: tuple[CatalogEntry, ...], book: blocks.Block, pages: Any) -> tuple[CatalogEntry, ...]:
    """The entries, each with the tags that the tables of tags name for it."""
    known = {entry.id for entry in entries}
    tags_by_table: dict[str, dict[str, Tags]] = {"service_tags": {}, "fqdn_tags": {}}
    for table, tags_of in tags_by_table.items():
        for block in blocks.listing(book.get(table, []), book.place, table):
            names, tags = schema.read_tags(block, book.place, pages)
            for name in names:
                blocks.one_of(name, known, block.place, "entry")
                if name in tags_of:
                    raise CatalogError(f"{block.place}: the entry '{name}' stands in {table} twice")
                tags_of[name] = tags
    service, fqdn = tags_by_table["service_tags"], tags_by_table["fqdn_tags"]
    return tuple(schema.with_tags(entry, service.get(entry.id), fqdn.get(entry.id), book.place) for entry in entries)


def _entries(texts: dict[str, str], pages: Any, proofs: Any) -> tuple[CatalogEntry, ...]:
    for name in texts:
        known = [topic.value for topic in Topic]
        blocks.one_of(name.removesuffix(".yaml"), known, f"{name}:1", "topic (the file's name)")
    entries: list[CatalogEntry] = []
    places: dict[str, str] = {}
    for topic in Topic:
        name = f"{topic.value}.yaml"
        if topic is Topic.CERTIFICATES and name not in texts:  # a folder of 1.0.0b1 has none
            continue
        document = blocks.read_yaml(texts[name], name) if name in texts else None
        if not isinstance(document, list):
            raise CatalogError(f"{name}:1: expected a list of entries")
        for block in document:
            entry = schema.read_entry(block, f"{name}:1", topic, len(entries), pages, proofs)
            if entry.id in places:
                raise CatalogError(f"{entry.place}: the id '{entry.id}' is taken already at {places[entry.id]}")
            places[entry.id] = entry.place
            entries.append(entry)
    for entry in entries:
        for name in entry.instead_of:
            blocks.one_of(name, places, entry.place, "entry")
    return tuple(entries)
