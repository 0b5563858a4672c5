"""How often a rule about drift fails by chance: two samples of one distribution are never quite alike.

Of `n` rows against `m` of the same distribution, in `b` bins,

- psi is close to (1/n + 1/m) times a chi-squared variable of b-1 degrees of freedom (B. Yurdakul and J. Naranjo,
  Statistical properties of the population stability index, Journal of Risk Model Validation 14, 2020);
- js squared is close to an eighth of psi, as both are to the same quadratic form;
- the chi-squared statistic against expected counts that are themselves a sample is 1 + n/m times such a variable, so
  that its p-value is small more often than it says;
- ks times the root of nm/(n+m) has Kolmogorov's distribution (Smirnov, 1948).

The Wasserstein distance has the column's unit, and no such law.
"""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()


def chance_of_alarm(function: str, limit: float, rows: float, reference: float, bins: int) -> float | None:
    """The chance that the function breaks its limit though nothing has drifted; nothing where there is no law."""
    spread = 1 / rows + 1 / reference
    if function == "ks":
        return _kolmogorov(limit / math.sqrt(spread))
    freedom = max(bins - 1, 1)
    if function == "psi":
        return _above(limit / spread, freedom)
    if function == "js":
        return _above(8 * limit * limit / spread, freedom)
    if function == "chi2":
        if not 0 < limit < 1:
            return 0.0 if limit <= 0 else 1.0
        return _above(_quantile(1 - limit, freedom) / (1 + rows / reference), freedom)
    return None


def sturges(rows: float) -> int:
    """How many bins so many rows have."""
    return math.ceil(math.log2(max(rows, 2)) + 1)


def _above(value: float, freedom: int) -> float:
    """Of the chi-squared distribution, by Wilson and Hilferty's cube root, which is good to a hundredth."""
    if value <= 0:
        return 1.0
    part = 2 / (9 * freedom)
    return 1 - _NORMAL.cdf(((value / freedom) ** (1 / 3) - 1 + part) / math.sqrt(part))


def _quantile(share: float, freedom: int) -> float:
    part = 2 / (9 * freedom)
    return float(freedom * max(0.0, 1 - part + _NORMAL.inv_cdf(share) * math.sqrt(part)) ** 3)


def _kolmogorov(value: float) -> float:
    if value < 0.2:  # the series is slow there, and all but certain
        return 1.0
    terms = (2 * (-1) ** (k - 1) * math.exp(-2 * k * k * value * value) for k in range(1, 101))
    return min(1.0, max(0.0, math.fsum(terms)))
