"""W523"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Edit, Fix, Severity, declare
from ...semantics.model import GuardModel, Model
from ...source import Span
from ...syntax import tree
from ..numbers import MIRRORED, comparisons, measured_name

WRONG_DIRECTION = declare(
    "W523", "wrong-direction", Severity.WARNING, "A limit on the side on which the number is good."
)
# Names as libraries print them. Anything else might be good either way.
_LOW_IS_GOOD = frozenset(
    [
        "rmse",
        "mse",
        "mae",
        "mape",
        "smape",
        "rmsle",
        "log_loss",
        "logloss",
        "loss",
        "error",
        "error_rate",
        "brier",
        "brier_score",
        "hinge_loss",
        "wer",
        "cer",
        "psi",
        "ks",
        "js",
        "wasserstein",
        "nulls",
        "freshness",
        "overlap",
        "fpr",
        "fnr",
    ]
)
_HIGH_IS_GOOD = frozenset(
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
        "r_squared",
        "ndcg",
        "map",
        "mrr",
        "iou",
        "bleu",
        "rouge",
        "sensitivity",
        "specificity",
        "kappa",
        "mcc",
        "silhouette",
        "invariant",
        "monotonic",
    ]
)


def limits_keep_out_what_is_bad(model: Model, diagnostics: Diagnostics) -> None:
    """Errors have an upper limit and scores a lower one. Where a number has both, both are meant."""
    for guard in model.guards.values():
        _check(guard, diagnostics)


def _check(guard: GuardModel, diagnostics: Diagnostics) -> None:
    found = [(c, measured_name(c.left)) for c in comparisons(guard)]
    for comparison, name in found:
        if name is None:
            continue
        low_is_good = name in _LOW_IS_GOOD
        p_value = name == "chi2" and isinstance(comparison.left, tree.Call)
        if not low_is_good and not p_value and name not in _HIGH_IS_GOOD:
            continue
        keeps_high = comparison.op in (">", ">=")
        if comparison.op in ("==", "!=") or keeps_high != low_is_good:
            continue
        text = comparison.left.span.text
        others = (c for c, _ in found if c is not comparison and c.left.span.text == text)
        if any((c.op in (">", ">=")) != keeps_high and c.op in MIRRORED for c in others):
            continue
        _report(comparison, name, low_is_good, diagnostics)


def _report(comparison: tree.Binary, name: str, low_is_good: bool, diagnostics: Diagnostics) -> None:
    better = MIRRORED[comparison.op]
    side = "a low" if low_is_good else "a high"
    message = f"{side} {name} is good, and '{comparison.op}' stops it"
    at = comparison.op_span
    fix = Fix(f"write {better}", (Edit(Span(at.source, at.start, at.end), better),), safe=False)
    hint = f"write {comparison.left.span.text} {better} {comparison.right.span.text}"
    diagnostics.report(WRONG_DIRECTION, at, message, hint=hint, fix=fix)
