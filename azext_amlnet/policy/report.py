"""Findings → the report on policies, its exit code, and what is to be said beside it. Pure."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Callable, Iterable, Iterator, Mapping, Optional, Sequence

from ..about import about, keys_of
from ..codec import plain
from ..compare.outcomes import OF_POLICY, counts, fails
from ..compare.outcomes import exit_code as exit_code_of
from ..model import EXIT_UNKNOWN, SCHEMA_VERSION, Coverage, Inputs, Level, Requirement
from ..text import by_workspace, endpoint, few, is_no_compute
from .addresses import Span
from .addresses import shown as shown_span
from .check import beyond
from .check import findings as findings_of
from .evidence import Evidence
from .model import Finding, Policy, PolicyReport, PolicySummary
from .over_permissive import over_permissive, stale
from .traffic import Whence

LACKING = (Coverage.MISSING, Coverage.PARTIAL)
"""What a further rule mends."""
_BAD = {Level.REQUIRED: set(Coverage) - {Coverage.COVERED}}
Key = tuple[str, str, int, str]


def report_on(
    inputs: Inputs,
    policies: Sequence[Policy],
    *,
    sources: Sequence[Span] = (),
    sources_of: Optional[Mapping[str, Sequence[Span]]] = None,
    earlier: Optional[Mapping[Key, Coverage]] = None,
    evidence: Evidence = Evidence(),
) -> PolicyReport:
    """The report on what policies make of the rows: one finding for each.

    `sources_of` tells by compute where its traffic comes from, `sources` so of those for which it has no span. With
    `earlier`, another report's coverage by `Finding.key`, only what is worse than there, or new and not covered, fails.
    """
    findings = _compared(inputs, earlier, policies, whence(inputs, sources, sources_of or {}), evidence)
    everywhere = (*sources, *sorted({span for some in (sources_of or {}).values() for span in some} - {*sources}))
    return PolicyReport(
        schema_version=SCHEMA_VERSION,
        **about(inputs, evidence.gaps),
        checked_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        sources=tuple(map(shown_span, everywhere)),
        policy=plain(tuple(map(_summary_of, policies))),
        summary={**summary(findings), "exitCode": exit_code(findings) or EXIT_UNKNOWN * inputs.fleet.undecided},
        warnings=plain((*inputs.warnings, *evidence.warnings, *_notes(policies, everywhere))),
        findings=plain(findings),
        over_permissive=plain(tuple(over_permissive(policies, inputs.catalog.shared, inputs.rows, everywhere))),
        stale=plain(tuple(stale(policies, inputs.catalog.retired))),
        unread=plain(tuple(part for policy in policies for part in policy.unread)),
        assumptions=plain(_unique(policy.assumptions for policy in policies)),
    )


def whence(
    inputs: Inputs, sources: Sequence[Span], sources_of: Mapping[str, Sequence[Span]]
) -> Callable[[Requirement], Sequence[Whence]]:
    """Where a row's traffic comes from, and whose it is, always behind a workspace's name, as rules have it.

    No span for what nobody told of a compute; without facts the computes that rows name.
    """
    known = sources_of or dict.fromkeys(inputs.computes_of_rows, ())
    attached, front = by_workspace(known), f"{inputs.workspaces[0]}/" if len(inputs.workspaces) == 1 else ""
    keys, among = keys_of(inputs), len(inputs.workspaces) > 1

    def of(row: Requirement) -> Sequence[Whence]:
        names = {name: f"{front}{name}" for name in row.users_among(attached)}
        whose = {name: (whole, keys.get(whole.rpartition("/")[0], "")) for name, whole in names.items()}
        own = {name: known.get(name) or (() if is_no_compute(name) else sources) or (None,) for name in names}
        private = {name for one in row.variants or () if one.private for name in one.workspaces}
        inside = {name: whole.rpartition("/")[0] in private for name, whole in names.items()}
        return [Whence(span, *whose[name], among, inside[name]) for name in names for span in own[name]]

    return of


def _notes(policies: Sequence[Policy], sources: Sequence[Span]) -> Iterator[str]:
    """What is to be said of policies, and of sources that no gate of a subnet is for, where others are for all."""
    yield from _unique(policy.notes for policy in policies)
    for dialect in dict.fromkeys(policy.dialect for policy in policies if policy.within):
        gates = [policy for policy in policies if policy.dialect == dialect]
        spans, outside = beyond(gates, sources)
        if outside and len(gates) < len(policies) and all(policy.within for policy in gates):
            yield f"No {dialect} here is for all of {outside}: subnets name those for {spans} only."


def _unique(notes: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(note for several in notes for note in several))


def _summary_of(policy: Policy) -> PolicySummary:
    spans = policy.within.spans if policy.within else ()
    sources = tuple(map(shown_span, spans))
    return PolicySummary(
        policy.name, policy.source or policy.dialect, len(policy.rules), policy.computes, policy.notes, sources
    )


# ---------------------------------------------------------------------------------------------------------------------
# Findings → what they come to


def compare(findings: Iterable[Finding], earlier: Mapping[Key, Coverage]) -> tuple[Finding, ...]:
    """The findings, each with how it went since the earlier check."""
    return tuple(
        replace(finding, change=OF_POLICY.progress(finding.coverage, earlier.get(finding.key))) for finding in findings
    )


def with_failing(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, each saying whether it makes the command fail: required, not covered, and worse than before."""
    return tuple(
        replace(finding, failing=fails((finding.coverage, finding.level), finding.change, _BAD)) for finding in findings
    )


def _compared(
    inputs: Inputs,
    earlier: Optional[Mapping[Key, Coverage]],
    policies: Sequence[Policy],
    whence: Callable[[Requirement], Sequence[Whence]],
    evidence: Evidence,
) -> tuple[Finding, ...]:
    """The findings, each with how it went, and whether it fails."""
    made = findings_of(inputs.rows, policies, whence, inputs.catalog.service_tag_table, evidence)
    return with_failing(made if earlier is None else compare(made, earlier))


def exit_code(findings: Sequence[Finding]) -> int:
    """0 all required covered; 8 something required is not; 9 that cannot be determined, or nothing is required."""
    required = any(finding.level is Level.REQUIRED for finding in findings)
    failing = [finding.coverage for finding in findings if finding.failing]
    return exit_code_of(failing, (Coverage.UNKNOWN,), answered=required)


def summary(findings: Iterable[Finding]) -> dict[str, object]:
    """The counts by coverage, over all and for each level."""
    over_all, by_level = counts(((finding.coverage, finding.level) for finding in findings), tuple(Coverage))
    return {"coverage": over_all, "levels": by_level}


# ---------------------------------------------------------------------------------------------------------------------
# What is to be said


def remarks(report: PolicyReport) -> Iterator[str]:
    """The lines to be said beside the report."""
    yield from report.warnings
    if report.assumptions:
        more = f" And {len(report.assumptions) - 1} more, in 'assumptions'." if len(report.assumptions) > 1 else ""
        yield f"Taken for granted: {report.assumptions[0]}{more}"
    parts = [f"{part.policy}, {part.part}: {part.because}" for part in report.unread]
    yield from (f"Not read: {part}." for part in parts[:5])
    if len(parts) > 5:
        yield f"Not read, too: {len(parts) - 5} more parts, in 'unread'."
    asked, beyond = ([item for item in report.over_permissive if item.asked_for is word] for word in (True, False))
    yield from _by_rule("Overly permissive", [(item.allows, item.rule) for item in beyond])
    yield from _by_rule("Allowed as the list asks, but open to anybody", [(item.allows, item.rule) for item in asked])
    yield from _by_rule("Stale", [(item.host, item.rule) for item in report.stale])
    yield from _advice(report.findings)
    yield from _verdict(report)


def _by_rule(what: str, items: Sequence[tuple[str, str]]) -> Iterator[str]:
    if items:
        shown = "; ".join(f"{name} by rule '{rule}'" for name, rule in items[:3])
        more = f" and {len(items) - 3} more" if len(items) > 3 else ""
        yield f"{what}: {shown}{more}."


def _advice(findings: Iterable[Finding]) -> Iterator[str]:
    """What would settle several findings at once."""
    hints = [finding.hint for finding in findings if finding.coverage is Coverage.UNKNOWN]
    for hint in dict.fromkeys(hints):
        if "--source" in hint:
            many = hints.count(hint)
            yield f"{many} endpoint{'s' * (many > 1)} cannot be determined yet: {hint}"


def _verdict(report: PolicyReport) -> Iterator[str]:
    """Why the command fails, if it does."""
    failing = [finding for finding in report.findings if finding.failing]
    for one, many, items in (
        (" is not allowed", "s are not allowed", [f for f in failing if f.coverage is not Coverage.UNKNOWN]),
        (" cannot be determined", "s cannot be determined", [f for f in failing if f.coverage is Coverage.UNKNOWN]),
    ):
        names = [f"{endpoint(f.host, f.port, f.protocol.value)} ({f.coverage.value})" for f in items]
        if items:
            yield f"{len(items)} required endpoint{many if len(items) > 1 else one}: {few(names)}."
    if report.exit_code and not failing and not (report.scope and report.scope.undecided):
        yield "Nothing that is required was asked about."


def not_mended(report: PolicyReport) -> Iterator[str]:
    """What a suggestion of rules does not mend."""
    denied, unknown = (
        [finding.host for finding in report.findings if finding.coverage is word]
        for word in (Coverage.DENIED, Coverage.UNKNOWN)
    )
    if denied:
        yield f"Not in the suggestion, because a rule denies it and has to be changed itself: {few(denied)}."
    if unknown:
        yield f"Not in the suggestion, because it cannot be determined whether it is allowed: {few(unknown)}."
    if not any(finding.coverage in LACKING for finding in report.findings):
        yield "Nothing else is missing, so there is no rule to add."
