"""Rules about drift with the sizes of their samples, as far as a spec guarantees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..plan import nodes as plan
from ..semantics.drift import CHAMPION, PREVIOUS, against, is_drift
from ..semantics.model import GuardModel, Model
from ..syntax import tree
from .chance import chance_of_alarm, sturges
from .numbers import conjuncts, number
from .numbers import plain as text_of
from .times import times_a_year
from .walk import schedules


@dataclass(frozen=True, slots=True)
class DriftRule:
    """One limit of a rule about drift, and the fewest rows that other rules let through on both sides."""

    call: tree.Call
    op: str
    limit: float
    span_text: str
    rows: float | None
    reference: float | None
    bins: int | None
    where: str | None

    def chance(self, rows: float | None = None, limit: float | None = None) -> float | None:
        """The chance of a false alarm, at these sizes or at that of both sides."""
        own, other = (rows, rows) if rows else (self.rows, self.reference)
        if own is None or other is None:
            return None
        bins = self.bins or sturges(own + other)
        return chance_of_alarm(self.call.function.text, self.limit if limit is None else limit, own, other, bins)


def drift_rules(model: Model) -> Iterator[DriftRule]:
    """Every comparison of a drift function with a number."""
    for guard in model.guards.values():
        for rule in guard.rules:
            if isinstance(rule, tree.RuleLine):
                for call, op, limit, span_text in _limits(rule):
                    where = text_of(rule.where) if rule.where is not None else None
                    own = guaranteed_rows(guard.subject.name, where, model)
                    reference = against(call)
                    if reference is None or reference.text in (CHAMPION, PREVIOUS):
                        other = own
                    else:
                        other = guaranteed_rows(reference.text, where, model)
                    yield DriftRule(call, op, limit, span_text, own, other, _bins(call, guard), where)


def _limits(rule: tree.RuleLine) -> Iterator[tuple[tree.Call, str, float, str]]:
    for expr in conjuncts(rule.expression):
        if not (isinstance(expr, tree.Binary) and isinstance(expr.left, tree.Call) and is_drift(expr.left)):
            continue
        pairs = [(expr.op, expr.right)]
        if expr is rule.expression:
            pairs += [(band.op, band.limit) for band in rule.bands]
        for op, side in pairs:
            limit = number(side)
            if limit is not None and (op in (">", ">=")) == (expr.left.function.text == "chi2"):
                yield expr.left, op, limit, side.span.text


def guaranteed_rows(table: str, where: str | None, model: Model) -> float | None:
    """The fewest rows that the guards of a table let through, of those that meet a condition."""
    found = []
    for guard in model.guards.values():
        for rule in guard.rules if guard.subject.name == table else ():
            if not isinstance(rule, tree.RuleLine) or (text_of(rule.where) if rule.where else None) != where:
                continue
            blocks = [b.limit for b in rule.bands if b.action.text == "block"]
            if _only_warns(rule) and not blocks:
                continue
            for expr in conjuncts(rule.expression):
                found += _least(expr, blocks)
    return max(found, default=None)


def _only_warns(rule: tree.RuleLine) -> bool:
    action = rule.first_action or (rule.otherwise.action if rule.otherwise else None)
    return action is not None and action.text == "warn"


def _least(expr: tree.Expr, blocks: list[tree.Expr]) -> list[float]:
    if isinstance(expr, tree.Between) and text_of(expr.subject) == "rows":
        side: tree.Expr = expr.low
    elif isinstance(expr, tree.Binary) and text_of(expr.left) == "rows" and expr.op in (">", ">=", "=="):
        side = blocks[0] if blocks else expr.right
    elif isinstance(expr, tree.In) and isinstance(expr.domain, tree.Range) and text_of(expr.subject) == "rows":
        side = expr.domain.low
    else:
        return []
    value = number(side)
    return [value] if value is not None and value > 0 else []


def _bins(call: tree.Call, guard: GuardModel) -> int | None:
    """How many different values the schema allows; nothing where it does not say."""
    column = (guard.subject.columns or {}).get(text_of(call.args[0]))
    if column is None:
        return None
    if column.type == "bool":
        return 2
    listed = column.domain.args[-1] if isinstance(column.domain, plan.Op) else None
    return len(listed.value) if isinstance(listed, plan.Literal) and isinstance(listed.value, tuple) else None


def runs_a_year(model: Model) -> int:
    """How often the schedules start the pipeline; 0 where there are none."""
    return sum(times_a_year(cron.value) for _, cron, _ in schedules(model))
