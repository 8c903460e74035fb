"""A policy's rules by what they can hold for: 5,000 rules are asked about 100 rows within a second. Pure."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import Iterable, Iterator, Optional, Sequence

from ..model import Kind
from .addresses import Span, parents
from .conditions import PLAIN, Destinations, Sources, leaves
from .model import Policy, Rule
from .traffic import Fit, Traffic, Whence

_MOST_PIECES = 64
Held = tuple[int, Rule, Fit]
"""A rule's place in the order, the rule, and how much of some traffic it holds for."""


class RuleIndex:
    """The rules of a policy, filed once, with what is looked up again and again."""

    def __init__(self, policy: Policy) -> None:
        self.rules = policy.rules
        self.plain: list[int] = []
        self.tagged: list[int] = []
        self.doubtful: set[int] = set()
        self.others: list[int] = []
        self.anchored: dict[str, list[int]] = defaultdict(list)
        self.under: dict[str, set[int]] = defaultdict(set)
        self._fits: dict[tuple[bool, Traffic], list[Held]] = {}
        self._pieces: dict[Span, list[Span]] = {}
        self.own = False
        ends: set[int] = set()
        for number, rule in enumerate(policy.rules):
            parts = [leaf for condition in rule.conditions
                     for leaf in ((condition,) if isinstance(condition, PLAIN) else leaves(condition))]  # fmt: skip
            self._file(number, rule, [part for part in parts if isinstance(part, Destinations)])
            for part in parts:
                if isinstance(part, Sources):
                    ends |= {end for low, high in part.spans for end in (low, high + 1)}
                    self.own = self.own or bool(part.own)
        ends |= {end for low, high in (policy.within.spans if policy.within else ()) for end in (low, high + 1)}
        self.ends = sorted(ends)

    def _file(self, number: int, rule: Rule, wheres: Sequence[Destinations]) -> None:
        """By the names that it is for, if nothing else can make it hold; else by whether names matter at all."""
        anchors = next((a for a in (where.anchors for where in rule.destinations) if a is not None), None)
        if anchors is not None:
            for name in anchors:
                self.anchored[name].append(number)
                for parent in parents(name):
                    self.under[parent].add(number)
            return
        filed = self.tagged if any(where.tags or where.fqdn_tags for where in wheres) else self.plain
        (self.others if any(where.by_name for where in wheres) else filed).append(number)
        if any(where.only_spans and not where.anything and not where.all_public for where in rule.destinations):
            self.doubtful.add(number)  # for a name at least, which no span holds for good

    def rules_for(self, traffic: Traffic) -> list[Held]:
        """The rules that hold for something of it, or perhaps, in their order."""
        rules = self.rules
        numbers = set(self.others)
        if traffic.kind in (Kind.FQDN, Kind.WILDCARD):
            base = traffic.host.removeprefix("*.")
            for name in (base, *parents(base)):
                numbers.update(self.anchored.get(name, ()))
        if traffic.kind is Kind.WILDCARD:
            numbers.update(self.under.get(base, ()))
        by_name = [(number, rules[number], rules[number].fit(traffic)) for number in sorted(numbers)]
        by_name = [held for held in by_name if held[2] is not Fit.NONE]
        named = "" if traffic.kind in (Kind.FQDN, Kind.WILDCARD) else traffic.host
        alike = replace(traffic, host=named, kind=traffic.kind if named else Kind.FQDN)
        bare = replace(alike, tag=None, fqdn_tags=(), elsewhere=frozenset())
        plain = self._alike(False, alike if named else bare)
        tagged = self._alike(True, alike) if self.tagged else []
        if not (by_name or tagged):
            return plain
        return list(heapq.merge(plain, tagged, by_name, key=lambda held: held[0]))

    def _alike(self, by_tag: bool, traffic: Traffic) -> list[Held]:
        """How rules fit that know no names; the same for all names that are asked in the same way."""
        key = (by_tag, traffic)
        if key not in self._fits:
            self._fits[key] = list(self._telling(self.tagged if by_tag else self.plain, traffic))
        return self._fits[key]

    def _telling(self, numbers: Iterable[int], traffic: Traffic) -> Iterator[Held]:
        """The rules that hold; of those that hold perhaps the first of each sort, as a later one tells nothing new."""
        seen: set[Optional[bool]] = set()
        for number in numbers:
            rule = self.rules[number]
            if rule.allow in seen and number in self.doubtful and not (traffic.host or traffic.seen):
                continue
            fit = rule.fit(traffic)
            if fit is Fit.NONE:
                continue
            doubtful = fit is Fit.MAYBE or rule.allow is None
            if not (doubtful and rule.allow in seen):
                yield number, rule, fit
            if doubtful:
                seen.add(rule.allow)

    def cut(self, sources: Iterable[Whence]) -> list[Whence]:
        """The pieces of sources, each once; whose they are counts where rules are for somebody by name."""
        pieces: dict[Whence, None] = {}
        for source in sources:
            whose = (source.compute, source.workspace) if self.own else ("", "")
            for span in self.pieces(source.span) if source.span else (None,):
                pieces[Whence(span, *whose, source.among, source.private)] = None
        return list(pieces)

    def pieces(self, source: Span) -> list[Span]:
        """The source, cut where a rule's sources begin or end, so that each rule holds for all of a piece or none."""
        if source not in self._pieces:
            cuts = [end for end in self.ends if source[0] < end <= source[1]]
            ends = [source[0], *cuts, source[1] + 1]
            cut = [(low, high - 1) for low, high in pairwise(ends)]
            self._pieces[source] = cut if len(cut) <= _MOST_PIECES else [source]
        return self._pieces[source]

    def near(self, host: str) -> list[Rule]:
        """The rules that name a host or a name above it."""
        names = (host.removeprefix("*."), *parents(host))
        return [self.rules[number] for name in names for number in self.anchored.get(name, ())]
