"""The files users hand us: strict, with the place of what is wrong; and those they get: whole or not at all."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_amlnet.codec import DocumentError, from_json, to_json
from azext_amlnet.errors import UsageError
from azext_amlnet.files import read_requirements, read_workspace, write_text, write_workspace
from azext_amlnet.files.writing import write_files
from azext_amlnet.model import Cloud, Gap, Requirement, Workspace
from azext_amlnet.text import is_host


def written(tmp_path: Path, text: str | bytes) -> str:
    """A file with this content."""
    path = tmp_path / "file.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_the_smallest_workspace_file(tmp_path: Path) -> None:
    assert read_workspace(written(tmp_path, '{"cloud": "china", "region": "chinaeast2"}')) == Workspace(
        cloud=Cloud.CHINA, region="chinaeast2"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("{", "is not JSON"),
        ("[]", "expected a JSON object, found []"),
        ('"text"', "expected a JSON object"),
        (b"\xc3({}", "is not UTF-8"),
        ("[" * 100_000, "nested too deeply"),
        ('{"schemaVersion": 2}', "schemaVersion 2 is not known; this release reads 1"),
        ('{"schemaVersion": "1"}', 'schemaVersion "1" is not known'),
        ('{"schemaVersion": true}', "schemaVersion true is not known"),
        ('{"schemaVersion": 1.0}', "schemaVersion 1.0 is not known"),
        ('{"region":' + "[" * 979 + "]" * 979 + "}", "file.json"),
        ('{"registry": {"name": "a", "loginServer": "*.io"}}', "registry.loginServer: expected a host name"),
        ('{"registry": {"name": "a", "loginServer": "10.0.0.1"}}', "registry.loginServer: expected a host name"),
        ('{"registry": {"name": "a", "loginServer": "localhost"}}', "registry.loginServer: expected a host name"),
        ('{"dependencies": [{"origin": "bogus", "host": "a.io"}]}', "dependencies[0].origin: expected one of"),
        ('{"%s": 1}' % ("k" * 5000), "unknown key"),
        ('{"region": "westeurope", "region": "eastus"}', 'the key "region" stands in one object twice'),
        ('{"cloud": "germany"}', 'cloud: expected one of public, usgov, china, found "germany"'),
        ('{"regoin": "westeurope"}', "regoin: unknown key"),
        ('{"region": "West Europe"}', "region: expected a region such as 'westeurope', found \"West Europe\""),
        ('{"region": 5}', "region: expected a string, found 5"),
        ('{"privateEndpoint": "yes"}', "privateEndpoint: expected true or false"),
        ('{"registry": []}', "registry: expected an object"),
        ('{"registry": {}}', "registry.name: missing"),
        ('{"registry": {"name": "a", "loginServer": "evil.com\\" }"}}', "registry.loginServer: expected a host name"),
        ('{"registry": {"name": "a", "loginServer": "a b.azurecr.io"}}', "registry.loginServer: expected a host name"),
        ('{"registry": {"name": "a", "loginServer": "a\\u0000.io"}}', "registry.loginServer: expected a host name"),
        ('{"registry": {"name": "a", "loginServer": "%s"}}' % ("a" * 300), "registry.loginServer: expected a host"),
        ('{"registry": {"name": "a", "loginServer": "${jndi:x}"}}', "registry.loginServer: expected a host name"),
        ('{"registry": {"name": "a", "dataHosts": ["ok.io", "https://x/"]}}', "registry.dataHosts[1]: expected"),
        (
            '{"storageAccounts": [{"name": "a"}, {"name": "b\\nc"}]}',
            "storageAccounts[1].name: expected a resource name",
        ),
        ('{"clusters": [{"types": ["none"]}]}', "a cluster's types are aks and arc, not none"),
        ('{"id": "not an id"}', "id: expected an Azure resource id"),
        ('{"dependencies": [{"origin": "aks", "host": "a.io", "port": 0}]}', "dependencies[0].port: expected a port"),
        ('{"gaps": [{"fact": "x", "resource": "y", "reason": "a\\u001b[31m"}]}', "gaps[0].reason: expected one line"),
    ],
)
def test_a_workspace_file_that_is_wrong_is_named_with_the_place(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read_workspace(written(tmp_path, content))
    assert message in caught.value.message
    assert caught.value.message.isprintable() and len(caught.value.message) < 600
    assert caught.value.hint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "expected a JSON array"),
        ("[5]", "row 1: expected an object"),
        ("[{}]", "row 1.host: missing"),
        ('[{"host": "a.io"}, {"host": "a b"}]', "row 2.host: expected a host name"),
        ('[{"host": "<script>alert(1)</script>"}]', "row 1.host: expected a host name"),
        ('[{"host": "a.io", "port": true}]', "row 1.port: expected a whole number"),
        ('[{"host": "a.io", "level": "must"}]', "row 1.level: expected one of required, recommended, optional"),
    ],
)
def test_a_requirements_file_that_is_wrong_is_named_with_the_row(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_requirements(written(tmp_path, content))
    assert message in caught.value.message


def test_a_requirements_file_may_be_as_small_as_hosts(tmp_path: Path) -> None:
    rows = read_requirements(
        written(tmp_path, '[{"host": "<registry>.azurecr.io"}, {"host": "*.blob.core.windows.net"}]')
    )
    assert [row.host for row in rows] == ["<registry>.azurecr.io", "*.blob.core.windows.net"]


def test_a_pipe_and_a_huge_file_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_workspace(str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match="cannot be read"):
        read_workspace("a\0b")
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(40 * 1024 * 1024)
    for endless in (str(huge), "/dev/zero"):
        with pytest.raises(UsageError, match="larger than 32 MiB"):
            read_workspace(endless)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text('{"region": "westeurope"}'))
    writer.start()
    assert read_workspace(str(pipe)).region == "westeurope"
    writer.join()


def test_the_removed_rows_of_a_compared_output_are_not_part_of_it(tmp_path: Path) -> None:
    text = '[{"host": "gone.io", "change": "removed"}, {"host": "new.io", "change": "added"}]'
    assert read_requirements(written(tmp_path, text)) == (Requirement(host="new.io"),)


def test_a_link_is_followed_a_mode_kept_and_a_device_left_alone(tmp_path: Path) -> None:
    target, link, pipe = tmp_path / "target", tmp_path / "link", tmp_path / "pipe"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    with pytest.raises(UsageError, match="exists already"):
        write_text(str(link), "new", overwrite=False)
    write_text(str(link), "new", overwrite=True)
    assert link.is_symlink() and target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    os.mkfifo(pipe)
    for special in (str(pipe), "/dev/null"):
        with pytest.raises(UsageError, match="no ordinary file"):
            write_text(special, "x", overwrite=True)


def test_writing_is_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    write_workspace(str(path), Workspace(gaps=(Gap("registry", "registry a", "403"),)), overwrite=False)
    assert json.loads(path.read_text())["schemaVersion"] == 1
    assert read_workspace(str(path)).gaps[0].resource == "registry a"
    with pytest.raises(UsageError, match="exists already"):
        write_text(str(path), "new", overwrite=False)
    write_text(str(path), "new\n", overwrite=True)
    assert path.read_text() == "new\n" and [p.name for p in tmp_path.iterdir()] == ["facts.json"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_mark_of_byte_order_is_no_part_of_the_text(tmp_path: Path) -> None:
    assert read_workspace(written(tmp_path, b'\xef\xbb\xbf{"region": "westeurope"}')).region == "westeurope"


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    (tmp_path / "file").write_text("old")
    monkeypatch.setattr(os, "replace", fail)
    monkeypatch.setattr(os, "link", fail)  # as on a file system without links
    for name, overwrite in (("file", True), ("other", False)):
        with pytest.raises(UsageError, match="Operation not permitted"):
            write_text(str(tmp_path / name), "new", overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["file"] and (tmp_path / "file").read_text() == "old"


def test_writing_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        write_text(str(tmp_path), "x", overwrite=True)
    with pytest.raises(UsageError, match="does not exist"):
        write_text(str(tmp_path / "no" / "file"), "x", overwrite=False)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="does not exist"):
        write_text(str(tmp_path / "file" / "file"), "x", overwrite=False)


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(documents)
def test_no_document_breaks_the_reader(document: object) -> None:
    for noun in (Workspace, Requirement):
        try:
            instance = from_json(noun, document)
        except DocumentError as error:
            assert str(error).isprintable()
        else:
            assert from_json(noun, to_json(instance)) == instance


@given(st.text(max_size=80))
def test_a_host_never_holds_what_could_break_out_of_a_file(text: str) -> None:
    if is_host(text):
        assert set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.")
        assert ".." not in text and "." in text


# -- several files


def test_several_files_are_written_all_or_none(tmp_path: Path) -> None:
    folder = tmp_path / "all"
    write_files(f"{folder}/", [("a", "1"), ("b", "2")], overwrite=False)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"a": "1", "b": "2"}
    with pytest.raises(UsageError, match="exists already"):
        write_files(str(folder), [("c", "3"), ("b", "3")], overwrite=False)
    (folder / "d").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        write_files(str(folder), [("a", "3"), ("d", "3")], overwrite=True)
    assert {path.name: path.read_text() for path in folder.iterdir() if path.is_file()} == {"a": "1", "b": "2"}


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_was_there_is_there_again_when_the_disk_is_full(
    exists: bool, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "all"
    if exists:
        write_files(str(folder), [("a", "1"), ("b", "2")], overwrite=False)
        (folder / "a").chmod(0o640)
    written = []
    replaced = os.replace

    def full(source: str, target: str) -> None:
        written.append(target)
        if len(written) == 2:
            raise error
        replaced(source, target)

    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(NotImplementedError))
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises((UsageError, KeyboardInterrupt)):
        write_files(str(folder), [("a", "3"), ("b", "3"), ("c", "3")], overwrite=True)
    assert folder.exists() is exists
    if exists:
        assert {path.name: path.read_text() for path in folder.iterdir()} == {"a": "1", "b": "2"}
        assert (folder / "a").stat().st_mode & 0o777 == 0o640
