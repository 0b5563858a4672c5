"""A rule about rows has to have rows: where there is nothing to judge, nothing has passed."""

from __future__ import annotations

import pytest

from .conftest import Project
from .specs import verdict_of

pytest.importorskip("duckdb")

ROWS = "origin,delay,gate\nEWR,5,\nJFK,7,\n"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ('delay <= 60 where origin == "LGA"', 'no row where origin == "LGA" has values to judge'),
        ('delay <= 60 where origin == "LGA" else quarantine', 'no row where origin == "LGA" has values to judge'),
        ('gate == "A1"', "no row has values to judge"),
        ('gate == "A1" for 50% of rows', "no row has values to judge"),
        ('gate in ["A1"] else warn', "no row has values to judge"),
    ],
)
def test_a_rule_that_judges_no_row_is_an_error(project: Project, rule: str, message: str) -> None:
    project.write("data.csv", ROWS)
    record = verdict_of(project, f"{rule}\nrows == 2")
    assert [r["outcome"] for r in record["rules"]] == ["error", "passed"]
    assert record["verdict"] == "error" and message in record["rules"][0]["message"]


def test_a_null_beside_a_value_is_left_out(project: Project) -> None:
    project.write("data.csv", "origin,delay\nEWR,5\nJFK,\n")
    assert verdict_of(project, "delay <= 60")["verdict"] == "passed"
