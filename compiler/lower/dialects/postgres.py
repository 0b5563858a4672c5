"""PostgreSQL. The runtime gives every column one of a few types before these expressions see it
(`runtime/postgres.py`): boolean, bigint, numeric, double precision, text in the order of its bytes, date, timestamp,
jsonb, interval, time.

What differs from DuckDB, and what is written so that it means the same:

- `/` between whole numbers cuts off, and by zero is an error: here it is a quotient of doubles, and infinite by zero.
- true and false cannot be cast to a double, nor has `min` a value for them.
- An expression of which rows agree in several columns compares the rows' texts: there, nulls equal each other.
- Nothing casts only where it can (`TRY_CAST`): a declared type is compared with the column's type in the catalogue.
- There is no `error()`: a text that cannot be a number stops the query and says why.
- A value that is a list of objects is JSON.
- Every table in FROM has a name.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from ...plan import nodes as plan
from . import CannotSayError
from .patterns import postgres_pattern

RAISED = "mlopsc: "  # how `runtime/postgres.py` tells a message of ours from one of the database

_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_TIMES = ("date", "timestamp without time zone", "timestamp with time zone")
_FITTING = {
    exp.DataType.Type.DOUBLE: _NUMBERS,
    exp.DataType.Type.BOOLEAN: ("boolean",),
    exp.DataType.Type.DATE: _TIMES,
    exp.DataType.Type.TIMESTAMP: _TIMES,
    exp.DataType.Type.TIMESTAMPNTZ: _TIMES,
}
# Of these the two databases have one meaning, or sqlglot tells it apart; anything else is refused.
_SAME: tuple[type, ...] = (
    *(exp.Select, exp.Subquery, exp.From, exp.Table, exp.TableAlias, exp.Where, exp.Group, exp.Having, exp.Order),
    *(exp.Ordered, exp.Window, exp.WindowSpec, exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null),
    *(exp.Star, exp.Alias, exp.Paren, exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE),
    *(exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Between, exp.Is, exp.Case, exp.If, exp.DataType, exp.DataTypeParam),
    *(exp.Filter, exp.Distinct, exp.Tuple, exp.Count, exp.Sum, exp.Avg, exp.StddevSamp, exp.Corr, exp.RegrSyy),
    *(exp.Abs, exp.Sqrt, exp.Ln, exp.Least, exp.Greatest, exp.Coalesce, exp.Nullif, exp.LogicalOr, exp.LogicalAnd),
    *(exp.Median, exp.PercentileCont, exp.WithinGroup, exp.TimeToUnix, exp.Floor, exp.Ceil, exp.Limit, exp.Exists),
    *(exp.CTE, exp.With, exp.Join, exp.RowNumber, exp.PropertyEQ, exp.Var, exp.Exp, exp.Pow, exp.StddevPop),
    *(exp.NullSafeEQ, exp.NullSafeNEQ, exp.Dot, exp.CurrentTimestamp, exp.Interval),
)


class Postgres:
    """One node of a query, its parts already in PostgreSQL's words, in PostgreSQL's words."""

    def __init__(self, columns: Mapping[str, plan.Column]) -> None:
        self._columns = columns
        self._tables = 0

    def __call__(self, node: exp.Expr) -> exp.Expr:
        found = self._different(node)
        if found is None and not isinstance(node, _SAME):
            what = node.this if isinstance(node, exp.Anonymous) else getattr(node, "sql_name", lambda: node.key)()
            raise CannotSayError(f"the function {str(what).lower()}" if isinstance(node, exp.Func) else f"'{node.key}'")
        return found if found is not None else node

    def _different(self, node: exp.Expr) -> exp.Expr | None:
        if isinstance(node, exp.Literal) and node.is_string and "\0" in str(node.this):
            raise CannotSayError("a text with the character zero")
        if isinstance(node, exp.Div):
            return _quotient(node)
        if isinstance(node, exp.TryCast):
            return _fitting(node)
        if isinstance(node, exp.Cast):
            return self._cast(node)
        if isinstance(node, exp.Min | exp.Max):
            return self._end(node)
        if isinstance(node, exp.RegexpLike):
            return _matches(node)
        if isinstance(node, exp.IsNan):
            return _is_nan(node)
        if isinstance(node, exp.Typeof):
            return node if isinstance(node.parent, exp.In) else None
        if isinstance(node, exp.In):
            return _in(node)
        if isinstance(node, exp.Is):
            return _is(node)
        if isinstance(node, exp.ArrayAgg | exp.Struct):
            return _json(node)
        if isinstance(node, exp.From | exp.Join):
            return self._named(node)
        if isinstance(node, exp.AnyValue | exp.JSONKeys | exp.Length):
            return _columns(node)
        return _called(node) if isinstance(node, exp.Anonymous) else None

    def _type(self, node: exp.Expr) -> str | None:
        """The type that the schema gives a column; nothing where it has none or does not know it."""
        column = self._columns.get(node.name) if isinstance(node, exp.Column) else None
        return column.type if column is not None else None

    def _cast(self, node: exp.Cast) -> exp.Expr:
        inner = node.this
        if not node.to.is_type(exp.DataType.Type.DOUBLE) or not isinstance(inner, exp.Column):
            return node
        kind = self._type(inner)
        if kind in ("int", "float", "decimal"):
            return node
        if kind == "bool":
            return exp.cast(exp.cast(inner.copy(), "int"), "double")
        # A column of which nothing is known may hold true and false; its text tells.
        text: exp.Expr = exp.cast(inner.copy(), "text")
        for word, number in (("true", "1"), ("false", "0")):
            parts = [exp.Literal.string(word), exp.Literal.string(number)]
            text = exp.Anonymous(this="REPLACE", expressions=[text, *parts])
        return exp.cast(text, "double")

    def _end(self, node: exp.Min | exp.Max) -> exp.Expr:
        if self._type(node.this) != "bool":
            return node
        return (exp.LogicalAnd if isinstance(node, exp.Min) else exp.LogicalOr)(this=node.this.copy())

    def _named(self, node: exp.From | exp.Join) -> exp.Expr:
        table = node.this
        if isinstance(table, exp.Table | exp.Subquery) and not table.alias:
            self._tables += 1
            table.set("alias", exp.TableAlias(this=exp.to_identifier(f"part_{self._tables}")))
        return node


def _double(node: exp.Expr) -> exp.Expr:
    return node.copy() if isinstance(node, exp.Cast) else exp.cast(node.copy(), "double")


def _quotient(node: exp.Div) -> exp.Expr:
    top, bottom = node.this.unnest(), node.expression.unnest()
    if isinstance(bottom, exp.Nullif) or (isinstance(bottom, exp.Literal) and float(bottom.name) != 0):
        return _typed(_double(top), bottom)
    zero = exp.EQ(this=exp.paren(bottom.copy()), expression=exp.Literal.number(0))
    over, nothing = exp.paren(top.copy()), exp.Literal.number(0)
    no_number = exp.Or(
        this=exp.EQ(this=over, expression=nothing), expression=exp.EQ(this=_double(top), expression=_special("NaN"))
    )
    signed = exp.Case(ifs=[
        exp.If(this=no_number, true=_special("NaN")),
        exp.If(this=exp.GT(this=over.copy(), expression=nothing.copy()), true=_special("Infinity")),
        exp.If(this=exp.LT(this=over.copy(), expression=nothing.copy()), true=_special("-Infinity")),
    ])  # fmt: skip
    return exp.Case(ifs=[exp.If(this=zero, true=signed)], default=_typed(_double(top), bottom))


def _typed(top: exp.Expr, bottom: exp.Expr) -> exp.Expr:
    # The left side is a double already: sqlglot adds no cast of its own to a division that knows its types.
    return exp.paren(exp.Div(this=top, expression=exp.paren(bottom.copy()), typed=True, safe=False))


def _special(word: str) -> exp.Expr:
    return exp.cast(exp.Literal.string(word), "double")


def _type_of(node: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="PG_TYPEOF", expressions=[node.copy()])


def _type_name(name: str) -> exp.Expr:
    # Types are compared as such, and not by their names: one is a number, the other a text made for every row.
    return exp.Cast(this=exp.Literal.string(name), to=exp.DataType.build("regtype", udt=True))


def _fitting(node: exp.TryCast) -> exp.Expr:
    types = _FITTING.get(node.to.this)
    if types is None:
        raise CannotSayError(f"a cast to {node.to.sql()} that may fail")
    fits = exp.In(this=_type_of(node.this), expressions=[_type_name(t) for t in types])
    value = exp.cast(exp.cast(node.this.copy(), "text"), node.to.copy())
    found = exp.Case(ifs=[exp.If(this=fits, true=value)])
    found.meta["fits"] = fits
    return found


def _is(node: exp.Is) -> exp.Expr:
    fits = node.this.meta.get("fits") if isinstance(node.expression, exp.Null) else None
    if fits is None:
        return node
    null = exp.Is(this=fits.this.expressions[0].copy(), expression=exp.null())
    return exp.paren(exp.Or(this=null, expression=exp.Not(this=fits.copy())))


def _is_nan(node: exp.IsNan) -> exp.Expr:
    fits = node.this.meta.get("fits")
    if fits is None:
        return exp.EQ(this=node.this.copy(), expression=_special("NaN"))
    # Of a column that may hold anything: no cast that could fail, and none from a text for every row.
    text = exp.cast(fits.this.expressions[0].copy(), "text")
    return exp.paren(exp.And(this=fits.copy(), expression=exp.EQ(this=text, expression=exp.Literal.string("NaN"))))


def _matches(node: exp.RegexpLike) -> exp.Expr:
    pattern = node.expression
    if not isinstance(pattern, exp.Literal) or node.args.get("flag") is not None:
        raise CannotSayError("a pattern that is not written down")
    translated = exp.Literal.string(postgres_pattern(str(pattern.this)))
    return exp.RegexpLike(this=node.this.copy(), expression=translated)


def _in(node: exp.In) -> exp.Expr:
    query = node.args.get("query")
    if isinstance(node.this, exp.Typeof):  # asked for in DuckDB's names: only of the types with fractions
        types = [_type_name(t) for t in ("numeric", "real", "double precision")]
        return exp.In(this=_type_of(node.this.this), expressions=types)
    if not isinstance(node.this, exp.Tuple) or query is None:
        return node
    select = query.unnest()
    row = select.expressions[0]
    if isinstance(row, exp.Tuple):
        select.set("expressions", [_row_text(row)])
    return exp.In(this=_row_text(node.this), query=query.copy())


def _row_text(row: exp.Tuple) -> exp.Expr:
    # Two rows with a null are alike as DuckDB sees it, and as their texts are; ROW(1, NULL) = ROW(1, NULL) is null.
    return exp.cast(exp.Anonymous(this="ROW", expressions=[e.copy() for e in row.expressions]), "text")


def _json(node: exp.ArrayAgg | exp.Struct) -> exp.Expr:
    if isinstance(node, exp.ArrayAgg):
        inner = node.this.copy()
        return exp.Anonymous(this="JSON_AGG", expressions=[inner])
    parts: list[exp.Expr] = []
    for pair in node.expressions:
        if not isinstance(pair, exp.PropertyEQ):
            raise CannotSayError("a value of several parts")
        parts += [exp.Literal.string(pair.name), pair.expression.copy()]
    return exp.Anonymous(this="JSON_BUILD_OBJECT", expressions=parts)


def _columns(node: exp.AnyValue | exp.JSONKeys | exp.Length) -> exp.Expr:
    """`len(json_keys(to_json(subject)))`: how many columns a row has."""
    if isinstance(node, exp.Length) and isinstance(node.this, exp.JSONKeys):
        keys = exp.Anonymous(this="JSON_OBJECT_KEYS", expressions=[node.this.this.copy()])
        counted = exp.select(exp.Count(this=exp.Star())).from_(exp.alias_(keys, "names", table=True))
        return exp.Subquery(this=counted)
    if isinstance(node, exp.JSONKeys):
        return node
    raise CannotSayError(f"the function {node.sql_name().lower()}")


def _called(node: exp.Anonymous) -> exp.Expr:
    name, arguments = str(node.this).lower(), node.expressions
    if name == "error" and arguments and isinstance(arguments[0], exp.Literal):
        return _raised(str(arguments[0].this))
    if name == "json_valid":
        whole = arguments[0].this if isinstance(arguments[0], exp.Cast) else arguments[0]
        types = [_type_name(t) for t in ("json", "jsonb")]
        return exp.In(this=_type_of(whole), expressions=types)
    if name in ("now", "to_json", *_OURS):
        return node
    raise CannotSayError(f"the function {name}")


_OURS = ("json_agg", "json_build_object", "pg_typeof", "replace", "row", "random", "left")


def _raised(message: str) -> exp.Expr:
    # What is random is not computed before it is needed: a text of constants would stop every query.
    nothing = exp.Anonymous(
        this="LEFT", expressions=[exp.cast(exp.Anonymous(this="RANDOM"), "text"), exp.Literal.number(0)]
    )
    return exp.cast(exp.paren(exp.DPipe(this=exp.Literal.string(RAISED + message), expression=nothing)), "double")
