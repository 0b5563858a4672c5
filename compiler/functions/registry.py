"""Every function of guard rules, by name."""

from __future__ import annotations

from . import custom, drift, files, keys, predictions, statistics, values
from .function import Function

_FAMILIES = (statistics, files, keys, drift, predictions, values, custom)

FUNCTIONS: dict[str, Function] = {f.name: f for family in _FAMILIES for f in family.FUNCTIONS}
# Written without parentheses: `rows`, `columns`, `size`.
BARE = frozenset(f.name for f in FUNCTIONS.values() if not f.arguments)
