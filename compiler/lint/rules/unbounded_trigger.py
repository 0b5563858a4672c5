"""W540"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.entity import Entity
from ...semantics.model import Model
from ...syntax import tree
from ..walk import events

UNBOUNDED_TRIGGER = declare(
    "W540", "unbounded-trigger", Severity.WARNING, "A trigger that nothing keeps from firing again and again."
)


def automatic_triggers_are_bounded(model: Model, diagnostics: Diagnostics) -> None:
    """What retrains by itself has a cooldown or a limit. A schedule is a bound of its own."""
    for trigger in model.of("trigger"):
        if {"cooldown", "debounce"} & trigger.attributes.keys() or _has_limit(trigger):
            continue
        loose = next((e for e in events(trigger) if is_automatic(e)), None)
        if loose is not None:
            message = f"nothing bounds how often trigger '{trigger.name.text}' fires"
            hint = "add cooldown = 12h, or limit = 4 per 30d"
            diagnostics.report(UNBOUNDED_TRIGGER, loose.span, message, hint=hint)


def is_automatic(event: tree.Expr | tree.Schedule) -> bool:
    """Whether an event comes by itself, at a pace that nobody chose."""
    if isinstance(event, tree.Call):
        return event.function.text in ("change", "finished")
    return isinstance(event, tree.Binary)


def _has_limit(trigger: Entity) -> bool:
    return any(isinstance(s, tree.Per) and s.name.text == "limit" for s in trigger.others)
