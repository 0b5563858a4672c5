"""W522"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ..flow import about_model, blocks, deployed

GUARD_STOPS_NOTHING = declare(
    "W522", "guard-stops-nothing", Severity.NOTE, "A guard that blocks, and nothing comes after it."
)


def guards_stand_before_something(model: Model, diagnostics: Diagnostics) -> None:
    """What a guard would stop is there: a stage that reads its subject, or a deploy."""
    consumed = {ref.artifact for stage in model.stages.values() for ref in stage.inputs}
    for _, artifact in deployed(model):
        consumed |= about_model(artifact, model)
    for guard in model.guards.values():
        name = guard.subject.name
        if name not in consumed and blocks(guard):
            message = f"nothing comes after '{name}' that guard '{guard.name.text}' could stop"
            hint = "a run is then blocked at its very end; read or deploy what it guards, or write else warn"
            diagnostics.report(GUARD_STOPS_NOTHING, guard.subject_span, message, hint=hint)
