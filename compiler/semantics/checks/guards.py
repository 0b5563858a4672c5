"""Guards and their rules."""

from __future__ import annotations

from ...diagnostics import Diagnostics
from .. import rules
from ..guard_types import Typing
from ..model import Model


def guards_have_rules(model: Model, diagnostics: Diagnostics) -> None:
    """A guard that asks nothing protects nothing."""
    for declaration in (*model.guard_declarations.values(), *model.templates.values()):
        assert declaration.name is not None
        if not declaration.body:
            message = f"guard '{declaration.name.text}' has no rules"
            diagnostics.report(rules.EMPTY_GUARD, declaration.name.span, message, hint="add one, such as rows >= 1")


def guard_rules_have_types(model: Model, diagnostics: Diagnostics) -> None:
    """Each rule is true or false of its subject, units agree, columns exist, and the outcome is not settled before."""
    for guard in model.guards.values():
        Typing(guard, diagnostics).check()
