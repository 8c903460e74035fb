"""The questions about policies, about what they are called, and about service tags."""

from __future__ import annotations

from typing import Any, Container, Iterable, Optional

from . import policies
from .arm import Arm, Refusal
from .asking import finished
from .chain import ask
from .client import Timeouts
from .crawl import Call, Crawl
from .policies import PolicyAnswer


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


def service_tags(client: Any, base_url: str, subscription: str, region: str, timeouts: Timeouts = Timeouts()) -> Any:
    """Azure's list of service tags with their prefixes, as ARM shows it, or the Refusal."""
    arm = Arm(client, base_url)
    return ask(arm, policies.tags_call(subscription, region), timeouts)
