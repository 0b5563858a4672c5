"""W501"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ..walk import in_root, removal, used_params

UNUSED_PARAM = declare("W501", "unused-param", Severity.WARNING, "A param that nothing uses.")


def params_are_used(model: Model, diagnostics: Diagnostics) -> None:
    """Setting a param changes something."""
    used = used_params(model)
    for name, param in model.params.items():
        at = param.declaration
        if name in used or not in_root(at.name.span, model):
            continue
        hint = f"name it in a stage: params = [{name}], or {{params.{name}}} in its command; or take it out"
        fix = removal(at.span, f"take out param '{name}'", safe=False)
        diagnostics.report(UNUSED_PARAM, at.name.span, f"nothing uses param '{name}'", hint=hint, fix=fix)
