"""Bounds of triggers of two revisions: how often a model may be replaced without anybody."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Note
from ..plan import nodes as plan
from . import rules
from .findings import Finding
from .pairs import Revision


def triggers_may_fire_more_often(before: Revision, now: Revision) -> Iterator[Finding]:
    """Cooldowns and limits that are shorter, higher or gone."""
    then = {t.id: t for t in before.plan.of(plan.Trigger)}
    for trigger in now.plan.of(plan.Trigger):
        old = then.get(trigger.id)
        if old is None:
            continue
        for what, looser in (
            ("cooldown", (trigger.cooldown or 0) < (old.cooldown or 0)),
            ("limit", _is_looser(old.limit, trigger.limit)),
        ):
            if looser:
                entity = now.model.entities[trigger.id]
                there = entity.attributes.get(what) or next(
                    (s for s in entity.others if getattr(getattr(s, "name", None), "text", "") == what), None
                )
                message = f"the {what} of trigger '{trigger.id}' is {'looser than it was' if there else 'gone'}"
                span = there.span if there is not None else entity.name.span
                notes = (Note("the trigger was", before.model.entities[trigger.id].name.span),)
                yield Finding(rules.TRIGGER_LOOSENED, span, message, notes, (trigger.id,))


def _is_looser(old: tuple[int, float] | None, new: tuple[int, float] | None) -> bool:
    """Whether some times of runs are allowed now that were not: more in the time, or as many in less of it."""
    if old is None:
        return False
    return new is None or new[0] > old[0] or new[1] < old[1]
