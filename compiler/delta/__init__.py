"""What changed between two revisions of a spec, and what each change means for those who run it and those who use it.

Two plans are compared field by field, so that no difference goes unsaid: what no rule knows is `REDEPLOY`, since the
files that are made of the spec differ. The code of stages is compared by syntax tree, as keys compare it. Where guards
ask for less is said by the ratchet (`compiler/ratchet`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING

from ..ratchet import compare
from ..ratchet.pairs import Revision
from .classes import Change, Class
from .nodes import nodes_differ
from .pair import Pair
from .params import params_differ
from .stages import stages_differ
from .texts import protection_is_lost, texts_differ
from .whole import pipeline_differs

if TYPE_CHECKING:
    from ..driver import Analysis

__all__ = ["Change", "Class", "differences"]

# Reading the tuple is reading what is compared.
_COMPARISONS: tuple[Callable[[Pair], Iterator[Change]], ...] = (
    pipeline_differs,
    params_differ,
    stages_differ,
    nodes_differ,
)


def differences(before: Analysis, now: Analysis, today: date) -> tuple[Change, ...]:
    """The changes, the weightiest class first, each class in the order of the spec. Neither analysis has errors;
    `today` ends what is relaxed until a day."""
    pair = Pair(Revision.of(before), Revision.of(now))
    found = list(protection_is_lost(pair, compare(before, now, today)))
    pair.loosened.update(change.subject for change in found)
    for comparison in _COMPARISONS:
        found += comparison(pair)
    found += texts_differ(pair, found)
    once = dict.fromkeys(found)  # the copies of a `foreach` differ alike
    return tuple(sorted(once, key=lambda c: (-c.kind.weight, c.now.file if c.now else "", c.now.line if c.now else 0)))
