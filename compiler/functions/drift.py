"""How far the values of a column have moved from a reference."""

from __future__ import annotations

from ..features import Feature
from .function import NUMBER, TABLE, Argument, Function


def _drift(name: str, doc: str) -> Function:
    return Function(name, (Argument("c", "column"),), NUMBER, TABLE, doc, Feature.DRIFT, low=0, more=True)


FUNCTIONS = (
    _drift("psi", "The population stability index against the reference."),
    _drift("ks", "The Kolmogorov-Smirnov distance against the reference."),
    _drift("js", "The Jensen-Shannon distance against the reference."),
    _drift("chi2", "The p-value of the chi-squared test against the reference."),
    _drift("wasserstein", "The Wasserstein distance against the reference."),
)
