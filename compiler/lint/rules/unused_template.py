"""W504"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ..walk import in_root

UNUSED_TEMPLATE = declare("W504", "unused-template", Severity.WARNING, "A guard template that is never applied.")


def templates_are_applied(model: Model, diagnostics: Diagnostics) -> None:
    """A template of the root file guards something; those of shared files are there for others too."""
    applied = {a.template.text for a in model.applications}
    for name, template in model.templates.items():
        assert template.name is not None
        if name not in applied and in_root(template.name.span, model):
            hint = f"write apply {name}(…) on SUBJECT, or take it out"
            diagnostics.report(
                UNUSED_TEMPLATE, template.name.span, f"guard template '{name}' is never applied", hint=hint
            )
