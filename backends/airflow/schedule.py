"""A plan's schedules as Airflow timetables, and what of them Airflow would read otherwise than the language."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

from ...compiler.plan.nodes import Event, Plan, Trigger
from ..printing import py_literal

UTC = "UTC"

# Four years hold every date that a schedule can name; the start is a leap year, so that 29 February is not far.
_START, _YEARS = datetime(2024, 1, 1), 4
_MOST = 5_000  # times that are looked at: of a schedule that comes more often, the first weeks tell


@dataclass(frozen=True, slots=True)
class Schedules:
    """The DAG's own timetable as Python source, and those that start it from DAGs of their own."""

    own: str
    others: tuple[str, ...]
    timetables: tuple[str, ...]  # names to import


def schedules(plan: Plan, *, several_in_one: bool) -> Schedules:
    """`several_in_one`: Airflow 3 has a timetable of several crons; each timetable has one time zone all the same."""
    zones: dict[str, list[str]] = {}
    for cron, zone in dict.fromkeys(_crons(e for t in plan.of(Trigger) for e in t.events)):
        zones.setdefault(zone, []).append(cron)
    tables: list[tuple[tuple[str, ...], str]] = []
    for zone, crons in zones.items():
        tables += [(tuple(crons), zone)] if several_in_one else [((cron,), zone) for cron in crons]
    if not tables:
        return Schedules("None", (), ())
    sources = [_timetable(crons, zone) for crons, zone in tables]
    names = {source.partition("(")[0] for source in sources}
    return Schedules(sources[0], tuple(sources[1:]), tuple(sorted(names)))


def _crons(events: Iterable[Event]) -> Iterable[tuple[str, str]]:
    for event in events:
        if event.kind == "schedule" and event.cron is not None:
            yield event.cron, event.zone or UTC


def _timetable(crons: tuple[str, ...], zone: str) -> str:
    name = "CronTriggerTimetable" if len(crons) == 1 else "MultipleCronTriggerTimetable"
    return f"{name}({', '.join(py_literal(cron) for cron in crons)}, timezone={py_literal(zone)})"


# ------------------------------------------------------------------- problems


def schedule_problems(plan: Plan) -> Iterator[str]:
    """What Airflow cannot honour. Bounds are proven here, since Airflow does not count the runs of a trigger."""
    scheduled = False
    for trigger in plan.of(Trigger):
        events = [e for e in trigger.events if e.kind == "schedule" and e.cron is not None]
        scheduled = scheduled or bool(events)
        found = [(e.cron, _cron_problem(e.cron)) for e in events if e.cron is not None]
        yield from (f"trigger {trigger.id}: '{cron}': {problem}" for cron, problem in found if problem)
        if trigger.debounce is not None or trigger.delivery is not None:
            yield f"trigger {trigger.id}: debounce and delivery are about changes, which this target does not watch"
        if not any(problem for _, problem in found):
            yield from _broken_bounds(trigger, events)
    if scheduled:
        for param in (param for param in plan.params if param.value is None):
            yield f"param {param.name} has no default, so that a scheduled run has no value for it"


def _cron_problem(cron: str) -> str | None:
    """How Airflow's croniter reads a line otherwise than others do, or nothing. The line is taken to be valid."""
    fields = cron.upper().split()
    if len(fields) != 5:
        return "Airflow reads five fields: minute, hour, day of the month, month, day of the week"
    day, weekday = fields[2], fields[4]
    if "W" in day or (day != "L" and "L" in day):
        return f"Airflow does not know '{day}' as a day of the month"
    if weekday.endswith("L") and weekday[0].isdigit():
        return f"Airflow does not know '{weekday}' as a day of the week"
    # Where both fields say something, cron joins them by `or`; by `and` when one of them begins with a star, which
    # croniter does not know.
    if day != "*" and weekday != "*" and (day.startswith("*") or weekday.startswith("*")):
        return f"Airflow starts on days that match '{day}' or '{weekday}', cron on those that match both"
    return None


def _broken_bounds(trigger: Trigger, events: list[Event]) -> Iterator[str]:
    if not events:
        return
    if trigger.cooldown:
        times = list(_times(events))
        shortest = min((b - a for a, b in pairwise(times)), default=timedelta.max)
        if shortest < timedelta(seconds=trigger.cooldown):
            yield f"trigger {trigger.id}: its schedule comes again after {shortest}, within its cooldown"
    if trigger.limit:
        most, per = trigger.limit
        window: deque[datetime] = deque(maxlen=most + 1)
        for at in _times(events):
            window.append(at)
            if len(window) > most and at - window[0] < timedelta(seconds=per):
                yield f"trigger {trigger.id}: its schedule comes more often than its limit of {most} allows"
                return


def _times(events: Iterable[Event]) -> Iterator[datetime]:
    """When the schedules come, in order."""
    from cronsim import CronSim

    zones = [(e.cron or "", _START.replace(tzinfo=ZoneInfo(e.zone or UTC))) for e in events]
    merged = heapq.merge(*(CronSim(cron, start) for cron, start in zones))
    end = _START.replace(year=_START.year + _YEARS, tzinfo=ZoneInfo(UTC))
    yield from (at.astimezone(ZoneInfo(UTC)) for at in islice(takewhile(lambda at: at < end, merged), _MOST))
