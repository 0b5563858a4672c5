"""W558"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...plan import nodes as plan
from ...semantics.model import Model

PYTHON_NOT_STATED = declare("W558", "python-not-stated", Severity.NOTE, "Python stages, and nothing says which Python.")


def pipelines_state_their_python(model: Model, diagnostics: Diagnostics) -> None:
    """A pipeline with Python stages names a version of Python, or an image that has one."""
    pipeline = model.pipeline
    if pipeline is None or {"python", "image"} & pipeline.attributes.keys():
        return
    for name, stage in model.stages.items():
        command = isinstance(stage.program, plan.Command) and stage.program.words[0].parts[0] in ("python", "python3")
        if (command or isinstance(stage.program, plan.PythonCall)) and "image" not in stage.entity.attributes:
            message = f"stage '{name}' is Python, and the pipeline names no version: each machine takes its own"
            diagnostics.report(PYTHON_NOT_STATED, pipeline.name.span, message, hint='add python = "3.11"')
            return
