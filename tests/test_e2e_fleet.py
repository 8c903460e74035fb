"""Many workspaces through the real az: what a user types for one firewall, and what comes back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from .fakearm import OTHER_SUBSCRIPTION, SUBSCRIPTION, FakeAzure, Fault
from .fleets import FIREWALL, HIDDEN, example, firewall, one_served, served
from .schemas import fits
from .test_e2e import one_line
from .test_fleet import only_aks, path_of
from .world import Az

LIST = ("ml", "network", "requirements")
BOTH = ("--all-workspaces", "--subscriptions", SUBSCRIPTION, OTHER_SUBSCRIPTION)


def test_all_workspaces_of_a_subscription_are_one_list(az: Az, azure: FakeAzure) -> None:
    azure.serve(served(6))
    ran = az.must(*LIST, "--all-workspaces")
    assert f"Searched: subscription sub-2222 ({SUBSCRIPTION}), by Azure Resource Graph: 3 workspaces." in ran.err
    shared = [row for row in ran.json if len(row["workspaces"]) == 3]
    own = [row["host"] for row in ran.json if row["workspaces"] == ["ws-2"]]
    assert "login.microsoftonline.com" in [row["host"] for row in shared]
    assert {"acr2.azurecr.io", "store2.blob.core.windows.net", "relay-2.servicebus.windows.net"} <= set(own)
    (api,) = [row for row in ran.json if row["host"].startswith("aks-2-dns")]
    assert (api["computes"], api["sourceAddresses"]) == (["ws-2/gpu"], ["10.0.2.0/25", "10.0.2.128/25"])
    assert ran.json == az.must(*LIST, "--all-workspaces").json


def test_the_table_names_workspaces_while_they_fit(az: Az, azure: FakeAzure) -> None:
    azure.serve(served(6))
    lines = az.must(*LIST, *BOTH, "-o", "table").out.splitlines()
    assert lines[0].split() == ["Host", "Port", "Level", "Workspaces", "Reason"]
    (login,) = [line for line in lines if line.startswith("login.microsoftonline.com ")]
    (own,) = [line for line in lines if line.startswith("acr5.azurecr.io ")]
    assert login.split()[3] == "6" and own.split()[3] == "ws-5"


def test_names_of_subscriptions_do_and_unknown_ones_do_not(az: Az, azure: FakeAzure) -> None:
    azure.serve(served(4))
    ran = az.must(*LIST, "--all-workspaces", "--subscriptions", "SUB-3333")
    assert {name for row in ran.json for name in row["workspaces"]} == {"ws-1", "ws-3"}
    ran = az(*LIST, "--all-workspaces", "--subscriptions", "prod")
    assert ran.code == 2
    one_line(ran, "--subscriptions: no subscription of this login is called 'prod'", "az account list -o table")


def test_one_id_is_one_workspace_as_ever_and_several_are_a_fleet(az: Az, azure: FakeAzure, tmp_path: Path) -> None:
    azure.serve(served(3))
    by_id, by_name = tmp_path / "id.json", tmp_path / "name.json"
    az.must(*LIST, "--workspace-id", path_of(2), "--save-workspace-file", str(by_id))
    az.must(*LIST, "-w", "ws-2", "-g", "rg-2", "--save-workspace-file", str(by_name))
    assert by_id.read_bytes() == by_name.read_bytes()
    saved = tmp_path / "fleet.json"
    ran = az.must(
        *LIST, "--workspace-id", path_of(0).lower(), path_of(2), path_of(1), "--save-workspace-file", str(saved)
    )
    assert "Searched" not in ran.err
    document = json.loads(saved.read_text(encoding="utf-8"))
    assert list(document) == ["schemaVersion", "scope", "workspaces"] and document["scope"]["door"] == "resource-graph"
    assert [one["name"] for one in document["workspaces"]] == ["ws-0", "ws-2", "ws-1"]


def test_saved_facts_of_a_fleet_give_the_same_list_everywhere(az: Az, azure: FakeAzure, tmp_path: Path) -> None:
    azure.serve(served(4))
    saved = tmp_path / "fleet.json"
    ran = az.must(*LIST, *BOTH, "--save-workspace-file", str(saved))
    azure.resources.clear()
    again = az.must(*LIST, "--workspace-file", str(saved))
    assert again.out == ran.out and "Searched: subscriptions sub-2222" in again.err
    two = tmp_path / "two.json"
    two.write_text(json.dumps({"workspaces": json.loads(saved.read_text(encoding="utf-8"))["workspaces"][:1]}))
    assert az.must(*LIST, "--workspace-file", str(two), str(saved)).out == ran.out  # the first stands in both
    ran = az.must("ml", "network", "export", "--workspace-file", str(saved), "--format", "hosts", "--output-file", "-")
    assert "# Outbound endpoints for Azure Machine Learning of 4 workspaces: ws-0, ws-2, ws-1, ws-3" in ran.out
    assert "# Searched: subscriptions sub-2222" in ran.out


def test_reports_are_of_all_workspaces_and_rows_of_those_that_need_them(
    az: Az, azure: FakeAzure, tmp_path: Path
) -> None:
    azure.serve(served(3))
    allowed = tmp_path / "allowed.txt"
    hosts = [host for host in az.must(*LIST, *BOTH).hosts if host != "acr1.azurecr.io"]
    allowed.write_text("\n".join(hosts) + "\n", encoding="utf-8")
    page = tmp_path / "policy.html"
    ran = az("ml", "network", "check-policy", *BOTH, "--policy", str(allowed), "--report-file", str(page))
    fits(ran.json, "policy")
    (missing,) = [one for one in ran.json["findings"] if one["coverage"] == "missing" and one["level"] == "required"]
    assert (missing["host"], missing["workspaces"]) == ("acr1.azurecr.io", ["ws-1"])
    assert ran.code == 8 and ran.json["workspace"] is None
    assert [one["name"] for one in ran.json["workspaces"]] == ["ws-0", "ws-2", "ws-1"]
    assert "3 workspaces" in page.read_text(encoding="utf-8")
    ran = az("ml", "network", "test", *BOTH, "--timeout", "0.5", "--level", "required", "--exclude", "aks", "registry")
    fits(ran.json, "report")
    assert {tuple(one["workspaces"]) for one in ran.json["results"]} >= {("ws-0", "ws-1", "ws-2"), ("ws-2",)}


def test_gaps_of_one_are_named_and_the_others_go_on(az: Az, azure: FakeAzure) -> None:
    azure.serve(example())
    azure.faults.append(HIDDEN)
    ran = az.must(*LIST, *BOTH)
    assert "WARNING: fraud: computes of the workspace: 403: the client may not read computes" in ran.err
    names = {name for row in ran.json for name in row["workspaces"]}
    assert {"rg-9/research", "rg-10/research", "fraud", "sandbox"} <= names and len(names) == 12
    (shared,) = [row for row in ran.json if row["host"] == "acr0.azurecr.io"]
    assert shared["workspaces"] == ["vision-dev", "vision-prod", "vision-test"]
    (private,) = [row for row in ran.json if row["host"] == "store4.blob.core.windows.net"]
    assert private["private"] and private["workspaces"] == ["speech-prod"]


def test_azures_own_lists_are_asked_of_a_fleet_on_request(az: Az, azure: FakeAzure) -> None:
    azure.serve(served(2))
    az.must(*LIST, *BOTH)
    assert not azure.asked("outboundNetworkDependenciesEndpoints")
    az.must(*LIST, *BOTH, "--cross-check")
    assert len(azure.asked("outboundNetworkDependenciesEndpoints")) == 4


def test_sources_of_clusters_are_azures_or_the_users(az: Az, azure: FakeAzure) -> None:
    azure.serve(served(3))
    ran = az.must(*LIST, *BOTH, "--source", "ws-1/edge=10.200.0.0/16")
    (relay,) = [row for row in ran.json if row["host"] == "relay-1.servicebus.windows.net"]
    assert (relay["computes"], relay["sourceAddresses"]) == (["ws-1/edge"], ["10.200.0.0/16"])
    ran = az(*LIST, *BOTH, "--source", "ws-9/edge=10.200.0.0/16")
    assert ran.code == 2
    one_line(ran, "--source ws-9/edge=: No Kubernetes compute 'ws-9/edge' is attached to any of the 3 workspaces")


def test_behind_a_firewall_some_and_of_some_nobody_can_tell(az: Az, azure: FakeAzure) -> None:
    azure.serve({**only_aks(1), **only_aks(5), **only_aks(3), **firewall()})
    words = (*LIST, "--behind", FIREWALL, "--subscriptions", OTHER_SUBSCRIPTION)
    ran = az(*words)
    assert ran.code == 9 and {name for row in ran.json for name in row["workspaces"]} == {"ws-1", "ws-5"}
    assert (
        "Whether ws-3 is behind firewall hub-fw cannot be told, so no rows of that are in this list: --work" in ran.err
    )
    ran = az(*words, "--workspace-id", path_of(3))
    assert ran.code == 0 and {name for row in ran.json for name in row["workspaces"]} == {"ws-1", "ws-3", "ws-5"}
    ran = az("ml", "network", "export", *words[3:], "--format", "hosts", "--output-file", "-")
    assert ran.code == 9 and "acr1.azurecr.io" in ran.out and "acr3.azurecr.io" not in ran.out


def test_what_was_left_open_stays_open_in_files_and_for_single_hosts(az: Az, azure: FakeAzure, tmp_path: Path) -> None:
    azure.serve({**only_aks(1), **only_aks(3), **firewall()})
    saved, other = tmp_path / "behind.json", tmp_path / "other.json"
    words = (*LIST, "--behind", FIREWALL, "--subscriptions", OTHER_SUBSCRIPTION)
    assert az(*words, "--save-workspace-file", str(saved)).code == 9  # one workspace is left, and one is open
    again = az(*LIST, "--workspace-file", str(saved))
    assert again.code == 9 and "Whether ws-3 is behind firewall hub-fw cannot be told" in again.err
    ran = az(*LIST, "--workspace-file", str(saved), "--host", "acr3.azurecr.io")
    assert ran.code == 9 and not ran.json[0]["listed"] and "Whether ws-3 is behind" in ran.err
    azure.serve({**one_served(0), **only_aks(3)})
    az.must(*LIST, "--workspace-id", path_of(0), "--save-workspace-file", str(other))
    assert az(*LIST, "--workspace-file", str(saved), str(other)).code == 9
    az.must(*LIST, "--workspace-id", path_of(3), "--save-workspace-file", str(other), "--overwrite")
    assert az(*LIST, "--workspace-file", str(saved), str(other)).code == 0  # now it is in the list
    part = json.loads(saved.read_text(encoding="utf-8"))
    part["scope"]["undecided"], part["scope"]["gaps"] = [], []  # another firewall's, behind which a part of ws-3 is
    part["workspaces"] = [{**json.loads(other.read_text(encoding="utf-8")), "hbi": None}]
    del part["workspaces"][0]["schemaVersion"]
    other.write_text(json.dumps(part), encoding="utf-8")
    assert az(*LIST, "--workspace-file", str(saved), str(other)).code == 9


def test_addresses_of_all_and_of_one_are_read_once(az: Az, azure: FakeAzure, tmp_path: Path) -> None:
    azure.serve(served(2))
    rule = {"ruleType": "ApplicationRule", "name": "all", "sourceAddresses": ["10.50.0.0/16"], "targetFqdns": ["*"],
            "protocols": [{"protocolType": "Https", "port": 443}]}  # fmt: skip
    collection = {"name": "c", "ruleCollectionType": "FirewallPolicyFilterRuleCollection", "priority": 100,
                  "action": {"type": "Allow"}, "rules": [rule]}  # fmt: skip
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"properties": {"priority": 100, "ruleCollections": [collection]}}), encoding="utf-8")
    one = ("--source", "10.50.0.0/16", "ws-1/gpu=10.60.0.0/16", "ws-1/edge=10.60.0.0/16")
    ran = az("ml", "network", "check-policy", *BOTH, "--policy", str(policy), *one)
    coverage = {finding["host"]: finding["coverage"] for finding in ran.json["findings"]}
    assert (coverage["vault0.vault.azure.net"], coverage["vault1.vault.azure.net"]) == ("covered", "missing")
    assert coverage["mcr.microsoft.com"] == "partial"


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ((*BOTH, "-w", "ws-1", "-g", "rg-1"), ("--workspace-name/-w and --resource-group/-g cannot be used with",)),
        (("--workspace-id", path_of(1), "-g", "rg-1"), ("--resource-group/-g cannot be used with --workspace-id",)),
        (("--all-workspaces", "--workspace-id", path_of(1)), ("--all-workspaces does not go with --workspace-id",)),
        (("--workspace-id", path_of(1), "--subscriptions", "x"), ("--subscriptions is for --all-workspaces",)),
        (("-w", "a", "-g", "b", "--management-groups", "x"), ("--management-groups is for --all-workspaces",)),
        (("--all-workspaces", "--subscriptions", " "), ("--subscriptions is empty; is a variable not set?",)),
        (("--all-workspaces", "--management-groups", "x", "--subscriptions", "y"), ("give one of the two",)),
        (("--workspace-id", FIREWALL), ("--workspace-id is no ARM id of a workspace",)),
        (("--workspace-id", "ws-1"), ("--workspace-id is no ARM id of a workspace: 'ws-1'",)),
        (("--workspace-id", ""), ("--workspace-id is empty; is a variable not set?",)),
        (("--all-workspaces", "--behind", ""), ("--behind is empty; is a variable not set?",)),
        (("-w", "a", "-g", "b", "--behind", " "), ("--behind is empty",)),
        (("--workspace-file", "f.json", "--behind", ""), ("--behind is empty",)),
        (("--all-workspaces", "--management-groups", ""), ("--management-groups is empty",)),
        (("--behind", path_of(1)), ("--behind is no ARM id of an Azure Firewall",)),
        (
            ("--all-workspaces", "--workspace-file", "f.json"),
            ("--all-workspaces cannot be used with --workspace-file",),
        ),
        (("--workspace-file", "f.json", "--subscriptions", "x"), ("--subscriptions is for --all-workspaces",)),
        (("--workspace-file", "f.json", "--cross-check"), ("--cross-check is for",)),
        (("--all-workspaces", "--cross-check", "--no-cross-check"), ("--cross-check does not go with",)),
    ],
)
def test_wrong_scopes_say_what_and_exit_with_2(az: Az, words: tuple[str, ...], parts: tuple[str, ...]) -> None:
    ran = az(*LIST, *words)
    assert ran.code == 2
    one_line(ran, *parts)


def test_a_cluster_is_measured_for_one_workspace(az: Az, azure: FakeAzure, tmp_path: Path) -> None:
    for words in (("--all-workspaces",), ("--workspace-id", path_of(1)), ("--workspace-file", "a.json", "b.json")):
        ran = az("ml", "network", "test", "--cluster", *words)
        assert ran.code == 2
        one_line(ran, "--cluster measures from one cluster, so it does not go with", "give its workspace by -w and -g")


@pytest.mark.parametrize(
    ("words", "code", "parts"),
    [
        (("--workspace-id", path_of(8)), 3, ("ws-8 was not found: 404",)),
        (("--workspace-id", path_of(0), path_of(8)), 3, ("ws-8 was not found: 404",)),
        (("--all-workspaces", "--management-groups", "nobodys"), 1, ("in management group nobodys",)),
        (("--behind", f"{FIREWALL}x"), 3, ("hub-fwx could not be read: 404",)),
    ],
)
def test_what_is_not_there_is_named(
    az: Az, azure: FakeAzure, words: tuple[str, ...], code: int, parts: tuple[str, ...]
) -> None:
    azure.serve(served(2))
    ran = az(*LIST, *words)
    assert ran.code == code, ran.err
    one_line(ran, *parts)


def test_an_empty_scope_says_where_it_looked(az: Az, azure: FakeAzure) -> None:
    ran = az(*LIST, "--all-workspaces")
    assert ran.code == 3
    one_line(ran, f"No Azure ML workspace that this login may read is in subscription sub-2222 ({SUBSCRIPTION}).")


def test_a_fleet_may_be_behind_in_time_and_loses_nothing(az: Az, azure: FakeAzure) -> None:
    azure.serve(served(3))
    headers = {"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:03"}
    azure.faults.append(Fault("ResourceGraph", 429, "RateLimiting", headers=headers, times=3))
    assert az.must(*LIST, *BOTH).err.count("WARNING") <= 2


def test_files_of_other_clouds_and_of_other_facts_are_refused(az: Az, azure: FakeAzure, tmp_path: Path) -> None:
    azure.serve(served(1))
    one = tmp_path / "one.json"
    az.must(*LIST, "--workspace-id", path_of(0), "--save-workspace-file", str(one))
    facts: dict[str, Any] = json.loads(one.read_text(encoding="utf-8"))
    for changed, words in (
        ({"hbi": True}, "workspace ws-0 stands in"),
        ({"cloud": "china", "id": path_of(2)}, "is in another cloud than"),
    ):
        other = tmp_path / f"other-{len(words)}.json"
        other.write_text(json.dumps({**facts, **changed}), encoding="utf-8")
        ran = az(*LIST, "--workspace-file", str(one), str(other))
        assert ran.code == 2
        one_line(ran, words)
    empty = tmp_path / "empty.json"
    empty.write_text('{"schemaVersion": 1, "workspaces": []}', encoding="utf-8")
    ran = az(*LIST, "--workspace-file", str(empty))
    assert ran.code == 2
    one_line(ran, "has no workspace in it")


def test_an_old_row_is_settled_by_a_plain_call(az: Az, azure: FakeAzure) -> None:
    azure.serve(served(2))
    azure.graph = replace(azure.graph, version="2023-01-01")
    az.must(*LIST, *BOTH)
    assert len(azure.asked("/managedClusters/aks-0")) == 1 and len(azure.asked("/storageAccounts/")) == 0
