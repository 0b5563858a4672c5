"""W521"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Note, Severity, declare
from ...semantics.model import Model
from ..flow import blocks, deployed, gates

WARN_ONLY_DEPLOY = declare("W521", "warn-only-deploy", Severity.WARNING, "A deploy whose guards can only warn.")


def some_guard_can_stop_a_deploy(model: Model, diagnostics: Diagnostics) -> None:
    """Among the guards of a deploy is one that blocks."""
    for deploy, artifact in deployed(model):
        guards = gates(artifact, model)
        if guards and not any(blocks(g) for g in guards):
            message = f"the guards of deploy '{deploy.name.text}' can only warn: any model gets through"
            notes = tuple(Note(f"'{g.name.text}' only warns", g.name.span) for g in guards)
            hint = "take 'else warn' from a rule that must hold"
            diagnostics.report(WARN_ONLY_DEPLOY, deploy.name.span, message, notes=notes, hint=hint)
