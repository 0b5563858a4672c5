"""How functions of a whole table are asked in SQL: as an aggregate among others, or as a query of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .function import Asked, Sliced

if TYPE_CHECKING:
    from sqlglot import exp

# Aggregates that sqlglot knows by name only. A `where` goes to each aggregate of an expression, as its FILTER.
_BY_NAME = frozenset({"avg", "min", "max", "sum", "median", "stddev_samp", "corr", "quantile_cont", "any_value"})


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate over the rows of a table, which has its place in one SELECT with others."""

    build: Callable[[Asked], exp.Expr]

    def value(self, asked: Asked) -> str:
        from sqlglot import exp

        from ..lower import sql

        def filtered(node: exp.Expr) -> exp.Expr:
            if asked.where is None or not _is_aggregate(node) or isinstance(node.parent, exp.Filter):
                return node
            return exp.Filter(this=node.copy(), expression=exp.Where(this=asked.where.copy()))

        return sql.text_of(self.build(asked).transform(filtered))

    def slices(self, asked: Asked, by: str) -> Sliced:
        from ..lower import sql

        return Sliced("count(*)", sql.text_of(self.build(asked)), _condition(asked))


@dataclass(frozen=True, slots=True)
class Different:
    """How many different values there are; `repeated` counts the rows that repeat one instead.

    Values are counted by grouping the rows by them: DuckDB takes half the time that count(DISTINCT …) takes when most
    differ, and writes to disk what does not fit into memory. One column's nulls are left out; nulls among several
    columns equal each other.
    """

    repeated: bool = False

    def value(self, asked: Asked) -> str:
        return self._grouped(asked)

    def in_files(self, asked: Asked) -> str:
        """The same for rows that DuckDB reads in the order of their files, which keys often follow.

        Where each value is above the one before it, nothing repeats: a look at the rows as they come tells that in a
        tenth of the time, and leaves none of them to group. It holds in whatever order they come.
        """
        if not self.repeated or len(asked.columns) != 1:
            return self._grouped(asked)
        column = _names(asked)[0]
        pairs = f"SELECT {column} AS this, lag({column}) OVER () AS before FROM {{subject}} AS subject{_only(asked)}"
        rising = f"(SELECT coalesce(bool_and(before < this), true) FROM ({pairs}) AS pairs)"
        return f"CASE WHEN {rising} THEN 0\n  ELSE {self._grouped(asked, f'NOT {rising}')}\n  END"

    def _grouped(self, asked: Asked, *more: str) -> str:
        columns = _names(asked)
        groups = f"SELECT 1 FROM {{subject}} AS subject{_only(asked, *more)} GROUP BY {', '.join(columns)}"
        different = f"(SELECT count(*) FROM ({groups}) AS different)"
        if not self.repeated:
            return different
        where = _condition(asked)
        among = f" FILTER (WHERE {where})" if where is not None else ""
        return f"count({_counted(columns)}){among} - {different}"

    def slices(self, asked: Asked, by: str) -> Sliced:
        columns = _names(asked)
        row = columns[0] if len(columns) == 1 else f"({', '.join(columns)})"
        value = f"count(DISTINCT {row})"
        if self.repeated:
            value = f"count({_counted(columns)}) - {value}"
        return Sliced("count(*)", value, _condition(asked))


class ColumnCount:
    """How many columns there are, which any row tells."""

    def value(self, asked: Asked) -> str:
        where = _condition(asked)
        only = f" WHERE {where}" if where is not None else ""
        return f"(SELECT len(json_keys(to_json(subject))) FROM {{subject}} AS subject{only} LIMIT 1)"

    def slices(self, asked: Asked, by: str) -> Sliced:
        return Sliced("count(*)", "len(json_keys(to_json(any_value(subject))))", _condition(asked))


def _names(asked: Asked) -> list[str]:
    from ..lower import sql

    return [sql.text_of(sql.column(c)) for c in asked.columns]


def _condition(asked: Asked) -> str | None:
    from ..lower import sql

    return sql.text_of(asked.where) if asked.where is not None else None


def _only(asked: Asked, *more: str) -> str:
    """The rows that count, as a WHERE: those of the rule's own, and of a single column those that have a value."""
    where, names = _condition(asked), _names(asked)
    known = [f"{names[0]} IS NOT NULL"] if len(names) == 1 else []
    conditions = [*known, *([f"({where})"] if where is not None else []), *more]
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _counted(columns: Sequence[str]) -> str:
    return columns[0] if len(columns) == 1 else "*"


def _is_aggregate(node: exp.Expr) -> bool:
    from sqlglot import exp

    return isinstance(node, exp.AggFunc) or (isinstance(node, exp.Anonymous) and str(node.this).lower() in _BY_NAME)
