"""Columns that a guard's rules name."""

from __future__ import annotations

from .. import functions as f
from ..diagnostics import Diagnostics, did_you_mean, nearest
from ..plan import nodes as plan
from ..syntax import tree
from . import rules
from .model import GuardModel
from .synonyms import function_hint


def column_named(path: tree.Path, guard: GuardModel, diagnostics: Diagnostics) -> plan.Column | None:
    """The column of that name; reports one that the schema, where there is one, does not have."""
    columns = guard.subject.columns
    if columns is None:
        return None
    if path.text not in columns:
        diagnostics.report(
            rules.UNKNOWN_COLUMN,
            path.span,
            f"'{guard.subject.name}' has no column '{path.text}'",
            hint=_column_hint(path, list(columns)),
        )
        return None
    return columns[path.text]


def _column_hint(path: tree.Path, columns: list[str]) -> str | None:
    last = path.parts[-1].text
    if len(path.parts) > 1 and last in columns:
        return f"a column is named without its table: {last}"
    if nearest(path.text, columns):
        return did_you_mean(path.text, columns)
    if path.text.isupper() or path.text.istitle():
        return f'a text stands in quotes: "{path.text}"'
    if function_hint(path.text) or nearest(path.text, f.BARE):
        return function_hint(path.text) or did_you_mean(path.text, f.BARE)
    return did_you_mean(path.text, columns)
