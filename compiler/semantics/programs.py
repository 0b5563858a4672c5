"""What a stage runs: the program resolved, its files found, its signature compared with what will be passed."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..code import function_of, functions_of, local_code, syntax_error_of
from ..diagnostics import Diagnostics, did_you_mean
from ..plan import nodes as plan
from ..source import Span
from ..syntax import tree
from . import rules
from .commands import resolve_command
from .entity import Entity
from .model import InputRef, Model
from .sources import missing_file

_SCRIPTS = (".py", ".sh", ".bash", ".awk", ".R", ".r", ".jl", ".js", ".mjs", ".rb", ".pl", ".sql", ".ipynb", ".sed")
_INTERPRETERS = ("python", "python3")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A program, the params its placeholders name, and the files that are its code."""

    program: plan.Program | None
    params: tuple[str, ...] = ()
    code: tuple[str, ...] = ()


def resolve_program(
    entity: Entity,
    model: Model,
    inputs: tuple[InputRef, ...],
    outputs: dict[str, plan.Output],
    params: tuple[str, ...],
    item: str | None,
    diagnostics: Diagnostics,
) -> Resolved:
    """The program of a stage's `run`."""
    run = entity.value("run")
    if isinstance(run, tree.Text):
        slots = {
            "inputs": tuple(i.name for i in inputs),
            "outputs": tuple(outputs),
            "params": tuple(model.params),
            "run": ("id",),
            **({"item": (item,), item: ()} if item else {}),
        }
        command = resolve_command(run, slots, diagnostics)
        if command is None:
            return Resolved(None)
        command = _items_by_scope(command, item)
        used = tuple(p.name for w in command.words for p in w.parts if isinstance(p, plan.Slot) and p.scope == "params")
        return Resolved(command, used, command_code(command, run, model, diagnostics))
    if isinstance(run, tree.Call):
        return _call(run, model, inputs, outputs, params, item, diagnostics)
    return Resolved(None)


def _items_by_scope(command: plan.Command, item: str | None) -> plan.Command:
    """`{month}` of `foreach month in …` as the slot `item.month`."""
    words = tuple(
        plan.Word(
            tuple(plan.Slot("item", p.scope) if isinstance(p, plan.Slot) and p.scope == item else p for p in w.parts)
        )
        for w in command.words
    )
    return plan.Command(words, command.text)


def command_code(command: plan.Command, text: tree.Text, model: Model, diagnostics: Diagnostics) -> tuple[str, ...]:
    """The files of the project that a command names, with what Python scripts among them import."""
    words = [w.parts[0] if len(w.parts) == 1 and isinstance(w.parts[0], str) else None for w in command.words]
    found: dict[str, None] = {}
    if words[0] in _INTERPRETERS and words[1:2] == ["-m"] and len(words) > 2 and words[2]:
        module = words[2].replace(".", "/")
        names = [f"{module}.py", f"{module}/__main__.py"]
        found.update(dict.fromkeys(p for n in names for p in local_code(model.project, n)))
    for position, word in enumerate(words):
        if not word or word.startswith("-") or "://" in word or "\n" in word:
            continue
        path = PurePosixPath(word)
        if model.project.is_file(word) and not path.is_absolute():
            found.update(dict.fromkeys(local_code(model.project, path.as_posix())))
        elif path.suffix in _SCRIPTS and not path.is_absolute() and " " not in word and _is_script(words, position):
            missing_file(text, word, model, diagnostics)
    return tuple(sorted(found))


def _is_script(words: list[str | None], position: int) -> bool:
    """Whether the word is the program or what an interpreter runs: then a file of that name must be there."""
    if position == 0:
        return "/" in (words[0] or "")
    before = words[1:position]
    return all(w is not None and w.startswith("-") for w in before)


def _call(
    run: tree.Call,
    model: Model,
    inputs: tuple[InputRef, ...],
    outputs: dict[str, plan.Output],
    params: tuple[str, ...],
    item: str | None,
    diagnostics: Diagnostics,
) -> Resolved:
    kind = run.function.text
    argument = run.args[0] if len(run.args) == 1 and not run.named else None
    if not isinstance(argument, tree.Text):
        shown = "file.py:function" if kind == "python" else "file.ipynb" if kind == "notebook" else "file.sql"
        diagnostics.report(rules.WRONG_ARGUMENTS, run.span, f"'{kind}' takes one text", hint=f'write {kind}("{shown}")')
        return Resolved(None)
    if kind == "python":
        return _python(argument, model, inputs, outputs, params, item, diagnostics)
    path = argument.value
    if not model.project.is_file(path):
        missing_file(argument, path, model, diagnostics)
        return Resolved(None)
    if kind == "sql" and (len(outputs) != 1 or next(iter(outputs.values())).kind != "table"):
        hint = 'declare one: outputs { result: table = "result.parquet" }'
        diagnostics.report(rules.WRONG_SUBJECT, run.span, "an SQL file gives one table", hint=hint)
        return Resolved(None)
    return Resolved(plan.Notebook(path) if kind == "notebook" else plan.SqlFile(path), (), (path,))


def _python(
    text: tree.Text,
    model: Model,
    inputs: tuple[InputRef, ...],
    outputs: dict[str, plan.Output],
    params: tuple[str, ...],
    item: str | None,
    diagnostics: Diagnostics,
) -> Resolved:
    function = function_named(text, model, diagnostics)
    if function is None:
        return Resolved(None)
    file, _, name = text.value.rpartition(":")
    many = {i.name for i in inputs if _is_fanned(i, model)}
    arguments = [plan.Argument(i.name, "inputs", i.name in many) for i in inputs]
    arguments += [plan.Argument(o, "outputs", False) for o in outputs]
    arguments += [plan.Argument(p, "params", False) for p in params]
    if item:
        arguments.append(plan.Argument(item, "item", False))
    function_takes(function, [a.name for a in arguments], text, "stage", diagnostics)
    return Resolved(plan.PythonCall(file, name, tuple(arguments)), (), local_code(model.project, file))


Function = ast.FunctionDef | ast.AsyncFunctionDef


def function_named(text: tree.Text, model: Model, diagnostics: Diagnostics) -> Function | None:
    """The definition that "file.py:function" names; reports where there is none."""
    file, colon, name = text.value.rpartition(":")
    if not colon or not file or not name.isidentifier():
        message = f"'{text.value}' names no function"
        diagnostics.report(rules.WRONG_ARGUMENTS, text.span, message, hint='write "file.py:function"')
        return None
    if not model.project.is_file(file):
        missing_file(text, file, model, diagnostics)
        return None
    broken = syntax_error_of(model.project, file)
    if broken is not None:
        diagnostics.report(rules.MISSING_FUNCTION, text.span, f"'{file}' is not Python: {broken}")
        return None
    function = function_of(model.project, file, name)
    if function is None:
        known = functions_of(model.project, file)
        hint = did_you_mean(name, known) or f"'{file}' defines no function"
        diagnostics.report(
            rules.MISSING_FUNCTION, _after_colon(text), f"'{file}' defines no function '{name}'", hint=hint
        )
    return function


def _is_fanned(ref: InputRef, model: Model) -> bool:
    entity = model.entities.get(model.artifacts[ref.artifact].producer)
    return entity is not None and any(isinstance(s, tree.Foreach) for s in entity.others)


def function_takes(
    function: Function, names: list[str], text: tree.Text, caller: str, diagnostics: Diagnostics
) -> None:
    """Reports the first way in which a signature does not take what a stage or a rule will pass by name."""
    args = function.args
    named = [a.arg for a in (*args.args, *args.kwonlyargs)]
    place = f"{text.value.rpartition(':')[0]}:{function.lineno}"
    span = _after_colon(text)
    shown = f"def {function.name}({', '.join(names)})"
    if isinstance(function, ast.AsyncFunctionDef):
        diagnostics.report(
            rules.SIGNATURE, span, f"'{function.name}' is async ({place}), and {caller}s are not", hint="write def"
        )
        return
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice:
        message = f"'{twice}' would be passed twice: an input, an output and a param have one name"
        diagnostics.report(rules.SIGNATURE, span, message, hint="give one of them another name")
        return
    positional = [a.arg for a in args.posonlyargs]
    if positional:
        message = f"'{function.name}' takes '{positional[0]}' by position only ({place}), and values are passed by name"
        diagnostics.report(rules.SIGNATURE, span, message, hint="take out the '/' of its signature")
        return
    optional = set(named[len(args.args) - len(args.defaults) : len(args.args)]) | {
        a.arg for a, default in zip(args.kwonlyargs, args.kw_defaults, strict=True) if default is not None
    }
    lacking = [n for n in named if n not in names and n not in optional]
    extra = [n for n in names if n not in named and args.kwarg is None]
    if lacking:
        close = did_you_mean(lacking[0], names)
        message = f"'{function.name}' wants '{lacking[0]}' ({place}), and the {caller} does not pass it"
        hint = close if close and close.startswith("did") else f"the {caller} passes: {', '.join(names) or 'nothing'}"
        diagnostics.report(rules.SIGNATURE, span, message, hint=hint)
    elif extra:
        message = f"the {caller} passes '{extra[0]}', and '{function.name}' does not take it ({place})"
        diagnostics.report(rules.SIGNATURE, span, message, hint=f"write {shown}")


def _after_colon(text: tree.Text) -> Span:
    at = text.span.text.rfind(":")
    if at < 0:
        return text.span
    return Span(text.span.source, text.span.start + at + 1, max(text.span.end - 1, text.span.start + at + 2))
