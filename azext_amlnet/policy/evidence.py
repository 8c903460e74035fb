"""What a measurement saw and what Azure says of its service tags: addresses that settle rules by range or tag. Pure.

A name has other addresses tomorrow, so this is evidence as of a day and never a rule's own meaning. The weekly file of
service tags and ARM's answer have one shape
(https://learn.microsoft.com/azure/virtual-network/service-tags-overview#service-tags-on-premises, 2026-11-26).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from typing import Any, Iterator, Mapping, Optional

from ..model import Cloud, Gap
from .addresses import Span, span_of, union

STALE_DAYS = 7
"""How old evidence may be before a warning says so."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What is known of a row's addresses: those that were seen, and the prefixes of tags by their lower-case names."""

    addresses: tuple[Span, ...]
    prefixes: Mapping[str, tuple[Span, ...]]


@dataclass(frozen=True)
class Evidence:
    """Addresses by host as a report saw them, the prefixes of service tags, since when each, and what is to be said.

    `gaps` is what Azure refused to tell.
    """

    addresses: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    prefixes: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    seen_at: str = ""
    tags_of: str = ""
    warnings: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()

    def of(self, host: str) -> Optional[Seen]:
        """What is known of a host; None where no address of it was seen."""
        addresses = self.addresses.get(host)
        return Seen(addresses, self.prefixes) if addresses else None


def of_report(report: Mapping[str, Any], name: str, cloud: Optional[Cloud], today: date) -> Evidence:
    """The addresses that a report of `az ml network test` saw from this side of no proxy.

    A report that is redacted, or of another cloud, gives none and a warning.
    """
    workspace = report.get("workspace")
    theirs = workspace.get("cloud") if isinstance(workspace, Mapping) else None
    if cloud is not None and theirs is not None and theirs != cloud.value:
        return Evidence(warnings=(f"{name} is of another cloud ({str(theirs)[:20]}): its addresses are not used.",))
    if "<private-" in str(report) or "<subscription-" in str(report):
        return Evidence(warnings=(f"{name} is redacted: its addresses are not used. Give the report itself.",))
    addresses: dict[str, tuple[Span, ...]] = {}
    for result in _list(report.get("results")):
        if isinstance(result, Mapping) and result.get("kind", "fqdn") == "fqdn":
            spans = tuple(span for text in _addresses(result) if (span := span_of(text)) and span[0] <= span[1])
            host = str(result.get("host")).lower()
            addresses[host] = union((*addresses.get(host, ()), *spans))
    when = str(report.get("startedAt") or "")
    warnings = (*_old(name, when[:10], today), *_nothing(name, addresses))
    return Evidence({host: spans for host, spans in addresses.items() if spans}, seen_at=when, warnings=warnings)


def _addresses(result: Mapping[str, Any]) -> Iterator[str]:
    """The addresses that a name had, unless a proxy looked it up."""
    steps = [step for step in _list(result.get("steps")) if isinstance(step, Mapping)]
    if any(step.get("layer") == "proxy" for step in steps) or result.get("testedBy"):
        return
    for step in steps:
        facts = step.get("facts")
        if step.get("layer") == "dns" and isinstance(facts, Mapping):
            yield from (str(text) for text in _list(facts.get("addresses")))


def _nothing(name: str, addresses: Mapping[str, tuple[Span, ...]]) -> Iterator[str]:
    if not any(addresses.values()):
        yield f"{name} saw no address of its own: through a proxy, the proxy looks names up."


def of_tags(document: Mapping[str, Any], name: str, cloud: Optional[Cloud]) -> Evidence:
    """The prefixes of service tags, of the weekly file or of ARM; a file of another cloud gives none and a warning."""
    theirs = _CLOUDS.get(str(document.get("cloud")).lower())
    if cloud is not None and theirs is not cloud:
        shown = str(document.get("cloud"))[:40]
        return Evidence(warnings=(f"{name} is of another cloud ({shown}): its service tags are not used.",))
    prefixes = {}
    for value in _list(document.get("values")):
        properties = value.get("properties") if isinstance(value, Mapping) else None
        listed = _list(properties.get("addressPrefixes")) if isinstance(properties, Mapping) else []
        spans = [span for text in listed if (span := span_of(str(text))) and span[0] <= span[1]]
        prefixes[str(value.get("name")).lower()] = union(spans) if listed else ()
    return Evidence(prefixes=prefixes, tags_of=f"change {document.get('changeNumber')} of {name}")


_CLOUDS = {"public": Cloud.PUBLIC, "azuregovernment": Cloud.USGOV, "usgov": Cloud.USGOV, "china": Cloud.CHINA,
           "azurechina": Cloud.CHINA, "azurecloud": Cloud.PUBLIC, "azureusgovernment": Cloud.USGOV,
           "azurechinacloud": Cloud.CHINA}  # fmt: skip


def joined(one: Evidence, other: Evidence) -> Evidence:
    """Two pieces of evidence as one."""
    return Evidence(
        {**one.addresses, **other.addresses},
        {**one.prefixes, **other.prefixes},
        one.seen_at or other.seen_at,
        one.tags_of or other.tags_of,
        (*one.warnings, *other.warnings),
        (*one.gaps, *other.gaps),
    )


def _old(name: str, day: str, today: date) -> Iterator[str]:
    try:
        age = (today - date.fromisoformat(day)).days
    except ValueError:
        return
    if age > STALE_DAYS:
        yield f"{name} is {age} days old: names may have other addresses today. Run az ml network test again."


def today() -> date:
    """The day of today, in UTC."""
    return datetime.now(timezone.utc).date()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
