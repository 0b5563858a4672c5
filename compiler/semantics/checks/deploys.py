"""Deploys."""

from __future__ import annotations

from ...diagnostics import Diagnostics
from ...syntax import tree
from .. import rules
from ..commands import resolve_command
from ..entity import Entity
from ..model import Model
from ..programs import command_code
from ..stages import find_artifact


def deploys_move_models(model: Model, diagnostics: Diagnostics) -> None:
    """A deploy names a model that a stage makes, and does something with it."""
    for deploy in model.of("deploy"):
        path = deploy.value("model")
        if isinstance(path, tree.Path):
            artifact = find_artifact(path, model, diagnostics)
            if artifact is not None and artifact.kind not in ("model", "dir", "file"):
                message = f"'{artifact.name}' is a {artifact.kind}, and a deploy moves a model"
                hint = f"declare the output as a model: {path.parts[-1].text}: model = …"
                diagnostics.report(rules.WRONG_SUBJECT, path.span, message, hint=hint)
        if "alias" not in deploy.attributes and "run" not in deploy.attributes:
            message = f"deploy '{deploy.name.text}' neither moves an alias nor runs a command"
            diagnostics.report(rules.MISSING_ATTRIBUTE, deploy.name.span, message, hint='add alias = "champion"')
        for name in ("run", "rollback"):
            _command(deploy, name, model, diagnostics)


def _command(deploy: Entity, name: str, model: Model, diagnostics: Diagnostics) -> None:
    value = deploy.value(name)
    if isinstance(value, tree.Call):
        message = f"a deploy's '{name}' is a command in double quotes"
        diagnostics.report(rules.WRONG_TYPE, value.span, message, hint='write "python rollout.py {model}"')
    elif isinstance(value, tree.Text):
        command = resolve_command(value, deploy_slots(model), diagnostics)
        if command is not None:
            command_code(command, value, model, diagnostics)


def deploy_slots(model: Model) -> dict[str, tuple[str, ...]]:
    """What a deploy's commands may name."""
    return {"model": (), "previous": (), "params": tuple(model.params), "run": ("id",)}
