"""Stages: outputs, inputs, params and programs."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from ..diagnostics import Diagnostics, Note, did_you_mean
from ..plan import nodes as plan
from ..syntax import tree
from . import rules
from .entity import Entity
from .kinds import describe
from .model import Artifact, InputRef, Model, StageModel
from .programs import resolve_program
from .shapes import OUTPUT_KINDS
from .sources import check_secret, format_of
from .when import is_condition, resolve_when

_ENDINGS = {
    "table": ".parquet",
    "model": ".joblib",
    "metrics": ".json",
    "plot": ".png",
    "report": ".html",
    "file": ".txt",
}


def declare_outputs(entity: Entity, model: Model, diagnostics: Diagnostics) -> None:
    """Puts a stage's outputs among the artifacts."""
    stage = entity.name.text
    outputs = read_outputs(entity, diagnostics)
    for output in outputs.values():
        name = f"{stage}.{output.name}"
        span = entity.blocks["outputs"].fields[output.name].name.span
        model.artifacts[name] = Artifact(name, output.kind, stage, span, None, output.format)


def read_outputs(entity: Entity, diagnostics: Diagnostics) -> dict[str, plan.Output]:
    """The outputs of a stage; reports kinds and paths that do not fit."""
    block = entity.blocks.get("outputs")
    found: dict[str, plan.Output] = {}
    paths: dict[str, tree.Name] = {}
    for name, field in (block.fields if block else {}).items():
        output = _output(field, diagnostics)
        if output is None:
            continue
        if output.path in paths:
            diagnostics.report(
                rules.BAD_PATH,
                field.value.span if field.value else field.span,
                f"two outputs are written to '{output.path}'",
                notes=(Note("the other is here", paths[output.path].span),),
                hint="give each output a file of its own",
            )
        for other, named in paths.items():
            if other.startswith(f"{output.path}/") or output.path.startswith(f"{other}/"):
                diagnostics.report(
                    rules.BAD_PATH,
                    field.value.span if field.value else field.span,
                    f"'{output.path}' and '{other}': one lies inside the other",
                    notes=(Note("the other is here", named.span),),
                    hint="give each output a path of its own",
                )
        paths[output.path] = field.name
        found[name] = output
    return found


def _output(field: tree.Field, diagnostics: Diagnostics) -> plan.Output | None:
    kind = field.type.name.text
    if kind not in OUTPUT_KINDS:
        hint = did_you_mean(kind, OUTPUT_KINDS) or "kinds: " + ", ".join(OUTPUT_KINDS)
        diagnostics.report(rules.UNKNOWN_TYPE, field.type.span, f"no kind of output '{kind}'", hint=hint)
        return None
    if not isinstance(field.value, tree.Text):
        ending = _ENDINGS.get(kind, "")
        hint = f'write {field.name.text}: {kind} = "{field.name.text}{ending}"'
        if field.value is None:
            diagnostics.report(
                rules.MISSING_ATTRIBUTE, field.name.span, f"output '{field.name.text}' has no path", hint=hint
            )
        else:
            message = f"output '{field.name.text}' wants a path in double quotes, not {describe(field.value)}"
            diagnostics.report(rules.WRONG_TYPE, field.value.span, message, hint=hint)
        return None
    path = PurePosixPath(field.value.value)
    if path.is_absolute() or ".." in path.parts or not path.name or "\\" in field.value.value or "\0" in str(path):
        message = f"'{field.value.value}' is no path inside the stage's folder of results"
        diagnostics.report(
            rules.BAD_PATH, field.value.span, message, hint='write a plain relative path: "model.joblib"'
        )
        return None
    table_format = format_of(path.name) if kind == "table" else None
    if kind == "table" and table_format is None:
        message = f"a table is csv, parquet or jsonl, and '{path.name}' tells none of them"
        diagnostics.report(
            rules.BAD_PATH, field.value.span, message, hint=f'write "{path.stem}.parquet", or call it a file'
        )
        return None
    return plan.Output(field.name.text, kind, path.as_posix(), table_format)


def resolve_stage(entity: Entity, model: Model, diagnostics: Diagnostics) -> None:
    """Puts a stage, its parts resolved, into the model."""
    outputs = read_outputs(entity, Diagnostics())  # what is wrong with them was reported when they were declared
    inputs = _inputs(entity, model, diagnostics)
    item, items = _foreach(entity, diagnostics)
    params = _params(entity, model, diagnostics)
    _check_env(entity, diagnostics)
    of_program = Diagnostics()
    resolved = resolve_program(entity, model, inputs, outputs, params, item, of_program)
    whole = _is_whole(entity, inputs, outputs)
    for diagnostic in of_program:
        if whole or diagnostic.rule not in (rules.UNKNOWN_PLACEHOLDER, rules.SIGNATURE):
            diagnostics.add(diagnostic)
    _others(entity, diagnostics)
    when = entity.value("when")
    condition = resolve_when(when, model, diagnostics) if when is not None else None
    if when is not None:
        is_condition(when, model, diagnostics)
    model.stages[entity.name.text] = StageModel(
        entity,
        inputs,
        outputs,
        tuple(dict.fromkeys((*params, *resolved.params))),
        resolved.program,
        item,
        items,
        condition,
        resolved.code,
    )


def _is_whole(entity: Entity, inputs: tuple[InputRef, ...], outputs: dict[str, plan.Output]) -> bool:
    """Whether all inputs and outputs were understood. If not, what the program lacks follows from that mistake."""
    written = entity.value("inputs")
    count = len(written.items) if isinstance(written, tree.ListOf) else 0
    count = len(written.entries) if isinstance(written, tree.MapOf) else count
    block = entity.blocks.get("outputs")
    fields = block.fields if block else {}
    return not entity.unread & {"inputs", "outputs", "params"} and len(inputs) == count and len(outputs) == len(fields)


def _inputs(entity: Entity, model: Model, diagnostics: Diagnostics) -> tuple[InputRef, ...]:
    value = entity.value("inputs")
    pairs: list[tuple[tree.Name, tree.Path]] = []
    if isinstance(value, tree.ListOf):
        pairs = [(i.parts[-1], i) for i in value.items if isinstance(i, tree.Path)]
    elif isinstance(value, tree.MapOf):
        for entry in value.entries:
            if isinstance(entry.value, tree.Path):
                pairs.append((entry.key, entry.value))
            else:
                message = f"an input is a source or an output, not {describe(entry.value)}"
                diagnostics.report(rules.WRONG_TYPE, entry.value.span, message)
    found: dict[str, InputRef] = {}
    for name, path in pairs:
        artifact = find_artifact(path, model, diagnostics)
        if name.text in found:
            first = found[name.text]
            hint = f"name them: inputs = {{ a: {first.artifact}, b: {path.text} }}"
            message = f"two inputs are called '{name.text}'"
            if artifact and artifact.name == first.artifact:
                message, hint = f"'{path.text}' is an input twice", "take one out"
            notes = (Note("the other is here", first.span),)
            diagnostics.report(rules.SAME_INPUT, path.span, message, notes=notes, hint=hint)
        elif artifact is not None:
            found[name.text] = InputRef(name.text, artifact.name, path.span)
    return tuple(found.values())


def find_artifact(path: tree.Path, model: Model, diagnostics: Diagnostics) -> Artifact | None:
    """The source or output that a path names; reports what is wrong with it."""
    found = model.artifacts.get(path.text)
    if found is not None:
        return found
    first = path.parts[0].text
    entity = model.entities.get(first)
    if entity is not None and "outputs" in entity.unread:
        return None
    if entity is not None and entity.keyword == "stage":
        outputs = [a.name for a in model.artifacts.values() if a.producer == first and a.name != first]
        block = entity.blocks.get("outputs")
        if len(path.parts) == 1:
            hint: str | None = (
                f"name one of its outputs: {', '.join(outputs)}" if outputs else f"'{first}' declares no outputs"
            )
            diagnostics.report(rules.UNKNOWN_OUTPUT, path.span, f"'{first}' is a stage, not an output", hint=hint)
        elif block is None or path.parts[1].text not in block.fields:
            last = path.parts[1]
            hint = did_you_mean(last.text, [o.split(".", 1)[1] for o in outputs])
            if last.text in ("outputs", "output", "out") and len(path.parts) == 3:
                hint = f"write {first}.{path.parts[2].text}"
            diagnostics.report(
                rules.UNKNOWN_OUTPUT,
                last.span,
                f"stage '{first}' has no output '{last.text}'",
                notes=(Note("the stage is declared here", entity.name.span),),
                hint=hint or f"'{first}' declares no outputs",
            )
        return None
    if entity is not None and entity.keyword == "source":
        hint = f"write {first}"
        diagnostics.report(rules.UNKNOWN_NAME, path.span, f"a source has no parts: '{path.text}'", hint=hint)
        return None
    if is_broken(first, model):
        return None
    if entity is not None or first in model.guard_declarations or first in model.templates:
        what = entity.keyword if entity else "guard"
        message = f"'{path.text}' is a {what}, and a source or an output is wanted"
        hint = f"known here: {', '.join(list(model.artifacts)[:8])}" if model.artifacts else None
        guard = model.guard_declarations.get(first)
        if guard is not None and guard.subject is not None:
            hint = f"name what it guards: {guard.subject.text}"
        diagnostics.report(rules.UNKNOWN_NAME, path.span, message, hint=hint)
        return None
    hint = did_you_mean(path.text, list(model.artifacts))
    if path.text in model.params:
        hint = f"it is a param: write params = [{path.text}]"
    diagnostics.report(rules.UNKNOWN_NAME, path.span, f"no source or output '{path.text}'", hint=hint)
    return None


def is_broken(name: str, model: Model) -> bool:
    """Whether a declaration of that name is there and was not understood: that mistake is reported already."""
    return any(
        re.match(rf"\w+\s+{re.escape(name)}\b", span.text) or f" {name} " in span.text[:80]
        for f in model.files
        for span in f.broken
    )


def _foreach(entity: Entity, diagnostics: Diagnostics) -> tuple[str | None, tuple[plan.Scalar, ...]]:
    loops = [s for s in entity.others if isinstance(s, tree.Foreach)]
    if not loops:
        return None, ()
    loop = loops[0]
    if len(loops) > 1:
        diagnostics.report(rules.MISPLACED, loops[1].span, "a stage has one foreach", hint="use two stages")
    values = loop.values
    if not isinstance(values, tree.ListOf) or not values.items:
        message = f"foreach wants a list that is not empty, not {describe(values)}"
        diagnostics.report(rules.WRONG_TYPE, values.span, message, hint="write foreach x in [1, 2, 3]")
        return loop.variable.text, ()
    out: list[plan.Scalar] = []
    for item in values.items:
        if not isinstance(item, tree.Number | tree.Text | tree.Truth):
            message = f"foreach takes numbers, texts, true and false, not {describe(item)}"
            hint = f'write "{item.span.text}"' if isinstance(item, tree.Path) else None
            diagnostics.report(rules.WRONG_TYPE, item.span, message, hint=hint)
        elif any(type(item.value) is type(before) and item.value == before for before in out):
            diagnostics.report(
                rules.BAD_DOMAIN, item.span, f"{item.span.text} stands in the list twice", hint="take one out"
            )
        else:
            out.append(item.value)
    return loop.variable.text, tuple(out)


def _params(entity: Entity, model: Model, diagnostics: Diagnostics) -> tuple[str, ...]:
    value = entity.value("params")
    found: list[str] = []
    for path in value.items if isinstance(value, tree.ListOf) else ():
        assert isinstance(path, tree.Path)
        if path.text in model.params:
            found.append(path.text)
        else:
            name = path.parts[-1].text
            hint = did_you_mean(path.text, list(model.params)) or "declare it: param NAME: type = value"
            if path.parts[0].text == "params" and name in model.params:
                hint = f"write {name}"
            diagnostics.report(rules.UNKNOWN_NAME, path.span, f"no param '{path.text}'", hint=hint)
    return tuple(dict.fromkeys(found))


def _check_env(entity: Entity, diagnostics: Diagnostics) -> None:
    block = entity.blocks.get("env")
    values = [a.value for a in block.attributes.values()] if block else []
    mapping = entity.value("env")
    values += [e.value for e in mapping.entries] if isinstance(mapping, tree.MapOf) else []
    for value in values:
        if isinstance(value, tree.Call):
            check_secret(value, diagnostics)


def _others(entity: Entity, diagnostics: Diagnostics) -> None:
    for statement in entity.others:
        if not isinstance(statement, tree.Foreach):
            message = "this statement does not belong into a stage"
            diagnostics.report(rules.MISPLACED, statement.span, message)
