"""W542"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Edit, Fix, Severity, declare
from ...semantics.model import Model
from ...source import Span
from ..walk import schedules

SCHEDULE_WITHOUT_ZONE = declare("W542", "schedule-without-zone", Severity.NOTE, "A schedule that names no time zone.")


def schedules_name_their_zone(model: Model, diagnostics: Diagnostics) -> None:
    """A reader knows whose five o'clock is meant. Schedules that come every hour mean the same everywhere."""
    for _, cron, zone in schedules(model):
        fields = cron.value.split()
        if zone is not None or len(fields) < 5 or fields[1] == "*":
            continue
        end = Span(cron.span.source, cron.span.end, cron.span.end)
        # A schedule without a zone is in UTC, so this only says what is so.
        called = cron.span.source.text[cron.span.start - 1] == "("
        fix = Fix("name UTC", (Edit(end, ', zone: "UTC"' if called else ' in "UTC"'),))
        hint = 'write in "UTC", which is meant without it, or the zone of your users: in "Europe/Berlin"'
        message = "this schedule names no time zone"
        diagnostics.report(SCHEDULE_WITHOUT_ZONE, cron.span, message, hint=hint, fix=fix)
