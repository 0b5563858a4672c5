"""Puts the safe fixes of diagnostics into a text."""

from __future__ import annotations

from collections.abc import Iterable

from ..diagnostics import Diagnostic, Edit


def apply_fixes(source_text: str, diagnostics: Iterable[Diagnostic]) -> str:
    """The text with every safe fix applied that touches no earlier one; run it again for those that waited.

    Diagnostics of other files are passed over: a fix goes in when all its edits are to a source of this very text.
    """
    taken: list[Edit] = []
    for diagnostic in diagnostics:
        fix = diagnostic.fix
        if fix is None or not fix.safe or any(e.span.source.text != source_text for e in fix.edits):
            continue
        if not any(_touch(new, old) for new in fix.edits for old in taken):
            taken += fix.edits
    for edit in sorted(taken, key=lambda e: e.span.start, reverse=True):
        source_text = source_text[: edit.span.start] + edit.text + source_text[edit.span.end :]
    return source_text


def _touch(a: Edit, b: Edit) -> bool:
    return a.span.start == b.span.start or (a.span.start < b.span.end and b.span.start < a.span.end)
