"""Deploys."""

from __future__ import annotations

import re

from ...diagnostics import Diagnostics
from ...syntax import tree
from .. import rules
from ..commands import resolve_command
from ..entity import Entity
from ..model import Artifact, Model
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
                hint = _where_models_are(artifact, model)
                diagnostics.report(rules.WRONG_SUBJECT, path.span, message, hint=hint)
        if not {"alias", "run"} & (deploy.attributes.keys() | deploy.unread):
            message = f"deploy '{deploy.name.text}' neither moves an alias nor runs a command"
            diagnostics.report(rules.MISSING_ATTRIBUTE, deploy.name.span, message, hint='add alias = "champion"')
        alias = deploy.value("alias")
        if isinstance(alias, tree.Text) and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", alias.value):
            message = f"'{alias.value}' is no name for an alias"
            hint = 'letters, digits, dots and dashes: alias = "champion"'
            diagnostics.report(rules.BAD_PATH, alias.span, message, hint=hint)
        for name in ("run", "rollback"):
            _command(deploy, name, model, diagnostics)


def _where_models_are(artifact: Artifact, model: Model) -> str:
    models = [a.name for a in model.artifacts.values() if a.kind == "model"]
    if models:
        return f"name a model: {', '.join(models[:3])}"
    if artifact.producer in model.stages:
        return f"if it is one, declare it so: {artifact.name.split('.')[-1]}: model = …"
    return "name an output that is declared as a model"


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
