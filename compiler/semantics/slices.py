"""Rules with `by`: which functions can be asked of slices, and how many rows a slice must have to be judged."""

from __future__ import annotations

from collections.abc import Iterator

from .. import functions as f
from ..diagnostics import Diagnostics
from ..syntax import tree
from . import rules
from .kinds import describe
from .walk import parts

MIN_SUPPORT = 30  # rows; what fewer say of a share is mostly chance


def min_support(call: tree.Call) -> int:
    """How many rows a slice must have to be judged."""
    found = next((e.value for e in call.named if e.key.text == "min_support"), None)
    return int(found.value) if isinstance(found, tree.Number) else MIN_SUPPORT


def sliced_calls(expr: tree.Expr) -> Iterator[tree.Call]:
    """The calls with `by` in a rule's expression."""
    return (e for e in parts(expr) if isinstance(e, tree.Call) and e.by is not None)


def slices_are_by_one_column(rule: tree.RuleLine, diagnostics: Diagnostics) -> None:
    """Reports slices by different columns in one rule: there would be no slice that both speak of."""
    calls = [c for e in (rule.expression, *(b.limit for b in rule.bands)) for c in sliced_calls(e)]
    columns = [c.by for c in calls if c.by is not None]
    for by in columns:
        if by.text != columns[0].text:
            message = f"one rule has slices by '{columns[0].text}' and by '{by.text}'"
            diagnostics.report(rules.WRONG_SUBJECT, by.span, message, hint="write two rules")
            return


def call_can_be_sliced(call: tree.Call, diagnostics: Diagnostics) -> bool:
    """Whether `by` and `min_support` of a call fit its function; reports where not."""
    function = f.FUNCTIONS[call.function.text]
    support = next((e for e in call.named if e.key.text == "min_support"), None)
    if support is not None and call.by is None:
        message = "'min_support' is about slices, and there is no 'by'"
        diagnostics.report(rules.WRONG_ARGUMENTS, support.span, message, hint="add by COLUMN behind the call")
        return False
    if support is not None and not _is_count(support.value):
        message = f"'min_support' is a number of rows from 1, not {describe(support.value)}"
        diagnostics.report(rules.WRONG_ARGUMENTS, support.value.span, message, hint="write min_support: 100")
        return False
    if call.by is not None and function.cases:
        message = f"'{function.name}' is about cases, and has no slices"
        diagnostics.report(rules.WRONG_SUBJECT, call.by.span, message, hint="pick rows with 'where'")
        return False
    if call.by is not None and function.subjects != {"table"}:
        message = f"'{function.name}' is of no table, and has no slices"
        diagnostics.report(rules.WRONG_SUBJECT, call.by.span, message, hint="put 'by' behind the function inside")
        return False
    return True


def _is_count(value: tree.Expr) -> bool:
    return isinstance(value, tree.Number) and value.value >= 1 and value.value == int(value.value)
