"""The tables that a guard's rules name besides its subject: behind `references` and `against`, first in `overlap`."""

from __future__ import annotations

from collections.abc import Iterator

from ..source import Span
from ..syntax import tree
from .drift import CHAMPION, PREVIOUS, against, is_drift
from .model import GuardModel
from .walk import parts


def other_tables(guard: GuardModel) -> Iterator[tree.Path]:
    """Names of the tables, as often as they stand in the rules."""
    for rule in guard.rules:
        if isinstance(rule, tree.RuleLine):
            for expr in (rule.expression, rule.where, *(b.limit for b in rule.bands)):
                for part in parts(expr) if expr is not None else ():
                    yield from _named_in(part)


def _named_in(expr: tree.Expr) -> Iterator[tree.Path]:
    if isinstance(expr, tree.Binary) and expr.op == "references" and isinstance(expr.right, tree.Path):
        if len(expr.right.parts) > 1:
            yield table_named(expr.right)
    elif isinstance(expr, tree.Call) and expr.function.text == "overlap":
        yield from (a for a in expr.args[:1] if isinstance(a, tree.Path))
    elif isinstance(expr, tree.Call) and is_drift(expr):
        table = against(expr)
        if table is not None and table.text not in (CHAMPION, PREVIOUS):
            yield table


def table_named(path: tree.Path) -> tree.Path:
    """The table of `planes.tailnum`, or of `prepare.features.id`: all but the last word."""
    parts = path.parts[:-1]
    return tree.Path(parts, Span(path.span.source, parts[0].span.start, parts[-1].span.end))
