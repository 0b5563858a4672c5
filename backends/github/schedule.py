"""Cron lines as GitHub reads them: five POSIX fields, a named time zone, and at least five minutes apart."""

from __future__ import annotations

from datetime import datetime, timedelta

# The shortest distance between two runs that GitHub promises to try.
SHORTEST = timedelta(minutes=5)
_PLAIN = set("0123456789*,-/")
_MONTHS = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
_DAYS = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}


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
    if _shortest(cron) < SHORTEST:
        return "GitHub runs a schedule at most every five minutes"
    return None


def github_cron(cron: str) -> str:
    """The same times in GitHub's words: Sunday is 0, which others also write as 7."""
    fields = cron.split()
    if len(fields) == 5 and "7" in fields[4]:
        fields[4] = _without_seven(fields[4])
    return " ".join(fields)


def _shortest(cron: str) -> timedelta:
    from cronsim import CronSim

    # Runs close together share an hour or meet at its end, so a few hundred of them show every distance below five
    # minutes; a leap year is the start, so that 29 February is not far.
    times = CronSim(cron, datetime(2024, 1, 1))
    shortest, last = timedelta.max, None
    for _ in range(400):
        at = next(times, None)
        if at is None:
            break
        if last is not None:
            shortest = min(shortest, at - last)
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
