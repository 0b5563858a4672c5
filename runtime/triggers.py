"""Whether a trigger fires: from what has happened, what monitors saw, and when it fired before.

Pure: facts come in, a decision goes out. Whoever watches gathers the facts (a service, an engine's own schedule, a
policy test); what they mean is said here and nowhere else. What is not known did not happen: a number that is missing
is no reason to retrain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .bounds import held_back_by
from .conditions import UnknownValueError, holds, number_text


@dataclass(frozen=True)
class Facts:
    """What is known at one moment. All times are seconds before it.

    `events` are those that came, by kind and what they are about: ("change", SOURCE), ("finished", PIPELINE),
    ("schedule", CRON), ("manual", ""); ("schedule", "") says that every schedule has come round.
    """

    numbers: Mapping[str, Sequence[Any]] = field(default_factory=dict)  # by MONITOR.NUMBER, the newest last
    ages: Mapping[str, float] = field(default_factory=dict)
    events: Mapping[tuple[str, str], float] = field(default_factory=dict)
    runs: Sequence[float] = ()  # the runs that the trigger has started


@dataclass(frozen=True)
class Decision:
    """Whether a run starts, and why: the events that came, or what was missing or held it back."""

    fires: bool
    because: tuple[str, ...]


def decide_trigger(trigger: Mapping[str, Any], facts: Facts) -> Decision:
    """Any of the trigger's events suffices, once they have been quiet for its debounce, within its bounds."""
    came, missing, since = [], [], []
    for event in trigger["events"]:
        lacks = _lacks(event, facts)
        if lacks is None:
            came.append(event["text"])
            since.append(_seconds_since(event, facts))
        else:
            missing.append(lacks)
    if not came:
        return Decision(False, tuple(missing))
    debounce = trigger.get("debounce")
    if debounce and min(since) < debounce:
        quiet = number_text(min(since), "duration")
        wanted = number_text(debounce, "duration")
        return Decision(False, (f"{', '.join(came)}: quiet for {quiet}, and its debounce is {wanted}",))
    why = held_back_by(trigger, facts.runs)
    return Decision(why is None, tuple(came) if why is None else (why,))


def _lacks(event: Mapping[str, Any], facts: Facts) -> str | None:
    """What an event still wants; nothing when it came."""
    kind, text = event["kind"], event["text"]
    if kind == "all":
        wants = [w for part in event["parts"] if (w := _lacks(part, facts)) is not None]
        return "; ".join(wants) or None
    if kind == "monitor":
        return _not_crossed(event, facts.numbers.get(event["subject"], ()))
    if kind == "age":
        age = facts.ages.get(event["subject"])
        if age is None:
            return f"{text}: the age is not known"
        lookup = {("age", event["subject"]): age}
        old = holds(event["condition"], lambda scope, name: lookup[scope, name])
        return None if old else f"{text}: it is {number_text(age, 'duration')} old"
    return None if _moment(event, facts) is not None else f"{text}: it did not happen"


def _not_crossed(event: Mapping[str, Any], numbers: Sequence[Any]) -> str | None:
    """A number has to be over its line in as many checks in a row as the trigger says, the newest among them."""
    checks = event.get("checks") or 1
    seen = list(numbers)[-checks:]
    asked = f" for {checks} checks" if checks > 1 else ""
    shown = f"{event['text']}{asked}"
    if not seen:
        return f"{shown}: there is no number yet"
    try:
        crossed = [holds(event["condition"], _the(value, event["subject"])) for value in seen]
    except UnknownValueError as e:
        return f"{shown}: {e}"
    if all(crossed) and len(seen) == checks:
        return None
    return f"{shown}: it was {', '.join(number_text(v) for v in seen)}"


def _the(value: Any, name: str) -> Any:
    def lookup(scope: str, asked: str) -> Any:
        if (scope, asked) != ("monitor", name):
            raise UnknownValueError(f"'{scope}.{asked}' is not known here")
        return value

    return lookup


def _moment(event: Mapping[str, Any], facts: Facts) -> float | None:
    """How long ago an event came, if it did."""
    kind = event["kind"]
    about = event.get("cron") if kind == "schedule" else event.get("subject")
    found = facts.events.get((kind, about or ""))
    return facts.events.get((kind, "")) if found is None and kind == "schedule" else found


def _seconds_since(event: Mapping[str, Any], facts: Facts) -> float:
    """How long an event has been quiet: numbers and ages come at no moment of their own, and are quiet."""
    if event["kind"] == "all":
        return min(_seconds_since(part, facts) for part in event["parts"])
    moment = _moment(event, facts)
    return float("inf") if moment is None else moment
