"""Checks of one's own: their functions exist and take what rules pass."""

from __future__ import annotations

from ...diagnostics import Diagnostics, did_you_mean
from ...syntax import tree
from .. import rules
from ..custom_checks import SUBJECT, custom_checks, passed
from ..kinds import describe
from ..model import GuardModel, Model
from ..programs import function_named, function_takes

_LITERALS = (tree.Number, tree.Percent, tree.Duration, tree.Size, tree.Text, tree.Truth)


def functions_of_checks_fit(model: Model, diagnostics: Diagnostics) -> None:
    """The function of a `python(…)` in a rule is there, and takes the subject's path and what the rule passes."""
    for guard in model.guards.values():
        for rule in guard.rules:
            if isinstance(rule, tree.Expected):
                continue
            for part in (rule.expression, *(b.limit for b in rule.bands)):
                for call in custom_checks(part):
                    _fits(call, guard, model, diagnostics)
            check = next(custom_checks(rule.expression), None)
            if check is not None and rule.where is not None:
                message = "'where' picks rows, and a check of your own reads the whole of what is guarded"
                hint = "take out 'where', and let the function pick"
                diagnostics.report(rules.WRONG_SUBJECT, rule.where.span, message, hint=hint)


def _fits(call: tree.Call, guard: GuardModel, model: Model, diagnostics: Diagnostics) -> None:
    text = call.args[0] if call.args else None
    if not isinstance(text, tree.Text):
        return  # reported with the types of the rule
    if len(call.args) > 1:
        message = "a check of your own gets its arguments by name"
        shown = call.args[1].span.text
        diagnostics.report(rules.WRONG_ARGUMENTS, call.args[1].span, message, hint=f"write NAME: {shown}")
        return
    if not _values_are_plain(call, guard, diagnostics):
        return
    function = function_named(text, model, diagnostics)
    if function is not None:
        function_takes(function, [SUBJECT, *(e.key.text for e in passed(call))], text, "rule", diagnostics)


def _values_are_plain(call: tree.Call, guard: GuardModel, diagnostics: Diagnostics) -> bool:
    """Whether each named argument is a value, or a column of a table."""
    for entry in call.named:
        value = entry.value
        if entry.key.text == "timeout":
            if not isinstance(value, tree.Duration) or value.value <= 0:
                message = f"'timeout' is a duration, not {describe(value)}"
                diagnostics.report(rules.WRONG_TYPE, value.span, message, hint="write timeout: 30s")
                return False
        elif isinstance(value, tree.Path):
            if not _is_column(value, guard, diagnostics):
                return False
        elif not _is_plain(value):
            message = f"'{entry.key.text}' is {describe(value)}, and a check is given values"
            hint = "write a number, a text, true or false, or a list of them"
            diagnostics.report(rules.WRONG_ARGUMENTS, value.span, message, hint=hint)
            return False
    return True


def _is_column(path: tree.Path, guard: GuardModel, diagnostics: Diagnostics) -> bool:
    columns = guard.subject.columns
    if guard.subject.kind != "table":
        message = f"'{path.text}' is no value"
        diagnostics.report(
            rules.WRONG_ARGUMENTS, path.span, message, hint=f'as a text it stands in quotes: "{path.text}"'
        )
        return False
    if columns is not None and path.text not in columns:
        message = f"'{guard.subject.name}' has no column '{path.text}'"
        hint = did_you_mean(path.text, list(columns)) or f'a text stands in quotes: "{path.text}"'
        diagnostics.report(rules.UNKNOWN_COLUMN, path.span, message, hint=hint)
        return False
    return True


def _is_plain(value: tree.Expr) -> bool:
    if isinstance(value, tree.ListOf):
        return all(isinstance(i, _LITERALS) for i in value.items)
    if isinstance(value, tree.Unary):
        return value.op == "-" and isinstance(value.operand, tree.Percent | tree.Duration)
    return isinstance(value, _LITERALS)
