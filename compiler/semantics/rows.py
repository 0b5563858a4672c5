"""Which rules of a guard are about rows, and which about numbers of the whole table."""

from __future__ import annotations

from .. import functions as f
from ..syntax import tree
from .model import GuardModel
from .walk import children


def is_about_rows(expr: tree.Expr, guard: GuardModel) -> bool:
    """Whether a column stands in the expression outside of any function, so that it holds row by row."""
    if guard.subject.kind != "table":
        return False
    if isinstance(expr, tree.Path):
        return not is_bare(expr, guard)
    if isinstance(expr, tree.Call):
        return expr.function.text == "abs" and any(is_about_rows(a, guard) for a in expr.args)
    return any(is_about_rows(child, guard) for child in children(expr))


def is_bare(path: tree.Path, guard: GuardModel) -> bool:
    """Whether a lone name is a function without arguments; a column of that name goes first."""
    columns = guard.subject.columns
    return path.text in f.BARE and not (columns and path.text in columns)
