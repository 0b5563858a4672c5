"""W547"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Note, Severity, declare
from ...semantics.model import Model
from ..times import shortest_gap
from ..walk import schedules

COOLDOWN_BEYOND_SCHEDULE = declare(
    "W547", "cooldown-beyond-schedule", Severity.WARNING, "A cooldown that swallows runs of the trigger's own schedule."
)


def cooldowns_leave_the_schedule_alone(model: Model, diagnostics: Diagnostics) -> None:
    """A trigger's cooldown is no longer than the time between two runs of its schedule."""
    for trigger, cron, _ in schedules(model):
        cooldown, gap = trigger.seconds("cooldown"), shortest_gap(cron.value)
        if cooldown is None or gap is None or cooldown <= gap.total_seconds():
            continue
        at = trigger.attributes["cooldown"].value.span
        message = f"the schedule comes again sooner than {at.text}: runs are left out"
        notes = (Note("the schedule is here", cron.span),)
        hint = "shorten the cooldown, or let the schedule come less often"
        diagnostics.report(COOLDOWN_BEYOND_SCHEDULE, at, message, notes=notes, hint=hint)
