"""Work trees of documentation repositories in one folder; a tree may be partial: what it lacks was not looked at."""

from __future__ import annotations

import json
import posixpath
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Optional


@dataclass(frozen=True)
class Tree:
    """A work tree of one repository (`owner/name`); `complete` says that what it lacks does not exist."""

    repo: str
    root: Path
    complete: bool = False

    def text(self, path: str) -> Optional[str]:
        """A file's text; None when the tree has no such file, and for a path that leads out of it."""
        file = (self.root / path).resolve()
        if not file.is_relative_to(self.root.resolve()) or not file.is_file():
            return None
        return file.read_text(encoding="utf-8-sig", errors="replace")

    def include(self, path: str, from_file: str) -> str:
        """The path in the repository of what a file includes; `~/` is the root of the repository."""
        bare = path.partition("?")[0].partition("#")[0].replace("\\", "/")
        if bare.startswith("~/"):
            return posixpath.normpath(bare[2:])
        return posixpath.normpath(posixpath.join(posixpath.dirname(from_file), bare))

    def exists(self, path: str) -> Optional[bool]:
        """Whether the repository has the file at the commit of this tree; None when a partial tree cannot tell."""
        if (self.root / path).is_file():
            return True
        if self.complete:
            return False
        if not (self.root / ".git").exists():
            return None
        listed = self._git("ls-tree", "--name-only", "HEAD", "--", path)
        return None if listed is None else bool(listed.strip())

    @property
    def commit(self) -> str:
        """The commit of a clone, short; empty for a plain folder."""
        return (self._git("rev-parse", "--short", "HEAD") or "").strip() if (self.root / ".git").exists() else ""

    def moved(self, path: str) -> Optional[str]:
        """Where the redirection files of the repository send the readers of a page."""
        return self._redirections.get(path)

    def successor(self, path: str, url: str) -> Optional[str]:
        """The file that a redirection's URL means, if this tree has it: the same below `articles`, or a neighbour."""
        name = url.partition("?")[0].partition("#")[0].rstrip("/")
        tail = name.partition("/azure/")[2] or posixpath.basename(name)
        choices = (f"articles/{tail}.md", posixpath.join(posixpath.dirname(path), posixpath.basename(name) + ".md"))
        return next((choice for choice in choices if choice != path and (self.root / choice).is_file()), None)

    @cached_property
    def _redirections(self) -> dict[str, str]:
        files = {
            *self.root.glob(".openpublishing.redirection*.json"),
            *self.root.glob("*/.openpublishing.redirection*.json"),
        }
        files |= {self.root / name for name in self._named() if (self.root / name).is_file()}
        moved: dict[str, str] = {}
        for file in sorted(files):
            for one in _entries(file):
                path = str(one.get("source_path") or one.get("source_path_from_root") or "").lstrip("/")
                moved[path] = str(one.get("redirect_url", ""))
        return moved

    def _named(self) -> list[str]:
        """The redirection files that the publishing configuration names; they can have any name."""
        config = self.root / ".openpublishing.publish.config.json"
        try:
            names = json.loads(config.read_text(encoding="utf-8-sig")).get("redirection_files", [])
        except (OSError, ValueError, AttributeError):
            return []
        return [name for name in names if isinstance(name, str)]

    def _git(self, *words: str) -> Optional[str]:
        command = ["git", "-C", str(self.root), *words]
        try:
            ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return ran.stdout if ran.returncode == 0 else None


def _entries(file: Path) -> list[dict[str, Any]]:
    try:
        data = json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"{file}: no JSON: {error}") from None
    entries = data.get("redirections", []) if isinstance(data, dict) else []
    return [one for one in entries if isinstance(one, dict)]


def tree_of(folder: Path, repo: str, complete: bool) -> Optional[Tree]:
    """The work tree of a repository in a folder: `owner/name`, `owner+name` or `name`; None when it is not there."""
    owner, _, name = repo.partition("/")
    for choice in (folder / owner / name, folder / f"{owner}+{name}", folder / name):
        if choice.is_dir():
            return Tree(repo, choice, complete)
    return None
