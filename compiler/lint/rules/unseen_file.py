"""W517"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import PurePosixPath

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model

UNSEEN_FILE = declare("W517", "unseen-file", Severity.WARNING, "A program reads a file that is none of its inputs.")

_READS = frozenset(
    [
        "open",
        "Path",
        "read_text",
        "read_bytes",
        "load",
        "safe_load",
        "loadtxt",
        "genfromtxt",
        "read_csv",
        "read_json",
        "read_parquet",
        "read_excel",
        "read_table",
        "read_pickle",
        "read_feather",
        "scan_csv",
        "scan_parquet",
    ]
)


def programs_read_their_inputs_only(model: Model, diagnostics: Diagnostics) -> None:
    """A file that is named in the code of a stage is a source, or part of the code: else no change of it is noticed."""
    sources = [s.uri for s in model.sources.values() if s.uri]
    reported: set[str] = set()
    for name, stage in model.stages.items():
        run, cache_ = stage.entity.value("run"), stage.entity.value("cache")
        if run is None or getattr(cache_, "text", None) == "off":
            continue
        for path in (p for p in stage.code if p.endswith(".py")):
            for file, line in _named(model.project.text(path) or "", PurePosixPath(path).parent.as_posix()):
                known = file in stage.code or any(_is_of(file, uri) for uri in sources)
                if known or file in reported or not model.project.is_file(file):
                    continue
                reported.add(file)
                message = f"'{path}' reads '{file}' (line {line}), and stage '{name}' has no such input"
                hint = f'when it changes, an old result is restored: write source … {{ uri = "{file}" }} and give it in'
                diagnostics.report(UNSEEN_FILE, run.span, message, hint=hint)


def _is_of(file: str, uri: str) -> bool:
    """Whether a file is one of a source: the file itself, in its folder, or met by its pattern."""
    plain = uri.removeprefix("file://").removeprefix("./").rstrip("/")
    return file == plain or file.startswith(f"{plain}/") or fnmatch(file, plain)


def _named(text: str, folder: str) -> Iterator[tuple[str, int]]:
    """Files that a call names and nobody gave, from the project's folder, where programs run; or beside the script."""
    for name, line, beside in _literals(text):
        path = PurePosixPath(folder, name) if beside else PurePosixPath(name)
        if not path.is_absolute() and ".." not in path.parts:
            yield path.as_posix(), line


@cache
def _literals(text: str) -> tuple[tuple[str, int, bool], ...]:
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(_reads(module))


def _reads(module: ast.Module) -> Iterator[tuple[str, int, bool]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and node.args and _called(node.func) in _READS and not _writes(node):
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value:
                yield first.value, node.lineno, False
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _is_the_scripts_folder(node.left):
            right = node.right.value if isinstance(node.right, ast.Constant) else None
            if isinstance(right, str):
                yield right, node.lineno, True


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _writes(call: ast.Call) -> bool:
    modes = [*call.args[1:2], *(k.value for k in call.keywords if k.arg == "mode")]
    return any(isinstance(m, ast.Constant) and isinstance(m.value, str) and set(m.value) & set("wxa") for m in modes)


def _is_the_scripts_folder(value: ast.expr) -> bool:
    """`Path(__file__).parent`, with or without `resolve()`."""
    names = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
    folders = [n for n in ast.walk(value) if isinstance(n, ast.Attribute) and n.attr in ("parent", "parents")]
    return "__file__" in names and len(folders) == 1 and folders[0].attr == "parent"
