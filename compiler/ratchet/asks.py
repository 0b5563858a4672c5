"""What each rule of a spec asks for, and how hard: facts, of which rows, of what share of them, and what happens else.

Template arguments stand in the rules already, so that a template and what is written out are equal here; so are rules
of another order, in another guard on the same subject, or in a schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from ..format.expressions import flat
from ..format.statements import joined, line
from ..functions import BARE, FUNCTIONS
from ..plan import nodes as plan
from ..semantics.canonical import Value, canonical, value_of
from ..semantics.model import GuardModel, Model
from ..semantics.rows import is_about_rows
from ..semantics.slices import min_support, sliced_calls
from ..source import Span
from ..syntax import tree
from .limits import Allowed, Fact, OfOne, Said, Unique, sum_fact

STRENGTH = {"warn": 1, "quarantine": 2, "block": 3}
WHOLE = Fraction(1)
# Values of a type are values of these, too; a column of any other type may hold anything.
_ALSO: dict[str, tuple[str, ...]] = {
    "bool": (),
    "int": ("float", "decimal"),
    "float": ("decimal",),
    "decimal": ("float",),
    "date": ("timestamp",),
    "timestamp": (),
    "json": (),
}
_QUANTILE = re.compile(r"quantile\((.*), ([\d/]+)\)")
_WITHIN = re.compile(r", within: ([\d/]+)")
_WHOLE_NUMBERS = ("rows", "columns")
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


@dataclass(frozen=True)
class Ask:
    """One demand of a rule or of a schema's column. `guard` is missing where a schema asks."""

    facts: tuple[Fact, ...]
    action: str
    rows: bool
    where: tuple[Fact, ...]
    share: Fraction
    support: int
    text: str
    span: Span
    rule: object
    guard: GuardModel | None


def asks_of_guard(guard: GuardModel) -> Iterator[Ask]:
    """The demands of a guard: one a rule, or one for each band."""
    for rule in guard.rules:
        yield from _asks(rule, guard)


def _asks(rule: Any, guard: GuardModel) -> Iterator[Ask]:
    text = rule_text(rule)

    def ask(facts: tuple[Fact, ...], action: str, *, rows: bool, where: Any = None, share: Any = None) -> Ask:
        calls = sliced_calls(rule.expression) if isinstance(rule, tree.RuleLine) else ()
        support = max((min_support(c) for c in calls), default=0)
        given = _fraction(share) if share is not None else WHOLE
        about = tuple(facts_of(where)) if where is not None else ()
        return Ask(facts, action, rows, about, given, support, text, rule.span, rule, guard)

    otherwise = getattr(rule, "otherwise", None)
    action = otherwise.action.text if otherwise is not None and otherwise.action is not None else "block"
    if isinstance(rule, tree.Expected):
        # Numbers may differ by `within`, in `for` of the rows: limits like any other. Files are compared by content.
        name = f"expected key {' '.join(sorted(k.text for k in rule.key))}"
        most = _fraction(rule.within) if rule.within is not None else Fraction(0)
        yield ask((OfOne(name, Allowed(high=most)),), action, rows=True, share=rule.share)
    elif not isinstance(rule, tree.RuleLine):
        yield ask((Said(" ".join(text.split())),), action, rows=False)
    elif rule.first_action is not None and isinstance(rule.expression, tree.Binary):
        yield ask(tuple(facts_of(rule.expression)), rule.first_action.text, rows=False, where=rule.where)
        for band in rule.bands:
            facts = tuple(_compared(band.op, rule.expression.left, band.limit, negated=False))
            yield ask(facts, band.action.text, rows=False, where=rule.where)
    else:
        rows = is_about_rows(rule.expression, guard)
        facts = tuple(facts_of(rule.expression))
        yield ask(facts, action, rows=rows, where=rule.where, share=rule.share if rows else None)


def rule_text(rule: Any) -> str:
    """A rule on one line as the formatter writes it, its template's arguments put in, without its message."""
    otherwise = getattr(rule, "otherwise", None)
    if otherwise is not None:
        rule = replace(rule, otherwise=replace(otherwise, message=None) if otherwise.action else None)
    if getattr(rule, "relaxed", None) is not None:
        rule = replace(rule, relaxed=None)
    return flat(joined(line(rule).parts))


def asks_of_schema(source: plan.Source, model: Model) -> Iterator[Ask]:
    """The demands of a schema, one for each thing that a column's line asks."""
    if not source.columns:
        return
    fields = model.entities[source.id].blocks["schema"].fields
    for column in source.columns:
        span = fields[column.name].span
        for fact, rows, text in _of_column(column):
            yield Ask((fact,), "block", rows, (), WHOLE, 0, text, span, column, None)


def _of_column(column: plan.Column) -> Iterator[tuple[Fact, bool, str]]:
    name = column.name
    yield Said(f"{name} is there"), False, f"column {name}"
    if column.type in _ALSO:
        yield Said(f"{name} is {column.type}"), True, f"{name} is {column.type}"
    if not column.nullable:
        yield OfOne(f"nulls({name})", Allowed(high=Fraction(0))), False, f"{name} has no nulls"
    if column.unique:
        yield Unique(frozenset([name])), False, f"{name} unique"
    if isinstance(column.domain, plan.Op):
        values = [a.value for a in column.domain.args if isinstance(a, plan.Literal)]
        if column.domain.op == "between":
            low, high = (_value(v) for v in values)
            assert not isinstance(low, bool) and not isinstance(high, bool)
            yield OfOne(name, Allowed(low, high)), True, f"{name} in {_shown(values[0])}..{_shown(values[1])}"
        else:
            items = values[0] if isinstance(values[0], tuple) else (values[0],)
            only = frozenset(_value(v) for v in items)
            yield OfOne(name, Allowed(only=only)), True, f"{name} in [{', '.join(map(_shown, items))}]"
    if column.pattern is not None:
        yield Said(f"{name} matches {column.pattern!r}"), True, f'{name} matches "{column.pattern}"'


def what_goes_without_saying(facts: Iterable[Fact], asked: Sequence[Fact] = ()) -> Iterator[Fact]:
    """What holds of every table: no share is above 1, no count below 0; an int is a float. `asked` may follow."""
    for fact in facts:
        if isinstance(fact, OfOne):
            yield from _of_other_quantiles(fact, asked)
            called = "(" in fact.name or fact.name in BARE
            function = FUNCTIONS.get(fact.name.split("(")[0]) if called else None
            if function is not None and (function.low is not None or function.high is not None):
                yield OfOne(fact.name, Allowed(_end(function.low), _end(function.high)))
        elif isinstance(fact, Said):
            name, is_, kind = fact.text.rpartition(" is ")
            yield from (Said(f"{name} is {other}") for other in (_ALSO.get(kind, ()) if is_ else ()))


def _rising(name: str) -> tuple[str, Fraction] | None:
    """What a number rises with, and the rest of its name: a quantile with its share, cases with their tolerance."""
    quantile = _QUANTILE.fullmatch(name)
    if quantile:
        return quantile[1], Fraction(quantile[2])
    if name.startswith(("invariant(", "monotonic(")):
        within = _WITHIN.search(name)
        return _WITHIN.sub("", name), Fraction(within[1]) if within else Fraction(0)
    return None


def _of_other_quantiles(fact: OfOne, asked: Iterable[Fact]) -> Iterator[Fact]:
    """A larger quantile is no smaller number: a limit above one is a limit above those below it, and the reverse."""
    here = _rising(fact.name)
    for other in asked if here else ():
        there = _rising(other.name) if isinstance(other, OfOne) else None
        if here and there and isinstance(other, OfOne) and here[0] == there[0]:
            a, low, high = fact.allowed, there[1], here[1]
            if low < high:
                yield OfOne(other.name, Allowed(high=a.high, high_open=a.high_open))
            elif low > high:
                yield OfOne(other.name, Allowed(low=a.low, low_open=a.low_open))


def _end(value: float | None) -> Fraction | None:
    return None if value is None else Fraction(repr(value))


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else f"{value}"


# ------------------------------------------------------------------- facts


def facts_of(expr: tree.Expr, *, negated: bool = False) -> Iterator[Fact]:
    """What an expression asks, as facts that must all hold."""
    if isinstance(expr, tree.Unary) and expr.op == "not":
        yield from facts_of(expr.operand, negated=not negated)
    elif isinstance(expr, tree.Binary) and expr.op == ("or" if negated else "and"):
        yield from facts_of(expr.left, negated=negated)
        yield from facts_of(expr.right, negated=negated)
    elif isinstance(expr, tree.Binary) and expr.op in _NEGATED:
        yield from _compared(expr.op, expr.left, expr.right, negated=negated)
    elif isinstance(expr, tree.Between) and not negated:
        yield from _compared(">=", expr.subject, expr.low, negated=False)
        yield from _compared("<=", expr.subject, expr.high, negated=False)
    elif isinstance(expr, tree.In) and isinstance(expr.domain, tree.Range) and not negated:
        yield from _compared(">=", expr.subject, expr.domain.low, negated=False)
        yield from _compared("<=", expr.subject, expr.domain.high, negated=False)
    elif isinstance(expr, tree.In) and isinstance(expr.domain, tree.ListOf):
        yield _listed(expr, expr.domain, negated)
    elif isinstance(expr, tree.Call) and expr.function.text == "unique" and expr.by is None and not negated:
        yield Unique(frozenset(canonical(a) for a in expr.args))
    elif isinstance(expr, tree.Better) and isinstance(expr.confidence, tree.Percent) and not negated:
        sure = Allowed(low=Fraction(repr(expr.confidence.value)))
        yield OfOne(canonical(replace(expr, confidence=None)), sure)
    elif isinstance(expr, tree.Binary) and expr.op == "matches" and isinstance(expr.right, tree.Text) and not negated:
        yield Said(f"{canonical(expr.left)} matches {expr.right.value!r}")
    else:
        yield Said(f"{'not ' if negated else ''}{canonical(expr)}")


def _listed(expr: tree.In, domain: tree.ListOf, negated: bool) -> Fact:
    values = [value_of(item) for item in domain.items]
    if any(v is None for v in values):
        return Said(f"{'not ' if negated else ''}{canonical(expr)}")
    known = frozenset(v for v in values if v is not None)
    return OfOne(canonical(expr.subject), Allowed(never=known) if negated else Allowed(only=known))


def _compared(op: str, left: tree.Expr, right: tree.Expr, *, negated: bool) -> Iterator[Fact]:
    if negated:
        op = _NEGATED[op]
    if value_of(left) is not None and value_of(right) is None:
        left, right, op = right, left, _MIRRORED[op]
    word = value_of(right)
    if isinstance(word, str | bool):
        yield _with_word(op, left, word)
        return
    difference = _linear(tree.Binary("-", left, right, left.span, left.span))
    if difference is None:
        yield Said(f"{canonical(left)} {op} {canonical(right)}")
        return
    terms, constant = difference
    if op == "!=":
        fact = sum_fact(terms, constant, strict=False)
        if isinstance(fact, OfOne):
            end = fact.allowed.low if fact.allowed.low is not None else fact.allowed.high
            assert end is not None
            yield OfOne(fact.name, Allowed(never=frozenset([end])))
        else:
            yield Said(f"{canonical(left)} != {canonical(right)}")
        return
    strict = op in ("<", ">")
    if op in (">", ">=", "=="):
        yield from _present(sum_fact(terms, constant, strict))
    if op in ("<", "<=", "=="):
        yield from _present(sum_fact({n: -f for n, f in terms.items()}, -constant, strict))


def _present(fact: Fact | None) -> Iterator[Fact]:
    if isinstance(fact, OfOne) and (fact.name in _WHOLE_NUMBERS or fact.name.startswith("distinct(")):
        yield OfOne(fact.name, fact.allowed.whole_numbers())
    elif fact is not None:
        yield fact


def _with_word(op: str, left: tree.Expr, word: str | bool) -> Fact:
    name = canonical(left)
    if op == "==":
        return OfOne(name, Allowed(only=frozenset([word])))
    if op == "!=":
        return OfOne(name, Allowed(never=frozenset([word])))
    if isinstance(word, bool):
        return Said(f"{name} {op} {word}")
    if op in (">", ">="):
        return OfOne(name, Allowed(low=word, low_open=op == ">"))
    return OfOne(name, Allowed(high=word, high_open=op == "<"))


_Linear = tuple[dict[str, Fraction], Fraction]


def _linear(expr: tree.Expr) -> _Linear | None:
    """An expression as names times factors, and a constant."""
    if isinstance(expr, tree.Number | tree.Percent | tree.Duration | tree.Size):
        return {}, _fraction(expr)
    if isinstance(expr, tree.Unary) and expr.op == "-":
        return _scaled(_linear(expr.operand), Fraction(-1))
    if isinstance(expr, tree.Binary) and expr.op in ("+", "-"):
        left, right = _linear(expr.left), _scaled(_linear(expr.right), Fraction(1 if expr.op == "+" else -1))
        if left is None or right is None:
            return None
        terms = dict(left[0])
        for name, factor in right[0].items():
            terms[name] = terms.get(name, Fraction(0)) + factor
        return terms, left[1] + right[1]
    if isinstance(expr, tree.Binary) and expr.op in ("*", "/"):
        left, right = _linear(expr.left), _linear(expr.right)
        if left is not None and right is not None:
            if not right[0] and (expr.op == "*" or right[1]):
                return _scaled(left, right[1] if expr.op == "*" else 1 / right[1])
            if not left[0] and expr.op == "*":
                return _scaled(right, left[1])
        return {canonical(expr): WHOLE}, Fraction(0)
    if isinstance(expr, tree.Path | tree.Call):
        return {canonical(expr): WHOLE}, Fraction(0)
    return None


def _scaled(linear: _Linear | None, by: Fraction) -> _Linear | None:
    return None if linear is None else ({n: f * by for n, f in linear[0].items()}, linear[1] * by)


def _fraction(expr: Any) -> Fraction:
    return Fraction(repr(expr.value)) if isinstance(getattr(expr, "value", None), int | float) else WHOLE


def _value(value: object) -> Value:
    if isinstance(value, bool | str):
        return value
    return Fraction(repr(value)) if isinstance(value, int | float) else str(value)
