"""Crawls of Azure Resource Manager, to their end or to the error that says why there is none."""

from __future__ import annotations

import shlex
from typing import Any, Mapping, Optional

from ..errors import AccessError, AmlnetError, NotFoundError, UnreachableError
from .arm import Arm, Refusal, logger
from .client import Timeouts
from .crawl import Call, Crawl, Follow, NoAnswer

ALLOW = "Allow {host} and the sign-in host on port 443 from this machine, or work without Azure: --workspace-file."


def finished(crawl: Crawl, follow_up: Follow, timeouts: Timeouts, arm: Arm) -> dict[Call, Any]:
    """All answers of a crawl; raises UnreachableError where ARM is silent."""
    try:
        answers = crawl.finish(follow_up, timeouts.first_answer_s, arm.answered.is_set)
    except NoAnswer:
        silent = f"Azure Resource Manager ({arm.host}) did not answer within {timeouts.first_answer_s:.0f} seconds."
        raise UnreachableError(silent, ALLOW.format(host=arm.host)) from None
    _log_timings(crawl)
    return answers


_LISTED = (
    "az resource list {group}--resource-type Microsoft.MachineLearningServices/workspaces {form} lists what is there, "
    "az account show the subscription."
)


def not_found(what: str, answer: Refusal, group: Optional[str] = None) -> NotFoundError:
    """The error for a workspace that does not exist, in a resource group where one was given."""
    hint = _LISTED.format(group=f"-g {shlex.quote(group)} ", form="-o table") if group else _IDS
    return NotFoundError(f"The {what} was not found: {answer}.", hint)


_IDS = _LISTED.format(group="", form="--query [].id")


def check_workspace(answer: Any, what: str, host: str, group: Optional[str] = None) -> None:
    """Raises when a workspace itself cannot be read; everything else depends on it."""
    if isinstance(answer, Mapping) and isinstance(answer.get("properties"), Mapping):
        return
    if not isinstance(answer, Refusal):
        answer = Refusal(200, "", "the answer is no workspace; perhaps a proxy answers in ARM's place")
    if answer.status == 404:
        raise not_found(what, answer, group)
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


def _log_timings(crawl: Crawl) -> None:
    """One line at --debug: how deep the chain of calls was, and how many ran at the same time at most."""
    moments = sorted([(t.started_s, 1) for t in crawl.timings] + [(t.ended_s, -1) for t in crawl.timings])
    running = most = 0
    for _, step in moments:
        running += step
        most = max(most, running)
    depth = max((timing.depth for timing in crawl.timings), default=0)
    spent = max((timing.ended_s for timing in crawl.timings), default=0) * 1000
    logger.debug("amlnet: %d calls, depth %d, concurrency %d, %.0f ms", len(crawl.timings), depth, most, spent)
