"""Today's tool over the files that an earlier release wrote: which exit codes and rows changed, and why.

    make compat

The files stand in tests/compat/<release>/, written by that release and never touched again: a workspace file, the list
and the report that it made of it, what a probe script printed, and a result of `check-policy`. `codes.json` holds the
exit codes of that release.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

ROOT = Path(__file__).resolve().parent.parent
RELEASES = ROOT / "tests" / "compat"
Run = Callable[[list[str], Path], tuple[int, str]]
"""Runs `az ml network` with these words in a folder: the exit code, and standard output."""
Key = tuple[str, str, str, int]
UNREAD = "the files of that release are not read any more"


@dataclass(frozen=True)
class Change:
    """What is not as it was, of which command, and why."""

    command: str
    what: str
    why: str


def changes(folder: Path, run: Run) -> Iterator[Change]:
    """What changed of all that a release's files lead to."""
    codes: dict[str, int] = json.loads((folder / "codes.json").read_text(encoding="utf-8"))
    for command, before in codes.items():
        code, text = run([*shlex.split(command), "-o", "json"], folder)
        if code not in (0, 8, 9):
            yield Change(command, f"exit code {before} is now {code}", UNREAD)
            continue
        rows = list(_rows(folder, command, text))
        yield from (Change(command, what, why) for what, why in rows)
        if code != before:
            reasons = dict.fromkeys(why for _, why in rows)
            yield Change(command, f"exit code {before} is now {code}", "; ".join(reasons) or "the tool: no row changed")


def _rows(folder: Path, command: str, text: str) -> Iterator[tuple[str, str]]:
    """What changed of the rows that a command prints, where the release kept its own output of them."""
    if "--baseline" in command or command.startswith("export"):
        return
    verb = command.split()[0]
    name, items, words = {
        "requirements": ("requirements.json", None, ("level", "private", "unresolved")),
        "test": ("report.json", "results", ("verdict", "cause")),
        "check-policy": ("policy.json", "findings", ("coverage",)),
    }[verb]
    before, now = json.loads((folder / name).read_text(encoding="utf-8")), json.loads(text)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    catalog = _catalog(report, now if items else None)
    old, new = _by_key(before[items] if items else before), _by_key(now[items] if items else now)
    for key in [*old, *(key for key in new if key not in old)]:
        yield from _changed(key, old.get(key), new.get(key), words, catalog)


def _by_key(rows: list[dict[str, Any]]) -> dict[Key, dict[str, Any]]:
    return {(row["kind"], row["host"], row["protocol"], row["port"]): row for row in rows}


def _catalog(before: Mapping[str, Any], now: Optional[Mapping[str, Any]]) -> str:
    """How the catalogs differ, empty where they are one."""
    from azext_amlnet.catalog import load

    digest, version = load().digest, load().version
    assert now is None or now["catalog"]["digest"] == digest
    then = before["catalog"]
    return "" if then["digest"] == digest else f"the catalog, {then['version']} then, {version} now"


def _changed(
    key: Key, old: Optional[dict[str, Any]], new: Optional[dict[str, Any]], words: tuple[str, ...], catalog: str
) -> Iterator[tuple[str, str]]:
    """Facts and options are the same, so what changed is the catalog's doing or the tool's."""
    name = f"{key[1]}:{key[3]}/{key[2]}"
    if old is None or new is None:
        yield f"{name} {'was added' if old is None else 'was removed'}", catalog or "the tool"
        return
    for word in words:
        if old[word] != new[word]:
            of_catalog = catalog if old["level"] != new["level"] or word in ("level", "coverage") else ""
            yield f"{name}: {word} {old[word]} is now {new[word]}", of_catalog or "the tool"


def main() -> int:
    """Prints what changed, with the az and the extension that `make demo` uses."""
    demo = ROOT / "build" / "demo"
    own = {"AZURE_CONFIG_DIR": str(demo / "config"), "AZURE_EXTENSION_DIR": str(demo / "extensions")}
    own |= {"AZURE_CORE_COLLECT_TELEMETRY": "no", "HTTPS_PROXY": "http://127.0.0.1:9"}

    def az(words: list[str], folder: Path) -> tuple[int, str]:
        command = [str(ROOT / ".venv" / "bin" / "python"), "-Im", "azure.cli", "ml", "network", *words]
        environment = {**os.environ, **own}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    unread = False
    for folder in sorted(path for path in RELEASES.iterdir() if path.is_dir()):
        print(f"Files of {folder.name}:")
        listed = list(changes(folder, az))
        for change in listed:
            print(f"  {change.command}\n    {change.what} ({change.why})")
        print("" if listed else "  Every exit code and every row is as it was.")
        unread = unread or any(change.why == UNREAD for change in listed)
    return 1 if unread else 0


if __name__ == "__main__":
    sys.exit(main())
