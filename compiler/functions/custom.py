"""Checks that users write themselves."""

from __future__ import annotations

from ..features import Feature
from .function import ANY, FILE, Argument, Function

FUNCTIONS = (
    Function(
        "python",
        (Argument("file", "text"),),
        ANY,
        FILE | {"metrics"},
        "A check of your own: true, false or a number.",
        Feature.CUSTOM_CHECK,
        more=True,
        beside=True,
        example='python("checks/flights.py:jumps", column: dep_delay) <= 3',
        nothing="What it does with them is its own. An exception, or an answer of another kind, is an error.",
    ),
)
