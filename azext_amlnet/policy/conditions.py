"""What a rule asks of traffic, and how much of some traffic it holds for.

What cannot be understood stays visible: it makes a condition that may hold, never one that does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Iterator, Optional, Sequence, Union

from ..model import Kind
from ..text import few, is_no_compute
from .addresses import EVERYTHING, PRIVATE, RESERVED, Span, inside, overlaps, parents, shown, union
from .tags import fqdn_tag_fit, seen_in, tag_fit
from .traffic import Fit, Traffic, either, every
from .unknowns import Doubt


@dataclass(frozen=True)
class Pattern:
    """Names by an expression, which is compiled when it is first needed.

    `below` says that it matches every name below that suffix, `only` every name one label below; `anchor` that every
    match is that name or below it; `doubtful` that the engine does not document the form.
    """

    text: str
    expression: str
    below: Optional[str] = None
    only: Optional[str] = None
    anchor: Optional[str] = None
    doubtful: bool = False

    def fit(self, traffic: Traffic) -> Fit:
        """Exact for a name; for a wildcard only where the pattern is one itself."""
        if traffic.kind is Kind.FQDN:
            fit = Fit.ALL if self._compiled.search(traffic.host) else Fit.NONE
        elif self.below is not None:
            fit = _below(self.below, traffic.host[2:])
        elif self.only is not None:
            base = traffic.host[2:]
            fit = Fit.ALL if base == self.only else Fit.SOME if self.only.endswith("." + base) else Fit.NONE
        else:
            fit = Fit.MAYBE
        return Fit.MAYBE if self.doubtful and fit is not Fit.NONE else fit

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.expression)

    @property
    def suffix(self) -> Optional[str]:
        """Below what it matches names of anybody, if that can be told."""
        return self.below or self.only


@dataclass(frozen=True)
class UrlPattern:
    """URLs by an expression, as a proxy has them: `host:port` of CONNECT, and the whole one of what it can read.

    `decrypted` says that TLS has been opened; `below` that it matches every name below that suffix. What follows the
    host of a whole URL is not known.
    """

    text: str
    expression: str
    decrypted: bool = False
    below: Optional[str] = None
    anchor: None = None
    suffix: None = None

    def fit(self, traffic: Traffic) -> Fit:
        """Exact for a name in CONNECT; elsewhere MAYBE, unless what is known of the URL settles it."""
        whole = self.decrypted or "http" in traffic.words
        if traffic.kind is not Kind.FQDN:
            known = self.below is not None and not whole and traffic.kind is Kind.WILDCARD and traffic.port == 443
            return _below(str(self.below), traffic.host[2:]) if known else Fit.MAYBE
        if not whole:
            return Fit.ALL if self._compiled.search(f"{traffic.host}:{traffic.port}") else Fit.NONE
        scheme, usual = ("https", 443) if self.decrypted else ("http", 80)
        port = "" if traffic.port == usual else f":{traffic.port}"
        start = f"{scheme}://{traffic.host}{port}/"
        if self._compiled.search(start) and "$" not in self.expression:
            return Fit.ALL
        return Fit.NONE if self._begins_otherwise(start) else Fit.MAYBE

    def _begins_otherwise(self, start: str) -> bool:
        """Whether it is for URLs that begin with another text."""
        match = re.match(r"\^((?:[\w:/-]|\\[./-])+)(?![*+?])", self.expression)
        if match is None or "|" in self.expression:
            return False
        plain = match[1].replace("\\", "")
        return not (start.startswith(plain) or plain.startswith(start))

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.expression)


def anchor_of(glob: str) -> Optional[str]:
    """What every match of a text with asterisks is, or is below, if the text tells: `*x.a.b` → `a.b`."""
    tail = glob.rpartition("*")[2]
    return (tail[1:] if tail.startswith(".") else tail.partition(".")[2]) or None


def _below(suffix: str, base: str) -> Fit:
    """How much of the names below `base` the names below `suffix` are."""
    if base == suffix or base.endswith("." + suffix):
        return Fit.ALL
    return Fit.SOME if suffix.endswith("." + base) else Fit.NONE


@dataclass(frozen=True)
class Sources:
    """Where traffic comes from; `unread` says what of it could not be understood.

    `own` names computes for which parameters without a value stand: their addresses, whichever those are. Beside each
    is what tells its workspace from others of that name, if anything does. `presumed` names a parameter that stands
    for the addresses of all traffic of a workspace: of several nobody knows whose it is.
    """

    spans: tuple[Span, ...]
    unread: str = ""
    own: tuple[tuple[str, str], ...] = ()
    presumed: str = ""

    def fit(self, traffic: Traffic) -> Fit:
        """ALL for sources within; MAYBE where the source of the question is not known."""
        if self.presumed:
            return Fit.MAYBE if traffic.among else Fit.ALL
        if self.spans == (EVERYTHING,) or (traffic.source is not None and inside(traffic.source, self.spans)):
            return Fit.ALL
        if traffic.compute and self._is_for(traffic):
            return Fit.ALL if not self.unread else Fit.MAYBE
        if traffic.source is None or self.unread or self.own:  # clusters may share addresses
            return Fit.MAYBE
        return Fit.SOME if overlaps(traffic.source, self.spans) else Fit.NONE

    def _is_for(self, traffic: Traffic) -> bool:
        """Whether it is for a compute: of the same workspace, or by its whole name where one of the two is not known.

        A workspace may be called `name` here and `group/name` there, where another one has its name.
        """
        whole = traffic.compute.lower()
        known = {(traffic.workspace, whole.rpartition("/")[2]), ("", whole)} if traffic.workspace else {(None, whole)}
        return not self._own.isdisjoint(known)

    @cached_property
    def _own(self) -> set[tuple[Optional[str], str]]:
        """By what tells a workspace the computes' names in it; by None, and where nothing tells it, the whole ones."""
        own: set[tuple[Optional[str], str]] = set()
        for compute, workspace in self.own:
            whole = compute.lower()
            own |= {(None, whole), (workspace, whole.rpartition("/")[2] if workspace else whole)}
        return own

    def doubt(self, traffic: Traffic) -> str:
        """Why `fit` is MAYBE."""
        if self.unread:
            return self.unread
        if self.presumed:
            return f"of several workspaces it is not known whose addresses '{self.presumed}', without a value, is for"
        computes = few([compute for compute, _ in self.own], 3)
        if traffic.source is not None:
            return f"whether {shown(traffic.source)} is among the addresses of {computes} is not known"
        spans = ", ".join(map(shown, self.spans[:3])) + (" …" if len(self.spans) > 3 else "")
        for_whom = " and ".join(filter(None, (spans, computes)))
        only = f", and this is for {for_whom}" if for_whom else ""
        return f"where the cluster's traffic comes from is not known{only}"

    def reason(self, traffic: Traffic) -> Doubt:
        """What sort of doubt it is."""
        return Doubt.PART if self.unread or self.presumed or traffic.source is not None else Doubt.SOURCE

    def advice(self, traffic: Traffic) -> str:
        """What to do about it."""
        if self.reason(traffic) is not Doubt.SOURCE:
            return "Give the parameter file as --policy, too." if self.presumed and not self.unread else ""
        ranges = f"'{traffic.compute}=RANGE'" if is_no_compute(traffic.compute) else "RANGE, of several COMPUTE=RANGE"
        return f"Say with --source where the traffic comes from: {ranges}."


@dataclass(frozen=True)
class Services:
    """Which protocols on which ports: words of `Traffic.words` (none: any), the first port and the last."""

    pairs: tuple[tuple[frozenset[str], int, int], ...]
    unread: str = ""

    def fit(self, traffic: Traffic) -> Fit:
        """ALL or NONE; MAYBE for what could not be understood."""
        words, port = traffic.words, traffic.port
        for known, low, high in self.pairs:
            if low <= port <= high and (not known or known & words):
                return Fit.ALL
        return Fit.MAYBE if self.unread else Fit.NONE

    def doubt(self, traffic: Traffic) -> str:
        """Why `fit` is MAYBE."""
        return self.unread

    def reason(self, traffic: Traffic) -> Doubt:
        """What sort of doubt it is."""
        return Doubt.PART


@dataclass(frozen=True)
class Destinations:
    """Where traffic goes: names, names below a suffix, patterns, addresses, service tags, FQDN tags, or anything.

    `any_name` holds for every name, and for no address.
    """

    names: frozenset[str] = frozenset()
    below: frozenset[str] = frozenset()
    patterns: tuple[Union[Pattern, UrlPattern], ...] = ()
    spans: tuple[Span, ...] = ()
    tags: tuple[str, ...] = ()
    fqdn_tags: tuple[str, ...] = ()
    any_name: bool = False
    anything: bool = False
    unread: str = ""

    @cached_property
    def anchors(self) -> Optional[frozenset[str]]:
        """Names that a host must be, or be below, for it to hold; None where something else can make it hold."""
        if self.spans or self.tags or self.fqdn_tags or self.any_name or self.anything or self.unread:
            return None
        of_patterns = {pattern.anchor for pattern in self.patterns}
        return None if None in of_patterns else frozenset({*self.names, *self.below, *filter(None, of_patterns)})

    @property
    def by_name(self) -> bool:
        """Whether it depends on the name of a host."""
        return bool(self.names or self.below or self.patterns)

    def fit(self, traffic: Traffic) -> Fit:
        """How much of the traffic goes there; a name is compared with addresses by what documents say alone."""
        if self.anything:
            return Fit.ALL
        fit = self._of_spans(traffic) if self.only_spans else either(self._fits(traffic))
        if traffic.kind is Kind.IP and traffic.words & {"http", "https"} and (self.by_name or self.any_name):
            fit = Fit.ALL if fit is Fit.ALL else Fit.MAYBE  # engines differ in what the name of an address is
        return Fit.MAYBE if self.unread and fit is not Fit.ALL else fit

    def _fits(self, traffic: Traffic) -> Iterator[Fit]:
        if traffic.kind is Kind.FQDN:
            named = traffic.host in self.names or not self.below.isdisjoint(parents(traffic.host))
            yield Fit.ALL if named else Fit.NONE
        elif traffic.kind is Kind.WILDCARD:
            yield from self._of_wildcard(traffic.host[2:])
        if traffic.kind in (Kind.FQDN, Kind.WILDCARD):
            yield Fit.ALL if self.any_name else Fit.NONE
            yield from (pattern.fit(traffic) for pattern in self.patterns)
            yield from (fqdn_tag_fit(tag, traffic) for tag in self.fqdn_tags)
        if self.spans:
            yield self._of_spans(traffic)
        yield from (tag_fit(tag, traffic) for tag in self.tags)

    @cached_property
    def only_spans(self) -> bool:
        return bool(self.spans) and not (self.by_name or self.any_name or self.tags or self.fqdn_tags)

    @cached_property
    def all_public(self) -> bool:
        """Whether nothing that a public name may have for an address is left out."""
        return union((*self.spans, *PRIVATE, *RESERVED)) == (EVERYTHING,)

    @cached_property
    def _public_range(self) -> bool:
        """Whether more than one address is in a span that is not private."""
        return any(span[0] < span[1] and not inside(span, PRIVATE) for span in self.spans)

    def match(self, traffic: Traffic) -> str:
        """The name, wildcard, pattern or tag that holds for the traffic; empty where none of these does."""
        base = traffic.host.removeprefix("*.")
        if traffic.host in self.names:
            return traffic.host
        suffixes = (base, *parents(base)) if traffic.kind is Kind.WILDCARD else parents(base)
        matches = [f"*.{suffix}" for suffix in suffixes if suffix in self.below]
        matches += [pattern.text for pattern in self.patterns if pattern.fit(traffic) is not Fit.NONE]
        matches += [tag for tag in self.fqdn_tags if fqdn_tag_fit(tag, traffic) is not Fit.NONE]
        matches += [tag for tag in self.tags if tag_fit(tag, traffic) is not Fit.NONE]
        if traffic.kind is Kind.WILDCARD:
            matches += sorted(name for name in self.names if name.endswith("." + base))
            matches += sorted(f"*.{name}" for name in self.below if name.endswith("." + base))
        return matches[0] if matches else ""

    def _of_wildcard(self, base: str) -> Iterator[Fit]:
        yield Fit.ALL if base in self.below or not self.below.isdisjoint(parents(base)) else Fit.NONE
        yield Fit.SOME if any(name.endswith("." + base) for name in (*self.names, *self.below)) else Fit.NONE

    def _of_spans(self, traffic: Traffic) -> Fit:
        """An address exactly. A name may be anywhere in a range of its own sort, but on no single address for good."""
        address = traffic.address
        if address is not None:
            return Fit.ALL if inside(address, self.spans) else Fit.NONE
        if self.spans == (EVERYTHING,):
            return Fit.ALL
        if traffic.private:
            return Fit.MAYBE if any(overlaps(span, PRIVATE) for span in self.spans) else Fit.NONE
        return Fit.ALL if self.all_public else seen_in(self.spans, traffic) if self._public_range else Fit.NONE

    def reason(self, traffic: Traffic) -> Doubt:
        """What sort of doubt it is."""
        if self.unread:
            return Doubt.PART
        by_tag = any(tag_fit(tag, traffic) is Fit.MAYBE for tag in self.tags)
        by_span = bool(self.spans) and self._of_spans(traffic) is Fit.MAYBE
        return Doubt.ADDRESSES if by_tag or by_span or traffic.kind is Kind.IP else Doubt.CONTENTS

    def doubt(self, traffic: Traffic) -> str:
        """Why `fit` is MAYBE."""
        if self.unread:
            return self.unread
        doubtful = [tag for tag in self.tags if tag_fit(tag, traffic) is Fit.MAYBE]
        if any(tag.lower() == "virtualnetwork" for tag in doubtful):
            return "VirtualNetwork may contain a default route, and with it everything"
        if doubtful:
            return f"whether its addresses are in {', '.join(doubtful)} is not documented"
        if traffic.kind is Kind.IP and (self.by_name or self.any_name):
            return "it goes by names, and this is an address"
        if self.spans and self._of_spans(traffic) is Fit.MAYBE:
            return "it goes by addresses, and those of a name are not known here"
        names = [*(pattern.text for pattern in self.patterns), *self.fqdn_tags]
        return f"what {', '.join(names)} stands for cannot be determined"


@dataclass(frozen=True)
class Not:
    """The opposite of a condition."""

    condition: Condition

    def fit(self, traffic: Traffic) -> Fit:
        """ALL for NONE and the reverse."""
        fit = self.condition.fit(traffic)
        return {Fit.ALL: Fit.NONE, Fit.NONE: Fit.ALL}.get(fit, fit)

    def doubt(self, traffic: Traffic) -> str:
        """Why `fit` is MAYBE."""
        return self.condition.doubt(traffic)

    def reason(self, traffic: Traffic) -> Doubt:
        """What sort of doubt it is."""
        return self.condition.reason(traffic)


@dataclass(frozen=True)
class Perhaps:
    """A condition beside which something else counts that is not known here; `of` is the sort of that doubt."""

    condition: Condition
    because: str
    hint: str = ""
    of: Doubt = Doubt.PART

    def fit(self, traffic: Traffic) -> Fit:
        """MAYBE wherever the condition holds for something."""
        return Fit.NONE if self.condition.fit(traffic) is Fit.NONE else Fit.MAYBE

    def doubt(self, traffic: Traffic) -> str:
        """Why `fit` is MAYBE."""
        return self.because

    def reason(self, traffic: Traffic) -> Doubt:
        """What sort of doubt it is."""
        return self.of

    def advice(self, traffic: Traffic) -> str:
        """What to do about it."""
        return self.hint


@dataclass(frozen=True)
class Needs:
    """What has to hold for names besides; where that is not sure, a rule is in doubt."""

    condition: Condition
    because: str

    def fit(self, traffic: Traffic) -> Fit:
        """ALL for what has no name, or where the condition holds; else MAYBE."""
        named = traffic.kind in (Kind.FQDN, Kind.WILDCARD)
        return Fit.MAYBE if named and self.condition.fit(traffic) is not Fit.ALL else Fit.ALL

    def doubt(self, traffic: Traffic) -> str:
        """Why `fit` is MAYBE."""
        return self.because

    def reason(self, traffic: Traffic) -> Doubt:
        """What sort of doubt it is."""
        return Doubt.PART


@dataclass(frozen=True)
class _Several:
    """Conditions that count together; the first of which it cannot be determined says why."""

    conditions: tuple[Condition, ...]

    def doubt(self, traffic: Traffic) -> str:
        """Why `fit` is MAYBE."""
        return _doubtful(self.conditions, traffic).doubt(traffic)

    def reason(self, traffic: Traffic) -> Doubt:
        """What sort of doubt it is."""
        return _doubtful(self.conditions, traffic).reason(traffic)


class AllOf(_Several):
    """Several conditions at once."""

    def fit(self, traffic: Traffic) -> Fit:
        """What holds for all of them."""
        return every(condition.fit(traffic) for condition in self.conditions)


class OneOf(_Several):
    """Conditions of which one is enough."""

    def fit(self, traffic: Traffic) -> Fit:
        """What holds for any of them."""
        return either(condition.fit(traffic) for condition in self.conditions)


def _doubtful(conditions: Sequence[Condition], traffic: Traffic) -> Condition:
    """The first of some conditions of which it cannot be determined."""
    return next((one for one in conditions if one.fit(traffic) is Fit.MAYBE), conditions[0])


Condition = Union[Sources, Services, Destinations, Not, Perhaps, Needs, AllOf, OneOf]


PLAIN = (Sources, Services, Destinations)
"""Conditions that are not made of others."""


def leaves(condition: Condition) -> Iterator[Union[Sources, Services, Destinations]]:
    """What a condition is made of, negations and doubts aside."""
    if isinstance(condition, (Not, Perhaps, Needs)):
        yield from leaves(condition.condition)
    elif isinstance(condition, (AllOf, OneOf)):
        for part in condition.conditions:
            yield from leaves(part)
    else:
        yield condition
