"""Schedules as GitHub reads them: five POSIX fields, a named time zone, and at least five minutes apart."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from ...compiler.plan.nodes import Event, Plan, Trigger

# The shortest distance between two runs that GitHub promises to try.
SHORTEST = timedelta(minutes=5)

# Four years hold every date that a schedule can name; the start is a leap year, so that 29 February is not far.
_START, _YEARS = datetime(2024, 1, 1), 4
_MOST = 5_000  # times that are looked at: of a schedule that comes more often, the first weeks tell
_PLAIN = set("0123456789*,-/")
_MONTHS = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
_DAYS = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}


def problems(plan: Plan) -> Iterator[str]:
    """What GitHub's clock cannot honour, and bounds that a schedule could break: nothing on GitHub counts runs."""
    for trigger in plan.of(Trigger):
        schedules = [e for e in trigger.events if e.kind == "schedule"]
        found = [(e, cron_problem(e.cron or "")) for e in schedules]
        for event, problem in found:
            if problem:
                yield f"trigger {trigger.id}: '{event.cron}': {problem}"
        if schedules and not any(problem for _, problem in found):
            yield from _broken_bounds(trigger, schedules)
        if schedules and (missing := [p.name for p in plan.params if p.value is None]):
            yield f"trigger {trigger.id}: a schedule brings no params, and {', '.join(missing)} has no default"


def _broken_bounds(trigger: Trigger, schedules: list[Event]) -> Iterator[str]:
    if trigger.cooldown and (shortest := _shortest(_times(schedules))) < timedelta(seconds=trigger.cooldown):
        yield f"trigger {trigger.id}: its schedule comes again after {shortest}, within its cooldown"
    if trigger.limit:
        most, per = trigger.limit
        window: deque[datetime] = deque(maxlen=most + 1)
        for at in _times(schedules):
            window.append(at)
            if len(window) > most and at - window[0] < timedelta(seconds=per):
                yield f"trigger {trigger.id}: its schedule comes more often than its limit of {most} allows"
                return


def cron_problem(cron: str) -> str | None:
    """Why GitHub cannot honour this line, or nothing. The line is taken to be valid cron."""
    fields = cron.split()
    if len(fields) != 5:
        return "GitHub reads five fields: minute, hour, day of the month, month, day of the week"
    for field, names in zip(fields, (set(), set(), set(), _MONTHS, _DAYS), strict=True):
        rest = field.upper()
        for name in names:
            rest = rest.replace(name, "0")
        if set(rest) - _PLAIN:
            return f"GitHub does not know '{field}': a field is numbers, names, '*', ',', '-' and '/'"
    if any(a.startswith("*/") and b != "*" for a, b in ((fields[2], fields[4]), (fields[4], fields[2]))):
        return "days of the month with days of the week: cron programs differ on a '*/' in one of them"
    if _shortest(_times([Event("schedule", cron=cron)])) < SHORTEST:
        return "GitHub runs a schedule at most every five minutes"
    return None


def github_cron(cron: str) -> str:
    """The same times in GitHub's words: Sunday is 0, which others also write as 7."""
    fields = cron.split()
    if len(fields) == 5 and "7" in fields[4]:
        fields[4] = _without_seven(fields[4])
    return " ".join(fields)


def _times(schedules: Iterable[Event]) -> Iterator[datetime]:
    """When the schedules come, in order."""
    from cronsim import CronSim

    starts = [(e.cron or "", _START.replace(tzinfo=ZoneInfo(e.zone or "UTC"))) for e in schedules]
    merged = heapq.merge(*(CronSim(cron, start) for cron, start in starts))
    end = _START.replace(year=_START.year + _YEARS, tzinfo=ZoneInfo("UTC"))
    for _, at in zip(range(_MOST), takewhile(lambda at: at < end, merged), strict=False):
        yield at.astimezone(ZoneInfo("UTC"))


def _shortest(times: Iterable[datetime]) -> timedelta:
    shortest, last = timedelta.max, None
    for at in times:
        if last is not None:
            shortest = min(shortest, at - last)
            if not shortest:
                break
        last = at
    return shortest


def _without_seven(field: str) -> str:
    """A day-of-week field with 7 as 0. A range up to 7 is spelt out, since GitHub's week ends on day 6."""
    days: list[str] = []
    for part in field.split(","):
        span, _, step = part.partition("/")
        low, dash, high = span.partition("-")
        if "7" not in (low, high):
            days.append(part)
            continue
        if not dash:
            days.append("0")
            continue
        days += [str(d % 7) for d in range(int(low), int(high) + 1, int(step or 1))]
    return ",".join(dict.fromkeys(days))
