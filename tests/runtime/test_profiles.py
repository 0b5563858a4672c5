"""Profiles of columns: small, the same however they were made, and merged without loss."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlopsc.runtime import profiles
from mlopsc.runtime.columns import Column, profile_of
from mlopsc.runtime.conditions import UnknownValueError
from mlopsc.runtime.profiles import Profile

from .conftest import Project, table_of

duckdb = pytest.importorskip("duckdb")

numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-100, 100),
    st.integers(-50, 50).map(float),
    st.sampled_from([0.0, -0.0, 1e-308, 5e-324, -5e-324, 1.7976931348623157e308, 1.7e9, 1.7e9 + 1]),
)
columns = st.one_of(
    st.lists(st.none() | numbers, max_size=60),
    st.lists(st.none() | st.text(max_size=3), max_size=60).filter(lambda c: any(c)),
    st.lists(st.integers(-40, 10_000), max_size=60),
)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=[4, 16, 8192])
def most(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many pieces a profile may have: few, so that small examples are coarsened, and as many as it has."""
    monkeypatch.setattr(profiles, "MOST", request.param)
    monkeypatch.setattr("mlopsc.runtime.columns.MOST", request.param)
    return int(request.param)


def several(draw: Any, count: int) -> list[list[Any]]:
    """Columns of one kind."""
    kind = draw(st.sampled_from([numbers, st.text(max_size=3)]))
    return [draw(st.lists(kind, min_size=1, max_size=40)) for _ in range(count)]


@FEW
@given(data=st.data())
def test_merging_gives_the_profile_of_all_rows_in_any_order(most: int, data: st.DataObject) -> None:
    a, b, c = several(data.draw, 3)
    one, two, three = (Profile.of_values(x) for x in (a, b, c))
    whole = Profile.of_values([*a, *b, *c])
    assert one.merged(two) == two.merged(one) == Profile.of_values(b + a)
    assert one.merged(two).merged(three) == one.merged(two.merged(three)) == whole
    assert len(whole.pieces) <= most and whole.rows == len(a + b + c)


@FEW
@given(columns)
def test_a_profile_is_read_as_it_was_written(most: int, values: list[Any]) -> None:
    profile = Profile.of_values(values)
    text = json.dumps(profile.plain(), allow_nan=False)
    assert Profile.read(json.loads(text)) == profile


@FEW
@given(values=columns)
def test_a_profile_is_the_finest_that_is_small_enough(most: int, values: list[Any]) -> None:
    profile = Profile.of_values(values)
    different = {v for v in values if v is not None}
    assert profile.exact == (len(different) <= most)
    assert profile.exact or len(profile.at(profile.shift - 1)) <= len(profile.pieces) * 2
    known = [v for v in values if v is not None]
    assert sum(p.rows for p in profile.pieces) == len(known)
    if profile.kind == "numbers" and known:
        assert (profile.least, profile.most) == (min(known), max(known))
        for value in known:
            assert sum(p.low <= value <= p.high for p in profile.pieces) == 1


@pytest.mark.parametrize("damaged", [{}, {"format": 2}, {"format": 1, "kind": "numbers"}, {"format": 1, "values": 3}])
def test_what_is_no_profile_is_refused(damaged: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="profile"):
        Profile.read(damaged)


# --------------------------------------------------------------------- DuckDB


def written(project: Project, rows: list[Any], kind: str) -> Path:
    path = project.root / "data.parquet"
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE t (x {kind}, y INTEGER)")
    if rows:
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(r, i) for i, r in enumerate(rows)])
    connection.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    return path


def counted(project: Project, rows: list[Any], kind: str, where: str | None = None) -> Profile:
    with table_of(project, written(project, rows, kind)) as table:
        return profile_of(table, Column('"x"', where))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=columns)
@pytest.mark.parametrize("first_rows", [0, 100_000])
def test_duckdb_counts_the_profile_that_the_values_have(
    project: Project, most: int, first_rows: int, monkeypatch: pytest.MonkeyPatch, rows: list[Any]
) -> None:
    """Whether it began with single values or with a coarse grid."""
    monkeypatch.setattr("mlopsc.runtime.columns._FIRST_ROWS", first_rows)
    texts = any(isinstance(r, str) for r in rows)
    whole = bool(rows) and all(isinstance(r, int) for r in rows)
    found = counted(project, rows, "VARCHAR" if texts else "BIGINT" if whole else "DOUBLE")
    expected = Profile.of_values(rows)
    assert found.plain() == {**expected.plain(), "whole": whole}


CHANCE = random.Random(7)


@pytest.mark.parametrize(
    "values",
    [
        [CHANCE.gauss(0, 1) for _ in range(20_000)],
        [1.7e9 + CHANCE.random() * 3e7 for _ in range(20_000)],
        [math.exp(CHANCE.gauss(0, 8)) for _ in range(20_000)],
        [20130000.0 + i % 9000 for i in range(20_000)],
        [f"flight {i % 9001}" for i in range(20_000)],
    ],
    ids=["normal", "seconds", "lognormal", "dates", "texts"],
)
def test_many_values_are_counted_on_a_grid(project: Project, values: list[Any]) -> None:
    path = project.root / "data.csv"
    path.write_text("x\n" + "\n".join(map(str, values)) + "\n", "utf-8")
    with table_of(project, path) as table:
        found = profile_of(table, Column("x"))
    assert found.plain() == {**Profile.of_values(values).plain(), "whole": found.whole}
    assert 4096 < len(found.pieces) <= 8192 and not found.exact


def test_nulls_and_odd_numbers_are_counted_apart(project: Project) -> None:
    found = counted(project, [1.0, None, math.nan, math.inf, -math.inf, 2.0, None], "DOUBLE")
    assert (found.rows, found.nulls, found.odd) == (2, 2, 3)


def test_where_picks_the_rows_that_count(project: Project) -> None:
    assert counted(project, [1, 2, 3, 4], "INTEGER", "y < 2").plain() == Profile.of_values([1, 2]).plain()


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("BOOLEAN", [True, False, True, None], [True, False, True, None]),
        ("DECIMAL(9,2)", [1.25, 2.5], [1.25, 2.5]),
        ("UTINYINT", [7, 9], [7, 9]),
        ("HUGEINT", [2**70, 1], [2**70, 1]),
        ("VARCHAR", ["it's", "{subject}", ""], ["it's", "{subject}", ""]),
    ],
)
def test_types_of_columns(project: Project, kind: str, values: list[Any], expected: list[Any]) -> None:
    found = counted(project, values, kind)
    assert found.plain() == {**Profile.of_values(expected).plain(), "whole": found.whole}


@pytest.mark.parametrize("kind", ["DATE", "TIMESTAMP", "INTEGER[]", "BLOB"])
def test_a_column_of_another_type_has_no_profile(project: Project, kind: str) -> None:
    with pytest.raises(UnknownValueError, match="numbers or texts"):
        counted(project, [None], kind)


def test_a_table_without_rows_has_an_empty_profile(project: Project) -> None:
    found = counted(project, [], "DOUBLE")
    assert (found.rows, found.nulls, found.pieces) == (0, 0, ())
