"""W543"""

from __future__ import annotations

from datetime import timedelta

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ..times import shortest_gap
from ..walk import schedules

GITHUB_SCHEDULE = declare("W543", "github-schedule", Severity.WARNING, "A schedule that GitHub Actions cannot honour.")


def github_can_honour_schedules(model: Model, diagnostics: Diagnostics) -> None:
    """Where `target github` is declared, schedules are POSIX cron and come at most every five minutes."""
    if "github" not in model.targets:
        return
    for _, cron, _ in schedules(model):
        gap = shortest_gap(cron.value)
        if gap is None:
            continue
        if set(cron.value) & set("#L?W"):
            message = f"GitHub does not know '{cron.value}': it reads numbers, names, '*', ',', '-' and '/'"
            diagnostics.report(GITHUB_SCHEDULE, cron.span, message, hint="name the days by number")
        elif gap < timedelta(minutes=5):
            message = "GitHub starts a schedule at most every five minutes"
            diagnostics.report(GITHUB_SCHEDULE, cron.span, message, hint='write "*/5 * * * *"')
