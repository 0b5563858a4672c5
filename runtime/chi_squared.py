"""The chi-squared distribution, for which the standard library has no function."""

from __future__ import annotations

import math


def chi_squared_above(value: float, freedom: int) -> float:
    """The chance that a chi-squared variable of so many degrees of freedom is above a value, to 1e-12.

    It is the upper regularised gamma function Q(freedom/2, value/2), which is a finite sum of positive terms
    (Abramowitz and Stegun, 26.4.4 and 26.4.5). Without freedom the variable is always 0: the chance of 0 or more is 1.
    """
    if freedom < 0 or math.isnan(value):
        raise ValueError(f"no chi-squared variable has {freedom} degrees of freedom")
    if value <= 0 or freedom == 0:
        return 1.0 if value <= 0 else 0.0
    if math.isinf(value):
        return 0.0
    x = value / 2
    odd = freedom % 2
    first = math.erfc(math.sqrt(x)) if odd else 0.0
    half = odd / 2
    terms = (_term(k + half, x) for k in range(freedom // 2))
    return min(1.0, math.fsum([first, *terms]))


def _term(k: float, x: float) -> float:
    """x^k e^-x / Γ(k+1), as exp of -x·D(k/x) with Loader's corrections, so that large terms do not cancel.

    Catherine Loader, Fast and Accurate Computation of Binomial Probabilities, 2000.
    """
    if k < 16:
        return math.exp(k * math.log(x) - x - math.lgamma(k + 1))
    return math.exp(-_stirling_error(k) - _deviance(k, x)) / math.sqrt(2 * math.pi * k)


def _stirling_error(k: float) -> float:
    """log Γ(k+1) less Stirling's formula, for k from 16."""
    square = k * k
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / (1188 * square)) / square) / square) / square) / k


def _deviance(k: float, x: float) -> float:
    """k·log(k/x) + x - k, by a series where the three nearly cancel."""
    difference = k - x
    if abs(difference) >= 0.1 * (k + x):
        return k * math.log(k / x) + x - k
    v = difference / (k + x)
    total, power, square = difference * v, 2 * k * v, v * v
    for j in range(1, 1000):
        power *= square
        more = total + power / (2 * j + 1)
        if more == total:
            break
        total = more
    return total
