"""`mlopsc guards`: rules proposed from a profile of the data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import specs
from .compiling import analysis_of

if TYPE_CHECKING:
    from .observed import ColumnProfile


@click.group(short_help="Propose guard rules from data.")
def command() -> None:
    """Work on guards."""


@command.command("suggest", short_help="Propose a guard for a source.")
@click.argument("source")
@click.argument("spec", required=False, type=click.Path(path_type=Path))
def suggest(source: str, spec: Path | None) -> None:
    """Print a guard on SOURCE whose rules its data passes today, with room to breathe.

    A proposal, to be read: what is normal is known by people, not by one look at the data.
    """
    from ..compiler.format import format_text
    from ..compiler.source import Source
    from .observed import profile, source_of

    path = specs.the_spec(spec)
    columns = profile(source_of(analysis_of(path).model, source), path.parent)
    rules = "\n".join(rules_for(columns))
    click.echo(format_text(Source("", f"guard {source}_sane on {source} {{\n{rules}\n}}\n")), nl=False)


def rules_for(columns: tuple[ColumnProfile, ...]) -> Iterator[str]:
    """Rules that the profiled data passes: half the rows, twice the nulls, ranges a quarter wider."""
    rows = columns[0].rows if columns else 0
    yield f"rows >= {_grouped(max(1, _two_digits(rows // 2)))}"
    for column in (c for c in columns if c.is_name):
        share = column.nulls / rows if rows else 0.0
        yield f"nulls({column.name}) <= {_percent(share)}"
        if rows > 1 and column.distinct == rows and column.type in ("int", "string"):
            yield f"unique({column.name})"
        if column.values:
            from ..compiler.syntax.literals import quote

            yield f"{column.name} in [{', '.join(map(quote, column.values))}]"
        elif column.low is not None and column.high is not None and column.distinct > 1:
            yield from _range(column.name, column.low, column.high)


def _range(name: str, low: float, high: float) -> Iterator[str]:
    room = (high - low) / 4
    below = 0 if 0 <= low <= room else _two_digits(math.floor(low - room))
    above = _two_digits(math.ceil(high + room), up=True)
    if math.isfinite(below) and math.isfinite(above):
        yield f"{name} between {below if below < 0 else _grouped(below)} and {above if above < 0 else _grouped(above)}"


def _two_digits(value: float, *, up: bool = False) -> int:
    """Rounded outwards to two significant digits."""
    if value == 0:
        return 0
    unit: int = 10 ** max(0, math.floor(math.log10(abs(value))) - 1)
    return (math.ceil(value / unit) if up else math.floor(value / unit)) * unit


def _grouped(value: int) -> str:
    return f"{value:_}" if value >= 10_000 else str(value)


def _percent(share: float) -> str:
    """None stay none; else twice the share, rounded up to a whole percent."""
    return "0%" if share == 0 else f"{min(100, math.ceil(share * 200))}%"
