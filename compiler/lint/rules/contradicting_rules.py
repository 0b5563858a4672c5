"""W526"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Note, Severity, declare
from ...semantics.model import Model
from ..numbers import Bounded, bounds

CONTRADICTING_RULES = declare("W526", "contradicting-rules", Severity.WARNING, "Two rules that cannot both hold.")


def rules_can_all_hold(model: Model, diagnostics: Diagnostics) -> None:
    """Some value passes every limit that one subject's guards set for it."""
    by_subject: dict[tuple[str, str], list[Bounded]] = {}
    for guard in model.guards.values():
        for found in bounds(guard):
            earlier = by_subject.setdefault((guard.subject.name, found.text), [])
            clash = next((e for e in earlier if e.interval.misses(found.interval)), None)
            if clash is not None:
                message = f"no {found.text} can pass this rule and an earlier one"
                notes = (Note("the other rule is here", clash.expression.span),)
                diagnostics.report(
                    CONTRADICTING_RULES, found.expression.span, message, notes=notes, hint="change one of the limits"
                )
            earlier.append(found)
