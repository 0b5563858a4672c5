"""W508"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ...syntax import tree
from ..passed import command_stages, mentions

UNREAD_PARAM = declare("W508", "unread-param", Severity.WARNING, "A stage takes a param and never reads it.")


def programs_read_their_params(model: Model, diagnostics: Diagnostics) -> None:
    """A param in a stage's list reaches its program; else it would only spoil the cache."""
    for stage, command in command_stages(model):
        value = stage.entity.value("params")
        for path in value.items if isinstance(value, tree.ListOf) else ():
            if not isinstance(path, tree.Path) or path.text not in model.params:
                continue
            if not mentions(stage, command, "params", path.text, model):
                message = f"the program never reads param '{path.text}'"
                hint = f"put {{params.{path.text}}} into the command, or read MLOPS_PARAM_{path.text.upper()}"
                diagnostics.report(UNREAD_PARAM, path.span, message, hint=hint)
