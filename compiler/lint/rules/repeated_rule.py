"""W525"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Note, Severity, declare
from ...semantics.model import Model
from ...source import Span
from ...syntax import tree
from ..numbers import plain
from ..walk import removal

REPEATED_RULE = declare("W525", "repeated-rule", Severity.WARNING, "A guard asks the same twice.")


def rules_are_asked_once(model: Model, diagnostics: Diagnostics) -> None:
    """No two rules about one subject are the same, whatever happens when they fail."""
    seen: dict[tuple[str, str], Span] = {}
    for guard in model.guards.values():
        for rule in guard.rules:
            text = _asked(rule)
            first = seen.setdefault((guard.subject.name, text), rule.span)
            # A template applied twice gives rules at one place, where there is nothing to take out.
            if first != rule.span:
                notes = (Note("it is asked here first", first),)
                fix = removal(
                    rule.span,
                    "take the second one out",
                    safe=" ".join(first.text.split()) == " ".join(rule.span.text.split()),
                )
                message = f"'{text if len(text) <= 60 else text[:57] + '…'}' is asked twice"
                diagnostics.report(REPEATED_RULE, rule.span, message, notes=notes, hint="take one out", fix=fix)


def _asked(rule: tree.RuleLine | tree.Expected) -> str:
    """What a rule asks, without what happens otherwise."""
    if isinstance(rule, tree.RuleLine) and not rule.bands:
        conditions = [f" {word} {plain(e)}" for word, e in (("where", rule.where), ("for", rule.share)) if e]
        return plain(rule.expression) + "".join(conditions)
    return " ".join(rule.span.text.split())
