"""W530"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Note, Severity, declare
from ...semantics.model import Model, StageModel

TESTED_ON_TRAINING_DATA = declare(
    "W530", "tested-on-training-data", Severity.WARNING, "A model is judged by the data that it learnt from."
)


def models_are_judged_by_other_data(model: Model, diagnostics: Diagnostics) -> None:
    """A stage that computes metrics of a model reads no table that the model was trained with."""
    for stage in model.stages.values():
        if not any(output.kind == "metrics" for output in stage.outputs.values()):
            continue
        for trained in stage.inputs:
            artifact = model.artifacts[trained.artifact]
            trainer = model.stages.get(artifact.producer)
            if artifact.kind == "model" and trainer is not None and trainer is not stage:
                _shared(stage, trainer, model, diagnostics)


def _shared(stage: StageModel, trainer: StageModel, model: Model, diagnostics: Diagnostics) -> None:
    learnt = {ref.artifact: ref.span for ref in trainer.inputs if model.artifacts[ref.artifact].kind == "table"}
    for ref in stage.inputs:
        # A param that both stages take may well be where each of them splits the table.
        if ref.artifact in learnt and not set(stage.params) & set(trainer.params):
            name = trainer.entity.name.text
            message = f"'{name}' learnt from '{ref.artifact}', so it looks better there than it is"
            notes = (Note(f"'{name}' reads it here", learnt[ref.artifact]),)
            hint = "set rows aside in a stage before training, and judge by those"
            diagnostics.report(TESTED_ON_TRAINING_DATA, ref.span, message, notes=notes, hint=hint)
