"""W506"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ..passed import command_stages, mentions

UNREAD_INPUT = declare("W506", "unread-input", Severity.WARNING, "An input that the stage's program is never told of.")


def programs_are_told_their_inputs(model: Model, diagnostics: Diagnostics) -> None:
    """A command names each input, or its code reads the path from the environment."""
    for stage, command in command_stages(model):
        for ref in stage.inputs:
            if mentions(stage, command, "inputs", ref.name, model):
                continue
            message = f"the program never reads input '{ref.name}'"
            hint = f"put {{inputs.{ref.name}}} into the command, or read MLOPS_INPUT_{ref.name.upper()}"
            diagnostics.report(UNREAD_INPUT, ref.span, message, hint=hint)
