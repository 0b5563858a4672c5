"""Guards pushed down into a real PostgreSQL, and the rows of a source in a file, once its guards have let them pass."""

from __future__ import annotations

import datetime
import importlib
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mlopsc.compiler.driver import analyse, compile_plan
from mlopsc.compiler.functions import FUNCTIONS
from mlopsc.compiler.lower.databases import IN_PLACE
from mlopsc.compiler.plan import nodes as n
from mlopsc.compiler.plan.document import plan_document
from mlopsc.runtime.events import RunOptions
from mlopsc.runtime.executor import run

from .postgres_server import MISSING, Server, programs, started

sys.path.insert(0, str(Path(__file__).parents[1]))
faults = importlib.import_module("runtime.test_planted_faults")
sys.path.pop(0)

SPEC = """mlops 1

pipeline p {{ owner = "ops@example.org" }}

version {{ code = off }}

source data {{
  {place}
  {schema}
}}

guard g on data {{
  {rules}
}}
{more}
"""
TYPES = {bool: "boolean", int: "integer", float: "double precision", str: "text"}
READ = 'stage read {\n  run = "cat {inputs.data}"\n  inputs = [data]\n  cache = off\n}'


@pytest.fixture(scope="module")
def server():
    if programs() is None:
        pytest.skip(MISSING)
    pytest.importorskip("psycopg", reason="engine missing: postgres (pip install 'psycopg[binary]')")
    with started() as running:
        yield running


def in_table(name: str = "data") -> str:
    return f'connection = secret("SHOP_DB")\n  dialect = postgres\n  table = {json.dumps(name, ensure_ascii=False)}'


class Shop:
    """A project beside the server: a spec is written, run, and its records are looked at."""

    def __init__(self, server: Server, root: Path) -> None:
        self.server, self.root, self.events = server, root, []
        self.result: Any = None

    def plan(self, rules: str, place: str | None = None, schema: str = "", more: str = ""):
        spec = self.root / "pipeline.mlops"
        spec.write_text(SPEC.format(place=place or in_table(), schema=schema, rules=rules, more=more))
        analysis = analyse(spec)
        wrong = [d.message for d in analysis.diagnostics if d.rule.code.startswith("E")]
        assert not wrong, wrong
        return compile_plan(analysis).plan

    def run(self, rules: str, uri: str | None = None, **spec: str) -> dict[str, dict[str, Any]]:
        """The records of a run, by node."""
        os.environ["SHOP_DB"] = uri or self.server.uri
        self.events = []
        document = plan_document(self.plan(rules, **spec))
        self.result = run(document, root=self.root, options=RunOptions(jobs=2), listener=self.events.append)
        return {r.id: dict(r.record or {}, state=r.state, reason=r.reason) for r in self.result.nodes}

    def said(self) -> str:
        """Everything that the run wrote down or told."""
        folder = self.root / ".mlops"
        files = [p for p in folder.rglob("*") if p.is_file() and "objects" not in p.parts]
        return "\n".join([*map(repr, self.events), *(p.read_text("utf-8", "replace") for p in files)])


@pytest.fixture
def shop(server, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_DB", server.uri)
    return Shop(server, tmp_path)


def put(server: Server, rows: list[dict[str, Any]], name: str = "data") -> None:
    found = {c: next((r[c] for r in rows if r.get(c) is not None), "") for c in rows[0]}
    types = {c: "timestamp" if c == "seen" else TYPES[type(value)] for c, value in found.items()}
    server.table(name, types, rows)


def numbers(rule: dict[str, Any]) -> list[float]:
    return [m["value"] for m in rule["measured"].values()]


def alike(a: Any, b: Any) -> bool:
    if isinstance(a, float | int) and isinstance(b, float | int):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) or (a != a and b != b)
    return a == b


# ------------------------------------------------------------------ one meaning


def stays(case) -> bool:
    """Whether the rule runs in a database: others want a file, and are refused."""
    words = set(re.findall(r"[a-z_0-9]+", case.rule))
    return not words & {
        "references",
        "expected",
        *(name for name, f in FUNCTIONS.items() if f.feature not in {None, *IN_PLACE}),
    }


@pytest.mark.parametrize("case", [*filter(stays, faults.CASES)], ids=lambda c: c.kind.strip("`"))
def test_a_planted_fault_is_caught_in_the_database_as_it_is_in_a_file(shop, case):
    for rows in (faults.clean(), case.plant(faults.clean())):
        put(shop.server, rows)
        faults.write(SimpleNamespace(write=lambda path, text: (shop.root / path).write_text(text)), rows)
        there = shop.run(case.rule)["g"]
        here = shop.run(case.rule, place='uri = "data.csv"')["g"]
        assert there["verdict"] == here["verdict"], (there["rules"], here["rules"])
        [a], [b] = there["rules"], here["rules"]
        assert (a["message"], [x["text"] for x in a["limits"]]) == (b["message"], [x["text"] for x in b["limits"]])
        tolerance = 60 if "freshness" in case.rule else 1e-9
        assert numbers(a) == pytest.approx(numbers(b), rel=1e-9, abs=tolerance)
        if "slices" not in case.kind:
            assert [r.get("id") for r in a["sample"]] == [r.get("id") for r in b["sample"]]


RULES = """
  rows >= 1
  columns >= 9
  nulls(x) <= 1%
  nulls(t) <= 1% where y > 0
  unique(n)
  unique(n, t)
  unique(n, x) where flag == true
  distinct(t) >= 1
  distinct(x) >= 1 where n > 0
  min(x) >= 0
  max(n) >= 0
  min(t) >= "b"
  max(t) >= "b" where n > 1
  min(day) >= "2000-01-01"
  mean(x) >= 0
  mean(n) >= 0 where t != "b"
  median(x) >= 0
  median(n) >= 0 where flag == true
  stddev(x) >= 0.5
  stddev(n) >= 0.5 where x > 0
  sum(n) >= 0
  sum(x) >= 0 where n between 0 and 5
  quantile(x, 0.3) >= 0
  quantile(n, 95%) >= 0 where n < 5
  correlation(x, y) >= 0
  accuracy(flag, guess) >= 0.5
  accuracy(n, m) >= 0.5 where x > 0
  precision(flag, guess) >= 0.5
  recall(flag, guess) >= 0.5
  f1(flag, guess) >= 0.5
  f1(flag, guess) >= 0.5 where n > 2
  auc(flag, x) >= 0.5
  auc(flag, score) >= 0.5 where n >= 0
  log_loss(flag, score) <= 1
  mae(x, y) <= 1
  rmse(x, y) <= 1
  r2(x, y) >= -100
  mean(x) by t >= 0
  nulls(x) by t <= 50%
  auc(flag, score) by t >= 0.1
  f1(flag, guess) by t >= 0.1 where n > 0
  distinct(n) by t >= 1
  max(x) by flag >= 0
  x between -1 and 1
  x / n <= 2
  n / m >= 1
  abs(x - y) <= 1
  (n + 1) * 2 >= m - 3
  -x < y
  n in [1, 2, 3]
  t in ["a", "B"]
  t matches "^[a-c]$"
  t matches "a|b"
  t matches "b\\\\b"
  t >= "b" for 90% of rows
  day >= "2013-01-02"
  moment >= "2013-01-01 00:00:00"
  flag == true
  not (x > 0 and n > 1)
  n <= 3 or t == "a"
"""
SCHEMA = """schema {
    x: float?, y: float?, n: int?, m: int?, t: string? matches "^[a-zA-Z]?", flag: bool?, guess: bool?
    score: float? in 0..1, day: date? in "2013-01-01".."2013-01-02", moment: timestamp?
  }"""
COLUMNS = {
    "x": "double precision", "y": "real", "n": "integer", "m": "smallint", "t": "text", "flag": "boolean",
    "guess": "boolean", "score": "numeric(6,3)", "day": "date", "moment": "timestamp",
}  # fmt: skip


def few(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "x": few(st.integers(-40, 40).map(lambda i: i / 8) | st.just(math.nan)),
            "y": few(st.integers(-40, 40).map(lambda i: i / 8)),
            "n": few(st.integers(-3, 9)),
            "m": few(st.integers(-3, 9)),
            "t": few(st.sampled_from(["a", "b", "B", "c", "ä", "", "a b", "it's", "b\n"])),
            "flag": few(st.booleans()),
            "guess": few(st.booleans()),
            "score": few(st.integers(0, 1000).map(lambda i: i / 1000)),
            "day": few(st.dates(datetime.date(2013, 1, 1), datetime.date(2013, 1, 3))),
            "moment": few(st.datetimes(datetime.datetime(2013, 1, 1), datetime.datetime(2013, 1, 3))),
        }
    ),
    max_size=12,
)


@pytest.mark.parametrize("schema", ["", SCHEMA], ids=["no schema", "schema"])
def test_every_rule_measures_what_duckdb_measures(server, tmp_path, schema):
    import duckdb
    from mlopsc.runtime.context import FailedNodeError
    from mlopsc.runtime.databases import _number as of_database
    from mlopsc.runtime.databases import filled
    from mlopsc.runtime.postgres import Postgres
    from mlopsc.runtime.tables import _number as of_file

    shop = Shop(server, tmp_path)
    (tmp_path / "data.parquet").touch()
    first, *others = RULES.strip().splitlines()
    # A guard a rule: one that cannot be measured does not hide the others.
    more = "\n".join(f"guard g{i} on data {{ {rule.strip()} }}" for i, rule in enumerate(others))
    there = shop.plan(first, schema=schema, more=more).of(n.Guard)
    here = shop.plan(first, place='uri = "data.parquet"', schema=schema, more=more).of(n.Guard)
    connection = duckdb.connect()
    declared = ", ".join(f"{n} {t}" for n, t in COLUMNS.items())
    values = ", ".join("?" for _ in COLUMNS)
    differ: dict[str, Any] = {}

    def asked(call, values):
        try:
            return {k: values(v) for k, v in call().items()}
        except (FailedNodeError, duckdb.Error):
            return "error"

    # Nothing is made smaller: that would be thousands of queries for a mistake that is plain already.
    few = settings(max_examples=20, deadline=None, derandomize=True, phases=(Phase.generate,), database=None)

    @settings(few, suppress_health_check=[*HealthCheck])
    @given(rows=ROWS)
    def same(rows):
        server.table("data", COLUMNS, rows)
        connection.execute(f"CREATE OR REPLACE TABLE data ({declared})")
        for row in rows:
            connection.execute(f"INSERT INTO data VALUES ({values})", [row[c] for c in COLUMNS])
        database = Postgres(server.uri, '"data"', shown="data", secret=None, timeout=None)
        try:
            for a, b in zip(there, here, strict=True):
                query, other = filled(a.query, database.relation), filled(b.query, "data")
                found = asked(lambda query=query: _one(database.rows(query)), of_database)
                expected = asked(lambda other=other: _one(_of(connection.execute(other))), of_file)
                if not _same(found, expected):
                    differ.setdefault(a.rules[0].text, (found, expected, a.query))
        finally:
            database.close()

    same()
    assert differ == {}


def _of(cursor):
    return [d[0] for d in cursor.description], cursor.fetchall()


def _one(found):
    names, rows = found
    return dict(zip(names, rows[0], strict=True)) if rows else dict.fromkeys(names)


def _same(a, b) -> bool:
    if "error" in (a, b):  # DuckDB refuses what has no value; here it may be NaN, which no rule passes either
        return a == b or (isinstance(a, dict) and all(_nothing(v) for v in a.values()))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        a, b = (sorted(x, key=lambda s: str(s["slice"])) for x in (a, b))
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    return (_nothing(a) and _nothing(b)) or alike(a, b)


def _nothing(value) -> bool:
    """No value: an error for every rule, be it a null or NaN (the correlation of one row)."""
    return value in (None, []) or value != value


def test_every_function_that_runs_in_a_database_is_among_the_rules():
    there = {name for name, f in FUNCTIONS.items() if f.feature is None or f.feature in IN_PLACE}
    asked = {*RULES.replace("(", " ").split(), "freshness"}  # an age is compared among the planted faults
    assert there <= asked


# ---------------------------------------------------------- rows that leave the database


def flights(rows: int = 20) -> list[dict[str, Any]]:
    start = datetime.datetime(2013, 1, 1)
    return [
        {"id": i, "origin": ("EWR", "JFK")[i % 2], "delay": i - 5, "late": i % 3 == 0,
         "seen": start + datetime.timedelta(hours=i)}
        for i in range(rows)
    ]  # fmt: skip


def test_a_stage_gets_the_rows_in_a_file_once_every_guard_has_passed(shop):
    put(shop.server, flights())
    found = shop.run("rows >= 20", more=READ)
    assert {name: r["state"] for name, r in found.items()} == dict.fromkeys(
        ("data", "g", "data_extract", "read"), "succeeded"
    )
    text = (shop.result.folder / "data_extract" / "data.csv").read_text()
    assert text.splitlines()[:3] == [
        "id,origin,delay,late,seen",
        "0,EWR,-5,true,2013-01-01 00:00:00",
        "1,JFK,-4,false,2013-01-01 01:00:00",
    ]
    assert text in (shop.result.folder / "read.log").read_text()
    first = found["data_extract"]["artifacts"]["data"]["digest"]
    assert shop.run("rows >= 20", more=READ)["data_extract"]["artifacts"]["data"]["digest"] == first


def test_nothing_leaves_the_database_when_a_guard_blocks(shop):
    put(shop.server, flights())
    found = shop.run("delay <= 3", more=READ)
    assert (found["g"]["verdict"], found["data_extract"]["state"], found["read"]["state"]) == (
        "blocked", "skipped", "skipped"
    )  # fmt: skip
    assert [r["delay"] for r in found["g"]["rules"][0]["sample"]] == [4, 5, 6, 7, 8]
    assert not (shop.result.folder / "data_extract").exists()


def test_a_source_that_only_guards_read_is_never_extracted(shop):
    put(shop.server, flights())
    assert set(shop.run("rows >= 20")) == {"data", "g"}


def test_rows_set_aside_go_to_a_side_file_and_the_others_to_the_stage(shop):
    put(shop.server, flights())
    more = f"guard after on data {{\n  max(delay) <= 10\n  rows == 16\n}}\n{READ}"
    found = shop.run("delay <= 10 else quarantine", more=more)
    assert found["g"]["verdict"] == "warned", found["g"]["reason"]
    assert found["after"]["verdict"] == "passed", found["after"]["rules"]
    assert (found["g"]["quarantined"]["rows"], found["g"]["quarantined"]["kept"]) == (4, 16)
    aside = (shop.root / ".mlops" / found["g"]["quarantined"]["file"]).read_text().splitlines()
    assert [line.split(",")[0] for line in aside] == ["id", "16", "17", "18", "19"]
    kept = (shop.result.folder / "data_extract" / "data.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in kept[1:]] == [str(i) for i in range(16)]


def test_every_row_set_aside_blocks(shop):
    put(shop.server, flights())
    found = shop.run("delay <= -10 else quarantine", more=READ)
    assert (found["g"]["verdict"], found["read"]["state"]) == ("blocked", "skipped")


def test_rows_that_came_after_the_guards_are_judged_before_they_leave(shop):
    put(shop.server, flights())
    from mlopsc.runtime import nodes

    real = nodes.extract

    def meanwhile(context, source):
        shop.server.execute("INSERT INTO data SELECT 99, 'EWR', 500, true, now()")
        return real(context, source)

    nodes.extract = meanwhile
    try:
        found = shop.run("delay <= 100", more=READ)
    finally:
        nodes.extract = real
    assert found["g"]["verdict"] == "passed"
    assert (found["data_extract"]["state"], found["read"]["state"]) == ("blocked", "skipped")
    assert found["data_extract"]["reason"] == "data has changed since g let it pass: delay <= 100"


def test_parquet_keeps_the_types_of_the_catalogue(shop):
    import duckdb

    shop.server.execute(
        "DROP TABLE IF EXISTS kinds",
        "CREATE TABLE kinds (a smallint, b numeric(10,2), c timestamptz, d date, e jsonb, f text, g bool, h real)",
        "INSERT INTO kinds VALUES (1, 2.50, '2013-01-01 10:00+02', '2013-01-02', '{\"k\": [1]}', '', true, 0.1)",
        "INSERT INTO kinds VALUES (null, null, null, null, null, null, null, null)",
    )
    found = shop.run("rows == 2", place=in_table("kinds") + "\n  format = parquet", more=READ)
    assert found["data_extract"]["state"] == "succeeded", found["data_extract"]["reason"]
    file = shop.result.folder / "data_extract" / "data.parquet"
    described = duckdb.sql(f"DESCRIBE SELECT * FROM '{file}'").fetchall()
    assert [(d[0], d[1]) for d in described] == [
        ("a", "SMALLINT"), ("b", "DECIMAL(10,2)"), ("c", "TIMESTAMP WITH TIME ZONE"), ("d", "DATE"), ("e", "JSON"),
        ("f", "VARCHAR"), ("g", "BOOLEAN"), ("h", "FLOAT"),
    ]  # fmt: skip
    rows = duckdb.sql(f"SELECT b::VARCHAR, f, g FROM '{file}'").fetchall()
    assert rows == [("2.50", "", True), (None, None, None)]


def test_equal_marks_are_not_extracted_twice_and_restore_what_was_made(shop):
    put(shop.server, flights())
    place = in_table() + "\n  version = column(id)"
    first = shop.run("rows >= 1", place=place, more=READ.replace("cache = off", ""))
    again = shop.run("rows >= 1", place=place, more=READ.replace("cache = off", ""))
    assert (first["read"]["state"], again["read"]["state"]) == ("succeeded", "restored")
    assert first["data"]["artifacts"]["data"]["mark"] == ["19", "1"]
    shop.server.execute("INSERT INTO data SELECT 20, 'EWR', 1, true, now()")
    third = shop.run("rows >= 1", place=place, more=READ.replace("cache = off", ""))
    assert third["read"]["state"] == "succeeded"


def test_a_high_water_mark_sees_rows_at_the_mark_and_asks_for_no_others(shop):
    put(shop.server, flights())
    place, read = in_table() + "\n  version = column(delay)", READ.replace("cache = off", "")
    ran = []
    for change in (
        "SELECT 1",
        "DELETE FROM data WHERE delay < 0",  # below the mark: not asked for
        "INSERT INTO data SELECT 20, 'EWR', 14, true, now()",  # as high as the highest
    ):
        shop.server.execute(change)
        ran.append(shop.run("rows >= 1", place=place, more=read)["read"]["state"])
    assert ran == ["succeeded", "restored", "succeeded"]
    shop.server.execute("CREATE INDEX ON data (delay)", "ANALYZE data")
    missing = shop.run("rows >= 1", place=in_table() + "\n  version = column(day)", more=read)
    assert missing["data"]["reason"] == 'data has no column "day"'


@pytest.mark.parametrize("kind", ["uuid", "text", "real", "smallint", "timestamptz", "date", "numeric(9,2)"])
def test_a_column_of_any_type_that_has_an_order_is_a_mark(shop, kind):
    values = {"uuid": "gen_random_uuid()", "text": "'ä'", "timestamptz": "now()", "date": "now()"}
    value = values.get(kind, "1")
    shop.server.execute("DROP TABLE IF EXISTS data", f"CREATE TABLE data AS SELECT {value}::{kind} AS mark")
    found = shop.run("rows == 1", place=in_table() + "\n  version = column(mark)", more=READ)
    assert found["data_extract"]["state"] == "succeeded", found


def test_a_plan_asks_for_the_mark_and_knows_what_is_restored(shop):
    put(shop.server, flights())
    place, read = in_table() + "\n  version = column(id)", READ.replace("cache = off", "")

    def foreseen():
        document = plan_document(shop.plan("rows >= 1", place=place, more=read))
        result = run(document, root=shop.root, options=RunOptions(dry_run=True))
        return {p.node: p.action for p in result.planned}["read"]

    assert foreseen() == "run"
    shop.run("rows >= 1", place=place, more=read)
    assert foreseen() == "restore"
    shop.server.execute("INSERT INTO data SELECT 20, 'EWR', 1, true, now()")
    assert foreseen() == "run"
    shop.run("rows >= 1", place=place, more=read)
    assert foreseen() == "restore"


def test_rows_that_change_while_they_are_read_are_never_mixed(shop):
    import threading

    import psycopg

    put(shop.server, [{"id": i, "amount": 100} for i in range(2000)])
    over = threading.Event()

    def moves():
        with psycopg.connect(shop.server.uri, autocommit=True) as connection:
            number = 0
            while not over.is_set():
                number += 1
                one, other = number % 2000, (number * 31 + 1) % 2000
                if one != other:
                    connection.execute(
                        "UPDATE data SET amount = amount + CASE WHEN id = %s THEN 7 ELSE -7 END WHERE id IN (%s, %s)",
                        [one, one, other],
                    )

    def totals():
        shop.run("sum(amount) == 200000\n  rows == 2000", more=READ)
        text = (shop.result.folder / "data_extract" / "data.csv").read_text().splitlines()[1:]
        return sum(int(line.split(",")[1]) for line in text), len({line.split(",")[0] for line in text})

    thread = threading.Thread(target=moves)
    thread.start()
    try:
        assert [totals() for _ in range(5)] == [(200000, 2000)] * 5
    finally:
        over.set()
        thread.join()


def test_a_table_with_a_primary_key_is_written_in_its_order(shop):
    put(shop.server, flights(5)[::-1])
    shop.server.execute("ALTER TABLE data ADD PRIMARY KEY (id)")
    shop.run("rows >= 1", more=READ)
    text = (shop.result.folder / "data_extract" / "data.csv").read_text()
    assert [line.split(",")[0] for line in text.splitlines()[1:]] == ["0", "1", "2", "3", "4"]


def test_a_query_is_a_source(shop):
    put(shop.server, flights())
    query = "SELECT origin, count(*) AS flights FROM data GROUP BY origin ORDER BY origin -- by airport"
    place = f'connection = secret("SHOP_DB")\n  dialect = postgres\n  query = {json.dumps(query)}'
    found = shop.run("rows == 2\n  flights >= 10", place=place, more=READ)
    assert found["g"]["verdict"] == "passed", found["g"]["rules"]
    assert (shop.result.folder / "data_extract" / "data.csv").read_text() == "origin,flights\nEWR,10\nJFK,10\n"


def test_a_schema_is_held_against_the_catalogue(shop):
    put(shop.server, flights())
    good = 'schema { id: int unique, origin: string in ["EWR", "JFK"], delay: float?, late: bool, seen: timestamp }'
    assert shop.run("rows >= 1", schema=good)["data_schema"]["verdict"] == "passed"
    bad = "schema { id: string, origin: int, delay: bool, late: float, seen: date unique }"
    rules = shop.run("rows >= 1", schema=bad)["data_schema"]["rules"]
    assert [r["text"] for r in rules if r["outcome"] == "blocked"] == [
        "no origin that is not int", "no delay that is not bool", "no late that is not float"
    ]  # fmt: skip
    missing = shop.run("rows >= 1", schema="schema { id: int, colour: string }")["data_schema"]
    assert (missing["verdict"], missing["reason"]) == ("error", 'data has no column "colour"')


# ------------------------------------------------------------------ what may go wrong


def test_names_and_texts_are_never_statements(shop):
    name = 'odd "table"; DROP TABLE data; --\n{subject} ünïcode'
    column = "it's; DROP TABLE data"
    put(shop.server, flights(3))
    put(shop.server, [{"id": 1, column: "x"}, {"id": 2, column: "'; DROP TABLE data; --"}], name.replace(".", ""))
    spec = '"' + name.replace('"', '""') + '"'
    rules = "\n  ".join(
        ['max(id) in [2]', 'not (id == 7)', 'nulls(id) == 0%', 'rows == 2',
         f"id > 0 else warn {json.dumps(chr(39) + '; DROP TABLE data; -- {subject}')}"]
    )  # fmt: skip
    found = shop.run(rules, place=in_table(spec), more=READ)
    assert found["g"]["verdict"] == "passed", found["g"]["rules"]
    assert (shop.result.folder / "data_extract" / "data.csv").read_text().splitlines()[0] == f"id,{column}"
    texts = ["'; DROP TABLE data; --", "{subject}", "\\", '"', "$$", "%s", "\n", "🛫", "--", "/*"]
    put(shop.server, [{"id": i, "t": text} for i, text in enumerate(texts)])
    listed = ", ".join(json.dumps(t, ensure_ascii=False) for t in texts)
    found = shop.run(f"t in [{listed}]\n  distinct(t) == {len(texts)}", place=in_table())
    assert found["g"]["verdict"] == "passed", found["g"]["rules"]
    assert shop.run("rows == 10")["g"]["verdict"] == "passed"


@pytest.mark.parametrize(
    ("uri", "table", "why"),
    [
        ("postgresql://admin@127.0.0.1:1/shop", "data", "127.0.0.1:1 cannot be reached: connection refused"),
        ("postgresql://admin@nowhere.invalid/shop", "data", "nowhere.invalid:5432 cannot be reached: no such host"),
        ("postgresql://locked:wr0ng-pa55@/shop?host={folder}", "data", "refused user locked or the password"),
        ("postgresql://guest@/shop?host={folder}", "data", "the database's user may not read data: permission denied"),
        ("postgresql://admin@/nothing?host={folder}", "data", 'database "nothing" does not exist'),
        ("postgresql://admin@/shop?host={folder}", "absent", "the database has no table absent"),
        ("postgresql://admin@/shop?host={folder}", "nowhere.absent", "the database has no table nowhere.absent"),
        ("wr0ng-pa55 at my host", "data", "the secret SHOP_DB is no connection to PostgreSQL"),
        ("postgresql+psycopg://admin@/shop?host={folder}", "data", None),
    ],
)  # fmt: skip
def test_what_keeps_a_database_from_being_read_is_one_sentence(shop, uri, table, why):
    put(shop.server, flights(3))
    found = shop.run("rows >= 1", uri.replace("{folder}", str(shop.server.folder)), place=in_table(table))
    if why is None:
        assert found["data"]["state"] == "succeeded", found["data"]["reason"]
    else:
        assert found["data"]["state"] == "failed"
        assert why in found["data"]["reason"]
        assert "\n" not in found["data"]["reason"]
    assert "wr0ng-pa55" not in shop.said()


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("nulls(colour) == 0%", 'data has no column "colour"'),
        ("mean(origin) >= 0", "a column of data is of another type than the rule wants"),
        ("late == 1", "a column of data is of another type than the rule wants"),
        ("f1(delay, late) >= 0.1", "f1 wants truths and predictions of true and false, or 1 and 0"),
        ("log_loss(late, delay) <= 1", "log_loss wants probabilities from 0 to 1"),
        ("auc(delay, delay) >= 0.1", "auc wants truths of true and false, or 1 and 0"),
    ],
)
def test_what_cannot_be_measured_is_an_error_in_plain_words(shop, rule, why):
    put(shop.server, flights())
    found = shop.run(rule, more=READ)
    assert (found["g"]["verdict"], found["read"]["state"]) == ("error", "skipped")
    assert why in found["g"]["reason"]


def test_a_secret_that_is_not_set_is_said_before_anything_runs(shop, monkeypatch):
    document = plan_document(shop.plan("rows >= 1"))
    monkeypatch.delenv("SHOP_DB")
    result = run(document, root=shop.root, options=RunOptions())
    assert [p.message for p in result.problems] == ["the secret SHOP_DB is not set in the environment"]


def test_a_timeout_ends_a_query(shop):
    place = 'connection = secret("SHOP_DB")\n  dialect = postgres\n  query = "SELECT pg_sleep(5)"\n  timeout = 1s'
    found = shop.run("rows >= 1", place=place)
    assert found["g"]["reason"] == "a query on the query of data took longer than its timeout"


def test_a_run_that_is_ended_ends_its_query(shop):
    import threading
    import time

    from mlopsc.runtime.children import Children, InterruptedRunError
    from mlopsc.runtime.databases import DatabaseTable

    children = Children()
    source = {"id": "data", "dialect": "postgres", "connection": shop.server.uri, "query": "SELECT 1 AS a"}
    table = DatabaseTable(SimpleNamespace(environ={}, children=children), source)
    threading.Timer(0.3, children.end_all).start()
    begun = time.monotonic()
    with pytest.raises(InterruptedRunError):
        table.measure("SELECT count(pg_sleep(20)) AS m0 FROM {subject} AS subject")
    assert time.monotonic() - begun < 10
    table.close()


def test_the_connection_stands_in_no_file_and_no_log(shop):
    put(shop.server, flights(3))
    shop.server.execute("GRANT SELECT ON data TO locked")
    uri = f"postgresql://locked:open%20sesame@/shop?host={shop.server.folder}"
    more = READ.replace("cat {inputs.data}", "python show.py {inputs.data}")
    (shop.root / "show.py").write_text("import os\nprint('the url is', os.environ['SHOP_DB'])\n")
    found = shop.run("rows >= 1", uri, more=more)
    assert found["read"]["state"] == "succeeded", found["data"]["reason"]
    assert "the url is ***" in shop.said()
    assert "sesame" not in shop.said()


def test_texts_are_in_the_order_of_their_bytes_whatever_the_language(shop):
    put(shop.server, [{"id": i, "t": t} for i, t in enumerate(["a", "B", "ä", "Z"])])
    found = shop.run('min(t) == "B"\n  max(t) == "ä"\n  t >= "B"')
    assert found["g"]["verdict"] == "passed", found["g"]["rules"]


# ------------------------------------------------------------------ the commands


def mlopsc(shop, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("mlopsc")), *words]
    environ = {**os.environ, "SHOP_DB": shop.server.uri}
    return subprocess.run(command, cwd=shop.root, env=environ, capture_output=True, text=True, check=False)


def test_a_schema_and_a_guard_are_written_by_looking_at_the_table(shop):
    put(shop.server, [{**row, "delay": None if row["id"] == 3 else row["delay"]} for row in flights(40)])
    shop.plan("rows >= 1")
    assert mlopsc(shop, "schema", "data").stdout.split() == (
        ["schema", "{", "id:", "int", "origin:", "string", "delay:", "int?", "late:", "bool", "seen:", "timestamp", "}"]
    )
    suggested = mlopsc(shop, "guards", "suggest", "data").stdout
    assert 'origin in ["EWR", "JFK"]' in suggested
    rules = suggested.partition("{")[2].rpartition("}")[0]
    assert shop.run(rules)["g"]["verdict"] == "passed"


def test_what_is_built_for_this_machine_runs_by_itself(shop):
    put(shop.server, flights(80))
    shop.plan("rows >= 1\n  mean(delay) by origin <= 100", more=READ)
    built = mlopsc(shop, "build", "--target", "local", "--output", "out")
    assert built.returncode == 0, built.stderr
    out = shop.root / "out" / "local"
    assert "psycopg" in (out / "README.md").read_text()
    assert "FROM " in (out / "guards" / "g.sql").read_text()
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"SHOP_DB": shop.server.uri}
    done = subprocess.run(
        [sys.executable, str(out / "p.py"), "--root", "."],
        cwd=shop.root,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [p.read_text().splitlines()[1] for p in shop.root.rglob("data.csv")] == ["0,EWR,-5,true,2013-01-01 00:00:00"]
