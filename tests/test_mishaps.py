"""Disks that are full, writes that are cut, lists without end, answers that swell: one line, and nothing half done."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from azext_amlnet.catalog import load
from azext_amlnet.catalog.lookup import extra
from azext_amlnet.errors import CatalogError, UsageError
from azext_amlnet.files import write_text
from azext_amlnet.model import Requirement
from azext_amlnet.policy.readers._squid_acls import Acls
from azext_amlnet.policy.readers._squid_files import Files, Line

from . import builders as arm
from . import policies as build
from .conftest import Facts
from .example import EXAMPLE
from .fakearm import FakeAzure, Fault
from .world import ROOT, Az

ROOTED = pytest.mark.skipif(
    os.geteuid() != 0, reason="needs root for a file system of its own: run as root, `make tools`"
)
CATALOG = load()


# ---------------------------------------------------------------------------------------------------------------------
# Writing


@pytest.mark.parametrize("step", ["chmod", "link", "replace"])
@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, MemoryError])
def test_a_write_that_is_cut_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, overwrite: bool, error: type[BaseException]
) -> None:
    target = tmp_path / "facts.json"
    if overwrite:
        target.write_text("old")

    def fail(*_: object) -> None:
        raise error("cut")

    monkeypatch.setattr(os, step, fail)
    reached = step == "chmod" or (step == "link") != overwrite
    try:
        write_text(str(target), "new", overwrite)
    except (KeyboardInterrupt, UsageError, MemoryError):
        assert target.read_text() == "old" if overwrite else not target.exists()
    else:
        assert not reached or (step == "link" and error is OSError)
        assert target.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".amlnet-")] == []


def test_a_text_that_is_no_unicode_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_text(str(tmp_path / "x.json"), "a\ud800b", overwrite=False)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "facts.json"
    chmod = os.chmod

    def appear(*words: Any) -> None:
        chmod(*words)
        target.write_text("somebody else's")

    monkeypatch.setattr(os, "chmod", appear)
    with pytest.raises(UsageError):
        write_text(str(target), "ours", overwrite=False)
    assert target.read_text() == "somebody else's"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("moment", ["chmod", "link", "unlink"])
def test_kill_9_inside_a_write_leaves_the_file_whole_or_absent(tmp_path: Path, moment: str) -> None:
    target = tmp_path / "facts.json"
    program = (
        "import os, signal, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from azext_amlnet.files import write_text\n"
        f"os.{moment} = lambda *words: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"write_text({str(target)!r}, 'x' * 100000, False)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], timeout=30, check=False)
    assert ran.returncode == -signal.SIGKILL
    assert not target.exists() or len(target.read_text()) == 100000


@pytest.mark.parametrize(
    "words",
    [
        ("export", "--format", "csv", "--output-file", "-"),
        ("test", "--dry-run"),
    ],
)
def test_standard_output_that_takes_no_more_is_one_line(az: Az, words: tuple[str, ...]) -> None:
    command = az.command("ml", "network", *words, "--workspace-file", str(EXAMPLE), "--only-show-errors")
    with open("/dev/full", "w") as full:
        ran = subprocess.run(
            command,
            env=az.environment,
            cwd=az.folder,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert "Standard output cannot be written: No space left on device" in ran.stderr


@ROOTED
def test_a_full_file_system_is_one_line_and_leaves_nothing(az: Az) -> None:
    folder = az.folder / "small"
    folder.mkdir()
    words = (
        "ml",
        "network",
        "export",
        "--workspace-file",
        str(EXAMPLE),
        "--format",
        "csv",
        "--output-file",
        str(folder / "x.csv"),
    )
    inner = " ".join(f"'{word}'" for word in az.command(*words))
    script = f"mount -t tmpfs -o size=4k tmpfs {folder} && {inner}; code=$?; ls -A {folder} | wc -l; exit $code"
    ran = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script],
        env=az.environment, cwd=az.folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 2, ran.stderr
    assert "No space left on device" in ran.stderr
    assert ran.stdout.split()[-1] == "0"


@ROOTED
def test_a_folder_that_a_user_may_not_write_is_one_line() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        program = (
            f"import os, sys; sys.path.insert(0, {str(ROOT)!r})\n"
            "from azext_amlnet.files import write_text\nfrom azext_amlnet.errors import UsageError\n"
            "os.setgid(65534); os.setuid(65534)\n"
            f"try:\n    write_text({folder + '/x'!r}, 'x', False)\n"
            "except UsageError as error:\n    print(error.message)\n"
        )
        command = [sys.executable, "-c", program]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert "Permission denied" in ran.stdout, ran.stderr
        assert os.listdir(folder) == []


# ---------------------------------------------------------------------------------------------------------------------
# Azure in bulk


def test_what_was_read_of_a_list_without_end_is_kept(facts: Facts, azure: FakeAzure) -> None:
    resources = arm.ordinary()
    own = arm.workspace_id()
    page = {
        "value": [arm.datastore("one", account="other")],
        "nextLink": f"{azure.url}{own}/datastores?api-version=1&page=2",
    }
    azure.faults.append(Fault("/datastores", status=200, body=json.dumps(page).encode()))
    workspace = facts(resources)
    assert "other" in [account.name for account in workspace.storage_accounts]
    (gap,) = [gap for gap in workspace.gaps if gap.fact == "datastores"]
    assert "leads back to a page that was read" in gap.reason
    assert gap.assumed == "the 2 that were read"


def test_a_list_of_computes_that_breaks_off_is_no_list(facts: Facts, azure: FakeAzure) -> None:
    own = arm.workspace_id()
    page = {"value": [], "nextLink": f"{azure.url}{own}/computes?api-version=1&page=2"}
    azure.faults.append(Fault("/computes", status=200, body=json.dumps(page).encode(), times=1))
    azure.faults.append(Fault("/computes", status=403, code="AuthorizationFailed", message="no"))
    workspace = facts(arm.ordinary())
    assert any(gap.fact == "computes" and "403" in gap.reason for gap in workspace.gaps)


def test_an_answer_that_swells_is_refused(facts: Facts, azure: FakeAzure) -> None:
    bomb = gzip.compress(b'{"properties": {"a": "' + b"x" * (80 << 20) + b'"}}')
    assert len(bomb) < 1 << 20
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    azure.faults.append(Fault("/vaults/", status=200, body=bomb, headers=headers))
    workspace = facts(arm.ordinary())
    (gap,) = [gap for gap in workspace.gaps if gap.fact == "key-vault"]
    assert "more than 64 MiB" in gap.reason


def test_many_gaps_of_one_kind_are_one_line(az: Az, azure: FakeAzure) -> None:
    clusters = [arm.identifier("Microsoft.ContainerService/managedClusters", f"aks-{number}") for number in range(40)]
    computes = [arm.compute(f"gpu-{number}", cluster) for number, cluster in enumerate(clusters)]
    azure.serve(arm.with_computes(arm.ordinary(), *computes))
    azure.faults.append(Fault("/managedClusters/", status=403, code="AuthorizationFailed", message="no right"))
    ran = az("ml", "network", "requirements", "-w", "ml-ws", "-g", "ml-rg", "-o", "none")
    assert ran.code == 0, ran.err
    assert len(ran.err.splitlines()) < 12, ran.err
    assert "So for 40 in all" in ran.err


# ---------------------------------------------------------------------------------------------------------------------
# Small things


@pytest.mark.parametrize("number", ["0x1BB", "0b11", "1:30", "0o17", "1_0"])
def test_a_number_in_another_notation_is_refused_with_its_place(tmp_path: Path, number: str) -> None:
    for path in (ROOT / "azext_amlnet" / "catalog" / "data").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(text.replace("port: 8084", f"port: {number}", 1), encoding="utf-8")
    with pytest.raises(CatalogError, match=r"^[a-z-]+\.yaml:[0-9]+: "):
        load(str(tmp_path))


@pytest.mark.parametrize("text", ["https://a.b.c:8443/path x=1", "https://a.b.c/\u2003x", "a.b.c/x\ty"])
def test_a_blank_in_an_endpoint_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        extra(CATALOG, text)


@pytest.mark.parametrize("port", ["\u0664\u0664\u0663", "\uff14\uff14\uff13", "0-99999", "443-80", "70000"])
def test_a_port_in_another_script_or_out_of_range_opens_nothing(port: str) -> None:
    policy = f"acl p port {port}\nacl CONNECT method CONNECT\nhttp_access allow CONNECT p\nhttp_access deny all\n"
    row = Requirement(host="acrml.azurecr.io")
    assert build.coverage(build.of_text(policy, "squid"), row) != ["covered"]


def test_a_look_alike_of_a_letter_is_no_letter() -> None:
    row = Requirement(host="kubernetes.azure.com")
    assert build.coverage(build.of_text("kubernetes.azure.com\n", "hosts"), row) == ["covered"]
    assert build.coverage(build.of_text("\u212aubernetes.azure.com\n", "hosts"), row) != ["covered"]


def test_a_line_more_of_an_acl_copies_none_of_those_before() -> None:
    acls = Acls(Files(()))
    acls.take(Line("f:1", ["acl", "d", "dstdomain", "a.example.com"]))
    lines = acls.defined["d"].lines
    acls.take(Line("f:2", ["acl", "d", "dstdomain", "b.example.com"]))
    assert acls.defined["d"].lines is lines and lines == [["a.example.com"], ["b.example.com"]]
