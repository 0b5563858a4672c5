"""`invariant` and `monotonic`: what a user sees, and that the SQL is the plain Python of the registry."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.functions import FUNCTIONS, Asked

from .conftest import Project
from .specs import value_of, verdict_of

duckdb = pytest.importorskip("duckdb")

CASES = """case,tail,delay,p
a,N1,0,0.34
a,N2,0,0.35
b,N1,0,0.30
b,N2,0,0.52
b,N3,0,0.41
c,N1,0,0.9
d,,0,
d,N2,0,0.1
,N1,0,0.7
,N2,0,0.1
"""


def test_the_share_of_cases_that_do_not_move_and_those_that_do(project: Project) -> None:
    project.write("data.csv", CASES)
    record = verdict_of(project, "invariant(p, case: case, within: 0.01) >= 98%")
    rule = record["rules"][0]
    assert (record["verdict"], rule["outcome"], value_of(record)) == ("blocked", "blocked", 0.5)
    assert rule["cases"] == {"judged": 2, "failed": 1, "left_out": 2, "named": ["c", "d"]}
    assert rule["sample"] == [{"case": "b", "rows": 3, "lowest": 0.3, "highest": 0.52}]


def test_without_a_tolerance_anything_can_be_compared(project: Project) -> None:
    project.write("data.csv", "case,answer,on\na,late,2013-01-01\na,late,2013-01-01\nb,late,2013-01-01\nb,early,\n")
    record = verdict_of(project, "invariant(answer, case: case) >= 40%\ninvariant(on, case: case) >= 100%")
    assert record["verdict"] == "passed"
    assert [value_of(record, i) for i in range(2)] == [0.5, 1]


FALLS = """case,delay,p
a,0,0.1
a,30,0.2
a,60,0.2
b,0,0.1
b,30,0.4
b,60,0.2
b,90,0.3
c,10,0.5
c,10,0.1
d,0,0.3
d,5,
d,,0.1
e,1,0.9
e,2,0.1
"""


def test_the_place_where_a_prediction_turns_is_shown(project: Project) -> None:
    project.write("data.csv", FALLS)
    record = verdict_of(
        project,
        """monotonic(p, delay, case: case) >= 95%
        monotonic(p, delay, case: case, within: 0.2) >= 50%
        monotonic(p, delay, case: case, direction: falling) >= 95%
        monotonic(p, delay, case: case) >= 100% where delay <= 30 and case != "e" """,
    )
    rising, slack, falling, some = record["rules"]
    assert [value_of(record, i) for i in range(4)] == [1 / 3, 2 / 3, 1 / 3, 1]
    assert rising["cases"] == {"judged": 3, "failed": 2, "left_out": 2, "named": ["c", "d"]}
    assert rising["sample"] == [
        {"case": "b", "delay": 60, "p": 0.2, "before": 0.4},
        {"case": "e", "delay": 2, "p": 0.1, "before": 0.9},
    ]
    assert (slack["outcome"], some["outcome"]) == ("passed", "passed")
    assert [(r["case"], r["delay"], r["before"]) for r in falling["sample"]] == [("a", 30, 0.1), ("b", 30, 0.1)]


@pytest.mark.parametrize("rule", ["invariant(p, case: case) >= 1%", "monotonic(p, delay, case: case) >= 1%"])
@pytest.mark.parametrize(
    ("csv", "message"),
    [
        ("case,delay,p\na,1,0.5\nb,1,0.5\n", "has no value: no case has two rows to compare"),
        ("case,delay,p\n,1,0.5\n,2,0.5\n", "has no value: no case has two rows to compare"),
        ("case,delay,p\n", "has no value: no case has two rows to compare"),
        ("case,delay,p\na,1,nan\na,2,0.4\n", "has no value: one of the predictions is not a number (NaN)"),
    ],
)
def test_what_cannot_be_judged_is_an_error_and_no_pass(project: Project, rule: str, csv: str, message: str) -> None:
    project.write("data.csv", csv)
    record = verdict_of(project, rule)
    assert record["verdict"] == "error"
    assert message in record["reason"]


# Multiples of an eighth: sums and differences are exact, so that SQL and Python cannot differ by rounding.
numbers = st.none() | st.integers(0, 6).map(lambda n: n / 8)
rows_of_cases = st.lists(st.tuples(st.none() | st.sampled_from("abcd"), numbers, numbers), max_size=14)


@settings(max_examples=150, deadline=None)
@given(rows_of_cases, st.sampled_from((0, 0.125, 0.25)), st.sampled_from(("rising", "falling")))
def test_the_sql_is_what_the_reference_says(rows: list[tuple[Any, Any, Any]], within: float, direction: str) -> None:
    connection = duckdb.connect()
    connection.execute('CREATE TABLE t ("case" VARCHAR, "x y" DOUBLE, p DOUBLE)')
    if rows:
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
    cases, over, predicted = ([r[i] for r in rows] for i in range(3))
    invariant, monotonic = FUNCTIONS["invariant"], FUNCTIONS["monotonic"]
    named: dict[str, str | float] = {"case": "case", "within": within}
    asked = {
        invariant: (Asked(("p",), named=named), invariant.reference(predicted, cases, within)),
        monotonic: (
            Asked(("p", "x y"), named={**named, "direction": direction}),
            monotonic.reference(predicted, over, cases, direction, within),
        ),
    }
    for function, (call, expected) in asked.items():
        query = f"SELECT {function.sql.value(call)}, count(*) FROM {{subject}} AS subject".replace("{subject}", "t")
        [(found, _)] = connection.execute(query).fetchall()
        assert found["value"] == expected
        shown = connection.execute(function.shows(call).replace("{subject}", "t")).fetchall()
        assert len(shown) == found["failed"]
        names = {c for c in cases if c is not None}
        assert found["cases"] + found["left_out"] == len(names)
        assert {r[0] for r in shown} <= names
