"""Every function of guard rules, by name, and the families that they come in."""

from __future__ import annotations

from . import cases, custom, drift, files, keys, predictions, statistics, values
from .function import Function

FAMILIES: dict[str, tuple[Function, ...]] = {
    "A table and its columns": statistics.FUNCTIONS,
    "Predictions": predictions.FUNCTIONS,
    "Cases of predictions": cases.FUNCTIONS,
    "Drift": drift.FUNCTIONS,
    "Other tables": keys.FUNCTIONS,
    "A file": files.FUNCTIONS,
    "One value": values.FUNCTIONS,
    "Checks of your own": custom.FUNCTIONS,
}

FUNCTIONS: dict[str, Function] = {f.name: f for family in FAMILIES.values() for f in family}
# Written without parentheses: `rows`, `columns`, `size`.
BARE = frozenset(f.name for f in FUNCTIONS.values() if not f.arguments)
