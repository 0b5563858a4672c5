"""A source's schema as rules: a schema is enforced wherever the source is read."""

from __future__ import annotations

from sqlglot import exp

from ..functions.aggregates import Different
from ..functions.function import Asked
from ..plan import nodes as plan
from ..semantics.entity import Entity
from ..semantics.model import Model
from . import sql
from .rules import RuleLowering

_CASTS = {"bool": "boolean", "float": "double", "decimal": "double", "date": "date", "timestamp": "timestamp"}


def schema_rules(source: plan.Source, schema: Entity, lowering: RuleLowering, model: Model) -> tuple[plan.Rule, ...]:
    """One rule for each thing that a column's line asks: its type, no nulls, no repeats, its domain, its pattern."""
    found: list[plan.Rule] = []
    for column in source.columns:
        place = model.place(schema.fields[column.name].span)
        for text, condition in _conditions(column):
            count = lowering.measure(text, sql.text_of(sql.count_where(condition)), "number")
            found.append(_rule(text, count, sql.text_of(condition), place))
        if column.unique:
            text = f"rows that repeat {column.name}"
            unique, asked = Different(repeated=True), Asked((column.name,))
            lowering.in_files[unique.value(asked)] = unique.in_files(asked)
            count = lowering.measure(text, unique.value(asked), "number")
            found.append(_rule(text, count, sql.repeated_rows([column.name]), place))
    return tuple(found)


def _rule(text: str, count: plan.Ref, offending: str, place: plan.Place) -> plan.Rule:
    limit = plan.Limit(plan.Op("==", (count, plan.Literal(0, "number"))), "block")
    return plan.Rule(f"no {text}", (limit,), (count,), None, offending, place)


def _conditions(column: plan.Column) -> list[tuple[str, exp.Expr]]:
    """Conditions that no row may meet, each with what it would mean."""
    value = sql.column(column.name)
    found: list[tuple[str, exp.Expr]] = []
    wrong = _wrong_type(column.type, value)
    if wrong is not None:
        there = exp.Not(this=exp.Is(this=value.copy(), expression=exp.null()))
        found.append((f"{column.name} that is not {column.type}", exp.And(this=there, expression=exp.paren(wrong))))
    if not column.nullable:
        found.append((f"{column.name} that is null", exp.Is(this=value.copy(), expression=exp.null())))
    if isinstance(column.domain, plan.Op):
        found.append((f"{column.name} outside its domain", sql.negated(_domain(column.domain, value))))
    if column.pattern is not None:
        matches = sql.matches(value.copy(), column.pattern)
        found.append((f"{column.name} that does not match its pattern", sql.negated(matches)))
    return found


def _wrong_type(kind: str, value: exp.Expr) -> exp.Expr | None:
    if kind == "int":
        number = exp.TryCast(this=value.copy(), to=exp.DataType.build("double"))
        none = exp.Is(this=number, expression=exp.null())
        fraction = exp.NEQ(this=number.copy(), expression=exp.Floor(this=number.copy()))
        return exp.Or(this=none, expression=fraction)
    if kind in _CASTS:
        cast = exp.TryCast(this=value.copy(), to=exp.DataType.build(_CASTS[kind]))
        return exp.Is(this=cast, expression=exp.null())
    if kind == "json":
        valid = exp.Anonymous(this="json_valid", expressions=[exp.cast(value.copy(), "text")])
        return exp.Not(this=valid)
    return None


def _domain(domain: plan.Op, value: exp.Expr) -> exp.Expr:
    values = [a for a in domain.args if isinstance(a, plan.Literal)]
    if domain.op == "between":
        low, high = (sql.literal(v.value) for v in values if not isinstance(v.value, tuple))
        return exp.Between(this=value.copy(), low=low, high=high)
    items = values[0].value if isinstance(values[0].value, tuple) else ()
    return exp.In(this=value.copy(), expressions=[sql.literal(i) for i in items])
