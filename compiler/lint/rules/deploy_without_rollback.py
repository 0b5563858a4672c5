"""W560"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model

DEPLOY_WITHOUT_ROLLBACK = declare(
    "W560", "deploy-without-rollback", Severity.NOTE, "A deploy runs a command, and none takes it back."
)


def deploys_can_be_taken_back(model: Model, diagnostics: Diagnostics) -> None:
    """Where a deploy changes the world by a command, another command undoes it."""
    for deploy in model.of("deploy"):
        if "run" in deploy.attributes and "rollback" not in deploy.attributes:
            message = f"deploy '{deploy.name.text}' cannot be taken back"
            hint = 'add rollback = "… {previous}", the command that puts the model before it back'
            diagnostics.report(DEPLOY_WITHOUT_ROLLBACK, deploy.attributes["run"].name.span, message, hint=hint)
