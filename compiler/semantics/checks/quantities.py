"""Counts, durations and sizes that make sense."""

from __future__ import annotations

import re

from ...diagnostics import Diagnostics
from ...syntax import tree
from .. import rules
from ..entity import Entity
from ..kinds import describe
from ..model import Model

_PYTHON = re.compile(r"3\.\d{1,2}(\.\d{1,2})?")


def counts_and_times_are_possible(model: Model, diagnostics: Diagnostics) -> None:
    """Retries are counts, timeouts are longer than nothing, resources are more than none."""
    entities = [e for e in model.entities.values() if e.keyword in ("stage", "deploy", "trigger")]
    if model.pipeline is not None:
        entities.append(model.pipeline)
        _python_version(model.pipeline, diagnostics)
    for entity in entities:
        for name in ("timeout", "cooldown", "debounce"):
            _positive(entity.value(name), name, diagnostics)
        _retries(entity.value("retries"), diagnostics)
        resources = entity.blocks.get("resources")
        for name in ("cpu", "memory"):
            _positive(resources.value(name) if resources else None, name, diagnostics)
        gpu = resources.value("gpu") if resources else None
        if isinstance(gpu, tree.Number) and gpu.value < 0:
            _report(gpu, "gpu", diagnostics)


def _python_version(pipeline: Entity, diagnostics: Diagnostics) -> None:
    value = pipeline.value("python")
    if isinstance(value, tree.Text) and not _PYTHON.fullmatch(value.value):
        message = f"'{value.value}' is no version of Python 3"
        diagnostics.report(rules.BAD_VERSION, value.span, message, hint='write "3.11"')


def _positive(value: tree.Expr | None, name: str, diagnostics: Diagnostics) -> None:
    if isinstance(value, tree.Number | tree.Duration | tree.Size) and value.value <= 0:
        _report(value, name, diagnostics)


def _retries(value: tree.Expr | None, diagnostics: Diagnostics) -> None:
    if isinstance(value, tree.Number):
        if not isinstance(value.value, int) or value.value < 0:
            _report(value, "retries", diagnostics, "write retries = 2")
    elif isinstance(value, tree.Every):
        count = value.count
        if not isinstance(count, tree.Number) or not isinstance(count.value, int) or count.value < 0:
            _report(count, "retries", diagnostics, "write retries = 2 every 30s")
        if not isinstance(value.pause, tree.Duration):
            message = f"the pause between retries is a duration, not {describe(value.pause)}"
            hint = f"name the unit: {value.pause.span.text}s" if isinstance(value.pause, tree.Number) else None
            diagnostics.report(rules.WRONG_TYPE, value.pause.span, message, hint=hint)


def _report(value: tree.Expr, name: str, diagnostics: Diagnostics, hint: str | None = None) -> None:
    whole = "a whole number, 0 or more" if name == "retries" else "more than nothing"
    hint = hint or "write a larger number, or take it out"
    diagnostics.report(rules.BAD_COUNT, value.span, f"'{name}' is {whole}, not {value.span.text}", hint=hint)
