"""Rows and policies → findings: what policies make of each requirement, in their own order of evaluation. Pure.

The first rule that holds for all of the traffic decides. A rule that holds for a part of it makes the answer partial;
one of which it cannot be determined makes it unknown, if it would have decided otherwise.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Callable, Iterable, Optional, Sequence, Union

from ..model import Coverage, Kind, Requirement, ServiceTag, Settlement
from .addresses import EVERYTHING, Span, inside, parents, shown, union
from .at_rest import collector_at_rest
from .conditions import Destinations, Services, Sources
from .evidence import Evidence, Seen
from .model import Finding, Policy, Rule, Settled
from .rule_index import Held, RuleIndex
from .service_tags import elsewhere
from .traffic import Fit, Traffic, Whence, every, traffics
from .unknowns import SETTLED_BY, Doubt

ROUTES = "route-table"
"""The one dialect whose rules say where to, not whether."""


@dataclass(frozen=True)
class Decision:
    """What one policy makes of some traffic, by which rules."""

    coverage: Coverage
    rules: tuple[str, ...] = ()
    because: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()
    settled_by: Optional[Settlement] = None
    evidence: Optional[Settled] = None


@dataclass(frozen=True)
class Question:
    """What is asked of a policy: a row, where its traffic comes from, which tags hold nothing of it, what was seen."""

    row: Requirement
    sources: Sequence[Whence]
    others: frozenset[str] = frozenset()
    seen: Optional[Seen] = None


def _unknown(doubt: Doubt, because: str, hint: str, rules: tuple[str, ...] = ()) -> Decision:
    return Decision(Coverage.UNKNOWN, rules, because, hint, settled_by=SETTLED_BY[doubt])


@collector_at_rest()
def findings(
    rows: Iterable[Requirement],
    policies: Sequence[Policy],
    sources: Callable[[Requirement], Sequence[Union[Whence, Span, None]]],
    table: Sequence[ServiceTag] = (),
    evidence: Evidence = Evidence(),
) -> tuple[Finding, ...]:
    """One finding for each row: traffic has to pass every policy, so the worst of them tells.

    `sources` names where the traffic of a row comes from, and perhaps whose it is; None, or nothing at all, where that
    is not known. `table` is
    the catalog's table of service tags; one that is not in it may hold anything. `evidence` settles what only the
    addresses of a name leave in doubt.
    """
    placed = Counter(policy.dialect for policy in policies if policy.within)
    checkers = [Checker(policy, alone=placed[policy.dialect] == 1) for policy in policies]
    asked = ((row, [one if isinstance(one, Whence) else Whence(one) for one in sources(row)]) for row in rows)
    return tuple(_finding(Question(row, some, elsewhere(row, table)), checkers, evidence) for row, some in asked)


def _finding(question: Question, checkers: Sequence[Checker], evidence: Evidence) -> Finding:
    row = question.row
    if row.unresolved:
        decisions = [_unknown(Doubt.NAME, "a part of the name is not known yet", _COMPLETE)]
    else:
        meeting = [checker for checker in checkers if _meets(row, checker.policy)]
        asked = [_decided(checker, question, evidence) for checker in meeting]
        decisions = [decision for decision in asked if decision]
        decisions += _unmet([checker.policy for checker in meeting], question.sources)
        decisions = decisions or [_unknown(Doubt.NO_POLICY, "no policy is for its computes", _GIVE)]
    return _told(row, decisions)


def _told(row: Requirement, decisions: Sequence[Decision]) -> Finding:
    """The finding that the decisions of all policies make: the worst of them tells."""
    worst = min(decisions, key=lambda decision: decision.coverage.rank)
    telling = [worst] if worst.coverage is not Coverage.COVERED else decisions
    return Finding(
        host=row.host,
        port=row.port,
        protocol=row.protocol,
        kind=row.kind,
        level=row.level,
        topic=row.topic.value,
        reason=row.reason,
        computes=row.computes,
        needed_for=row.needed_for,
        private=row.private,
        websocket=row.websocket,
        inspection=row.inspection,
        workspaces=row.workspaces,
        sources=row.sources,
        coverage=worst.coverage,
        rules=_unique(rule for decision in telling for rule in decision.rules),
        because="; ".join(filter(None, _unique(decision.because for decision in telling))),
        hint=worst.hint,
        settled_by=worst.settled_by,
        evidence=next((decision.evidence for decision in telling if decision.evidence), None),
        notes=_unique((*row.conditions, *(note for decision in decisions for note in decision.notes))),
    )


def _decided(checker: Checker, question: Question, evidence: Evidence) -> Optional[Decision]:
    """What one policy makes of a row; where only addresses leave a doubt, by those that were seen."""
    decision, seen = checker.decide(question), evidence.of(question.row.host)
    named = question.row.kind is Kind.FQDN
    if not named or seen is None or decision is None or decision.settled_by is not SETTLED_BY[Doubt.ADDRESSES]:
        return decision
    by_seen = checker.decide(replace(question, seen=seen))
    if by_seen is None or by_seen.coverage is Coverage.UNKNOWN:
        return decision
    tags = [tag for rule in checker.policy.rules if rule.name in by_seen.rules for tag in rule.tags_with(seen)]
    settled = Settled(tuple(map(shown, seen.addresses)), next(iter(tags), None), evidence.seen_at[:10])
    because = f"{by_seen.because}, by the addresses that were seen ({evidence.seen_at[:10]})"
    return replace(by_seen, because=because, evidence=settled)


def _meets(row: Requirement, policy: Policy) -> bool:
    """Whether the traffic of a row passes a policy."""
    return not (policy.computes and row.computes) or bool(set(policy.computes) & set(row.computes))


def _unmet(policies: Sequence[Policy], sources: Sequence[Whence]) -> list[Decision]:
    """A doubt where traffic comes from somewhere that none of the policies is for."""
    if not policies or not all(policy.within for policy in policies):
        return []
    spans, outside = beyond(policies, [source.span for source in sources])
    because = f"no policy is for all of {outside}: subnets name them for {spans}"
    return [_unknown(Doubt.NO_POLICY, because, _GIVE)] if outside else []


def beyond(policies: Iterable[Policy], sources: Iterable[Optional[Span]]) -> tuple[str, str]:
    """Where subnets name these policies for, and of the sources those that are not all within it."""
    spans = union(span for policy in policies if policy.within for span in policy.within.spans)
    outside = [source for source in sources if source and not inside(source, spans)]
    return ", ".join(map(shown, spans[:3])), ", ".join(map(shown, outside))


_GIVE = "Give the policy that stands in front of them."
_COMPLETE = "Complete the facts with --workspace-file, or create what is missing."


# ---------------------------------------------------------------------------------------------------------------------
# One policy


Doubts = dict[Optional[bool], Rule]
"""The first rule that allows, denies or does not tell, and holds for a part of some traffic, or perhaps."""


class Checker:
    """Decides about rows, as one policy does."""

    def __init__(self, policy: Policy, alone: bool = False) -> None:
        self.policy = policy
        self.alone = alone
        self.index = RuleIndex(policy)

    def decide(self, question: Question) -> Optional[Decision]:
        """What the policy makes of a row, from all of its sources and for all of its service tags; None for no part."""
        pieces = self.index.cut(question.sources)
        asked = traffics(question.row, pieces or [Whence()], question.others, question.seen)
        decisions = {traffic: made for traffic in asked if (made := _met(self, traffic)) is not None}
        if not decisions:
            return None
        words = {decision.coverage for decision in decisions.values()}
        works, fails = words & {Coverage.COVERED, Coverage.PARTIAL}, words & {Coverage.DENIED, Coverage.MISSING}
        worst = min(decisions, key=lambda traffic: decisions[traffic].coverage.rank)
        whole = decisions[worst]
        if len(decisions) > 1 and whole.coverage is not Coverage.COVERED:
            whole = replace(whole, because=f"{_part(worst, pieces, apart=len(words) > 1)}{whole.because}")
        elif whole.coverage is Coverage.COVERED:
            whole = replace(
                whole,
                rules=_unique(rule for decision in decisions.values() for rule in decision.rules),
                because="; ".join(filter(None, _unique(decision.because for decision in decisions.values()))),
            )
        return replace(whole, coverage=Coverage.PARTIAL) if works and fails else whole

    def about(self, traffic: Traffic) -> Decision:
        """What the policy makes of some traffic that meets it."""
        policy = self.policy
        if traffic.private and not policy.private and not (policy.words and self._let_through(traffic)):
            return _private(policy)
        if policy.words and not policy.words & traffic.words:
            because = f"{policy.name} forwards {' and '.join(sorted(policy.words))} only"
            return Decision(Coverage.MISSING, (), because, "Open it where this traffic does pass.")
        doubts: Doubts = {}
        parts: Doubts = {}
        rules = self.index.rules_for(traffic)
        for position, (_, rule, fit) in enumerate(rules):
            if fit is Fit.MAYBE or rule.allow is None:
                doubts.setdefault(rule.allow, rule)
            elif fit is Fit.SOME:
                parts.setdefault(rule.allow, rule)
            else:
                return self._decided(traffic, rule, parts, doubts, rules[position + 1 :])
        return self._undecided(traffic, parts, doubts)

    def _let_through(self, traffic: Traffic) -> bool:
        """Whether the policy allows even what should not come to it."""
        first = next(
            (held for held in self.index.rules_for(traffic) if held[1].allow is not True or held[2] is Fit.ALL), None
        )
        return first is not None and first[1].allow is True and first[2] is Fit.ALL

    def _decided(
        self,
        traffic: Traffic,
        rule: Rule,
        parts: Doubts,
        doubts: Doubts,
        later: Iterable[Held],
    ) -> Decision:
        """A rule holds for all of it; rules in front of it may hold for a part, or perhaps."""
        against = parts.get(not rule.allow)
        doubt = next((doubt for allow, doubt in doubts.items() if allow is not rule.allow), None)
        if against and (rule.allow or doubt is None):
            return self._partial(traffic, against, rule)
        if doubt is not None:
            return self._doubtful(traffic, doubt, rule)
        if rule.allow:
            return Decision(Coverage.COVERED, (rule.name,), self._says(rule, traffic), notes=rule.notes)
        would = next((other for _, other, fit in later if other.allow and fit in (Fit.ALL, Fit.SOME)), None)
        closing = denies_the_rest(rule) and self.policy.dialect != ROUTES
        if closing and (would is None or _goes_anywhere(would)):
            because = f"no rule of {self.policy.name} allows it before {_ref(rule)} {rule.says(traffic)}"
            because += _nearest(self.index, traffic)
            hint = f"Add a rule in front of {_ref(rule)}; --suggest FORMAT writes the rules that are missing."
            return Decision(Coverage.MISSING, (rule.name,), because, hint, rule.notes)
        before = f", before {_ref(would)} allows it" if would else ""
        hint = f"Narrow {_ref(rule)}, or add a rule that allows it in front of it."
        return Decision(Coverage.DENIED, (rule.name,), f"{self._says(rule, traffic)}{before}", hint, rule.notes)

    def _undecided(self, traffic: Traffic, parts: Doubts, doubts: Doubts) -> Decision:
        """No rule holds for all of it, so the policy's default does for the rest."""
        default, name = self.policy.default, self.policy.name
        doubt = next((doubt for allow, doubt in doubts.items() if allow is not default), None)
        against = parts.get(not default)
        if default and against:
            return self._partial(traffic, against, None)
        if default is None or doubt is not None:
            return self._doubtful(traffic, doubt, None)
        if default:
            because = "" if self.policy.of else f"no rule of {name} decides, and what none decides is allowed there"
            return Decision(Coverage.COVERED, (), because)
        if against:
            return self._partial(traffic, against, None)
        return Decision(Coverage.MISSING, (), f"no rule of {name} allows it{_nearest(self.index, traffic)}", _ADD)

    def _partial(self, traffic: Traffic, part: Rule, rest: Optional[Rule]) -> Decision:
        for_rest = f"{_ref(rest)} {rest.says(traffic)} for the rest" if rest else "no rule decides the rest"
        hint = _ADD if part.allow else f"Narrow {_ref(part)}."
        rules = (part.name, rest.name) if rest else (part.name,)
        return Decision(Coverage.PARTIAL, rules, f"{self._says(part, traffic)}, a part of it, and {for_rest}", hint)

    def _doubtful(self, traffic: Traffic, doubt: Optional[Rule], rest: Optional[Rule]) -> Decision:
        if doubt is None:
            because = f"what {self.policy.name} does where no rule decides could not be read"
            return _unknown(Doubt.DEFAULT, because, _MEASURE)
        otherwise = f"; otherwise {_ref(rest)} {rest.says(traffic)}" if rest else ""
        rules = (doubt.name, rest.name) if rest else (doubt.name,)
        because = f"{doubt.doubt(traffic)} ({self._says(doubt, traffic)}{otherwise})"
        return _unknown(doubt.reason(traffic), because, doubt.advice(traffic) or _MEASURE, rules)

    def _says(self, rule: Rule, traffic: Traffic) -> str:
        return f"{_ref(rule)} of {self.policy.name} {rule.says(traffic)}"


def _met(checker: Checker, traffic: Traffic) -> Optional[Decision]:
    """The decision about traffic that comes from where the policy is; None for other traffic.

    The only policy of its kind is the one that is meant where no source is told.
    """
    where = checker.policy.within
    fit = where.fit(traffic) if where and not (checker.alone and traffic.source is None) else Fit.ALL
    if fit is Fit.NONE:
        return None
    decision = checker.about(traffic)
    if where is None or fit is not Fit.MAYBE or decision.coverage is Coverage.COVERED:
        return decision
    because = f"{where.doubt(traffic)} ({checker.policy.name}: {decision.because})"
    return _unknown(where.reason(traffic), because, where.advice(traffic) or _MEASURE, decision.rules)


_ADD = "Add a rule for it; --suggest FORMAT writes the rules that are missing."
_MEASURE = "Have the part read that is not known, or measure it with az ml network test."


def _nearest(index: RuleIndex, traffic: Traffic) -> str:
    """The rule that nearly allows it: the right destination, but another port, protocol or source; or its apex."""
    near = index.near(traffic.host)
    for rule in near:
        if rule.allow and every(where.fit(traffic) for where in rule.destinations) is Fit.ALL:
            return f"; {_ref(rule)} {rule.says(traffic)}"
    for rule in near:
        if rule.allow and any(traffic.host in where.below for where in rule.destinations):
            return f"; {_ref(rule)} is for names below {traffic.host}, not for itself"
    above = set(parents(traffic.host.removeprefix("*.")))
    for rule in near:
        name = next((name for where in rule.destinations for name in where.names if name in above), "")
        if rule.allow and name:
            return f"; {_ref(rule)} is for {name} itself, not for what is below"
    return ""


def denies_the_rest(rule: Rule) -> bool:
    """Whether nothing public gets past a deny rule, as if it were the policy's default."""
    tags = {"internet"}
    return all(
        any((low, high) == (0, 65535) and not words for words, low, high in condition.pairs)
        if isinstance(condition, Services)
        else condition.spans == (EVERYTHING,)
        if isinstance(condition, Sources)
        else isinstance(condition, Destinations)
        and (condition.anything or condition.any_name or bool(tags & {tag.lower() for tag in condition.tags}))
        for condition in rule.conditions
    )


def _goes_anywhere(rule: Rule) -> bool:
    """Whether a rule is for everything public: nobody meant this traffic in particular."""
    wheres = list(rule.destinations)
    return not wheres or any(
        where.anything or where.any_name or "internet" in map(str.lower, where.tags) for where in wheres
    )


def _private(policy: Policy) -> Decision:
    """What a private endpoint serves passes a proxy unless clients are told to skip it, and no firewall as a rule."""
    if policy.words:
        because = f"a private endpoint serves it, and whether clients skip {policy.name} for it is not known"
        hint = "Name it in NO_PROXY (export --format no-proxy), and leave the row out of this check."
        return _unknown(Doubt.SKIP_LIST, because, hint)
    because = f"a private endpoint serves it, and its traffic does not pass {policy.name}"
    note = "Unless routes lead traffic to private endpoints through the firewall; then it needs a rule."
    return Decision(Coverage.COVERED, (), because, notes=(note,))


def _ref(rule: Rule) -> str:
    return f"rule '{rule.name}'"


def _part(traffic: Traffic, pieces: Sequence[Whence], apart: bool) -> str:
    """Which part of what was asked it is; a tag only where it makes a difference."""
    parts = [f"from {shown(traffic.source)}"] if traffic.source and len(pieces) > 1 else []
    parts += [f"to service tag {traffic.tag}"] if traffic.tag and apart else []
    return f"{' '.join(parts)}: " if parts else ""


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, items)))
