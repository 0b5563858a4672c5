"""What a model is compared with: the champion, the last good run, never itself; and what cannot be compared."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mlopsc.compiler.driver import analyse, compile_plan
from mlopsc.runtime.registry import Registry
from mlopsc.runtime.store import Store

from .conftest import Project

SPEC = """
mlops 1

pipeline p {{ owner = "ops@example.org", python = "3.11" }}
version {{ code = off }}
param metrics: string = ""
param model: string   = "a"

stage train {{
  run     = "python write.py {{outputs.model}} {{params.model}}"
  outputs {{ model: model = "model.bin" }}
}}
stage evaluate {{
  run    = "python write.py {{outputs.metrics}} {{params.metrics}} {{inputs.model}}"
  inputs = [train.model]
  cache  = off
  outputs {{ metrics: metrics = "metrics.json" }}
}}
guard good_enough on evaluate.metrics {{
  {rules}
}}
deploy production {{ model = train.model, alias = "champion" }}
"""
WRITE = "import sys; open(sys.argv[1], 'w').write(sys.argv[2])\n"


class Story:
    """Runs of one pipeline, one after the other."""

    def __init__(self, project: Project, rules: str) -> None:
        self.project = project
        project.write("write.py", WRITE)
        compiled = compile_plan(analyse(project.write("p.mlops", SPEC.format(rules=rules))))
        assert compiled.plan is not None, [d.message for d in compiled.diagnostics]
        self.plan = compiled.plan

    def run(self, metrics: str, model: str) -> dict[str, Any]:
        """The record of the guard."""
        result = self.project.run(self.plan, params={"metrics": metrics, "model": model})
        assert not result.problems, result.problems
        return next(r.record for r in result.nodes if r.id == "good_enough")

    def rule(self, metrics: str, model: str) -> tuple[str, str]:
        """The first rule's outcome, and what is said of it."""
        record = self.run(metrics, model)
        return record["rules"][0]["outcome"], record["rules"][0]["message"] or ""


@pytest.mark.parametrize(
    ("rule", "kept", "broken"),
    [
        ("auc >= champion.auc - 0.01", 0.79, 0.789),
        ("auc >= 99% * champion.auc", 0.792, 0.791),
        ("auc >= champion.auc * 99%", 0.792, 0.791),
        ("auc - champion.auc >= -0.01", 0.791, 0.78),
        ("abs(auc - champion.auc) / champion.auc <= 5%", 0.839, 0.85),
        ("(champion.auc - auc) / champion.auc <= 0.05", 0.761, 0.759),
    ],
)
def test_absolute_and_relative_changes(project: Project, rule: str, kept: float, broken: float) -> None:
    story = Story(project, rule)
    assert story.rule('{"auc": 0.8}', "a")[0] == "no champion"
    assert story.rule(f'{{"auc": {broken}}}', "b")[0] == "blocked"
    assert story.rule(f'{{"auc": {kept}}}', "c")[0] == "passed"


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ('{"f1": 0.8}', '{"auc": 0.8}', "the champion has no metric 'auc'"),
        ('{"auc": NaN}', '{"auc": 0.8}', "auc of the champion is not a number (NaN)"),
        ('{"auc": 0.8}', '{"auc": NaN}', "auc of evaluate.metrics is not a number (NaN)"),
        ('{"auc": 0}', '{"auc": 0.8}', "a division by zero"),
    ],
)
def test_what_cannot_be_compared_is_an_error(project: Project, first: str, second: str, said: str) -> None:
    story = Story(project, "auc / champion.auc >= 0.99")
    # A version as another tool might have put it there: a run would not have got it into the alias.
    registry = Registry(Store(project.root / ".mlops"), "p.train.model")
    about = {"metrics": {"evaluate.metrics": json.loads(first)}, "run": "r"}
    registry.register({"digest": "sha256:00"}, "model.bin", about)
    registry.move("champion", 1, expected=None, previous=None, run="r", why="by hand")
    outcome, message = story.rule(second, "b")
    assert (outcome, said in message) == ("error", True), message


def test_a_restored_model_is_not_compared_with_itself(project: Project) -> None:
    story = Story(project, "auc >= champion.auc")
    story.rule('{"auc": 0.8}', "a")
    # The same model is evaluated on other data: that says nothing about the one model against the other.
    record = story.run('{"auc": 0.7}', "a")
    rule = record["rules"][0]
    assert (record["verdict"], rule["outcome"]) == ("passed", "same model")
    assert rule["message"] == (
        "nothing to compare with: train.model is itself version 1, the champion (train was restored); counted as passed"
    )
    assert record["baseline"]["champion"]["version"] == 1


def test_a_model_that_was_made_anew_with_the_same_bytes_is_the_same_model(project: Project) -> None:
    story = Story(project, "auc > champion.auc and auc > previous.auc")
    story.rule('{"auc": 0.8}', "a")
    project.write("write.py", WRITE.replace("'w'", '"w", encoding="utf-8"'))
    outcome, message = story.rule('{"auc": 0.8}', "a")
    assert (outcome, "train ran and made the same bytes again" in message) == ("same model", True)


def test_other_rules_of_the_guard_still_hold_for_the_same_model(project: Project) -> None:
    story = Story(project, "auc >= champion.auc\n  auc >= 0.75")
    story.run('{"auc": 0.8}', "a")
    record = story.run('{"auc": 0.7}', "a")
    assert [r["outcome"] for r in record["rules"]] == ["same model", "blocked"]


def test_without_a_champion_the_other_part_of_an_and_must_hold(project: Project) -> None:
    story = Story(project, "auc >= champion.auc - 0.01 and auc >= 0.75")
    record = story.run('{"auc": 0.7}', "a")
    assert (record["verdict"], record["rules"][0]["measured"]["auc"]["value"]) == ("blocked", 0.7)
    assert story.rule('{"auc": 0.8}', "b")[0] == "no champion"


def test_the_previous_run_with_the_same_model_is_no_comparison_either(project: Project) -> None:
    story = Story(project, "auc > previous.auc")
    assert story.rule('{"auc": 0.8}', "a")[0] == "no previous run"
    assert story.rule('{"auc": 0.8}', "a")[0] == "same model"
    assert story.rule('{"auc": 0.8}', "b")[0] == "blocked"
    assert story.rule('{"auc": 0.9}', "b")[0] == "passed"
