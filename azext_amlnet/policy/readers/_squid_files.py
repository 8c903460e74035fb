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
        self.by_name = {document.name: document for document in self.documents}
        self.configurations = {document.name: list(_lines(document)) for document in self.documents}
        self.reached: set[str] = set()
        self.spent = 0
        lines = [line for lines in self.configurations.values() for line in lines]
        self.paths = list(dict.fromkeys(path for line in lines for path in list_paths(line.words)))
        self.lists = {document.name for path in self.paths for document in self._listed(path)}

    @property
    def names(self) -> list[str]:
        """The files that are configurations."""
        return [name for name in self.configurations if name not in self.lists and name in self.reached]

    def lines(self) -> Iterator[Line]:
        """All lines in squid's order: a file that another one includes stands where it is included.

        Of a folder with a squid.conf nothing else is read but what that one leads to.
        """
        names = [name for name in self.configurations if name not in self.lists]
        included = {document.name for name in names for line in self.configurations[name]
                    for document in self._included(line.words, name)}  # fmt: skip
        mains = {self.by_name[name].folder for name in names if is_main(self.by_name[name])} - {""}
        for name in sorted(names, key=included.__contains__):  # first what nothing includes; in a circle, any
            beside = self.by_name[name].folder in mains and not is_main(self.by_name[name])
            if name not in self.reached and not beside:
                yield from self._lines_of(name, ())
        for name in names:
            if name not in self.reached:
                self.notes.append(f"{name} is not read: nothing in squid.conf of its folder leads to it.")

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
        around = self.by_name[within[-1]]
        by_path = [matching(path, self.documents, around) for path in included_paths(words)]
        whole = [document for documents in by_path for document in documents if document.name not in within]
        return whole if all(by_path) else []

    def values(self, path: str) -> Optional[list[str]]:
        """The values in a list file, one a line; None where it was not given."""
        documents = self._listed(path)
        return list(_values(documents[0].text)) if len(documents) == 1 else None

    def _listed(self, path: str) -> list[Document]:
        """The document of a list file; one that fits the folders of another acl's path better is that one's."""
        documents = matching(path, self.documents)
        rivals = [other for other in self.paths if other != path and _name(other) == _name(path)]
        return [one for one in documents if all(_alike(path, one) >= _alike(other, one) for other in rivals)]


def is_main(document: Document) -> bool:
    """Whether squid starts with a file."""
    return _name(document.path or document.name) == "squid.conf"


def matching(path: str, documents: Iterable[Document], around: Optional[Document] = None) -> list[Document]:
    """The documents that a path or a pattern of squid's machine means, by name: of several the ones that fit its
    folders best, in the order of their paths, and of a plain path none where two fit alike.

    `around` is the document that has it: a pattern means none in a folder below that one's which has another name.
    """
    pattern = any(sign in path for sign in "*?[")
    fitting: dict[int, list[Document]] = {}
    for document in documents:
        name, last = _name(document.path or document.name), _name(path)
        shown = last.startswith(".") or not name.startswith(".")
        if last and shown and fnmatch.fnmatchcase(name, last):
            alike = _alike(path, document)
            below = _folders_below(document, around) if pattern and around else 0
            if alike >= below:
                fitting.setdefault(alike, []).append(document)
    best = sorted(fitting[max(fitting)], key=lambda document: document.path or document.name) if fitting else []
    return best if len(best) < 2 or pattern else []


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _alike(path: str, document: Document) -> int:
    """How many of the last folders of a path, or a pattern, a document has."""
    own = (document.path or document.name).split("/")[:-1]
    pairs = zip(reversed(path.split("/")[:-1]), reversed(own), strict=False)
    return len(list(takewhile(lambda pair: fnmatch.fnmatchcase(pair[1], pair[0]), pairs)))


def _folders_below(document: Document, around: Document) -> int:
    """How many folders deeper than another document one is; 0 where it is not below that one's folder."""
    folder = around.path.rpartition("/")[0] + "/"
    below = around.path and document.path.startswith(folder)
    return document.path[len(folder) :].count("/") if below else 0


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
    """Of other documents those that are squid's because its files include them, take values from them, or start there.

    In a folder with a squid.conf no text is another policy.
    """
    folders = {document.folder for document in claimed if is_main(document)} - {""}
    reached, asked = list(claimed), list(claimed if len(claimed) < len(others) else ())
    while asked:
        around = asked.pop()
        words = [line.words for line in _lines(around)]
        paths = [path for line in words for path in (*included_paths(line), *list_paths(line))]
        new = [document for path in paths for document in matching(path, others, around) if document not in reached]
        reached += new
        asked += new
    reached += [one for one in others if one.folder in folders]
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
