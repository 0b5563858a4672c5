"""Numbers of a whole table, and of its columns. Nulls are left out, except where they are what is counted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from statistics import fmean
from typing import TYPE_CHECKING, Any

from .aggregates import Aggregate, ColumnCount, Different
from .function import ANY, BOOL, DURATION, NUMBER, PERCENT, TABLE, Argument, Asked, Function

if TYPE_CHECKING:
    from sqlglot import exp

_C = Argument("c", "column")
_NUMERIC = Argument("c", "number column")

# SQL -----------------------------------------------------------------------------------------------------------------


def _named(function: str) -> Aggregate:
    """A function of DuckDB that takes the columns as they are."""

    def build(asked: Asked) -> exp.Expr:
        from sqlglot import exp

        return exp.Anonymous(this=function, expressions=_columns(asked))

    return Aggregate(build)


def _columns(asked: Asked) -> list[exp.Expr]:
    from ..lower import sql

    return [sql.column(c) for c in asked.columns]


def _count_rows(asked: Asked) -> exp.Expr:
    from sqlglot import exp

    return exp.Count(this=exp.Star())


def _share_of_nulls(asked: Asked) -> exp.Expr:
    from sqlglot import exp

    null = exp.Is(this=_columns(asked)[0], expression=exp.null())
    share = exp.Case(ifs=[exp.If(this=null, true=exp.Literal.number("1.0"))], default=exp.Literal.number("0.0"))
    return exp.Avg(this=share)


def _quantile(asked: Asked) -> exp.Expr:
    from sqlglot import exp

    return exp.Anonymous(this="quantile_cont", expressions=[*_columns(asked), exp.convert(asked.share)])


# Times without a zone may be a local clock's, up to 14 hours ahead of UTC; what is farther ahead is no time of a row.
_AHEAD = 86400


def _age(asked: Asked) -> exp.Expr:
    from sqlglot import exp

    newest = exp.Max(this=exp.cast(_columns(asked)[0], "timestamp"))
    now = exp.cast(exp.Anonymous(this="now"), "timestamp")
    age = exp.Sub(
        this=exp.Anonymous(this="epoch", expressions=[now]),
        expression=exp.Anonymous(this="epoch", expressions=[newest]),
    )
    plausible = exp.GTE(this=age, expression=exp.Literal.number(-_AHEAD))
    return exp.Case(ifs=[exp.If(this=plausible, true=age.copy())])


def _null_rows(asked: Asked, many: bool) -> str:
    from ..lower import sql

    return f"{sql.text_of(sql.column(asked.columns[0]))} IS NULL"


def _repeated_rows(asked: Asked, many: bool) -> str:
    from ..lower import sql

    return sql.repeated_rows(list(asked.columns))


# What they mean ------------------------------------------------------------------------------------------------------

Values = Sequence[Any]


def known(values: Values) -> list[Any]:
    """The values that are not null."""
    return [v for v in values if v is not None]


def _rows(*columns: Values) -> int:
    return len(columns[0])


def _columns_of(*columns: Values) -> int | None:
    return len(columns) if len(columns[0]) else None


def _nulls(values: Values) -> float | None:
    return fmean(v is None for v in values) if values else None


def _unique(*columns: Values) -> int:
    """How many rows repeat an earlier one; a single column's nulls repeat nothing, nulls among several columns do."""
    rows = list(zip(*columns, strict=True)) if len(columns) > 1 else known(columns[0])
    return len(rows) - len(set(rows))


def _distinct(values: Values) -> int:
    return len(set(known(values)))


def _min(values: Values) -> Any:
    return min(known(values), default=None)


def _max(values: Values) -> Any:
    return max(known(values), default=None)


def mean(values: Values) -> float | None:
    """The sum divided by the count, of what is known."""
    return fmean(known(values)) if known(values) else None


def quantile(values: Values, share: float) -> float | None:
    """The value at `share` of the way through the sorted values, interpolated: type 7 of Hyndman and Fan (1996)."""
    ordered = sorted(known(values))
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return float(low + (high - low) * (place - math.floor(place)))


def _median(values: Values) -> float | None:
    return quantile(values, 0.5)


def _stddev(values: Values) -> float | None:
    """With n - 1 below the fraction, so that one value has none."""
    there = known(values)
    if len(there) < 2:
        return None
    middle = fmean(there)
    return math.sqrt(math.fsum((v - middle) ** 2 for v in there) / (len(there) - 1))


def _sum(values: Values) -> float | None:
    return math.fsum(known(values)) if known(values) else None


def _freshness(values: Values, now: datetime) -> float | None:
    """Seconds between the newest value and now, as long as it is less than a day ahead."""
    age = (now - max(known(values))).total_seconds() if known(values) else None
    return age if age is not None and age >= -_AHEAD else None


def _correlation(first: Values, second: Values) -> float | None:
    """Over the rows that know both columns; without a value where one of them stands still."""
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    if not pairs:
        return None
    middle_a, middle_b = fmean(a for a, _ in pairs), fmean(b for _, b in pairs)
    together = math.fsum((a - middle_a) * (b - middle_b) for a, b in pairs)
    alone = [math.fsum((p[i] - m) ** 2 for p in pairs) for i, m in ((0, middle_a), (1, middle_b))]
    return together / math.sqrt(alone[0] * alone[1]) if all(alone) else None


# The functions -------------------------------------------------------------------------------------------------------


_NOTHING = "Nulls are left out. Without a value, error."


def _statistic(
    name: str,
    doc: str,
    function: str,
    reference: Callable[..., Any],
    example: str,
    nothing: str = _NOTHING,
    low: float | None = None,
) -> Function:
    return Function(
        name,
        (_NUMERIC,),
        NUMBER,
        TABLE,
        doc,
        low=low,
        sql=_named(function),
        reference=reference,
        example=example,
        nothing=nothing,
    )


FUNCTIONS = (
    Function(
        "rows",
        (),
        NUMBER,
        TABLE,
        "How many rows the table has.",
        low=0,
        sql=Aggregate(_count_rows),
        reference=_rows,
        example="rows >= 10_000",
        nothing="0 without rows.",
    ),
    Function(
        "columns",
        (),
        NUMBER,
        TABLE,
        "How many columns the table has.",
        low=0,
        sql=ColumnCount(),
        reference=_columns_of,
        example="columns == 8",
        nothing="Error without rows.",
    ),
    Function(
        "nulls",
        (_C,),
        PERCENT,
        TABLE,
        "The share of rows in which the column is null.",
        low=0,
        high=1,
        sql=Aggregate(_share_of_nulls),
        reference=_nulls,
        offending=_null_rows,
        example="nulls(arr_delay) <= 5%",
        nothing="Nulls are what it counts. Error without rows.",
    ),
    Function(
        "unique",
        (Argument("c", "columns"),),
        BOOL,
        TABLE,
        "Whether no two rows agree in all these columns.",
        sql=Different(repeated=True),
        reference=_unique,
        counts="rows that repeat",
        offending=_repeated_rows,
        example="unique(time_hour, carrier, flight)",
        nothing="Of one column, nulls repeat nothing; of several, they equal each other. True without rows.",
    ),
    Function(
        "distinct",
        (_C,),
        NUMBER,
        TABLE,
        "How many different values the column has.",
        low=0,
        sql=Different(),
        reference=_distinct,
        example="distinct(origin) == 3",
        nothing="Nulls are left out. 0 without a value.",
    ),
    Function(
        "min",
        (_C,),
        ANY,
        TABLE,
        "The smallest value.",
        sql=_named("min"),
        reference=_min,
        example="min(dep_delay) >= -60",
        nothing=_NOTHING,
    ),
    Function(
        "max",
        (_C,),
        ANY,
        TABLE,
        "The largest value.",
        sql=_named("max"),
        reference=_max,
        example="max(dep_delay) <= 1500",
        nothing=_NOTHING,
    ),
    _statistic("mean", "The arithmetic mean, nulls left out.", "avg", mean, "mean(dep_delay) <= 30"),
    _statistic(
        "median",
        "The median, interpolated between the two middle values.",
        "median",
        _median,
        "median(dep_delay) <= 10",
    ),
    _statistic(
        "stddev",
        "The sample standard deviation.",
        "stddev_samp",
        _stddev,
        "stddev(dep_delay) > 5",
        "Nulls are left out. With fewer than two values, error.",
        low=0,
    ),
    _statistic("sum", "The sum, nulls left out.", "sum", _sum, "sum(seats) >= 1_000"),
    Function(
        "quantile",
        (_NUMERIC, Argument("share", "share")),
        NUMBER,
        TABLE,
        "The value below which that share of rows lies.",
        sql=Aggregate(_quantile),
        reference=quantile,
        example="quantile(dep_delay, 95%) <= 60",
        nothing=_NOTHING,
    ),
    Function(
        "freshness",
        (Argument("c", "time column"),),
        DURATION,
        TABLE,
        "The age of the newest row when the guard runs. A time of the future has a negative one.",
        sql=Aggregate(_age),
        reference=_freshness,
        empty="it holds no time, or its newest is more than a day ahead of now",
        example="freshness(time_hour) <= 2d",
        nothing="Nulls are left out. Without a value, or where the newest is more than a day ahead of now, error.",
    ),
    Function(
        "correlation",
        (Argument("a", "number column"), Argument("b", "number column")),
        NUMBER,
        TABLE,
        "Pearson's correlation.",
        low=-1,
        high=1,
        sql=_named("corr"),
        reference=_correlation,
        example="correlation(dep_delay, arr_delay) >= 0.8",
        nothing="Rows with a null in either column are left out. Without rows, or where a column stands still, error.",
    ),
)
