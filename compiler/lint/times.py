"""When a cron expression comes: its next times, and how close they lie."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice, pairwise, takewhile

# A leap year, so that 29 February is not far; no expression's verdict depends on the day of the check.
_START = datetime(2024, 1, 1)


def times(cron: str, count: int = 400) -> list[datetime]:
    """The first times from a fixed day on; none where the expression is no cron."""
    from cronsim import CronSim, CronSimError

    try:
        return list(islice(CronSim(cron, _START), count))
    except CronSimError:
        return []


def times_a_year(cron: str) -> int:
    """How often it comes in a leap year, as far as one cares: up to every five minutes."""
    from cronsim import CronSim, CronSimError

    try:
        year = takewhile(lambda at: at.year == _START.year, CronSim(cron, _START))
        return sum(1 for _ in islice(year, 366 * 24 * 12))
    except CronSimError:
        return 0


def shortest_gap(cron: str) -> timedelta | None:
    """The smallest distance between two times that follow each other."""
    return min((b - a for a, b in pairwise(times(cron))), default=None)
