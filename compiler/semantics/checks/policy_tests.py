"""Policy tests."""

from __future__ import annotations

from ...diagnostics import Diagnostics, did_you_mean
from ...syntax import tree
from .. import rules
from ..kinds import describe
from ..model import Model
from ..stages import find_artifact

VERDICTS = {
    "guard": ("passes", "warns", "blocks", "errors"),
    "deploy": ("runs", "skipped", "deploys"),
    "stage": ("runs", "skipped"),
    "trigger": ("fires", "waits"),
}


def tests_name_what_exists(model: Model, diagnostics: Diagnostics) -> None:
    """A test gives numbers to metrics that exist and expects verdicts that its subjects can have."""
    for test in model.tests:
        if not any(isinstance(s, tree.Expect) for s in test.body):
            assert test.title is not None
            hint = "add expect GUARD blocks"
            diagnostics.report(rules.MISSING_ATTRIBUTE, test.title.span, "a test expects something", hint=hint)
        for statement in test.body:
            if isinstance(statement, tree.Given):
                _given(statement, model, diagnostics)
            elif isinstance(statement, tree.Expect):
                _expect(statement, model, diagnostics)


def _given(given: tree.Given, model: Model, diagnostics: Diagnostics) -> None:
    path = given.subject
    if len(path.parts) == 2 and path.parts[0].text in ("champion", "previous") and path.parts[1].text != "metrics":
        hint = f"write given {path.parts[0].text}.metrics = {{ {path.parts[1].text}: {given.value.span.text} }}"
        diagnostics.report(rules.UNKNOWN_NAME, path.span, f"'{path.text}' is not given by itself", hint=hint)
        return
    if path.text not in ("champion.metrics", "previous.metrics"):
        artifact = find_artifact(path, model, diagnostics)
        if artifact is not None and artifact.kind not in ("metrics", "table"):
            message = f"'{artifact.name}' is a {artifact.kind}, and numbers are given to metrics"
            diagnostics.report(rules.WRONG_SUBJECT, path.span, message)
    if not isinstance(given.value, tree.MapOf):
        message = f"a test gives a map of numbers, not {describe(given.value)}"
        diagnostics.report(rules.WRONG_TYPE, given.value.span, message, hint="write { accuracy: 0.84 }")
        return
    for entry in given.value.entries:
        if not isinstance(entry.value, tree.Number | tree.Percent):
            message = f"'{entry.key.text}' is a number, not {describe(entry.value)}"
            hint = f"write {entry.key.text}: 0.84"
            diagnostics.report(rules.WRONG_TYPE, entry.value.span, message, hint=hint)


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
