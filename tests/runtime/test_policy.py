"""Policy tests decide what production would decide, from numbers alone."""

from __future__ import annotations

from pathlib import Path

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


def result_of(tmp_path: Path, *lines: str) -> PolicyResult:
    spec = tmp_path / "p.mlops"
    spec.write_text(SPEC.format(lines="\n".join(lines)), "utf-8")
    analysis = analyse(spec)
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
