"""Monitors, triggers and notifications as the plan keeps them."""

from __future__ import annotations

from ..plan import nodes as plan
from ..semantics.model import Model
from ..semantics.sources import secret_or_text
from ..semantics.when import literal
from ..syntax import tree


def lower_monitors(model: Model) -> tuple[plan.Monitor, ...]:
    found = []
    for entity in model.of("monitor"):
        assert entity.declaration is not None and isinstance(entity.declaration.every, tree.Duration)
        current, reference = entity.value("current"), entity.value("reference")
        numbers = {n: a.value.span.text for n, a in entity.attributes.items() if n not in ("current", "reference")}
        found.append(
            plan.Monitor(
                id=entity.name.text,
                doc="\n".join(entity.doc),
                every=entity.declaration.every.value,
                current=current.text if isinstance(current, tree.Path) else "",
                reference=reference.text if isinstance(reference, tree.Path) else None,
                numbers=tuple((n, " ".join(t.split())) for n, t in numbers.items()),
                place=model.place(entity.name.span),
            )
        )
    return tuple(found)


def lower_triggers(model: Model) -> tuple[plan.Trigger, ...]:
    found = []
    for entity in model.of("trigger"):
        events = tuple(_event(s.event, s) for s in entity.others if isinstance(s, tree.On))
        limit = next((s for s in entity.others if isinstance(s, tree.Per)), None)
        pair = None
        if limit is not None and isinstance(limit.count, tree.Number) and isinstance(limit.period, tree.Duration):
            pair = (int(limit.count.value), limit.period.value)
        delivery = entity.value("delivery")
        found.append(
            plan.Trigger(
                id=entity.name.text,
                doc="\n".join(entity.doc),
                events=events,
                cooldown=entity.seconds("cooldown"),
                limit=pair,
                debounce=entity.seconds("debounce"),
                delivery=delivery.text if isinstance(delivery, tree.Path) else None,
                place=model.place(entity.name.span),
            )
        )
    return tuple(found)


def _event(event: tree.Expr | tree.Schedule, on: tree.On) -> plan.Event:
    text = " ".join(event.span.text.split())
    checks = int(on.checks.value) if on.checks else 1
    if isinstance(event, tree.Schedule):
        return plan.Event("schedule", cron=event.cron.value, zone=event.zone.value if event.zone else None, text=text)
    if isinstance(event, tree.Binary) and event.op == "and":
        return plan.Event("all", parts=(_event(event.left, on), _event(event.right, on)), text=text)
    if isinstance(event, tree.Binary):
        limit = literal(event.right) or plan.Literal(event.right.span.text, "string")
        if isinstance(event.left, tree.Call):
            subject = event.left.args[0].span.text if event.left.args else None
            condition = plan.Op(event.op, (plan.Ref("age", subject or ""), limit))
            return plan.Event("age", subject=subject, condition=condition, text=text)
        condition = plan.Op(event.op, (plan.Ref("monitor", event.left.span.text), limit))
        return plan.Event("monitor", subject=event.left.span.text, condition=condition, checks=checks, text=text)
    if isinstance(event, tree.Call):
        return _called(event, text)
    return plan.Event("manual", text=text)


def _called(event: tree.Call, text: str) -> plan.Event:
    name = event.function.text
    argument = event.args[0] if event.args else None
    if name == "schedule" and isinstance(argument, tree.Text):
        zone = next((e.value for e in event.named if e.key.text == "zone"), None)
        return plan.Event(
            "schedule", cron=argument.value, zone=zone.value if isinstance(zone, tree.Text) else None, text=text
        )
    subject = argument.text if isinstance(argument, tree.Path) else getattr(argument, "value", None)
    return plan.Event(name, subject=subject, text=text)


def lower_notifications(model: Model) -> tuple[plan.Notify, ...]:
    found = []
    for entity in model.of("notify"):
        events = entity.value("events")
        items = events.items if isinstance(events, tree.ListOf) else ()
        webhook = secret_or_text(entity.value("webhook"))
        assert webhook is not None
        found.append(
            plan.Notify(
                id=entity.name.text,
                doc="\n".join(entity.doc),
                events=tuple(i.text for i in items if isinstance(i, tree.Path)),
                webhook=webhook,
                place=model.place(entity.name.span),
            )
        )
    return tuple(found)
