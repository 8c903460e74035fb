"""What `az ml network test` does with its rows: the question to the prober, the answer as a report, and its files."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, replace
from typing import Any, Callable, Iterable, Iterator, Mapping, Optional

from ..errors import UsageError
from ._inputs import Gathered


@dataclass(frozen=True)
class Options:
    """The arguments of `test` that are not the scope's; `_params` describes each."""

    endpoint: tuple[str, ...] = ()
    timeout: float = 10.0
    proxy: Optional[str] = None
    ca_file: Optional[str] = None
    fail_on: str = "blocked"
    baseline: Optional[str] = None
    report_file: tuple[str, ...] = ()
    annotate: Optional[str] = None
    redact: bool = False
    dry_run: bool = False
    output_file: Optional[str] = None
    results_file: Optional[str] = None


@dataclass(frozen=True)
class Heard:
    """What came back from one vantage; `absent` says why less than asked did, `pull` which image pull failed."""

    name: str
    place: str
    transcript: Any
    node: Optional[str] = None
    pool: Optional[str] = None
    absent: Any = None
    pull: Any = None


@dataclass(frozen=True)
class Measured:
    """The report as plain JSON values, and the exit code that follows from it."""

    report: dict[str, Any]
    code: int


def version() -> str:
    """The version of this extension, as az knows it."""
    import json
    from pathlib import Path

    text = Path(__file__).parent.with_name("azext_metadata.json").read_text(encoding="utf-8")
    found: str = json.loads(text)["version"]
    return found


# ---------------------------------------------------------------------------------------------------------------------
# The question


def with_endpoints(gathered: Gathered, endpoints: tuple[str, ...]) -> Gathered:
    """The rows and those that --endpoint adds; what is in the list already stays as the list has it."""
    from ..catalog.lookup import extra

    known = {row.endpoint for row in gathered.rows}
    extras = {row.endpoint: row for row in (extra(gathered.book, text) for text in endpoints)}
    return replace(gathered, rows=(*gathered.rows, *(row for key, row in extras.items() if key not in known)))


def question(rows: tuple[Any, ...], options: Options, elsewhere: bool = False) -> dict[str, Any]:
    """The prober's request; for a machine elsewhere the environment is looked at there."""
    from ..files import read_certificates

    trust = {"pem": read_certificates(options.ca_file)} if options.ca_file else None
    proxies = "environment" if elsewhere and not options.proxy else _proxies(options.proxy, os.environ)
    return asked(rows, options, proxies, trust)


def asked(rows: tuple[Any, ...], options: Options, proxies: Any, trust: Optional[dict[str, Any]]) -> dict[str, Any]:
    """The prober's request for rows, whoever carries it."""
    from ..measurement.transcript import request_for

    agent = f"amlnet/{version()} (connectivity test)"
    return request_for(rows, options.timeout, agent, proxies=proxies, trust=trust)


def _proxies(given: Optional[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """The proxies that count: --proxy, else the environment's; the skip list is the environment's either way."""
    from ..prober import environment_proxies

    proxies: dict[str, Any] = environment_proxies(environment)
    if given:
        proxies.update(http=given.strip(), https=given.strip())
    for url in (proxies["http"], proxies["https"]):
        if url:
            _check_proxy(url, "--proxy" if given else "The proxy of the environment")
    return proxies


def _check_proxy(url: str, what: str) -> None:
    """Raises UsageError for what cannot be the address of an HTTP proxy; the message never shows a password."""
    from ..prober import proxy_parts, scrubbed

    try:
        proxy_parts(url)
    except ValueError:
        hint = "Write http://host:port; in user and password, percent-encode what has a meaning in addresses (@ : / %)."
        raise UsageError(f"{what} is no address of an HTTP proxy: {scrubbed(url)}.", hint) from None


def password_on_command_line(options: Options) -> bool:
    """Whether a password stands among the words of this process, where every process of the machine can read it."""
    from ..prober import proxy_parts

    try:
        password = proxy_parts(options.proxy or "")["password"]
    except ValueError:
        return False
    return bool(password) and any(str(password) in word for word in sys.argv)


def without_user(proxy: Optional[str], what: str) -> None:
    """Raises UsageError for a proxy with a user: what --dry-run writes is no place for secrets."""
    from ..prober import proxy_parts

    if proxy and proxy_parts(proxy)["user"] is not None:
        hint = "Leave --proxy out: the environment's proxy counts where the probe runs."
        raise UsageError(f"--proxy names a user, and a {what} is no place for secrets.", hint)


def check(options: Options) -> None:
    """Raises UsageError for a proxy that is none, and for report files that cannot be written as it looks now."""
    if options.proxy:
        _check_proxy(options.proxy, "--proxy")
    check_files(options.report_file)


def check_files(paths: Iterable[str]) -> None:
    """Raises UsageError for report files that cannot be written as it looks now."""
    from pathlib import Path

    from ..files import refuse_existing
    from ..reports import FORMATS

    for path in paths:
        if Path(path).suffix.lower() not in FORMATS:
            raise UsageError(
                f"--report-file {path}: the name must end in {', '.join(FORMATS)}.", "It tells the format."
            )
        refuse_existing(path, overwrite=True)


def script(gathered: Gathered, options: Options) -> str:
    """The probe script; nothing is sent."""
    from ..runners.script import probe_script

    without_user(options.proxy, "script")
    name = os.path.basename(options.output_file or "probe.py")
    return probe_script(question(gathered.rows, options, elsewhere=True), version(), name)


def hand_out(text: str, options: Options, overwrite: bool) -> None:
    """Writes what --dry-run made to a file, or to standard output as it is."""
    from ..files import write_text

    if options.output_file:
        write_text(options.output_file, text, overwrite)
    else:
        sys.stdout.write(text)  # ASCII, so that no redirection of any system changes it


# ---------------------------------------------------------------------------------------------------------------------
# The answer


def from_log(path: str) -> Any:
    """What a prober printed elsewhere; raises UsageError for a file that has nothing of it."""
    from ..files import read_log
    from ..measurement.transcript import Transcript, read_lines
    from ..prober import SCHEMA

    transcript = Transcript()
    for line in read_lines(read_log(path)):
        transcript.take(line)
    if not transcript.hello:
        raise UsageError(
            f"The results file {path} holds no output of a probe.", "Give what `python3 probe.py` printed."
        )
    if transcript.hello.get("schema") != SCHEMA:
        raise UsageError(f"The results file {path} is of another release of the probe.", "Make the script anew.")
    return transcript


def look(gathered: Gathered, options: Options, progress: Callable[[int, int], None], place: str) -> Measured:
    """Measures the rows on this machine, or reads what was measured elsewhere, and judges."""
    from ..runners.local import measure

    started = time.time()
    if options.results_file:
        where = {"script": "a machine that the probe script was carried to", "pod": "a pod, by its log"}[place]
        return measured(gathered, options, [Heard(place, where, from_log(options.results_file))], started)
    transcript, signal = measure(question(gathered.rows, options), progress)
    return measured(gathered, options, [Heard("local", "this machine", transcript)], started, signal)


def measured(
    gathered: Gathered,
    options: Options,
    heard: list[Heard],
    started: float,
    signal: Optional[int] = None,
    said: tuple[str, ...] = (),
) -> Measured:
    """The report on what came back: one result for every row and vantage."""
    from ..codec import to_json
    from ..measurement import report as r
    from ..model import SCHEMA_VERSION, FailOn, Report
    from ..reports.redact import redacted

    fail_on = FailOn(options.fail_on)
    results = tuple(result for one in heard for result in _results(gathered, one))
    if gathered.earlier is not None:
        results = r.compare(results, gathered.earlier)
    results = r.with_failing(results, fail_on)
    if gathered.earlier and not {result.key for result in results} & set(gathered.earlier):
        said = (*said, "The baseline knows none of these endpoints from here, so all of them count as new.")
    code = signal or r.exit_code(results, fail_on)
    warnings = (line for one in heard for line in _warnings(gathered.rows, one))
    begun = [str(one.transcript.hello["startedAt"]) for one in heard if one.transcript.hello.get("startedAt")]
    whole = Report(
        schema_version=SCHEMA_VERSION,
        tool={"name": "amlnet", "version": version()},
        catalog={"version": gathered.book.version, "digest": gathered.book.digest},
        workspace=workspace_of(gathered.facts),
        gaps=gathered.facts.gaps if gathered.facts else (),
        vantages=tuple(map(_vantage, heard)),
        started_at=min(begun, default=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started))),
        duration_ms=_duration(results, started, measured_here=not options.results_file),
        summary={**r.summary(results), "exitCode": code},
        warnings=tuple(dict.fromkeys((*gathered.warnings, *said, *warnings))),
        results=results,
        differences=r.differences(results),
    )
    document = to_json(whole)
    return Measured(redacted(document) if options.redact else document, code)


def _results(gathered: Gathered, heard: Heard) -> Iterator[Any]:
    """One result for each row, from one vantage."""
    from ..measurement.judge import by_pull, scene_of
    from ..measurement.report import result_of

    transcript, book = heard.transcript, gathered.book
    scene = scene_of(transcript.hello, transcript.throttled_ms, book.public_issuers)
    for row in gathered.rows:
        absent = (by_pull(row, heard.pull.host, heard.pull.because) if heard.pull else None) or heard.absent
        found = None if absent is not None and absent is not heard.absent else transcript.result_for(row)
        yield result_of(row, book.proofs, found, scene, heard.name, absent)


def workspace_of(facts: Any) -> Optional[dict[str, Any]]:
    """What a report says of the workspace; None where nothing is known of it."""
    if facts is None:
        return None
    return {
        "name": facts.name,
        "id": facts.id,
        "resourceGroup": resource_group(facts),  # which az would add to the id on standard output
        "workspaceId": facts.workspace_id,
        "region": facts.region,
        "cloud": facts.cloud.value,
    }


def resource_group(facts: Any) -> Optional[str]:
    """The resource group that the workspace's id tells, if any."""
    parts = (facts.id or "").split("/")
    return parts[4] if len(parts) > 4 else None


def _duration(results: tuple[Any, ...], started: float, measured_here: bool) -> float:
    """The wall time of a measurement; of one that is read back its longest endpoint, since all are tried at once."""
    if measured_here:
        return round((time.time() - started) * 1000, 1)
    return float(max((result.elapsed_ms or 0 for result in results), default=0))


def _vantage(heard: Heard) -> Any:
    from ..model import Vantage

    hello = heard.transcript.hello
    return Vantage(
        name=heard.name,
        place=heard.place,
        node=heard.node or hello.get("node"),
        pool=heard.pool,
        resolvers=tuple(hello.get("resolvers") or ()),
        proxy=hello.get("proxies"),
        trust=hello.get("trust"),
        python=hello.get("python"),
    )


def _warnings(rows: tuple[Any, ...], heard: Heard) -> tuple[str, ...]:
    """What holds for the run as a whole: the skip list, the trust, and results that are missing or of other lists."""
    from ..measurement import no_proxy as noproxy
    from ..measurement.transcript import target_of

    lines: list[str] = []
    transcript = heard.transcript
    hello, targets = transcript.hello, {t["id"]: t for t in map(target_of, rows) if t}
    proxies, trust = hello.get("proxies") or {}, hello.get("trust") or {}
    if proxies.get("http") or proxies.get("https"):
        lines += noproxy.warnings(proxies.get("skip") or (), [(t["host"], t["port"]) for t in targets.values()])
    if trust.get("unread"):
        lines.append(f"REQUESTS_CA_BUNDLE ({trust['unread']}) cannot be read and was left aside: {trust.get('error')}.")
    if transcript.results and not set(transcript.results) & set(targets):
        lines.append("None of the results belongs to a row of this list; was the probe made for another one?")
    missing = set(targets) - set(transcript.results)
    if missing and targets:
        why = f": {heard.absent.because}" if heard.absent else ""
        lines.append(f"{len(missing)} of {len(targets)} endpoints were not measured{why}.")
    if transcript.throttled_ms:
        lines.append(f"The pod's CPU limit held the probe back for {transcript.throttled_ms:.0f} ms.")
    return tuple(lines)


# ---------------------------------------------------------------------------------------------------------------------
# What is left behind


def publish(report: Mapping[str, Any], paths: Iterable[str], annotate: Optional[str]) -> list[str]:
    """Writes the report's files, and the annotations to standard error; returns what could not be written."""
    from ..files import write_text
    from ..reports import render
    from ..reports.annotations import lines

    failed = []
    for path in paths:
        try:
            write_text(path, render(path, report), overwrite=True)
        except UsageError as error:
            failed.append(error.message)
    for line in lines(report, annotate) if annotate else ():
        print(line, file=sys.stderr)
    return failed


def verdict_line(report: Mapping[str, Any]) -> Optional[str]:
    """One line that says why the command fails, or None when it does not."""
    from ..reports import by_severity, endpoint

    code = report["summary"]["exitCode"]
    failing = [result for result in by_severity(report) if result["failing"]]
    named = ", ".join(f"{endpoint(result)} ({result['cause'] or result['verdict']})" for result in failing[:8])
    more = f" and {len(failing) - 8} more" if len(failing) > 8 else ""
    if code in (130, 143):
        return "Interrupted: what was not measured by then is unknown."
    if code == 0:
        return None
    if not failing:
        return "No required endpoint could be measured."
    return f"{len(failing)} endpoint{'s fail' if len(failing) > 1 else ' fails'}: {named}{more}."
