"""Two vantages on one network: the real az on a machine and a pod of the real kubectl, held against each other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import lab as the_lab
from .lab import SECOND, WORLD, Lab
from .record import STORAGE, two_places
from .schemas import fits
from .test_compare import COMPARE
from .world import Az

pytestmark = [
    pytest.mark.skipif(not the_lab.POSSIBLE, reason="needs root, ip and nft: run `make tools` as root"),
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl: run `make tools` as root"),
    pytest.mark.xdist_group("lab"),
]


@pytest.fixture
def network() -> Iterator[Lab]:
    """A network whose sign-in hosts are inspected and whose log service has no name."""
    with Lab(faulty=True) as lab:
        lab.resolv(f"nameserver {WORLD}\n")
        yield lab


def test_each_diagnosis_from_a_machine_and_a_pod(network: Lab, az: Az, tmp_path: Path) -> None:
    desk, pod = two_places(network, az, tmp_path)
    files = [tmp_path / name for name in ("c.html", "c.md")]
    ran = az(*COMPARE, "--before", str(desk), "--after", str(pod), "--report-file", *map(str, files))
    assert ran.code == 8 and ran.json["apart"], ran.err
    fits(ran.json, "compare")
    tried = {row["host"]: row for row in ran.json["rows"] if row["before"] and row["after"]}
    expected = {host: "both" for host in tried if ".kusto." in host}
    expected |= {host: "only-cluster" for host in tried if ".data.azurecr.io" in host}
    expected |= {host: "only-here" for host, row in tried.items() if row["port"] == 80}
    expected |= {host: "different-issuer" for host in tried if host == "login.microsoftonline.com"}
    expected[STORAGE] = "different-addresses"
    assert {host: row["diagnosis"] for host, row in tried.items() if row["diagnosis"]} == expected
    assert set(expected.values()) == set(ran.json["summary"]["diagnoses"]) and len(expected) >= 9
    assert f"{WORLD} (private) from this machine, and to {SECOND} (private) from the cluster" in sentence(
        tried, STORAGE
    )
    assert "'Corporate Interception CA'" in sentence(tried, "login.microsoftonline.com")
    assert "the cluster's path" in sentence(tried, "acrml.westeurope.data.azurecr.io")
    assert tried["azure.archive.ubuntu.com"]["evidence"]["before"]["cause"] == "tcp_timeout"
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in (desk, pod)]
    (seen,) = reports[1]["interception"]
    assert reports[0]["interception"] == [] and seen["issuer"] == "Corporate Interception CA"
    effects = {one["component"]: one["effect"] for one in seen["consumers"]}
    assert effects["Azure Machine Learning extension"] == "unknown" and "Arc agents" not in effects  # a pod on AKS
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert all(word in text for word in ("only-cluster", "split DNS")) or path.suffix == ".html"
        assert "Fails only from the cluster" in text or path.suffix == ".md"


def sentence(rows: dict[str, Any], host: str) -> str:
    """What is told of a host."""
    text: str = rows[host]["sentence"]
    return text
