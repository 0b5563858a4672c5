"""W551"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ..python_code import python_files

NO_SEED = declare("W551", "no-seed", Severity.WARNING, "Training that draws random numbers and sets no seed.")
_RANDOM = frozenset(
    [
        "sklearn",
        "torch",
        "numpy",
        "random",
        "xgboost",
        "lightgbm",
        "catboost",
        "tensorflow",
        "keras",
        "jax",
        "transformers",
        "pytorch_lightning",
    ]
)


def training_is_seeded(model: Model, diagnostics: Diagnostics) -> None:
    """The code of a stage that makes a model mentions a seed where it uses a library that draws random numbers."""
    for name, stage in model.stages.items():
        run = stage.entity.value("run")
        if run is None or not any(output.kind == "model" for output in stage.outputs.values()):
            continue
        files = list(python_files(stage, model))
        if any(_seeds(word) for _, facts in files for word in facts.words):
            continue
        found = sorted({(path, module) for path, facts in files for module in facts.imports & _RANDOM})
        if found:
            path, module = found[0]
            message = f"stage '{name}' trains with {module} and sets no seed: no run gives the same model twice"
            hint = f"pass a seed in '{path}', such as random_state=seed, and declare it: param seed: int = 7"
            diagnostics.report(NO_SEED, run.span, message, hint=hint)


def _seeds(word: str) -> bool:
    lower = word.lower()
    return "random_state" in lower or "seed" in lower
