"""Layouts shown by example: input, a line `# output`, and what it becomes."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlopsc.compiler.format import format_text
from mlopsc.compiler.source import Source

FIXTURES = sorted(Path(__file__).parent.glob("*.mlops"))
MARK = "# output\n"


def test_there_are_fixtures() -> None:
    assert len(FIXTURES) >= 8


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda p: p.stem)
def test_a_spec_is_laid_out(fixture: Path) -> None:
    given, expected = fixture.read_text(encoding="utf-8").split(MARK)
    expected = expected.removeprefix("\n")
    assert format_text(Source(fixture.name, given)) == expected
    assert format_text(Source(fixture.name, expected)) == expected
