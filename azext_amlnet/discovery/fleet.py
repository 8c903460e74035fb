"""The facts about many workspaces: Resource Graph for what it holds, plain calls for what it lacks.

Rows of Resource Graph stand in for ARM's own answers, and what is made of answers is the same whoever gave them; so
both ways lead to the same facts. One workspace that cannot be read costs the others nothing.
"""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass, replace
from typing import Any, Iterator, Mapping, Optional, Sequence

from ..errors import AccessError, NotFoundError
from ..model import Cloud, Fleet, Gap, SearchedScope, Workspace
from ..text import few
from . import behind
from .answers import Answers, items_of, name_of, properties
from .arm import Arm, Refusal
from .asking import check_workspace, finished, not_found
from .chain import Lists, ask, first_calls, follow
from .client import Timeouts
from .crawl import Call, Crawl
from .pace import Pace
from .search import FleetScope, Search, nothing_there, search
from .transform import to_workspace


@dataclass
class FleetProgress:
    """How far it is, for whoever waits: written by one thread, read by another."""

    workspaces: int = 0
    calls: int = 0


class FleetQuery:
    """Questions about many workspaces; `finish` asks them, `progress` tells how far that is, `pace` why it waits."""

    def __init__(
        self, client: Any, base_url: str, scope: FleetScope, lists: Lists, timeouts: Timeouts = Timeouts()
    ) -> None:
        self.pace = Pace.of_many(timeouts)
        self.arm = Arm(client, base_url, self.pace)
        self.scope, self.lists, self.timeouts = scope, lists, timeouts
        self.progress = FleetProgress()
        self.arm.clients.prepare()

    def finish(self, cloud: Cloud, suffixes: Mapping[str, str]) -> Fleet:
        """The facts, in the order of ids.

        Raises NotFoundError where there is no workspace, or where one that was named does not exist; AccessError or
        UnreachableError where nothing of the scope can be read.
        """
        made = search(self.arm, self.scope, self.timeouts)
        self.progress.workspaces = len(made.ids)
        answers = self._answers(made, cloud)
        every = (self._workspace(path, answers, made, cloud, suffixes) for path in made.ids)
        workspaces = tuple(one for one in every if one is not None)
        if not workspaces:
            raise nothing_there(self.scope, made)
        self._check(workspaces, answers)
        scope = SearchedScope(
            door=made.door,
            subscriptions=made.subscriptions,
            management_groups=self.scope.management_groups,
            workspace_ids=self.scope.workspace_ids,
            behind=self.scope.behind,
            gaps=tuple(made.gaps),
        )
        return _behind(workspaces, scope, self.scope, answers) if self.scope.behind else Fleet(workspaces, scope)

    def _check(self, workspaces: Sequence[Workspace], answers: Mapping[Call, Any]) -> None:
        """Raises where none of the workspaces can be read: placeholders alone would look like a list."""
        own = [answers[Call.of("workspace", str(one.id))] for one in workspaces]
        if not any(map(properties, own)):
            others = f" and {len(own) - 1} more" if len(own) > 1 else ""
            refusal = next((answer for answer in own if isinstance(answer, Refusal)), None)
            check_workspace(refusal, f"workspace {workspaces[0].id}{others}", self.arm.host)

    def _answers(self, made: Search, cloud: Cloud) -> dict[Call, Any]:
        """The answers about all workspaces: those that Resource Graph gave, and those of plain calls for the others."""

        def answered(call: Call) -> Any:
            answer = made.known.get(call)
            return ask(self.arm, call, self.timeouts) if answer is None else answer

        def next_calls(call: Call, answer: Any) -> Iterator[Call]:
            self.progress.calls += call not in made.known
            yield from follow(call, answer, cloud, self.lists)
            if self.scope.behind:
                yield from behind.follow(call, answer)

        crawl = Crawl(answered)
        if self.scope.behind:
            crawl.start([Call.of("firewall", self.scope.behind)])
        crawl.start(call for path in made.ids for call in first_calls(path, self.lists))
        return finished(crawl, next_calls, self.timeouts, self.arm)

    def _workspace(
        self, path: str, answers: dict[Call, Any], made: Search, cloud: Cloud, suffixes: Mapping[str, str]
    ) -> Optional[Workspace]:
        """The facts about one; None for one that is gone, which is a gap of the scope."""
        call = Call.of("workspace", path)
        own, computes = answers[call], answers[Call.of("computes", f"{path}/computes", listing=True)]
        if isinstance(computes, Refusal) and computes.status == 404 and call in made.known:
            own = self.arm.get("workspace", path)  # a row outlives for a while what it is of
        if isinstance(own, Refusal) and own.status == 404:
            if self.scope.names(path):
                raise not_found(f"workspace {path}", own)
            what = f"workspace {name_of(path)}"
            made.gaps.append(Gap("workspace", what, f"it is gone: {own}", "none of its rows are in this list", path))
            return None
        if not properties(own):
            return _unreadable(path, own, cloud)
        spelled = {**own, "id": _spelled(path, own, answers)}
        return to_workspace(ChainMap({call: spelled}, answers), path, cloud, suffixes)


def _spelled(path: str, own: Mapping[str, Any], answers: Mapping[Call, Any]) -> str:
    """A workspace's id as ARM spells it; Resource Graph may have made its letters small, and lists of it have not."""
    identifier = str(own.get("id") or path)
    if identifier != identifier.lower():
        return identifier
    for fact in ("datastores", "computes"):
        for item in items_of(answers.get(Call.of(fact, f"{path}/{fact}", listing=True))):
            below = str(item.get("id") or "") if isinstance(item, Mapping) else ""
            if below.lower().startswith(f"{identifier}/{fact}/"):
                return below[: len(identifier)]
    return identifier


def _unreadable(path: str, answer: Any, cloud: Cloud) -> Workspace:
    """What is known of a workspace that Azure does not show: its name; so its rows have placeholders."""
    name = name_of(path)
    why = str(answer) if isinstance(answer, Refusal) else "the answer is no workspace"
    gaps = (
        Gap("workspace", f"workspace {name}", why, "a placeholder in each host that is its own", path),
        Gap("computes", "its computes", why, "an AKS and an Arc cluster", path),
        Gap("datastores-list", "its datastores", why, "further storage accounts, whose names are not known", path),
    )
    return Workspace(cloud=cloud, name=name, id=path, gaps=gaps)


# ---------------------------------------------------------------------------------------------------------------------
# Those behind a firewall


def _behind(
    workspaces: Sequence[Workspace], searched: SearchedScope, scope: FleetScope, answers: Mapping[Call, Any]
) -> Fleet:
    """The workspaces with the computes that are behind the firewall, those that were named as they are.

    Raises NotFoundError or AccessError where the firewall cannot be read, or has no address.
    """
    path = str(scope.behind)
    gateway, kept, out, undecided = _gateway(path, answers), [], [], []
    gaps = list(searched.gaps)
    for one in workspaces:
        identifier = str(one.id)
        if scope.names(identifier):
            kept.append(one)
            continue
        own, open_questions = behind.narrowed(one, Answers(answers), gateway)
        kept += [own] if own else []
        if open_questions:
            undecided.append(identifier)
            gaps.append(_untold(one, open_questions, path))
        elif own is None:
            out.append(identifier)
    where = replace(searched, not_behind=tuple(out), undecided=tuple(undecided), gaps=tuple(gaps))
    if not kept:
        raise _nothing_behind(path, where)
    return Fleet(tuple(kept), where)


def _gateway(path: str, answers: Mapping[Call, Any]) -> behind.Gateway:
    firewall = answers[Call.of("firewall", path)]
    if isinstance(firewall, Refusal):
        kind = NotFoundError if firewall.status == 404 else AccessError
        hint = "az network firewall list --query [].id lists the ids; the role Reader on it is enough."
        raise kind(f"The firewall {path} could not be read: {firewall}.", hint)
    gateway = behind.gateway_of(firewall)
    if not (gateway.addresses or gateway.in_hub):
        what = f"The firewall {path} shows no private address, so no route can be told to lead to it."
        raise NotFoundError(what, "Is it deallocated? Start it, or name workspaces by their ids: --workspace-id.")
    return gateway


def _untold(workspace: Workspace, computes: Sequence[str], firewall: str) -> Gap:
    what = f"whether {few(computes, 5)} of workspace {workspace.name} is behind {name_of(firewall)}"
    why = "its routes cannot be read, or do not tell (Arc, a virtual WAN)"
    return Gap("behind", what, why, "rows of it are left out", workspace.id)


def _nothing_behind(path: str, where: SearchedScope) -> NotFoundError:
    """The error where no workspace is behind the firewall for certain."""
    some = [f"of {len(where.undecided)} that cannot be told: {few(list(map(name_of, where.undecided)), 5)}"]
    words = "; ".join([f"{len(where.not_behind)} are not", *(some if where.undecided else [])])
    what = f"No workspace of this scope is behind the firewall {name_of(path)} by its route tables: {words}."
    return NotFoundError(what, "--workspace-id counts a workspace in, whatever its routes say.")
