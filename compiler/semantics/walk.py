"""Walks over the expression of a rule."""

from __future__ import annotations

from collections.abc import Iterator

from ..syntax import tree


def children(expr: tree.Expr) -> tuple[tree.Expr, ...]:
    """The direct parts of an operator; calls, lists and names have none here."""
    if isinstance(expr, tree.Binary):
        return (expr.left,) if expr.op == "references" else (expr.left, expr.right)
    if isinstance(expr, tree.Unary):
        return (expr.operand,)
    if isinstance(expr, tree.Between):
        return (expr.subject, expr.low, expr.high)
    if isinstance(expr, tree.In):
        return (expr.subject,)
    return ()


def parts(expr: tree.Expr) -> Iterator[tree.Expr]:
    """An expression and all that stands in its operators and calls."""
    yield expr
    for child in expr.args if isinstance(expr, tree.Call) else children(expr):
        yield from parts(child)
