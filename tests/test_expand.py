"""The pure middle: laws that hold for every workspace, merging, and comparison with a baseline."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azext_amlnet.catalog import load
from azext_amlnet.catalog.bindings import bindings
from azext_amlnet.catalog.consumers import consumers
from azext_amlnet.catalog.expand import expand
from azext_amlnet.catalog.rows import decide
from azext_amlnet.catalog.schema import FACTS, PLACEHOLDERS
from azext_amlnet.codec import from_json, to_json
from azext_amlnet.compare.requirements import compare, demanded
from azext_amlnet.model import (
    AppInsights,
    Catalog,
    Change,
    Cloud,
    Cluster,
    ClusterType,
    Compute,
    Dependency,
    Gap,
    Hub,
    KeyVault,
    Kind,
    Level,
    MlRegistry,
    Origin,
    Registry,
    Requirement,
    Scenario,
    Scope,
    StorageAccount,
    Topic,
    Workspace,
)
from azext_amlnet.text import is_requirement_host

from .reading import row

CATALOG = load()
AKS, ARC = ClusterType.AKS, ClusterType.ARC
maybe = st.sampled_from([True, False, None])
region = st.sampled_from(["westeurope", "eastus", None])


@st.composite
def workspaces(draw: st.DrawFn) -> Workspace:
    """Any workspace: everything known, unknown, private, refused."""
    cluster_ids = ["/subscriptions/s/c1", "/subscriptions/s/c2"]
    clusters = tuple(
        Cluster(
            id=identifier,
            types=draw(
                st.sampled_from([(), (ClusterType.AKS,), (ClusterType.ARC,), (ClusterType.AKS, ClusterType.ARC)])
            ),
            region=draw(region),
            api_server=draw(st.sampled_from([None, "aks.hcp.eastus.azmk8s.io"])),
            private_cluster=draw(maybe),
            outbound_type=draw(st.sampled_from([None, "none", "loadBalancer"])),
            gpu_nodes=draw(maybe),
            windows_nodes=draw(maybe),
            monitoring=draw(maybe),
            arc_gateway=draw(maybe),
            azure_rbac=draw(maybe),
            relay_host=draw(st.sampled_from([None, "relay.servicebus.windows.net"])),
            service_bus_hosts=draw(st.sampled_from([None, (), ("gn.servicebus.windows.net",)])),
            training=draw(maybe),
            inference=draw(maybe),
            readable=draw(st.booleans()),
        )
        for identifier in cluster_ids
    )
    computes = tuple(Compute(name=f"k{i}", cluster_id=c) for i, c in enumerate([*cluster_ids, "/subscriptions/s/lost"]))
    registry = Registry(
        name="acr",
        login_server=draw(st.sampled_from([None, "acr.azurecr.io"])),
        region=draw(region),
        data_endpoints=draw(maybe),
        data_hosts=draw(st.sampled_from([(), ("acr.eastus.data.azurecr.io",)])),
        replica_regions=draw(st.sampled_from([(), ("eastus", "westus")])),
        private_endpoint=draw(st.booleans()),
        public_access=draw(st.booleans()),
        readable=draw(st.booleans()),
    )
    account = StorageAccount(
        name=draw(st.sampled_from(["store", "MixedCase"])),
        default=draw(st.booleans()),
        blob=draw(st.sampled_from([None, "store.z01.blob.storage.azure.net"])),
        hierarchical_namespace=draw(maybe),
        datastore_types=draw(st.sampled_from([(), ("AzureBlob",), ("AzureDataLakeGen2", "AzureFile")])),
    )
    dependencies = (Dependency(Origin.AKS, "new.io", cluster_id=cluster_ids[0]), Dependency(Origin.WORKSPACE, "*.x.io"))
    return Workspace(
        cloud=draw(st.sampled_from(list(Cloud))),
        region=draw(region),
        id=draw(st.sampled_from([None, "/subscriptions/s/ws"])),
        workspace_id=draw(st.sampled_from([None, "guid"])),
        private_endpoint=draw(st.booleans()),
        public_access=draw(st.booleans()),
        hub=draw(st.sampled_from([None, Hub(name="hub")])),
        registry=draw(st.sampled_from([None, registry])),
        storage_accounts=draw(st.sampled_from([(), (account,)])),
        key_vault=draw(st.sampled_from([None, KeyVault(name="kv")])),
        app_insights=draw(st.sampled_from([None, AppInsights(name="ai")])),
        computes=draw(st.sampled_from([None, (), computes])),
        clusters=clusters,
        dependencies=draw(st.sampled_from([(), dependencies])),
        gaps=draw(st.sampled_from([(), (Gap("computes", "computes", "403"),)])),
    )


@st.composite
def scopes(draw: st.DrawFn) -> Scope:
    """Any question."""
    return Scope(
        computes=draw(st.sampled_from([(), ("k0",), ("k1", "k2")])),
        cluster_type=draw(st.sampled_from([None, *ClusterType])),
        scenarios=tuple(draw(st.sets(st.sampled_from(list(Scenario)), max_size=3))),
        level=draw(st.sampled_from(list(Level))),
        exclude=tuple(draw(st.sets(st.sampled_from(list(Topic)), max_size=2))),
        cross_check=draw(st.booleans()),
    )


@settings(max_examples=300, deadline=None)
@given(workspaces(), scopes())
def test_laws_of_every_list(workspace: Workspace, scope: Scope) -> None:
    answer = expand(CATALOG, workspace, scope)
    assert answer == expand(CATALOG, workspace, scope)
    endpoints = [item.endpoint for item in answer.rows]
    assert len(endpoints) == len(set(endpoints))
    attached = {compute.name for compute in workspace.computes or ()}
    for item in answer.rows:
        assert "{" not in item.host + item.reason and "}" not in item.host + item.reason
        assert item.host and is_requirement_host(item.host), item.host
        assert item.unresolved == ("<" in item.host)
        assert not (item.unresolved and item.assumed)
        assert item.sources and item.entries and item.reason and item.needed_for
        assert item.level.rank <= scope.level.rank and item.topic not in scope.exclude
        assert item.computes == () or set(item.computes) != attached
        assert item.probe is None or ("*" not in item.probe.host and "<" not in item.probe.host)
        assert (item.kind is Kind.WILDCARD) == item.host.startswith("*.")
        assert from_json(Requirement, to_json(item)) == item
        if scope.scenarios:
            assert set(item.needed_for) <= set(scope.scenarios)
    assert all(line.isprintable() for line in (*answer.warnings, *answer.hints))


@settings(max_examples=100, deadline=None)
@given(workspaces())
def test_a_gap_never_shortens_the_list(workspace: Workspace) -> None:
    """Knowing less about a cluster never loses a host that is needed when more is known."""
    silent = replace(workspace, clusters=tuple(replace(c, **dict.fromkeys(_DECIDING)) for c in workspace.clusters))
    less, more = (expand(CATALOG, w, Scope(level=Level.OPTIONAL)) for w in (silent, workspace))
    assert {item.endpoint for item in more.rows} <= {item.endpoint for item in less.rows}


_DECIDING = ("gpu_nodes", "windows_nodes", "azure_policy", "monitoring", "private_cluster", "azure_rbac")


def test_bindings_supply_exactly_what_the_schema_promises() -> None:
    cluster = Cluster(id="/subscriptions/c", types=(ClusterType.ARC,), service_bus_hosts=("a.servicebus.windows.net",))
    workspace = Workspace(
        hub=Hub(name="hub"),
        registry=Registry(name="acr", regional_hosts=("acr.eastus.geo.azurecr.io",)),
        app_insights=AppInsights(name="ai"),
        ml_registries=(
            MlRegistry(name="models", regions=("eastus2",), registries=("acrmodels",), storage_accounts=("stmodels",)),
        ),
        computes=(Compute(name="k", cluster_id="/subscriptions/c"),),
        clusters=(cluster,),
    )
    things = bindings(CATALOG, workspace, consumers(workspace, Scope()))
    assert set(things) == set(FACTS) == set(PLACEHOLDERS)
    for each, group in things.items():
        assert group, each
        for binding in group:
            assert set(PLACEHOLDERS[each]) <= set(binding.values), each
            assert set(binding.facts) == set(FACTS[each]), each


@pytest.mark.parametrize(
    ("value", "accepted", "decision"),
    [
        (True, (True,), True),
        (False, (True,), False),
        (None, (True,), None),
        (("aks", "arc"), ("arc",), True),
        ((), ("x",), False),
    ],
)
def test_a_condition_is_decided_by_facts_or_not_at_all(
    value: object, accepted: tuple[object, ...], decision: object
) -> None:
    assert decide({"fact": accepted}, {"fact": value}) is decision
    assert decide({}, {}) is True
    assert decide({"fact": accepted, "other": (1,)}, {"fact": value, "other": 2}) is False


def test_two_entries_that_ask_for_one_endpoint_come_out_as_one_row(catalog: Catalog) -> None:
    cluster = Cluster(id="/subscriptions/c", types=(ClusterType.AKS,))
    workspace = Workspace(
        region="westeurope", computes=(Compute(name="k", cluster_id="/subscriptions/c"),), clusters=(cluster,)
    )
    merged = row(expand(catalog, workspace, Scope(level=Level.OPTIONAL)), "security.ubuntu.com", 80)
    assert merged.entries == ("aks-ubuntu", "ubuntu-packages")
    assert merged.level is Level.RECOMMENDED and merged.topic is Topic.AKS
    assert merged.reason == "Security updates of Ubuntu nodes. Security patches of Ubuntu in a job's init container."
    assert merged.needed_for == (Scenario.TRAINING, Scenario.CLUSTER)
    assert len(merged.sources) == 3
    assert any("2022-03-21" in note for note in merged.notes)


def test_the_order_does_not_depend_on_the_order_of_facts(catalog: Catalog) -> None:
    accounts = [
        StorageAccount(name=f"s{i}", blob=f"s{i}.blob.core.windows.net", datastore_types=("AzureBlob",))
        for i in range(6)
    ]
    hosts = [f"acr.{r}.data.azurecr.io" for r in ("westus", "eastus", "uksouth")]
    lists = set()
    for _ in range(5):
        random.Random(_).shuffle(accounts)
        random.Random(_).shuffle(hosts)
        workspace = Workspace(registry=Registry(name="acr", data_hosts=tuple(hosts)), storage_accounts=tuple(accounts))
        lists.add(tuple(item.host for item in expand(catalog, workspace, Scope()).rows))
    assert len(lists) == 1


# -- baseline


def requirement(host: str, **fields: object) -> Requirement:
    """A required row."""
    return Requirement(host=host, **fields)  # type: ignore[arg-type]


def test_a_baseline_tells_same_added_changed_and_removed() -> None:
    before = (requirement("same.io"), requirement("gone.io"), requirement("level.io", level=Level.OPTIONAL))
    now = (
        requirement("same.io", reason="said better"),
        requirement("level.io"),
        requirement("new.io", level=Level.OPTIONAL),
    )
    rows = compare(now, before)
    assert [(item.host, item.change) for item in rows] == [
        ("same.io", Change.SAME),
        ("level.io", Change.CHANGED),
        ("new.io", Change.ADDED),
        ("gone.io", Change.REMOVED),
    ]
    assert demanded(rows, before)  # level.io became required
    assert not demanded(compare(now[:1], before), before)
    assert not demanded(compare((), before), before)


def test_a_row_that_came_to_need_websockets_has_changed() -> None:
    before, now = requirement("a.io"), requirement("a.io", websocket=True)
    assert compare((now,), (before,))[0].change is Change.CHANGED


def test_azures_list_adds_its_source_to_the_strictest_wish(catalog: Catalog) -> None:
    clusters = (Cluster(id="/subscriptions/c", types=(ClusterType.AKS,)),)
    workspace = Workspace(
        computes=(Compute(name="k", cluster_id="/subscriptions/c"),),
        clusters=clusters,
        dependencies=(Dependency(Origin.WORKSPACE, "*.blob.core.windows.net"),),
    )
    layers = row(expand(catalog, workspace, Scope(level=Level.REQUIRED)), "*.blob.core.windows.net")
    assert "azure-workspace-dependencies" in layers.entries


@pytest.mark.parametrize(
    ("before", "now", "more"),
    [
        ({}, {}, False),
        ({"level": Level.RECOMMENDED}, {}, True),
        ({}, {"level": Level.RECOMMENDED}, False),
        ({"private": True}, {}, True),
        ({"private": True}, {"private": True}, False),
        ({}, {"private": True}, False),
    ],
)
def test_the_firewall_of_yesterday_suffices_or_not(before: dict, now: dict, more: bool) -> None:  # type: ignore[type-arg]
    earlier, rows = (requirement("a.io", **before),), (requirement("a.io", **now),)
    assert bool(demanded(compare(rows, earlier), earlier)) is more


def test_another_port_or_protocol_is_another_endpoint() -> None:
    for one, other in itertools.permutations(
        [requirement("a.io"), requirement("a.io", port=8084), requirement("*.a.io")], 2
    ):
        assert compare((one,), (other,))[0].change is Change.ADDED
