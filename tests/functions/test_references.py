"""What DuckDB measures is what the function means: its reference implementation, on random tables with nulls."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.functions import FUNCTIONS, Asked, Function
from mlopsc.compiler.lower.groupings import Groupings
from sqlglot import exp

# Functions that ask another table, or cases, are measured in tests/runtime/test_keys.py and test_cases.py.
MEASURED = [f for f in FUNCTIONS.values() if f.sql is not None and not (f.asks_table or f.cases)]
SHARES = (0.0, 0.05, 0.5, 0.9, 1.0)
NEWEST = datetime(2013, 1, 1)
# Multiples of an eighth, so that a column stands still in both or in neither.
NUMBERS = st.integers(-8000, 8000).map(lambda n: n / 8)
VALUES = {
    "column": (NUMBERS, "DOUBLE"),
    "columns": (st.integers(0, 3), "INTEGER"),
    "number column": (NUMBERS, "DOUBLE"),
    "label column": (st.integers(0, 1), "INTEGER"),
    "score": (st.integers(0, 64).map(lambda n: n / 64), "DOUBLE"),
    "time column": (st.integers(0, 10**6).map(lambda s: NEWEST - timedelta(seconds=s)), "TIMESTAMP"),
}


def kinds(function: Function) -> list[str]:
    """What stands in each column that the function takes."""
    if function.name == "rows":
        return ["column"]
    if function.name == "columns":
        return ["column", "label column", "time column"]
    if function.name == "log_loss":
        return ["label column", "score"]
    if function.name == "accuracy":
        return ["columns", "columns"]
    found = [a.type for a in function.arguments if a.type in VALUES]
    return found * 2 if found == ["columns"] else found


@st.composite
def tables(draw: st.DrawFn, function: Function) -> list[tuple[Any, ...]]:
    """Rows of the function's columns, then a column to pick rows by and one to slice by."""
    columns = [st.none() | VALUES[k][0] for k in kinds(function)]
    return draw(st.lists(st.tuples(*columns, st.none() | st.integers(0, 2), st.sampled_from("ab")), max_size=30))


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        yield database


def fill(connection: duckdb.DuckDBPyConnection, function: Function, rows: list[tuple[Any, ...]]) -> None:
    """Makes the table `t` of the rows; its columns are called c0, c1, …, then `pick` and `part`."""
    types = [VALUES[k][1] for k in kinds(function)]
    columns = ", ".join(f"c{i} {t}" for i, t in enumerate(types))
    connection.execute(f"CREATE OR REPLACE TABLE t ({columns}, pick INTEGER, part VARCHAR)")
    if rows:
        row = f"({', '.join('?' * len(rows[0]))})"
        connection.execute(f"INSERT INTO t VALUES {', '.join([row] * len(rows))}", [v for r in rows for v in r])


def meant(function: Function, rows: list[tuple[Any, ...]], share: float | None) -> Any:
    """The reference's answer for these rows."""
    width = len(kinds(function))
    columns = [[r[i] for r in rows] for i in range(width)]
    if function.name == "columns":
        columns += [[r[-2] for r in rows], [r[-1] for r in rows]]  # the two that every table here has
    if function.name == "freshness":
        return function.reference(*columns, datetime.now(timezone.utc).replace(tzinfo=None))
    return function.reference(*columns) if share is None else function.reference(*columns, share)


def agree(function: Function, measured: Any, expected: Any) -> bool:
    if measured is None or expected is None or math.isnan(measured):
        return expected is None and (measured is None or math.isnan(measured))  # a guard takes neither for a value
    tolerance = 10 if function.name == "freshness" else 1e-9  # seconds: the clock goes on between the two
    return math.isclose(measured, expected, rel_tol=1e-9, abs_tol=tolerance)


@pytest.mark.parametrize("function", MEASURED, ids=lambda f: f.name)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(data=st.data())
def test_the_sql_is_what_the_reference_says(
    function: Function, connection: duckdb.DuckDBPyConnection, data: st.DataObject
) -> None:
    rows = data.draw(tables(function))
    share = data.draw(st.sampled_from(SHARES)) if any(a.type == "share" for a in function.arguments) else None
    columns = tuple(f"c{i}" for i in range(len(kinds(function)))) if function.arguments else ()
    asked, picked = Asked(columns, share=share), Asked(columns, exp.column("pick") > 0, share)
    fill(connection, function, rows)

    def ask(sql: str) -> list[tuple[Any, ...]]:
        return connection.execute(sql.replace("{subject}", "t")).fetchall()

    # As in a guard, `count(*)` beside it makes one row of a query of its own, such as that of auc.
    [(value, _)] = ask(f"SELECT {function.sql.value(asked)}, count(*) FROM t AS subject")
    assert agree(function, value, meant(function, rows, share))

    some = [r for r in rows if r[-2] is not None and r[-2] > 0]
    [(value, _)] = ask(f"SELECT {function.sql.value(picked)}, count(*) FROM t AS subject")
    assert agree(function, value, meant(function, some, share))

    groupings = Groupings()
    listed = groupings.slices(function.sql, asked, "part")
    [(found,)] = ask("\n".join([*groupings.lines(), f"SELECT {listed}"]))
    slices = {each["slice"]: (each["rows"], each["value"]) for each in found or []}
    for name, (count, value) in slices.items():
        part = [r for r in rows if r[-1] == name]
        assert count <= len(part)
        assert agree(function, value, meant(function, part, share))
    # A slice of which nothing is known may be missing; one with a value may not.
    for name in {r[-1] for r in rows} - set(slices):
        assert meant(function, [r for r in rows if r[-1] == name], share) is None


def test_every_function_with_sql_has_a_reference() -> None:
    assert [f.name for f in MEASURED if f.reference is None] == []
    assert len(MEASURED) >= 23


def test_the_unit_of_a_measure() -> None:
    units = {name: FUNCTIONS[name].unit for name in ("rows", "nulls", "unique", "min", "freshness", "size", "auc")}
    assert units == {
        "rows": "number",
        "nulls": "percent",
        "unique": "number",
        "min": "number",
        "freshness": "duration",
        "size": "size",
        "auc": "number",
    }
