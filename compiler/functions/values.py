"""Functions of one value: they stand around numbers and columns, and measure nothing themselves."""

from __future__ import annotations

from .function import NUMBER, TABLE, Argument, Function

FUNCTIONS = (
    Function(
        "abs",
        (Argument("x", "value"),),
        NUMBER,
        TABLE | {"metrics"},
        "The absolute value.",
        beside=True,
        example="abs(dep_delay - arr_delay) <= 600",
        nothing="A null stays one.",
    ),
)
