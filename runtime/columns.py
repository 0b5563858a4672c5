"""Profiles of a table's columns, counted by DuckDB: what comes out of it is pieces, and never the rows.

A column with few different values is counted by value. One with many is counted on a grid of some bits of the values'
keys (see `profiles`), which is refined, by scanning again, only where the values lie so close together that hardly any
pieces are left. Which way was taken shows in the time alone: the profile is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .conditions import UnknownValueError
from .profiles import MOST, Piece, Profile, number_of, several
from .tables import Table

_FIRST_ROWS = 100_000  # these show whether there are few values
_GROUPS = 1 << 20  # as many as a refined grid may have
_COARSE = 40  # dropped bits of a first grid: 12 bits of a number's mantissa, 20 of a text's hash
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
            "UHUGEINT")  # fmt: skip
_FRACTIONS = ("FLOAT", "DOUBLE", "DECIMAL")
_TEXTS = ("VARCHAR", "BOOLEAN", "ENUM", "UUID")


@dataclass(frozen=True, slots=True)
class Column:
    """A column as SQL, the rows that count, and the name under which SQL knows the table."""

    sql: str
    where: str | None = None
    table: str = "subject"

    @property
    def source(self) -> str:
        return f"{{{self.table}}} AS subject"


def profile_of(table: Table, column: Column) -> Profile:
    """The profile of a column. Raises UnknownValueError where its type has none."""
    kind, few = _first_look(table, column)
    plain = kind.partition("(")[0]
    if plain in (*_NUMBERS, *_FRACTIONS):
        counted = _Counted(table, column, "numbers", f"CAST({column.sql} AS DOUBLE) + 0.0")
    elif plain in _TEXTS:
        counted = _Counted(table, column, "texts", f"CAST({column.sql} AS VARCHAR)")
    else:
        raise UnknownValueError(f"drift is of numbers or texts, and the column is {kind}")
    return counted.profile(0 if few else _COARSE, whole=plain in _NUMBERS)


def _first_look(table: Table, column: Column) -> tuple[str, bool]:
    """The column's type, and whether it seems to have few values."""
    first = f"SELECT {column.sql} AS x FROM {column.source} LIMIT {_FIRST_ROWS}"
    found = table.rows(f"SELECT typeof(any_value(x)), count(DISTINCT x) FROM ({first})")
    return str(found[0][0]), int(found[0][1]) <= MOST


@dataclass(frozen=True, slots=True)
class _Grid:
    """What a scan found: for each piece its smallest and its largest key, its rows, and one of its values."""

    kind: str
    shift: int
    nulls: int
    odd: int
    found: list[tuple[Any, ...]]

    @property
    def exact(self) -> bool:
        return all(first == last for first, last, *_ in self.found)

    def profile(self, *, whole: bool) -> Profile:
        pieces = [
            Piece.of(value, rows) if first == last else several(self.kind, first >> self.shift, self.shift, rows)
            for first, last, rows, value in self.found
        ]
        ends = [number_of(key) for row in self.found for key in row[:2]] if self.kind == "numbers" else []
        return Profile.of(self.kind, pieces, shift=self.shift, whole=whole, nulls=self.nulls, odd=self.odd, ends=ends)

    def finer(self) -> int:
        """The finest grid on which these pieces cannot fall into more than `_GROUPS`."""
        shift = self.shift - 1  # by one bit at least
        while shift and sum(min(n, (z >> shift - 1) - (a >> shift - 1) + 1) for a, z, n, _ in self.found) <= _GROUPS:
            shift -= 1
        return shift


@dataclass(frozen=True, slots=True)
class _Counted:
    table: Table
    column: Column
    kind: str
    value: str  # the column as a DOUBLE, without a zero below zero, or as a VARCHAR

    def profile(self, shift: int, *, whole: bool) -> Profile:
        grid = self._grid(shift)
        while grid.shift == shift > 0 and not grid.exact:
            shift = grid.finer()
            grid = self._grid(shift)
        return grid.profile(whole=whole)

    def _grid(self, shift: int) -> _Grid:
        """The rows on a grid that drops so many bits, or more where there would be too many pieces."""
        where = f" WHERE {self.column.where}" if self.column.where else ""
        rows = f"SELECT {self.value} AS x FROM {self.column.source}{where}"
        # Cast to BIT, a number is its 64 bits.
        key = "CAST(CAST(x AS BIT) AS BIGINT)" if self.kind == "numbers" else "CAST('0x' || md5(x)[:15] AS BIGINT)"
        if shift:
            keyed = f"SELECT x, {key} AS k FROM ({rows})"
            piece = "any_value(x) AS x, min(k) AS a, max(k) AS z, count(*) AS n"
            grouped = f"SELECT {piece} FROM ({keyed}) GROUP BY k >> {shift}"
        else:
            grouped = f"SELECT x, {key} AS a, a AS z, n FROM (SELECT x, count(*) AS n FROM ({rows}) GROUP BY x)"
        self.table.rows(f"CREATE OR REPLACE TEMP TABLE pieces AS {grouped}")
        there = "isfinite(x)" if self.kind == "numbers" else "x IS NOT NULL"
        shift = self._small_enough(there, shift)
        found = self.table.rows(
            "SELECT min(a), max(z), CAST(sum(n) AS BIGINT), any_value(x)"
            f" FROM pieces WHERE {there} GROUP BY a >> {shift} ORDER BY 1"
        )
        nulls, odd = self.table.rows(
            "SELECT CAST(coalesce(sum(n) FILTER (WHERE x IS NULL), 0) AS BIGINT),"
            f" CAST(coalesce(sum(n) FILTER (WHERE NOT ({there})), 0) AS BIGINT) FROM pieces"
        )[0]
        if self.kind == "texts":
            odd = 0
        self.table.rows("DROP TABLE pieces")
        return _Grid(self.kind, shift, nulls, odd, found)

    def _small_enough(self, there: str, shift: int) -> int:
        """The fewest bits to drop, from `shift` on, so that there are no more than `MOST` pieces."""
        low, high = shift, 64
        while low < high:
            middle = (low + high) // 2 if low > shift else low  # mostly it is the first
            count = f"SELECT count(DISTINCT a >> {middle}) FROM pieces WHERE {there}"
            if self.table.rows(count)[0][0] <= MOST:
                high = middle
            else:
                low = middle + 1
        return high
