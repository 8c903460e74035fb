"""What each version of the catalog added, removed and changed, and why.

    make feed
    python -m tools.feed [--check] [--keep]

Made from the catalog's data, from what released versions asked for (`tools/catalogs/<version>.json`) and from the
reasons that nobody but a maintainer knows (`tools/catalog-reasons.yaml`): `docs/catalog-changes.json`, whose schema
stands beside it, and the part *Catalog* of the newest release in HISTORY.rst. Changes of notes and sources alone are
not listed.

`--keep` writes down what this version asks for, on the day of a release. Exit code 2: a reason is missing, or the data
of a version that was released changed without a new version; with `--check` also where a file is not up to date.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

import yaml

from azext_amlnet.catalog import load
from azext_amlnet.model import Catalog, CatalogEntry, Level

HERE = Path(__file__).resolve().parent
KEPT, REASONS = HERE / "catalogs", HERE / "catalog-reasons.yaml"
FEED, HISTORY = HERE.parent / "docs" / "catalog-changes.json", HERE.parent / "HISTORY.rst"
ASKED = ("level", "undecided", "neededFor", "each", "when", "condition", "endpoints")
"""What makes the rows of a list; the rest is evidence."""

Record = dict[str, Any]
Records = dict[str, Record]


def records(catalog: Catalog) -> Records:
    """What each entry asks for, and its reason and sources."""
    return {entry.id: _record(entry) for entry in catalog.entries}


def _record(entry: CatalogEntry) -> Record:
    return {
        "topic": entry.topic.value,
        "level": entry.level.value,
        "undecided": entry.undecided.value if entry.undecided else None,
        "neededFor": [scenario.value for scenario in entry.needed_for],
        "each": entry.each,
        "when": {fact: [str(value).lower() for value in values] for fact, values in sorted(entry.when.items())},
        "condition": entry.condition,
        "endpoints": sorted(
            f"{cloud.value}: {host}:{form.port}/{form.protocol.value}"
            for form in entry.forms
            for cloud, host in form.hosts.items()
        ),
        "reason": entry.summary,
        "sources": [source.url for source in entry.sources],
    }


def feed(catalog: Catalog, kept: Mapping[str, Records], reasons: Mapping[str, Any]) -> dict[str, Any]:
    """The feed, newest version first. Raises ValueError for what has no reason, and for data without a new version."""
    now = records(catalog)
    if kept.get(catalog.version, now) != now:
        raise ValueError(f"version {catalog.version} was released with other data: give the catalog a new version")
    by_version = {**kept, catalog.version: now}
    versions, earlier = [], None
    for version in sorted(by_version):
        versions.append(_version(version, earlier, by_version[version], reasons.get(version, {})))
        earlier = by_version[version]
    return {"schemaVersion": 1, "versions": versions[::-1]}


def _version(version: str, earlier: Optional[Records], now: Records, reasons: Mapping[str, Any]) -> dict[str, Any]:
    before = earlier or {}
    why = reasons.get("reasons", {})
    changed = [id for id in now if id in before and any(now[id][key] != before[id][key] for key in ASKED)]
    removed = [id for id in before if id not in now]
    lacking = [id for id in (*changed, *removed) if not why.get(id)]
    strange = sorted(set(why) - set(changed) - set(removed) - {id for id in now if id not in before})
    if lacking or strange:
        raise ValueError(
            f"{REASONS.name}: {version} lacks the reason of: {', '.join(lacking) or 'none'}; "
            f"has one of what did not change: {', '.join(strange) or 'none'}"
        )
    return {
        "version": version,
        "date": version.replace(".", "-"),
        "entries": len(now),
        "summary": reasons.get("summary", ""),
        "added": [_added(id, now[id], why.get(id)) for id in now if id not in before],
        "removed": [_removed(id, before[id], why[id]) for id in removed],
        "changed": [_changed(id, before[id], now[id], why[id]) for id in changed],
    }


def _added(id: str, record: Record, why: Optional[str]) -> Record:
    impact = "mustAllow" if record["level"] == "required" else "mayAllow"
    about = {key: record[key] for key in ("topic", "level", "neededFor", "condition", "endpoints")}
    return {"id": id, "impact": impact, **about, "reason": why or record["reason"], "sources": record["sources"]}


def _removed(id: str, record: Record, why: str) -> Record:
    about = {key: record[key] for key in ("topic", "level", "endpoints", "sources")}
    return {"id": id, "impact": "mayRemove", **about, "reason": why}


def _changed(id: str, before: Record, now: Record, why: str) -> Record:
    changes = [_change(key, before[key], now[key]) for key in ASKED if before[key] != now[key]]
    about = {"id": id, "impact": _impact(before, now), "topic": now["topic"], "changes": changes}
    return {**about, "reason": why, "sources": now["sources"]}


def _change(key: str, before: Any, now: Any) -> Record:
    if isinstance(now, list):
        added, removed = ([one for one in a if one not in b] for a, b in ((now, before), (before, now)))
        return {"what": key, "added": added, "removed": removed}
    return {"what": key, "from": before, "to": now}


def _impact(before: Record, now: Record) -> str:
    """What it means for who keeps a firewall: the first of these that holds."""
    rank = {level.value: level.rank for level in Level}
    more = any(set(now[key]) - set(before[key]) for key in ("endpoints", "neededFor"))
    if rank[now["level"]] < rank[before["level"]] or more:
        return "mustAllow" if now["level"] == "required" else "mayAllow"
    fewer = any(set(before[key]) - set(now[key]) for key in ("endpoints", "neededFor"))
    return "mayRemove" if fewer or rank[now["level"]] > rank[before["level"]] else "conditionChanged"


# ----------------------------------------------------------------------------------------------------------------------
# HISTORY.rst


def history(version: Mapping[str, Any]) -> str:
    """The part *Catalog* of a release: every entry that came, went or changed, by its id."""
    added, removed, changed = version["added"], version["removed"], version["changed"]
    counts = f"{len(added)} came, {len(removed)} went, {len(changed)} changed"
    head = f"{version['version']}, with {version['entries']} entries: {counts}. {version['summary']}"
    bullets = [f"``{one['id']}`` {_told(one)}: {one['reason']}" for one in changed]
    bullets += [f"``{one['id']}`` removed: {one['reason']}" for one in removed]
    bullets += [f"New, {topic}: {', '.join(ids)}." for topic, ids in _by_topic(added).items()]
    head += " ``docs/catalog-changes.json`` has the reason and the source of each."
    return "\n\n".join((_wrapped(head), "\n".join(_wrapped(f"* {text}", "  ") for text in bullets))) + "\n"


def _told(one: Mapping[str, Any]) -> str:
    return ", ".join(dict.fromkeys(_words(change) for change in one["changes"]))


def _words(change: Mapping[str, Any]) -> str:
    if change["what"] in ("level", "undecided"):
        return f"{change['to']} (was {change['from']})"
    if "added" not in change:
        return "another condition"
    more, fewer = change["added"], change["removed"]
    if change["what"] == "neededFor":
        both = (("also for", more), ("no longer for", fewer))
        return " and ".join(f"{words} {' and '.join(names)}" for words, names in both if names)
    counts = (f"{len(more)} more" if more else "", f"{len(fewer)} fewer" if fewer else "")
    plural = "" if len(more) + len(fewer) == 1 else "s"
    return f"{' and '.join(count for count in counts if count)} endpoint{plural}"


def _by_topic(added: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    topics: dict[str, list[str]] = {}
    for one in added:
        topics.setdefault(one["topic"], []).append(f"``{one['id']}``")
    return topics


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(text, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def rendered(text: str, part: str) -> str:
    """HISTORY with the newest release's part *Catalog* replaced."""
    head, title, rest = text.partition("Catalog\n-------\n")
    lines = rest.splitlines(keepends=True)
    end = next(at for at in range(1, len(lines)) if set(lines[at].strip()) in ({"+"}, {"-"})) - 1
    return head + title + part + "\n" + "".join(lines[end:])


# ----------------------------------------------------------------------------------------------------------------------
# Files


def kept(folder: Path) -> dict[str, Records]:
    """What released versions asked for."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def _lines(data: Records) -> str:
    """One entry a line, so that a change of one is one line."""
    rows = [f"{json.dumps(id)}: {json.dumps(record)}" for id, record in data.items()]
    return "{\n" + ",\n".join(rows) + "\n}\n"


def main(words: Sequence[str]) -> int:
    """Writes or checks the files and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.feed", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; 2 where a file is not up to date")
    parser.add_argument("--keep", action="store_true", help="write down what this version asks for")
    options = parser.parse_args(words)
    catalog = load()
    try:
        made = feed(catalog, kept(KEPT), yaml.safe_load(REASONS.read_text(encoding="utf-8")) or {})
    except ValueError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 2
    files = {
        FEED: json.dumps(made, indent=1) + "\n",
        HISTORY: rendered(HISTORY.read_text(encoding="utf-8"), history(made["versions"][0])),
    }
    if options.keep:
        files[KEPT / f"{catalog.version}.json"] = _lines(records(catalog))
    stale = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        print(f"{path.relative_to(HERE.parent)} {'is not up to date: run make feed' if options.check else 'written'}")
        if not options.check:
            path.write_text(files[path], encoding="utf-8", newline="\n")
    return 2 if stale and options.check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
