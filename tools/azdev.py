"""What Azure's own extensions have to pass: azdev's linter, and flake8 and pylint as azdev sets them up for extensions.

    make azdev

azdev expects a repository of extensions with `src/<name>` and one of the CLI; both are made under build/ and thrown
away. Its `setup`, which would fetch from elsewhere, is not run: what it would write is told by the environment. Exit
code 0 when all three pass.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "azdev"
VENV = WORK / "venv"
REPOSITORY, CLI = WORK / "extensions", WORK / "cli"
EXTENSION = REPOSITORY / "src" / "amlnet"
RULES = ("command_groups", "commands", "help_entries", "params")
"""Every rule that is about this extension; the others compare with an earlier release of the CLI, which is fetched."""

NOT_FOR_US = {
    "flake8": {"E203": "the formatter writes a blank before the colon of a slice"},
    "pylint": {
        "consider-using-f-string": "the prober speaks Python 3.8 and keeps templates apart from values",
        "consider-using-with": "kubectl outlives the function that starts it; _end() closes it on every path",
        "protected-access": "the SDK's one way to send a request of one's own is _send_request",
        "redefined-outer-name": "a field, a parameter and a function of one file may be called by one domain word",
        "too-few-public-methods": "a class with one method and a state",
        "too-many-boolean-expressions": "a list of alternatives, one a line",
        "too-many-instance-attributes": "dataclasses of the nouns; a class of at most 120 lines is held by a test",
        "too-many-lines": "prober.py is one file by design",
        "too-many-positional-arguments": "nouns are built by position where the order is the domain's",
        "too-many-return-statements": "guards, one a line; a function of at most 30 lines is held by a test",
        "unidiomatic-typecheck": "True is an int to isinstance; JSON's true is none",
        "unused-argument": "the functions of a table take one signature",
        "unused-import": "`from x import Name as Name` is a re-export; ruff looks for the others",
        "useless-import-alias": "`from x import Name as Name` says that it is a re-export (PEP 484)",
        "attribute-defined-outside-init": "a parser fills its attributes as it reads",
        "broad-exception-caught": "what a thread meets is carried to the caller, whatever it is",
        "invalid-field-call": "model.checked() is a field() with metadata",
        "unbalanced-tuple-unpacking": "the function returns two values; pylint sees none",
    },
}
"""Findings of azdev's own configuration that are not followed, each with its reason."""


def main() -> int:
    """Runs the three, whatever the ones before found, and returns how many failed."""
    lay_out()
    failed = [name for name, run in (("flake8", flake8), ("pylint", pylint), ("azdev linter", linter)) if not run()]
    print(f"azdev: {', '.join(failed)} failed." if failed else "azdev: all passed.")
    return len(failed)


def lay_out() -> None:
    """The environment's two repositories, anew: this extension as `src/amlnet`, and a CLI without anything."""
    for folder in (REPOSITORY, CLI):
        shutil.rmtree(folder, ignore_errors=True)
    EXTENSION.mkdir(parents=True)
    for name in ("setup.py", "README.md", "HISTORY.rst"):
        shutil.copy(ROOT / name, EXTENSION / name)
    shutil.copytree(ROOT / "azext_amlnet", EXTENSION / "azext_amlnet", ignore=shutil.ignore_patterns("__pycache__"))
    succeeds("python", "setup.py", "--quiet", "egg_info")  # by which azdev knows an extension
    shutil.copy(configuration("ext_pylintrc"), REPOSITORY / "pylintrc")  # for the linter's own run of pylint
    settings = CLI / "scripts" / "ci" / "cmdcov.yml"
    settings.parent.mkdir(parents=True)
    settings.write_text("".join(f"{name}: []\n" for name in sorted(settings_of_coverage())), encoding="utf-8")


def settings_of_coverage() -> set[str]:
    """The keys of cmdcov.yml, which azdev reads whatever it is asked, and else fetches."""
    operations = package("azdev") / "operations"
    texts = (path.read_text(encoding="utf-8") for path in operations.rglob("*.py"))
    return {key for text in texts for key in re.findall(r"config\['([A-Z_]+)'\]", text)}


def package(name: str) -> Path:
    """The folder of an installed package."""
    return next((VENV / "lib").glob(f"python*/site-packages/{name}"))


def configuration(name: str) -> str:
    """A file of azdev's own configuration for extensions."""
    return str(package("azdev") / "config" / name)


def flake8() -> bool:
    """flake8 with azdev's configuration."""
    extra = ",".join(NOT_FOR_US["flake8"])
    return succeeds("flake8", "--config", configuration("ext.flake8"), "--extend-ignore", extra, "azext_amlnet")


def pylint() -> bool:
    """pylint with azdev's configuration."""
    rules = ",".join(NOT_FOR_US["pylint"])
    return succeeds("pylint", "--jobs=0", "--rcfile", configuration("ext_pylintrc"), "--disable", rules, "azext_amlnet")


def linter() -> bool:
    """azdev's linter of commands, arguments and help."""
    return succeeds("azdev", "linter", "amlnet", "--rule-types", *RULES)


def succeeds(program: str, *words: str) -> bool:
    """Whether a program of the environment ends well, in the folder of the extension."""
    print(f"$ {program} {' '.join(words)}", flush=True)
    own = {
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(VENV),
        "AZDEV_CONFIG_DIR": str(WORK / "config"),
        "AZDEV_CLI_REPO_PATH": str(CLI),
        "AZDEV_EXT_REPO_PATHS": str(REPOSITORY),
        "AZURE_CONFIG_DIR": str(WORK / "azure"),
        "AZURE_EXTENSION_DIR": str(WORK / "installed"),
        "AZURE_EXTENSION_DEV_SOURCES": str(REPOSITORY / "src"),
        "AZURE_CORE_COLLECT_TELEMETRY": "no",
        "HTTPS_PROXY": "http://127.0.0.1:9",  # nobody answers there: nothing is fetched
    }
    done = subprocess.run([str(VENV / "bin" / program), *words], cwd=EXTENSION, env={**os.environ, **own}, check=False)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
