"""What the score is made of: a test, what was found about it, and the evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..plan.place import Place

if TYPE_CHECKING:
    from .facts import Facts

AUTOMATED, BY_HAND, NONE = 1.0, 0.5, 0.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something that can be looked up: words, and the line or the run that shows it."""

    text: str
    place: Place | None = None
    run: str | None = None

    def __str__(self) -> str:
        where = f"{self.place.file}:{self.place.line}" if self.place else f"run {self.run}" if self.run else ""
        return f"{where}: {self.text}" if where else self.text


@dataclass(frozen=True, slots=True)
class Finding:
    """What spec and records say of one test: points with evidence, or what is missing and what to write."""

    points: float
    evidence: tuple[Evidence, ...] = ()
    missing: str = ""
    write: str = ""  # lines of spec, a command, or a line of a workflow


def met(*evidence: Evidence) -> Finding:
    """Done by itself, again and again."""
    return Finding(AUTOMATED, evidence)


def by_hand(*evidence: Evidence, missing: str, write: str) -> Finding:
    """Done by somebody, and written down; `missing` and `write` say what would make it automatic."""
    return Finding(BY_HAND, evidence, missing, write)


def lacking(missing: str, write: str, *seen: Evidence) -> Finding:
    """Not done, as far as spec and records show; `seen` is what there is of it."""
    return Finding(NONE, seen, missing, write)


@dataclass(frozen=True, slots=True)
class Test:
    """One test of a rubric.

    `asks` says what gives the point, or, where `derive` is missing, why neither spec nor records can tell. `effort`
    orders what to do next: 1 a line or a command, 2 a block, 3 a program or a workflow.
    """

    id: str  # "Data 1": the rubric's own number
    title: str
    asks: str
    effort: int = 2
    derive: Callable[[Facts], Finding] | None = None

    @property
    def family(self) -> str:
        """The part of the rubric that it counts for: `Data`, `Level 1`."""
        return self.id.rpartition(" ")[0]
