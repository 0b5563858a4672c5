"""`else quarantine`: the rows that break a rule are set aside, and everyone after gets the others, unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .conftest import Project
from .specs import plan_of

duckdb = pytest.importorskip("duckdb")

COPY = """
stage copy {
  run     = "cp {{inputs.data}} {{outputs.out}}"
  inputs  = [data]
  outputs {{ out: file = "out.txt" }}
}
""".replace("{{", "{").replace("}}", "}")


def run(project: Project, rules: str, file: str = "data.csv", more: str = COPY) -> tuple[dict[str, Any], Path]:
    result = project.run(plan_of(project, rules, file, more))
    assert not result.problems, result.problems
    assert result.folder is not None
    return {r.id: r.record for r in result.nodes}, result.folder


CSV = 'id;code;delay\n1;007;5\n2;"a;b";999\n3;;-1\n4;008;\n'


def test_the_rows_that_break_the_rule_lie_aside_and_the_others_go_on_as_they_are(project: Project) -> None:
    project.write("data.csv", CSV)
    records, folder = run(project, "delay between 0 and 60 else quarantine")
    guard = records["g"]
    assert (guard["verdict"], records["copy"]["state"]) == ("warned", "succeeded")
    assert {k: guard["quarantined"][k] for k in ("rows", "kept")} == {"rows": 2, "kept": 2}
    assert (folder / "g/quarantined.csv").read_text() == 'id;code;delay\n2;"a;b";999\n3;;-1\n'
    assert (folder / "copy/out.txt").read_text() == "id;code;delay\n1;007;5\n4;008;\n"
    assert [r["id"] for r in guard["rules"][0]["sample"]] == [2, 3]
    assert "2 rows set aside" in (folder / "report.html").read_text("utf-8")


def test_nothing_is_written_when_every_row_holds_and_the_result_is_the_same(project: Project) -> None:
    project.write("data.csv", CSV)
    first, _ = run(project, "rows >= 1")
    records, folder = run(project, "delay between -10 and 1_000 else quarantine")
    assert records["g"]["verdict"] == "passed" and "artifacts" not in records["g"]
    assert not (folder / "g").exists()
    assert records["copy"]["state"] == "restored" and records["copy"]["key"] == first["copy"]["key"]


def test_a_rule_that_blocks_stops_the_rows_that_hold_too(project: Project) -> None:
    project.write("data.csv", CSV)
    records, folder = run(project, "delay between 0 and 60 else quarantine\nrows >= 100")
    assert (records["g"]["verdict"], records["copy"]["state"]) == ("blocked", "skipped")
    assert not (folder / "g").exists()


def test_an_empty_table_does_not_go_on(project: Project) -> None:
    project.write("data.csv", "delay\n999\n-5\n")
    records, _ = run(project, "delay between 0 and 60 else quarantine")
    assert (records["g"]["verdict"], records["copy"]["state"]) == ("blocked", "skipped")
    assert "nothing would go on" in records["g"]["rules"][0]["message"]


def test_guards_on_one_subject_follow_each_other(project: Project) -> None:
    project.write("data.csv", CSV)
    more = "\nguard h on data {\n  id != 4 else quarantine\n  rows == 2\n}\n" + COPY
    records, folder = run(project, "delay between 0 and 60 else quarantine", more=more)
    assert records["h"]["rules"][1]["outcome"] == "passed"
    assert (folder / "h/quarantined.csv").read_text() == "id;code;delay\n4;008;\n"
    assert (folder / "copy/out.txt").read_text() == "id;code;delay\n1;007;5\n"


def test_what_goes_on_is_part_of_the_key(project: Project) -> None:
    project.write("data.csv", CSV)
    first, _ = run(project, "delay between 0 and 60 else quarantine")
    again, _ = run(project, "delay between 0 and 60 else quarantine")
    other, folder = run(project, "delay between -1 and 60 else quarantine")
    assert again["copy"]["state"] == "restored"
    assert other["copy"]["key"] != first["copy"]["key"]
    assert (folder / "copy/out.txt").read_text() == "id;code;delay\n1;007;5\n3;;-1\n4;008;\n"


def test_json_lines_keep_their_text(project: Project) -> None:
    lines = ['{"id": 1, "delay": 5.0}', '{"delay":99, "id":2}', '{"id": 3, "more": {"a": [1]}}']
    project.write("data.jsonl", "\n".join(lines) + "\n")
    records, folder = run(project, "delay <= 60 else quarantine", "data.jsonl")
    assert records["g"]["verdict"] == "warned"
    assert (folder / "g/quarantined.jsonl").read_text().splitlines() == [lines[1]]
    assert (folder / "copy/out.txt").read_text().splitlines() == [lines[0], lines[2]]


def test_large_tables_and_many_files_keep_their_order(project: Project) -> None:
    for part in (1, 2):
        query = (
            f"SELECT range AS id, (range * 7919) % 1000 AS x FROM range({part * 200_000 - 200_000}, {part * 200_000})"
        )
        for kind in ("parquet", "csv"):
            duckdb.sql(f"COPY ({query}) TO '{project.root}/part{part}.{kind}'")
    for kind in ("parquet", "csv"):
        records, folder = run(project, "x < 999 else quarantine", f"part*.{kind}", more="")
        assert (records["g"]["quarantined"]["rows"], records["g"]["quarantined"]["kept"]) == (400, 399_600)
        for path, where in ((f"kept/rows.{kind}", "x < 999"), (f"quarantined.{kind}", "x = 999")):
            table = f"'{folder}/g/{path}'"
            ids = duckdb.sql(f"SELECT id, x FROM {table}").fetchall()
            assert ids == sorted(ids)
            assert duckdb.sql(f"SELECT count(*) FROM {table} WHERE NOT ({where})").fetchone() == (0,)


def test_a_part_of_a_run_is_guarded_on_what_it_reads(project: Project) -> None:
    rules = "rows <= 4\ndelay between 0 and 60 else quarantine"
    project.write("data.csv", CSV)
    plan = plan_of(project, rules, more=COPY)
    project.run(plan)
    again = project.states(plan, only=("copy",))
    assert again == {"data": "succeeded", "g": "warned", "copy": "restored"}
    project.write("data.csv", CSV + "5;;5\n")
    assert project.states(plan, only=("copy",)) == {"data": "succeeded", "g": "blocked", "copy": "skipped"}
    project.write("data.csv", "id;code;delay\n1;007;5\n")
    assert project.states(plan, only=("copy",)) == {"data": "succeeded", "g": "passed", "copy": "succeeded"}


def test_a_plan_says_that_a_guard_may_set_rows_aside_where_only_a_run_can_tell(project: Project) -> None:
    project.write("data.csv", CSV)
    more = f"guard h on data {{ rows <= 4 }}{COPY}"
    plan = plan_of(project, "delay between -10 and 1_000 else quarantine", more=more)
    assert project.run(plan).state == "succeeded"
    project.write("data.csv", CSV + "5;010;7\n")
    assert project.run(plan).state == "blocked"  # after g has judged the other rows
    project.write("data.csv", CSV)
    (copy,) = [found for found in project.run(plan, dry_run=True).planned if found.node == "copy"]
    assert copy.action == "may_run"
    assert [c.text for c in copy.causes] == ["only a run can tell what of data goes on: 'g' may set rows aside"]
    assert {r.id: r.state for r in project.run(plan).nodes}["copy"] == "restored"
