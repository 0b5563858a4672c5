"""What day it is: the one place where the clock is read for what is allowed until a day."""

from __future__ import annotations

import os
from datetime import date, datetime, timezone

import click


def today() -> date:
    """The day of SOURCE_DATE_EPOCH (seconds, UTC) where it is set, so that a build says the same tomorrow."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "").strip()
    if not given:
        return date.today()
    try:
        return datetime.fromtimestamp(int(given), tz=timezone.utc).date()
    except (ValueError, OverflowError, OSError):
        raise click.UsageError(f"SOURCE_DATE_EPOCH is '{given}', and is to be seconds since 1970") from None


def _day(ctx: click.Context, param: click.Parameter, given: str | None) -> date:
    if given is None:
        return today()
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise click.BadParameter(f"'{given}' is no day, such as 2027-03-31", ctx, param) from None


today_option = click.option(
    "--today",
    metavar="DATE",
    callback=_day,
    help="The day that ends what is relaxed until one; that of the clock, or of SOURCE_DATE_EPOCH, when none is said.",
)
