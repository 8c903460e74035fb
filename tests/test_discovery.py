"""Discovery against an Azure that refuses, stalls, lies and leaks: facts or gaps, never a guess, never a secret."""

from __future__ import annotations

import dataclasses
import json
import logging
import sys
import time
from typing import Optional

import pytest

from azext_amlnet.catalog import load
from azext_amlnet.catalog.expand import expand
from azext_amlnet.codec import from_json, to_json
from azext_amlnet.discovery import discover
from azext_amlnet.discovery.arm import API_VERSIONS
from azext_amlnet.discovery.client import Timeouts
from azext_amlnet.errors import AccessError, AmlnetError, NotFoundError, UnreachableError, UsageError
from azext_amlnet.model import Cloud, ClusterType, Level, MlRegistry, Scope, Workspace

from . import builders as arm
from .conftest import Facts, StaticToken
from .fakearm import SUBSCRIPTION, FakeAzure, Fault

QUICK = Timeouts(connect_s=2, read_s=0.5, first_answer_s=5, retries=1)


def gaps(workspace: Workspace) -> str:
    """All gaps as one text."""
    return "\n".join(map(str, workspace.gaps))


# -- what is read


def test_the_facts_of_a_workspace_with_both_kinds_of_cluster(facts: Facts) -> None:
    workspace = facts(arm.with_both_clusters())
    assert not workspace.gaps
    assert (workspace.name, workspace.region, workspace.workspace_id) == ("ml-ws", "westeurope", arm.WORKSPACE_GUID)
    assert workspace.registry and workspace.registry.replica_regions == ("northeurope", "swedencentral", "westeurope")
    assert workspace.computes and [compute.name for compute in workspace.computes] == ["edge", "gpu-aks"]
    assert workspace.computes[0].namespace == "azureml" and workspace.computes[0].node_selector == ("agentpool=gpu",)
    aks, arc = workspace.clusters
    assert (aks.types, aks.region, aks.training) == ((ClusterType.AKS,), "northeurope", True)
    assert (arc.types, arc.region, arc.relay_host) == (
        (ClusterType.ARC,),
        "westeurope",
        "ml-relay-ns.servicebus.windows.net",
    )
    assert arc.service_bus_hosts == ("azgnrelay-westeurope-l1.servicebus.windows.net",)


def test_the_proxy_of_an_aks_cluster_is_read_without_its_credentials(facts: Facts) -> None:
    config = {
        "httpProxy": f"http://user:{arm.PROXY_SECRET}@Proxy.corp.example:3128/",
        "httpsProxy": "https://proxy.corp.example",
        "noProxy": ["localhost", "10.0.0.0/8", "evil\nline"],
        "trustedCa": "Y2E=",
    }
    cluster = facts(
        arm.with_computes({**arm.ordinary(), **arm.aks(httpProxyConfig=config)}, arm.compute("g", arm.AKS))
    ).clusters[0]
    assert cluster.proxy
    assert (cluster.proxy.http, cluster.proxy.https) == ("http://proxy.corp.example:3128", "https://proxy.corp.example")
    assert cluster.proxy.skip == ("localhost", "10.0.0.0/8") and cluster.proxy.trusted_ca


@pytest.mark.parametrize(
    ("config", "skip"),
    [
        ({"enabled": False, "httpProxy": "http://proxy:3128"}, None),
        ({"enabled": True, "httpProxy": "http://proxy:3128", "noProxy": ["corp.example"]}, ("corp.example",)),
        (
            {
                "httpProxy": "http://proxy:3128",
                "noProxy": ["corp.example"],
                "effectiveNoProxy": ["localhost", "10.0.0.0/16", "corp.example"],
            },
            ("localhost", "10.0.0.0/16", "corp.example"),
        ),
    ],
    ids=["off", "asked-for", "in-force"],
)
def test_the_proxy_in_force_counts_and_not_the_one_that_was_asked_for(
    facts: Facts, config: dict[str, object], skip: Optional[tuple[str, ...]]
) -> None:
    like = {**arm.ordinary(), **arm.aks(httpProxyConfig=config)}
    proxy = facts(arm.with_computes(like, arm.compute("g", arm.AKS))).clusters[0].proxy
    assert (proxy.skip if proxy else None) == skip


CONNECTION = "/subscriptions/x/resourceGroups/other/providers/Microsoft.Relay/namespaces/My-Own/hybridConnections/hc"


@pytest.mark.parametrize("tagged", ["old-ns", None])
def test_the_relay_that_the_extension_names_goes_before_any_guess(facts: Facts, tagged: Optional[str]) -> None:
    named = arm.extension(**{"relayserver.hybridConnectionResourceID": CONNECTION})
    resources = {**arm.ordinary(), **arm.arc(extensions=[named], relay=tagged)}
    cluster = facts(arm.with_computes(resources, arm.compute("edge", arm.ARC))).clusters[0]
    assert cluster.relay_host == "my-own.servicebus.windows.net"


def test_a_service_bus_is_no_relay(facts: Facts) -> None:
    resources = {**arm.ordinary(), **arm.arc(relay=None)}
    compute = arm.compute("edge", arm.ARC)
    bus = f"Endpoint=sb://edge-service-bus.servicebus.windows.net/;SharedAccessKey={arm.RELAY_SECRET}"
    compute["properties"]["properties"]["serviceBusConnectionString"] = bus
    assert facts(arm.with_computes(resources, compute)).clusters[0].relay_host is None


def test_what_aks_monitors_itself_is_not_known_of_one_that_is_connected_to_arc(facts: Facts) -> None:
    for distribution, monitoring in (("aks", None), ("rancher_rke", False)):
        resources = {**arm.ordinary(), **arm.arc(distribution=distribution)}
        assert facts(arm.with_computes(resources, arm.compute("e", arm.ARC))).clusters[0].monitoring is monitoring


def test_a_replica_that_takes_no_requests_brings_no_data_host(facts: Facts) -> None:
    replicas = [
        {"name": "westeurope", "location": "westeurope", "properties": {"regionEndpointEnabled": True}},
        {"name": "westus", "location": "westus", "properties": {"regionEndpointEnabled": False}},
    ]
    own = {"regionalEndpoints": "Enabled", "regionalEndpointHostNames": ["acrml.westus.geo.azurecr.io"]}
    for settings, used in (({}, ["westeurope"]), (own, ["westeurope", "westus"])):
        premium = arm.registry("Premium", ("westeurope", "westus"), replications=replicas, **settings)
        registry = facts({**arm.ordinary(), **premium}).registry
        assert registry and list(registry.replica_regions) == used
        assert list(registry.data_hosts) == [f"acrml.{region}.data.azurecr.io" for region in used]


def test_add_ons_and_profiles_of_a_cluster_are_read(facts: Facts) -> None:
    profiles = {
        "addonProfiles": {"azureKeyvaultSecretsProvider": {"enabled": True}, "azurePolicy": {"enabled": False}},
        "securityProfile": {
            "defender": {"securityMonitoring": {"enabled": True}},
            "customCATrustCertificates": ["Y2E=", "Y2E=", {"odd": 1}],
        },
        "apiServerAccessProfile": {"enableVnetIntegration": True},
    }
    for settings, expected in (
        (profiles, (True, True, False, 3, ("Y2E=", "Y2E="), True)),
        ({}, (False, False, False, 0, (), False)),
    ):
        resources = arm.with_computes({**arm.ordinary(), **arm.aks(**settings)}, arm.compute("g", arm.AKS))
        aks = facts(resources).clusters[0]
        assert (
            aks.key_vault_csi,
            aks.defender,
            aks.azure_policy,
            aks.own_authorities,
            aks.authorities,
            aks.vnet_integration,
        ) == expected


def test_resources_that_let_selected_networks_in_only_say_so(facts: Facts) -> None:
    deny = {"defaultAction": "Deny"}
    resources = {
        **arm.ordinary(hbiWorkspace=True),
        **arm.registry("Premium", ("westeurope",), networkRuleSet=deny),
        **arm.storage(networkAcls=deny),
        **arm.key_vault(networkAcls={"defaultAction": "Allow"}),
    }
    workspace = facts(resources)
    assert (
        workspace.registry and workspace.registry.selected_networks and workspace.storage_accounts[0].selected_networks
    )
    assert workspace.key_vault and not workspace.key_vault.selected_networks and workspace.hbi is True


def test_the_registries_of_models_are_the_subscriptions_and_a_refusal_is_quiet(facts: Facts, azure: FakeAzure) -> None:
    own = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/ownstore"
    made = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/acrmodels"
    region = {
        "location": "westeurope",
        "acrDetails": [{"systemCreatedAcrAccount": {"armResourceId": {"resourceId": made}}}],
        "storageAccountDetails": [
            {"systemCreatedStorageAccount": {"storageAccountName": "stmodels"}},
            {"userCreatedStorageAccount": {"armResourceId": {"resourceId": own}}},
        ],
    }
    listed = [{"name": "models", "properties": {"regionDetails": [region, None]}}, {"name": None}]
    workspace = facts({**arm.ordinary(), arm.ML_REGISTRIES: listed})
    assert workspace.ml_registries == (MlRegistry("models", ("westeurope",), ("acrmodels",), ("ownstore", "stmodels")),)
    azure.faults.append(Fault("MachineLearningServices/registries", status=403, code="Forbidden", message="no"))
    refused = facts(arm.ordinary())
    assert refused.ml_registries is None and not refused.gaps
    rows = expand(load(), refused, Scope(level=Level.OPTIONAL)).rows
    general = next(row for row in rows if row.entries == ("aml-registries-api",))
    assert any("registries the subscription has is not known" in note for note in general.notes)


class NoRegistryClient:
    """An az that brings no client for registries."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.startswith("azure.mgmt.containerregistry"):
            raise ImportError(name)


def test_registries_are_the_same_with_their_own_client_and_without(
    facts: Facts, azure: FakeAzure, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_own = facts(arm.ordinary())
    agents = {seen.headers.get("User-Agent", "") for seen in azure.asked("ContainerRegistry/registries")}
    assert any("mgmt-containerregistry" in agent for agent in agents)
    for name in [name for name in sys.modules if name.startswith("azure.mgmt.containerregistry")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [NoRegistryClient(), *sys.meta_path])
    azure.seen.clear()
    assert facts(arm.ordinary()) == with_own
    agents = {seen.headers.get("User-Agent", "") for seen in azure.asked("ContainerRegistry/registries")}
    assert agents and not any("mgmt-containerregistry" in agent for agent in agents)


def test_facts_survive_being_written_and_read(facts: Facts) -> None:
    workspace = facts(arm.with_both_clusters())
    assert from_json(Workspace, json.loads(json.dumps(to_json(workspace)))) == workspace


def test_no_secret_of_an_answer_is_in_the_facts_or_the_log(facts: Facts, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    config = {"httpProxy": f"http://user:{arm.PROXY_SECRET}@proxy:3128"}
    workspace = facts({**arm.with_both_clusters(), **arm.aks(httpProxyConfig=config)})
    text = repr(workspace) + json.dumps(to_json(workspace)) + caplog.text
    assert "GET" in caplog.text
    for secret in (arm.RELAY_SECRET, arm.INSIGHTS_KEY, arm.PROXY_SECRET, "token-of-the-tests"):
        assert secret not in text


# -- how it asks


def test_calls_run_together_and_depth_is_three(facts: Facts, azure: FakeAzure) -> None:
    azure.latency_s = 0.1
    started = time.monotonic()
    facts(arm.with_both_clusters())
    assert max(entry.together for entry in azure.seen) >= 8
    assert time.monotonic() - started < 16 * 0.1  # one after the other would take that long
    assert len(azure.seen) == 17


def test_only_get_is_ever_sent_even_when_a_provider_is_not_registered(facts: Facts, azure: FakeAzure) -> None:
    message = "The subscription is not registered to use namespace 'Microsoft.ContainerRegistry'."
    azure.faults.append(Fault("/registries/", status=409, code="MissingSubscriptionRegistration", message=message))
    workspace = facts(arm.ordinary())
    assert "registry acrml: its resource provider is not registered" in gaps(workspace)
    assert {entry.method for entry in azure.seen} == {"GET"}


def test_many_computes_on_one_cluster_ask_about_it_once(facts: Facts, azure: FakeAzure) -> None:
    computes = [arm.compute(f"c{i}", arm.AKS if i % 2 else arm.AKS.upper().replace("/SUB", "/sub")) for i in range(6)]
    workspace = facts(arm.with_computes({**arm.ordinary(), **arm.aks()}, *computes))
    assert len(workspace.clusters) == 1 and len(workspace.computes or ()) == 6
    assert len([s for s in azure.asked("/managedClusters/aks-gpu") if s.path.lower().endswith("aks-gpu")]) == 1


def test_pages_are_followed(facts: Facts) -> None:
    computes = [arm.compute(f"c{i:02}", arm.AKS) for i in range(75)]
    assert len(facts(arm.with_computes({**arm.ordinary(), **arm.aks()}, *computes)).computes or ()) == 75


def test_a_next_page_on_another_host_is_not_asked_and_gets_no_token(facts: Facts, azure: FakeAzure) -> None:
    body = json.dumps({"value": [], "nextLink": "https://evil.example/steal"}).encode()
    azure.faults.append(Fault("/computes", status=200, body=body))
    assert "the next page is on another host" in gaps(facts(arm.ordinary()))
    assert not [name for name in azure.connects if "evil" in name]


def test_a_next_page_with_the_port_written_out_is_followed(facts: Facts, azure: FakeAzure) -> None:
    link = f"{azure.url.upper().replace('HTTPS', 'https')}{arm.workspace_id()}/computes?api-version=1"
    first = {"value": [arm.compute("first", arm.AKS)], "nextLink": link}
    azure.faults.append(Fault("/computes", status=200, body=json.dumps(first).encode(), times=1))
    workspace = facts(arm.with_computes({**arm.ordinary(), **arm.aks()}, arm.compute("second", arm.AKS)))
    assert [compute.name for compute in workspace.computes or ()] == ["first", "second"]


def test_endless_paging_ends(facts: Facts, azure: FakeAzure) -> None:
    link = f"{azure.url}{arm.workspace_id()}/computes?api-version=1&again=1"
    azure.faults.append(Fault("/computes", status=200, body=json.dumps({"value": [], "nextLink": link}).encode()))
    assert "the list leads back to a page that was read" in gaps(facts(arm.ordinary()))
    assert len(azure.asked("/computes")) <= 3


def test_an_api_version_that_arm_does_not_know_is_replaced_once(facts: Facts, azure: FakeAzure) -> None:
    azure.versions["/registries/acrml"] = ["2019-05-01", "2025-11-01", "2023-01-01-preview"]
    workspace = facts(arm.ordinary())
    assert not workspace.gaps and workspace.registry and workspace.registry.login_server == "acrml.azurecr.io"
    asked = [entry.query["api-version"][0] for entry in azure.asked("/registries/acrml") if "repl" not in entry.path]
    assert asked == [API_VERSIONS["registry"], "2025-11-01"]


# -- what goes wrong


def test_too_many_requests_are_waited_out(facts: Facts, azure: FakeAzure) -> None:
    azure.faults.append(
        Fault("/registries/acrml", status=429, code="TooManyRequests", headers={"Retry-After": "1"}, times=1)
    )
    started = time.monotonic()
    assert not facts(arm.ordinary()).gaps
    assert time.monotonic() - started >= 1


def test_more_patience_than_there_is_makes_a_gap_at_once(facts: Facts, azure: FakeAzure) -> None:
    azure.faults.append(Fault("/registries/acrml", status=429, code="Busy", headers={"Retry-After": "600"}))
    started = time.monotonic()
    assert "registry acrml: 429" in gaps(facts(arm.ordinary()))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("status", [500, 503])
def test_a_retry_after_that_nobody_can_read_is_ignored(facts: Facts, azure: FakeAzure, status: int) -> None:
    azure.faults.append(Fault("/storageAccounts/", status=status, headers={"Retry-After": "soon"}, times=1))
    assert not facts(arm.ordinary()).gaps


@pytest.mark.parametrize("status", [500, 503])
def test_server_errors_are_retried(facts: Facts, azure: FakeAzure, status: int) -> None:
    azure.faults.append(Fault("/storageAccounts/", status=status, times=2))
    assert not facts(arm.ordinary()).gaps


@pytest.mark.parametrize("status", [500, 503])
def test_server_errors_that_stay_become_a_gap(facts: Facts, azure: FakeAzure, status: int) -> None:
    azure.faults.append(Fault("/storageAccounts/", status=status, message="try later"))
    workspace = facts(arm.ordinary(), timeouts=QUICK)
    assert f"storage account mlstore: {status}: try later" in gaps(workspace)


@pytest.mark.parametrize("action", ["reset", "close", "hang"])
def test_broken_and_silent_connections_become_a_gap(facts: Facts, azure: FakeAzure, action: str) -> None:
    azure.faults.append(Fault("/vaults/", action=action))
    workspace = facts(arm.ordinary(), timeouts=QUICK)
    assert "key vault mlvault:" in gaps(workspace) and azure.arm.server_address[0] in ("127.0.0.1", "localhost")
    assert workspace.key_vault and not workspace.key_vault.readable


@pytest.mark.parametrize("kind", ["application/json", "text/html"])
@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"{not json", b"<html><title>Blocked</title></html>", b"[]", b"null", b'"text"', b""]
)
def test_an_answer_that_is_no_json_object_becomes_a_gap(facts: Facts, azure: FakeAzure, body: bytes, kind: str) -> None:
    azure.faults.append(Fault("/registries/acrml", status=200, body=body, headers={"Content-Type": kind}))
    assert "the answer is not a JSON object (" in gaps(facts(arm.ordinary()))


@pytest.mark.parametrize("value", [None, {}, [], "text", 5, {"properties": None}, {"properties": []}])
@pytest.mark.parametrize("part", ["computes", "datastores", "outboundNetworkDependenciesEndpoints"])
def test_items_of_the_wrong_shape_are_survived(facts: Facts, azure: FakeAzure, part: str, value: object) -> None:
    azure.faults.append(Fault(f"/{part}", status=200, body=json.dumps({"value": [value]}).encode()))
    workspace = facts(arm.ordinary())
    assert workspace.workspace_id == arm.WORKSPACE_GUID


@pytest.mark.parametrize(
    "part", ["/registries/acrml", "/storageAccounts/", "/vaults/", "/components/", "/connectedClusters/"]
)
def test_missing_properties_are_survived(facts: Facts, azure: FakeAzure, part: str) -> None:
    azure.faults.append(Fault(part, status=200, body=b"{}"))
    workspace = facts(arm.with_both_clusters())
    assert workspace.registry and workspace.storage_accounts and workspace.key_vault
    assert "its properties are missing in ARM's answer" in gaps(workspace)


@pytest.mark.parametrize("body", [{}, {"value": None}, {"error": {"code": "Blocked"}}, {"properties": []}])
def test_an_answer_that_is_no_workspace_is_not_taken_for_one(facts: Facts, body: object) -> None:
    with pytest.raises(AmlnetError, match="the answer is no workspace"):
        facts({arm.workspace_id(): body})


def test_a_workspace_answer_without_properties_shows_what_is_missing(facts: Facts) -> None:
    workspace = facts({arm.workspace_id(): {"name": "ml-ws", "properties": {}}, f"{arm.workspace_id()}/computes": []})
    assert workspace.workspace_id is None and workspace.region is None
    assert "its workspaceId is missing" in gaps(workspace) and "its location is missing" in gaps(workspace)


@pytest.mark.parametrize("hostile", ['evil.com" }', "a b", "x\ny", "ünïcode.example", "a" * 300, "*.evil.example", ""])
def test_hostile_host_names_of_arm_are_not_taken(facts: Facts, hostile: str) -> None:
    resources = {
        **arm.ordinary(),
        **arm.registry("Standard", loginServer=hostile),
        **arm.key_vault(vaultUri=f"https://{hostile}/"),
    }
    workspace = facts(resources)
    assert workspace.registry and workspace.registry.login_server is None
    assert workspace.key_vault and workspace.key_vault.host is None
    assert "loginServer is missing" in gaps(workspace)


def test_hostile_names_and_messages_of_arm_stay_on_one_line(facts: Facts, azure: FakeAzure) -> None:
    azure.faults.append(
        Fault("/registries/acrml", status=403, code="X\x1b[31m", message="line one\r\nERROR: line two\x07")
    )
    for gap in facts(arm.ordinary()).gaps:
        assert str(gap).isprintable()
    assert "line one ERROR: line two" in gaps(facts(arm.ordinary()))


# -- what cannot go on


@pytest.mark.parametrize("name", ["nobody", "../computes", "a b/c"])
def test_an_unknown_workspace(facts: Facts, azure: FakeAzure, name: str) -> None:
    with pytest.raises(NotFoundError, match="ResourceNotFound"):
        facts(arm.ordinary(), name=name)
    # Whatever was typed stays one segment of the path.
    assert all(entry.path.count("/") <= 11 for entry in azure.seen)


def test_a_workspace_that_may_not_be_read(facts: Facts, azure: FakeAzure) -> None:
    azure.faults.append(
        Fault("/workspaces/", status=403, code="AuthorizationFailed", message="does not have authorization")
    )
    with pytest.raises(AccessError, match="does not have authorization") as caught:
        facts(arm.ordinary())
    assert "Reader" in caught.value.hint


def test_a_workspace_call_that_keeps_failing(facts: Facts, azure: FakeAzure) -> None:
    azure.faults.append(Fault("/workspaces/ml-ws?", status=503, code="ServerBusy", message="busy"))
    with pytest.raises(AmlnetError, match="503: busy"):
        facts(arm.ordinary(), timeouts=QUICK)


def test_an_arm_that_never_answers_is_named_in_time(facts: Facts, azure: FakeAzure) -> None:
    azure.faults.append(Fault("/subscriptions/", action="hang"))
    started = time.monotonic()
    with pytest.raises(UnreachableError, match=rf"localhost:{azure.port}\) did not answer within 2 seconds") as caught:
        facts(arm.ordinary(), timeouts=dataclasses.replace(QUICK, read_s=30, first_answer_s=2))
    assert time.monotonic() - started < 4
    assert "--workspace-file" in caught.value.hint


def test_an_arm_that_refuses_connections_is_named(azure: FakeAzure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    with pytest.raises(UnreachableError, match=r"no connection to 127\.0\.0\.1:9: .*refused"):
        discover(
            subscription_id=SUBSCRIPTION,
            resource_group="g",
            workspace="w",
            credential=StaticToken(),
            base_url="https://127.0.0.1:9",
            timeouts=QUICK,
        )


def test_an_arm_behind_an_unknown_authority_is_not_trusted(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(UnreachableError, match="CERTIFICATE_VERIFY_FAILED"):
        facts(arm.ordinary(), timeouts=QUICK)


def test_discover_without_a_credential_says_what_it_needs() -> None:
    with pytest.raises(UsageError, match="needs a credential"):
        discover(subscription_id=SUBSCRIPTION, resource_group="g", workspace="w", cloud=Cloud.PUBLIC)
