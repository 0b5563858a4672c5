"""`unique` over files takes a short way for keys that rise; it comes to the same as the long one."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.functions import Asked
from mlopsc.compiler.functions.aggregates import Different
from sqlglot import exp

UNIQUE = Different(repeated=True)
KEYS = {
    "BIGINT": st.integers(-3, 40),
    "DOUBLE": st.sampled_from([-1.0, 0.0, 0.5, 1.0, float("inf"), float("-inf"), float("nan")]),
    "VARCHAR": st.text("aAé", max_size=3),
}


def count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    [(found, _)] = connection.execute(f"SELECT {sql}, count(*) FROM t AS subject".replace("{subject}", "t")).fetchall()
    return int(found)


@pytest.mark.parametrize("kind", KEYS)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_both_ways_count_the_same(kind: str, data: st.DataObject) -> None:
    keys = data.draw(st.lists(st.none() | KEYS[kind], max_size=12))
    if data.draw(st.booleans()):
        keys = sorted({k for k in keys if k is not None})
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE t (this {kind}, pick INTEGER)")
    for i, key in enumerate(keys):
        connection.execute("INSERT INTO t VALUES (?, ?)", [key, i % 3])
    for where in (None, exp.column("pick") > 0):
        asked = Asked(("this",), where)
        assert count(connection, UNIQUE.in_files(asked)) == count(connection, UNIQUE.value(asked))


def test_keys_that_rise_are_not_grouped() -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE t AS SELECT i AS this FROM range(200_000) AS r(i)")
    sql = UNIQUE.in_files(Asked(("this",)))
    assert count(connection, sql) == 0
    connection.execute("INSERT INTO t VALUES (7)")
    assert count(connection, sql) == 1
