"""What a command is told: by its placeholders, or by the environment that its code reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..plan import nodes as plan
from ..semantics.model import Model, StageModel


def command_stages(model: Model) -> Iterator[tuple[StageModel, plan.Command]]:
    """Stages that run a command whose code is known; of others nothing can be said."""
    for stage in model.stages.values():
        if isinstance(stage.program, plan.Command) and stage.code:
            yield stage, stage.program


def mentions(stage: StageModel, command: plan.Command, scope: str, name: str, model: Model) -> bool:
    """Whether a command or its code names an input, an output or a param."""
    slots = (p for w in command.words for p in w.parts if isinstance(p, plan.Slot))
    if any(s.scope == scope and s.name == name for s in slots):
        return True
    prefix = f"MLOPS_{scope.upper()[:-1]}_"
    # The variable itself, or the bare prefix of a name that is put together while the program runs.
    pattern = re.compile(rf"{prefix}({re.escape(name.upper())}\b|(?![A-Z0-9_]))")
    return any(pattern.search(model.project.text(path) or prefix) for path in stage.code)
