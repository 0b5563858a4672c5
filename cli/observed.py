"""What a source's data looks like: types and a profile of each column, found by DuckDB in one pass."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..compiler.diagnostics import did_you_mean

if TYPE_CHECKING:
    from ..compiler.plan.nodes import Source
    from ..compiler.semantics.model import Model

FEW = 12  # at most so many different values are listed as choices
_TYPES = (
    (r"BOOLEAN", "bool"),
    (r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?", "int"),
    (r"(DOUBLE|FLOAT|REAL)", "float"),
    (r"DECIMAL.*", "decimal"),
    (r"DATE", "date"),
    (r"TIMESTAMP.*", "timestamp"),
    (r"(JSON|STRUCT.*|MAP.*)", "json"),
)


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column. `low` and `high` are set for numbers, `values` where there are few different ones."""

    name: str
    type: str
    rows: int
    nulls: int
    distinct: int
    low: float | int | None
    high: float | int | None
    values: tuple[str, ...]

    @property
    def is_name(self) -> bool:
        """Whether the language can write the column's name."""
        return re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", self.name) is not None


def source_of(model: Model, name: str) -> Source:
    """The source of that name; a usage error, with the nearest name, where there is none."""
    if name not in model.sources:
        hint = did_you_mean(name, list(model.sources)) or "the spec declares no source"
        raise click.UsageError(f"no source '{name}'; {hint}")
    return model.sources[name]


def profile(source: Source, root: Path) -> tuple[ColumnProfile, ...]:
    """The columns of a source whose files lie beside the spec, or of a database."""
    if source.dialect is not None:
        from .observed_database import profile_of_database

        return profile_of_database(source)
    import duckdb

    from ..runtime.call import UnreadableError, table_expression
    from ..runtime.faults import plain_reason
    from ..runtime.sources import find_files

    if source.uri is None or "://" in source.uri:
        raise click.UsageError(f"'{source.id}' is not a file beside the spec, and only those can be looked at yet")
    paths = find_files({"uri": source.uri}, root)
    files = [str(root / p) for p in paths]
    try:
        table = table_expression(files, source.format)
    except UnreadableError as error:
        raise click.UsageError(f"'{source.id}' cannot be read: {error}") from None
    connection = duckdb.connect()
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()
        return tuple(_column(str(row[0]), str(row[1]), table, connection) for row in described)
    except duckdb.Error as error:
        reason = plain_reason(str(error), table.partition("(")[0], files)
        raise click.UsageError(f"'{source.id}' cannot be read: {reason}") from None


def _column(name: str, sql_type: str, table: str, connection: Any) -> ColumnProfile:
    quoted = '"' + name.replace('"', '""') + '"'
    kind = type_of(sql_type)
    ends = f"min({quoted}), max({quoted})" if kind in ("int", "float", "decimal") else "NULL, NULL"
    query = f"SELECT count(*), count({quoted}), count(DISTINCT {quoted}), {ends} FROM {table}"
    rows, filled, distinct, low, high = connection.execute(query).fetchone()
    values: tuple[str, ...] = ()
    if is_choice(kind, rows, distinct):
        listed = f"SELECT DISTINCT {quoted} FROM {table} WHERE {quoted} IS NOT NULL ORDER BY 1"
        values = tuple(str(row[0]) for row in connection.execute(listed).fetchall())
    if kind in ("float", "decimal"):
        low, high = (float(v) if v is not None else None for v in (low, high))
    return ColumnProfile(name, kind, rows, rows - filled, distinct, low, high, values)


def is_choice(kind: str, rows: int, distinct: int) -> bool:
    """Whether a column's values are so few, and each so frequent, that they are listed."""
    return kind == "string" and 0 < distinct <= FEW and rows >= 10 * distinct


def type_of(sql_type: str) -> str:
    """The language's type for one of DuckDB's."""
    if sql_type.endswith("[]"):
        return f"list<{type_of(sql_type[:-2])}>"
    return next((kind for pattern, kind in _TYPES if re.fullmatch(pattern, sql_type)), "string")
