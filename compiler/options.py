"""Checks what a spec sets in `target NAME { … }` against that backend's JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .diagnostics import Diagnostics, Severity, declare, did_you_mean
from .source import Span
from .syntax import tree

if TYPE_CHECKING:
    from jsonschema import ValidationError

_E = Severity.ERROR
UNKNOWN_TARGET = declare("E410", "unknown-target", _E, "A target that no backend stands for.")
UNKNOWN_OPTION = declare("E411", "unknown-target-option", _E, "A target has no option of that name.")
WRONG_OPTION = declare("E412", "wrong-target-option", _E, "A target's option has a value that the target cannot take.")
REFUSED_PLAN = declare("E414", "target-refuses-plan", _E, "A target cannot carry this pipeline with these options.")

_Path = tuple[str | int, ...]
_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map",
    "null": "nothing",
}


def targets_exist(files: tuple[tree.File, ...], names: frozenset[str], diagnostics: Diagnostics) -> None:
    """Reports each declared target that is not among the names of the backends."""
    for declaration in _declarations(files):
        if declaration.name and declaration.name.text not in names:
            wrong = declaration.name
            hint = did_you_mean(wrong.text, names)
            diagnostics.report(UNKNOWN_TARGET, wrong.span, f"no target named '{wrong.text}'", hint=hint)


def options_fit(
    target: str,
    options: Mapping[str, Any],
    schema: Mapping[str, Any],
    files: tuple[tree.File, ...],
    diagnostics: Diagnostics,
) -> None:
    """Reports each option of a target that its schema refuses, at the text that sets it.

    A target that the spec does not declare has no text; what it lacks is then reported at the pipeline's name.
    """
    if not options and not schema.get("required"):
        return
    from jsonschema import Draft202012Validator

    for error in sorted(Draft202012Validator(schema).iter_errors(options), key=lambda e: tuple(map(str, e.path))):
        _report(target, _sharpest(error), files, diagnostics)


def plan_fits(target: str, problems: Iterable[str], files: tuple[tree.File, ...], diagnostics: Diagnostics) -> None:
    """Reports what a backend has against a plan with its options (`ChecksPlans`).

    A problem that begins with `trigger NAME:` is shown there, at the text that it quotes; others at the target's name.
    """
    for problem in problems:
        message, _, hint = problem.partition("; ")
        at = _trigger_span(problem, files)
        if at is not None:
            message = f"target {target}: {message.partition(': ')[2]}"
        diagnostics.report(REFUSED_PLAN, at or _fallback(target, files), message, hint=hint or None)


def _trigger_span(problem: str, files: tuple[tree.File, ...]) -> Span | None:
    match = re.match(r"trigger (\w+): (?:'([^']+)')?", problem)
    items = (i for f in files for i in f.items if isinstance(i, tree.Declaration) and i.keyword.text == "trigger")
    for item in items if match else ():
        if match and item.name and item.name.text == match[1]:
            at = item.span.text.find(f'"{match[2]}"') if match[2] else -1
            if at < 0:
                return item.name.span
            return Span(item.span.source, item.span.start + at, item.span.start + at + len(match[2]) + 2)
    return None


def _sharpest(error: ValidationError) -> ValidationError:
    """Of the branches of an `anyOf`, the mistake in the one that came furthest, if it is deeper than the whole."""
    while error.context:
        deepest = max(error.context, key=lambda e: len(e.absolute_path))
        if len(deepest.absolute_path) <= len(error.absolute_path):
            break
        error = deepest
    return error


def _report(target: str, error: ValidationError, files: tuple[tree.File, ...], diagnostics: Diagnostics) -> None:
    path: _Path = tuple(error.absolute_path)
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, Mapping) else {}
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        known = schema.get("properties", {})
        for name in (n for n in error.instance if n not in known):
            diagnostics.report(
                UNKNOWN_OPTION,
                _key_span(target, (*path, name), files),
                f"target '{target}' has no option '{_dotted((*path, name))}'",
                hint=did_you_mean(name, set(known)),
            )
        return
    if error.validator == "required" and isinstance(error.instance, Mapping):
        required: Any = error.validator_value
        for name in (n for n in required if n not in error.instance):
            diagnostics.report(
                WRONG_OPTION,
                _value_span(target, path, files),
                f"target '{target}' needs '{_dotted((*path, name))}'",
                hint=_explained(schema.get("properties", {}).get(name, {}), f"add {name} = …"),
            )
        return
    diagnostics.report(
        WRONG_OPTION,
        _value_span(target, path, files),
        f"'{_dotted(path)}' of target '{target}' {_wanted(error)}",
        hint=_explained(schema, None),
    )


def _explained(schema: Mapping[str, Any], otherwise: str | None) -> str | None:
    said = schema.get("description")
    return str(said) if said else otherwise


def _wanted(error: ValidationError) -> str:
    value: Any = error.validator_value
    match error.validator:
        case "type":
            names = [value] if isinstance(value, str) else list(value)
            return "must be " + " or ".join(_TYPES.get(n, n) for n in names)
        case "enum":
            return "must be one of " + ", ".join(f"'{v}'" if isinstance(v, str) else str(v) for v in value)
        case "const":
            return f"must be '{value}'"
        case "minimum":
            return f"must be at least {value}"
        case "maximum":
            return f"must be at most {value}"
        case "exclusiveMinimum":
            return f"must be more than {value}"
        case "exclusiveMaximum":
            return f"must be less than {value}"
        case "minLength" | "minItems":
            return "must not be empty" if value == 1 else f"must have at least {value}"
        case "maxLength":
            return f"must have at most {value} characters"
        case "pattern":
            return f"has a form that the target does not take (it must match {value})"
        case "uniqueItems":
            return "names something twice"
        case "propertyNames":
            return "has a name in it that the target does not take"
    return "has a value that the target does not take"


def _dotted(path: _Path) -> str:
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else f".{part}" if out else str(part)
    return out


# ----------------------------------------------------------- places in the text


def _declarations(files: tuple[tree.File, ...]) -> Iterator[tree.Declaration]:
    for file in files:
        for item in file.items:
            if isinstance(item, tree.Declaration) and item.keyword.text == "target":
                yield item


def _bodies(target: str, files: tuple[tree.File, ...]) -> Iterator[tuple[Span, tuple[tree.Statement, ...]]]:
    """What sets options of a target, with the span that names it: profiles first, they win over the declaration."""
    for file in files:
        for item in file.items:
            if isinstance(item, tree.Declaration) and item.keyword.text == "profile":
                for block in item.body:
                    if (
                        isinstance(block, tree.Block)
                        and block.keyword.text == "target"
                        and block.label
                        and block.label.text == target
                    ):
                        yield block.label.span, block.body
    for declaration in _declarations(files):
        if declaration.name and declaration.name.text == target:
            yield declaration.name.span, declaration.body


def _fallback(target: str, files: tuple[tree.File, ...]) -> Span:
    for span, _ in reversed(list(_bodies(target, files))):
        return span
    for file in files:
        for item in file.items:
            if isinstance(item, tree.Declaration) and item.keyword.text == "pipeline" and item.name:
                return item.name.span
    return Span(files[0].source, 0, 0)


def _key_span(target: str, path: _Path, files: tuple[tree.File, ...]) -> Span:
    found = _find(target, path, files)
    return found[0] if found else _fallback(target, files)


def _value_span(target: str, path: _Path, files: tuple[tree.File, ...]) -> Span:
    while path:
        found = _find(target, path, files)
        if found:
            return found[1]
        path = path[:-1]
    return _fallback(target, files)


def _find(target: str, path: _Path, files: tuple[tree.File, ...]) -> tuple[Span, Span] | None:
    """The spans of the name and of the value at a path of a target's options."""
    for _, body in _bodies(target, files):
        found = _in_body(body, path)
        if found:
            return found
    return None


def _in_body(body: tuple[tree.Statement, ...], path: _Path) -> tuple[Span, Span] | None:
    for statement in body:
        if isinstance(statement, tree.Attribute) and statement.name.text == path[0]:
            return _in_value(statement.name.span, statement.value, path[1:])
        if isinstance(statement, tree.Block) and statement.keyword.text == path[0]:
            if len(path) == 1:
                return statement.keyword.span, statement.keyword.span
            return _in_body(statement.body, path[1:])
    return None


def _in_value(name: Span, value: tree.Expr, path: _Path) -> tuple[Span, Span] | None:
    if not path:
        return name, value.span
    step = path[0]
    if isinstance(value, tree.MapOf):
        for entry in value.entries:
            if entry.key.text == step:
                return _in_value(entry.key.span, entry.value, path[1:])
    if isinstance(value, tree.ListOf) and isinstance(step, int) and step < len(value.items):
        return _in_value(value.items[step].span, value.items[step], path[1:])
    return None
