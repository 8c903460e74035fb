"""`az ml network export`: the list in the language of a firewall, a proxy or people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from ..vocabulary import EXIT_UNKNOWN, FOLDERS, Purpose
from ._az import exit_after_output, warn
from ._inputs import gather
from ._output import context_of, exported, print_text

if TYPE_CHECKING:
    from typing import Any

    from ..codec import JsonObject
    from ..exporters import Export
    from ._arguments import ScopeArguments


@dataclass(frozen=True)
class ExportArguments:
    """The arguments of `export`; `_params` describes each."""

    export_format: str
    output_file: Optional[str] = None
    allow_unresolved: bool = False
    use_fqdn_tags: bool = False
    purpose: str = "allow"


def run(cmd: Any, scoped: ScopeArguments, arguments: ExportArguments) -> Optional[JsonObject]:
    """The text, or where it was written; nothing when standard output got it."""
    from ..catalog.inspection import exemptions
    from ..exporters import export
    from ..files import refuse_existing
    from ..files.writing import refuse_folder

    path, to_stdout = arguments.output_file, arguments.output_file == "-"
    if path and arguments.export_format in FOLDERS:
        refuse_folder(path)
    elif path and not to_stdout:
        refuse_existing(path, scoped.overwrite)
    inputs = gather(cmd, scoped)
    purpose = Purpose(arguments.purpose)
    rows = exemptions(inputs.catalog, inputs.rows) if purpose is Purpose.TLS_EXEMPTION else inputs.rows
    context = context_of(inputs, fqdn_tags=arguments.use_fqdn_tags, purpose=purpose)
    made = export(arguments.export_format, rows, context, arguments.allow_unresolved)
    warn((*context.searched, *inputs.warnings))
    document = exported(made, path)
    if inputs.fleet.undecided:
        exit_after_output(cmd, EXIT_UNKNOWN)
    if to_stdout:
        print_text(made.content)
        return None
    if path:
        _write(path, made, scoped.overwrite)
    return document


def _write(path: str, made: Export, overwrite: bool) -> None:
    """The file, or all files of the folder."""
    from ..files import write_text
    from ..files.writing import write_files

    if made.files:
        write_files(path, made.files, overwrite)
    else:
        write_text(path, made.content, overwrite)
