"""Several workspaces in Azure: which scope is meant, and what a person sees while it is asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Iterable, Mapping

from ._az import login
from ._wait import LONG_S, waiting

if TYPE_CHECKING:
    from typing import Any

    from ..discovery import FleetQuery, FleetScope
    from ..discovery.chain import Lists
    from ..model import Cloud, Fleet, Subscription
    from ._arguments import ScopeArguments


def query_of(cmd: Any, arguments: ScopeArguments) -> FleetQuery:
    """The query for the workspaces that the arguments mean; raises UsageError for a subscription that nobody knows."""
    from ..discovery import FleetQuery

    az = login(cmd)
    return FleetQuery(az.client, az.base_url, _scope(cmd, arguments, az.subscription), _lists(arguments), az.timeouts)


def finished(cmd: Any, query: FleetQuery, cloud: Cloud, suffixes: Mapping[str, str]) -> Fleet:
    """The facts, with a line for whoever waits for them."""
    with waiting(cmd, lambda: _line(query), LONG_S):
        return query.finish(cloud, suffixes)


def _line(query: FleetQuery) -> str:
    """How far it is, and for how long Azure wants to be left alone."""
    count, wait_s = query.progress.workspaces, query.pace.waits_s()
    about = (
        f"about {count} workspace{'s' * (count != 1)}: {query.progress.calls} answers" if count else "for workspaces"
    )
    throttled = f"; it throttles, going on in {wait_s:.0f} s" if wait_s >= 1 else ""
    return f"Asking Azure Resource Manager {about}{throttled}"


def _lists(arguments: ScopeArguments) -> Lists:
    """Which of Azure's own lists are asked: of one workspace all, of several those of each on request only."""
    from ..discovery.chain import Lists

    shared = not arguments.no_cross_check
    alone = len({one.lower() for one in arguments.workspace_id}) == 1 and not arguments.behind
    return Lists(shared=shared, own=shared and (alone or arguments.cross_check))


def _scope(cmd: Any, arguments: ScopeArguments, current: str) -> FleetScope:
    from ..discovery import FleetScope

    everywhere = bool(arguments.all_workspaces or arguments.behind)
    subscriptions = tuple(_subscriptions(cmd, arguments.subscriptions or (current,)))
    return FleetScope(
        workspace_ids=tuple(one.strip().rstrip("/") for one in arguments.workspace_id),
        everywhere=everywhere,
        subscriptions=subscriptions if everywhere and not arguments.management_groups else (),
        management_groups=tuple(one.strip() for one in arguments.management_groups),
        behind=arguments.behind.strip().rstrip("/") if arguments.behind else None,
    )


_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _subscriptions(cmd: Any, words: Iterable[str]) -> list[Subscription]:
    """Subscriptions by ids or names, as az knows them; raises UsageError for a name that it does not."""
    from azure.cli.core._profile import Profile

    from ..errors import UsageError
    from ..model import Subscription

    known = [one for one in Profile(cli_ctx=cmd.cli_ctx).load_cached_subscriptions() if one.get("id")]
    made: dict[str, Subscription] = {}
    for word in (word.strip() for word in words):
        named = [one for one in known if word.lower() in (one["id"].lower(), str(one.get("name")).lower())]
        if not named and not _GUID.fullmatch(word):
            what = f"--subscriptions: no subscription of this login is called '{word[:80]}'."
            raise UsageError(what, "az account list -o table shows their names and ids.")
        if len({one["id"].lower() for one in named}) > 1:
            raise UsageError(f"--subscriptions: several are called '{word[:80]}'.", "Give their ids.")
        identifier = named[0]["id"] if named else word
        made[identifier.lower()] = Subscription(identifier.lower(), named[0].get("name") if named else None)
    return list(made.values())
