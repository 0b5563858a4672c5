"""The functions of guard rules: one registry, and a file for each family of them."""

from __future__ import annotations

from .function import (
    ANY,
    BOOL,
    DURATION,
    FRACTION,
    METRIC,
    NUMBER,
    PERCENT,
    SIZE,
    STRING,
    TIME,
    Argument,
    Asked,
    Function,
    Sliced,
    Sql,
)
from .registry import BARE, FUNCTIONS

__all__ = [
    "ANY",
    "BARE",
    "BOOL",
    "DURATION",
    "FRACTION",
    "FUNCTIONS",
    "METRIC",
    "NUMBER",
    "PERCENT",
    "SIZE",
    "STRING",
    "TIME",
    "Argument",
    "Asked",
    "Function",
    "Sliced",
    "Sql",
]
