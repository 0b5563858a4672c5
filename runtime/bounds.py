"""What keeps a trigger from starting a run: its cooldown, and its limit of runs in a time."""

from __future__ import annotations

import calendar
import time
from collections.abc import Mapping
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
    cooldown = trigger.get("cooldown")
    if cooldown and starts and now - max(starts) < cooldown:
        return f"its last run was {number_text(round(now - max(starts)), 'duration')} ago, " + (
            f"and its cooldown is {number_text(cooldown, 'duration')}"
        )
    if trigger.get("limit"):
        most, per = trigger["limit"]
        recent = sum(now - s < per for s in starts)
        if recent >= most:
            return f"it has started {recent} runs in {number_text(per, 'duration')}, and its limit is {most}"
    return None


def _seconds(at: str) -> float:
    return calendar.timegm(time.strptime(at[:19], "%Y-%m-%dT%H:%M:%S"))
