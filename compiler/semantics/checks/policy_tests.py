"""Policy tests."""

from __future__ import annotations

from ...diagnostics import Diagnostics, did_you_mean
from ...syntax import tree
from .. import rules
from ..given import meanings_of
from ..model import Model

VERDICTS = {
    "guard": ("passes", "warns", "blocks", "errors", "skipped"),
    "deploy": ("runs", "deploys", "skipped", "fails", "rolls_back"),
    "stage": ("runs", "skipped", "fails"),
    "trigger": ("fires", "waits"),
}


def tests_name_what_exists(model: Model, diagnostics: Diagnostics) -> None:
    """A test gives what guards and triggers ask for, and expects verdicts that its subjects can have."""
    for test in model.tests:
        if not any(isinstance(s, tree.Expect) for s in test.body):
            assert test.title is not None
            hint = "add expect GUARD blocks"
            diagnostics.report(rules.MISSING_ATTRIBUTE, test.title.span, "a test expects something", hint=hint)
        for statement in test.body:
            if isinstance(statement, tree.Given):
                meanings_of(statement, model, diagnostics)
            elif isinstance(statement, tree.Expect):
                _expect(statement, model, diagnostics)


def _expect(expect: tree.Expect, model: Model, diagnostics: Diagnostics) -> None:
    name = expect.subject.text
    entity = model.entities.get(name)
    keyword = "guard" if name in model.guards else entity.keyword if entity else None
    if keyword is None or keyword not in VERDICTS:
        if name in model.guard_declarations:
            return  # its subject was not found, and that was reported
        known = [*model.guards, *(e.name.text for e in model.entities.values() if e.keyword in VERDICTS)]
        hint = did_you_mean(name, known)
        message = f"no guard, stage, deploy or trigger '{name}'"
        diagnostics.report(rules.UNKNOWN_NAME, expect.subject.span, message, hint=hint)
        return
    if expect.verdict.text not in VERDICTS[keyword]:
        hint = did_you_mean(expect.verdict.text, VERDICTS[keyword])
        message = f"a {keyword} never '{expect.verdict.text}'"
        diagnostics.report(rules.BAD_CHOICE, expect.verdict.span, message, hint=hint)
