"""W546"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ..times import times
from ..walk import schedules

SCHEDULE_IN_CLOCK_CHANGE = declare(
    "W546", "schedule-in-clock-change", Severity.NOTE, "A schedule in the hour that a clock change skips or repeats."
)


def schedules_avoid_the_clock_change(model: Model, diagnostics: Diagnostics) -> None:
    """A daily or weekly schedule does not lie in an hour that comes twice or never on one day of the year."""
    from zoneinfo import ZoneInfo

    for _, cron, zone in schedules(model):
        fields = cron.value.split()
        if zone is None or len(fields) != 5 or not fields[1].isdigit():
            continue
        try:
            place = ZoneInfo(zone.value)
        except (OSError, ValueError, KeyError):
            continue  # an error of its own
        day = next((t for t in times(cron.value, 800) if _torn(t, place)), None)
        if day is not None:
            what = "comes twice" if _repeated(day, place) else "does not come"
            message = f"{day:%H:%M} {what} in {zone.value} when the clocks change"
            hint = "choose an hour before or after, or a zone without summer time"
            diagnostics.report(SCHEDULE_IN_CLOCK_CHANGE, cron.span, message, hint=hint)


def _torn(at: datetime, place: tzinfo) -> bool:
    return _repeated(at, place) or _skipped(at, place)


def _repeated(at: datetime, place: tzinfo) -> bool:
    first, second = (at.replace(tzinfo=place, fold=f).utcoffset() or timedelta() for f in (0, 1))
    return first > second


def _skipped(at: datetime, place: tzinfo) -> bool:
    local = at.replace(tzinfo=place)
    return local.astimezone(timezone.utc).astimezone(place).replace(tzinfo=None) != at
