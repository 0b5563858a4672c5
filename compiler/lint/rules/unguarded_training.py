"""W514"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Note, Severity, declare
from ...semantics.model import Model
from ..flow import unguarded_sources

UNGUARDED_TRAINING = declare(
    "W514", "unguarded-training", Severity.WARNING, "Data reaches training, and nothing looks at it on the way."
)


def training_data_is_checked(model: Model, diagnostics: Diagnostics) -> None:
    """A schema or a guard stands between every source and the stage that learns from it."""
    reported: set[str] = set()
    for name, stage in model.stages.items():
        if not any(output.kind == "model" for output in stage.outputs.values()):
            continue
        for source in unguarded_sources(name, model):
            if source in reported or source not in model.entities:
                continue
            reported.add(source)
            at = model.entities[source].name.span
            diagnostics.report(
                UNGUARDED_TRAINING,
                at,
                f"'{name}' learns from '{source}', and nothing checks it on the way",
                notes=(Note(f"'{name}' makes a model", stage.entity.name.span),),
                hint=f"add a guard: guard {source}_sane on {source} {{ rows >= 1 }}; or a schema to the source",
            )
