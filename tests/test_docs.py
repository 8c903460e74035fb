"""The documents tell the truth: transcripts are what az prints, options and entries are all there.

AMLNET_UPDATE_DOCS=1 writes the transcripts anew.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from azext_amlnet.about import version
from azext_amlnet.codec import camel, from_json
from azext_amlnet.files import read_fleet, read_workspace
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
from .terminal import table_on
from .world import ROOT, Az

README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs").glob("*.md")))
EXAMPLES = ROOT / "examples"
TRANSCRIPT = re.compile(r"```console\n\$ (.+?)\n(.*?)```", re.DOTALL)
MOST_README = 15_000


def transcripts() -> list[tuple[str, str]]:
    """The pages and commands of all transcripts."""
    texts = ((page.name, page.read_text(encoding="utf-8")) for page in PAGES)
    return [(name, match.group(1)) for name, text in texts for match in TRANSCRIPT.finditer(text)]


def test_there_are_happy_and_unhappy_transcripts() -> None:
    assert len(transcripts()) >= 9 and "README.md" in {name for name, _ in transcripts()}


def test_the_readme_is_short_and_starts_in_three_lines() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.encode()) <= MOST_README
    first = text[text.index("```sh\n") + 6 :].partition("```")[0].splitlines()
    assert [line.split()[:3] for line in first] == [
        ["az", "extension", "add"],
        ["az", "login"],
        ["az", "ml", "network"],
    ]
    assert text.index("az login") < text.index("make demo")


@pytest.mark.parametrize(("name", "command"), transcripts())
def test_a_transcript_is_what_az_prints(az: Az, azure: FakeAzure, name: str, command: str) -> None:
    for path in (*EXAMPLES.glob("*.json"), EXAMPLES / "results.txt", EXAMPLES / "access.log"):
        shutil.copy(path, az.folder)
    azure.serve(arm.with_both_clusters())
    azure.faults.append(Fault("/registries/acrml", status=403, code="AuthorizationFailed", message="no right to read"))
    words = shlex.split(command)[1:]
    if "table" in words:
        lines = table_on(az.command(*words), az.environment, az.folder)
    else:
        ran = az(*words)
        lines = [line.rstrip() for line in (ran.err + ran.out).strip().splitlines()]
    printed = "\n".join(lines) + "\n"
    page = next(page for page in PAGES if page.name == name)
    text = page.read_text(encoding="utf-8")
    block = f"```console\n$ {command}\n"
    start = text.index(block) + len(block)
    shown = text[start : text.index("```", start)]
    if os.environ.get("AMLNET_UPDATE_DOCS"):
        page.write_text(text[:start] + printed + text[text.index("```", start) :], encoding="utf-8")
    else:
        assert shown == printed


@pytest.mark.parametrize("verb", ["requirements", "test", "export", "check-policy", "explain-log", "compare"])
def test_every_option_is_in_the_readme_or_a_document(az: Az, verb: str) -> None:
    shown = az.must("ml", "network", verb, "-h").out
    scope = shown[: shown.index("Global Arguments")]
    options = set(re.findall(r"--[a-z][a-z-]+", scope)) - {"--defaults", "--acquire-policy-token", "--change-reference"}
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
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
    for name in ("README.md", "docs/library.md", *(f"examples/{path.name}" for path in EXAMPLES.glob("*.yml"))):
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
    assert len(blocks) == 3
    for number, block in enumerate(blocks):
        path = tmp_path / f"{number}.json"
        path.write_text(block, encoding="utf-8")
        assert read_fleet([str(path)]).workspaces[0].region == "westeurope"
    for example in ("workspace.json", "plan.json"):
        assert read_workspace(str(ROOT / "examples" / example)).region == "westeurope"


def test_the_example_of_an_entry_is_the_entry(catalog: Catalog) -> None:
    text = (ROOT / "docs" / "catalog.md").read_text(encoding="utf-8")
    shown = yaml.safe_load(text[text.index("```yaml\n") + 8 : text.index("  notes: …")])[0]
    entry = next(entry for entry in catalog.entries if entry.id == shown["id"])
    assert (entry.summary, entry.condition, entry.level.value) == (shown["summary"], shown["condition"], shown["level"])
    assert [s.value for s in entry.needed_for] == shown["needed_for"]


AZURE = ("--data-transform", "azure-pipelines", "--regex-variant", "nonunicode")
PIPELINES = {
    "azure-pipelines": ("azure-pipelines", *AZURE),
    "azure-pipelines-windows": ("azure-pipelines", *AZURE),
    "github-actions": ("github-workflows",),
    "gitlab-ci": ("gitlab-ci",),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_is_what_its_system_takes(name: str) -> None:
    """By the schemas of SchemaStore, Microsoft and GitLab that check-jsonschema brings."""
    schema, *more = PIPELINES[name]
    path = EXAMPLES / f"{name}.yml"
    words = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", schema, *more, str(path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    text = path.read_text(encoding="utf-8")
    order = ("az extension add", "--save-workspace-file", "approved.json", "--baseline approved.json", "network test",
             "report.xml", "report.html", "--redact")  # fmt: skip
    assert all(part in text for part in order)
    assert text.index("az extension add") < text.index("--save-workspace-file") < text.index("az ml network test")


def test_each_command_of_the_pipelines_is_one_of_az(az: Az, azure: FakeAzure) -> None:
    """Their lines of bash, run against the loopback Azure: first without an approved list, then with it."""
    azure.serve(arm.with_both_clusters())
    pipeline = yaml.safe_load((EXAMPLES / "azure-pipelines.yml").read_text(encoding="utf-8"))
    scripts = [step["inputs"]["inlineScript"] for step in pipeline["steps"] if step.get("task") == "AzureCLI@2"]
    out, bin_folder = az.folder / "out", az.folder / "bin"
    for folder in (out, bin_folder):
        folder.mkdir()
    (bin_folder / "az").write_text(f'#!/bin/sh\nexec {shlex.join(az.command())} "$@"\n', encoding="utf-8")
    (bin_folder / "az").chmod(0o755)
    variables = {"WORKSPACE": "ml-ws", "GROUP": "ml-rg", "OUT": str(out), "POLICY_FILE": "policy.json",
                 "NODE_ADDRESSES": "10.1.0.0/16"}  # fmt: skip
    shutil.copy(EXAMPLES / "firewall-policy.json", az.folder / "policy.json")
    environment = {**az.environment, **variables, "PATH": f"{bin_folder}:{os.environ['PATH']}"}

    def bash(script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["bash", "-c", script], env=environment, cwd=az.folder, capture_output=True, text=True)

    first, again = bash(scripts[0]), bash(scripts[0])
    assert first.returncode == 0 and "No approved.json yet" in first.stdout, first.stderr
    assert again.returncode == 0 and again.stdout == "" and (out / "requirements.json").stat().st_size > 1000
    assert bash(scripts[1]).returncode == 8 and (out / "policy.html").exists()
    assert "--report-file" in scripts[2]
    tested = bash(scripts[2].replace("az ml network test", "az ml network test --timeout 1"))
    assert tested.returncode == 8 and (out / "report.xml").exists(), tested.stderr


def test_the_table_of_causes_is_the_codes_own() -> None:
    text = (ROOT / "docs" / "probing.md").read_text(encoding="utf-8")
    for cause, (verdict, layer, owner, hint) in CAUSES.items():
        assert f"| `{cause.value}` | {layer or '—'} | {verdict.value} | {owner.value} | {hint} |" in text


def test_the_list_of_the_library_page_compiles() -> None:
    text = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    compile(text[text.index("```python\n") + 10 : text.rindex("```")], "library.md", "exec")


def test_the_json_of_the_readme_reads_back() -> None:
    text = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
    rows = [json.loads(row) for row in re.findall(r"^\{\n.*?^\}$", text, re.DOTALL | re.MULTILINE)]
    (listed,) = (row for row in rows if "entries" in row)
    assert from_json(Requirement, listed).topic is Topic.REGISTRY


def test_links_between_documents_lead_somewhere() -> None:
    for page in (README, *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
