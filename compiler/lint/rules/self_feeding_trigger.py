"""W541"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from ...diagnostics import Diagnostics, Note, Severity, declare
from ...plan import nodes as plan
from ...semantics.model import Model
from ...source import Span
from ...syntax import tree
from ..walk import events

SELF_FEEDING_TRIGGER = declare(
    "W541", "self-feeding-trigger", Severity.WARNING, "A trigger that waits for what its own run makes."
)


def triggers_do_not_feed_themselves(model: Model, diagnostics: Diagnostics) -> None:
    """No run of the pipeline is the event that starts the next one."""
    for trigger in model.of("trigger"):
        for event in events(trigger):
            argument = event.args[0] if isinstance(event, tree.Call) and event.args else None
            if not isinstance(event, tree.Call) or argument is None:
                continue
            name = event.function.text
            if name == "finished" and isinstance(argument, tree.Text):
                own = model.pipeline.name.text if model.pipeline else None
                if argument.value == own:
                    message = f"'{own}' is this pipeline: each run starts the next"
                    hint = "name another pipeline, or write a schedule"
                    diagnostics.report(SELF_FEEDING_TRIGGER, argument.span, message, hint=hint)
            elif name == "change" and isinstance(argument, tree.Path):
                _changed_by_itself(argument, model, diagnostics)


def _changed_by_itself(source: tree.Path, model: Model, diagnostics: Diagnostics) -> None:
    known = model.sources.get(source.text)
    if known is None or known.uri is None:
        return
    uri = posixpath.normpath(known.uri)
    store = model.version.text("store") if model.version else None
    if uri.startswith(posixpath.normpath(store or ".mlops") + "/"):
        message = f"'{known.uri}' lies in the store, which every run changes: each run starts the next"
        hint = "read the output of a stage as an input instead"
        diagnostics.report(SELF_FEEDING_TRIGGER, source.span, message, hint=hint)
        return
    writer = next(_writers(uri, model), None)
    if writer is not None:
        message = f"a run seems to write '{known.uri}': each run starts the next"
        notes = (Note("the command that names it is here", writer),)
        hint = "write it as an output of the stage, or wait for something else"
        diagnostics.report(SELF_FEEDING_TRIGGER, source.span, message, notes=notes, hint=hint)


def _writers(uri: str, model: Model) -> Iterator[Span]:
    """Commands that name the path in plain, behind an option that says "out", or as the target of a copy."""
    for stage in model.stages.values():
        if not isinstance(stage.program, plan.Command):
            continue
        words = [w.parts[0] if len(w.parts) == 1 and isinstance(w.parts[0], str) else "" for w in stage.program.words]
        for position, word in enumerate(words):
            option, equals, value = word.partition("=")
            path, before = (value, option) if equals else (word, words[position - 1] if position else "")
            last_of_copy = words[0] in ("cp", "mv", "rsync") and position == len(words) - 1
            if posixpath.normpath(path or ".") == uri and ("out" in before or last_of_copy):
                run = stage.entity.value("run")
                if run is not None:
                    yield run.span
