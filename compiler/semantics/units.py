"""Units of values in guard rules: what a column's type gives, what is known of a value, what to write instead."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .. import functions as f
from ..syntax import tree

COLUMN_UNITS = {
    **dict.fromkeys(("int", "float", "decimal"), f.NUMBER),
    **dict.fromkeys(("date", "timestamp"), f.TIME),
    "string": f.STRING,
    "bool": f.BOOL,
    "json": f.ANY,
}
SHOWN = {
    f.NUMBER: "a number",
    f.PERCENT: "a percentage",
    f.DURATION: "a duration",
    f.SIZE: "a size",
    f.STRING: "a text",
    f.BOOL: "true or false",
    f.TIME: "a time",
    f.METRIC: "a number",
    f.FRACTION: "a number",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """What is known of an expression. `low` and `high` bound its value; equal bounds are a constant."""

    unit: str
    low: float | None = None
    high: float | None = None


def negative(value: float | None) -> float | None:
    """The bound of a value with its sign turned."""
    return None if value is None else -value


def compare_bounds(a: Typed, b: Typed) -> str:
    """How every value of one side stands to every value of the other, as far as the bounds tell."""
    if None not in (a.low, a.high, b.low, b.high) and a.low == a.high == b.low == b.high:
        return "=="
    if a.high is not None and b.low is not None and a.high <= b.low:
        return "<" if a.high < b.low else "<="
    if a.low is not None and b.high is not None and a.low >= b.high:
        return ">" if a.low > b.high else ">="
    return ""


def unit_hint(have: Typed, other: Typed, node: tree.Expr) -> str | None:
    """What to write in place of a bare number beside a value with a unit."""
    if have.unit == f.STRING and isinstance(node, tree.Number):
        return f'write "{node.span.text}"'
    if have.unit in (f.NUMBER, f.METRIC) and isinstance(node, tree.Percent):
        # A number that stays within 1, or one of a metrics file, is a fraction where people think in percents.
        fraction = have.unit == f.METRIC or (have.high is not None and have.high <= 1)
        wanted = f"{node.value:g}" if fraction else node.span.text[:-1]
        return f"write {wanted}, or compare a share such as nulls(c)"
    if have.unit in (f.NUMBER, f.METRIC, f.FRACTION) and isinstance(node, tree.Text):
        number = re.fullmatch(r"-?\d+(\.\d+)?", node.value)
        return f"without the quotes: {node.value}" if number else None
    if other.unit != f.NUMBER or not isinstance(node, tree.Number):
        return None
    if have.unit == f.PERCENT:
        return f"write {round(node.value * 100, 10):g}%" if 0 < node.value <= 1 else f"write {node.value}%"
    if have.unit == f.DURATION:
        return f"name the unit: {node.value}h or {node.value}d"
    if have.unit == f.SIZE:
        return f"name the unit: {node.value}MiB"
    return None
