"""W544"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ..walk import schedules

SCHEDULE_DAYS = declare(
    "W544", "schedule-days", Severity.WARNING, "A schedule names days of the month and of the week: either will do."
)


def schedules_name_one_kind_of_day(model: Model, diagnostics: Diagnostics) -> None:
    """cron joins a day of the month and a day of the week by "or", where people expect "and"."""
    for _, cron, _ in schedules(model):
        fields = cron.value.split()
        if len(fields) == 5 and not fields[2].startswith("*") and not fields[4].startswith("*"):
            message = f"'{cron.value}' comes on day {fields[2]} of the month, and also on every weekday {fields[4]}"
            hint = "leave one of the two days to '*'"
            diagnostics.report(SCHEDULE_DAYS, cron.span, message, hint=hint)
