"""W571"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model

MISSING_OWNER = declare(
    "W571", "missing-owner", Severity.NOTE, "A pipeline that runs unattended and belongs to nobody."
)


def unattended_pipelines_have_owners(model: Model, diagnostics: Diagnostics) -> None:
    """Who is asked when a pipeline that starts by itself goes wrong is written in it."""
    pipeline = model.pipeline
    if pipeline is None or "owner" in pipeline.attributes or not model.of("trigger"):
        return
    message = f"pipeline '{pipeline.name.text}' starts by itself, and says not whom to ask about it"
    diagnostics.report(MISSING_OWNER, pipeline.name.span, message, hint='add owner = "team@example.org"')
