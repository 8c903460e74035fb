"""What the ARM templates of exports share: their frame, their parameters, and how they are deployed."""

from __future__ import annotations

import json
from typing import Any, Iterable, Mapping, Optional, Sequence

from ..text import ANY, OF_COMPUTE, line
from ._sources import ALL, OBJECT, SETS, SourcePlan
from ._text import Context

API_VERSION = "2023-11-01"
GROUP_PRIORITY, NETWORK_PRIORITY, APPLICATION_PRIORITY = 500, 100, 200
"""The defaults of the template's parameters."""


def deployed(file: str, name: str, sources: SourcePlan) -> str:
    """How a template is deployed, as a line of its header; of several workspaces also what that leaves behind."""
    command = f"Deploy it with az deployment group create -g GROUP -f {file} -p {name}=NAME"
    if not sources.of_several:
        return f"{command} sourceAddresses='[\"CIDR\"]'"
    stays = (
        "What an older file made and this one does not stays open: take it away by hand, or deploy with az stack group "
        "create --action-on-unmanage deleteResources."
    )
    if not sources.unknown:
        return f"{command}. {stays}"
    where = f"in {OBJECT}" if sources.is_object else "as parameters that have no default value"
    return (
        f"{command}; nobody told where the traffic of {sources.unknown} computes comes from: give it {where}. {stays}"
    )


def template(
    notes: Iterable[str], parameters: Mapping[str, Any], variables: Mapping[str, Any], resources: Sequence[Any]
) -> str:
    """An ARM template; JSON has no comments, so what the file is stands in its metadata."""
    whole = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "metadata": {"comments": [line(note) for note in notes]},
        "parameters": parameters,
        **({"variables": variables} if variables else {}),
        "resources": resources,
    }
    return json.dumps(whole, indent=2) + "\n"


# ---------------------------------------------------------------------------------------------------------------------
# Source addresses


def source_parameters(sources: SourcePlan) -> dict[str, Any]:
    """The parameters of source addresses, those that are known with their addresses as default values."""
    if sources.is_object:
        return {OBJECT: parameter(OBJECT, "object", sources.filled)}
    otherwise = None if sources.of_several else f"[parameters('{ALL}')]"
    metadata = sources.metadata
    own = {
        name: parameter(name, "array", some or otherwise, metadata.get(name)) for name, some in sources.known.items()
    }
    return own if sources.of_several else {ALL: parameter(ALL, "array", sources.everywhere), **own}


def source_variables(sources: SourcePlan) -> dict[str, Any]:
    """The source addresses of several computes together, by a name that says whose they are."""
    if not sources.is_object:
        sets = {label: _union(names) for label, names in sources.sets.items()}
        return {SETS: sets} if sets else {}
    each = f"lambda('one', parameters('{OBJECT}')[lambdaVariables('one')])"
    whole = "[union(flatten(map(variables('computes')[{}], {})), createArray())]"  # each address once
    sets = {label: whole.format(_quoted(label), each) for label in sources.sets}
    return {"computes": {label: list(names) for label, names in sources.sets.items()}, SETS: sets}


def source_addresses(sources: SourcePlan, computes: tuple[str, ...]) -> str:
    """The expression for the source addresses of a rule for these computes."""
    name, is_set = sources.reference(computes)
    if is_set or sources.is_object:
        whole = f"variables('{SETS}')" if is_set else f"parameters('{OBJECT}')"
        return f"[{whole}[{_quoted(name)}]]"
    return f"[parameters('{name}')]"


def _union(names: Iterable[str]) -> str:
    every = (f"parameters('{name}')" for name in names)
    return f"[union({', '.join(every)})]"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def parameter(
    name: str, kind: str, default: Any = None, metadata: Optional[Mapping[str, str]] = None
) -> dict[str, Any]:
    """A parameter of a template, with what it is for; of source addresses of one compute with whose they are."""
    value = {} if default is None else {"defaultValue": list(default) if isinstance(default, tuple) else default}
    metadata = metadata or {}
    described = {"description": about(name, metadata.get(OF_COMPUTE)), **metadata}
    return {"type": kind, **value, "metadata": described}


_ABOUT = {
    "firewallPolicyName": "The firewall policy that gets the rules.",
    "networkSecurityGroupName": "The network security group that gets the rules.",
    "groupPriority": "Priority of the rule collection group, 100 to 65000, the lowest first.",
    "networkPriority": "Priority of the collection of network rules within the group.",
    "applicationPriority": "Priority of the collection of application rules within the group.",
    "sourceAddresses": "Where the clusters' traffic comes from: addresses or ranges such as 10.1.0.0/16.",
    OBJECT: "Where the traffic of each compute comes from: lists of addresses or ranges, by compute.",
    "sourceIpGroups": "Ids of IP groups with further sources, beside the addresses.",
    "firstPriority": "Priority of the first rule; the others follow.",
    "denyInternet": "Whether a last rule denies the Internet; it stops everything else in these subnets, too.",
    "denyPriority": "Priority of that rule, behind every rule that allows.",
}


def about(name: str, whose: Optional[str] = None) -> str:
    """What a parameter is for; one of source addresses of one compute tells whose."""
    if whose is not None:
        workspace, _, compute = whose.rpartition("/")
        return f"Where the traffic of {f'all computes of {workspace}' if compute == ANY else whose} comes from."
    return _ABOUT.get(name) or "Sources of what only these computes need: " + name.removeprefix(OBJECT)


def priorities(context: Context) -> dict[str, int]:
    """The defaults of the priorities; additions stand behind what they are added to."""
    group = GROUP_PRIORITY + 10 * bool(context.lacking_in)
    return {"group": group, "network": NETWORK_PRIORITY, "application": APPLICATION_PRIORITY}


def literal(text: str) -> str:
    """A text of a template: one that begins with a bracket would be an expression."""
    return f"[{text}" if text.startswith("[") else text
