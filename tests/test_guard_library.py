"""The guards in examples/guards/: each passes on data as it should be, and stops what it is there to stop."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mlopsc.compiler.driver import analyse, compile_plan
from mlopsc.compiler.plan.document import plan_document
from mlopsc.runtime.policy import run_policy_tests
from mlopsc.tests.runtime.conftest import Project
from mlopsc.tests.runtime.test_planted_faults import Row, clean, csv, first, put, write, wrong_at_jfk

pytest.importorskip("duckdb")

LIBRARY = Path(__file__).parents[1] / "examples/guards"
HEAD = 'mlops 1\n\nimport "guards/{file}.mlops"\n\npipeline p {{ owner = "ops@example.org" }}\n\n'
DATA = HEAD + 'source data {{ uri = "data.csv" }}\nsource learnt {{ uri = "learnt.csv" }}\n\napply {applied} on data\n'


@dataclass(frozen=True)
class Case:
    applied: str
    plant: Callable[[list[Row]], list[Row]]
    outcome: str = "blocked"
    file: str = "tables"

    @property
    def template(self) -> str:
        return self.applied.partition("(")[0]


def everywhere(**values: Any) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: put(rows, lambda _: True, **values)


def few(count: int, **values: Any) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: put(rows, first(count), **values)


TABLES = (
    Case("complete(id, 200)", lambda rows: rows[:100]),
    Case("complete(id, 200)", lambda rows: [*rows, rows[3]]),
    Case("complete(id, 200)", few(1, id=None)),
    Case("fresh(seen, 10d)", everywhere(seen="2013-01-01T00:00:00")),
    Case("few_nulls(delay)", few(4, delay=None), "warned"),
    Case("few_nulls(delay)", few(40, delay=None)),
    Case("in_range(delay, -60, 1_500)", few(1, delay=9999)),
    Case("in_range_or_aside(delay, -60, 1_500)", few(1, delay=9999), "warned"),
    Case("in_range_or_aside(delay, -60, 1_500)", few(9, delay=9999)),
    Case('one_of(origin, ["EWR", "JFK"])', few(1, origin="XXX")),
    Case("varied(delay, 10)", everywhere(delay=3)),
)
PREDICTIONS = (
    Case("probabilities(id, score, 200)", few(1, score=1.01)),
    Case("probabilities(id, score, 200)", few(1, score=None)),
    Case("usual_rate(score, 0.4, 0.6)", everywhere(score=0.9)),
    Case("calibrated(late, score)", lambda rows: put(rows, lambda r: not r["late"], score=0.99)),
    Case("ranks(late, score)", lambda rows: [{**r, "score": 1 - r["score"]} for r in rows]),
    Case("beats_baseline(late, predicted, usual)", lambda rows: [{**r, "predicted": r["usual"]} for r in rows]),
    Case("fair(late, predicted, origin, 0.15)", wrong_at_jfk),
    Case("close_to(arrival, delay, 5)", lambda rows: [{**r, "delay": r["delay"] * 60} for r in rows]),
    Case("close_to(arrival, delay, 1_000)", everywhere(delay=-60)),
)
TRAINING = (
    Case("enough_of_both(late)", lambda rows: put(rows, lambda r: r["id"] > 50, late=False)),
    Case("enough_of_both(late)", everywhere(late=True)),
    Case('enough_of_both(origin, 20, ["EWR"], ["JFK"])', few(200, origin="EWR")),
    Case("apart_from(learnt, id)", lambda rows: put(rows, first(1), id=1007)),
    Case("no_giveaway(score, delay)", lambda rows: [{**r, "score": r["delay"] * 3} for r in rows]),
)
DRIFT = (
    Case("same_numbers(delay, learnt)", lambda rows: [{**r, "delay": r["delay"] + 10} for r in rows]),
    Case("same_categories(origin, learnt)", few(40, origin="LGA")),
)
CASES = [
    *TABLES,
    *(Case(c.applied, c.plant, c.outcome, "predictions") for c in PREDICTIONS),
    *(Case(c.applied, c.plant, c.outcome, "training") for c in TRAINING),
    *(Case(c.applied, c.plant, c.outcome, "drift") for c in DRIFT),
]


@pytest.fixture
def library(tmp_path: Path) -> Project:
    """A project with the library in it."""
    shutil.copytree(LIBRARY, tmp_path / "guards")
    return Project(tmp_path)


def rows() -> list[Row]:
    """Predictions with what one would say without a model beside them."""
    return [{**row, "usual": False} for row in clean()]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.applied}, {c.outcome}")
def test_a_template_passes_what_is_sound_and_stops_what_is_not(library: Project, case: Case) -> None:
    spec = library.write("p.mlops", DATA.format(file=case.file, applied=case.applied))
    verdicts = []
    for data in (rows(), case.plant(rows())):
        write(library, data)
        library.write("learnt.csv", csv([{**r, "id": r["id"] + 1000} for r in rows()]))
        result = library.run(compile_plan(analyse(spec)).plan)
        verdicts += [r.verdict for r in result.nodes if r.verdict]
    assert verdicts == ["passed", case.outcome]


NUMBERS = HEAD + (
    'stage t {{\n  run = "t {{outputs.m}} {{outputs.x}}"\n'
    '  outputs {{\n    m: metrics = "m.json"\n    x: model   = "x.bin"\n  }}\n}}\n\n'
    "apply {applied} on t.m\n\n"
    'deploy d {{\n  model = t.x\n  alias = "champion"\n}}\n\n'
    'test "sound" {{\n  given {sound}\n  expect {guard} passes\n}}\n\n'
    'test "first" {{\n  given t.m = {{ auc: 0.8, loss: 0.3, guessing: 0.7 }}\n  expect {guard} passes\n}}\n\n'
    'test "faulty" {{\n  given {faulty}\n  expect {guard} {verdict}\n}}\n'
)
METRICS = (
    ("at_least(auc, 0.75)", "t.m = { auc: 0.8 }", "t.m = { auc: 0.7 }", "blocks"),
    ("better_than_guessing(auc, guessing)", "t.m = { auc: 0.8, guessing: 0.7 }", "t.m = { auc: 0.7, guessing: 0.7 }",
     "blocks"),
    ("no_worse_than_champion(auc)", "t.m = { auc: 0.795 }\n  given champion.metrics = { auc: 0.8 }",
     "t.m = { auc: 0.78 }\n  given champion.metrics = { auc: 0.8 }", "blocks"),
    ("no_larger_than_champion(loss)", "t.m = { loss: 0.31 }\n  given champion.metrics = { loss: 0.3 }",
     "t.m = { loss: 0.32 }\n  given champion.metrics = { loss: 0.3 }", "blocks"),
    ("no_worse_than_previous(auc)", "t.m = { auc: 0.79 }\n  given previous.metrics = { auc: 0.8 }",
     "t.m = { auc: 0.7 }\n  given previous.metrics = { auc: 0.8 }", "warns"),
)  # fmt: skip


@pytest.mark.parametrize(("applied", "sound", "faulty", "verdict"), METRICS, ids=[m[0] for m in METRICS])
def test_a_template_of_metrics_decides(library: Project, applied: str, sound: str, faulty: str, verdict: str) -> None:
    guard = f"{applied.partition('(')[0]}_on_t_m"
    text = NUMBERS.format(file="metrics", applied=applied, sound=sound, faulty=faulty, verdict=verdict, guard=guard)
    analysis = analyse(library.write("p.mlops", text))
    assert [d.message for d in analysis.diagnostics if d.rule.code.startswith("E")] == []
    for result in run_policy_tests(plan_document(compile_plan(analysis).plan)):
        assert result.passed, (result.title, result.expectations)


def templates() -> dict[str, str]:
    """Each template with its doc comment."""
    texts = [file.read_text("utf-8") for file in sorted(LIBRARY.glob("*.mlops"))]
    return {name: doc for text in texts for doc, name in re.findall(r"((?:## .*\n)*)guard (\w+)", text)}


def test_every_template_is_told_and_tried() -> None:
    tried = {c.template for c in CASES} | {applied.partition("(")[0] for applied, *_ in METRICS}
    assert set(templates()) == tried
    assert [name for name, doc in templates().items() if not doc] == []
    page = (LIBRARY / "README.md").read_text("utf-8")
    assert [name for name in templates() if f"`{name}(" not in page] == []


def test_the_page_shows_a_spec_without_findings(library: Project) -> None:
    (spec,) = re.findall(r"```mlops\n(.*?)```", (LIBRARY / "README.md").read_text("utf-8"), re.DOTALL)
    library.write("train.py", "import sys\n")
    library.write("flights.parquet", "")
    analysis = analyse(library.write("p.mlops", spec))
    assert [d.message for d in analysis.diagnostics] == []
    results = run_policy_tests(plan_document(compile_plan(analysis).plan))
    assert results and all(r.passed for r in results)
