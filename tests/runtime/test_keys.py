"""Guards that read a second table: keys that have to be there, and keys that must not be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlopsc.compiler.functions.keys import overlap

from .conftest import Project
from .specs import plan_of, value_of, verdict_of

duckdb = pytest.importorskip("duckdb")

CARRIERS = '\nsource carriers { uri = "carriers.csv" }\n'


def verdict(project: Project, rules: str) -> dict[str, Any]:
    return verdict_of(project, rules, more=CARRIERS)


def write(project: Project, rows: str, carriers: str = "code\nUA\nDL\n") -> None:
    project.write("data.csv", "id,carrier\n" + rows)
    project.write("carriers.csv", carriers)


def test_a_key_that_the_other_table_lacks_breaks_the_rule_and_a_null_does_not(project: Project) -> None:
    write(project, "1,UA\n2,XX\n3,\n4,DL\n5,YY\n")
    record = verdict(project, "carrier references carriers.code")
    assert (record["verdict"], value_of(record)) == ("blocked", 2)
    assert record["rules"][0]["sample"] == [{"id": 2, "carrier": "XX"}, {"id": 5, "carrier": "YY"}]
    write(project, "1,UA\n3,\n4,DL\n")
    assert verdict(project, "carrier references carriers.code")["verdict"] == "passed"


def test_nulls_in_the_other_table_are_no_keys(project: Project) -> None:
    write(project, "1,UA\n2,XX\n3,\n", "code,name\nUA,United\n,nobody\n")
    assert value_of(verdict(project, "carrier references carriers.code")) == 1


def test_another_table_without_rows_holds_no_key_and_overlaps_with_nothing_by_accident(project: Project) -> None:
    write(project, "1,UA\n2,\n", "carrier,code\n")
    assert value_of(verdict(project, "carrier references carriers.code")) == 1
    record = verdict(project, "overlap(carriers, carrier) <= 0%")
    assert record["verdict"] == "error"
    assert record["reason"] == "overlap(carriers, carrier) has no value: one of the two tables has no key"


def test_where_share_warn_and_quarantine_go_with_references(project: Project) -> None:
    write(project, "1,UA\n2,XX\n3,DL\n4,DL\n")
    for rule, outcome in (
        ("carrier references carriers.code where id != 2", "passed"),
        ("id < 3 where carrier references carriers.code", "blocked"),
        ("carrier references carriers.code for 75% of rows", "passed"),
        ("carrier references carriers.code for 76%", "blocked"),
        ('carrier references carriers.code or carrier == "XX"', "passed"),
        ("not (carrier references carriers.code) else warn", "warned"),
        ("carrier references carriers.code else warn", "warned"),
    ):
        assert verdict(project, rule)["verdict"] == outcome, rule
    record = verdict(project, "carrier references carriers.code else quarantine")
    assert (record["verdict"], record["quarantined"]["rows"]) == ("warned", 1)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_many_rows_are_parted_by_their_keys(project: Project, suffix: str) -> None:
    """Far more rows than DuckDB handles at once, on both sides: the text of each row stays with its key."""
    form = {"csv": "csv", "parquet": "parquet", "jsonl": "json"}[suffix]
    select = "SELECT i AS id, (i * 7919) % 200003 AS k, 'row ' || i AS t FROM range(30000) AS r(i)"
    duckdb.execute(f"COPY ({select}) TO '{project.root}/data.{suffix}' (FORMAT {form})")
    others = "SELECT (i * 3) % 200003 AS code FROM range(60000) AS r(i)"
    duckdb.execute(f"COPY ({others}) TO '{project.root}/carriers.csv'")
    plan = plan_of(project, "k references carriers.code else quarantine", f"data.{suffix}", CARRIERS)
    result = project.run(plan)
    record = next(r.record for r in result.nodes if r.id == "g")
    assert record is not None and result.folder is not None
    known = {(i * 3) % 200003 for i in range(60000)}
    broken = [i for i in range(30000) if (i * 7919) % 200003 not in known]
    side = result.folder / f"g/quarantined.{suffix}"
    reader = {"csv": "read_csv", "parquet": "read_parquet", "jsonl": "read_json"}[suffix]
    rows = duckdb.sql(f"SELECT id, t FROM {reader}('{side}')").fetchall()
    assert rows == [(i, f"row {i}") for i in broken]
    assert record["quarantined"]["kept"] == 30000 - len(broken)


def test_overlap_is_the_share_of_rows_whose_key_is_found(project: Project) -> None:
    project.write("data.csv", "id,day,side\n1,1,a\n1,2,a\n2,1,b\n3,,b\n,1,b\n")
    project.write("carriers.csv", "id,day\n1,2\n3,\n1,2\n9,1\n")
    record = verdict(
        project,
        """overlap(carriers, id) <= 0%
        overlap(carriers, id, day) <= 10% warn, <= 50% block
        overlap(carriers, id) == 100% where side == "a"
        overlap(carriers, id, min_support: 2) by side <= 50% else warn
        overlap(carriers, id) >= 90% else warn""",
    )
    rules = record["rules"]
    assert [r["outcome"] for r in rules] == ["blocked", "warned", "passed", "warned", "warned"]
    assert [value_of(record, i) for i in range(5)] == [0.75, 1 / 3, 1, 1, 0.75]
    assert rules[0]["sample"][0] == {"id": 1, "day": 1, "side": "a"}
    assert [r["id"] for r in rules[0]["sample"]] == [1, 1, 3]
    assert rules[1]["sample"] == [{"id": 1, "day": 2, "side": "a"}]
    assert [r["slice"] for r in rules[3]["slices"]["failed"]] == ["a"]
    assert [r["id"] for r in rules[4]["sample"]] == [2]  # where keys are wanted, the rows without are shown


def test_keys_of_different_types_are_an_error_and_no_pass(project: Project) -> None:
    project.write("data.csv", "carrier\n1\n2\n")
    project.write("carriers.csv", "carrier\nA\nB\n")
    assert verdict(project, "overlap(carriers, carrier) <= 0%")["verdict"] == "error"
    assert verdict(project, "carrier references carriers.carrier")["verdict"] == "error"
    assert verdict(project, "overlap(carriers, carrier, carrier) <= 0%")["verdict"] == "error"


def test_a_key_may_refer_to_its_own_table(project: Project) -> None:
    project.write("data.csv", "id,boss\n1,\n2,1\n3,4\n")
    record = verdict_of(project, "boss references data.id")
    assert [r["id"] for r in record["rules"][0]["sample"]] == [3]


def test_a_value_that_looks_like_the_name_of_a_table_stays_a_value(project: Project) -> None:
    write(project, "1,{carriers}\n2,{subject}\n", "code\n{carriers}\n{subject}\n")
    rules = """carrier references carriers.code
    carrier in ["{carriers}", "{subject}", "O'Hare"]
    rows >= 1"""
    record = verdict(project, rules)
    assert record["verdict"] == "passed"


STAGES = """
source carriers { uri = "carriers.csv" }

guard known on carriers { code != "XX" else quarantine }

stage part {
  foreach n in [1, 2]
  run     = "cp part{item.n}.csv {outputs.rows}"
  outputs { rows: table = "rows.csv" }
  cache   = off
}

guard no_leak on part.rows {
  carrier references carriers.code
}

guard whole on data {
  id references part.rows.id
}
"""


def test_a_guard_reads_what_the_guards_of_the_other_table_let_through(project: Project) -> None:
    """A source behind a quarantine, and all the copies of a stage's output, wherever they stand."""
    write(project, "1,UA\n7,UA\n9,XX\n", "code\nUA\nXX\n")
    project.write("part1.csv", "id,carrier\n1,UA\n2,XX\n")
    project.write("part2.csv", "id,carrier\n7,UA\n")
    plan = plan_of(project, "rows >= 1", more=STAGES)
    assert set(plan.waits_for("no_leak[0]")) == {"part[0]", "known"}
    assert set(plan.waits_for("whole")) == {"data", "no_leak[0]", "no_leak[1]"}
    assert project.states(plan) == {
        "data": "succeeded",
        "carriers": "succeeded",
        "g": "passed",
        "known": "warned",
        "part[0]": "succeeded",
        "part[1]": "succeeded",
        "no_leak[0]": "blocked",
        "no_leak[1]": "passed",
        "whole": "not_run",
    }
    project.write("part1.csv", "id,carrier\n1,UA\n")
    records = {r.id: r.record for r in project.run(plan).nodes}
    whole = records["whole"]
    assert whole is not None and whole["verdict"] == "blocked"
    assert whole["rules"][0]["sample"] == [{"id": 9, "carrier": "XX"}]


keys = st.one_of(st.none(), st.integers(0, 6))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(keys, keys), min_size=1, max_size=12), st.lists(st.tuples(keys, keys), max_size=8))
def test_the_sql_counts_what_plain_python_counts(
    tmp_path: Path, rows: list[tuple[Any, Any]], others: list[tuple[Any, Any]]
) -> None:
    connection = duckdb.connect()
    for name, given_rows in (("s", rows), ("o", others)):
        connection.execute(f"CREATE TABLE {name} (a BIGINT, b BIGINT)")
        if given_rows:
            connection.executemany(f"INSERT INTO {name} VALUES (?, ?)", given_rows)
    project = Project(tmp_path)
    project.write("data.csv", "a,b\n1,1\n")
    project.write("carriers.csv", "a,b\n1,1\n")
    plan = plan_of(
        project,
        "a references carriers.b\noverlap(carriers, a) <= 1%\noverlap(carriers, a, b) <= 1%",
        more=CARRIERS,
    )
    query = plan.node("g").query.replace("{subject}", "s").replace("{carriers}", "o")
    found = connection.execute(query).fetchone()
    assert found == (
        missing_keys([a for a, _ in rows], [b for _, b in others]),
        overlap([(a,) for a, _ in rows], [(a,) for a, _ in others]),
        overlap(rows, others),
    )


def missing_keys(keys: list[Any], others: list[Any]) -> int | None:
    """How many keys are not among the others. A null is no key; without any key there is nothing to count."""
    return (
        None
        if all(k is None for k in keys)
        else sum(k is not None and k not in {o for o in others if o is not None} for k in keys)
    )
