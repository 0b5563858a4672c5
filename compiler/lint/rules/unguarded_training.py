"""W514"""

from __future__ import annotations

from ...diagnostics import Diagnostic, Diagnostics, Note, Severity, declare
from ...plan import nodes as plan
from ...semantics.model import Model
from ...semantics.sources import scheme_of
from ..flow import unguarded_trainings

UNGUARDED_TRAINING = declare(
    "W514", "unguarded-training", Severity.WARNING, "Data reaches training, and nothing looks at it on the way."
)


def training_data_is_checked(model: Model, diagnostics: Diagnostics) -> None:
    """A schema or a guard stands between every source and the stage that learns from it."""
    for name, source in unguarded_trainings(model):
        if source not in model.entities:
            continue
        diagnostics.add(
            Diagnostic(
                UNGUARDED_TRAINING,
                model.entities[source].name.span,
                f"'{name}' learns from '{source}', and nothing checks it on the way",
                notes=(Note(f"'{name}' makes a model", model.stages[name].entity.name.span),),
                hint=f"add a guard: guard {source}_sane on {source} {{ rows >= 1 }}; or a schema to the source",
                level=Severity.NOTE if _is_one_file(model.sources.get(source)) else None,
            )
        )


def _is_one_file(source: plan.Source | None) -> bool:
    """Whether the data is one file of the project, which changes by somebody's hand and not by itself."""
    uri = source.uri if source else None
    return uri is not None and scheme_of(uri) is None and not any(c in uri for c in "*?[")
