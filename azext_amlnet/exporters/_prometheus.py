"""Rules of Prometheus that make our verdicts of the blackbox exporter's series, and alerts that are called by causes.

https://prometheus.io/docs/prometheus/latest/configuration/recording_rules (2026-11-27). The rules record what
`test --report-file x.prom` writes, by the same names, so that one alert and one dashboard serve both.
"""

from __future__ import annotations

import json
import re
from typing import Iterable, Iterator, Mapping, Optional

from ..model import Cause
from ._blackbox import CERTIFICATE, TCP, TIMEOUT_S, TLS, literally
from ._text import Context

JOB, VANTAGE = "amlnet", "blackbox-exporter"
INTERVAL, SCRAPE_TIMEOUT = "2m", "15s"
"""Together well below the 5 minutes that Prometheus looks back: a probe that times out is told so much later."""
_KEY = "host, port, protocol, level, topic, workspace, vantage"
_JOB, _PROOF, _ANSWER, _MARKED = f'job="{JOB}"', 'part=~"proof|answer"', 'part="answer"', 'part="proof"'
_SLOW, _QUICK = f">= {TIMEOUT_S - 0.5}", f"< {TIMEOUT_S - 0.5}"
_DOWN = "amlnet_endpoint_up == 0"


def _series(metric: str, *matchers: str) -> str:
    return f"{metric}{{{','.join((_JOB, *matchers))}}}"


def _best(metric: str, *matchers: str) -> str:
    """A metric's largest value of an endpoint, whichever of its modules that is of."""
    return f"max by ({_KEY}) ({_series(metric, *matchers)})"


def _of(module: str) -> str:
    return f'module="{module}"'


def _all(*conditions: str) -> str:
    """What holds where all of these do; each has the labels of an endpoint, and no others."""
    return " and ".join(conditions)


def _but(condition: str, other: str) -> str:
    """What holds where the other does not."""
    return f"{condition} unless {other}"


def _took(matcher: str, how: str) -> str:
    return f"{_best('probe_duration_seconds', matcher)} {how}"


_SILENT = _but(_DOWN, "amlnet:status > 0")
_RESOLVED = _all(_SILENT, "amlnet:resolved == 1")
_CONNECTED = _all(_RESOLVED, "amlnet:connected == 1")
_SHOWN = _all(_CONNECTED, "amlnet:verified == 0", "amlnet:presented == 1")
_EXPIRED = f"{_best('probe_ssl_earliest_cert_expiry', _of(CERTIFICATE.name))} < time()"
_MUTE = _but(_all(_CONNECTED, "amlnet:status == 0"), "amlnet:verified == 0")
_LEADS_ELSEWHERE = "amlnet:status >= 300 < 400"
_MIDDLEBOXES_OWN = " or ".join(f"amlnet:status == {code}" for code in (407, 451, 511))

CAUSES: Mapping[Cause, str] = {
    Cause.DNS_FAILURE: _all(_SILENT, "amlnet:resolved == 0"),
    Cause.TCP_TIMEOUT: _all(_RESOLVED, "amlnet:connected == 0", _took(_of(TCP.name), _SLOW)),
    Cause.TCP_REFUSED: _all(_RESOLVED, "amlnet:connected == 0", _took(_of(TCP.name), _QUICK)),
    Cause.TLS_TIMEOUT: _all(_CONNECTED, "amlnet:presented == 0", _took(_of(CERTIFICATE.name), _SLOW)),
    Cause.TLS_RESET: _all(_CONNECTED, "amlnet:presented == 0", _took(_of(CERTIFICATE.name), _QUICK)),
    Cause.TLS_EXPIRED: _all(_SHOWN, _EXPIRED),
    Cause.TLS_UNTRUSTED_ISSUER: _but(_SHOWN, _EXPIRED),
    Cause.HTTP_TIMEOUT: _all(_MUTE, _took(_PROOF, _SLOW)),
    Cause.HTTP_RESET: _all(_MUTE, _took(_PROOF, _QUICK)),
    Cause.HTTP_FIREWALL_DENY: _all(_DOWN, "amlnet:status == 470"),
    Cause.HTTP_SERVICE_FIREWALL: _all(_DOWN, "amlnet:status == 403", "amlnet:public"),
    Cause.HTTP_CAPTIVE_PORTAL: _all(_DOWN, _LEADS_ELSEWHERE),
    Cause.HTTP_BLOCK_PAGE: _all(
        _DOWN,
        f"(({_but('amlnet:status == 403', 'amlnet:public')}) or {_MIDDLEBOXES_OWN}"
        f" or ({_but('amlnet:unmarked == 1', f'({_LEADS_ELSEWHERE})')}))",
    ),
    Cause.HTTP_UNEXPECTED: _but(
        _all(_DOWN, "amlnet:status > 0"),
        f"(amlnet:unmarked == 1 or {_LEADS_ELSEWHERE} or amlnet:status == 403 or amlnet:status == 470"
        f" or {_MIDDLEBOXES_OWN})",
    ),
    Cause.HTTP_UNPROVEN: _but(_all("amlnet:status > 0", "amlnet:complete"), "amlnet_endpoint_up"),
    Cause.HTTP_THROTTLED: _all("amlnet_endpoint_up == 1", "amlnet:status == 429"),
    Cause.HTTP_SERVER_ERROR: _all("amlnet_endpoint_up == 1", "amlnet:status >= 500"),
}
"""By cause the endpoints that have it: each that is down has exactly one; of HTTP_UNPROVEN it is not known whether they
are up, and those of the last two are."""
_NOT_DOWN = (Cause.HTTP_UNPROVEN, Cause.HTTP_THROTTLED, Cause.HTTP_SERVER_ERROR)
_MOST_MODULES = 8
"""Of an endpoint that decide together."""


def groups(expected: int, context: Context) -> str:
    """The groups of rules, as YAML; `expected` is how many endpoints there should be.

    What tells that nothing is measured is a group of its own, for a Prometheus that has only series of `test`.
    """
    rules = "".join((*_records(context.public_issuers), *_causes(), *_alerts(context)))
    return f"groups:\n- name: amlnet\n  rules:\n{rules}- name: amlnet-coverage\n  rules:\n{_coverage(expected)}"


def _rule(
    name: str,
    expr: str,
    labels: Mapping[str, str],
    annotations: Optional[Mapping[str, str]] = None,
    patience: str = "10m",
) -> str:
    """One rule, its expression on a line of its own; one with annotations is an alert, after so long."""
    kind, wait = ("alert", f"    for: {patience}\n") if annotations else ("record", "")
    parts = [f"  - {kind}: {name}\n    expr: |-\n      {expr}\n{wait}"]
    for key, values in (("labels", labels), ("annotations", annotations or {})):
        if values:
            pairs = "".join(f"      {word}: {json.dumps(text)}\n" for word, text in values.items())
            parts.append(f"    {key}:\n{pairs}")
    return "".join(parts)


def _records(issuers: Iterable[str]) -> Iterator[str]:
    """What the modules of an endpoint say together, and whether it is up: not before all that decide were asked.

    As in `test` no mark is asked for behind a certificate of a public issuer, and an answer that anybody could give is
    up there alone: elsewhere it is down where it leads away or refuses, and else nobody knows.
    """
    public = _series("probe_ssl_last_chain_info", _of(TLS.name), f"issuer=~{_public(issuers)}")
    complete = " or ".join(f'amlnet:modules{{modules="{n}"}} == {n}' for n in range(1, _MOST_MODULES + 1))
    certified = 'amlnet:verified >= 0 or amlnet:resolved{protocol!="https"} or (amlnet:resolved unless amlnet:status)'
    unmarked = f"{_series('probe_failed_due_to_regex', _MARKED)} == 1 and on ({_KEY}) amlnet:public"
    answered = _series("probe_success", _ANSWER)
    best = f"max by ({_KEY}) (({unmarked}) or {_series('probe_success', _MARKED)})"
    proven = f"max by ({_KEY}) ({answered} == 1 and on ({_KEY}) amlnet:public)"
    refused = f"max by ({_KEY}) (0 * {answered} and on ({_KEY}) (amlnet:status == 403 or {_LEADS_ELSEWHERE}))"
    failed = f"max by ({_KEY}) ({answered} == 0)"
    for name, expr in {
        "amlnet:resolved": f"{_best('probe_ip_protocol', _PROOF)} > bool 0",
        "amlnet:connected": _best("probe_success", _of(TCP.name)),
        "amlnet:presented": _best("probe_success", _of(CERTIFICATE.name)),
        "amlnet:verified": _best("probe_success", _of(TLS.name)),
        "amlnet:status": _best("probe_http_status_code", _PROOF),
        "amlnet:unmarked": _best("probe_failed_due_to_regex", _PROOF),
        "amlnet:public": f"group by ({_KEY}) ({public})",
        "amlnet:modules": f"count by ({_KEY}, modules) ({_series('probe_success', _PROOF)})",
        "amlnet:complete": f"group by ({_KEY}) ({complete}) and ({certified})",
        "amlnet:best": f"{best} or {proven} or {refused} or {failed}",
        "amlnet:told": "amlnet:complete or amlnet:best == 1",
        "amlnet_endpoint_up": "amlnet:best == 1 or (amlnet:best == 0 and amlnet:complete)",
    }.items():
        yield _rule(name, expr, {})


def _public(issuers: Iterable[str]) -> str:
    """Who issues public certificates, as Go writes such names and PromQL reads patterns."""
    written = [re.sub(r'([,+"\\<>;])', r"\\\1", name) for name in issuers]
    return json.dumps(rf"(?i)(|.*[^\\][,+])O=({'|'.join(map(literally, written))})([,+].*)?")


def _causes() -> Iterator[str]:
    for cause, expr in CAUSES.items():
        yield _rule("amlnet_endpoint_cause", f"group by ({_KEY}) ({expr})", {"cause": cause.value})


_SEVERITY = '{{ if eq $labels.level "required" }}critical{{ else }}warning{{ end }}'
_WHAT = "{{ $labels.host }}:{{ $labels.port }} ({{ $labels.level }}, {{ $labels.topic }}) from {{ $labels.vantage }}"


def _alerts(context: Context) -> Iterator[str]:
    """An alert for each cause, for causes that take turns or that only `test` knows, and for inspection."""
    for cause in CAUSES:
        owner, hint = context.causes.get(cause, ("platform", "See docs/causes.md."))
        labels = {"severity": "warning" if cause in _NOT_DOWN else _SEVERITY, "owner": owner}
        title = "Amlnet" + "".join(word.capitalize() for word in cause.value.split("_"))
        yield _alert(title, f'amlnet_endpoint_cause{{cause="{cause.value}"}}', labels, cause.value, hint)
    derived = "|".join(cause.value for cause in CAUSES)
    other = f'{_DOWN} unless on ({_KEY}, instance) ALERTS{{alertstate="firing",cause=~"{derived}"}}'
    hint = "az ml network test tells the cause; amlnet_endpoint_cause has those that take turns."
    yield _alert("AmlnetEndpointBlocked", other, {"severity": _SEVERITY}, "blocked", hint, "20m")
    yield _unmeasured(derived)
    known = ('issuer!=""', f"issuer!~{_public(context.public_issuers)}")
    inspected = f"group by ({_KEY}, issuer) ({_series('probe_ssl_last_chain_info', _of(TLS.name), *known)})"
    hint = "TLS is inspected by an authority that is trusted here; containerd and Arc's agents may not trust it."
    yield _alert("AmlnetTlsInspection", inspected, {"severity": "warning"}, "{{ $labels.issuer }}", hint)


def _unmeasured(derived: str) -> str:
    """The alert for what a run of `test` did not measure, which ends the alerts of its causes all the same."""
    whose = f"unless on ({_KEY}, instance) amlnet_endpoint_up"
    unmeasured = f'count by (level, vantage, cause, instance) (amlnet_endpoint_cause{{cause!~"{derived}"}} {whose})'
    texts = {
        "summary": "{{ $value }} endpoints ({{ $labels.level }}) are not measured from {{ $labels.vantage }}:"
        " {{ $labels.cause }}",
        "description": "The run did not end, or its log is not whole: run it again.",
    }
    return _rule("AmlnetNotMeasured", unmeasured, {"severity": _SEVERITY}, texts)


def _coverage(expected: int) -> str:
    """The alerts for what would make all others fall silent, at any place that endpoints are measured from.

    An endpoint is measured when all that decides was asked, for one of which a module is missing is never down.
    """
    vanished = "group by (vantage) (last_over_time(amlnet:told[1d])) unless group by (vantage) (amlnet:told)"
    texts = {
        "summary": "No endpoint is measured from {{ with $labels.vantage }}{{ . }}{{ else }}anywhere{{ end }}",
        "description": "Is the exporter up, and does its job have targets?",
    }
    silent = _rule("AmlnetNoData", f"absent(amlnet:told) or ({vanished})", {"severity": "warning"}, texts)
    fewer = f"count by (vantage) (amlnet:told) < {expected}"
    texts = {
        "summary": f"Fewer endpoints than {expected} are measured from {{{{ $labels.vantage }}}}",
        "description": "Has the exporter all modules of the targets, and does it answer in time?",
    }
    return silent + _rule("AmlnetEndpointsMissing", fewer, {"severity": "warning"}, texts)


def _alert(name: str, expr: str, labels: Mapping[str, str], what: str, hint: str, patience: str = "10m") -> str:
    return _rule(name, expr, labels, {"summary": f"{_WHAT}: {what}", "description": hint}, patience)
