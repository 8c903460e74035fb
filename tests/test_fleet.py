"""Many workspaces at once: by Resource Graph as by plain calls the same facts, and no fault of one stops the others."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Optional

import pytest

from azext_amlnet.catalog import load
from azext_amlnet.catalog.merge import listed
from azext_amlnet.codec import to_json
from azext_amlnet.discovery import FleetQuery, FleetScope, discover
from azext_amlnet.discovery.chain import Lists
from azext_amlnet.discovery.client import Timeouts, is_query, new_clients, outside_az
from azext_amlnet.discovery.pace import Pace
from azext_amlnet.discovery.resource_graph import QUERIES
from azext_amlnet.errors import AccessError, AmlnetError, NotFoundError, UnreachableError
from azext_amlnet.model import Cloud, ClusterType, Door, Fleet, Scope, Subscription, Workspace

from . import builders as arm
from .conftest import StaticToken
from .fakearm import OTHER_SUBSCRIPTION, SUBSCRIPTION, Buckets, FakeAzure, Fault
from .fakegraph import columns_of
from .fleets import FIREWALL, HOP, firewall, identifier, network, one_served, served

Asked = Callable[..., Fleet]
BOTH = (Subscription(SUBSCRIPTION), Subscription(OTHER_SUBSCRIPTION))
QUICK = Timeouts(connect_s=2, read_s=2, first_answer_s=5, retries=1)
CATALOG = load()
WORKSPACES = "microsoft.machinelearningservices/workspaces"


@pytest.fixture
def fleet(azure: FakeAzure, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Asks the loopback Azure about many workspaces: `fleet(resources, behind=…)`; all of both subscriptions."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", azure.bundle)
    monkeypatch.setenv("HTTPS_PROXY", azure.proxy_url)
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")

    def ask(resources: dict[str, Any], own: bool = False, **scope: Any) -> Fleet:
        azure.serve(resources)
        client = new_clients(outside_az(StaticToken(), SUBSCRIPTION, azure.url), QUICK)
        scope = {"everywhere": "workspace_ids" not in scope or "behind" in scope, "subscriptions": BOTH, **scope}
        query = FleetQuery(client, azure.url, FleetScope(**scope), Lists(own=own), QUICK)
        return query.finish(Cloud.PUBLIC, CATALOG.clouds[Cloud.PUBLIC])

    return ask


def alone(azure: FakeAzure, workspace: Workspace, own: bool = False) -> Workspace:
    """The facts of one workspace by plain calls alone."""
    parts = str(workspace.id).split("/")
    return discover(
        subscription_id=parts[2],
        resource_group=parts[4],
        workspace=parts[8],
        credential=StaticToken(),
        base_url=azure.url,
        cross_check=True,
        timeouts=QUICK,
    )


def path_of(number: int) -> str:
    """The id of a workspace that is served."""
    return next(path for path in one_served(number) if path.endswith(f"/workspaces/ws-{number}"))


def names(made: Fleet) -> list[Optional[str]]:
    """The workspaces' names."""
    return [one.name for one in made.workspaces]


def scope_gaps(made: Fleet) -> str:
    """What is not known of the scope."""
    assert made.scope
    return "\n".join(map(str, made.scope.gaps))


def calls(azure: FakeAzure) -> tuple[int, int]:
    """How many queries and how many plain calls arrived at ARM."""
    at_arm = [one for one in azure.seen if one.path.startswith(("/subscriptions", "/providers"))]
    return sum(one.method == "POST" for one in at_arm), sum(one.method == "GET" for one in at_arm)


# -- both ways


@pytest.mark.parametrize("lower_ids", [False, True])
@pytest.mark.parametrize(
    "without", [(), ("notebookInfo",), ("primaryEndpoints", "vaultUri"), ("agentPoolProfiles", "distribution")]
)
def test_both_ways_give_the_same_facts_byte_for_byte(
    fleet: Asked, azure: FakeAzure, without: tuple[str, ...], lower_ids: bool
) -> None:
    azure.graph = replace(azure.graph, without=without, lower_ids=lower_ids)
    made = fleet(served(4), own=True)
    assert names(made) == ["ws-0", "ws-2", "ws-1", "ws-3"]
    for workspace in made.workspaces:
        assert json.dumps(to_json(workspace)) == json.dumps(to_json(alone(azure, workspace)))


def odd() -> dict[str, Any]:
    """A workspace whose resources have what is seldom: a hub, a proxy, add-ons, GPU nodes, replicas, firewalls."""
    proxy = {
        "enabled": True,
        "httpProxy": f"http://user:{arm.PROXY_SECRET}@proxy.corp.example:3128",
        "trustedCa": "Y2E=",
    }
    pools = [{"name": "g", "osType": "Linux", "vmSize": "Standard_NC6s_v3"}]
    more = {
        "apiServerAccessProfile": {"enablePrivateCluster": True},
        "addonProfiles": {"azurePolicy": {"enabled": True}},
    }
    regions = ("westeurope", "northeurope")
    parts = (
        arm.workspace(kind="Project", hubResourceId=arm.workspace_id("hub"), storageAccount=None, hbiWorkspace=True),
        arm.workspace("hub", kind="Hub", privateEndpointConnections=[arm.private_endpoint()]),
        arm.registry(
            "Premium", regions, regionalEndpoints="Enabled", regionalEndpointHostNames=["a.we.geo.azurecr.io"]
        ),
        arm.storage(networkAcls={"defaultAction": "Deny"}, isHnsEnabled=True),
        arm.key_vault(publicNetworkAccess="Disabled"),
        arm.app_insights(),
        arm.aks(httpProxyConfig=proxy, agentPoolProfiles=pools, **more),
        arm.arc(distribution="aks"),
    )
    made = {path: body for part in parts for path, body in part.items()}
    return arm.with_computes(made, arm.compute("gpu", arm.AKS), arm.compute("edge", arm.ARC))


def test_both_ways_give_the_same_facts_of_what_is_seldom(fleet: Asked, azure: FakeAzure) -> None:
    made = fleet(odd(), own=True)
    assert names(made) == ["hub", "ml-ws"]
    for workspace in made.workspaces:
        assert to_json(workspace) == to_json(alone(azure, workspace))
    assert made.workspaces[1].registry and made.workspaces[1].registry.regional_hosts == ("a.we.geo.azurecr.io",)
    text = json.dumps(to_json(made))
    assert not [secret for secret in (arm.PROXY_SECRET, arm.INSIGHTS_KEY, arm.RELAY_SECRET) if secret in text]


def test_connection_strings_and_settings_do_not_leave_azure(fleet: Asked, azure: FakeAzure) -> None:
    fleet(odd())
    asked = " ".join(body["query"] for body in azure.graph.asked)
    rows = [value(row) for body in azure.graph.asked for row in azure.graph._rows(azure.resources, body["query"])
            for value in columns_of(body["query"]).values()]  # fmt: skip
    assert arm.INSIGHTS_KEY not in json.dumps(rows) and arm.RELAY_SECRET not in json.dumps(rows)
    assert "inferenceRouterServiceType" not in json.dumps(rows) and "InstrumentationKey" not in asked


# -- what it costs


def test_ten_queries_and_two_plain_calls_a_workspace(fleet: Asked, azure: FakeAzure) -> None:
    made = fleet(served(25, premium=1000))
    assert len(made.workspaces) == 25 and made.scope and made.scope.door is Door.RESOURCE_GRAPH
    queries, plain = calls(azure)
    assert queries == len(QUERIES) == 10
    shared = 2 + 1  # Azure ML registries of two subscriptions; the one Premium registry
    assert plain == 2 * 25 + shared
    assert {one.path.rpartition("/")[2] for one in azure.seen if "/workspaces/" in one.path} == {
        "computes",
        "datastores",
    }


def test_a_query_is_the_one_thing_that_is_posted() -> None:
    path = "https://management.azure.com/providers/Microsoft.ResourceGraph/resources"
    assert is_query("POST", f"{path}?api-version=2024-04-01") and not is_query("PUT", path)
    for other in ("/providers/Microsoft.ResourceGraph/operations", "/x/providers/Microsoft.ResourceGraph/resources"):
        assert not is_query("POST", f"https://management.azure.com{other}")
    assert not is_query("POST", f"{path}/../../subscriptions/x/register") and not is_query("POST", f"{path}/")


def test_the_transport_refuses_every_other_post(fleet: Asked, azure: FakeAzure) -> None:
    from azure.core.exceptions import AzureError
    from azure.core.rest import HttpRequest

    client = new_clients(outside_az(StaticToken(), SUBSCRIPTION, azure.url), QUICK)
    for path in ("/subscriptions/x/providers/Microsoft.Storage/register", "/providers/Microsoft.ResourceGraph/queries"):
        with pytest.raises(AzureError, match="amlnet reads only"):
            client.send("workspace", HttpRequest("POST", f"{azure.url}{path}?api-version=2024-04-01", json={}))
    assert not azure.seen


def test_a_cluster_and_a_registry_that_fifty_workspaces_share_are_asked_once(fleet: Asked, azure: FakeAzure) -> None:
    first = one_served(0, premium=True)
    own = {path: body for path, body in first.items() if "/workspaces/" not in path}
    resources: dict[str, Any] = dict(own)
    for number in range(0, 100, 2):  # all of one subscription
        path = path_of(number)
        other = {key: body for key, body in one_served(number).items() if "/workspaces/" in key}
        other[path]["properties"]["containerRegistry"] = first[path_of(0)]["properties"]["containerRegistry"].upper()
        resources |= {**other, f"{path}/computes": first[f"{path_of(0)}/computes"]}
    made = fleet(resources)
    assert len(made.workspaces) == 50
    clusters = {str(cluster.id).lower() for one in made.workspaces for cluster in one.clusters}
    assert len(clusters) == 2 and not azure.asked("/connectedclusters/")
    assert len(azure.asked("/registries/acr0")) == 1
    rows = listed(CATALOG, [(one, Scope()) for one in made.workspaces]).rows
    (login,) = [row for row in rows if row.host == "acr0.azurecr.io"]
    assert len(login.workspaces) == 50 and not login.computes
    assert login.source_addresses == ("10.0.0.0/25", "10.0.0.128/25")


# -- pages and throttling


def test_many_rows_come_page_by_page_and_large_ones_in_smaller_pages(fleet: Asked, azure: FakeAzure) -> None:
    azure.graph = replace(azure.graph, most_bytes=40_000)
    made = fleet(served(60))
    assert len(made.workspaces) == 60 and not scope_gaps(made)
    sizes = {body["options"]["$top"] for body in azure.graph.asked}
    assert sizes >= {1000, 50} and any("$skipToken" in body["options"] for body in azure.graph.asked)
    assert all(body["query"].endswith("| order by id asc") for body in azure.graph.asked)


def test_rows_that_were_cut_off_are_a_gap(fleet: Asked, azure: FakeAzure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("azext_amlnet.discovery.resource_graph._SIZES", (3,))
    azure.graph = replace(azure.graph, truncated=True)
    made = fleet(served(5))
    assert len(made.workspaces) == 3
    assert "the workspaces of this scope: Resource Graph cut its answer and gave no way to go on" in scope_gaps(made)
    azure.forget()
    azure.graph = replace(azure.graph, repeat_token=True)
    assert "its pages lead back to one that was read" in scope_gaps(fleet(served(9)))


def cut(azure: FakeAzure, kind: str, without: str) -> None:
    """Makes Resource Graph leave rows out of its answer about a kind of resource, and say that it did."""
    whole = azure.graph.answer

    def answer(resources: Any, body: Any) -> Any:
        status, document = whole(resources, body)
        if f"'{kind}'" in body["query"]:
            rows = [row for row in document["data"] if not str(row["id"]).endswith(without)]
            document = {**document, "data": rows, "totalRecords": len(rows), "resultTruncated": "true"}
        return status, document

    azure.graph.answer = answer  # type: ignore[method-assign]


def test_a_list_of_which_rows_were_cut_off_is_asked_plainly(fleet: Asked, azure: FakeAzure) -> None:
    resources = one_served(0)
    key = next(path for path in resources if path.endswith("/extensions") and "connectedClusters" in path)
    monitor = {"extensionType": "Microsoft.AzureMonitor.Containers"}
    resources[key] = [*resources[key], {"name": "monitor", "id": f"{key}/monitor", "properties": monitor}]
    whole = fleet(resources)
    assert [one.monitoring for one in whole.workspaces[0].clusters if one.types == (ClusterType.ARC,)] == [True]
    cut(azure, "microsoft.kubernetesconfiguration/extensions", "/monitor")
    assert to_json(fleet(resources).workspaces[0]) == to_json(whole.workspaces[0])
    cut(azure, "microsoft.resources/subscriptions", OTHER_SUBSCRIPTION)
    unknown = f"subscription {OTHER_SUBSCRIPTION}: it is not known whether this login may read it: Resource Graph cut"
    assert unknown in scope_gaps(fleet(resources))


def test_a_row_that_does_not_tell_its_version_is_of_an_old_one(fleet: Asked, azure: FakeAzure) -> None:
    resources = one_served(0)
    cluster = next(body for path, body in resources.items() if path.endswith("/connectedClusters/arc-0"))
    cluster["properties"]["gateway"] = {"enabled": True}
    whole = fleet(resources)
    azure.graph = replace(azure.graph, version="", without=("gateway",))
    assert to_json(fleet(resources).workspaces[0]) == to_json(whole.workspaces[0])


def test_a_row_of_any_depth_is_read(fleet: Asked, azure: FakeAzure) -> None:
    resources = one_served(0)
    deep: dict[str, Any] = {}
    for _ in range(400):
        deep = {"deeper": deep}
    vault = next(body for path, body in resources.items() if path.endswith("/vaults/vault0"))
    vault["properties"]["networkAcls"] = {"defaultAction": deep}
    key_vault = fleet(resources).workspaces[0].key_vault
    assert key_vault and key_vault.host == "vault0.vault.azure.net"


def test_resource_graphs_quota_is_waited_for_by_its_own_headers(fleet: Asked, azure: FakeAzure) -> None:
    headers = {"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:02"}
    azure.faults.append(Fault("ResourceGraph", 429, "RateLimiting", headers=headers, times=4))
    began = time.monotonic()
    assert len(fleet(served(2)).workspaces) == 2
    assert 1.8 < time.monotonic() - began < 12


def test_a_bucket_that_runs_dry_costs_time_and_no_fact(fleet: Asked, azure: FakeAzure) -> None:
    azure.buckets = Buckets(size=20, refill=25)
    made = fleet(served(40))
    assert azure.buckets.refused and len(made.workspaces) == 40
    assert not [gap for one in made.workspaces for gap in one.gaps if "429" in gap.reason]
    assert all(len(one.computes or ()) == 2 for one in made.workspaces)


class Answer:
    """A response with a status and headers."""

    def __init__(self, status_code: int, **headers: str) -> None:
        self.status_code = status_code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def paced(pace: Pace, *answers: Answer) -> tuple[int, float, int]:
    """The status that a call ends with, how many seconds it was slept for in all, and how often it was sent."""
    slept, sent, clock = [0.0], [0], [1000.0]

    def sleep(seconds: float) -> None:
        slept[0] += seconds
        clock[0] += seconds

    def send() -> Answer:
        sent[0] += 1
        return answers[min(sent[0], len(answers)) - 1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("azext_amlnet.discovery.pace.time.sleep", sleep)
        patch.setattr("azext_amlnet.discovery.pace.time.monotonic", lambda: clock[0])
        return pace.send("a", send).status_code, slept[0], sent[0]


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((Answer(200),), (200, 0, 1)),
        ((Answer(429, Retry_After="60"), Answer(200)), (200, 60, 2)),
        ((Answer(429), Answer(200)), (200, 2, 2)),
        ((Answer(429, Retry_After="soon"), Answer(200)), (200, 2, 2)),
        ((Answer(429, **{"x-ms-user-quota-resets-after": "00:01:30"}), Answer(200)), (200, 90, 2)),
        ((Answer(429, Retry_After="2", **{"x-ms-user-quota-resets-after": "00:10:00"}), Answer(200)), (200, 2, 2)),
        ((Answer(429, Retry_After="4000"), Answer(200)), (429, 0, 1)),
        ((*[Answer(429, Retry_After="10")] * 6, Answer(200)), (200, 60, 7)),
        ((Answer(503), Answer(200)), (503, 0, 1)),
    ],
)
def test_a_throttled_call_goes_again_when_azure_says_so(answers: Any, outcome: tuple[int, float, int]) -> None:
    status, slept, sent = paced(Pace.of_many(Timeouts()), *answers)
    assert (status, round(slept), sent) == outcome


def test_of_one_workspace_a_minute_is_the_most_and_three_more_tries() -> None:
    assert paced(Pace.of_one(Timeouts()), Answer(429, Retry_After="61"))[::2] == (429, 1)
    assert paced(Pace.of_one(Timeouts()), Answer(429, Retry_After="1"))[::2] == (429, 4)


# -- what goes wrong


def test_one_that_cannot_be_read_stops_nobody_and_shortens_no_list(fleet: Asked, azure: FakeAzure) -> None:
    azure.faults += [Fault("/workspaces/ws-1/computes", 403, "AuthorizationFailed", "no"),
                     Fault("/workspaces/ws-2/datastores", 403, "AuthorizationFailed", "no")]  # fmt: skip
    made = fleet(served(4))
    by_name = {str(one.name): one for one in made.workspaces}
    assert sorted(by_name) == ["ws-0", "ws-1", "ws-2", "ws-3"]
    assert by_name["ws-1"].computes is None and not by_name["ws-0"].gaps_about("computes")
    whole = listed(CATALOG, [(one, Scope()) for one in made.workspaces])
    assert (
        "ws-1: computes of the workspace: 403: no (AuthorizationFailed); assumed: an AKS and an Arc cluster"
        in whole.warnings
    )
    assert [row for row in whole.rows if row.assumed and row.workspaces == ("ws-1",)]


def test_ids_are_read_by_resource_graph_too_and_one_that_is_not_there_is_asked_plainly(
    fleet: Asked, azure: FakeAzure
) -> None:
    azure.graph = replace(azure.graph, hidden=("workspaces/ws-3", "storageaccounts/store1"))
    made = fleet(served(5), workspace_ids=(path_of(1).upper(), path_of(3), path_of(3).lower()))
    assert names(made) == ["ws-1", "ws-3"] and made.scope and made.scope.door is Door.RESOURCE_GRAPH
    assert made.workspaces[0].storage_accounts[0].blob == "store1.blob.core.windows.net"


def test_an_id_of_nothing_is_not_found_and_one_that_may_not_be_read_has_placeholders(
    fleet: Asked, azure: FakeAzure
) -> None:
    with pytest.raises(NotFoundError, match="ws-9 was not found"):
        fleet(served(2), workspace_ids=(path_of(0), path_of(9)))
    azure.forget()
    azure.graph = replace(azure.graph, hidden=("workspaces/ws-1",))
    azure.faults.append(Fault("/workspaces/ws-1", 401, "InvalidAuthenticationTokenTenant", "of another tenant"))
    made = fleet(served(2), workspace_ids=(path_of(0), path_of(1)))
    assert names(made) == ["ws-0", "ws-1"]
    rows = listed(CATALOG, [(one, Scope()) for one in made.workspaces]).rows
    own = [row.host for row in rows if row.workspaces == ("ws-1",)]
    assert "<registry>.azurecr.io" in own and "<storage account>.blob.core.windows.net" in own
    assert "of another tenant" in str(made.workspaces[1].gaps[0])


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (Fault("/", 403, "AuthorizationFailed", "no right"), AccessError, "403: no right"),
        (Fault("/", 401, "ExpiredAuthenticationToken", "expired"), AccessError, "401: expired"),
        (Fault("/", action="reset"), UnreachableError, "could not be asked|Azure could not be asked"),
        (Fault("/", 500, "InternalServerError", "out of order"), AmlnetError, "out of order"),
    ],
)
def test_where_nothing_can_be_read_there_is_no_list(
    fleet: Asked, azure: FakeAzure, count: int, fault: Fault, error: type[AmlnetError], words: str
) -> None:
    azure.faults.append(fault)
    with pytest.raises(error, match=words):
        fleet(served(2), workspace_ids=tuple(map(path_of, range(count))))


def test_an_answer_that_tells_nothing_is_no_list_either(fleet: Asked, azure: FakeAzure) -> None:
    resources = served(2)
    for number in (0, 1):
        resources[path_of(number)]["properties"] = {}
    with pytest.raises(AmlnetError, match="the answer is no workspace"):
        fleet(resources, workspace_ids=(path_of(0), path_of(1)))


def test_a_subscription_without_an_answer_is_named_beside_a_workspace_of_it(fleet: Asked, azure: FakeAzure) -> None:
    azure.graph.subscriptions = {SUBSCRIPTION: "sub-2222"}
    made = fleet({**served(6), **firewall()}, behind=FIREWALL, workspace_ids=(path_of(1),))
    assert names(made) == ["ws-2", "ws-4", "ws-1"]
    assert f"subscription {OTHER_SUBSCRIPTION}: Resource Graph does not show it" in scope_gaps(made)


def test_one_that_is_gone_since_its_row_was_written_is_left_out_and_named(fleet: Asked, azure: FakeAzure) -> None:
    resources = served(3)
    gone = [path for path in resources if "/workspaces/ws-1" in path]
    made = fleet(resources)
    azure.graph._rows(azure.resources, azure.graph.asked[0]["query"])
    cache = dict(azure.graph._cache)
    for path in gone:
        del azure.resources[path.lower()]
    azure.graph._cache = {(id(azure.resources), len(azure.resources), *key[2:]): rows for key, rows in cache.items()}
    made = fleet({})
    assert names(made) == ["ws-0", "ws-2"] and "workspace ws-1: it is gone: 404" in scope_gaps(made)


@pytest.mark.parametrize("status", [403, 404, 500])
def test_where_resource_graph_refuses_plain_lists_tell_the_same(fleet: Asked, azure: FakeAzure, status: int) -> None:
    by_rows = fleet(served(4))
    azure.faults.append(Fault("ResourceGraph", status, "Nope", "no graph today"))
    lists = {f"/subscriptions/{one}/providers/Microsoft.MachineLearningServices/workspaces": [
        body for path, body in served(4).items() if path.rpartition("/")[0].endswith("/workspaces") and one in path
    ] for one in (SUBSCRIPTION, OTHER_SUBSCRIPTION)}  # fmt: skip
    by_lists = fleet(lists)
    assert by_lists.scope and by_lists.scope.door is Door.LISTS and "no graph today" in scope_gaps(by_lists)
    assert [to_json(one) for one in by_lists.workspaces] == [to_json(one) for one in by_rows.workspaces]


def test_a_query_that_alone_fails_costs_plain_calls_and_no_fact(fleet: Asked, azure: FakeAzure) -> None:
    by_rows = fleet(served(3))
    kept = azure.graph.answer

    def without_storage(resources: Any, body: Any) -> Any:
        refused = 500, {"error": {"code": "InternalServerError", "message": "no"}}
        return refused if "storageaccounts" in body["query"] else kept(resources, body)

    azure.graph.answer = without_storage  # type: ignore[method-assign]
    assert [to_json(one) for one in fleet({}).workspaces] == [to_json(one) for one in by_rows.workspaces]


def test_a_subscription_that_nobody_may_read_is_named(fleet: Asked, azure: FakeAzure) -> None:
    unread = "99999999-9999-9999-9999-999999999999"
    made = fleet(served(2), subscriptions=(*BOTH, Subscription(unread)))
    assert len(made.workspaces) == 2 and f"subscription {unread}: Resource Graph does not show it" in scope_gaps(made)
    with pytest.raises(AccessError, match=f"You may not look for workspaces in subscription {unread}"):
        fleet({}, subscriptions=(Subscription(unread),))


def test_nothing_found_says_where_was_looked(fleet: Asked, azure: FakeAzure) -> None:
    with pytest.raises(NotFoundError) as nothing:
        fleet({}, subscriptions=(Subscription(SUBSCRIPTION, "prod"),))
    assert f"No Azure ML workspace that this login may read is in subscription prod ({SUBSCRIPTION})" in str(
        nothing.value
    )


def test_management_groups_are_searched_and_their_subscriptions_named(fleet: Asked, azure: FakeAzure) -> None:
    azure.graph.groups["landing-zones"] = [SUBSCRIPTION]
    made = fleet(served(4), management_groups=("landing-zones",))
    assert names(made) == ["ws-0", "ws-2"] and made.scope
    assert made.scope.subscriptions == (Subscription(SUBSCRIPTION, "sub-2222"),)
    azure.faults.append(Fault("ResourceGraph", 403, "Nope", "no graph today"))
    below = [
        {"type": "/subscriptions", "name": SUBSCRIPTION},
        {"type": "Microsoft.Management/managementGroups", "name": "x"},
    ]
    both = [{"id": path_of(0)}, {"id": path_of(2)}]
    made = fleet({
        "/providers/Microsoft.Management/managementGroups/landing-zones/descendants": below,
        f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/workspaces": both,
    }, management_groups=("landing-zones",))  # fmt: skip
    assert names(made) == ["ws-0", "ws-2"] and made.scope and made.scope.door is Door.LISTS
    azure.faults.append(Fault("managementGroups/secret", 403, "AuthorizationFailed", "not yours"))
    made = fleet({}, management_groups=("landing-zones", "secret"))
    assert names(made) == ["ws-0", "ws-2"] and "management group secret: 403: not yours" in scope_gaps(made)


def test_an_azure_that_cannot_be_reached_is_one_error(fleet: Asked, azure: FakeAzure) -> None:
    azure.faults.append(Fault("/providers", action="reset"))
    with pytest.raises(UnreachableError, match="Azure could not be asked for workspaces"):
        fleet(served(1))


# -- behind a firewall


def test_those_behind_a_firewall_are_told_by_their_routes(fleet: Asked, azure: FakeAzure) -> None:
    made = fleet({**served(6), **firewall()}, behind=FIREWALL)
    assert made.scope and names(made) == ["ws-2", "ws-4", "ws-1", "ws-5"]  # every third has no route table
    assert [[compute.name for compute in one.computes or ()] for one in made.workspaces] == [["gpu"]] * 4
    assert {path.rpartition("/")[2] for path in made.scope.undecided} == {f"ws-{number}" for number in range(6)}
    assert "whether edge of workspace ws-1 is behind hub-fw" in scope_gaps(made)
    queries, _ = calls(azure)
    assert queries == 10 and not azure.asked("routetables") and len(azure.asked("azurefirewalls")) == 1


def only_aks(number: int, **of_cluster: Any) -> dict[str, Any]:
    """A workspace with its AKS cluster alone."""
    resources = one_served(number)
    resources[f"{path_of(number)}/computes"] = resources[f"{path_of(number)}/computes"][:1]
    for path, body in resources.items():
        if "/managedClusters/" in path and isinstance(body, dict):
            body["properties"] |= of_cluster
    return resources


def spoke(number: int, **more: Any) -> dict[str, Any]:
    """The network of a workspace's cluster anew."""
    subscription = (SUBSCRIPTION, OTHER_SUBSCRIPTION)[number % 2]
    return network(
        f"spoke-{number}",
        f"rg-{number}",
        {"nodes": "10.0.1.0/24", "pods": "10.0.2.0/24"},
        subscription=subscription,
        **more,
    )


DIRECT = {"networkProfile": {"outboundType": "loadBalancer"}}


@pytest.mark.parametrize(
    ("resources", "kept", "undecided"),
    [
        (only_aks(1), True, False),
        ({**only_aks(1), **spoke(1, hop="10.9.9.9")}, False, False),
        (only_aks(0), False, True),  # userDefinedRouting without a table: learned by BGP, or broken
        (only_aks(0, **DIRECT), False, False),
        (only_aks(1, agentPoolProfiles=[{"name": "p"}], **DIRECT), False, False),
        ({**only_aks(1), f"{path_of(1)}/computes": []}, False, False),
    ],
)
def test_what_is_behind_what_is_not_and_what_cannot_be_told(
    fleet: Asked, resources: dict[str, Any], kept: bool, undecided: bool
) -> None:
    sure = only_aks(5)
    made = fleet({**sure, **resources, **firewall()}, behind=FIREWALL)
    number = next(n for n in (0, 1) if path_of(n) in resources)
    assert made.scope and "ws-5" in names(made) and (f"ws-{number}" in names(made)) is kept
    assert (path_of(number) in made.scope.undecided) is undecided
    assert (path_of(number) in made.scope.not_behind) is (not kept and not undecided)


def test_a_table_that_cannot_be_read_and_a_hub_of_a_virtual_wan_leave_it_open(fleet: Asked, azure: FakeAzure) -> None:
    azure.graph = replace(azure.graph, hidden=("routetables/spoke-1",))
    azure.faults.append(Fault("/routeTables/spoke-1", 403, "AuthorizationFailed", "no"))
    made = fleet({**only_aks(1), **only_aks(5), **firewall()}, behind=FIREWALL)
    assert made.scope and made.scope.undecided == (path_of(1),) and names(made) == ["ws-5"]
    azure.forget()
    in_hub = firewall(ipConfigurations=[], hubIPAddresses={"privateIPAddress": "10.255.0.4"})
    made = fleet({**only_aks(0, **DIRECT), **only_aks(5), **in_hub}, behind=FIREWALL)
    assert made.scope and made.scope.undecided == (path_of(0),) and names(made) == ["ws-5"]


def test_one_that_is_named_is_counted_in_whatever_its_routes_say(fleet: Asked, azure: FakeAzure) -> None:
    made = fleet({**only_aks(0), **only_aks(1), **firewall()}, behind=FIREWALL, workspace_ids=(path_of(0),))
    assert names(made) == ["ws-0", "ws-1"] and made.scope and not made.scope.undecided


def routes(number: int, *pairs: tuple[str, str]) -> dict[str, Any]:
    """The network of a workspace's cluster with routes of these prefixes to these hops."""
    made = spoke(number)
    table = next(body for path, body in made.items() if "/routeTables/" in path)
    keys = ("addressPrefix", "nextHopIpAddress")
    table["properties"]["routes"] = [{"properties": dict(zip(keys, pair, strict=True))} for pair in pairs]
    return made


@pytest.mark.parametrize(
    ("pairs", "state"),
    [
        ([("0.0.0.0/0", HOP)], "kept"),
        ([("0.0.0.0/1", HOP), ("128.0.0.0/1", HOP)], "kept"),
        ([("0.0.0.0/0", HOP), ("20.0.0.0/8", "10.9.9.9"), ("AzureMonitor", "10.9.9.9")], "kept"),
        ([("0.0.0.0/0", "10.9.9.9"), ("0.0.0.0/1", HOP), ("128.0.0.0/1", HOP)], "kept"),
        ([("0.0.0.0/0", HOP), ("0.0.0.0/1", "10.9.9.9"), ("128.0.0.0/1", "10.9.9.9")], "out"),
        ([("0.0.0.0/1", HOP)], "undecided"),
        ([("20.0.0.0/8", HOP)], "undecided"),
        ([("AzureCloud", HOP)], "undecided"),
        ([("10.0.0.0/8", HOP)], "out"),
        ([("0.0.0.0/0", "10.9.9.9")], "out"),
        ([], "out"),
    ],
)
def test_routes_lead_the_internet_to_a_firewall_or_a_part_of_it(
    fleet: Asked, pairs: list[tuple[str, str]], state: str
) -> None:
    made = fleet({**only_aks(5), **only_aks(1, **DIRECT), **routes(1, *pairs), **firewall()}, behind=FIREWALL)
    scope = made.scope
    assert scope and (path_of(1) in scope.undecided) is (state == "undecided")
    assert (path_of(1) in scope.not_behind) is (state == "out") and ("ws-1" in names(made)) is (state == "kept")


def test_an_odd_route_is_none(fleet: Asked) -> None:
    odd = routes(1, ("0.0.0.0/0", [HOP]), ("x", None))  # type: ignore[list-item, arg-type]
    made = fleet({**only_aks(5), **only_aks(1, **DIRECT), **odd, **firewall()}, behind=FIREWALL)
    assert made.scope and path_of(1) in made.scope.not_behind


def test_a_cluster_behind_a_proxy_may_be_behind_a_firewall(fleet: Asked) -> None:
    proxied = {"httpProxyConfig": {"httpsProxy": "http://10.255.0.4:3128", "enabled": True}, **DIRECT}
    made = fleet({**only_aks(5), **only_aks(1, **proxied), **spoke(1, hop=None), **firewall()}, behind=FIREWALL)
    assert made.scope and made.scope.undecided == (path_of(1),)


def test_one_that_is_named_does_not_widen_the_search(fleet: Asked, azure: FakeAzure) -> None:
    of_one = {"behind": FIREWALL, "subscriptions": (Subscription(SUBSCRIPTION),)}
    made = fleet({**served(6), **firewall()}, workspace_ids=(path_of(1),), **of_one)
    assert names(made) == ["ws-2", "ws-4", "ws-1"]


def test_a_firewall_without_an_address_is_an_error(fleet: Asked, azure: FakeAzure) -> None:
    with pytest.raises(NotFoundError, match="hub-fw shows no private address"):
        fleet({**only_aks(1), **firewall(ipConfigurations=[])}, behind=FIREWALL)


def test_a_firewall_that_is_not_there_and_nothing_behind_one_are_errors(fleet: Asked, azure: FakeAzure) -> None:
    with pytest.raises(NotFoundError, match="hub-fw could not be read: 404"):
        fleet(only_aks(1), behind=FIREWALL)
    with pytest.raises(
        NotFoundError, match="No workspace of this scope is behind the firewall hub-fw by its route tables"
    ):
        fleet({**only_aks(0), **spoke(1, hop="10.9.9.9"), **firewall()}, behind=FIREWALL)
    assert identifier("Microsoft.Network/azureFirewalls", "hub-fw", "hub") == FIREWALL
