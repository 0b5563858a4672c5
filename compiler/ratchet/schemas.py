"""Schemas of two revisions: what their columns asked, and nothing asks now."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Note
from ..plan import nodes as plan
from . import rules
from .asks import Ask, asks_of_schema
from .cover import asks_on, is_covered
from .findings import Finding
from .pairs import Revision, artifact_now


def schemas_ask_for_less(before: Revision, now: Revision) -> Iterator[Finding]:
    """Columns that are gone from a schema, or whose lines let more through."""
    for source in before.model.sources.values():
        name = artifact_now(source.id, before, now)
        if name is None or not source.columns:
            continue
        pool = asks_on(name, now.model)
        lost = [a for a in asks_of_schema(source, before.model) if not is_covered(a, pool)]
        if lost and not now.model.sources[name].columns:
            message = f"the schema of '{name}' is gone"
            notes = (Note("it was here", before.model.entities[source.id].blocks["schema"].name.span),)
            span = now.model.entities[name].name.span
            yield Finding(rules.SCHEMA_LOOSENED, span, message, notes, (name,))
            continue
        for column in source.columns:
            asks = [a for a in lost if a.rule is column]
            if asks:
                yield _column(column, asks, name, now)


def _column(column: plan.Column, asks: list[Ask], source: str, now: Revision) -> Finding:
    entity = now.model.entities[source]
    there = {c.name for c in now.model.sources[source].columns}
    notes = (Note("it was", asks[0].span),)
    if column.name not in there:
        span = entity.blocks["schema"].name.span
        message = f"the schema of '{source}' has no column '{column.name}' any more"
        return Finding(rules.SCHEMA_LOOSENED, span, message, notes, (source,))
    span = entity.blocks["schema"].fields[column.name].span
    said = "; ".join(a.text for a in asks)
    message = f"column '{column.name}' asks for less than it did: nothing asks any more for '{said}'"
    return Finding(rules.SCHEMA_LOOSENED, span, message, notes, (source,))
