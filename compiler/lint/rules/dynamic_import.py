"""W552"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ..python_code import python_files

DYNAMIC_IMPORT = declare(
    "W552", "dynamic-import", Severity.WARNING, "Code that imports what is known only when it runs."
)


def code_can_be_followed(model: Model, diagnostics: Diagnostics) -> None:
    """All the code of a stage is found through its imports; what is not found cannot be noticed when it changes."""
    for name, stage in model.stages.items():
        run = stage.entity.value("run")
        for path, facts in python_files(stage, model):
            if facts.dynamic is not None and run is not None:
                message = f"'{path}' imports something by a name made at run time (line {facts.dynamic})"
                hint = f"write a plain import, or cache = off in stage '{name}': a change there is not seen"
                if _is_off(stage.entity.value("cache")):
                    continue
                diagnostics.report(DYNAMIC_IMPORT, run.span, message, hint=hint)


def _is_off(value: object) -> bool:
    return getattr(value, "text", None) == "off"
