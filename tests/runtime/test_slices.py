"""Rules with `by`: held in every slice with enough rows, and nothing passes because there was nothing to judge."""

from __future__ import annotations

import pytest

from .conftest import Project
from .specs import value_of, verdict_of

pytest.importorskip("duckdb")


def table(**slices: tuple[int, int]) -> str:
    """Predictions by origin: how many are right, how many are wrong."""
    lines = ["origin,y,p,score"]
    for origin, (right, wrong) in slices.items():
        name = "" if origin == "none" else origin
        lines += [f"{name},{i % 2},{i % 2},{0.9 if i % 2 else 0.1}" for i in range(right)]
        lines += [f"{name},{i % 2},{1 - i % 2},{0.1 if i % 2 else 0.9}" for i in range(wrong)]
    return "\n".join(lines) + "\n"


def test_the_worst_slice_is_shown_and_the_failing_ones_are_listed(project: Project) -> None:
    project.write("data.csv", table(EWR=(90, 10), JFK=(60, 40), LGA=(70, 30), none=(75, 25), HPN=(1, 9)))
    record = verdict_of(project, "accuracy(y, p) by origin >= 0.75")
    rule = record["rules"][0]
    name = "accuracy(y, p) by origin"
    assert rule["outcome"] == "blocked"
    assert rule["measured"] == {name: {"value": 0.6, "text": "0.6 (JFK)", "slice": "JFK"}}
    assert rule["limits"] == [{"action": "block", "text": ">= 0.75", "holds": False}]
    assert rule["slices"] == {
        "by": "origin",
        "min_support": 30,
        "judged": 4,
        "failed": [
            {"slice": "JFK", "rows": 100, "values": {name: 0.6}},
            {"slice": "LGA", "rows": 100, "values": {name: 0.7}},
        ],
        "left_out": [{"slice": "HPN", "rows": 10}],
    }
    assert rule["sample"] == [
        {"origin": "JFK", "rows": 100, name: 0.6},
        {"origin": "LGA", "rows": 100, name: 0.7},
    ]


def test_the_worst_slice_stands_first_among_the_samples(project: Project) -> None:
    project.write("data.csv", table(EWR=(70, 30), JFK=(60, 40), LGA=(50, 50)))
    rule = verdict_of(project, "accuracy(y, p) by origin >= 0.75")["rules"][0]
    assert [row["origin"] for row in rule["sample"]] == ["LGA", "JFK", "EWR"]


def test_every_slice_has_to_hold_and_then_the_rule_passes(project: Project) -> None:
    project.write("data.csv", table(EWR=(90, 10), JFK=(80, 20), HPN=(1, 9)))
    record = verdict_of(project, "accuracy(y, p) by origin >= 0.75\nauc(y, score) by origin >= 0.7")
    assert record["verdict"] == "passed"
    assert [value_of(record, i) for i in range(2)] == [0.8, 0.8]
    assert record["rules"][1]["sample"] == []


def test_no_slice_with_enough_rows_is_an_error(project: Project) -> None:
    project.write("data.csv", table(EWR=(29, 0), JFK=(20, 0)))
    rule = verdict_of(project, "accuracy(y, p) by origin >= 0.75")["rules"][0]
    assert (rule["outcome"], rule["message"]) == (
        "error",
        "no slice by origin has 30 rows or more: the largest has 29",
    )
    assert verdict_of(project, "accuracy(y, p, min_support: 20) by origin >= 0.75")["verdict"] == "passed"
    project.write("data.csv", "origin,y,p\n")
    assert verdict_of(project, "nulls(y) by origin <= 5%")["verdict"] == "error"


def test_support_counts_the_rows_that_the_metric_knows(project: Project) -> None:
    project.write("data.csv", table(EWR=(40, 0)) + "JFK,1,,\n" * 50)
    record = verdict_of(project, "accuracy(y, p) by origin >= 0.75\nnulls(p) by origin <= 5% else warn")
    assert record["rules"][0]["slices"]["left_out"] == [{"slice": "JFK", "rows": 0}]
    assert [r["outcome"] for r in record["rules"]] == ["passed", "warned"]
    assert record["rules"][1]["measured"]["nulls(p) by origin"]["text"] == "100% (JFK)"


def test_a_slice_without_a_value_is_an_error(project: Project) -> None:
    project.write("data.csv", table(EWR=(40, 0)) + "JFK,1,1,0.9\n" * 50)
    rule = verdict_of(project, "auc(y, score) by origin >= 0.5")["rules"][0]
    assert rule["outcome"] == "error"
    assert rule["message"] == "where origin is JFK: auc(y, score) by origin has no value: it needs rows of both classes"


def test_slices_compare_with_the_whole_and_have_bands_and_where(project: Project) -> None:
    project.write("data.csv", table(EWR=(90, 10), JFK=(80, 20), LGA=(40, 60)))
    record = verdict_of(
        project,
        """accuracy(y, p) by origin >= accuracy(y, p) - 0.1
        accuracy(y, p) by origin >= 0.85 warn, >= 0.3 block
        accuracy(y, p) by origin >= 0.85 where origin != "LGA" else warn
        unique(origin, y) by origin else warn
        mean(score) by origin between 0 and 1""",
    )
    outcomes = [r["outcome"] for r in record["rules"]]
    assert outcomes == ["blocked", "warned", "warned", "warned", "passed"]
    assert [s["slice"] for s in record["rules"][0]["slices"]["failed"]] == ["LGA"]
    assert [s["slice"] for s in record["rules"][2]["slices"]["failed"]] == ["JFK"]


def test_a_table_may_have_columns_of_any_name(project: Project) -> None:
    lines = [f"{'ab'[i % 2]},{i % 3 // 2},{i % 7},{i}" for i in range(100)]
    project.write("data.csv", "slice,rows,score,value\n" + "\n".join(lines) + "\n")
    record = verdict_of(
        project, "auc(rows, score) by slice >= 0.1\nmean(value) by slice <= 100\nauc(rows, score) <= 0.9"
    )
    assert record["verdict"] == "passed"
