"""Triggers."""

from __future__ import annotations

from datetime import datetime

from ...diagnostics import Diagnostics, Note, did_you_mean
from ...syntax import tree
from .. import rules
from ..kinds import describe
from ..model import Model
from ..stages import find_artifact

EVENTS = ("schedule", "change", "age", "finished", "manual")
_NAMED = {
    "@hourly": 'write "0 * * * *"',
    "@daily": 'write "0 0 * * *"',
    "@midnight": 'write "0 0 * * *"',
    "@weekly": 'write "0 0 * * 0"',
    "@monthly": 'write "0 0 1 * *"',
    "@yearly": 'write "0 0 1 1 *"',
    "@annually": 'write "0 0 1 1 *"',
}
_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})


def triggers_can_fire(model: Model, diagnostics: Diagnostics) -> None:
    """Each trigger waits for an event that can come: a cron that has a next time, a source, a monitor's number."""
    for trigger in model.of("trigger"):
        events = [s for s in trigger.others if isinstance(s, tree.On)]
        if not events and not trigger.unread - {"cooldown", "debounce", "delivery", "limit"}:
            message = f"trigger '{trigger.name.text}' waits for nothing"
            hint = 'add on schedule "0 5 * * 1" in "UTC", or on manual'
            diagnostics.report(rules.MISSING_ATTRIBUTE, trigger.name.span, message, hint=hint)
        for on in events:
            _event(on.event, model, diagnostics)
            if on.checks is not None and not isinstance(on.event, tree.Binary):
                message = "only a monitor's number is looked at in checks"
                diagnostics.report(rules.MISPLACED, on.checks.span, message, hint="take out 'for … checks'")
        count = trigger.value("limit")
        if count is not None:
            message = f"{count.span.text} runs in which time?"
            hint = f"write limit = {count.span.text} per 30d"
            diagnostics.report(rules.WRONG_TYPE, count.span, message, hint=hint)
        for per in trigger.others:
            if isinstance(per, tree.Per):
                _limit(per, diagnostics)


def _limit(per: tree.Per, diagnostics: Diagnostics) -> None:
    if per.name.text != "limit":
        hint = did_you_mean(per.name.text, ["limit"]) or "write limit = 4 per 30d"
        diagnostics.report(rules.UNKNOWN_ATTRIBUTE, per.name.span, f"no attribute '{per.name.text}'", hint=hint)
    if not isinstance(per.count, tree.Number) or not isinstance(per.count.value, int) or per.count.value < 1:
        message = f"a limit is a whole number of runs, not {per.count.span.text}"
        diagnostics.report(rules.BAD_COUNT, per.count.span, message, hint="write limit = 4 per 30d")
    if isinstance(per.period, tree.Duration) and per.period.value <= 0:
        message = f"a limit is per some time, not per {per.period.span.text}"
        diagnostics.report(rules.BAD_COUNT, per.period.span, message, hint="write limit = 4 per 30d")
    if not isinstance(per.period, tree.Duration):
        message = f"a limit is per duration, not per {describe(per.period)}"
        diagnostics.report(rules.WRONG_TYPE, per.period.span, message, hint="write limit = 4 per 30d")


def _event(event: tree.Expr | tree.Schedule, model: Model, diagnostics: Diagnostics) -> None:
    if isinstance(event, tree.Schedule):
        _schedule(event.cron, event.zone, diagnostics)
    elif isinstance(event, tree.Binary) and event.op == "and":
        _event(event.left, model, diagnostics)
        _event(event.right, model, diagnostics)
    elif isinstance(event, tree.Binary) and event.op in _COMPARISONS:
        _number(event, model, diagnostics)
    elif isinstance(event, tree.Call):
        _call(event, model, diagnostics)
    elif isinstance(event, tree.Path) and event.text == "manual":
        pass
    else:
        name = event.text if isinstance(event, tree.Path) else ""
        hint = did_you_mean(name, EVENTS) if name else None
        if name in model.sources:
            hint = f"write change({name})"
        message = f"{describe(event)} is no event"
        hint = (
            hint
            or 'events: schedule "…", change(source), monitor.number > 0.2, age(model) > 30d, finished("…"), manual'
        )
        diagnostics.report(rules.WRONG_TYPE, event.span, message, hint=hint)


def _schedule(cron: tree.Text, zone: tree.Text | None, diagnostics: Diagnostics) -> None:
    from cronsim import CronSim, CronSimError

    try:
        next(CronSim(cron.value, datetime(2024, 1, 1)))
    except StopIteration:
        message = f"'{cron.value}' never comes"
        diagnostics.report(rules.BAD_CRON, cron.span, message, hint="check the day against the month")
    except CronSimError as error:
        message = f"'{cron.value}' is no cron expression: {str(error).lower()}"
        hint = _NAMED.get(cron.value) or "five fields: minute hour day month weekday, such as 0 5 * * 1"
        diagnostics.report(rules.BAD_CRON, cron.span, message, hint=hint)
    if zone is not None:
        _zone(zone, diagnostics)


def _zone(zone: tree.Text, diagnostics: Diagnostics) -> None:
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(zone.value)
    except (OSError, ValueError, KeyError):
        hint = _zone_hint(zone.value, available_timezones())
        diagnostics.report(rules.BAD_ZONE, zone.span, f"no time zone '{zone.value}'", hint=hint)


def _zone_hint(name: str, known: set[str]) -> str:
    city = name.replace(" ", "_").rsplit("/", 1)[-1].lower()
    same = sorted(z for z in known if z.rsplit("/", 1)[-1].lower() == city and "/" in z)
    if same:
        return f"did you mean '{same[0]}'?"
    return did_you_mean(name, known) or 'write "UTC" or "Europe/Berlin"'


def _number(event: tree.Binary, model: Model, diagnostics: Diagnostics) -> None:
    left = event.left
    if isinstance(left, tree.Call) and left.function.text == "age":
        if left.args and isinstance(left.args[0], tree.Path) and left.args[0].text != "model":
            find_artifact(left.args[0], model, diagnostics)
        if not isinstance(event.right, tree.Duration):
            message = f"an age is a duration, not {describe(event.right)}"
            hint = f"write {event.right.span.text}d" if isinstance(event.right, tree.Number) else None
            diagnostics.report(rules.INCOMPARABLE, event.right.span, message, hint=hint)
        return
    if not isinstance(left, tree.Path) or len(left.parts) != 2:
        message = f"{describe(left)} is no monitor's number"
        diagnostics.report(rules.WRONG_TYPE, left.span, message, hint="write MONITOR.NUMBER > LIMIT")
        return
    monitors = {m.name.text: m for m in model.of("monitor")}
    monitor = monitors.get(left.parts[0].text)
    if monitor is None:
        hint = did_you_mean(left.parts[0].text, list(monitors)) or "the spec declares no monitor"
        diagnostics.report(rules.UNKNOWN_NAME, left.parts[0].span, f"no monitor '{left.parts[0].text}'", hint=hint)
        return
    numbers = [n for n in monitor.attributes if n not in ("current", "reference")]
    if left.parts[1].text not in numbers:
        message = f"monitor '{monitor.name.text}' has no number '{left.parts[1].text}'"
        notes = (Note("the monitor is declared here", monitor.name.span),)
        hint = did_you_mean(left.parts[1].text, numbers)
        diagnostics.report(rules.UNKNOWN_NAME, left.parts[1].span, message, notes=notes, hint=hint)
    if not isinstance(event.right, tree.Number | tree.Percent):
        message = f"a monitor's number is compared with a number, not {describe(event.right)}"
        diagnostics.report(rules.INCOMPARABLE, event.right.span, message)


def _call(event: tree.Call, model: Model, diagnostics: Diagnostics) -> None:
    name = event.function.text
    argument = event.args[0] if len(event.args) == 1 else None
    if name == "change":
        if not isinstance(argument, tree.Path):
            hint = f"write change({argument.value})" if isinstance(argument, tree.Text) else "write change(SOURCE)"
            diagnostics.report(rules.WRONG_ARGUMENTS, event.span, "'change' takes a source", hint=hint)
        elif argument.text not in model.sources:
            hint = did_you_mean(argument.text, list(model.sources)) or "the spec declares no source"
            diagnostics.report(rules.UNKNOWN_NAME, argument.span, f"no source '{argument.text}'", hint=hint)
    elif name == "finished":
        if not isinstance(argument, tree.Text):
            hint = 'write finished("other_pipeline")'
            diagnostics.report(rules.WRONG_ARGUMENTS, event.span, "'finished' takes a pipeline's name", hint=hint)
    elif name == "schedule":
        zone = next((e.value for e in event.named if e.key.text == "zone"), None)
        if isinstance(argument, tree.Text):
            _schedule(argument, zone if isinstance(zone, tree.Text) else None, diagnostics)
        else:
            hint = 'write schedule("0 5 * * 1", zone: "UTC")'
            diagnostics.report(rules.WRONG_ARGUMENTS, event.span, "'schedule' takes a cron expression", hint=hint)
    elif name == "age":
        diagnostics.report(rules.WRONG_TYPE, event.span, "an age is compared", hint="write age(model) > 30d")
    else:
        hint = did_you_mean(name, EVENTS) or "events: " + ", ".join(EVENTS)
        diagnostics.report(rules.UNKNOWN_FUNCTION, event.function.span, f"no event '{name}'", hint=hint)
