"""`expected "golden.csv" key k within t for p%`: the file is there, and can be compared with the table."""

from __future__ import annotations

from pathlib import PurePosixPath

from ...diagnostics import Diagnostics, did_you_mean
from ...functions import ANY, BOOL, NUMBER, TIME
from ...syntax import tree
from .. import golden as g
from .. import rules
from ..arguments import check_tolerance
from ..kinds import describe
from ..model import GuardModel, Model
from ..sources import missing_file
from ..units import COLUMN_UNITS

_FITS = {NUMBER: (g.NUMBER, g.GREAT), BOOL: (g.BOOL,), TIME: (g.TIME,)}


def expected_is_comparable(rule: tree.Expected, guard: GuardModel, model: Model, diagnostics: Diagnostics) -> None:
    """Reports what is wrong with a rule about expected predictions, and with its file."""
    if rule.within is not None:
        check_tolerance(rule.within, "within", diagnostics)
    _share(rule, diagnostics)
    path = PurePosixPath(rule.file.value)
    if path.is_absolute() or ".." in path.parts:
        message = f"'{rule.file.value}' lies outside of the spec's folder, and does not travel with the pipeline"
        diagnostics.report(rules.BAD_PATH, rule.file.span, message, hint="put the file beside the spec, or below it")
    elif not model.project.is_file(rule.file.value):
        missing_file(rule.file, rule.file.value, model, diagnostics)
    elif not rule.key:
        hint = f"write expected {rule.file.span.text} key COLUMN"
        message = "'expected' wants a key, by which rows are found in both"
        diagnostics.report(rules.WRONG_ARGUMENTS, rule.span, message, hint=hint)
    else:
        _file(rule, guard, model, diagnostics)


def _share(rule: tree.Expected, diagnostics: Diagnostics) -> None:
    share = rule.share
    if share is None:
        return
    if not isinstance(share, tree.Percent):
        hint = f"write for {share.span.text if isinstance(share, tree.Number) else 98}%"
        diagnostics.report(rules.WRONG_TYPE, share.span, f"'for' wants a percentage, not {describe(share)}", hint=hint)
    elif share.value <= 0:
        message = "any data passes this rule: it is always true"
        diagnostics.report(rules.CONSTANT_RULE, share.span, message, hint="write for 98%")
    elif share.value > 1:
        message = "no data can pass this rule: it is never true"
        diagnostics.report(rules.CONSTANT_RULE, share.span, message, hint="write for 98%")


def _file(rule: tree.Expected, guard: GuardModel, model: Model, diagnostics: Diagnostics) -> None:
    keys = tuple(k.text for k in rule.key)
    columns = guard.subject.columns
    for key in rule.key:
        if columns is not None and key.text not in columns:
            message = f"'{guard.subject.name}' has no column '{key.text}'"
            diagnostics.report(rules.UNKNOWN_COLUMN, key.span, message, hint=did_you_mean(key.text, list(columns)))
            return
    try:
        golden = g.read_golden(model.project.text(rule.file.value))
        problem = g.problem_with_keys(golden, keys) or g.problem_with_numbers(golden, keys)
    except g.NotGoldenError as error:
        golden, problem = None, str(error)
    if golden is None or problem is not None:
        message = f"'{rule.file.value}' {problem}"
        missing = next((k for k in rule.key if golden is not None and k.text not in golden.columns), None)
        hint = did_you_mean(missing.text, golden.columns) if missing is not None and golden is not None else None
        span = missing.span if missing is not None else rule.file.span
        what = "a golden file is CSV: a header, then a row for each key with what is expected"
        diagnostics.report(rules.BAD_GOLDEN, span, message, hint=hint or what)
        return
    _columns(golden, rule, guard, diagnostics)


def _columns(golden: g.Golden, rule: tree.Expected, guard: GuardModel, diagnostics: Diagnostics) -> None:
    """Reports columns of the file that the table lacks, or that hold something else there, as far as a schema tells."""
    columns = guard.subject.columns
    keys = {k.text: k.span for k in rule.key}
    for name in golden.columns if columns is not None else ():
        assert columns is not None
        span = keys.get(name, rule.file.span)
        if name not in columns:
            message = f"'{guard.subject.name}' has no column '{name}', which '{rule.file.value}' has"
            diagnostics.report(rules.UNKNOWN_COLUMN, span, message, hint=did_you_mean(name, list(columns)))
            continue
        fits, holds = _FITS.get(COLUMN_UNITS.get(columns[name].type, ANY)), golden.holds(name)
        if fits is not None and holds not in (*fits, g.NOTHING):
            message = f"'{name}' is {columns[name].type}, and holds {holds} in '{rule.file.value}'"
            diagnostics.report(rules.INCOMPARABLE, span, message, hint="correct the file, or the schema")
    if rule.within is not None and all(golden.holds(c) not in _FITS[NUMBER] for c in golden.columns if c not in keys):
        message = f"'within' is about numbers, and '{rule.file.value}' expects none"
        diagnostics.report(rules.WRONG_ARGUMENTS, rule.within.span, message, hint="take it out")
