"""The shell towards az: which cloud it is, what the table shows, which settings count."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Callable, Optional

import pytest

from azext_amlnet._format import requirements_table
from azext_amlnet.codec import to_json
from azext_amlnet.errors import UsageError
from azext_amlnet.model import Change, Cloud, Protocol, Requirement
from azext_amlnet.verbs._az import cloud_of, timeouts_of


def az_cloud(name: str, suffix: str | None = None) -> Any:
    """A command of az whose active cloud is this one."""
    cloud = SimpleNamespace(name=name, suffixes=SimpleNamespace(storage_endpoint=suffix))
    return SimpleNamespace(cli_ctx=SimpleNamespace(cloud=cloud))


@pytest.mark.parametrize(
    ("name", "suffix", "cloud"),
    [
        ("AzureCloud", None, Cloud.PUBLIC),
        ("AzureUSGovernment", None, Cloud.USGOV),
        ("AzureChinaCloud", None, Cloud.CHINA),
        ("MyRegistered", "core.usgovcloudapi.net", Cloud.USGOV),
    ],
)
def test_the_active_cloud_is_known_by_name_or_suffix(name: str, suffix: str | None, cloud: Cloud) -> None:
    assert cloud_of(az_cloud(name, suffix)) is cloud


def test_a_cloud_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UsageError, match="'AzureStack' is none that the catalog knows"):
        cloud_of(az_cloud("AzureStack", "local.azurestack.external"))


def config(**settings: str) -> Callable[[str], Optional[str]]:
    """The settings of az's configuration."""
    return settings.get


def test_timeouts_are_what_the_contract_says_unless_they_are_set() -> None:
    plain = timeouts_of(config())
    assert (plain.connect_s, plain.read_s, plain.retries, plain.retry_after_s) == (10, 30, 3, 60)
    assert timeouts_of(config(read_timeout="90")).read_s == 90
    for wrong in ("0", "-1", "nan", "soon", "1e9"):
        with pytest.raises(UsageError, match=r"amlnet\.silence"):
            timeouts_of(config(silence=wrong))


def table(*rows: Requirement) -> list[dict[str, str]]:
    """The table view of rows."""
    return [dict(line) for line in requirements_table([to_json(row) for row in rows])]


def test_marks_stand_before_the_reason_and_computes_behind_it() -> None:
    row = Requirement(
        host="<registry>.azurecr.io",
        port=123,
        protocol=Protocol.UDP,
        unresolved=True,
        computes=("gpu",),
        reason="Why.",
        notes=("Condition: Only sometimes.",),
    )
    assert table(row) == [
        {
            "Host": "<registry>.azurecr.io",
            "Port": "123/udp",
            "Level": "required",
            "Reason": "(unresolved, conditional) Why. (gpu)",
        }
    ]


def test_a_baseline_adds_a_column_and_no_rows_make_no_table() -> None:
    assert next(iter(table(Requirement(host="a.io", change=Change.ADDED))[0])) == "Change"
    assert table() == []
