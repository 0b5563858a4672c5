"""W502"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ..walk import in_root, removal, used_artifacts

UNUSED_SOURCE = declare("W502", "unused-source", Severity.WARNING, "A source that nothing reads.")


def sources_are_read(model: Model, diagnostics: Diagnostics) -> None:
    """A source is read by a stage, looked at by a guard or a monitor, or waited for by a trigger."""
    used = used_artifacts(model)
    for source in model.of("source"):
        name = source.name.text
        if name not in used and in_root(source.name.span, model):
            fix = removal(source.span, f"take out source '{name}'", safe=False)
            hint = f"name it in a stage: inputs = [{name}]; or take it out"
            diagnostics.report(UNUSED_SOURCE, source.name.span, f"nothing reads source '{name}'", hint=hint, fix=fix)
