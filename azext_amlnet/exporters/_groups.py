"""Rules of Azure Firewall → rule collection groups that people can read, each within the limits of Azure. Pure.

Of one workspace there is one group. Of several there is one for what is needed in more than one region, and one for
each region, with a collection for each workspace. Names and priorities come of names alone, so that one more workspace
leaves those of the others as they are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import Collection, Iterable, Iterator, Mapping, Sequence

from ..model import Requirement
from ..text import digest
from ._azure_rules import FirewallRule, Rules, firewall_rules
from ._sources import SourcePlan, plan
from ._text import Context

MOST_GROUPS, MOST_PAIRS, MOST_NAMES = 60, 20_000, 1_000
"""Of a policy; of a firewall's network rules the unique pairs of source and destination, and the names.

https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits (2026-11-27)
"""
MOST_BYTES, MOST_OF_TEMPLATE, MOST_OF_GROUP = 2**20, 4 * 2**20, 2 * 2**20
"""Of a resource in a template, with its values; of all that a template makes; and of a group, wherever it comes from.

https://learn.microsoft.com/azure/azure-resource-manager/templates/best-practices (2026-11-27)
"""
Cells = Mapping[str, Rules]
"""The rules of a group: by the workspace that alone needs them, those of several by the empty name."""


@dataclass(frozen=True)
class RuleCollection:
    """A collection of rules of one kind; `offset` is how far it stands behind the priority of its kind."""

    name: str
    kind: str
    offset: int
    rules: tuple[FirewallRule, ...]


@dataclass(frozen=True)
class Group:
    """A rule collection group; `offset` is how far it stands behind the priority of groups."""

    name: str
    offset: int
    collections: tuple[RuleCollection, ...]


@dataclass(frozen=True)
class FirewallPlan:
    """All groups, and where the traffic of their rules comes from."""

    groups: tuple[Group, ...]
    sources: SourcePlan


def firewall_plan(rows: Sequence[Requirement], context: Context, of_template: bool = True) -> FirewallPlan:
    """The groups of a list, as large as a template may have them, or as Azure itself."""
    rules = firewall_rules(rows, context)
    sources = plan(context, (rule.computes for rule in rules))
    regions: dict[str, dict[str, Rules]] = defaultdict(lambda: defaultdict(list))
    for rule in rules:
        region, workspace = _place(rule.computes, context)
        regions[region][workspace].append(rule)
    own = range(_GROUPS[0] + bool(context.lacking_in), _GROUPS[1], 2)  # additions are beside what they are added to
    parts = {
        (f"{context.name}-{slug(region)}" if region else context.name, number): part
        for region in sorted(regions)
        for number, part in enumerate(_within_limits(regions[region], sources, _most(of_template)), 1)
        if part
    }
    names = {key: f"{key[0]}-{key[1]}" if key[1] > 1 else key[0] for key in parts}
    offsets = slots((name for name in names.values() if name != context.name), own)
    groups = [(names[key], tuple(_collections(names[key], part))) for key, part in parts.items()]
    return FirewallPlan(tuple(Group(name, offsets.get(name, 0), some) for name, some in groups), sources)


_GROUPS, _COLLECTIONS = (20, 1000), range(1000, 60_000, 2)
"""The places of groups and of a group's collections behind those that have none: even, so that two kinds fit in."""


def _place(computes: Sequence[str], context: Context) -> tuple[str, str]:
    """The region and the workspace that computes are of; empty where there are several, and of one workspace."""
    whose = {name.rpartition("/")[0] for name in computes} if len(context.workspaces) > 1 else set()
    return _only({context.regions.get(name, "") for name in whose}), _only(whose)


def _only(names: Collection[str]) -> str:
    return next(iter(names)) if len(names) == 1 else ""


def slug(text: str) -> str:
    """A text as a part of a name in Azure; where that loses something a digest tells texts apart."""
    plain = re.sub(r"[^A-Za-z0-9-]", "-", text)[:40]
    return plain if plain == text else f"{plain}-{digest(text)}"


def slots(names: Iterable[str], places: Sequence[int]) -> dict[str, int]:
    """A place for each name, by the name itself; where two want one, the later in the alphabet goes on."""
    taken: dict[int, str] = {}
    for name in sorted(names):
        at = int(digest(name), 16) % len(places)
        while at in taken:
            at = (at + 1) % len(places)
        taken[at] = name
    return {name: places[at] for at, name in taken.items()}


def _collections(group: str, cells: Cells) -> Iterator[RuleCollection]:
    """The collections of a group, network rules first."""
    places = slots((name for name in cells if name), _COLLECTIONS)
    for name in sorted(cells):
        for kind, is_application in (("network", False), ("application", True)):
            rules = tuple(rule for rule in cells[name] if rule.is_application is is_application)
            own = f"{group}-{slug(name)}" if name else group
            offset = places[name] + is_application if name else 0
            if rules:
                yield RuleCollection(f"{own}-{kind}", kind, offset, rules)


# ---------------------------------------------------------------------------------------------------------------------
# Limits


def _most(of_template: bool) -> int:
    """How large a group may be."""
    return MOST_BYTES if of_template else MOST_OF_GROUP


def _within_limits(cells: Cells, sources: SourcePlan, limit: int) -> list[Cells]:
    """The cells of a region in as many parts as fit into a group each, empty ones among them.

    A workspace stays together, unless it is too large by itself. A rule that is fits nowhere, so it counts for nothing.
    """
    most = 0.9 * limit
    sizes = {rule: _bytes([rule], sources) for rules in cells.values() for rule in rules}
    apart = {name for name, rules in cells.items() if not name or sum(map(sizes.__getitem__, rules)) > most}
    count = 1
    while True:
        parts: list[dict[str, Rules]] = [defaultdict(list) for _ in range(count)]
        filled = [0] * count
        for name, rules in cells.items():
            for rule in rules:
                number = int(digest(rule.name if name in apart else name), 16) % count
                parts[number][name].append(rule)
                filled[number] += sizes[rule] if sizes[rule] <= most else 0
        if count >= MOST_GROUPS or max(filled) <= most:
            return list(parts)
        count *= 2


def _bytes(rules: Iterable[FirewallRule], sources: SourcePlan) -> int:
    """About how large rules are as Azure keeps them, with the addresses in place of their parameters."""
    return sum(
        260 + len(rule.name + rule.description + rule.destination) + 21 * sources.counts[rule.computes]
        for rule in rules
    )


def limits(rows: Sequence[Requirement], context: Context, of_template: bool = True) -> Iterator[str]:
    """The limits of Azure that a list is beyond, by number; templates have some of their own."""
    made = firewall_plan(rows, context, of_template)
    groups, sources = made.groups, made.sources
    if len(groups) > MOST_GROUPS:
        yield f"{len(groups)} rule collection groups are needed, a policy may have {MOST_GROUPS}: export in parts."
    sizes = {group.name: _bytes(chain(*(one.rules for one in group.collections)), sources) for group in groups}
    wider = "tell wider ranges by --source, or export in parts"
    what = "a resource of a template may have 1 MB" if of_template else "it may have 2 MB"
    for name, size in sizes.items():
        if size > _most(of_template):
            yield f"the group {name} is about {size / 2**20:.1f} MB, {what}: {wider}."
    if of_template and sum(sizes.values()) > MOST_OF_TEMPLATE:
        whole = f"{sum(sizes.values()) / 2**20:.1f} MB"
        yield f"all groups are about {whole}, what a template makes may have 4 MB: {wider}."
    network = [rule for group in groups for one in group.collections if one.kind == "network" for rule in one.rules]
    pairs = sum(sources.counts[rule.computes] for rule in network)
    if pairs > MOST_PAIRS:
        yield (
            f"network rules have {pairs} pairs of source and destination, a firewall may have {MOST_PAIRS}: tell wider "
            "ranges by --source, or put sources in IP groups."
        )
    names = sum(rule.by_name for rule in network)
    if names > MOST_NAMES:
        yield f"{names} names are in network rules, a firewall should have {MOST_NAMES} at most."
