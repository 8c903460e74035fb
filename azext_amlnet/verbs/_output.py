"""What a verb leaves behind: files, annotations, and the exit code that az ends with."""

from __future__ import annotations

import shlex
import sys
import time
from typing import TYPE_CHECKING, Iterable, Mapping, Optional

from ..errors import AmlnetError, UsageError
from ..vocabulary import Purpose
from ._az import exit_after_output, logger, warn

if TYPE_CHECKING:
    from typing import Any

    from ..codec import JsonObject
    from ..exporters import Context, Export
    from ..model import Inputs


def print_text(text: str) -> None:
    """Prints what a command is for, its bytes as they are; raises AmlnetError where standard output takes no more."""
    try:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AmlnetError(f"Standard output cannot be written: {reason}.", "Give --output-file NAME.") from None


def check_files(paths: Iterable[str], kind: str) -> None:
    """Raises UsageError for files that cannot be written as it looks now; `kind` says of what, as ENDINGS has it."""
    from pathlib import Path

    from ..files import refuse_existing
    from ..reports import ENDINGS

    endings = ENDINGS[kind]
    for path in paths:
        if Path(path).suffix.lower() not in endings:
            raise UsageError(
                f"--report-file {path}: the name must end in {', '.join(endings)}.", "It tells the format."
            )
        refuse_existing(path, overwrite=True)


def publish(
    cmd: Any,
    report: JsonObject,
    paths: Iterable[str],
    annotate: Optional[str],
    suggestion: Optional[Mapping[str, object]] = None,
) -> None:
    """Writes the report's files, and the annotations to standard error.

    What cannot be written fails the command, and the report is printed all the same.
    """
    from ..reports.annotations import lines

    written = write_files(report, paths, suggestion)
    for line in lines(report, annotate) if annotate else ():
        print(line, file=sys.stderr)
    code = report["summary"]["exitCode"]
    if code or not written:
        exit_after_output(cmd, code or 1)


def write_files(
    report: Mapping[str, object], paths: Iterable[str], suggestion: Optional[Mapping[str, object]] = None
) -> bool:
    """Writes the files of a report or a list; whether all could be written, and says which not."""
    unwritten = _unwritten(report, paths, suggestion)
    for message in unwritten:
        logger.error("%s", message)
    return not unwritten


def _unwritten(
    report: Mapping[str, object], paths: Iterable[str], suggestion: Optional[Mapping[str, object]]
) -> list[str]:
    """Writes the report's files; returns what could not be written."""
    from ..files import write_text
    from ..reports import render

    failures = []
    for path in paths:
        try:
            write_text(path, render(path, report, suggestion), overwrite=True)
        except UsageError as error:
            failures.append(error.message)
    return failures


def context_of(
    inputs: Inputs, fqdn_tags: bool = False, lacking_in: tuple[str, ...] = (), purpose: Purpose = Purpose.ALLOW
) -> Context:
    """What an exported file says of itself; see the fields of Context."""
    from ..about import gaps_of, keys_of
    from ..catalog.sources import sources_of
    from ..exporters import Context
    from ..measurement.causes import CAUSES
    from ..model import names_of

    catalog, fleet = inputs.catalog, inputs.fleet
    pairs = list(zip(names_of(fleet.workspaces), fleet.workspaces, strict=True))
    return Context(
        workspace=fleet.only.name if fleet.only else None,
        workspaces=inputs.workspaces,
        regions={name: str(one.region) for name, one in pairs if one.region},
        sources=sources_of(inputs),
        searched=searched(inputs),
        ids={name: key for name, key in keys_of(inputs).items() if key},
        date=time.strftime("%Y-%m-%d", time.gmtime()),
        catalog=f"{catalog.version} ({catalog.digest})",
        command="az " + " ".join(map(shlex.quote, sys.argv[1:])),
        gaps=tuple(map(str, gaps_of(fleet))),
        fqdn_tags=fqdn_tags,
        lacking_in=lacking_in,
        purpose=purpose,
        proofs=catalog.proofs,
        public_issuers=catalog.public_issuers,
        causes={cause: (meaning.owner.value, meaning.hint) for cause, meaning in CAUSES.items()},
    )


def searched(inputs: Inputs) -> tuple[str, ...]:
    """Where workspaces were looked for, in words."""
    from ..codec import to_json
    from ..reports.scope import sentences

    fleet = inputs.fleet
    return tuple(sentences({"scope": to_json(fleet.scope), "workspaces": fleet.workspaces}))


def exported(export: Export, path: Optional[str] = None) -> JsonObject:
    """An export as az prints it, with its text or texts, or the file or folder that has them; losses are said, too."""
    warn(f"{export.format}: {loss}" for loss in export.losses)
    files = [{"name": name, "content": text} for name, text in export.files]
    where = {"file": path} if path else {"files": files} if files else {"content": export.content}
    return {"format": export.format, "rows": export.rows, "losses": list(export.losses), **where}
