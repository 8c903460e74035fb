"""Rules of Azure Firewall → rule collection groups that people can read, each within the limits of Azure. Pure.

Of one workspace there is one group. Of several there is one for what is needed in more than one region, and one for
each region, with a collection for each workspace. Names and priorities come of names alone, so that one more workspace
leaves those of the others as they are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Iterable, Iterator, Mapping, Sequence

from ..model import Requirement
from ._azure_rules import FirewallRule, Rules, firewall_rules
from ._sources import SourcePlan, plan
from ._text import Context, digest

MOST_BYTES, MOST_GROUPS, MOST_PAIRS, MOST_NAMES = 2 * 1024 * 1024, 60, 20_000, 1_000
"""Of a group, of a policy; of a firewall's network rules the unique pairs of source and destination, and the names.

https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits (2026-11-27)
"""
Cells = Mapping[str, Rules]
"""The rules of a group: by the workspace that alone needs them, those of several by the empty name."""


@dataclass(frozen=True)
class Collection:
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
    collections: tuple[Collection, ...]


@dataclass(frozen=True)
class FirewallPlan:
    """All groups, and where the traffic of their rules comes from."""

    groups: tuple[Group, ...]
    sources: SourcePlan


def firewall_plan(rows: Sequence[Requirement], context: Context) -> FirewallPlan:
    """The groups of a list."""
    rules, places = firewall_rules(rows, context), Places(context)
    sources = plan(context, ((rule.computes, places.label(rule.computes, rule.destination)) for rule in rules))
    regions: dict[str, dict[str, Rules]] = defaultdict(lambda: defaultdict(list))
    for rule in rules:
        regions[places.region(rule.computes)][places.workspace(rule.computes)].append(rule)
    offsets = slots((region for region in regions if region), _GROUPS)
    groups: list[Group] = []
    for region in sorted(regions):
        name = f"{context.name}-{slug(region)}" if region else context.name
        parts = _within_limits(regions[region], sources)
        names = [name, *(f"{name}-{number}" for number in range(2, len(parts) + 1))]
        more = slots(names[1:], _GROUPS, offsets.values())
        for part_name, part in zip(names, parts, strict=True):
            offset = more.get(part_name, offsets.get(region, 0))
            groups.append(Group(part_name, offset, tuple(_collections(context.name, part_name, part))))
        offsets.update(more)
    return FirewallPlan(tuple(groups), sources)


_GROUPS, _COLLECTIONS = range(20, 1000), range(1000, 60_000, 2)
"""The places of groups and of a group's collections behind those that have none: even, so that both kinds fit in."""


class Places:
    """Where the workspaces of a list are."""

    def __init__(self, context: Context) -> None:
        self.regions = context.regions if len(context.workspaces) > 1 else {}
        self.of_workspace: dict[str, set[str]] = defaultdict(set)
        self.of_region: dict[str, set[str]] = defaultdict(set)
        for name in context.sources:
            workspace = name.rpartition("/")[0]
            self.of_workspace[workspace].add(name)
            self.of_region[self.regions.get(workspace, "")].add(name)

    def workspace(self, computes: Sequence[str]) -> str:
        """The workspace that all of these computes are of; empty where they are of several."""
        return _only(name.rpartition("/")[0] for name in computes)

    def region(self, computes: Sequence[str]) -> str:
        """The region of the workspaces that these computes are of; empty where there are several."""
        return _only(self.regions.get(name.rpartition("/")[0], "") for name in computes)

    def label(self, computes: Sequence[str], otherwise: str) -> str:
        """What computes are called together: their workspace or region where they are all of it."""
        workspace, region, every = self.workspace(computes), self.region(computes), set(computes)
        if workspace and every == self.of_workspace[workspace]:
            return workspace
        return region if region and every == self.of_region[region] else otherwise


def _only(names: Iterable[str]) -> str:
    every = set(names)
    return every.pop() if len(every) == 1 else ""


def slug(text: str) -> str:
    """A text as a part of a name in Azure; where that loses something a digest tells texts apart."""
    plain = re.sub(r"[^A-Za-z0-9-]", "-", text)[:50]
    return plain if plain == text else f"{plain}-{digest(text)}"


def slots(names: Iterable[str], places: Sequence[int], taken: Iterable[int] = ()) -> dict[str, int]:
    """A place for each name, by the name itself; where two want one, the later in the alphabet goes on."""
    used, places_of = set(taken), {}
    for name in sorted(names):
        at = int(digest(name), 16) % len(places)
        while places[at] in used:
            at = (at + 1) % len(places)
        used.add(places[at])
        places_of[name] = places[at]
    return places_of


def _collections(prefix: str, group: str, cells: Cells) -> Iterator[Collection]:
    """The collections of a group, network rules first."""
    places = slots((name for name in cells if name), _COLLECTIONS)
    for name in sorted(cells):
        for kind, is_application in (("network", False), ("application", True)):
            rules = tuple(rule for rule in cells[name] if rule.is_application is is_application)
            own = f"{prefix}-{slug(name)}" if name else group
            offset = places[name] + is_application if name else 0
            if rules:
                yield Collection(f"{own}-{kind}", kind, offset, rules)


# ---------------------------------------------------------------------------------------------------------------------
# Limits


def _within_limits(cells: Cells, sources: SourcePlan) -> list[Cells]:
    """The cells of a region in as many parts as fit into a group each: workspaces, and single rules of several."""
    count = 1
    while True:
        parts: list[dict[str, Rules]] = [defaultdict(list) for _ in range(count)]
        for name, rules in cells.items():
            for rule in rules:
                parts[int(digest(name or rule.name), 16) % count][name].append(rule)
        if count >= MOST_GROUPS or max(_bytes(part, sources) for part in parts) <= 0.9 * MOST_BYTES:
            return list(filter(None, parts))
        count *= 2


def _bytes(cells: Cells, sources: SourcePlan) -> int:
    """About how large a group is as Azure keeps it, with the addresses in place of their parameters."""
    return sum(_of_rule(rule, sources) for rules in cells.values() for rule in rules)


def _of_rule(rule: FirewallRule, sources: SourcePlan) -> int:
    return 260 + len(rule.name + rule.description + rule.destination) + 21 * sources.counts[rule.computes]


def limits(plan_of_all: FirewallPlan) -> Iterator[str]:
    """The limits of Azure that a list is beyond, by number."""
    groups = plan_of_all.groups
    if len(groups) > MOST_GROUPS:
        yield f"{len(groups)} rule collection groups are needed, a policy may have {MOST_GROUPS}: export in parts."
    for group in groups:
        size = sum(_of_rule(rule, plan_of_all.sources) for one in group.collections for rule in one.rules)
        if size > MOST_BYTES:
            yield (
                f"the group {group.name} is about {size / 2**20:.1f} MB, a rule collection group may have 2 MB: "
                "tell wider ranges by --source, or export in parts."
            )
    network = [rule for group in groups for one in group.collections if one.kind == "network" for rule in one.rules]
    pairs = sum(plan_of_all.sources.counts[rule.computes] for rule in network)
    if pairs > MOST_PAIRS:
        yield (
            f"network rules have {pairs} pairs of source and destination, a firewall may have {MOST_PAIRS}: tell wider "
            "ranges by --source, or put sources in IP groups."
        )
    names = sum(rule.by_name for rule in network)
    if names > MOST_NAMES:
        yield f"{names} names are in network rules, a firewall should have {MOST_NAMES} at most."
