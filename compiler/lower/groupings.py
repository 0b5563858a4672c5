"""What a guard measures in slices: one SELECT for all that is measured by one column over the same rows.

DuckDB has no aggregate by groups beside aggregates of the whole table, so slices are another scan, but never more than
one for each column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..functions.function import Asked, Sliced, Sql


@dataclass
class Grouping:
    """A SELECT grouped by one column."""

    name: str
    by: str
    where: str | None
    columns: dict[str, str] = field(default_factory=dict)  # SQL of an aggregate to its name; equal ones are one

    def column(self, aggregate: str) -> str:
        return self.columns.setdefault(aggregate, f"c{len(self.columns)}")

    def lines(self) -> list[str]:
        """The query, to stand after WITH."""
        columns = ",\n".join(f"    {aggregate} AS {name}" for aggregate, name in self.columns.items())
        only = [f"  WHERE {self.where}"] if self.where else []
        head = [f"{self.name} AS MATERIALIZED (", "  SELECT", f"    {self.by} AS slice,", columns]
        return [*head, "  FROM {subject} AS subject", *only, "  GROUP BY 1", ")"]


class Groupings:
    """The groupings of one guard."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str | None], Grouping] = {}

    def slices(self, function: Sql, asked: Asked, by: str) -> str:
        """The slices by a column as one value: a list of objects of slice, rows and value."""
        from . import sql

        column = sql.text_of(sql.column(by))
        sliced = function.slices(asked, column)
        if not isinstance(sliced, Sliced):
            return sql.listed("rows", "value", f"({sliced})")
        name = f"slices{len(self._found)}"
        grouping = self._found.setdefault((column, sliced.where), Grouping(name, column, sliced.where))
        return sql.listed(grouping.column(sliced.rows), grouping.column(sliced.value), grouping.name)

    def translated(self, said: Callable[[str], str]) -> Groupings:
        """The same in another dialect, into which `said` puts each expression."""
        found = Groupings()
        for key, grouping in self._found.items():
            where = said(grouping.where) if grouping.where is not None else None
            columns: dict[str, str] = {}
            for aggregate, name in grouping.columns.items():
                sql = said(aggregate)
                # Two that mean the same there keep their two names.
                columns[f"({sql})" if sql in columns else sql] = name
            found._found[key] = Grouping(grouping.name, said(grouping.by), where, columns)
        return found

    def lines(self) -> list[str]:
        """The WITH of the guard's query; nothing where nothing is measured in slices."""
        parts = ["\n".join(grouping.lines()) for grouping in self._found.values()]
        return ["WITH " + ",\n".join(parts)] if parts else []
