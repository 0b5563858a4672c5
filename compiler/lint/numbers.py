"""Limits in guard rules as numbers: what is compared, which way, and the interval that is left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..semantics.model import GuardModel
from ..syntax import tree

MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def comparisons(guard: GuardModel) -> Iterator[tree.Binary]:
    """The comparisons that must hold by themselves: whole rules, and what `and` joins."""
    for rule in guard.rules:
        if isinstance(rule, tree.RuleLine):
            for expr in conjuncts(rule.expression):
                if isinstance(expr, tree.Binary) and expr.op in (*MIRRORED, "==", "!="):
                    yield expr


def conjuncts(expr: tree.Expr) -> Iterator[tree.Expr]:
    if isinstance(expr, tree.Binary) and expr.op == "and":
        yield from conjuncts(expr.left)
        yield from conjuncts(expr.right)
    else:
        yield expr


def measured_name(expr: tree.Expr) -> str | None:
    """The metric or function on a side of a comparison: `auc`, `rmse(y, p)`."""
    if isinstance(expr, tree.Path) and len(expr.parts) == 1:
        return expr.text
    return expr.function.text if isinstance(expr, tree.Call) else None


def number(expr: tree.Expr) -> float | None:
    """The value of a plain number, percentage, duration or size."""
    if isinstance(expr, tree.Number | tree.Percent | tree.Duration | tree.Size):
        return float(expr.value)
    return None


@dataclass(frozen=True, slots=True)
class Interval:
    """The values that a rule lets through. An open end does not belong to it."""

    low: float = float("-inf")
    high: float = float("inf")
    low_open: bool = False
    high_open: bool = False

    def misses(self, other: Interval) -> bool:
        """Whether no value lies in both."""
        return _before(self, other) or _before(other, self)

    def within(self, other: Interval) -> bool:
        """Whether every value of this lies in the other, too."""
        low = self.low > other.low or (self.low == other.low and (self.low_open or not other.low_open))
        high = self.high < other.high or (self.high == other.high and (self.high_open or not other.high_open))
        return low and high


def _before(a: Interval, b: Interval) -> bool:
    return a.high < b.low or (a.high == b.low and (a.high_open or b.low_open))


@dataclass(frozen=True, slots=True)
class Bounded:
    """A rule that keeps a measured text inside an interval."""

    text: str
    interval: Interval
    expression: tree.Expr
    rule: tree.RuleLine
    action: str


def bounds(guard: GuardModel) -> Iterator[Bounded]:
    """The rules of a guard that compare something with plain numbers and have no condition of their own."""
    for rule in guard.rules:
        if not isinstance(rule, tree.RuleLine) or rule.where is not None or rule.share is not None or rule.bands:
            continue
        action = rule.otherwise.action.text if rule.otherwise and rule.otherwise.action else "block"
        for expr in conjuncts(rule.expression):
            found = _interval(expr)
            if found is not None:
                subject, interval = found
                yield Bounded(plain(subject), interval, expr, rule, action)


def plain(expr: tree.Expr) -> str:
    """An expression as text, its blanks and its template's arguments made equal."""
    if isinstance(expr, tree.Path):
        return expr.text
    if isinstance(expr, tree.Call):
        by = f" by {expr.by.text}" if expr.by else ""
        arguments = [*(plain(a) for a in expr.args), *(f"{e.key.text}: {plain(e.value)}" for e in expr.named)]
        return f"{expr.function.text}({', '.join(arguments)}){by}"
    if isinstance(expr, tree.Binary):
        return f"{plain(expr.left)} {expr.op} {plain(expr.right)}"
    if isinstance(expr, tree.Unary):
        return f"{expr.op} {plain(expr.operand)}"
    if isinstance(expr, tree.Between):
        return f"{plain(expr.subject)} between {plain(expr.low)} and {plain(expr.high)}"
    if isinstance(expr, tree.In):
        return f"{plain(expr.subject)} in {plain(expr.domain)}"
    return " ".join(expr.span.text.split())


def _interval(expr: tree.Expr) -> tuple[tree.Expr, Interval] | None:
    if isinstance(expr, tree.Between):
        low, high = number(expr.low), number(expr.high)
        return (expr.subject, Interval(low, high)) if low is not None and high is not None else None
    if isinstance(expr, tree.In) and isinstance(expr.domain, tree.Range):
        low, high = number(expr.domain.low), number(expr.domain.high)
        return (expr.subject, Interval(low, high)) if low is not None and high is not None else None
    if not isinstance(expr, tree.Binary):
        return None
    left, right, op = expr.left, expr.right, expr.op
    if number(left) is not None:
        left, right, op = right, left, MIRRORED.get(op, op)
    limit = number(right)
    if limit is None or number(left) is not None:
        return None
    made = {
        "<": Interval(high=limit, high_open=True),
        "<=": Interval(high=limit),
        ">": Interval(low=limit, low_open=True),
        ">=": Interval(low=limit),
        "==": Interval(limit, limit),
    }.get(op)
    return (left, made) if made else None
