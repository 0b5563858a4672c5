"""W572"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model

MISSING_DESCRIPTION = declare(
    "W572", "missing-description", Severity.NOTE, "A pipeline that does not say what it is for."
)


def pipelines_say_what_they_are_for(model: Model, diagnostics: Diagnostics) -> None:
    """A doc comment above the pipeline says what the model is for; it travels into reports and engines' pages."""
    pipeline = model.pipeline
    if pipeline is not None and not pipeline.doc:
        message = f"pipeline '{pipeline.name.text}' does not say what it is for"
        hint = "write a line above it: ## Predicts …"
        diagnostics.report(MISSING_DESCRIPTION, pipeline.name.span, message, hint=hint)
