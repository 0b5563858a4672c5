"""W527"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Note, Severity, declare
from ...semantics.model import Model
from ..numbers import Bounded, bounds

IMPLIED_RULE = declare("W527", "implied-rule", Severity.NOTE, "A rule that another one makes needless.")


def rules_add_something(model: Model, diagnostics: Diagnostics) -> None:
    """No rule follows from a stricter one with the same outcome. A warning before a block is no such pair."""
    for guard in model.guards.values():
        found = list(bounds(guard))
        for weak in found:
            strict = next((s for s in found if _implies(s, weak)), None)
            if strict is not None:
                message = "whatever passes another rule passes this one"
                notes = (Note("the stricter rule is here", strict.expression.span),)
                diagnostics.report(
                    IMPLIED_RULE, weak.expression.span, message, notes=notes, hint="take one of the two out"
                )


def _implies(strict: Bounded, weak: Bounded) -> bool:
    return (
        strict is not weak
        and strict.text == weak.text
        and strict.action == weak.action
        and strict.interval != weak.interval
        and strict.interval.within(weak.interval)
    )
