"""Each code, through files: what is expected stands in comments, and a passing twin stays quiet."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mlopsc.compiler.diagnostics import RULES

from .harness import HERE, diagnose, differences, expectations, root_of, said

_NAME = re.compile(r"[EW]\d{3}-[a-z0-9-]+(\.ok)?(\.mlops)?")
FIXTURES = sorted(p for p in HERE.iterdir() if p.suffix == ".mlops" or (p.is_dir() and (p / "main.mlops").exists()))
FAILING = [p for p in FIXTURES if not re.search(r"\.ok(\.mlops)?$", p.name)]
PASSING = [p for p in FIXTURES if p not in FAILING]


def code_of(fixture: Path) -> str:
    return fixture.name[:4]


def test_there_are_fixtures() -> None:
    assert len(FAILING) >= 10
    assert len(PASSING) >= 10


def test_fixtures_are_named_after_their_code() -> None:
    assert [p.name for p in FIXTURES if not _NAME.fullmatch(p.name) or code_of(p) not in RULES] == []


@pytest.mark.parametrize("fixture", FAILING, ids=lambda p: p.name)
def test_a_mistake_is_told(fixture: Path) -> None:
    code = code_of(fixture)
    expected = expectations(fixture)
    assert code in {e.code for e in expected}
    assert differences(expected, diagnose(root_of(fixture), code)) == []


@pytest.mark.parametrize("fixture", PASSING, ids=lambda p: p.name)
def test_what_is_right_is_not_told(fixture: Path) -> None:
    code = code_of(fixture)
    assert [said(d) for d in diagnose(root_of(fixture), code) if d.code == code] == []


@pytest.mark.parametrize("code", sorted(RULES))
def test_every_code_has_a_failing_and_a_passing_fixture(code: str) -> None:
    assert code in {code_of(p) for p in FAILING}
    assert code in {code_of(p) for p in PASSING}
