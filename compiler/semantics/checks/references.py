"""What guard rules name outside of their subject: other sources, files, functions of Python."""

from __future__ import annotations

from ...diagnostics import Diagnostics, did_you_mean, nearest
from ...functions import ANY
from ...syntax import tree
from .. import rules
from ..drift import CHAMPION, PREVIOUS, against, is_drift
from ..kinds import describe
from ..model import Artifact, GuardModel, Model
from ..others import table_named
from ..stages import find_artifact
from ..units import COLUMN_UNITS
from ..walk import parts
from .expected import expected_is_comparable


def guards_refer_to_what_exists(model: Model, diagnostics: Diagnostics) -> None:
    """Tables behind `references` and `overlap`, golden files and their keys are there."""
    for guard in model.guards.values():
        for rule in guard.rules:
            if isinstance(rule, tree.Expected):
                expected_is_comparable(rule, guard, model, diagnostics)
                continue
            for whole in (rule.expression, rule.where):
                for expr in parts(whole) if whole is not None else ():
                    if isinstance(expr, tree.Binary) and expr.op == "references":
                        _reference(expr, guard, model, diagnostics)
                    elif isinstance(expr, tree.Call):
                        _call(expr, guard, model, diagnostics)


def _reference(expr: tree.Binary, guard: GuardModel, model: Model, diagnostics: Diagnostics) -> None:
    """`carrier references carriers.code`: both are columns, of one type, and the second of another table."""
    path, key = expr.right, expr.left
    assert isinstance(path, tree.Path)
    if not isinstance(key, tree.Path):
        message = f"'references' wants a column before it, not {describe(key)}"
        diagnostics.report(rules.WRONG_TYPE, key.span, message, hint=f"write COLUMN references {path.text}")
        return
    if len(path.parts) == 1:
        message = f"'{path.text}' is no column of another table"
        others = (a for a in model.artifacts.values() if a.name != guard.subject.name)
        known = [a.name for a in others if path.text in (a.columns or ())]
        hint = f"write {known[0]}.{path.text}" if known else f"write SOURCE.{path.text}"
        diagnostics.report(rules.UNKNOWN_NAME, path.span, message, hint=hint)
        return
    artifact = _table(table_named(path), model, diagnostics)
    if artifact is None:
        return
    column = path.parts[-1]
    if artifact.name == guard.subject.name and key.text == column.text:
        message = f"any data passes this rule: '{key.text}' is looked for in itself"
        hint = "name the table that lists the values"
        diagnostics.report(rules.CONSTANT_RULE, path.span, message, hint=hint)
    elif _has_column(artifact, column, diagnostics):
        _same_type(key, guard, artifact, column, diagnostics)


def _table(
    path: tree.Path, model: Model, diagnostics: Diagnostics, what: str = "keys are looked for in a table"
) -> Artifact | None:
    artifact = find_artifact(path, model, diagnostics)
    if artifact is not None and artifact.kind != "table":
        message = f"{what}, and '{artifact.name}' is {artifact.kind}"
        tables = [a.name for a in model.artifacts.values() if a.kind == "table"]
        hint = f"tables: {', '.join(tables[:5])}" if tables else None
        diagnostics.report(rules.WRONG_SUBJECT, path.span, message, hint=hint)
        return None
    return artifact


def _has_column(artifact: Artifact, column: tree.Name | tree.Path, diagnostics: Diagnostics) -> bool:
    if artifact.columns is None or column.text in artifact.columns:
        return True
    hint = did_you_mean(column.text, list(artifact.columns))
    message = f"'{artifact.name}' has no column '{column.text}'"
    diagnostics.report(rules.UNKNOWN_COLUMN, column.span, message, hint=hint)
    return False


def _same_type(
    key: tree.Path, guard: GuardModel, artifact: Artifact, column: tree.Name | tree.Path, diagnostics: Diagnostics
) -> None:
    """Reports keys that could never be equal, as far as both schemas tell."""
    own = (guard.subject.columns or {}).get(key.text)
    other = (artifact.columns or {}).get(column.text)
    units = [COLUMN_UNITS.get(c.type, ANY) for c in (own, other) if c is not None]
    if own is not None and other is not None and ANY not in units and units[0] != units[1]:
        message = f"'{key.text}' is {own.type} here, and '{artifact.name}.{column.text}' is {other.type}"
        hint = "one of the two schemas is wrong, or the column is"
        diagnostics.report(rules.INCOMPARABLE, column.span, message, hint=hint)


def _call(call: tree.Call, guard: GuardModel, model: Model, diagnostics: Diagnostics) -> None:
    argument = call.args[0] if call.args else None
    if call.function.text == "overlap" and isinstance(argument, tree.Path):
        _overlap(argument, call, guard, model, diagnostics)
    elif is_drift(call) and isinstance(argument, tree.Path):
        _drift(argument, call, guard, model, diagnostics)


def _drift(column: tree.Path, call: tree.Call, guard: GuardModel, model: Model, diagnostics: Diagnostics) -> None:
    """The reference is the champion's or the previous run's, or another table with such a column."""
    reference = against(call)
    if reference is None or reference.text in (CHAMPION, PREVIOUS):
        return
    if len(reference.parts) == 1 and reference.text not in model.artifacts:
        close = nearest(reference.text, (CHAMPION, PREVIOUS))
        if close is not None:
            message = f"no table '{reference.text}'"
            diagnostics.report(rules.UNKNOWN_NAME, reference.span, message, hint=f"write against: {close}")
            return
    artifact = _table(reference, model, diagnostics, "a column is compared with a table's")
    if artifact is None:
        return
    if artifact.name == guard.subject.name:
        message = f"'{artifact.name}' is compared with itself, and has not moved"
        hint = f"name another table, or write against: {PREVIOUS}"
        diagnostics.report(rules.CONSTANT_RULE, reference.span, message, hint=hint)
    elif _has_column(artifact, column, diagnostics):
        _same_type(column, guard, artifact, column, diagnostics)


def _overlap(table: tree.Path, call: tree.Call, guard: GuardModel, model: Model, diagnostics: Diagnostics) -> None:
    artifact = _table(table, model, diagnostics)
    if artifact is None:
        return
    if artifact.name == guard.subject.name:
        message = f"'{artifact.name}' overlaps with itself in every row"
        diagnostics.report(rules.CONSTANT_RULE, table.span, message, hint="name the other table")
        return
    for key in call.args[1:]:  # columns of the subject, which its types have seen to
        if isinstance(key, tree.Path) and _has_column(artifact, key, diagnostics):
            _same_type(key, guard, artifact, key, diagnostics)
