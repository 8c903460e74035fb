"""The files users hand us and get from us: read strictly, written atomically, never overwritten unasked."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, Callable, Container, Optional, Sequence

from ..codec import DocumentError, TwiceError, from_json, once, shown, to_json
from ..errors import UsageError
from ..model import (
    SCHEMA_VERSION,
    Change,
    ClusterType,
    Coverage,
    Door,
    Fleet,
    Level,
    Requirement,
    SearchedScope,
    Verdict,
    Workspace,
)
from ..text import is_address
from .writing import reason_of
from .writing import refuse_existing as refuse_existing
from .writing import write_text as write_text

_OF_AZURE = "Check the path; of a policy in Azure give the whole ARM id, or its name beside -w and -g."
_LARGEST = 32 * 1024 * 1024


def read_workspace(path: str) -> Workspace:
    """The facts of a file with one workspace; raises UsageError that names file and place."""
    workspace = read_fleet([path]).only
    if workspace is None:
        raise UsageError(f"--workspace-file {path} is of several workspaces.", "Give the file of one.")
    return workspace


def read_fleet(paths: Sequence[str]) -> Fleet:
    """The facts of one or several files, each of a workspace or of a fleet; a workspace that stands twice counts once.

    The scopes are one, too. Raises UsageError that names file and place, and for workspaces of different clouds, or of
    different facts in two files.
    """
    fleets = [_fleet_of(path) for path in paths]
    known: dict[str, tuple[str, Workspace]] = {}
    for path, fleet in zip(paths, fleets, strict=True):
        for number, one in enumerate(fleet.workspaces):
            first, other = known.setdefault((one.id or f"{path} {number}").lower(), (path, one))
            if other != one:
                what = f"--workspace-file {path}: workspace {one.name} stands in {first} already, with other facts."
                raise UsageError(what, "Leave the older of the two files out.")
            if other.cloud is not next(iter(known.values()))[1].cloud:
                what = f"--workspace-file {path}: workspace {one.name} is in another cloud than {first}."
                raise UsageError(what, "One list is for one firewall: ask for each cloud apart.")
    workspaces = tuple(one for _, one in known.values())
    return Fleet(workspaces, _joined(fleets) if len(fleets) > 1 else fleets[0].scope)


def _joined(fleets: Sequence[Fleet]) -> Optional[SearchedScope]:
    """One scope for those of several files, with all that any of them could not tell; None where none has one.

    What one left out and another has in full is left out no more.
    """
    scopes = [fleet.scope for fleet in fleets if fleet.scope]
    if not scopes:
        return None
    present = {str(one.id).lower() for fleet in fleets for one in fleet.workspaces if _is_whole(fleet, one)}

    def every(name: str) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(item for scope in scopes for item in getattr(scope, name)))

    def absent(name: str) -> tuple[str, ...]:
        return tuple(identifier for identifier in every(name) if identifier.lower() not in present)

    behind = {scope.behind for scope in scopes}
    return SearchedScope(
        door=next((scope.door for scope in scopes if scope.door is not Door.IDS), Door.IDS),
        subscriptions=every("subscriptions"),
        management_groups=every("management_groups"),
        workspace_ids=every("workspace_ids"),
        behind=behind.pop() if len(behind) == 1 else None,
        not_behind=absent("not_behind"),
        undecided=absent("undecided"),
        gaps=tuple(gap for gap in every("gaps") if (gap.id or "").lower() not in present),
    )


def _is_whole(fleet: Fleet, workspace: Workspace) -> bool:
    """Whether a fleet has all of a workspace: one behind a firewall has only what is behind it, if it was not named."""
    behind, named = (fleet.scope.behind, fleet.scope.workspace_ids) if fleet.scope else (None, ())
    return behind is None or str(workspace.id).lower() in map(str.lower, named)


def _fleet_of(path: str) -> Fleet:
    document = _read_json(path, "--workspace-file")
    if not isinstance(document, dict):
        raise UsageError(f"--workspace-file {path}: expected a JSON object, found {shown(document)}.", _HELP)
    document = dict(document)
    version = document.pop("schemaVersion", SCHEMA_VERSION)
    if type(version) is not int or version != SCHEMA_VERSION:
        known = f"schemaVersion {shown(version)} is not known; this release reads {SCHEMA_VERSION}"
        hint = "Write the file anew with --save-workspace-file."
        raise UsageError(f"--workspace-file {path}: {known}.", hint)
    try:
        several = "workspaces" in document
        fleet = from_json(Fleet, document) if several else Fleet((from_json(Workspace, document),))
    except DocumentError as error:
        raise UsageError(f"--workspace-file {path}: {error}.", _HELP) from None
    if not fleet.workspaces:
        raise UsageError(f"--workspace-file {path} has no workspace in it.", _HELP)
    if any(ClusterType.NONE in cluster.types for one in fleet.workspaces for cluster in one.clusters):
        raise UsageError(f"--workspace-file {path}: a cluster's types are aks and arc, not none.", _HELP)
    return fleet


_HELP = 'See docs/workspace-file.md; the smallest one is {"cloud": "public", "region": "westeurope"}.'


def write_fleet(path: str, fleet: Fleet, overwrite: bool) -> None:
    """Writes the facts, gaps included; raises UsageError as `write_text` does.

    One workspace is written as of old, unless the search left something open, or may have left out some of it.
    """
    is_part = bool(fleet.scope and (fleet.scope.behind or fleet.scope.undecided or fleet.scope.gaps))
    alone = None if is_part else fleet.only
    scope = {"scope": to_json(fleet.scope)} if fleet.scope and not alone else {}
    facts = {"schemaVersion": SCHEMA_VERSION, **scope, **to_json(alone or replace(fleet, scope=None))}
    write_text(path, json.dumps(facts, indent=2) + "\n", overwrite)


def write_workspace(path: str, workspace: Workspace, overwrite: bool) -> None:
    """Writes the facts of one workspace, gaps included; raises UsageError as `write_text` does."""
    write_fleet(path, Fleet((workspace,)), overwrite)


def read_requirements(
    path: str, proofs: Optional[Container[str]] = None, option: str = "--requirements-file"
) -> tuple[Requirement, ...]:
    """The rows of an earlier output of `az ml network requirements`; raises UsageError that names option, file, place.

    Where that output was itself compared with a baseline, the rows it calls removed are not part of it. With `proofs`
    a row that asks for another proof than these is refused, too.
    """
    what = f"{option} {path}"
    return requirements_in(_read_json(path, option), what, proofs)


def requirements_in(document: Any, what: str, proofs: Optional[Container[str]] = None) -> tuple[Requirement, ...]:
    """The rows of such a document, which `what` names in an error."""
    help_text = "Give the JSON array that `az ml network requirements -o json` printed."
    if not isinstance(document, list):
        raise UsageError(f"{what}: expected a JSON array, found {shown(document)}.", help_text)
    try:
        rows = [from_json(Requirement, row, f"row {number}") for number, row in enumerate(document, 1)]
    except DocumentError as error:
        raise UsageError(f"{what}: {error}.", help_text) from None
    for number, row in enumerate(rows, 1):
        if proofs is not None and row.probe and not row.unresolved and not _stands_for(row.probe.host, row.host):
            raise UsageError(
                f"{what}: row {number}.probe.host: '{row.probe.host}' is not '{row.host}'.",
                "Leave 'probe' out of the row, and the host decides.",
            )
        if proofs is not None and row.probe and row.probe.proof not in proofs:
            raise UsageError(
                f"{what}: row {number}.probe.proof: this catalog has no proof '{row.probe.proof}'.",
                "Leave 'probe' out of the row, and the host decides.",
            )
    return tuple(replace(row, change=None, why=None) for row in rows if row.change is not Change.REMOVED)


def _stands_for(probed: str, host: str) -> bool:
    """Whether trying a name says something of the row: it is the row's own, or one that its wildcard covers."""
    return probed == host or (host.startswith("*.") and probed.endswith(host[1:])) or is_address(host)


def read_verdicts(path: str) -> dict[tuple[str, str, int, str, str], Verdict]:
    """What an earlier report of `az ml network test` says of each endpoint and vantage; raises UsageError."""
    keys = ("kind", "host", "port", "protocol", "vantage")
    return _read_earlier(path, "test", "results", keys, lambda result: Verdict(result["verdict"]))


def read_coverage(path: str) -> dict[tuple[str, str, int, str], Coverage]:
    """What an earlier result of `az ml network check-policy` says of each endpoint; raises UsageError."""
    keys = ("kind", "host", "port", "protocol")
    return _read_earlier(path, "check-policy", "findings", keys, lambda finding: Coverage(finding["coverage"]))


def _read_earlier(
    path: str, verb: str, items: str, keys: tuple[str, ...], word: Callable[[Any], Any]
) -> dict[Any, Any]:
    help_text = f"Give the JSON that `az ml network {verb} -o json` printed, or its --report-file report.json."
    document = _read_json(path, "--baseline")
    if not isinstance(document, dict) or not isinstance(document.get(items), list):
        raise UsageError(f"--baseline {path} is no report: expected an object with {items}.", help_text)
    _check_version(f"--baseline {path}", document)
    words = {}
    for number, item in enumerate(document[items], 1):
        try:
            words[tuple(item[name] for name in keys)] = word(item)
        except (KeyError, TypeError, ValueError):
            raise UsageError(f"--baseline {path}: {items[:-1]} {number} is none.", help_text) from None
    return words


def read_report(path: str) -> dict[str, Any]:
    """A report of `az ml network test`, as JSON; raises UsageError for anything else."""
    hint = "Give the JSON that `az ml network test -o json` printed, or its --report-file report.json."
    return _read_with(path, "--addresses", "results", hint)


def read_result(path: str, option: str) -> tuple[str, Any]:
    """What a file is (`test`, `check-policy` or `requirements`) and its JSON; raises UsageError for anything else."""
    document = _read_json(path, option)
    if isinstance(document, list):
        return "requirements", _some(document, document, f"{option} {path}")
    for kind, items in (("test", "results"), ("check-policy", "findings")):
        if isinstance(document, dict) and isinstance(document.get(items), list):
            _check_version(f"{option} {path}", document)
            _check_items(f"{option} {path}", document[items], items)
            return kind, _some(document, document[items], f"{option} {path}")
    hint = "Give the JSON that az ml network test, check-policy or requirements printed."
    raise UsageError(f"{option} {path} is no result of these commands.", hint)


def _check_version(what: str, document: dict[str, Any]) -> None:
    """Raises UsageError for a document of another schema."""
    if document.get("schemaVersion") != SCHEMA_VERSION:
        version = shown(document.get("schemaVersion"))
        raise UsageError(f"{what} has schemaVersion {version}; this release reads {SCHEMA_VERSION}.")


def _some(document: Any, rows: list[Any], what: str) -> Any:
    """The document; raises UsageError for one without rows, against which everything would look removed."""
    if not rows:
        raise UsageError(f"{what} has no rows.", "Give a result with rows; one without says nothing.")
    return document


def _check_items(what: str, rows: list[Any], items: str) -> None:
    """Raises UsageError for results or findings that are none."""
    word, known = ("verdict", set(Verdict)) if items == "results" else ("coverage", set(Coverage))
    for number, row in enumerate(rows, 1):
        texts = ("host", "kind", "protocol", "level", word)
        whole = isinstance(row, dict) and "port" in row and all(isinstance(row.get(name), str) for name in texts)
        if not (whole and row[word] in known and row["level"] in set(Level)):
            raise UsageError(f"{what}: {items[:-1]} {number} is none.", "Give the file as the command wrote it.")


def read_service_tags(path: str) -> dict[str, Any]:
    """Azure's list of service tags, as its weekly file or `az network list-service-tags` has it; raises UsageError."""
    hint = "Give the file ServiceTags_Public_….json, or what az network list-service-tags prints."
    return _read_with(path, "--service-tags", "values", hint)


def _read_with(path: str, option: str, items: str, hint: str) -> dict[str, Any]:
    """A JSON object with a list of this name; raises UsageError for anything else."""
    document = _read_json(path, option)
    if not isinstance(document, dict) or not isinstance(document.get(items), list):
        raise UsageError(f"{option} {path} has no {items}.", hint)
    return document


def read_policy(path: str) -> str:
    """The text of a policy in whatever dialect; raises UsageError when it cannot be read."""
    try:
        return _read_text(path, "--policy")
    except UsageError as error:
        raise UsageError(
            error.message,
            _OF_AZURE,
        ) from None


def read_log(path: str) -> str:
    """The text that a prober printed on another machine; raises UsageError when it cannot be read."""
    return _read_text(path, "--results-file")


def read_certificates(path: str) -> str:
    """The certificates of a PEM file and nothing else of it, such as comments or keys; raises UsageError."""
    import ssl

    content = _read_bytes(path, "--ca-file")
    blocks = re.findall(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----", content)
    if not blocks:
        what = f"--ca-file {path} holds no certificate in PEM form."
        raise UsageError(what, f"Of a DER file: openssl x509 -inform der -in {path} -out {path}.pem")
    text = "\n".join(block.decode("ascii") for block in blocks) + "\n"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError) as error:
        what = f"--ca-file {path} holds a certificate that cannot be read: {error}."
        raise UsageError(what, "See openssl x509 -in FILE -noout -text.") from None
    return text


def _read_json(path: str, option: str) -> Any:
    text = _read_text(path, option)
    if not text.strip():
        raise UsageError(f"{option} {path} is empty.", "Was the command that wrote it interrupted?")
    try:
        return json.loads(text, object_pairs_hook=once)
    except RecursionError:
        raise UsageError(f"{option} {path} is nested too deeply.", "Give the file that this tool wrote.") from None
    except TwiceError as error:
        raise UsageError(f"{option} {path} is ambiguous: {error}.", "Keep one of the two.") from None
    except ValueError as error:
        other = path.endswith((".xml", ".html", ".md", ".txt"))
        hint = "Give the .json of it." if other else "Check it with a JSON validator."
        raise UsageError(f"{option} {path} is not JSON: {error}.", hint) from None


def _read_bytes(path: str, option: str) -> bytes:
    """The whole file, which may be a pipe; never more than the largest that this tool could have written."""
    try:
        with open(path, "rb") as file:
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"{option} {path} cannot be read: {reason_of(error)}.", "Check the path.") from None
    if len(content) > _LARGEST:
        raise UsageError(f"{option} {path} is larger than 32 MiB.", "Give the file that this tool wrote.")
    return content


def _read_text(path: str, option: str) -> str:
    content = _read_bytes(path, option)
    try:
        wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # as Windows PowerShell redirects
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{option} {path} is not UTF-8 text.", "Save it as UTF-8.") from None
