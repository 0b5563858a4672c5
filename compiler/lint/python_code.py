"""What Python code imports and mentions, read from its syntax tree. Nothing is imported or run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from ..semantics.model import Model, StageModel


@dataclass(frozen=True, slots=True)
class Facts:
    """The top-level names of the modules that a file imports, and every word in it."""

    imports: frozenset[str]
    words: frozenset[str]
    dynamic: int | None  # the line of an import whose module is known only when it runs


def python_files(stage: StageModel, model: Model) -> Iterator[tuple[str, Facts]]:
    """The Python files among a stage's code that can be read."""
    return facts_of(stage.code, model)


def facts_of(code: Iterable[str], model: Model) -> Iterator[tuple[str, Facts]]:
    """The Python files among some code that can be read."""
    for path in code:
        text = model.project.text(path) if path.endswith(".py") else None
        facts = _facts(text) if text is not None else None
        if facts is not None:
            yield path, facts


@cache
def _facts(text: str) -> Facts | None:
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
    imports: set[str] = set()
    words: set[str] = set()
    dynamic: int | None = None
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            imports |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imports.add(node.module.split(".")[0])
        elif isinstance(node, ast.Name):
            words.add(node.id)
        elif isinstance(node, ast.Attribute):
            words.add(node.attr)
        elif isinstance(node, ast.arg | ast.keyword) and node.arg:
            words.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words.add(node.value)
        if isinstance(node, ast.Call) and dynamic is None and _imports_dynamically(node):
            dynamic = node.lineno
    return Facts(frozenset(imports), frozenset(words), dynamic)


def _imports_dynamically(call: ast.Call) -> bool:
    function = call.func
    name = (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
    return name in ("__import__", "import_module", "spec_from_file_location", "run_path", "run_module")
