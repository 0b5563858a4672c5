"""W520"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ..flow import deployed, gates

UNGUARDED_DEPLOY = declare("W520", "unguarded-deploy", Severity.WARNING, "A deploy that no guard protects.")


def deploys_are_guarded(model: Model, diagnostics: Diagnostics) -> None:
    """Some guard judges what went into a model, or what it can do, before it is deployed."""
    for deploy, artifact in deployed(model):
        if not gates(artifact, model):
            message = f"no guard protects deploy '{deploy.name.text}': any model gets through"
            metrics = _metrics(artifact, model)
            hint = f"add a guard on its numbers: guard good_enough on {metrics} {{ accuracy >= 0.8 }}"
            diagnostics.report(UNGUARDED_DEPLOY, deploy.name.span, message, hint=hint)


def _metrics(artifact: str, model: Model) -> str:
    producer = model.artifacts[artifact].producer
    found = (a.name for a in model.artifacts.values() if a.producer == producer and a.kind == "metrics")
    return next(found, f"{producer}.metrics")
