"""What vantages sent back → the report: every requirement judged, what they come to, and the exit code. Pure."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Iterable, Iterator, Mapping, Optional, Sequence

from ..about import about
from ..compare.outcomes import OF_TEST, UNMEASURED, counts, fails
from ..compare.outcomes import exit_code as exit_code_of
from ..model import (
    EXIT_UNKNOWN,
    SCHEMA_VERSION,
    FailOn,
    Inputs,
    Judgement,
    Level,
    Progress,
    Report,
    Result,
    Vantage,
    Verdict,
)
from . import lookups, no_proxy
from .interception import interceptions
from .judge import by_pull
from .results import result_of
from .scene import Facts, scene_of
from .targets import target_of
from .transcript import Transcript

Key = tuple[str, str, int, str, str]


@dataclass(frozen=True)
class BlockedPull:
    """A failed image pull that proves a host blocked, and the runtime's words."""

    host: str
    because: str


@dataclass(frozen=True)
class Observation:
    """What one vantage sent back; `absent` says why less than asked did, `pull` which image pull failed there."""

    name: str
    place: str
    transcript: Transcript
    node: Optional[str] = None
    pool: Optional[str] = None
    in_pod: bool = False
    absent: Optional[Judgement] = None
    pull: Optional[BlockedPull] = None


@dataclass(frozen=True)
class Run:
    """A whole measurement: what each vantage sent back, and how it went.

    `began_s` is the time in seconds since 1970. `took_s` is None for what was measured elsewhere, which took as long as
    its longest endpoint at least, since all are tried at once. `interrupted` is the exit code of the signal that ended
    it early, if one did; `remarks` are what is to be said of it.
    """

    observations: tuple[Observation, ...]
    began_s: float
    took_s: Optional[float] = None
    interrupted: Optional[int] = None
    remarks: tuple[str, ...] = ()


def report_on(
    inputs: Inputs, run: Run, fail_on: FailOn = FailOn.BLOCKED, earlier: Optional[Mapping[Key, Verdict]] = None
) -> Report:
    """The report on a run: one result for every row and vantage.

    `fail_on` says what makes the exit code 8; with `earlier`, the verdicts of another report by `Result.key`, only what
    is worse than there, or new and not fine, counts.
    """
    results = tuple(result for observation in run.observations for result in _results(inputs, observation))
    if earlier is not None:
        results = compare(results, earlier)
    results = with_failing(results, fail_on)
    open_questions = EXIT_UNKNOWN if inputs.fleet.undecided and fail_on is not FailOn.NEVER else 0
    code = run.interrupted or exit_code(results, fail_on) or open_questions
    return Report(
        schema_version=SCHEMA_VERSION,
        **about(inputs),
        vantages=tuple(map(_vantage, run.observations)),
        started_at=_started_at(run),
        duration_ms=_duration_ms(results, run),
        summary={**summary(results), "exitCode": code},
        warnings=tuple(dict.fromkeys((*inputs.warnings, *run.remarks, *_warnings(inputs, run, results, earlier)))),
        results=results,
        differences=differences(results),
        interception=interceptions(inputs, results),
    )


def _results(inputs: Inputs, observation: Observation) -> Iterator[Result]:
    """One result for each row, from one vantage."""
    transcript, catalog, pull = observation.transcript, inputs.catalog, observation.pull
    known = catalog.public_issuers, catalog.middleboxes
    scene = scene_of(transcript.hello, transcript.throttled_ms, *known)
    for row in inputs.rows:
        blocked = by_pull(row, pull.host, pull.because) if pull else None
        measured = None if blocked else transcript.result_for(row)
        yield result_of(row, catalog.proofs, measured, scene, observation.name, blocked or observation.absent)


def _started_at(run: Run) -> str:
    """When the first prober began, by its own clock; else when it was asked to."""
    moments = (observation.transcript.hello.get("startedAt") for observation in run.observations)
    return min(map(str, filter(None, moments)), default=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(run.began_s)))


def _duration_ms(results: Sequence[Result], run: Run) -> float:
    if run.took_s is not None:
        return round(run.took_s * 1000, 1)
    return float(max((result.elapsed_ms or 0 for result in results), default=0))


def _vantage(observation: Observation) -> Vantage:
    hello = observation.transcript.hello
    return Vantage(
        name=observation.name,
        place=observation.place,
        node=observation.node or hello.get("node"),
        pool=observation.pool,
        resolvers=tuple(hello.get("resolvers") or ()),
        proxy=hello.get("proxies"),
        trust=hello.get("trust"),
        python=hello.get("python"),
    )


# ---------------------------------------------------------------------------------------------------------------------
# What holds for the run as a whole


def _warnings(
    inputs: Inputs, run: Run, results: Sequence[Result], earlier: Optional[Mapping[Key, Verdict]]
) -> Iterator[str]:
    if earlier and not {result.key for result in results} & set(earlier):
        yield "The baseline knows none of these endpoints from here, so all of them count as new."
    targets = {target["id"]: target for target in map(target_of, inputs.rows) if target}
    for observation in run.observations:
        yield from _warnings_of(observation, targets)


def _warnings_of(observation: Observation, targets: Mapping[str, Facts]) -> Iterator[str]:
    """The skip list, the trust, and results that are missing or of other lists."""
    transcript = observation.transcript
    proxies, trust = transcript.hello.get("proxies") or {}, transcript.hello.get("trust") or {}
    if proxies.get("http") or proxies.get("https"):
        endpoints = [(target["host"], target["port"]) for target in targets.values()]
        yield from no_proxy.warnings(proxies.get("skip") or (), endpoints, observation.in_pod)
    if trust.get("unread"):
        yield f"REQUESTS_CA_BUNDLE ({trust['unread']}) cannot be read and was left aside: {trust.get('error')}."
    if transcript.results and not set(transcript.results) & set(targets):
        yield "None of the results belongs to a row of this list; was the probe made for another one?"
    missing = set(targets) - set(transcript.results)
    if missing:
        why = f": {observation.absent.because}" if observation.absent else ""
        yield f"{len(missing)} of {len(targets)} endpoints were not measured{why}."
    yield from lookups.warnings(transcript.results.values())
    if transcript.room:
        yield _narrowness(transcript.room)
    if transcript.throttled_ms:
        yield f"The pod's CPU limit held the probe back for {transcript.throttled_ms:.0f} ms."


def _narrowness(room: Facts) -> str:
    """Why no more endpoints were tried at a time than that."""
    files = f"the process may have {room.get('openFiles', 'too few')} open files (ulimit -Hn)"
    threads = "the process may have no more threads (ulimit -u, the limit of processes of a pod or a service)"
    why = {"files": files, "threads": threads, "memory": "the process may have no more memory"}[room["lacking"]]
    return f"No more than {room['atOnce']} endpoints were tried at a time at last: {why}."


# ---------------------------------------------------------------------------------------------------------------------
# Results → what they come to


def compare(results: Iterable[Result], earlier: Mapping[Key, Verdict]) -> tuple[Result, ...]:
    """The results, each with how it went since the earlier report."""
    return tuple(
        replace(result, change=OF_TEST.progress(result.verdict, earlier.get(result.key))) for result in results
    )


def with_failing(results: Iterable[Result], fail_on: FailOn) -> tuple[Result, ...]:
    """The results, each saying whether it makes the command fail (under `never`: whether it would by default)."""
    rule = FailOn.BLOCKED if fail_on is FailOn.NEVER else fail_on
    return tuple(replace(result, failing=_fails(result, rule)) for result in results)


def _fails(result: Result, fail_on: FailOn) -> bool:
    """Whether it is blocked or was not measured; what was and is not any more counts as lost."""
    required = {Verdict.BLOCKED, Verdict.UNKNOWN}
    required |= {Verdict.DEGRADED} if fail_on is FailOn.DEGRADED else set()
    required |= {Verdict.SKIPPED} if result.change is Progress.WORSE else set()
    recommended = {Verdict.BLOCKED} if fail_on is FailOn.RECOMMENDED else set()
    bad = {Level.REQUIRED: required, Level.RECOMMENDED: recommended}
    return fails((result.verdict, result.level), result.change, bad)


def exit_code(results: Sequence[Result], fail_on: FailOn) -> int:
    """0 fine; 8 a finding under `fail_on`; 9 none, but something required was not measured, or nothing required was."""
    if fail_on is FailOn.NEVER:
        return 0
    required = [result for result in results if result.level is Level.REQUIRED] or results
    answered = any(result.verdict not in UNMEASURED for result in required)
    return exit_code_of([result.verdict for result in results if result.failing], UNMEASURED, answered)


def summary(results: Sequence[Result]) -> dict[str, object]:
    """The counts by verdict and by level, and the required rows that were skipped, by name."""
    over_all, by_level = counts(((result.verdict, result.level) for result in results), tuple(Verdict))
    skipped = (result for result in results if result.verdict is Verdict.SKIPPED)
    skipped_required = [result.host for result in skipped if result.level is Level.REQUIRED]
    return {"verdicts": over_all, "levels": by_level, "skippedRequired": skipped_required}


def differences(results: Sequence[Result]) -> tuple[Mapping[str, object], ...]:
    """The endpoints on which vantages disagree."""
    by_endpoint: dict[tuple[str, int, str], dict[str, str]] = {}
    for result in results:
        key = (result.host, result.port, result.protocol.value)
        by_endpoint.setdefault(key, {})[result.vantage] = result.verdict.value
    return tuple(
        {"host": host, "port": port, "protocol": protocol, "verdicts": verdicts}
        for (host, port, protocol), verdicts in by_endpoint.items()
        if len(set(verdicts.values())) > 1
    )
