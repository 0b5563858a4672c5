"""NaN in rules about rows: it must never make a row hold.

DuckDB orders NaN above every number, so that `p_late >= 0` would hold for a NaN, and so would
`a / b >= 0.5` where both are 0. The sides of comparisons that a NaN could make true are asked for it by name. Other
comparisons are false for a NaN by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from ..semantics.model import GuardModel
from ..syntax import tree
from . import sql

_FLOATS = ("DOUBLE", "FLOAT")
_WITH_NAN = frozenset({"float", "json"})  # types of columns


def false_for_nan(condition: sql.Expression, rule: tree.Expr, guard: GuardModel) -> sql.Expression:
    """The condition, and that no NaN stands where it would make the rule true."""
    sides = {sql.text_of(side): side for side in map(sql.rows_condition, _sides(rule, False, guard))}
    for side in sides.values():
        condition = exp.And(this=exp.paren(condition), expression=exp.Not(this=exp.paren(_is_nan(side))))
    return condition


def _is_nan(side: sql.Expression) -> sql.Expression:
    """True for a NaN of any type; false, and no error, for dates, texts and whatever else has none."""
    kind = exp.In(
        this=exp.Anonymous(this="typeof", expressions=[side.copy()]),
        expressions=[exp.Literal.string(k) for k in _FLOATS],
    )
    number = exp.TryCast(this=side.copy(), to=exp.DataType.build("double"))
    return exp.And(this=kind, expression=exp.Anonymous(this="isnan", expressions=[number]))


def _sides(expr: tree.Expr, negated: bool, guard: GuardModel) -> Iterator[tree.Expr]:
    """The operands that make a comparison true by being NaN; all of them below a `not`."""
    if isinstance(expr, tree.Unary):
        yield from _sides(expr.operand, not negated if expr.op == "not" else negated, guard)
        return
    if isinstance(expr, tree.Binary) and expr.op in ("and", "or"):
        yield from _sides(expr.left, negated, guard)
        yield from _sides(expr.right, negated, guard)
        return
    if isinstance(expr, tree.Binary) and any(isinstance(e, tree.Text | tree.Truth) for e in (expr.left, expr.right)):
        return
    odd = [side for side in _operands(expr, negated) if _may_be_nan(side, guard)]
    # NaN equals NaN, and nothing else.
    yield from odd if negated or len(odd) > 1 or not (isinstance(expr, tree.Binary) and expr.op == "==") else ()


def _operands(expr: tree.Expr, negated: bool) -> tuple[tree.Expr, ...]:
    if isinstance(expr, tree.Binary):
        if expr.op in (">", ">="):
            return (expr.left, expr.right) if negated else (expr.left,)
        if expr.op in ("<", "<="):
            return (expr.left, expr.right) if negated else (expr.right,)
        return (expr.left, expr.right) if expr.op in ("==", "!=") else ()
    if isinstance(expr, tree.Between):
        return (expr.subject, expr.low, expr.high) if negated else (expr.high,)
    return (expr.subject,) if isinstance(expr, tree.In) and negated else ()


def _may_be_nan(expr: tree.Expr, guard: GuardModel) -> bool:
    """Whether a column stands in it that is a float, or of which nothing is known."""
    if isinstance(expr, tree.Path):
        column = (guard.subject.columns or {}).get(expr.text)
        return column is None or column.type in _WITH_NAN
    if isinstance(expr, tree.Binary):
        # A division of whole numbers is a fraction, and 0 by 0 is no number.
        known = expr.op == "/" and any(isinstance(e, tree.Path) for e in (expr.left, expr.right))
        return known or _may_be_nan(expr.left, guard) or _may_be_nan(expr.right, guard)
    if isinstance(expr, tree.Unary):
        return _may_be_nan(expr.operand, guard)
    return isinstance(expr, tree.Call) and any(_may_be_nan(a, guard) for a in expr.args)
