"""How often drift rules fail by chance: what lint says is what happens to samples that have not drifted."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from mlopsc.compiler.lint.chance import chance_of_alarm, sturges
from mlopsc.runtime.drift import measure
from mlopsc.runtime.profiles import Profile

TRIES = 300


def happened(function: str, limit: float, rows: int, reference: int, make: Callable[[random.Random], Any]) -> float:
    chance = random.Random(5)
    broken = 0
    for _ in range(TRIES):
        before, now = (Profile.of_values([make(chance) for _ in range(n)]) for n in (reference, rows))
        value = measure(function, before, now).value
        broken += value < limit if function == "chi2" else value > limit
    return broken / TRIES


@pytest.mark.parametrize(
    ("function", "limit", "rows", "reference"),
    [("psi", 0.03, 800, 800), ("psi", 0.02, 2000, 500), ("js", 0.06, 800, 800), ("ks", 0.07, 800, 800)],
)
def test_numbers(function: str, limit: float, rows: int, reference: int) -> None:
    said = chance_of_alarm(function, limit, rows, reference, sturges(rows + reference))
    found = happened(function, limit, rows, reference, lambda r: r.random())
    assert said is not None and 0.02 < said < 0.98, said
    assert abs(said - found) < 0.08


@pytest.mark.parametrize(("function", "limit"), [("psi", 0.02), ("js", 0.05), ("chi2", 0.05), ("chi2", 0.0001)])
def test_categories(function: str, limit: float) -> None:
    said = chance_of_alarm(function, limit, 600, 600, 5)
    found = happened(function, limit, 600, 600, lambda r: r.choice("abcde"))
    assert said is not None
    assert abs(said - found) < 0.08


def test_the_ends() -> None:
    assert chance_of_alarm("psi", 0, 100, 100, 10) == 1
    assert chance_of_alarm("ks", 1, 1000, 1000, 10) == pytest.approx(0, abs=1e-12)
    assert (chance_of_alarm("chi2", 0, 9, 9, 3), chance_of_alarm("chi2", 1, 9, 9, 3)) == (0, 1)
    assert chance_of_alarm("wasserstein", 1, 100, 100, 10) is None


@pytest.mark.parametrize("freedom", [1, 2, 5, 20, 100])
def test_the_chi_squared_distribution_is_scipys_to_a_hundredth(freedom: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    for value in (0.1, 0.5, 1, 1.5, 3):
        said = chance_of_alarm("psi", value * freedom, 2, 2, freedom + 1)  # 1/2 + 1/2 of it
        assert abs(said - stats.chi2.sf(value * freedom, freedom)) < 0.015
