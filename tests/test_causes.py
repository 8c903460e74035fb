"""docs/causes.md has a paragraph for each cause, from the code. AMLNET_UPDATE_DOCS=1 writes it anew."""

from __future__ import annotations

import os
import re

from azext_amlnet.measurement.causes import CAUSES
from azext_amlnet.model import Cause
from azext_amlnet.reports.glossary import CAUSES_EXPLAINED

from .world import ROOT

PAGE = ROOT / "docs" / "causes.md"


def paragraph(cause: Cause) -> str:
    """The part of the page about a cause."""
    meaning, explained = CAUSES[cause], CAUSES_EXPLAINED[cause]
    title = (
        f"## {cause.value}\n\n*{meaning.verdict.value.capitalize()}; owner: {meaning.owner.value}.* {explained.means}"
    )
    return f"{title}\n**To be sure:** {explained.check}\n**To do:** {meaning.hint}\n"


def test_the_page_has_a_paragraph_for_each_cause_and_no_other() -> None:
    text = PAGE.read_text(encoding="utf-8")
    head = text.partition("## ")[0]
    if os.environ.get("AMLNET_UPDATE_DOCS"):
        PAGE.write_text(head + "\n".join(map(paragraph, CAUSES)), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == head + "\n".join(map(paragraph, CAUSES))
    assert set(CAUSES_EXPLAINED) == set(CAUSES) == set(Cause)


def test_a_paragraph_says_what_it_means_how_to_be_sure_and_what_to_ask_for() -> None:
    for cause, explained in CAUSES_EXPLAINED.items():
        assert len(explained.means) > 20 and len(explained.check) > 8 and CAUSES[cause].hint
        sentences = (explained.means, explained.check, CAUSES[cause].hint)
        assert all(text == text.strip() and re.search(r"[.)]$", text) for text in sentences), cause
    means = [explained.means for explained in CAUSES_EXPLAINED.values()]
    assert len(set(means)) == len(means)
