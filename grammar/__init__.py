"""The language as data: the grammar, the schema of plan.json, and the few lines that load them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def grammar_text() -> str:
    """The text of `mlops.lark`."""
    return files(__name__).joinpath("mlops.lark").read_text(encoding="utf-8")
