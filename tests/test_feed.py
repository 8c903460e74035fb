"""The feed of changes: made from the data, with a reason for each, and up to date."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import pytest
import yaml

from azext_amlnet.catalog import load
from azext_amlnet.model import Catalog, Level
from tools import feed
from tools.feed import FEED, KEPT, REASONS

from .schemas import fits

CATALOG = load()
RELEASED = feed.kept(KEPT)
WHY = yaml.safe_load(REASONS.read_text(encoding="utf-8"))


def test_the_files_are_what_the_data_makes(capsys: pytest.CaptureFixture[str]) -> None:
    assert feed.main(["--check"]) == 0, capsys.readouterr()
    fits(json.loads(FEED.read_text(encoding="utf-8")), "catalog-changes")


def test_every_entry_came_with_the_version_it_says() -> None:
    document = json.loads(FEED.read_text(encoding="utf-8"))
    since = {one["id"]: version["version"] for version in document["versions"] for one in version["added"]}
    assert since == {entry.id: entry.since for entry in CATALOG.entries}
    newest, first = document["versions"][0], document["versions"][-1]
    assert (first["version"], first["entries"], len(first["added"])) == ("2026.11.23", 135, 135)
    assert newest["entries"] == len(CATALOG.entries)


def newer(**changes: object) -> Catalog:
    """A catalog of the next day in which the entry `arm` differs."""
    entries = tuple(replace(one, **changes) if one.id == "arm" else one for one in CATALOG.entries)
    return replace(CATALOG, version="2026.12.01", entries=entries)


def made(catalog: Catalog, reasons: dict[str, str]) -> dict[str, object]:
    """The newest version's part of the feed."""
    before = {**RELEASED, CATALOG.version: feed.records(CATALOG)}
    return feed.feed(catalog, before, {**WHY, catalog.version: {"reasons": reasons}})["versions"][0]


def test_a_change_says_what_it_means_for_a_firewall_and_needs_a_reason() -> None:
    with pytest.raises(ValueError, match=r"2026.12.01 lacks the reason of: arm"):
        made(newer(level=Level.OPTIONAL), {})
    (one,) = made(newer(level=Level.OPTIONAL), {"arm": "The page calls it optional."})["changed"]
    assert (one["id"], one["impact"], one["reason"]) == ("arm", "mayRemove", "The page calls it optional.")
    assert one["changes"] == [{"what": "level", "from": "required", "to": "optional"}]
    (one,) = made(newer(condition="Only on Mondays."), {"arm": "So the page."})["changed"]
    assert one["impact"] == "conditionChanged"


def test_another_host_is_added_and_removed_at_once() -> None:
    entry = next(one for one in CATALOG.entries if one.id == "arm")
    hosts = {cloud: f"new.{host}" for cloud, host in entry.forms[0].hosts.items()}
    other = newer(forms=(replace(entry.forms[0], hosts=hosts), *entry.forms[1:]))
    (one,) = made(other, {"arm": "Azure renamed it."})["changed"]
    (change,) = one["changes"]
    assert one["impact"] == "mustAllow"
    assert any(text.startswith("public: new.") for text in change["added"])
    assert len(change["added"]) == len(change["removed"]) == len(hosts)


def test_an_entry_that_went_keeps_its_hosts_and_a_reason() -> None:
    gone = replace(newer(), entries=tuple(one for one in CATALOG.entries if one.id != "arm"))
    version = made(gone, {"arm": "Azure closed it."})
    (one,) = version["removed"]
    assert (one["id"], one["impact"]) == ("arm", "mayRemove")
    assert one["endpoints"]
    assert one["sources"]
    assert "* ``arm`` removed: Azure closed it." in feed.history(version)
    fits({"schemaVersion": 1, "versions": [version]}, "catalog-changes")


def test_notes_and_sources_alone_are_no_change_and_a_reason_without_one_is_refused() -> None:
    version = made(newer(notes=("Another note.",), sources=()), {})
    assert not version["changed"]
    with pytest.raises(ValueError, match="has one of what did not change: arm"):
        made(newer(notes=("Another note.",)), {"arm": "So it is."})


def test_a_released_version_cannot_change() -> None:
    before = {CATALOG.version: copy.deepcopy(feed.records(CATALOG))}
    before[CATALOG.version]["arm"]["level"] = "optional"
    with pytest.raises(ValueError, match="give the catalog a new version"):
        feed.feed(CATALOG, before, WHY)


def test_the_part_of_history_names_each_and_the_rest_stays() -> None:
    text = "A\n\nCatalog\n-------\nold\n\n* old\n\n1.0.0b1\n+++++++\nCatalog\n-------\nkept\n\nEnd\n---\n"
    assert feed.rendered(text, "new\n") == text.replace("old\n\n* old\n", "new\n")
    version = feed.feed(CATALOG, RELEASED, WHY)["versions"][0]
    part = feed.history(version)
    assert all(f"``{one['id']}``" in part for kind in ("added", "changed") for one in version[kind])
    assert "``storage-queue`` recommended (was optional), also for managed-compute, another condition" in part
