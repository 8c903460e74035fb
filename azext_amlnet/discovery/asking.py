"""Crawls of Azure Resource Manager, to their end or to the error that says why there is none."""

from __future__ import annotations

from typing import Any

from ..errors import UnreachableError
from .arm import Arm, logger
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
