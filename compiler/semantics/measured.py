"""What the guards of an artifact measure, by name: the numbers that a policy test may give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..diagnostics import Diagnostics
from ..format.expressions import flat, pieces
from ..functions import BOOL, FUNCTIONS, NUMBER, PERCENT
from ..source import Source
from ..syntax import tree
from ..syntax.parser import parse
from .canonical import canonical
from .model import GuardModel, Model
from .rows import is_about_rows
from .walk import children


@dataclass(frozen=True)
class Measured:
    """A number that a rule asks for. Without a `node` it is how many rows break the rule, or whether they do."""

    key: str
    shown: str
    guard: GuardModel
    rule: tree.RuleLine | tree.Expected
    node: tree.Expr | None
    unit: str

    @property
    def where(self) -> tree.Expr | None:
        return self.rule.where if isinstance(self.rule, tree.RuleLine) else None


def measured_on(artifact: str, model: Model) -> tuple[Measured, ...]:
    """All that the guards on an artifact measure, in the order of their rules."""
    guards = [g for g in model.guards.values() if g.subject.name == artifact]
    return tuple(m for guard in guards for rule in guard.rules for m in _of_rule(rule, guard))


def _of_rule(rule: tree.RuleLine | tree.Expected, guard: GuardModel) -> Iterator[Measured]:
    if isinstance(rule, tree.Expected):
        shown = f"expected {rule.file.span.text}"
        yield Measured(" ".join(shown.split()), shown, guard, rule, None, BOOL)
        return
    suffix = f" where {flat(pieces(rule.where))}" if rule.where is not None else ""
    if is_about_rows(rule.expression, guard):
        shown = flat(pieces(rule.expression)) + suffix
        yield Measured(key_of(rule.expression, rule.where), shown, guard, rule, None, BOOL)
        return
    for node in _named_in(rule.expression, *(band.limit for band in rule.bands)):
        if isinstance(node, tree.Better):
            unit = PERCENT  # the share of resamples
        else:
            name = node.text if isinstance(node, tree.Path) else node.function.text
            unit = FUNCTIONS[name].result if name in FUNCTIONS else NUMBER
        yield Measured(key_of(node, rule.where), flat(pieces(node)) + suffix, guard, rule, node, unit)


def _named_in(*expressions: tree.Expr) -> Iterator[tree.Call | tree.Path | tree.Better]:
    for expr in expressions:
        if isinstance(expr, tree.Call) and expr.function.text == "abs":
            yield from _named_in(*expr.args)
        elif isinstance(expr, tree.Better):
            yield replace(expr, confidence=None)
        elif isinstance(expr, tree.Call | tree.Path):
            yield expr
        elif isinstance(expr, tree.Binary) and expr.op != "references":
            yield from _named_in(expr.left, expr.right)
        else:
            yield from _named_in(*children(expr))


def key_of(expr: tree.Expr, where: tree.Expr | None) -> str:
    """Two names with one key are one number."""
    return canonical(expr) + (f" where {canonical(where)}" if where is not None else "")


def key_of_text(text: str) -> str:
    """The key of a name that is written as a rule writes it: `nulls(x) where y == 1`."""
    items = parse(Source("", f"guard g on s {{ {text} }}"), Diagnostics()).items
    body = items[0].body if len(items) == 1 and isinstance(items[0], tree.Declaration) else ()
    if len(body) == 1 and isinstance(body[0], tree.RuleLine):
        named = body[0].expression
        if isinstance(named, tree.Better):  # how sure the rule must be is no part of its name
            named = replace(named, confidence=None)
        return key_of(named, body[0].where)
    return " ".join(text.split())
