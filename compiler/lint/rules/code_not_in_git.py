"""W550"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model

CODE_NOT_IN_GIT = declare("W550", "code-not-in-git", Severity.WARNING, "A stage runs code that git does not know.")


def stage_code_is_in_git(model: Model, tracked: frozenset[str], diagnostics: Diagnostics) -> None:
    """The code of every stage is in git, so that a commit names it. `tracked` are paths from the spec's folder."""
    reported: set[str] = set()
    for name, stage in model.stages.items():
        run = stage.entity.value("run")
        missing = [path for path in stage.code if path not in tracked and path not in reported]
        if run is None or not missing:
            continue
        reported.update(missing)
        shown = ", ".join(f"'{p}'" for p in missing[:3]) + (" and others" if len(missing) > 3 else "")
        message = f"stage '{name}' runs {shown}, which git does not know"
        hint = f"git add {' '.join(missing[:3])}"
        diagnostics.report(CODE_NOT_IN_GIT, run.span, message, hint=hint)
