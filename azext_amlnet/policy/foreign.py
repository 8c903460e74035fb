"""What a text is that is no policy that can be read here, by its look, and the one command that gives what is read.

Every line is a format that people have in their hands where they look for a policy; the commands are the makers' own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Iterator, Optional

from .documents import Document

Foreign = tuple[str, str]
"""What it is, and what to give in its place."""

_KUBECTL = "Give what kubectl get ciliumnetworkpolicies,networkpolicies -A -o yaml prints."
_GROUP = "Give the group itself (az network nsg show)."
_FIREWALL = "Give the firewall itself (az network firewall show)."
_NAMES = "Give the names that it allows as a list, one a line."
_MEASURE = "Measure it with az ml network test."
_CALICO = "Measure it with az ml network test --cluster."
_TERRAFORM = "Give its plan: terraform plan -out plan, then terraform show -json plan > plan.json."


def foreign(document: Document) -> Optional[Foreign]:
    """What a document is, if its look tells; None for anything else."""
    if document.answer is not None or _is_json(document):
        return next(_of_json(document.json), None)
    return next(_of_text(document.text), None) or _of_yaml(document)


def is_powershell(body: Any) -> bool:
    """Whether it is what Azure PowerShell prints: names of its own beside Azure's, which would be read in part."""
    first = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, Mapping):
        return False
    properties = first.get("Properties")
    singular = isinstance(properties, Mapping) and "RuleCollection" in properties
    return singular or bool({"ResourceGroupName", "SecurityRulesText", "RoutesText", "PropertiesText"} & first.keys())


def _is_json(document: Document) -> bool:
    return document.json is not None


def _of_json(body: Any) -> Iterator[Foreign]:
    first = body[0] if isinstance(body, list) and body else body
    inner = first.get("value") if isinstance(first, Mapping) else None
    first = inner[0] if isinstance(inner, list) and inner else first
    if not isinstance(first, Mapping):
        return
    keys = {str(key) for key in first}
    if {"effectiveSecurityRules", "networkSecurityGroup"} & keys and "effectiveSecurityRules" in keys:
        yield "it is the effective rules of a network interface, without the groups' own order", _GROUP
    if keys & {"format_version", "terraform_version"}:
        yield "it is a Terraform plan or state without network resources of azurerm", _TERRAFORM
    if {"rules", "priority", "action"} <= keys:
        yield "it is one kind of a firewall's collections without the others", _FIREWALL
    if is_powershell(body):
        yield "it is what Azure PowerShell prints, in a shape of its own", "Give what az prints: az network … show."
    if {"apiVersion", "kind"} <= keys:
        yield f"it is an object of Kubernetes ({str(first.get('kind'))[:40]}) that is no network policy", _KUBECTL


_TEXTS: tuple[tuple[str, str, str], ...] = (
    (r"\A\s*<(?:\?xml|config|entry|response)\b", "it is XML, as Palo Alto's configuration is", _NAMES),
    (r"(?m)^config (?:firewall|system|webfilter)\b", "it is a configuration of FortiGate", _NAMES),
    (r"(?m)^set (?:rulebase|address|profiles|device-group)\b", "it is Palo Alto's set commands",
     _NAMES),
    (r"(?m)^\*(?:filter|nat|mangle)\s*$|^-A [A-Z-]+ ", "it is rules of iptables, which know no names",
     _MEASURE),
    (r"(?m)^table (?:inet|ip|ip6) \S+ \{", "it is rules of nftables, which know no names",
     _MEASURE),
    (r"(?m)^\s*(?:resource|data|module|provider|variable|terraform|locals)\b[^\n=]*\{",
     "it is Terraform's text, which only a plan works out", _TERRAFORM),
    (r"(?m)^(?:targetScope\s*=|param\s+\w+\s+\w+|resource\s+\w+\s+'|module\s+\w+\s+')",
     "it is Bicep's text", "Give what it compiles to: az bicep build --file FILE, and the parameter file beside it."),
    (r"(?m)^using\s+'", "it is a parameter file of Bicep", "Give what az bicep build-params makes of it."),
    (r"\{\{-?\s*(?:\.|include|if|range|with|end|toYaml|define)", "it is a template of Helm",
     "Give what helm template, or kubectl get -o yaml, prints."),
)  # fmt: skip


def _of_text(text: str) -> Iterator[Foreign]:
    for pattern, what, hint in _TEXTS:
        if re.search(pattern, text[:200_000]):
            yield what, hint


def _of_yaml(document: Document) -> Optional[Foreign]:
    first = next((line for line in document.text.splitlines() if line.strip() and not line.startswith("#")), "")
    if not re.match(r"(?:---|apiVersion:|kind:|items:|metadata:)", first):
        return None
    broken = document.broken_yaml
    if broken:
        return f"it is no valid YAML: {broken}", "Quote what begins with * or { or contains ': '."
    kinds = [f"{one.get('kind')} of {one.get('apiVersion')}" for one in document.yaml or () if isinstance(one, Mapping)]
    calico = next((kind for kind in kinds if "projectcalico.org" in kind), None)
    if calico:
        return (
            f"it is a policy of Calico ({calico[:80]}), which is not read here",
            _CALICO,
        )
    return (f"it has no network policy, but {', '.join(kinds)[:80]}", _KUBECTL) if kinds else None
