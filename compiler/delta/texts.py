"""What the ratchet found, and what is nothing but words: comments, formatting, order, policy tests."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic
from ..plan.place import Place
from ..ratchet import Report
from ..semantics.model import Model
from ..source import Span
from .classes import Change, Class
from .code import first_difference, same_code
from .pair import Pair, meaning


def protection_is_lost(pair: Pair, report: Report) -> Iterator[Change]:
    """What is looser than it was, with what the spec says of it."""
    for diagnostic in report.found:
        yield _loosened(pair, diagnostic, None)
    for diagnostic, relaxation in report.allowed:
        yield _loosened(pair, diagnostic, f"until {relaxation.until.value}: {relaxation.reason.value}")


def _loosened(pair: Pair, diagnostic: Diagnostic, allowed: str | None) -> Change:
    spans = [diagnostic.span, *(note.span for note in diagnostic.notes if note.span is not None)]
    now = next((p for s in spans if (p := _in(pair.now.model, s))), None)
    was = next((p for s in spans if (p := _in(pair.before.model, s))), None)
    why = f"{diagnostic.code}: {diagnostic.rule.summary[0].lower()}{diagnostic.rule.summary[1:].rstrip('.')}"
    return Change(Class.BREAKING, _subject(pair, now, was), diagnostic.message, why, now, was, (), allowed)


def _in(model: Model, span: Span) -> Place | None:
    return model.place(span) if any(span.source is f.source for f in model.files) else None


def _subject(pair: Pair, now: Place | None, was: Place | None) -> str:
    """The declaration around a place."""
    for revision, place in ((pair.now, now), (pair.before, was)):
        model = revision.model
        spans = {name: e.span for name, e in model.entities.items()} | {n: g.span for n, g in model.guards.items()}
        for name, span in spans.items():
            if place is None or model.file_name(span.source) != place.file:
                continue
            first, last = (span.source.position(at)[0] for at in (span.start, span.end))
            if first <= place.line <= last:
                return name
    return ""


def texts_differ(pair: Pair, found: list[Change]) -> Iterator[Change]:
    """Files that say the same with other words, or in another order. One that says something else has been told."""
    told = {place.file for change in found for place in (change.now, change.was) if place is not None}
    tests = tuple(meaning(r.plan.tests) for r in (pair.before, pair.now))
    then, now = ({r.model.file_name(f.source): f.source.text for f in r.model.files} for r in (pair.before, pair.now))
    then |= {f.path: f.text for f in pair.before.plan.project}
    now |= {f.path: f.text for f in pair.now.plan.project}
    for path in dict.fromkeys([*now, *then]):
        old, new = then.get(path), now.get(path)
        if path in told or old == new or old is None or new is None:
            continue
        spec = path.endswith(".mlops")
        if spec or same_code(path, old, new):
            line = first_difference(old, new)
            what = "comments, layout or order"
            if spec and tests[0] != tests[1]:
                what = "policy tests, comments, layout or order"
            message = f"{path}: {what}"
            yield Change(
                Class.COSMETIC, path, message, "the meaning is the same", Place(path, line, 1), Place(path, line, 1)
            )
