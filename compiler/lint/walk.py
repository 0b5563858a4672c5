"""Walks over expressions, and who uses what: the questions that several rules ask."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..diagnostics import Edit, Fix
from ..semantics.entity import Entity
from ..semantics.model import Model
from ..semantics.others import other_tables
from ..source import Span
from ..syntax import tree

_PARAM = re.compile(r"\{params\.(\w+)\}")


def parts(expr: tree.Expr | None) -> Iterator[tree.Expr]:
    """An expression and everything inside it."""
    if expr is None:
        return
    yield expr
    inside: tuple[tree.Expr, ...] = ()
    if isinstance(expr, tree.Binary):
        inside = (expr.left, expr.right)
    elif isinstance(expr, tree.Unary):
        inside = (expr.operand,)
    elif isinstance(expr, tree.Between):
        inside = (expr.subject, expr.low, expr.high)
    elif isinstance(expr, tree.In):
        inside = (expr.subject, expr.domain)
    elif isinstance(expr, tree.ListOf):
        inside = expr.items
    elif isinstance(expr, tree.MapOf):
        inside = tuple(e.value for e in expr.entries)
    elif isinstance(expr, tree.Call):
        inside = (*expr.args, *(e.value for e in expr.named))
    elif isinstance(expr, tree.Range):
        inside = (expr.low, expr.high)
    elif isinstance(expr, tree.Better):
        inside = (expr.metric,)
    elif isinstance(expr, tree.Every):
        inside = (expr.count, expr.pause)
    for child in inside:
        yield from parts(child)


def values(entity: Entity) -> Iterator[tuple[str, tree.Expr]]:
    """Every attribute of an entity and of the blocks in it, by name."""
    for name, attribute in entity.attributes.items():
        yield name, attribute.value
    for block in entity.blocks.values():
        yield from values(block)


def texts(model: Model) -> Iterator[tuple[str, tree.Text]]:
    """Every text in the spec's entities, with the name of the attribute or map key that holds it."""
    entities = [*model.entities.values(), *model.targets.values()]
    entities += [e for e in (model.pipeline, model.version) if e is not None]
    for entity in entities:
        for name, value in values(entity):
            yield from _texts(name, value)


def _texts(name: str, value: tree.Expr) -> Iterator[tuple[str, tree.Text]]:
    if isinstance(value, tree.Text):
        yield name, value
    elif isinstance(value, tree.MapOf):
        for entry in value.entries:
            yield from _texts(entry.key.text, entry.value)
    elif isinstance(value, tree.ListOf):
        for item in value.items:
            yield from _texts(name, item)


def guard_expressions(model: Model) -> Iterator[tree.Expr]:
    """The expressions of all rules of all guards, templates applied."""
    for guard in model.guards.values():
        for rule in guard.rules:
            if isinstance(rule, tree.RuleLine):
                yield rule.expression
                if rule.where is not None:
                    yield rule.where
                yield from (band.limit for band in rule.bands)


def events(trigger: Entity) -> Iterator[tree.Expr | tree.Schedule]:
    """The single events of a trigger, those joined by `and` one by one."""
    for on in trigger.others:
        if isinstance(on, tree.On):
            yield from _events(on.event)


def _events(event: tree.Expr | tree.Schedule) -> Iterator[tree.Expr | tree.Schedule]:
    if isinstance(event, tree.Binary) and event.op == "and":
        yield from _events(event.left)
        yield from _events(event.right)
    else:
        yield event


def schedules(model: Model) -> Iterator[tuple[Entity, tree.Text, tree.Text | None]]:
    """Every schedule: its trigger, its cron expression, its time zone."""
    for trigger in model.of("trigger"):
        for event in events(trigger):
            if isinstance(event, tree.Schedule):
                yield trigger, event.cron, event.zone
            elif isinstance(event, tree.Call) and event.function.text == "schedule":
                cron = event.args[0] if event.args else None
                zone = next((e.value for e in event.named if e.key.text == "zone"), None)
                if isinstance(cron, tree.Text):
                    yield trigger, cron, zone if isinstance(zone, tree.Text) else None


def used_artifacts(model: Model) -> set[str]:
    """Names of sources and outputs that a stage, guard, deploy, monitor or trigger uses."""
    used = {ref.artifact for stage in model.stages.values() for ref in stage.inputs}
    for guard in model.guards.values():
        used.add(guard.subject.name)
        used |= {path.text for path in other_tables(guard)}
    for entity in (*model.of("deploy"), *model.of("monitor"), *model.of("trigger")):
        for _, value in values(entity):
            used |= {p.text for p in parts(value) if isinstance(p, tree.Path)}
        for event in events(entity):
            if not isinstance(event, tree.Schedule):
                used |= {p.text for p in parts(event) if isinstance(p, tree.Path)}
    return used


def used_params(model: Model) -> set[str]:
    """Names of params that a stage takes, a text mentions, or a condition reads."""
    used = {name for stage in model.stages.values() for name in stage.params}
    for _, text in texts(model):
        used |= set(_PARAM.findall(text.value))
    for entity in model.of("stage"):
        for part in parts(entity.value("when")):
            if isinstance(part, tree.Path):
                used.add(part.parts[-1].text)
    return used


def in_root(span: Span, model: Model) -> bool:
    """Whether it was written in the root file. What a shared file offers need not all be used."""
    return span.source is model.root


def removal(span: Span, title: str, *, safe: bool) -> Fix | None:
    """Takes out a statement or a declaration together with its lines, where nothing else stands on them."""
    text = span.source.text
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end)
    end = len(text) if end < 0 else end
    behind = text[span.end : end].strip()
    if text[start : span.start].strip() or (behind and not behind.startswith("#")):
        return None
    return Fix(title, (Edit(Span(span.source, start, min(end + 1, len(text))), ""),), safe)


def insertion(before: Span, text: str, title: str, *, safe: bool) -> Fix:
    """Puts text in front of a span."""
    return Fix(title, (Edit(Span(before.source, before.start, before.start), text),), safe)
