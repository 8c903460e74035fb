"""The alerts, over time: what promtool makes of series that come and go. A moment of its is a moment."""

from __future__ import annotations

import re
import textwrap
from dataclasses import replace
from pathlib import Path

from azext_amlnet.model import ProbeSpec, Requirement

from .prometheus import PROMTOOL, checked
from .test_monitoring import made, needs_prometheus
from .world import ROOT

LABELS = 'job="amlnet",host="a",port="443",level="required",topic="aml",vantage="v",part="proof",module="m",modules="1"'
ANOTHER = LABELS.replace('host="a"', 'host="b"')
PART = LABELS.replace('modules="1"', 'modules="2"')
OTHER = PART.replace('module="m"', 'module="n"')
CHAIN = "probe_ssl_last_chain_info{" + LABELS.replace('module="m"', 'module="amlnet_tls"') + ',issuer="CN=Corp"'
DESK = 'port="443",level="LEVEL",topic="logs",vantage="desk"'
UP = 'amlnet_endpoint_up{host="c",' + DESK.replace("LEVEL", "required")
CAUSE = UP.replace("_up", "_cause")
RULES = f"""
rule_files: [amlnet-rules.yml]
evaluation_interval: 1m
tests:
- interval: 1m
  input_series:
  - {{series: 'probe_success{{{LABELS}}}', values: '1x5 0x20 1x20 _x20'}}
  - {{series: 'probe_ip_protocol{{{LABELS}}}', values: '4x5 0x20 4x20 _x20'}}
  alert_rule_test:
  - {{eval_time: 10m, alertname: AmlnetDnsFailure, exp_alerts: []}}
  - eval_time: 18m
    alertname: AmlnetDnsFailure
    exp_alerts:
    - exp_labels:
        {{severity: critical, owner: dns, cause: dns_failure,
         host: a, port: "443", level: required, topic: aml, vantage: v}}
      exp_annotations:
        summary: "a:443 (required, aml) from v: dns_failure"
        description: "Check the resolver configuration of this machine."
  - {{eval_time: 30m, alertname: AmlnetDnsFailure, exp_alerts: []}}
  - {{eval_time: 30m, alertname: AmlnetNoData, exp_alerts: []}}
  - eval_time: 30m
    alertname: AmlnetEndpointsMissing
    exp_alerts:
    - exp_labels: {{severity: warning, vantage: v}}
      exp_annotations:
        summary: "Fewer endpoints than 2 are measured from v"
        description: "Has the exporter all modules of the targets, and does it answer in time?"
  - eval_time: 66m
    alertname: AmlnetNoData
    exp_alerts:
    - exp_labels: {{severity: warning}}
      exp_annotations:
        summary: "No endpoint is measured from anywhere"
        description: "Is the exporter up, and does its job have targets?"
    - exp_labels: {{severity: warning, vantage: v}}
      exp_annotations:
        summary: "No endpoint is measured from v"
        description: "Is the exporter up, and does its job have targets?"
- interval: 1m
  input_series:
  - {{series: 'probe_ip_protocol{{{PART}}}', values: '4x10'}}
  - {{series: 'probe_success{{{PART}}}', values: '0x10'}}
  - {{series: 'probe_success{{{OTHER}}}', values: '_x4 0x6'}}
  promql_expr_test:
  - {{expr: count(amlnet:resolved), eval_time: 3m, exp_samples: [{{value: 1}}]}}
  - {{expr: count(amlnet_endpoint_up), eval_time: 3m}}
  - {{expr: count(amlnet_endpoint_up == 0), eval_time: 6m, exp_samples: [{{value: 1}}]}}
- interval: 1m
  input_series:
  - {{series: 'amlnet_endpoint_up{{host="b",{DESK.replace("LEVEL", "optional")}}}', values: '0x30'}}
  - {{series: 'amlnet_endpoint_up{{host="c",{DESK.replace("LEVEL", "required")}}}', values: '0x30'}}
  - {{series: 'amlnet_endpoint_up{{host="d",{DESK.replace("LEVEL", "required")}}}', values: '0x30'}}
  - series: 'amlnet_endpoint_cause{{host="d",cause="tcp_timeout",{DESK.replace("LEVEL", "required")}}}'
    values: '1x4 _x6 1x4 _x6 1x14'
  - series: 'amlnet_endpoint_cause{{host="c",cause="tcp_timeout",{DESK.replace("LEVEL", "required")}}}'
    values: '1x30'
  alert_rule_test:
  - eval_time: 25m
    alertname: AmlnetEndpointBlocked
    exp_alerts:
    - exp_labels: {{severity: warning, host: b, port: "443", level: optional, topic: logs, vantage: desk}}
      exp_annotations:
        summary: "b:443 (optional, logs) from desk: blocked"
        description: "az ml network test tells the cause; amlnet_endpoint_cause has those that take turns."
    - exp_labels: {{severity: critical, host: d, port: "443", level: required, topic: logs, vantage: desk}}
      exp_annotations:
        summary: "d:443 (required, logs) from desk: blocked"
        description: "az ml network test tells the cause; amlnet_endpoint_cause has those that take turns."
- interval: 1m
  input_series:
  - {{series: 'probe_ip_protocol{{{PART}}}', values: '4x30'}}
  - {{series: 'probe_success{{{PART}}}', values: '0x30'}}
  - {{series: 'probe_ip_protocol{{{ANOTHER}}}', values: '4x30'}}
  - {{series: 'probe_success{{{ANOTHER}}}', values: '0x30'}}
  alert_rule_test:
  - eval_time: 15m
    alertname: AmlnetEndpointsMissing
    exp_alerts:
    - exp_labels: {{severity: warning, vantage: v}}
      exp_annotations:
        summary: "Fewer endpoints than 2 are measured from v"
        description: "Has the exporter all modules of the targets, and does it answer in time?"
- interval: 1m
  input_series:
  - {{series: '{CHAIN},fingerprint_sha256="1"}}', values: '1 1 _ _ 1 1 _ _ 1 1 _ _ 1 1 _ _ 1 1'}}
  - {{series: '{CHAIN},fingerprint_sha256="2"}}', values: '_ _ 1 1 _ _ 1 1 _ _ 1 1 _ _ 1 1 _ _'}}
  alert_rule_test:
  - eval_time: 12m
    alertname: AmlnetTlsInspection
    exp_alerts:
    - exp_labels: {{severity: warning, issuer: CN=Corp, host: a, port: "443", level: required, topic: aml, vantage: v}}
      exp_annotations:
        summary: "a:443 (required, aml) from v: CN=Corp"
        description:
          "TLS is inspected by an authority that is trusted here; containerd and Arc's agents may not trust it."
- interval: 1m
  input_series:
  - {{series: '{UP},instance="one"}}', values: '0x40'}}
  - {{series: '{CAUSE},cause="tcp_timeout",instance="one"}}', values: '1x40'}}
  - {{series: '{UP},instance="two"}}', values: '0x40'}}
  - {{series: '{CAUSE},cause="dns_sinkhole",instance="two"}}', values: '1x40'}}
  alert_rule_test:
  - eval_time: 35m
    alertname: AmlnetEndpointBlocked
    exp_alerts:
    - exp_labels:
        {{severity: critical, instance: two, host: c, port: "443", level: required, topic: logs, vantage: desk}}
      exp_annotations:
        summary: "c:443 (required, logs) from desk: blocked"
        description: "az ml network test tells the cause; amlnet_endpoint_cause has those that take turns."
- interval: 1m
  input_series:
  - {{series: '{UP}}}', values: '0x20 _x20'}}
  - {{series: '{CAUSE},cause="tcp_timeout"}}', values: '1x20 _x20'}}
  - {{series: '{CAUSE},cause="pod_no_result"}}', values: '_x21 1x20'}}
  alert_rule_test:
  - {{eval_time: 15m, alertname: AmlnetNotMeasured, exp_alerts: []}}
  - {{eval_time: 38m, alertname: AmlnetTcpTimeout, exp_alerts: []}}
  - eval_time: 38m
    alertname: AmlnetNotMeasured
    exp_alerts:
    - exp_labels: {{severity: critical, level: required, vantage: desk, cause: pod_no_result}}
      exp_annotations:
        summary: "1 endpoints (required) are not measured from desk: pod_no_result"
        description: "The run did not end, or its log is not whole: run it again."
"""


def _agrees(folder: Path, tests: str) -> None:
    """That promtool finds what its tests expect of the rules beside them."""
    folder.joinpath("tests.yml").write_text(tests, encoding="utf-8")
    code, said_by = checked(str(PROMTOOL), "test", "rules", str(folder / "tests.yml"))
    assert code == 0, said_by


@needs_prometheus
def test_each_alert_fires_after_a_while_for_what_it_is_about_and_ends(tmp_path: Path) -> None:
    two = (Requirement(host="a.example.com", probe=ProbeSpec("a.example.com", "/", "any-answer")),)
    two += (replace(two[0], host="b.example.com", probe=ProbeSpec("b.example.com", "/", "any-answer")),)
    for name, text in made("blackbox-exporter", two).files:
        tmp_path.joinpath(name).write_text(text, encoding="utf-8")
    _agrees(tmp_path, RULES)


@needs_prometheus
def test_the_alert_of_old_runs_in_the_page_is_one(tmp_path: Path) -> None:
    (rule,) = re.findall(r"```yaml\n(- alert: .*?)```", (ROOT / "docs" / "watching.md").read_text("utf-8"), re.DOTALL)
    rules = f"groups:\n- name: page\n  rules:\n{textwrap.indent(rule, '  ')}"
    tests = """
    rule_files: [page.yml]
    tests:
    - interval: 10m
      input_series: [{series: amlnet_run_timestamp_seconds, values: '0 600 1200x8 _x20'}]
      promql_expr_test:
      - {expr: 'count(ALERTS{alertname="AmlnetOldRun"})', eval_time: 40m}
      - {expr: 'count(ALERTS{alertname="AmlnetOldRun"})', eval_time: 90m, exp_samples: [{value: 1}]}
      - {expr: 'count(ALERTS{alertname="AmlnetOldRun"})', eval_time: 150m, exp_samples: [{value: 1}]}
    """
    tmp_path.joinpath("page.yml").write_text(rules, encoding="utf-8")
    _agrees(tmp_path, textwrap.dedent(tests))
