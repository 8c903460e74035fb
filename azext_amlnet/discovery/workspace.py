"""The questions about one workspace: sent at once, and with as little as possible imported before that."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Optional

from .answers import cluster_id
from .arm import Arm
from .asking import check_workspace, finished
from .chain import Lists, ask, computes_call, first_calls, follow, workspace_path
from .client import Timeouts
from .crawl import Call, Crawl
from .pace import Pace

if TYPE_CHECKING:
    from ..model import Workspace
    from ..vocabulary import Cloud


class WorkspaceQuery:
    """Questions on their way to ARM: they are sent when it is made, and `finish` waits for the facts.

    Between the two there is time to do something else; the first answer takes a while. Where the cloud is given, what
    the answers lead to is asked meanwhile, too.
    """

    def __init__(
        self,
        client: Any,
        base_url: str,
        subscription_id: str,
        resource_group: str,
        workspace: str,
        cross_check: bool = True,
        timeouts: Timeouts = Timeouts(),
        cloud: Optional[Cloud] = None,
    ) -> None:
        self.arm = Arm(client, base_url, Pace.of_one(timeouts))
        self.path = workspace_path(subscription_id, resource_group, workspace)
        self.group = resource_group
        self.what = f"workspace '{workspace}' in resource group '{resource_group}'"
        self.lists = Lists(shared=cross_check, own=cross_check)
        self.timeouts = timeouts
        self.crawl = Crawl(lambda call: ask(self.arm, call, timeouts))
        self.crawl.start(first_calls(self.path, self.lists))
        self._followed: Optional[queue.SimpleQueue[Any]] = None
        if cloud is not None:
            self._followed = queue.SimpleQueue()
            threading.Thread(target=self._follow_apart, args=(cloud, self._followed), daemon=True).start()
        self.arm.clients.prepare()

    def finish(self, cloud: Cloud, suffixes: Mapping[str, str]) -> Workspace:
        """The facts; raises as `discover` does."""
        from .transform import to_workspace

        answers = self._followed.get() if self._followed else self._answers(cloud)
        if isinstance(answers, BaseException):
            raise answers
        return to_workspace(answers, self.path, cloud, suffixes)

    def _follow_apart(self, cloud: Cloud, followed: queue.SimpleQueue[Any]) -> None:
        """Follows answers in a thread of its own, so that none of them waits for what the caller does meanwhile."""
        try:
            followed.put(self._answers(cloud))
        except BaseException as error:  # handed to the caller of finish(), which raises it
            followed.put(error)

    def _answers(self, cloud: Cloud) -> Mapping[Call, Any]:
        def next_calls(call: Call, answer: Any) -> Iterator[Call]:
            if call.fact == "workspace":
                check_workspace(answer, self.what, self.arm.host, self.group)
            return follow(call, answer, cloud, self.lists)

        return finished(self.crawl, next_calls, self.timeouts, self.arm)


def compute_names(
    client: Any, base_url: str, subscription: str, group: str, workspace: str, timeouts: Timeouts = Timeouts()
) -> list[str]:
    """The names of the Kubernetes computes that are attached to a workspace; none where they cannot be read."""
    call = computes_call(workspace_path(subscription, group, workspace))
    answer = ask(Arm(client, base_url), call, timeouts)
    items = answer if isinstance(answer, list) else []
    return [item["name"] for item in items if isinstance(item, Mapping) and cluster_id(item) and item.get("name")]
