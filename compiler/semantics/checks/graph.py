"""The order of stages."""

from __future__ import annotations

from ...diagnostics import Diagnostics, Note
from .. import rules
from ..model import InputRef, Model


def stages_have_an_order(model: Model, diagnostics: Diagnostics) -> None:
    """No stage waits for itself, directly or through others. Each circle is reported once, at its first edge."""
    done: set[str] = set()
    for start in model.stages:
        _walk(start, model, done, diagnostics)


def _walk(start: str, model: Model, done: set[str], diagnostics: Diagnostics) -> None:
    # An explicit stack: chains of thousands of stages are ordinary, and Python's own stack is not made for them.
    trail: list[str] = []
    edges: list[InputRef] = []
    on_trail: set[str] = set()
    stack: list[tuple[str, InputRef | None, bool]] = [(start, None, False)]
    while stack:
        name, edge, leaving = stack.pop()
        if leaving:
            trail.pop()
            edges.pop()
            on_trail.discard(name)
            done.add(name)
            continue
        if name in on_trail:
            assert edge is not None
            _report(name, trail, [*edges[1:], edge], diagnostics)
            continue
        if name in done:
            continue
        trail.append(name)
        edges.append(edge or InputRef("", "", model.stages[name].entity.name.span))
        on_trail.add(name)
        stack.append((name, None, True))
        for ref in reversed(model.stages[name].inputs):
            producer = model.artifacts[ref.artifact].producer
            if producer in model.stages:
                stack.append((producer, ref, False))


def _report(name: str, trail: list[str], edges: list[InputRef], diagnostics: Diagnostics) -> None:
    begin = trail.index(name)
    circle = [*trail[begin:], name]
    inside = edges[begin:]
    path = " needs ".join(circle)
    notes = tuple(
        Note(f"'{a}' needs '{r.artifact}' here", r.span) for a, r in zip(circle[1:], inside[1:], strict=False)
    )
    message = f"'{name}' needs its own output" if len(circle) == 2 else f"stages wait for each other: {path}"
    diagnostics.report(rules.CYCLE, inside[0].span, message, notes=notes, hint="take one of these inputs out")
