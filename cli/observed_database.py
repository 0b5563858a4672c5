"""What a database's table or query looks like: types as the catalogue has them, and a profile by one query."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from .observed import ColumnProfile, is_choice

if TYPE_CHECKING:
    from ..compiler.plan.nodes import Source
    from ..runtime.postgres import Postgres

_TYPES = {
    "boolean": "bool", "smallint": "int", "integer": "int", "bigint": "int", "real": "float",
    "double precision": "float", "numeric": "decimal", "date": "date", "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamp", "json": "json", "jsonb": "json",
}  # fmt: skip


def profile_of_database(source: Source) -> tuple[ColumnProfile, ...]:
    """The columns of a source in a database."""
    from ..compiler.plan.document import node_document
    from ..runtime.context import FailedNodeError
    from ..runtime.databases import open_database

    try:
        database = open_database(node_document(source), os.environ)
        try:
            return _columns(database)
        finally:
            database.close()
    except FailedNodeError as e:
        raise click.UsageError(f"'{source.id}' cannot be read: {e}") from None


def _columns(database: Postgres) -> tuple[ColumnProfile, ...]:
    from ..runtime.postgres import quoted

    asked = ["count(*)"]
    for column in database.columns:
        name = quoted(column.name)
        ends = f"min({name}), max({name})" if _type(column.type) in ("int", "float", "decimal") else "NULL, NULL"
        asked.append(f"count({name}), count(DISTINCT {name}), {ends}")
    rows, *found = database.one(f"SELECT {', '.join(asked)} FROM {database.relation} AS subject")
    return tuple(
        _column(column.name, _type(column.type), int(rows), found[4 * i : 4 * i + 4], database)
        for i, column in enumerate(database.columns)
    )


def _column(name: str, kind: str, rows: int, found: list[Any], database: Postgres) -> ColumnProfile:
    from ..runtime.postgres import quoted

    filled, distinct, low, high = found
    values: tuple[str, ...] = ()
    if is_choice(kind, rows, distinct):
        listed = f"SELECT DISTINCT {quoted(name)} FROM {database.relation} AS subject WHERE {quoted(name)} IS NOT NULL"
        values = tuple(sorted(str(row[0]) for row in database.rows(listed)[1]))
    if kind in ("float", "decimal"):
        low, high = (float(v) if v is not None else None for v in (low, high))
    return ColumnProfile(name, kind, rows, rows - filled, distinct, low, high, values)


def _type(sql_type: str) -> str:
    """The language's type for one of the catalogue's."""
    if sql_type.endswith("[]"):
        return f"list<{_type(sql_type[:-2])}>"
    return _TYPES.get(sql_type, "string")
