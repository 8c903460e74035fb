"""Where the traffic of rules comes from: whose addresses have a parameter, and what it holds. Pure.

Of one workspace there is a parameter for all computes, and one for each set of computes with rules of its own, which
is the one for all until it has a value. Of several workspaces each compute has its own, known or not, and nobody's
addresses stand for those of others: a rule for several takes theirs together, by a name that says whose they are.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Iterable, Mapping, Optional, Sequence

from ._text import Context, digest

ALL, OBJECT, SETS, EVERYONE = "sourceAddresses", "sourceAddressesOf", "sources", "all"
"""The parameter for all computes; how those of some begin, and the one that is an object; the variable of sets, and the
name of the set of all."""
MOST_PARAMETERS = 200
"""An ARM template has 256 parameters at most, so more computes than these share one that is an object
(https://learn.microsoft.com/azure/azure-resource-manager/templates/best-practices, 2026-11-27)."""
Addresses = Optional[tuple[str, ...]]
Computes = tuple[str, ...]


@dataclass(frozen=True)
class SourcePlan:
    """The source addresses of a list's rules.

    `known` has the addresses by the name of a parameter (of the object: of a compute), None where they are not all
    known, `own` those names by computes. `sets` are several together, by a name that people read, `labels` those names
    by computes; of one workspace there are none. `for_all` says that rules are for all computes, `everywhere` are the
    addresses of those of one workspace; `counts` has how many addresses a rule for computes has.
    """

    of_several: bool
    is_object: bool
    for_all: bool
    everywhere: Addresses
    known: Mapping[str, Addresses]
    own: Mapping[Computes, str]
    sets: Mapping[str, tuple[str, ...]]
    labels: Mapping[Computes, str]
    counts: Mapping[Computes, int]

    def reference(self, computes: Computes) -> tuple[str, bool]:
        """What holds the addresses of these computes (none: of all), and whether it is a set: else a parameter."""
        if computes in self.own:
            return self.own[computes], False
        return (self.labels[computes], True) if computes in self.labels else (ALL, False)

    @property
    def unknown(self) -> int:
        """Of how many parameters of several workspaces the addresses are not known."""
        return sum(addresses is None for addresses in self.known.values()) if self.of_several else 0

    @property
    def filled(self) -> dict[str, list[str]]:
        """The addresses by the names of their parameters; words, which are no addresses, where they are not known."""
        return {name: list(some or (f"<addresses of {name}>",)) for name, some in self.known.items()}


def plan(context: Context, wanted: Iterable[tuple[Computes, str]]) -> SourcePlan:
    """The plan for rules, each with its computes (none: all of them) and with what a set of them may be called."""
    labels: dict[Computes, str] = {}
    for computes, label in wanted:
        labels.setdefault(computes, label)
    for_all = labels.pop((), None) is not None
    if len(context.workspaces) > 1:
        return _of_several(context, labels, for_all)
    everywhere, own = _together(context.sources.values()), _names(list(labels))
    known = {name: _together(context.sources.get(one) for one in group) for group, name in own.items()}
    counts = {group: len(known[name] or everywhere or (ALL,)) for group, name in own.items()}
    return SourcePlan(False, False, True, everywhere, known, own, {}, {}, {**counts, (): len(everywhere or (ALL,))})


def _of_several(context: Context, labels: Mapping[Computes, str], for_all: bool) -> SourcePlan:
    each = list(dict.fromkeys((*(context.sources if for_all else ()), *(name for group in labels for name in group))))
    is_object = len(each) > MOST_PARAMETERS
    own: dict[Computes, str] = {(name,): name for name in each} if is_object else _names([(name,) for name in each])
    several = {group: label for group, label in labels.items() if len(group) > 1}
    called: dict[Computes, str] = dict(zip(((), *several), _unlike([EVERYONE, *several.values()]), strict=True))
    if not (is_object and for_all):
        del called[()]  # there is a parameter for them
    sets = {label: tuple(own[(name,)] for name in group or each) for group, label in called.items()}
    known = {name: context.sources.get(group[0]) for group, name in own.items()}
    counts = {
        group: len({one for name in group or each for one in context.sources.get(name) or (name,)})
        for group in (*labels, ())
    }
    return SourcePlan(True, is_object, for_all, None, known, own, sets, called, counts)


def _together(several: Iterable[Addresses]) -> Addresses:
    """All addresses; None where some are not known, or there are none."""
    every = list(several)
    return tuple(sorted({one for some in every for one in some or ()})) if every and all(every) else None


def _unlike(labels: Sequence[str]) -> list[str]:
    """The labels, each later one of several that are alike with its number."""
    seen: Counter[str] = Counter()
    made = []
    for label in labels:
        seen[label] += 1
        made.append(label if seen[label] == 1 else f"{label} {seen[label]}")
    return made


def _names(groups: Sequence[Computes]) -> dict[Computes, str]:
    """A parameter's name for each set of computes.

    ARM takes names that differ in case only for one, so sets that would share a name have a digest in it.
    """
    names = {group: _camel(group) for group in groups}
    clashing = Counter(name.lower() for name in names.values())
    for group, name in names.items():
        if len(name) > _LONGEST or clashing[name.lower()] > 1:
            names[group] = name[: _LONGEST - 8] + digest(" ".join(group))
    return {group: f"{OBJECT}{name}" for group, name in names.items()}


_LONGEST = 100
"""Characters of the computes in a parameter's name; more of them end in a digest."""


def _camel(computes: Sequence[str]) -> str:
    words = re.findall(r"[A-Za-z0-9]+", " ".join(computes))
    return "".join(word[:1].upper() + word[1:] for word in words)
