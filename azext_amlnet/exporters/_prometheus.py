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
_KEY = "host, port, protocol, level, topic, workspace, vantage"
_JOB, _PROOF = f'job="{JOB}"', 'part="proof"'
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
    Cause.HTTP_THROTTLED: _all("amlnet_endpoint_up == 1", "amlnet:status == 429"),
    Cause.HTTP_SERVER_ERROR: _all("amlnet_endpoint_up == 1", "amlnet:status >= 500"),
}
"""By cause the endpoints that have it: each that is down has exactly one; those of the last two are up all the same."""
_DEGRADED = (Cause.HTTP_THROTTLED, Cause.HTTP_SERVER_ERROR)


def groups(expected: int, context: Context) -> str:
    """The groups of rules, as YAML; `expected` is how many endpoints there should be."""
    rules = [*_records(context.public_issuers), *_causes(), *_alerts(expected, context)]
    return "groups:\n- name: amlnet\n  rules:\n" + "".join(rules)


def _rule(name: str, expr: str, labels: Mapping[str, str], annotations: Optional[Mapping[str, str]] = None) -> str:
    """One rule, its expression on a line of its own; one with annotations is an alert."""
    kind = "alert" if annotations else "record"
    patience = "    for: 10m\n" if annotations else ""
    parts = [f"  - {kind}: {name}\n    expr: |-\n      {expr}\n{patience}"]
    for key, values in (("labels", labels), ("annotations", annotations or {})):
        if values:
            pairs = "".join(f"      {word}: {json.dumps(text)}\n" for word, text in values.items())
            parts.append(f"    {key}:\n{pairs}")
    return "".join(parts)


def _records(issuers: Iterable[str]) -> Iterator[str]:
    """What the modules of an endpoint say together, and whether it is up.

    Behind a certificate of a public issuer no mark is asked for, as in `test`.
    """
    public = _series("probe_ssl_last_chain_info", _of(TLS.name), f"issuer=~{_public(issuers)}")
    unmarked = f"{_series('probe_failed_due_to_regex', _PROOF)} == 1 and on ({_KEY}) amlnet:public"
    for name, expr in {
        "amlnet:resolved": f"{_best('probe_ip_protocol', _PROOF)} > bool 0",
        "amlnet:connected": _best("probe_success", _of(TCP.name)),
        "amlnet:presented": _best("probe_success", _of(CERTIFICATE.name)),
        "amlnet:verified": _best("probe_success", _of(TLS.name)),
        "amlnet:status": _best("probe_http_status_code", _PROOF),
        "amlnet:unmarked": _best("probe_failed_due_to_regex", _PROOF),
        "amlnet:public": f"group by ({_KEY}) ({public})",
        "amlnet_endpoint_up": f"max by ({_KEY}) (({unmarked}) or {_series('probe_success', _PROOF)})",
    }.items():
        yield _rule(name, expr, {})


def _public(issuers: Iterable[str]) -> str:
    """Who issues public certificates, as Go writes such names and PromQL reads patterns."""
    written = [re.sub(r'([,+"\\<>;])', r"\\\1", name) for name in issuers]
    return json.dumps(f"(?i)(.*[,+])?O=({'|'.join(map(literally, written))})([,+].*)?")


def _causes() -> Iterator[str]:
    for cause, expr in CAUSES.items():
        yield _rule("amlnet_endpoint_cause", f"group by ({_KEY}) ({expr})", {"cause": cause.value})


_SEVERITY = '{{ if eq $labels.level "required" }}critical{{ else }}warning{{ end }}'
_WHAT = "{{ $labels.host }}:{{ $labels.port }} ({{ $labels.level }}, {{ $labels.topic }}) from {{ $labels.vantage }}"


def _alerts(expected: int, context: Context) -> Iterator[str]:
    """An alert for each cause, and for whatever would make alerts fall silent."""
    for cause in CAUSES:
        owner, hint = context.causes.get(cause, ("platform", "See docs/causes.md."))
        labels = {"severity": "warning" if cause in _DEGRADED else _SEVERITY, "owner": owner}
        title = "Amlnet" + "".join(word.capitalize() for word in cause.value.split("_"))
        yield _alert(title, f'amlnet_endpoint_cause{{cause="{cause.value}"}}', labels, cause.value, hint)
    derived = "|".join(cause.value for cause in CAUSES)
    other = f'{_DOWN} unless on ({_KEY}) amlnet_endpoint_cause{{cause=~"{derived}"}}'
    hint = "az ml network test tells the cause; where it wrote these series, amlnet_endpoint_cause has it."
    yield _alert("AmlnetEndpointBlocked", other, {"severity": _SEVERITY}, "blocked", hint)
    inspected = _series("probe_ssl_last_chain_info", _of(TLS.name), f"issuer!~{_public(context.public_issuers)}")
    hint = "TLS is inspected by an authority that is trusted here; containerd and Arc's agents may not trust it."
    yield _alert("AmlnetTlsInspection", inspected, {"severity": "warning"}, "{{ $labels.issuer }}", hint)
    texts = {"summary": "No endpoint is measured", "description": "Is the exporter up, and does its job have targets?"}
    yield _rule("AmlnetNoData", "absent(amlnet:resolved)", {"severity": "warning"}, texts)
    texts = {"summary": f"Fewer endpoints than {expected} are measured", "description": "See the targets of the job."}
    yield _rule("AmlnetEndpointsMissing", f"count(amlnet:resolved) < {expected}", {"severity": "warning"}, texts)


def _alert(name: str, expr: str, labels: Mapping[str, str], what: str, hint: str) -> str:
    return _rule(name, expr, labels, {"summary": f"{_WHAT}: {what}", "description": hint})
