"""Everything that would stop a run and can be known beforehand, found at once."""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from .clean import why_unclean
from .context import Context
from .databases import is_database, why_no_database
from .environment import why_other_environment
from .events import Problem
from .fingerprints import parsed
from .object_sources import is_object, why_no_objects
from .params import check_params
from .registries import is_mlflow
from .sources import why_not_readable


def find_problems(
    context: Context, chosen: list[str], given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """The values of all params, and the problems of the run as a whole and of each chosen node."""
    params, problems = check_params(context.pipeline.document["params"], given)
    needs_duckdb: str | None = None
    for name in chosen:
        node = context.pipeline.nodes[name]
        if node["is"] == "source":
            why = why_not_readable(node, context.root)
            problems += [_problem(node, why)] if why else []
            if is_object(node) and (unreachable := why_no_objects(context, node)):
                problems.append(_problem(node, *unreachable))
            if is_database(node) and not node.get("extracts"):
                lacking = why_no_database(node, context.environ)
                problems += [_problem(node, *lacking)] if lacking else []
            if node.get("extracts") and node["format"] != "csv":
                needs_duckdb = needs_duckdb or name
        elif node["is"] == "stage":
            problems += [_problem(node, m, h) for m, h in _stage_problems(context, node)]
            needs_duckdb = needs_duckdb or (name if node["program"]["is"] == "sqlfile" else None)
        elif node["is"] == "guard":
            problems += [_problem(node, m, h) for m, h in _check_problems(context, node)]
            compared = any(c["is"] == "comparison" for c in node.get("checks", ()))
            asks_duckdb = (node["query"] and not node.get("dialect")) or node.get("drifts") or compared
            needs_duckdb = needs_duckdb or (name if asks_duckdb else None)
        elif node["is"] == "deploy":
            for command in (node.get("command"), node.get("rollback")):
                problems += [_problem(node, m, h) for m, h in _command_problems(context, node, command)]
    problems += _registry_problems(context, chosen)
    if needs_duckdb and not _importable("duckdb"):
        node = context.pipeline.nodes[needs_duckdb]
        problems.append(_problem(node, "needs duckdb, which this interpreter lacks", "pip install duckdb"))
    return params, problems


def _problem(node: Mapping[str, Any], message: str, hint: str | None = None) -> Problem:
    place = node.get("place") or {}
    return Problem(message, node["id"], place.get("file"), place.get("line"), hint)


def why_refused(context: Context, chosen: list[str]) -> list[Problem]:
    """What the versioning policy has against a run now. A rehearsal tells it and goes on."""
    return [*why_unclean(context, chosen), *why_other_environment(context, chosen)]


def _registry_problems(context: Context, chosen: list[str]) -> list[Problem]:
    """That MLflow answers, where a node asks it: those that deploy, and guards that compare with the champion."""
    nodes = [context.pipeline.nodes[name] for name in chosen]
    asking = [n for n in nodes if n["is"] == "deploy" or n.get("champion")]
    if not asking or not is_mlflow(context.pipeline):
        return []
    from .mlflow_client import INSTALL, lacking, why_not_reachable

    if lacking():
        return [_problem(asking[0], "asks MLflow, and this interpreter lacks mlflow", INSTALL)]
    why = why_not_reachable(context.pipeline.version, context.root, context.environ)
    return [_problem(asking[0], why)] if why else []


def _stage_problems(context: Context, stage: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    program = stage["program"]
    env = {name for name, _ in stage["env"]}
    for name, value in stage["env"]:
        if not isinstance(value, str) and value["name"] not in context.environ:
            yield f"the secret {value['name']} (as {name}) is not set in the environment", None
    for o in stage["outputs"]:
        if Path(o["path"]).is_absolute() or ".." in Path(o["path"]).parts:
            yield f"its output '{o['name']}' must lie in the folder of its results, not at {o['path']}", None
    if program["is"] == "command":
        yield from _command_problems(context, stage, program)
    elif not (context.root / program["file"]).is_file():
        yield f"there is no file {program['file']}", None
    if program["is"] == "notebook" and not _importable("papermill"):
        yield "needs papermill, which this interpreter lacks", "pip install papermill ipykernel"
    ours = program["is"] == "pythoncall" or (
        program["is"] == "command" and program["words"][0]["parts"][0] in ("python", "python3")
    )
    if ours and "PYTHONPATH" not in env | context.environ.keys():
        yield from _missing_modules(context, stage["code"])


def _check_problems(context: Context, guard: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    for check in guard.get("checks", ()):
        if check["is"] != "pythoncheck":
            continue
        if not (context.root / check["file"]).is_file():
            yield f"there is no file {check['file']}", None
        elif "PYTHONPATH" not in context.environ:
            yield from _missing_modules(context, check["code"])
    for table in guard.get("tables", ()):
        if table.get("file") and not (context.root / table["file"]).is_file():
            yield f"there is no file {table['file']}", None


def _command_problems(
    context: Context, node: Mapping[str, Any], command: Mapping[str, Any] | None
) -> Iterator[tuple[str, str | None]]:
    if command is None:
        return
    first = command["words"][0]["parts"]
    if len(first) != 1 or not isinstance(first[0], str):
        return
    program = first[0]
    if program in ("python", "python3"):
        script = _script(command)
        if script and not (context.root / script).is_file():
            yield f"there is no file {script}", None
    elif os.sep in program:
        if not os.access(context.root / program, os.X_OK):
            yield f"there is no program {program}", None
    elif shutil.which(program) is None and not any(name == "PATH" for name, _ in node.get("env", ())):
        yield f"the program '{program}' is not installed", None


def _script(command: Mapping[str, Any]) -> str | None:
    """The file in `python FILE …`."""
    words = command["words"]
    if len(words) > 1 and len(words[1]["parts"]) == 1 and isinstance(words[1]["parts"][0], str):
        word: str = words[1]["parts"][0]
        return word if word.endswith(".py") else None
    return None


def _missing_modules(context: Context, code: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    files = [context.root / f for f in code if f.endswith(".py")]
    folders = {context.root, *(f.parent for f in files)}
    seen: set[str] = set()
    for file in files:
        for module, line in _imports(file, file.stat().st_mtime_ns if file.is_file() else 0):
            local = any((d / f"{module}.py").is_file() or (d / module).is_dir() for d in folders)
            if module not in seen and not local and not _importable(module):
                seen.add(module)
                shown = file.relative_to(context.root)
                yield f"{shown}:{line} imports {module}, which this interpreter lacks", f"interpreter: {sys.executable}"


@lru_cache(maxsize=4096)
def _imports(file: Path, mtime: int) -> tuple[tuple[str, int], ...]:
    """Modules that the file imports as soon as it is loaded, and cannot do without, with their lines."""
    try:
        return tuple(_imported(parsed(file.read_bytes())))
    except (OSError, SyntaxError, ValueError):
        return ()


def _imported(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for statement in tree.body:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield alias.name.partition(".")[0], statement.lineno
        elif isinstance(statement, ast.ImportFrom) and statement.level == 0 and statement.module:
            yield statement.module.partition(".")[0], statement.lineno


@lru_cache(maxsize=4096)
def _importable(module: str) -> bool:
    try:
        return module in sys.builtin_module_names or importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return module in sys.modules
