"""What was found between two revisions, and what the spec allows of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from ..diagnostics import Diagnostic, Diagnostics, Note, Rule
from ..semantics.model import GuardModel, Model
from ..semantics.relaxations import Relaxation, last_day, relaxations
from ..source import Span
from ..syntax import tree
from .rules import RELAXATION_OVER

_USUAL = timedelta(days=30)  # how long a hint proposes that something stays relaxed


@dataclass(frozen=True)
class Finding:
    """One thing that is looser: where it stands now, or where it stood.

    It may be allowed behind `line`, the rule, or behind the application of its template; where there is no such line,
    on a line of the guard `inside`, or by one of `names`.
    """

    rule: Rule
    span: Span
    message: str
    notes: tuple[Note, ...] = ()
    names: tuple[str, ...] = ()
    line: object = None
    inside: GuardModel | None = None
    hint: str = "bring it back"

    def allowed_by(self, model: Model) -> Relaxation | None:
        """What the spec says about it, if anything; of several the one that lasts longest."""
        found: list[Relaxation] = [r for r in model.relaxations if r.name.text in self.names]
        behind = getattr(self.line, "relaxed", None)
        if isinstance(behind, tree.Relaxed):
            found.append(behind)
        if self.inside is not None:
            found += [r for r in self.inside.relaxed if self.line is None or _is_within(r.span, self.inside.span)]
        return max(found, key=lambda r: last_day(r) or date.min, default=None)

    def how_to_allow(self, today: date) -> str:
        said = f'relaxed "why" until {(today + _USUAL).isoformat()}'
        if self.inside is not None and self.inside.template is not None:
            return f"behind its apply: {said}"
        if isinstance(self.line, tree.RuleLine | tree.Expected):
            return f"behind the rule: {said}"
        if self.inside is not None:
            return f"in guard '{self.inside.name.text}': {said}"
        return f"at the top level: relaxed {self.names[0]}{said.removeprefix('relaxed')}"


def _is_within(inner: Span, outer: Span) -> bool:
    """Whether an application has it, and not the template that is applied."""
    return outer.text.startswith("apply") and inner.source is outer.source and outer.start < inner.start < outer.end


@dataclass(frozen=True)
class Report:
    """`found` is what the spec does not allow, `allowed` what it does, with the words that do."""

    found: Diagnostics
    allowed: tuple[tuple[Diagnostic, Relaxation], ...]
    tightened: tuple[str, ...]


def judge(findings: Iterable[Finding], model: Model, today: date, tightened: Iterable[str]) -> Report:
    """The findings without those that the spec allows today, and what it allowed for too long."""
    found, allowed, told = Diagnostics(), [], list[Span]()
    for finding in findings:
        relaxation = finding.allowed_by(model)
        hint = f"{finding.hint}, or write {finding.how_to_allow(today)}"
        diagnostic = Diagnostic(finding.rule, finding.span, finding.message, finding.notes, hint)
        until = last_day(relaxation) if relaxation is not None else None
        if relaxation is None or until is None:
            found.add(diagnostic)
        elif until >= today:
            allowed.append((diagnostic, relaxation))
        else:
            told.append(relaxation.until.span)
            over = Note(f"it was relaxed until {until.isoformat()}, and that day is over", relaxation.until.span)
            hint = f"{finding.hint}, or give it a new day"
            found.add(replace(diagnostic, notes=(*finding.notes, over), hint=hint))
    for diagnostic in _over(model, today):
        if diagnostic.span not in told:
            found.add(diagnostic)
    return Report(found, tuple(allowed), tuple(tightened))


def _over(model: Model, today: date) -> Iterator[Diagnostic]:
    for relaxation in relaxations(model):
        until = last_day(relaxation)
        if until is not None and until < today:
            message = f"this was relaxed until {until.isoformat()}: {relaxation.reason.value}"
            hint = "bring back what was relaxed, or give it a new day; if it is to stay as it is, take 'relaxed' out"
            yield Diagnostic(RELAXATION_OVER, relaxation.until.span, message, hint=hint)
