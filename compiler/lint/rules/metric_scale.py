"""W529"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ...syntax import tree
from ..numbers import comparisons, measured_name

METRIC_SCALE = declare("W529", "metric-scale", Severity.WARNING, "A limit above 1 for a metric that ends at 1.")
_ENDS_AT_ONE = frozenset(
    [
        "accuracy",
        "balanced_accuracy",
        "precision",
        "recall",
        "f1",
        "f1_score",
        "auc",
        "roc_auc",
        "pr_auc",
        "average_precision",
        "r2",
    ]
)


def limits_are_on_the_metrics_scale(model: Model, diagnostics: Diagnostics) -> None:
    """Scores are shares from 0 to 1: `accuracy >= 80` lets nothing through."""
    for guard in model.guards.values():
        for comparison in comparisons(guard) if guard.subject.kind == "metrics" else ():
            name, limit = measured_name(comparison.left), comparison.right
            if name in _ENDS_AT_ONE and isinstance(limit, tree.Number) and limit.value > 1:
                hint = f"write {limit.value / 100:g}" if limit.value <= 100 else "write a number from 0 to 1"
                message = f"{name} goes from 0 to 1, and the limit is {limit.span.text}"
                diagnostics.report(METRIC_SCALE, limit.span, message, hint=hint)
