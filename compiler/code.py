"""Finds the code that a stage runs: its script and, through imports, every local module behind it.

Syntax trees are read, nothing is imported. A module is local when a file of that name lies beside the importing
script or in the project's root, the two places that Python itself looks at first.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from .project import Project


def local_code(project: Project, script: str) -> tuple[str, ...]:
    """The script and every local module it reaches, sorted, as paths relative to the project."""
    found: set[str] = set()
    waiting = [PurePosixPath(script).as_posix()]
    folder = PurePosixPath(script).parent.as_posix()
    while waiting:
        path = waiting.pop()
        if path in found or not project.is_file(path):
            continue
        found.add(path)
        if path.endswith(".py"):
            waiting += _imported(project, path, folder)
    return tuple(sorted(found))


def function_of(project: Project, file: str, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The definition of a top-level function, or nothing."""
    tree = _tree(project, file)
    if tree is None:
        return None
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == name]
    return found[-1] if found else None


def functions_of(project: Project, file: str) -> tuple[str, ...]:
    """Names of the top-level functions of a file."""
    tree = _tree(project, file)
    if tree is None:
        return ()
    return tuple(n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def syntax_error_of(project: Project, file: str) -> str | None:
    """What is wrong with a Python file that does not parse: "invalid syntax (line 3)"."""
    try:
        ast.parse(project.text(file) or "")
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        return f"{getattr(error, 'msg', str(error))}" + (f" (line {line})" if line else "")
    return None


def _tree(project: Project, file: str) -> ast.Module | None:
    try:
        return ast.parse(project.text(file) or "")
    except (SyntaxError, ValueError, RecursionError):
        return None


def _imported(project: Project, path: str, folder: str) -> Iterator[str]:
    tree = _tree(project, path)
    if tree is None:
        return
    package = PurePosixPath(path).parent.as_posix()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _module(project, alias.name.split("."), (folder, "."))
        elif isinstance(node, ast.ImportFrom):
            roots: tuple[str, ...] = (folder, ".")
            if node.level:
                base = PurePosixPath(package)
                for _ in range(node.level - 1):
                    base = base.parent
                roots = (base.as_posix(),)
            names = node.module.split(".") if node.module else []
            yield from _module(project, names, roots)
            for alias in node.names:
                yield from _module(project, [*names, alias.name], roots)


def _module(project: Project, names: list[str], roots: tuple[str, ...]) -> Iterator[str]:
    """The files that importing a dotted name runs: every package's `__init__.py` on the way, and the module."""
    for root in roots:
        hits = []
        for depth in range(1, len(names) + 1):
            stem = PurePosixPath(root, *names[:depth]).as_posix()
            hits += [p for p in (f"{stem}.py", f"{stem}/__init__.py") if project.is_file(p)]
        if not names and project.is_file(f"{root}/__init__.py"):
            hits.append(f"{root}/__init__.py")
        if hits:
            yield from hits
            return
