"""What a policy allows beyond need: rules open to anybody, and rules for hosts that nobody asks for any more."""

from __future__ import annotations

from typing import Iterable, Iterator, Mapping, Sequence

from ..model import Requirement, Retired
from .addresses import PRIVATE, Span, inside, shown
from .check import ROUTES, denies_the_rest
from .conditions import Destinations, Sources
from .model import OverPermissive, Policy, Rule, Stale


def over_permissive(
    policies: Iterable[Policy],
    shared: Mapping[str, str],
    rows: Sequence[Requirement],
    sources: Sequence[Span],
) -> Iterator[OverPermissive]:
    """The rules that allow what anybody can rent a name in: anything at all, or a suffix or service tag of `shared`.

    `shared` tells why, by suffix (`blob.core.windows.net`) or lower-case service tag.
    """
    for policy in (policy for policy in policies if not policy.of):
        reported = set()
        for rule in policy.rules if policy.dialect != ROUTES else ():  # a route says where to, not whether
            if rule.allow is False and denies_the_rest(rule):
                break
            if not rule.allow or not _for_sources(rule, sources):
                continue
            wheres = list(rule.destinations) or [Destinations(anything=True)]
            for what, because in (excess for where in wheres for excess in _excess(where, shared)):
                if (rule.name, what) not in reported:
                    reported.add((rule.name, what))
                    yield _row(policy, rule, what, because, [row for row in rows if row.host == what])
        else:
            if policy.default and policy.dialect != ROUTES:
                rule = Rule("(default)", True, ())
                yield _row(policy, rule, "*", "what no rule decides is allowed: data can go anywhere", [])


def _row(policy: Policy, rule: Rule, what: str, because: str, asked: Sequence[Requirement]) -> OverPermissive:
    hint = "Allow the names of the list in its place."
    if asked:
        topics = " ".join(dict.fromkeys(row.topic.value for row in asked))
        hint = (
            f"The list itself asks for it ({asked[0].level.value}: {asked[0].reason}) --exclude {topics} leaves it out."
        )
    return OverPermissive(policy.name, rule.name, what, because, hint, bool(asked))


def _excess(where: Destinations, shared: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if where.anything or where.any_name:
        yield "*", "every destination is allowed: data can go anywhere"
        return
    for span in where.spans:
        if span[1] - span[0] >= 2**24 and not inside(span, PRIVATE):
            yield shown(span), f"{span[1] - span[0] + 1:,} addresses are allowed"
    if any(pattern.text in _ANY_NAME for pattern in where.patterns):
        yield "*", "every name is allowed: data can go anywhere"
        return
    suffixes = [*where.below, *(pattern.suffix for pattern in where.patterns if pattern.suffix)]
    for suffix in sorted(suffixes):
        within = [name for name in shared if name == suffix or name.endswith("." + suffix)]
        if within:
            why = shared[suffix] if suffix in shared else f"{within[0]} is below it: {shared[within[0]]}"
            yield f"*.{suffix}", why
        elif "." not in suffix:
            yield f"*.{suffix}", "every name of a top-level domain is allowed"
    for tag in where.tags:
        because = shared.get(tag.lower()) or shared.get(tag.lower().partition(".")[0])
        if because:
            yield tag, because


_ANY_NAME = (".", ".*", ".+", "^.*$", "^.+$")


def _for_sources(rule: Rule, sources: Sequence[Span]) -> bool:
    """Whether a rule can be for the cluster's traffic; this machine's own is none."""
    span_lists = [condition.spans for condition in rule.conditions if isinstance(condition, Sources)]
    if any(all(inside(span, [_LOOPBACK]) for span in spans) for spans in span_lists):
        return False
    return not sources or all(
        any(low <= source[1] and source[0] <= high for low, high in spans for source in sources) for spans in span_lists
    )


_LOOPBACK: Span = (127 * 2**24, 128 * 2**24 - 1)


def stale(policies: Iterable[Policy], retired: Iterable[Retired]) -> Iterator[Stale]:
    """The rules that name hosts which Azure no longer asks for."""
    gone = {item.host: item for item in retired}
    for policy in policies:
        reported: dict[str, set[str]] = {}
        for rule in policy.rules:
            named = {name for where in rule.destinations for name in where.names} if rule.allow else set()
            for host in sorted((named & set(gone)) - reported.get(rule.name, set())):
                reported.setdefault(rule.name, set()).add(host)
                item = gone[host]
                because = f"retired since {item.since}: {item.reason}"
                yield Stale(policy.name, rule.name, host, because, item.source.url)
