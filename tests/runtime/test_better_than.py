"""`… better than champion with 95%`: two real runs through the registry, and what cannot be compared."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from mlopsc.compiler.driver import analyse, compile_plan
from mlopsc.compiler.plan.document import plan_document
from mlopsc.runtime.policy import run_policy_tests

from .conftest import Project

pytest.importorskip("duckdb")

SPEC = """
mlops 1

pipeline p {{ owner = "ops@example.org", python = "3.11" }}
version {{ code = off }}
param wrong: int   = 100  ## How many of a thousand predictions are wrong.
param rows: int    = 1000
param seed: int    = 0
param same: string = "no" ## Whether the model's bytes are the same whatever it predicts.
param key: string  = "id"

stage train {{
  run    = "python train.py {{outputs.model}} {{outputs.predictions}}"
  params = [wrong, rows, seed, same, key]
  outputs {{ model: model = "model.bin", predictions: table = "predictions.parquet" }}
}}
guard better on train.predictions {{
  {rules}
}}
deploy production {{ model = train.model, alias = "champion" }}
"""
TRAIN = """
import os, random, sys
import duckdb

model, table = sys.argv[1:]
wrong, rows, seed = (int(os.environ[f"MLOPS_PARAM_{name}"]) for name in ("WRONG", "ROWS", "SEED"))
same, key = os.environ["MLOPS_PARAM_SAME"], os.environ["MLOPS_PARAM_KEY"]
open(model, "w").write("the model" if same == "yes" else f"{wrong} {rows} {seed}")
draw, truth = random.Random(seed), random.Random(5)
lines = []
for i in range(rows):
    late = truth.random() < 0.4
    off = draw.random() < wrong / 1000
    number = {"id": i, "half": i // 2, "other": i + 1_000_000}[key]
    score = (0.9 if late != off else 0.1) - 0.1 * draw.random() * (late != off)
    lines.append(f"({number}, {late}, {late != off}, {score})")
rows = f"(VALUES {', '.join(lines)}) AS t(id, late, predicted, score)"
duckdb.execute(f"COPY (SELECT * FROM {rows}) TO '{table}' (FORMAT parquet)")
"""
RULE = "accuracy(late, predicted, key: id) better than champion with 95%"


class Story:
    def __init__(self, project: Project, rules: str = RULE) -> None:
        self.project = project
        project.write("train.py", TRAIN)
        compiled = compile_plan(analyse(project.write("p.mlops", SPEC.format(rules=rules))))
        assert compiled.plan is not None
        self.plan = compiled.plan

    def run(self, **params: Any) -> dict[str, Any]:
        """The record of the guard, and what became of the deploy."""
        result = self.project.run(self.plan, params=params)
        assert not result.problems, result.problems
        nodes = {r.id: r for r in result.nodes}
        assert nodes["better"].record["rules"], nodes["better"].record
        return {**nodes["better"].record, "deploy": nodes["production"].state, "of": result.run}

    def rule(self, **params: Any) -> tuple[str, str]:
        rule = self.run(**params)["rules"][0]
        return rule["outcome"], rule["message"] or ""


def test_a_worse_model_is_blocked_and_a_better_one_goes_into_use(project: Project) -> None:
    story = Story(project)
    first = story.run(wrong=100)
    assert (first["rules"][0]["outcome"], first["deploy"]) == ("no champion", "succeeded")
    worse = story.run(wrong=150, seed=1)
    assert (worse["verdict"], worse["deploy"]) == ("blocked", "skipped")
    better = story.run(wrong=50, seed=2)
    assert (better["verdict"], better["deploy"]) == ("passed", "succeeded")
    (told,) = better["rules"][0]["comparisons"]
    assert told["pairs"] == 1000 and told["alone"] == [0, 0]
    assert told["ours"] - told["theirs"] == pytest.approx(told["difference"])
    assert 0 < told["interval"][0] < told["difference"] < told["interval"][1]
    assert told["share"] == next(iter(better["rules"][0]["measured"].values()))["value"] >= 0.95
    assert better["baseline"]["champion"]["version"] == 1
    assert story.run(wrong=52, seed=3)["baseline"]["champion"]["version"] == 2


def test_a_difference_that_may_be_chance_is_not_better(project: Project) -> None:
    story = Story(project)
    story.run(wrong=100)
    record = story.run(wrong=95, seed=9)
    assert record["verdict"] == "blocked"
    limit = record["rules"][0]["limits"][0]
    assert (limit["text"], limit["holds"]) == (">= 95%", False)


def test_equal_tables_give_equal_answers(project: Project) -> None:
    story = Story(project)
    story.run(wrong=100)
    first, second = story.run(wrong=110, seed=4), story.run(wrong=110, seed=4)
    assert first["rules"][0]["comparisons"] == second["rules"][0]["comparisons"]


def test_the_model_itself_is_not_better_than_itself(project: Project) -> None:
    story = Story(project)
    story.run()
    outcome, message = story.rule()
    assert (outcome, "train.model is itself version 1, the champion (train was restored)" in message) == (
        "same model",
        True,
    )
    again = story.run(same="yes", wrong=50, seed=2)
    assert again["verdict"] == "passed"
    assert story.rule(same="yes", wrong=60, seed=3)[0] == "same model"


def test_the_same_predictions_of_another_model_are_not_better(project: Project) -> None:
    story = Story(project)
    story.run(wrong=100)
    project.write("train.py", TRAIN.replace('f"{wrong} {rows} {seed}"', '"another model"'))
    record = story.run(wrong=100)
    assert record["verdict"] == "blocked"
    assert record["rules"][0]["comparisons"][0]["share"] == 0


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"rows": 99}, "too few rows are in both tables: they have 99, and a comparison with a confidence needs 100"),
        ({"key": "other"}, "too few rows are in both tables: they have 0"),
        ({"key": "half"}, "id does not tell the rows of the table apart: 500 repeat another"),
    ],
)
def test_tables_that_cannot_be_paired_are_an_error(project: Project, params: dict[str, Any], said: str) -> None:
    story = Story(project)
    story.run(wrong=100)
    outcome, message = story.rule(wrong=50, **params)
    assert (outcome, said in message) == ("error", True), message


def test_truths_that_differ_are_an_error(project: Project) -> None:
    story = Story(project)
    story.run(wrong=100)
    project.write("train.py", TRAIN.replace("Random(5)", "Random(6)"))
    outcome, message = story.rule(wrong=50)
    assert (outcome, "the two tables do not agree on the truth" in message) == ("error", True)


def test_predictions_that_are_gone_or_never_were_are_an_error(project: Project) -> None:
    story = Story(project)
    first = story.run(wrong=100)
    shutil.rmtree(project.root / ".mlops/runs" / first["of"] / "train")
    assert story.rule(wrong=150, seed=1)[0] == "blocked"  # the object is still there
    shutil.rmtree(project.root / ".mlops/runs" / first["of"] / "train")
    shutil.rmtree(project.root / ".mlops/objects")
    outcome, message = story.rule(wrong=150, seed=2)
    assert (outcome, "train.predictions of the champion is gone from the store" in message) == ("error", True)
    (project.root / ".mlops/runs" / first["of"] / "train.json").unlink()
    outcome, message = story.rule(wrong=150, seed=3)
    assert (outcome, "the champion has no train.predictions" in message) == ("error", True)


def test_better_than_the_previous_run_and_only_some_rows(project: Project) -> None:
    story = Story(project, "log_loss(late, score, key: id) better than previous with 90% where id < 500 else warn")
    assert story.rule(wrong=100)[0] == "no previous run"
    worse = story.run(wrong=200, seed=1)
    assert worse["verdict"] == "warned"
    record = story.run(wrong=20, seed=2)
    assert (record["verdict"], record["rules"][0]["comparisons"][0]["pairs"]) == ("passed", 500)
    assert record["baseline"] == {"previous": {"run": worse["of"]}}


POLICY = (
    RULE
    + """
}
guard own on train.predictions {
  python("train.py:check") <= 3
}

test "what needs rows or programs is given by the name that its rule has" {
  given  train.predictions = { "accuracy(late, predicted, key: id) better than champion": SHARE }
  given  train.predictions.python("train.py:check") = 4
  expect better EXPECTED
  expect own    blocks
"""
)


@pytest.mark.parametrize(("share", "expected", "reason"), [("97%", "passes", ""), ("94%", "blocks", "wanted >= 95%")])
def test_a_policy_test_gives_the_share_of_resamples(project: Project, share: str, expected: str, reason: str) -> None:
    project.write("train.py", TRAIN + "\n\ndef check(path):\n    return 3\n")
    rules = POLICY.replace("SHARE", share).replace("EXPECTED", expected)
    # The test goes behind the deploy, with which the pattern of the spec ends.
    spec = SPEC.format(rules=rules.partition("test ")[0].rstrip().rstrip("}"))
    spec += "test " + rules.partition("test ")[2] + "}\n"
    analysis = analyse(project.write("p.mlops", spec))
    assert [d.message for d in analysis.diagnostics if d.code.startswith("E")] == []
    (result,) = run_policy_tests(plan_document(compile_plan(analysis).plan))
    assert result.passed, result
    assert reason in "".join(result.expectations[0].reasons)
