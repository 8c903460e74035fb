"""`az ml network compare`: two results of one kind, and what became of each endpoint between them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Mapping, Sequence

from ._az import exit_after_output, warn
from ._output import check_files, write_files

if TYPE_CHECKING:
    from typing import Any

    from ..codec import JsonObject


@dataclass(frozen=True)
class CompareArguments:
    """The arguments of `compare`; `_params` describes each."""

    before: str
    after: str
    report_file: tuple[str, ...] = ()


def run(cmd: Any, arguments: CompareArguments) -> JsonObject:
    """The comparison; exit code 8 where something required is worse or newly demanded, 9 where it is unknown now."""
    from ..errors import UsageError
    from ..files import read_result

    check_files(arguments.report_file, "list")
    (kind, before), (other, after) = (
        read_result(path, option) for path, option in ((arguments.before, "--before"), (arguments.after, "--after"))
    )
    if kind != other:
        what = f"--before {arguments.before} is a result of {kind}, and --after {arguments.after} one of {other}."
        raise UsageError(what, "Give two of one kind.")
    try:
        document = _of_lists(arguments, before, after) if kind == "requirements" else _of_reports(kind, before, after)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        what = (
            f"{arguments.before} and {arguments.after} cannot be compared ({type(error).__name__}: {str(error)[:80]})."
        )
        raise UsageError(what, "Give the files as the commands wrote them.") from None
    whole = {**_about(kind, arguments, before, after), **document}
    return _handed_over(cmd, whole, arguments.report_file)


def _about(kind: str, arguments: CompareArguments, before: JsonObject, after: JsonObject) -> JsonObject:
    """What is compared: the kind, and of each side its file, when it was made, and from where."""
    from ..about import version
    from ..model import SCHEMA_VERSION

    sides = {"before": (arguments.before, before), "after": (arguments.after, after)}
    about: JsonObject = {word: _side(path, document) for word, (path, document) in sides.items()}
    return {"schemaVersion": SCHEMA_VERSION, "tool": {"name": "amlnet", "version": version()}, "kind": kind, **about}


def _side(path: str, document: JsonObject) -> JsonObject:
    from ..text import line

    report: Mapping[str, object] = document if isinstance(document, dict) else {}
    made = report.get("startedAt") or report.get("checkedAt")
    vantages = report.get("vantages")
    names = [one["name"] for one in vantages if isinstance(one, dict)] if isinstance(vantages, list) else []
    return {"file": path, "at": line(str(made)) if made else None, "vantages": [line(str(name)) for name in names]}


def _of_reports(kind: str, before: JsonObject, after: JsonObject) -> JsonObject:
    from ..compare.reports import exit_code, of_policies, of_tests, summary

    compared, apart = of_tests(before, after) if kind == "test" else (of_policies(before, after), False)
    code = {"exitCode": exit_code(compared)}
    return {"apart": apart, "summary": {**summary(compared), **code}, "rows": [one.to_json() for one in compared]}


def _of_lists(arguments: CompareArguments, before: JsonObject, after: JsonObject) -> JsonObject:
    """Two lists: which rows came, went or changed, and why."""
    from ..about import version
    from ..catalog import load
    from ..catalog.provenance import provenance
    from ..compare.lists import compared_lists
    from ..files import requirements_in
    from ..model import Scope

    then = requirements_in(before, f"--before {arguments.before}")
    now = requirements_in(after, f"--after {arguments.after}")
    catalog = load()
    since = {entry.id: entry.since for entry in catalog.entries}
    return compared_lists(then, now, provenance(catalog, Scope(), version()), since)


def _handed_over(cmd: Any, document: JsonObject, paths: Sequence[str]) -> JsonObject:
    """The document, its files written, and said what it comes to."""
    from ..reports.compare_html import headline

    code, differs = document["summary"]["exitCode"], document["summary"]["changes"]["same"] < len(document["rows"])
    if differs or document["summary"]["diagnoses"] or sys.stderr.isatty():  # a pipe hears nothing of nothing
        warn([f"{headline(document)}."])
    written = write_files(document, paths)
    if code or not written:
        exit_after_output(cmd, code or 1)
    return document
