"""What guard rules name outside of their subject: other sources, files, functions of Python."""

from __future__ import annotations

from collections.abc import Iterator

from ...diagnostics import Diagnostics, did_you_mean
from ...source import Span
from ...syntax import tree
from .. import rules
from ..kinds import describe
from ..model import GuardModel, Model
from ..rows import children
from ..sources import missing_file
from ..stages import find_artifact


def guards_refer_to_what_exists(model: Model, diagnostics: Diagnostics) -> None:
    """Sources behind `references` and `overlap`, golden files and their keys are there."""
    for guard in model.guards.values():
        for rule in guard.rules:
            if isinstance(rule, tree.Expected):
                _expected(rule, guard, model, diagnostics)
                continue
            for expr in _parts(rule.expression):
                if isinstance(expr, tree.Binary) and expr.op == "references" and isinstance(expr.right, tree.Path):
                    _reference(expr.right, model, diagnostics)
                elif isinstance(expr, tree.Call):
                    _call(expr, model, diagnostics)


def _parts(expr: tree.Expr) -> Iterator[tree.Expr]:
    yield expr
    for child in children(expr):
        yield from _parts(child)


def _reference(path: tree.Path, model: Model, diagnostics: Diagnostics) -> None:
    """`references planes.tailnum`, `references prepare.features.id`: all but the last word name a table."""
    if len(path.parts) == 1:
        message = f"'{path.text}' is no column of a source"
        diagnostics.report(rules.UNKNOWN_NAME, path.span, message, hint=f"write SOURCE.{path.text}")
        return
    parts = path.parts[:-1]
    table = tree.Path(parts, Span(path.span.source, parts[0].span.start, parts[-1].span.end))
    artifact = find_artifact(table, model, diagnostics)
    column = path.parts[-1]
    if artifact is not None and artifact.columns is not None and column.text not in artifact.columns:
        hint = did_you_mean(column.text, list(artifact.columns))
        message = f"'{artifact.name}' has no column '{column.text}'"
        diagnostics.report(rules.UNKNOWN_COLUMN, column.span, message, hint=hint)


def _call(call: tree.Call, model: Model, diagnostics: Diagnostics) -> None:
    argument = call.args[0] if call.args else None
    if call.function.text == "overlap" and isinstance(argument, tree.Path):
        find_artifact(argument, model, diagnostics)


def _expected(rule: tree.Expected, guard: GuardModel, model: Model, diagnostics: Diagnostics) -> None:
    if not model.project.is_file(rule.file.value):
        missing_file(rule.file, rule.file.value, model, diagnostics)
    columns = guard.subject.columns
    for key in rule.key:
        if columns is not None and key.text not in columns:
            message = f"'{guard.subject.name}' has no column '{key.text}'"
            hint = did_you_mean(key.text, list(columns))
            diagnostics.report(rules.UNKNOWN_COLUMN, key.span, message, hint=hint)
    if rule.share is not None and not isinstance(rule.share, tree.Percent):
        message = f"'for' wants a percentage, not {describe(rule.share)}"
        number = isinstance(rule.share, tree.Number)
        diagnostics.report(
            rules.WRONG_TYPE, rule.share.span, message, hint=f"write for {rule.share.span.text if number else 98}%"
        )
