"""Where workspaces are: by Resource Graph, else by plain lists, else by the ids that somebody named."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Iterable, Iterator, Mapping, Optional

from ..errors import AccessError, NotFoundError, UnreachableError
from ..model import Door, Gap, Subscription
from . import resource_graph
from .answers import items_of, properties, resource_id
from .arm import Arm, Beginning, Refusal
from .asking import ALLOW, finished
from .chain import ask
from .client import Timeouts
from .crawl import Call, Crawl
from .resource_graph import QUERIES, Rows


@dataclass(frozen=True)
class FleetScope:
    """Which workspaces are asked about: those with these ids, and, with `everywhere`, all of a scope.

    The scope is the management groups, else the subscriptions. `behind` is the id of a firewall that those of the scope
    have to be behind.
    """

    workspace_ids: tuple[str, ...] = ()
    everywhere: bool = False
    subscriptions: tuple[Subscription, ...] = ()
    management_groups: tuple[str, ...] = ()
    behind: Optional[str] = None

    def holds(self, path: str) -> bool:
        """Whether a workspace that a search brought is in the scope.

        The subscription of a workspace that was named is searched, too, for what that workspace uses.
        """
        own = {one.id.lower() for one in self.subscriptions}
        return not self.everywhere or bool(self.management_groups) or _subscription_of(path) in own

    def names(self, path: str) -> bool:
        """Whether a workspace is among those that were named by id."""
        return path.lower() in self._named

    @cached_property
    def _named(self) -> frozenset[str]:
        return frozenset(map(str.lower, self.workspace_ids))

    @property
    def where(self) -> str:
        """The scope in words."""
        if self.management_groups:
            return f"management group {', '.join(self.management_groups)}"
        return f"subscription {', '.join(map(str, self.subscriptions))}"


@dataclass
class Search:
    """What a search came to: the ids of workspaces, and the answers that it brought along the way."""

    ids: list[str]
    door: Door = Door.IDS
    known: Mapping[Call, Any] = field(default_factory=dict)
    subscriptions: tuple[Subscription, ...] = ()
    gaps: list[Gap] = field(default_factory=list)


def search(arm: Arm, scope: FleetScope, timeouts: Timeouts) -> Search:
    """The workspaces of a scope; one that is named by id alone is not looked for.

    Raises AccessError where nothing of the scope can be read, UnreachableError where Azure cannot be asked.
    """
    named = _each_once(scope.workspace_ids)
    if not scope.everywhere and len(named) == 1:
        return Search(named)
    rows = _graph(arm, scope, named, timeouts)
    refused = rows["workspaces"]
    if not isinstance(refused, Refusal):
        return _by_rows(scope, rows, named)
    if refused.status == 0:
        what = f"Azure could not be asked for workspaces: {refused}."
        raise UnreachableError(what, ALLOW.format(host=arm.host))
    gap = Gap("resource-graph", "Azure Resource Graph", str(refused), "what plain calls and lists show")
    if not scope.everywhere:
        return Search(named, gaps=[gap])
    by_lists = _by_lists(arm, scope, refused, timeouts)
    by_lists.ids = _each_once([*by_lists.ids, *named])
    by_lists.gaps.insert(0, gap)
    return by_lists


def nothing_there(scope: FleetScope, made: Search) -> NotFoundError:
    """The error for a scope without workspaces; it says where was looked."""
    gaps = "".join(f" {gap}." for gap in made.gaps)
    what = f"No Azure ML workspace that this login may read is in {scope.where}.{gaps}"
    return NotFoundError(what, "Give other --subscriptions or --management-groups, or the ids: --workspace-id.")


def _each_once(identifiers: Iterable[str]) -> list[str]:
    """The ids in order, each once, whatever its case."""
    once: dict[str, str] = {}
    for identifier in identifiers:
        once.setdefault(identifier.lower(), identifier)
    return [once[key] for key in sorted(once)]


# ---------------------------------------------------------------------------------------------------------------------
# By Resource Graph


def _graph(arm: Arm, scope: FleetScope, named: list[str], timeouts: Timeouts) -> dict[str, Any]:
    """What Resource Graph answers to all queries, which are asked at the same time."""
    if scope.management_groups:
        where = {"managementGroups": list(scope.management_groups)}
    else:
        own = [one.id for one in scope.subscriptions] if scope.everywhere else []
        where = {"subscriptions": list(dict.fromkeys([*own, *map(_subscription_of, named)]))}
    ids = () if scope.everywhere else tuple(named)

    def asked(call: Call) -> Any:
        query = QUERIES[call.path].text(ids if call.path == "workspaces" else ())
        return resource_graph.rows_of(arm, query, where)

    crawl = Crawl(asked, workers=len(QUERIES))
    crawl.start(Call.of("resource-graph", name) for name in QUERIES)
    return {call.path: answer for call, answer in finished(crawl, lambda call, answer: (), timeouts, arm).items()}


def _subscription_of(path: str) -> str:
    return path.split("/")[2].lower()


def _by_rows(scope: FleetScope, rows: Mapping[str, Any], named: list[str]) -> Search:
    shown = {name: answer for name, answer in rows.items() if isinstance(answer, Rows)}
    ids = [*filter(scope.holds, (str(resource_id(row["id"])) for row in shown["workspaces"].rows))]
    made = Search(_each_once([*named, *ids]), Door.RESOURCE_GRAPH, resource_graph.answers_of(shown))
    cut = shown["workspaces"].incomplete
    if cut:
        made.gaps.append(Gap("resource-graph", "the workspaces of this scope", str(cut), "those that it gave"))
    subscriptions = shown.get("subscriptions", Rows(()))
    names = {str(row["id"]).rpartition("/")[2].lower(): row.get("name") for row in subscriptions.rows}
    made.subscriptions = tuple(_subscriptions(scope, names, made.ids))
    why = "Resource Graph does not show it: it does not exist, or this login may not read it"
    if subscriptions.incomplete:
        why = f"it is not known whether this login may read it: {subscriptions.incomplete}"
    of = {_subscription_of(path) for path in ids}
    unseen = (one for one in made.subscriptions if "subscriptions" in shown and one.id not in {*names, *of})
    made.gaps += [_unread(one, why) for one in unseen]
    return made


def _unread(one: Subscription, why: str) -> Gap:
    return Gap("subscription", f"subscription {one.name or one.id}", why, "no workspace of it is in this list")


def _subscriptions(scope: FleetScope, names: Mapping[str, Any], ids: Iterable[str]) -> Iterator[Subscription]:
    """The subscriptions that were searched, with their names."""
    by_groups = bool(scope.management_groups)
    own = scope.subscriptions if scope.everywhere and not by_groups else ()
    asked, of_groups = {one.id.lower(): one.name for one in own}, names if by_groups else ()
    for identifier in sorted({*asked, *of_groups, *map(_subscription_of, ids)}):
        name = asked.get(identifier) or names.get(identifier)
        yield Subscription(identifier, name if isinstance(name, str) else None)


# ---------------------------------------------------------------------------------------------------------------------
# By plain lists


_READER = "The role Reader on a subscription or on the workspaces is enough; az account list shows the subscriptions."


def _by_lists(arm: Arm, scope: FleetScope, refused: Refusal, timeouts: Timeouts) -> Search:
    """The workspaces by plain lists; raises AccessError where no list can be read."""
    crawl = Crawl(lambda call: ask(arm, call, timeouts))
    crawl.start(_listings(scope))
    answers = finished(crawl, _of_group, timeouts, arm)
    lists = {call: answer for call, answer in answers.items() if call.fact == "workspaces"}
    if not any(isinstance(answer, list) for answer in lists.values()):
        first = next((answer for answer in answers.values() if isinstance(answer, Refusal)), refused)
        raise AccessError(f"You may not look for workspaces in {scope.where}: {first}.", _READER)
    made, names = Search([], Door.LISTS), {one.id.lower(): one.name for one in scope.subscriptions}
    made.gaps += _unread_groups(answers)
    for call, answer in sorted(lists.items(), key=lambda pair: pair[0].key):
        one = Subscription(_subscription_of(call.key), names.get(_subscription_of(call.key)))
        made.subscriptions += (one,)
        ids = (resource_id(item.get("id")) for item in items_of(answer) if isinstance(item, Mapping))
        made.ids += filter(None, ids)
        unread = _unread_part(answer)
        if unread:
            made.gaps.append(_unread(one, str(unread)))
    return made


def _unread_part(answer: Any) -> Optional[Refusal]:
    """Why a list is not whole; None for one that is."""
    return answer.refusal if isinstance(answer, Beginning) else answer if isinstance(answer, Refusal) else None


def _unread_groups(answers: Mapping[Call, Any]) -> Iterator[Gap]:
    """The management groups of which not all subscriptions were told."""
    for call, answer in sorted(answers.items(), key=lambda pair: pair[0].key):
        unread = _unread_part(answer) if call.fact == "descendants" else None
        if unread:
            what = f"management group {call.path.split('/')[-2]}"
            yield Gap("management-group", what, str(unread), "of it those workspaces whose subscription was told")


def _listings(scope: FleetScope) -> Iterator[Call]:
    for group in scope.management_groups:
        path = f"/providers/Microsoft.Management/managementGroups/{group}/descendants"
        yield Call.of("descendants", path, listing=True)
    for one in scope.subscriptions if not scope.management_groups else ():
        yield _listing(one.id)


def _listing(subscription: str) -> Call:
    path = f"/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/workspaces"
    return Call.of("workspaces", path, listing=True)


def _of_group(call: Call, answer: Any) -> Iterator[Call]:
    """The lists of the subscriptions below a management group."""
    for item in items_of(answer) if call.fact == "descendants" else ():
        if isinstance(item, Mapping) and str(item.get("type", "")).lower().endswith("/subscriptions"):
            name = item.get("name") or properties(item).get("name")
            if isinstance(name, str):
                yield _listing(name)
