"""Markdown as Microsoft's documentation writes it → the passages that can name hosts, each with where it stands.

Understood: tables of Markdown and of HTML (with cells that span rows and columns), lists, blocks of code, code in
running text, headings, tabs (`# [Name](#tab/id)`), zone pivots and includes (which may stand anywhere).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Callable, Iterator, Mapping, Optional, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

# Stars are names' own here more often than emphasis: `*.a.com<br>*.b.com` would lose both.
_MARKDOWN = MarkdownIt("commonmark").enable("table").disable("emphasis")
_INCLUDE = re.compile(r"\[!INCLUDE\s*\[[^\]]*\]\(([^)\s]+)\)\]", re.IGNORECASE)
_ZONE = re.compile(r"^:{3,}\s*(zone(?:-end)?)\b(.*)$", re.MULTILINE)
_FRONT_MATTER = re.compile(r"\A---\s*\n.*?\n---\s*\n", re.DOTALL)
_HTML_TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL | re.IGNORECASE)
_MARKUP = {"a", "b", "code", "div", "em", "i", "li", "ol", "p", "span", "strong", "sub", "sup", "u", "ul"}
_TAG = re.compile(r"</?([a-z0-9]+)\b[^<>]*>", re.IGNORECASE)

Include = Callable[[str, str], Optional[tuple[str, str]]]
"""(path, from file) → (file, text) of an include; None when it is not at hand."""


@dataclass(frozen=True)
class Passage:
    """A row of a table, an item of a list, a block of code or the code of a paragraph.

    `cells` has the text by the (lower-case) title of its column, everything else under the empty title. `section` are
    the headings, tabs and pivots around it, outermost first; `introduction` is the paragraph before it.
    """

    kind: str
    cells: Mapping[str, str]
    file: str
    line: int
    section: tuple[str, ...] = ()
    introduction: str = ""


@dataclass
class _Place:
    """Where the reader is: headings by their level, and the tab and the pivot that are open."""

    headings: list[tuple[int, str]] = field(default_factory=list)
    tab: Optional[tuple[int, str]] = None
    pivot: str = ""
    introduction: str = ""

    def heading(self, level: int, text: str, tab: bool) -> None:
        self.introduction = ""
        if tab:
            outer = min(level, self.tab[0]) if self.tab else level
            self.headings = [one for one in self.headings if one[0] < outer]
            self.tab = (outer, text)
            return
        if self.tab and level < self.tab[0]:
            self.tab = None
        self.headings = [*(one for one in self.headings if one[0] < level), (level, text)]

    @property
    def section(self) -> tuple[str, ...]:
        """Outermost first; a tab stands between the headings around it and those within."""
        at = self.tab[0] if self.tab else 0
        outer = [text for level, text in self.headings if not at or level < at]
        inner = [text for level, text in self.headings if at and level >= at]
        tab = self.tab[1] if self.tab else ""
        return tuple(text for text in (self.pivot, *outer, tab, *inner) if text)


def passages(text: str, file: str, include: Include) -> Iterator[Passage]:
    """The passages of a page in their order; `include` brings what they include."""
    if not file.endswith((".md", ".markdown")):
        yield from _source(text, file)
    else:
        yield from _read(text, file, include, _Place(), (file,))


def _source(text: str, file: str) -> Iterator[Passage]:
    """Source code and data: what stands in quotes."""
    for number, line in enumerate(text.splitlines(), 1):
        quoted = [a or b for a, b in re.findall(r"\"([^\"]*)\"|'([^']*)'", line.partition(" #")[0])]
        if quoted:
            yield Passage("source", {"": "\n".join(quoted)}, file, number)


def _read(text: str, file: str, include: Include, place: _Place, within: tuple[str, ...]) -> Iterator[Passage]:
    front = _FRONT_MATTER.match(text)
    if front:  # its lines stay, empty, so that line numbers are the file's
        text = "\n" * front.group().count("\n") + text[front.end() :]
    # A zone's marks stand alone; without empty lines they would be part of the paragraph around them.
    text = _ZONE.sub(lambda mark: f"<!--{mark[1]} {mark[2].strip()}-->", text)
    # An empty line would end a block of HTML; a comment does not.
    text = _HTML_TABLE.sub(lambda table: re.sub(r"^[ \t]*$", "<!-- -->", table[0], flags=re.MULTILINE), text)
    for passage in _Reader(file, place).passages(_MARKDOWN.parse(text)):
        if passage.kind != "include":
            yield passage
            continue
        brought = include(passage.cells[""], file)
        if brought and brought[0] not in within:
            yield from _read(brought[1], brought[0], include, place, (*within, brought[0]))


class _Reader:
    """The tokens of one file → its passages; an include is one whose cell is the path."""

    def __init__(self, file: str, place: _Place) -> None:
        self.file, self.place = file, place

    def passages(self, tokens: Sequence[Token]) -> Iterator[Passage]:
        at, depth = 0, 0
        while at < len(tokens):
            token = tokens[at]
            depth += token.nesting if token.type.startswith("list_item") else 0
            if token.type == "table_open":
                end = next(i for i in range(at, len(tokens)) if tokens[i].type == "table_close")
                yield from self._table(tokens[at:end])
                at = end
            elif token.type == "heading_open":
                self._heading(token, tokens[at + 1])
                at += 2
            elif token.type == "inline":
                yield from self._inline(token, depth > 0)
            elif token.type in ("fence", "code_block"):
                yield self._passage("code", {"": token.content}, token)
            elif token.type == "html_block":
                yield from self._html(token)
            elif token.type == "hr":
                self.place.tab = None
            at += 1

    def _passage(self, kind: str, cells: Mapping[str, str], token: Token, line: Optional[int] = None) -> Passage:
        line = line if line is not None else (token.map or [0])[0] + 1
        return Passage(kind, cells, self.file, line, self.place.section, self.place.introduction)

    def _heading(self, token: Token, inline: Token) -> None:
        links = [child.attrGet("href") for child in inline.children or [] if child.type == "link_open"]
        tab = next((str(href) for href in links if str(href).startswith("#tab/")), "")
        text = _plain(inline)
        self.place.heading(int(token.tag[1:]), f"{text} {tab}".strip(), bool(tab))

    def _inline(self, token: Token, in_list: bool) -> Iterator[Passage]:
        for path in _INCLUDE.findall(token.content):
            yield self._passage("include", {"": path}, token)
        if in_list:
            yield self._passage("list", {"": _plain(token)}, token)
            return
        text = _plain(token)
        codes = [child.content for child in token.children or [] if child.type == "code_inline"]
        if codes:
            yield self._passage("prose", {"": "\n".join(codes)}, token)
        self.place.introduction = text

    def _table(self, tokens: Sequence[Token]) -> Iterator[Passage]:
        rows: list[tuple[int, list[str]]] = []
        for token in tokens:
            if token.type == "tr_open":
                rows.append(((token.map or [0])[0] + 1, []))
            elif token.type == "inline":
                rows[-1][1].append(_plain(token))
        yield from self._rows(rows, tokens[0])

    def _html(self, token: Token) -> Iterator[Passage]:
        for mark in re.finditer(r"<!--(zone(?:-end)?) ?(.*?)-->", token.content):
            pivot = re.search(r'pivot\s*=\s*"([^"]*)"', mark[2])
            self.place.pivot = f"#pivot/{pivot[1]}" if mark[1] == "zone" and pivot else ""
        parser = _Tables((token.map or [0])[0] + 1)
        parser.feed(token.content)
        parser.close()
        for rows in parser.tables:
            yield from self._rows(rows, token)

    def _rows(self, rows: Sequence[tuple[int, list[str]]], token: Token) -> Iterator[Passage]:
        if not rows:
            return
        titles = [title.strip().lower() for title in rows[0][1]]
        above: dict[str, str] = {}
        for line, texts in rows[1:]:
            cells = dict(zip(_unique(titles), texts, strict=False))
            # An empty cell of a port or protocol is one that is merged with the one above.
            for title in cells:
                if not cells[title].strip() and re.search(r"\b(port|protocol)", title):
                    cells[title] = above.get(title, "")
            above = cells
            yield self._passage("table", cells, token, line)


def _unique(titles: Sequence[str]) -> list[str]:
    """The titles, with a number where one comes again."""
    return [title if title not in titles[:at] else f"{title} {at}" for at, title in enumerate(titles)]


def _plain(token: Token) -> str:
    """What a reader sees: a line for each `<br>`, placeholders as they stand, nothing of the links' targets."""
    parts: list[str] = []
    for child in token.children or []:
        if child.type in ("text", "text_special", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif child.type == "html_inline":
            parts.append(_unmarked(child.content))
    # Strong text's marks stand at its ends; a star in front of a dot is a wildcard's.
    return re.sub(r"(?<!\*)\*\*(?=[^*\s])|(?<=\S)\*\*(?!\*)|\*\*(?=\*\.)|__(?=\S)|(?<=\S)__", "", "".join(parts))


def _unmarked(html: str) -> str:
    tag = _TAG.fullmatch(html)
    name = tag[1].lower() if tag else ""
    if name == "br":
        return "\n"
    return "" if name in _MARKUP or html.startswith("<!--") else html


class _Tables(HTMLParser):
    """The tables of a block of HTML as rows of texts; a cell that spans rows or columns stands in each of them."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.first = line
        self.tables: list[list[tuple[int, list[str]]]] = []
        self._spans: dict[int, tuple[int, str]] = {}
        self._cell: Optional[list[str]] = None
        self._size = (1, 1)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Optional[str]]]) -> None:
        values = dict(attrs)
        if tag == "table":
            self.tables.append([])
            self._spans = {}
        elif tag == "tr" and self.tables:
            self.tables[-1].append((self.first + self.getpos()[0] - 1, []))
        elif tag in ("td", "th") and self.tables and self.tables[-1]:
            self._end()
            self._cell, self._size = [], (_count(values.get("rowspan")), _count(values.get("colspan")))
        elif self._cell is not None and tag in ("br", "p", "li", "div"):
            self._cell.append("\n")
        elif self._cell is not None and tag not in _MARKUP:
            self._cell.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._end()
        if tag == "tr" and self.tables and self.tables[-1]:
            self._spanned()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _end(self) -> None:
        if self._cell is None:
            return
        text, (rows, columns), self._cell = "".join(self._cell).strip("`\n "), self._size, None
        self._spanned()
        cells = self.tables[-1][-1][1]
        for _ in range(columns):
            if rows > 1:
                self._spans[len(cells)] = (rows - 1, text)
            cells.append(text)

    def _spanned(self) -> None:
        """Cells from above that reach into this row at this column."""
        cells = self.tables[-1][-1][1]
        while len(cells) in self._spans:
            left, text = self._spans.pop(len(cells))
            if left > 1:
                self._spans[len(cells)] = (left - 1, text)
            cells.append(text)


def _count(text: Optional[str]) -> int:
    return max(1, min(int(text), 1000)) if text and text.isdigit() else 1
