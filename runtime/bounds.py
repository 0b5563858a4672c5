"""What keeps a trigger from starting a run: its cooldown, and its limit of runs in a time."""

from __future__ import annotations

import calendar
import time
from collections.abc import Mapping, Sequence
from typing import Any

from .conditions import number_text
from .store import Store


def held_back(trigger: Mapping[str, Any], pipeline: str, store: Store) -> str | None:
    """Why the trigger must not start a run now, by the runs that it started before; nothing when it may."""
    now = time.time()
    starts = [
        _seconds(r["started"])
        for r in store.finished_runs()
        if r.get("trigger") == trigger["id"] and r["pipeline"] == pipeline
    ]
    return held_back_by(trigger, [now - s for s in starts])


def held_back_by(trigger: Mapping[str, Any], ages: Sequence[float]) -> str | None:
    """The same by the ages of those runs, in seconds."""
    cooldown = trigger.get("cooldown")
    if cooldown and ages and min(ages) < cooldown:
        return f"its last run was {number_text(round(min(ages)), 'duration')} ago, " + (
            f"and its cooldown is {number_text(cooldown, 'duration')}"
        )
    if trigger.get("limit"):
        most, per = trigger["limit"]
        recent = sum(age < per for age in ages)
        if recent >= most:
            return f"it has started {recent} runs in {number_text(per, 'duration')}, and its limit is {most}"
    return None


def _seconds(at: str) -> float:
    return calendar.timegm(time.strptime(at[:19], "%Y-%m-%dT%H:%M:%S"))
