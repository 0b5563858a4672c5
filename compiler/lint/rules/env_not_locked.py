"""W554"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model

ENV_NOT_LOCKED = declare(
    "W554", "env-not-locked", Severity.WARNING, "Packages are named, and the version of a result does not know them."
)


def environments_are_locked(model: Model, diagnostics: Diagnostics) -> None:
    """Where a pipeline has requirements, `version` has a lock: a new package is then a new result."""
    requirements = model.pipeline.attributes.get("requirements") if model.pipeline else None
    if requirements is None or (model.version is not None and "env" in model.version.attributes):
        return
    path = requirements.value.span.text
    message = f"when {path} changes, results are restored as if it had not"
    at = requirements.value.span
    hint = f"write version {{ env = lock({path}) }}"
    diagnostics.report(ENV_NOT_LOCKED, at, message, hint=hint)
