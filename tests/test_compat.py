"""What earlier releases wrote is read by this one, and what changes by it is known and has its reason."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tools.compat import RELEASES, UNREAD, changes

from .world import Az


@pytest.mark.parametrize("release", sorted(path.name for path in RELEASES.iterdir()))
def test_the_files_of_a_release_are_read_and_what_changed_is_known(az: Az, tmp_path: Path, release: str) -> None:
    folder = tmp_path / "files"
    shutil.copytree(RELEASES / release, folder)

    def run(words: list[str], cwd: Path) -> tuple[int, str]:
        ran = az("ml", "network", *words, cwd=cwd)
        assert "Traceback" not in ran.err
        return ran.code, ran.out

    listed = list(changes(folder, run))
    assert not [change for change in listed if change.why in ("", UNREAD)]
    codes = {change.command: change.what for change in listed if change.what.startswith("exit code")}
    known = folder / "changed.json"  # what a release changed on purpose; HISTORY's part Upgrading says it
    assert codes == (json.loads(known.read_text(encoding="utf-8")) if known.exists() else {})


def test_a_row_that_changes_is_told_with_its_reason(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    shutil.copytree(RELEASES / "1.0.0b1", folder)
    rows = json.loads((folder / "requirements.json").read_text(encoding="utf-8"))
    command = "requirements --workspace-file workspace.json"
    (folder / "codes.json").write_text(json.dumps({command: 0}), encoding="utf-8")
    gone, raised, *rest = rows
    now = [{**raised, "level": "optional"}, *rest, {**gone, "host": "new.example.com"}]

    def run(words: list[str], cwd: Path) -> tuple[int, str]:
        return 8, json.dumps(now)

    changed = [(change.what, bool(change.why)) for change in changes(folder, run)]
    assert (f"{gone['host']}:443/https was removed", True) in changed
    assert (f"{raised['host']}:443/https: level required is now optional", True) in changed
    assert ("new.example.com:443/https was added", True) in changed
    assert changed[-1] == ("exit code 0 is now 8", True)
