"""Guards' SQL in the dialect of the database that its source lies in, made from the form that DuckDB reads.

A function of the language has one meaning. `translate` keeps it, or raises CannotSayError where the database has no
words for it; it never drops a part. What DuckDB and a database do differently is listed in that dialect's module.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

    from ...plan import nodes as plan

NAMES = {"postgres": "PostgreSQL"}
_PARTS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\{(?P<name>[A-Za-z_]\w*)\}")
_HELD = "mlopsc_table_"


class CannotSayError(Exception):
    """The database has no words for it; the message says for what."""


def translate(sql: str, dialect: str, columns: Mapping[str, plan.Column]) -> str:
    """An expression or a query in a dialect. `columns` are those of the source's schema, where it has one."""
    import sqlglot
    from sqlglot.errors import ErrorLevel, SqlglotError

    try:
        tree = sqlglot.parse_one(_held(sql), read="duckdb")
        tree = _rewritten(tree, _rules(dialect, columns))
        return _told(tree.sql(dialect=dialect, unsupported_level=ErrorLevel.RAISE, comments=False))
    except SqlglotError as e:
        raise CannotSayError(str(e).splitlines()[0]) from e


def _rules(dialect: str, columns: Mapping[str, plan.Column]) -> Callable[[exp.Expr], exp.Expr]:
    from .postgres import Postgres

    return {"postgres": Postgres}[dialect](columns)


def _held(sql: str) -> str:
    """Tables that the runtime fills in, `{subject}`, as names that the parser reads."""
    return _PARTS.sub(lambda m: f"{_HELD}{m['name']}" if m["name"] else m.group(), sql)


def _told(sql: str) -> str:
    parts = re.compile(rf"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\b{_HELD}(?P<name>\w+)")
    return parts.sub(lambda m: f"{{{m['name']}}}" if m["name"] else m.group(), sql)


def _rewritten(tree: exp.Expr, rule: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """The tree after a rule has seen every node, a node's parts before itself."""
    for node in reversed(list(tree.walk(bfs=False))):
        new = rule(node)
        if new is not node:
            if node is tree:
                tree = new
            else:
                node.replace(new)
    return tree
