"""W570"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.loading import EDITIONS
from ...semantics.model import Model
from ...source import Span
from ...syntax import tree
from ..walk import insertion

MISSING_EDITION = declare("W570", "missing-edition", Severity.NOTE, "A file that does not say its edition.")


def files_state_their_edition(model: Model, diagnostics: Diagnostics) -> None:
    """The root file begins with the edition of the language, so that a later mlopsc reads it as today."""
    root = model.files[0]
    if not root.items or any(isinstance(i, tree.Edition) for i in root.items):
        return
    newest = EDITIONS[-1]
    begin = Span(root.source, 0, min(1, len(root.source.text)))
    fix = insertion(begin, f"mlops {newest}\n\n", f"add mlops {newest}", safe=True)
    message = "the file does not say its edition; the newest is taken"
    first = root.items[0].span
    word = Span(first.source, first.start, first.start + len(first.text.split()[0]))
    diagnostics.report(MISSING_EDITION, word, message, hint=f"begin with: mlops {newest}", fix=fix)
