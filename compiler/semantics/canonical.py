"""Expressions as texts in which blanks, parentheses and ways to write a value make no difference."""

from __future__ import annotations

from fractions import Fraction
from typing import Union

from ..syntax import tree

Value = Union[Fraction, str, bool]


def value_of(expr: tree.Expr) -> Value | None:
    """A literal's value, numbers as exact fractions: 80% is 4/5. Nothing where it is no literal."""
    if isinstance(expr, tree.Text | tree.Truth):
        return expr.value
    if isinstance(expr, tree.Unary) and expr.op == "-":
        inner = value_of(expr.operand)
        return -inner if isinstance(inner, Fraction) else None
    if isinstance(expr, tree.Number | tree.Percent | tree.Duration | tree.Size):
        return Fraction(repr(expr.value))
    return None


def canonical(expr: tree.Expr) -> str:
    """Equal texts mean the same. How many rows a slice must have is no part of what is measured."""
    value = value_of(expr)
    if value is not None:
        return repr(value) if isinstance(value, str) else str(value)
    if isinstance(expr, tree.Path):
        return expr.text
    if isinstance(expr, tree.Call):
        named = sorted(f"{e.key.text}: {canonical(e.value)}" for e in expr.named if e.key.text != "min_support")
        arguments = ", ".join([*(canonical(a) for a in expr.args), *named])
        return f"{expr.function.text}({arguments})" + (f" by {expr.by.text}" if expr.by else "")
    if isinstance(expr, tree.Binary):
        return f"({canonical(expr.left)} {expr.op} {canonical(expr.right)})"
    if isinstance(expr, tree.Unary):
        return f"{expr.op} {canonical(expr.operand)}"
    if isinstance(expr, tree.Between):
        return f"({canonical(expr.subject)} between {canonical(expr.low)} and {canonical(expr.high)})"
    if isinstance(expr, tree.In):
        return f"({canonical(expr.subject)} in {canonical(expr.domain)})"
    if isinstance(expr, tree.Better):
        sure = f" with {canonical(expr.confidence)}" if expr.confidence is not None else ""
        return f"({canonical(expr.metric)} better than {expr.baseline.text}{sure})"
    if isinstance(expr, tree.ListOf):
        return f"[{', '.join(sorted(canonical(i) for i in expr.items))}]"
    if isinstance(expr, tree.Range):
        return f"{canonical(expr.low)}..{canonical(expr.high)}"
    return " ".join(expr.span.text.split())
