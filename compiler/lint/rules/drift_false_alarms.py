"""W581"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ..numbers import plain
from ..samples import DriftRule, drift_rules, runs_a_year
from .drift_sample import rows_for

FALSE_ALARMS = declare(
    "W581", "drift-false-alarms", Severity.WARNING, "A limit of drift that is broken by chance more than once a year."
)
_WORTHLESS = 0.5  # W580
_UNSCHEDULED = 20  # without a schedule: one run in so many


def drift_alarms_mean_something(model: Model, diagnostics: Diagnostics) -> None:
    """At the pipeline's schedule and the rows that are guaranteed, chance alone breaks no limit every year."""
    runs = runs_a_year(model)
    for rule in drift_rules(model):
        chance = rule.chance()
        if chance is None or chance > _WORTHLESS or chance * (runs or _UNSCHEDULED) <= 1:
            continue
        alarms = f"{chance * runs:.0f} times a year" if runs else f"in one run of {1 / chance:.0f}"
        if runs and chance * runs < 1.5:
            alarms = "once a year"
        text, rows = plain(rule.call), f"{min(rule.rows or 0, rule.reference or 0):_.0f}"
        message = f"with {rows} rows, {text} {rule.op} {rule.span_text} is broken about {alarms} by chance"
        wanted = 0.5 / (runs or _UNSCHEDULED)
        diagnostics.report(FALSE_ALARMS, rule.call.span, message, hint=_hint(rule, text, wanted))


def _hint(rule: DriftRule, text: str, wanted: float) -> str:
    limit = _limit_for(rule, wanted)
    rows = rows_for(rule, wanted)
    parts = [f"{text} {rule.op} {limit:g}"] if limit is not None else []
    parts += [f"rows >= {rows:_}"] if rows else []
    return f"write {', or '.join(parts)}" if parts else "take it out, or warn only"


def _limit_for(rule: DriftRule, wanted: float) -> float | None:
    """The nearest limit, of 1, 2 and 5 times a power of ten, that chance breaks as rarely as that."""
    steps = [first * 10.0**power for power in range(-12, 1) for first in (1, 2, 5)]
    order = reversed(steps) if rule.call.function.text == "chi2" else steps
    for step in order:
        found = rule.chance(limit=step)
        if found is not None and found <= wanted:
            return float(f"{step:.0e}")
    return None
