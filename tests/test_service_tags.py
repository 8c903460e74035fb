"""Service tags: one service's holds nothing of another's; what holds several, or is not documented, is in doubt."""

from __future__ import annotations

import pytest

from azext_amlnet.catalog import load
from azext_amlnet.model import Coverage, Kind, Protocol, Requirement
from azext_amlnet.policy.service_tags import elsewhere

from . import policies as build
from .test_policy_readers import DENY_INTERNET, nsg, rule

CATALOG = load()
TABLE = {tag.name: tag for tag in CATALOG.service_tag_table}
DATA = Requirement(host="acrml.westeurope.data.azurecr.io")
RELAY = Requirement(host="*.servicebus.windows.net", kind=Kind.WILDCARD)
KUSTO = Requirement(host="*.kusto.windows.net", kind=Kind.WILDCARD)
IMAGES = Requirement(host="production.cloudflare.docker.com")
LOGIN = Requirement(host="login.microsoftonline.com", service_tags=("AzureActiveDirectory",))
ADDRESS = Requirement(host="20.1.2.3", kind=Kind.IP, protocol=Protocol.TCP)


def by_tag(tag: str, row: Requirement, access: str = "Allow") -> str:
    """What a group makes of a row that has one rule for a tag and denies the rest, or the reverse."""
    last = DENY_INTERNET if access == "Allow" else rule("all", 4000, "Allow", "Internet")
    (word,) = build.coverage(nsg(rule("a", 100, access, tag), last), row)
    return word


@pytest.mark.parametrize("tag", ["AzureActiveDirectory", "AzureMonitor", "AzureKeyVault", "Sql.westeurope", "EventHub"])
@pytest.mark.parametrize("row", [DATA, KUSTO, IMAGES], ids=["registry-data", "kusto", "docker"])
def test_a_tag_of_one_service_holds_nothing_of_another(tag: str, row: Requirement) -> None:
    assert by_tag(tag, row) == "missing"
    assert by_tag(tag, row, "Deny") == "covered"


@pytest.mark.parametrize(
    ("tag", "row"),
    [
        ("AzureCloud", DATA),
        ("AzureCloud.westeurope", LOGIN),
        ("AzureFrontDoor.Frontend", IMAGES),
        ("AzureContainerRegistry.westeurope", DATA),
        ("Storage", DATA),
        ("ServiceBus", RELAY),
        ("EventHub.westeurope", RELAY),
        ("KustoAnalytics", KUSTO),
        ("AzureDataExplorerManagement", KUSTO),
        ("NobodyKnowsThis", DATA),
        ("NobodyKnowsThis", LOGIN),
        ("AzureActiveDirectory.westeurope", LOGIN),
        ("AzureKeyVault", ADDRESS),
    ],
)
def test_what_holds_several_or_is_not_documented_is_in_doubt(tag: str, row: Requirement) -> None:
    assert by_tag(tag, row) == "unknown"
    assert by_tag(tag, row, "Deny") == "unknown"


def test_a_doubtful_tag_does_not_matter_where_another_rule_decides() -> None:
    rules = (rule("a", 100, "Allow", "Storage"), rule("b", 200, "Allow", "Internet"))
    assert build.coverage(nsg(*rules), DATA) == ["covered"]
    assert by_tag("Internet", DATA) == "covered" and by_tag("Internet", DATA, "Deny") == "denied"


def test_a_known_tag_is_found_by_either_spelling_and_by_its_region() -> None:
    assert by_tag("azureactivedirectory", LOGIN) == "covered" and by_tag("AZUREMONITOR", LOGIN) == "missing"
    store = Requirement(host="mlstore.blob.core.windows.net", service_tags=("Storage.westeurope",))
    assert [by_tag(tag, store) for tag in ("Storage", "Storage.WestEurope", "AzureKeyVault.westeurope")] == [
        "covered",
        "covered",
        "missing",
    ]


def test_the_table_knows_every_tag_that_the_catalog_ties_to_an_entry() -> None:
    tags = (entry.service_tags for entry in CATALOG.entries if entry.service_tags)
    tied = {name for each in tags for name in each.names}
    assert {name.partition(".{")[0] for name in tied} <= set(TABLE) and len(TABLE) > 80
    assert all(TABLE[name.partition(".{")[0]].regional for name in tied if ".{" in name)


def test_only_what_holds_several_services_serves_anything() -> None:
    assert {name for name, tag in TABLE.items() if tag.serves is None} == {
        "AzureCloud",
        *(f"AzureFrontDoor.{part}" for part in ("Frontend", "Backend", "FirstParty")),
    }


def test_without_a_table_every_tag_leaves_a_doubt() -> None:
    assert elsewhere(DATA, ()) == frozenset()


def test_a_missing_data_host_is_missing_beside_the_tags_of_a_usual_group() -> None:
    tags = ("AzureActiveDirectory", "AzureResourceManager", "AzureMonitor", "AzureMachineLearning", "AzureKeyVault")
    rules = [rule(tag, 100 + number, "Allow", tag) for number, tag in enumerate(tags)]
    (finding,) = build.findings(nsg(*rules, DENY_INTERNET), DATA)
    assert finding.coverage is Coverage.MISSING and not finding.settled_by
