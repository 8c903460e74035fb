"""What all pages have in common: one file that needs nothing else, no script, light and dark; everything is escaped."""

from __future__ import annotations

from html import escape
from typing import Any, Iterable, Mapping, Sequence

from ..text import few
from . import endpoint, is_conditional
from ._style import STYLE
from .scope import sentences, several

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">
<title>{title}</title><style>{style}</style></head>
<body><main>
{body}
</main></body></html>
"""


def page(title: str, parts: Iterable[str]) -> str:
    """A whole page of sections, which are HTML already."""
    whole = _PAGE.format(title=escape(title), style=STYLE, body="\n".join(filter(None, parts)))
    return whole.encode("utf-8", "replace").decode()  # without halves of surrogate pairs


def top(title: str, tone: str, headline: str, about: str) -> str:
    """The top of a page: what it is of, what it comes to, and how that was found."""
    return (
        f'<header><p class="kicker">{escape(title)}</p><h1 class="{tone}">{escape(headline)}</h1>'
        f"<p>{escape(about)}</p></header>"
    )


def cards(counts: Mapping[str, int], by_level: Mapping[str, Mapping[str, int]], order: Sequence[str]) -> str:
    """The counts as cards, and by level as a table, in an order of words."""
    items = "".join(f'<li class="{word}"><b id="count-{word}">{counts[word]}</b> {word}</li>' for word in order)
    levels = "".join(
        f"<tr><th scope=row>{escape(level)}</th>" + "".join(f"<td>{by[word] or '·'}</td>" for word in order)
        for level, by in by_level.items()
    )
    heads = "".join(f"<th scope=col>{word}</th>" for word in order)
    table = f'<div class=scroll><table class="levels"><tr><td></td>{heads}</tr>{levels}</table></div>'
    return f'<ul class="cards">{items}</ul>{table}'


def card_list(counts: Iterable[tuple[int, str, str]]) -> str:
    """Cards of counts, each with its word and the tone of its border."""
    items = "".join(f"<li class={tone}><b>{count}</b> {word}</li>" for count, word, tone in counts)
    return f"<ul class=cards>{items}</ul>"


def listed(title: str, lines: Iterable[str]) -> str:
    """A section of lines, which are HTML already; nothing without lines."""
    items = "".join(f"<li>{line}</li>" for line in lines)
    return f"<section><h2>{title}</h2><ul>{items}</ul></section>" if items else ""


def named(result: Mapping[str, Any], word: str) -> str:
    """An endpoint behind the dot of its verdict, from which it is never parted; it breaks behind its own dots."""
    labels = endpoint(result).split(".")
    parts = [f"{label}." for label in labels[:-1]] + labels[-1:]
    name = "<wbr>".join(f"<span{' class=long' * (len(part) > _LONG)}>{escape(part)}</span>" for part in parts)
    return f'<span class=name><span class="dot {escape(word)}"></span><code>{name}</code></span>'


_LONG = 40
"""A label of more letters than this may break, since the narrowest page has no room for it."""


def level_of(row: Mapping[str, Any]) -> str:
    """How much depends on a row, and whether under a condition."""
    return escape(row["level"]) + (" · conditional" if is_conditional(row) else "")


def fact_table(facts: Iterable[tuple[str, str]]) -> str:
    """What is folded below a row: names, and texts that are HTML already."""
    rows = "".join(f"<tr><th scope=row>{escape(name)}</th><td>{text}</td></tr>" for name, text in facts)
    return f"<div class=scroll><table>{rows}</table></div>"


def linked(source: Mapping[str, str]) -> str:
    """A document with the day it was read; a link only where it is one of the web."""
    url, day = escape(source["url"]), escape(source["checked"])
    text = f'<a href="{url}" rel=noreferrer>{url}</a>' if source["url"].startswith("https://") else url
    return f"{text} ({day})"


def filters(title: str, groups: Mapping[str, Sequence[str]]) -> str:
    """Boxes that hide the rows of a word (`class="row WORD"`), which the style knows; nothing without a choice."""
    boxes = ""
    for group, words in groups.items():
        if len(words) > 1:
            items = "".join(map(_box, words))
            boxes += f"<fieldset><legend>{group}</legend>{items}</fieldset>"
    return f'<div class=filters role=group aria-label="{title}">{boxes}</div>' if boxes else ""


def _box(word: str) -> str:
    return f'<label><input type=checkbox id="show-{word}" checked autocomplete=off> {word}</label>'


def foot(report: Mapping[str, Any], lines: Iterable[str] = ()) -> str:
    """Which tool, catalog and workspace a page is of."""
    tool, catalog = report["tool"], report["catalog"]
    about = [f"{tool['name']} {tool['version']}, catalog {catalog['version']} ({catalog['digest']})", *lines]
    about += [f"{name}: {value}" for name, value in (report["workspace"] or {}).items() if value]
    names = [str(one["name"]) for one in report.get("workspaces") or ()]
    about += [f"workspaces: {few(names, 50)}"] if several(report) else []
    about += sentences(report)
    return "<footer>" + "".join(f"<p>{escape(line)}</p>" for line in about) + "</footer>"


def settlement(result: Mapping[str, Any]) -> str:
    """What would settle an unknown verdict, in words; empty for what is known."""
    settled_by = result.get("settledBy")
    return f"{settled_by['fact']} ({settled_by['option']})" if settled_by else ""
