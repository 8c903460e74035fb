"""The documents tell the truth: transcripts are what az prints, options and entries are all there.

AMLNET_UPDATE_DOCS=1 writes the transcripts anew.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from azext_amlnet.about import version
from azext_amlnet.codec import camel, from_json
from azext_amlnet.files import read_workspace
from azext_amlnet.measurement.causes import CAUSES
from azext_amlnet.model import (
    AppInsights,
    Catalog,
    Cluster,
    Compute,
    Dependency,
    Gap,
    Hub,
    KeyVault,
    Registry,
    Requirement,
    StorageAccount,
    Topic,
    Workspace,
)

from . import builders as arm
from .fakearm import FakeAzure, Fault
from .world import ROOT, Az

README = ROOT / "README.md"
TRANSCRIPT = re.compile(r"```console\n\$ (.+?)\n(.*?)```", re.DOTALL)


def transcripts() -> list[str]:
    """The commands of the README's transcripts."""
    return [match.group(1) for match in TRANSCRIPT.finditer(README.read_text(encoding="utf-8"))]


def test_there_are_happy_and_unhappy_transcripts() -> None:
    assert len(transcripts()) >= 5


@pytest.mark.parametrize("command", transcripts())
def test_a_transcript_is_what_az_prints(az: Az, azure: FakeAzure, command: str) -> None:
    for path in (*(ROOT / "examples").glob("*.json"), ROOT / "examples" / "results.txt"):
        shutil.copy(path, az.folder)
    azure.serve(arm.with_both_clusters())
    azure.faults.append(Fault("/registries/acrml", status=403, code="AuthorizationFailed", message="no right to read"))
    ran = az(*shlex.split(command)[1:])
    printed = "\n".join(line.rstrip() for line in (ran.err + ran.out).strip().splitlines()) + "\n"
    text = README.read_text(encoding="utf-8")
    block = f"```console\n$ {command}\n"
    start = text.index(block) + len(block)
    shown = text[start : text.index("```", start)]
    if os.environ.get("AMLNET_UPDATE_DOCS"):
        README.write_text(text[:start] + printed + text[text.index("```", start) :], encoding="utf-8")
    else:
        assert shown == printed


@pytest.mark.parametrize("verb", ["requirements", "test", "export", "check-policy"])
def test_every_option_is_in_the_readme_or_a_document(az: Az, verb: str) -> None:
    shown = az.must("ml", "network", verb, "-h").out
    scope = shown[: shown.index("Global Arguments")]
    options = set(re.findall(r"--[a-z][a-z-]+", scope)) - {"--defaults", "--acquire-policy-token", "--change-reference"}
    pages = (README, *sorted((ROOT / "docs").glob("*.md")))
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    missing = {option for option in options if option not in text}
    assert missing <= {"--overwrite", "--workspace-name", "--resource-group", "--query"}, missing


def test_every_entry_of_the_catalog_is_named_in_the_history(catalog: Catalog) -> None:
    history = (ROOT / "HISTORY.rst").read_text(encoding="utf-8")
    assert not [entry.id for entry in catalog.entries if f"``{entry.id}``" not in history]
    assert catalog.version in history


def test_everything_names_one_version() -> None:
    """The heading of the history, the wheel in README, pipeline and library page, and the extension's own."""
    history = (ROOT / "HISTORY.rst").read_text(encoding="utf-8")
    newest = re.search(r"^=+\n\n(\S+)( \(.+\))?\n\++$", history, re.MULTILINE)
    assert newest and newest[1] == version()
    assert re.fullmatch(r" \((unreleased|\d{4}-\d{2}-\d{2})\)", newest[2])
    for name in ("README.md", "examples/azure-pipelines.yml", "docs/library.md"):
        wheels = re.findall(r"amlnet-(\S+)-py3-none-any\.whl", (ROOT / name).read_text(encoding="utf-8"))
        assert wheels and set(wheels) == {version()}, name


def test_every_key_of_a_workspace_file_is_documented() -> None:
    text = (ROOT / "docs" / "workspace-file.md").read_text(encoding="utf-8")
    nouns = (Workspace, Hub, Registry, StorageAccount, KeyVault, AppInsights, Compute, Cluster, Dependency, Gap)
    keys = {camel(name) for noun in nouns for name in noun.__dataclass_fields__}
    assert not [key for key in keys if f"`{key}`" not in text]


def test_the_workspace_files_of_the_documents_can_be_read(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "workspace-file.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 2
    for number, block in enumerate(blocks):
        path = tmp_path / f"{number}.json"
        path.write_text(block, encoding="utf-8")
        assert read_workspace(str(path)).region == "westeurope"
    for example in ("workspace.json", "plan.json"):
        assert read_workspace(str(ROOT / "examples" / example)).region == "westeurope"


def test_the_example_of_an_entry_is_the_entry(catalog: Catalog) -> None:
    text = (ROOT / "docs" / "catalog.md").read_text(encoding="utf-8")
    shown = yaml.safe_load(text[text.index("```yaml\n") + 8 : text.index("  notes: …")])[0]
    entry = next(entry for entry in catalog.entries if entry.id == shown["id"])
    assert (entry.summary, entry.condition, entry.level.value) == (shown["summary"], shown["condition"], shown["level"])
    assert [s.value for s in entry.needed_for] == shown["needed_for"]


def test_the_pipeline_is_yaml_and_uses_our_commands() -> None:
    pipeline = yaml.safe_load((ROOT / "examples" / "azure-pipelines.yml").read_text(encoding="utf-8"))
    scripts = [step["inputs"]["inlineScript"] for step in pipeline["steps"] if step.get("task") == "AzureCLI@2"]
    assert "az ml network requirements" in scripts[0] and "--baseline approved.json" in scripts[0]
    assert "az ml network check-policy" in scripts[1] and "--source" in scripts[1]
    assert "az ml network test" in scripts[2] and "report.xml" in scripts[2]
    published = next(step for step in pipeline["steps"] if step.get("task") == "PublishTestResults@2")
    assert published["inputs"]["testResultsFiles"] == "report.xml" and published["condition"] == "succeededOrFailed()"


def test_the_table_of_causes_is_the_codes_own() -> None:
    text = (ROOT / "docs" / "probing.md").read_text(encoding="utf-8")
    for cause, (verdict, layer, owner, hint) in CAUSES.items():
        assert f"| `{cause.value}` | {layer or '—'} | {verdict.value} | {owner.value} | {hint} |" in text


def test_the_list_of_the_library_page_compiles() -> None:
    text = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    compile(text[text.index("```python\n") + 10 : text.rindex("```")], "library.md", "exec")


def test_the_json_of_the_readme_reads_back() -> None:
    text = README.read_text(encoding="utf-8")
    rows = [json.loads(row) for row in re.findall(r"^\{\n.*?^\}$", text, re.DOTALL | re.MULTILINE)]
    (listed,) = (row for row in rows if "entries" in row)
    assert from_json(Requirement, listed).topic is Topic.REGISTRY


def test_links_between_documents_lead_somewhere() -> None:
    for page in (README, *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
