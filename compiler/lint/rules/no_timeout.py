"""W557"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model

NO_TIMEOUT = declare("W557", "no-timeout", Severity.NOTE, "A stage that runs while nobody looks, and may run forever.")


def unattended_stages_end(model: Model, diagnostics: Diagnostics) -> None:
    """In a pipeline that starts by itself, every stage has a timeout."""
    if not model.of("trigger") or (model.pipeline is not None and "timeout" in model.pipeline.attributes):
        return
    for name, stage in model.stages.items():
        if "timeout" not in stage.entity.attributes:
            message = f"stage '{name}' starts by itself and has no timeout"
            hint = "add timeout = 1h to it, or to the pipeline for every stage"
            diagnostics.report(NO_TIMEOUT, stage.entity.name.span, message, hint=hint)
