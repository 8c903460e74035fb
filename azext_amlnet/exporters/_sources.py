"""Where the traffic of rules comes from: whose addresses have a parameter, and what it holds. Pure.

Of one workspace there is a parameter for all computes, and one for each set of computes with rules of its own, which
is the one for all until it has a value. Of several workspaces each compute has its own, known or not, and nobody's
addresses stand for those of others: a rule for several takes theirs together, by a name that comes of who they are.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Iterable, Mapping, Optional, Sequence

from ..text import OF_COMPUTE, OF_WORKSPACE, SOURCES_OF, addresses_of, by_workspace, digest, source_parameters
from ._text import Context

ALL, OBJECT, SETS = "sourceAddresses", SOURCES_OF, "sources"
"""The parameter for all computes of one workspace; how those of some begin, and the one that is an object; the variable
of sets."""
MOST_PARAMETERS, MOST_CHARACTERS = 200, 24_000
"""An ARM template has 256 parameters at most, and an expression 24,576 characters: beyond that computes share a
parameter that is an object (https://learn.microsoft.com/azure/azure-resource-manager/templates/best-practices,
2026-11-27)."""
Addresses = Optional[tuple[str, ...]]
Computes = tuple[str, ...]


@dataclass(frozen=True)
class SourcePlan:
    """The source addresses of a list's rules.

    `known` has the addresses by the name of a parameter (of the object: of a compute), None where they are not all
    known, `own` those names by computes. `sets` are several together, by a name that says whose they are, `labels`
    those names by computes; of one workspace there are none, and `everywhere` are the addresses of all. `counts` has
    how many addresses a rule for computes has, `ids` what tells workspaces from others of their names.
    """

    of_several: bool
    is_object: bool
    everywhere: Addresses
    known: Mapping[str, Addresses]
    own: Mapping[Computes, str]
    sets: Mapping[str, tuple[str, ...]]
    labels: Mapping[Computes, str]
    counts: Mapping[Computes, int]
    ids: Mapping[str, str]

    def reference(self, computes: Computes) -> tuple[str, bool]:
        """What holds the addresses of these computes, and whether it is a set: else it is a parameter."""
        if computes in self.own:
            return self.own[computes], False
        return (self.labels[computes], True) if computes in self.labels else (ALL, False)

    @property
    def whose(self) -> dict[str, str]:
        """Of several workspaces the one compute of each parameter."""
        return {name: computes[0] for computes, name in self.own.items()} if self.of_several else {}

    @property
    def metadata(self) -> dict[str, dict[str, str]]:
        """What the metadata of each such parameter tells, by which check-policy knows whose it is."""
        pairs = ((name, compute, self.ids.get(compute.rpartition("/")[0])) for name, compute in self.whose.items())
        return {name: {OF_COMPUTE: compute, **({OF_WORKSPACE: of} if of else {})} for name, compute, of in pairs}

    @property
    def unknown(self) -> int:
        """Of how many parameters of several workspaces the addresses are not known."""
        return sum(addresses is None for addresses in self.known.values()) if self.of_several else 0

    @property
    def filled(self) -> dict[str, list[str]]:
        """The addresses by the names of their parameters; words, which are no addresses, where they are not known."""
        return {name: list(some or (self._words(name),)) for name, some in self.known.items()}

    def _words(self, name: str) -> str:
        return addresses_of(name, self.ids.get(name.rpartition("/")[0], ""))


def plan(context: Context, wanted: Iterable[Computes], is_template: bool = True) -> SourcePlan:
    """The plan for rules, each with its computes (of one workspace none: all of them).

    What is no template has a name for each compute, however many there are.
    """
    groups = [computes for computes in dict.fromkeys(wanted) if computes]
    if len(context.workspaces) > 1:
        return _of_several(context, groups, is_template)
    everywhere, own = _together(context.sources.values()), _names(groups)
    known = {name: _together(context.sources.get(one) for one in group) for group, name in own.items()}
    counts = {group: len(known[name] or everywhere or (ALL,)) for group, name in own.items()}
    return SourcePlan(False, False, everywhere, known, own, {}, {}, {**counts, (): len(everywhere or (ALL,))}, {})


def _of_several(context: Context, groups: Sequence[Computes], is_template: bool) -> SourcePlan:
    named = dict.fromkeys(name for group in groups for name in group)
    each = [*(name for name in context.sources if name in named), *(n for n in named if n not in context.sources)]
    names = _names([(name,) for name in each])
    longest = max((sum(len(names[(name,)]) + 16 for name in group) for group in groups), default=0)
    is_object = is_template and (len(each) > MOST_PARAMETERS or longest > MOST_CHARACTERS)
    own: dict[Computes, str] = {(name,): name for name in each} if is_object else names
    wholes = {frozenset(names): name for name, names in by_workspace(context.sources).items()}
    labels = {group: wholes.get(frozenset(group)) or _label(group) for group in groups if len(group) > 1}
    sets = {label: tuple(own[(name,)] for name in group) for group, label in labels.items()}
    known = {name: context.sources.get(group[0]) for group, name in own.items()}
    counts = {group: len({one for name in group for one in context.sources.get(name) or (name,)}) for group in groups}
    return SourcePlan(True, is_object, None, known, own, sets, labels, counts, context.ids)


def _label(group: Computes) -> str:
    """How many, and a digest: the same for the same computes; all of a workspace's have its name."""
    return f"{len(group)} computes {digest(' '.join(group))}"


def _together(several: Iterable[Addresses]) -> Addresses:
    """All addresses; None where some are not known, or there are none."""
    every = list(several)
    return tuple(sorted({one for some in every for one in some or ()})) if every and all(every) else None


def _names(groups: Sequence[Computes]) -> dict[Computes, str]:
    """A parameter's name for each set of computes.

    ARM takes names that differ in case only for one, so sets that would share a name have a digest in it.
    """
    names = {group: source_parameters(group) for group in groups}
    clashing = Counter(usual.lower() for usual, _ in names.values())
    return {group: usual if clashing[usual.lower()] == 1 else apart for group, (usual, apart) in names.items()}
