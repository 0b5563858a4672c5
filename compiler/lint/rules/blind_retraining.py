"""W548"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ...syntax import tree
from ..flow import deployed, gates
from ..walk import parts

BLIND_RETRAINING = declare(
    "W548", "blind-retraining", Severity.NOTE, "Models are replaced by themselves, and never compared with the last."
)


def retrained_models_are_compared(model: Model, diagnostics: Diagnostics) -> None:
    """Where a trigger retrains, a guard compares the new model with the one in use before it takes its place."""
    if not model.of("trigger"):
        return
    for deploy, artifact in deployed(model):
        alias = deploy.attributes.get("alias")
        guards = gates(artifact, model)
        if alias is None or not guards or not any(g.subject.kind == "metrics" for g in guards):
            continue
        compared = any(
            isinstance(part, tree.Path) and part.parts[0].text in ("champion", "previous") and len(part.parts) == 2
            for guard in guards
            for rule in guard.rules
            if isinstance(rule, tree.RuleLine)
            for part in parts(rule.expression)
        )
        if not compared:
            message = (
                f"a trigger retrains, and no guard compares the new model with the one in '{deploy.text('alias')}'"
            )
            hint = "add a rule such as accuracy >= champion.accuracy - 0.01"
            diagnostics.report(BLIND_RETRAINING, alias.value.span, message, hint=hint)
