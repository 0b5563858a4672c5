"""Drift of a column from its reference: the numbers of scipy, and bounds that hold where a profile is not exact.

`tests/engines/test_evidently.py` compares with Evidently.
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlopsc.runtime import profiles
from mlopsc.runtime.chi_squared import chi_squared_above
from mlopsc.runtime.conditions import UnknownValueError
from mlopsc.runtime.drift import Drift, measure
from mlopsc.runtime.profiles import Profile

stats = pytest.importorskip("scipy.stats")

numbers = st.one_of(
    st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), st.integers(-20, 20).map(float), st.floats(-1e-6, 1e6)
)
samples = st.lists(numbers, min_size=1, max_size=60)
texts = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=60)
RELAXED = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def drift(function: str, reference: list[Any], current: list[Any]) -> Drift:
    return measure(function, Profile.of_values(reference), Profile.of_values(current))


def equal(found: float, expected: float) -> bool:
    return found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@RELAXED
@given(samples, samples)
def test_ks_is_scipys(reference: list[float], current: list[float]) -> None:
    assert equal(drift("ks", reference, current).value, stats.ks_2samp(reference, current).statistic)


@RELAXED
@given(samples, samples)
def test_wasserstein_is_scipys(reference: list[float], current: list[float]) -> None:
    expected = stats.wasserstein_distance(reference, current)
    assert equal(drift("wasserstein", reference, current).value, expected)


@RELAXED
@given(texts, texts)
def test_chi2_is_scipys(reference: list[str], current: list[str]) -> None:
    kinds = sorted({*reference, *current})
    scale = len(current) / len(reference)
    expected = [reference.count(k) * scale for k in kinds]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a division by zero, which is meant
        found = stats.chisquare([current.count(k) for k in kinds], expected).pvalue
    assert equal(drift("chi2", reference, current).value, 1.0 if len(kinds) == 1 else found)


@pytest.mark.parametrize("freedom", [1, 2, 3, 7, 31, 32, 33, 34, 99, 500, 2047, 8191])
def test_the_chi_squared_distribution_is_scipys(freedom: int) -> None:
    spread = math.sqrt(2 * freedom)
    for value in (
        1e-9,
        0.1,
        1.0,
        freedom / 2,
        freedom * 0.9,
        freedom,
        freedom * 1.1,
        freedom * 2,
        freedom + 6 * spread,
    ):
        assert abs(chi_squared_above(value, freedom) - stats.chi2.sf(value, freedom)) < 1e-12


def test_the_ends_of_the_chi_squared_distribution() -> None:
    assert (chi_squared_above(0, 3), chi_squared_above(math.inf, 3), chi_squared_above(0, 0)) == (1, 0, 1)
    with pytest.raises(ValueError, match="degrees of freedom"):
        chi_squared_above(math.nan, 3)


@pytest.mark.parametrize("function", ["psi", "js", "ks", "wasserstein"])
@RELAXED
@given(samples)
def test_a_column_has_not_drifted_from_itself(function: str, values: list[float]) -> None:
    found = drift(function, values, values)
    assert (found.value, found.low, found.moved) == (0, 0, [])


def test_what_moved_most_is_shown() -> None:
    found = drift("psi", ["a"] * 50 + ["b"] * 50, ["a"] * 50 + ["b"] * 30 + ["c"] * 20)
    assert found.moved[0] == {"values": "c", "reference": "0.0%", "now": "20.0%"}
    assert [m["values"] for m in found.moved] == ["c", "b"]
    assert drift("ks", [1, 2, 3], [1, 2, 30]).moved == [{"values": "up to 3", "reference": "100.0%", "now": "66.7%"}]
    assert drift("wasserstein", [1, 2, 3], [2, 3, 4]).moved[2] == {"share of rows": "50%", "reference": 2, "now": 3}


# ------------------------------------------------------- what has no number


@pytest.mark.parametrize(
    ("function", "reference", "current", "why"),
    [
        ("psi", [1.0], [], "the column has no value: there are no rows to measure"),
        ("psi", [None], [1.0], "the reference has no value: its values are all nothing"),
        ("ks", [1.0], [None, None], "the column has no value: its values are all nothing"),
        ("psi", [1.0], [1.0, math.nan], "1 number is NaN or infinite in the column"),
        ("psi", [math.inf, math.nan, 2.0], [1.0], "2 numbers are NaN or infinite in the reference"),
        ("psi", ["a"], [1.0], "the reference has texts, and the column has numbers"),
        ("ks", ["a"], ["a"], "'ks' wants numbers, and the column has texts"),
        ("wasserstein", ["a"], ["a"], "'wasserstein' wants numbers, and the column has texts"),
        ("wasserstein", [-1.7e308], [1.7e308], "its numbers lie too far apart"),
    ],
)
def test_what_cannot_be_measured_says_why(function: str, reference: list[Any], current: list[Any], why: str) -> None:
    with pytest.raises(UnknownValueError, match=why):
        drift(function, reference, current)


def test_too_many_different_numbers_are_no_categories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "MOST", 4)
    with pytest.raises(UnknownValueError, match="different numbers"):
        drift("chi2", [1, 2, 3], [1, 2, 3, 4, 5, 6])


# ------------------------------------------------------------ inexact profiles


def both(function: str, reference: list[Any], current: list[Any], most: int) -> tuple[Drift, Drift]:
    """From profiles of that many pieces, and from exact ones."""
    found = []
    for pieces in (most, 10**9):
        with pytest.MonkeyPatch.context() as m:
            m.setattr(profiles, "MOST", pieces)
            found.append(drift(function, reference, current))
    return found[0], found[1]


many = st.lists(numbers, min_size=70, max_size=150)


@pytest.mark.parametrize("function", ["psi", "js", "ks", "wasserstein"])
@RELAXED
@given(many, many)
def test_the_exact_number_lies_between_the_bounds(function: str, reference: list[float], current: list[float]) -> None:
    found, exact = both(function, reference, current, 64)
    assert found.low is not None and found.high is not None
    small = 1e-9 * max(1, exact.value)
    assert found.low - small <= exact.value <= found.high + small
    assert found.low - small <= found.value <= found.high + small


SHAPES: dict[str, Callable[[random.Random], float]] = {
    "normal": lambda r: r.gauss(0, 1),
    "uniform": lambda r: r.uniform(-200, 800),
    "lognormal": lambda r: math.exp(r.gauss(0, 2)),
    "seconds": lambda r: r.uniform(1.70e9, 1.73e9),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_bounds_are_narrow(shape: str) -> None:
    """The figures of docs/guards.md: 20 000 rows of as many values, moved by a quarter of their standard deviation."""
    chance = random.Random(11)
    before, now = ([SHAPES[shape](chance) for _ in range(20_000)] for _ in range(2))
    spread = stats.tstd(before)
    now = [x + spread / 4 for x in now]
    for function, widest in (("ks", 0.005), ("psi", 0.02), ("js", 0.02)):
        found, exact = both(function, before, now, profiles.MOST)
        assert found.low is not None and found.high is not None
        assert abs(found.value - exact.value) <= 0.001, function
        assert found.low <= exact.value <= found.high and found.high - found.low <= widest, function
    found, exact = both("wasserstein", before, now, profiles.MOST)
    assert abs(found.value - exact.value) <= 0.001 * spread
    assert found.high is not None and found.high - exact.value <= 0.01 * spread


def test_groups_of_texts_have_moved_no_more_than_the_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(3)
    before, now = ([f"v{int(chance.expovariate(0.01))}" for _ in range(4000)] for _ in range(2))
    found, exact = both("js", before, now, 64)
    assert (found.low, found.high) == (None, None)
    assert 0 < found.value <= exact.value
