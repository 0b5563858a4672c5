"""Rules that compare something with itself, and rules on metrics that never look at the metrics they are on."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostics
from ..syntax import tree
from . import rules
from .model import GuardModel
from .walk import parts

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_BASELINES = ("champion", "previous")


def rule_compares_two_things(rule: tree.RuleLine, guard: GuardModel, diagnostics: Diagnostics) -> None:
    """Reports the first comparison of a rule whose sides are one and the same, or which leaves out the subject."""
    for expr in _comparisons(rule.expression):
        limits = [expr.right, *(b.limit for b in rule.bands if expr is rule.expression)]
        for limit in limits:
            if _written(limit) == _written(expr.left) and any(_names(limit)):
                message = f"{expr.left.span.text} is compared with itself"
                diagnostics.report(rules.SAME_SIDES, expr.span, message, hint=_hint(expr.left))
                return
    names = [n for e in (rule.expression, *(b.limit for b in rule.bands)) for n in _names(e)]
    if guard.subject.kind == "metrics" and names and all(n.parts[0].text in _BASELINES for n in names):
        scopes = {n.parts[0].text for n in names}
        whose = f"the {scopes.pop()} alone" if len(scopes) == 1 else "the champion and the previous run"
        message = f"this rule is about {whose}, and not about '{guard.subject.name}'"
        diagnostics.report(rules.SAME_SIDES, rule.expression.span, message, hint=_hint(names[0]))


def _hint(expr: tree.Expr) -> str:
    """What the rule most likely was to say."""
    if isinstance(expr, tree.Path) and len(expr.parts) > 1 and expr.parts[0].text in _BASELINES:
        name = ".".join(p.text for p in expr.parts[1:])
        return f"write {name} >= {expr.text}"
    if isinstance(expr, tree.Path):
        return f"compare it with a value, or on metrics with champion.{expr.text}"
    return "compare it with a value"


def _comparisons(expr: tree.Expr) -> Iterator[tree.Binary]:
    return (e for e in parts(expr) if isinstance(e, tree.Binary) and e.op in _COMPARISONS)


def _names(expr: tree.Expr) -> Iterator[tree.Path]:
    """The names in an expression, those of columns in calls included."""
    return (e for e in parts(expr) if isinstance(e, tree.Path))


def _written(expr: tree.Expr) -> str:
    from ..format.expressions import flat, pieces

    return flat(pieces(expr))
