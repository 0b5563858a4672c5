"""A target's options as plain values, for its JSON Schema and its emitter."""

from __future__ import annotations

from typing import Any

from ..semantics.entity import Entity
from ..syntax import tree


def lower_options(entity: Entity) -> dict[str, Any]:
    """Options by name. Durations are seconds, sizes bytes, words texts."""
    return {name: plain_value(attribute.value) for name, attribute in entity.attributes.items()}


def plain_value(expr: tree.Expr) -> Any:
    """A written value as JSON has it."""
    if isinstance(expr, tree.ListOf):
        return [plain_value(i) for i in expr.items]
    if isinstance(expr, tree.MapOf):
        return {e.key.text: plain_value(e.value) for e in expr.entries}
    if isinstance(expr, tree.Path):
        return expr.text
    if isinstance(expr, tree.Number | tree.Text | tree.Truth | tree.Duration | tree.Size | tree.Percent):
        return expr.value
    return expr.span.text
