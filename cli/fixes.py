"""Applying the safe fixes of diagnostics to texts."""

from __future__ import annotations

from collections.abc import Iterable

from ..compiler.diagnostics import Diagnostic, Edit, Fix
from ..compiler.source import Source


def apply_fixes(diagnostics: Iterable[Diagnostic]) -> tuple[dict[Source, str], int]:
    """The new text of each source that changes, and how many fixes went in.

    A fix goes in whole or not at all; one that touches what an earlier one changed waits for the next round.
    """
    taken: dict[str, list[Edit]] = {}
    sources: dict[str, Source] = {}
    count = 0
    for diagnostic in diagnostics:
        fix = diagnostic.fix
        if fix is None or not fix.safe or not fix.edits or not _fits(fix, taken):
            continue
        for edit in fix.edits:
            taken.setdefault(edit.span.source.path, []).append(edit)
            sources.setdefault(edit.span.source.path, edit.span.source)
        count += 1
    return {sources[path]: _edited(sources[path].text, edits) for path, edits in taken.items()}, count


def _fits(fix: Fix, taken: dict[str, list[Edit]]) -> bool:
    return not any(_overlap(edit, other) for edit in fix.edits for other in taken.get(edit.span.source.path, ()))


def _overlap(a: Edit, b: Edit) -> bool:
    if a.span.start == b.span.start:
        return True
    return a.span.start < b.span.end and b.span.start < a.span.end


def _edited(text: str, edits: list[Edit]) -> str:
    for edit in sorted(edits, key=lambda e: e.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text
