"""Policy tests decide what production would decide, from numbers alone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from mlopsc.compiler.driver import analyse, compile_plan
from mlopsc.compiler.plan.document import plan_document
from mlopsc.runtime.policy import PolicyResult, run_policy_tests

SPEC = """mlops 1

pipeline p {{ owner = "ops@example.org" }}

stage train {{
  run     = "echo"
  outputs {{ model: model = "model.json", metrics: metrics = "metrics.json" }}
}}

guard good_enough on train.metrics {{
  accuracy >= 0.8
  auc >= champion.auc - 0.01
  loss <= 1 else warn
}}

deploy production {{ model = train.model, alias = "champion" }}

test "it" {{
{lines}
}}
"""


def result_of(tmp_path: Path, *lines: str, spec: str = SPEC) -> PolicyResult:
    path = tmp_path / "p.mlops"
    path.write_text(spec.format(lines="\n".join(lines)), "utf-8")
    analysis = analyse(path)
    assert [d.message for d in analysis.diagnostics] == []
    (result,) = run_policy_tests(plan_document(compile_plan(analysis).plan))
    return result


def test_a_rule_that_fails_blocks_and_the_deploy_is_skipped(tmp_path: Path) -> None:
    given = "given train.metrics = { accuracy: 0.7, auc: 0.9, loss: 0.5 }"
    result = result_of(tmp_path, given, "expect good_enough blocks", "expect production skipped", "expect train runs")
    assert result.passed
    assert result.expectations[0].reasons == ("accuracy >= 0.8: accuracy is 0.7, wanted >= 0.8",)


def test_a_wrong_expectation_fails_and_says_what_happens(tmp_path: Path) -> None:
    given = "given train.metrics = { accuracy: 0.9, auc: 0.9, loss: 0.5 }"
    result = result_of(tmp_path, given, "expect good_enough blocks")
    assert not result.passed
    assert result.expectations[0].found == "passed"


def test_the_champion_counts_where_it_is_given(tmp_path: Path) -> None:
    given = "given train.metrics = { accuracy: 0.9, auc: 0.7, loss: 0.5 }"
    assert result_of(tmp_path, given, "expect good_enough passes").passed
    champion = "given champion.metrics = { auc: 0.79 }"
    assert result_of(tmp_path, given, champion, "expect good_enough blocks").passed


def test_a_warning_warns_and_the_deploy_goes_on(tmp_path: Path) -> None:
    given = "given train.metrics = { accuracy: 0.9, auc: 0.9, loss: 1.5 }"
    assert result_of(tmp_path, given, "expect good_enough warns", "expect production deploys").passed


def test_a_number_that_is_not_given_is_an_error_and_no_pass(tmp_path: Path) -> None:
    result = result_of(tmp_path, "given train.metrics = { accuracy: 0.9 }", "expect good_enough errors")
    assert result.passed
    assert "the test gives no 'loss'" in result.expectations[0].reasons[-1]


TRIGGERS = """mlops 1

pipeline p {{ owner = "ops@example.org" }}

param month: int = 1

source flights {{ uri = "https://example.org/f.csv" }}

source codes {{ uri = "https://example.org/codes.csv" }}

guard sane on flights {{
  rows >= 100
  nulls(a) <= 1% warn, <= 5% block
  a between 0 and 10 else quarantine
  b > 0 for 99% of rows
  unique(a, o)
  freshness(t) <= 2d
  mean(a) <= 3 where o == "x"
  psi(a, against: codes) <= 0.2
  o references codes.o
  overlap(codes, a) <= 1%
  abs(mean(b)) <= 3
}}

stage train {{
  run     = "echo"
  inputs  = [flights]
  outputs {{ model: model = "model.json", metrics: metrics = "metrics.json", scores: table = "s.csv" }}
}}

stage june {{
  run  = "echo"
  when = month == 6
}}

guard good on train.metrics {{
  accuracy >= 0.8
  auc >= champion.auc - 0.01
}}

guard slices on train.scores {{ accuracy(y, p) by o >= 0.7 }}

guard small on train.model {{ size <= 200MiB }}

deploy production {{ model = train.model, alias = "champion", run = "echo {{model}}" }}

monitor live every 1d {{
  current   = flights
  reference = flights
  drift     = psi(a)
}}

trigger retrain {{
  on schedule "0 5 * * 1" in "UTC"
  on live.drift > 0.2 for 2 checks
  on age(model) > 30d
  on finished("upstream")
  on manual
  when change(flights) and live.drift > 0.1
  cooldown = 12h
  debounce = 10m
  limit    = 4 per 30d
}}

test "it" {{
{lines}
}}
"""

CASES = [
    # what happened
    ("given live.drift = [0.3, 0.3]", "expect retrain fires"),
    ("given live.drift = [0.3, 0.1]", "expect retrain waits"),
    ("given live.drift = 0.3", "expect retrain waits"),
    ("given live.drift = [0.1, 0.3, 0.4]", "expect retrain fires"),
    ("given age(model) = 31d", "expect retrain fires"),
    ("given age(model) = 30d", "expect retrain waits"),
    ('given finished("upstream")', "expect retrain fires"),
    ("given schedule", "expect retrain fires"),
    ('given schedule "0 5 * * 1"', "expect retrain fires"),
    ("given manual", "expect retrain fires"),
    ("given change(flights)", "expect retrain waits"),
    ("given change(flights), given live.drift = 0.15", "expect retrain fires"),
    ("expect retrain waits",),
    # bounds
    ("given manual, given retrain.last_run = 11h", "expect retrain waits"),
    ("given manual, given retrain.last_run = 12h", "expect retrain fires"),
    ("given manual, given retrain.runs = 3", "expect retrain fires"),
    ("given manual, given retrain.runs = 4", "expect retrain waits"),
    ("given manual, given retrain.runs = 4, given retrain.last_run = 20d", "expect retrain waits"),
    ("given manual = 5m", "expect retrain waits"),
    ("given manual = 10m", "expect retrain fires"),
    # guards on tables, by what they measure
    ("given flights.rows = 12", "expect sane blocks", "expect train skipped", "expect production skipped"),
    ("given flights.rows = 100", "expect sane passes"),
    ("given flights.nulls(a) = 2%", "expect sane warns", "expect train runs"),
    ("given flights.nulls(a) = 6%", "expect sane blocks"),
    ('given flights = { "a between 0 and 10": 3 }', "expect sane warns"),
    ('given flights = { "b > 0": 3, rows: 200 }', "expect sane blocks"),
    ('given flights = { "b > 0": 2, rows: 200 }', "expect sane passes"),
    ('given flights = { "b > 0": 2 }', "expect sane errors"),
    ("given flights.unique(a, o) = false", "expect sane blocks"),
    ("given flights.unique(a, o) = true", "expect sane passes"),
    ("given flights.freshness(t) = 3d", "expect sane blocks"),
    ('given flights = { "mean(a) where o == \\"x\\"": 4 }', "expect sane blocks"),
    ("given flights.psi(a, against: codes) = 0.3", "expect sane blocks"),
    ('given flights = { "o references codes.o": 3 }', "expect sane blocks"),
    ("given flights.overlap(codes, a) = 2%", "expect sane blocks"),
    ("given flights.mean(b) = -4", "expect sane blocks"),
    ("given train.scores.accuracy(y, p) by o = 0.6", "expect slices blocks"),
    ("given train.model.size = 300MiB", "expect small blocks"),
    # single metrics
    ("given train.metrics.accuracy = 0.7", "expect good blocks"),
    ("given train.metrics.auc = 0.7, given champion.auc = 0.9", "expect good blocks"),
    ("given train.metrics.auc = 0.7", "expect good passes"),
    # what fails, and what a condition leaves out
    ("given train = failed", "expect train fails", "expect good skipped", "expect production skipped"),
    ("given production = failed", "expect production rolls_back", "expect production fails"),
    ("expect june skipped", "expect production deploys"),
]


@pytest.mark.parametrize("lines", CASES, ids=lambda lines: ", ".join(lines))
def test_every_decision_is_made_offline(tmp_path: Path, lines: tuple[str, ...]) -> None:
    result = result_of(tmp_path, *lines, spec=TRIGGERS)
    assert [(e.expected, e.found, e.reasons) for e in result.expectations if not e.met] == []


def test_a_trigger_says_why_it_waits(tmp_path: Path) -> None:
    result = result_of(tmp_path, "given manual", "given retrain.last_run = 2h", "expect retrain fires", spec=TRIGGERS)
    assert not result.passed
    assert result.expectations[0].reasons == ("its last run was 2h ago, and its cooldown is 12h",)
    result = result_of(tmp_path, "given live.drift = [0.3, 0.1]", "expect retrain fires", spec=TRIGGERS)
    assert "live.drift > 0.2 for 2 checks: it was 0.3, 0.1" in result.expectations[0].reasons


def test_thousands_of_tests_take_a_second(tmp_path: Path) -> None:
    spec = tmp_path / "p.mlops"
    spec.write_text(TRIGGERS.format(lines="\n".join(["given flights.rows = 12", "expect sane blocks"])), "utf-8")
    document = plan_document(compile_plan(analyse(spec)).plan)
    document["tests"] = document["tests"] * 2000
    began = time.process_time()
    assert all(r.passed for r in run_policy_tests(document))
    assert time.process_time() - began < 2
