"""A file of code at two revisions: which of its parts say something else, with their lines."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..plan.place import Place
from .pair import Pair

_TOP = "what it does at its top level"


def changed_code(
    pair: Pair, file: str, *, in_old: bool, in_new: bool
) -> Iterator[tuple[str, Place | None, Place | None]]:
    """A message for each part that differs, and where it stands and stood. Comments and blank space are no part."""
    old, new = (r.model.project.text(file) for r in (pair.before, pair.now))
    if in_old != in_new:
        said = "is part of the program now" if in_new else "is not part of the program any more"
        yield f"{file} {said}", *((Place(file, 1, 1), None) if in_new else (None, Place(file, 1, 1)))
    elif old != new and not same_code(file, old, new):
        yield from _parts(file, old or "", new or "")


def same_code(file: str, old: str | None, new: str | None) -> bool:
    """Whether two texts of a file mean the same: Python by its syntax tree, all else by what it says."""
    if old == new:
        return True
    trees = (_tree(old or ""), _tree(new or "")) if file.endswith(".py") else (None, None)
    return trees[0] is not None and trees[1] is not None and ast.dump(trees[0]) == ast.dump(trees[1])


def first_difference(old: str, new: str) -> int:
    """The line, from 1, on which two texts differ first."""
    then, now = old.splitlines(), new.splitlines()
    same = (i for i in range(min(len(then), len(now))) if then[i] != now[i])
    return next(same, min(len(then), len(now))) + 1


def _parts(file: str, old: str, new: str) -> Iterator[tuple[str, Place | None, Place | None]]:
    trees = (_tree(old), _tree(new)) if file.endswith(".py") else (None, None)
    if trees[0] is None or trees[1] is None:
        line = first_difference(old, new)
        yield f"{file} changed", Place(file, line, 1), Place(file, line, 1)
        return
    then, now = _named(trees[0]), _named(trees[1])
    for name in dict.fromkeys([*now, *then]):
        a, b = then.get(name), now.get(name)
        if a is None or b is None or a[0] != b[0]:
            verb = "is gone from" if b is None else "is new in" if a is None else "changed in"
            yield f"{name} {verb} {file}", Place(file, b[1], 1) if b else None, Place(file, a[1], 1) if a else None


def _named(tree: ast.Module) -> dict[str, tuple[str, int]]:
    """The statements of a file by what they define, with all that they say and their first line."""
    found: dict[str, tuple[str, int]] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{node.name}()"
        elif isinstance(node, ast.ClassDef):
            name = f"class {node.name}"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            name = "what it imports"
        else:
            targets = getattr(node, "targets", [getattr(node, "target", None)])
            name = targets[0].id if targets and isinstance(targets[0], ast.Name) else _TOP
        said, line = found.get(name, ("", node.lineno))
        found[name] = (said + ast.dump(node), line)
    return found


def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
