"""The report: every requirement with its judgement, what they come to, and the exit code. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any, Iterable, Mapping, Optional, Sequence

from ..model import (
    EXIT_FINDINGS,
    EXIT_UNKNOWN,
    Cause,
    FailOn,
    Judgement,
    Kind,
    Level,
    Progress,
    Proof,
    Protocol,
    Requirement,
    Result,
    Verdict,
)
from .judge import Scene, judge, told

UNMEASURED = (Verdict.UNKNOWN, Verdict.SKIPPED)
Key = tuple[str, str, int, str, str]


# ---------------------------------------------------------------------------------------------------------------------
# A requirement and what came back → a result


def result_of(
    row: Requirement,
    proofs: Mapping[str, Proof],
    found: Optional[Mapping[str, Any]],
    scene: Scene,
    vantage: str,
    absent: Optional[Judgement] = None,
) -> Result:
    """The one result of a requirement, whatever came back; `absent` says why nothing did, where that is known."""
    judgement = _judged(row, proofs[row.probe.proof], found, scene) if row.probe else _skipped(row)
    if row.probe and absent is not None and (found is None or judgement.cause is Cause.POD_NO_RESULT):
        judgement = absent
    return Result(
        host=row.host,
        port=row.port,
        protocol=row.protocol,
        kind=row.kind,
        level=row.level,
        topic="extra" if row.extra else row.topic.value,
        reason=row.reason,
        computes=row.computes,
        vantage=vantage,
        verdict=judgement.verdict,
        cause=judgement.cause,
        layer=judgement.layer,
        because=judgement.because,
        hint=judgement.hint,
        tested_by=row.probe.host if row.probe and row.probe.host != row.host else None,
        warnings=judgement.warnings,
        notes=(*judgement.notes, *_limits(row)),
        elapsed_ms=(found or {}).get("elapsedMs"),
        steps=tuple((found or {}).get("steps") or ()),
    )


def _judged(row: Requirement, proof: Proof, found: Optional[Mapping[str, Any]], scene: Scene) -> Judgement:
    """The judgement; a result that cannot be judged is unknown, and costs no other row its own."""
    try:
        return judge(row, proof, found, scene)
    except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        return told(Cause.UNKNOWN_FAILURE, f"the result could not be judged ({type(error).__name__})")


def _skipped(row: Requirement) -> Judgement:
    """Why there is nothing concrete to try."""
    hint = ""
    if row.unresolved:
        because = "a part of the name is not known yet"
    elif row.kind is Kind.WILDCARD:
        because = "a wildcard, and no concrete name stands in for it"
        hint = "Try a name of it that you know: --endpoint."
    elif row.kind is Kind.SERVICE_TAG:
        because = "a service tag, which is no name to connect to"
    elif row.protocol is Protocol.UDP:
        because = "UDP, where silence proves nothing"
    else:
        because = "nothing concrete to try"
    return Judgement(Verdict.SKIPPED, because=because, hint=hint)


def _limits(row: Requirement) -> tuple[str, ...]:
    """What a pass of this row does not prove."""
    if row.probe is None:
        return ()
    said = {
        "connect": "The connection proves the path only, not who answers.",
        "any-answer": "Proven by an answer that is no middlebox's page." if row.extra else "",
    }
    return tuple(filter(None, (said.get(row.probe.proof),)))


# ---------------------------------------------------------------------------------------------------------------------
# Results → what they come to


def with_failing(results: Iterable[Result], fail_on: FailOn) -> tuple[Result, ...]:
    """The results, each saying whether it makes the command fail (under `never`: whether it would by default)."""
    rule = FailOn.BLOCKED if fail_on is FailOn.NEVER else fail_on
    return tuple(replace(result, failing=_fails(result, rule)) for result in results)


def _fails(result: Result, fail_on: FailOn) -> bool:
    """Worse than in the baseline, or new, or there is none: then what is blocked counts, and what was not measured."""
    if result.change in (Progress.SAME, Progress.BETTER):
        return False
    if result.level is Level.RECOMMENDED:
        return fail_on is FailOn.RECOMMENDED and result.verdict is Verdict.BLOCKED
    if result.level is not Level.REQUIRED:
        return False
    lost = result.verdict is Verdict.SKIPPED and result.change is Progress.WORSE
    degraded = fail_on is FailOn.DEGRADED and result.verdict is Verdict.DEGRADED
    return lost or degraded or result.verdict in (Verdict.BLOCKED, Verdict.UNKNOWN)


def exit_code(results: Sequence[Result], fail_on: FailOn) -> int:
    """0 fine; 8 a finding under `fail_on`; 9 none, but something required was not measured, or nothing required was."""
    if fail_on is FailOn.NEVER:
        return 0
    failing = [result for result in results if result.failing]
    if any(result.verdict not in UNMEASURED for result in failing):
        return EXIT_FINDINGS
    required = [result for result in results if result.level is Level.REQUIRED] or results
    nothing = all(result.verdict in UNMEASURED for result in required)
    return EXIT_UNKNOWN if failing or nothing else 0


def summary(results: Sequence[Result]) -> dict[str, Any]:
    """The counts by verdict and by level, and the required rows that were skipped, by name."""
    levels = {level: Counter(r.verdict for r in results if r.level is level) for level in Level}
    return {
        "verdicts": {verdict.value: sum(counts[verdict] for counts in levels.values()) for verdict in Verdict},
        "levels": {
            level.value: {verdict.value: counts[verdict] for verdict in Verdict} for level, counts in levels.items()
        },
        "skippedRequired": [r.host for r in results if r.level is Level.REQUIRED and r.verdict is Verdict.SKIPPED],
    }


def differences(results: Sequence[Result]) -> tuple[Mapping[str, Any], ...]:
    """The endpoints on which vantages disagree."""
    seen: dict[tuple[str, int, str], dict[str, str]] = {}
    for result in results:
        key = (result.host, result.port, result.protocol.value)
        seen.setdefault(key, {})[result.vantage] = result.verdict.value
    return tuple(
        {"host": host, "port": port, "protocol": protocol, "verdicts": verdicts}
        for (host, port, protocol), verdicts in seen.items()
        if len(set(verdicts.values())) > 1
    )


# ---------------------------------------------------------------------------------------------------------------------
# Compared with an earlier report


def compare(results: Iterable[Result], earlier: Mapping[Key, Verdict]) -> tuple[Result, ...]:
    """The results, each with how it went since the earlier report."""
    return tuple(replace(result, change=_progress(result.verdict, earlier.get(result.key))) for result in results)


def _progress(now: Verdict, before: Optional[Verdict]) -> Progress:
    """What is measured for the first time is new; what is not measured now is worse, even if it was not before."""
    if now is Verdict.UNKNOWN:
        return Progress.WORSE if before is not None else Progress.NEW
    if before is now:
        return Progress.SAME
    if before is None or (before in UNMEASURED and now not in UNMEASURED):
        return Progress.NEW
    order = (Verdict.REACHABLE, Verdict.DEGRADED, Verdict.BLOCKED, *UNMEASURED)
    return Progress.WORSE if order.index(now) > order.index(before) or now in UNMEASURED else Progress.BETTER
