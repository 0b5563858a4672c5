"""Checks of one's own, `python("file.py:function", limit: 3)` in a rule: what is passed, and how long they may run."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan import nodes as plan
from ..syntax import tree
from .walk import parts

SUBJECT = "path"  # the name of the argument that is the subject's path
TIMEOUT = 600.0  # seconds, when the rule says nothing


def custom_checks(expr: tree.Expr) -> Iterator[tree.Call]:
    """The calls of `python` in a rule's expression."""
    return (e for e in parts(expr) if isinstance(e, tree.Call) and e.function.text == "python")


def passed(call: tree.Call) -> tuple[tree.Entry, ...]:
    """The named arguments that the function gets; `timeout` is ours."""
    return tuple(e for e in call.named if e.key.text != "timeout")


def timeout_of(call: tree.Call) -> float:
    """Seconds that the check may take."""
    given = next((e.value for e in call.named if e.key.text == "timeout"), None)
    return given.value if isinstance(given, tree.Duration) else TIMEOUT


def value_of(expr: tree.Expr) -> plan.Scalar | tuple[plan.Scalar, ...]:
    """A checked argument as the function gets it: shares are fractions, durations seconds, sizes bytes, a column its
    name."""
    if isinstance(expr, tree.ListOf):
        return tuple(getattr(i, "value") for i in expr.items)  # noqa: B009 - literals, checked
    if isinstance(expr, tree.Path):
        return expr.text
    if isinstance(expr, tree.Unary):
        return -float(getattr(expr.operand, "value"))  # noqa: B009
    value: plan.Scalar = getattr(expr, "value")  # noqa: B009
    return value
