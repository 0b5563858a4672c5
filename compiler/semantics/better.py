"""`accuracy(late, predicted, key: id) better than champion with 95%`: what may stand there."""

from __future__ import annotations

from .. import functions as f
from ..diagnostics import Rule, did_you_mean
from ..features import Feature
from ..source import Span
from ..syntax import tree
from . import rules
from .kinds import describe
from .model import GuardModel

_BASELINES = ("champion", "previous")


def key_of(call: tree.Call) -> tuple[tree.Path, ...]:
    """The columns by which rows are paired: `key: id`, `key: [flight, day]`."""
    value = next((e.value for e in call.named if e.key.text == "key"), None)
    items = value.items if isinstance(value, tree.ListOf) else (value,)
    return tuple(i for i in items if isinstance(i, tree.Path))


def why_not_comparable(expr: tree.Better, guard: GuardModel) -> tuple[Span, str, str | None, Rule] | None:
    """What is wrong with a comparison, as a diagnostic has it; nothing where it can be made."""
    metric, name = expr.metric, guard.subject.name
    shown = metric.function.text if isinstance(metric, tree.Call) else metric.span.text
    if guard.subject.kind != "table" or "." not in name:
        message = f"'better than' compares predictions row by row, and '{name}' is "
        message += "a source" if guard.subject.kind == "table" else guard.subject.kind
        hint = "put it into a guard on the table of predictions that a stage writes"
        if guard.subject.kind == "metrics":
            hint = f"write {shown} >= {expr.baseline.text}.{shown}, or {hint}"
        return metric.span, message, hint, rules.WRONG_SUBJECT
    function = f.FUNCTIONS.get(metric.function.text) if isinstance(metric, tree.Call) else None
    if not isinstance(metric, tree.Call) or function is None or function.feature is not Feature.PREDICTIONS:
        known = [n for n, each in f.FUNCTIONS.items() if each.feature is Feature.PREDICTIONS]
        hint = f"one of {', '.join(known)}, of the truth and the prediction"
        message = f"'better than' wants a metric of predictions, not {describe(metric)}"
        return metric.span, message, hint, rules.WRONG_TYPE
    if metric.by is not None:
        hint = "write a rule for a slice, with where"
        return metric.by.span, "'better than' has no slices", hint, rules.WRONG_SUBJECT
    return _why_no_key(metric) or _why_no_baseline(expr)


def _why_no_key(call: tree.Call) -> tuple[Span, str, str | None, Rule] | None:
    odd = next((e for e in call.named if e.key.text != "key"), None)
    if odd is not None:
        message = f"'{call.function.text}' has no argument '{odd.key.text}' here"
        return odd.span, message, "write key: COLUMN, by which rows are paired", rules.WRONG_ARGUMENTS
    value = next((e.value for e in call.named), None)
    wanted = len(value.items) if isinstance(value, tree.ListOf) else 1
    if not wanted or len(key_of(call)) != wanted:
        columns = ", ".join(a.span.text for a in call.args)
        hint = f"write {call.function.text}({columns}, key: COLUMN); several: key: [A, B]"
        message = "the rows of two tables are paired by a key, and none is named"
        return (value or call).span, message, hint, rules.WRONG_ARGUMENTS
    return None


def _why_no_baseline(expr: tree.Better) -> tuple[Span, str, str | None, Rule] | None:
    name, confidence = expr.baseline, expr.confidence
    if name.text not in _BASELINES:
        hint = did_you_mean(name.text, _BASELINES) or "write better than champion, or better than previous"
        return name.span, f"no model '{name.text}' to compare with", hint, rules.BAD_CHOICE
    if confidence is None:
        hint = f"write better than {name.text} with 95%"
        return expr.span, "how sure it must be is not said", hint, rules.WRONG_ARGUMENTS
    if not isinstance(confidence, tree.Percent) or not 0.5 <= confidence.value < 1:
        message = f"'with' wants a percentage from 50% and below 100%, not {describe(confidence)}"
        return confidence.span, message, "write with 95%", rules.WRONG_TYPE
    return None
