"""W594"""

from __future__ import annotations

from datetime import date

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ...semantics.relaxations import last_day, relaxations

EXPIRED_RELAXATION = declare(
    "W594", "expired-relaxation", Severity.WARNING, "A rule may be looser until a day, and that day is over."
)


def relaxations_have_not_ended(model: Model, today: date, diagnostics: Diagnostics) -> None:
    """What was relaxed for a time is strict again when that time is over, or is given a new one."""
    for relaxation in relaxations(model):
        until = last_day(relaxation)
        if until is not None and until < today:
            message = f"this was relaxed until {until.isoformat()}: {relaxation.reason.value}"
            hint = "bring back what was relaxed, or give it a new day"
            diagnostics.report(EXPIRED_RELAXATION, relaxation.until.span, message, hint=hint)
