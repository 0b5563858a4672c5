"""W507"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ..passed import command_stages, mentions

UNWRITTEN_OUTPUT = declare(
    "W507", "unwritten-output", Severity.WARNING, "An output whose path the stage's program is never told."
)


def programs_are_told_their_outputs(model: Model, diagnostics: Diagnostics) -> None:
    """A command names each output, or its code reads the path from the environment; else the stage would fail."""
    for stage, command in command_stages(model):
        block = stage.entity.blocks.get("outputs")
        for name in stage.outputs:
            if block is None or mentions(stage, command, "outputs", name, model):
                continue
            message = f"the program is never told where to write '{name}'"
            hint = f"put {{outputs.{name}}} into the command, or read MLOPS_OUTPUT_{name.upper()}"
            diagnostics.report(UNWRITTEN_OUTPUT, block.fields[name].name.span, message, hint=hint)
