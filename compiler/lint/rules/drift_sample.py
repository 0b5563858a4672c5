"""W580"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ..numbers import plain
from ..samples import DriftRule, drift_rules

DRIFT_SAMPLE = declare(
    "W580",
    "drift-sample",
    Severity.WARNING,
    "A rule about drift of a table that may have too few rows to mean anything.",
)
_SURE = 0.001  # the chance of a false alarm that a hint aims at
_WORTHLESS = 0.5


def drift_is_of_enough_rows(model: Model, diagnostics: Diagnostics) -> None:
    """Some rule keeps out tables of which drift says nothing: of few rows any number is far from its reference."""
    seen: set[tuple[int, str]] = set()
    for rule in drift_rules(model):
        key = (rule.call.span.start, plain(rule.call))
        if key in seen:
            continue
        chance = rule.chance()
        text = plain(rule.call)
        if rule.rows is None or rule.reference is None:
            seen.add(key)
            which = "the table" if rule.rows is None else "the reference"
            message = f"no rule says how many rows {which} has, and of few rows {text} means nothing"
            diagnostics.report(DRIFT_SAMPLE, rule.call.span, message, hint=_enough(rule))
        elif chance is not None and chance > _WORTHLESS:
            seen.add(key)
            shown = f"{rule.rows:_.0f}"
            message = f"with {shown} rows, {text} breaks its limit {chance:.0%} of the time though nothing has drifted"
            diagnostics.report(DRIFT_SAMPLE, rule.call.span, message, hint=_enough(rule))


def _enough(rule: DriftRule) -> str:
    rows = rows_for(rule, _SURE)
    asked = f"rows >= {rows:_}" if rows else "rows >= …"
    asked += f" where {rule.where}" if rule.where else ""
    return f"write {asked} beside it" if rule.reference is not None or rule.rows is None else f"write {asked} there"


def rows_for(rule: DriftRule, chance: float) -> int | None:
    """The fewest rows, of 1, 2 and 5 times a power of ten, with which false alarms are as rare as that."""
    for power in range(2, 9):
        for first in (1, 2, 5):
            found = rule.chance(rows=first * 10**power)
            if found is not None and found <= chance:
                return int(first * 10**power)
    return None
