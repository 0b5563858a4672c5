"""How the keys of a table stand to those of another. `references` is an operator, and has no entry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..features import Feature
from .aggregates import Aggregate
from .function import PERCENT, TABLE, Argument, Asked, Function

if TYPE_CHECKING:
    from sqlglot import exp

# SQL -----------------------------------------------------------------------------------------------------------------


def _found(asked: Asked) -> exp.Expr:
    from ..lower import sql

    assert asked.table is not None
    return sql.found_in([sql.column(c) for c in asked.columns], asked.table, list(asked.columns))


def _share_found(asked: Asked) -> exp.Expr:
    from sqlglot import exp

    from ..lower import sql

    assert asked.table is not None
    share = exp.Avg(this=exp.cast(_found(asked), "integer"))
    # Nothing is found in a table without keys, and that says nothing of a leak.
    there = exp.Exists(this=sql.keys_of(asked.table, list(asked.columns)))
    return exp.Case(ifs=[exp.If(this=there, true=share)])


def _rows_found(asked: Asked, many: bool) -> str:
    from ..lower import sql

    found = sql.text_of(_found(asked))
    return f"NOT {found}" if many else found


# What they mean ------------------------------------------------------------------------------------------------------

Keys = Sequence[tuple[Any, ...]]


def overlap(keys: Keys, others: Keys) -> float | None:
    """The share of the whole keys that are among the others; no value where one of the two sides has none."""
    whole = [k for k in keys if None not in k]
    there = {k for k in others if None not in k}
    return sum(k in there for k in whole) / len(whole) if whole and there else None


# The functions -------------------------------------------------------------------------------------------------------

FUNCTIONS = (
    Function(
        "overlap",
        (Argument("table", "table"), Argument("key", "columns")),
        PERCENT,
        TABLE,
        "The share of rows whose key is also found in another table.",
        Feature.REFERENCES,
        low=0,
        high=1,
        sql=Aggregate(_share_found),
        reference=overlap,
        empty="one of the two tables has no key",
        offending=_rows_found,
        example="overlap(train.rows, flight_id) <= 0%",
        nothing="Rows without a whole key are left out, here and there. Error where one of the two tables has no key.",
    ),
)
