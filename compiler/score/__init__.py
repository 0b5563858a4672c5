"""How far a pipeline has come, by three rubrics, from what can be shown: its spec, its records, its repository.

Everything here is pure: facts in, a score out. Nothing is claimed that cannot be derived. A test whose answer lies
elsewhere is `not known` and gives nothing, until somebody states it (`statements.py`); a statement is shown as one.

The ML Test Score: E. Breck, S. Cai, E. Nielsen, M. Salib, D. Sculley, "The ML Test Score: A Rubric for ML Production
Readiness and Technical Debt Reduction", IEEE Big Data 2017. Half a point for what is done by hand, written down and
handed round, a whole one for what is done by itself, again and again; the score is the lowest sum of the four sections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .data import DATA
from .facts import Facts
from .findings import BY_HAND, NONE, Evidence, Finding, Test
from .infrastructure import INFRA
from .maturity import LEVEL_1, LEVEL_2
from .model import MODEL
from .monitoring import MONITOR
from .reproducibility import REPRODUCIBILITY

ML_TEST_SCORE = {"Data": DATA, "Model": MODEL, "Infra": INFRA, "Monitor": MONITOR}
ALL_TESTS = (*REPRODUCIBILITY, *DATA, *MODEL, *INFRA, *MONITOR, *LEVEL_1, *LEVEL_2)
STATABLE = tuple(t.id for section in ML_TEST_SCORE.values() for t in section)
STEPS = 3

# What the paper reads from the score, in other words: up to and with so many points.
MEANINGS = (
    (0.0, "research, not yet a product"),
    (1.0, "not untested, but expect serious gaps"),
    (2.0, "a first step towards a product; more is needed"),
    (3.0, "reasonably tested; more of it could run by itself"),
    (5.0, "well tested and watched, fit for what must not fail"),
    (28.0, "tested and watched exceptionally well"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one test. `how` is derived, recorded, stated, missing or not known."""

    test: Test
    how: str
    points: float
    evidence: tuple[Evidence, ...]
    missing: str
    write: str


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do next: lines of spec or a command, and the tests that it is for."""

    write: str
    why: str
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Score:
    """The three rubrics of one pipeline."""

    facts: Facts
    reproducibility: tuple[Outcome, ...]
    sections: dict[str, tuple[Outcome, ...]]
    level_1: tuple[Outcome, ...]
    level_2: tuple[Outcome, ...]

    @property
    def reproduced(self) -> int:
        """How many items of the reproducibility checklist hold."""
        return sum(o.points >= 1 for o in self.reproducibility)

    def sum_of(self, section: str) -> float:
        """The points of one section of the ML Test Score."""
        return sum(o.points for o in self.sections[section])

    @property
    def ml_test_score(self) -> float:
        """The lowest of the sections' sums: as the rubric has it, the weakest one counts."""
        return min(map(self.sum_of, self.sections))

    @property
    def meaning(self) -> str:
        """What the rubric says of such a score."""
        return next(words for points, words in MEANINGS if self.ml_test_score <= points)

    @property
    def level(self) -> int:
        """Google's level: 0, 1 or 2."""
        if any(o.points < 1 for o in self.level_1):
            return 0
        return 1 if any(o.points < 1 for o in self.level_2) else 2

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What all tests found, in order."""
        tests = (o for section in self.sections.values() for o in section)
        return (*self.reproducibility, *tests, *self.level_1, *self.level_2)


def score(facts: Facts) -> Score:
    """Judges every test by the facts."""
    return Score(
        facts,
        _outcomes(REPRODUCIBILITY, facts),
        {name: _outcomes(tests, facts) for name, tests in ML_TEST_SCORE.items()},
        _outcomes(LEVEL_1, facts),
        _outcomes(LEVEL_2, facts),
    )


def _outcomes(tests: Sequence[Test], facts: Facts) -> tuple[Outcome, ...]:
    return tuple(outcome(test, facts) for test in tests)


def outcome(test: Test, facts: Facts) -> Outcome:
    """A test's points: as derived, or half a point where somebody states it and nothing better can be derived."""
    found = test.derive(facts) if test.derive else Finding(NONE, missing=test.asks)
    if found.points >= BY_HAND:
        how = "recorded" if any(e.run for e in found.evidence) else "derived"
        return Outcome(test, how, found.points, found.evidence, found.missing, found.write)
    stated = [s for s in facts.statements if s.test == test.id and s.expires >= facts.today]
    if stated:
        newest = max(stated, key=lambda s: s.date)
        words = f"{newest.by}, {newest.date}: {newest.text} ({newest.link}; until {newest.expires})"
        return Outcome(test, "stated", BY_HAND, (Evidence(words),), found.missing, found.write)
    expired = [s for s in facts.statements if s.test == test.id]
    missing = found.missing
    if expired:
        missing = f"the statement of {max(s.date for s in expired)} has expired; {missing}"
    how = "missing" if test.derive else "not known"
    return Outcome(test, how, NONE, found.evidence, missing, found.write)


def next_steps(found: Score, number: int = STEPS) -> tuple[Step, ...]:
    """The cheapest things to do: a line before a block before a program; among equals what lifts a lowest section,
    then what several tests ask for."""
    wanted: dict[str, list[Outcome]] = {}
    for o in found.outcomes:
        if o.points < 1 and o.write:
            wanted.setdefault(o.write, []).append(o)
    lowest = {name for name in found.sections if found.sum_of(name) == found.ml_test_score}

    def cost(asked: list[Outcome]) -> tuple[int, bool, int]:
        lifts = any(o.test.family in lowest for o in asked)
        return (min(o.test.effort for o in asked), not lifts, -len(asked))

    ordered = sorted(wanted.items(), key=lambda item: cost(item[1]))
    return tuple(Step(write, asked[0].missing, tuple(o.test.id for o in asked)) for write, asked in ordered[:number])


def by_name(named: str) -> Test | None:
    """The test of this id, however it is written: `Data 1`, `data-1`, `data1`."""
    return next((t for t in ALL_TESTS if _plain(t.id) == _plain(named)), None)


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())
