"""A fixed beginning of every fuzzing campaign; `make fuzz` goes on. A seed that fails once stands here for good."""

from __future__ import annotations

import pytest

from .fuzzing import CAMPAIGNS, CATALOG, Random, run

FOUND = [("results", 4), ("results", 58)]
"""(campaign, seed) of what failed once."""


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_beginning_of_each_campaign(name: str) -> None:
    assert run(name, 0, 6, 400) >= 20


@pytest.mark.parametrize(("name", "seed"), FOUND)
def test_what_failed_once(name: str, seed: int) -> None:
    CAMPAIGNS[name](Random(f"{name} {seed}"))


def test_the_catalog_is_the_one_that_ships() -> None:
    assert len(CATALOG.entries) >= 200
