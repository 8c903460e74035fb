"""Prometheus' blackbox exporter: its modules, the targets, a scrape job, and rules with alerts.

https://prometheus.io/docs/prometheus/latest/configuration/configuration and
https://github.com/prometheus/blackbox_exporter/blob/master/CONFIGURATION.md (2026-11-27).
"""

from __future__ import annotations

import json
from typing import Iterable, Iterator, Sequence

from ..model import Requirement
from ._blackbox import MonitoredTarget, config, expected, limits, losses, monitored
from ._matcher import LIST
from ._prometheus import INTERVAL, JOB, SCRAPE_TIMEOUT, VANTAGE, groups
from ._text import Context, comments, header

SUMMARY = "Prometheus' blackbox exporter: modules, targets, a scrape job, rules and alerts (several files)"
MATCHER = LIST
__all__ = ["MATCHER", "SUMMARY", "files", "limits", "losses"]


def files(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> Iterator[tuple[str, str]]:
    """blackbox.yml, what Prometheus reads, and the targets, which know no comments."""
    targets = monitored(rows, context.proofs)
    yield "amlnet-blackbox.yml", config(targets, header(context, lost))
    yield "amlnet-targets.json", _file_sd(targets)
    yield "amlnet-prometheus.yml", comments("#", header(context, ())) + _PROMETHEUS
    yield "amlnet-rules.yml", comments("#", header(context, ())) + groups(expected(targets), context)


def _file_sd(targets: Iterable[MonitoredTarget]) -> str:
    """Targets of file_sd, a line each, so that a change touches only its own."""
    lines = [json.dumps({"targets": [target.target], "labels": target.labels}) for target in targets]
    return "[\n" + ",\n".join(lines) + "\n]\n"


_PROMETHEUS = f"""\
# A whole configuration, for a Prometheus of its own or to take the job and the rule file from.
rule_files:
- amlnet-rules.yml
scrape_configs:
- job_name: {JOB}
  metrics_path: /probe
  scrape_interval: {INTERVAL}  # with its timeout well below the 5 minutes that Prometheus looks back
  scrape_timeout: {SCRAPE_TIMEOUT}
  file_sd_configs:
  - files: [amlnet-targets.json]
  relabel_configs:
  - source_labels: [module]
    target_label: __param_module
  - source_labels: [__address__]
    target_label: __param_target
  - source_labels: [__address__]
    target_label: instance
  # A job for another exporter needs another job_name; the rules go by this label, which all of them have.
  - target_label: job
    replacement: {JOB}
  # Where the exporter stands, in a word: what is measured is its network.
  - target_label: vantage
    replacement: {VANTAGE}
  # Where Prometheus reaches the exporter.
  - target_label: __address__
    replacement: blackbox-exporter:9115
"""
