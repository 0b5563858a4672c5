"""The rows that a record shows: values as JSON has them."""

from __future__ import annotations

import pytest

from .conftest import Project
from .specs import verdict_of

duckdb = pytest.importorskip("duckdb")


def test_times_with_a_zone_are_shown_in_utc_whatever_is_installed(project: Project) -> None:
    """DuckDB hands them out only where the package pytz is; Parquet files are full of them."""
    rows = "SELECT range AS id, TIMESTAMPTZ '2013-01-01 10:00:00+02' + to_hours(range) AS seen FROM range(40)"
    duckdb.sql(f"COPY ({rows}) TO '{project.root}/data.parquet'")
    record = verdict_of(
        project,
        'id < 39 else warn\nmax(seen) > "2013-01-09" else warn\nmean(id, min_support: 1) by seen < 38 else warn',
        "data.parquet",
    )
    shown, latest, slices = record["rules"]
    assert shown["sample"] == [{"id": 39, "seen": "2013-01-02T23:00:00+00:00"}]
    assert latest["measured"]["max(seen)"]["value"] == "2013-01-02T23:00:00+00:00"
    # The worst slice first.
    assert [s["seen"] for s in slices["sample"]] == ["2013-01-02 23:00:00+00", "2013-01-02 22:00:00+00"]


def test_a_sample_is_json_whatever_the_numbers_are(project: Project) -> None:
    duckdb.sql(f"COPY (SELECT 1 AS id, 'nan'::DOUBLE AS x, '-inf'::DOUBLE AS y) TO '{project.root}/data.parquet'")
    record = verdict_of(project, "id == 2", "data.parquet")
    assert record["rules"][0]["sample"] == [{"id": 1, "x": "nan", "y": "-inf"}]
