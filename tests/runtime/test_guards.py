"""Verdicts: total, on real tables through DuckDB and on metrics, with what was measured written down."""

from __future__ import annotations

from typing import Any

import pytest
from mlopsc.compiler.plan import nodes as n
from mlopsc.runtime.conditions import evaluate

from . import plans as p
from .conftest import Project

duckdb = pytest.importorskip("duckdb")

ROWS = n.Ref("measure", "m0")


def table(project: Project, rules: list[n.Rule], measures: dict[str, tuple[str, str]], csv: str, **kinds: str) -> Any:
    project.write("data.csv", csv)
    plan = p.plan(p.source("data", "data.csv"), p.table_guard("g", "data", measures, rules, **kinds))
    return project.run(plan).nodes[-1].record


def rows_at_least(least: int, action: str = "block", **more: Any) -> n.Rule:
    return p.rule(f"rows >= {least}", p.op(">=", ROWS, least), action, measured=(ROWS,), **more)


COUNT = {"m0": ("rows", "count(*)")}


@pytest.mark.parametrize(
    ("rules", "verdict", "state"),
    [
        ([rows_at_least(2)], "passed", "succeeded"),
        ([rows_at_least(2), rows_at_least(9, "warn")], "warned", "succeeded"),
        ([rows_at_least(9), rows_at_least(9, "warn")], "blocked", "blocked"),
        ([rows_at_least(9), p.rule("x >= 1", p.op(">=", n.Ref("measure", "none"), 1))], "error", "failed"),
    ],
)
def test_the_strongest_outcome_is_the_verdict(project: Project, rules: list[n.Rule], verdict: str, state: str) -> None:
    record = table(project, rules, COUNT, "a\n1\n2\n")
    assert (record["verdict"], record["state"]) == (verdict, state)


def test_a_failed_rule_tells_measured_value_limit_message_and_rows(project: Project) -> None:
    rule = p.rule(
        "delay between 0 and 60",
        p.op("==", ROWS, 0),
        measured=(ROWS,),
        message="the clock is wrong",
        offending="delay NOT BETWEEN 0 AND 60",
    )
    csv = "id,delay\n" + "".join(f"{i},{i * 10}\n" for i in range(20))
    record = table(project, [rule], {"m0": ("rows outside", "count(*) FILTER (delay NOT BETWEEN 0 AND 60)")}, csv)
    found = record["rules"][0]
    assert found["outcome"] == "blocked"
    assert found["measured"] == {"rows outside": {"value": 13, "text": "13"}}
    assert found["limits"] == [{"holds": False, "action": "block", "text": "== 0"}]
    assert found["message"] == record["reason"] == "the clock is wrong"
    assert found["sample"] == [{"id": i, "delay": i * 10} for i in range(7, 12)]


def test_bands_have_an_action_each(project: Project) -> None:
    limits = (
        n.Limit(p.op("<=", ROWS, p.literal(0.01, "percent")), "warn"),
        n.Limit(p.op("<=", ROWS, p.literal(0.5, "percent")), "block"),
    )
    rule = p.rule("nulls(x) <= 1% warn, <= 50% block", p.op("==", 0, 0), limits=limits, measured=(ROWS,))
    nulls = {"m0": ("nulls(x)", "count(*) FILTER (x IS NULL) / count(*)")}
    assert table(project, [rule], nulls, "x,y\n1,1\n2,1\n")["verdict"] == "passed"
    assert table(project, [rule], nulls, "x,y\n1,1\n,1\n2,1\n")["verdict"] == "warned"
    record = table(project, [rule], nulls, "x,y\n1,1\n,1\n,1\n")
    assert record["verdict"] == "blocked"
    assert [limit["text"] for limit in record["rules"][0]["limits"]] == ["<= 1%", "<= 50%"]


def test_an_empty_table_never_passes_what_needs_rows(project: Project) -> None:
    record = table(project, [rows_at_least(0)], {"m0": ("max(a)", "max(a)")}, "a\n")
    assert (record["verdict"], record["rules"][0]["message"]) == (
        "error",
        "max(a) has no value: there are no rows to measure",
    )


def test_a_column_that_is_not_there_is_an_error_that_names_it(project: Project) -> None:
    record = table(project, [rows_at_least(0)], {"m0": ("max(b)", "max(b)")}, "a\n1\n")
    assert record["verdict"] == "error" and record["state"] == "failed" and "'b'" in record["reason"]


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_tables_of_every_format_are_read(project: Project, kind: str) -> None:
    options = {"csv": "FORMAT csv, HEADER", "parquet": "FORMAT parquet", "jsonl": "FORMAT json"}[kind]
    for i in (1, 2):
        duckdb.sql(f"COPY (SELECT {i} AS a) TO '{project.root}/it''s{i}.{kind}' ({options})".replace("it''s", "part"))
    plan = p.plan(
        p.source("data", f"part*.{kind}", format=kind),
        p.table_guard("g", "data", {"m0": ("sum(a)", "sum(a)")}, [p.rule("sum", p.op("==", ROWS, 3))], format=kind),
    )
    assert project.states(plan)["g"] == "passed"


def test_a_word_far_down_a_column_does_not_break_the_query(project: Project) -> None:
    csv = "a\n" + "1\n" * 30_000 + "broken\n"
    record = table(project, [rows_at_least(30_001)], COUNT, csv)
    assert record["verdict"] == "passed"


# ------------------------------------------------------------------ metrics


def training(project: Project, auc: str, condition: n.Condition, **more: Any) -> n.Plan:
    project.write("train.py", "import sys; [open(a, 'w').write(t) for a, t in zip(sys.argv[1::2], sys.argv[2::2])]")
    stage = p.stage(
        "train",
        p.script("python", "train.py", n.Slot("outputs", "model"), f"model {auc}", n.Slot("outputs", "metrics"),
                 f'{{"auc": {auc}}}'),
        (),
        [p.output("model", "model.bin", "model"), p.output("metrics", "metrics.json", "metrics")],
    )  # fmt: skip
    rule = p.rule("auc", condition, measured=(p.metric("auc"),))
    guard = p.guard("good", "train.metrics", [rule], champion="champion")
    return p.plan(stage, guard, p.deploy("prod", "train.model", metrics=("train.metrics",), **more))


NOT_WORSE = p.op(">=", p.metric("auc"), p.op("-", n.Ref("champion", "auc"), 0.01))


def test_without_a_champion_the_first_run_passes_and_says_so(project: Project) -> None:
    first = project.run(training(project, "0.8", NOT_WORSE))
    good = first.nodes[1].record
    assert (good["verdict"], good["rules"][0]["outcome"]) == ("passed", "no champion")
    assert "no version has the alias yet" in good["rules"][0]["message"]
    second = project.run(training(project, "0.795", NOT_WORSE))
    assert second.nodes[1].record["rules"][0]["limits"] == [{"holds": True, "action": "block", "text": ">= 0.79"}]
    third = project.run(training(project, "0.7", NOT_WORSE))
    assert third.state == "blocked"
    assert third.nodes[1].record["baseline"] == {
        "champion": {"alias": "champion", "model": "demo.train.model", "version": 2}
    }
    assert third.nodes[2].state == "skipped"


def test_a_nan_is_an_error_and_never_passes(project: Project) -> None:
    result = project.run(training(project, "NaN", p.op("not", p.op("<", p.metric("auc"), 0.5))))
    record = result.nodes[1].record
    assert (record["verdict"], result.exit_code) == ("error", 4)
    assert record["reason"] == "auc of train.metrics is not a number (NaN)"
    assert result.nodes[2].state == "skipped"


def test_an_infinite_metric_is_an_error_and_never_passes(project: Project) -> None:
    result = project.run(training(project, "1e999", p.op(">=", p.metric("auc"), 0.5)))
    record = result.nodes[1].record
    assert (record["verdict"], record["reason"]) == ("error", "auc of train.metrics is infinite")


def test_a_missing_metric_is_an_error(project: Project) -> None:
    result = project.run(training(project, "0.8", p.op(">=", p.metric("f1"), 0.5)))
    assert result.nodes[1].record["reason"] == "train.metrics has no metric 'f1'"


def test_previous_means_the_last_good_run(project: Project) -> None:
    rising = p.op(">=", p.metric("auc"), n.Ref("previous", "auc"))
    first = project.run(training(project, "0.8", rising))
    assert first.nodes[1].record["rules"][0]["outcome"] == "no previous run"
    assert project.run(training(project, "0.7", rising)).state == "blocked"
    third = project.run(training(project, "0.75", rising))
    assert third.nodes[1].record["baseline"] == {"previous": {"run": first.run}}
    assert third.state == "blocked"


def test_a_guard_on_another_stages_metrics_can_compare_with_the_champion(project: Project) -> None:
    project.write("put.py", "import sys; open(sys.argv[1], 'w').write(sys.argv[2])")

    def judged(auc: str) -> n.Plan:
        train = p.stage(
            "train",
            p.script("python", "put.py", n.Slot("outputs", "model"), f"model {auc}"),
            (),
            [p.output("model", "m", "model")],
        )
        evaluate = p.stage(
            "evaluate",
            p.script("python", "put.py", n.Slot("outputs", "m"), f'{{"auc": {auc}}}', n.Slot("inputs", "model")),
            ["train.model"],
            [p.output("m", "m.json", "metrics")],
        )
        guard = p.guard("good", "evaluate.m", [p.rule("auc", NOT_WORSE)], champion="champion")
        return p.plan(train, evaluate, guard, p.deploy("prod", "train.model"))

    assert project.run(judged("0.8")).state == "succeeded"
    assert project.run(judged("0.85")).state == "succeeded"
    worse = project.run(judged("0.8"))
    assert worse.state == "blocked"
    assert worse.nodes[2].record["rules"][0]["limits"][0]["text"] == ">= 0.84"


@pytest.mark.parametrize("rows", [7, 100, 1000])
def test_a_share_of_rows_is_counted_in_decimals(rows: int) -> None:
    # 0.29 * 100 is a little less than 29 in floats, and a rule that 71 of 100 rows keep would block.
    for percent in range(101):
        args = [{"is": "literal", "value": value} for value in (percent / 100, rows)]
        assert evaluate({"is": "op", "op": "part", "args": args}, lambda scope, name: None) == percent * rows // 100
