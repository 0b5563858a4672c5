"""Monitors."""

from __future__ import annotations

from ...diagnostics import Diagnostics, did_you_mean
from ...functions import FUNCTIONS
from ...syntax import tree
from .. import rules
from ..kinds import describe
from ..model import Artifact, Model
from ..stages import find_artifact
from ..synonyms import function_hint


def monitors_watch_something(model: Model, diagnostics: Diagnostics) -> None:
    """A monitor has a pace, data to look at, and at least one number to compute by functions that exist."""
    for monitor in model.of("monitor"):
        assert monitor.declaration is not None
        every = monitor.declaration.every
        if not isinstance(every, tree.Duration) or every.value <= 0:
            assert every is not None
            message = f"a monitor runs every so often, and {describe(every)} is no duration"
            diagnostics.report(rules.WRONG_TYPE, every.span, message, hint="write every 1d")
        for name in ("current", "reference"):
            path = monitor.value(name)
            if isinstance(path, tree.Path):
                find_artifact(path, model, diagnostics)
        numbers = [a for n, a in monitor.attributes.items() if n not in ("current", "reference")]
        if not numbers and not monitor.unread:
            message = f"monitor '{monitor.name.text}' computes no number"
            diagnostics.report(rules.MISSING_ATTRIBUTE, monitor.name.span, message, hint="add drift = psi(COLUMN)")
        current = monitor.value("current")
        watched = model.artifacts.get(current.text) if isinstance(current, tree.Path) else None
        for number in numbers:
            if isinstance(number.value, tree.Text | tree.Truth):
                message = f"'{number.name.text}' is a number to compute, not {describe(number.value)}"
                diagnostics.report(rules.WRONG_TYPE, number.value.span, message, hint="write psi(COLUMN)")
            _functions(number.value, watched, diagnostics)


def _functions(expr: tree.Expr, watched: Artifact | None, diagnostics: Diagnostics) -> None:
    """Reports functions and columns that do not exist, anywhere in an expression."""
    if isinstance(expr, tree.Call):
        name = expr.function.text
        if name not in FUNCTIONS:
            hint = function_hint(name) or did_you_mean(name, list(FUNCTIONS))
            diagnostics.report(rules.UNKNOWN_FUNCTION, expr.function.span, f"no function '{name}'", hint=hint)
        for argument in expr.args:
            _functions(argument, watched, diagnostics)
            columns = watched.columns if watched else None
            if columns and isinstance(argument, tree.Path) and argument.text not in columns and watched:
                message = f"'{watched.name}' has no column '{argument.text}'"
                hint = did_you_mean(argument.text, list(columns))
                diagnostics.report(rules.UNKNOWN_COLUMN, argument.span, message, hint=hint)
    elif isinstance(expr, tree.Binary):
        _functions(expr.left, watched, diagnostics)
        _functions(expr.right, watched, diagnostics)
    elif isinstance(expr, tree.Unary):
        _functions(expr.operand, watched, diagnostics)
