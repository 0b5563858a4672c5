"""Metrics of predictions as guards compute them in SQL: the numbers of scikit-learn, and never a pass by accident."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.functions import FUNCTIONS, Asked
from sqlglot import parse_one

from .conftest import Project
from .specs import value_of, verdict_of

duckdb = pytest.importorskip("duckdb")
sklearn = pytest.importorskip("sklearn.metrics")

Rows = list[tuple[Any, Any]]


def ours(name: str, rows: Rows, kinds: str, where: str | None = None) -> float | None:
    """What the guard's query would measure on a table of these two columns."""
    connection = duckdb.connect()
    left, right = kinds.split()
    connection.execute(f"CREATE TABLE data (y {left}, p {right})")
    if rows:
        connection.executemany("INSERT INTO data VALUES (?, ?)", rows)
    asked = Asked(("y", "p"), None if where is None else parse_one(where))
    query = f"SELECT {FUNCTIONS[name].sql.value(asked)} FROM {{subject}} AS subject"
    found = connection.execute(query.replace("{subject}", "data")).fetchone()
    return None if found is None else found[0]


THEIRS = {
    "accuracy": sklearn.accuracy_score,
    "precision": sklearn.precision_score,
    "recall": sklearn.recall_score,
    "f1": sklearn.f1_score,
    "auc": sklearn.roc_auc_score,
    "log_loss": lambda y, p: sklearn.log_loss(y, p, labels=[0, 1]),
    "mae": sklearn.mean_absolute_error,
    "rmse": sklearn.root_mean_squared_error,
    "r2": sklearn.r2_score,
}
LABELS, SCORES, NUMBERS = ("accuracy", "precision", "recall", "f1"), ("auc", "log_loss"), ("mae", "rmse", "r2")

labels = st.integers(0, 1)
scores = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 1.0]))  # many of them tie
numbers = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))


def agree(name: str, rows: Rows, kinds: str) -> None:
    known = [(y, p) for y, p in rows if y is not None and p is not None]
    expected = THEIRS[name]([y for y, _ in known], [p for _, p in known])
    assert ours(name, rows, kinds) == pytest.approx(expected, rel=1e-9, abs=1e-9), name


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(labels, labels), max_size=40), st.sampled_from(["BOOLEAN BOOLEAN", "INTEGER BOOLEAN"]))
def test_labels_are_measured_as_scikit_learn_does(rows: Rows, kinds: str) -> None:
    rows = [*rows, (1, 1), (0, 1), (None, 1), (1, None)]
    for name in LABELS:
        agree(name, rows, kinds)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(labels, scores), max_size=40))
def test_scores_are_measured_as_scikit_learn_does(rows: Rows) -> None:
    rows = [*rows, (1, 0.5), (0, 0.5), (None, 0.1), (1, None)]
    for name in SCORES:
        agree(name, rows, "BOOLEAN DOUBLE")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(numbers, numbers), max_size=40))
def test_numbers_are_measured_as_scikit_learn_does(rows: Rows) -> None:
    rows = [*rows, (1.0, 1.5), (3.0, 2.0), (None, 0.1), (1.0, None)]
    for name in NUMBERS:
        agree(name, rows, "DOUBLE DOUBLE")


@pytest.mark.parametrize("seed", range(3))
def test_large_tables_agree_too(seed: int) -> None:
    r = random.Random(seed)
    truths = [r.random() < 0.3 for _ in range(3000)]
    ties = [(y, round(r.gauss(0.6 if y else 0.4, 0.2), 2)) for y in truths]
    agree("auc", ties, "BOOLEAN DOUBLE")
    agree("log_loss", [(y, min(1.0, max(0.0, p))) for y, p in ties], "BOOLEAN DOUBLE")
    agree("f1", [(y, p > 0.5) for y, p in ties], "BOOLEAN BOOLEAN")
    agree("r2", [(p * 10, p * 9 + r.random()) for _, p in ties], "DOUBLE DOUBLE")


def test_accuracy_is_of_any_classes() -> None:
    assert ours("accuracy", [("cat", "cat"), ("dog", "cat"), ("owl", "owl"), ("owl", None)], "VARCHAR VARCHAR") == 2 / 3


def test_where_bounds_the_rows() -> None:
    rows = [(1, 0.9), (0, 0.1), (0, 0.95)]
    assert ours("auc", rows, "INTEGER DOUBLE") == 0.5
    assert ours("auc", rows, "INTEGER DOUBLE", "p < 0.93") == 1.0
    assert ours("mae", rows, "INTEGER DOUBLE", "p < 0.93") == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("rule", "csv", "message"),
    [
        ("auc(y, p) >= 0.5", "1,0.9\n1,0.2\n", f"auc(y, p) has no value: {FUNCTIONS['auc'].empty}"),
        ("precision(y, p) >= 0.5", "1,0\n0,0\n", f"precision(y, p) has no value: {FUNCTIONS['precision'].empty}"),
        ("recall(y, p) >= 0.5", "0,0\n0,1\n", f"recall(y, p) has no value: {FUNCTIONS['recall'].empty}"),
        ("f1(y, p) <= 0.5", "0,0\n0,0\n", f"f1(y, p) has no value: {FUNCTIONS['f1'].empty}"),
        ("r2(y, p) <= 0.5", "3,1\n3,2\n", f"r2(y, p) has no value: {FUNCTIONS['r2'].empty}"),
        ("accuracy(y, p) <= 0.5", "1,\n,1\n", f"accuracy(y, p) has no value: {FUNCTIONS['accuracy'].empty}"),
        ("precision(y, p) >= 0.5", "1,0.7\n0,0.2\n", "precision wants truths and predictions of true and false"),
        ("log_loss(y, p) <= 9", "1,1.7\n0,0.2\n", "log_loss wants probabilities from 0 to 1"),
        ("auc(y, p) >= 0.1", "1,0.7\n2,0.2\n0,0.1\n", "auc wants truths of true and false"),
        ("auc(y, p) >= 0.1", "1,0.7\n1,nan\n0,0.1\n", "auc wants scores, and one is not a number"),
        ("mae(y, p) <= 9", "1,0.7\n1,nan\n0,0.1\n", "mae(y, p) is not a number (NaN)"),
    ],
)
def test_what_cannot_be_measured_is_an_error_and_no_pass(project: Project, rule: str, csv: str, message: str) -> None:
    project.write("data.csv", "y,p\n" + csv)
    record = verdict_of(project, rule)
    assert (record["verdict"], record["state"]) == ("error", "failed")
    assert message in record["reason"]


def test_metrics_stand_beside_other_rules(project: Project) -> None:
    project.write("data.csv", "y,p\ntrue,true\nfalse,true\ntrue,true\nfalse,false\n")
    record = verdict_of(project, "rows == 4\naccuracy(y, p) between 0.7 and 0.8\nrecall(y, p) == 1 where y")
    assert record["verdict"] == "passed"
    assert [value_of(record, i) for i in range(3)] == [4, 0.75, 1]
