"""What exported texts share: what a file says of itself, comments, the reason of a rule, and rows that make none."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Iterable, Iterator, Mapping, Optional

from ..model import Cause, Kind, Proof, Protocol, Purpose, Requirement
from ..text import few, line


@dataclass(frozen=True)
class Context:
    """What a file says of itself: for whom, of when, from what, made how, and what Azure refused to tell.

    `workspace` is the only one; `workspaces` are all, with their `regions` and digests of their `ids` as far as those
    are known, and `searched` is where they were looked for, a line each. `sources` has all computes by their names in
    rows, and where their traffic comes from, None where that is not all known.
    `fqdn_tags` asks a format that knows FQDN tags to write them in place of the names that only a cluster itself needs;
    `lacking_in` names the policies that the rows are additions to; `purpose` is what is made of the rows. What is to be
    measured needs the catalog's `proofs` and `public_issuers`, and whose each of the `causes` is with its hint.
    """

    workspace: Optional[str]
    date: str
    catalog: str
    command: str
    gaps: tuple[str, ...] = ()
    fqdn_tags: bool = False
    lacking_in: tuple[str, ...] = ()
    purpose: Purpose = Purpose.ALLOW
    workspaces: tuple[str, ...] = ()
    regions: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, Optional[tuple[str, ...]]] = field(default_factory=dict)
    searched: tuple[str, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    public_issuers: tuple[str, ...] = ()
    causes: Mapping[Cause, tuple[str, str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What is made is called so: additions must not replace what a whole list made."""
        return "amlnet-additions" if self.lacking_in else "amlnet"


def header(context: Context, losses: Iterable[str]) -> Iterator[str]:
    """The lines that each file begins with, without their comment signs."""
    of = f" of workspace {context.workspace}" if context.workspace else ""
    if len(context.workspaces) > 1:
        of = f" of {len(context.workspaces)} workspaces: {few(context.workspaces, 12)}"
    if context.purpose is Purpose.TLS_EXEMPTION:
        yield f"Hosts whose TLS must not be inspected, for Azure Machine Learning{of}"
        yield "By the documents and reports named here. What only has to trust the inspecting authority is left out."
    else:
        yield f"Outbound endpoints for Azure Machine Learning{of}"
    if context.lacking_in:
        yield f"Only what {', '.join(context.lacking_in)} lacks: add it to what exists, do not replace that."
    yield f"{context.date}, catalog {context.catalog}"
    yield context.command
    yield from context.searched
    yield from (f"Not known, so assumed: {gap}" for gap in context.gaps)
    yield from (f"To mind: {loss}" for loss in losses)


_MOST_BYTES = 2000
"""Of a comment: nginx refuses what is longer than 4,096, and Suricata takes what is behind 8,191 for a rule."""


def comments(sign: str, lines: Iterable[str]) -> str:
    """Lines as comments; whatever a line holds, it stays one line, and no longer than readers of any target take."""
    whole = (f"{sign} {line(text)}".rstrip() for text in lines)
    return "".join(f"{text.encode()[:_MOST_BYTES].decode(errors='ignore')}\n" for text in whole)


def why(row: Requirement) -> str:
    """The reason of a rule: level, for whom, why, and under which condition where facts could not decide."""
    computes = f" ({few(row.computes, 12)})" if row.computes else ""
    return " ".join((f"{row.level.value}{computes}: {row.reason}", *row.conditions))


def documented(row: Requirement) -> str:
    """The reason of an exemption, and the documents that say so."""
    return f"{row.reason} {' '.join(source.url for source in row.sources)}"


def public(rows: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """The rows that a rule can be made of: no private endpoint serves them."""
    return tuple(row for row in rows if not row.private)


SPOKEN = (Protocol.HTTPS, Protocol.TLS, Protocol.HTTP)
"""What says which host is meant: TLS by its server name, HTTP by its Host."""


def by_name(rows: Iterable[Requirement]) -> list[Requirement]:
    """The rows for names in TLS and HTTP."""
    return [row for row in rows if row.kind in (Kind.FQDN, Kind.WILDCARD) and row.protocol in SPOKEN]


def private_notes(rows: Iterable[Requirement]) -> Iterator[str]:
    """For what private endpoints serve: it needs DNS and no rule."""
    for row in rows:
        if row.private:
            yield f"{row.host} is served by a private endpoint: it must resolve privately; no rule is needed."
        elif private_for(row):
            whose = few(private_for(row), 3)
            yield f"{row.host} is served by a private endpoint for {whose}: there it must resolve privately."


MOST_ANNOTATION, MOST_OBJECT = 260_000, 1_500_000
"""Bytes of an object that `kubectl apply` keeps in an annotation (256 kB with all others,
https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations), and of one that etcd takes
(https://etcd.io/docs/v3.5/dev-guide/limit, both 2026-11-27)."""


def object_limits(rules: Iterable[object]) -> Iterator[str]:
    """The loss of one object of Kubernetes with these rules that is too long to be applied as usual, or at all."""
    size = sum(len(json.dumps(rule, separators=(",", ":"))) + 1 for rule in rules)
    if size > MOST_OBJECT:
        yield f"one object of {size} bytes, and Kubernetes keeps {MOST_OBJECT} at most: export in parts (--compute)."
    elif size > MOST_ANNOTATION:
        yield f"one object of {size} bytes is too long for the copy that kubectl apply keeps: add --server-side."


def private_for(row: Requirement) -> list[str]:
    """The workspaces for which a private endpoint serves a row that others reach publicly."""
    return sorted(name for one in row.variants or () if one.private and not row.private for name in one.workspaces)


def no_tags(rows: Iterable[Requirement], target: str) -> Iterator[str]:
    """The loss of service tags, which only Azure's own rules know."""
    for row in public(rows):
        if row.kind is Kind.SERVICE_TAG:
            yield f"service tag {row.host}, port {row.port}/{row.protocol.value}: {target} knows no service tags."
