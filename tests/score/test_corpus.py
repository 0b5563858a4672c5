"""What must hold of the score of any spec."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from mlopsc.compiler.driver import analyse, compile_plan
from mlopsc.compiler.features import Feature
from mlopsc.compiler.score import next_steps, score
from mlopsc.compiler.score.facts import Facts

ROOT = Path(__file__).parents[2]
SPECS = sorted(p for folder in ("tests", "examples") for p in (ROOT / folder).rglob("*.mlops") if p.is_file())


@pytest.mark.slow
def test_points_have_evidence_and_what_is_missing_is_said() -> None:
    scored = 0
    for path in SPECS:
        try:
            analysis = analyse(path)
        except (OSError, UnicodeDecodeError):
            continue
        if analysis.diagnostics.has_errors or analysis.model.pipeline is None:
            continue
        every = frozenset(Feature)
        found = score(
            Facts(compile_plan(analysis).plan, date(2026, 11, 23), carried=every, everywhere=every, natively=every)
        )
        for outcome in found.outcomes:
            assert outcome.evidence if outcome.points else outcome.missing, (path, outcome.test.id)
        assert all(step.write and step.why for step in next_steps(found, 100)), path
        scored += 1
    assert scored > 300
