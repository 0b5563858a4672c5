"""How the keys of a table stand to those of another. `references` is an operator, and has no entry."""

from __future__ import annotations

from ..features import Feature
from .function import PERCENT, TABLE, Argument, Function

FUNCTIONS = (
    Function(
        "overlap",
        (Argument("source", "name"), Argument("c", "column")),
        PERCENT,
        TABLE,
        "The share of keys also found in another source.",
        Feature.REFERENCES,
        low=0,
        high=1,
        more=True,
    ),
)
