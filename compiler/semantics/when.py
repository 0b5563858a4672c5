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


_EXAMPLES: dict[type, str] = {tree.Number: "1", tree.Truth: "true", tree.Duration: "1d", tree.Size: "4GiB"}


def literal(node: tree.Expr) -> plan.Literal | None:
    """A written value as the plan keeps it; nothing for what is no plain value."""
    unit = _LITERALS.get(type(node))
    return plan.Literal(getattr(node, "value"), unit) if unit else None  # noqa: B009


_UNITS: dict[str, type] = {
    **dict.fromkeys(("int", "float"), tree.Number),
    **dict.fromkeys(("string", "date"), tree.Text),
    "bool": tree.Truth,
    "duration": tree.Duration,
    "size": tree.Size,
}


def _compare(expr: tree.Binary, model: Model, diagnostics: Diagnostics) -> None:
    """Reports a param that is compared with a value of another type."""
    for side, other in ((expr.left, expr.right), (expr.right, expr.left)):
        param = model.params.get(side.parts[-1].text) if isinstance(side, tree.Path) else None
        wanted = _UNITS.get(param.param.type) if param else None
        if param is None or wanted is None or type(other) not in _LITERALS or isinstance(other, wanted):
            continue
        if wanted is tree.Number and isinstance(other, tree.Percent) and param.param.type == "float":
            continue
        hint = f'write "{other.span.text}"' if wanted is tree.Text else f"write a value such as {_EXAMPLES[wanted]}"
        message = f"param '{param.param.name}' is of type {param.param.type}, and is compared with {describe(other)}"
        diagnostics.report(rules.INCOMPARABLE, other.span, message, hint=hint)


def is_condition(expr: tree.Expr, model: Model, diagnostics: Diagnostics) -> None:
    """Reports a `when` that is a lone param and no bool."""
    param = model.params.get(expr.parts[-1].text) if isinstance(expr, tree.Path) else None
    if param is not None and param.param.type != "bool":
        message = f"param '{param.param.name}' is of type {param.param.type}, neither true nor false"
        diagnostics.report(rules.WRONG_TYPE, expr.span, message, hint=f"compare it: {expr.span.text} == …")


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
        _compare(expr, model, diagnostics)
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
