"""Facts from Azure: ask ARM about a workspace, concurrently and read-only, and say what it refused to tell."""

from __future__ import annotations

import shlex
from typing import Any, Callable, Container, Iterable, Iterator, Mapping, Optional

from ..errors import AccessError, AmlnetError, NotFoundError, UnreachableError, UsageError
from ..model import Cloud, Workspace
from . import policies
from .answers import cluster_id
from .arm import Arm, Refusal
from .asking import ALLOW, finished
from .chain import Lists, ask, computes_call, first_calls, follow, workspace_path
from .client import Timeouts, new_clients
from .crawl import Call, Crawl
from .fleet import FleetQuery as FleetQuery
from .pace import Pace
from .policies import PolicyAnswer
from .search import FleetScope as FleetScope
from .transform import to_workspace


def discover(
    *,
    subscription_id: str,
    resource_group: str,
    workspace: str,
    credential: Any = None,
    client: Any = None,
    cloud: Cloud = Cloud.PUBLIC,
    base_url: Optional[str] = None,
    suffixes: Optional[Mapping[str, str]] = None,
    cross_check: bool = True,
    timeouts: Timeouts = Timeouts(),
    patience: Optional[Timeouts] = None,
) -> Workspace:
    """The facts about a workspace, from ARM.

    Give either a `credential` of azure-identity or a ready management `client`. `base_url` and `suffixes` default to
    those of the cloud in the catalog. Calls that Azure refuses become gaps of the result. `patience` is the name that
    `timeouts` had in 1.0.0b1; it is taken until 1.0.0.

    Raises NotFoundError, AccessError or UnreachableError when the workspace itself cannot be read.
    """
    suffixes, timeouts = suffixes or _suffixes(cloud), patience or timeouts
    url = base_url or f"https://{suffixes['arm']}"
    if client is None:
        client = new_clients(_outside_az(credential, subscription_id, url), timeouts)
    query = WorkspaceQuery(client, url, subscription_id, resource_group, workspace, cross_check, timeouts)
    return query.finish(cloud, suffixes)


class WorkspaceQuery:
    """Questions on their way to ARM: they are sent when it is made, and `finish` waits for the facts.

    Between the two there is time to do something else; the first answer takes a while.
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
    ) -> None:
        self.arm = Arm(client, base_url, Pace.of_one(timeouts))
        self.path = workspace_path(subscription_id, resource_group, workspace)
        self.group = resource_group
        self.what = f"workspace '{workspace}' in resource group '{resource_group}'"
        self.lists = Lists(shared=cross_check, own=cross_check)
        self.timeouts = timeouts
        self.crawl = Crawl(lambda call: ask(self.arm, call, timeouts))
        self.crawl.start(first_calls(self.path, self.lists))
        self.arm.clients.prepare()

    def finish(self, cloud: Cloud, suffixes: Mapping[str, str]) -> Workspace:
        """The facts; raises as `discover` does."""

        def next_calls(call: Call, answer: Any) -> Iterator[Call]:
            if call.fact == "workspace":
                _check_workspace(answer, self.what, self.group, self.arm.host)
            return follow(call, answer, cloud, self.lists)

        answers = finished(self.crawl, next_calls, self.timeouts, self.arm)
        return to_workspace(answers, self.path, cloud, suffixes)


class PolicyQuery:
    """Questions about policies, and what they lead to: base policies, groups of rules, IP groups, firewalls.

    As with a WorkspaceQuery they are sent when they are named, and `finish` waits for the answers.
    """

    def __init__(self, client: Any, base_url: str, timeouts: Timeouts = Timeouts()) -> None:
        self.arm = Arm(client, base_url)
        self.timeouts = timeouts
        self.crawl = Crawl(lambda call: ask(self.arm, call, timeouts), workers=16)
        self.named: dict[Call, str] = {}

    def add(self, identifiers: Iterable[str]) -> None:
        """Asks about resources by their ids; raises UsageError for what is no resource that decides about traffic."""
        self.named.update({policies.first_call(identifier): identifier for identifier in identifiers})
        self.crawl.start(self.named)

    def finish(self, optional: Container[str] = ()) -> PolicyAnswer:
        """What Azure shows of them, and of what belongs to them.

        Raises NotFoundError, AccessError or UnreachableError when one that was named, and is not optional, is refused.
        """
        answers = finished(self.crawl, policies.follow, self.timeouts, self.arm)
        for call, identifier in self.named.items():
            answer = answers[call]
            if isinstance(answer, Refusal) and identifier not in optional:
                raise policies.refusal(answer, identifier, self.arm.host)
        return policies.answer_of(answers)


class NameQuery:
    """What policies, firewalls, security groups and route tables are called, asked once for any number of names."""

    def __init__(
        self, client: Any, base_url: str, subscription: str, group: Optional[str], timeouts: Timeouts = Timeouts()
    ) -> None:
        arm = Arm(client, base_url)
        crawl = Crawl(lambda call: ask(arm, call, timeouts))
        crawl.start(policies.calls_by_name(subscription, group))
        self.answers = finished(crawl, lambda call, answer: iter(()), timeouts, arm)

    def ids(self, name: str) -> list[str]:
        """The ids of what has this name; raises AccessError where Azure does not let it be looked up."""
        return policies.named(self.answers, name)


def compute_names(
    client: Any, base_url: str, subscription: str, group: str, workspace: str, timeouts: Timeouts = Timeouts()
) -> list[str]:
    """The names of the Kubernetes computes that are attached to a workspace; none where they cannot be read."""
    call = computes_call(workspace_path(subscription, group, workspace))
    answer = ask(Arm(client, base_url), call, timeouts)
    items = answer if isinstance(answer, list) else []
    return [item["name"] for item in items if isinstance(item, Mapping) and cluster_id(item) and item.get("name")]


def service_tags(client: Any, base_url: str, subscription: str, region: str, timeouts: Timeouts = Timeouts()) -> Any:
    """Azure's list of service tags with their prefixes, as ARM shows it, or the Refusal."""
    arm = Arm(client, base_url)
    return ask(arm, policies.tags_call(subscription, region), timeouts)


# The names of 1.0.0b1, kept until 1.0.0.
Inquiry, PolicyInquiry, Patience = WorkspaceQuery, PolicyQuery, Timeouts

_LISTED = (
    "az resource list -g {group} --resource-type Microsoft.MachineLearningServices/workspaces -o table lists what is "
    "there, az account show the subscription."
)


def _suffixes(cloud: Cloud) -> Mapping[str, str]:
    from ..catalog import load

    return load().clouds[cloud]


def _outside_az(credential: Any, subscription_id: str, url: str) -> Callable[..., Any]:
    if credential is None:
        raise UsageError("discover() needs a credential or a client.", "Try azure.identity.DefaultAzureCredential().")

    def make(client_class: Any, **keywords: Any) -> Any:
        scopes = [url.rstrip("/") + "/.default"]
        return client_class(credential, subscription_id, base_url=url, credential_scopes=scopes, **keywords)

    return make


def _check_workspace(answer: Any, what: str, group: str, host: str) -> None:
    """Raises when the workspace itself cannot be read; everything else depends on it."""
    if isinstance(answer, Mapping) and isinstance(answer.get("properties"), Mapping):
        return
    if not isinstance(answer, Refusal):
        answer = Refusal(200, "", "the answer is no workspace; perhaps a proxy answers in ARM's place")
    if answer.status == 404:
        raise NotFoundError(f"The {what} was not found: {answer}.", _LISTED.format(group=shlex.quote(group)))
    if answer.status == 401:
        raise AccessError(f"You may not read the {what}: {answer}.", "Sign in again: az login.")
    if answer.status == 403:
        hint = "The role Reader on the resource group is enough; or use --workspace-file with facts saved elsewhere."
        raise AccessError(f"You may not read the {what}: {answer}.", hint)
    if answer.status == 0:
        raise UnreachableError(f"The {what} could not be asked about: {answer}.", ALLOW.format(host=host))
    raise AmlnetError(
        f"Azure Resource Manager ({host}) gave no usable answer about the {what}: {answer}.",
        "Try again later; or use --workspace-file with facts saved earlier.",
    )
