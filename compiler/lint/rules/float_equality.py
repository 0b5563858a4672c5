"""W524"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ...syntax import tree
from ..numbers import comparisons, measured_name

FLOAT_EQUALITY = declare("W524", "float-equality", Severity.WARNING, "A computed number is compared for equality.")
_COMPUTED = frozenset(
    [
        "mean",
        "median",
        "stddev",
        "quantile",
        "correlation",
        "psi",
        "ks",
        "js",
        "chi2",
        "wasserstein",
        "accuracy",
        "precision",
        "recall",
        "f1",
        "auc",
        "roc_auc",
        "log_loss",
        "mae",
        "rmse",
        "mse",
        "r2",
    ]
)


def computed_numbers_are_not_equated(model: Model, diagnostics: Diagnostics) -> None:
    """`==` and `!=` are for whole numbers and texts: the last digit of a mean depends on the order of rows."""
    for guard in model.guards.values():
        for comparison in comparisons(guard):
            if comparison.op not in ("==", "!="):
                continue
            sides = (comparison.left, comparison.right)
            fraction = next((s for s in sides if isinstance(s, tree.Number) and s.value != int(s.value)), None)
            computed = next((s for s in sides if measured_name(s) in _COMPUTED), None)
            if fraction is None and computed is None:
                continue
            message = "a computed number almost never equals another to the last digit"
            hint = _hint(computed, comparison, fraction)
            diagnostics.report(FLOAT_EQUALITY, comparison.op_span, message, hint=hint)


def _hint(computed: tree.Expr | None, comparison: tree.Binary, fraction: tree.Number | None) -> str:
    limit = fraction or next(
        (s for s in (comparison.left, comparison.right) if isinstance(s, tree.Number | tree.Percent)), None
    )
    subject = computed or (comparison.right if limit is comparison.left else comparison.left)
    if limit is None:
        return "compare with >= or <=, or write between … and …"
    digits = f"{limit.value:.12f}".rstrip("0").partition(".")[2]
    step = 10 ** -(len(digits) + 1)
    low, high = (f"{limit.value + d * step:.{len(digits) + 1}f}" for d in (-5, 5))
    return f"write {subject.span.text} between {low} and {high}"
