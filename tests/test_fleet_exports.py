"""A fleet in a file for a firewall: everybody gets what they need, nobody what is another's, and limits are kept."""

from __future__ import annotations

import csv
import importlib
import io
import json
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any, Optional

import hcl2
import pytest

from azext_amlnet.catalog import load
from azext_amlnet.catalog.merge import listed
from azext_amlnet.catalog.provenance import provenance, stamped
from azext_amlnet.catalog.sources import elsewhere, rows_with_sources, sources_by_compute, sources_of, with_sources
from azext_amlnet.codec import from_json, to_json
from azext_amlnet.errors import UsageError
from azext_amlnet.exporters import Context, Export, export
from azext_amlnet.exporters._azure_rules import is_application
from azext_amlnet.exporters._groups import MOST_BYTES
from azext_amlnet.exporters._text import private_for
from azext_amlnet.model import (
    Cluster,
    ClusterType,
    Compute,
    Coverage,
    Fleet,
    Gap,
    Inputs,
    KeyVault,
    Kind,
    Protocol,
    Purpose,
    Requirement,
    Scenario,
    Scope,
    StorageAccount,
    Variant,
    Workspace,
    names_of,
)
from azext_amlnet.policy.addresses import span_of, spans_of
from azext_amlnet.policy.check import findings
from azext_amlnet.policy.report import report_on
from azext_amlnet.policy.report import whence as sources_for
from azext_amlnet.policy.traffic import Whence
from azext_amlnet.text import addresses_of, by_workspace, source_parameters
from azext_amlnet.verbs._output import context_of
from azext_amlnet.vocabulary import FOLDERS, export_formats

from . import policies as build
from . import wire
from .fleets import fleet, identifier
from .squid import SQUID, squid
from .test_exporters import bicep_is_fine
from .test_merge import gpu, one

CATALOG = load()
FOREIGN = "10.200.0.0/16"
BY_SOURCE = ("azure-firewall-arm", "azure-firewall-bicep", "azure-firewall-terraform", "nsg", "squid")


def rows_of(workspaces: tuple[Workspace, ...], scope: Scope = Scope()) -> tuple[Requirement, ...]:
    """The list of a fleet."""
    return listed(CATALOG, [(workspace, scope) for workspace in workspaces]).rows


def context_for(workspaces: tuple[Workspace, ...], **more: Any) -> Context:
    """What the verbs tell an exporter of a fleet."""
    return replace(context_of(Inputs(CATALOG, Fleet(workspaces), ())), date="2026-11-27", command="az", **more)


def exported(format_name: str, workspaces: tuple[Workspace, ...], **more: Any) -> Export:
    """A fleet's list in a format."""
    return export(format_name, rows_of(workspaces), context_for(workspaces, **more), allow_unresolved=True)


def sourced(seed: int, count: int, share: float = 0.7) -> tuple[Workspace, ...]:
    """A random fleet, whose clusters' addresses are known for so large a share, and none is another's."""
    chance, workspaces = Random(seed), fleet(seed, count)
    clusters = sorted({str(cluster.id) for one in workspaces for cluster in one.clusters})
    addresses = {path: (f"10.{n}.0.0/16",) if chance.random() < share else None for n, path in enumerate(clusters)}
    return tuple(
        replace(one, clusters=tuple(replace(c, source_addresses=addresses[str(c.id)]) for c in one.clusters))
        for one in workspaces
    )


def needed_from(row: Requirement, computes: set[str], every: dict[str, Any]) -> bool:
    """Whether a rule of a row must be for some of these computes."""
    inside = private_for(row)
    return any(
        name.rpartition("/")[0] not in inside for name in set(row.computes_among(by_workspace(every))) & computes
    )


def below(row: Requirement, wildcards: list[Requirement]) -> bool:
    """Whether wildcards hold a row's host, which no rule can then keep from whoever needs those."""
    return any(
        row.host.endswith(one.host[1:]) and (row.port, row.protocol) == (one.port, one.protocol) for one in wildcards
    )


def public_rows(workspaces: tuple[Workspace, ...]) -> list[Requirement]:
    """The rows of which a firewall has rules."""
    rows = (row for row in rows_of(workspaces) if not row.private and not row.unresolved)
    return [row for row in rows if row.kind is not Kind.WILDCARD or is_application(row)]


def plan_of(text: str) -> str:
    """What `terraform show -json` prints of an exported file: its expressions worked out, as far as it has any."""
    document = hcl2.loads(text)
    variables = {_bare(name): body.get("default") for one in document["variable"] for name, body in one.items()}
    sets = {_bare(k): v for one in document.get("locals", ()) for k, v in (one.get("sources") or {}).items()}

    def addresses(expression: str) -> list[str]:
        named = re.search(r'local\.sources\["([^"]+)"\]', expression)
        whole = sets[named[1]] if named else expression
        names = set(re.findall(r"var\.([a-z0-9_]+)", whole))
        return sorted({_bare(text) for name in names for text in variables[name] or ("203.0.113.9",)})

    resources = []
    for kinds in document["resource"]:
        for name, body in ((n, b) for bodies in kinds.values() for n, b in bodies.items()):
            values = {"name": _bare(body["name"]), "firewall_policy_id": "/p", "priority": 500}
            for kind in ("network", "application"):
                values[f"{kind}_rule_collection"] = [
                    {"name": _bare(one["name"]), "action": "Allow", "priority": 100, "rule": [
                        {key: addresses(value) if key == "source_addresses" else _plain(value)
                         for key, value in rule.items() if key != "source_ip_groups" and not key.startswith("__")}
                        for rule in one["rule"]]}
                    for one in body.get(f"{kind}_rule_collection", ())]  # fmt: skip
            kind_of = "azurerm_firewall_policy_rule_collection_group"
            resources.append({"address": f"{kind_of}.{_bare(name)}", "mode": "managed", "type": kind_of,
                              "name": _bare(name), "values": values})  # fmt: skip
    return json.dumps({"format_version": "1.0", "terraform_version": "1.9.8",
                       "values": {"root_module": {"resources": resources}}})  # fmt: skip


def _bare(text: str) -> str:
    return text.strip('"')


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_bare(key): _plain(item) for key, item in value.items() if not key.startswith("__")}
    return list(map(_plain, value)) if isinstance(value, list) else _bare(value) if isinstance(value, str) else value


def read_back(format_name: str, text: str) -> Any:
    """The policies that an exported file makes."""
    if format_name == "azure-firewall-terraform":
        return build.of_text(plan_of(text))
    return build.read_back(format_name, text, alone=True)


# -- the law


@pytest.mark.parametrize("format_name", ["azure-firewall-arm", "azure-firewall-terraform", "squid"])
@pytest.mark.parametrize("seed", range(6))
def test_from_each_source_is_open_what_is_needed_there_and_nothing_of_others(format_name: str, seed: int) -> None:
    workspaces = sourced(seed, 2 + seed)
    every = sources_by_compute(workspaces)
    policies = read_back(format_name, exported(format_name, workspaces).content)
    rows = public_rows(workspaces)
    if format_name == "squid":
        spoken = (Protocol.HTTPS, Protocol.TLS, Protocol.HTTP)
        rows = [row for row in rows if row.protocol in spoken and row.kind is not Kind.SERVICE_TAG]
    known = {addresses[0] for addresses in every.values() if addresses}
    for source in (*sorted(known), FOREIGN):
        computes = {name for name, addresses in every.items() if addresses and source in addresses}
        own = [row for row in rows if needed_from(row, computes, every)]
        wildcards = [row for row in own if row.kind is Kind.WILDCARD]
        for row, word in zip(rows, build.coverage(policies, *rows, source=source), strict=True):
            assert (word == "covered") is (row in own or below(row, wildcards)), (source, row.host, word)


@pytest.mark.parametrize("seed", range(6))
def test_rules_by_tag_are_for_the_sources_of_their_rows(seed: int) -> None:
    workspaces = sourced(seed, 2 + seed)
    every = sources_by_compute(workspaces)
    template = json.loads(exported("nsg", workspaces).content)
    wanted: dict[tuple[str, str, str], set[str]] = {}
    for row in rows_of(workspaces):
        if row.unresolved:
            continue
        tags = ("VirtualNetwork",) if row.private else row.service_tags
        tags = (row.host,) if row.kind in (Kind.SERVICE_TAG, Kind.IP) and not row.private else tags
        inside = private_for(row)
        for tag in tags:
            key = (tag, "Udp" if row.protocol is Protocol.UDP else "Tcp", str(row.port))
            names = (name for name in row.computes_among(by_workspace(every)) if name.rpartition("/")[0] not in inside)
            wanted.setdefault(key, set()).update(names)
    made: dict[tuple[str, str, str], set[str]] = {}
    for rule in (resource["properties"] for resource in template["resources"][:-1]):
        key = (rule["destinationAddressPrefix"], rule["protocol"], rule["destinationPortRange"])
        made.setdefault(key, set()).update(whose(rule["sourceAddressPrefixes"], template, every))
    assert made == wanted
    policies = build.read_back("nsg", json.dumps(template), alone=True)
    rows = [row for row in public_rows(workspaces) if row.service_tags]
    for row in rows:
        for name in set(row.computes_among(by_workspace(every))):
            (word,) = build.coverage(policies, row, source=(every[name] or (None,))[0])
            assert word in ("covered", "unknown"), (name, row.host)


def whose(expression: str, template: dict[str, Any], every: dict[str, Any]) -> set[str]:
    """The computes whose addresses an expression of a template takes."""
    label = re.fullmatch(r"\[variables\('sources'\)\['([^']+)'\]\]", expression)
    if label:
        expression = template["variables"]["sources"][label[1]]
    names = re.findall(r"parameters\('(\w+)'\)", expression)
    by_parameter = {source_parameters((name,))[0]: name for name in every}
    return {by_parameter[name] for name in names}


@pytest.mark.parametrize("format_name", ["azure-firewall-arm", "nsg"])
def test_addresses_that_nobody_told_are_parameters_of_their_own(format_name: str) -> None:
    workspaces = sourced(3, 5, share=0.5)
    every = sources_by_compute(workspaces)
    parameters = json.loads(exported(format_name, workspaces).content)["parameters"]
    for name, addresses in every.items():
        parameter = parameters[source_parameters((name,))[0]]
        assert parameter.get("defaultValue") == (list(addresses) if addresses else None)
    assert None in every.values() and any(every.values())
    text = exported("azure-firewall-arm", workspaces).content
    policies = build.read_back("azure-firewall-arm", text, alone=True)
    unknown = {name for name, addresses in every.items() if not addresses}
    rows = public_rows(workspaces)
    for name in unknown:
        wildcards = [row for row in rows if row.kind is Kind.WILDCARD and needed_from(row, {name}, every)]
        for row, finding in zip(rows, findings(rows, policies, lambda row, of=name: [Whence(None, of)]), strict=True):
            needed = needed_from(row, {name}, every) or below(row, wildcards)
            assert (finding.coverage is Coverage.COVERED) is needed, (name, row.host)
    for span in (None, span_of(FOREIGN)):
        strangers = findings(rows, policies, lambda row, at=span: [Whence(at, "nobody/gpu")])
        for row, finding in zip(rows, strangers, strict=True):
            perhaps = span is None or any(needed_from(row, {name}, every) for name in unknown)
            lacking = finding.coverage in (Coverage.MISSING, Coverage.UNKNOWN)
            assert lacking and (perhaps or finding.coverage is Coverage.MISSING), (span, row.host, finding)
    assert any("sourceAddressesOf" in assumed for policy in policies for assumed in policy.assumptions)
    assert '"*"' not in text and "0.0.0.0/0" not in text


@pytest.mark.parametrize("format_name", ["azure-firewall-arm", "azure-firewall-terraform", "squid"])
def test_what_people_and_managed_compute_need_is_open_from_no_cluster(format_name: str) -> None:
    workspaces, scope = tuple(alike(number) for number in range(3)), Scope(scenarios=tuple(Scenario))
    rows = rows_of(workspaces, scope)
    text = export(format_name, rows, context_for(workspaces), allow_unresolved=True).content
    policies = read_back(format_name, text)
    spoken = (Protocol.HTTPS, Protocol.TLS, Protocol.HTTP)
    rows = tuple(row for row in rows if not row.unresolved and row.kind is Kind.FQDN and row.protocol in spoken)
    wildcards = [row for row in rows_of(workspaces, scope) if row.kind is Kind.WILDCARD and row.for_clusters]
    outside = [row for row in rows if not row.for_clusters and not below(row, wildcards)]
    from_cluster = dict(zip(rows, build.coverage(policies, *rows, source="10.1.0.0/16"), strict=True))
    assert {from_cluster[row] for row in outside} <= {"missing", "unknown"} and len(outside) > 5
    assert {from_cluster[row] for row in rows if row.for_clusters and "team-1" in row.workspaces} == {"covered"}
    if format_name != "azure-firewall-arm":
        return
    assert {from_cluster[row] for row in outside} == {"unknown"}  # whoever fills in their addresses decides
    desks = {name for row in outside for name in row.users_among({"team-0": (), "team-1": (), "team-2": ()})}
    assert desks == {f"team-{n}/({scenario})" for n in range(3) for scenario in ("workstation", "managed-compute")}
    parameters = json.loads(text)["parameters"]
    assert all("defaultValue" not in parameters[source_parameters((name,))[0]] for name in desks)
    inputs = Inputs(CATALOG, Fleet(workspaces), rows)
    spans = {name: spans_of(some or ()) for name, some in sources_of(inputs).items()}
    assert {one.coverage for one in findings(rows, policies, sources_for(inputs, (), spans))} == {Coverage.COVERED}


def test_where_people_are_is_told_by_a_name_of_their_own_and_nothing_else_stands_for_it() -> None:
    workspaces, scope = tuple(alike(number) for number in range(2)), Scope(scenarios=tuple(Scenario))
    texts = [f"team-{n}/({word})=10.9{n}.{at}.0/24" for n in range(2) for at, word in enumerate(
        ("workstation", "managed-compute"))]  # fmt: skip
    fleet_of = Fleet(workspaces)
    rows = tuple(row for row in rows_of(workspaces, scope) if not row.unresolved and row.kind is Kind.FQDN)
    people = elsewhere(fleet_of, workspaces, texts)
    assert people["team-1/(managed-compute)"] == ("10.91.1.0/24",) and len(people) == 4
    inputs = Inputs(CATALOG, with_sources(fleet_of, texts), rows, elsewhere=people)
    content = export("azure-firewall-arm", rows, context_of(inputs), allow_unresolved=True).content
    parameters = json.loads(content)["parameters"]
    assert all(one["defaultValue"] for name, one in parameters.items() if name.startswith("sourceAddressesOf"))
    assert '"10.91.1.0/24"' in content
    spans = {name: spans_of(some or ()) for name, some in sources_of(inputs).items()}
    policies = build.read_back("azure-firewall-arm", content, alone=True)
    assert {one.coverage for one in findings(rows, policies, sources_for(inputs, (), spans))} == {Coverage.COVERED}
    desks = [row for row in rows if row.needed_for == (Scenario.WORKSTATION,)]
    plain = Inputs(CATALOG, fleet_of, rows)
    of_clusters = sources_for(plain, spans_of(["10.0.0.0/8"]), {"team-0/gpu": (), "team-1/gpu": ()})
    assert {one.span for row in desks for one in of_clusters(row)} == {None}
    (narrow,) = {name for name in elsewhere(fleet_of, workspaces[:1], texts) if "workstation" in name}
    assert narrow == "team-0/(workstation)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("team-7/(workstation)=10.1.0.0/16", "no workspace has this name"),
        ("team-0/(training)=10.1.0.0/16", "for workstation, managed-compute alone"),
        ("team-0/(workstation)=nowhere", "no IPv4 address"),
    ],
)
def test_what_is_no_place_of_people_is_refused(text: str, message: str) -> None:
    workspaces = tuple(map(alike, range(2)))
    with pytest.raises(UsageError, match=message):
        elsewhere(Fleet(workspaces), workspaces, [text])
    with pytest.raises(UsageError, match="for several workspaces"):
        elsewhere(Fleet(workspaces[:1]), workspaces[:1], ["team-0/(workstation)=10.1.0.0/16"])


@pytest.mark.parametrize("format_name", export_formats())
def test_a_format_opens_nothing_for_everybody_without_saying_so(format_name: str) -> None:
    losses = exported(format_name, fleet(2, 5)).losses
    wider = [loss for loss in losses if "needed by some of the computes only" in loss]
    matcher = importlib.import_module(f"azext_amlnet.exporters.{format_name.replace('-', '_')}").MATCHER
    assert len(wider) == (matcher.opens and not matcher.sources)
    assert not any("needed by some" in loss for loss in exported(format_name, fleet(2, 1)).losses)


# -- one workspace more


def alike(number: int, region: str = "westeurope") -> Workspace:
    """A workspace with a cluster, storage and a name of its own."""
    path = identifier("Microsoft.ContainerService/managedClusters", f"k{number}")
    cluster = Cluster(
        id=path,
        types=(ClusterType.AKS,),
        region=region,
        source_addresses=(f"{10 + number // 256}.{number % 256}.0.0/16",),
    )
    vault = KeyVault(f"store{number}", host=f"store{number}.vault.azure.net")
    return one(f"team-{number}", f"rg-{number}", region=region, workspace_id=f"0a1b2c3d-0000-0000-0000-{number:012}",
               key_vault=vault, computes=(Compute("gpu", path),), clusters=(cluster,))  # fmt: skip


REGIONS = ("westeurope", "northeurope", "eastus2")


def arm_rules(text: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The rules of a template, each with the name and the priority of its group and collection."""
    for group in json.loads(text)["resources"]:
        for collection in group["properties"]["ruleCollections"]:
            where = f"{group['name']} {group['properties']['priority']} {collection['name']} {collection['priority']}"
            yield from ((where, rule["name"], rule) for rule in collection["rules"])


@pytest.mark.parametrize("count", [2, 3, 7])
def test_one_workspace_more_touches_its_own_rules_alone(count: int) -> None:
    before = tuple(alike(number, REGIONS[number % 3]) for number in range(count))
    for region in (*REGIONS, "arc"):
        new = alike(40, "westeurope" if region == "arc" else region)
        if region == "arc":
            path = identifier("Microsoft.Kubernetes/connectedClusters", "k40")
            arc = Cluster(id=path, types=(ClusterType.ARC,), region="westeurope")
            new = replace(new, clusters=(arc,), computes=(Compute("gpu", path),))
        texts = [exported("azure-firewall-arm", some).content for some in (before, (*before[:1], new, *before[1:]))]
        old, more = ({(where, name): rule for where, name, rule in arm_rules(text)} for text in texts)
        every = sources_by_compute((*before, new))
        needed = {row.host for row in rows_of((*before, new)) if needed_from(row, {"team-40/gpu"}, every)}
        changed = {key for key, rule in old.items() if more.get(key) != rule}
        hosts = {
            host for key in changed for host in old[key].get("targetFqdns") or old[key].get("destinationFqdns", ())
        }
        assert hosts <= needed, hosts - needed
        own = [json.dumps(rule) for key, rule in more.items() if key not in old]
        assert any("store40.vault.azure.net" in rule for rule in own)
        lines = {line for line in texts[0].splitlines() if '"store' in line}
        assert lines and lines <= set(texts[1].splitlines())


@pytest.mark.parametrize("count", [2, 10, 60])
def test_a_rule_of_a_security_group_keeps_its_name_and_priority_when_a_workspace_comes(count: int) -> None:
    """A rule is a resource: the old one stays beside one that is called otherwise, open for those who have gone."""

    def rules(number: int) -> dict[str, str]:
        template = json.loads(exported("nsg", tuple(alike(n) for n in range(number))).content)
        return {rule["name"]: rule["properties"]["priority"] for rule in template["resources"]}

    before, after = rules(count), rules(count + 1)
    assert before.items() <= after.items() and len(after) - len(before) < 3


def test_what_azure_refuses_of_a_security_group_for_a_fleet_is_a_loss() -> None:
    def losses(workspaces: tuple[Workspace, ...], text: str) -> list[str]:
        return [loss for loss in exported("nsg", workspaces).losses if text in loss]

    few_of_them, many = tuple(map(alike, range(3))), tuple(map(alike, range(700)))
    assert not losses(few_of_them, "overlap") and not losses(few_of_them, "4000")
    (loss,) = losses(many, "a network security group may have 4000")
    assert int(re.findall(r"\d+", loss)[0]) > 4_000
    inside = with_sources(Fleet(few_of_them), ["team-1/gpu=10.0.5.0/24"]).workspaces
    (loss,) = losses(inside, "overlap")
    assert "10.0.5.0/24 (team-1/gpu) in 10.0.0.0/16 (team-0/gpu)" in loss
    several = ["team-1/gpu=10.7.0.0/16,10.7.5.0/24", "team-1/gpu=10.7.5.7,10.8.0.1,10.8.0.1/32,10.7.0.0/16"]
    assert sources_by_compute(with_sources(Fleet(few_of_them), several).workspaces)["team-1/gpu"] == (
        "10.7.0.0/16", "10.8.0.1"
    )  # fmt: skip


@pytest.mark.parametrize("format_name", export_formats())
def test_rows_as_they_are_saved_and_read_make_the_same_file(format_name: str) -> None:
    workspaces = tuple(map(alike, range(2)))
    rows = rows_of(workspaces)
    saved = [from_json(Requirement, to_json(row)) for row in stamped(rows, provenance(CATALOG, Scope(), "1.0"))]
    assert all(row.origin for row in saved)
    made = [export(format_name, some, context_for(workspaces), allow_unresolved=True) for some in (rows, saved)]
    assert made[0] == made[1]


def test_a_file_says_what_an_older_one_leaves_behind() -> None:
    for format_name in ("azure-firewall-arm", "azure-firewall-bicep", "nsg"):
        several, alone = (exported(format_name, tuple(map(alike, range(n)))).content for n in (2, 1))
        assert "--action-on-unmanage deleteResources" in several and "--action-on-unmanage" not in alone


def test_exceptions_of_an_inspection_are_for_no_sources_and_that_is_said() -> None:
    exempt = exported("squid", tuple(map(alike, range(2))), purpose=Purpose.TLS_EXEMPTION)
    assert any("exempt for all traffic" in loss and "store1" in loss for loss in exempt.losses)
    unknown = tuple(replace(one, clusters=(Cluster(id=one.clusters[0].id),)) for one in map(alike, range(2)))
    assert any("amlnet_from_" in loss for loss in exported("squid", unknown).losses)
    losses = exported("squid", unknown, purpose=Purpose.TLS_EXEMPTION).losses
    assert not any("amlnet_from_" in loss for loss in losses) and "splice" in exempt.content


def test_an_object_of_kubernetes_that_is_too_long_is_a_loss_by_number() -> None:
    row = Requirement(host="a.example.com")
    for format_name in ("cilium", "calico-enterprise", "openshift-egressfirewall"):
        for count, words in ((200, ""), (3_500, "add --server-side"), (20_000, "1500000 at most")):
            rows = [replace(row, host=f"host-{n}.privatelink.example.com") for n in range(count)]
            losses = export(format_name, rows, context_for(()), allow_unresolved=False).losses
            lost = [loss for loss in losses if loss.startswith("one object of ")]
            assert bool(words) is bool(lost) and all(words in loss for loss in lost), (format_name, count, lost)


def test_acls_are_called_alike_however_many_computes_there_are() -> None:
    def acls(count: int) -> set[str]:
        text = exported("squid", tuple(map(alike, range(count)))).content
        return set(re.findall(r"^acl (amlnet_from_\S+) src", text, re.MULTILINE))

    few_of_them, many = acls(3), acls(203)
    assert few_of_them < many and len(many) == 203


def test_groups_are_by_region_and_collections_by_workspace() -> None:
    workspaces = tuple(alike(number, REGIONS[number % 2]) for number in range(4))
    template = json.loads(exported("azure-firewall-arm", workspaces).content)
    groups = {re.search(r"'/([^']+)'", one["name"])[1]: one for one in template["resources"]}  # type: ignore[index]
    assert list(groups) == ["amlnet", "amlnet-northeurope", "amlnet-westeurope"]
    names = [one["name"] for one in groups["amlnet-westeurope"]["properties"]["ruleCollections"]]
    both = {"amlnet-westeurope-team-0-application", "amlnet-westeurope-team-2-application"}
    assert {"amlnet-westeurope-application", *both} <= set(names)
    previous = [one.get("dependsOn", [""])[0] for one in template["resources"]]
    assert ["'amlnet'" in previous[1], "'amlnet-northeurope'" in previous[2]] == [True, True]
    priorities = [one["properties"]["priority"] for one in template["resources"]]
    assert len(set(priorities)) == 3


def test_a_workspace_called_like_its_region_has_collections_of_its_own() -> None:
    workspaces = (replace(alike(0), name="westeurope"), alike(1))
    for group in json.loads(exported("azure-firewall-arm", workspaces).content)["resources"]:
        names = [one["name"] for one in group["properties"]["ruleCollections"]]
        assert len(set(names)) == len(names)


def test_what_is_added_stands_on_places_of_its_own() -> None:
    workspaces = tuple(alike(number, REGIONS[number % 3]) for number in range(9))
    groups, numbers = [], []
    for some in ((), ("hub",)):
        template = json.loads(exported("azure-firewall-arm", workspaces, lacking_in=some).content)
        base = template["parameters"]["groupPriority"]["defaultValue"]
        places = (re.search(r", (\d+)\)", group["properties"]["priority"]) for group in template["resources"])
        groups.append({base + int(place[1] if place else 0) for place in places})
        template = json.loads(exported("nsg", workspaces, lacking_in=some).content)
        base = template["parameters"]["firstPriority"]["defaultValue"]
        rules = [rule["properties"]["priority"] for rule in template["resources"][:-1]]
        numbers.append({base + int(re.search(r", (\d+)\)", text)[1]) for text in rules})  # type: ignore[index]
        assert len(numbers[-1]) == len(rules) and max(numbers[-1]) < 4096
    assert len(groups[0]) == 4 and groups[0].isdisjoint(groups[1]) and numbers[0].isdisjoint(numbers[1])


@pytest.mark.parametrize("format_name", sorted({*export_formats()} - {*FOLDERS}))
def test_a_list_of_which_no_rule_comes_is_a_file_all_the_same(format_name: str) -> None:
    workspaces = (alike(0), alike(1))
    inside = Requirement(host="a.example.com", private=True, workspaces=("team-0",))
    open_one = Requirement(host="<x>.example.com", unresolved=True, workspaces=("team-0",))
    for rows in ((), (inside,), (open_one,)):
        for lacking in ((), ("hub",)):
            export(format_name, rows, context_for(workspaces, lacking_in=lacking), allow_unresolved=True)
    untold = export(format_name, (Requirement(host="a.example.com"),), context_for(workspaces), True)
    assert any("do not tell whose they are" in loss for loss in untold.losses) is (format_name in BY_SOURCE)


# -- many


@pytest.mark.parametrize(
    "format_name", ["azure-firewall-arm", "azure-firewall-bicep", "azure-firewall-terraform", "nsg"]
)
def test_a_fleet_of_three_hundred_is_within_the_limits_of_azure(format_name: str) -> None:
    workspaces = tuple(alike(number, REGIONS[number % 2]) for number in range(300))
    workspaces = (*workspaces, one("hidden", gaps=(Gap("computes", "computes", "403: no", "both"),)))
    made = exported(format_name, workspaces)
    if format_name == "azure-firewall-bicep":
        assert bicep_is_fine(made.content) and made.content.count("\nparam ") < 256
        return
    if format_name == "azure-firewall-terraform":
        assert len(hcl2.loads(made.content)["variable"]) < 256
        return
    template = json.loads(made.content)
    assert len(template["parameters"]) < 256 and len(template.get("variables", {})) < 256
    addresses = template["parameters"]["sourceAddressesOf"]["defaultValue"]
    words = addresses_of("hidden/*", workspaces[-1].key)
    assert addresses["team-7/gpu"] == ["10.7.0.0/16"] and addresses["hidden/*"] == [words]
    if format_name == "nsg":
        return
    policies = build.read_back(format_name, made.content, alone=True)
    rows = public_rows(workspaces)
    own = [row for row in rows if row.host.startswith("store7.")]
    shared = [row for row in rows if row.host == "login.microsoftonline.com"]
    assert build.coverage(policies, *own, *shared, source="10.7.0.0/16") == ["covered"] * len([*own, *shared])
    assert "covered" not in build.coverage(policies, *own, source="10.8.0.0/16")


def crowded(number: int) -> Workspace:
    """A workspace with forty accounts of its own."""
    names = [f"store{number}of{index}" for index in range(40)]
    used = {"datastores": ("one",), "datastore_types": ("AzureBlob",)}
    stores = (StorageAccount(name, blob=f"{name}.blob.core.windows.net", **used) for name in names)  # type: ignore[arg-type]
    return replace(alike(number), storage_accounts=tuple(stores))


def test_a_group_that_would_be_too_large_is_several() -> None:
    workspaces = tuple(crowded(number) for number in range(120))
    template = json.loads(exported("azure-firewall-arm", workspaces).content)
    sizes = [len(json.dumps(group)) for group in template["resources"]]
    assert len(sizes) > 2 and max(sizes) < MOST_BYTES
    for group in template["resources"]:
        places = [one["priority"] for one in group["properties"]["ruleCollections"]]
        names = [one["name"] for one in group["properties"]["ruleCollections"]]
        assert len(set(places)) == len(places) and len(set(names)) == len(names)
    assert len({group["properties"]["priority"] for group in template["resources"]}) == len(sizes)


@pytest.mark.parametrize("format_name", ["azure-firewall-arm", "azure-firewall-terraform"])
def test_one_workspace_that_is_too_large_by_itself_scatters_nobody_else(format_name: str) -> None:
    wide = tuple(f"10.40.{n}.0/24" for n in range(250))
    names = [f"store40of{index}" for index in range(250)]
    used = {"datastores": ("one",), "datastore_types": ("AzureBlob",)}
    stores = tuple(StorageAccount(name, blob=f"{name}.blob.core.windows.net", **used) for name in names)  # type: ignore[arg-type]
    large = replace(alike(40), storage_accounts=stores)
    large = replace(large, clusters=tuple(replace(one, source_addresses=wide) for one in large.clusters))
    text = exported(format_name, (*map(alike, range(8)), large)).content
    if format_name == "azure-firewall-terraform":
        assert text.count('resource "azurerm_firewall_policy_rule_collection_group"') == 1  # 2 MB, and no template's 1
        return
    groups = json.loads(text)["resources"]
    assert len(groups) == 2
    for number in range(8):
        own = f"-team-{number}-application"
        assert sum(one["name"].endswith(own) for group in groups for one in group["properties"]["ruleCollections"]) == 1


def test_a_rule_that_is_too_large_by_itself_is_said_and_not_sought_a_place_for() -> None:
    huge = tuple(f"10.{n}.{m}.0/24" for n in range(250) for m in range(250))
    pair = (alike(1), replace(alike(2), clusters=tuple(replace(c, source_addresses=huge) for c in alike(2).clusters)))
    made = exported("azure-firewall-arm", pair)
    assert len(json.loads(made.content)["resources"]) <= 4
    assert any("a resource of a template may have 1 MB" in loss for loss in made.losses)


def test_rows_of_workspaces_that_no_context_knows_have_rules_of_their_own() -> None:
    context = replace(context_for((gpu("a"), gpu("b"))), sources={})
    inside = (Variant(("a", "b"), private=True),)
    rows = [Requirement(host="a.example.com", workspaces=("c",)), Requirement(host="b.example.com"),
            Requirement(host="c.example.com", workspaces=("a", "b"), variants=inside)]  # fmt: skip
    for format_name in BY_SOURCE:
        made = export(format_name, rows, context, allow_unresolved=False)
        if format_name == "azure-firewall-arm":
            rules = {rule["targetFqdns"][0]: rule["sourceAddresses"] for _, _, rule in arm_rules(made.content)}
            assert rules["a.example.com"] == "[parameters('sourceAddressesOfC')]" and "c.example.com" not in rules
            assert rules["b.example.com"].startswith("[variables('sources')['2 computes ")


def test_limits_that_are_exceeded_are_losses_by_number() -> None:
    many = tuple(f"10.0.{n}.0/24" for n in range(250))
    workspaces = tuple(
        replace(alike(n), clusters=tuple(replace(c, source_addresses=many) for c in alike(n).clusters))
        for n in range(2)
    )
    names = names_of(workspaces)
    row = Requirement(host="a.example.com", port=445, protocol=Protocol.SMB, workspaces=names)
    for count, beyond in ((80, []), (81, ["20250 pairs", "20000"]), (1_001, ["250250 pairs", "1001 names"])):
        rows = [replace(row, host=f"n{n}.example.com") for n in range(count)]
        losses = export("azure-firewall-arm", rows, context_for(workspaces), allow_unresolved=False).losses
        assert all(any(words in loss for loss in losses) for words in beyond), losses
        assert sum("a firewall" in loss for loss in losses) == (count > 80) + (count > 1000)
    rows = [replace(row, host=f"10.1.{n // 250}.{n % 250}", kind=Kind.IP, protocol=Protocol.TCP) for n in range(1_001)]
    (loss,) = [
        one for one in export("nsg", rows, context_for(workspaces), False).losses if "a template may have" in one
    ]
    assert "1002 rules are needed, a template may have 800" in loss
    huge = tuple(f"10.{n}.{m}.0/24" for n in range(250) for m in range(250))
    one_huge = (
        replace(workspaces[0], clusters=tuple(replace(c, source_addresses=huge) for c in workspaces[0].clusters)),
    )
    losses = export("azure-firewall-arm", [row] * 3, context_for((*one_huge, workspaces[1])), False).losses
    assert any("is about" in loss and "a resource of a template may have 1 MB" in loss for loss in losses), losses


# -- one workspace keeps its file


def test_of_one_workspace_known_addresses_are_default_values_and_nothing_else_changes() -> None:
    for format_name in ("azure-firewall-arm", "azure-firewall-bicep", "azure-firewall-terraform", "nsg"):
        known = alike(1)
        silent = replace(known, clusters=tuple(replace(c, source_addresses=None) for c in known.clusters))
        with_it, without = (exported(format_name, (some,)).content.splitlines() for some in (known, silent))
        extra = [line for line in with_it if line not in without]
        assert extra and all("10.1.0.0/16" in line or "default" in line or line.strip() in ("],", "[", "]") or
                             "sourceAddresses array" in line for line in extra), extra  # fmt: skip


# -- whose names


def test_what_one_workspace_needs_has_a_parameter_of_its_own() -> None:
    path = identifier("Microsoft.ContainerService/managedClusters", "k")
    clusters = (Cluster(id=path, types=(ClusterType.AKS,)),)
    pair = (one("a", computes=(Compute("gpu", path),), clusters=clusters), one("managed", computes=()))
    stores = [replace(w, storage_accounts=(StorageAccount(f"of{w.name}", default=True),)) for w in pair]
    rules = {rule["targetFqdns"][0]: rule["sourceAddresses"] for _, _, rule in
             arm_rules(exported("azure-firewall-arm", tuple(stores)).content) if "targetFqdns" in rule}  # fmt: skip
    assert rules["ofa.blob.core.windows.net"] == "[parameters('sourceAddressesOfAGpu')]"
    assert rules["ofmanaged.blob.core.windows.net"] == "[parameters('sourceAddressesOfManaged')]"
    assert rules["login.microsoftonline.com"].startswith("[variables('sources')['2 computes ")


def test_computes_that_azure_hides_are_in_no_rule_of_others_and_leave_its_coverage_open() -> None:
    path = identifier("Microsoft.ContainerService/managedClusters", "k")
    cluster = Cluster(id=path, types=(ClusterType.AKS,), source_addresses=("10.1.0.0/16",))
    seen = one("a", computes=(Compute("gpu", path),), clusters=(cluster,))
    gap = Gap("computes", "computes of the workspace", "403: no", "an AKS and an Arc cluster")
    several = (seen, one("hidden", gaps=(gap,)), one("c", computes=()))
    row = next(row for row in rows_of(several) if row.workspaces == ("a", "hidden"))
    inputs = Inputs(CATALOG, Fleet(several), rows_of(several))
    assert sources_of(inputs) == {"a/gpu": ("10.1.0.0/16",), "hidden/*": None, "c/*": None}
    known = {"a/gpu": [(3, 4)], "hidden/*": [], "c/*": []}
    assert [one.span for one in sources_for(inputs, (), known)(row)] == [(3, 4), None]
    assert [one.span for one in sources_for(inputs, [(1, 2)], known)(row)] == [(3, 4), (1, 2)]


def test_a_row_of_some_computes_names_whom_azure_hides_too() -> None:
    kinds = ("ContainerService/managedClusters", "Kubernetes/connectedClusters")
    aks, arc = (identifier(f"Microsoft.{kind}", "k") for kind in kinds)
    clusters = (Cluster(id=aks, types=(ClusterType.AKS,)), Cluster(id=arc, types=(ClusterType.ARC,)))
    hidden = one("hidden", gaps=(Gap("computes", "computes of the workspace", "403: no", "an AKS and an Arc cluster"),))
    several = (one("a", computes=(Compute("gpu", aks), Compute("edge", arc)), clusters=clusters), hidden)
    rows = {row.host: row for row in rows_of(several)}
    assert rows["gbl.his.arc.azure.com"].computes == ("a/edge", "hidden/*")
    assert rows["login.microsoftonline.com"].computes == ()
    template = json.loads(exported("azure-firewall-arm", several).content)
    both = "[union(parameters('sourceAddressesOfAEdge'), parameters('sourceAddressesOfHidden'))]"
    assert both in template["variables"]["sources"].values()
    assert from_json(Requirement, to_json(rows["gbl.his.arc.azure.com"])).computes == ("a/edge", "hidden/*")


def test_computes_whose_names_run_together_have_parameters_of_their_own() -> None:
    pair = (gpu("team-a", cluster="one"), gpu("team", cluster="two", compute="a-GPU"))
    parameters = json.loads(exported("azure-firewall-arm", pair).content)["parameters"]
    names = {name.lower() for name in parameters if "Team" in name}
    assert len(names) == 2 and all(re.fullmatch("sourceaddressesofteamagpu[0-9a-f]{8}", name) for name in names)


def test_rows_of_a_file_are_of_their_workspaces_in_an_export_too() -> None:
    rows = rows_of((gpu("a"), gpu("b")))
    context = context_of(Inputs(CATALOG, Fleet(), rows))
    assert context.workspaces == ("a", "b") and context.sources == {"a/*": None, "b/*": None}
    made = export("azure-firewall-arm", rows, context, allow_unresolved=True)
    assert {"sourceAddressesOfA", "sourceAddressesOfB"} <= set(json.loads(made.content)["parameters"])
    told_of_all = context_of(Inputs(CATALOG, Fleet(), rows, (), ("10.9.0.0/16",)))
    assert set(told_of_all.sources.values()) == {("10.9.0.0/16",)}


@pytest.mark.parametrize("format_name", ["azure-firewall-arm", "azure-firewall-terraform"])
def test_a_host_that_is_private_for_some_is_checked_for_the_others(format_name: str) -> None:
    pair = tuple(map(alike, range(2)))
    shared = StorageAccount("shared", default=True, blob="shared.blob.core.windows.net")
    first = replace(pair[0], storage_accounts=(replace(shared, private_endpoint=True, public_access=False),))
    fleet_of = (first, replace(pair[1], storage_accounts=(shared,)))
    inputs = Inputs(CATALOG, Fleet(fleet_of), tuple(row for row in public_rows(fleet_of) if private_for(row)))
    assert inputs.rows and all(private_for(row) == ["team-0"] for row in inputs.rows)
    spans = {name: spans_of(some or ()) for name, some in sources_of(inputs).items()}
    text = exported(format_name, fleet_of).content
    whole = findings(inputs.rows, read_back(format_name, text), sources_for(inputs, (), spans))
    assert {one.coverage for one in whole} == {Coverage.COVERED}
    spans["team-1/gpu"] = spans_of([FOREIGN])
    whole = findings(inputs.rows, read_back(format_name, text), sources_for(inputs, (), spans))
    assert Coverage.COVERED not in {one.coverage for one in whole}


def test_a_host_that_is_private_for_some_is_not_lost_where_clients_skip_a_proxy() -> None:
    store = StorageAccount("lake", default=True, blob="lake.blob.core.windows.net")
    inside = replace(store, private_endpoint=True, public_access=False)
    pair = (gpu("a", storage_accounts=(inside,)), gpu("b", storage_accounts=(store,)))
    made = exported("no-proxy", pair)
    assert "lake.blob.core.windows.net" not in made.content.splitlines()[-1]
    assert any("lake.blob.core.windows.net: private for a only" in loss for loss in made.losses)
    assert any("lake.blob.core.windows.net (of a)" in loss for loss in exported("squid", pair).losses)
    assert "lake.blob.core.windows.net is served by a private endpoint for a" in exported("hosts", pair).content
    private = (gpu("a", storage_accounts=(inside,)), gpu("b"))
    (wider,) = [loss for loss in exported("cilium", private).losses if "needed by some" in loss]
    assert "lake.blob.core.windows.net (a)" in wider


# -- what others write is no export of ours


def template_with(collections: Any, **sections: Any) -> str:
    """A template of a group with these collections."""
    group = {"type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups", "apiVersion": "2023-11-01",
             "name": "p/g", "properties": {"priority": 100, "ruleCollections": collections}}  # fmt: skip
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    return json.dumps({"$schema": schema, "contentVersion": "1.0.0.0", **sections, "resources": [group]})


ALLOW = {"ruleType": "ApplicationRule", "name": "r", "sourceAddresses": ["*"], "targetFqdns": ["acrml.azurecr.io"],
         "protocols": [{"protocolType": "Https", "port": 443}]}  # fmt: skip
ACR = Requirement(host="acrml.azurecr.io")


def collection(action: str, rules: Any, priority: int = 200) -> dict[str, Any]:
    """A collection of application rules."""
    return {"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": action, "priority": priority,
            "action": {"type": action}, "rules": rules}  # fmt: skip


def open_to(text: str, *whence: Whence) -> list[str]:
    """What a template makes of a registry's host from each of these."""
    policies = build.read_back("azure-firewall-arm", text, alone=True)
    return [findings([ACR], policies, lambda row, of=one: [of])[0].coverage.value for one in whence]


def declared(*names: str, **computes: str) -> dict[str, Any]:
    """Parameters for lists without values; those of computes tell in their metadata whose they are."""
    plain = {name: {"type": "array"} for name in names}
    return {**plain, **{name: {"type": "array", "metadata": {"compute": of}} for name, of in computes.items()}}


EXTRA = "[union(parameters('extra'), variables('own'))]"
HUB = "parameters('sourceAddressesOfHub')"
SPAN = span_of("10.1.0.0/16")
DOUBTFUL = (
    *("[{}[0]]", "[skip({}, 1)]", "[intersection({}, createArray('10.5.0.0/16'))]"),
    *("[union(skip({}, 1), createArray('10.5.0.0/16'))]", "[union(parameters('plain'), {})]"),
    *("[concat({}, parameters('sourceAddressesOfNobody'))]", "[union({}, parameters('sourceAddressesOfNobody'))]"),
    *("[if(empty({}), createArray('10.5.0.0/16'), createArray('10.6.0.0/16'))]", "[coalesce(parameters('null'), {})]"),
    "[union(coalesce(parameters('null'), {}), createArray('10.9.0.0/16'))]",
    *("[union(createArray({}), variables('own'))]", ["10.5.0.0/16", "[{}[0]]"]),
    "[union(if(parameters('flag'), {}, createArray('10.9.0.0/16')), createArray('10.8.0.0/16'))]",
    *("[parameters('other')]", {"copy": [{"name": "sourceAddresses", "count": "[{}]", "input": "10.5.0.0/16"}]}),
    *("[parameters('sourceAddressesOfNobody')]", ["[parameters('sourceAddressesOfNobody')]"]),
    "[union(createObject('a', {}), createObject('a', parameters('sourceAddressesOfNobody'))).a]",
)  # fmt: skip


def filled(form: Any) -> Any:
    """A form of sources with the parameter of a compute in its place."""
    if isinstance(form, dict):
        return {key: filled(item) for key, item in form.items()}
    return (
        list(map(filled, form))
        if isinstance(form, list)
        else form.replace("{}", HUB)
        if isinstance(form, str)
        else form
    )


def with_sources_from(form: Any, action: str = "Allow", name: str = "sourceAddressesOfHub", **more_of_it: Any) -> str:
    """A template with one rule from these sources; where it denies, another behind it allows. `name` is whose it is."""
    sources = json.loads(json.dumps(filled(form)).replace("sourceAddressesOfHub", name))
    rule = {**ALLOW, **(sources if isinstance(sources, dict) else {"sourceAddresses": sources})}
    rule.pop("sourceAddresses") if isinstance(sources, dict) else None
    rules = [collection(action, [rule], 100), *([collection("Allow", [ALLOW])] if action == "Deny" else [])]
    more = {
        "null": {"type": "array", "nullable": True, "defaultValue": "[parameters('plain')]"},
        "other": {"type": "array", "defaultValue": f"[parameters('{name}')]"},
        "flag": {"type": "bool"},
    }
    parameters = {**declared("plain", "sourceAddressesOfNobody", **{name: "team/hub"}), **more}
    parameters[name].update(more_of_it)
    return template_with(rules, parameters=parameters, variables={"own": ["10.7.0.0/16"]})


@pytest.mark.parametrize("name", ["sourceAddressesOfHub", "hubRanges"])
@pytest.mark.parametrize("action", ["Allow", "Deny"])
@pytest.mark.parametrize("form", DOUBTFUL, ids=str)
def test_what_a_deployment_may_fill_otherwise_stays_in_doubt(form: Any, action: str, name: str) -> None:
    """Whatever the parameter is called whose metadata names a compute."""
    asked = (Whence(None, "team/hub"), Whence(SPAN, "team/hub"), Whence(SPAN, "other/gpu"), Whence(SPAN), Whence())
    assert open_to(with_sources_from(form, action, name), *asked) == ["unknown"] * len(asked)


@pytest.mark.parametrize(
    "more", [{"allowedValues": [["10.5.0.0/16"]]}, {"metadata": {"compute": 7}}, {"nullable": True}]
)
def test_a_parameter_that_may_not_hold_its_computes_addresses_stays_in_doubt(more: Any) -> None:
    for name in ("sourceAddressesOfHub", "hubRanges"):
        words = open_to(with_sources_from("[{}]", "Allow", name, **more), Whence(None, "team/hub"), Whence(SPAN))
        assert words == ["unknown"] * 2, name


def test_unions_of_unions_cost_what_they_hold() -> None:
    levels = {f"v{n}": f"[union(variables('v{n - 1}'), variables('v{n - 1}'))]" for n in range(1, 40)}
    variables = {"v0": f"[union({HUB}, createArray('10.9.0.0/16'))]", **levels}
    rules = [collection("Allow", [{**ALLOW, "sourceAddresses": "[variables('v39')]"}])]
    text = template_with(rules, parameters=declared(sourceAddressesOfHub="team/hub"), variables=variables)
    started = time.monotonic()
    assert open_to(text, Whence(SPAN, "team/hub"), Whence(SPAN, "other/gpu")) == ["covered", "unknown"]
    assert time.monotonic() - started < 5


def test_a_workspace_of_the_same_name_elsewhere_is_another() -> None:
    pair = (gpu("team-1", "rg-1", cluster="k1"), gpu("team-2", cluster="k2"))
    policies = build.read_back("azure-firewall-arm", exported("azure-firewall-arm", pair).content, alone=True)
    rows = [row for row in rows_of(pair[:1]) if not row.unresolved]
    for one_of_it, word in ((pair[0], "covered"), (gpu("team-1", "rg-40", cluster="k9"), "unknown")):
        report = report_on(Inputs(CATALOG, Fleet((one_of_it,)), tuple(rows)), policies, sources_of={"gpu": ()})
        words = {one.coverage.value for one in report.findings}
        assert (words == {"covered"}) is (word == "covered") and (word == "covered" or "covered" not in words)


@pytest.mark.parametrize(
    "form",
    [
        *("[{}]", ["[{}]"], ["10.9.0.0/16", "[{}]"], "[union({}, createArray('10.9.0.0/16'))]"),
        *("[union({}, {})]", "[if(true(), {}, createArray('10.9.0.0/16'))]", "[coalesce(null(), {})]"),
        *("[createArray({})]", "[createObject('a', {}).a]", ["<addresses of team/hub>"]),
    ],
    ids=str,
)
def test_a_parameter_of_one_compute_is_for_that_and_perhaps_for_others(form: Any) -> None:
    """Clusters may share addresses, so whether another one is in it nobody knows; a denial is no less sure."""
    sure = (Whence(None, "team/hub"), Whence(SPAN, "team/hub"), Whence(SPAN, "Team/HUB"))
    others = (Whence(SPAN, "team-h/ub"), Whence(SPAN, "teamhub"), Whence(SPAN, "hub"), Whence(SPAN), Whence())
    assert open_to(with_sources_from(form), *sure, *others) == ["covered"] * 3 + ["unknown"] * 5
    assert open_to(with_sources_from(form, "Deny"), *sure, *others) == ["denied"] * 3 + ["unknown"] * 5


@pytest.mark.parametrize("key", ["sourceAddressPrefix", "sourceAddressPrefixes"])
def test_a_security_groups_source_may_be_a_parameter_of_one_compute(key: str) -> None:
    rule = {"direction": "Outbound", "priority": 100, "access": "Deny", "protocol": "*", "sourcePortRange": "*",
            "destinationAddressPrefix": "*", "destinationPortRange": "*"}  # fmt: skip
    group = {"type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2023-11-01", "name": "g"}
    for form in (f"[{HUB}]", [f"[{HUB}]"]):
        rules = [{"name": "r", "properties": {**rule, key: form}}]
        text = template_with([], parameters=declared(sourceAddressesOfHub="team/hub"))
        document = {**json.loads(text), "resources": [{**group, "properties": {"securityRules": rules}}]}
        policies = build.read_back("nsg", json.dumps(document), alone=True)
        asked = (Whence(None, "team/hub"), Whence(SPAN, "team/hub"), Whence(SPAN, "other/gpu"), Whence(SPAN))
        words = [findings([ACR], policies, lambda row, of=one: [of])[0].coverage.value for one in asked]
        assert words == ["denied", "denied", "unknown", "unknown"], words


def test_names_that_run_together_are_told_apart_where_only_one_was_exported() -> None:
    pair = (gpu("team-a"), gpu("b"))
    (row,) = [row for row in rows_of(pair) if row.host == "login.microsoftonline.com"]
    policies = build.read_back("azure-firewall-arm", exported("azure-firewall-arm", pair).content, alone=True)
    asked = {"team-a/gpu": "covered", "team/agpu": "unknown", "team/a-gpu": "unknown", "team-a-gpu": "unknown"}
    for name, word in asked.items():
        (finding,) = findings([row], policies, lambda row, of=name: [Whence(SPAN, of)])
        assert finding.coverage.value == word, name


def test_a_list_of_rows_its_export_and_the_check_of_both_agree() -> None:
    """Which computes there are, rows do not tell: what stands for them in the file does in the check, too."""
    workspaces = fleet(2, 5)
    for some in (workspaces, workspaces[:1]):
        rows = tuple(row for row in rows_of(some) if not row.unresolved)
        inputs = Inputs(CATALOG, Fleet(), rows)
        made = export("azure-firewall-arm", rows, context_of(inputs), allow_unresolved=True)
        known = {name: spans_of(some or ()) for name, some in sources_of(inputs).items()}
        report = report_on(inputs, build.read_back("azure-firewall-arm", made.content, alone=True), sources_of=known)
        open_rows = {(row.host, row.port) for row in rows if row.private or row in public_rows(some)}
        words = {one.coverage.value for one in report.findings if (one.host, one.port) in open_rows}
        assert words == {"covered"}, [one for one in report.findings if one.coverage is not Coverage.COVERED][:3]


def test_one_workspace_is_checked_against_the_file_of_a_fleet() -> None:
    pair = (gpu("a", cluster="k1"), gpu("b", cluster="k2"))
    policies = build.read_back("azure-firewall-arm", exported("azure-firewall-arm", pair).content, alone=True)
    own = tuple(row for row in rows_of(pair[:1]) if not row.unresolved)
    report = report_on(Inputs(CATALOG, Fleet(pair[:1]), own), policies, sources_of={"gpu": ()})
    assert own and {one.coverage for one in report.findings} == {Coverage.COVERED}
    stranger = (gpu("c", cluster="k3"),)
    report = report_on(Inputs(CATALOG, Fleet(stranger), rows_of(stranger)), policies, sources_of={"gpu": ()})
    assert Coverage.COVERED not in {one.coverage for one in report.findings}
    assert any("a/gpu's traffic" in taken for taken in report.assumptions)


@pytest.mark.parametrize(
    ("collections", "own"),
    [
        (EXTRA, [collection("Allow", [ALLOW])]),
        ([collection("Allow", EXTRA)], [ALLOW]),
        ([collection("Deny", EXTRA, 100), collection("Allow", [ALLOW])], [{**ALLOW, "targetFqdns": ["x.example.com"]}]),
        ([collection("Deny", [{**ALLOW, "protocols": EXTRA}], 100), collection("Allow", [ALLOW])],
         [{"protocolType": "Http", "port": 80}]),
    ],
)  # fmt: skip
def test_what_is_not_known_of_others_stays_in_doubt(collections: Any, own: Any) -> None:
    text = template_with(collections, parameters=declared("extra"), variables={"own": own})
    asked = (Whence(), Whence(SPAN), Whence(None, "team/gpu"), Whence(None, "hub"))
    assert open_to(text, *asked) == ["unknown"] * len(asked)


# -- a real squid


@pytest.mark.skipif(SQUID is None, reason="needs squid: run `make tools` as root")
def test_a_real_squid_keeps_one_workspaces_storage_from_anothers_cluster(net: wire.Wire) -> None:
    port = net.serve(wire.hang)
    stores = {name: StorageAccount(f"of{name}", default=True, blob=f"of{name}.blob.core.windows.net") for name in "abc"}
    several = Fleet(tuple(gpu(name, cluster=name, storage_accounts=(store,)) for name, store in stores.items()))
    several = with_sources(several, ["a/gpu=127.0.0.2", "b/gpu=127.0.0.3"])
    hosts = {f"of{name}.blob.core.windows.net" for name in "abc"} | {"login.microsoftonline.com"}
    rows = tuple(replace(row, port=port) for row in rows_of(several.workspaces) if row.host in hosts)
    text = export("squid", rows, context_for(several.workspaces), allow_unresolved=True).content
    with squid(dict.fromkeys(hosts, "127.0.0.1"), ("include {folder}/amlnet.conf",), files={"amlnet.conf": text}) as at:

        def status(host: str, source: str) -> int:
            with socket.create_connection(("127.0.0.1", at), 10, (source, 0)) as sock:
                sock.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
                return int(sock.recv(4096).split()[1])

        open_to: dict[str, Optional[str]] = {"ofa": "127.0.0.2", "ofb": "127.0.0.3", "ofc": None}
        for store, own in open_to.items():
            for source in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
                assert status(f"{store}.blob.core.windows.net", source) == (200 if source == own else 403), (
                    store,
                    source,
                )
        assert status("login.microsoftonline.com", "127.0.0.3") == 200
        assert status("login.microsoftonline.com", "127.0.0.1") == 403


# -- whose a parameter is, of several workspaces


def words_of(inputs: Inputs, text: str, format_name: str = "azure-firewall-arm", **more: Any) -> set[str]:
    """What a file comes to for the rows of a verb's inputs."""
    report = report_on(inputs, build.read_back(format_name, text, alone=True), **more)
    return {one.coverage.value for one in report.findings}


def inputs_for(workspaces: tuple[Workspace, ...]) -> Inputs:
    """The facts and their concrete rows that a firewall has rules of."""
    return Inputs(CATALOG, Fleet(workspaces), tuple(public_rows(workspaces)))


@pytest.mark.parametrize("format_name", ["azure-firewall-arm", "nsg"])
def test_one_workspaces_file_says_nothing_of_others(format_name: str) -> None:
    """Its parameter has no value and stands for the cluster's addresses: of several nobody knows whose."""
    pair = (gpu("a", cluster="k1"), gpu("b", "rg-b", cluster="k2"))
    text = exported(format_name, pair[:1]).content
    nobody = {"sources_of": dict.fromkeys(sources_by_compute(pair), ())}
    assert "covered" not in words_of(inputs_for(pair), text, format_name, **nobody)
    assert "covered" in words_of(inputs_for(pair[:1]), text, format_name, sources_of={"gpu": ()})
    report = report_on(inputs_for(pair), build.read_back(format_name, text, alone=True), **nobody)  # type: ignore[arg-type]
    (unknown,) = [one for one in report.findings if one.host == "login.microsoftonline.com"] or [None]
    if unknown and format_name == "azure-firewall-arm":
        assert unknown.coverage is Coverage.UNKNOWN and "sourceAddresses" in unknown.because
        assert "parameter file" in unknown.hint


def test_a_workspace_of_the_same_name_is_another_where_computes_share_a_parameter() -> None:
    workspaces = [alike(number, REGIONS[number % 2]) for number in range(205)]
    nameless = tuple(replace(cluster, source_addresses=None) for cluster in workspaces[1].clusters)
    workspaces[1] = replace(workspaces[1], clusters=nameless)
    text = exported("azure-firewall-arm", tuple(workspaces)).content
    assert "<addresses of team-1/gpu, workspace " in text
    own, other = workspaces[1], gpu("team-1", "rg-900", cluster="k900")
    assert words_of(inputs_for((own,)), text, sources_of={"gpu": ()}) == {"covered"}
    rows = inputs_for((own,)).rows
    assert "covered" not in words_of(Inputs(CATALOG, Fleet((other,)), rows), text, sources_of={"gpu": ()})


def test_rows_tell_by_their_ids_which_of_two_workspaces_of_one_name_they_are_of() -> None:
    pair = (gpu("team-1", "rg-1", cluster="k1"), gpu("team-2", cluster="k2"))
    text = exported("azure-firewall-arm", pair).content
    for own, word in ((pair[0], True), (gpu("team-1", "rg-40", cluster="k9"), False)):
        rows = tuple(replace(row, computes=("gpu",)) for row in public_rows((own,)))
        assert ("covered" in words_of(Inputs(CATALOG, Fleet(), rows), text)) is word


def test_one_of_two_workspaces_of_one_name_is_known_in_its_fleets_file() -> None:
    three = (gpu("team", "rg-1", cluster="k1"), gpu("team", "rg-2", cluster="k2"), gpu("b", cluster="k3"))
    text = exported("azure-firewall-arm", three).content
    assert '"rg-1/team/gpu"' in text
    for one_of_it in three:
        assert words_of(inputs_for((one_of_it,)), text, sources_of={"gpu": ()}) == {"covered"}


def test_addresses_of_one_compute_never_stand_for_a_whole_workspace() -> None:
    """Rows that all computes need name none, so in a file of rows the known ones looked like all of them."""
    far = identifier("Microsoft.Kubernetes/connectedClusters", "far")
    workspaces = tuple(
        replace(one, computes=(*(one.computes or ()), Compute("edge", far)), clusters=(*one.clusters, Cluster(id=far)))
        for one in map(alike, range(3))
    )
    rows = rows_of(workspaces)
    partly = [row for row in rows if row.unknown_sources]
    assert all(row.source_addresses and all(name.endswith("/edge") for name in row.unknown_sources) for row in partly)
    assert tuple(from_json(Requirement, to_json(row)) for row in rows) == rows
    assert any(len(row.workspaces) == 1 for row in partly)
    inputs = Inputs(CATALOG, Fleet(), rows)
    assert not any(some for name, some in sources_of(inputs).items() if not name.endswith("/gpu"))
    sourced = rows_with_sources(rows, ["10.0.0.0/8"])
    assert not any(row.unknown_sources for row in sourced)
    everybody = replace(workspaces[0], source_addresses=("10.9.0.0/16",))
    listing = rows_of((everybody, *workspaces[1:]))
    own = next(row for row in listing if row.workspaces == ("team-0",) and not row.computes)
    assert own.source_addresses == ("10.0.0.0/16", "10.9.0.0/16") and own.unknown_sources is None


def test_tables_for_people_tell_who_needs_a_row_and_from_where() -> None:
    far = identifier("Microsoft.Kubernetes/connectedClusters", "far")
    pair = (alike(0), replace(alike(1), computes=(Compute("gpu", far),), clusters=(Cluster(id=far),)))
    of_all, own = (
        next(row for row in rows_of(pair) if row.workspaces == names) for names in (("team-0", "team-1"), ("team-0",))
    )
    table = exported("markdown", pair).content
    assert re.search(r"^\| host .* \| workspaces \| from \|\n\|(---\|){7}$", table, re.MULTILINE)
    (line,) = (line for line in table.splitlines() if f"`{of_all.host}` | {of_all.port} " in line)
    assert line.endswith(" | all | 10.0.0.0/16, not known of team-1/gpu |")
    (line,) = (line for line in table.splitlines() if f"`{own.host}` | {own.port} " in line)
    assert line.endswith(" | team-0 | 10.0.0.0/16 |")
    head, *lines = csv.reader(io.StringIO(exported("csv", pair).content))
    whole = [dict(zip(head, cells, strict=True)) for cells in lines]
    assert {one["unknownSources"] for one in whole if one["host"] == of_all.host} == {"team-1/gpu"}
    assert {one["unknownSources"] for one in whole if one["host"] == own.host} == {""}


def test_rows_that_tell_their_addresses_have_them_as_default_values() -> None:
    workspaces = tuple(alike(number) for number in range(3))
    known = sources_by_compute(workspaces)
    assert all(known.values())
    rows = rows_of(workspaces)
    alone = tuple(row for row in rows if len(row.workspaces) == 1)
    by_rows = sources_of(Inputs(CATALOG, Fleet(), alone))
    assert {name: by_rows[f"{name.rpartition('/')[0]}/*"] for name in known} == known
    doubtful = replace(alone[0], source_addresses=("10.99.0.0/16",))
    name = f"{doubtful.workspaces[0]}/*"
    assert sources_of(Inputs(CATALOG, Fleet(), (*alone, doubtful)))[name] is None
    assert sources_of(Inputs(CATALOG, Fleet(), alone, everywhere=("10.1.0.0/16",)))[name] == ("10.1.0.0/16",)
