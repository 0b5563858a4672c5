"""Drift functions in a rule, `psi(dep_delay, against: training)`: what the column is compared with."""

from __future__ import annotations

from ..diagnostics import Diagnostics, did_you_mean
from ..features import Feature
from ..functions import FUNCTIONS, TIME
from ..syntax import tree
from . import rules
from .kinds import describe
from .model import GuardModel
from .units import COLUMN_UNITS

CHAMPION, PREVIOUS = "champion", "previous"
_FRACTIONS = ("float", "decimal")


def is_drift(call: tree.Call) -> bool:
    function = FUNCTIONS.get(call.function.text)
    return function is not None and function.feature is Feature.DRIFT


def against(call: tree.Call) -> tree.Path | None:
    """What a call says that the column is compared with."""
    found = next((e.value for e in call.named if e.key.text == "against"), None)
    return found if isinstance(found, tree.Path) else None


def drift_is_asked_right(call: tree.Call, guard: GuardModel, diagnostics: Diagnostics) -> bool:
    """Whether the named arguments of a drift function and the type of its column fit; reports where not."""
    name = call.function.text
    for entry in call.named:
        if entry.key.text != "against":
            hint = did_you_mean(entry.key.text, ["against"]) or f"write {name}(COLUMN, against: {PREVIOUS})"
            message = f"'{name}' has no '{entry.key.text}'"
            diagnostics.report(rules.WRONG_ARGUMENTS, entry.key.span, message, hint=hint)
            return False
        if not isinstance(entry.value, tree.Path):
            message = f"'against' wants {CHAMPION}, {PREVIOUS} or a table, not {describe(entry.value)}"
            plain = f"write against: {entry.value.value}" if isinstance(entry.value, tree.Text) else None
            diagnostics.report(rules.WRONG_ARGUMENTS, entry.value.span, message, hint=plain)
            return False
    if len(call.args) > 1:
        hint = f"write against: {call.args[1].span.text}"
        message = f"'{name}' takes one column, and what it is compared with behind 'against'"
        diagnostics.report(rules.WRONG_ARGUMENTS, call.args[1].span, message, hint=hint)
        return False
    if call.by is not None:
        message = f"'{name}' has no slices"
        hint = f"write a rule for each: {name}({call.args[0].span.text}) … where {call.by.text} == …"
        diagnostics.report(rules.WRONG_SUBJECT, call.by.span, message, hint=hint)
        return False
    return _column_fits(call, guard, diagnostics)


def _column_fits(call: tree.Call, guard: GuardModel, diagnostics: Diagnostics) -> bool:
    given = call.args[0]
    column = (guard.subject.columns or {}).get(given.text) if isinstance(given, tree.Path) else None
    if column is None:
        return True
    name = call.function.text
    if COLUMN_UNITS.get(column.type) == TIME or column.type == "json" or column.type.startswith("list"):
        message = f"'{name}' wants numbers or texts, and '{column.name}' is {column.type}"
        diagnostics.report(rules.WRONG_ARGUMENTS, given.span, message)
        return False
    if name == "chi2" and column.type in _FRACTIONS:
        message = f"'chi2' compares categories, and '{column.name}' is {column.type}"
        hint = f"write ks({column.name}) or psi({column.name})"
        diagnostics.report(rules.WRONG_ARGUMENTS, given.span, message, hint=hint)
        return False
    return True
