"""What the Azure formats share: which row becomes which rule, for whom, and what cannot be expressed.

Names on 80 and 443 become application rules, everything else network rules; names in those need the policy's DNS proxy
(https://learn.microsoft.com/azure/firewall/fqdn-filtering-network-rules, 2026-11-23). One rule a row, so that each
carries its reason and stays far below the limits of a rule
(https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits, 2026-11-23).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Iterable, Iterator, Mapping, Sequence

from ..model import Kind, Protocol, Requirement, Scenario
from ..text import line
from ._text import Context, public, why

API_VERSION = "2023-11-01"
GROUP_PRIORITY, NETWORK_PRIORITY, APPLICATION_PRIORITY = 500, 100, 200
"""The defaults of the template's parameters."""


@dataclass(frozen=True)
class FirewallRule:
    """One rule; `computes` are those whose source addresses it is for, all when empty.

    `is_tag` says that the destination of an application rule is an FQDN tag; `sources` is the parameter that holds the
    source addresses.
    """

    name: str
    description: str
    destination: str
    kind: Kind
    protocol: str
    port: int
    computes: tuple[str, ...]
    is_tag: bool = False
    sources: str = "sourceAddresses"

    @property
    def by_name(self) -> bool:
        """Whether a network rule names its destination; otherwise it is an address or a service tag."""
        return self.kind is Kind.FQDN


def is_application(row: Requirement) -> bool:
    """Whether a row is a matter of application rules."""
    usual = {Protocol.HTTPS: (443,), Protocol.TLS: (443,), Protocol.HTTP: (80,)}
    return row.kind in (Kind.FQDN, Kind.WILDCARD) and row.port in usual.get(row.protocol, ())


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """Wildcards on other ports, and what the policy must have for names on them."""
    others = [row for row in public(rows) if not is_application(row)]
    for row in others:
        if row.kind is Kind.WILDCARD:
            yield f"{row.host}, port {row.port}/{row.protocol.value}: network rules know no wildcards."
    if any(row.kind is Kind.FQDN for row in others):
        yield "names in network rules work only with the firewall policy's DNS proxy: dnsSettings.enableProxy."


def deployed(file: str, name: str) -> str:
    """How a template is deployed, as a line of its header."""
    return f"Deploy it with az deployment group create -g GROUP -f {file} -p {name}=NAME sourceAddresses='[\"CIDR\"]'"


def tag_losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """What FQDN tags leave open."""
    for tag in dict.fromkeys(row.fqdn_tags[0] for row in rows if _by_tag(row)):
        yield f"what the FQDN tag {tag} holds: Azure keeps it, and it has come later than the documented list before."


def _by_tag(row: Requirement) -> bool:
    """Whether an FQDN tag may stand in for a row: the cluster needs it, and neither jobs nor extensions do."""
    return bool(row.fqdn_tags) and _of_the_cluster(row) and is_application(row)


def _of_the_cluster(row: Requirement) -> bool:
    """Whether the cluster itself needs it; what serves models in it may need it too, as with the API server."""
    return Scenario.CLUSTER in row.needed_for and set(row.needed_for) <= {Scenario.CLUSTER, Scenario.INFERENCE}


Rules = list[FirewallRule]


def firewall_rules(rows: Sequence[Requirement], fqdn_tags: bool = False) -> tuple[Rules, Rules]:
    """The network rules and the application rules of a list."""
    network, application = _network_rules(rows), _application_rules(rows, fqdn_tags)
    every = with_sources([*network, *application])
    return every[: len(network)], every[len(network) :]


def _application_rules(rows: Sequence[Requirement], fqdn_tags: bool) -> Rules:
    """Rules for names on 80 and 443; with `fqdn_tags` those come first, once for each set of computes."""
    chosen = [row for row in public(rows) if is_application(row)]
    tagged: dict[tuple[str, tuple[str, ...]], FirewallRule] = {}
    for row in [row for row in chosen if fqdn_tags and _by_tag(row)]:
        tag, level = row.fqdn_tags[0], f"{row.level.value}: what Azure documents for the cluster itself."
        rule = FirewallRule(
            f"{len(tagged) + 1:03}-{tag}", level, tag, row.kind, "Https", 443, row.computes, is_tag=True
        )
        tagged.setdefault((tag, row.computes), rule)
    named = [row for row in chosen if not (fqdn_tags and _by_tag(row))]
    start = len(tagged) + 1
    return [*tagged.values(), *(_rule(n, row, _spoken(row)) for n, row in enumerate(named, start))]


def _spoken(row: Requirement) -> str:
    return "Http" if row.protocol is Protocol.HTTP else "Https"


def _network_rules(rows: Sequence[Requirement]) -> Rules:
    """Rules for everything else, but wildcards."""
    chosen = [row for row in public(rows) if not is_application(row) and row.kind is not Kind.WILDCARD]
    return [_rule(n, row, transport(row)) for n, row in enumerate(chosen, 1)]


def transport(row: Requirement) -> str:
    """`TCP` or `UDP`."""
    return "UDP" if row.protocol is Protocol.UDP else "TCP"


def _rule(number: int, row: Requirement, protocol: str) -> FirewallRule:
    entry = re.sub(r"[^A-Za-z0-9-]", "-", (row.entries or ("row",))[0])[:60]
    return FirewallRule(
        f"{number:03}-{entry}", line(why(row))[:500], row.host, row.kind, protocol, row.port, row.computes
    )


def with_sources(rules: Sequence[FirewallRule]) -> Rules:
    """The rules, each with its parameter: `sourceAddresses` for all computes, one of its own for each set of them.

    ARM takes names that differ in case only for one, so sets of computes that would share a name have a digest in it.
    """
    names = {rule.computes: _camel(rule.computes) for rule in rules if rule.computes}
    clashing = Counter(name.lower() for name in names.values())
    for computes, name in names.items():
        if len(name) > _LONGEST or clashing[name.lower()] > 1:
            names[computes] = name[: _LONGEST - 8] + hashlib.sha256(" ".join(computes).encode()).hexdigest()[:8]
    return [replace(rule, sources=f"{_OF}{names[rule.computes]}") if rule.computes else rule for rule in rules]


def _camel(computes: Sequence[str]) -> str:
    words = re.findall(r"[A-Za-z0-9]+", " ".join(computes))
    return "".join(word[:1].upper() + word[1:] for word in words)


_OF = "sourceAddressesOf"
_LONGEST = 100
"""Characters of the computes in a parameter's name; more of them end in a digest."""


def own_sources(rules: Sequence[FirewallRule]) -> tuple[str, ...]:
    """The parameters of the sets of computes that have rules of their own."""
    return tuple(dict.fromkeys(rule.sources for rule in rules if rule.computes))


def template(notes: Iterable[str], parameters: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]) -> str:
    """An ARM template; JSON has no comments, so what the file is stands in its metadata."""
    whole = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "metadata": {"comments": [line(note) for note in notes]},
        "parameters": parameters,
        "resources": resources,
    }
    return json.dumps(whole, indent=2) + "\n"


def source_parameters(rules: Sequence[FirewallRule]) -> dict[str, Any]:
    """The parameters of source addresses: one for all, and one for each set of computes with rules of its own."""
    parameters = {"sourceAddresses": parameter("sourceAddresses", "array")}
    for name in own_sources(rules):
        parameters[name] = parameter(name, "array", "[parameters('sourceAddresses')]")
    return parameters


def parameter(name: str, kind: str, default: Any = None) -> dict[str, Any]:
    """A parameter of a template, with what it is for."""
    value = {} if default is None else {"defaultValue": default}
    return {"type": kind, **value, "metadata": {"description": about(name)}}


_ABOUT = {
    "firewallPolicyName": "The firewall policy that gets the rules.",
    "networkSecurityGroupName": "The network security group that gets the rules.",
    "groupPriority": "Priority of the rule collection group, 100 to 65000, the lowest first.",
    "networkPriority": "Priority of the collection of network rules within the group.",
    "applicationPriority": "Priority of the collection of application rules within the group.",
    "sourceAddresses": "Where the clusters' traffic comes from: addresses or ranges such as 10.1.0.0/16.",
    "sourceIpGroups": "Ids of IP groups with further sources, beside the addresses.",
    "firstPriority": "Priority of the first rule; the others follow.",
    "denyInternet": "Whether a last rule denies the Internet; it stops everything else in these subnets, too.",
    "denyPriority": "Priority of that rule, behind every rule that allows.",
}


def about(name: str) -> str:
    """What a parameter is for."""
    return _ABOUT.get(name) or "Sources of what only these computes need: " + name.removeprefix(_OF)


def priorities(context: Context) -> dict[str, int]:
    """The defaults of the priorities; additions stand behind what they are added to."""
    group = GROUP_PRIORITY + 10 * bool(context.lacking_in)
    return {"group": group, "network": NETWORK_PRIORITY, "application": APPLICATION_PRIORITY}


def literal(text: str) -> str:
    """A text of a template: one that begins with a bracket would be an expression."""
    return f"[{text}" if text.startswith("[") else text
