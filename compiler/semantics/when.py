"""Conditions of `when`: over params, known before anything runs."""

from __future__ import annotations

from ..diagnostics import Diagnostics, did_you_mean
from ..plan import nodes as plan
from ..syntax import tree
from . import rules
from .kinds import describe
from .model import Model

_LITERALS: dict[type, str] = {
    tree.Number: "number",
    tree.Percent: "percent",
    tree.Duration: "duration",
    tree.Size: "size",
    tree.Text: "string",
    tree.Truth: "bool",
}


def literal(node: tree.Expr) -> plan.Literal | None:
    """A written value as the plan keeps it; nothing for what is no plain value."""
    unit = _LITERALS.get(type(node))
    return plan.Literal(getattr(node, "value"), unit) if unit else None  # noqa: B009


def resolve_when(expr: tree.Expr, model: Model, diagnostics: Diagnostics) -> plan.Condition | None:
    """The condition of a `when`; reports names that are no params."""
    plain = literal(expr)
    if plain is not None:
        return plain
    if isinstance(expr, tree.Path):
        name = expr.parts[-1].text
        if expr.text in (name, f"params.{name}") and name in model.params:
            return plan.Ref("param", name)
        hint = did_you_mean(name, list(model.params)) or "a condition is about params"
        diagnostics.report(rules.UNKNOWN_NAME, expr.span, f"no param '{expr.text}'", hint=hint)
        return None
    if isinstance(expr, tree.Unary):
        inner = resolve_when(expr.operand, model, diagnostics)
        return plan.Op("not" if expr.op == "not" else "neg", (inner,)) if inner else None
    if isinstance(expr, tree.Binary) and expr.op != "references":
        left = resolve_when(expr.left, model, diagnostics)
        right = resolve_when(expr.right, model, diagnostics)
        return plan.Op(expr.op, (left, right)) if left and right else None
    if isinstance(expr, tree.Between):
        parts = [resolve_when(e, model, diagnostics) for e in (expr.subject, expr.low, expr.high)]
        known = tuple(p for p in parts if p is not None)
        return plan.Op("between", known) if len(known) == 3 else None
    if isinstance(expr, tree.In) and isinstance(expr.domain, tree.ListOf):
        subject = resolve_when(expr.subject, model, diagnostics)
        items = [literal(i) for i in expr.domain.items]
        if subject is not None and all(items):
            return plan.Op(
                "in",
                (subject, plan.Literal(tuple(i.value for i in items if i and not isinstance(i.value, tuple)), "list")),
            )
    diagnostics.report(
        rules.WRONG_TYPE, expr.span, f"{describe(expr)} has no place in 'when'", hint="compare params: month == 1"
    )
    return None
