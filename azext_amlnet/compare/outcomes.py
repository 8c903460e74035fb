"""What verdicts come to, whoever gave them: progress since an earlier report, what fails, the counts, the exit code.

Results of `test` and findings of `check-policy` are outcomes alike: a word for each endpoint, and its level. Pure.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import Collection, Generic, Iterable, Mapping, Optional, Sequence, TypeVar

from ..model import EXIT_FINDINGS, EXIT_UNKNOWN, Coverage, Level, Progress, Verdict

Word = TypeVar("Word", bound=Enum)


@dataclass(frozen=True)
class Scale(Generic[Word]):
    """The words of a verdict.

    `order` begins with the best; `unknown` is the one that is never as good as before; what follows one of `unmeasured`
    is measured for the first time.
    """

    order: tuple[Word, ...]
    unknown: Word
    unmeasured: tuple[Word, ...] = ()

    def progress(self, now: Word, before: Optional[Word]) -> Progress:
        """How a word compares with the earlier one, which is None for an endpoint that the earlier report lacks."""
        if before is None:
            return Progress.NEW
        if now is self.unknown:
            return Progress.WORSE
        if before is now:
            return Progress.SAME
        if before in self.unmeasured and now not in self.unmeasured:
            return Progress.NEW
        return Progress.WORSE if self.order.index(now) > self.order.index(before) else Progress.BETTER


UNMEASURED = (Verdict.UNKNOWN, Verdict.SKIPPED)
OF_TEST = Scale(
    (Verdict.REACHABLE, Verdict.DEGRADED, Verdict.BLOCKED, *UNMEASURED),
    unknown=Verdict.UNKNOWN,
    unmeasured=UNMEASURED,
)
"""What is measured for the first time is new; what is not measured now is worse, even if it was not before."""
OF_POLICY = Scale(
    (Coverage.COVERED, Coverage.UNKNOWN, Coverage.PARTIAL, Coverage.MISSING, Coverage.DENIED), unknown=Coverage.UNKNOWN
)
"""What cannot be determined any more is never the same."""
Outcome = tuple[Word, Level]
"""What became of one endpoint, and how much depends on it."""


def fails(outcome: Outcome[Word], change: Optional[Progress], bad: Mapping[Level, Collection[Word]]) -> bool:
    """Whether an outcome makes the command fail: a bad word of its level, and no better or the same as before."""
    word, level = outcome
    return change not in (Progress.SAME, Progress.BETTER) and word in bad.get(level, ())


def exit_code(failing: Collection[Word], unmeasured: Collection[Word], answered: bool) -> int:
    """8 where something failing was measured; 9 where only what was not fails, or nothing was `answered`; else 0."""
    if any(word not in unmeasured for word in failing):
        return EXIT_FINDINGS
    return EXIT_UNKNOWN if failing or not answered else 0


Counts = dict[str, int]


def counts(outcomes: Iterable[Outcome[Word]], words: Sequence[Word]) -> tuple[Counts, dict[str, Counts]]:
    """How many outcomes have each word: over all, and by level."""
    by_level: dict[Level, Counter[Word]] = {level: Counter() for level in Level}
    for word, level in outcomes:
        by_level[level][word] += 1
    return (
        {word.value: sum(count[word] for count in by_level.values()) for word in words},
        {level.value: {word.value: count[word] for word in words} for level, count in by_level.items()},
    )
