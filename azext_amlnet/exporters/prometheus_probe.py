"""The Prometheus operator's Probes, with the exporter's modules and the rules as objects of Kubernetes.

https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.Probe (2026-11-27): a Probe has one
module and one set of labels; what its targets do not share is told by the target.
"""

from __future__ import annotations

import json
import textwrap
from typing import Iterable, Iterator, Mapping, Sequence

from ..model import Requirement
from ._blackbox import MonitoredTarget, config, expected, limits, literally, losses, monitored
from ._matcher import LIST
from ._prometheus import INTERVAL, JOB, SCRAPE_TIMEOUT, VANTAGE, groups
from ._text import Context, comments, header

SUMMARY = "the Prometheus operator: Probes, a PrometheusRule, the exporter's modules (several files)"
MATCHER = LIST
__all__ = ["MATCHER", "SUMMARY", "files", "limits", "losses"]


def files(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The exporter's ConfigMap, the Probes, and the rules; each can be applied by itself."""
    targets = monitored(rows, context.proofs)
    head = comments("#", header(context, ()))
    meta = "metadata:\n  name: {}\n"
    modules = textwrap.indent(config(targets, ()), "    ")
    yield (
        "amlnet-blackbox.yaml",
        comments("#", header(context, lost))
        + f"apiVersion: v1\nkind: ConfigMap\n{meta.format('amlnet-blackbox')}data:\n  blackbox.yml: |\n{modules}",
    )
    yield "amlnet-probes.yaml", head + _REACHED + "---\n".join(_probes(targets))
    rules = textwrap.indent(groups(expected(targets), context), "  ")
    yield (
        "amlnet-rules.yaml",
        f"{head}apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\n{meta.format('amlnet')}spec:\n{rules}",
    )


_EXPORTER = "amlnet-blackbox-exporter.azureml.svc:9115"
_REACHED = "# prober.url is the Service of the exporter with the modules of amlnet-blackbox.yaml, namespace azureml.\n"
_MOST_TARGETS = 300
"""Of a Probe: `kubectl apply` keeps the whole object in an annotation, of which there may be 256 kB
(https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations, 2026-11-27)."""


def _probes(targets: Iterable[MonitoredTarget]) -> Iterator[str]:
    """A Probe for each module; another for what several rows ask of one target, and where one would be too large."""
    shared: dict[str, list[dict[str, MonitoredTarget]]] = {}
    for target in targets:
        layers = shared.setdefault(target.module.name, [])
        free = next((one for one in layers if target.target not in one and len(one) < _MOST_TARGETS), None)
        if free is None:
            layers.append(free := {})
        free[target.target] = target
    for module, layers in shared.items():
        for number, layer in enumerate(layers, 1):
            name = module.replace("_", "-") + (f"-{number}" if number > 1 else "")
            yield _probe(name, module, layer)


def _probe(name: str, module: str, layer: Mapping[str, MonitoredTarget]) -> str:
    """One Probe: labels that all of its targets share, and rules for those that they do not."""
    labels: dict[str, dict[str, list[str]]] = {"vantage": {VANTAGE: []}}
    for address, target in layer.items():
        for key, value in target.labels.items():
            labels.setdefault(key, {}).setdefault(value, []).append(address)
    static = {key: next(iter(values)) for key, values in labels.items() if len(values) == 1}
    same = "".join(f"        {key}: {json.dumps(value)}\n" for key, value in static.items())
    asked = "".join(f"      - {json.dumps(address)}\n" for address in layer)
    rules = "".join(
        _relabelled(key, value, addresses)
        for key, values in labels.items()
        if key not in static
        for value, addresses in values.items()
    )
    return (
        f"apiVersion: monitoring.coreos.com/v1\nkind: Probe\nmetadata:\n  name: {name}\nspec:\n"
        f"  jobName: {JOB}\n  interval: {INTERVAL}\n  scrapeTimeout: {SCRAPE_TIMEOUT}\n  module: {module}\n"
        f"  prober:\n    url: {_EXPORTER}\n  targets:\n    staticConfig:\n      labels:\n{same}"
        f"      static:\n{asked}" + (f"      relabelingConfigs:\n{rules}" if rules else "")
    )


def _relabelled(key: str, value: str, addresses: Sequence[str]) -> str:
    """The label of these targets."""
    either = json.dumps("|".join(map(literally, addresses)))
    where = f"      - sourceLabels: [__param_target]\n        regex: {either}\n"
    return f"{where}        targetLabel: {key}\n        replacement: {json.dumps(value.replace('$', '$$'))}\n"
