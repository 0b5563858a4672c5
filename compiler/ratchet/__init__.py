"""The ratchet: what a spec asks for less than it did at another revision, and does not say why.

Two revisions are compared by what they mean: a guard may get another name, a rule another place, a template may be
written out or taken into an import, and nothing is found as long as all that was asked of an artifact is still asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING

from .cover import asks_on, is_covered, version_of
from .findings import Finding, Report, judge
from .guards import guards_ask_for_less
from .pairs import Revision, artifact_now
from .references import references_are_what_they_were
from .schemas import schemas_ask_for_less
from .triggers import triggers_may_fire_more_often

if TYPE_CHECKING:
    from ..driver import Analysis

__all__ = ["Report", "compare"]

# Reading the tuple is reading what is compared.
_COMPARISONS: tuple[Callable[[Revision, Revision], Iterator[Finding]], ...] = (
    guards_ask_for_less,
    schemas_ask_for_less,
    triggers_may_fire_more_often,
    references_are_what_they_were,
)


def compare(before: Analysis, now: Analysis, today: date) -> Report:
    """What is looser now than it was. Neither analysis has errors; `today` ends what is relaxed until a day."""
    old, new = Revision.of(before), Revision.of(now)
    findings = (finding for comparison in _COMPARISONS for finding in comparison(old, new))
    return judge(findings, new.model, today, _stricter(old, new))


def _stricter(before: Revision, now: Revision) -> Iterator[str]:
    """Rules that were not asked, or less was, each in a line."""
    for name in now.model.artifacts:
        then = artifact_now(name, now, before)
        pool = asks_on(then, before.model) if then is not None else ()
        for ask in asks_on(name, now.model):
            if not is_covered(ask, pool):
                version = version_of(ask, pool)
                said = f"{ask.span.source.path}:{ask.span.line}: '{ask.text}' of '{name}'"
                yield f"{said} was '{version.new.text}'" if version is not None else f"{said} is new"
