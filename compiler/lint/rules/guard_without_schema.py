"""W515"""

from __future__ import annotations

from collections.abc import Iterator

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import GuardModel, Model
from ...syntax import tree
from ..walk import parts

GUARD_WITHOUT_SCHEMA = declare(
    "W515", "guard-without-schema", Severity.NOTE, "A guard names columns of a source that declares none."
)


def guarded_sources_have_schemas(model: Model, diagnostics: Diagnostics) -> None:
    """The columns that a guard on a source names are declared, so that a misspelt one is found before a run."""
    for name in model.sources:
        artifact = model.artifacts[name]
        guards = [g for g in model.guards.values() if g.subject.name == name]
        columns = sorted({c for g in guards for c in _columns(g)} - model.artifacts.keys())  # without other tables
        if artifact.columns is None and columns:
            shown = ", ".join(f"'{c}'" for c in columns[:3]) + (" and others" if len(columns) > 3 else "")
            message = f"a guard names {shown}, and source '{name}' declares no columns"
            hint = f"add schema {{ {columns[0]}: TYPE … }}: a misspelt column is then found before a run"
            diagnostics.report(GUARD_WITHOUT_SCHEMA, artifact.span, message, hint=hint)


def _columns(guard: GuardModel) -> Iterator[str]:
    for rule in guard.rules:
        if isinstance(rule, tree.RuleLine):
            for part in parts(rule.expression):
                if isinstance(part, tree.Path) and part.text not in ("rows", "columns", "size"):
                    yield part.text
