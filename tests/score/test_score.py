"""What is not about one test: the rubrics' shape, statements, sums, next steps, the page."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from mlopsc.compiler.diagnostics import Diagnostics
from mlopsc.compiler.project import Project
from mlopsc.compiler.score import ALL_TESTS, MEANINGS, ML_TEST_SCORE, STATABLE, Score, by_name, next_steps, outcome
from mlopsc.compiler.score.page import score_markdown
from mlopsc.compiler.score.statements import read_statements
from mlopsc.compiler.source import Source
from mlopsc.compiler.syntax.parser import parse

from .test_fixtures import FIXTURES, HERE, TODAY, scored

ROOT = HERE.parents[1]
STATED = {
    "test": "Data 5",
    "text": "Only one account reads it.",
    "by": "ops@example.org",
    "date": date(2026, 11, 1),
    "link": "https://example.org/privacy",
}


def test_the_paper_has_seven_tests_in_each_of_four_sections() -> None:
    assert {name: [t.id for t in tests] for name, tests in ML_TEST_SCORE.items()} == {
        name: [f"{name} {n}" for n in range(1, 8)] for name in ("Data", "Model", "Infra", "Monitor")
    }
    assert len({t.id for t in ALL_TESTS}) == len(ALL_TESTS)
    assert all(t.title.endswith(".") and t.asks.endswith(".") for t in ALL_TESTS)


def test_the_page_is_that_of_the_declarations() -> None:
    page = (ROOT / "docs/score.md").read_text("utf-8")
    assert page == score_markdown(), "python -m mlopsc.compiler.score.page > docs/score.md"


@pytest.mark.parametrize(
    ("points", "words"),
    [(0, "research"), (0.5, "serious gaps"), (1, "serious gaps"), (1.5, "first step"), (5.5, "exc")],
)
def test_points_mean_what_the_paper_says(points: float, words: str) -> None:
    assert words in next(w for most, w in MEANINGS if points <= most)


@pytest.mark.parametrize("written", ["Data 1", "data-1", "data1", "DATA_1"])
def test_a_test_is_found_however_it_is_written(written: str) -> None:
    found = by_name(written)
    assert found is not None and found.id == "Data 1"


@pytest.fixture
def full(tmp_path: Path) -> Score:
    return scored(HERE / "full.mlops", tmp_path)


@pytest.fixture
def bare(tmp_path: Path) -> Score:
    return scored(HERE / "bare.mlops", tmp_path)


def test_the_score_is_the_lowest_section(full: Score) -> None:
    sums = {name: full.sum_of(name) for name in full.sections}
    assert sums == {"Data": 2, "Model": 3.5, "Infra": 5, "Monitor": 7}
    assert (full.ml_test_score, full.level, full.reproduced) == (2, 2, 13)


def test_nothing_is_claimed_without_evidence(full: Score, bare: Score) -> None:
    assert all(bool(o.evidence) for o in full.outcomes if o.points)
    assert (bare.ml_test_score, bare.level, bare.reproduced) == (0, 0, 0)
    assert all(o.missing for o in bare.outcomes if not o.points)


def test_a_statement_gives_half_a_point_and_is_shown_as_one(bare: Score) -> None:
    stated, problems = read_statements(
        {"statement": [STATED]}, pipeline="bare", tests=STATABLE, project=Project(HERE), today=TODAY
    )
    assert problems == ()
    test = by_name("Data 5")
    assert test is not None
    with_it = outcome(test, replace_statements(bare, stated))
    assert (with_it.points, with_it.how) == (0.5, "stated")
    assert str(with_it.evidence[0]).startswith("ops@example.org, 2026-11-01: Only one account reads it. (https://")


def test_an_expired_statement_gives_nothing(bare: Score) -> None:
    old = {**STATED, "date": date(2026, 1, 2)}
    stated, _ = read_statements(
        {"statement": [old]}, pipeline="bare", tests=STATABLE, project=Project(HERE), today=TODAY
    )
    test = by_name("Data 5")
    assert test is not None
    found = outcome(test, replace_statements(bare, stated))
    assert (found.points, found.how) == (0, "not known")
    assert found.missing.startswith("the statement of 2026-01-02 has expired; ")


def test_what_is_derived_wins_over_what_is_stated(full: Score) -> None:
    entry = {**STATED, "test": "Data 1"}
    stated, _ = read_statements(
        {"statement": [entry]}, pipeline="full", tests=STATABLE, project=Project(HERE), today=TODAY
    )
    test = by_name("Data 1")
    assert test is not None
    assert outcome(test, replace_statements(full, stated)).how == "derived"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"test": "Data 8"}, "no test 'Data 8'"),
        ({"test": "Repro 1"}, "no test 'Repro 1'"),
        ({"text": " "}, "text is missing"),
        ({"link": "docs/nowhere.md"}, "no such file"),
        ({"date": "2026-11-01"}, "date is to be a day"),
        ({"date": date(2026, 11, 24)}, "in the future"),
        ({"expires": date(2028, 1, 1)}, "within a year"),
        ({"point": 1}, "unknown key 'point'"),
    ],
)
def test_a_statement_that_is_none_is_refused(change: dict[str, object], said: str) -> None:
    found, problems = read_statements(
        {"statement": [{**STATED, **change}]}, pipeline="p", tests=STATABLE, project=Project(HERE), today=TODAY
    )
    assert found == () and len(problems) == 1
    assert said in problems[0]


def test_a_statement_of_another_pipeline_is_not_ours() -> None:
    entry = {**STATED, "pipeline": "other"}
    found = read_statements({"statement": [entry]}, pipeline="p", tests=STATABLE, project=Project(HERE), today=TODAY)
    assert found == ((), ())


def test_next_steps_are_cheap_first_and_said_once(bare: Score) -> None:
    steps = next_steps(bare, 100)
    efforts = [min(t.effort for t in ALL_TESTS if t.id in step.tests) for step in steps]
    assert efforts == sorted(efforts)
    assert len({s.write for s in steps}) == len(steps)
    assert steps[0].write == "mlopsc run" and "Infra 3" in steps[0].tests


def test_nothing_is_advised_that_no_target_carries(bare: Score) -> None:
    assert not any(word in s.write for s in next_steps(bare, 100) for word in ("monitor", "notify", "age("))


def test_nothing_is_advised_that_one_target_would_refuse(bare: Score, tmp_path: Path) -> None:
    beside = scored(HERE / "advice-for-every-target.mlops", tmp_path)
    assert any("better than" in s.write for s in next_steps(bare, 100))
    assert not any("better than" in s.write for s in next_steps(beside, 100))


@pytest.mark.parametrize("path", FIXTURES, ids=lambda p: p.stem)
def test_a_guard_that_is_advised_can_be_parsed(path: Path, tmp_path: Path) -> None:
    for o in scored(path, tmp_path).outcomes:
        if o.write.startswith(("guard ", "version {", "param ", "trigger ", "notify ", "monitor ", "deploy ")):
            diagnostics = Diagnostics()
            parse(
                Source("advice.mlops", o.write.replace("= …", "= 1").replace("LOW..HIGH", "1..2") + "\n"), diagnostics
            )
            assert list(diagnostics) == [], o.write


def replace_statements(found: Score, stated):
    from dataclasses import replace

    return replace(found.facts, statements=stated)
