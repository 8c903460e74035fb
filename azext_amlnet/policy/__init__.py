"""Policies of firewalls, proxies and clusters: read from somebody's dialect, and held against the list."""

from __future__ import annotations

import importlib
from collections import Counter
from dataclasses import replace
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence

from ..errors import UsageError
from ..model import Catalog, Fleet, Inputs, Requirement
from ..vocabulary import policy_dialects
from .addresses import spans_of
from .at_rest import collector_at_rest
from .documents import Document as Document
from .foreign import foreign, is_powershell
from .model import Policy as Policy
from .model import PolicyReport, Unread, unread_rule
from .pods import Pods
from .readers._arm import Pool, Resource, Unknown
from .readers._keys import folded
from .readers._resources import declared_by, parameters_of, resources
from .readers._subnets import KEYS, apart
from .readers._terraform import is_terraform
from .readers.terraform_json import resources as terraform_resources
from .report import report_on


def check(
    rows: Iterable[Requirement],
    policies: Sequence[Policy],
    *,
    sources: Iterable[str] = (),
    catalog: Optional[Catalog] = None,
) -> PolicyReport:
    """The report on what policies make of rows: traffic has to pass every one of them, so the worst tells.

    `sources` are where the traffic comes from, as addresses or ranges (`10.1.0.0/16`); without them a rule that is for
    some sources only leaves a row unknown. `catalog` tells which hosts are retired and where anybody can rent a
    name, by default the one that ships with this version.

    Raises UsageError for a source that is none.
    """
    from ..catalog import load

    inputs = Inputs(catalog or load(), Fleet(), tuple(rows))
    return report_on(inputs, policies, sources=spans_of(sources))


@collector_at_rest()
def read(
    documents: Sequence[Document],
    dialect: Optional[str] = None,
    *,
    environment: Optional[Mapping[str, Any]] = None,
    pods: Pods = Pods(),
) -> tuple[Policy, ...]:
    """The policies that these documents make together; `dialect` is for texts that do not tell what they are.

    `environment` is what templates are told of the cloud (`environment.environment_of`); without it that is not known.
    `pods` is whose traffic it is in a cluster.
    Raises UsageError for a document that is no policy, and for documents that make none.
    """
    documents = _once(documents)
    owned = _owned([document for document in documents if document.text and not document.looks_like_json])
    azure = [one for one in documents if one.name not in owned and one.json is not None and not _is_text(one)]
    pool = _pool_of(azure, environment)
    policies = _of_azure(pool)
    if azure and all(is_terraform(document.json) for document in azure):
        policies = [replace(policy, source="terraform-json") for policy in policies]
    texts = [document for document in documents if document not in azure]
    policies += _of_texts(texts, {**_owned(texts), **owned}, dialect, pods)
    if not policies:
        names = ", ".join(document.name for document in documents)
        parts = dict.fromkeys(f"{part.name} {part.why}" for part in pool.of("off", "elsewhere"))
        why = "; ".join([*parts][:3])
        raise UsageError(f"There is no policy in {names}{f': {why}' if why else ''}.", _HINT)
    return tuple(policies)


def _of_texts(texts: Sequence[Document], owned: Mapping[str, str], dialect: Optional[str], pods: Pods) -> list[Policy]:
    """The policies of texts, those of one dialect read together."""
    by_dialect: dict[str, list[Document]] = {}
    for document in texts:
        by_dialect.setdefault(owned.get(document.name) or _dialect(document, dialect), []).append(document)
    policies: list[Policy] = []
    for name, members in by_dialect.items():
        reader = _reader(name)
        policies += reader.read(tuple(members), *([pods] if hasattr(reader, "OF_PODS") else []))
    return policies


_HINT = "Give the policy or its rules, too; of a template its parameter file."


def _once(documents: Sequence[Document]) -> list[Document]:
    """The documents, each once and under a name of its own: a file that is given twice is one.

    Lists of names may hold the same and stand for two things.
    """
    seen: dict[tuple[str, ...], Document] = {}
    for number, document in enumerate(documents):
        place = (str(number),) if not document.text else () if document.looks_like_json else (document.path,)
        seen.setdefault((document.text, *place), document)
    names: Counter[str] = Counter()
    distinct = []
    for document in seen.values():
        names[document.name] += 1
        count = names[document.name]
        distinct.append(replace(document, name=f"{document.name} ({count})") if count > 1 else document)
    return distinct


def _owned(texts: Sequence[Document]) -> dict[str, str]:
    """The dialect of texts that belong to others: what squid includes or takes values from, or finds in its folder."""
    owned = {}
    for name in policy_dialects():
        named_by = getattr(_reader(name), "named_by", None)
        if named_by:
            claimed = [document for document in texts if _reader(name).claims(document)]
            owned.update({document.name: name for document in named_by(claimed, texts)})
    return owned


def _is_text(document: Document) -> bool:
    """Whether JSON is another dialect's, as what kubectl prints."""
    return any(_reader(name).claims(document) for name in ("cilium", "kubernetes-networkpolicy"))


def _pool_of(documents: Sequence[Document], environment: Optional[Mapping[str, Any]]) -> Pool:
    """All Azure documents are read together: groups, base policies, IP groups and parameters belong to each other."""
    bodies = [folded(document.json, document.name) for document in documents]
    files = _parameter_files(bodies)
    pool = Pool()
    for document, body in zip(documents, bodies, strict=True):
        members = list(_resources_of(document, body, _parameters(files, body), environment))
        strange = not members and not parameters_of(body) and not document.refused
        if strange or is_powershell(document.json):
            raise _foreign(document, "it holds no Azure resource that decides about traffic")
        for resource in members:
            pool.add(resource)
        pool.refused.update(document.refused)
    return pool


def _resources_of(
    document: Document, body: Any, parameters: Mapping[str, Any], environment: Optional[Mapping[str, Any]]
) -> Iterator[Resource]:
    if is_terraform(document.json):
        return terraform_resources(document.json, document.name)
    return resources(body, document.name, parameters, environment)


def _of_azure(pool: Pool) -> list[Policy]:
    readers = (_reader(name) for name in policy_dialects())
    policies = [policy for reader in readers if hasattr(reader, "KINDS") for policy in reader.read(pool)]
    whole = [_with_parts_beside(policy, pool) for policy in policies]
    return [*whole, *apart(pool)] if whole else []


def _parameter_files(bodies: Sequence[Any]) -> list[tuple[dict[str, Any], bool]]:
    """The values of each parameter file, and whether there is a template that declares all of them."""
    files = filter(None, map(parameters_of, bodies))
    declared = [declared_by(body) for body in bodies]
    return [(values, any(values.keys() <= names for names in declared)) for values in files]


def _parameters(files: Sequence[tuple[Mapping[str, Any], bool]], body: Any) -> dict[str, Any]:
    """The values of the parameter files for a template; one that two files give differently is not known.

    ARM deploys no template with a file of which it does not declare all parameters: such a file is another template's,
    if there is one.
    """
    parameters: dict[str, Any] = {}
    names = declared_by(body)
    for values, elsewhere in files:
        for key, value in values.items() if values.keys() <= names or not elsewhere else ():
            parameters[key] = value if parameters.get(key, value) == value else Unknown(key)
    return parameters


def _with_parts_beside(policy: Policy, pool: Pool) -> Policy:
    """The policy, in doubt about everything where a part was not followed that may be of its kind."""
    about = [part for part in pool.of("elsewhere") if _may_be_of(part, policy)]
    parts = {f"{part.name} of {part.document}": part.why for part in about}
    rules = tuple(unread_rule(part, f"{part} {why}") for part, why in parts.items())
    unread = tuple(Unread(policy.name, part, f"it {why}") for part, why in parts.items())
    off = tuple(_off(part) for part in pool.of("off") if part.defaults)
    return replace(
        policy,
        rules=(*rules, *policy.rules),
        unread=(*unread, *policy.unread),
        assumptions=(*policy.assumptions, *off),
    )


def _may_be_of(part: Resource, policy: Policy) -> bool:
    """Whether a part that was not followed can change a policy: one whose kind is known changes its own kind."""
    return not part.gate or (part.gate not in KEYS and policy.dialect not in KEYS)


def _off(part: Resource) -> str:
    """What is taken for granted of a part that a template does not make."""
    return f"{part.name} of {part.document} {part.why}."


def _dialect(document: Document, dialect: Optional[str]) -> str:
    """The dialect of a text; raises UsageError where it does not tell and nobody says."""
    if dialect and not hasattr(_reader(dialect), "KINDS"):
        return dialect
    if not document.text.strip():
        raise UsageError(f"The policy {document.name} is empty.", "Was the command that wrote it interrupted?")
    claimed = [name for name in policy_dialects() if hasattr(_reader(name), "claims") and
               _reader(name).claims(document)]  # fmt: skip
    if len(claimed) == 1:
        return claimed[0]
    raise _foreign(document, "it does not tell its dialect" if claimed else "it is in none of the dialects known here")


def _foreign(document: Document, why: str) -> UsageError:
    """The error about a document that is no policy: what it is, if that can be seen, and what to give."""
    known = ", ".join(policy_dialects())
    what, hint = foreign(document) or (why, f"Known: {known}; see --dialect.")
    return UsageError(f"The policy {document.name} cannot be read: {what}.", hint)


def _reader(name: str) -> Any:
    return importlib.import_module(f".readers.{name.replace('-', '_')}", __name__)
