"""`az ml network test`: the list, measured from here or from inside the cluster, as one report."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from ..errors import UsageError
from ..vocabulary import INTERRUPTED
from ._arguments import command_of
from ._az import warn
from ._in_cluster import ClusterArguments, KubeconfigQuery, PodPlan, for_pods, manifests, measure_in_pods
from ._inputs import baseline, catalog_and_facts, inputs_of, scope_of, with_endpoints
from ._output import check_files, print_text, publish
from ._wait import Latest, waiting

if TYPE_CHECKING:
    from typing import Any

    from ..codec import JsonObject
    from ..measurement.report import Run
    from ..measurement.transcript import Transcript
    from ..model import Fleet, Inputs, Report, Workspace
    from ._arguments import ScopeArguments


@dataclass(frozen=True)
class TestArguments:
    """The arguments of `test` that are neither the scope's nor the cluster's; `_params` describes each."""

    endpoint: tuple[str, ...] = ()
    timeout: float = 10
    proxy: Optional[str] = None
    ca_file: Optional[str] = None
    read_http: bool = False
    fail_on: str = "blocked"
    baseline: Optional[str] = None
    report_file: tuple[str, ...] = ()
    annotate: Optional[str] = None
    redact: bool = False
    dry_run: bool = False
    output_file: Optional[str] = None
    results_file: Optional[str] = None

    @property
    def by_hand(self) -> bool:
        """Whether somebody else carries the probe or has carried it, so that nothing is measured now."""
        return self.dry_run or bool(self.results_file)


def run(cmd: Any, scoped: ScopeArguments, arguments: TestArguments, cluster: ClusterArguments) -> Optional[JsonObject]:
    """The report; nothing for a dry run, which writes the probe for somebody to carry."""
    from ..files import read_verdicts
    from ..measurement.report import report_on
    from ..vocabulary import FailOn

    _check(arguments)
    earlier = None
    if arguments.baseline:
        more = (*(("--endpoint", *arguments.endpoint) if arguments.endpoint else ()), *["--cluster"] * cluster.cluster)
        with baseline(arguments.baseline, command_of("test", scoped, *more)):
            earlier = read_verdicts(arguments.baseline)
    kubeconfig = KubeconfigQuery(cluster, arguments.by_hand) if cluster.cluster else None
    catalog, fleet = catalog_and_facts(cmd, scoped)
    scope = scope_of(scoped)
    context = kubeconfig.finish(_only(fleet), scope) if kubeconfig else None
    inputs = inputs_of(scoped, catalog, fleet, context.narrowed(scope) if context else scope)
    inputs = with_endpoints(inputs, arguments.endpoint)
    inputs = for_pods(inputs, context) if context else inputs
    plan = PodPlan(context, inputs, arguments, cluster) if context else None
    if arguments.dry_run:
        warn(inputs.warnings)
        _hand_out(manifests(plan) if plan else _script(inputs, arguments), arguments.output_file, scoped.overwrite)
        return None
    if arguments.results_file:
        measured = _read_back(arguments.results_file, in_pod=plan is not None)
    else:
        measured = _measured_in_pods(cmd, plan) if plan else _measured_here(cmd, inputs, arguments)
    report = report_on(inputs, measured, FailOn(arguments.fail_on), earlier)
    return _handed_over(cmd, report, arguments)


def _only(fleet: Optional[Fleet]) -> Optional[Workspace]:
    """The workspace whose cluster it is; raises UsageError for several, which one kubeconfig context cannot be for."""
    if fleet and len(fleet.workspaces) > 1:
        what = f"--cluster measures from one cluster, and these are {len(fleet.workspaces)} workspaces."
        raise UsageError(what, "Give the workspace of the cluster: -w and -g, or its file.")
    return fleet.only if fleet else None


def _check(arguments: TestArguments) -> None:
    """Raises UsageError for a proxy that is none, and for report files that cannot be written as it looks now."""
    from ..runners.request import check_proxy

    if arguments.proxy:
        check_proxy(arguments.proxy, "--proxy")
    check_files(arguments.report_file, "report")
    if _shows_password(arguments.proxy or ""):
        what = "The password in --proxy shows in the list of processes and with --debug"
        warn([f"{what}; HTTPS_PROXY or --proxy @FILE hide it."])


def _shows_password(proxy: str) -> bool:
    """Whether a password stands among the words of this process, where every process of the machine can read it."""
    from ..prober import proxy_parts

    try:
        password = proxy_parts(proxy)["password"]
    except ValueError:
        return False
    return bool(password) and any(str(password) in word for word in sys.argv)


# ---------------------------------------------------------------------------------------------------------------------
# By hand: a script out, its results in


def _script(inputs: Inputs, arguments: TestArguments) -> str:
    """The probe script; nothing is sent."""
    from ..about import version
    from ..runners.request import refuse_user
    from ..runners.script import probe_script

    refuse_user(arguments.proxy, "script")
    request = _request(inputs, arguments, elsewhere=True)
    return probe_script(request, version(), os.path.basename(arguments.output_file or "probe.py"))


def _hand_out(text: str, path: Optional[str], overwrite: bool) -> None:
    """Writes what --dry-run made to a file, or to standard output as it is."""
    from ..files import write_text

    if path:
        write_text(path, text, overwrite)
    else:
        print_text(text)  # ASCII, so that no redirection of any system changes it


def _read_back(path: str, in_pod: bool) -> Run:
    """What was measured elsewhere, by what the prober printed there."""
    from ..measurement.report import Observation, Run

    began_s = time.time()
    name = "pod" if in_pod else "script"
    place = "a pod, by its log" if in_pod else "a machine that the probe script was carried to"
    return Run((Observation(name, place, _transcript(path), in_pod=in_pod),), began_s)


def _transcript(path: str) -> Transcript:
    """What a prober printed elsewhere; raises UsageError for a file that has nothing of it."""
    from ..files import read_log
    from ..measurement.transcript import Transcript, read_lines
    from ..prober import SCHEMA

    transcript = Transcript()
    for line in read_lines(read_log(path)):
        transcript.take(line)
    if not transcript.hello:
        what = f"--results-file {path} holds no output of a probe."
        raise UsageError(what, "Give what `python3 probe.py` printed.")
    if transcript.hello.get("schema") != SCHEMA:
        raise UsageError(f"--results-file {path} is of another release of the probe.", "Make the script anew.")
    return transcript


# ---------------------------------------------------------------------------------------------------------------------
# Here


def _measured_here(cmd: Any, inputs: Inputs, arguments: TestArguments) -> Run:
    from ..measurement.progress import so_far
    from ..measurement.transcript import Transcript
    from ..prober import longest_s
    from ..runners.local import run

    request, transcript = _request(inputs, arguments), Transcript()
    began = time.monotonic()

    def so_far_here() -> str:
        longest = longest_s(request, transcript.room["atOnce"]) if transcript.room else longest_s(request)
        return so_far(request, [transcript], began + longest - time.monotonic())

    with waiting(cmd, so_far_here):
        return run(request, transcript)


def _measured_in_pods(cmd: Any, plan: PodPlan) -> Run:
    line = Latest("Looking at the cluster")
    with waiting(cmd, line):
        return measure_in_pods(plan, line.say)


def _request(inputs: Inputs, arguments: TestArguments, elsewhere: bool = False) -> JsonObject:
    from ..runners.request import request_of

    asked = arguments.timeout, arguments.proxy, arguments.ca_file
    return request_of(inputs.rows, *asked, elsewhere=elsewhere, read_http=arguments.read_http)


def _handed_over(cmd: Any, report: Report, arguments: TestArguments) -> JsonObject:
    """The report as JSON, its files written, and said why the command fails."""
    from ..codec import to_json
    from ..reports.interception import sentence
    from ..reports.redact import redacted

    document: JsonObject = to_json(report)
    document = redacted(document) if arguments.redact else document
    warn((*document["warnings"], *map(sentence, document["interception"])))
    warn(filter(None, [_verdict_line(document)]))
    publish(cmd, document, arguments.report_file, arguments.annotate)
    return document


def _verdict_line(report: JsonObject) -> Optional[str]:
    """One line that says why the command fails, or None when it does not."""
    from ..reports import by_severity, endpoint

    code = report["summary"]["exitCode"]
    failing = [result for result in by_severity(report) if result["failing"]]
    names = ", ".join(f"{endpoint(result)} ({result['cause'] or result['verdict']})" for result in failing[:8])
    more = f" and {len(failing) - 8} more" if len(failing) > 8 else ""
    if code in INTERRUPTED:
        return "Interrupted: what was not measured by then is unknown."
    if code == 0:
        return None
    if not failing:
        undecided = (report.get("scope") or {}).get("undecided")
        return "Not all workspaces are known." if undecided else "No required endpoint could be measured."
    which = "required " if all(result["level"] == "required" for result in failing) else ""
    return f"{len(failing)} {which}endpoint{'s fail' if len(failing) > 1 else ' fails'}: {names}{more}."
