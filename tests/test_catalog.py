"""The catalog: strict about its form, complete against the pages it comes from, and evidence for every entry."""

from __future__ import annotations

import itertools
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from azext_amlnet.catalog import DATA, load
from azext_amlnet.catalog.expand import expand
from azext_amlnet.catalog.schema import FACTS, PLACEHOLDERS
from azext_amlnet.errors import CatalogError
from azext_amlnet.model import (
    Catalog,
    Cloud,
    Cluster,
    ClusterType,
    Compute,
    Level,
    Registry,
    Scenario,
    Scope,
    StorageAccount,
    Topic,
    Workspace,
)

from .reading import hosts

BAD = sorted((Path(__file__).parent / "cases" / "bad_catalog").glob("*.yaml"))

WORKSPACE = Workspace(
    region="westeurope",
    workspace_id="0a1b2c3d-1111-2222-3333-444455556666",
    registry=Registry(
        name="acrml",
        login_server="acrml.azurecr.io",
        data_endpoints=True,
        data_hosts=("acrml.westeurope.data.azurecr.io",),
    ),
    storage_accounts=(StorageAccount(name="mlstore", default=True, blob="mlstore.blob.core.windows.net"),),
)


def attached(*types: ClusterType) -> Workspace:
    """The workspace with one cluster of these types in northeurope, about which all else is known to be plain."""
    plain = dict.fromkeys(("private_cluster", "gpu_nodes", "windows_nodes", "azure_policy", "monitoring"), False)
    cluster = Cluster(
        id="/subscriptions/x", types=types, region="northeurope", arc_gateway=False, azure_rbac=True, **plain
    )
    compute = Compute(name="k8s", cluster_id="/subscriptions/x")
    return Workspace(**{**WORKSPACE.__dict__, "computes": (compute,), "clusters": (cluster,)})


# -- form


@pytest.mark.parametrize("case", BAD, ids=lambda path: path.stem)
def test_a_broken_catalog_is_refused_with_file_and_line(case: Path, tmp_path: Path) -> None:
    text = case.read_text(encoding="utf-8")
    expected = text.splitlines()[0].removeprefix("# expected: ")
    folder = tmp_path / "catalog"
    shutil.copytree(DATA, folder)
    (folder / "aml.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        load(str(folder))
    assert expected in caught.value.message
    assert "\n" not in caught.value.message


def test_there_are_many_ways_to_break_it() -> None:
    assert len(BAD) >= 30


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("catalog.yaml", "checked: 2026-11-23", "checked: yesterday", "must be a day as YYYY-MM-DD"),
        ("catalog.yaml", "https://learn", "http://learn", "does not begin with https://"),
        ("catalog.yaml", "  usgov:\n", "  germany:\n", "unknown key 'germany'"),
        ("catalog.yaml", "version:", "edition:", "unknown key 'edition'"),
        ("catalog.yaml", "k8connecthelm.azureedge.net", "k8connecthelm/x", "not a lower-case host name"),
        ("catalog.yaml", "storage: core.usgovcloudapi.net", "storage: core us", "not a lower-case host name"),
        ("catalog.yaml", "eastus: eus", "eastus: [eus]", "'eastus' must be one line of text"),
        ("catalog.yaml", "      gpu: {when", "      gpu: {wen", "unknown key 'wen'"),
        ("catalog.yaml", "\npages:\n", "\npages: none\nx:\n", "unknown key 'x'"),
    ],
)
def test_a_broken_table_is_refused(tmp_path: Path, name: str, old: str, new: str, expected: str) -> None:
    folder = tmp_path / "catalog"
    shutil.copytree(DATA, folder)
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(CatalogError, match=re.escape(expected)):
        load(str(folder))


def test_a_folder_without_a_catalog_or_with_a_stray_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"no catalog\.yaml"):
        load(str(tmp_path))
    folder = tmp_path / "catalog"
    shutil.copytree(DATA, folder)
    (folder / "gossip.yaml").write_text("[]", encoding="utf-8")
    with pytest.raises(CatalogError, match="unknown topic"):
        load(str(folder))


def test_a_folder_of_the_first_release_is_read(tmp_path: Path, catalog: Catalog) -> None:
    folder = tmp_path / "catalog"
    shutil.copytree(DATA, folder)
    (folder / "certificates.yaml").unlink()
    for path in folder.glob("*.yaml"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if not line.startswith("  since:")), encoding="utf-8")
    older = load(str(folder))
    assert {entry.id for entry in older.entries} == {
        entry.id for entry in catalog.entries if entry.topic is not Topic.CERTIFICATES
    }
    assert {entry.since for entry in older.entries} == {""}


def test_the_digest_follows_the_bytes(tmp_path: Path, catalog: Catalog) -> None:
    folder = tmp_path / "catalog"
    shutil.copytree(DATA, folder)
    assert load(str(folder)).digest == catalog.digest
    (folder / "logs.yaml").write_text((folder / "logs.yaml").read_text(encoding="utf-8") + "# \n", encoding="utf-8")
    assert load(str(folder)).digest != catalog.digest


# -- evidence


def test_every_entry_has_a_source_a_day_and_a_sentence(catalog: Catalog) -> None:
    for entry in catalog.entries:
        assert entry.sources, entry.id
        assert all(source.url.startswith("https://") and source.checked >= "2026-11-01" for source in entry.sources)
        assert entry.summary.endswith("."), entry.id
        assert "2026.11.23" <= entry.since <= catalog.version, entry.id
        assert all(note.endswith(".") for note in entry.notes), entry.id


def test_every_page_placeholder_and_fact_is_used(catalog: Catalog) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in DATA.glob("*.yaml"))
    pages = re.findall(r"^  ([a-z0-9-]+): \{url:", text, re.MULTILINE)
    assert pages and not [page for page in pages if text.count(page) < 2]
    unused = {"acr", "aml_api"}  # the parts that bindings build names from
    for names in PLACEHOLDERS.values():
        assert not [name for name in names if name not in unused and f"{{{name}}}" not in text]
    asked = {fact for entry in catalog.entries for fact in entry.when}
    assert asked == {fact for facts in FACTS.values() for fact in facts}


def test_every_topic_has_entries(catalog: Catalog) -> None:
    assert {entry.topic for entry in catalog.entries} == set(Topic)


def test_what_no_document_says_outright_is_never_required(catalog: Catalog) -> None:
    doubtful = ("Inferred", "open question", "No client is known", "No Azure ML document", "what for is not documented")
    for entry in catalog.entries:
        if any(word.lower() in note.lower() for word in doubtful for note in entry.notes):
            assert entry.level is Level.OPTIONAL, entry.id


def test_a_stand_in_for_a_wildcard_matches_it_in_its_cloud(catalog: Catalog) -> None:
    for cloud, types in itertools.product(Cloud, [(ClusterType.AKS,), (ClusterType.ARC,)]):
        like = attached(*types)
        workspace = replace(like, cloud=cloud, notebook_host=None, storage_accounts=())
        for row in expand(catalog, workspace, Scope(scenarios=tuple(Scenario), level=Level.OPTIONAL)).rows:
            if row.host.startswith("*.") and row.probe and row.entries[0] != "aml-relay-gateways":
                assert row.probe.host.endswith(row.host[1:]), row


def test_retired_hosts_are_in_no_entry(catalog: Catalog) -> None:
    allowed = {host for entry in catalog.entries for form in entry.forms for host in form.hosts.values()}
    assert catalog.retired and not [host for host in catalog.retired if host.host in allowed]


# -- complete against the pages, host for host; the lists below are the pages' own, filled in for one workspace


def test_the_aml_kubernetes_page_comes_out_host_for_host(catalog: Catalog) -> None:
    answer = expand(catalog, WORKSPACE, Scope())
    page = {
        "*.kusto.windows.net": (Level.RECOMMENDED, {"training", "inference"}),
        "*.table.core.windows.net": (Level.RECOMMENDED, {"training", "inference"}),
        "*.queue.core.windows.net": (Level.RECOMMENDED, {"training", "inference"}),
        "acrml.azurecr.io": (Level.REQUIRED, {"training", "inference"}),
        "acrml.westeurope.data.azurecr.io": (Level.REQUIRED, {"training", "inference"}),
        "mlstore.blob.core.windows.net": (Level.REQUIRED, {"training", "inference"}),
        "0a1b2c3d-1111-2222-3333-444455556666.workspace.westeurope.api.azureml.ms": (
            Level.REQUIRED,
            {"training", "inference"},
        ),
        "westeurope.experiments.azureml.net": (Level.REQUIRED, {"training", "inference"}),
        "westeurope.api.azureml.ms": (Level.REQUIRED, {"training", "inference"}),
        "pypi.org": (Level.REQUIRED, {"training"}),
    }
    rows = {row.host: row for row in answer.rows}
    for host, (level, scenarios) in page.items():
        row = rows[host]
        assert (row.level, {scenario.value for scenario in row.needed_for}) == (level, scenarios), host
        assert (row.protocol.value, row.port) == ("https", 443)
        assert any("AML-Kubernetes" in source.url for source in row.sources), host


def test_the_arc_agents_page_comes_out_host_for_host(catalog: Catalog) -> None:
    scope = Scope(scenarios=(Scenario.CLUSTER, Scenario.EXTENSION, Scenario.WORKSTATION))
    answer = expand(catalog, attached(ClusterType.ARC), scope)
    page = {
        "management.azure.com",
        "northeurope.dp.kubernetesconfiguration.azure.com",
        "login.microsoftonline.com",
        "northeurope.login.microsoft.com",
        "login.windows.net",
        "mcr.microsoft.com",
        "*.data.mcr.microsoft.com",
        "gbl.his.arc.azure.com",
        "*.his.arc.azure.com",
        "guestnotificationservice.azure.com",
        "*.guestnotificationservice.azure.com",
        "sts.windows.net",
        "*.servicebus.windows.net",
        "graph.microsoft.com",
        "*.arc.azure.net",
        "northeurope.obo.arc.azure.com",
        "linuxgeneva-microsoft.azurecr.io",
        "dl.k8s.io",
    }
    assert page <= hosts(answer)
    of_page = {row.host for row in answer.rows if any("azure-arc/kubernetes/network" in s.url for s in row.sources)}
    assert of_page == page


def test_the_aks_cluster_extension_table_comes_out_host_for_host(catalog: Catalog) -> None:
    answer = expand(catalog, attached(ClusterType.AKS), Scope(scenarios=(Scenario.EXTENSION,), level=Level.OPTIONAL))
    assert hosts(answer, "extension", "images") == {
        "northeurope.dp.kubernetesconfiguration.azure.com",
        "mcr.microsoft.com",
        "*.data.mcr.microsoft.com",
        "*.ingestion.msftcloudes.com",
        "*.microsoftmetrics.com",
        "arcmktplaceprod.azurecr.io",
        "arcmktplaceprod.centralindia.data.azurecr.io",
        "arcmktplaceprod.japaneast.data.azurecr.io",
        "arcmktplaceprod.westus2.data.azurecr.io",
        "arcmktplaceprod.westeurope.data.azurecr.io",
        "arcmktplaceprod.eastus.data.azurecr.io",
        "marketplaceapi.microsoft.com",
    }


def test_the_aks_base_table_comes_out_host_for_host(catalog: Catalog) -> None:
    answer = expand(catalog, attached(ClusterType.AKS), Scope(scenarios=(Scenario.CLUSTER,), level=Level.REQUIRED))
    assert hosts(answer) == {
        "*.hcp.northeurope.azmk8s.io",
        "mcr.microsoft.com",
        "*.data.mcr.microsoft.com",
        "mcr-0001.mcr-msedge.net",
        "management.azure.com",
        "login.microsoftonline.com",
        "packages.microsoft.com",
        "packages.aks.azure.com",
        "northeurope.dp.kubernetesconfiguration.azure.com",
    }


CLI = {f"{name}.blob.core.windows.net" for name in ("azcliextensionsync", "azcliprod", "azurecliextensionsync")}


@pytest.mark.parametrize("cloud", list(Cloud))
@pytest.mark.parametrize("types", [(), (ClusterType.AKS,), (ClusterType.ARC,), (ClusterType.AKS, ClusterType.ARC)])
def test_no_sovereign_cloud_is_given_a_host_of_another_cloud(
    catalog: Catalog, cloud: Cloud, types: tuple[ClusterType, ...]
) -> None:
    foreign = {
        Cloud.PUBLIC: (".us", ".cn", "usgovcloudapi.net"),
        Cloud.USGOV: (
            ".cn",
            ".azurecr.io",
            ".azureml.ms",
            ".azureml.net",
            "core.windows.net",
            "servicebus.windows.net",
        ),
        Cloud.CHINA: (".us", "usgovcloudapi.net", ".azurecr.io", ".azureml.net", ".core.windows.net"),
    }
    workspace = Workspace(cloud=cloud, region="somewhere")
    if types:
        like = attached(*types)
        workspace = replace(workspace, computes=like.computes, clusters=like.clusters)
    answer = expand(catalog, workspace, Scope(scenarios=tuple(Scenario), level=Level.OPTIONAL))
    wrong = {host for host in hosts(answer) if host.endswith(foreign[cloud])}
    # Names that the pages list in the other clouds' tables as they are; huggingface.cn is of no cloud.
    assert wrong <= {"*.instances.azureml.ms", "sts.windows.net", "graph.windows.net", *CLI, "huggingface.cn"}
