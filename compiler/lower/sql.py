"""SQL of measures and row conditions, built with sqlglot and printed in DuckDB's dialect."""

from __future__ import annotations

from typing import TypeAlias

from sqlglot import exp

from ..plan import nodes as plan
from ..semantics.others import table_named
from ..syntax import tree

Expression: TypeAlias = exp.Expr
DIALECT = "duckdb"
_OPERATORS: dict[str, type[exp.Binary]] = {
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
    "==": exp.EQ,
    "!=": exp.NEQ,
    "+": exp.Add,
    "-": exp.Sub,
    "*": exp.Mul,
    "/": exp.Div,
}


def text_of(expression: Expression) -> str:
    """The expression as DuckDB reads it."""
    return expression.sql(dialect=DIALECT)


def column(name: str) -> Expression:
    """A column, quoted whatever it is called."""
    return exp.column(exp.to_identifier(name, quoted=True))


def literal(value: plan.Scalar) -> Expression:
    """A value as SQL."""
    return exp.convert(value)


def rows_condition(expr: tree.Expr) -> Expression:
    """A rule about rows as a condition over columns."""
    if isinstance(expr, tree.Path):
        return column(expr.text)
    if isinstance(expr, tree.Binary):
        return _binary(expr)
    if isinstance(expr, tree.Unary):
        inner = exp.paren(rows_condition(expr.operand))
        return exp.Not(this=inner) if expr.op == "not" else exp.Neg(this=inner)
    if isinstance(expr, tree.Between):
        low, high = rows_condition(expr.low), rows_condition(expr.high)
        return exp.Between(this=rows_condition(expr.subject), low=low, high=high)
    if isinstance(expr, tree.In):
        return _in(expr)
    if isinstance(expr, tree.Call) and expr.function.text == "abs":
        return exp.Abs(this=rows_condition(expr.args[0]))
    return literal(getattr(expr, "value"))  # noqa: B009 - what is left are literals


def _binary(expr: tree.Binary) -> Expression:
    left = rows_condition(expr.left)
    if expr.op == "references":
        assert isinstance(expr.right, tree.Path)
        return found_in([left], table_named(expr.right).text, [expr.right.parts[-1].text])
    right = rows_condition(expr.right)
    if expr.op in ("and", "or"):
        kind = exp.And if expr.op == "and" else exp.Or
        return kind(this=exp.paren(left), expression=exp.paren(right))
    if expr.op == "matches":
        return exp.Anonymous(this="regexp_matches", expressions=[left, right])
    return _OPERATORS[expr.op](this=grouped(left), expression=grouped(right))


def keys_of(table: str, columns: list[str]) -> exp.Select:
    """The whole keys of a table."""
    whole = exp.and_(*(exp.Not(this=exp.Is(this=column(c), expression=exp.null())) for c in columns))
    return exp.select(*(column(c) for c in columns)).from_(exp.Table(this=exp.Var(this=f"{{{table}}}"))).where(whole)


def found_in(key: list[Expression], table: str, columns: list[str]) -> Expression:
    """Whether a row's key is found among the keys of another table; null where a part of the key is null.

    Nulls of the other table are left out: with one among them, a key that is not found would be neither in nor out.
    """
    row = key[0] if len(key) == 1 else exp.Tuple(expressions=[k.copy() for k in key])
    missing = exp.or_(*(exp.Is(this=k.copy(), expression=exp.null()) for k in key))
    found = exp.In(this=row.copy(), query=exp.Subquery(this=keys_of(table, columns)))
    return exp.Case(ifs=[exp.If(this=missing, true=exp.null())], default=found)


def grouped(expression: Expression) -> Expression:
    """The expression in parentheses, where it has an operator at its top."""
    return exp.paren(expression) if isinstance(expression, exp.Binary) else expression


def _in(expr: tree.In) -> Expression:
    subject = rows_condition(expr.subject)
    if isinstance(expr.domain, tree.Range):
        return exp.Between(this=subject, low=rows_condition(expr.domain.low), high=rows_condition(expr.domain.high))
    items = expr.domain.items if isinstance(expr.domain, tree.ListOf) else ()
    return exp.In(this=subject, expressions=[rows_condition(i) for i in items])


def matches(value: Expression, pattern: str) -> Expression:
    """Whether a text has a part that a regular expression describes."""
    return exp.Anonymous(this="regexp_matches", expressions=[value, literal(pattern)])


def negated(condition: Expression) -> Expression:
    """True for rows in which the condition is false. For a null it is null, which WHERE and FILTER do not let pass:
    that is what `nulls` is for."""
    return exp.Not(this=exp.paren(condition))


def count_negated(condition: Expression, where: Expression | None) -> Expression:
    """The number of rows in which the condition is false; null where it is neither true nor false in any row.

    A sum takes half the time of a count with FILTER.
    """
    wrong = exp.Sum(this=exp.cast(negated(condition), "int"))
    return wrong if where is None else exp.Filter(this=wrong, expression=exp.Where(this=where.copy()))


def count_where(condition: Expression) -> Expression:
    """The number of rows in which a condition is true."""
    return exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=condition))


def listed(rows: str, value: str, table: str) -> str:
    """The slices of a table as one value; `rows` and `value` are its columns."""
    return f"(SELECT list({{'slice': CAST(slice AS VARCHAR), 'rows': {rows}, 'value': {value}}}) FROM {table})"


def repeated_rows(names: list[str]) -> str:
    """A condition for rows that share their values in these columns with another row."""
    listed = ", ".join(text_of(column(n)) for n in names)
    row = f"({listed})" if len(names) > 1 else listed
    return f"{row} IN (SELECT {row} FROM {{subject}} GROUP BY {listed} HAVING count(*) > 1)"
