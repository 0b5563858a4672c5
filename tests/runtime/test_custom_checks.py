"""Checks of the project's own, from the spec to the record: what they answer, and what is no answer."""

from __future__ import annotations

from typing import Any

import pytest
from mlopsc.compiler.driver import analyse, compile_plan

from .conftest import Project
from .specs import plan_of, verdict_of

pytest.importorskip("duckdb")

TABLE = "flight,delay\nA,5\nB,7\nC,300\n"
CHECKS = """
import csv


def delays(path):
    return [{**row, "delay": int(row["delay"])} for row in csv.DictReader(path.open())]


def sane(path):
    return all(row["delay"] < 100 for row in delays(path))


def worst(path, column="delay"):
    return max(int(row[column]) for row in delays(path))


def above(path, limit):
    wrong = [row for row in delays(path) if row["delay"] > limit]
    return {"value": len(wrong), "sample": wrong}
"""


def judged(project: Project, rule: str, code: str = CHECKS, table: str = TABLE) -> dict[str, Any]:
    project.write("data.csv", table)
    project.write("checks/own.py", code)
    return verdict_of(project, rule)


def answer(project: Project, body: str, rule: str = 'python("checks/own.py:check")') -> dict[str, Any]:
    """The rule of a check with this body."""
    found: dict[str, Any] = judged(project, rule, f"import os, sys, time\n\n\ndef check(path):\n    {body}\n")["rules"][
        0
    ]
    return found


def test_true_and_false_are_a_rule(project: Project) -> None:
    assert judged(project, 'python("checks/own.py:sane")')["verdict"] == "blocked"
    assert judged(project, 'python("checks/own.py:sane")', table="flight,delay\nA,5\n")["verdict"] == "passed"
    assert judged(project, 'not python("checks/own.py:sane")')["verdict"] == "passed"
    assert judged(project, 'python("checks/own.py:sane") else warn')["verdict"] == "warned"


def test_a_number_is_compared(project: Project) -> None:
    record = judged(project, 'python("checks/own.py:worst", column: delay) <= 100')
    assert record["verdict"] == "blocked"
    (measured,) = record["rules"][0]["measured"].values()
    assert measured == {"value": 300, "text": "300"}
    assert judged(project, 'python("checks/own.py:worst") between 200 and 400')["verdict"] == "passed"
    assert judged(project, 'python("checks/own.py:worst") <= 100 warn, <= 400 block')["verdict"] == "warned"


def test_rows_of_an_answer_are_shown_where_the_rule_fails(project: Project) -> None:
    rule = judged(project, 'python("checks/own.py:above", limit: 100) == 0')["rules"][0]
    assert (rule["outcome"], rule["sample"]) == ("blocked", [{"flight": "C", "delay": 300}])
    assert judged(project, 'python("checks/own.py:above", limit: 500) == 0')["rules"][0]["sample"] == []


def test_values_reach_the_function_as_they_are(project: Project) -> None:
    code = (
        "def check(path, share, age, size, text, on, names, low, column):\n"
        "    given = (share, age, size, text, on, names, low, column)\n"
        "    return given == (0.05, 7200, 1024, 'a b', True, ['x', 'y'], -3, 'delay') or print(given) or False\n"
    )
    named = 'share: 5%, age: 2h, size: 1KiB, text: "a b", on: true, names: ["x", "y"], low: -3, column: delay'
    record = judged(project, f'python("checks/own.py:check", {named})', code)
    assert record["verdict"] == "passed", record


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise ValueError('no column speed')", "ValueError: no column speed"),
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("return None", "the check answered nothing"),
        ("return 'yes'", "the check answered a str"),
        ("return float('nan')", "is not a number (NaN)"),
        ("return float('inf')", "is infinite"),
        ("return 0.5", "answered 0.5, and true or false is wanted; compare it"),
        ("return {'passed': True}", "the check answered a dict of ['passed']"),
        ("return {'value': True, 'sample': [1]}", "a list of rows, each a dict"),
        ("sys.exit(0)", "it ended without an answer"),
        ("sys.exit('gone wrong')", "gone wrong"),
        ("os._exit(3)", "exit code 3"),
        ("os.kill(os.getpid(), 9)", "ended by SIGKILL"),
        ("path.chmod(0o644); path.write_text('x'); return True", "it changed data.csv, which it was to judge"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_an_error_and_never_a_pass(project: Project, body: str, said: str) -> None:
    rule = answer(project, body)
    assert rule["outcome"] == "error"
    assert said in rule["message"]
    assert "\n" not in rule["message"]


def test_true_is_no_number(project: Project) -> None:
    rule = answer(project, "return True", 'python("checks/own.py:check") == 1')
    assert (rule["outcome"], rule["message"].endswith("answered true, and a number is wanted")) == ("error", True)


def test_a_check_that_does_not_end_is_ended(project: Project) -> None:
    rule = answer(project, "time.sleep(60)", 'python("checks/own.py:check", timeout: 500ms)')
    assert (rule["outcome"], rule["message"].endswith("took longer than its timeout")) == ("error", True)


def test_numbers_of_numpy_are_numbers(project: Project) -> None:
    pytest.importorskip("numpy")
    assert answer(project, "import numpy; return numpy.bool_(True)")["outcome"] == "passed"
    for kind in ("int64", "float32"):
        body = f"import numpy; return numpy.{kind}(3)"
        assert answer(project, body, 'python("checks/own.py:check") == 3')["outcome"] == "passed"


def test_what_a_check_prints_is_in_the_log_of_its_guard(project: Project) -> None:
    project.write("data.csv", TABLE)
    record = judged(
        project,
        'python("checks/own.py:check")',
        "def check(path):\n    print('looked at', path.name)\n    return True\n",
    )
    assert record["log"] == "g.log"
    (log,) = project.root.rglob("g.log")
    assert "looked at data.csv" in log.read_text()


def test_one_check_of_two_rules_runs_once(project: Project) -> None:
    code = "def check(path):\n    with open('ran.txt', 'a') as f:\n        f.write('x')\n    return 3\n"
    own = 'python("checks/own.py:check")'
    assert judged(project, f"{own} >= 1\n  {own} <= 5", code)["verdict"] == "passed"
    assert (project.root / "ran.txt").read_text() == "x"


SPEC = """
mlops 1

pipeline p { owner = "ops@example.org", python = "3.11" }
version { code = off }
source data { uri = "data/*.csv" }

stage train {
  run    = "python steps/train.py {outputs.model} {outputs.metrics} {outputs.parts}"
  inputs = [data]
  outputs {
    model:   model   = "model.bin"
    metrics: metrics = "metrics.json"
    parts:   dir     = "parts"
  }
}

guard all_files on data { python("checks/own.py:count") == 2 }
guard small on train.model { python("checks/own.py:size") <= 3 }
guard told on train.metrics { python("checks/own.py:size") <= 300 and accuracy >= 0.5 }
guard whole on train.parts { python("checks/own.py:count") == 1 }
"""
STEP = """
import pathlib, sys
model, metrics, parts = map(pathlib.Path, sys.argv[1:])
model.write_text("abc")
metrics.write_text('{"accuracy": 0.9}')
parts.mkdir()
(parts / "one.txt").write_text("1")
"""


def test_a_check_judges_any_kind_of_subject_and_what_it_imports_travels(project: Project) -> None:
    for name in "ab":
        project.write(f"data/{name}.csv", TABLE)
    project.write("steps/train.py", STEP)
    project.write("checks/helper.py", "def size_of(path):\n    return path.stat().st_size\n")
    count = "return len(path) if isinstance(path, list) else len(list(path.iterdir()))"
    own = "from helper import size_of\n\n\ndef size(path):\n    return size_of(path)\n\n\n"
    project.write("checks/own.py", f"{own}def count(path):\n    {count}\n")
    plan = compile_plan(analyse(project.write("p.mlops", SPEC))).plan
    assert plan is not None
    assert {"checks/own.py", "checks/helper.py", "steps/train.py"} <= {f.path for f in plan.project}
    states = project.states(plan)
    assert {n: s for n, s in states.items() if n not in ("data", "train")} == dict.fromkeys(
        ("all_files", "small", "told", "whole"), "passed"
    )


def test_a_check_that_cannot_run_is_told_before_anything_does(project: Project) -> None:
    project.write("data.csv", TABLE)
    project.write("checks/own.py", "import not_installed_anywhere\n\n\ndef check(path):\n    return True\n")
    result = project.run(plan_of(project, 'python("checks/own.py:check")'))
    assert [p.message for p in result.problems] == [
        "checks/own.py:1 imports not_installed_anywhere, which this interpreter lacks"
    ]
