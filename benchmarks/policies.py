"""check-policy against 50,000 rules, beside the same command against a single one and against half of them."""

from __future__ import annotations

import json
import resource
from functools import partial
from pathlib import Path
from typing import Callable

from tests import policies as build
from tests.example import EXAMPLE
from tests.fakearm import FakeAzure
from tests.world import Az

from .timing import interleaved, verdict

RULES, LINES, RUNS = 50_000, 100_000, 3
"""Rules of a firewall, lines of one acl of squid, and how often each command runs."""


def bench_policies(folder: Path, extensions: Path) -> None:
    """What so many rules cost over the command's own start, by name, by address and as lines of one acl."""
    home = folder / "policies"
    home.mkdir()
    with FakeAzure() as azure:
        az = Az(home, extensions, azure)
        print(f"check-policy, {RULES} rules; baselines: the same command with one rule, and with half of them")
        _compare(az, home / "names", RULES, "application rules, two names each", 2.5, _application)
        _compare(az, home / "ranges", RULES, "network rules, a range each", 2.5, _network)
        print(f"check-policy, {LINES} lines of one acl of squid; baselines: the same command with one, and with half")
        _compare(az, home / "squid", LINES, "lines of one acl", 1.0, _squid)
        print("check-policy, a compiled template of 400 kB; baselines: the same command with one rule, and with half")
        _compare(az, home / "template", 260, "modules with a rule each", 0.5, _template)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        verdict("memory of the largest process", peak, 400, "MB")


def _compare(az: Az, stem: Path, count: int, name: str, limit: float, text: Callable[[int], str]) -> None:
    def check(path: Path) -> None:
        ran = az("ml", "network", "check-policy", *_words(path))
        assert ran.code in (8, 9) and len(ran.json["findings"]) > 40, ran.err

    paths = [stem.with_name(f"{stem.name}-{size}") for size in (1, count // 2, count)]
    for path, size in zip(paths, (1, count // 2, count), strict=True):
        path.write_text(text(size), encoding="utf-8")
    one, half, whole = interleaved(*(partial(check, path) for path in paths), runs=RUNS)
    print(f"  {name}: {one:.2f} s, {half:.2f} s and {whole:.2f} s")
    verdict(f"{name}: over the command's own start", whole - one, limit, "s")
    if whole - one > 0.5:  # of less the command's own start leaves nothing to compare
        verdict(f"{name}: twice as many", (whole - one) / max(half - one, 0.01), 2.2)


def _words(path: Path) -> tuple[str, ...]:
    return ("--workspace-file", str(EXAMPLE), "--policy", str(path), "--source", build.SOURCE)


def _application(count: int) -> str:
    return _firewall([build.app(f"r{n}", f"host{n}.example.com", f"*.d{n}.example.org") for n in range(count)])


def _network(count: int) -> str:
    where = (f"20.{n % 200}.{n // 200 % 256}.0/24" for n in range(count))
    return _firewall([build.net(f"r{n}", address, ports=["443", "80"]) for n, address in enumerate(where)])


def _firewall(rules: list[build.Json]) -> str:
    parts = [build.collection(f"c{n}", 100 + n, "Allow", *rules[n : n + 100]) for n in range(0, len(rules), 100)]
    return json.dumps([build.policy(), build.group("g", 100, *parts)])


def _template(count: int) -> str:
    """A template as Bicep compiles it: a module for each rule, a condition and expressions in each, 1 kB in all."""
    parameters = {"hub": {"defaultValue": "hub"}, "on": {"defaultValue": True}, "sources": {"defaultValue": ["*"]}}
    hub = {"type": "Microsoft.Network/firewallPolicies", "name": "[parameters('hub')]", "properties": {}}
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    whole = {"$schema": schema, "parameters": parameters, "resources": [hub, *map(_module, range(count))]}
    return json.dumps(whole, indent=1)


def _module(number: int) -> build.Json:
    rule = build.app(f"[format('r{{0}}', {number})]", f"[format('{{0}}{number}.{{1}}', 'host', variables('suffix'))]")
    allow = build.collection("c", 100, "Allow", {**rule, "sourceAddresses": "[parameters('sources')]"})
    group = {
        "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
        "name": f"[format('{{0}}/{{1}}', parameters('hub'), 'g{number}')]",
        "properties": {"priority": 100 + number, "ruleCollections": [allow]},
    }
    inner = {
        "parameters": {"hub": {"type": "string"}, "sources": {"type": "array"}},
        "variables": {"suffix": "example.com"},
        "resources": [group],
    }
    values = {name: {"value": f"[parameters('{name}')]"} for name in ("hub", "sources")}
    properties = {"expressionEvaluationOptions": {"scope": "inner"}, "parameters": values, "template": inner}
    condition = "[and(parameters('on'), not(empty(parameters('sources'))))]"
    return {
        "type": "Microsoft.Resources/deployments",
        "name": f"[format('m{number}-{{0}}', uniqueString(resourceGroup().id))]",
        "condition": condition,
        "properties": properties,
    }


def _squid(count: int) -> str:
    lines = "".join(f"acl wanted dstdomain host{n}.example.com\n" for n in range(count))
    return f"{lines}http_access allow wanted\nhttp_access deny all\n"
