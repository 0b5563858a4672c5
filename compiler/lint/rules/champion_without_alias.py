"""W528"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ...syntax import tree
from ..walk import guard_expressions, parts

CHAMPION_WITHOUT_ALIAS = declare(
    "W528", "champion-without-alias", Severity.WARNING, "A rule about the champion, and no deploy makes one."
)


def champions_are_made(model: Model, diagnostics: Diagnostics) -> None:
    """Where a rule compares with the champion, a deploy moves an alias to a model; else it is never asked."""
    if any("alias" in deploy.attributes for deploy in model.of("deploy")):
        return
    for expr in guard_expressions(model):
        for part in parts(expr):
            if isinstance(part, tree.Path) and len(part.parts) == 2 and part.parts[0].text == "champion":
                message = f"'{part.text}' never has a value: no deploy moves an alias"
                hint = 'add alias = "champion" to a deploy'
                diagnostics.report(CHAMPION_WITHOUT_ALIAS, part.span, message, hint=hint)
