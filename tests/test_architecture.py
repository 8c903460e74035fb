"""The house: who may import whom, and what `az` pays for us being there."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from .world import ROOT

PACKAGE = ROOT / "azext_amlnet"
# Room → the rooms it may import from; the floors of docs/design/000-the-house.md.
MAY_IMPORT = {
    "prober": set(),
    "errors": set(),
    "words": set(),
    "model": {"words"},
    "codec": set(),
    "catalog": {"errors", "model"},
    "baseline": {"model"},
    "noproxy": {"prober"},
    "redact": set(),
    "report": {"model", "verdict"},
    "reports": {"errors", "words"},
    "verdict": {"errors", "model"},
    "wire": {"errors", "model", "prober"},
    "exporters": {"errors", "model"},
    "policy": {"errors", "model", "words"},
    "files": {"codec", "errors", "model"},
    "discovery": {"errors", "model", "catalog"},
    "contexts": {"errors", "model"},
    "trouble": {"errors", "model"},
    "runners": {"errors", "model", "prober", "trouble", "wire"},
    "_exit": {"errors"},
    "_cluster": {"contexts", "errors", "files", "model", "runners", "verdict", "wire", "_measure", "_scope"},
    "_scope": {"errors", "model", "catalog", "files", "discovery", "_client_factory"},
    "_measure": {
        *("errors", "model", "codec", "catalog", "files", "noproxy", "prober", "redact", "report", "reports"),
        *("runners", "verdict", "wire", "_scope"),
    },
    "custom": {
        *("baseline", "codec", "exporters", "files", "words"),
        *("_cluster", "_exit", "_measure", "_policy", "_scope"),
    },
    "_policy": {"codec", "discovery", "errors", "files", "model", "policy", "reports", "_measure", "_scope"},
    "_client_factory": {"discovery"},
    "_params": {"words"},
    "commands": {"_format", "_validators"},
    "__init__": {"_help", "_params", "commands"},
    "_help": set(),
    "_format": {"reports"},
    "_validators": set(),
}
PURE = ("words", "model", "codec", "catalog", "baseline", "verdict", "errors")
PURE += ("contexts", "exporters", "noproxy", "policy", "redact", "report", "reports", "trouble", "wire")
NOT_PURE = ("socket", "ssl", "http", "urllib", "requests", "azure", "knack", "subprocess", "threading", "logging")


def modules() -> list[tuple[str, Path]]:
    """Every module with its room: the package's file or folder."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).parts
        found.append((parts[0] if len(parts) > 1 else path.stem, path))
    return found


def imports(path: Path, top_only: bool = False) -> set[tuple[str, ...]]:
    """The modules that a file imports, as absolute names in parts."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = ("azext_amlnet", *path.relative_to(PACKAGE).parts[:-1])
    found: set[tuple[str, ...]] = set()
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {tuple(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            named = (*base, *(node.module.split(".") if node.module else ()))
            found |= {(*named, alias.name) for alias in node.names} if named == ("azext_amlnet",) else {named}
    return found


@pytest.mark.parametrize(("room", "path"), modules(), ids=lambda value: getattr(value, "name", value))
def test_nobody_imports_upward_or_sideways(room: str, path: Path) -> None:
    used = {name[1] for name in imports(path) if name[0] == "azext_amlnet" and len(name) > 1} - {room}
    assert used <= MAY_IMPORT[room], path


@pytest.mark.parametrize(("room", "path"), modules(), ids=lambda value: getattr(value, "name", value))
def test_the_middle_is_pure(room: str, path: Path) -> None:
    if room in PURE:
        used = {name[0] for name in imports(path) if name != ("urllib", "parse")}  # which only takes texts apart
        assert not used & set(NOT_PURE)


@pytest.mark.parametrize(("room", "path"), modules(), ids=lambda value: getattr(value, "name", value))
def test_heavy_modules_are_imported_inside_functions_only(room: str, path: Path) -> None:
    tops = {name[:3] for name in imports(path, top_only=True)}
    heavy = {("azure", "core"), ("azure", "mgmt"), ("azure", "identity"), ("requests",), ("yaml",), ("urllib3",)}
    assert not {name[:2] for name in tops} & heavy and not {name[:1] for name in tops} & {("requests",), ("yaml",)}


def test_every_room_is_in_the_table() -> None:
    assert {room for room, _ in modules()} == set(MAY_IMPORT)


def test_the_prober_is_one_file_of_the_standard_library_for_python_3_8() -> None:
    path = PACKAGE / "prober.py"
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
    assert {name[0] for name in imports(path)} <= set(sys.stdlib_module_names)
    assert path.stat().st_size < 64_000  # it travels in a ConfigMap
    words = [str(Path(sys.executable).with_name("vermin")), "--target=3.8-", "--no-tips", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_functions_are_short() -> None:
    long = []
    for _, path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > 50:
                long.append(f"{path.name}:{node.lineno} {node.name}")
    assert not long


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


LIGHT = ("", "._help", ".commands", "._format", "._validators", "._params", ".words")


def test_every_other_az_ml_command_pays_nothing_for_us() -> None:
    done = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split()
    assert "azext_amlnet.commands" in loaded
    costly = ("yaml", "requests", "urllib3", "azure.core", "azure.mgmt", "azure.identity", "msal", "concurrent")
    assert not [name for name in loaded if name.startswith(costly)]
    ours = {name for name in loaded if name.startswith("azext_amlnet")}
    assert ours <= {f"azext_amlnet{part}" for part in LIGHT}


def test_nothing_names_a_package_index_but_the_catalog() -> None:
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=True).stdout.split(
        "\n"
    )
    index, files = "pypi." + "org", "python" + "hosted.org"
    allowed = ("azext_amlnet/catalog/data/packages.yaml", "examples/results.txt", "tests/", "README.md")
    for name in filter(None, tracked):
        path = ROOT / name
        if name.startswith(allowed) or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        assert index not in text and files not in text, name
