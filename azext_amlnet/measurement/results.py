"""A requirement and what came back of it → its one result. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Mapping, Optional

from ..model import Cause, Judgement, Kind, Proof, Protocol, Requirement, Result, Verdict
from .causes import unknown
from .judge import judge
from .scene import Facts, Scene
from .unknowns import Unmeasured


def result_of(
    row: Requirement,
    proofs: Mapping[str, Proof],
    measured: Optional[Facts],
    scene: Scene,
    vantage: str,
    absent: Optional[Judgement] = None,
) -> Result:
    """The one result of a requirement, whatever came back; `absent` says why nothing did, where that is known."""
    judgement = _judgement(row, proofs, measured, scene, absent)
    made = Result(
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
        elapsed_ms=(measured or {}).get("elapsedMs"),
        steps=tuple((measured or {}).get("steps") or ()),
        owner=judgement.owner,
        settled_by=judgement.settled_by,
    )
    return _asked(made, row, proofs)


def _asked(result: Result, row: Requirement, proofs: Mapping[str, Proof]) -> Result:
    """The result with what is asked for in a ticket: what has to pass, what is expected, and on whose word."""
    expects = proofs[row.probe.proof].summary if row.probe else ""
    more = {
        name: getattr(row, name)
        for name in ("needed_for", "private", "websocket", "inspection", "sources", "workspaces")
    }
    return replace(result, expects=expects, notes=(*row.conditions, *result.notes), **more)


def _judgement(
    row: Requirement,
    proofs: Mapping[str, Proof],
    measured: Optional[Facts],
    scene: Scene,
    absent: Optional[Judgement],
) -> Judgement:
    judgement = _judged(row, proofs[row.probe.proof], measured, scene) if row.probe else _skipped(row)
    missing = measured is None or judgement.cause is Cause.POD_NO_RESULT
    return absent if row.probe and absent is not None and missing else judgement


def _judged(row: Requirement, proof: Proof, measured: Optional[Facts], scene: Scene) -> Judgement:
    """The judgement; a result that cannot be judged is unknown, and costs no other row its own."""
    try:
        return judge(row, proof, measured, scene)
    except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        return unknown(Unmeasured.NOT_JUDGED, f"the result could not be judged ({type(error).__name__})")


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
    limits = {
        "connect": "The connection proves the path only, not who answers.",
        "any-answer": "Proven by an answer that is no middlebox's page." if row.extra else "",
    }
    return tuple(filter(None, (limits.get(row.probe.proof),)))
