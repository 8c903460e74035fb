"""squid's files: lines and their words, what they include, and the lists that acls take their values from.

An include line names a path or a pattern (http://www.squid-cache.org/Doc/config/include/), an acl a file by a path in
quotes, with one value a line (http://www.squid-cache.org/Doc/config/acl/, 2026-11-26). Files that were given are found
by as much of the path as they have.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Iterable, Iterator, Optional, Sequence

from ..documents import Document

_LONGEST = 8191  # squid cuts what is longer
_MOST_LINES = 200_000
Words = list[str]


@dataclass(frozen=True)
class Line:
    """One line of a configuration: where it stands, and its words."""

    where: str
    words: Words


@dataclass
class Files:
    """All files of one squid, and what is to be said of how they were read."""

    documents: Sequence[Document]
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.configurations = {document.name: list(_lines(document)) for document in self.documents}
        self.reached: set[str] = set()
        self.spent = 0
        lines = [line for lines in self.configurations.values() for line in lines]
        paths = dict.fromkeys(path for line in lines for path in list_paths(line.words))
        self.lists = {document.name for path in paths for document in matching(path, self.documents)}

    def lines(self) -> Iterator[Line]:
        """All lines in squid's order: a file that another one includes stands where it is included."""
        names = [name for name in self.configurations if name not in self.lists]
        included = {document.name for name in names for line in self.configurations[name]
                    for document in self._included(line.words, name)}  # fmt: skip
        for name in sorted(names, key=included.__contains__):  # first what nothing includes; in a circle, any
            if name not in self.reached:
                yield from self._lines_of(name, ())

    def _lines_of(self, name: str, within: tuple[str, ...]) -> Iterator[Line]:
        """The lines of a file; in a circle, and past the most lines, an include stays as it is."""
        self.reached.add(name)
        for line in self.configurations[name]:
            self.spent += 1
            inner = self._included(line.words, *within, name)
            if not inner or self.spent > _MOST_LINES:
                yield line
                continue
            paths, names = " ".join(line.words[1:]), ", ".join(document.name for document in inner)
            if "*" in paths:
                self.notes.append(f"{line.where} includes {paths}: read as {names}, which were given.")
            for document in inner:
                yield from self._lines_of(document.name, (*within, name))

    def _included(self, words: Words, *within: str) -> list[Document]:
        """The given files that an include line names, path after path, those of a pattern sorted as squid does.

        None where one of the paths is not given, so that the line stays as it is.
        """
        if words[0] != "include":
            return []
        by_path = [matching(path, self.documents) for path in included_paths(words)]
        whole = [document for documents in by_path for document in documents if document.name not in within]
        return whole if all(by_path) else []

    def values(self, path: str) -> Optional[list[str]]:
        """The values in a list file, one a line; None where it was not given."""
        documents = matching(path, self.documents)
        return list(_values(documents[0].text)) if len(documents) == 1 else None


def matching(path: str, documents: Iterable[Document]) -> list[Document]:
    """The documents that a path or a pattern of squid's machine means, by name: of several the ones that fit its
    folders best, of a plain path none where two fit alike."""
    *folders, pattern = path.split("/")
    fitting: dict[int, list[Document]] = {}
    for document in documents:
        *own, name = (document.path or document.name).split("/")
        shown = pattern.startswith(".") or not name.startswith(".")
        if pattern and shown and fnmatch.fnmatchcase(name, pattern):
            pairs = zip(reversed(folders), reversed(own), strict=False)
            alike = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
            fitting.setdefault(alike, []).append(document)
    best = sorted(fitting[max(fitting)], key=lambda document: document.name) if fitting else []
    return best if len(best) < 2 or any(sign in pattern for sign in "*?[") else []


_BEFORE_A_FILE = ("'", '"', "p")
_IN_QUOTES = re.compile(r"""["']([^"']+)["']?\Z""")


def file_of(value: str, quoting: bool = False) -> str:
    """The file that a value of an acl stands for, empty where it is a value itself.

    `quoting`: whether quotes are around plain values (`configuration_includes_quoted_values on`).
    """
    if quoting and value.startswith("parameters(") and value.endswith(")"):
        return value[len("parameters(") : -1].strip("\"'")
    match = _IN_QUOTES.match(value) if value[:1] in ("'", '"') and not quoting else None
    return match[1] if match else ""


def included_paths(words: Words) -> list[str]:
    """The paths and patterns of an include line, which may be in quotes; empty for any other line."""
    return [word.strip('"') for word in words[1:]] if words[0] == "include" else []


def list_paths(words: Words) -> Iterator[str]:
    """The list files that a line names."""
    for word in words[3:] if words[0] == "acl" else ():
        if word[0] not in _BEFORE_A_FILE:
            continue
        path = file_of(word) or file_of(word, quoting=True)
        if path:
            yield path


def named_by(claimed: Sequence[Document], others: Sequence[Document]) -> list[Document]:
    """Of other documents those that are squid's because its files include them, or take values from them."""
    reached, asked = list(claimed), list(claimed if len(claimed) < len(others) else ())
    while asked:
        words = [line.words for line in _lines(asked.pop())]
        paths = [path for line in words for path in (*included_paths(line), *list_paths(line))]
        new = [document for path in paths for document in matching(path, others) if document not in reached]
        reached += new
        asked += new
    return [document for document in others if document in reached]


def _lines(document: Document) -> Iterator[Line]:
    """The lines with their words; comments and empty lines count for nothing, even within a continued line."""
    started, held = 0, ""
    for number, line in enumerate(document.text.split("\n"), 1):
        plain = line.partition("\r")[0].lstrip(" \t")
        if not plain or plain.startswith("#"):
            continue
        started = started or number
        if plain.endswith("\\"):
            held += plain[:-1]
            continue
        whole = _without_comment(held + plain).replace("\t", " ").strip(" ")
        words = [word for word in whole.split(" ") if word]
        words = words if len(held + plain) < _LONGEST else ["(a line longer than squid reads)"]
        if whole:
            yield Line(f"{document.name}:{started}", words)
        started, held = 0, ""


def _without_comment(line: str) -> str:
    """A line without what follows a `#` behind a blank."""
    return re.split(r"[ \t]#", line, maxsplit=1)[0] if "#" in line else line


def _values(text: str) -> Iterator[str]:
    """The values of a list file: whole lines, without a comment behind a blank."""
    for line in text.split("\n"):
        value = _without_comment(line.strip(" \t\r\f\v")).strip(" \t\r\f\v")
        if value and not value.startswith("#"):
            yield value
