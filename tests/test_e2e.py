"""The real `az`, installed extension, real login, real TLS: what a user types and what comes back."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import certifi
import pytest

from azext_amlnet.about import version
from azext_amlnet.catalog import DATA

from . import builders as arm
from .fakearm import SUBSCRIPTION, FakeAzure, Fault
from .world import ROOT, Az, Ran, install, wheel

LIST = ("ml", "network", "requirements")
WORKSPACE = (*LIST, "-w", "ml-ws", "-g", "ml-rg")
PLAN = '{"cloud": "public", "region": "westeurope"}'


def one_line(ran: Ran, *parts: str) -> None:
    """The command failed with one clear error: no output, no traceback, all parts said."""
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert all(line.isprintable() for line in ran.err.splitlines())
    errors = [line for line in ran.err.splitlines() if line.startswith("ERROR: ")]
    assert len(errors) == 1, ran.err
    assert all(part in ran.err for part in parts), ran.err


# -- the main job


def test_the_main_job(az: Az, azure: FakeAzure) -> None:
    azure.serve(arm.with_both_clusters())
    ran = az.must(*WORKSPACE)
    assert ran.err == ""
    assert {
        "0a1b2c3d-1111-2222-3333-444455556666.workspace.westeurope.api.azureml.ms",
        "acrml.swedencentral.data.azurecr.io",
        "mlstore.blob.core.windows.net",
        "ml-relay-ns.servicebus.windows.net",
        "northeurope.dp.kubernetesconfiguration.azure.com",
        "pypi.org",
    } <= set(ran.hosts)
    data = next(row for row in ran.json if row["host"] == "acrml.swedencentral.data.azurecr.io")
    origin = data.pop("origin")
    assert origin.keys() == {"tool", "catalog", "digest", "asked", "entries"} and origin["entries"].keys() == {
        "acr-data"
    }
    assert data == {
        "host": "acrml.swedencentral.data.azurecr.io",
        "port": 443,
        "protocol": "https",
        "kind": "fqdn",
        "level": "required",
        "neededFor": ["training", "inference"],
        "computes": [],
        "topic": "registry",
        "websocket": False,
        "inspection": "needs-authority",
        "reason": "Image layers of the registry's swedencentral replica.",
        "entries": ["acr-data"],
        "resource": arm.REGISTRY,
        "workspaces": ["ml-ws"],
        "sourceAddresses": [],
        "private": False,
        "unresolved": False,
        "assumed": False,
        "serviceTags": [],
        "fqdnTags": [],
        "probe": {"host": "acrml.swedencentral.data.azurecr.io", "path": "/", "proof": "registry-data"},
        "sources": [
            {
                "url": "https://learn.microsoft.com/azure/container-registry/container-registry-dedicated-data-endpoints",
                "checked": "2026-11-26",
            },
            {
                "url": "https://github.com/Azure/AML-Kubernetes/blob/master/docs/network-requirements.md",
                "checked": "2026-11-26",
            },
            {
                "url": "https://github.com/Azure/azure-cli/blob/dev/src/azure-cli-core/azure/cli/core/cloud.py",
                "checked": "2026-11-23",
            },
        ],
        "notes": [],
    }


def test_nobody_is_asked_but_arm_and_arcs_allow_list(az: Az, azure: FakeAzure) -> None:
    azure.serve(arm.with_both_clusters())
    az.must(*WORKSPACE)
    assert set(azure.connects) == {"guestnotificationservice.azure.com:443"}
    assert {entry.method for entry in azure.seen} <= {"GET"}
    agent = azure.asked("/workspaces/ml-ws")[0].headers
    assert "AZURECLI/" in agent["User-Agent"] and agent["CommandName"] == "ml network requirements"


def test_the_same_question_has_the_same_answer_to_the_byte(az: Az, azure: FakeAzure) -> None:
    azure.serve(arm.with_both_clusters())
    assert az.must(*WORKSPACE).out == az.must(*WORKSPACE).out


def test_the_table_of_a_pipe_is_whole(az: Az, azure: FakeAzure) -> None:
    azure.serve({**arm.with_both_clusters(), **arm.registry("Standard")})
    hosts = az.must(*WORKSPACE).hosts
    lines = az.must(*WORKSPACE, "-o", "table").out.splitlines()
    assert lines[0].split() == ["Host", "Port", "Level", "Reason"]
    assert [line.split()[0] for line in lines[2:]] == hosts
    assert any(line.endswith("(gpu-aks)") for line in lines) and not any("…" in line for line in lines)


def test_hosts_for_a_script(az: Az, azure: FakeAzure) -> None:
    azure.serve(arm.ordinary())
    ran = az.must(*WORKSPACE, "--query", "[?level=='required'].host", "-o", "tsv", "--cluster-type", "aks")
    assert "acrml.azurecr.io" in ran.out.splitlines() and "*.kusto.windows.net" not in ran.out


def test_configured_defaults_name_the_workspace(az: Az, azure: FakeAzure) -> None:
    azure.serve(arm.ordinary())
    az.must("configure", "--defaults", "workspace=ml-ws", "group=ml-rg")
    assert "acrml.azurecr.io" in az.must(*LIST).hosts


@pytest.mark.parametrize(
    ("words", "made"),
    [
        ((*WORKSPACE, "--cluster-type", "aks"), "az ml network requirements -g ml-rg -w ml-ws --cluster-type aks"),
        (("ml", "network", "test", "--workspace-file", "plan.json", "--level", "required", "--cluster"),
         "az ml network test --workspace-file plan.json --level required --cluster"),
        (("ml", "network", "test", "--endpoint", "a.io", "b.io:8443"), "az ml network test --endpoint a.io b.io:8443"),
        (("ml", "network", "check-policy", "--workspace-file", "my plan.json", "--policy", "a b.json"),
         "az ml network check-policy --workspace-file 'my plan.json' --policy 'a b.json'"),
    ],
)  # fmt: skip
def test_a_baseline_that_is_not_there_is_named_with_the_command_that_makes_it(
    az: Az, words: tuple[str, ...], made: str
) -> None:
    for name in ("plan.json", "my plan.json"):
        (az.folder / name).write_text(PLAN, encoding="utf-8")
    ran = az(*words, "--baseline", "nofile.json")
    assert ran.code == 2
    one_line(ran, "--baseline nofile.json cannot be read: No such file", f"Make the first one: {made} > nofile.json")
    (az.folder / "broken.json").write_text("{", encoding="utf-8")
    ran = az(*words, "--baseline", "broken.json")
    one_line(ran, "--baseline broken.json")
    assert "Make the first one" not in ran.err


def test_a_list_with_placeholders_says_how_many(az: Az) -> None:
    (az.folder / "plan.json").write_text(PLAN, encoding="utf-8")
    ran = az(*LIST, "--workspace-file", "plan.json", "--cluster-type", "aks")
    count = sum(row["unresolved"] for row in ran.json)
    assert count > 2 and f"{count} of {len(ran.json)} rows have a <placeholder>" in ran.err
    concrete = az(*LIST, "--workspace-file", "plan.json", "--cluster-type", "aks", "--query", "[?!unresolved].host")
    assert not [host for host in concrete.json if "<" in host]


# -- completion


def completed(az: Az, line: str) -> list[str]:
    """What the shell is offered behind these words."""
    script = 'exec "$@" 8>completions.txt 9>/dev/null'
    environment = {**az.environment, "_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)),
                   "_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_SUPPRESS_SPACE": "1"}  # fmt: skip
    subprocess.run(["bash", "-c", script, "bash", *az.command()], env=environment, cwd=az.folder, capture_output=True,
                   timeout=60)  # fmt: skip
    return (az.folder / "completions.txt").read_text(encoding="utf-8").split()


def test_the_shell_completes_computes_and_workspaces(az: Az, azure: FakeAzure) -> None:
    azure.serve(arm.with_both_clusters())
    shutil.copy(ROOT / "examples" / "workspace.json", az.folder / "workspace.json")
    prefix = "az ml network requirements"
    assert completed(az, f"{prefix} --workspace-file workspace.json --compute ") == ["edge", "gpu-aks"]
    assert completed(az, f"{prefix} -w ml-ws -g ml-rg --compute gp") == ["gpu-aks"]
    assert completed(az, f"{prefix} -w nobody -g ml-rg --compute ") == []
    assert completed(az, f"{prefix} --workspace-file nofile.json --compute ") == []
    azure.serve({f"/subscriptions/{SUBSCRIPTION}/resourceGroups/ml-rg/resources": [
        {"id": "/x", "name": "ml-ws", "type": "Microsoft.MachineLearningServices/workspaces"}]})  # fmt: skip
    assert completed(az, f"{prefix} -g ml-rg -w ") == ["ml-ws"]


# -- one source


@pytest.mark.parametrize("option", ["--workspace-file", "--requirements-file"])
@pytest.mark.parametrize("typed", [("-w", "ml-ws"), ("-g", "ml-rg"), ("-w", "ml-ws", "-g", "ml-rg")])
def test_a_workspace_that_is_typed_beside_a_file_is_refused(az: Az, option: str, typed: tuple[str, ...]) -> None:
    verb = ("ml", "network", "export", "--format", "hosts") if option == "--requirements-file" else LIST
    (az.folder / "file.json").write_text(PLAN, encoding="utf-8")
    az.must("config", "set", "defaults.workspace=ml-ws", "defaults.group=ml-rg")  # typed all the same
    ran = az(*verb, option, "file.json", *typed)
    assert ran.code == 2
    names = {"-w": "--workspace-name/-w", "-g": "--resource-group/-g"}
    one_line(ran, option, *(names[word] for word in typed if word in names))


def local_context(az: Az, **values: str) -> None:
    """What `az config param-persist on` and earlier commands leave in a folder."""
    user = getpass.getuser()
    az.must("config", "set", f"local_context.{user}=on")
    lines = ["[all]", f"resource_group_name = {values['group']}", "[ml]", f"aml_workspace_name = {values['workspace']}"]
    folder = az.folder / "config"
    (folder / f".local_context_{user}").write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize("way", ["config", "environment", "local context"])
def test_a_workspace_that_az_has_by_default_gives_way_to_a_file(az: Az, azure: FakeAzure, way: str) -> None:
    (az.folder / "plan.json").write_text(PLAN, encoding="utf-8")
    environment = {}
    if way == "config":
        az.must("config", "set", "defaults.workspace=ml-ws", "defaults.group=ml-rg")
    elif way == "environment":
        environment = {"AZURE_DEFAULTS_GROUP": "ml-rg", "AZURE_DEFAULTS_WORKSPACE": "ml-ws"}
    else:
        local_context(az, group="ml-rg", workspace="ml-ws")
    azure.serve(arm.ordinary())
    assert "acrml.azurecr.io" in az(*LIST, "--cluster-type", "aks", **environment).hosts, "the default counts"
    azure.seen.clear()
    ran = az(*LIST, "--workspace-file", "plan.json", "--cluster-type", "aks", **environment)
    assert ran.code == 0 and "<registry>.azurecr.io" in ran.hosts and not azure.seen


def test_a_hint_and_gaps_go_to_standard_error_and_exit_with_zero(az: Az, azure: FakeAzure) -> None:
    azure.serve(arm.ordinary())
    azure.faults.append(Fault("/registries/acrml", status=403, code="AuthorizationFailed", message="no right"))
    ran = az(*WORKSPACE)
    assert ran.code == 0
    warnings = [line for line in ran.err.splitlines() if line.startswith("WARNING: ")]
    assert any("registry acrml: 403: no right (AuthorizationFailed); assumed: acrml.azurecr.io" in w for w in warnings)
    assert any("--cluster-type" in w for w in warnings)
    assert az(*WORKSPACE, "--only-show-errors").err == ""


def test_us_government_by_the_suffixes_of_the_active_cloud(az: Az, azure: FakeAzure, tmp_path: Path) -> None:
    azure.serve(arm.ordinary(location="usgovvirginia", containerRegistry=None))
    gov = Az(tmp_path / "gov", az.extensions, azure)
    gov.folder.mkdir()
    gov.log_in("usgov")
    ran = gov(*WORKSPACE, "--cluster-type", "aks")
    assert ran.code == 0
    assert {"usgovvirginia.api.ml.azure.us", "<registry>.azurecr.us", "login.microsoftonline.us"} <= set(ran.hosts)
    assert "not available in US Government" in ran.err


# -- files


def test_a_plan_file_needs_no_login_and_no_network(az: Az, azure: FakeAzure, tmp_path: Path) -> None:
    stranger = Az(tmp_path / "stranger", az.extensions, azure)
    stranger.folder.mkdir()
    plan = tmp_path / "plan.json"
    plan.write_text(PLAN, encoding="utf-8")
    ran = stranger.must(*LIST, "--workspace-file", str(plan), "--cluster-type", "aks")
    assert "<workspace id>.workspace.westeurope.api.azureml.ms" in ran.hosts
    assert all(row["unresolved"] for row in ran.json if "<" in row["host"])
    assert not azure.seen


def test_saved_facts_give_the_same_list_without_azure(az: Az, azure: FakeAzure, tmp_path: Path) -> None:
    azure.serve(arm.with_both_clusters())
    azure.faults.append(Fault("/vaults/", status=403, code="AuthorizationFailed", message="no right"))
    saved = tmp_path / "facts.json"
    online = az(*WORKSPACE, "--save-workspace-file", str(saved))
    azure.forget()
    offline = az(*LIST, "--workspace-file", str(saved))
    assert (offline.code, offline.out, offline.err) == (0, online.out, online.err)
    assert not azure.seen
    assert json.loads(saved.read_text(encoding="utf-8"))["gaps"][0]["fact"] == "key-vault"


def test_a_file_that_exists_is_left_alone_unless_told_otherwise(az: Az, azure: FakeAzure, tmp_path: Path) -> None:
    azure.serve(arm.ordinary())
    saved = tmp_path / "facts.json"
    saved.write_text("mine", encoding="utf-8")
    ran = az(*WORKSPACE, "--save-workspace-file", str(saved))
    assert ran.code == 2 and saved.read_text(encoding="utf-8") == "mine"
    one_line(ran, "exists already and was left as it is", "--overwrite")
    az.must(*WORKSPACE, "--save-workspace-file", str(saved), "--overwrite")
    assert json.loads(saved.read_text(encoding="utf-8"))["name"] == "ml-ws"


def test_a_failing_command_leaves_nothing_half_written(az: Az, azure: FakeAzure, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    assert az(*WORKSPACE, "--save-workspace-file", str(folder / "facts.json")).code == 3
    assert list(folder.iterdir()) == []


def test_a_new_replica_is_an_added_required_row_and_exits_with_8(az: Az, azure: FakeAzure, tmp_path: Path) -> None:
    azure.serve({**arm.ordinary(), **arm.registry("Premium", ("westeurope", "northeurope"))})
    baseline = tmp_path / "approved.json"
    baseline.write_text(az.must(*WORKSPACE, "--cluster-type", "none").out, encoding="utf-8")
    same = az(*WORKSPACE, "--cluster-type", "none", "--baseline", str(baseline))
    assert same.code == 0 and {row["change"] for row in same.json} == {"same"}
    azure.serve(arm.registry("Premium", ("westeurope", "japaneast")))
    ran = az(*WORKSPACE, "--cluster-type", "none", "--baseline", str(baseline))
    assert ran.code == 8
    assert (
        ran.err == "WARNING: More is required than the baseline allows: acrml.japaneast.data.azurecr.io (workspace).\n"
    )
    changes = {row["host"]: row["change"] for row in ran.json if row["change"] != "same"}
    assert changes == {"acrml.japaneast.data.azurecr.io": "added", "acrml.northeurope.data.azurecr.io": "removed"}
    table = az(*WORKSPACE, "--cluster-type", "none", "--baseline", str(baseline), "-o", "table")
    assert table.code == 8 and table.out.splitlines()[0].split()[0] == "Change"


def test_a_catalog_of_ones_own_is_used_visibly_and_refused_clearly(az: Az, tmp_path: Path) -> None:
    plan, folder = tmp_path / "plan.json", tmp_path / "catalog"
    plan.write_text(PLAN, encoding="utf-8")
    shutil.copytree(DATA, folder)
    words = (*LIST, "--workspace-file", str(plan), "--cluster-type", "aks", "--catalog", str(folder))
    ran = az(*words)
    assert ran.code == 0 and f"of {folder} is in use, not the shipped one" in ran.err
    text = (folder / "logs.yaml").read_text(encoding="utf-8")
    (folder / "logs.yaml").write_text(text.replace("level:", "lvl:", 1), encoding="utf-8")
    ran = az(*words)
    assert ran.code == 2
    one_line(ran, "logs.yaml:2: unknown key 'lvl'")


# -- wrong usage: 2


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ((), ("--workspace-name/-w, --resource-group/-g", "--workspace-file")),
        (("-w", "ml-ws"), ("--resource-group/-g",)),
        (("-w", "..", "-g", "ml-rg"), ("--workspace-name/-w is no name that Azure allows",)),
        (("-w", "a/b", "-g", "ml-rg"), ("--workspace-name/-w is no name that Azure allows",)),
        (("-w", "ml-ws", "-g", "a\nb\x1b[31m"), ("--resource-group/-g is no name",)),
        (("--workspace-file", "plan.json", "--baseline", ""), ("--baseline is empty",)),
        (("--workspace-file", "", "-w", "x", "-g", "y"), ("--workspace-file is empty",)),
        (("--workspace-file", "plan.json", "--catalog", " "), ("--catalog is empty",)),
        (("--workspace-file", "plan.json", "--compute", "a\nb\x1b[31m"), ("--compute is no name",)),
        (("--workspace-file", "plan.json", "--compute", "nobody"), ("No Kubernetes compute 'nobody'",)),
        (("--workspace-file", "plan.json", "--save-workspace-file", "x.json"), ("does not go with",)),
        (("--workspace-file", "nowhere.json"), ("nowhere.json", "No such file")),
        (("--workspace-file", "."), ("cannot be read: Is a directory",)),
        (("--workspace-file", "plan.json", "--level", "must"), ("must", "required, recommended, optional")),
        (("--workspace-file", "plan.json", "--scenario", "gaming"), ("gaming",)),
        (("--workspace-file", "plan.json", "--exclude", "gossip"), ("gossip",)),
        (("--workspace-file", "plan.json", "--cluster-type", "eks"), ("eks",)),
        (("--workspace-file", "plan.json", "--catalog", "nowhere"), ("no catalog.yaml in this folder",)),
        (("--workspace-file", "plan.json", "--baseline", "plan.json"), ("expected a JSON array",)),
        (
            ("--workspace-file", "plan.json", "--baseline", "rows.json"),
            ("row 1.host: expected a host name", "evil.com"),
        ),
    ],
)
def test_wrong_usage_says_what_and_exits_with_2(az: Az, words: tuple[str, ...], parts: tuple[str, ...]) -> None:
    (az.folder / "plan.json").write_text(PLAN, encoding="utf-8")
    (az.folder / "rows.json").write_text('[{"host": "evil.com\\" }"}]', encoding="utf-8")
    ran = az(*LIST, *words)
    assert ran.code == 2
    one_line(ran, *parts)


def test_an_unknown_compute_names_those_that_are_attached(az: Az, azure: FakeAzure) -> None:
    azure.serve(arm.with_both_clusters())
    ran = az(*WORKSPACE, "--compute", "gpu-asks")
    assert ran.code == 2
    one_line(ran, "No Kubernetes compute 'gpu-asks'", "Attached are: edge, gpu-aks.")


def test_a_setting_that_is_no_number_is_named(az: Az) -> None:
    ran = az(*WORKSPACE, AZURE_AMLNET_READ_TIMEOUT="soon")
    assert ran.code == 2
    one_line(ran, "amlnet.read_timeout is 'soon'")


# -- what Azure says no to: 1 and 3


def test_an_unknown_workspace_exits_with_3(az: Az, azure: FakeAzure) -> None:
    azure.serve(arm.ordinary())
    ran = az(*LIST, "-w", "nobody", "-g", "ml-rg")
    assert ran.code == 3
    one_line(ran, "workspace 'nobody' in resource group 'ml-rg' was not found", "(ResourceNotFound)",
             "az resource list -g ml-rg --resource-type Microsoft.MachineLearningServices/workspaces")  # fmt: skip
    ran = az(*LIST, "-w", "ml-ws", "-g", "nowhere")
    assert ran.code == 3
    one_line(ran, "Resource group 'nowhere' could not be found")


def test_without_a_login_az_says_so(az: Az, azure: FakeAzure, tmp_path: Path) -> None:
    stranger = Az(tmp_path / "stranger", az.extensions, azure)
    stranger.folder.mkdir()
    ran = stranger(*WORKSPACE)
    assert ran.code == 1
    one_line(ran, "az login")


def test_a_wrong_subscription(az: Az, azure: FakeAzure) -> None:
    azure.serve(arm.ordinary())
    ran = az(*WORKSPACE, "--subscription", "00000000-0000-0000-0000-00000000dead")
    assert ran.code == 1
    one_line(ran, "00000000-0000-0000-0000-00000000dead")
    other = az(*WORKSPACE, "--subscription", "sub-3333")
    assert other.code == 3
    one_line(other, "was not found")


@pytest.mark.parametrize(
    ("fault", "part"),
    [
        (Fault("/workspaces/", status=403, code="AuthorizationFailed", message="no right"), "no right"),
        (Fault("/workspaces/", status=500, message="broken"), "500: broken"),
        (Fault("/workspaces/", action="reset"), "--workspace-file"),
        (
            Fault("/workspaces/", status=200, body=b"<html>Blocked</html>", headers={"Content-Type": "text/html"}),
            "proxy",
        ),
        (Fault("/workspaces/", status=200, body=b"{oops"), "not a JSON object"),
        (Fault("/subscriptions/", action="hang"), "did not answer within 4 seconds"),
    ],
    ids=["forbidden", "broken", "reset", "html", "no-json", "silent"],
)
def test_a_workspace_that_cannot_be_read_exits_with_1(az: Az, azure: FakeAzure, fault: Fault, part: str) -> None:
    azure.serve(arm.ordinary())
    azure.faults.append(fault)
    ran = az(*WORKSPACE, AZURE_AMLNET_READ_TIMEOUT="3", AZURE_AMLNET_SILENCE="4")
    assert ran.code == 1
    one_line(ran, part)


def test_throttling_is_waited_out(az: Az, azure: FakeAzure) -> None:
    azure.serve(arm.ordinary())
    azure.faults.append(Fault("/workspaces/ml-ws?", status=429, code="Busy", headers={"Retry-After": "2"}, times=1))
    started = time.monotonic()
    ran = az(*WORKSPACE, "--cluster-type", "none")
    assert (ran.code, ran.err) == (0, "") and time.monotonic() - started > 2


def test_az_own_switch_for_certificates_is_honoured(az: Az, azure: FakeAzure) -> None:
    azure.serve(arm.ordinary())
    words = (*WORKSPACE, "--cluster-type", "none", "--no-cross-check", "--only-show-errors")
    plain = {"REQUESTS_CA_BUNDLE": certifi.where()}
    refused = az(*words, **plain)
    assert refused.code == 1
    one_line(refused, "CERTIFICATE_VERIFY_FAILED")
    assert "acrml.azurecr.io" in az(*words, **plain, AZURE_CLI_DISABLE_CONNECTION_VERIFICATION="1").hosts


@pytest.mark.skipif(
    os.geteuid() != 0 or not (shutil.which("ip") and shutil.which("nft")),
    reason="needs root, ip and nft: run `make tools` as root",
)
def test_an_arm_behind_a_silent_firewall_is_named_within_45_seconds(az: Az, azure: FakeAzure) -> None:
    space = f"amlnet-{os.getpid()}"

    def inside(*words: str) -> list[str]:
        return ["ip", "netns", "exec", space, *words]

    subprocess.run(["ip", "netns", "add", space], check=True)
    try:
        subprocess.run(["ip", "-n", space, "link", "set", "lo", "up"], check=True)
        chain = f"type filter hook output priority 0; tcp dport {azure.port} drop;"
        rules = f"table inet f {{ chain o {{ {chain} }}; }}\n"
        subprocess.run(inside("nft", "-f", "-"), input=rules, text=True, check=True)
        started = time.monotonic()
        done = subprocess.run(
            inside(*az.command(*WORKSPACE)),
            env=az.environment,
            cwd=az.folder,
            capture_output=True,
            text=True,
            timeout=60,
        )
        spent = time.monotonic() - started
    finally:
        subprocess.run(["ip", "netns", "delete", space], check=True)
    assert done.returncode == 1 and spent < 45
    one_line(Ran(done.returncode, done.stdout, done.stderr), f"localhost:{azure.port}", "--workspace-file")


# -- secrets


def test_no_secret_reaches_screen_debug_log_or_file(az: Az, azure: FakeAzure, tmp_path: Path) -> None:
    config = {"httpProxy": f"http://user:{arm.PROXY_SECRET}@proxy:3128"}
    azure.serve({**arm.with_both_clusters(), **arm.aks(httpProxyConfig=config)})
    saved = tmp_path / "facts.json"
    ran = az.must(*WORKSPACE, "--debug", "--save-workspace-file", str(saved))
    text = ran.out + ran.err + saved.read_text(encoding="utf-8")
    assert "amlnet: computes: GET" in ran.err
    for secret in (arm.RELAY_SECRET, arm.INSIGHTS_KEY, arm.PROXY_SECRET):
        assert secret not in text
    assert "ml-relay-ns.servicebus.windows.net" in text


def test_debug_tells_depth_and_concurrency(az: Az, azure: FakeAzure) -> None:
    azure.serve(arm.with_both_clusters())
    azure.latency_s = 0.1
    assert "17 calls, depth 3, concurrency " in az.must(*WORKSPACE, "--debug").err


# -- living in az


def test_it_is_installed_as_a_preview_by_its_version_alone(az: Az) -> None:
    shown = az.must("extension", "show", "-n", "amlnet").json
    assert shown["name"] == "amlnet" and shown["version"] == version()
    names = {path.name for path in Path(shown["path"]).iterdir()}
    assert "azext_amlnet" in names and "tests" not in names
    assert not [name for name in names if name.startswith(("azure_cli", "azure_identity", "kubernetes"))]


def test_it_installs_from_a_wheelhouse_without_an_index_and_leaves_cleanly(az: Az, tmp_path: Path) -> None:
    fresh = Az(tmp_path, tmp_path / "extensions", az.azure)
    install(fresh)
    assert not [name for name in az.azure.connects if "pypi" in name or "pythonhosted" in name]
    (tmp_path / "plan.json").write_text(PLAN, encoding="utf-8")
    words = (*LIST, "--workspace-file", "plan.json", "--cluster-type", "none")
    assert "mcr.microsoft.com" in fresh.must(*words).hosts
    fresh.must("extension", "remove", "-n", "amlnet")
    assert fresh(*words).code == 2


def test_help_explains_itself(az: Az) -> None:
    group, command = az.must("ml", "network", "-h").out, az.must(*LIST, "-h").out
    assert "requirements" in group and "firewall" in group
    for part in (
        "Scope Arguments",
        "Output Arguments",
        "--workspace-file",
        "--save-workspace-file",
        "Examples",
        "Exit codes",
    ):
        assert part in command
    first = command[command.index("Examples") :]
    examples = [line for line in first.splitlines() if "az ml network" in line]
    assert len(examples) >= 5
    assert all(line.count(" -") <= 4 for line in examples[:3])


def test_the_wheelhouse_is_for_every_python_and_system() -> None:
    names = [path.name for path in wheel().parent.iterdir()]
    assert len(names) > 5 and all(name.endswith(("-py3-none-any.whl", "-py2.py3-none-any.whl")) for name in names)


def test_the_wheel_holds_the_catalog_and_nothing_of_the_tests() -> None:
    import zipfile

    names = zipfile.ZipFile(wheel()).namelist()
    data = {path.name for path in (ROOT / "azext_amlnet" / "catalog" / "data").glob("*.yaml")}
    assert {name.rsplit("/", 1)[1] for name in names if "/catalog/data/" in name} == data
    assert {name.split("/")[0] for name in names} == {"azext_amlnet", wheel().name.split("-py3")[0] + ".dist-info"}


def test_subscription_of_the_login_is_used(az: Az, azure: FakeAzure) -> None:
    azure.serve(arm.ordinary())
    az.must(*WORKSPACE, "--cluster-type", "none")
    assert all(f"/subscriptions/{SUBSCRIPTION}/" in entry.path for entry in azure.asked("/workspaces/"))
