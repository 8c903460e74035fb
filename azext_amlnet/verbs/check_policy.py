"""What `az ml network check-policy` does: policies from Azure or files, held against the rows, as one report."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence

from ..errors import UsageError
from ._inputs import Gathered, client_of


@dataclass(frozen=True)
class Checked:
    """The arguments of `check-policy` that are not the scope's; `_params` describes each."""

    policy: tuple[str, ...]
    dialect: Optional[str] = None
    source: tuple[str, ...] = ()
    suggest: Optional[str] = None
    baseline: Optional[str] = None
    report_file: tuple[str, ...] = ()
    annotate: Optional[str] = None


def spans_of(texts: Iterable[str]) -> list[tuple[int, int]]:
    """The addresses of --source; raises UsageError for what is none."""
    from ..policy.addresses import span_of, union

    found = []
    for text in " ".join(texts).replace(",", " ").split():
        span = span_of(text)
        if span is None or span[0] > span[1]:
            what = f"--source is no IPv4 address or range: '{text[:60]}'."
            raise UsageError(what, "For example 10.1.0.0/16, the addresses of the cluster's nodes and pods.")
        found.append(span)
    return list(union(found))


# ---------------------------------------------------------------------------------------------------------------------
# The policies


class Inquiry:
    """The policies that the command line names; what Azure knows of them is asked for while facts are gathered."""

    def __init__(self, cmd: Any, options: Checked) -> None:
        from ..discovery.policies import first_call

        named = [word for word in options.policy if word.lower().startswith("/subscriptions/")]
        for identifier in named:
            first_call(identifier)
        self.documents = [_document(word) for word in options.policy if word not in named]
        self.cmd, self.dialect = cmd, options.dialect
        self._asked: Any = None
        self.said: list[str] = []
        if named:
            self._azure().add(named)

    def _azure(self) -> Any:
        from ..discovery import PolicyInquiry

        if self._asked is None:
            client, base_url, patience, _ = client_of(self.cmd)
            self._asked = PolicyInquiry(client, base_url, patience)
        return self._asked

    def finish(self, found: Gathered, computes: Sequence[str]) -> tuple[list[Any], dict[str, list[tuple[int, int]]]]:
        """The policies, and for each compute whose subnets Azure showed the addresses that its traffic comes from."""
        from ..policy import Document, read

        subnets = _subnets(found.facts, computes)
        if subnets:
            self._azure().add(subnets)
        documents = list(self.documents)
        shown: list[Any] = []
        if self._asked is not None:
            shown, refused = self._asked.finish(optional=subnets)
            self.said += [f"The subnet {name} could not be read: {refused[name.lower()]}."
                          for name in subnets if name.lower() in refused]  # fmt: skip
            documents.append(Document("Azure", answer=shown, refused=refused))
        policies = list(read(documents, self.dialect))
        return [self._placed(policy, shown, subnets) for policy in policies], _addresses(shown, subnets)

    def _placed(self, policy: Any, shown: Sequence[Mapping[str, Any]], subnets: Mapping[str, Sequence[str]]) -> Any:
        """A group or table that was found by itself, with the subnet and the computes that it is for."""
        computes: list[str] = []
        names: list[str] = []
        for subnet in shown:
            identifier = str(subnet.get("id", ""))
            given = subnet.get("properties") or {}
            mine = {str((given.get(key) or {}).get("id", "")).lower() for key in ("networkSecurityGroup", "routeTable")}
            if policy.id and policy.id in mine and subnets.get(identifier.lower()):
                computes += subnets[identifier.lower()]
                names.append(identifier.rpartition("/")[2])
        if not computes:
            return policy
        where = f"{policy.name} (subnet {', '.join(names)} of {', '.join(dict.fromkeys(computes))})"
        return replace(policy, name=where, computes=tuple(dict.fromkeys(computes)))


def _document(word: str) -> Any:
    """A policy by its path; by its text, where az has read it already (`--policy @FILE`)."""
    from ..files import read_policy
    from ..policy import Document

    if word.lstrip().startswith(("{", "[")):
        return Document("--policy", word)
    return Document(_short(word), read_policy(word))


def _short(path: str) -> str:
    """A file's own name, by which findings call it."""
    return os.path.basename(path) or path


def _subnets(facts: Any, computes: Sequence[str]) -> dict[str, list[str]]:
    """The subnets of the named computes' clusters, by lower-case id, with the computes; empty for facts of a file."""
    found: dict[str, list[str]] = {}
    wanted = {name.lower() for name in computes}
    for compute in (facts.computes or ()) if facts else ():
        for cluster in facts.clusters:
            same = compute.cluster_id and (cluster.id or "").lower() == compute.cluster_id.lower()
            for subnet in cluster.subnets if same and compute.name.lower() in wanted else ():
                found.setdefault(subnet.lower(), []).append(compute.name)
    return found


def _addresses(
    shown: Sequence[Mapping[str, Any]], subnets: Mapping[str, Sequence[str]]
) -> dict[str, list[tuple[int, int]]]:
    """By compute; nothing for one whose subnets Azure did not show."""
    from ..policy.addresses import span_of

    found: dict[str, list[tuple[int, int]]] = {name: [] for names in subnets.values() for name in names}
    for subnet in shown:
        given = subnet.get("properties") or {}
        for compute in subnets.get(str(subnet.get("id", "")).lower(), ()):
            prefixes = [given.get("addressPrefix"), *(given.get("addressPrefixes") or ())]
            spans = (span_of(prefix) for prefix in prefixes if isinstance(prefix, str))
            found.setdefault(compute, []).extend(span for span in spans if span and span[0] <= span[1])
    return found


# ---------------------------------------------------------------------------------------------------------------------
# The report


@dataclass(frozen=True)
class Outcome:
    """The report as plain JSON values, the exit code, the rows that want a rule, and the hosts that no rule mends."""

    report: dict[str, Any]
    code: int
    lacking: tuple[Any, ...]
    denied: tuple[str, ...]
    untold: tuple[str, ...]


def outcome(
    found: Gathered, policies: Sequence[Any], own: Mapping[str, Sequence[tuple[int, int]]], options: Checked
) -> Outcome:
    """What the policies make of the rows; `own` are the addresses of computes, nothing for one that nobody told."""
    from ..model import Coverage
    from ..policy import check as c

    given = spans_of(options.source)

    def sources(row: Any) -> Sequence[Optional[tuple[int, int]]]:
        """Where a row's traffic comes from; None for what nobody told of a compute."""
        mine = [span for name in row.computes or own for span in own.get(name) or (None,)]
        return given or list(dict.fromkeys(mine))

    findings = c.check(found.rows, policies, sources)
    if found.earlier is not None:
        findings = c.compare(findings, found.earlier)
    findings = c.with_failing(findings)
    everywhere = given or sorted({span for spans in own.values() for span in spans})
    pairs = list(zip(found.rows, findings, strict=True))
    denied, untold = (
        tuple(finding.host for finding in findings if finding.coverage is word)
        for word in (Coverage.DENIED, Coverage.UNKNOWN)
    )
    return Outcome(
        report=_report(found, policies, findings, everywhere),
        code=c.exit_code(findings),
        lacking=tuple(row for row, finding in pairs if finding.coverage in (Coverage.MISSING, Coverage.PARTIAL)),
        denied=denied,
        untold=untold,
    )


def _report(
    found: Gathered, policies: Sequence[Any], findings: Sequence[Any], sources: Sequence[tuple[int, int]]
) -> dict[str, Any]:
    """The result as plain JSON values; names of rules are anybody's, so they are made plain as well."""
    from ..codec import to_json
    from ..model import SCHEMA_VERSION
    from ..policy.addresses import shown
    from ..policy.check import exit_code, summary
    from ..policy.over_permissive import over_permissive, stale

    named = {
        "policy": [_policy(policy) for policy in policies],
        "summary": {**summary(findings), "exitCode": exit_code(findings)},
        "warnings": [*found.warnings, *dict.fromkeys(note for policy in policies for note in policy.notes)],
        "findings": [to_json(finding) for finding in findings],
        "overPermissive": list(over_permissive(policies, found.book.shared, found.rows, sources)),
        "stale": list(stale(policies, found.book.retired)),
        "unread": [to_json(part) for policy in policies for part in policy.unread],
    }
    return {
        "schemaVersion": SCHEMA_VERSION,
        **about(found),
        "checkedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "sources": [shown(span) for span in sources],
        **{key: _plain(value) for key, value in named.items()},
    }


def _plain(value: Any) -> Any:
    """The value with texts that a terminal and a pipeline can show."""
    from ..text import line

    if isinstance(value, str):
        return line(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def about(found: Gathered) -> dict[str, Any]:
    """What a report says of the tool, the catalog and the workspace."""
    from ..codec import to_json
    from .test import version, workspace_of

    return {
        "tool": {"name": "amlnet", "version": version()},
        "catalog": {"version": found.book.version, "digest": found.book.digest},
        "workspace": workspace_of(found.facts),
        "gaps": to_json(found.facts.gaps) if found.facts else [],
    }


def _policy(policy: Any) -> dict[str, Any]:
    return {
        "name": policy.name,
        "dialect": policy.dialect,
        "rules": len(policy.rules),
        "computes": list(policy.computes),
        "notes": list(policy.notes),
    }


def said(report: Mapping[str, Any]) -> Iterator[str]:
    """What is to be said beside the result."""
    from ..reports import endpoint

    yield from report["warnings"]
    parts = [f"{part['policy']}, {part['part']}: {part['because']}" for part in report["unread"]]
    yield from (f"Not read: {line}." for line in parts[:5])
    if len(parts) > 5:
        yield f"Not read, too: {len(parts) - 5} more parts, in 'unread'."
    asked, beyond = ([item for item in report["overPermissive"] if item["askedFor"] is word] for word in (True, False))
    for items, what, name in (
        (beyond, "Allowed beyond need", "allows"),
        (asked, "Allowed as the list asks, but open to anybody", "allows"),
        (report["stale"], "Stale", "host"),
    ):
        shown = "; ".join(f"{item[name]} by rule '{item['rule']}'" for item in items[:3])
        more = f" and {len(items) - 3} more" if len(items) > 3 else ""
        if items:
            yield f"{what}: {shown}{more}."
    yield from _advice(report["findings"])
    failing = [finding for finding in report["findings"] if finding["failing"]]
    for items, what in (
        ([finding for finding in failing if finding["coverage"] != "unknown"], "not allowed"),
        ([finding for finding in failing if finding["coverage"] == "unknown"], "not to be judged"),
    ):
        named = [f"{endpoint(finding)} ({finding['coverage']})" for finding in items]
        if items:
            yield f"{len(items)} required endpoint{'s are' if len(items) > 1 else ' is'} {what}: {_few(named)}."
    if report["summary"]["exitCode"] and not failing:
        yield "Nothing that is required was asked about."


def _advice(findings: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What would settle several findings at once."""
    hints = [finding["hint"] for finding in findings if finding["coverage"] == "unknown"]
    for hint in dict.fromkeys(hints):
        if "--source" in hint:
            yield f"{hints.count(hint)} endpoint{'s depend' if hints.count(hint) > 1 else ' depends'} on it: {hint}"


def not_mended(checked: Outcome) -> Iterator[str]:
    """What a suggestion of rules does not mend."""
    if checked.denied:
        yield f"Not in the suggestion, because a rule denies it and has to be changed itself: {_few(checked.denied)}."
    if checked.untold:
        yield f"Not in the suggestion, because it cannot be told whether it is allowed: {_few(checked.untold)}."
    if not checked.lacking:
        yield "Nothing else is missing, so there is no rule to add."


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
