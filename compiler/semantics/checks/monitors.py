"""Monitors."""

from __future__ import annotations

from ...diagnostics import Diagnostics, did_you_mean
from ...syntax import tree
from .. import rules
from ..functions import FUNCTIONS
from ..kinds import describe
from ..model import Model
from ..stages import find_artifact


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
        if not numbers:
            message = f"monitor '{monitor.name.text}' computes no number"
            diagnostics.report(rules.MISSING_ATTRIBUTE, monitor.name.span, message, hint="add drift = psi(COLUMN)")
        for number in numbers:
            _functions(number.value, diagnostics)


def _functions(expr: tree.Expr, diagnostics: Diagnostics) -> None:
    """Reports calls of functions that do not exist, anywhere in an expression."""
    if isinstance(expr, tree.Call):
        name = expr.function.text
        if name not in FUNCTIONS:
            hint = did_you_mean(name, list(FUNCTIONS))
            diagnostics.report(rules.UNKNOWN_FUNCTION, expr.function.span, f"no function '{name}'", hint=hint)
        for argument in expr.args:
            _functions(argument, diagnostics)
    elif isinstance(expr, tree.Binary):
        _functions(expr.left, diagnostics)
        _functions(expr.right, diagnostics)
    elif isinstance(expr, tree.Unary):
        _functions(expr.operand, diagnostics)
