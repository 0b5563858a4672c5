"""What rules mean where people could expect something else."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from .conftest import Project
from .specs import value_of, verdict_of

pytest.importorskip("duckdb")


@pytest.mark.parametrize(
    ("pattern", "wrong"), [("[A-Z]", 1), ("^[A-Z]", 2), ("[A-Z]$", 2), ("^[A-Z]{2}$", 3), ("", 0), ("x|9", 3)]
)
def test_a_pattern_is_found_anywhere_in_the_text(project: Project, pattern: str, wrong: int) -> None:
    project.write("data.csv", "carrier\nUA\n9E\nB6\n12\n")
    record = verdict_of(project, f'carrier matches "{pattern}"')
    assert value_of(record) == wrong


def newest(project: Project, ahead: timedelta, rule: str) -> dict[str, object]:
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    times = "".join(f"{now + d:%Y-%m-%d %H:%M:%S},{i}\n" for i, d in enumerate((timedelta(days=-9), ahead)))
    project.write("data.csv", f"seen,n\n{times}")
    return verdict_of(project, rule)


def test_a_newest_row_of_the_future_is_no_fresh_one(project: Project) -> None:
    record = newest(project, timedelta(days=2), "freshness(seen) <= 2d")
    assert record["verdict"] == "error"
    why = "it holds no time, or its newest is more than a day ahead of now"
    assert record["reason"] == f"freshness(seen) has no value: {why}"


def test_a_clock_that_is_ahead_of_utc_is_fresh(project: Project) -> None:
    record = newest(project, timedelta(hours=14), "freshness(seen) <= 2d")
    assert record["verdict"] == "passed"
    assert -14 * 3600 - 1 <= value_of(record) <= -13 * 3600


def test_where_leaves_out_the_rows_of_the_future(project: Project) -> None:
    assert newest(project, timedelta(days=2), "freshness(seen) <= 10d where n < 1")["verdict"] == "passed"


# Nine of ten are right.
PREDICTED = "late,guess\n" + "true,true\n" * 5 + "false,false\n" * 4 + "true,false\n"


@pytest.mark.parametrize(
    ("rule", "verdict", "shown", "limit"),
    [
        ("accuracy(late, guess) >= 80%", "passed", "90%", ">= 80%"),
        ("accuracy(late, guess) >= 0.8", "passed", "0.9", ">= 0.8"),
        ("accuracy(late, guess) >= 95%", "blocked", "90%", ">= 95%"),
        ("accuracy(late, guess) between 70% and 90%", "passed", "90%", "between 70% and 90%"),
        ("f1(late, guess) >= 99% warn, >= 80% block", "warned", "90.9091%", ">= 99%"),
        ("accuracy(late, guess, min_support: 4) by late >= 80%", "passed", "83.3333% (true)", ">= 80%"),
    ],
)
def test_a_metric_up_to_1_is_compared_with_a_number_or_a_share(
    project: Project, rule: str, verdict: str, shown: str, limit: str
) -> None:
    project.write("data.csv", PREDICTED)
    record = verdict_of(project, rule)
    assert record["verdict"] == verdict, record
    (measured,) = record["rules"][0]["measured"].values()
    assert (measured["text"], record["rules"][0]["limits"][0]["text"]) == (shown, limit)
