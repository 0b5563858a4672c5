"""W503"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ..walk import used_artifacts

UNUSED_OUTPUT = declare("W503", "unused-output", Severity.WARNING, "An output that nothing uses.")
_FOR_PEOPLE = ("plot", "report", "metrics")


def outputs_are_used(model: Model, diagnostics: Diagnostics) -> None:
    """What a stage writes for others is read by others. The outputs of a last stage are what the pipeline is for."""
    used = used_artifacts(model)
    for name, stage in model.stages.items():
        block = stage.entity.blocks.get("outputs")
        if block is None or not any(f"{name}.{output}" in used for output in stage.outputs):
            continue
        for output in stage.outputs.values():
            if f"{name}.{output.name}" in used or output.kind in _FOR_PEOPLE:
                continue
            span = block.fields[output.name].name.span
            message = f"nothing uses output '{output.name}' of stage '{name}'"
            hint = "take it out, or call it a report if people read it"
            diagnostics.report(UNUSED_OUTPUT, span, message, hint=hint)
