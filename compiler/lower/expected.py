"""`expected FILE key K within T`: the SQL that compares a table with a golden file.

The file is a table of texts; what each of its columns holds was found when it was read, and both sides are compared as
that. A row of the file is a case: it holds when the table has exactly that key and agrees in every other column.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..functions.cases import SLACK, share_of_cases
from ..plan import nodes as plan
from ..semantics.golden import BOOL, GREAT, NUMBER, TEXT, TIME, Golden
from . import sql

Columns = Mapping[str, plan.Column]


def compared(
    golden: Golden, keys: tuple[str, ...], file: str, table: str, within: float, schema: Columns
) -> tuple[str, str]:
    """What is measured, the share of cases that hold; and a SELECT of those that do not, one row a difference."""
    others = [c for c in golden.columns if c not in keys]
    # `007` and `7` are one number and two texts: the schema knows, where there is one.
    kinds = {c: TEXT if c in schema and schema[c].type == "string" else golden.holds(c) for c in golden.columns}
    pairs = _pairs(kinds, keys, others, table, within)
    held = " AND ".join(["there", *(f"held{i}" for i in range(len(others)))])
    # More than one row beside a key is more than one row of the table with it, for the file has each key once.
    twice = f"{_text(f'a key of {file} stands twice in the table: ')} || {_name(keys)}"
    odd = f"CASE WHEN count(*) > 1 THEN {twice} END AS odd"
    by = ", ".join(f"key{i}" for i in range(len(keys)))
    judged = f"SELECT {_name(keys)} AS name, bool_and({held}) AS held, {odd} FROM ({pairs}) GROUP BY {by}"
    return share_of_cases(judged), _differences(pairs, keys, others)


def _pairs(kinds: Mapping[str, str], keys: tuple[str, ...], others: list[str], table: str, within: float) -> str:
    """Each case beside its row of the table, if there is one, and whether they agree in each column."""
    parts = [f"golden.{_column(k)} AS key{i}" for i, k in enumerate(keys)]
    parts.append(f"subject.{_column(keys[0])} IS NOT NULL AS there")
    for i, column in enumerate(others):
        mine, wanted = f"subject.{_column(column)}", f"golden.{_column(column)}"
        agree = _agree(kinds[column], mine, wanted, within)
        parts += [
            f"{wanted} AS expected{i}",
            f"CAST({mine} AS VARCHAR) AS found{i}",
            f"CASE WHEN {wanted} IS NULL THEN {mine} IS NULL ELSE coalesce({agree}, false) END AS held{i}",
        ]
    on = " AND ".join(_agree(kinds[k], f"subject.{_column(k)}", f"golden.{_column(k)}", 0) for k in keys)
    return f"SELECT {', '.join(parts)} FROM {{{table}}} AS golden LEFT JOIN {{subject}} AS subject ON {on}"


def _agree(kind: str, mine: str, wanted: str, within: float) -> str:
    """Whether a value of the table is what a text of the file says; null where it is none of that kind."""
    as_text = f"CAST({mine} AS VARCHAR)"
    if kind in (GREAT, NUMBER):
        number = f"TRY_CAST({mine} AS DOUBLE)"
        if within:
            return f"abs({number} - CAST({wanted} AS DOUBLE)) <= {within!r} * {SLACK}"
        same = f"{number} = CAST({wanted} AS DOUBLE)"
        return f"{same} AND TRY_CAST({as_text} AS HUGEINT) = CAST({wanted} AS HUGEINT)" if kind == GREAT else same
    if kind == BOOL:
        return f"lower({as_text}) = lower({wanted})"
    if kind == TIME:
        return f"TRY_CAST({as_text} AS TIMESTAMP) = CAST({wanted} AS TIMESTAMP)"
    return f"{as_text} = {wanted}"


def _differences(pairs: str, keys: tuple[str, ...], others: list[str]) -> str:
    key = ", ".join(f"key{i} AS {_column(k)}" for i, k in enumerate(keys))
    ordered = ", ".join(f"key{i}" for i in range(len(keys)))
    lacking = '\'the whole row\' AS "column", NULL AS "expected", NULL AS "found", -1 AS place'
    selects = [f"SELECT {ordered}, {lacking} FROM pairs WHERE NOT there"]
    selects += [
        f"SELECT {ordered}, {_text(column)}, expected{i}, found{i}, {i} FROM pairs WHERE there AND NOT held{i}"
        for i, column in enumerate(others)
    ]
    return (
        f'WITH pairs AS MATERIALIZED ({pairs}) SELECT {key}, "column", "expected", "found" '
        f"FROM ({' UNION ALL '.join(selects)}) ORDER BY {ordered}, place"
    )


def _name(keys: tuple[str, ...]) -> str:
    return " || ', ' || ".join(f"key{i}" for i in range(len(keys)))


def _column(name: str) -> str:
    return sql.text_of(sql.column(name))


def _text(value: str) -> str:
    return sql.text_of(sql.literal(value))
