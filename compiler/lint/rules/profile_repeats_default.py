"""W509"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Note, Severity, declare
from ...semantics.model import Model
from ...syntax import tree
from ..walk import removal

PROFILE_REPEATS_DEFAULT = declare(
    "W509", "profile-repeats-default", Severity.NOTE, "A profile sets a param to what it is anyway."
)


def profiles_change_something(model: Model, diagnostics: Diagnostics) -> None:
    """What a profile sets differs from the default that it stands for."""
    if model.profile is not None:
        return  # its values are the defaults now
    for profile in model.profiles.values():
        for block in profile.body:
            if isinstance(block, tree.Block) and block.keyword.text == "params":
                for statement in block.body:
                    if isinstance(statement, tree.Attribute):
                        _compare(statement, profile, model, diagnostics)


def _compare(statement: tree.Attribute, profile: tree.Declaration, model: Model, diagnostics: Diagnostics) -> None:
    param = model.params.get(statement.name.text)
    default = param.declaration.default if param else None
    value = getattr(statement.value, "value", None)
    if default is None or value is None or type(default) is not type(statement.value):
        return
    if getattr(default, "value", None) == value:
        assert profile.name is not None
        name = statement.name.text
        message = f"profile '{profile.name.text}' sets '{name}' to its default"
        notes = (Note("the default is here", default.span),)
        fix = removal(statement.span, "take the line out", safe=False)
        diagnostics.report(
            PROFILE_REPEATS_DEFAULT, statement.span, message, notes=notes, hint="take the line out", fix=fix
        )
