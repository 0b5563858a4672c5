"""How far the values of a column have moved from a reference.

What each number is, and whose numbers they are, stands in `runtime/drift.py`, which computes them from two profiles.
"""

from __future__ import annotations

from ..features import Feature
from .function import NUMBER, TABLE, Argument, Function

_NOTHING = "Nulls are left out on both sides. Error where one side has no value, or a NaN."


def _drift(name: str, doc: str, example: str, column: str = "column", high: float | None = None) -> Function:
    return Function(
        name,
        (Argument("c", column),),
        NUMBER,
        TABLE,
        doc,
        Feature.DRIFT,
        low=0,
        high=high,
        more=True,
        beside=True,
        example=example,
        nothing=_NOTHING,
    )


FUNCTIONS = (
    _drift(
        "psi",
        "The population stability index: 0 where nothing moved, and much from 0.2. Evidently's number.",
        "psi(dep_delay) <= 0.2",
    ),
    _drift(
        "ks",
        "The Kolmogorov-Smirnov statistic: the largest distance of the two distributions. scipy's number.",
        "ks(dep_delay, against: previous) <= 0.1",
        "number column",
        high=1,
    ),
    _drift(
        "js",
        "The Jensen-Shannon distance, from 0 to 0.8326. Evidently's number.",
        "js(carrier, against: training) <= 0.1",
        high=0.8326,  # the root of log 2, rounded up
    ),
    _drift(
        "chi2",
        "The p-value of the chi-squared test that categories have the reference's shares. scipy's number.",
        "chi2(origin) >= 0.001",
        "category column",
        high=1,
    ),
    _drift(
        "wasserstein",
        "The Wasserstein distance, in the column's own unit. scipy's number.",
        "wasserstein(dep_delay) <= 5",
        "number column",
    ),
)
