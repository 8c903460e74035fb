"""Who breaks, or needs the authority, where TLS is inspected: by documents, for kinds of clusters. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Collection, Iterable, Mapping, Optional

from ..errors import CatalogError
from ..model import (
    Catalog,
    CatalogEntry,
    ClusterType,
    Effect,
    InspectedComponent,
    Protocol,
    Requirement,
    Source,
    TrustStore,
)
from . import blocks, schema

_NEEDED = ("component", "clusters", "entries", "effect", "because", "remedy", "source")
_KINDS = (ClusterType.AKS, ClusterType.ARC)


def with_inspection(
    entries: tuple[CatalogEntry, ...], text: Optional[str], pages: Mapping[str, Source]
) -> tuple[CatalogEntry, ...]:
    """The entries, each with the components that inspection.yaml names for it; a folder of 1.0.0b1 has none.

    Raises CatalogError, which names file and line, when the data breaks the schema.
    """
    if text is None:
        return entries
    name = "inspection.yaml"
    of_entry: dict[str, list[InspectedComponent]] = {entry.id: [] for entry in entries}
    for block in blocks.listing(blocks.read_yaml(text, name), f"{name}:1", name):
        ids, component = _read(block, f"{name}:1", of_entry, pages)
        for entry in ids:
            of_entry[entry].append(component)
    carried = {name: tuple(components) for name, components in of_entry.items() if components}
    return tuple(replace(one, inspection=carried[one.id]) if one.id in carried else one for one in entries)


def _read(
    block: Any, place: str, known: Collection[str], pages: Mapping[str, Source]
) -> tuple[list[str], InspectedComponent]:
    block = blocks.keys(block, place, _NEEDED, ("store",))
    place = block.place
    kinds = [kind.value for kind in _KINDS]
    effects = [effect.value for effect in Effect if effect is not Effect.OK]  # what no document can say of a network
    effect = Effect(blocks.one_of(block["effect"], effects, place, "effect"))
    if ("store" in block) is not (effect is Effect.NEEDS_AUTHORITY):
        raise CatalogError(f"{place}: 'store' is for what needs an authority, and only for that")
    stores = [store.value for store in TrustStore]
    clusters, entries = (blocks.listing(block[name], place, name) for name in ("clusters", "entries"))
    component = InspectedComponent(
        component=blocks.text(block["component"], place, "component"),
        clusters=tuple(ClusterType(blocks.one_of(kind, kinds, place, "kind of cluster")) for kind in clusters),
        effect=effect,
        store=TrustStore(blocks.one_of(block["store"], stores, place, "store")) if "store" in block else None,
        because=blocks.text(block["because"], place, "because"),
        remedy=blocks.text(block["remedy"], place, "remedy"),
        sources=schema.read_sources(block["source"], place, pages),
    )
    return [blocks.one_of(entry, known, place, "entry") for entry in entries], component


def components_of(entries: Iterable[CatalogEntry], kinds: Collection[ClusterType]) -> tuple[InspectedComponent, ...]:
    """The components of clusters of these kinds that need one of these entries, each once; of no kinds: of both."""
    wanted = set(kinds) & set(_KINDS) or set(_KINDS)
    components = (component for entry in entries for component in entry.inspection)
    return tuple(dict.fromkeys(component for component in components if wanted & set(component.clusters)))


EntriesOf = Callable[[Requirement], list[CatalogEntry]]


def entries_of(catalog: Catalog) -> EntriesOf:
    """What gives the entries of a row, as far as the catalog has them."""
    by_id = {entry.id: entry for entry in catalog.entries}
    return lambda row: [by_id[name] for name in row.entries if name in by_id]


def effect_on(components: Iterable[InspectedComponent]) -> Optional[Effect]:
    """The worst that a document says: breaks, else needs-authority; None where no document says either."""
    return worst(component.effect for component in components)


def worst(effects: Iterable[Optional[Effect]]) -> Optional[Effect]:
    """The worst of effects: breaks, else needs-authority; None where none of them is either."""
    known = set(effects)
    return next((effect for effect in (Effect.BREAKS, Effect.NEEDS_AUTHORITY) if effect in known), None)


def exemptions(catalog: Catalog, rows: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """The rows that must not be inspected, each with who breaks as its reason and the documents that say so.

    Rows of an earlier release do not say so themselves; then their entries do, whatever kind of cluster there is.
    """
    rows, of = tuple(rows), entries_of(catalog)
    if any(row.inspection for row in rows):
        rows = tuple(row for row in rows if row.inspection is Effect.BREAKS)
    return tuple(filter(None, (_exemption(row, of(row)) for row in rows)))


def _exemption(row: Requirement, entries: Iterable[CatalogEntry]) -> Optional[Requirement]:
    breaking = [component for component in components_of(entries, ()) if component.effect is Effect.BREAKS]
    if not breaking or row.protocol not in (Protocol.HTTPS, Protocol.TLS):
        return None
    reason = " ".join(f"{component.component}: {component.because}" for component in breaking)
    sources = tuple(dict.fromkeys(source for component in breaking for source in component.sources))
    return replace(row, reason=reason, sources=sources, notes=())
