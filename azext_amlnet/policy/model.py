"""The nouns of a policy: any firewall, reduced to rules in the order in which it looks at them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, Iterator, Mapping, Optional

from ..model import (
    Coverage,
    Effect,
    Gap,
    Kind,
    Level,
    Progress,
    Protocol,
    Scenario,
    SearchedScope,
    Settlement,
    Source,
)
from .addresses import inside
from .conditions import Condition, Destinations, Perhaps, Sources
from .evidence import Seen
from .traffic import Fit, Traffic, every
from .unknowns import Doubt


@dataclass(frozen=True)
class Rule:
    """One rule: all its conditions must hold; `allow` is None where it is not known what it does, `unread` says why.

    `verb`, `what` and `on` are what the policy itself has (`allows`, `*.x, *.y`, ` on 443`): for people alone.
    """

    name: str
    allow: Optional[bool]
    conditions: tuple[Condition, ...]
    verb: str = "decides about"
    what: str = ""
    on: str = ""
    notes: tuple[str, ...] = ()
    unread: str = ""

    def fit(self, traffic: Traffic) -> Fit:
        """How much of the traffic the rule decides."""
        return every(condition.fit(traffic) for condition in self.conditions)

    def says(self, traffic: Traffic) -> str:
        """What the rule does, of its destinations the one that holds for the traffic."""
        matches = (where.match(traffic) for where in self.destinations)
        return f"{self.verb} {next(filter(None, matches), self.what)}{self.on}"

    def doubt(self, traffic: Traffic) -> str:
        """Why it cannot be determined whether, or how, the rule decides."""
        doubts = (c.doubt(traffic) for c in self.conditions if c.fit(traffic) is Fit.MAYBE)
        return self.unread or next(doubts, "what it does could not be read")

    def reason(self, traffic: Traffic) -> Doubt:
        """What sort of doubt it is."""
        reasons = (c.reason(traffic) for c in self.conditions if c.fit(traffic) is Fit.MAYBE)
        return Doubt.PART if self.unread else next(reasons, Doubt.PART)

    def advice(self, traffic: Traffic) -> str:
        """What to do about it, where that can be said."""
        doubts = (c for c in self.conditions if c.fit(traffic) is Fit.MAYBE)
        return next((text for text in (_advice(doubt, traffic) for doubt in doubts) if text), "")

    def tags_with(self, seen: Seen) -> Iterator[str]:
        """The service tags of the rule whose prefixes hold all addresses that were seen."""
        for tag in (tag for where in self.destinations for tag in where.tags):
            prefixes = seen.prefixes.get(tag.lower(), ())
            if seen.addresses and all(inside(address, prefixes) for address in seen.addresses):
                yield tag

    @property
    def destinations(self) -> Iterator[Destinations]:
        """Where it applies to, negations aside."""
        for condition in self.conditions:
            while isinstance(condition, Perhaps):
                condition = condition.condition
            if isinstance(condition, Destinations):
                yield condition


def _advice(condition: Condition, traffic: Traffic) -> str:
    return condition.advice(traffic) if isinstance(condition, (Perhaps, Sources)) else ""


@dataclass(frozen=True)
class Unread:
    """A part of a policy that could not be read or understood, and why."""

    policy: str
    part: str
    because: str


def unread_rule(what: str, because: str = "", name: str = "(not read)") -> Rule:
    """The rule in the place of what was not read: it may hold for anything, and nobody knows what it does."""
    return Rule(name, None, (), "stands for", what, unread=because or what)


def unread_of(policy: str, rules: Iterable[Rule]) -> tuple[Unread, ...]:
    """The parts of rules that could not be understood, in the order of the rules."""
    unread = []
    for rule in rules:
        parts = (getattr(condition, "unread", "") for condition in rule.conditions)
        unread += [Unread(policy, rule.name, because) for because in dict.fromkeys((rule.unread, *parts)) if because]
    return tuple(unread)


@dataclass(frozen=True)
class Policy:
    """One firewall, proxy or network policy that traffic has to pass.

    `assumptions` is what was taken for granted of parts that were not given, and how to give them.
    `default` is what happens where no rule decides. `private` says whether traffic to private endpoints passes it;
    `words` what can pass at all, any when empty. `computes` are those whose traffic meets it, all when empty; `within`
    is where the traffic comes from that meets it, as the subnets that name it tell. `of` names the policy that it asks
    once more; what it lets pass is not what it allows. `source` is the dialect that it was written in, if another one.
    """

    name: str
    dialect: str
    rules: tuple[Rule, ...]
    default: Optional[bool] = False
    private: bool = False
    words: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
    id: str = ""
    computes: tuple[str, ...] = ()
    within: Optional[Sources] = None
    of: str = ""
    source: str = ""


@dataclass(frozen=True)
class Settled:
    """What settled a rule by addresses: those that were seen, the service tag that holds them, and since when."""

    addresses: tuple[str, ...]
    tag: Optional[str]
    as_of: str


@dataclass(frozen=True)
class Finding:
    """What the policies make of one requirement, by which rules, and what to do next.

    `workspaces` are those that need it, by name; empty where the list does not tell. `evidence` is what was measured
    and settles what documents leave open.
    """

    host: str
    port: int
    protocol: Protocol
    kind: Kind
    level: Level
    topic: str
    reason: str
    computes: tuple[str, ...]
    coverage: Coverage
    rules: tuple[str, ...]
    because: str
    hint: str
    notes: tuple[str, ...] = ()
    failing: bool = False
    workspaces: tuple[str, ...] = ()
    needed_for: tuple[Scenario, ...] = ()
    private: bool = False
    websocket: bool = False
    inspection: Optional[Effect] = None
    sources: tuple[Source, ...] = ()
    settled_by: Optional[Settlement] = field(default=None, metadata={"omit": True})
    evidence: Optional[Settled] = field(default=None, metadata={"omit": True})
    change: Optional[Progress] = field(default=None, metadata={"omit": True})

    @property
    def key(self) -> tuple[str, str, int, str]:
        """What baselines compare."""
        return self.kind.value, self.host, self.port, self.protocol.value


@dataclass(frozen=True)
class PolicySummary:
    """What a report says of a policy; `sources` are the prefixes of the subnets that it is for, all when empty."""

    name: str
    dialect: str
    rules: int
    computes: tuple[str, ...]
    notes: tuple[str, ...]
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class OverPermissive:
    """A rule that allows what anybody can rent a name in; `asked_for` where the list itself wants it so."""

    policy: str
    rule: str
    allows: str
    because: str
    hint: str
    asked_for: bool


@dataclass(frozen=True)
class Stale:
    """A rule for a host that Azure no longer asks for, and the document that says so."""

    policy: str
    rule: str
    host: str
    because: str
    source: str


@dataclass(frozen=True)
class PolicyReport:
    """What `az ml network check-policy` returns; docs/policy.schema.json is its shape.

    `assumptions` is what was taken for granted of what was not given, each with how to give it.
    """

    schema_version: int
    tool: Mapping[str, str]
    catalog: Mapping[str, str]
    workspace: Optional[Mapping[str, Optional[str]]]
    workspaces: tuple[Mapping[str, Optional[str]], ...]
    scope: Optional[SearchedScope] = field(metadata={"omit": True})
    gaps: tuple[Gap, ...]
    checked_at: str
    sources: tuple[str, ...]
    policy: tuple[PolicySummary, ...]
    summary: Mapping[str, Any]
    warnings: tuple[str, ...]
    findings: tuple[Finding, ...]
    over_permissive: tuple[OverPermissive, ...]
    stale: tuple[Stale, ...]
    unread: tuple[Unread, ...]
    assumptions: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 all required covered; 8 something required is not; 9 that cannot be determined, or nothing is required."""
        return int(self.summary["exitCode"])
