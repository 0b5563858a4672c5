"""Trees to model: names looked up, bodies read against their shapes. What is wrong is reported and left out."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..diagnostics import Diagnostics, Note
from ..project import Project
from ..source import Source, Span
from ..syntax import tree
from . import rules
from .entity import read_declaration
from .model import Model
from .params import resolve_params
from .shapes import SHAPES
from .sources import resolve_source
from .stages import declare_outputs, resolve_stage
from .subjects import resolve_guards

_NAMED = ("source", "stage", "deploy", "monitor", "trigger", "notify")


def resolve(
    root: Source,
    files: tuple[tree.File, ...],
    project: Project,
    settings: Mapping[str, str],
    profile: str | None,
    diagnostics: Diagnostics,
) -> Model:
    """The model of a spec."""
    model = Model(root, files, project, profile, tuple(sorted(settings.items())))
    _collect(model, diagnostics)
    _check_pipeline(model, diagnostics)
    resolve_params(model, settings, diagnostics)
    for entity in model.of("source"):
        resolve_source(entity, model, diagnostics)
    for entity in model.of("stage"):
        declare_outputs(entity, model, diagnostics)
    for entity in model.of("stage"):
        resolve_stage(entity, model, diagnostics)
    resolve_guards(model, diagnostics)
    return model


def _collect(model: Model, diagnostics: Diagnostics) -> None:
    """Puts each declaration into its table; reports names that are taken."""
    names: dict[str, Span] = {}
    params: dict[str, Span] = {}
    for file in model.files:
        for item in file.items:
            if isinstance(item, tree.ParamDecl):
                _claim(item.name, params, diagnostics)
            elif isinstance(item, tree.ApplyDecl):
                model.applications = (*model.applications, item)
            elif isinstance(item, tree.RelaxDecl):
                model.relaxations = (*model.relaxations, item)
            elif isinstance(item, tree.Declaration):
                _declare(item, names, model, diagnostics)


def _declare(item: tree.Declaration, names: dict[str, Span], model: Model, diagnostics: Diagnostics) -> None:
    keyword = item.keyword.text
    if keyword == "test":
        model.tests = (*model.tests, item)
    elif keyword == "guard":
        assert item.name is not None
        if _claim(item.name, names, diagnostics):
            table = model.templates if item.formals else model.guard_declarations
            table[item.name.text] = item
    elif keyword == "version":
        if model.version is not None:
            _report_twice(item.keyword, model.version.name.span, diagnostics, "put all of it into one")
        else:
            model.version = read_declaration(item, SHAPES["version"], diagnostics)
    elif keyword == "pipeline":
        _pipeline(item, model, diagnostics)
    elif keyword == "profile":
        assert item.name is not None
        if item.name.text in model.profiles:
            _report_twice(item.name, model.profiles[item.name.text].span, diagnostics)
        else:
            model.profiles[item.name.text] = item
            read_declaration(item, SHAPES["profile"], diagnostics)
    elif keyword == "target":
        entity = read_declaration(item, SHAPES["target"], diagnostics)
        if entity.name.text in model.targets:
            _report_twice(entity.name, model.targets[entity.name.text].name.span, diagnostics)
        model.targets.setdefault(entity.name.text, entity)
    elif keyword in _NAMED:
        assert item.name is not None
        if _claim(item.name, names, diagnostics):
            model.entities[item.name.text] = read_declaration(item, SHAPES[keyword], diagnostics)


def _pipeline(item: tree.Declaration, model: Model, diagnostics: Diagnostics) -> None:
    if item.keyword.span.source is not model.root:
        return  # reported where it was imported
    if model.pipeline is not None:
        diagnostics.report(
            rules.MANY_PIPELINES,
            item.keyword.span,
            "a file declares one pipeline, and this is the second",
            notes=(Note("the first is here", model.pipeline.name.span),),
            hint="put it into a file of its own",
        )
        return
    model.pipeline = read_declaration(item, SHAPES["pipeline"], diagnostics)


def _check_pipeline(model: Model, diagnostics: Diagnostics) -> None:
    if model.pipeline is not None:
        return
    root = model.files[0]
    if any(span.text.startswith("pipeline") for span in root.broken):
        return  # it is there and was not understood
    begin = re.match(r"(?:\s|#[^\n]*)*(\w*)", model.root.text)
    assert begin is not None
    diagnostics.report(
        rules.NO_PIPELINE,
        Span(model.root, *begin.span(1)),
        "no pipeline is declared",
        hint='begin with: pipeline NAME { owner = "…" }',
    )


def _claim(name: tree.Name, names: dict[str, Span], diagnostics: Diagnostics) -> bool:
    if name.text in names:
        _report_twice(name, names[name.text], diagnostics)
        return False
    names[name.text] = name.span
    return True


def _report_twice(
    name: tree.Name, first: Span, diagnostics: Diagnostics, hint: str = "give one of the two another name"
) -> None:
    diagnostics.report(
        rules.DUPLICATE,
        name.span,
        f"'{name.text}' is declared twice",
        notes=(Note("it is declared here first", first),),
        hint=hint,
    )
