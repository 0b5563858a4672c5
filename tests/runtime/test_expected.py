"""`expected FILE key K`: what agrees with a golden file, what does not, and what cannot be compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.lower.expected import compared
from mlopsc.compiler.semantics.golden import read_golden

from .conftest import Project
from .specs import plan_of, value_of, verdict_of

duckdb = pytest.importorskip("duckdb")

GOLDEN = "flight_id,p_late,late,origin,at\n1,0.35,true,EWR,2013-01-01 05:00:00\n2,,False,JFK,\n3,0.5,true,,\n"
ROWS = (
    "flight_id,p_late,late,origin,at,other\n"
    "9,0.1,false,LGA,,x\n3,0.5,true,,,x\n2,,false,JFK,,x\n1,0.40,true,EWR,2013-01-01T05:00,x\n"
)


def test_numbers_within_a_distance_and_everything_else_as_it_is(project: Project) -> None:
    project.write("golden.csv", GOLDEN)
    project.write("data.csv", ROWS)
    record = verdict_of(project, 'expected "golden.csv" key flight_id within 0.05')
    assert record["verdict"] == "passed"
    assert record["rules"][0]["measured"] == {"cases as in golden.csv": {"value": 1.0, "text": "100%"}}
    assert record["rules"][0]["limits"] == [{"action": "block", "text": ">= 100%", "holds": True}]
    assert record["rules"][0]["cases"] == {"judged": 3, "failed": 0, "left_out": 0, "named": []}
    exact = verdict_of(project, 'expected "golden.csv" key flight_id for 60%\nexpected "golden.csv" key flight_id')
    assert [r["outcome"] for r in exact["rules"]] == ["passed", "blocked"]
    assert exact["rules"][1]["sample"] == [{"flight_id": "1", "column": "p_late", "expected": "0.35", "found": "0.4"}]


def test_each_difference_is_shown_and_a_missing_key_is_a_miss(project: Project) -> None:
    project.write("golden.csv", GOLDEN)
    project.write("data.csv", ROWS.replace("3,0.5,true,,", "4,0.5,true,,").replace("2,,false,JFK", "2,0.3,false,XXX"))
    record = verdict_of(project, 'expected "golden.csv" key flight_id within 0.05 for 98% else warn "look at them"')
    rule = record["rules"][0]
    assert (record["verdict"], record["reason"]) == ("warned", "look at them")
    assert rule["measured"]["cases as in golden.csv"]["text"] == "33.3333%"
    assert rule["sample"] == [
        {"flight_id": "2", "column": "p_late", "expected": None, "found": "0.3"},
        {"flight_id": "2", "column": "origin", "expected": "JFK", "found": "XXX"},
        {"flight_id": "3", "column": "the whole row", "expected": None, "found": None},
    ]


def test_a_key_of_the_file_that_stands_twice_in_the_table_is_an_error(project: Project) -> None:
    project.write("golden.csv", "a,b,p\n1,x,0.5\n2,x,0.5\n")
    project.write("data.csv", "a,b,p\n1,x,0.5\n2,x,0.5\n3,x,1\n3,x,1\n")
    assert verdict_of(project, 'expected "golden.csv" key (a, b)')["verdict"] == "passed"
    project.write("data.csv", "a,b,p\n1,x,0.5\n2,x,0.5\n1,x,0.5\n")
    record = verdict_of(project, 'expected "golden.csv" key (a, b) for 1%')
    assert record["verdict"] == "error"
    assert "a key of golden.csv stands twice in the table: 1, x" in record["reason"]


def test_a_column_that_the_table_lacks_is_an_error(project: Project) -> None:
    project.write("golden.csv", "id,p,q\n1,0.5,1\n")
    project.write("data.csv", "id,p\n1,0.5\n")
    assert verdict_of(project, 'expected "golden.csv" key id for 1%')["verdict"] == "error"


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "csv"])
def test_any_format_and_any_type_of_key(project: Project, suffix: str) -> None:
    """Codes with zeros, keys beyond what a double tells apart, keys that became fractions beside a null."""
    project.write("golden.csv", "code,great,part,p\n007,9007199254740993,1,0.5\n008,9007199254740995,2,1.5\n")
    select = (
        "SELECT * FROM (VALUES ('007', 9007199254740993, 1.0::DOUBLE, 0.5), ('008', 9007199254740994, 2.0, 1.5), "
        "('009', NULL, NULL, 3)) AS t(code, great, part, p)"
    )
    form = {"csv": "csv", "parquet": "parquet", "jsonl": "json"}[suffix]
    duckdb.execute(f"COPY ({select}) TO '{project.root}/data.{suffix}' (FORMAT {form})")
    record = verdict_of(project, 'expected "golden.csv" key part', f"data.{suffix}")
    assert [(r["column"], r["expected"], r["found"]) for r in record["rules"][0]["sample"]] == [
        ("great", "9007199254740995", "9007199254740994"),
    ]
    great = verdict_of(project, 'expected "golden.csv" key great for 50%', f"data.{suffix}")
    assert value_of(great) == 0.5


def test_the_file_travels_and_a_run_without_it_does_not_begin(project: Project) -> None:
    project.write("tests/golden.csv", "id,p\n1,0.5\n")
    project.write("data.csv", "id,p\n1,0.5\n")
    plan = plan_of(project, 'expected "tests/golden.csv" key id')
    assert [(f.path, f.text) for f in plan.project] == [("tests/golden.csv", "id,p\n1,0.5\n")]
    (project.root / "tests/golden.csv").unlink()
    problems = project.run(plan).problems
    assert [(p.node, p.message) for p in problems] == [("g", "there is no file tests/golden.csv")]


def test_quotes_line_ends_and_marks_are_read_as_python_reads_them(project: Project) -> None:
    golden = '\ufeffid,word\r\n1,"a, ""b"""\r\n\r\n2,\'x\'\r\n3,""\r\n4,"two\nlines"\r\n'
    (project.root / "golden.csv").write_bytes(golden.encode())
    rows = [(1, 'a, "b"'), (2, "'x'"), (3, None), (4, "two\nlines")]
    duckdb.execute("CREATE OR REPLACE TABLE words (id INT, word VARCHAR)")
    duckdb.executemany("INSERT INTO words VALUES (?, ?)", rows)
    duckdb.execute(f"COPY words TO '{project.root}/data.parquet'")
    record = verdict_of(project, 'expected "golden.csv" key id', "data.parquet")
    assert record["verdict"] == "passed", record["rules"][0]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("1", "-0.3", ".5", "1e3", "3."), "numbers"),
        (("007", "1"), "texts"),
        (("1e999",), "texts"),
        (("nan", "1"), "texts"),
        (("20130101",), "numbers"),
        (("2013-01-01", "2013-01-01 05:00", "2013-01-01T05:00:01.5"), "times"),
        (("2013-13-01",), "texts"),
        (("true", "False"), "true or false"),
        (("9007199254740993", "1"), "great whole numbers"),
        (("", ""), "nothing"),
    ],
)
def test_what_a_column_holds_follows_from_all_its_cells(values: tuple[str, ...], kind: str) -> None:
    golden = read_golden("id,c\n" + "".join(f"{i},{v}\n" for i, v in enumerate(values)))
    assert golden.holds("c") == kind


cells = st.none() | st.integers(-8, 8).map(lambda n: n / 8)
words = st.none() | st.sampled_from(("x", "y", "007"))


@settings(max_examples=120, deadline=None)
@given(
    st.dictionaries(st.integers(1, 6), st.tuples(cells, words), min_size=1, max_size=6),
    st.dictionaries(st.integers(1, 6), st.tuples(cells, words), max_size=6),
    st.sampled_from((0, 0.125, 0.5)),
)
def test_the_sql_is_what_plain_python_says(
    golden: dict[int, tuple[Any, Any]], rows: dict[int, tuple[Any, Any]], within: float
) -> None:
    lines = [f"{k},{'' if p is None else p},{w or ''}" for k, (p, w) in golden.items()]
    file = read_golden("\n".join(["id,p,w", *lines]) + "\n")
    connection = duckdb.connect()
    connection.execute("CREATE TABLE s (id INT, p DOUBLE, w VARCHAR)")
    connection.execute("CREATE TABLE o (id VARCHAR, p VARCHAR, w VARCHAR)")
    for table, found in (("s", rows), ("o", golden)):
        if found:
            values = [(k, p, w) for k, (p, w) in found.items()]
            connection.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", values)

    measured, sample = (
        text.replace("{subject}", "s").replace("{e}", "o") for text in compared(file, ("id",), "f.csv", "e", within, {})
    )
    found = connection.execute(f"SELECT {measured}, count(*) FROM s AS subject").fetchall()[0][0]
    differ = differences(golden, rows, within)
    assert (found["cases"], found["failed"]) == (len(golden), len({k for k, _ in differ}))
    shown = connection.execute(sample).fetchall()
    assert {(int(k), column) for k, column, _, _ in shown} == differ


def differences(golden: dict[int, Any], rows: dict[int, Any], within: float) -> set[tuple[int, str]]:
    """Keys of the file and the columns in which the table says something else."""
    found = {(k, "the whole row") for k in golden if k not in rows}
    for key in golden.keys() & rows.keys():
        for column, wanted, mine in zip(("p", "w"), golden[key], rows[key], strict=True):
            both = wanted is not None and mine is not None
            alike = abs(wanted - mine) <= within if both and column == "p" else wanted == mine
            found |= set() if alike else {(key, column)}
    return found


def test_the_files_of_the_repository_that_are_golden_can_be_read() -> None:
    for path in Path(__file__).parents[2].glob("examples/*/tests/*.csv"):
        assert read_golden(path.read_text("utf-8")).rows
