"""Single hosts: what the list says of each, and what those resemble that it does not ask for; by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import pytest

from azext_amlnet.catalog import load
from azext_amlnet.catalog.hosts import answers
from azext_amlnet.errors import UsageError
from azext_amlnet.files import read_workspace
from azext_amlnet.model import Cloud, ClusterType, HostAnswer, Level, Likeness, Scenario, Scope, Topic, Workspace

from .example import EXAMPLE
from .world import Az

CATALOG, WORKSPACE = load(), read_workspace(str(EXAMPLE))
DATA = "acrml.westeurope.data.azurecr.io"


def one(host: str, scope: Optional[Scope] = None, workspace: Workspace = WORKSPACE) -> HostAnswer:
    """The answer for one host."""
    return answers(CATALOG, [(workspace, scope or Scope())], [host])[0]


@pytest.mark.parametrize(
    ("host", "level", "entry"),
    [
        ("mcr.microsoft.com", Level.REQUIRED, "mcr"),
        ("MCR.Microsoft.com.", Level.REQUIRED, "mcr"),
        (DATA, Level.REQUIRED, "acr-data"),
        ("westeurope.data.mcr.microsoft.com", Level.REQUIRED, "mcr-data"),
        ("g3-prod-am3-001-sb.servicebus.windows.net", Level.REQUIRED, "aml-relay-gateways"),
        ("xx.kusto.windows.net", Level.RECOMMENDED, "aml-log-kusto"),
        ("*.data.mcr.microsoft.com", Level.REQUIRED, "mcr-data"),
    ],
)
def test_a_host_of_the_list_is_told_with_its_rows(host: str, level: Level, entry: str) -> None:
    answer = one(host)
    assert answer.listed and answer.level is level and entry in answer.rows[0].entries
    assert answer.rows[0].sources and answer.because.startswith(("Below *.", answer.rows[0].reason))


@pytest.mark.parametrize(
    ("host", "likeness", "like"),
    [
        ("acrml.westus.data.azurecr.io", Likeness.OTHER_REGION, "acrml.northeurope.data.azurecr.io"),
        ("westus.experiments.azureml.net", Likeness.OTHER_REGION, "westeurope.experiments.azureml.net"),
        ("other.azurecr.io", Likeness.OTHER_RESOURCE, "acrml.azurecr.io"),
        ("other.westeurope.data.azurecr.io", Likeness.OTHER_RESOURCE, "acrml.northeurope.data.azurecr.io"),
        ("other.blob.core.windows.net", Likeness.OTHER_RESOURCE, "mlstore.blob.core.windows.net"),
        ("other.vault.azure.net", Likeness.OTHER_RESOURCE, "mlvault.vault.azure.net"),
        ("management.usgovcloudapi.net", Likeness.OTHER_CLOUD, "management.usgovcloudapi.net"),
        ("nvidia.github.io", Likeness.NOT_NEEDED, "nvidia.github.io"),
        ("k8connecthelm.azureedge.net", Likeness.RETIRED, "k8connecthelm.azureedge.net"),
        ("gcr.io", Likeness.RETIRED, "gcr.io"),
    ],
)
def test_a_host_that_is_not_on_the_list_tells_what_it_resembles(host: str, likeness: Likeness, like: str) -> None:
    answer = one(host)
    assert not answer.listed and answer.nearest and (answer.nearest.likeness, answer.nearest.host) == (likeness, like)
    assert answer.nearest.because in answer.because


@pytest.mark.parametrize(
    "host", ["example.com", "azurecr.io.example.com", "xazurecr.io", "acrml.azurecr.io.evil.example", "10.1.2.3"]
)
def test_a_stranger_resembles_nothing(host: str) -> None:
    answer = one(host)
    assert (answer.listed, answer.level, answer.rows, answer.nearest) == (False, None, (), None)
    assert answer.because == "Neither on the list nor like anything that the catalog knows."


def test_listed_is_of_the_list_that_was_asked_for() -> None:
    desk = Scope(scenarios=(Scenario.WORKSTATION,), level=Level.OPTIONAL)
    assert one("login.docker.com", desk).listed and not one("login.docker.com").listed
    assert "optional for workstation" in one("login.docker.com").because
    assert not one("xx.kusto.windows.net", Scope(exclude=(Topic.LOGS,))).listed
    china = replace(WORKSPACE, cloud=Cloud.CHINA)
    assert one("management.chinacloudapi.cn", workspace=china).listed


@pytest.mark.parametrize("name", ["https://mcr.microsoft.com", "mcr.microsoft.com:443", "a b.example", "", "*", "-"])
def test_what_is_no_name_is_wrong_usage(name: str) -> None:
    with pytest.raises(UsageError, match="--host is no host name"):
        answers(CATALOG, [(WORKSPACE, Scope())], [name])


@pytest.mark.parametrize("name", ["https://user:hidden@mcr.microsoft.com/", "https://mcr.microsoft.com/?sig=hidden"])
def test_a_refused_name_shows_no_secret(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        answers(CATALOG, [(WORKSPACE, Scope())], [name])
    assert "mcr.microsoft.com" in refused.value.message and "hidden" not in str(refused.value)


def test_az_answers_for_single_hosts(az: Az) -> None:
    words = ("ml", "network", "requirements", "--workspace-file", str(EXAMPLE), "--host", DATA, "other.azurecr.io")
    ran = az(*words)
    assert (ran.code, ran.err) == (0, "")
    ours, other = ran.json
    assert (ours["host"], ours["listed"], ours["level"], ours["nearest"]) == (DATA, True, "required", None)
    assert ours["rows"][0]["entries"] == ["acr-data"] and ours["rows"][0]["sources"][0]["checked"] == "2026-11-26"
    assert other["nearest"]["likeness"] == "otherResource" and other["rows"] == [] and other["level"] is None
    table = az(*words, "-o", "table").out.splitlines()
    assert table[0].split() == ["Host", "Listed", "Level", "Reason"] and len(table) == 4
    refused = az(*words, "--baseline", str(EXAMPLE))
    assert refused.code == 2 and "--host answers for single hosts" in refused.err


def test_a_wildcard_that_is_needed_is_never_called_not_needed() -> None:
    for host in ("g0-prod-am3-012-sb.servicebus.windows.net", "eastus.data.mcr.microsoft.com", "weu.his.arc.azure.com"):
        answer = one(host)
        assert answer.listed and "not needed" not in answer.because
        assert answer.nearest is None or answer.nearest.likeness is not Likeness.NOT_NEEDED


def test_a_level_is_told_for_what_it_is() -> None:
    because = one("other.blob.core.windows.net").because
    assert "required for managed-compute" in because and "optional for training" in because


def test_where_ours_is_not_known_nothing_is_called_another() -> None:
    planned = one("acr1.azurecr.io", Scope(cluster_type=ClusterType.AKS), Workspace(region="westeurope"))
    assert planned.nearest and planned.nearest.likeness is Likeness.SAME_FORM
    assert planned.because == "It has the form of <registry>.azurecr.io; which registry that is, is not known here."
