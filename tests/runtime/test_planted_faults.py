"""Every kind of rule on data with a planted fault and on its clean twin: the fault is caught, and the twin passes.

`docs/guards.md` has the table of this file's cases; a test keeps the two equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from .conftest import Project
from .specs import verdict_of

pytest.importorskip("duckdb")

PAGE = Path(__file__).parents[2] / "docs/guards.md"
Row = dict[str, Any]


def clean() -> list[Row]:
    """Two hundred flights from two airports, as they should be."""
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    return [
        {
            "id": i,
            "origin": ("EWR", "JFK")[i % 2],
            "delay": (i * 7) % 50 - 10,
            "arrival": (i * 7) % 50 - 8 + i % 3,
            "seen": (now - timedelta(hours=i + 1)).isoformat(timespec="seconds"),
            "late": i % 4 < 2,
            "predicted": i % 4 < 2 if i % 10 else i % 4 >= 2,
            "score": (0.8 if i % 4 < 2 else 0.2) + (i % 7) / 100,
        }
        for i in range(200)
    ]


def put(rows: list[Row], which: Callable[[Row], bool], **values: Any) -> list[Row]:
    return [{**r, **values} if which(r) else r for r in rows]


def first(n: int) -> Callable[[Row], bool]:
    return lambda r: r["id"] < n


def wrong_at_jfk(rows: list[Row]) -> list[Row]:
    return [{**r, "predicted": not r["late"]} if r["origin"] == "JFK" and r["id"] % 3 else r for r in rows]


@dataclass(frozen=True)
class Case:
    kind: str
    rule: str
    fault: str
    plant: Callable[[list[Row]], list[Row]]
    caught: str  # what the rule measured, or its message where it could not
    outcome: str = "blocked"
    rows: tuple[Any, ...] = ()  # ids (or slices) that are shown


FIVE = (0, 1, 2, 3, 4)  # no more rows are shown
CASES = (
    Case("`rows`", "rows >= 200", "half of the rows are missing", lambda r: r[:100], "100"),
    Case("`columns`", "columns == 8", "a column too many", lambda r: put(r, lambda _: True, extra=1), "9"),
    Case("`nulls`", "nulls(delay) <= 1%", "8 delays are empty",
         lambda r: put(r, first(8), delay=None), "4%", rows=FIVE),
    Case("bands", "nulls(delay) <= 1% warn, <= 5% block", "8 delays are empty",
         lambda r: put(r, first(8), delay=None), "4%", "warned", FIVE),
    Case("`unique`", "unique(id)", "a row twice", lambda r: [*r, r[7]], "1", rows=(7, 7)),
    Case("`distinct`", "distinct(origin) == 2", "an airport is missing",
         lambda r: put(r, lambda _: True, origin="EWR"), "1"),
    Case("`min`", "min(delay) >= -60", "a delay of -999", lambda r: put(r, first(1), delay=-999), "-999"),
    Case("`max`", "max(delay) <= 1500", "a delay of 9999", lambda r: put(r, first(1), delay=9999), "9_999"),
    Case("`mean`", "mean(delay) between 10 and 20", "delays in seconds",
         lambda r: [{**row, "delay": row["delay"] * 60} for row in r], "870"),
    Case("`median`", "median(delay) <= 20", "100 is added to each delay",
         lambda r: [{**row, "delay": row["delay"] + 100} for row in r], "114.5"),
    Case("`stddev`", "stddev(delay) > 5", "the column stands still", lambda r: put(r, lambda _: True, delay=3), "0"),
    Case("`sum`", "sum(delay) >= 1", "every delay is 0", lambda r: put(r, lambda _: True, delay=0), "0"),
    Case("`quantile`", "quantile(delay, 95%) <= 45", "a tenth of the delays is 90",
         lambda r: put(r, first(20), delay=90), "90"),
    Case("`freshness`", "freshness(seen) <= 2d", "the feed stopped in 2013",
         lambda r: put(r, lambda _: True, seen="2013-01-01T00:00:00"), ""),
    Case("`correlation`", "correlation(delay, arrival) >= 0.9", "the two columns no longer belong together",
         lambda r: [{**row, "arrival": row["id"] % 5} for row in r], "0.0489996"),
    Case("a range", "delay between -60 and 1500", "a delay of 9999",
         lambda r: put(r, first(1), delay=9999), "1", rows=(0,)),
    Case("a list", 'origin in ["EWR", "JFK"]', "an airport that is none",
         lambda r: put(r, first(1), origin="XXX"), "1", rows=(0,)),
    Case("a pattern", 'origin matches "^[A-Z]{3}$"', "an airport in lower case",
         lambda r: put(r, first(1), origin="ewr"), "1", rows=(0,)),
    Case("columns compared", "arrival >= delay - 30", "it arrived an hour before it left",
         lambda r: put(r, first(1), arrival=-90), "1", rows=(0,)),
    Case("`references`", "origin references airports.code", "an airport that is not in the list",
         lambda r: put(r, first(1), origin="XXX"), "1", rows=(0,)),
    Case("`overlap`", "overlap(learnt, id) <= 0%", "three flights that the model has learnt from",
         lambda r: [{**row, "id": row["id"] + 1000} if row["id"] < 3 else row for row in r], "1.5%",
         rows=(1000, 1001, 1002)),
    Case("`where`", 'delay <= 40 where origin == "JFK"', "a delay of 90 at JFK",
         lambda r: put(r, lambda x: x["id"] == 5, delay=90), "1", rows=(5,)),
    Case("`for` a share", "delay <= 60 for 99% of rows", "a tenth of the delays is 90",
         lambda r: put(r, first(20), delay=90), "20", rows=FIVE),
    Case("`else quarantine`", "delay <= 60 else quarantine", "a delay of 9999",
         lambda r: put(r, first(1), delay=9999), "1", "warned", (0,)),
    Case("`accuracy`", "accuracy(late, predicted) >= 0.85", "a fifth more predictions are wrong",
         lambda r: [{**row, "predicted": not row["late"]} if row["id"] % 5 == 1 else row for row in r], "0.7"),
    Case("`precision`", "precision(late, predicted) >= 0.85", "everything is predicted late",
         lambda r: put(r, lambda _: True, predicted=True), "0.5"),
    Case("`recall`", "recall(late, predicted) >= 0.85", "nothing is predicted late",
         lambda r: put(r, lambda _: True, predicted=False), "0"),
    Case("`f1`", "f1(late, predicted) >= 0.85", "everything is predicted late",
         lambda r: put(r, lambda _: True, predicted=True), "0.666667"),
    Case("`auc`", "auc(late, score) >= 0.9", "the scores are upside down",
         lambda r: [{**row, "score": 1 - row["score"]} for row in r], "0"),
    Case("`auc`, one class only", "auc(late, score) >= 0.9", "no flight is late",
         lambda r: put(r, lambda _: True, late=False), "it needs rows of both classes", "error"),
    Case("`log_loss`", "log_loss(late, score) <= 0.3", "a sure score for what did not happen",
         lambda r: put(r, lambda row: not row["late"], score=0.99), "2.3962"),
    Case("`mae`", "mae(arrival, delay) <= 5", "predictions in seconds",
         lambda r: [{**row, "delay": row["delay"] * 60} for row in r], ""),
    Case("`rmse`", "rmse(arrival, delay) <= 5", "one prediction is far off",
         lambda r: put(r, first(1), delay=9999), "70"),
    Case("`r2`", "r2(arrival, delay) >= 0.8", "the same prediction for all",
         lambda r: put(r, lambda _: True, delay=15), ""),
    Case("`expected`", 'expected "golden.csv" key id within 0.05 for 80%', "scores of another model",
         lambda r: [{**row, "score": 1 - row["score"]} for row in r], "0%", rows=("0", "2", "4", "6", "8")),
    Case("`expected`, a key twice", 'expected "golden.csv" key id within 0.05', "a row twice",
         lambda r: [*r, r[2]], "a key of golden.csv stands twice in the table: 2", "error"),
    Case("`invariant`", "invariant(score, case: origin, within: 0.7) >= 100%", "the airport moves the score",
         lambda r: put(r, lambda x: x["id"] == 1, score=0.01), "50%", rows=("JFK",)),
    Case("`invariant`, cases of one row", "invariant(score, case: origin, within: 0.7) >= 100%", "one row a case",
         lambda r: r[:2], "no case has two rows to compare", "error"),
    Case("`monotonic`", "monotonic(arrival, delay, case: origin, within: 2) >= 100%",
         "the latest to leave arrives first", lambda r: put(r, lambda x: x["id"] == 7, arrival=-90), "50%",
         rows=("JFK",)),
    Case("`by` slices", "accuracy(late, predicted) by origin >= 0.7", "the predictions for JFK are wrong", wrong_at_jfk,
         "(JFK)", rows=("JFK",)),
    Case("`by`, too few rows", "accuracy(late, predicted, min_support: 100) by origin >= 0.7", "40 rows a slice",
         lambda r: r[:80], "no slice by origin has 100 rows or more: the largest has 40", "error"),
    Case("`psi`", "psi(delay, against: training) <= 0.2", "10 is added to each delay",
         lambda r: [{**row, "delay": row["delay"] + 10} for row in r], "1.87598",
         rows=("-10 to -4.1", "43.1 to 49", "-4.1 to 1.8", "37.2 to 43.1")),
    Case("`ks`", "ks(delay, against: training) <= 0.1", "10 is added to each delay",
         lambda r: [{**row, "delay": row["delay"] + 10} for row in r], "0.2", rows=("up to -1",)),
    Case("`js`", "js(origin, against: training) <= 0.1", "flights from an airport that is new",
         lambda r: put(r, first(40), origin="LGA"), "0.273645", rows=("LGA", "EWR", "JFK")),
    Case("`chi2`", "chi2(origin, against: training) >= 0.001", "half of an airport's flights are another's",
         lambda r: put(r, lambda row: row["id"] % 4 == 1, origin="EWR"), "1.53746e-12", rows=("EWR", "JFK")),
    Case("`wasserstein`", "wasserstein(delay, against: training) <= 5", "delays in seconds",
         lambda r: [{**row, "delay": row["delay"] * 60} for row in r], "985.3",
         rows=("5%", "25%", "50%", "75%", "95%")),
    Case("`psi`, nothing to measure", "psi(delay, against: training) <= 0.2", "every delay is empty",
         lambda r: put(r, lambda _: True, delay=None), "its values are all nothing", "error"),
    Case("a check of your own", 'python("checks.py:worst", column: delay) <= 60', "a delay of 9999",
         lambda r: put(r, first(1), delay=9999), "9_999", rows=(0,)),
    Case("a check that breaks", 'python("checks.py:worst", column: delay) <= 60', "the column is called otherwise",
         lambda r: [{("late_by" if k == "delay" else k): v for k, v in row.items()} for row in r],
         "KeyError: 'delay'", "error"),
    Case("`size`", "size <= 30KiB", "a text of 40 000 letters", lambda r: put(r, first(1), origin="x" * 40_000), "KiB"),
)  # fmt: skip


CHECK = """
import csv

def worst(path, column):
    rows = list(csv.DictReader(path.open()))
    most = max(float(row[column]) for row in rows)
    return {"value": most, "sample": [{"id": int(r["id"])} for r in rows if float(r[column]) == most]}
"""

GOLDEN = [f"{r['id']},{r['score']:.2f},{r['late']}\n" for r in clean()[:10:2]]

OTHERS = """
source airports { uri = "airports.csv" }
source learnt   { uri = "learnt.csv" }
source training { uri = "training.csv" }
"""


def write(project: Project, rows: list[Row]) -> None:
    project.write("checks.py", CHECK)
    project.write("golden.csv", "id,score,late\n" + "".join(GOLDEN))
    project.write("airports.csv", "code\nEWR\nJFK\nLGA\n")
    project.write("learnt.csv", "id\n" + "".join(f"{1000 + i}\n" for i in range(200)))
    project.write("data.csv", csv(rows))
    project.write("training.csv", csv(clean()))


def csv(rows: list[Row]) -> str:
    columns = list(rows[0])
    lines = [",".join("" if r.get(c) is None else str(r.get(c)) for c in columns) for r in rows]
    return "\n".join([",".join(columns), *lines]) + "\n"


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.kind.replace("`", ""))
def test_the_fault_is_caught_and_its_clean_twin_passes(project: Project, case: Case) -> None:
    write(project, clean())
    twin = verdict_of(project, case.rule, more=OTHERS)
    assert twin["verdict"] == "passed", twin["rules"]
    write(project, case.plant(clean()))
    record = verdict_of(project, case.rule, more=OTHERS)
    rule = record["rules"][0]
    assert rule["outcome"] == record["verdict"] == case.outcome
    said = rule["message"] if case.outcome == "error" else next(iter(rule["measured"].values()))["text"]
    assert case.caught in said
    assert tuple(next(row[n] for n in NAMES if n in row) for row in rule["sample"]) == case.rows


NAMES = ("id", "values", "share of rows", "origin", "case", "flight_id")  # what tells the rows of a sample apart


def test_the_page_lists_the_cases() -> None:
    assert table() in PAGE.read_text("utf-8"), f"write it anew into {PAGE.name}:\n{table()}"


def table() -> str:
    lines = ["| kind of rule | planted fault | what caught it |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {c.kind} | {c.fault} | {_caught(c)} |" for c in CASES)]) + "\n"


def _caught(case: Case) -> str:
    what = case.rule.replace("|", "\\|")
    shown = {"error": f": error, {case.caught}", "warned": ": warned"}.get(case.outcome, ": blocked")
    rows = ", with its rows" if case.rows else ""
    if case.rows and isinstance(case.rows[0], str) and not case.rows[0].isdigit():
        kind = "case" if "case:" in case.rule else "slice"
        rows = ", with what moved" if "against" in case.rule else f", with the {kind} {case.rows[0]}"
    return f"`{what}`{shown}{rows}"
