"""Profiles, also those that were not asked for."""

from __future__ import annotations

from ...diagnostics import Diagnostics, did_you_mean
from ...syntax import tree
from .. import rules
from ..model import Model
from ..params import check_override


def profiles_override_what_exists(model: Model, diagnostics: Diagnostics) -> None:
    """A profile names params, stages and the like that are declared, and gives params values that they can have."""
    for profile in model.profiles.values():
        assert profile.name is not None
        for block in profile.body:
            if not isinstance(block, tree.Block):
                continue
            if block.keyword.text == "params":
                for statement in block.body:
                    if isinstance(statement, tree.Attribute):
                        _param(statement, model, diagnostics)
            elif block.label is not None and block.keyword.text != "target":
                _label(profile.name.text, block.keyword.text, block.label, model, diagnostics)


def _param(statement: tree.Attribute, model: Model, diagnostics: Diagnostics) -> None:
    name = statement.name.text
    if name not in model.params:
        hint = did_you_mean(name, list(model.params)) or "the spec declares no param"
        diagnostics.report(rules.UNKNOWN_NAME, statement.name.span, f"no param '{name}'", hint=hint)
        return
    check_override(model.params[name], statement.value, diagnostics)


def _label(profile: str, keyword: str, label: tree.Name, model: Model, diagnostics: Diagnostics) -> None:
    known = [e.name.text for e in model.of(keyword)]
    if keyword == "pipeline":
        known = [model.pipeline.name.text] if model.pipeline else []
    if label.text not in known:
        message = f"profile '{profile}' overrides {keyword} '{label.text}', which nothing declares"
        hint = did_you_mean(label.text, known)
        diagnostics.report(rules.UNKNOWN_NAME, label.span, message, hint=hint)
