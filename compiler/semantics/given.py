"""What a `given` line of a policy test means: metrics, one number, what a monitor saw, or that something happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from ..diagnostics import Diagnostics, Rule, did_you_mean, nearest
from ..functions import BOOL, DURATION, PERCENT, SIZE
from ..plan import nodes as plan
from ..source import Span
from ..syntax import tree
from . import rules
from .canonical import canonical
from .kinds import describe
from .measured import Measured, key_of, key_of_text, measured_on
from .model import Artifact, Model
from .stages import find_artifact

BASELINES = ("champion", "previous")
_HAPPENINGS = ("change", "finished", "schedule")


@dataclass(frozen=True)
class Whole:
    """All numbers of a metrics file: what is not among them is not in the file."""

    subject: str
    numbers: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Number:
    """One number of what guards on an artifact measure."""

    subject: str
    measured: tuple[Measured, ...]
    value: plan.Scalar


Meaning = Union[Whole, Number, plan.Fact]


def meanings_of(given: tree.Given, model: Model, diagnostics: Diagnostics) -> tuple[Meaning, ...]:
    """What a line gives; reports what it cannot mean."""
    return _Reader(given, model, diagnostics).read()


class _Reader:
    def __init__(self, given: tree.Given, model: Model, diagnostics: Diagnostics) -> None:
        self.given, self.model, self.diagnostics = given, model, diagnostics

    def read(self) -> tuple[Meaning, ...]:
        subject = self.given.subject
        if isinstance(subject, tree.Schedule):
            return self._happened("schedule", subject.cron.value)
        if isinstance(subject, tree.Call):
            return self._call(subject)
        parts, last = subject.parts[:-1], subject.parts[-1]
        before = ".".join(p.text for p in parts)
        keyword = self._keyword(subject.parts[0].text)
        if subject.text in self.model.artifacts or subject.text in ("champion.metrics", "previous.metrics"):
            return self._map(subject)
        if before in BASELINES and len(parts) == 1:
            return self._metric(f"{before}.metrics", last.text)
        if before in self.model.artifacts:
            artifact = self.model.artifacts[before]
            if artifact.kind == "metrics":
                return self._metric(before, last.text)
            return self._measured(artifact, key_of(tree.Path((last,), last.span), None), last.text, subject.span)
        if keyword == "monitor":
            return self._series(subject)
        if keyword == "trigger":
            return self._of_trigger(subject)
        if len(subject.parts) == 1 and keyword in ("stage", "deploy") and _word(self.given.value) == "failed":
            return self._failed(subject, keyword)
        if subject.text in ("manual", "schedule"):
            return self._happened(subject.text, "")
        if subject.text in _HAPPENINGS:
            return self._wrong(rules.WRONG_ARGUMENTS, subject.span, f"'{subject.text}' of what?", _EXAMPLES)
        if keyword in ("stage", "deploy") and len(subject.parts) == 1:
            message = f"what is to be known of {keyword} '{subject.text}' is that it fails"
            return self._wrong(rules.WRONG_TYPE, self.given.span, message, f"write given {subject.text} = failed")
        first = subject.parts[0].text
        others = [*BASELINES, *(e.name.text for k in ("monitor", "trigger") for e in self.model.of(k))]
        close = (
            nearest(first, others) if keyword is None and nearest(first, list(self.model.artifacts)) is None else None
        )
        if close is not None:
            meant = ".".join((close, *(p.text for p in subject.parts[1:])))
            message = f"nothing is called '{subject.text}'"
            return self._wrong(rules.UNKNOWN_NAME, subject.span, message, f"did you mean '{meant}'?")
        find_artifact(subject, self.model, self.diagnostics)
        return ()

    def _keyword(self, name: str) -> str | None:
        entity = self.model.entities.get(name)
        return entity.keyword if entity is not None else None

    def _wrong(self, rule: Rule, span: Span, message: str, hint: str | None = None) -> tuple[Meaning, ...]:
        self.diagnostics.report(rule, span, message, hint=hint)
        return ()

    # Numbers -------------------------------------------------------------------

    def _map(self, subject: tree.Path) -> tuple[Meaning, ...]:
        artifact, value = self.model.artifacts.get(subject.text), self.given.value
        if not isinstance(value, tree.MapOf):
            said = f"not {describe(value)}" if value is not None else "and here is none"
            at = value.span if value is not None else subject.span
            return self._wrong(rules.WRONG_TYPE, at, f"a test gives a map of numbers, {said}", self._example(artifact))
        if artifact is None or artifact.kind == "metrics":
            found = [(e.key.text, self._plain(e.key.text, e.value)) for e in value.entries]
            return (Whole(subject.text, tuple((n, v) for n, v in found if v is not None)),)
        out: list[Meaning] = []
        for entry in value.entries:
            key = key_of_text(entry.key.text)
            out += self._measured(artifact, key, entry.key.text, entry.key.span, entry.value)
        return tuple(out)

    def _example(self, artifact: Artifact | None) -> str:
        if artifact is None or artifact.kind == "metrics":
            return "write { accuracy: 0.84 }"
        shown = [m.shown for m in measured_on(artifact.name, self.model)]
        return f"write given {artifact.name}.{shown[0]} = …" if shown else "no guard is on it"

    def _plain(self, name: str, value: tree.Expr | None) -> float | None:
        negative = isinstance(value, tree.Unary) and value.op == "-"
        inner = value.operand if isinstance(value, tree.Unary) else value
        if isinstance(inner, tree.Number | tree.Percent):
            return -float(inner.value) if negative else float(inner.value)
        said = describe(value) if value is not None else "nothing"
        span = value.span if value is not None else self.given.span
        self._wrong(rules.WRONG_TYPE, span, f"'{name}' is a number, not {said}", f"write {name}: 0.84")
        return None

    def _metric(self, subject: str, name: str) -> tuple[Meaning, ...]:
        value = self._plain(name, self.given.value)
        return (plan.Fact("number", subject, name, (value,)),) if value is not None else ()

    def _measured(
        self, artifact: Artifact, key: str, shown: str, span: Span, given: tree.Expr | None = None
    ) -> tuple[Meaning, ...]:
        known = measured_on(artifact.name, self.model)
        found = tuple(m for m in known if m.key == key)
        if not found:
            hint = did_you_mean(shown, [m.shown for m in known]) or "guards on it measure: " + ", ".join(
                dict.fromkeys(m.shown for m in known)
            )
            if not known:
                hint = f"write guard NAME on {artifact.name} {{ … }} first"
            return self._wrong(rules.UNKNOWN_NAME, span, f"no guard on '{artifact.name}' measures '{shown}'", hint)
        value = self._value(given if given is not None else self.given.value, found[0], span)
        return (Number(artifact.name, found, value),) if value is not None else ()

    def _value(self, value: tree.Expr | None, of: Measured, span: Span) -> plan.Scalar:
        wanted, example = _WANTED.get(of.unit, ((tree.Number, tree.Percent), "12"))
        if isinstance(value, tree.Truth) and isinstance(of.node, tree.Call) and of.node.function.text == "python":
            return value.value  # what the check answers
        if of.unit == BOOL:
            if isinstance(value, tree.Truth):
                return int(not value.value)  # so many rows are wrong: none, or one
            if isinstance(value, tree.Number) and value.value >= 0 and value.value == int(value.value):
                return int(value.value)
            wanted, example = (), "3, the rows that are wrong, or false"
        if isinstance(value, tree.Unary) and value.op == "-" and isinstance(value.operand, tree.Number):
            return -value.operand.value
        if isinstance(value, tree.Number | tree.Percent | tree.Duration | tree.Size) and isinstance(value, wanted):
            return value.value
        if of.unit not in _WANTED and isinstance(value, tree.Text | tree.Duration | tree.Size):
            return value.value
        said = describe(value) if value is not None else "nothing"
        at = value.span if value is not None else span
        self._wrong(rules.WRONG_TYPE, at, f"'{of.shown}' is not {said}", f"write {example}")
        return None

    # What monitors saw, and what happened ----------------------------------------

    def _series(self, subject: tree.Path) -> tuple[Meaning, ...]:
        monitor = self.model.entities[subject.parts[0].text]
        numbers = [n for n in monitor.attributes if n not in ("current", "reference")]
        name = ".".join(p.text for p in subject.parts[1:])
        if not name:
            message = f"'{subject.text}' is a monitor, and no number"
            example = f"write given {subject.text}.{numbers[0]} = 0.3" if numbers else None
            return self._wrong(rules.WRONG_TYPE, subject.span, message, example)
        if name not in numbers:
            hint = did_you_mean(name, numbers)
            return self._wrong(
                rules.UNKNOWN_NAME, subject.span, f"monitor '{monitor.name.text}' has no number '{name}'", hint
            )
        value = self.given.value
        items = value.items if isinstance(value, tree.ListOf) else (value,)
        seen = [self._plain(subject.text, item) for item in items]
        return (plan.Fact("series", subject.text, "", tuple(seen)),) if None not in seen else ()

    def _of_trigger(self, subject: tree.Path) -> tuple[Meaning, ...]:
        trigger, what = subject.parts[0].text, ".".join(p.text for p in subject.parts[1:])
        value = self.given.value
        if what == "last_run" and isinstance(value, tree.Duration):
            return (plan.Fact("last_run", trigger, "", (value.value,)),)
        if what == "runs" and isinstance(value, tree.Number) and isinstance(value.value, int) and value.value >= 0:
            return (plan.Fact("runs", trigger, "", (value.value,)),)
        if what in ("last_run", "runs"):
            example = f"write given {trigger}.{what} = " + ("2h, so long ago" if what == "last_run" else "4")
            at = value.span if value is not None else subject.span
            said = describe(value) if value is not None else "nothing"
            return self._wrong(rules.WRONG_TYPE, at, f"'{what}' is not {said}", example)
        if not what:
            example = f"write given {trigger}.last_run = 2h, or name an event: given manual"
            return self._wrong(rules.WRONG_TYPE, subject.span, f"'{trigger}' is a trigger, and no number", example)
        close = did_you_mean(what, ("last_run", "runs"))
        return self._wrong(rules.UNKNOWN_NAME, subject.span, f"a trigger has no '{what}' to give", close)

    def _failed(self, subject: tree.Path, keyword: str) -> tuple[Meaning, ...]:
        if keyword == "deploy" and self.model.entities[subject.text].value("run") is None:
            message = f"deploy '{subject.text}' runs no program that could fail"
            return self._wrong(rules.WRONG_SUBJECT, subject.span, message, "take the line out")
        return (plan.Fact("failed", subject.text, "", ()),)

    def _happened(self, kind: str, about: str) -> tuple[Meaning, ...]:
        value = self.given.value
        since: tuple[float, ...] = ()
        if isinstance(value, tree.Duration):
            since = (value.value,)
        elif value is not None and not (isinstance(value, tree.Truth) and value.value):
            message = f"it happened, or so long ago, and not {describe(value)}"
            return self._wrong(rules.WRONG_TYPE, value.span, message, "leave '= …' out, or write = 5m")
        known = {(e.kind, e.subject) for e in self._events() if e.kind == kind}
        if not known or (about and (kind, about) not in known):
            shown = f"{kind}({_quoted(plan.Fact(kind, about, '', ()))})" if about else kind
            message = f"no trigger waits for {shown}"
            return self._wrong(rules.UNKNOWN_NAME, self.given.subject.span, message, self._known_events())
        return (plan.Fact("event", kind, about, since),)

    def _events(self) -> tuple[plan.Fact, ...]:
        """The events of all triggers, as facts: kind, and what they are about."""
        lines = [s for t in self.model.of("trigger") for s in t.others if isinstance(s, tree.On)]
        return tuple(fact for line in lines for fact in _of(line.event))

    def _known_events(self) -> str:
        shown = {f"{e.kind}({_quoted(e)})" if e.subject else e.kind for e in self._events()}
        return "triggers wait for: " + ", ".join(sorted(shown)) if shown else "the spec declares no trigger"

    def _call(self, call: tree.Call) -> tuple[Meaning, ...]:
        name, argument = call.function.text, call.args[0] if len(call.args) == 1 else None
        if name in _HAPPENINGS:
            about = argument.text if isinstance(argument, tree.Path) else getattr(argument, "value", "")
            return self._happened(name, str(about))
        if name == "age" and isinstance(argument, tree.Path):
            if not isinstance(self.given.value, tree.Duration):
                said = describe(self.given.value) if self.given.value is not None else "nothing"
                at = self.given.value.span if self.given.value is not None else call.span
                return self._wrong(rules.WRONG_TYPE, at, f"an age is a duration, not {said}", "write = 31d")
            if not any(e.kind == "age" and e.subject == argument.text for e in self._events()):
                message = f"no trigger waits for the age of '{argument.text}'"
                return self._wrong(rules.UNKNOWN_NAME, argument.span, message, self._known_events())
            return (plan.Fact("age", argument.text, "", (self.given.value.value,)),)
        parts = call.function.parts
        artifact = self.model.artifacts.get(".".join(p.text for p in parts[:-1]))
        if artifact is None:
            message = f"nothing is called '{name}'"
            if len(parts) == 1:
                return self._wrong(rules.UNKNOWN_FUNCTION, call.function.span, f"'{name}' of what?", _EXAMPLES)
            known = sorted({m.guard.subject.name for a in self.model.artifacts for m in measured_on(a, self.model)})
            hint = did_you_mean(".".join(p.text for p in parts[:-1]), known)
            return self._wrong(rules.UNKNOWN_NAME, call.function.span, message, hint)
        bare = tree.Call(tree.Path(parts[-1:], parts[-1].span), call.args, call.named, call.by, call.span)
        return self._measured(artifact, canonical(bare), bare_text(call), call.span)


def bare_text(call: tree.Call) -> str:
    """A call without the artifact before its name, as it is written."""
    text = call.span.text
    return text[call.function.parts[-1].span.start - call.span.start :]


def _of(event: tree.Expr | tree.Schedule) -> tuple[plan.Fact, ...]:
    if isinstance(event, tree.Schedule):
        return (plan.Fact("schedule", event.cron.value, "", ()),)
    if isinstance(event, tree.Binary) and event.op == "and":
        return (*_of(event.left), *_of(event.right))
    if isinstance(event, tree.Binary):
        left = event.left
        if isinstance(left, tree.Call) and left.args and isinstance(left.args[0], tree.Path):
            return (plan.Fact("age", left.args[0].text, "", ()),)
        return ()
    if isinstance(event, tree.Call) and event.args:
        argument = event.args[0]
        about = argument.text if isinstance(argument, tree.Path) else getattr(argument, "value", "")
        return (plan.Fact(event.function.text, str(about), "", ()),)
    return (plan.Fact("manual", "", "", ()),) if isinstance(event, tree.Path) else ()


def _quoted(event: plan.Fact) -> str:
    return f'"{event.subject}"' if event.kind in ("finished", "schedule") else event.subject


def _word(value: tree.Expr | None) -> str:
    return value.text if isinstance(value, tree.Path) else ""


_EXAMPLES = 'write given change(flights), given finished("other"), given age(model) = 31d or given flights.rows = 12'
_WANTED: dict[str, tuple[tuple[type, ...], str]] = {
    PERCENT: ((tree.Percent,), "7%"),
    DURATION: ((tree.Duration,), "2d"),
    SIZE: ((tree.Size,), "300MiB"),
}
