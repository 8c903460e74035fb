"""What rows were made with, and why they differ from an earlier list: by catalog, workspace, option or tool."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azext_amlnet.catalog import DATA, load
from azext_amlnet.catalog.expand import expand
from azext_amlnet.catalog.provenance import asked_text, digest_of, provenance, stamped
from azext_amlnet.codec import from_json, to_json
from azext_amlnet.compare.requirements import compare
from azext_amlnet.files import read_workspace
from azext_amlnet.model import Change, ClusterType, Level, Requirement, Scenario, Scope, Topic, Why, Workspace

from .example import EXAMPLE
from .world import Az

CATALOG, WORKSPACE = load(), read_workspace(str(EXAMPLE))
SINCE = {entry.id: entry.since for entry in CATALOG.entries}


def listed(workspace: Workspace = WORKSPACE, scope: Scope = Scope(), tool: str = "1") -> tuple[Requirement, ...]:
    """A list as the command makes it."""
    return stamped(expand(CATALOG, workspace, scope).rows, provenance(CATALOG, scope, tool))


def reasons(
    now: tuple[Requirement, ...], before: tuple[Requirement, ...], scope: Scope = Scope(), tool: str = "1"
) -> set[tuple[Change, Why]]:
    """Which changes there are, and why."""
    rows = compare(now, before, provenance(CATALOG, scope, tool), SINCE)
    assert all((row.why is None) == (row.change is Change.SAME) for row in rows)
    return {(row.change, row.why) for row in rows if row.change and row.why}


def test_nothing_changes_without_a_reason() -> None:
    assert reasons(listed(), listed()) == set()


def test_an_option_is_the_reason_for_what_it_adds_and_leaves_out() -> None:
    wider = Scope(level=Level.OPTIONAL)
    both = {(Change.CHANGED, Why.OPTION)}  # what another entry asks for, too
    assert reasons(listed(scope=wider), listed(), wider) == both | {(Change.ADDED, Why.OPTION)}
    assert reasons(listed(), listed(scope=wider)) == both | {(Change.REMOVED, Why.OPTION)}


def test_the_workspace_is_the_reason_where_nothing_else_changed() -> None:
    assert WORKSPACE.registry
    before = replace(WORKSPACE, registry=replace(WORKSPACE.registry, data_hosts=(), replica_regions=("westus",)))
    changes = reasons(listed(), listed(before))
    assert changes == {(Change.ADDED, Why.WORKSPACE), (Change.REMOVED, Why.WORKSPACE)}


def test_the_catalog_is_the_reason_for_entries_that_came_changed_or_went() -> None:
    now = listed()

    def earlier(row: Requirement) -> Requirement:
        assert row.origin
        entries = {name: "000000000000" if name == "mcr" else digest for name, digest in row.origin.entries.items()}
        level = Level.OPTIONAL if "mcr" in row.entries else row.level
        return replace(row, level=level, origin=replace(row.origin, catalog="2026.11.23", entries=entries))

    new = {entry.id for entry in CATALOG.entries if entry.since == "2026.11.26"} | {"mcr"}
    before = tuple(earlier(row) for row in now if not set(row.entries) & {"aks-binaries-mirror"})
    gone = replace(before[0], host="gone.example.com", entries=("gone",))
    assert gone.origin
    gone = replace(gone, origin=replace(gone.origin, entries={"gone": "111111111111"}))
    rows = compare(now, (*before, gone), provenance(CATALOG, Scope(), "1"), SINCE)
    changed = {row.host: (row.change, row.why) for row in rows if row.change is not Change.SAME}
    assert changed == {
        "mcr.microsoft.com": (Change.CHANGED, Why.CATALOG),
        "acs-mirror.azureedge.net": (Change.ADDED, Why.CATALOG),
        "gone.example.com": (Change.REMOVED, Why.CATALOG),
    }
    assert "aks-binaries-mirror" in new


def test_another_tool_is_the_reason_only_for_what_no_workspace_could_have_changed() -> None:
    before = tuple(replace(row, websocket=not row.websocket) for row in listed()[:1]) + listed()[2:]
    assert reasons(listed(tool="2"), before, tool="2") == {(Change.CHANGED, Why.TOOL), (Change.ADDED, Why.UNKNOWN)}


def test_a_list_that_does_not_say_leaves_it_unknown() -> None:
    old = tuple(replace(row, origin=None) for row in listed()[1:])
    assert reasons(listed(), old) == {(Change.ADDED, Why.UNKNOWN)}
    assert {row.why for row in compare(listed(), listed()[1:]) if row.change is Change.ADDED} == {Why.UNKNOWN}


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        (Scope(), "--level recommended"),
        (
            Scope(
                level=Level.OPTIONAL,
                computes=("b", "a", "b"),
                cluster_type=ClusterType.ARC,
                scenarios=(Scenario.WORKSTATION, Scenario.TRAINING),
                exclude=(Topic.LOGS,),
                cross_check=False,
            ),
            "--level optional --cluster-type arc --compute a b --scenario training workstation --exclude logs "
            "--no-cross-check",
        ),
    ],
)
def test_what_was_asked_has_one_form(scope: Scope, text: str) -> None:
    assert asked_text(scope) == text


def test_a_digest_follows_what_an_entry_says_and_nothing_else() -> None:
    entry = next(entry for entry in CATALOG.entries if entry.id == "acr-data")
    again = replace(entry.sources[0], checked="2030-01-01")
    same = replace(entry, position=7, place="x:1", since="2030.01.01", sources=(again, *entry.sources[1:]))
    assert digest_of(same) == digest_of(entry)
    for other in ({"level": Level.OPTIONAL}, {"notes": ("New.",)}, {"when": {}}, {"sources": ()}, {"websocket": True}):
        assert digest_of(replace(entry, **other)) != digest_of(entry)  # type: ignore[arg-type]
    assert len({digest_of(entry) for entry in CATALOG.entries}) == len(CATALOG.entries)


def test_a_row_with_its_origin_survives_being_written_and_read() -> None:
    row = listed()[0]
    assert from_json(Requirement, json.loads(json.dumps(to_json(row)))) == row


def test_az_tells_why(az: Az, tmp_path: Path) -> None:
    words = ("ml", "network", "requirements", "--workspace-file", str(EXAMPLE))
    own, baseline = tmp_path / "catalog", tmp_path / "before.json"
    shutil.copytree(DATA, own)
    images = own / "images.yaml"
    images.write_text(images.read_text(encoding="utf-8").replace("fqdn: mcr.microsoft.com", "fqdn: mcr.example.com"))
    before: list[dict[str, Any]] = az(*words, "--catalog", str(own)).json
    assert before[0]["origin"]["asked"] == "--level recommended" and before[0]["origin"]["entries"]
    baseline.write_text(json.dumps(before), encoding="utf-8")
    ran = az(*words, "--baseline", str(baseline))
    changed = {row["host"]: (row["change"], row["why"]) for row in ran.json if row["change"] != "same"}
    assert changed == {"mcr.microsoft.com": ("added", "catalog"), "mcr.example.com": ("removed", "catalog")}
    assert ran.code == 8 and "baseline allows: mcr.microsoft.com (catalog)." in ran.err
    assert "added (catalog)" in az(*words, "--baseline", str(baseline), "-o", "table").out
