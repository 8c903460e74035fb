"""The watch over the pages: small pages of our own, with the shapes that Microsoft's have."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Optional

import pytest
import yaml

from tools.doctree.mentions import Mention, mentions, normal
from tools.doctree.passages import passages
from tools.pages import ACCEPTED, WATCHED, accepted, bibliography, main, watched

from .world import ROOT

DATA = ROOT / "azext_amlnet" / "catalog" / "data"


def read(text: str, **includes: str) -> list[Mention]:
    """What a page names; an include's name is a keyword, with `_` for what a path has."""

    def include(path: str, from_file: str) -> Optional[tuple[str, str]]:
        name = Path(path).stem.replace("-", "_")
        return (path, includes[name]) if name in includes else None

    return [one for passage in passages(text, "page.md", include) for one in mentions(passage)]


def hosts(text: str, **includes: str) -> list[str]:
    """The hosts of a page in their order."""
    return [one.host for one in read(text, **includes)]


# ---------------------------------------------------------------------------------------------------------------------
# What a page names


def test_a_table_with_breaks_bare_stars_and_code() -> None:
    text = """
| Endpoint | Port | Use |
|--|--|--|
| *.logs.example.com,<br> \\*.table.example.net, <br/>`*.queue.example.net` | https:443 | Logs go to other.example.org |
| **`a.example.com`**, **b.example.com** | **`HTTP:80`** | |
"""
    assert hosts(text) == [
        "*.logs.example.com",
        "*.table.example.net",
        "*.queue.example.net",
        "a.example.com",
        "b.example.com",
    ]
    assert [one.port for one in read(text)] == [443, 443, 443, 80, 80]


@pytest.mark.parametrize(
    ("written", "shape"),
    [
        ("<your ACR name>.azurecr.io", "<>.azurecr.io"),
        ("{region}.api.example.com", "<>.api.example.com"),
        ("[region].api.example.com", "<>.api.example.com"),
        ("REGION.api.example.com", "<>.api.example.com"),
        ("YOUR-VAULT.vault.example.net", "<>.vault.example.net"),
        ("md-*.blob.example.net", "md-<>.blob.example.net"),
        ("*.<location>.example.com", "*.<>.example.com"),
        ("ingest-x<Region>.Example.com", "ingest-x<>.example.com"),
    ],
)
def test_placeholders_of_every_kind_are_one(written: str, shape: str) -> None:
    assert normal(written) == shape


def test_placeholders_stand_escaped_and_bare_in_a_table() -> None:
    text = "| Host |\n|--|\n| \\<your name\\>.azurecr.io<br><your name>.\\<region name\\>.data.azurecr.io |\n"
    assert hosts(text) == ["<>.azurecr.io", "<>.<>.data.azurecr.io"]


def test_a_url_gives_its_port_and_not_its_path() -> None:
    text = "| URL |\n|--|\n| `https://<region>.obo.example.com:8084/` |\n| `http://c.example.com/x/y.z.com` |\n"
    assert [(one.host, one.port) for one in read(text)] == [("<>.obo.example.com", 8084), ("c.example.com", 80)]


def test_an_empty_port_is_the_one_above() -> None:
    text = "| Host | Port |\n|--|--|\n| a.example.com | 80, 8080 |\n| b.example.com | |\n"
    named = [(one.host, one.port) for one in read(text)]
    assert named == [(host, port) for host in ("a.example.com", "b.example.com") for port in (80, 8080)]


def test_a_table_of_html_with_merged_cells_and_an_empty_line() -> None:
    text = """
<table>
<tr><th>Endpoint</th><th>Port</th></tr>

<tr><td><code>a.example.com</code></td><td rowspan="2">8443</td></tr>
<tr><td>&lt;name&gt;.example.com<br/>c.example.com</td></tr>
<tr><td colspan="2">d.example.com</td></tr>
</table>
"""
    rows = [(one.host, one.port, one.passage.line) for one in read(text)]
    assert rows[:3] == [("a.example.com", 8443, 5), ("<>.example.com", 8443, 6), ("c.example.com", 8443, 6)]
    assert rows[3][0] == "d.example.com"


def test_lists_blocks_of_code_and_code_in_text_name_hosts_and_links_and_files_do_not() -> None:
    text = """
Read [the page](https://docs.example.com/page) and `values.yaml`; `Microsoft.Compute/disks` needs `e.example.com`.

- `a.example.com`: updates
- See [here](other.example.md), version 1.2.3, and b.example.com.

```
c.example.com
*.d.example.com (another service)
```

```bash
curl https://not.example.com
export A=1
```
"""
    assert hosts(text) == ["e.example.com", "a.example.com", "b.example.com", "c.example.com", "*.d.example.com"]


def test_tabs_pivots_headings_columns_and_brackets_say_the_cloud() -> None:
    table = "\n| Host |\n|--|\n| {} |\n"
    text = (
        "## Hosts\n### [Public](#tab/azure-cloud)\n" + table.format("a.example.com") + "\n### Suffixes\n"
        "" + table.format("b.example.com") + "\n#### [Gov](#tab/us-government)\n" + table.format("c.example.us")
        + "\n---\n"
        "" + table.format("d.example.com<br>e.example.cn (operated by 21Vianet)")
        + '\n:::zone pivot="azure-china"\n' + table.format("f.example.cn") + "\n:::zone-end\n"
        "" + table.format("g.example.com")
        + "\n## Azure Government hosts\n" + table.format("h.example.us")
        + "\n## More\n| Azure public | Azure Government |\n|--|--|\n| i.example.com | i.example.us |\n"
    )  # fmt: skip
    clouds = {one.host: ",".join(cloud.value for cloud in one.clouds) for one in read(text)}
    assert clouds == {
        "a.example.com": "public",
        "b.example.com": "public",
        "c.example.us": "usgov",
        "d.example.com": "",
        "e.example.cn": "china",
        "f.example.cn": "china",
        "g.example.com": "",
        "h.example.us": "usgov",
        "i.example.com": "public",
        "i.example.us": "usgov",
    }


def test_includes_are_read_where_they_stand_and_none_twice_within_itself() -> None:
    inner = "---\nms.topic: include\n---\n\n| Host |\n|--|\n| a.example.com |\n\n[!INCLUDE [again](inner.md)]\n"
    text = "# Page\n## China\n[!INCLUDE [inner](parts/inner.md)]\n- Item\n\n  [!INCLUDE [other](other.md)]\n"
    named = read(text, inner=inner, other="`b.example.cn`\n")
    assert [(one.host, one.passage.file, one.passage.line) for one in named] == [
        ("a.example.com", "parts/inner.md", 7),
        ("a.example.com", "inner.md", 7),
        ("b.example.cn", "other.md", 1),
    ]
    assert all(one.clouds and one.clouds[0].value == "china" for one in named)


def test_service_tags_of_tables_are_named() -> None:
    text = """
| Service tag(s) | Port |
|--|--|
| `BatchNodeManagement.<region>` and `Storage` | 443 |

| Destination | Port |
|--|--|
| [ServiceTag](/x) - **`AzureCloud.<Region>:1194`** <br/> *Or* <br/> [CIDRs](/y) - **`RegionCIDRs:1194`** | 1194 |
"""
    assert hosts(text) == ["tag:batchnodemanagement", "tag:storage", "tag:azurecloud"]


def test_marks_of_columns_are_scenarios_and_words_are_levels() -> None:
    text = """
The following hosts are required.

| Host | Use | Training | Inference | Required |
|--|--|:--:|:--:|--|
| a.example.com | x | **&check;** | N/A | Yes |
| b.example.com | x | ✓ | ✓ | No |

## Optional hosts
| Host | Use |
|--|--|
| c.example.com | Updates |
| d.example.com | Required when GPUs are used |
"""
    rows = [
        (one.host, [s.value for s in one.scenarios], one.level and one.level.value, one.demands) for one in read(text)
    ]
    assert rows == [
        ("a.example.com", ["training"], "required", True),
        ("b.example.com", ["training", "inference"], "optional", False),
        ("c.example.com", [], "optional", False),
        ("d.example.com", [], "required", False),
    ]


def test_code_names_what_stands_in_quotes() -> None:
    named = list(passages("URL = 'https://a.example.com:8443/'  # not 'b.example.com'\n", "x.py", lambda *_: None))
    assert [(one.host, one.port) for passage in named for one in mentions(passage)] == [("a.example.com", 8443)]


# ---------------------------------------------------------------------------------------------------------------------
# The watch

URL = "https://learn.microsoft.com/azure/azure-arc/kubernetes/network-requirements"
PATH = "articles/net/page.md"
PAGE = """# Hosts
## Required
| Host | Port |
|--|--|
| management.azure.com | 443 |
"""


class Watch:
    """A folder of work trees, the files of the watch, and the command."""

    def __init__(self, folder: Path) -> None:
        self.docs, self.tree = folder / "docs", folder / "docs" / "page-docs"
        self.watched, self.accepted = folder / "pages.yaml", folder / "accepted.yaml"
        pages: dict[str, Any] = {id: {"unwatched": "not of this test"} for id in bibliography(DATA)}
        pages["arc-network"] = {"repo": "Owner/page-docs", "path": PATH, "hosts": ""}
        lines = [f"  {id}: {json.dumps(page)}" for id, page in pages.items()]
        self.watched.write_text("pages:\n" + "\n".join(lines) + "\n", encoding="utf-8")
        self.accept([{"page": "arc-network", "kinds": ["gone"], "reason": "a page of the test"}])

    def accept(self, rules: list[dict[str, Any]]) -> None:
        self.accepted.write_text(yaml.safe_dump(rules), encoding="utf-8")

    def write(self, text: str, path: str = PATH) -> None:
        (self.tree / path).parent.mkdir(parents=True, exist_ok=True)
        (self.tree / path).write_text(text, encoding="utf-8")

    def __call__(self, *words: str) -> int:
        files = ("--watched", str(self.watched), "--accepted", str(self.accepted))
        return main([str(self.docs), *files, *words])


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    """A watch over one page."""
    return Watch(tmp_path)


def test_a_page_that_agrees_is_green_once_its_digest_is_known(watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    watch.write(PAGE)
    assert watch() == 8
    assert "it was never compared" in capsys.readouterr().out
    watch("--update")
    assert watch() == 0
    assert "1 of 54 pages looked at: 0 differences" in capsys.readouterr().out.replace(
        f"{len(bibliography(DATA))}", "54"
    )
    watch.write(PAGE.replace("management.azure.com |", "management.azure.com, login.microsoftonline.com |"))
    assert watch() == 8
    out = capsys.readouterr().out
    assert "changed" in out
    assert "2 hosts" in out


def test_wording_dates_and_order_change_no_digest(watch: Watch) -> None:
    two = PAGE + "| login.microsoftonline.com | 443 |\n"
    watch.write(two)
    watch("--update")
    rows = two.splitlines()
    watch.write("---\nms.date: 01/01/2030\n---\n" + "\n".join([*rows[:4], rows[5], rows[4]]) + "\n\nMore words.\n")
    assert watch() == 0


def test_what_the_catalog_lacks_is_told_with_line_and_section(watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    watch.write(PAGE + "| new.contoso.com | 443 |\n| management.azure.com | 8443 |\n")
    assert watch() == 8
    out = capsys.readouterr().out
    assert f"missing    arc-network  new.contoso.com:443  {PATH}:6\n           Hosts / Required\n" in out
    assert "management.azure.com:8443" in out
    assert "elsewhere: arm" in out


def test_an_accepted_difference_has_a_reason_and_is_told_when_nothing_needs_it(
    watch: Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = [
        {"page": "arc-network", "kinds": ["gone"], "reason": "a page of the test"},
        {"page": "arc-network", "hosts": ["*.contoso.com"], "section": "required", "reason": "another product"},
    ]
    watch.accept(rules)
    watch.write(PAGE + "| new.contoso.com | 443 |\n")
    watch("--update")
    assert watch() == 0
    watch.write(PAGE)
    watch("--update")
    assert watch() == 0
    assert "not needed  arc-network: the accepted difference 'another product'" in capsys.readouterr().out
    watch.accept([{"page": "arc-network"}])
    assert watch() == 2
    assert "needs a reason" in capsys.readouterr().err


def test_a_level_and_a_scenario_that_differ_are_told(watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    watch.write(
        "## Required\n| Host | Port | Training | Inference |\n|--|--|--|--|\n| changelogs.ubuntu.com | 80 | ✓ | ✓ |\n"
    )
    assert watch() == 8
    out = capsys.readouterr().out
    assert "the page: required; aks-ubuntu-releases: recommended" in out
    assert "the page: training, inference; not in aks-ubuntu-releases" in out


def test_an_entry_that_cites_a_page_which_does_not_name_it_any_more_is_gone(
    watch: Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    watch.accept([])
    watch.write(PAGE)
    assert watch() == 8
    out = capsys.readouterr().out
    assert "gone       arc-network  arc-identity-global" in out
    assert "cites the page, which names none of: gbl.his.arc.azure.com" in out
    assert "gone       arc-network  arm\n" not in out


def test_a_partial_tree_is_not_looked_at_and_never_vanished(watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    watch.docs.mkdir()
    assert watch() == 2
    assert "no work tree of Owner/page-docs" in capsys.readouterr().out
    watch.write("# Another page\n", "articles/net/other.md")
    assert watch() == 2
    out = capsys.readouterr()
    assert f"not looked at  arc-network: {PATH} is not in this partial tree" in out.out
    assert "none of the pages could be looked at" in out.err
    assert watch("--complete") == 8
    assert "vanished" in capsys.readouterr().out


def test_a_clone_tells_a_sparse_checkout_from_a_page_that_vanished(
    watch: Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    def git(*words: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", str(watch.tree), *identity, *words], check=True, capture_output=True, timeout=60)

    watch.write(PAGE)
    git("init")
    git("add", ".")
    git("commit", "-m", "page")
    (watch.tree / PATH).unlink()
    assert watch() == 2
    assert "is not in this partial tree" in capsys.readouterr().out
    git("rm", "--cached", PATH)
    git("commit", "--allow-empty", "-m", "gone")
    assert watch() == 8
    assert "vanished   arc-network" in capsys.readouterr().out


@pytest.mark.parametrize("config", [None, "redirects/moved.json"])
def test_a_page_that_moved_is_told_by_the_redirections(
    watch: Watch, capsys: pytest.CaptureFixture[str], config: Optional[str]
) -> None:
    moved = {"redirections": [{"source_path": PATH, "redirect_url": "/azure/net/new-page"}]}
    watch.write("# New\n", "articles/net/new-page.md")
    watch.write(json.dumps(moved), config or ".openpublishing.redirection.json")
    if config:
        watch.write(json.dumps({"redirection_files": [config]}), ".openpublishing.publish.config.json")
    assert watch() == 8
    out = capsys.readouterr().out
    assert "moved      arc-network" in out
    assert "redirected to /azure/net/new-page; the text is now articles/net/new-page.md" in out


def test_an_include_that_named_hosts_is_needed_and_a_banner_is_not(
    watch: Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    watch.write(PAGE + "\n[!INCLUDE [a](includes/hosts.md)]\n\n[!INCLUDE [b](~/reusable/banner.md)]\n")
    watch.write("- `login.microsoftonline.com`\n", "articles/net/includes/hosts.md")
    watch("--update")
    assert "includes: [articles/net/includes/hosts.md]" in watch.watched.read_text(encoding="utf-8")
    assert watch() == 0
    assert "included, not in this tree: reusable/banner.md" in capsys.readouterr().out
    (watch.tree / "articles/net/includes/hosts.md").unlink()
    assert watch() == 2
    assert "page-docs lacks what it includes: articles/net/includes/hosts.md" in capsys.readouterr().out


def test_a_path_does_not_lead_out_of_its_tree(watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    (watch.docs / "secret.md").parent.mkdir()
    (watch.docs / "secret.md").write_text("`secret.contoso.com`\n", encoding="utf-8")
    watch.write(PAGE + "\n[!INCLUDE [a](../../../secret.md)]\n")
    watch()
    assert "secret.contoso.com" not in capsys.readouterr().out


def test_a_broken_redirection_file_is_one_line(watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    watch.write("{", ".openpublishing.redirection.json")
    assert watch() == 2
    err = capsys.readouterr().err
    assert err.startswith("ERROR: ")
    assert ".openpublishing.redirection.json: no JSON" in err


def test_every_page_of_the_catalog_is_watched_or_has_a_reason() -> None:
    pages = watched(bibliography(DATA), WATCHED)
    assert len(pages) == len(bibliography(DATA))
    assert all(page.unwatched or (page.repo.count("/") == 1 and page.path) for page in pages)
    assert sum(bool(page.hosts) for page in pages) >= 20
    assert {rule.page for rule in accepted(ACCEPTED)} <= {page.id for page in pages}


def test_the_command_runs_as_the_document_says(watch: Watch) -> None:
    watch.write(PAGE)
    words = [sys.executable, "-m", "tools.pages", str(watch.docs), "--watched", str(watch.watched)]
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 8, ran.stderr
    assert "pages looked at" in ran.stdout
