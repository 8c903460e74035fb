"""The house: who may import whom, how large a piece may be, and what `az` pays for us being there."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Iterator

import pytest

from .world import ROOT

PACKAGE = ROOT / "azext_amlnet"
HOUSE = ROOT / "docs" / "design" / "000-the-house.md"
FLOORS = {
    0: ("prober", "vocabulary", "text"),
    1: ("errors", "model", "codec"),
    2: ("about", "catalog", "compare", "exporters", "reports"),
    3: ("measurement", "policy", "logs"),
    4: ("files",),
    5: ("discovery", "runners"),
    6: ("cluster", "_client_factory"),
    7: ("verbs",),
    8: ("__init__", "commands", "custom", "_params", "_help", "_validators", "_format"),
}
"""A file imports only rooms of a lower number, or its own room; the table of docs/design/000-the-house.md is this."""
TOUCHES = {
    0: "the standard library",
    1: "nothing",
    2: "the package's own data; `yaml` inside functions",
    3: "nothing; the prober's names that only compute",
    4: "the disk",
    5: "ARM, sockets; SDKs inside functions",
    6: "kubectl; az's client factory",
    7: "knack's logger and az's `cmd`; everything else inside functions",
    8: "azure.cli.core, knack; at the top only `vocabulary`",
}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
NOT_EVEN_BELOW = {
    "exporters": {"policy"},
    "policy": {"catalog", "exporters"},
    "reports": {"model", "codec", "compare", "measurement", "policy"},
}
"""Rooms that a room keeps away from although the floors would let it: reports take plain JSON, for example."""
FRONT_DOORS = {
    ("policy/__init__.py", "catalog"): "policy.check() takes the catalog that ships where a caller gives none",
}
SHELL = FLOORS[8]
PURE = {room for floor in range(4) for room in FLOORS[floor]} - {"prober"}
PURE_FILES = ("cluster/contexts.py", "cluster/failures.py", "cluster/pod.py", "cluster/pools.py")
NOT_PURE = ("socket", "ssl", "http", "urllib", "requests", "azure", "knack", "subprocess", "threading", "logging")

# What is larger than the house allows, and why; the numbers may only shrink.
LONG_FUNCTIONS = {
    "_params/scope.py:selection": (34, "arguments of az: one call each, no branch"),
    "_params/__init__.py:_cluster": (45, "arguments of az: one call each, no branch"),
    "_params/__init__.py:_export": (34, "arguments of az: one call each, no branch"),
    "cluster/pod.py:_pod": (33, "one object of Kubernetes as it is sent"),
    "measurement/results.py:result_of": (34, "one noun, a line a field"),
    "discovery/transform.py:to_workspace": (34, "one noun, a line a field"),
    "catalog/schema.py:read_entry": (33, "one noun, a line a field"),
    "catalog/rows.py:_requirement": (32, "one noun, a line a field"),
}
LONG_FILES = {
    "prober.py": (1639, "one file by design: it travels, and an admin reads it before it runs"),
    "model.py": (896, "the nouns of all rooms, in one place that is read first"),
}
LONG_CLASSES: dict[str, tuple[int, str]] = {}


def modules() -> list[tuple[str, Path]]:
    """Every module with its room: the package's file or folder."""
    paths = [(path.relative_to(PACKAGE).parts, path) for path in sorted(PACKAGE.rglob("*.py"))]
    return [(parts[0] if len(parts) > 1 else path.stem, path) for parts, path in paths]


def name_of(path: Path) -> str:
    """The path within the package."""
    return path.relative_to(PACKAGE).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def types_only(tree: ast.AST) -> set[ast.AST]:
    """What stands behind `if TYPE_CHECKING:` and so is never imported when it runs."""
    guarded: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            guarded |= {inner for child in node.body for inner in ast.walk(child)}
    return guarded


def imports(path: Path, top_only: bool = False) -> set[tuple[str, ...]]:
    """The modules that a file imports, as absolute names in parts; `top_only`: when it is imported itself."""
    tree = tree_of(path)
    package = ("azext_amlnet", *path.relative_to(PACKAGE).parts[:-1])
    names: set[tuple[str, ...]] = set()
    skipped = types_only(tree) if top_only else set()
    for node in tree.body if top_only else ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            names |= {tuple(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            named = (*base, *(node.module.split(".") if node.module else ()))
            names |= {(*named, alias.name) for alias in node.names} if is_package(named) else {named}
    return names


def is_package(named: tuple[str, ...]) -> bool:
    """Whether a name is one of our folders, of which modules are imported."""
    return named[0] == "azext_amlnet" and ROOT.joinpath(*named).is_dir()


def rooms_of(path: Path) -> set[str]:
    """The rooms that a file imports from."""
    return {name[1] for name in imports(path) if name[0] == "azext_amlnet" and len(name) > 1}


ALL = pytest.mark.parametrize(("room", "path"), modules(), ids=lambda value: getattr(value, "name", value))


@ALL
def test_a_file_imports_only_rooms_of_lower_floors_or_its_own(room: str, path: Path) -> None:
    doors = {other for name, other in FRONT_DOORS if name == name_of(path)}
    for other in rooms_of(path) - {room} - doors:
        in_shell = room in SHELL and other in SHELL
        assert in_shell or FLOOR_OF[other] < FLOOR_OF[room], f"{name_of(path)} imports {other}"
        assert other not in NOT_EVEN_BELOW.get(room, ()), f"{name_of(path)} imports {other}"


def test_the_root_holds_these_names_and_no_other() -> None:
    rooms = {room for room, _ in modules()}
    assert rooms == set(FLOOR_OF)
    assert len(list(PACKAGE.glob("*.py"))) == 14


def test_the_table_of_the_house_is_the_floors() -> None:
    lines = ["| floor | rooms | may touch |", "|---|---|---|"]
    lines += [f"| {n} | {', '.join(f'`{room}`' for room in rooms)} | {TOUCHES[n]} |" for n, rooms in FLOORS.items()]
    text = HOUSE.read_text(encoding="utf-8")
    start, table = text.index("| floor |"), "\n".join(lines) + "\n"
    end = start + re.search(r"\n(?!\|)", text[start:]).start() + 1  # type: ignore[union-attr]
    if os.environ.get("AMLNET_UPDATE_DOCS"):
        HOUSE.write_text(text[:start] + table + text[end:], encoding="utf-8")
    else:
        assert text[start:end] == table


def closure(path: Path, seen: set[Path]) -> Iterator[tuple[Path, str]]:
    """The modules of others that a file needs, directly or by ours, with the file that names each."""
    if path in seen or name_of(path) == "prober.py":
        return
    seen.add(path)
    for name in imports(path):
        if name[0] != "azext_amlnet":
            if name != ("urllib", "parse"):  # which only takes texts apart
                yield path, name[0]
            continue
        target = ROOT.joinpath(*name)
        for candidate in (target.with_suffix(".py"), target / "__init__.py", target.parent.with_suffix(".py")):
            if candidate.is_file() and candidate.is_relative_to(PACKAGE) and candidate.parent != PACKAGE.parent:
                yield from closure(candidate, seen)
                break


@ALL
def test_the_middle_is_pure_with_all_that_it_imports(room: str, path: Path) -> None:
    if room in PURE or name_of(path) in PURE_FILES:
        impure = [f"{name_of(at)}: {name}" for at, name in closure(path, set()) if name in NOT_PURE]
        assert not impure


@ALL
def test_heavy_modules_are_imported_inside_functions_only(room: str, path: Path) -> None:
    tops = {name[:3] for name in imports(path, top_only=True)}
    heavy = {("azure", "core"), ("azure", "mgmt"), ("azure", "identity"), ("requests",), ("yaml",), ("urllib3",)}
    assert not {name[:2] for name in tops} & heavy and not {name[:1] for name in tops} & {("requests",), ("yaml",)}


def test_the_shell_imports_nothing_at_its_top_but_words() -> None:
    for name in SHELL:
        paths = [path for room, path in modules() if room == name]
        tops = {top[1] for path in paths for top in imports(path, top_only=True) if top[0] == "azext_amlnet"}
        allowed = {"custom": {"verbs"}, "__init__": {"_help"}}.get(name, {"vocabulary"})  # custom is of one command
        assert tops <= allowed, name


def test_the_prober_is_one_file_of_the_standard_library_for_python_3_8() -> None:
    path = PACKAGE / "prober.py"
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
    assert {name[0] for name in imports(path)} <= set(sys.stdlib_module_names)
    assert path.stat().st_size < 70_000  # it travels in a ConfigMap
    words = [str(Path(sys.executable).with_name("vermin")), "--target=3.8-", "--no-tips", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


# ---------------------------------------------------------------------------------------------------------------------
# Sizes, names, types


def sizes(kind: type) -> dict[str, int]:
    """The lines of all definitions of a kind, by file and name."""
    lines: dict[str, int] = {}
    for _, path in modules():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, kind):
                key = f"{name_of(path)}:{node.name}"  # type: ignore[attr-defined]
                lines[key] = max(lines.get(key, 0), node.end_lineno - node.lineno + 1)  # type: ignore[attr-defined]
    return lines


def too_large(lines: dict[str, int], most: int, excused: dict[str, tuple[int, str]]) -> list[str]:
    """What is larger than allowed, and excuses that are not needed any more or could be smaller."""
    wrong = [f"{name}: {size} lines" for name, size in lines.items() if size > excused.get(name, (most, ""))[0]]
    return wrong + [f"{name}: the exception can shrink" for name, (size, _) in excused.items()
                    if lines.get(name, 0) <= most or lines.get(name, 0) < size]  # fmt: skip


def test_functions_have_30_lines_at_most() -> None:
    assert not too_large(sizes(ast.FunctionDef), 30, LONG_FUNCTIONS)


def test_classes_have_120_lines_at_most() -> None:
    assert not too_large(sizes(ast.ClassDef), 120, LONG_CLASSES)


def test_files_have_450_lines_at_most() -> None:
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for _, path in modules()}
    assert not too_large(lines, 450, LONG_FILES)


@pytest.mark.parametrize("folder", ["azext_amlnet", "tests", "benchmarks"])
def test_what_is_imported_keeps_a_name_that_says_what_it_is(folder: str) -> None:
    short = []
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                short += [
                    f"{path}: {alias.asname}"
                    for alias in node.names
                    if alias.asname and len(alias.asname) < 3 and alias.asname != "st"
                ]
    assert not short


def test_no_public_class_has_the_name_of_another() -> None:
    names = [key.rpartition(":")[2] for key in sizes(ast.ClassDef)]
    assert not {name for name in names if not name.startswith("_") and names.count(name) > 1}


@pytest.mark.parametrize("folder", ["azext_amlnet", "tests", "benchmarks", "tools"])
def test_a_variable_says_what_it_holds(folder: str) -> None:
    vague = {"said", "told", "found", "given", "mine"}  # which say how it was come by
    names = []
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.arg) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)):
                name = node.arg if isinstance(node, ast.arg) else node.id
                names += [f"{path}:{node.lineno} {name}"] if name in vague else []
    assert not names


TYPED = ("measurement/report.py", "policy/report.py")


@ALL
def test_verbs_and_reports_have_types_of_their_own(room: str, path: Path) -> None:
    if room != "verbs" and name_of(path) not in TYPED:
        return
    tree = tree_of(path)
    of_cmd = {id(node.annotation) for node in ast.walk(tree) if isinstance(node, ast.arg) and node.arg == "cmd"}
    loose = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "Any"]
    assert not [f"line {node.lineno}" for node in loose if id(node) not in of_cmd]


def test_every_verb_has_arguments_a_run_a_command_help_and_a_line_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    texts = {name: (PACKAGE / name).read_text(encoding="utf-8") for name in ("commands.py", "_help.py", "custom.py")}
    files = sorted((PACKAGE / "verbs").glob("[a-z]*.py"))
    assert files
    for path in files:
        verb, words = path.stem.replace("_", "-"), path.stem.split("_")
        tree = tree_of(path)
        assert any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in tree.body), path
        arguments = "".join(word.title() for word in words) + "Arguments"
        assert any(isinstance(node, ast.ClassDef) and node.name == arguments for node in tree.body), path
        assert f'"{verb}", "{path.stem}"' in re.sub(r"\s+", " ", texts["commands.py"]), path
        assert f'helps["ml network {verb}"]' in texts["_help.py"] and f"def {path.stem}(" in texts["custom.py"], path
        assert f"az ml network {verb}" in readme, path


def test_a_command_is_a_few_lines() -> None:
    assert all(size <= 8 for name, size in sizes(ast.FunctionDef).items() if name.startswith("custom.py:"))


# ---------------------------------------------------------------------------------------------------------------------
# What it costs


LOAD = """
import sys
before = set(sys.modules)
from azure.cli.core.mock import DummyCli
cli = DummyCli()
middle = set(sys.modules)
import azext_amlnet
import azext_amlnet._params
loader = azext_amlnet.COMMAND_LOADER_CLS(cli)
table = loader.load_command_table([])
assert "ml network requirements" in table
print("\\n".join(sorted(set(sys.modules) - middle)))
"""
LIGHT = ("", "._help", ".commands", "._format", "._validators", "._params", ".vocabulary")


def test_every_other_az_ml_command_pays_nothing_for_us() -> None:
    done = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split()
    assert "azext_amlnet.commands" in loaded
    costly = ("yaml", "requests", "urllib3", "azure.core", "azure.mgmt", "azure.identity", "msal", "concurrent")
    assert not [name for name in loaded if name.startswith(costly)]
    ours = {name for name in loaded if name.startswith("azext_amlnet")}
    assert ours <= {f"azext_amlnet{part}" for part in LIGHT}


CORE = """
import importlib, pkgutil, sys


class NoAzureCli:
    def find_spec(self, name, path=None, target=None):
        if name == "azure.cli" or name.startswith("azure.cli.") or name.split(".")[0] in ("knack", "msrest"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, NoAzureCli())
import azext_amlnet
for module in pkgutil.walk_packages(azext_amlnet.__path__, "azext_amlnet."):
    if module.name.split(".")[1] in sys.argv[1].split(","):
        importlib.import_module(module.name)
        print(module.name)
"""


def test_the_core_is_imported_without_the_azure_cli() -> None:
    core = [room for floor in range(7) for room in FLOORS[floor] if not room.startswith("_")]
    words = [sys.executable, "-c", CORE, ",".join(core)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    assert {name.split(".")[1] for name in done.stdout.split()} == set(core)


def test_nothing_names_a_package_index_but_the_catalog() -> None:
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=True).stdout.split(
        "\n"
    )
    index, files = "pypi." + "org", "python" + "hosted.org"
    # The catalog's data of today and of released versions, and what is made from them.
    allowed = ("azext_amlnet/catalog/data/packages.yaml", "tools/catalogs/", "docs/catalog-changes.json")
    allowed += ("examples/results.txt", "tests/", "README.md", "docs/requirements.md", "docs/testing.md")
    for name in filter(None, tracked):
        path = ROOT / name
        if name.startswith(allowed) or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        assert index not in text and files not in text, name
