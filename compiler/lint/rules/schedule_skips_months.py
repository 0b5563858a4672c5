"""W545"""

from __future__ import annotations

import re

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ..walk import schedules

SCHEDULE_SKIPS_MONTHS = declare(
    "W545", "schedule-skips-months", Severity.NOTE, "A schedule on a day that not every month has."
)


def monthly_schedules_come_every_month(model: Model, diagnostics: Diagnostics) -> None:
    """A monthly schedule does not rest on the 29th, 30th or 31st."""
    for _, cron, _ in schedules(model):
        fields = cron.value.split()
        if len(fields) == 5 and re.fullmatch(r"29|30|31", fields[2]) and fields[3] == "*" and fields[4] == "*":
            message = f"not every month has a day {fields[2]}: this schedule leaves some out"
            hint = "write day 28, or 1 for the first of the next"
            diagnostics.report(SCHEDULE_SKIPS_MONTHS, cron.span, message, hint=hint)
