"""`az ml network check-policy`: the list, held against the policy of a firewall, a proxy or a cluster."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Iterator, Mapping, Optional, Sequence

from ._arguments import command_of
from ._az import login, warn
from ._inputs import baseline, gather
from ._output import check_files, context_of, exported, publish
from ._wait import LONG_S, asking, waiting

if TYPE_CHECKING:
    from typing import Any

    from ..codec import JsonObject
    from ..discovery import PolicyQuery
    from ..discovery.policies import PolicyAnswer
    from ..exporters import Export
    from ..model import Cluster, Compute, Fleet, Inputs, Requirement
    from ..policy import Document
    from ..policy.addresses import Span
    from ..policy.evidence import Evidence
    from ..policy.model import Policy, PolicyReport
    from ..policy.pods import Pods
    from ._arguments import ScopeArguments


@dataclass(frozen=True)
class CheckPolicyArguments:
    """The arguments of `check-policy` that are not the scope's; `_params` describes each."""

    policy: tuple[str, ...]
    dialect: Optional[str] = None
    namespace: Optional[str] = None
    pod_labels: tuple[str, ...] = ()
    addresses: Optional[str] = None
    service_tags: Optional[str] = None
    policy_resource_group: Optional[str] = None
    suggest: Optional[str] = None
    baseline: Optional[str] = None
    report_file: tuple[str, ...] = ()
    annotate: Optional[str] = None


def run(cmd: Any, scoped: ScopeArguments, arguments: CheckPolicyArguments) -> JsonObject:
    """The report; with --suggest the rules that are missing."""
    from ..catalog.sources import told_of_all
    from ..codec import to_json
    from ..files import read_coverage
    from ..policy.addresses import spans_of
    from ..policy.pods import pods_of
    from ..policy.report import remarks, report_on

    check_files(arguments.report_file, "policy")
    sources = spans_of(told_of_all(scoped.source))
    earlier = None
    if arguments.baseline:
        with baseline(arguments.baseline, command_of("check-policy", scoped, "--policy", *arguments.policy)):
            earlier = read_coverage(arguments.baseline)
    files, query = _named(cmd, arguments, scoped.in_azure)
    inputs = gather(cmd, scoped)
    subnets = _subnets(inputs.fleet, scoped.compute) if scoped.in_azure else {}
    answer = _answered(cmd, query, subnets)
    pods = pods_of(arguments.namespace or _namespace(inputs.fleet, scoped.compute), arguments.pod_labels)
    policies = _policies(files, answer, subnets, arguments.dialect, inputs, pods)
    evidence = _evidence(cmd, arguments, inputs)
    of = _spans_by_compute(inputs)
    report = report_on(inputs, policies, sources=sources, sources_of=of, earlier=earlier, evidence=evidence)
    warn((*_unreadable(answer, subnets), *remarks(report)))
    document: JsonObject = to_json(report)
    pages = any(path.lower().endswith(".html") for path in arguments.report_file)
    suggestion = _missing_rules(inputs, report) if pages else None
    publish(cmd, document, arguments.report_file, arguments.annotate, suggestion)
    return _suggested(arguments.suggest, inputs, report) if arguments.suggest else document


def _suggested(format_name: str, inputs: Inputs, report: PolicyReport) -> JsonObject:
    """Just the rules that are missing, in a format of `export`."""
    from ..policy.report import not_mended

    made = _additions(format_name, inputs, report)
    warn(not_mended(report))
    return exported(made)


def _additions(format_name: str, inputs: Inputs, report: PolicyReport) -> Export:
    """The rules that are missing, as additions to the policies."""
    from ..exporters import export

    context = context_of(inputs, lacking_in=tuple(policy.name for policy in report.policy))
    return export(format_name, _lacking(inputs, report), context, allow_unresolved=True)


def _lacking(inputs: Inputs, report: PolicyReport) -> list[Requirement]:
    from ..policy.report import LACKING

    pairs = zip(inputs.rows, report.findings, strict=True)
    return [row for row, finding in pairs if finding.coverage in LACKING]


_EXPORTED_AS = {"terraform-json": "azure-firewall-terraform"}


def _missing_rules(inputs: Inputs, report: PolicyReport) -> Optional[JsonObject]:
    """The rules that are missing for the page, in the dialect of the policy, else as names; None where none is."""
    from ..vocabulary import export_formats

    if not _lacking(inputs, report):
        return None
    dialect = report.policy[0].dialect
    name = _EXPORTED_AS.get(dialect, dialect if dialect in export_formats() else "hosts")
    made = _additions(name, inputs, report)
    return {"format": name, "content": made.content, "losses": list(made.losses)}


# ---------------------------------------------------------------------------------------------------------------------
# The policies: files, and what Azure knows


Subnets = Mapping[str, Sequence[str]]
"""The computes of each subnet, by the subnet's lower-case id."""


def _named(cmd: Any, arguments: CheckPolicyArguments, live: bool) -> tuple[list[Document], Optional[PolicyQuery]]:
    """The policies that are files, read; those in Azure are asked for, and answered while the facts are gathered."""
    from ..discovery.policies import first_call

    group = arguments.policy_resource_group
    names = [word for word in arguments.policy if _is_name(word, bool(group), live)]
    identifiers = [word for word in arguments.policy if word.lower().startswith("/subscriptions/")]
    for identifier in identifiers:
        first_call(identifier)
    words = [word for word in arguments.policy if word not in (*identifiers, *names)]
    files = [_document(path, word if path != word else "") for word in words for path in _paths(word)]
    identifiers += _looked_up(cmd, names, group) if names else []
    query = _query(cmd) if identifiers else None
    if query:
        query.add(identifiers)
    return files, query


def _is_name(word: str, grouped: bool, live: bool) -> bool:
    """Whether a word is the name of a policy in Azure: no file, no id and no text, in a scope that has names."""
    plain = not any(sign in word for sign in "/\\.{[\n")
    return (grouped or live) and plain and bool(word) and not os.path.exists(word)


def _looked_up(cmd: Any, names: Sequence[str], group: Optional[str]) -> list[str]:
    """The ids of policies by their names; raises UsageError for a name that nothing has, or several things have."""
    from ..discovery import NameQuery
    from ..errors import UsageError

    az = login(cmd)
    with waiting(cmd, asking("Asking Azure Resource Manager for the names of policies"), LONG_S):
        query = NameQuery(az.client, az.base_url, az.subscription, group, az.timeouts)
    identifiers = []
    for name in names:
        ids = query.ids(name)
        where = f"resource group {group}" if group else "the subscription"
        if not ids:
            what = f"There is no such file, and no policy of that name in {where}: {name[:80]}."
            raise UsageError(what, "Check the path or the name: az network firewall policy list -o table.")
        if len(ids) > 1:
            what = f"{len(ids)} things in {where} are called {name}: {', '.join(ids)}."
            raise UsageError(what, "Give one of these ids as --policy.")
        identifiers += ids
    return identifiers


def _query(cmd: Any) -> PolicyQuery:
    from ..discovery import PolicyQuery

    az = login(cmd)
    return PolicyQuery(az.client, az.base_url, az.timeouts)


def _paths(word: str) -> list[str]:
    """A folder as the files in it, squid's with those of its folders; anything else as it is."""
    if not os.path.isdir(word):
        return [word]
    deep = os.path.isfile(os.path.join(word, "squid.conf"))
    paths = []
    for folder, folders, names in os.walk(word):
        folders[:] = sorted(name for name in folders if deep and not name.startswith("."))
        paths += [os.path.join(folder, name) for name in sorted(names) if not name.startswith(".")]
    return [path for path in paths if os.path.isfile(path)]


def _document(word: str, folder: str = "") -> Document:
    """A policy by its path, in a given folder; by its text, where az has read it already (`--policy @FILE`)."""
    from ..files import read_policy
    from ..policy import Document

    if word.lstrip().startswith(("{", "[")):
        return Document("--policy", word)
    name, path = os.path.basename(word) or word, os.path.abspath(word)
    return Document(name, read_policy(word), path=path, folder=folder and os.path.abspath(folder))


def _answered(cmd: Any, query: Optional[PolicyQuery], subnets: Subnets) -> Optional[PolicyAnswer]:
    """What Azure shows of the policies that were named, and of the subnets; None where it was not asked."""
    if subnets:
        query = query or _query(cmd)
        query.add(subnets)
    if query is None:
        return None
    with waiting(cmd, asking("Asking Azure Resource Manager about policies"), LONG_S):
        return query.finish(optional=subnets)


def _unreadable(answer: Optional[PolicyAnswer], subnets: Subnets) -> list[str]:
    """The subnets that Azure did not show, why, and what that leaves out."""
    refused, out = answer.refused if answer else {}, "what its security group and routes let through is not checked"
    return [f"The subnet {name} could not be read: {refused[name]}; {out}." for name in subnets if name in refused]


def _policies(
    files: Sequence[Document],
    answer: Optional[PolicyAnswer],
    subnets: Subnets,
    dialect: Optional[str],
    inputs: Inputs,
    pods: Pods,
) -> list[Policy]:
    """All policies; one that was found by itself, with the subnet and the computes that it is for."""
    from ..policy import Document, read
    from ..policy.environment import environment_of

    shown = [Document("Azure", answer=answer.resources, refused=answer.refused)] if answer else []
    resources = answer.resources if answer else ()
    cloud = inputs.fleet.cloud
    environment = environment_of(cloud, inputs.catalog) if cloud else None
    policies = read([*files, *shown], dialect, environment=environment, pods=pods)
    return [_placed(policy, resources, subnets) for policy in policies]


def _placed(policy: Policy, resources: Sequence[JsonObject], subnets: Subnets) -> Policy:
    computes: list[str] = []
    names: list[str] = []
    for subnet in resources:
        identifier = str(subnet.get("id", ""))
        properties = subnet.get("properties") or {}
        gates = (properties.get(key) or {} for key in ("networkSecurityGroup", "routeTable"))
        is_gate = policy.id and policy.id in {str(gate.get("id", "")).lower() for gate in gates}
        if is_gate and subnets.get(identifier.lower()):
            computes += subnets[identifier.lower()]
            names.append(identifier.rpartition("/")[2])
    if not computes:
        return policy
    where = f"{policy.name} (subnet {', '.join(names)} of {', '.join(dict.fromkeys(computes))})"
    return replace(policy, name=where, computes=tuple(dict.fromkeys(computes)), within=None)


# ---------------------------------------------------------------------------------------------------------------------
# What was measured


def _evidence(cmd: Any, arguments: CheckPolicyArguments, inputs: Inputs) -> Evidence:
    """The addresses of a report, and the prefixes of service tags from Azure or a file."""
    from ..files import read_report, read_service_tags
    from ..policy.evidence import Evidence, joined, of_report, of_tags, today

    cloud = inputs.fleet.cloud
    evidence = Evidence()
    if arguments.addresses:
        name = os.path.basename(arguments.addresses)
        evidence = of_report(read_report(arguments.addresses), name, cloud, today())
    if arguments.service_tags == "live":
        evidence = joined(evidence, _live_tags(cmd, inputs))
    elif arguments.service_tags:
        name = os.path.basename(arguments.service_tags)
        evidence = joined(evidence, of_tags(read_service_tags(arguments.service_tags), name, cloud))
    return evidence


def _live_tags(cmd: Any, inputs: Inputs) -> Evidence:
    """The prefixes of service tags as Azure has them now; where it refuses, a gap."""
    from ..discovery import service_tags
    from ..discovery.arm import Refusal
    from ..model import Gap
    from ..policy.evidence import Evidence, of_tags

    az, regions = login(cmd), [one.region for one in inputs.fleet.workspaces if one.region]
    region = regions[0] if regions else "westeurope"  # which copy of one list
    with waiting(cmd, asking("Asking Azure Resource Manager for service tags"), LONG_S):
        answer = service_tags(az.client, az.base_url, az.subscription, region, az.timeouts)
    if isinstance(answer, Refusal):
        gap = Gap("service-tags", "Azure's service tags", str(answer), "rules by tags stay in doubt")
        return Evidence(warnings=(f"Azure's service tags could not be read: {answer}.",), gaps=(gap,))
    return of_tags(answer, "Azure", inputs.fleet.cloud)


# ---------------------------------------------------------------------------------------------------------------------
# Where the traffic comes from


def _namespace(fleet: Fleet, computes: Sequence[str]) -> Optional[str]:
    """The namespace of the computes in question, if it is one."""
    namespaces = {compute.namespace for _, compute, _ in _in_question(fleet, computes) if compute.cluster_id}
    return namespaces.pop() if len(namespaces) == 1 else None


def _subnets(fleet: Fleet, named: Sequence[str]) -> Subnets:
    """The subnets of the clusters of computes that were named."""
    by_subnet: dict[str, list[str]] = {}
    for name, _, cluster in _in_question(fleet, named) if named else ():
        for subnet in cluster.subnets if cluster else ():
            by_subnet.setdefault(subnet.lower(), []).append(name)
    return by_subnet


def _in_question(fleet: Fleet, named: Sequence[str]) -> Iterator[tuple[str, Compute, Optional[Cluster]]]:
    """The attached computes that count, by their names as rows have them, each with its cluster."""
    from ..catalog.computes import attached
    from ..catalog.consumers import clusters_of

    for one in attached(fleet.workspaces):
        if not named or any(map(one.is_meant, named)):
            yield one.name, one.compute, clusters_of(one.compute, one.workspace)[0]


def _spans_by_compute(inputs: Inputs) -> dict[str, tuple[Span, ...]]:
    """By compute where its traffic comes from; nothing for one of which that is not known."""
    from ..catalog.sources import sources_of
    from ..policy.addresses import spans_of

    return {name: spans_of(some or ()) for name, some in sources_of(inputs).items()}
