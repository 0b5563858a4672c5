"""A plan's schedules as Airflow timetables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...compiler.plan.nodes import Event, Plan, Trigger
from ..printing import py_literal

UTC = "UTC"


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
