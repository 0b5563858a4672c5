"""W559"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ...syntax import tree

STAGE_NEVER_RUNS = declare("W559", "stage-never-runs", Severity.WARNING, "A condition that no param can change.")


def conditions_can_go_either_way(model: Model, diagnostics: Diagnostics) -> None:
    """A stage's `when` depends on a param, and on a value that the param can have."""
    for name, stage in model.stages.items():
        when = stage.entity.value("when")
        if isinstance(when, tree.Truth):
            message = f"stage '{name}' {'always' if when.value else 'never'} runs, whatever the params are"
            diagnostics.report(STAGE_NEVER_RUNS, when.span, message, hint="compare a param: when = month == 1")
        elif isinstance(when, tree.Binary) and when.op == "==" and isinstance(when.left, tree.Path):
            _compared(name, when, model, diagnostics)


def _compared(stage: str, when: tree.Binary, model: Model, diagnostics: Diagnostics) -> None:
    assert isinstance(when.left, tree.Path)
    param = model.params.get(when.left.parts[-1].text)
    value = getattr(when.right, "value", None)
    if param is None or value is None:
        return
    known = param.param
    outside = bool(known.choices) and value not in known.choices
    if isinstance(value, int | float) and not isinstance(value, bool):
        outside = outside or (known.low is not None and value < known.low)
        outside = outside or (known.high is not None and value > known.high)
    if outside:
        assert param.declaration.domain is not None
        message = f"stage '{stage}' never runs: '{known.name}' is in {param.declaration.domain.span.text}"
        diagnostics.report(STAGE_NEVER_RUNS, when.right.span, message, hint="compare with a value that it can have")
